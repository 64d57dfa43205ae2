/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/control/record.c: lines of the audit log; also those that agent/audit_format.c makes. */
#include "unit.h"

#include "audit.h"
#include "record.h"

static struct record *record; /* on the heap, so that ASan knows its end */

static int start(void **state)
{
    (void)state;
    record = malloc(sizeof *record);
    return record != NULL ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    free(record);
    return 0;
}

static enum err parse_bytes(const void *data, size_t len)
{
    struct view line = exact_copy(data, len);
    enum err err = record_parse((const char *)line.data, line.len, record);

    view_free(&line);
    return err;
}

static enum err parse(const char *line)
{
    return parse_bytes(line, strlen(line));
}

static const char sample[] = "{\"time\":\"2026-11-22T10:15:03.123Z\",\"qube\":null,\"decision\":"
                             "\"allowed\",\"bytes\":321,\"forwarded\":true,\"new\":\"\"}";

static void values(void **state)
{
    (void)state;
    assert_int_equal(parse(sample), OK);
    assert_int_equal(record->count, 6);
    assert_string_equal(record_get(record, "time"), "2026-11-22T10:15:03.123Z");
    assert_string_equal(record_get(record, "qube"), "");
    assert_string_equal(record_get(record, "decision"), "allowed");
    assert_string_equal(record_get(record, "bytes"), "321");
    assert_string_equal(record_get(record, "forwarded"), "true");
    assert_string_equal(record_get(record, "user"), "");
}

static void escapes(void **state)
{
    (void)state;
    assert_int_equal(parse("{\"a\":\"\\\"\\\\\\/\\u0041\\u007E\\n\\u001b\\u00fc\\u4e00|\"}"), OK);
    assert_string_equal(record_get(record, "a"), "\"\\/A~????|");
}

static void cut_anywhere(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof sample - 1; len++) {
        assert_int_equal(parse_bytes(sample, len), ERR_MALFORMED);
    }
}

static void not_such_an_object(void **state)
{
    static const char *const lines[] = {
        "",
        "{}",
        "[]",
        "null",
        " {\"a\":1}",
        "{\"a\":1} ",
        "{\"a\":1}}",
        "{\"a\": 1}",
        "{\"a\":1,}",
        "{\"a\":}",
        "{\"a\"}",
        "{\"a\",\"b\"}",
        "{a:1}",
        "{\"a\":-1}",
        "{\"a\":1.5}",
        "{\"a\":True}",
        "{\"a\":nul}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\u12\"}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\\\"}",
        "{\"a\":{\"b\":1}}",
        "{\"a\":[1]}",
        "{\"a\":\"\t\"}",
        "{\"a\":\"\xc3\xbc\"}",
        "{\"a\":\"\x7f\"}",
        "{\"a\":\"\x1b[2J\"}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        if (parse(lines[i]) != ERR_MALFORMED) {
            fail_msg("taken: %s", lines[i]);
        }
    }
    assert_int_equal(parse_bytes("{\"a\":\"\0\"}", 9), ERR_MALFORMED);
}

/* n fields with one-letter names. */
static enum err parse_fields(unsigned n)
{
    char line[1024] = "{";
    size_t len = 1;

    for (unsigned i = 0; i < n; i++) {
        len += (size_t)snprintf(line + len, sizeof line - len, "\"a\":1%s", i + 1 < n ? "," : "}");
    }
    return parse_bytes(line, len);
}

static void caps(void **state)
{
    static const char start_of_value[] = "{\"a\":\"";
    static const char start_of_name[] = "{\"xxxx";
    static char line[AUDIT_LINE_MAX];

    (void)state;
    assert_int_equal(parse_fields(RECORD_FIELDS_MAX), OK);
    assert_int_equal(parse_fields(RECORD_FIELDS_MAX + 1), ERR_TOO_BIG);

    /* The longest line, whole, broken off, and one byte more. */
    memset(line, 'x', sizeof line);
    memcpy(line, start_of_value, sizeof start_of_value - 1);
    line[AUDIT_LINE_MAX - 3] = '"';
    line[AUDIT_LINE_MAX - 2] = '}';
    assert_int_equal(parse_bytes(line, AUDIT_LINE_MAX - 1), OK);
    assert_int_equal(strlen(record_get(record, "a")), AUDIT_LINE_MAX - 9);
    line[AUDIT_LINE_MAX - 3] = 'x';
    assert_int_equal(parse_bytes(line, AUDIT_LINE_MAX - 1), ERR_MALFORMED);
    memcpy(line, start_of_name, sizeof start_of_name - 1);
    assert_int_equal(parse_bytes(line, AUDIT_LINE_MAX - 1), ERR_MALFORMED);
    assert_int_equal(parse_bytes(line, AUDIT_LINE_MAX), ERR_TOO_BIG);
}

static void lines_of_the_agent(void **state)
{
    static const char user[] = "a\",\"decision\":\"allowed\"}\n\x1b[2J\xff\\";
    const struct purpose purpose = {.kind = PURPOSE_LOGIN,
                                    .user = {(const uint8_t *)user, sizeof user - 1}};
    const struct audit_record decision = {
        .qube = "dev", .purpose = &purpose, .proof = "none", .took_us = 17, .left_out = 3};
    char line[AUDIT_LINE_MAX];

    (void)state;
    assert_int_equal(audit_format(&decision, 0, line, sizeof line), OK);
    assert_int_equal(parse(line), OK);
    assert_string_equal(record_get(record, "qube"), "dev");
    assert_string_equal(record_get(record, "decision"), "refused");
    assert_string_equal(record_get(record, "user"), "a\",\"decision\":\"allowed\"}??[2J?\\");
    assert_string_equal(record_get(record, "proof"), "none");
    assert_string_equal(record_get(record, "took_us"), "17");
    assert_string_equal(record_get(record, "left_out"), "3");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),       cmocka_unit_test(escapes),
        cmocka_unit_test(cut_anywhere), cmocka_unit_test(not_such_an_object),
        cmocka_unit_test(caps),         cmocka_unit_test(lines_of_the_agent),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
