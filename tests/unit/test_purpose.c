/* SPDX-License-Identifier: BSD-2-Clause */
/* include/purpose.h, on all that is not quite a login or an SSHSIG. */
#include "keygen.h"
#include "purpose.h"

#define DATA_MAX ((size_t)2 * 1024 * 1024)

#define HOSTBOUND_METHOD "publickey-hostbound-v00@openssh.com"

enum { ED25519, RSA, ECDSA256, ECDSA384, ECDSA521 };

static struct view plain[KINDS];
static struct view certificates[KINDS];
static struct view another; /* ed25519, too */
static uint8_t *room;       /* DATA_MAX bytes */

static int start(void **state)
{
    char file[64];

    (void)state;
    keygen_start();
    keygen_make_all();
    keygen_make("another", "ed25519", "256");
    keygen_certify_all();
    for (size_t i = 0; i < KINDS; i++) {
        snprintf(file, sizeof file, "%s.pub", keygen_kinds[i].name);
        plain[i] = keygen_blob(file);
        snprintf(file, sizeof file, "%s-cert.pub", keygen_kinds[i].name);
        certificates[i] = keygen_blob(file);
    }
    another = keygen_blob("another.pub");
    room = malloc(DATA_MAX);
    return room == NULL ? -1 : 0;
}

static int stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        view_free(&plain[i]);
        view_free(&certificates[i]);
    }
    view_free(&another);
    free(room);
    keygen_stop();
    return 0;
}

/* The purpose of an exactly sized copy: its views are good until the next call. */
static struct purpose parse(struct view data, struct view key_blob)
{
    static struct view copy;

    view_free(&copy);
    copy = exact_copy(data.data, data.len);
    return purpose_parse(copy, key_blob);
}

static void assert_opaque(struct purpose purpose)
{
    assert_int_equal(purpose.kind, PURPOSE_OPAQUE);
    assert_int_equal(purpose.session_id.len + purpose.user.len + purpose.algorithm.len +
                         purpose.host_key.len + purpose.name_space.len + purpose.hash_algorithm.len,
                     0);
}

enum field { SESSION, MESSAGE, USER, SERVICE, METHOD, BOOL, ALGORITHM, BLOB, HOST, END, FIELDS };

static bool is_string(enum field field)
{
    return field != MESSAGE && field != BOOL && field != END;
}

struct login {
    struct view field[FIELDS];
};

static struct login good_login(bool hostbound)
{
    return (struct login){{
        [SESSION] = text_view("0123456789abcdef0123456789abcdef"),
        [MESSAGE] = text_view("2"), /* 50 in ASCII */
        [USER] = text_view("alice"),
        [SERVICE] = text_view("ssh-connection"),
        [METHOD] = text_view(hostbound ? HOSTBOUND_METHOD : "publickey"),
        [BOOL] = text_view("\1"),
        [ALGORITHM] = text_view("ssh-ed25519"),
        [BLOB] = plain[ED25519],
        [HOST] = hostbound ? another : (struct view){0},
    }};
}

static struct view write_login(const struct login *login, bool hostbound)
{
    struct wire_writer w = wire_writer(room, DATA_MAX);

    for (enum field field = 0; field < FIELDS; field++) {
        if (field == HOST && !hostbound) {
            continue;
        }
        if (is_string(field)) {
            put_string(&w, login->field[field]);
        } else {
            put_bytes(&w, login->field[field].data, login->field[field].len);
        }
    }
    assert_int_equal(w.err, OK);
    return wire_written(&w);
}

static enum purpose_kind kind_of(const struct login *login, bool hostbound, struct view key_blob)
{
    struct purpose purpose = parse(write_login(login, hostbound), key_blob);

    if (purpose.kind == PURPOSE_LOGIN) {
        assert_view_equal(purpose.session_id, login->field[SESSION]);
        assert_view_equal(purpose.user, login->field[USER]);
        assert_view_equal(purpose.algorithm, login->field[ALGORITHM]);
        assert_view_equal(purpose.host_key, login->field[HOST]);
    } else {
        assert_opaque(purpose);
    }
    return purpose.kind;
}

