/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_POLICY_FILE_H
#define AGENT_POLICY_FILE_H

#include "policy.h"

#define POLICY_ERROR_MAX 512U

struct policy_text {
    const char *path; /* for messages; copied */
    struct view content;
};

/*
 * Reads policy files, in order; a later value for the same section and word replaces an earlier
 * one. No file at all is fine. The caller owns *ret (policy_free). ERR_MALFORMED: an unknown
 * section, word or value, with "FILE:LINE: what is wrong, and what is right" in error
 * (POLICY_ERROR_MAX bytes); ERR_TOO_BIG, ERR_NO_MEMORY, with a text too. *ret is then untouched.
 * Pure.
 */
enum err must_check policy_parse(const struct policy_text *texts, size_t count, struct policy **ret,
                                 char *error);

#endif
