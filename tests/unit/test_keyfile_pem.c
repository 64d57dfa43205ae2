/* SPDX-License-Identifier: BSD-2-Clause */
/* keystore/keyfile_pem.c, keyfile_pbe.c, keyfile_der.c: what ssh-keygen and openssl write. */
#include "keyfile_case.h"

#include "secret_arena.h"

enum { RSA2048, EC256, EC384, EC521, KNOWN };

static const struct {
    const char *name, *type, *bits;
} kinds[KNOWN] = {
    {"rsa", "rsa", "2048"},
    {"ecdsa256", "ecdsa", "256"},
    {"ecdsa384", "ecdsa", "384"},
    {"ecdsa521", "ecdsa", "521"},
};

static struct known_key known[KNOWN];

/* One key of each kind; in NAME.pem as openssl reads it too. */
static int start(void **state)
{
    char pem[64];

    (void)state;
    held_keys_init();
    assert_int_equal(stack_init(), OK);
    keygen_start();
    for (size_t i = 0; i < KNOWN; i++) {
        keygen_make(kinds[i].name, kinds[i].type, kinds[i].bits);
        known_key_read(kinds[i].name, &known[i]);
        snprintf(pem, sizeof pem, "%s.pem", kinds[i].name);
        rewrite(kinds[i].name, pem, "", "-m", "PEM", "1");
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < KNOWN; i++) {
        known_key_free(&known[i]);
    }
    keygen_stop();
    return 0;
}

static bool has_text(const char *file, const char *text)
{
    struct view bytes = keygen_read(file);
    bool has = strstr((const char *)bytes.data, text) != NULL;

    view_free(&bytes);
    return has;
}

static void test_ssh_keygen(void **state)
{
    static const char *const formats[] = {"PEM", "PKCS8"};

    (void)state;
    for (size_t i = 0; i < KNOWN; i++) {
        for (size_t f = 0; f < 2; f++) {
            rewrite(kinds[i].name, "plain", "", "-m", formats[f], "1");
            assert_false(has_text("plain", "OPENSSH"));
            assert_opens("plain", NULL, &known[i], false);
            rewrite(kinds[i].name, "sealed", PASSPHRASE, "-m", formats[f], "1");
            assert_true(has_text("sealed", "ENCRYPTED"));
            assert_opens("sealed", PASSPHRASE, &known[i], false);
            assert_refused("sealed", "wrong", ERR_PASSPHRASE);
            assert_refused("sealed", "", ERR_PASSPHRASE);
            assert_refused("sealed", NULL, ERR_SEALED);
        }
    }
}

static void test_openssl_formats(void **state)
{
    (void)state;
    OPENSSL("rsa", "-traditional", "-in", "rsa.pem", "-out", "out");
    assert_opens("out", NULL, &known[RSA2048], false);
    OPENSSL("pkcs8", "-topk8", "-nocrypt", "-in", "rsa.pem", "-out", "out");
    assert_opens("out", NULL, &known[RSA2048], false);
    for (size_t i = EC256; i <= EC521; i++) {
        char pem[64];

        snprintf(pem, sizeof pem, "%s.pem", kinds[i].name);
        OPENSSL("ec", "-in", pem, "-out", "out");
        assert_opens("out", NULL, &known[i], false);
        OPENSSL("ec", "-in", pem, "-out", "out", "-no_public");
        assert_opens("out", NULL, &known[i], false);
        OPENSSL("ec", "-in", pem, "-out", "out", "-conv_form", "compressed");
        assert_opens("out", NULL, &known[i], false);
        OPENSSL("ec", "-in", pem, "-out", "out", "-conv_form", "hybrid");
        assert_opens("out", NULL, &known[i], false);
        OPENSSL("pkcs8", "-topk8", "-nocrypt", "-in", pem, "-out", "out");
        assert_opens("out", NULL, &known[i], false);
    }
}

