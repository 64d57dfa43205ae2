/* SPDX-License-Identifier: BSD-2-Clause */
/* prompt-raw: the policy and known_hosts, as the agent gets them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "prompt-raw.h"

/* A round of files as text, of the heap. */
static char *next_round(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    uint8_t type = 0;

    while (out != NULL && type != PROMPT_FILES) {
        struct wire_reader r = next_message();
        uint8_t kind = (type = wire_u8(&r)) == PROMPT_FILE ? wire_u8(&r) : 0;
        struct view first = wire_string(&r, PROMPT_PATH_MAX);
        struct view second = wire_string(&r, KNOWN_HOSTS_MAX);

        if ((type != PROMPT_FILE && type != PROMPT_FILES) || wire_end(&r) != OK) {
            fail("files", "something else came");
        }
        if (type == PROMPT_FILES) {
            fprintf(out, "problems %.*s|%.*s\n", (int)first.len, (const char *)first.data,
                    (int)second.len, (const char *)second.data);
        } else {
            fprintf(out, "%s %.*s %zu\n", kind == PROMPT_FILE_POLICY ? "policy" : "known_hosts",
                    (int)first.len, (const char *)first.data, second.len);
        }
    }
    if (out == NULL || fclose(out) != 0) {
        fail("files", strerror(errno));
    }
    return text;
}

void do_files(char **args)
{
    char *text = next_round();

    (void)args;
    fputs(text, stdout);
    free(text);
}

static bool has_line(const char *text, const char *line)
{
    const char *at = strstr(text, line);

    return at != NULL && (at == text || at[-1] == '\n') && at[strlen(line)] == '\n';
}

void do_files_with(char **args)
{
    char *text = next_round();

    while (!has_line(text, args[0])) {
        free(text);
        text = next_round();
    }
    fputs(text, stdout);
    free(text);
}
