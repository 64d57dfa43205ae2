/* SPDX-License-Identifier: BSD-2-Clause */
/* keystore/add.c, descriptor.c: keys out of files of ssh-keygen, to the real program. */
#include "all_kinds.h"
#include "clock.h"
#include "keystore_side.h"

enum { ED25519, RSA_2048, P256 };

static int start(void **state)
{
    (void)state;
    all_kinds_make();
    make_sealed("sealed", "ed25519", "256", "1");
    make_sealed_as("sealed-pem", "rsa", "2048", "1", "PEM");
    make_sealed_as("sealed-pkcs8", "ecdsa", "256", "1", "PKCS8");
    return 0;
}

static enum err sign(uint64_t id)
{
    return keystore_sign(&keystore, id, 4, text_view("data")).err;
}

static void check_signature(uint64_t id, size_t kind)
{
    struct reply reply = keystore_sign(&keystore, id, 4, text_view("data"));
    struct wire_reader r = wire_reader(reply.body.data, reply.body.len);
    struct view signature = wire_string(&r, IPC_MAX);
    const char *name = kind == RSA_2048 ? "rsa-sha2-512" : keygen_kinds[kind].ssh_name;

    assert_int_equal(reply.err, OK);
    assert_int_equal(wire_end(&r), OK);
    assert_true(
        is_signature(signature, name, publics[kind], files[kind].field[0].data, text_view("data")));
}

/* A file with what stands beside it. */
static struct reply add_with(struct side_file file, const char *name)
{
    file.ticket = next_ticket();
    side_send_file(&keystore, &file, name);
    return keystore_add_file(&keystore, 0, file.ticket, 0);
}

/* Nothing beside it, and a descriptor of whatever it is. */
static enum err add_fd(int fd)
{
    const struct side_file file = {.ticket = next_ticket(), .life = SIDE_NO_LIFE};

    side_send_fd(&keystore, &file, fd);
    return keystore_add_file(&keystore, 0, file.ticket, 0).err;
}

static void test_plain(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct added added = keystore_add_named(&keystore, 0, keygen_kinds[kind].name);
        uint64_t id = added.id;

        assert_int_equal(added.deadline, 0);
        assert_int_equal(added.flags, 0);
        assert_view_equal(added.blob, files[kind].blob);
        assert_view_is(added.comment, "test key of split-ssh");
        check_signature(id, kind);
        assert_true(keystore_add_named(&keystore, 0, keygen_kinds[kind].name).id == id);
        assert_true(keystore_add_named(&keystore, 1, keygen_kinds[kind].name).id != id);
        assert_int_equal(keystore_remove(&keystore, id), OK);
        assert_int_equal(sign(id), ERR_NOT_FOUND);
    }
}

static void test_a_ticket_is_good_once(void **state)
{
    const struct side_file file = {.ticket = next_ticket(), .life = SIDE_NO_LIFE};

    (void)state;
    assert_int_equal(keystore_add_file(&keystore, 0, file.ticket, 0).err, ERR_NOT_FOUND);
    side_send_file(&keystore, &file, "ed25519");
    assert_int_equal(keystore_add_file(&keystore, 0, file.ticket + 1, 0).err, ERR_NOT_FOUND);
    assert_int_equal(keystore_add_file(&keystore, 0, file.ticket, 0).err, OK);
    assert_int_equal(keystore_add_file(&keystore, 0, file.ticket, 0).err, ERR_NOT_FOUND);
    side_send_passphrase(&keystore, file.ticket, text_view("x")); /* is none of a file */
    assert_int_equal(keystore_add_file(&keystore, 0, file.ticket, 0).err, ERR_NOT_FOUND);
}

