/* SPDX-License-Identifier: BSD-2-Clause */
/* keystore/keyfile.c, keyfile_openssh.c, keyfile_cipher.c, unseal.c: what ssh-keygen writes. */
#include "keyfile_case.h"

#include "secret_arena.h"

static const struct {
    const char *name, *type, *bits;
} kinds[] = {
    {"ed25519", "ed25519", "256"}, {"rsa2048", "rsa", "2048"},   {"rsa3072", "rsa", "3072"},
    {"rsa4096", "rsa", "4096"},    {"ecdsa256", "ecdsa", "256"}, {"ecdsa384", "ecdsa", "384"},
    {"ecdsa521", "ecdsa", "521"},
};

static struct known_key known[COUNT(kinds)];

static int start(void **state)
{
    (void)state;
    held_keys_init();
    assert_int_equal(stack_init(), OK);
    keygen_start();
    for (size_t i = 0; i < COUNT(kinds); i++) {
        keygen_make(kinds[i].name, kinds[i].type, kinds[i].bits);
        known_key_read(kinds[i].name, &known[i]);
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        known_key_free(&known[i]);
    }
    keygen_stop();
    return 0;
}

static void test_plain(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        assert_opens(kinds[i].name, NULL, &known[i], true);
    }
}

static void test_sealed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        rewrite(kinds[i].name, "sealed", PASSPHRASE, "-Z", "aes256-ctr", "2");
        assert_opens("sealed", PASSPHRASE, &known[i], true);
        assert_refused("sealed", "Correct horse", ERR_PASSPHRASE);
        assert_refused("sealed", "correct hors", ERR_PASSPHRASE);
        assert_refused("sealed", "correct horse ", ERR_PASSPHRASE);
        assert_refused("sealed", "", ERR_PASSPHRASE);
        assert_refused("sealed", NULL, ERR_SEALED);
    }
}

/* Every cipher that the installed OpenSSH has; with a longer key too. */
static void test_ciphers(void **state)
{
    const char *const list[] = {"ssh", "-Q", "cipher", NULL};
    unsigned ciphers = 0;
    struct view names;
    char *name;

    (void)state;
    keygen_run("ciphers", list);
    names = keygen_read("ciphers");
    for (name = strtok((char *)names.data, "\n"); name != NULL; name = strtok(NULL, "\n")) {
        for (size_t i = 0; i < 2; i++) {
            rewrite(kinds[i].name, "sealed", PASSPHRASE, "-Z", name, "1");
            assert_opens("sealed", PASSPHRASE, &known[i], true);
            assert_refused("sealed", "wrong", ERR_PASSPHRASE);
        }
        ciphers++;
    }
    assert_true(ciphers >= 8);
    view_free(&names);
}

static void test_rounds(void **state)
{
    static const char *const rounds[] = {"1", "3", "16", "100", "500"};

    (void)state;
    for (size_t i = 0; i < COUNT(rounds); i++) {
        struct opening o;

        rewrite("ed25519", "sealed", PASSPHRASE, "-Z", "aes256-ctr", rounds[i]);
        o = open_file("sealed", PASSPHRASE);
        assert_is_key(&o, &known[0]);
        assert_true(o.steps > 100 * strtoul(rounds[i], NULL, 10)); /* not all in one */
        opening_end(&o);
    }
}

/* The longest and the shortest, and bytes that are no text. */
static void test_passphrases(void **state)
{
    char longest[PASSPHRASE_MAX + 2];
    const char *const passphrases[] = {"x", "12345", "\xff\xfe\x01 \xc3\xa4", longest};

    (void)state;
    memset(longest, 'p', sizeof longest);
    longest[PASSPHRASE_MAX - 1] = '\0'; /* ssh-keygen reads one byte less than we do */
    for (size_t i = 1; i < COUNT(passphrases); i++) {
        rewrite("ed25519", "sealed", passphrases[i], "-Z", "aes256-ctr", "1");
        assert_opens("sealed", passphrases[i], &known[0], true);
    }
    memset(longest, 'p', sizeof longest);
    longest[PASSPHRASE_MAX + 1] = '\0';
    assert_refused("sealed", longest, ERR_TOO_BIG);
}

