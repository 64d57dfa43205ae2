/* SPDX-License-Identifier: BSD-2-Clause */
#include "key_options.h"

#include <stdio.h>

#include "log.h"
#include "side_ipc.h"

#define SHOWN_MAX 64U /* bytes of a word that is not understood */

/* Words, and on which line each stands. */
struct words {
    struct view left;
    unsigned line;
    char *why; /* KEY_OPTIONS_WHY_MAX bytes */
};

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool next_word(struct words *words, struct view *ret)
{
    struct view *left = &words->left;

    while (left->len > 0 && is_space(left->data[0])) {
        words->line += left->data[0] == '\n' ? 1 : 0;
        left->data++;
        left->len--;
    }
    *ret = (struct view){left->data, 0};
    while (left->len > 0 && !is_space(left->data[0])) {
        ret->len++;
        left->data++;
        left->len--;
    }
    return ret->len > 0;
}

static enum err refuse(const struct words *words, struct view word, const char *why)
{
    char shown[SHOWN_MAX + 1];

    log_clean(shown, sizeof shown, word.data, word.len);
    snprintf(words->why, KEY_OPTIONS_WHY_MAX, "line %u: %s%s %s", words->line, shown,
             word.len > SHOWN_MAX ? "..." : "", why);
    return ERR_MALFORMED;
}

static bool has_any(struct view word, const char *marks)
{
    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] != '\0' && strchr(marks, word.data[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static bool has_control(struct view word)
{
    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] < 0x20 || word.data[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

/* Would somebody who wrote this word mean another one? */
static enum err check_word(const struct words *words, struct view word)
{
    if (has_control(word)) {
        return refuse(words, word, "is not text");
    }
    if (has_any(word, "'\"\\$`")) {
        return refuse(words, word,
                      "has quotes or other marks of the shell, which mean nothing here");
    }
    if (word.data[0] == '#') {
        return refuse(words, word, "begins a comment, which there are none here");
    }
    return OK;
}

static uint64_t unit(uint8_t letter)
{
    switch (letter | 0x20) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return UINT64_C(60) * 60;
    case 'd':
        return UINT64_C(24) * 60 * 60;
    case 'w':
        return UINT64_C(7) * 24 * 60 * 60;
    default:
        return 0;
    }
}

/* sshd_config(5), TIME FORMATS: 600, 10m, 1h30m. At most INT32_MAX seconds, as in OpenSSH. */
static bool parse_life(struct view text, uint32_t *ret)
{
    uint64_t total = 0;
    size_t at = 0;

    while (at < text.len) {
        size_t digits = at;
        uint64_t n = 0;

        while (at < text.len && text.data[at] >= '0' && text.data[at] <= '9' && n <= INT32_MAX) {
            n = n * 10 + (text.data[at++] - '0');
        }
        if (at == digits || n > INT32_MAX || (at < text.len && unit(text.data[at]) == 0)) {
            return false;
        }
        total += n * (at < text.len ? unit(text.data[at]) : 1);
        at++;
        if (total > INT32_MAX) {
            return false;
        }
    }
    *ret = total == 0 ? SIDE_NO_LIFE : (uint32_t)total; /* to ssh-add, 0 is none too */
    return text.len > 0;
}

static enum err set_value(const struct words *words, struct view option, struct view value,
                          struct key_options *options)
{
    if (option.data[0] == 't') {
        return parse_life(value, &options->life) ? OK
                                                 : refuse(words, value, "is not a time (-t 600)");
    }
    if (value.len > PROMPT_HOP_MAX) {
        return refuse(words, value, "is too long for a destination");
    }
    if (options->hops == PROMPT_HOPS_MAX) {
        return refuse(words, value, "is one destination too many");
    }
    options->hop[options->hops++] = value;
    return OK;
}

static enum err refuse_letter(const struct words *words, uint8_t letter, const char *why)
{
    const uint8_t option[] = {'-', letter};

    return refuse(words, (struct view){option, sizeof option}, why);
}

/* The letters of one word; the value of the last one may be the next word. */
static enum err parse_letters(struct words *words, struct view letters, struct key_options *options)
{
    while (letters.len > 0) {
        struct view option = {letters.data, 1};
        enum err err = OK;

        letters.data++;
        letters.len--;
        switch (option.data[0]) {
        case 'c':
            options->confirm = true;
            break;
        case 'q':
            break;
        case 't':
        case 'h':
            if (letters.len == 0 && !next_word(words, &letters)) {
                return refuse_letter(words, option.data[0], "needs a value");
            }
            err = check_word(words, letters);
            if (err == OK) {
                err = set_value(words, option, letters, options);
            }
            letters.len = 0;
            break;
        default:
            return refuse_letter(words, option.data[0],
                                 "is not understood here; -c, -t TIME, -h DESTINATION and -q are");
        }
        if (err != OK) {
            return err;
        }
    }
    return OK;
}

enum err key_options_parse(struct view text, struct key_options *ret,
                           char ret_why[KEY_OPTIONS_WHY_MAX])
{
    struct words words = {.left = text, .line = 1};
    struct key_options options = {.life = SIDE_NO_LIFE};
    struct view word;

    words.why = ret_why;
    while (next_word(&words, &word)) {
        enum err err = check_word(&words, word);

        if (err == OK && (word.data[0] != '-' || word.len == 1)) {
            err = refuse(&words, word, "is not an option");
        }
        if (err == OK) {
            err = parse_letters(&words, (struct view){word.data + 1, word.len - 1}, &options);
        }
        if (err != OK) {
            return err;
        }
    }
    *ret = options;
    return OK;
}
