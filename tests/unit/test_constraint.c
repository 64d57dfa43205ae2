/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/constraint.c: reading restrict-destination-v00@openssh.com. */
#include "unit.h"

#include "constraint.h"
#include "constraint_bytes.h"

#define BODY_MAX (FRAME_MAX * 2)

/* One end of a hop, as it may go wrong. */
struct end_fields {
    const char *user;
    const char *host;
    const char *reserved;
    const char *key; /* NULL: none */
};

static const struct end_fields origin = {"", "", "", NULL};
static const struct end_fields host_a = {"", "host_a", "", HOST_A};
static const struct end_fields host_c = {"git", "host_c", "", HOST_C};

static unsigned countdown; /* 1: the next allocation fails */

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);

static bool fails(void)
{
    return countdown > 0 && --countdown == 0;
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n)
{
    return fails() ? NULL : __real_calloc(count, n);
}

static uint8_t body_bytes[BODY_MAX];
static uint8_t list_bytes[BODY_MAX];

static void put_wrapped(struct wire_writer *w, const struct wire_writer *inside)
{
    assert_int_equal(inside->err, OK);
    put_string(w, wire_written(inside));
}

static void put_end(struct wire_writer *w, const struct end_fields *end)
{
    put_text(w, end->user);
    put_text(w, end->host);
    put_text(w, end->reserved);
    if (end->key != NULL) {
        put_key(w, end->key, 0);
    }
}

static void put_constraint(struct wire_writer *w, const struct end_fields *from,
                           const struct end_fields *to, const char *reserved)
{
    uint8_t bytes[2048];
    uint8_t end_bytes[1024];
    struct wire_writer inside = wire_writer(bytes, sizeof bytes);
    struct wire_writer end = wire_writer(end_bytes, sizeof end_bytes);

    put_end(&end, from);
    put_wrapped(&inside, &end);
    end = wire_writer(end_bytes, sizeof end_bytes);
    put_end(&end, to);
    put_wrapped(&inside, &end);
    put_text(&inside, reserved);
    put_wrapped(w, &inside);
}

/* What ssh-add sent is one string; this is its inside. The caller frees *ret_body's data. */
static struct view captured_list(size_t i, struct view *ret_body)
{
    struct wire_reader r;
    struct view list;

    *ret_body = from_base64(captured[i].base64);
    r = wire_reader(ret_body->data, ret_body->len);
    list = wire_string(&r, FRAME_MAX);
    assert_int_equal(wire_end(&r), OK);
    return list;
}

/* Parses; what was made is freed, and nothing is made on an error. */
static enum err parse(struct view body)
{
    struct view copy = exact_copy(body.data, body.len);
    struct constraints *constraints = NULL;
    enum err err = constraints_parse(copy, &constraints);

    view_free(&copy);
    assert_int_equal(constraints != NULL, err == OK);
    constraints_free(&constraints);
    assert_null(constraints);
    return err;
}

static enum err parse_list(const struct wire_writer *list)
{
    assert_int_equal(list->err, OK);
    return parse(wire_written(list));
}

static enum err parse_one(const struct end_fields *from, const struct end_fields *to,
                          const char *reserved)
{
    struct wire_writer list = wire_writer(list_bytes, sizeof list_bytes);

    put_constraint(&list, from, to, reserved);
    return parse_list(&list);
}

static void test_real_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(captured); i++) {
        struct view body;
        struct view list = captured_list(i, &body);
        struct constraints *constraints = NULL;
        char text[200];

        assert_int_equal(constraints_parse(list, &constraints), OK);
        view_free(&body); /* it was copied */
        constraints_describe(constraints, text, sizeof text);
        assert_string_equal(text, captured[i].text);
        constraints_free(&constraints);
    }
}