static void test_changed_fields(void **state)
{
    static const struct {
        struct view bytes;
        enum field field;
        bool is_login;
    } cases[] = {
#define CASE(field, text, is_login) {{(const uint8_t *)(text), sizeof(text) - 1}, field, is_login}
        CASE(SESSION, "", false),
        CASE(SESSION, "x", true),
        CASE(MESSAGE, "\x32", true),
        CASE(MESSAGE, "\x33", false),
        CASE(MESSAGE, "\0", false),
        CASE(MESSAGE, "\x0d", false),
        CASE(USER, "", true),
        CASE(USER, "a\0b\n\x1b[2J<b>\xe2\xff", true), /* whoever shows it cleans it */
        CASE(SERVICE, "", false),
        CASE(SERVICE, "ssh-userauth", false),
        CASE(SERVICE, "ssh-connection ", false),
        CASE(SERVICE, "ssh-connectio", false),
        CASE(SERVICE, "ssh-connection\0", false),
        CASE(SERVICE, "SSH-connection", false),
        CASE(METHOD, "", false),
        CASE(METHOD, "password", false),
        CASE(METHOD, "hostbased", false),
        CASE(METHOD, "publickey\0", false),
        CASE(METHOD, "publickey-hostbound", false),
        CASE(METHOD, "publickey-hostbound-v01@openssh.com", false),
        CASE(BOOL, "\0", false),
        CASE(BOOL, "\2", false),
        CASE(BOOL, "\xff", false),
        CASE(BOOL, "", false),
        CASE(ALGORITHM, "", false),
        CASE(ALGORITHM, "ssh-rsa", false),
        CASE(ALGORITHM, "ssh-ed25519\0", false),
        CASE(ALGORITHM, "ssh-ed25519-cert-v01@openssh.com", false),
        CASE(ALGORITHM, "sk-ssh-ed25519@openssh.com", false),
        CASE(BLOB, "", false),
        CASE(BLOB, "ssh-ed25519", false),
        CASE(END, "\0", false),
        CASE(END, "\0\0\0\0", false),
#undef CASE
    };

    (void)state;
    for (int hostbound = 0; hostbound < 2; hostbound++) {
        struct login login = good_login(hostbound);

        assert_int_equal(kind_of(&login, hostbound, plain[ED25519]), PURPOSE_LOGIN);
        for (size_t i = 0; i < COUNT(cases); i++) {
            login = good_login(hostbound);
            login.field[cases[i].field] = cases[i].bytes;
            if (kind_of(&login, hostbound, plain[ED25519]) !=
                (cases[i].is_login ? PURPOSE_LOGIN : PURPOSE_OPAQUE)) {
                fail_msg("case %zu, hostbound %d", i, hostbound);
            }
        }
    }
}

/* The method and the host key need each other. */
static void test_method_and_host_key(void **state)
{
    struct login login = good_login(true);

    (void)state;
    assert_opaque(parse(write_login(&login, false), plain[ED25519])); /* the host key is missing */
    login.field[HOST] = (struct view){0};
    assert_int_equal(kind_of(&login, true, plain[ED25519]), PURPOSE_OPAQUE); /* is empty */
    login = good_login(false);
    login.field[HOST] = another;
    assert_opaque(parse(write_login(&login, true), plain[ED25519])); /* is too much */
}