static void test_openssl_encryption(void **state)
{
    static const char *const rfc1421[] = {"-aes128", "-aes192", "-aes256", "-des3", "-camellia256"};
    static const char *const pbes2[] = {"aes128", "aes-192-cbc", "aes-256-cbc", "des3"};
    static const char *const functions[] = {"hmacWithSHA1", "hmacWithSHA224", "hmacWithSHA384",
                                            "hmacWithSHA512"};

    (void)state;
    for (size_t i = 0; i < COUNT(rfc1421); i++) {
        OPENSSL("rsa", "-traditional", rfc1421[i], "-in", "rsa.pem", "-out", "out", PASSOUT);
        assert_true(has_text("out", "Proc-Type: 4,ENCRYPTED"));
        assert_opens("out", PASSPHRASE, &known[RSA2048], false);
    }
    for (size_t i = 0; i < COUNT(pbes2); i++) {
        OPENSSL("pkcs8", "-topk8", "-v2", pbes2[i], "-in", "rsa.pem", "-out", "out", PASSOUT);
        assert_opens("out", PASSPHRASE, &known[RSA2048], false);
        assert_refused("out", "wrong", ERR_PASSPHRASE);
    }
    for (size_t i = 0; i < COUNT(functions); i++) {
        OPENSSL("pkcs8", "-topk8", "-v2", "aes256", "-v2prf", functions[i], "-in", "ecdsa384.pem",
                "-out", "out", PASSOUT);
        assert_opens("out", PASSPHRASE, &known[EC384], false);
    }
    OPENSSL("pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES", "-in", "rsa.pem", "-out", "out", PASSOUT);
    assert_opens("out", PASSPHRASE, &known[RSA2048], false);
    OPENSSL("pkcs8", "-topk8", "-v1", "PBE-SHA1-2DES", "-in", "rsa.pem", "-out", "out", PASSOUT);
    assert_opens("out", PASSPHRASE, &known[RSA2048], false);
    assert_refused("out", "wrong", ERR_PASSPHRASE);
    OPENSSL("pkcs8", "-topk8", "-iter", "600000", "-in", "ecdsa256.pem", "-out", "out", PASSOUT);
    assert_opens("out", PASSPHRASE, &known[EC256], false);
}

/* Refused before a passphrase is asked for, with the reason. */
static void test_not_read(void **state)
{
    (void)state;
    OPENSSL("pkcs8", "-topk8", "-scrypt", "-in", "rsa.pem", "-out", "out", PASSOUT);
    assert_refused("out", PASSPHRASE, ERR_FILE_CIPHER);
    OPENSSL("pkcs8", "-topk8", "-v2", "camellia256", "-in", "rsa.pem", "-out", "out", PASSOUT);
    assert_refused("out", PASSPHRASE, ERR_FILE_CIPHER);
    OPENSSL("pkcs8", "-topk8", "-iter", "2000001", "-in", "rsa.pem", "-out", "out", PASSOUT);
    assert_refused("out", PASSPHRASE, ERR_FILE_ROUNDS);
    assert_refused("out", NULL, ERR_FILE_ROUNDS);
    OPENSSL("ec", "-in", "ecdsa256.pem", "-out", "out", "-param_enc", "explicit");
    assert_refused("out", NULL, ERR_KEY_TYPE);
    OPENSSL("pkcs8", "-topk8", "-nocrypt", "-in", "out", "-out", "out2");
    assert_refused("out2", NULL, ERR_KEY_TYPE);
    OPENSSL("pkcs8", "-topk8", "-in", "out", "-out", "out2", PASSOUT);
    assert_refused("out2", PASSPHRASE, ERR_KEY_TYPE);
    OPENSSL("ecparam", "-genkey", "-name", "secp256k1", "-out", "out");
    assert_refused("out", NULL, ERR_KEY_TYPE);
    OPENSSL("genpkey", "-algorithm", "ed448", "-out", "out");
    assert_refused("out", NULL, ERR_KEY_TYPE);
    OPENSSL("genpkey", "-algorithm", "x25519", "-out", "out");
    assert_refused("out", NULL, ERR_KEY_TYPE);
    OPENSSL("genpkey", "-algorithm", "rsa-pss", "-out", "out");
    assert_refused("out", NULL, ERR_KEY_TYPE);
    OPENSSL("genrsa", "-primes", "3", "-traditional", "-out", "out", "2048");
    assert_refused("out", NULL, ERR_FILE_FORMAT);
}