static void test_sealed(void **state)
{
    static const char *const names[] = {"sealed", "sealed-pem", "sealed-pkcs8"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        char file[64];
        struct view blob;
        struct added added;

        snprintf(file, sizeof file, "%s.pub", names[i]);
        blob = keygen_blob(file);
        added = read_added(add_with((struct side_file){.life = SIDE_NO_LIFE,
                                                       .public = blob,
                                                       .comment = text_view("beside it")},
                                    names[i]));
        assert_int_equal(added.flags, IPC_KEY_SEALED);
        assert_view_equal(added.blob, blob);
        assert_view_is(added.comment, "beside it");
        assert_int_equal(sign(added.id), ERR_SEALED);
        assert_int_equal(keystore_remove(&keystore, added.id), OK);
        view_free(&blob);
    }
}

/* Of a file that shows its public half itself, what lies beside it is not asked. */
static void test_public_half_beside(void **state)
{
    const struct side_file other = {.life = SIDE_NO_LIFE, .public = files[P256].blob};
    const struct side_file none = {.life = SIDE_NO_LIFE};
    const struct side_file certificate = {.life = SIDE_NO_LIFE, .public = certificates[P256]};
    const struct side_file junk = {.life = SIDE_NO_LIFE, .public = text_view("junk")};
    const struct side_file dsa = {.life = SIDE_NO_LIFE,
                                  .public = {(const uint8_t *)"\0\0\0\7ssh-dss", 11}};
    struct view blob = keygen_blob("sealed.pub");

    (void)state;
    assert_view_equal(read_added(add_with(other, "sealed")).blob, blob);
    view_free(&blob);
    assert_view_equal(read_added(add_with(other, "ed25519")).blob, files[ED25519].blob);
    assert_int_equal(add_with(none, "sealed-pem").err, ERR_FILE_PUBLIC);
    assert_int_equal(add_with(certificate, "sealed-pem").err, ERR_FILE_PUBLIC);
    assert_int_equal(add_with(junk, "sealed-pem").err, ERR_FILE_PUBLIC);
    assert_int_equal(add_with(dsa, "sealed-pem").err, ERR_KEY_DSA);
}

static void test_pem(void **state)
{
    static const struct {
        const char *name, *type, *format;
    } pems[] = {{"rsa-pem", "rsa", "PEM"},
                {"rsa-pkcs8", "rsa", "PKCS8"},
                {"ecdsa-pem", "ecdsa", "PEM"},
                {"ecdsa-pkcs8", "ecdsa", "PKCS8"}};

    (void)state;
    for (size_t i = 0; i < COUNT(pems); i++) {
        const char *const argv[] = {"ssh-keygen", "-q", "-t", pems[i].type, "-m", pems[i].format,
                                    "-N",         "",   "-f", pems[i].name, NULL};
        char file[64];
        struct view blob;
        struct added added;

        keygen_run(NULL, argv);
        snprintf(file, sizeof file, "%s.pub", pems[i].name);
        blob = keygen_blob(file);
        added = keystore_add_named(&keystore, 0, pems[i].name);
        assert_int_equal(added.flags, 0);
        assert_view_equal(added.blob, blob);
        assert_view_is(added.comment, pems[i].name); /* PEM has none */
        assert_int_equal(sign(added.id), OK);
        view_free(&blob);
    }
}

/* Two keys: the plain one first. */
static void check_certified(struct reply reply, struct view blob, struct view certificate,
                            uint8_t flags, uint64_t ret_ids[2])
{
    struct wire_reader r = wire_reader(reply.body.data, reply.body.len);
    struct added plain = read_entry(&r);
    struct added certified = read_entry(&r);

    assert_int_equal(reply.err, OK);
    assert_int_equal(wire_end(&r), OK);
    assert_view_equal(plain.blob, blob);
    assert_view_equal(certified.blob, certificate);
    assert_true(plain.id != certified.id);
    assert_view_equal(plain.comment, certified.comment);
    assert_true(plain.deadline == certified.deadline);
    assert_int_equal(plain.flags, flags);
    assert_int_equal(certified.flags, flags);
    ret_ids[0] = plain.id;
    ret_ids[1] = certified.id;
}

