/* SPDX-License-Identifier: BSD-2-Clause */
/* How a policy is kept: the words, their values, and the sections where they stand. */
#ifndef AGENT_POLICY_WORDS_H
#define AGENT_POLICY_WORDS_H

#include <sys/queue.h>

#include "policy.h"

#define WHY_MAX     320U /* bytes of what is wrong with a value, with the NUL */
#define EXCERPT_MAX 48U  /* bytes of a file's text that a message shows, with the NUL */

/* A parsed value; which fields count is the word's business. */
struct value {
    char *text; /* as a person would write it */
    struct policy_list list;
    bool unverified;
    unsigned number; /* also: 0 or 1, enum policy_confirm, NOTIFY_* */
    unsigned seconds;
};

struct word {
    const char *name;
    const char *initial; /* the default, as it would stand in a file */
    const char *values;  /* what may stand there */
    const char *meaning;
    /* ERR_MALFORMED with what is wrong in why (WHY_MAX bytes); ERR_NO_MEMORY. Fills all but text,
     * which only parse_list() makes. */
    enum err (*parse)(const struct word *word, const char *text, struct value *ret, char *why);
    void (*apply)(const struct word *word, const struct value *value, struct rules *rules);
    size_t field; /* offset in struct rules */
    /* Of a list: false with what is wrong in why. */
    bool (*check)(const char *entry, char *why);
    unsigned max;      /* of a number; the least is 1 */
    bool may_be_no;    /* a number: "no" is 0, no limit */
    bool unverified;   /* a list that may have this word */
    bool default_only; /* about the agent: stands in [DEFAULT] alone */
};

extern const struct word words[POLICY_WORDS];

/* Index in words; POLICY_WORDS: there is none. */
size_t word_find(const char *name);

/* As word->parse, and with text; the caller owns what is in *ret (value_clear). */
enum err must_check value_parse(const struct word *word, const char *text, struct value *ret,
                                char *why);

void value_clear(struct value *value);

/* A short printable excerpt of text, in ret (EXCERPT_MAX bytes), which is returned. */
const char *excerpt(char *ret, const char *text);

struct entry {
    STAILQ_ENTRY(entry) link;
    size_t word;
    unsigned line;
    struct value value;
};

/* One [section] of one file. */
struct section {
    STAILQ_ENTRY(section) link;
    char *file;
    char *name;          /* without the brackets */
    const char *pattern; /* of qubes' names, inside of name; NULL: [DEFAULT] */
    STAILQ_HEAD(, entry) entries;
};

struct policy {
    struct value initial[POLICY_WORDS];
    STAILQ_HEAD(, section) sections; /* in the order of the files and of their lines */
};

/* The built-in defaults. NULL: no memory. */
struct policy *policy_new(void);

/* Which entry of `keys` permits the key, "all" among them; NULL: none does. */
const char *policy_key_entry(const struct rules *rules, const struct policy_key *key);

#endif
