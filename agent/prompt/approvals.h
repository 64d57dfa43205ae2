/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_APPROVALS_H
#define PROMPT_APPROVALS_H

#include "approval.h"

/*
 * Reads the key of approvals from fd, where it is the keystore's first packet (side_ipc.h), into
 * locked memory that no child inherits; waits for it. fd stays open. ERR_MALFORMED: something else
 * came, or nothing, or fd is no descriptor, and nothing can be approved. ERR_SYSTEM: no memory can
 * be locked; errno.
 */
enum err must_check approvals_take_key(int fd);

/* Is there a key? */
bool approvals_ready(void);

/*
 * The user's "yes" as it is sent: with seconds 0 for once, for APPROVAL_ONCE_MS from now on (ms of
 * CLOCK_BOOTTIME); else for the seconds, or for once if the subject has no scope. ERR_MALFORMED:
 * there is no key.
 */
enum err must_check approvals_make(const struct approval_subject *subject, uint32_t seconds,
                                   uint64_t now, uint8_t ret[APPROVAL_SIZE]);

#endif
