/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_KEY_OPTIONS_H
#define PROMPT_KEY_OPTIONS_H

#include "prompt_ipc.h"
#include "wire.h"

#define KEY_OPTIONS_WHY_MAX 256U /* bytes, with the NUL */

/* What NAME.ssh-add-option says of the key file NAME. */
struct key_options {
    bool confirm;  /* -c */
    uint32_t life; /* -t: seconds, SIDE_NO_LIFE for none */
    size_t hops;
    struct view hop[PROMPT_HOPS_MAX]; /* -h: views into the text */
};

/*
 * Options of ssh-add(1), split at white space as the shell does it: -c, -t LIFE (the time formats
 * of sshd_config(5)), -h DESTINATION and -q, letters together (-cq) or with their value (-t600).
 * ERR_MALFORMED: something else, which is in ret_why with its line, printable. Pure.
 */
enum err must_check key_options_parse(struct view text, struct key_options *ret,
                                      char ret_why[KEY_OPTIONS_WHY_MAX]);

#endif
