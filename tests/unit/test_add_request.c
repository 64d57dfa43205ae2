/* SPDX-License-Identifier: BSD-2-Clause */
/* keystore/add_request.c, on messages made of keys that ssh-keygen wrote (RFC 9987, 3.2). */
#include "add_request.h"
#include "openssh_key.h"

#define MESSAGE_MAX 8192
#define COMMENT     "caf\xe9 \1\xff"

static struct openssh_key keys[KINDS];
static struct view certificates[KINDS];

static int start(void **state)
{
    char file[64];

    (void)state;
    keygen_start();
    keygen_make_all();
    keygen_certify_all();
    for (size_t i = 0; i < KINDS; i++) {
        openssh_key_read(keygen_kinds[i].name, &keys[i]);
        snprintf(file, sizeof file, "%s-cert.pub", keygen_kinds[i].name);
        certificates[i] = keygen_blob(file);
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        openssh_key_free(&keys[i]);
        view_free(&certificates[i]);
    }
    keygen_stop();
    return 0;
}

static struct view comment(void)
{
    return (struct view){(const uint8_t *)COMMENT, sizeof COMMENT - 1};
}

/* Message number i of all: the plain keys, then the certificates. */
static struct view message(size_t i)
{
    static uint8_t bytes[MESSAGE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    if (i < KINDS) {
        put_add(&w, &keys[i], comment());
    } else {
        put_add_certificate(&w, &keys[i - KINDS], certificates[i - KINDS], comment());
    }
    assert_int_equal(w.err, OK);
    return wire_written(&w);
}

/* An error leaves what was there before. */
static enum err parse(struct view bytes, bool constrained)
{
    struct view copy = exact_copy(bytes.data, bytes.len);
    struct add_request add;
    struct add_request before;
    enum err err;

    memset(&add, 0x55, sizeof add);
    memcpy(&before, &add, sizeof add);
    err = add_request_parse(copy, constrained, &add);
    if (err != OK) {
        assert_memory_equal(&add, &before, sizeof add);
    }
    view_free(&copy);
    return err;
}

/* The private fields, each with its length, as they stand at the end of both forms. */
static struct view private_part(const struct openssh_key *key, uint8_t *room, size_t cap)
{
    const size_t first = key->fields == RSA_FIELDS     ? RSA_D
                         : key->fields == ECDSA_FIELDS ? ECDSA_D
                                                       : ED25519_SECRET;
    struct wire_writer w = wire_writer(room, cap);

    for (size_t i = first; i < key->fields; i++) {
        put_string(&w, key->field[i]);
    }
    assert_int_equal(w.err, OK);
    return wire_written(&w);
}

static void test_every_kind(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * KINDS; i++) {
        const struct keygen_kind *kind = &keygen_kinds[i % KINDS];
        uint8_t room[MESSAGE_MAX];
        uint8_t blob[MESSAGE_MAX];
        struct wire_writer w = wire_writer(blob, sizeof blob);
        struct add_request add;

        assert_int_equal(add_request_parse(message(i), false, &add), OK);
        assert_string_equal(add.public.type->name, kind->ssh_name);
        put_public_key(&w, &add.public);
        assert_view_equal(wire_written(&w), keys[i % KINDS].blob);
        assert_view_equal(add.certificate,
                          (i < KINDS ? (struct view){NULL, 0} : certificates[i - KINDS]));
        assert_view_equal(add.private_part, private_part(&keys[i % KINDS], room, sizeof room));
        assert_view_equal(add.comment, comment());
        assert_int_equal(add.life, 0);
        assert_false(add.has_life);
        assert_false(add.confirm);
        assert_int_equal(add.destinations.len, 0);
        assert_int_equal(parse(message(i), true), OK);
    }
}

static void test_every_truncation(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * KINDS; i++) {
        struct view whole = message(i);

        for (size_t len = 0; len < whole.len; len++) {
            assert_int_equal(parse((struct view){whole.data, len}, false), ERR_MALFORMED);
            assert_int_equal(parse((struct view){whole.data, len}, true), ERR_MALFORMED);
        }
    }
}

