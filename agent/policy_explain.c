/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "log.h"
#include "policy_words.h"

#define COLUMN_MAX 40U /* what is wider pushes the rest of its line to the right */
#define SHOWN_MAX  512 /* bytes of a value or a comment that are shown */

struct text {
    char *at;
    size_t cap; /* bytes that are left, with the NUL */
};

static void __attribute__((format(printf, 2, 3))) append(struct text *text, const char *format, ...)
{
    va_list args;
    size_t len;
    int n;

    va_start(args, format);
    n = vsnprintf(text->at, text->cap, format, args);
    va_end(args);
    if (n <= 0 || text->cap == 0) {
        return;
    }
    len = (size_t)n < text->cap ? (size_t)n : text->cap - 1;
    text->at += len;
    text->cap -= len;
}

static const char *show(char ret[SHOWN_MAX], const char *text)
{
    return log_clean(ret, SHOWN_MAX, text, strlen(text));
}

/* "default", or FILE:LINE [section]. */
static const char *place(char ret[SHOWN_MAX], const struct policy_source *source)
{
    char file[SHOWN_MAX - 64];

    if (source->file == NULL) {
        return "default";
    }
    log_clean(file, sizeof file, source->file, strlen(source->file));
    snprintf(ret, SHOWN_MAX, "%s:%u [%s]", file, source->line, source->section);
    return ret;
}

static int wider(int width, const char *text)
{
    size_t len = strlen(text);

    return len <= COLUMN_MAX && (int)len > width ? (int)len : width;
}

static void explain_words(struct text *text, const struct rules *rules)
{
    char value[SHOWN_MAX];
    char where[SHOWN_MAX];
    int name_width = 0;
    int value_width = 0;
    int meaning_width = 0;

    for (size_t i = 0; i < POLICY_WORDS; i++) {
        name_width = wider(name_width, words[i].name);
        value_width = wider(value_width, show(value, rules->text[i]));
        meaning_width = wider(meaning_width, words[i].meaning);
    }
    for (size_t i = 0; i < POLICY_WORDS; i++) {
        append(text, "  %-*s  %-*s  %-*s  %s\n", name_width, words[i].name, value_width,
               show(value, rules->text[i]), meaning_width, words[i].meaning,
               place(where, &rules->source[i]));
    }
}

/* When a use with the key is asked, as policy_decide() has it. */
static void explain_question(struct text *text, const struct rules *rules, bool confirm)
{
    bool may_remember = rules->confirm == CONFIRM_SECONDS;

    if (confirm) {
        append(text, "yes, each signature: it was added with ssh-add -c");
    } else if (rules->confirm == CONFIRM_EACH) {
        append(text, "yes, each login and each signature");
    } else if (rules->confirm == CONFIRM_CONNECTION) {
        append(text, "yes, the first use of each connection");
    } else if (may_remember) {
        append(text, "yes");
    } else {
        append(text, "no: only keys that were added with ssh-add -c");
    }
    if (may_remember) {
        append(text, ", unless your answer for the same destination or namespace still holds");
    }
    append(text, " (confirm = %s)\n", rules->text[POLICY_CONFIRM]);
}

static void explain_key(struct text *text, const struct rules *rules, const struct policy_key *key)
{
    const char *entry = policy_key_entry(rules, key);
    char comment[SHOWN_MAX];
    char shown[SHOWN_MAX];
    char where[SHOWN_MAX];

    append(text, "\nThe key %s \"%s\":\n", key->fingerprint,
           log_clean(comment, sizeof comment, key->comment.data, key->comment.len));
    if (entry == NULL) {
        append(text, "  visible  no: not listed, and not signed with (keys = %s, %s)\n",
               show(shown, rules->text[POLICY_KEYS]), place(where, &rules->source[POLICY_KEYS]));
        return;
    }
    append(text, "  visible  yes, by \"%s\" (keys, %s)\n", show(shown, entry),
           place(where, &rules->source[POLICY_KEYS]));
    append(text, "  asks     ");
    explain_question(text, rules, key->confirm);
}

void policy_explain(const struct rules *rules, const char *qube, const struct policy_key *key,
                    char *ret, size_t cap)
{
    struct text text = {.at = ret, .cap = cap};
    char name[SHOWN_MAX];

    if (cap > 0) {
        ret[0] = '\0';
    }
    append(&text, "The policy for the qube %s:\n", show(name, qube));
    explain_words(&text, rules);
    if (key != NULL) {
        explain_key(&text, rules, key);
    }
}
