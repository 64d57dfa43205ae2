/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_entries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS             " \t"
#define ALPHANUMERIC       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define FINGERPRINT_DIGITS 43U /* of base64 without padding: 32 bytes */

static bool refuse(const char *entry, const char *text, char *why)
{
    char shown[EXCERPT_MAX];

    snprintf(why, WHY_MAX, "\"%s\" %s", excerpt(shown, entry), text);
    return false;
}

bool check_agent(const char *entry, char *why)
{
    size_t len = strlen(entry);

    if (len > AGENT_NAME_MAX || strspn(entry, ALPHANUMERIC "_.-*?") != len) {
        return refuse(entry, "is no name of an agent: letters, digits, _ . - and * ?, at most 63",
                      why);
    }
    return true;
}

bool check_key(const char *entry, char *why)
{
    const char *digits = entry + strlen(FINGERPRINT_PREFIX);

    if (strncmp(entry, "MD5:", 4) == 0) {
        return refuse(entry, "is an MD5 fingerprint: write the one that ssh-add -l shows", why);
    }
    if (strncmp(entry, FINGERPRINT_PREFIX, strlen(FINGERPRINT_PREFIX)) == 0 &&
        (strlen(digits) != FINGERPRINT_DIGITS ||
         strspn(digits, ALPHANUMERIC "+/") != FINGERPRINT_DIGITS)) {
        return refuse(entry, "is no whole fingerprint: write it as ssh-add -l shows it", why);
    }
    return true;
}

bool check_destination(const char *entry, char *why)
{
    const char *at = strrchr(entry, '@'); /* a user may have one in his name, a host may not */
    char shown[EXCERPT_MAX];

    if (at == NULL) {
        snprintf(why, WHY_MAX, "\"%s\" has no user: write *@%s for every user",
                 excerpt(shown, entry), shown);
        return false;
    }
    if (at == entry || at[1] == '\0') {
        return refuse(entry, "is not user@host (either may have * and ?)", why);
    }
    if ((size_t)(at - entry) > USER_MAX || strlen(at + 1) > HOST_MAX) {
        return refuse(entry, "is longer than any user name or host name", why);
    }
    if (strpbrk(entry, BLANKS) != NULL) {
        return refuse(entry, "has white space inside: separate patterns by commas", why);
    }
    if (strspn(at + 1, ALPHANUMERIC "_.-:[]%*?") != strlen(at + 1)) {
        return refuse(entry, "has a character that no host name has", why);
    }
    return true;
}

bool check_namespace(const char *entry, char *why)
{
    size_t len = strlen(entry);

    if (len > NAMESPACE_MAX) {
        return refuse(entry, "is longer than a namespace may be", why);
    }
    for (size_t i = 0; i < len; i++) {
        if (entry[i] <= ' ' || entry[i] > '~') {
            return refuse(entry, "is no namespace: separate them by commas", why);
        }
    }
    return true;
}

unsigned notify_flag(const char *entry)
{
    static const struct {
        const char *name;
        unsigned flag;
    } flags[] = {
        {"use", NOTIFY_USE},
        {"connection", NOTIFY_CONNECTION},
        {"refused", NOTIFY_REFUSED},
    };

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (strcmp(entry, flags[i].name) == 0) {
            return flags[i].flag;
        }
    }
    return 0;
}

bool check_notify(const char *entry, char *why)
{
    return notify_flag(entry) != 0 ||
           refuse(entry, "is not one of use, connection, refused, or no alone", why);
}

/* Cuts the first entry off *at, with a NUL and without blanks; *at is NULL after the last one. */
static char *next_entry(char **at)
{
    char *entry = *at + strspn(*at, BLANKS);
    char *end = entry + strcspn(entry, ",");

    *at = *end == ',' ? end + 1 : NULL;
    *end = '\0';
    while (end > entry && strchr(BLANKS, end[-1]) != NULL) {
        *--end = '\0';
    }
    return entry;
}

/* One entry of several: a pattern, or the word unverified. */
static enum err add_entry(const struct word *word, char *entry, struct value *value, char *why)
{
    char wrong[WHY_MAX - 64];

    if (entry[0] == '\0') {
        snprintf(why, WHY_MAX, "%s has an empty entry: a comma too many, or a line missing",
                 word->name);
        return ERR_MALFORMED;
    }
    if (strcmp(entry, "all") == 0 || strcmp(entry, "no") == 0) {
        snprintf(why, WHY_MAX, "%s: \"%s\" stands alone", word->name, entry);
        return ERR_MALFORMED;
    }
    if (word->unverified && strcmp(entry, "unverified") == 0) {
        value->unverified = true;
        return OK;
    }
    if (!word->check(entry, why)) {
        snprintf(wrong, sizeof wrong, "%.*s", (int)sizeof wrong - 1, why);
        snprintf(why, WHY_MAX, "%s: %s", word->name, wrong);
        return ERR_MALFORMED;
    }
    value->list.patterns[value->list.count++] = entry;
    return OK;
}

enum err parse_list(const struct word *word, const char *text, struct value *ret, char *why)
{
    size_t len = strlen(text);
    size_t entries = 1;
    size_t written = 0;
    char *at;
    enum err err = OK;

    for (const char *comma = strchr(text, ','); comma != NULL; comma = strchr(comma + 1, ',')) {
        entries++;
    }
    /* One block: the pointers, and behind them the bytes that they point to. */
    ret->list.patterns = malloc(entries * sizeof(char *) + len + 1);
    ret->text = malloc(len + entries + 1);
    if (ret->list.patterns == NULL || ret->text == NULL) {
        return ERR_NO_MEMORY;
    }
    at = (char *)(ret->list.patterns + entries);
    memcpy(at, text, len + 1);
    if (entries == 1 && (strcmp(text, "all") == 0 || strcmp(text, "no") == 0)) {
        ret->list.all = text[0] == 'a';
        memcpy(ret->text, text, len + 1);
        at = NULL;
    }
    while (err == OK && at != NULL) {
        char *entry = next_entry(&at);

        err = add_entry(word, entry, ret, why);
        written += (size_t)snprintf(ret->text + written, len + entries + 1 - written, "%s%s",
                                    written > 0 ? ", " : "", entry);
    }
    return err;
}
