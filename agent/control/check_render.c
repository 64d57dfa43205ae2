/* SPDX-License-Identifier: BSD-2-Clause */
#include "check_render.h"

#include <string.h>

#include "check_vault.h"

static const char *const verdicts[] = {
    [CHECK_OK] = "ok",
    [CHECK_NOTE] = "note",
    [CHECK_WRONG] = "wrong",
    [CHECK_SKIPPED] = "skipped",
};

static const char *const places[] = {
    [CHECK_HERE] = "here",
    [CHECK_DOM0] = "dom0",
    [CHECK_TEMPLATE] = "the template",
    [CHECK_VAULT] = "the vault",
};

#define VERDICTS (sizeof verdicts / sizeof verdicts[0])

static void render_finding(const struct check_finding *finding, FILE *stream)
{
    fprintf(stream, "%-7s  %s: %s\n", verdicts[finding->verdict], finding->step, finding->what);
    if (finding->mend[0] == '\0') {
        return;
    }
    if (finding->where == CHECK_HERE) {
        fprintf(stream, "         mend: %s\n", finding->mend);
    } else {
        fprintf(stream, "         mend, in %s: %s\n", places[finding->where], finding->mend);
    }
    if (strstr(finding->mend, VAULT_RESTART) != NULL) {
        fputs("         (this ends the agent: keys that are in no file have to be added again)\n",
              stream);
    }
}

/* "1 note", "2 notes"; the other words stay as they are. */
static void render_summary(const struct check_report *report, FILE *stream)
{
    unsigned wrong = check_count(report, CHECK_WRONG);

    for (unsigned i = 0; i < VERDICTS; i++) {
        unsigned count = check_count(report, (enum check_verdict)i);

        if (count > 0) {
            fprintf(stream, "%u %s%s, ", count, verdicts[i],
                    i == CHECK_NOTE && count > 1 ? "s" : "");
        }
    }
    fputs(wrong > 0 ? "so mend what is wrong, from the top\n" : "so nothing is wrong\n", stream);
}

void check_render_text(const struct check_report *report, FILE *stream)
{
    const char *side = "";

    for (unsigned i = 0; i < report->count; i++) {
        const struct check_finding *finding = &report->findings[i];

        if (strcmp(side, finding->side) != 0) {
            fprintf(stream, "%s%s:\n", side[0] != '\0' ? "\n" : "", finding->side);
            side = finding->side;
        }
        render_finding(finding, stream);
    }
    fputs("\n", stream);
    render_summary(report, stream);
}

static void put_string(const char *text, FILE *stream)
{
    putc('"', stream);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\') {
            fprintf(stream, "\\%c", c);
        } else if (c >= 0x20 && c < 0x7f) {
            putc(c, stream);
        } else {
            fprintf(stream, "\\u%04x", (unsigned)c);
        }
    }
    putc('"', stream);
}

static void put_member(const char *name, const char *value, FILE *stream)
{
    fprintf(stream, "\"%s\":", name);
    if (value != NULL) {
        put_string(value, stream);
    } else {
        fputs("null", stream);
    }
}

static void put_finding(const struct check_finding *finding, FILE *stream)
{
    bool mend = finding->mend[0] != '\0';

    putc('{', stream);
    put_member("side", finding->side, stream);
    putc(',', stream);
    put_member("step", finding->step, stream);
    putc(',', stream);
    put_member("verdict", verdicts[finding->verdict], stream);
    putc(',', stream);
    put_member("what", finding->what, stream);
    putc(',', stream);
    put_member("mend", mend ? finding->mend : NULL, stream);
    putc(',', stream);
    put_member("where", mend ? places[finding->where] : NULL, stream);
    putc('}', stream);
}

void check_render_json(const struct check_report *report, FILE *stream)
{
    fputs("{\"steps\":[", stream);
    for (unsigned i = 0; i < report->count; i++) {
        if (i > 0) {
            putc(',', stream);
        }
        put_finding(&report->findings[i], stream);
    }
    fputs("],\"summary\":{", stream);
    for (unsigned i = 0; i < VERDICTS; i++) {
        fprintf(stream, "%s\"%s\":%u", i > 0 ? "," : "", verdicts[i],
                check_count(report, (enum check_verdict)i));
    }
    fputs("}}\n", stream);
}
