/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

#include "log.h"
#include "policy_lines.h"
#include "policy_words.h"

#define CLIENT_PREFIX "client:"
#define QUBE_LETTERS  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define QUBE_BYTES    QUBE_LETTERS "0123456789_.-*?"
#define PATH_SHOWN    200U /* bytes of a path in a message */

struct parser {
    struct policy *policy;
    const char *path;
    struct lines lines;      /* the last one is the one that inih has */
    bool indented;           /* that one goes on with the value before it */
    struct section *section; /* NULL before the first one */
    /* A value that may go on in the next line. */
    size_t word; /* POLICY_WORDS: none */
    unsigned word_line;
    char *text;
    /* The first thing that is wrong. */
    enum err err;
    unsigned err_line;
    char *error; /* POLICY_ERROR_MAX bytes */
};

static void __attribute__((format(printf, 4, 5)))
fail(struct parser *parser, unsigned line, enum err err, const char *format, ...)
{
    char path[PATH_SHOWN];
    va_list args;
    int n;

    parser->err = err;
    parser->err_line = line;
    log_clean(path, sizeof path, parser->path, strlen(parser->path));
    n = line == 0 ? snprintf(parser->error, POLICY_ERROR_MAX, "%s: ", path)
                  : snprintf(parser->error, POLICY_ERROR_MAX, "%s:%u: ", path, line);
    va_start(args, format);
    vsnprintf(parser->error + n, POLICY_ERROR_MAX - (size_t)n, format, args);
    va_end(args);
}

static void no_memory(struct parser *parser)
{
    fail(parser, parser->lines.number, ERR_NO_MEMORY, "out of memory");
}

/* The value is whole: no line after this one belongs to it. */
static void finish_value(struct parser *parser)
{
    char why[WHY_MAX] = "";
    struct entry *entry;
    enum err err;

    if (parser->word == POLICY_WORDS || parser->err != OK) {
        return;
    }
    entry = calloc(1, sizeof *entry);
    if (entry == NULL) {
        no_memory(parser);
        return;
    }
    entry->word = parser->word;
    entry->line = parser->word_line;
    err = value_parse(&words[entry->word], parser->text, &entry->value, why);
    if (err != OK) {
        free(entry);
        fail(parser, parser->word_line, err, "%s", err == ERR_MALFORMED ? why : err_text(err));
        return;
    }
    STAILQ_INSERT_TAIL(&parser->section->entries, entry, link);
    parser->word = POLICY_WORDS;
}

static bool is_qube_pattern(const char *pattern, size_t len)
{
    return len > 0 && len <= QUBE_NAME_MAX && strspn(pattern, QUBE_BYTES) == len &&
           strchr(QUBE_LETTERS "*?", pattern[0]) != NULL;
}

static void begin_section(struct parser *parser, const char *name)
{
    const size_t prefix = strlen(CLIENT_PREFIX);
    bool is_client = strncmp(name, CLIENT_PREFIX, prefix) == 0;
    char shown[EXCERPT_MAX];
    struct section *section;

    excerpt(shown, name);
    if (!is_client && strcmp(name, "DEFAULT") != 0) {
        fail(parser, parser->lines.number, ERR_MALFORMED,
             "unknown section [%s]; it is [DEFAULT] or [client:QUBE]", shown);
        return;
    }
    if (is_client && !is_qube_pattern(name + prefix, strlen(name + prefix))) {
        fail(parser, parser->lines.number, ERR_MALFORMED,
             "[%s] names no qube; it is [client:QUBE], a letter and then letters, digits, _ . -, "
             "at most %u in all; * and ? stand for any",
             shown, QUBE_NAME_MAX);
        return;
    }
    section = calloc(1, sizeof *section);
    if (section != NULL) {
        STAILQ_INIT(&section->entries);
        STAILQ_INSERT_TAIL(&parser->policy->sections, section, link);
        section->file = strdup(parser->path);
        section->name = strdup(name);
    }
    if (section == NULL || section->file == NULL || section->name == NULL) {
        no_memory(parser);
        return;
    }
    section->pattern = is_client ? section->name + prefix : NULL;
    parser->section = section;
}

static void read_section(struct parser *parser, const char *line, size_t len)
{
    char name[POLICY_LINE_MAX];
    char why[WHY_MAX];
    enum err err;

    finish_value(parser);
    if (parser->err != OK) {
        return;
    }
    err = line_section(line, len, name, why);
    if (err != OK) {
        fail(parser, parser->lines.number, err, "%s", why);
        return;
    }
    begin_section(parser, name);
}

/* As fgets(3): one line of at most size - 1 bytes; NULL at the end, or when something is wrong. */
static char *read_line(char *ret, int size, void *stream)
{
    struct parser *parser = stream;
    char why[WHY_MAX];
    const char *line;
    size_t len;
    enum err err;

    if (parser->err != OK || parser->lines.left == 0) {
        return NULL;
    }
    err = lines_next(&parser->lines, &line, &len, why);
    if (err != OK) {
        fail(parser, parser->lines.number, err, "%s", why);
    } else if (size < 0 || len + 2 > (size_t)size) {
        fail(parser, parser->lines.number, ERR_TOO_BIG,
             "this build of inih reads no line of %zu bytes", len);
    } else if (len > 0 && line[0] == '[') {
        read_section(parser, line, len);
    }
    if (parser->err != OK) {
        return NULL;
    }
    parser->indented = len > 0 && strchr(LINE_BLANKS, line[0]) != NULL;
    memcpy(ret, line, len);
    memcpy(ret + len, "\n", 2);
    return ret;
}

