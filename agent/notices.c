/* SPDX-License-Identifier: BSD-2-Clause */
#include "notices.h"

#include <stdarg.h>
#include <stdio.h>

#include "prompt_client.h"

static void __attribute__((format(printf, 1, 0))) tell(const char *format, va_list args)
{
    char text[PROMPT_TEXT_MAX];

    vsnprintf(text, sizeof text, format, args);
    prompt_tell(text);
}

void notice(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    tell(format, args);
    va_end(args);
}

void notice_party(const struct party *party, unsigned word, const char *format, ...)
{
    va_list args;

    if (!party->is_qube || (party->rules.notify & word) == 0) {
        return;
    }
    va_start(args, format);
    tell(format, args);
    va_end(args);
}