/* ADD_IDENTITY ends with the comment; what looks like constraints is no part of it. */
static void test_bytes_after_an_unconstrained_add(void **state)
{
    static const struct {
        uint8_t bytes[8];
        size_t len;
    } tails[] = {{{0}, 1}, {{1, 0, 0, 0, 60}, 5}, {{2}, 1}, {{255, 0, 0, 0, 1, 'x'}, 6}};

    (void)state;
    for (size_t i = 0; i < 2 * KINDS; i++) {
        for (size_t j = 0; j < COUNT(tails); j++) {
            uint8_t bytes[MESSAGE_MAX + 8];
            struct view whole = message(i);

            memcpy(bytes, whole.data, whole.len);
            memcpy(bytes + whole.len, tails[j].bytes, tails[j].len);
            assert_int_equal(parse((struct view){bytes, whole.len + tails[j].len}, false),
                             ERR_MALFORMED);
        }
    }
}

#define HOP      "\xff\0\0\0\x24restrict-destination-v00@openssh.com"
#define HOP_AB   HOP "\0\0\0\2ab"
#define NAME_SK  "\xff\0\0\0\x17sk-provider@openssh.com"
#define BYTES(s) s, sizeof(s) - 1

/* RFC 9987, section 5.2: numbers; a constraint that is not kept fails the add. */
static const struct {
    const char *bytes;
    size_t len;
    enum err err;
    bool has_life;
    uint32_t life;
    bool confirm;
} constraints[] = {
    {BYTES(""), OK, false, 0, false},
    {BYTES("\1\0\0\0\x3c"), OK, true, 60, false},
    {BYTES("\1\0\0\0\0"), OK, true, 0, false},
    {BYTES("\1\xff\xff\xff\xff"), OK, true, UINT32_MAX, false},
    {BYTES("\2"), OK, false, 0, true},
    {BYTES("\1\0\0\1\0\2"), OK, true, 256, true},
    {BYTES("\2\1\0\0\1\0"), OK, true, 256, true},
    /* cut short */
    {BYTES("\1"), ERR_MALFORMED, false, 0, false},
    {BYTES("\1\0\0\0"), ERR_MALFORMED, false, 0, false},
    {BYTES("\2\1\0\0"), ERR_MALFORMED, false, 0, false},
    {BYTES("\xff"), ERR_MALFORMED, false, 0, false},
    {BYTES("\xff\0\0\0\4abc"), ERR_MALFORMED, false, 0, false},
    {BYTES("\xff\xff\xff\xff\xff"), ERR_MALFORMED, false, 0, false},
    /* twice */
    {BYTES("\1\0\0\0\x3c\1\0\0\0\x3c"), ERR_MALFORMED, false, 0, false},
    {BYTES("\1\0\0\0\0\1\0\0\0\x3c"), ERR_MALFORMED, false, 0, false},
    {BYTES("\2\2"), ERR_MALFORMED, false, 0, false},
    {BYTES("\2\1\0\0\0\x3c\2"), ERR_MALFORMED, false, 0, false},
    {BYTES(HOP_AB HOP_AB), ERR_MALFORMED, false, 0, false},
    {BYTES(HOP_AB "\2" HOP "\0\0\0\0"), ERR_MALFORMED, false, 0, false},
    /* destinations that are no string of some bytes */
    {BYTES(HOP), ERR_MALFORMED, false, 0, false},
    {BYTES(HOP "\0\0\0"), ERR_MALFORMED, false, 0, false},
    {BYTES(HOP "\0\0\0\3ab"), ERR_MALFORMED, false, 0, false},
    {BYTES(HOP "\xff\xff\xff\xffxy"), ERR_MALFORMED, false, 0, false},
    {BYTES(HOP "\0\0\0\0"), ERR_MALFORMED, false, 0, false},
    /* not supported */
    {BYTES("\xff\0\0\0\0"), ERR_CONSTRAINT, false, 0, false},
    {BYTES("\xff\0\0\0\4name"), ERR_CONSTRAINT, false, 0, false},
    {BYTES("\xff\0\0\0\4name\1\0\0\0\x3c"), ERR_CONSTRAINT, false, 0, false},
    {BYTES("\2\xff\0\0\0\4name"), ERR_CONSTRAINT, false, 0, false},
    {BYTES(HOP_AB "\xff\0\0\0\4name"), ERR_CONSTRAINT, false, 0, false},
    {BYTES("\xff\0\0\0\x24restrict-destination-v01@openssh.com\0\0\0\2ab"), ERR_CONSTRAINT, false,
     0, false},
    {BYTES(NAME_SK "\0\0\0\10internal"), ERR_CONSTRAINT_SK, false, 0, false},
    {BYTES("\2" NAME_SK "\0\0\0\10internal"), ERR_CONSTRAINT_SK, false, 0, false},
    {BYTES("\0"), ERR_CONSTRAINT, false, 0, false},
    {BYTES("\3"), ERR_CONSTRAINT, false, 0, false}, /* XMSS's maxsign */
    {BYTES("\2\0"), ERR_CONSTRAINT, false, 0, false},
    {BYTES("\1\0\0\0\x3c\4"), ERR_CONSTRAINT, false, 0, false},
};

