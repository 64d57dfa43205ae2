/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "prompt_ipc.h"

/* Bytes of texts that stand in a line; longer ones are cut. */
#define FINGERPRINT_TEXT_MAX 64U
#define REASON_TEXT_MAX      256U
#define WORD_TEXT_MAX        16U

#define ESCAPED     6U   /* \u00XX */
#define NAMES_BYTES 512U /* names, quotes, commas, numbers, "..." of cut texts: with room */

static_assert(ESCAPED * (QUBE_NAME_MAX + AGENT_NAME_MAX + 2 * FINGERPRINT_TEXT_MAX +
                         PROMPT_COMMENT_MAX + USER_MAX + NAMESPACE_MAX + PROMPT_NAMES_MAX +
                         REASON_TEXT_MAX + PROMPT_BY_MAX + 2 * WORD_TEXT_MAX) +
                      NAMES_BYTES <=
                  AUDIT_LINE_MAX,
              "every record has to fit");

struct line {
    char *text;
    size_t cap; /* bytes */
    size_t len; /* without the NUL */
    bool full;
};

static void __attribute__((format(printf, 2, 3))) put(struct line *line, const char *format, ...)
{
    size_t left = line->cap - line->len;
    va_list args;
    int n;

    if (line->full) {
        return;
    }
    va_start(args, format);
    n = vsnprintf(line->text + line->len, left, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= left) {
        line->full = true;
        return;
    }
    line->len += (size_t)n;
}

/* ,"name":"text"; nothing for empty text. */
static void put_field(struct line *line, const char *name, struct view text, size_t max)
{
    size_t len = text.len < max ? text.len : max;

    if (text.len == 0) {
        return;
    }
    put(line, ",\"%s\":\"", name);
    for (size_t i = 0; i < len; i++) {
        uint8_t c = text.data[i];

        if (c == '"' || c == '\\') {
            put(line, "\\%c", c);
        } else if (c >= 0x20 && c < 0x7f) {
            put(line, "%c", c);
        } else {
            put(line, "\\u%04x", c);
        }
    }
    put(line, "%s\"", len < text.len ? "..." : "");
}

static void put_text_field(struct line *line, const char *name, const char *text, size_t max)
{
    if (text != NULL) {
        put_field(line, name, (struct view){(const uint8_t *)text, strlen(text)}, max);
    }
}

/* Not gmtime_r(3): it reads /etc/localtime the first time. Years from March, so that leap days come
 * last; 146097 days are 400 years. */
static void put_time(struct line *line, uint64_t time_ms)
{
    uint64_t s = time_ms / 1000U;
    uint64_t days = s / 86400U + 719468U; /* since 1 March of the year 0 */
    uint64_t era = days / 146097U;
    unsigned day_of_era = (unsigned)(days % 146097U);
    unsigned year_of_era =
        (day_of_era - day_of_era / 1460U + day_of_era / 36524U - day_of_era / 146096U) / 365U;
    unsigned day_of_year =
        day_of_era - (365U * year_of_era + year_of_era / 4U - year_of_era / 100U);
    unsigned month = (5U * day_of_year + 2U) / 153U; /* 0: March */
    unsigned day = day_of_year - (153U * month + 2U) / 5U + 1U;
    uint64_t year = era * 400U + year_of_era + (month >= 10U ? 1U : 0U);

    month = month < 10U ? month + 3U : month - 9U;
    put(line, "{\"time\":\"%04llu-%02u-%02uT%02u:%02u:%02u.%03uZ\"", (unsigned long long)year,
        month, day, (unsigned)(s / 3600U % 24U), (unsigned)(s / 60U % 60U), (unsigned)(s % 60U),
        (unsigned)(time_ms % 1000U));
}

static void put_purpose(struct line *line, const struct purpose *purpose)
{
    static const char *const names[] = {
        [PURPOSE_OPAQUE] = "opaque", [PURPOSE_LOGIN] = "login", [PURPOSE_SSHSIG] = "sshsig"};

    put(line, ",\"purpose\":\"%s\"", names[purpose->kind]);
    if (purpose->kind == PURPOSE_LOGIN) {
        put_field(line, "user", purpose->user, USER_MAX);
    } else if (purpose->kind == PURPOSE_SSHSIG) {
        put_field(line, "namespace", purpose->name_space, NAMESPACE_MAX);
        put_field(line, "hash", purpose->hash_algorithm, WORD_TEXT_MAX);
    }
}

enum err audit_format(const struct audit_record *record, uint64_t time_ms, char *ret, size_t cap)
{
    struct line line = {.cap = cap};

    line.text = ret;
    put_time(&line, time_ms);
    if (record->qube != NULL && record->qube[0] != '\0') {
        put_text_field(&line, "qube", record->qube, QUBE_NAME_MAX);
    } else {
        put(&line, ",\"qube\":null");
    }
    put_text_field(&line, "agent", record->agent, AGENT_NAME_MAX);
    put(&line, ",\"decision\":\"%s\"", record->allowed ? "allowed" : "refused");
    put_text_field(&line, "reason", record->reason, REASON_TEXT_MAX);
    put_text_field(&line, "by", record->by, PROMPT_BY_MAX);
    put_text_field(&line, "key", record->fingerprint, FINGERPRINT_TEXT_MAX);
    put_text_field(&line, "comment", record->comment, PROMPT_COMMENT_MAX);
    if (record->purpose != NULL) {
        put_purpose(&line, record->purpose);
    }
    if (record->data_len > 0) {
        put(&line, ",\"bytes\":%zu", record->data_len);
    }
    put_text_field(&line, "host", record->hosts, PROMPT_NAMES_MAX);
    put_text_field(&line, "host_key", record->host_key, FINGERPRINT_TEXT_MAX);
    put_text_field(&line, "proof", record->proof, WORD_TEXT_MAX);
    put(&line, ",\"forwarded\":%s,\"took_us\":%llu", record->forwarded ? "true" : "false",
        (unsigned long long)record->took_us);
    if (record->left_out > 0) {
        put(&line, ",\"left_out\":%u", record->left_out);
    }
    put(&line, "}");
    return line.full ? ERR_TOO_BIG : OK;
}
