/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decoders of agent/constraint.c and bind.c; fuzz_destinations.c tests what they lead to. An
 * input is a byte that says how long the list of constraints is (in 1/255 of what follows), the
 * list, and then the bodies of binds, as strings.
 */
#include "fuzz.h"

#include "constraint_fields.h"

#define NOW      1700000000U
#define LIST_MAX 65536U

static size_t end_size(const struct end *end, struct view user)
{
    return 4 + user.len + 4 + end->host.len + 4 + end->keys.len;
}

static void put_end(struct wire_writer *w, const struct end *end, struct view user)
{
    put_u32(w, (uint32_t)end_size(end, user));
    put_string(w, user);
    put_string(w, end->host);
    put_text(w, "");
    put_bytes(w, end->keys.data, end->keys.len);
}

/* What was read is written once more, and must be the bytes that were read. */
static void check_list(const struct constraints *constraints, struct view list)
{
    static uint8_t bytes[LIST_MAX];
    static const struct view nobody;
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    CHECK(constraints->count >= 1 && constraints->count <= CONSTRAINTS_MAX);
    for (size_t i = 0; i < constraints->count; i++) {
        const struct constraint *one = &constraints->list[i];

        CHECK(one->user.len <= USER_MAX);
        CHECK(one->to.host.len > 0 && one->to.host.len <= HOST_MAX && one->to.keys.len > 0);
        CHECK((one->from.host.len == 0) == (one->from.keys.len == 0));
        put_u32(&w, (uint32_t)(4 + end_size(&one->from, nobody) + 4 +
                               end_size(&one->to, one->user) + 4));
        put_end(&w, &one->from, nobody);
        put_end(&w, &one->to, one->user);
        put_text(&w, "");
    }
    CHECK(w.err == OK && view_equal(wire_written(&w), list));
}

static void check_described(const struct constraints *constraints, size_t cap)
{
    char text[512];

    memset(text, 'T', sizeof text);
    constraints_describe(constraints, text, cap);
    CHECK(is_printable(text, cap));
    CHECK(is_untouched(text + cap, 'T', sizeof text - cap));
    CHECK(cap < 8 || text[0] != '\0');
}

static struct constraints *parse(struct view list)
{
    static uint8_t nothing;
    struct constraints *const untouched = (void *)&nothing;
    struct constraints *constraints = untouched;
    struct view copy = view_copy(list);
    enum err err = constraints_parse(copy, &constraints);

    view_free(&copy); /* nothing may point there */
    if (err != OK) {
        CHECK(err == ERR_MALFORMED || err == ERR_TOO_BIG || err == ERR_CONSTRAINT);
        CHECK(constraints == untouched);
        return NULL;
    }
    check_list(constraints, list);
    check_described(constraints, 512);
    check_described(constraints, 8 + list.len % 100);
    return constraints;
}

/* A bind that is refused changes nothing else, and is the last. */
static void bind(struct bindings *bindings, struct view body)
{
    struct view copy = view_copy(body);
    size_t before = bindings->count;
    bool failed = bindings->failed;
    enum err err = bind_record(bindings, copy);
    bool recorded = err == OK || err == ERR_KEY_TYPE || err == ERR_KEY_DSA || err == ERR_KEY_SK;
    const struct binding *last;

    view_free(&copy);
    CHECK(bindings->failed == (failed || !recorded));
    CHECK(!failed || err == ERR_BOUND);
    CHECK(bindings->count >= before && bindings->count <= before + recorded);
    CHECK(bindings->count <= BINDINGS_MAX);
    if (bindings->count == before) {
        return;
    }
    last = &bindings->binding[before];
    CHECK(last->verified == (err == OK));
    CHECK(last->session_id_len >= 1 && last->session_id_len <= SESSION_ID_MAX);
    CHECK(last->host_key.len <= HOST_KEY_MAX);
    CHECK(memmem(body.data, body.len, last->host_key.data, last->host_key.len));
    CHECK(memmem(body.data, body.len, last->session_id, last->session_id_len));
    CHECK(before == 0 || bindings->binding[before - 1].forwarding);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct view user = {(const uint8_t *)"root", 4};
    static struct bindings bindings;
    struct constraints *constraints;
    struct wire_reader r = wire_reader(data, size);
    size_t part = wire_u8(&r);

    if (size == 0 || size > LIST_MAX) {
        return 0;
    }
    part = r.left * part / 255;
    constraints = parse(wire_bytes(&r, part));
    while (r.err == OK && r.left > 0) {
        struct view body = wire_string(&r, FRAME_MAX);

        if (r.err == OK) {
            bind(&bindings, body);
        }
        CHECK(!constraints_permit(constraints, &bindings, &user, NOW) ||
              constraints_permit(constraints, &bindings, NULL, NOW));
        CHECK(constraints == NULL || !bindings.failed ||
              !constraints_permit(constraints, &bindings, NULL, NOW));
    }
    bindings_clear(&bindings);
    CHECK(bindings.count == 0 && !bindings.failed);
    constraints_free(&constraints);
    return 0;
}