/* A key that names another file's public half, RFC 1421 with a cipher that nobody has. */
static void test_headers(void **state)
{
    static const char *const headers[][2] = {
        {"Proc-Type: 4,ENCRYPTED\nDEK-Info: RC5-CBC,0011223344556677\n\n", "cipher"},
        {"Proc-Type: 4,ENCRYPTED\nDEK-Info: DES-CBC,0011223344556677\n\n", "cipher"},
        {"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233\n\n", "format"},
        {"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,\n\n", "format"},
        {"Proc-Type: 4,ENCRYPTED\n\n", "format"},
        {"Proc-Type: 4,MIC-CLEAR\nDEK-Info: AES-128-CBC,00\n\n", "format"},
        {"Comment: a key\n\n", "format"},
    };
    struct view text = keygen_read("rsa.pem");
    const uint8_t *body = memchr(text.data, '\n', text.len);

    (void)state;
    for (size_t i = 0; i < COUNT(headers); i++) {
        uint8_t bytes[8192];
        struct wire_writer w = wire_writer(bytes, sizeof bytes);

        put_bytes(&w, text.data, (size_t)(body + 1 - text.data));
        put_bytes(&w, headers[i][0], strlen(headers[i][0]));
        put_bytes(&w, body + 1, text.len - (size_t)(body + 1 - text.data));
        keygen_write("out", wire_written(&w));
        assert_refused("out", PASSPHRASE,
                       headers[i][1][0] == 'c' ? ERR_FILE_CIPHER : ERR_FILE_FORMAT);
    }
    view_free(&text);
}

/* ssh-keygen makes them up to version 9.9. */
static void test_dsa(void **state)
{
    OPENSSL("dsaparam", "-genkey", "-noout", "-out", "out", "1024");
    (void)state;
    assert_refused("out", NULL, ERR_KEY_DSA);
    OPENSSL("pkcs8", "-topk8", "-nocrypt", "-in", "out", "-out", "out2");
    assert_refused("out2", NULL, ERR_KEY_DSA);
    OPENSSL("pkcs8", "-topk8", "-in", "out", "-out", "out2", PASSOUT);
    assert_refused("out2", PASSPHRASE, ERR_KEY_DSA);
    OPENSSL("dsa", "-aes256", "-in", "out2", "-passin", PASS_ARGUMENT, "-out", "out", PASSOUT);
    assert_refused("out", PASSPHRASE, ERR_KEY_DSA);
}

/* Wrong passphrases of which some give padding that is right: never anything but "wrong". */
static void test_many_wrong_passphrases(void **state)
{
    (void)state;
    OPENSSL("rsa", "-traditional", "-aes128", "-in", "rsa.pem", "-out", "old", PASSOUT);
    OPENSSL("pkcs8", "-topk8", "-iter", "1", "-in", "ecdsa256.pem", "-out", "new", PASSOUT);
    for (unsigned i = 0; i < 1500; i++) {
        char wrong[32];

        snprintf(wrong, sizeof wrong, "wrong %u", i);
        assert_refused("old", wrong, ERR_PASSPHRASE);
        assert_refused("new", wrong, ERR_PASSPHRASE);
    }
}