static void test_each_constraint(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * KINDS; i++) {
        for (size_t j = 0; j < COUNT(constraints); j++) {
            uint8_t bytes[MESSAGE_MAX + 128];
            struct view whole = message(i);
            struct add_request add;

            memcpy(bytes, whole.data, whole.len);
            memcpy(bytes + whole.len, constraints[j].bytes, constraints[j].len);
            whole = (struct view){bytes, whole.len + constraints[j].len};
            assert_int_equal(parse(whole, true), constraints[j].err);
            if (constraints[j].err != OK) {
                continue;
            }
            assert_int_equal(add_request_parse(whole, true, &add), OK);
            assert_int_equal(add.has_life, constraints[j].has_life);
            assert_int_equal(add.life, constraints[j].life);
            assert_int_equal(add.confirm, constraints[j].confirm);
            assert_int_equal(add.destinations.len, 0);
        }
    }
}

/* They go through as they are: what is in them is the agent's to read. */
static void test_destinations(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool others;
    } kept[] = {
        {BYTES(HOP_AB), false},
        {BYTES("\1\0\0\0\x3c\2" HOP_AB), true},
        {BYTES(HOP_AB "\2\1\0\0\0\x3c"), true},
        {BYTES("\2" HOP_AB "\1\0\0\0\x3c"), true},
    };

    (void)state;
    for (size_t i = 0; i < 2 * KINDS; i++) {
        for (size_t j = 0; j < COUNT(kept); j++) {
            uint8_t bytes[MESSAGE_MAX + 128];
            struct view whole = message(i);
            struct add_request add;

            memcpy(bytes, whole.data, whole.len);
            memcpy(bytes + whole.len, kept[j].bytes, kept[j].len);
            whole = (struct view){bytes, whole.len + kept[j].len};
            assert_int_equal(parse(whole, false), ERR_MALFORMED);
            assert_int_equal(add_request_parse(whole, true, &add), OK);
            assert_view_is(add.destinations, "ab");
            assert_int_equal(add.life, kept[j].others ? 60 : 0);
            assert_int_equal(add.has_life, kept[j].others);
            assert_int_equal(add.confirm, kept[j].others);
        }
    }
}

static void test_every_other_constraint_number(void **state)
{
    (void)state;
    for (unsigned number = 0; number < 255; number++) {
        uint8_t bytes[MESSAGE_MAX];
        struct view whole = message(0);

        if (number == 1 || number == 2) {
            continue;
        }
        memcpy(bytes, whole.data, whole.len);
        memset(bytes + whole.len, 0, 8);
        bytes[whole.len] = (uint8_t)number;
        assert_int_equal(parse((struct view){bytes, whole.len + 1}, true), ERR_CONSTRAINT);
        assert_int_equal(parse((struct view){bytes, whole.len + 8}, true), ERR_CONSTRAINT);
    }
}

