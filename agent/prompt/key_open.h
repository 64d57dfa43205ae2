/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_KEY_OPEN_H
#define PROMPT_KEY_OPEN_H

#include "key_options.h"
#include "key_public.h"

#define KEY_PROBLEMS_MAX 3U

struct key_problem {
    char path[PROMPT_PATH_MAX + 1]; /* cut if it is longer */
    char why[KEY_OPTIONS_WHY_MAX];  /* without a full stop */
};

/* A private key file, opened, and what stands beside it. Large: not for a stack. */
struct key_opened {
    int fd; /* the caller's; -1: it is none, or not given to anybody */
    struct key_options options;
    struct key_public public_half, certificate; /* len is 0 if there is none */
    char comment[SIDE_COMMENT_MAX + 1];         /* of the public half, else the path */
    size_t problems;
    struct key_problem problem[KEY_PROBLEMS_MAX];
    uint8_t option_text[ADD_OPTION_MAX + 1];
    uint8_t public_text[KEY_FILE_MAX + 1];
};

/*
 * Opens path if it is a private key, which a line with "PRIVATE KEY-----" in its first bytes says;
 * nothing behind that line is read. Another file is no key and no problem. A key is refused, with
 * its problem: what ssh-add refuses for its permissions, one that is too large or cannot be opened,
 * and one whose options cannot be read or understood. A public half or certificate that cannot be
 * is a problem too, but the key comes without.
 */
void key_open(const char *path, struct key_opened *ret);

#endif