static void write_three(const char *name, const char *before, struct view text, const char *behind)
{
    uint8_t bytes[4096];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_bytes(&w, before, strlen(before));
    put_bytes(&w, text.data, text.len);
    put_bytes(&w, behind, strlen(behind));
    assert_int_equal(w.err, OK);
    keygen_write(name, wire_written(&w));
}

/* What editors, mail and Windows do to a file. */
static void test_armor(void **state)
{
    static const struct {
        const char *before, *behind;
    } texts[] = {
        {"text before\n\n", ""},
        {"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ""},
        {"", "text behind\n"},
        {"", "-----BEGIN OPENSSH PRIVATE KEY-----\nAA\n-----END OPENSSH PRIVATE KEY-----\n"},
    };
    struct view text = keygen_read("ed25519");
    char crlf[2048];
    size_t len = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        write_three("armor", texts[i].before, text, texts[i].behind);
        assert_opens("armor", NULL, &known[0], true);
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\n') {
            crlf[len++] = '\r';
        }
        crlf[len++] = (char)text.data[i];
    }
    keygen_write("armor", (struct view){(uint8_t *)crlf, len});
    assert_opens("armor", NULL, &known[0], true);
    keygen_write("armor", (struct view){text.data, text.len - 1}); /* without the last newline */
    assert_opens("armor", NULL, &known[0], true);
    view_free(&text);
}

static const char magic_alone[] =
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----";

static void test_no_key_file(void **state)
{
    static const char *const texts[] = {
        "",
        "\n",
        "hello",
        "-----BEGIN ",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----\n",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n",
        magic_alone,
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
        " -----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "-----BEGIN STRANGE PRIVATE KEY-----\nAAAA\n-----END STRANGE PRIVATE KEY-----\n",
        "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBn0 comment\n",
    };
    uint8_t *big = calloc(1, KEY_FILE_MAX + 1);
    struct opening o = {.text = {big, KEY_FILE_MAX + 1}};

    (void)state;
    opening_run(&o);
    assert_int_equal(o.err, ERR_TOO_BIG);
    free(big);
    for (size_t i = 0; i < COUNT(texts); i++) {
        o = (struct opening){.text = exact_copy(texts[i], strlen(texts[i]))};
        opening_run(&o);
        assert_int_equal(o.err, ERR_FILE_FORMAT);
        view_free(&o.text);
    }
}

/* The parts of an openssh-key-v1 file; the test spoils one of them. */
struct parts {
    const char *cipher, *kdf;
    uint8_t salt_len;
    uint32_t rounds;
    uint32_t keys;
    struct view blob, secret, tag;
};

/* What the program says to a file of these parts. */
static enum err said_to(const struct parts *parts)
{
    uint8_t options_bytes[300];
    uint8_t bytes[4096] = {0};
    struct wire_writer options = wire_writer(options_bytes, sizeof options_bytes);
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    static const uint8_t salt[255];
    struct opening o = {.pass = PASSPHRASE, .rounds_max = 1};

    if (parts->rounds != UINT32_MAX) {
        put_string(&options, (struct view){salt, parts->salt_len});
        put_u32(&options, parts->rounds);
    }
    put_bytes(&w, "openssh-key-v1", 15);
    put_text(&w, parts->cipher);
    put_text(&w, parts->kdf);
    put_string(&w, wire_written(&options));
    put_u32(&w, parts->keys);
    put_string(&w, parts->blob);
    put_string(&w, parts->secret);
    put_bytes(&w, parts->tag.data, parts->tag.len);
    assert_int_equal(w.err, OK);
    o.bytes = exact_copy(bytes, w.len);
    opening_run(&o);
    view_free(&o.bytes);
    opening_end(&o);
    return o.err;
}

static const uint8_t zeros[256];