/* The error of a message made of this key with one field replaced. */
static enum err parse_with(size_t kind, size_t field, struct view value)
{
    uint8_t bytes[2 * MESSAGE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct openssh_key changed = keys[kind];

    changed.field[field] = value;
    put_add(&w, &changed, comment());
    assert_int_equal(w.err, OK);
    return parse(wire_written(&w), false);
}

static void test_ed25519_sizes(void **state)
{
    static const uint8_t zeros[70];

    (void)state;
    for (size_t len = 0; len <= sizeof zeros; len++) {
        assert_int_equal(parse_with(0, ED25519_PUBLIC, (struct view){zeros, len}),
                         len == 32  ? OK
                         : len < 32 ? ERR_KEY_INVALID
                                    : ERR_TOO_BIG);
        assert_int_equal(parse_with(0, ED25519_SECRET, (struct view){zeros, len}),
                         len == 64  ? OK
                         : len < 64 ? ERR_KEY_INVALID
                                    : ERR_TOO_BIG);
    }
}

static void test_rsa_numbers(void **state)
{
    static uint8_t number[MPINT_MAX + 1] = {1};
    const struct view negative = {(const uint8_t[]){0xff}, 1};
    const struct view padded = {(const uint8_t[]){0, 1}, 2};

    (void)state;
    for (size_t field = 0; field < RSA_FIELDS; field++) {
        assert_int_equal(parse_with(1, field, negative), ERR_MALFORMED);
        assert_int_equal(parse_with(1, field, padded), ERR_MALFORMED);
        assert_int_equal(parse_with(1, field, (struct view){number, MPINT_MAX}), OK);
        assert_int_equal(parse_with(1, field, (struct view){number, MPINT_MAX + 1}), ERR_TOO_BIG);
        assert_int_equal(parse_with(1, field, (struct view){number, 0}),
                         field == RSA_N || field == RSA_E ? ERR_KEY_INVALID : OK);
    }
}

static void test_ecdsa_fields(void **state)
{
    static uint8_t bytes[68] = {1};

    (void)state;
    for (size_t kind = 2; kind < KINDS; kind++) {
        const size_t point_len = keys[kind].field[ECDSA_POINT].len;
        const size_t field = (point_len - 1) / 2;
        uint8_t point[134] = {0};

        assert_int_equal(parse_with(kind, ECDSA_CURVE, text_view("nistp224")), ERR_KEY_INVALID);
        assert_int_equal(parse_with(kind, ECDSA_CURVE, keys[kind == 2 ? 3 : 2].field[ECDSA_CURVE]),
                         ERR_KEY_INVALID);
        memcpy(point, keys[kind].field[ECDSA_POINT].data, point_len);
        assert_int_equal(parse_with(kind, ECDSA_POINT, (struct view){point, point_len - 1}),
                         ERR_KEY_INVALID);
        assert_int_equal(parse_with(kind, ECDSA_POINT, (struct view){point, point_len + 1}),
                         ERR_TOO_BIG);
        point[0] = 2;
        assert_int_equal(parse_with(kind, ECDSA_POINT, (struct view){point, point_len}),
                         ERR_KEY_INVALID);
        assert_int_equal(parse_with(kind, ECDSA_D, (struct view){bytes, field + 1}), OK);
        assert_int_equal(parse_with(kind, ECDSA_D, (struct view){bytes, field + 2}), ERR_TOO_BIG);
        bytes[0] = 0x80;
        assert_int_equal(parse_with(kind, ECDSA_D, (struct view){bytes, field}), ERR_MALFORMED);
        bytes[0] = 1;
    }
}

static enum err parse_certificate(const char *type, struct view certificate, size_t kind)
{
    uint8_t bytes[MESSAGE_MAX];
    uint8_t room[MESSAGE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct view fields = private_part(&keys[kind], room, sizeof room);

    put_text(&w, type);
    put_string(&w, certificate);
    if (kind == 0) {
        put_string(&w, keys[0].field[ED25519_PUBLIC]);
    }
    put_bytes(&w, fields.data, fields.len);
    put_string(&w, comment());
    assert_int_equal(w.err, OK);
    return parse(wire_written(&w), false);
}

static void test_certificates(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        const char *type = keygen_kinds[i].cert_name;
        const size_t other = (i + 1) % KINDS;
        uint8_t longer[MESSAGE_MAX] = {0};

        assert_int_equal(parse_certificate(type, certificates[i], i), OK);
        assert_int_equal(parse_certificate(type, certificates[other], i), ERR_MALFORMED);
        assert_int_equal(parse_certificate(type, keys[i].blob, i), ERR_MALFORMED);
        assert_int_equal(parse_certificate(type, (struct view){longer, 0}, i), ERR_MALFORMED);
        memcpy(longer, certificates[i].data, certificates[i].len);
        assert_int_equal(parse_certificate(type, (struct view){longer, certificates[i].len + 1}, i),
                         ERR_MALFORMED);
        assert_int_equal(parse_certificate(type, (struct view){longer, certificates[i].len - 1}, i),
                         ERR_MALFORMED);
    }
}

/* ed25519 has its public key beside the certificate; both must be the same. */
static void test_ed25519_certificate_of_another_key(void **state)
{
    uint8_t bytes[MESSAGE_MAX];
    uint8_t public[32];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct openssh_key changed = keys[0];

    (void)state;
    memcpy(public, changed.field[ED25519_PUBLIC].data, sizeof public);
    public[31] ^= 1;
    changed.field[ED25519_PUBLIC].data = public;
    put_add_certificate(&w, &changed, certificates[0], comment());
    assert_int_equal(parse(wire_written(&w), false), ERR_KEY_MISMATCH);
}

static void test_refused_types(void **state)
{
    static const struct {
        const char *name;
        enum err err;
    } refused[] = {
        {"ssh-dss", ERR_KEY_DSA},
        {"ssh-dss-cert-v01@openssh.com", ERR_KEY_DSA},
        {"sk-ssh-ed25519@openssh.com", ERR_KEY_SK},
        {"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", ERR_KEY_SK},
        {"ssh-ed448", ERR_KEY_TYPE},
        {"", ERR_KEY_TYPE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        uint8_t bytes[MESSAGE_MAX];
        struct wire_writer w = wire_writer(bytes, sizeof bytes);

        put_text(&w, refused[i].name);
        assert_int_equal(parse(wire_written(&w), false), refused[i].err);
        put_text(&w, "whatever a key of this type has");
        assert_int_equal(parse(wire_written(&w), true), refused[i].err);
    }
}

static void test_longest_comment(void **state)
{
    uint8_t *bytes = calloc(1, FRAME_MAX);
    struct wire_writer w = wire_writer(bytes, FRAME_MAX);
    struct add_request add;
    size_t len;

    (void)state;
    assert_non_null(bytes);
    put_add(&w, &keys[0], (struct view){NULL, 0});
    len = FRAME_MAX - w.len;
    memset(bytes + w.len, 'c', len);
    store_u32(bytes + w.len - 4, (uint32_t)len);
    assert_int_equal(add_request_parse((struct view){bytes, FRAME_MAX}, false, &add), OK);
    assert_int_equal(add.comment.len, len);
    store_u32(bytes + w.len - 4, (uint32_t)len + 1);
    assert_int_equal(parse((struct view){bytes, FRAME_MAX}, false), ERR_MALFORMED);
    free(bytes);
}

/* One such comment, and no client of OpenSSH reads the list any more. */
static void test_a_comment_with_a_nul(void **state)
{
    static const uint8_t comments[][3] = {{0, 'b', 'c'}, {'a', 0, 'c'}, {'a', 'b', 0}};
    uint8_t bytes[MESSAGE_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof comments / sizeof comments[0]; i++) {
        struct wire_writer w = wire_writer(bytes, sizeof bytes);

        put_add(&w, &keys[0], (struct view){comments[i], sizeof comments[i]});
        assert_int_equal(parse(wire_written(&w), false), ERR_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_bytes_after_an_unconstrained_add),
        cmocka_unit_test(test_each_constraint),
        cmocka_unit_test(test_destinations),
        cmocka_unit_test(test_every_other_constraint_number),
        cmocka_unit_test(test_ed25519_sizes),
        cmocka_unit_test(test_rsa_numbers),
        cmocka_unit_test(test_ecdsa_fields),
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_ed25519_certificate_of_another_key),
        cmocka_unit_test(test_refused_types),
        cmocka_unit_test(test_longest_comment),
        cmocka_unit_test(test_a_comment_with_a_nul),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