static void test_lengths(void **state)
{
    static const struct {
        enum field field;
        size_t max;
    } cases[] = {{SESSION, SESSION_ID_MAX}, {USER, USER_MAX}, {HOST, HOST_KEY_MAX}};
    static uint8_t bytes[1 << 20];

    (void)state;
    memset(bytes, 'a', sizeof bytes);
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (int hostbound = 0; hostbound < 2; hostbound++) {
            struct login login = good_login(hostbound);

            if (cases[i].field == HOST && !hostbound) {
                continue;
            }
            login.field[cases[i].field] = (struct view){bytes, cases[i].max};
            assert_int_equal(kind_of(&login, hostbound, plain[ED25519]), PURPOSE_LOGIN);
            login.field[cases[i].field].len++;
            assert_int_equal(kind_of(&login, hostbound, plain[ED25519]), PURPOSE_OPAQUE);
            login.field[cases[i].field].len = sizeof bytes;
            assert_int_equal(kind_of(&login, hostbound, plain[ED25519]), PURPOSE_OPAQUE);
        }
    }
}

/* A length word that is not the length. */
static void test_lying_lengths(void **state)
{
    struct login login = good_login(true);
    size_t len = write_login(&login, true).len;
    size_t at = 0;

    (void)state;
    for (enum field field = 0; field < FIELDS; field++) {
        uint32_t right = (uint32_t)login.field[field].len;
        const uint32_t wrong[] = {0, right - 1, right + 1, right + 4, 0x7fffffff, UINT32_MAX};

        if (is_string(field)) {
            for (size_t i = 0; i < COUNT(wrong); i++) {
                store_u32(room + at, wrong[i]);
                assert_opaque(parse((struct view){room, len}, plain[ED25519]));
            }
            store_u32(room + at, right);
            at += 4;
        }
        at += right;
    }
    assert_int_equal(at, len);
    assert_int_equal(parse((struct view){room, len}, plain[ED25519]).kind, PURPOSE_LOGIN);
}

/* A certificate in the data or of the request: it is one key pair. */
static void test_certificates(void **state)
{
    (void)state;
    for (size_t i = 0; i < KINDS; i++) {
        for (int in_data = 0; in_data < 2; in_data++) {
            struct login login = good_login(true);

            login.field[BLOB] = in_data ? certificates[i] : plain[i];
            login.field[ALGORITHM] =
                text_view(in_data ? keygen_kinds[i].cert_name : keygen_kinds[i].ssh_name);
            assert_int_equal(kind_of(&login, true, plain[i]), PURPOSE_LOGIN);
            assert_int_equal(kind_of(&login, true, certificates[i]), PURPOSE_LOGIN);
            for (size_t k = 0; k < KINDS; k++) {
                if (k != i) {
                    assert_int_equal(kind_of(&login, true, plain[k]), PURPOSE_OPAQUE);
                    assert_int_equal(kind_of(&login, true, certificates[k]), PURPOSE_OPAQUE);
                }
            }
            assert_int_equal(kind_of(&login, true, another), PURPOSE_OPAQUE);
        }
    }
}

/* The same point as a key of another curve, or bytes after the key. */
static void test_wrong_blobs(void **state)
{
    struct login login = good_login(false);
    uint8_t bytes[128] = {0};

    (void)state;
    memcpy(bytes, plain[ED25519].data, plain[ED25519].len);
    login.field[BLOB] = (struct view){bytes, plain[ED25519].len};
    assert_int_equal(kind_of(&login, false, plain[ED25519]), PURPOSE_LOGIN);
    login.field[BLOB].len++;
    assert_int_equal(kind_of(&login, false, plain[ED25519]), PURPOSE_OPAQUE);
    login.field[BLOB].len -= 2;
    assert_int_equal(kind_of(&login, false, plain[ED25519]), PURPOSE_OPAQUE);
    login.field[BLOB].len++;
    bytes[plain[ED25519].len - 1] ^= 1;
    assert_int_equal(kind_of(&login, false, plain[ED25519]), PURPOSE_OPAQUE);
    /* Equal, and no key at all: nobody could say what the algorithm should be. */
    login.field[BLOB] = text_view("key");
    login.field[ALGORITHM] = text_view("key");
    assert_int_equal(kind_of(&login, false, text_view("key")), PURPOSE_OPAQUE);
}

