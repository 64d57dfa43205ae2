/* SPDX-License-Identifier: BSD-2-Clause */
#include "peer.h"

#include <string.h>

#define LETTERS     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define NAME_FIRST  LETTERS "0123456789"
#define NAME_BYTES  NAME_FIRST "_.-"
#define DOM0_TOKENS 2U /* the kind of the target and its name, for calls in dom0 */

static bool is_name(const char *text, size_t len, size_t max)
{
    return len > 0 && len <= max && strchr(NAME_FIRST, text[0]) != NULL &&
           strspn(text, NAME_BYTES) >= len;
}

bool agent_name_is_valid(const char *name)
{
    size_t len = strlen(name);

    return is_name(name, len, AGENT_NAME_MAX);
}

/* The token up to the next space or the end; *at goes behind the space. */
static size_t next_token(const char **at, const char **ret_token)
{
    size_t len = strcspn(*at, " ");

    *ret_token = *at;
    *at += len;
    if (**at == ' ') {
        (*at)++;
    }
    return len;
}

static enum err parse_service(const char *token, size_t len, struct caller *caller)
{
    const size_t service_len = strlen(QREXEC_SERVICE);
    const char *argument = token + service_len;
    size_t argument_len;

    if (len < service_len || len > SERVICE_MAX || memcmp(token, QREXEC_SERVICE, service_len) != 0) {
        return ERR_MALFORMED;
    }
    argument_len = len - service_len;
    if (argument_len == 0) {
        return OK;
    }
    argument++;
    argument_len--;
    if (token[service_len] != '+' ||
        (argument_len > 0 && !is_name(argument, argument_len, AGENT_NAME_MAX))) {
        return ERR_MALFORMED;
    }
    memcpy(caller->argument, argument, argument_len);
    return OK;
}

enum err peer_parse(const char *descriptor, size_t len, struct caller *ret)
{
    char text[DESCRIPTOR_MAX + 1];
    struct caller caller = {0};
    const char *at = text;
    const char *token;
    size_t token_len;
    unsigned more = 0;
    enum err err;

    if (len == 0 || len > DESCRIPTOR_MAX || memchr(descriptor, '\0', len) != NULL) {
        return ERR_MALFORMED;
    }
    memcpy(text, descriptor, len);
    text[len] = '\0';

    token_len = next_token(&at, &token);
    err = parse_service(token, token_len, &caller);
    if (err != OK) {
        return err;
    }
    token_len = next_token(&at, &token);
    if (!is_name(token, token_len, QUBE_NAME_MAX)) {
        return ERR_MALFORMED;
    }
    memcpy(caller.qube, token, token_len);
    while (*at != '\0') {
        if (next_token(&at, &token) == 0) {
            return ERR_MALFORMED;
        }
        more++;
    }
    if (text[len - 1] == ' ' || (more != 0 && more != DOM0_TOKENS)) {
        return ERR_MALFORMED;
    }
    *ret = caller;
    return OK;
}
