/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/peer.c against a second opinion: the format of qrexec's descriptor as a regular expression.
 */
#include "fuzz.h"

#include <regex.h>

#include "peer.h"

/*
 * qrexec's doc/execution.rst: the service, `+` and its argument; the qube that calls; in dom0 two
 * more tokens. The argument as qubes-app-linux-split-ssh has it, or none after the `+`.
 */
#define NAME    "[A-Za-z0-9][A-Za-z0-9_.-]*"
#define PATTERN "^qubes\\.SshAgent(\\+(" NAME ")?)? (" NAME ")( [^ ]+ [^ ]+)?$"

enum { WHOLE, WITH_PLUS, ARGUMENT, QUBE, DOM0, GROUPS };

static regex_t pattern;

// NOLINTNEXTLINE(readability-non-const-parameter): libFuzzer's
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return regcomp(&pattern, PATTERN, REG_EXTENDED);
}

static bool is_group(const char *text, const char *input, const regmatch_t *group)
{
    size_t len = group->rm_so < 0 ? 0 : (size_t)(group->rm_eo - group->rm_so);

    return strlen(text) == len && (len == 0 || memcmp(text, input + group->rm_so, len) == 0);
}

/* Lengths: qrexec (31 bytes for a qube, 63 for service and argument), and ours. */
static bool are_lengths_good(const regmatch_t *groups)
{
    size_t service = strlen(QREXEC_SERVICE);

    if (groups[WITH_PLUS].rm_so >= 0) {
        service += (size_t)(groups[WITH_PLUS].rm_eo - groups[WITH_PLUS].rm_so);
    }
    return service <= 63 && groups[QUBE].rm_eo - groups[QUBE].rm_so <= 31;
}

/* Is it a descriptor, in the eyes of the expression? */
static bool matches(const uint8_t *data, size_t size, regmatch_t *ret_groups)
{
    char text[DESCRIPTOR_MAX + 1];

    if (size > DESCRIPTOR_MAX || (size > 0 && memchr(data, '\0', size) != NULL)) {
        return false;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    return regexec(&pattern, text, GROUPS, ret_groups, 0) == 0 && are_lengths_good(ret_groups);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    regmatch_t groups[GROUPS];
    struct caller caller;
    enum err err;

    memset(&caller, 0xa5, sizeof caller);
    err = peer_parse(text, size, &caller);
    CHECK(err == (matches(data, size, groups) ? OK : ERR_MALFORMED));
    if (err != OK) {
        CHECK(is_untouched(&caller, 0xa5, sizeof caller));
        return 0;
    }
    CHECK(is_group(caller.qube, text, &groups[QUBE]));
    CHECK(is_group(caller.argument, text, &groups[ARGUMENT]));
    CHECK(caller.argument[0] == '\0' || agent_name_is_valid(caller.argument));
    return 0;
}
