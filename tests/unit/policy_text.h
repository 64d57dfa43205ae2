/* SPDX-License-Identifier: BSD-2-Clause */
/* Policies from a text, for the tests of agent/policy*.c. */
#ifndef SPLIT_SSH_TESTS_POLICY_TEXT_H
#define SPLIT_SSH_TESTS_POLICY_TEXT_H

#include <stdio.h>

#include "unit.h"

#include "policy_file.h"

#define FILE_PATH "/etc/p.conf"

/* One file; its bytes are gone when this returns, so nothing may point there. */
static inline enum err parse_bytes(const void *data, size_t len, struct policy **ret, char *error)
{
    struct view content = exact_copy(data, len);
    struct policy_text text = {FILE_PATH, content};
    enum err err = policy_parse(&text, 1, ret, error);

    view_free(&content);
    return err;
}

static inline struct policy *policy_of(const char *text)
{
    char error[POLICY_ERROR_MAX] = "";
    struct policy *policy = NULL;

    if (parse_bytes(text, strlen(text), &policy, error) != OK) {
        fail_msg("%s in:\n%s", error, text);
    }
    assert_non_null(policy);
    return policy;
}

#endif
