/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each allocation of ours and of libcrypto fails in turn while a key file is opened: "no memory",
 * or the right key where libcrypto can do without; never "wrong passphrase" or "damaged file", for
 * which somebody would be asked again, and nothing stays in use.
 */
#include "keyfile_case.h"

#include "faults.h"
#include "secret_arena.h"

#define FAULTS_MAX 5000 /* more than anything here has steps */
#define QUEUE      2048 /* bytes: libcrypto keeps a text for each place of its queue of errors */

static const struct {
    const char *file, *pass;
    const struct known_key *known;
} files[] = {
    {"ed25519", NULL, &ed25519},    {"ctr", PASSPHRASE, &ed25519}, {"gcm", PASSPHRASE, &rsa},
    {"chacha", PASSPHRASE, &ecdsa}, {"pkcs1", NULL, &rsa},         {"sec1", NULL, &ecdsa},
    {"no_public", NULL, &ecdsa},    {"pkcs8", NULL, &rsa},         {"rfc1421", PASSPHRASE, &rsa},
    {"pbes2", PASSPHRASE, &ecdsa},  {"pkcs12", PASSPHRASE, &rsa},
};

static int start(void **state)
{
    (void)state;
    known_keys_make();
    rewrite("ed25519", "ctr", PASSPHRASE, "-Z", "aes256-ctr", "1");
    rewrite("rsa", "gcm", PASSPHRASE, "-Z", "aes256-gcm@openssh.com", "1");
    rewrite("ecdsa", "chacha", PASSPHRASE, "-Z", "chacha20-poly1305@openssh.com", "1");
    rewrite("rsa", "pkcs1", "", "-m", "PEM", "1");
    rewrite("ecdsa", "sec1", "", "-m", "PEM", "1");
    rewrite("rsa", "pkcs8", "", "-m", "PKCS8", "1");
    OPENSSL("ec", "-in", "sec1", "-out", "no_public", "-no_public");
    OPENSSL("rsa", "-traditional", "-aes256", "-in", "pkcs1", "-out", "rfc1421", PASSOUT);
    OPENSSL("pkcs8", "-topk8", "-iter", "1", "-in", "sec1", "-out", "pbes2", PASSOUT);
    OPENSSL("pkcs8", "-topk8", "-v1", "PBE-SHA1-3DES", "-iter", "1", "-in", "pkcs1", "-out",
            "pkcs12", PASSOUT);
    return 0;
}

/* True until a run had no fault. */
static bool open_with_fault(size_t i, struct view text, enum fault_kind kind, unsigned n)
{
    struct opening o = {.text = text, .pass = files[i].pass};
    bool hit;

    set_fault(kind, n);
    stack_run(open_inside, &o);
    hit = end_fault();
    if (o.err == OK) {
        assert_is_key(&o, files[i].known);
    } else if (!hit || (o.err != ERR_NO_MEMORY && o.err != ERR_CRYPTO)) {
        fail_msg("%s, allocation %u: %s", files[i].file, n, err_text(o.err));
    }
    opening_end(&o);
    return hit;
}

static void open_with_each_fault(enum fault_kind kind)
{
    for (size_t i = 0; i < COUNT(files); i++) {
        struct view text = keygen_read(files[i].file);
        struct opening o = open_file(files[i].file, files[i].pass);
        unsigned n = 1;
        size_t used;

        assert_is_key(&o, files[i].known);
        opening_end(&o);
        used = arena_used();
        while (open_with_fault(i, text, kind, n)) {
            n++;
            assert_true(n < FAULTS_MAX);
            assert_true(arena_used() <= used + QUEUE);
        }
        assert_true(n > 2); /* there was something that could fail */
        view_free(&text);
    }
}

static void test_arena(void **state)
{
    (void)state;
    open_with_each_fault(FAULT_ARENA);
}

/* The public halves, in ordinary memory. */
static void test_heap(void **state)
{
    (void)state;
    open_with_each_fault(FAULT_HEAP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_heap),
    };

    return cmocka_run_group_tests(tests, start, known_keys_free);
}
