/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_TOOLS_HEX_H
#define TESTS_TOOLS_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The value of a digit; 16 for what is none. */
static inline unsigned hex_digit(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = digit == '\0' ? NULL : strchr(digits, digit);

    return at == NULL ? 16 : (unsigned)(at - digits);
}

/* len bytes from text, which has just 2 * len digits in lower case; false if it has not. */
static inline bool hex_read(const char *text, uint8_t *ret, size_t len)
{
    if (strlen(text) != 2 * len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned high = hex_digit(text[2 * i]);
        unsigned low = hex_digit(text[2 * i + 1]);

        if (high > 15 || low > 15) {
            return false;
        }
        ret[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

#endif