/* "WORD =": somebody has indented it, and did not mean an entry of the list above. */
static bool begins_with_word(const char *text)
{
    size_t len = strcspn(text, LINE_BLANKS "=");
    char name[EXCERPT_MAX];

    snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name - 1), text);
    return text[len + strspn(text + len, LINE_BLANKS)] == '=' && word_find(name) != POLICY_WORDS;
}

/* "word = " and "word = a," go on in a line that is indented. */
static void go_on(struct parser *parser, const char *name, const char *text)
{
    size_t len = strlen(parser->text);
    bool open = parser->word != POLICY_WORDS && (len == 0 || parser->text[len - 1] == ',');

    /* Where inih was built without values of several lines, name is the start of this one. */
    if (!open || strcmp(name, words[parser->word].name) != 0 || begins_with_word(text)) {
        fail(parser, parser->lines.number, ERR_MALFORMED,
             "the line begins with white space, but is not the rest of a list (the line before "
             "would end with a comma)");
        return;
    }
    memcpy(parser->text + len, text, strlen(text) + 1);
}

static void unknown_word(struct parser *parser, const char *name)
{
    char shown[EXCERPT_MAX];
    char all[256] = "";
    size_t len = 0;

    excerpt(shown, name);
    if (strcmp(name, "autoaccept") == 0) {
        fail(parser, parser->lines.number, ERR_MALFORMED,
             "\"autoaccept\" is split-gpg2's word; here it is confirm = SECONDS");
        return;
    }
    for (size_t i = 0; i < POLICY_WORDS; i++) {
        len +=
            (size_t)snprintf(all + len, sizeof all - len, "%s%s", i > 0 ? ", " : "", words[i].name);
    }
    fail(parser, parser->lines.number, ERR_MALFORMED, "unknown word \"%s\"; the words are %s",
         shown, all);
}

static void begin_value(struct parser *parser, const char *name, const char *text)
{
    size_t word = word_find(name);

    finish_value(parser);
    if (parser->err != OK) {
        return;
    }
    if (parser->section == NULL) {
        fail(parser, parser->lines.number, ERR_MALFORMED,
             "text before the first section; begin with [DEFAULT] or [client:QUBE]");
    } else if (word == POLICY_WORDS) {
        unknown_word(parser, name);
    } else if (words[word].default_only && parser->section->pattern != NULL) {
        fail(parser, parser->lines.number, ERR_MALFORMED, "%s can only stand in [DEFAULT]",
             words[word].name);
    } else {
        parser->word = word;
        parser->word_line = parser->lines.number;
        memcpy(parser->text, text, strlen(text) + 1);
    }
}

/* inih's handler. Errors are kept in the parser: it ends at the next line. */
static int take_value(void *user, const char *section, const char *name, const char *value)
{
    struct parser *parser = user;

    (void)section; /* may be cut; ours is not */
    if (parser->err != OK) {
        return 1;
    }
    if (value == NULL) { /* of an inih that was built to allow that */
        fail(parser, parser->lines.number, ERR_MALFORMED, "a word without \"=\"");
    } else if (parser->indented) {
        go_on(parser, name, value);
    } else {
        begin_value(parser, name, value);
    }
    return 1;
}

static void parse_file(struct parser *parser, struct view content)
{
    int line;

    if (content.len > CONFIG_FILE_MAX) {
        fail(parser, 0, ERR_TOO_BIG, "larger than %u bytes", CONFIG_FILE_MAX);
        return;
    }
    parser->text = calloc(1, content.len + 1); /* no value is longer than the file */
    if (parser->text == NULL) {
        no_memory(parser);
        return;
    }
    line = ini_parse_stream(read_line, parser, take_value, parser);
    finish_value(parser);
    if (line < 0) {
        no_memory(parser);
    } else if (line > 0 && (parser->err == OK || (unsigned)line < parser->err_line)) {
        fail(parser, (unsigned)line, ERR_MALFORMED,
             "neither a [section] nor WORD = VALUE: \"=\" is missing");
    }
    free(parser->text);
}

enum err policy_parse(const struct policy_text *texts, size_t count, struct policy **ret,
                      char *error)
{
    struct policy *policy;
    enum err err = OK;

    if (count > CONFIG_FILES_MAX) {
        snprintf(error, POLICY_ERROR_MAX, "more than %u policy files", CONFIG_FILES_MAX);
        return ERR_TOO_BIG;
    }
    policy = policy_new();
    if (policy == NULL) {
        snprintf(error, POLICY_ERROR_MAX, "out of memory for the policy");
        return ERR_NO_MEMORY;
    }
    for (size_t i = 0; i < count && err == OK; i++) {
        struct parser parser = {.policy = policy,
                                .path = texts[i].path,
                                .lines = lines_of(texts[i].content),
                                .word = POLICY_WORDS,
                                .error = error};

        parse_file(&parser, texts[i].content);
        err = parser.err;
    }
    if (err != OK) {
        policy_free(&policy);
        return err;
    }
    *ret = policy;
    return OK;
}