static void test_certificates(void **state)
{
    const char *const argv[] = {"ssh-keygen", "-q", "-s", "ca",         "-I",
                                "test",       "-n", "me", "sealed.pub", NULL};
    struct view blob = keygen_blob("sealed.pub");
    struct view certificate;
    uint64_t ids[2];

    (void)state;
    for (size_t kind = 0; kind < KINDS; kind++) {
        struct side_file file = {
            .life = SIDE_NO_LIFE, .certificate = certificates[kind], .comment = text_view("x")};

        check_certified(add_with(file, keygen_kinds[kind].name), files[kind].blob,
                        certificates[kind], 0, ids);
        check_signature(ids[0], kind);
        check_signature(ids[1], kind);
    }
    keygen_run(NULL, argv);
    certificate = keygen_blob("sealed-cert.pub");
    check_certified(
        add_with((struct side_file){.life = 100, .confirm = true, .certificate = certificate},
                 "sealed"),
        blob, certificate, IPC_KEY_SEALED | IPC_KEY_CONFIRM, ids);
    assert_int_equal(sign(ids[0]), ERR_CONFIRM);
    assert_int_equal(sign(ids[1]), ERR_CONFIRM);
    view_free(&blob);
    view_free(&certificate);
}

/* Then the key comes without it, and this is said. */
static void test_certificates_that_are_none(void **state)
{
    const struct view wrong[] = {certificates[P256],
                                 files[ED25519].blob,
                                 text_view("junk"),
                                 {certificates[ED25519].data, certificates[ED25519].len - 1}};

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++) {
        struct added added = read_added(
            add_with((struct side_file){.life = SIDE_NO_LIFE, .certificate = wrong[i]}, "ed25519"));

        assert_int_equal(added.flags, IPC_KEY_BAD_CERT);
        assert_view_equal(added.blob, files[ED25519].blob);
        check_signature(added.id, ED25519);
        added = read_added(add_with(
            (struct side_file){.life = SIDE_NO_LIFE, .confirm = true, .certificate = wrong[i]},
            "sealed"));
        assert_int_equal(added.flags, IPC_KEY_BAD_CERT | IPC_KEY_SEALED | IPC_KEY_CONFIRM);
    }
}

static void test_comments(void **state)
{
    const char *const argv[] = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "",
                                "-C",         "",   "-f", "silent",  NULL};
    const struct side_file file = {.life = SIDE_NO_LIFE,
                                   .comment = {(const uint8_t *)"a\xe9\0b", 4}};
    static uint8_t longest[SIDE_COMMENT_MAX];

    (void)state;
    keygen_run(NULL, argv);
    assert_view_is(read_added(add_with(file, "ed25519")).comment, "test key of split-ssh");
    /* What follows a NUL would hide all other keys from OpenSSH's clients. */
    assert_view_is(read_added(add_with(file, "silent")).comment, "a\xe9");
    assert_view_is(read_added(add_with(file, "sealed")).comment, "a\xe9");
    memset(longest, 'c', sizeof longest);
    assert_view_equal(read_added(add_with((struct side_file){.life = SIDE_NO_LIFE,
                                                             .comment = {longest, sizeof longest}},
                                          "silent"))
                          .comment,
                      ((struct view){longest, sizeof longest}));
}