static void test_algorithms(void **state)
{
    static const char *const algorithms[] = {
        "ssh-rsa",
        "rsa-sha2-256",
        "rsa-sha2-512",
        "ssh-rsa-cert-v01@openssh.com",
        "rsa-sha2-256-cert-v01@openssh.com",
        "rsa-sha2-512-cert-v01@openssh.com",
        "ssh-ed25519",
        "ssh-ed25519-cert-v01@openssh.com",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp256-cert-v01@openssh.com",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp384-cert-v01@openssh.com",
        "ecdsa-sha2-nistp521",
        "ecdsa-sha2-nistp521-cert-v01@openssh.com",
        "ssh-dss",
        "rsa-sha2-256@ssh.com",
    };
    static const char *const good_plain[KINDS] = {
        [ED25519] = ",ssh-ed25519,",          [RSA] = ",ssh-rsa,rsa-sha2-256,rsa-sha2-512,",
        [ECDSA256] = ",ecdsa-sha2-nistp256,", [ECDSA384] = ",ecdsa-sha2-nistp384,",
        [ECDSA521] = ",ecdsa-sha2-nistp521,",
    };
    static const char *const good_certificate[KINDS] = {
        [ED25519] = ",ssh-ed25519-cert-v01@openssh.com,",
        [RSA] = (",ssh-rsa-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com,"
                 "rsa-sha2-512-cert-v01@openssh.com,"),
        [ECDSA256] = ",ecdsa-sha2-nistp256-cert-v01@openssh.com,",
        [ECDSA384] = ",ecdsa-sha2-nistp384-cert-v01@openssh.com,",
        [ECDSA521] = ",ecdsa-sha2-nistp521-cert-v01@openssh.com,",
    };

    (void)state;
    for (size_t k = 0; k < KINDS; k++) {
        for (size_t a = 0; a < COUNT(algorithms); a++) {
            struct login login = good_login(true);
            char word[64];

            snprintf(word, sizeof word, ",%s,", algorithms[a]);
            login.field[ALGORITHM] = text_view(algorithms[a]);
            login.field[BLOB] = plain[k];
            assert_int_equal(kind_of(&login, true, plain[k]) == PURPOSE_LOGIN,
                             strstr(good_plain[k], word) != NULL);
            login.field[BLOB] = certificates[k];
            assert_int_equal(kind_of(&login, true, plain[k]) == PURPOSE_LOGIN,
                             strstr(good_certificate[k], word) != NULL);
        }
    }
}

struct sshsig {
    const char *magic;
    struct view name_space, reserved;
    const char *hash_algorithm;
    size_t hash_len, trailing;
};

static struct purpose parse_sshsig(const struct sshsig *sshsig)
{
    static const uint8_t zeros[256];
    struct wire_writer w = wire_writer(room, DATA_MAX);

    put_bytes(&w, sshsig->magic, strlen(sshsig->magic));
    put_string(&w, sshsig->name_space);
    put_string(&w, sshsig->reserved);
    put_text(&w, sshsig->hash_algorithm);
    put_string(&w, (struct view){zeros, sshsig->hash_len});
    put_bytes(&w, zeros, sshsig->trailing);
    assert_int_equal(w.err, OK);
    return parse(wire_written(&w), plain[ED25519]);
}

static struct view bytes_view(const char *bytes, size_t len)
{
    return (struct view){(const uint8_t *)bytes, len};
}

