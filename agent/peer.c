/* SPDX-License-Identifier: BSD-2-Clause */
#include "peer.h"

#define DOM0_TOKENS 2U /* the kind of the target and its name, for calls in dom0 */

/* Bytes of a descriptor. */
struct token {
    const char *text;
    size_t len; /* bytes */
};

/*@ predicate token_valid(struct token t) = \valid_read(t.text + (0 .. t.len - 1)); */

/*@ assigns \nothing; */
static bool starts_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/*@
  requires token_valid(name);
  assigns \nothing;
  ensures \result ==> 0 < name.len <= max;
*/
static bool is_name(struct token name, size_t max)
{
    if (name.len == 0 || name.len > max || !starts_name(name.text[0])) {
        return false;
    }
    /*@
      loop invariant 0 < i <= name.len;
      loop assigns i;
      loop variant name.len - i;
    */
    for (size_t i = 1; i < name.len; i++) {
        char c = name.text[i];

        if (!starts_name(c) && c != '_' && c != '.' && c != '-') {
            return false;
        }
    }
    return true;
}

bool agent_name_is_valid(const char *name)
{
    return is_name((struct token){name, strlen(name)}, AGENT_NAME_MAX);
}

/*@
  requires \valid(rest) && token_valid(*rest);
  assigns *rest;
  ensures token_valid(\result) && token_valid(*rest);
  ensures \result.text == \old(rest->text);
  ensures rest->len + \result.len == \old(rest->len);
*/
/* Takes what comes before the next space or NUL, which no descriptor has inside. */
static struct token take_token(struct token *rest)
{
    struct token token = {rest->text, 0};

    /*@
      loop invariant 0 <= token.len <= rest->len;
      loop assigns token.len;
      loop variant rest->len - token.len;
    */
    while (token.len < rest->len && token.text[token.len] != ' ' && token.text[token.len] != '\0') {
        token.len++;
    }
    rest->text += token.len;
    rest->len -= token.len;
    return token;
}

/*@
  requires \valid(rest) && token_valid(*rest);
  assigns *rest;
  ensures token_valid(*rest);
  ensures \result ? rest->len + 1 == \old(rest->len) : *rest == \old(*rest);
*/
/* Takes a byte if it is the next one. */
static bool take_byte(struct token *rest, char c)
{
    if (rest->len == 0 || rest->text[0] != c) {
        return false;
    }
    rest->text++;
    rest->len--;
    return true;
}

/*@
  requires \valid(rest) && token_valid(*rest);
  assigns *rest;
  ensures token_valid(*rest);
  ensures rest->len <= \old(rest->len);
*/
/* Takes the name of the service. */
static bool take_service(struct token *rest)
{
    const char name[] = QREXEC_SERVICE;

    /*@
      loop invariant 0 <= i <= sizeof(name) - 1;
      loop invariant token_valid(*rest) && rest->len + i == \at(rest->len, Pre);
      loop assigns i, *rest;
      loop variant sizeof(name) - i;
    */
    for (size_t i = 0; i < sizeof name - 1; i++) {
        if (!take_byte(rest, name[i])) {
            return false;
        }
    }
    return true;
}

/*@
  requires token_valid(service);
  requires \valid(ret);
  assigns *ret;
  ensures \result ==> service.len <= SERVICE_MAX && token_valid(*ret) && ret->len <= SERVICE_MAX;
*/
/* What follows the service's name there: +ARGUMENT, +, or nothing. */
static bool parse_service(struct token service, struct token *ret)
{
    struct token argument = service;

    if (service.len > SERVICE_MAX || !take_service(&argument)) {
        return false;
    }
    if (argument.len > 0 && !take_byte(&argument, '+')) {
        return false;
    }
    if (argument.len > 0 && !is_name(argument, AGENT_NAME_MAX)) {
        return false;
    }
    *ret = argument;
    return true;
}

/*@
  requires token_valid(token);
  requires \valid(ret + (0 .. token.len - 1));
  assigns ret[0 .. token.len - 1];
*/
static void copy(struct token token, char *ret)
{
    /*@
      loop invariant 0 <= i <= token.len;
      loop assigns i, ret[0 .. token.len - 1];
      loop variant token.len - i;
    */
    for (size_t i = 0; i < token.len; i++) {
        ret[i] = token.text[i];
    }
}

enum err peer_parse(const char *descriptor, size_t len, struct caller *ret)
{
    struct token rest = {descriptor, len};
    struct token argument;
    struct token qube;
    struct caller caller = {0};
    unsigned more = 0;

    if (len > DESCRIPTOR_MAX || !parse_service(take_token(&rest), &argument) ||
        !take_byte(&rest, ' ')) {
        return ERR_MALFORMED;
    }
    qube = take_token(&rest);
    if (!is_name(qube, QUBE_NAME_MAX)) {
        return ERR_MALFORMED;
    }
    /*@
      loop invariant token_valid(rest);
      loop invariant rest.len + more <= len;
      loop assigns rest, more;
      loop variant rest.len;
    */
    while (rest.len > 0) {
        if (!take_byte(&rest, ' ') || take_token(&rest).len == 0) {
            return ERR_MALFORMED;
        }
        more++;
    }
    if (more != 0 && more != DOM0_TOKENS) {
        return ERR_MALFORMED;
    }
    copy(qube, caller.qube);
    copy(argument, caller.argument);
    /*@ assert caller.qube[QUBE_NAME_MAX] == 0 && caller.argument[SERVICE_MAX] == 0; */
    *ret = caller;
    return OK;
}
