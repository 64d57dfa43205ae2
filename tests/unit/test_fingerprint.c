/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/fingerprint.c against ssh-keygen -l. */
#include "keygen.h"

#include "fingerprint.h"
#include "identity.h"

static int start(void **state)
{
    (void)state;
    keygen_start();
    keygen_make_all();
    keygen_certify_all();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    keygen_stop();
    return 0;
}

/* The second word of "256 SHA256:... comment (ED25519)". */
static void expected(const char *file, const char *hash, char *ret)
{
    const char *const argv[] = {"ssh-keygen", "-l", "-E", hash, "-f", file, NULL};
    struct view output;

    keygen_run("fingerprint", argv);
    output = keygen_read("fingerprint");
    assert_int_equal(sscanf((const char *)output.data, "%*d %63s", ret), 1);
    view_free(&output);
}

/* A certificate's own fingerprint is its blob's; ssh-keygen -l prints the plain key's for both. */
static void check(const char *hash)
{
    for (size_t i = 0; i < COUNT(keygen_kinds); i++) {
        char file[64];
        char want[FINGERPRINT_MAX];
        char room[FINGERPRINT_MAX];
        struct view blob;

        snprintf(file, sizeof file, "%s.pub", keygen_kinds[i].name);
        blob = keygen_blob(file);
        expected(file, hash, want);
        memset(room, 0x55, sizeof room);
        fingerprint(blob, room);
        assert_string_equal(room, want);
        view_free(&blob);
    }
}

static void test_sha256_without_being_told(void **state)
{
    (void)state;
    check("sha256");
}

static void test_md5(void **state)
{
    (void)state;
    fingerprint_use(HASH_MD5);
    check("md5");
    fingerprint_use(HASH_SHA256);
    check("sha256");
}

static void test_of_nothing(void **state)
{
    char room[FINGERPRINT_MAX];

    (void)state;
    /* sha256sum of no byte, in base64 */
    fingerprint((struct view){(const uint8_t *)"", 0}, room);
    assert_string_equal(room, "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sha256_without_being_told),
        cmocka_unit_test(test_md5),
        cmocka_unit_test(test_of_nothing),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