static void test_headers(void **state)
{
    const struct view blob = known[0].file.blob;
    const struct parts good = {"aes256-ctr", "bcrypt", 16, 1, 1, blob, {zeros, 160}, {NULL, 0}};
    struct parts p = good;

    (void)state;
    assert_int_equal(said_to(&p), ERR_PASSPHRASE); /* all but the key is right */
    p.cipher = "none";
    assert_int_equal(said_to(&p), ERR_FILE_FORMAT);
    p.cipher = "aes512-ctr";
    assert_int_equal(said_to(&p), ERR_FILE_CIPHER);
    p = good;
    p.kdf = "none";
    assert_int_equal(said_to(&p), ERR_FILE_CIPHER);
    p.kdf = "argon2";
    assert_int_equal(said_to(&p), ERR_FILE_CIPHER);
    p = good;
    p.salt_len = 0;
    assert_int_equal(said_to(&p), ERR_FILE_FORMAT);
    p.salt_len = 255;
    assert_int_equal(said_to(&p), ERR_PASSPHRASE);
    p = good;
    p.rounds = 0;
    assert_int_equal(said_to(&p), ERR_FILE_FORMAT);
    p.rounds = UINT32_MAX; /* no options at all */
    assert_int_equal(said_to(&p), ERR_FILE_FORMAT);
    p.rounds = BCRYPT_ROUNDS_MAX;
    assert_int_equal(said_to(&p), GIVEN_UP);
    p.rounds = BCRYPT_ROUNDS_MAX + 1;
    assert_int_equal(said_to(&p), ERR_FILE_ROUNDS);
    p = good;
    p.keys = 0;
    assert_int_equal(said_to(&p), ERR_FILE_FORMAT);
    p.keys = 2;
    assert_int_equal(said_to(&p), ERR_FILE_FORMAT);
    p = good;
    p.secret.len = 159;
    assert_int_equal(said_to(&p), ERR_FILE_FORMAT);
    p.secret.len = 0;
    assert_int_equal(said_to(&p), ERR_FILE_FORMAT);
    p = good;
    p.tag = (struct view){zeros, 1};
    assert_int_equal(said_to(&p), ERR_FILE_FORMAT);
    p.cipher = "aes256-gcm@openssh.com";
    assert_int_equal(said_to(&p), ERR_FILE_FORMAT);
    p.tag.len = 16;
    assert_int_equal(said_to(&p), ERR_PASSPHRASE);
    p.tag.len = 17;
    assert_int_equal(said_to(&p), ERR_FILE_FORMAT);
}

static void put_blob(struct wire_writer *w, const char *type)
{
    put_text(w, type);
    put_string(w, (struct view){zeros, 32});
    put_text(w, "ssh:");
}

/* Keys that are not held say so before anybody is asked for a passphrase. */
static void test_other_types(void **state)
{
    static const struct {
        const char *type;
        enum err err;
    } types[] = {
        {"sk-ssh-ed25519@openssh.com", ERR_KEY_SK},
        {"ssh-dss", ERR_KEY_DSA},
        {"ssh-ed448", ERR_KEY_TYPE},
        {"ssh-rsa", ERR_FILE_FORMAT},
        {"ssh-ed25519", ERR_FILE_FORMAT},
    };
    uint8_t bytes[200];
    struct parts p = {"aes256-ctr", "bcrypt", 16, 1, 1, {bytes, 0}, {zeros, 160}, {NULL, 0}};

    (void)state;
    for (size_t i = 0; i < COUNT(types); i++) {
        struct wire_writer w = wire_writer(bytes, sizeof bytes);

        put_blob(&w, types[i].type);
        p.blob.len = w.len;
        assert_int_equal(said_to(&p), types[i].err);
    }
}

/* A section of check numbers, a key and padding, in the clear. */
static enum err said_to_section(struct view blob, uint32_t check, const struct openssh_key *key,
                                const char *padding, size_t padding_len)
{
    uint8_t bytes[2048];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct parts p = {"none", "none", 0, UINT32_MAX, 1, blob, {bytes, 0}, {NULL, 0}};

    put_u32(&w, 0x01020304);
    put_u32(&w, check);
    put_add(&w, key, text_view("c"));
    put_bytes(&w, padding, padding_len);
    assert_int_equal(w.err, OK);
    p.secret.len = w.len;
    return said_to(&p);
}

