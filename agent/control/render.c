/* SPDX-License-Identifier: BSD-2-Clause */
#include "render.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "options.h"

#define QUBE_WIDTH      12 /* most names are shorter, and longer ones push the rest to the right */
#define WORD_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

static bool is(const struct record *record, const char *name, const char *value)
{
    return strcmp(record_get(record, name), value) == 0;
}

/* A time that is none of ours stays as it is. */
static void print_time(const char *text, FILE *stream)
{
    struct tm tm = {0};
    struct tm local;
    char line[64];
    time_t seconds;

    if (strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) != NULL) {
        seconds = timegm(&tm);
        if (localtime_r(&seconds, &local) != NULL &&
            strftime(line, sizeof line, "%Y-%m-%d %H:%M:%S", &local) > 0) {
            text = line;
        }
    }
    fputs(text, stream);
}

/* The words are those of the question. */
static void print_destination(const struct record *record, FILE *stream)
{
    const char *host = record_get(record, "host");

    if (is(record, "proof", "name")) {
        fprintf(stream, " to %s (host key verified)",
                host[0] != '\0' ? host : "a host with a hashed name");
    } else if (is(record, "proof", "key")) {
        fprintf(stream, " to an UNKNOWN host, key %s", record_get(record, "host_key"));
    } else {
        fputs(" to an UNVERIFIED destination", stream);
    }
}

/* In quotes that it cannot end. */
static void print_quoted(const char *text, FILE *stream)
{
    fputc('"', stream);
    for (; *text != '\0'; text++) {
        fputc(*text == '"' ? '\'' : *text, stream);
    }
    fputc('"', stream);
}

/* No user name reads like a proved destination. */
static void print_user(const char *user, FILE *stream)
{
    if (user[0] != '\0' && user[strspn(user, WORD_CHARACTERS)] == '\0') {
        fputs(user, stream);
    } else {
        print_quoted(user, stream);
    }
}

static void print_purpose(const struct record *record, FILE *stream)
{
    if (is(record, "purpose", "login")) {
        fputs("  log in as ", stream);
        print_user(record_get(record, "user"), stream);
        print_destination(record, stream);
    } else if (is(record, "purpose", "sshsig")) {
        fputs("  sign for ", stream);
        print_quoted(record_get(record, "namespace"), stream);
    } else if (is(record, "purpose", "opaque")) {
        fprintf(stream, "  sign unidentified data (%s bytes)", record_get(record, "bytes"));
    }
    if (is(record, "forwarded", "true")) {
        fputs(", forwarded", stream);
    }
}

static void print_took(const char *text, FILE *stream)
{
    unsigned long long us = strtoull(text, NULL, 10);

    if (us < 1000) {
        fprintf(stream, "%llu us", us);
    } else if (us < 1000000) {
        fprintf(stream, "%llu.%llu ms", us / 1000, us / 100 % 10);
    } else {
        fprintf(stream, "%llu.%llu s", us / 1000000, us / 100000 % 10);
    }
}

/* [by: reason, time]; the reason of what was allowed is that it was. */
static void print_decision(const struct record *record, FILE *stream)
{
    const char *by = record_get(record, "by");
    const char *reason = is(record, "decision", "allowed") ? "" : record_get(record, "reason");
    const char *left_out = record_get(record, "left_out");

    fprintf(stream, "  [%s%s%s%s", by, by[0] != '\0' && reason[0] != '\0' ? ": " : "", reason,
            by[0] != '\0' || reason[0] != '\0' ? ", " : "");
    print_took(record_get(record, "took_us"), stream);
    fputc(']', stream);
    if (left_out[0] != '\0') {
        fprintf(stream, "  (and %s refusals before it)", left_out);
    }
}

const char *render_qube(const struct record *record)
{
    const char *qube = record_get(record, "qube");

    return qube[0] != '\0' ? qube : IN_THE_VAULT;
}

void render(const struct record *record, FILE *stream)
{
    const char *agent = record_get(record, "agent");
    char who[QUBE_NAME_MAX + AGENT_NAME_MAX + 2U];

    snprintf(who, sizeof who, "%.*s%s%.*s", (int)QUBE_NAME_MAX, render_qube(record),
             agent[0] != '\0' ? "+" : "", (int)AGENT_NAME_MAX, agent);
    print_time(record_get(record, "time"), stream);
    fprintf(stream, "  %-*s  %-7s", QUBE_WIDTH, who, record_get(record, "decision"));
    if (record_get(record, "key")[0] != '\0') {
        fprintf(stream, "  key \"%s\" %s", record_get(record, "comment"),
                record_get(record, "key"));
    }
    print_purpose(record, stream);
    print_decision(record, stream);
    fputc('\n', stream);
}