/* The tests below change what the writer makes; here it makes what ssh-add sent. */
static void test_writer_is_right(void **state)
{
    struct view real = from_base64(captured[1].base64);
    struct wire_writer list = wire_writer(list_bytes, sizeof list_bytes);
    struct wire_writer w = wire_writer(body_bytes, sizeof body_bytes);

    (void)state;
    put_constraint(&list, &origin, &host_a, "");
    put_constraint(&list, &host_a, &host_c, "");
    put_wrapped(&w, &list);
    assert_view_equal(wire_written(&w), real);
    view_free(&real);
}

/* Cut off between two constraints it is shorter, and right. */
static void test_truncations_and_trailing(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(captured); i++) {
        struct view body;
        struct view list = captured_list(i, &body);
        struct wire_reader r = wire_reader(list.data, list.len);
        uint8_t *longer = malloc(list.len + 1);
        size_t whole = 0; /* where the last constraint that was read ends */

        for (size_t len = 0; len <= list.len; len++) {
            bool valid = len > 0 && len == whole;

            assert_int_equal(parse((struct view){list.data, len}), valid ? OK : ERR_MALFORMED);
            if (len == whole) {
                (void)wire_string(&r, FRAME_MAX);
                whole = list.len - r.left;
            }
        }
        assert_non_null(longer);
        memcpy(longer, list.data, list.len);
        longer[list.len] = 0;
        assert_int_equal(parse((struct view){longer, list.len + 1}), ERR_MALFORMED);
        free(longer);
        /* Nor is it the string with its length word. */
        assert_int_not_equal(parse(body), OK);
        view_free(&body);
    }
}

/* A constraint cut off inside, with a length word that is right for it. */
static void test_truncated_constraint(void **state)
{
    struct view body;
    struct view both = captured_list(1, &body);
    struct wire_reader r = wire_reader(both.data, both.len);

    (void)state;
    while (r.left > 0) {
        struct view one = wire_string(&r, FRAME_MAX);

        for (size_t len = 0; len <= one.len; len++) {
            struct wire_writer list = wire_writer(list_bytes, sizeof list_bytes);

            put_string(&list, (struct view){one.data, len});
            assert_int_equal(parse_list(&list), len == one.len ? OK : ERR_MALFORMED);
        }
    }
    assert_int_equal(r.err, OK);
    view_free(&body);
}

/* The two ends of a hop, cut off anywhere or with a byte too many. */
static void test_truncated_ends(void **state)
{
    uint8_t end_bytes[256] = {0};

    (void)state;
    for (int side = 0; side < 2; side++) {
        struct wire_writer end = wire_writer(end_bytes, sizeof end_bytes - 1);

        put_end(&end, &host_a);
        for (size_t len = 0; len <= end.len + 1; len++) {
            uint8_t bytes[1024];
            struct wire_writer inside = wire_writer(bytes, sizeof bytes);
            struct wire_writer list = wire_writer(list_bytes, sizeof list_bytes);
            struct view cut = {end_bytes, len};

            put_string(&inside, side == 0 ? cut : (struct view){end_bytes, end.len});
            put_string(&inside, side == 1 ? cut : (struct view){end_bytes, end.len});
            put_text(&inside, "");
            put_wrapped(&list, &inside);
            assert_int_equal(parse_list(&list), len == end.len ? OK : ERR_MALFORMED);
        }
    }
}

/* OpenSSH's agent adds no key whose constraints say something in a reserved field. */
static void test_reserved(void **state)
{
    const struct end_fields from = {"", "host_a", "r", HOST_A};
    const struct end_fields from_origin = {"", "", "r", NULL};
    const struct end_fields to = {"", "host_c", "r", HOST_C};

    (void)state;
    assert_int_equal(parse_one(&host_a, &host_c, ""), OK);
    assert_int_equal(parse_one(&host_a, &host_c, "r"), ERR_CONSTRAINT);
    assert_int_equal(parse_one(&from, &host_c, ""), ERR_CONSTRAINT);
    assert_int_equal(parse_one(&from_origin, &host_c, ""), ERR_CONSTRAINT);
    assert_int_equal(parse_one(&host_a, &to, ""), ERR_CONSTRAINT);
}