static void test_sshsig(void **state)
{
    static char long_name[NAMESPACE_MAX + 1];
    const struct {
        struct sshsig sshsig;
        bool good;
    } cases[] = {
        {{"SSHSIG", text_view("git"), {0}, "sha512", 64, 0}, true},
        {{"SSHSIG", text_view("file"), {0}, "sha256", 32, 0}, true},
        {{"SSHSIG", text_view("x"), {0}, "sha256", 32, 0}, true},
        {{"SSHSIG", text_view(""), {0}, "sha256", 32, 0}, false},
        {{"SSHSIG", bytes_view(long_name, NAMESPACE_MAX), {0}, "sha256", 32, 0}, true},
        {{"SSHSIG", bytes_view(long_name, NAMESPACE_MAX + 1), {0}, "sha256", 32, 0}, false},
        /* Not ours to forbid: who compares compares bytes, who shows it cleans it. */
        {{"SSHSIG", bytes_view("git\0x\n\x1b", 7), {0}, "sha256", 32, 0}, true},
        {{"SSHSIG", text_view("git"), text_view("x"), "sha256", 32, 0}, false},
        {{"SSHSIG", text_view("git"), bytes_view("", 1), "sha256", 32, 0}, false},
        {{"SSHSIG", text_view("git"), {0}, "sha512", 32, 0}, false},
        {{"SSHSIG", text_view("git"), {0}, "sha256", 64, 0}, false},
        {{"SSHSIG", text_view("git"), {0}, "sha512", 63, 0}, false},
        {{"SSHSIG", text_view("git"), {0}, "sha512", 65, 0}, false},
        {{"SSHSIG", text_view("git"), {0}, "sha512", 0, 0}, false},
        {{"SSHSIG", text_view("git"), {0}, "sha384", 48, 0}, false},
        {{"SSHSIG", text_view("git"), {0}, "sha1", 20, 0}, false},
        {{"SSHSIG", text_view("git"), {0}, "SHA512", 64, 0}, false},
        {{"SSHSIG", text_view("git"), {0}, "", 0, 0}, false},
        {{"SSHSIG", text_view("git"), {0}, "sha512", 64, 1}, false},
        {{"SSHSIG", text_view("git"), {0}, "sha512", 64, 4}, false},
        {{"SSHSIg", text_view("git"), {0}, "sha512", 64, 0}, false},
        {{"sshsig", text_view("git"), {0}, "sha512", 64, 0}, false},
        {{"SSHSI", text_view("git"), {0}, "sha512", 64, 0}, false},
        {{"SSHSIGG", text_view("git"), {0}, "sha512", 64, 0}, false},
        {{"", text_view("git"), {0}, "sha512", 64, 0}, false},
    };

    (void)state;
    memset(long_name, 'n', sizeof long_name);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct purpose purpose = parse_sshsig(&cases[i].sshsig);

        if (!cases[i].good) {
            assert_opaque(purpose);
            continue;
        }
        assert_int_equal(purpose.kind, PURPOSE_SSHSIG);
        assert_view_equal(purpose.name_space, cases[i].sshsig.name_space);
        assert_view_is(purpose.hash_algorithm, cases[i].sshsig.hash_algorithm);
    }
}

/* The file that ssh-keygen writes has a version in it: that is not what is signed. */
static void test_sshsig_file_is_not_data(void **state)
{
    static const char *const argv[] = {"ssh-keygen", "-q", "-Y",   "sign",    "-f",
                                       "ed25519",    "-n", "unit", "message", NULL};
    struct view armored;

    (void)state;
    keygen_write("message", text_view("message"));
    keygen_run(NULL, argv);
    armored = keygen_armored("message.sig");
    assert_opaque(parse(armored, plain[ED25519]));
    view_free(&armored);
}

static void test_other_data(void **state)
{
    struct view blob = certificates[ED25519];

    (void)state;
    assert_opaque(parse((struct view){NULL, 0}, plain[ED25519]));
    assert_opaque(parse(text_view("data"), plain[ED25519]));
    assert_opaque(parse(blob, plain[ED25519])); /* a certificate to be signed */
    memset(room, 0, DATA_MAX);
    assert_opaque(parse((struct view){room, DATA_MAX}, plain[ED25519]));
    memset(room, 0xff, DATA_MAX);
    assert_opaque(parse((struct view){room, DATA_MAX}, plain[ED25519]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changed_fields),
        cmocka_unit_test(test_method_and_host_key),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_lying_lengths),
        cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_wrong_blobs),
        cmocka_unit_test(test_algorithms),
        cmocka_unit_test(test_sshsig),
        cmocka_unit_test(test_sshsig_file_is_not_data),
        cmocka_unit_test(test_other_data),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