static void test_lives(void **state)
{
    static const struct {
        uint32_t life, default_life, counts;
    } lives[] = {{SIDE_NO_LIFE, 0, 0},
                 {SIDE_NO_LIFE, 600, 600},
                 {256, 0, 256},
                 {256, 600, 256},
                 {UINT32_MAX - 1, 600, UINT32_MAX - 1}};
    struct side_file file = {.confirm = true};
    struct added added;

    (void)state;
    for (size_t i = 0; i < COUNT(lives); i++) {
        uint64_t before = boottime_ms();
        uint64_t life = (uint64_t)lives[i].counts * 1000;

        file.ticket = next_ticket();
        file.life = lives[i].life;
        side_send_file(&keystore, &file, "ed25519");
        added = read_added(keystore_add_file(&keystore, 0, file.ticket, lives[i].default_life));
        assert_int_equal(added.flags, IPC_KEY_CONFIRM);
        if (life == 0) {
            assert_int_equal(added.deadline, 0);
        } else {
            assert_true(added.deadline >= before + life);
            assert_true(added.deadline <= boottime_ms() + life);
        }
        assert_int_equal(sign(added.id), ERR_CONFIRM);
    }
    file.life = 0;
    added = read_added(add_with(file, "ed25519"));
    assert_true(added.deadline != 0);
    assert_int_equal(sign(added.id), ERR_NOT_FOUND);
}

/* A descriptor of something that is no regular file costs nothing but its ticket. */
static void test_no_files(void **state)
{
    int ends[2];
    int fd;

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(add_fd(ends[0]), ERR_FILE_FORMAT); /* does not wait for a writer */
    close(ends[1]);
    make_sockets(ends);
    assert_int_equal(add_fd(ends[0]), ERR_FILE_FORMAT);
    close(ends[1]);
    assert_int_equal(add_fd(open("/dev/zero", O_RDONLY | O_CLOEXEC)), ERR_FILE_FORMAT);
    assert_int_equal(add_fd(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), ERR_FILE_FORMAT);
    assert_int_equal(add_fd(open("/proc/version", O_RDONLY | O_CLOEXEC)), ERR_FILE_FORMAT);
    keygen_write("written", text_view(""));
    assert_int_equal(add_fd(side_open("written")), ERR_FILE_FORMAT);
    fd = side_open("ed25519");
    assert_int_equal(lseek(fd, 1, SEEK_SET), 1);
    assert_int_equal(add_fd(fd), ERR_FILE_FORMAT);
    fd = side_open("ed25519");
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(add_fd(fd), OK);
    fd = open("/dev/null", O_WRONLY | O_CLOEXEC); /* may not even be read */
    assert_int_equal(add_fd(fd), ERR_FILE_FORMAT);
    check_signature(keystore_add_named(&keystore, 0, "ed25519").id, ED25519);
}

static void test_sizes(void **state)
{
    struct view text = keygen_read("ed25519");
    uint8_t *bytes = malloc(KEY_FILE_MAX + 1);

    (void)state;
    assert_non_null(bytes);
    memset(bytes, '\n', KEY_FILE_MAX + 1);
    memcpy(bytes, text.data, text.len);
    keygen_write("written", (struct view){bytes, KEY_FILE_MAX + 1});
    assert_int_equal(add_fd(side_open("written")), ERR_TOO_BIG);
    keygen_write("written", (struct view){bytes, KEY_FILE_MAX});
    assert_int_equal(add_fd(side_open("written")), OK);
    keygen_write("written", (struct view){bytes, text.len / 2});
    assert_int_equal(add_fd(side_open("written")), ERR_FILE_FORMAT);
    keygen_write("written", (struct view){bytes + 1, text.len});
    assert_int_equal(add_fd(side_open("written")), ERR_FILE_FORMAT);
    assert_int_equal(add_fd(side_open("ed25519.pub")), ERR_FILE_FORMAT);
    free(bytes);
    view_free(&text);
}

/* What can be said before the first signature. */
static void test_rsa_sizes(void **state)
{
    (void)state;
    keygen_make("small", "rsa", "1024");
    make_sealed("small-sealed", "rsa", "1024", "1");
    assert_int_equal(add_fd(side_open("small")), ERR_KEY_RSA_SIZE);
    assert_int_equal(add_fd(side_open("small-sealed")), ERR_KEY_RSA_SIZE);
}