static void test_inconsistent(void **state)
{
    static const struct {
        struct end_fields from;
        struct end_fields to;
    } wrong[] = {
        {{"root", "host_a", "", HOST_A}, {"", "host_c", "", HOST_C}},
        {{"root", "", "", NULL}, {"", "host_c", "", HOST_C}},
        {{"", "host_a", "", NULL}, {"", "host_c", "", HOST_C}},
        {{"", "", "", HOST_A}, {"", "host_c", "", HOST_C}},
        {{"", "", "", NULL}, {"", "host_c", "", NULL}},
        {{"", "", "", NULL}, {"", "", "", HOST_C}},
        {{"", "", "", NULL}, {"", "", "", NULL}},
        {{"", "", "", NULL}, {"git", "", "", NULL}},
        /* Keys of a known type that are none: empty, a length too long, a byte too many. */
        {{"", "", "", NULL}, {"", "host_c", "", ""}},
        {{"", "", "", NULL}, {"", "host_c", "", "AAAAC3NzaC1lZDI1NTE5AAAAIIJtbZ6UZycU"}},
        {{"", "", "", NULL}, {"", "host_c", "", HOST_A "AAAA"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        assert_int_equal(parse_one(&wrong[i].from, &wrong[i].to, ""), ERR_MALFORMED);
    }
}

static void test_no_constraint_is_none(void **state)
{
    struct wire_writer list = wire_writer(list_bytes, sizeof list_bytes);

    (void)state;
    assert_int_equal(parse_list(&list), ERR_MALFORMED);
    assert_int_equal(parse((struct view){NULL, 0}), ERR_MALFORMED);
}

/* A constraint from the origin to a host of these names and keys. */
static enum err parse_to(struct view user, struct view host, struct view blob, size_t copies)
{
    static uint8_t bytes[BODY_MAX];
    static uint8_t to_bytes[BODY_MAX];
    struct wire_writer list = wire_writer(list_bytes, sizeof list_bytes);
    struct wire_writer inside = wire_writer(bytes, sizeof bytes);
    struct wire_writer to = wire_writer(to_bytes, sizeof to_bytes);

    put_string(&to, user);
    put_string(&to, host);
    put_text(&to, "");
    for (size_t i = 0; i < copies; i++) {
        put_string(&to, blob);
        put_u8(&to, 0);
    }
    put_string(&inside, (struct view){(const uint8_t[12]){0}, 12});
    put_wrapped(&inside, &to);
    put_text(&inside, "");
    put_wrapped(&list, &inside);
    return parse_list(&list);
}

static void test_nul_in_names(void **state)
{
    struct view blob = from_base64(HOST_A);
    struct view name = text_view("name");

    (void)state;
    assert_int_equal(parse_to(name, name, blob, 1), OK);
    for (size_t len = 1; len <= 4; len++) {
        struct view nul = {(const uint8_t *)"\0abc", len};
        struct view end = {(const uint8_t *)"abc", len};

        assert_int_equal(parse_to(nul, name, blob, 1), ERR_MALFORMED);
        assert_int_equal(parse_to(name, nul, blob, 1), ERR_MALFORMED);
        assert_int_equal(parse_to(end, name, blob, 1), len == 4 ? ERR_MALFORMED : OK);
        assert_int_equal(parse_to(name, end, blob, 1), len == 4 ? ERR_MALFORMED : OK);
    }
    view_free(&blob);
}

static void test_caps(void **state)
{
    static uint8_t long_name[257];
    static uint8_t long_blob[8193];
    struct view blob = from_base64(HOST_A);
    struct view name = text_view("name");
    struct wire_writer unknown = wire_writer(long_blob, sizeof long_blob);

    (void)state;
    memset(long_name, 'x', sizeof long_name);
    assert_int_equal(parse_to((struct view){long_name, 256}, name, blob, 1), OK);
    assert_int_equal(parse_to((struct view){long_name, 257}, name, blob, 1), ERR_TOO_BIG);
    assert_int_equal(parse_to(name, (struct view){long_name, 256}, blob, 1), OK);
    assert_int_equal(parse_to(name, (struct view){long_name, 257}, blob, 1), ERR_TOO_BIG);
    assert_int_equal(parse_to(name, name, blob, 64), OK);
    assert_int_equal(parse_to(name, name, blob, 65), ERR_TOO_BIG);
    view_free(&blob);

    /* A type of a later time stands in known_hosts beside those that we know. */
    put_text(&unknown, "ssh-future");
    assert_int_equal(parse_to(name, name, (struct view){long_blob, 8192}, 1), OK);
    assert_int_equal(parse_to(name, name, (struct view){long_blob, 8193}, 1), ERR_TOO_BIG);
}

static void test_number_of_constraints(void **state)
{
    struct wire_writer list = wire_writer(list_bytes, sizeof list_bytes);

    (void)state;
    for (size_t i = 0; i < 1024; i++) {
        put_constraint(&list, &origin, &host_a, "");
    }
    assert_int_equal(parse_list(&list), OK);
    put_constraint(&list, &origin, &host_a, "");
    assert_int_equal(parse_list(&list), ERR_TOO_BIG);
}

/* Whole names, or an ellipsis; never past the end; nothing that a terminal would obey. */
static void test_describe_fits(void **state)
{
    static const char whole[] = "host_a, host_a>git@host_c";
    struct view body;
    struct view list = captured_list(1, &body);
    struct constraints *constraints = NULL;

    (void)state;
    assert_int_equal(constraints_parse(list, &constraints), OK);
    for (size_t cap = 1; cap <= sizeof whole; cap++) {
        char *text = malloc(cap);

        assert_non_null(text);
        constraints_describe(constraints, text, cap);
        if (cap == sizeof whole) {
            assert_string_equal(text, whole);
        } else if (cap >= sizeof "host_a, ...") {
            assert_string_equal(text, "host_a, ...");
        } else {
            assert_memory_equal(text, "...", cap < 4 ? cap - 1 : 4);
        }
        free(text);
    }
    constraints_free(&constraints);
    view_free(&body);
}

static void test_describe_is_printable(void **state)
{
    const struct end_fields to = {"\x1b[31m", "\xc2\x9bhost", "", HOST_A};
    struct wire_writer list = wire_writer(list_bytes, sizeof list_bytes);
    struct constraints *constraints = NULL;
    char text[64];

    (void)state;
    put_constraint(&list, &origin, &to, "");
    assert_int_equal(constraints_parse(wire_written(&list), &constraints), OK);
    constraints_describe(constraints, text, sizeof text);
    assert_string_equal(text, "?[31m@??host");
    constraints_free(&constraints);
}

static void test_no_memory(void **state)
{
    struct view body;
    struct view list = captured_list(1, &body);
    struct constraints *constraints = NULL;

    (void)state;
    for (unsigned i = 1; i <= 2; i++) { /* what it is, and a copy of its bytes */
        countdown = i;
        assert_int_equal(constraints_parse(list, &constraints), ERR_NO_MEMORY);
        assert_int_equal(countdown, 0);
        assert_null(constraints);
    }
    countdown = 3;
    assert_int_equal(constraints_parse(list, &constraints), OK);
    countdown = 0;
    constraints_free(&constraints);
    view_free(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_real_bytes),
        cmocka_unit_test(test_writer_is_right),
        cmocka_unit_test(test_truncations_and_trailing),
        cmocka_unit_test(test_truncated_constraint),
        cmocka_unit_test(test_truncated_ends),
        cmocka_unit_test(test_reserved),
        cmocka_unit_test(test_inconsistent),
        cmocka_unit_test(test_no_constraint_is_none),
        cmocka_unit_test(test_nul_in_names),
        cmocka_unit_test(test_caps),
        cmocka_unit_test(test_number_of_constraints),
        cmocka_unit_test(test_describe_fits),
        cmocka_unit_test(test_describe_is_printable),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
