/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One file of each format with every single byte changed, and cut off at every length: an error
 * that fits, or the right key where the byte did not matter; never a crash, another key, or memory
 * that stays in use.
 */
#include "keyfile_case.h"

#include "secret_arena.h"

/* The rounds that a file is made with; one that a change makes ask for more is given up on. */
#define ROUNDS 1U

static int start(void **state)
{
    (void)state;
    known_keys_make();
    return 0;
}

/* What may be said of a damaged file. */
static bool is_fitting(enum err err)
{
    switch (err) {
    case ERR_SEALED: /* where the test has no passphrase */
    case GIVEN_UP:
    case ERR_PASSPHRASE:
    case ERR_KEY_TYPE:
    case ERR_KEY_DSA:
    case ERR_KEY_SK:
    case ERR_KEY_RSA_SIZE:
    case ERR_KEY_INVALID:
    case ERR_KEY_MISMATCH:
    case ERR_FILE_FORMAT:
    case ERR_FILE_CIPHER:
    case ERR_FILE_ROUNDS:
        return true;
    default:
        return false;
    }
}

/* What came of it is the known key, at most; without one it has to be an error. */
static void open_damaged(struct opening *o, const struct known_key *known, size_t at)
{
    opening_run(o);
    if (o->err == OK && known != NULL) {
        assert_is_key(o, known);
    } else if (!is_fitting(o->err)) {
        fail_msg("byte %zu: %s", at, err_text(o->err));
    }
    opening_end(o);
}

/* Every byte, in a block of exactly its size, with the bits of mask changed. */
static void flip_each(struct view original, bool decoded, uint8_t mask, const char *pass,
                      const struct known_key *known)
{
    for (size_t i = 0; i < original.len; i++) {
        struct view copy = exact_copy(original.data, original.len);
        struct opening o = {.pass = pass, .rounds_max = ROUNDS};

        ((uint8_t *)copy.data)[i] ^= mask;
        *(decoded ? &o.bytes : &o.text) = copy;
        open_damaged(&o, known, i);
        view_free(&copy);
    }
}

static void cut_at_each(struct view original, bool decoded, const char *pass,
                        const struct known_key *known)
{
    for (size_t len = 0; len < original.len; len++) {
        struct view copy = exact_copy(original.data, len);
        struct opening o = {.pass = pass, .rounds_max = ROUNDS};

        *(decoded ? &o.bytes : &o.text) = copy;
        open_damaged(&o, known, len);
        view_free(&copy);
    }
}

/* libcrypto keeps a text for each place of its queue of errors, of different lengths. */
#define QUEUE_MAX ((size_t)4096)

/* After hundreds of attempts, of which none may have left even the smallest block. */
static void assert_no_leak(size_t before)
{
    assert_true(arena_used() < before + QUEUE_MAX);
}

/* The file is whole, so that what follows means something; libcrypto then has what it caches. */
static size_t open_whole(const char *name, const char *pass, const struct known_key *known)
{
    struct opening o = open_file(name, pass);

    assert_is_key(&o, known);
    opening_end(&o);
    return arena_used();
}

static void damage(const char *name, const char *pass, const struct known_key *known)
{
    struct view text = keygen_read(name);
    size_t before = open_whole(name, pass, known);

    flip_each(text, false, 0x01, pass, known);
    cut_at_each(text, false, pass, known);
    assert_no_leak(before);
    view_free(&text);
}

/*
 * What the base64 holds; its bytes are not all reached by changes of the text. Where the cipher
 * authenticates, not even one of the comment may change.
 */
static void damage_decoded(const char *name, const char *pass, const struct known_key *known,
                           bool authentic)
{
    struct view bytes = keygen_armored(name);
    size_t before = open_whole(name, pass, known);

    flip_each(bytes, true, 0x40, pass, authentic ? NULL : known);
    cut_at_each(bytes, true, pass, known);
    assert_no_leak(before);
    view_free(&bytes);
}

static void test_openssh_plain(void **state)
{
    (void)state;
    damage("ed25519", NULL, &ed25519);
    damage_decoded("ed25519", NULL, &ed25519, false);
    damage("ecdsa", NULL, &ecdsa);
    damage_decoded("ecdsa", NULL, &ecdsa, false);
    damage_decoded("rsa", NULL, &rsa, false);
}

static void test_openssh_sealed(void **state)
{
    static const char *const ciphers[] = {"aes256-ctr", "aes256-cbc", "aes256-gcm@openssh.com",
                                          "chacha20-poly1305@openssh.com"};

    (void)state;
    for (size_t i = 0; i < COUNT(ciphers); i++) {
        rewrite("ed25519", "sealed", PASSPHRASE, "-Z", ciphers[i], "1");
        damage_decoded("sealed", PASSPHRASE, &ed25519, strchr(ciphers[i], '@') != NULL);
    }
    damage("sealed", PASSPHRASE, &ed25519);
}

static void test_pem_plain(void **state)
{
    (void)state;
    rewrite("rsa", "pkcs1", "", "-m", "PEM", "1");
    damage("pkcs1", NULL, &rsa);
    rewrite("ecdsa", "sec1", "", "-m", "PEM", "1");
    damage("sec1", NULL, &ecdsa);
    rewrite("ecdsa", "pkcs8", "", "-m", "PKCS8", "1");
    damage("pkcs8", NULL, &ecdsa);
}

static void test_pem_sealed(void **state)
{
    (void)state;
    rewrite("ecdsa", "sec1", "", "-m", "PEM", "1");
    OPENSSL("ec", "-aes256", "-in", "sec1", "-out", "rfc1421", PASSOUT);
    damage("rfc1421", PASSPHRASE, &ecdsa);
    OPENSSL("pkcs8", "-topk8", "-iter", "1", "-in", "sec1", "-out", "pbes2", PASSOUT);
    damage("pbes2", PASSPHRASE, &ecdsa);
    OPENSSL("pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES", "-iter", "1", "-in", "sec1", "-out",
            "pkcs12", PASSOUT);
    damage("pkcs12", PASSPHRASE, &ecdsa);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_openssh_plain),
        cmocka_unit_test(test_openssh_sealed),
        cmocka_unit_test(test_pem_plain),
        cmocka_unit_test(test_pem_sealed),
    };

    return cmocka_run_group_tests(tests, start, known_keys_free);
}