/* The bytes of a file with lines around them, as ssh-keygen writes it. */
static void write_armored(const char *name, struct view bytes)
{
    static char base64[8192];
    static char text[sizeof base64 + 100];

    sodium_bin2base64(base64, sizeof base64, bytes.data, bytes.len, sodium_base64_VARIANT_ORIGINAL);
    snprintf(text, sizeof text,
             "-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n-----END OPENSSH PRIVATE KEY-----\n",
             base64);
    keygen_write(name, text_view(text));
}

/* A file is not looked into before its key is used; and then it never signs wrongly. */
static void test_halves_that_do_not_match(void **state)
{
    struct view bytes = keygen_armored("rsa");
    size_t at = (size_t)(files[RSA_2048].field[RSA_D].data - files[RSA_2048].bytes.data);
    struct added added;

    (void)state;
    ((uint8_t *)bytes.data)[at + 100] ^= 4;
    write_armored("mixed", bytes);
    view_free(&bytes);
    added = keystore_add_named(&keystore, 0, "mixed");
    assert_view_equal(added.blob, files[RSA_2048].blob);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(sign(added.id), ERR_KEY_MISMATCH);
    }
}

/* The ticket is good again when it is over. What was locked comes back as it was. */
static void test_locked(void **state)
{
    const struct side_file file = {.ticket = next_ticket(), .life = SIDE_NO_LIFE};
    uint64_t used = keystore_add_named(&keystore, 0, "rsa").id;
    uint64_t unused = keystore_add_named(&keystore, 0, "ecdsa256").id;
    uint64_t sealed = keystore_add_named(&keystore, 0, "sealed").id;

    (void)state;
    check_signature(used, RSA_2048);
    side_send_file(&keystore, &file, "ed25519");
    assert_int_equal(keystore_passphrase(&keystore, IPC_LOCK, "a"), OK);
    assert_int_equal(keystore_add_file(&keystore, 0, file.ticket, 0).err, ERR_LOCKED);
    assert_int_equal(sign(sealed), ERR_LOCKED);
    assert_int_equal(keystore_passphrase(&keystore, IPC_UNLOCK, "a"), OK);
    check_signature(read_added(keystore_add_file(&keystore, 0, file.ticket, 0)).id, ED25519);
    check_signature(used, RSA_2048);
    check_signature(unused, P256);
    assert_int_equal(sign(sealed), ERR_SEALED);
    assert_int_equal(keystore_unseal(&keystore, sealed, "passphrase"), OK);
    assert_int_equal(keystore_unsealed(&keystore, sealed), OK);
    assert_int_equal(sign(sealed), OK);
}

/* As at a start: sixteen are sent ahead, and each is there when it is asked for. */
static void test_many(void **state)
{
    enum { FILES = 200, AHEAD = 16 };
    uint64_t first = next_ticket();
    uint64_t ids[FILES];

    (void)state;
    for (uint64_t i = 0; i < FILES + AHEAD; i++) {
        const struct side_file file = {.ticket = first + i, .life = SIDE_NO_LIFE};

        if (i < FILES) {
            side_send_file(&keystore, &file, i % 2 == 0 ? "ed25519" : "sealed");
        }
        if (i >= AHEAD) {
            uint32_t agent = (uint32_t)(i - AHEAD) / 2;

            ids[i - AHEAD] =
                read_added(keystore_add_file(&keystore, agent, file.ticket - AHEAD, 0)).id;
        }
    }
    for (size_t i = 0; i < FILES; i++) {
        assert_int_equal(sign(ids[i]), i % 2 == 0 ? OK : ERR_SEALED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_plain, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_a_ticket_is_good_once, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_sealed, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_public_half_beside, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_pem, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_certificates, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_certificates_that_are_none, run_keystore,
                                        end_keystore),
        cmocka_unit_test_setup_teardown(test_comments, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_lives, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_no_files, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_sizes, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_rsa_sizes, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_halves_that_do_not_match, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_locked, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_many, run_keystore, end_keystore),
    };

    return cmocka_run_group_tests(tests, start, all_kinds_free);
}
