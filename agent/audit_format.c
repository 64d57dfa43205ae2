/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>
#include <string.h>

#include "audit.h"
#include "prompt_ipc.h"

/* Bytes of texts that stand in a line; longer ones are cut. */
#define FINGERPRINT_TEXT_MAX 64U
#define REASON_TEXT_MAX      256U
#define WORD_TEXT_MAX        16U

#define DIGITS_MAX  20U  /* of 64 bits */
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

/* A line is written for each signature: printf(3) would take longer than the rest of it. */
static void put_raw(struct line *line, const void *bytes, size_t len)
{
    if (line->full || len >= line->cap - line->len) {
        line->full = true;
        return;
    }
    memcpy(line->text + line->len, bytes, len);
    line->len += len;
    line->text[line->len] = '\0';
}

static void put_word(struct line *line, const char *word)
{
    put_raw(line, word, strlen(word));
}

/* Decimal, with zeros before it up to the given number of digits. */
static void put_number(struct line *line, uint64_t n, size_t digits)
{
    char text[DIGITS_MAX];
    size_t at = sizeof text;

    do {
        text[--at] = (char)('0' + n % 10U);
        n /= 10U;
    } while (n > 0 || sizeof text - at < digits);
    put_raw(line, text + at, sizeof text - at);
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void put_escape(struct line *line, uint8_t c)
{
    static const char hex[] = "0123456789abcdef";

    if (c == '"' || c == '\\') {
        put_raw(line, (const char[]){'\\', (char)c}, 2);
    } else {
        put_raw(line, (const char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, ESCAPED);
    }
}

/* What stands between quotes. */
static void put_escaped(struct line *line, const uint8_t *text, size_t len)
{
    size_t done = 0;

    for (size_t i = 0; i < len; i++) {
        if (is_plain(text[i])) {
            continue;
        }
        put_raw(line, text + done, i - done);
        put_escape(line, text[i]);
        done = i + 1;
    }
    put_raw(line, text + done, len - done);
}

/* ,"name":"text"; nothing for empty text. */
static void put_field(struct line *line, const char *name, struct view text, size_t max)
{
    size_t len = text.len < max ? text.len : max;

    if (text.len == 0) {
        return;
    }
    put_word(line, ",\"");
    put_word(line, name);
    put_word(line, "\":\"");
    put_escaped(line, text.data, len);
    put_word(line, len < text.len ? "...\"" : "\"");
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
    put_word(line, "{\"time\":\"");
    put_number(line, year, 4);
    put_word(line, "-");
    put_number(line, month, 2);
    put_word(line, "-");
    put_number(line, day, 2);
    put_word(line, "T");
    put_number(line, s / 3600U % 24U, 2);
    put_word(line, ":");
    put_number(line, s / 60U % 60U, 2);
    put_word(line, ":");
    put_number(line, s % 60U, 2);
    put_word(line, ".");
    put_number(line, time_ms % 1000U, 3);
    put_word(line, "Z\"");
}

/* ,"name":number */
static void put_number_field(struct line *line, const char *name, uint64_t n)
{
    put_word(line, ",\"");
    put_word(line, name);
    put_word(line, "\":");
    put_number(line, n, 1);
}

static void put_purpose(struct line *line, const struct purpose *purpose)
{
    static const char *const names[] = {
        [PURPOSE_OPAQUE] = "opaque", [PURPOSE_LOGIN] = "login", [PURPOSE_SSHSIG] = "sshsig"};

    put_text_field(line, "purpose", names[purpose->kind], WORD_TEXT_MAX);
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
        put_word(&line, ",\"qube\":null");
    }
    put_text_field(&line, "agent", record->agent, AGENT_NAME_MAX);
    put_text_field(&line, "decision", record->allowed ? "allowed" : "refused", WORD_TEXT_MAX);
    put_text_field(&line, "reason", record->reason, REASON_TEXT_MAX);
    put_text_field(&line, "by", record->by, PROMPT_BY_MAX);
    put_text_field(&line, "key", record->fingerprint, FINGERPRINT_TEXT_MAX);
    put_text_field(&line, "comment", record->comment, PROMPT_COMMENT_MAX);
    if (record->purpose != NULL) {
        put_purpose(&line, record->purpose);
    }
    if (record->data_len > 0) {
        put_number_field(&line, "bytes", record->data_len);
    }
    put_text_field(&line, "host", record->hosts, PROMPT_NAMES_MAX);
    put_text_field(&line, "host_key", record->host_key, FINGERPRINT_TEXT_MAX);
    put_text_field(&line, "proof", record->proof, WORD_TEXT_MAX);
    put_word(&line, record->forwarded ? ",\"forwarded\":true" : ",\"forwarded\":false");
    put_number_field(&line, "took_us", record->took_us);
    if (record->left_out > 0) {
        put_number_field(&line, "left_out", record->left_out);
    }
    put_word(&line, "}");
    return line.full ? ERR_TOO_BIG : OK;
}
