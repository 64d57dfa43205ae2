/* SPDX-License-Identifier: BSD-2-Clause */
#include "pattern.h"

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/*
 * When something does not match, only the last * can help, by taking one byte more: what an earlier
 * one would take, the last one can take as well. So each byte of the text is tried against at most
 * the whole pattern.
 */
static bool match(struct view pattern, struct view text, bool nocase)
{
    bool star = false;
    size_t after_star = 0;
    size_t star_end = 0; /* what the last * takes ends here */
    size_t p = 0;
    size_t t = 0;

    while (t < text.len) {
        uint8_t want = p < pattern.len ? pattern.data[p] : 0;
        uint8_t have = text.data[t];

        if (p < pattern.len && want == '*') {
            star = true;
            after_star = ++p;
            star_end = t;
        } else if (p < pattern.len &&
                   (want == '?' || want == have || (nocase && lower(want) == lower(have)))) {
            p++;
            t++;
        } else if (star) {
            p = after_star;
            t = ++star_end;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.data[p] == '*') {
        p++;
    }
    return p == pattern.len;
}

static struct view of_text(const char *text)
{
    return (struct view){(const uint8_t *)text, strlen(text)};
}

bool pattern_match(const char *pattern, struct view text)
{
    return match(of_text(pattern), text, false);
}

bool pattern_match_nocase(const char *pattern, struct view text)
{
    return match(of_text(pattern), text, true);
}

bool pattern_match_view(struct view pattern, struct view text)
{
    return match(pattern, text, false);
}

bool pattern_match_view_nocase(struct view pattern, struct view text)
{
    return match(pattern, text, true);
}

bool pattern_is_literal(struct view pattern)
{
    return pattern.len == 0 || (memchr(pattern.data, '*', pattern.len) == NULL &&
                                memchr(pattern.data, '?', pattern.len) == NULL);
}