static void test_sections(void **state)
{
    const struct openssh_key *key = &known[0].file;
    struct openssh_key other;
    const uint32_t good = 0x01020304;
    /* 8 + 15 + 36 + 68 + 5 bytes before the padding: 4 remain to a multiple of 8. */
    static const char padding[] = "\1\2\3\4\5\6\7\10\11\12\13\14";

    (void)state;
    assert_int_equal(said_to_section(key->blob, good, key, padding, 4), OK);
    assert_int_equal(said_to_section(key->blob, good + 1, key, padding, 4), ERR_FILE_FORMAT);
    assert_int_equal(said_to_section(key->blob, good, key, padding, 12), ERR_FILE_FORMAT);
    assert_int_equal(said_to_section(key->blob, good, key, padding, 3), ERR_FILE_FORMAT);
    assert_int_equal(said_to_section(key->blob, good, key, "\1\2\3\5", 4), ERR_FILE_FORMAT);
    assert_int_equal(said_to_section(key->blob, good, key, "\0\0\0\0", 4), ERR_FILE_FORMAT);
    keygen_make("other", "ed25519", "256");
    openssh_key_read("other", &other);
    assert_int_equal(said_to_section(other.blob, good, key, padding, 4), ERR_KEY_MISMATCH);
    assert_int_equal(said_to_section(known[4].file.blob, good, key, padding, 4), ERR_KEY_MISMATCH);
    openssh_key_free(&other);
}

/* Ended before it began to work, and when it is done, but nobody took the key. */
static void test_result_not_taken(void **state)
{
    size_t before = 0;

    (void)state;
    rewrite("ecdsa256", "sealed", PASSPHRASE, "-Z", "aes256-ctr", "1");
    for (int i = 0; i < 6; i++) {
        struct view bytes = keygen_armored("sealed");
        struct unseal *unseal = NULL;
        struct keyfile file;

        assert_int_equal(keyfile_parse(bytes, &file), OK);
        assert_int_equal(unseal_begin(&file, bytes, text_view(PASSPHRASE), &unseal), OK);
        while (i % 2 == 1 && !unseal_step(unseal)) {
        }
        unseal_end(&unseal);
        assert_null(unseal);
        view_free(&bytes);
        if (i == 1) { /* libcrypto has all that it caches */
            before = arena_used();
        }
    }
    assert_int_equal(arena_used(), before);
}

/* Nothing of a file or a passphrase stays in the arena, nor of one that was given up on. */
static void test_the_arena_is_as_before(void **state)
{
    size_t before = 0;

    (void)state;
    rewrite("rsa2048", "sealed", PASSPHRASE, "-Z", "aes256-gcm@openssh.com", "1");
    rewrite("ecdsa256", "many", PASSPHRASE, "-Z", "aes256-ctr", "16");
    for (int i = 0; i < 4; i++) {
        struct opening o = {.text = keygen_read("many"), .pass = PASSPHRASE, .rounds_max = 1};

        opening_run(&o);
        assert_int_equal(o.err, GIVEN_UP);
        view_free(&o.text);
        assert_opens("sealed", PASSPHRASE, &known[1], true);
        assert_refused("sealed", "wrong", ERR_PASSPHRASE);
        assert_opens("ecdsa256", NULL, &known[4], true);
        if (i == 1) { /* libcrypto has all that it caches */
            before = arena_used();
        }
    }
    assert_int_equal(arena_used(), before);
    unseal_end(&(struct unseal *){NULL});
    keyfile_key_free(&(struct keyfile_key){0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_sealed),
        cmocka_unit_test(test_ciphers),
        cmocka_unit_test(test_rounds),
        cmocka_unit_test(test_passphrases),
        cmocka_unit_test(test_armor),
        cmocka_unit_test(test_no_key_file),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_other_types),
        cmocka_unit_test(test_sections),
        cmocka_unit_test(test_result_not_taken),
        cmocka_unit_test(test_the_arena_is_as_before),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