/* RFC 8410, section 10.3: both examples, the second with an attribute and the public key. */
static const char rfc8410_first[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    "-----END PRIVATE KEY-----\n";
static const char rfc8410_second[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    "oB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEAGb9ECWmEzf6FQbrB\n"
    "Z9w7lshQhqowtrbLDFw4rXAxZuE=\n"
    "-----END PRIVATE KEY-----\n";
static const uint8_t rfc8410_public[] = {
    0x19, 0xbf, 0x44, 0x09, 0x69, 0x84, 0xcd, 0xfe, 0x85, 0x41, 0xba, 0xc1, 0x67, 0xdc, 0x3b, 0x96,
    0xc8, 0x50, 0x86, 0xaa, 0x30, 0xb6, 0xb6, 0xcb, 0x0c, 0x5c, 0x38, 0xad, 0x70, 0x31, 0x66, 0xe1};

static void assert_is_ed25519(struct opening *o, const uint8_t *public)
{
    const struct view data = text_view("data");
    uint8_t bytes[SIGNATURE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    assert_int_equal(o->err, OK);
    assert_memory_equal(o->key.add.public.point.data, public, ED25519_PUBLIC_SIZE);
    assert_int_equal(sign_data(o->held, 0, data, &w), OK);
    assert_true(is_signature(wire_written(&w), "ssh-ed25519", NULL, public, data));
    opening_end(o);
}

static void test_ed25519_of_the_rfc(void **state)
{
    struct opening o = {.text = text_view(rfc8410_first)};
    char other[sizeof rfc8410_second];

    (void)state;
    opening_run(&o);
    assert_is_ed25519(&o, rfc8410_public);
    o = (struct opening){.text = text_view(rfc8410_second)};
    opening_run(&o);
    assert_is_ed25519(&o, rfc8410_public);

    memcpy(other, rfc8410_second, sizeof other);
    *strstr(other, "Z9w7") = 'Y'; /* in the public key */
    o = (struct opening){.text = text_view(other)};
    opening_run(&o);
    assert_int_equal(o.err, ERR_KEY_MISMATCH);
}

static void test_ed25519_of_openssl(void **state)
{
    struct view spki;
    struct opening o;

    (void)state;
    OPENSSL("genpkey", "-algorithm", "ed25519", "-out", "plain");
    OPENSSL("pkey", "-in", "plain", "-pubout", "-outform", "DER", "-out", "spki");
    OPENSSL("pkcs8", "-topk8", "-in", "plain", "-out", "sealed", PASSOUT);
    spki = keygen_read("spki");
    assert_int_equal(spki.len, 44); /* RFC 8410: 12 bytes, then the key */
    o = open_file("plain", NULL);
    assert_is_ed25519(&o, spki.data + 12);
    o = open_file("sealed", PASSPHRASE);
    assert_is_ed25519(&o, spki.data + 12);
    view_free(&spki);
}

/* openssl puts the curve before the key; and a certificate may come before or behind it. */
static void test_more_in_the_file(void **state)
{
    static const char *const others[] = {
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n",
        "Bag Attributes\n    friendlyName: work\n",
    };
    struct view text = keygen_read("ecdsa256.pem");

    (void)state;
    for (size_t i = 0; i < COUNT(others); i++) {
        for (int behind = 0; behind < 2; behind++) {
            uint8_t bytes[8192];
            struct wire_writer w = wire_writer(bytes, sizeof bytes);

            put_bytes(&w, others[i], behind == 0 ? strlen(others[i]) : 0);
            put_bytes(&w, text.data, text.len);
            put_bytes(&w, others[i], behind == 1 ? strlen(others[i]) : 0);
            keygen_write("out", wire_written(&w));
            assert_opens("out", NULL, &known[EC256], false);
        }
    }
    view_free(&text);
}

/* Neither what libcrypto reads nor what it refuses stays. */
static void test_the_arena_is_as_before(void **state)
{
    size_t before = 0;

    (void)state;
    OPENSSL("pkcs8", "-topk8", "-in", "ecdsa521.pem", "-out", "new", PASSOUT);
    OPENSSL("rsa", "-traditional", "-aes128", "-in", "rsa.pem", "-out", "old", PASSOUT);
    for (int i = 0; i < 4; i++) {
        assert_opens("new", PASSPHRASE, &known[EC521], false);
        assert_refused("new", "wrong", ERR_PASSPHRASE);
        assert_opens("old", PASSPHRASE, &known[RSA2048], false);
        assert_refused("old", "wrong", ERR_PASSPHRASE);
        assert_opens("ecdsa384.pem", NULL, &known[EC384], false);
        if (i == 1) { /* libcrypto has all that it caches */
            before = arena_used();
        }
    }
    assert_int_equal(arena_used(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ssh_keygen),
        cmocka_unit_test(test_openssl_formats),
        cmocka_unit_test(test_openssl_encryption),
        cmocka_unit_test(test_not_read),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_dsa),
        cmocka_unit_test(test_many_wrong_passphrases),
        cmocka_unit_test(test_ed25519_of_the_rfc),
        cmocka_unit_test(test_ed25519_of_openssl),
        cmocka_unit_test(test_more_in_the_file),
        cmocka_unit_test(test_the_arena_is_as_before),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
