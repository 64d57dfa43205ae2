/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keystore/serve.c, main.c: what ends the keystore, and with which status; what does not. Bytes
 * come as they could from an agent that somebody took over.
 */
#include <dirent.h>
#include <stdio.h>

#include "keystore_process.h"
#include "openssh_key.h"

#define MESSAGE_MAX 4096
#define MUTANTS     200

static struct openssh_key key;
static struct openssh_key ecdsa;

static int start(void **state)
{
    (void)state;
    keygen_start();
    keygen_make("key", "ed25519", "256");
    keygen_make("ecdsa", "ecdsa", "256");
    openssh_key_read("key", &key);
    openssh_key_read("ecdsa", &ecdsa);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    openssh_key_free(&key);
    openssh_key_free(&ecdsa);
    keygen_stop();
    return 0;
}

/* The status of a keystore that gets these bytes, and then the end of the stream. */
static int status_after(const void *bytes, size_t len)
{
    uint8_t what;
    struct view body;

    keystore_start(&keystore);
    keystore_send(&keystore, bytes, len);
    shutdown(keystore.fd, SHUT_WR);
    while (keystore_next(&keystore, &what, &body)) {
    }
    return keystore_wait(&keystore);
}

/* The status it ends with by itself; the stream stays open. */
static int status_of(const void *bytes, size_t len)
{
    uint8_t what;
    struct view body;

    keystore_start(&keystore);
    keystore_send(&keystore, bytes, len);
    assert_false(keystore_next(&keystore, &what, &body)); /* and without an answer */
    return keystore_wait(&keystore);
}

static void test_end_of_stream(void **state)
{
    static const uint8_t expire[] = {0, 0, 0, 1, IPC_EXPIRE};

    (void)state;
    assert_int_equal(status_after(NULL, 0), IPC_EXIT_OK);
    assert_int_equal(status_after(expire, sizeof expire), IPC_EXIT_OK);
    for (size_t len = 1; len < sizeof expire; len++) {
        assert_int_equal(status_after(expire, len), IPC_EXIT_PROTOCOL);
    }
}

static void test_unknown_ops(void **state)
{
    static const uint8_t ops[] = {0, 11, 12, 127, 128, 254, 255};

    (void)state;
    for (size_t i = 0; i < COUNT(ops); i++) {
        const uint8_t frame[] = {0, 0, 0, 2, ops[i], 0};

        assert_int_equal(status_of(frame, sizeof frame), IPC_EXIT_PROTOCOL);
    }
}

#define FRAME(length, op, ...)                                                                     \
    {                                                                                              \
        {0, 0, (length) >> 8, (length)&0xff, op, __VA_ARGS__}, 4 + (length)                        \
    }

/* One byte less than the op has, and one more. */
static void test_bodies_of_the_wrong_size(void **state)
{
    static const struct {
        uint8_t bytes[40];
        size_t len;
    } frames[] = {
        FRAME(1, IPC_ADD, 0),     FRAME(5, IPC_ADD, 1),
        FRAME(9, IPC_ADD, 1),     FRAME(1, IPC_SIGN, 0),
        FRAME(1, IPC_ADD_FILE),   FRAME(16, IPC_ADD_FILE),
        FRAME(18, IPC_ADD_FILE),  FRAME(1, IPC_UNSEAL),
        FRAME(16, IPC_UNSEAL),    FRAME(18, IPC_UNSEAL),
        FRAME(9, IPC_SIGN, 0),    FRAME(12, IPC_SIGN, 0),
        FRAME(13, IPC_SIGN, 0),   FRAME(17, IPC_SIGN, 0),
        FRAME(20, IPC_SIGN, 0),   FRAME(1, IPC_REVOKE, 0),
        FRAME(2, IPC_REVOKE, 0),  FRAME(5, IPC_REVOKE, 0),
        FRAME(7, IPC_REVOKE, 0),  FRAME(7, IPC_REVOKE, 1, 0, 0, 0, 2, 'a'),
        FRAME(1, IPC_REMOVE, 0),  FRAME(8, IPC_REMOVE, 0),
        FRAME(10, IPC_REMOVE, 0), FRAME(1, IPC_REMOVE_ALL, 0),
        FRAME(4, IPC_REMOVE_ALL), FRAME(6, IPC_REMOVE_ALL),
        FRAME(2, IPC_EXPIRE, 0),  FRAME(1, IPC_LOCK, 0),
        FRAME(4, IPC_LOCK, 0),    FRAME(7, IPC_LOCK, 0, 0, 0, 3, 'a', 'b'),
        FRAME(6, IPC_LOCK, 0),    FRAME(1, IPC_UNLOCK, 0),
        FRAME(4, IPC_UNLOCK, 0),  FRAME(7, IPC_UNLOCK, 0, 0, 0, 3, 'a', 'b'),
        FRAME(6, IPC_UNLOCK, 0),  FRAME(9, IPC_LOCK, 255, 255, 255, 255, 'a'),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(frames); i++) {
        assert_int_equal(status_of(frames[i].bytes, frames[i].len), IPC_EXIT_PROTOCOL);
    }
}

static void test_long_passphrases(void **state)
{
    static const uint8_t ops[] = {IPC_LOCK, IPC_UNLOCK};
    uint8_t frame[IPC_HEADER + 4 + PASSPHRASE_MAX + 1] = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(ops); i++) {
        store_u32(frame, sizeof frame - 4);
        frame[4] = ops[i];
        store_u32(frame + IPC_HEADER, PASSPHRASE_MAX + 1);
        assert_int_equal(status_of(frame, sizeof frame), IPC_EXIT_PROTOCOL);
    }
}

static void test_lengths(void **state)
{
    static const uint32_t lengths[] = {IPC_MAX + 1, IPC_MAX * 2,    0x7fffffff,
                                       0x80000000U, UINT32_MAX - 3, UINT32_MAX};
    uint8_t frame[5] = {0, 0, 0, 0, IPC_EXPIRE};

    (void)state;
    assert_int_equal(status_of(frame, sizeof frame), IPC_EXIT_PROTOCOL); /* no room for an op */
    assert_int_equal(status_after(frame, 4), IPC_EXIT_PROTOCOL);
    for (size_t i = 0; i < COUNT(lengths); i++) {
        store_u32(frame, lengths[i]);
        assert_int_equal(status_of(frame, sizeof frame), IPC_EXIT_PROTOCOL);
        assert_int_equal(status_of(frame, 4), IPC_EXIT_PROTOCOL);
    }
}

/* The longest there may be is read to its end before its op is refused. */
static void test_longest_frame(void **state)
{
    static uint8_t frame[4 + IPC_MAX];

    (void)state;
    store_u32(frame, IPC_MAX);
    frame[4] = IPC_EXPIRE;
    assert_int_equal(status_of(frame, sizeof frame), IPC_EXIT_PROTOCOL);
}

/* One request is under way at a time. */
static void test_two_requests_at_once(void **state)
{
    static const uint8_t frames[] = {0, 0, 0, 1, IPC_EXPIRE, 0, 0, 0, 1, IPC_EXPIRE};

    (void)state;
    for (size_t len = 6; len <= sizeof frames; len++) {
        assert_int_equal(status_of(frames, len), IPC_EXIT_PROTOCOL);
    }
}

static struct view add_message(const struct openssh_key *of)
{
    static uint8_t bytes[MESSAGE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_u32(&w, 0); /* agent */
    put_u8(&w, 0);
    put_u32(&w, 0);
    put_add(&w, of, text_view("comment"));
    assert_int_equal(w.err, OK);
    return wire_written(&w);
}

static void test_byte_by_byte(void **state)
{
    struct view body = add_message(&key);
    uint8_t header[IPC_HEADER];
    uint8_t what = 0;
    struct view answer;

    (void)state;
    keystore_start(&keystore);
    store_u32(header, (uint32_t)body.len + 1);
    header[4] = IPC_ADD;
    for (size_t i = 0; i < IPC_HEADER + body.len; i++) {
        keystore_send(&keystore, i < IPC_HEADER ? &header[i] : &body.data[i - IPC_HEADER], 1);
    }
    assert_true(keystore_next(&keystore, &what, &answer));
    assert_int_equal(what, OK);
    assert_int_equal(keystore_stop(&keystore), IPC_EXIT_OK);
}

/* One of its two sockets is another file, or nothing. */
static int status_with_fd(int fd, const char *path)
{
    posix_spawn_file_actions_t actions;
    int ends[2];
    int status;

    make_sockets(ends);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], IPC_FD);
    posix_spawn_file_actions_adddup2(&actions, IPC_FD, IPC_SIDE_FD);
    if (path != NULL) {
        posix_spawn_file_actions_addopen(&actions, fd, path, O_RDWR, 0);
    } else {
        posix_spawn_file_actions_addclose(&actions, fd);
    }
    status = process_status(keystore_spawn(&actions));
    posix_spawn_file_actions_destroy(&actions);
    close(ends[0]);
    close(ends[1]);
    return status;
}

static void test_started_by_hand(void **state)
{
    (void)state;
    for (int fd = IPC_FD; fd <= IPC_SIDE_FD; fd++) {
        assert_int_equal(status_with_fd(fd, NULL), IPC_EXIT_USAGE);
        assert_int_equal(status_with_fd(fd, "/dev/null"), IPC_EXIT_USAGE);
    }
}

/* Whether a line of a file of /proc/PID begins like that. */
static bool proc_has(const char *file, const char *wanted)
{
    char path[64];
    char line[512];
    bool found = false;
    FILE *stream;

    snprintf(path, sizeof path, "/proc/%d/%s", (int)keystore.pid, file);
    stream = fopen(path, "re");
    assert_non_null(stream);
    while (fgets(line, sizeof line, stream) != NULL) {
        found = found || strncmp(line, wanted, strlen(wanted)) == 0;
    }
    fclose(stream);
    return found;
}

/* Its open descriptors; -1 if we may not look, which is so for a process that is not dumpable. */
static int open_descriptors(void)
{
    char path[64];
    struct dirent *entry;
    int count = 0;
    DIR *dir;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)keystore.pid);
    dir = opendir(path);
    if (dir == NULL) {
        return -1;
    }
    while ((entry = readdir(dir)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    closedir(dir);
    return count;
}

static void test_the_process(void **state)
{
    int left_open = fcntl(STDIN_FILENO, F_DUPFD, 20); /* without FD_CLOEXEC */
    int descriptors;

    (void)state;
    assert_true(left_open >= 20);
    keystore_start(&keystore);
    close(left_open);
    assert_true(proc_has("status", "NoNewPrivs:\t1"));
    assert_true(proc_has("limits", "Max core file size        0                    0 "));
    descriptors = open_descriptors();
    if (geteuid() != 0) {
        assert_int_equal(descriptors, -1);
    } else {
        assert_int_equal(descriptors, 5); /* 0 to 4; the arena's is closed */
    }
    assert_int_equal(keystore_stop(&keystore), IPC_EXIT_OK);
}

/* xorshift: the same numbers in each run. */
static uint32_t next_random(void)
{
    static uint32_t x = 0x5eed5eedU;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x;
}

/* One of the requests that an agent sends; the key has this id. */
static struct wire_writer good_request(uint8_t *bytes, size_t cap, uint64_t id)
{
    static const uint8_t ops[] = {IPC_ADD,  IPC_ADD,    IPC_ADD,    IPC_ADD,
                                  IPC_SIGN, IPC_REMOVE, IPC_EXPIRE, IPC_REMOVE_ALL,
                                  IPC_SIGN, IPC_REVOKE, IPC_UNSEAL, IPC_ADD_FILE};
    static const uint8_t approval[APPROVAL_SIZE] = {APPROVAL_ONCE};
    struct wire_writer w = wire_writer(bytes, cap);
    uint8_t op = ops[next_random() % COUNT(ops)];
    struct view add = add_message(next_random() % 2 == 0 ? &key : &ecdsa);

    put_u32(&w, 0);
    put_u8(&w, op);
    if (op == IPC_ADD) {
        put_bytes(&w, add.data, add.len);
    } else if (op == IPC_SIGN || op == IPC_REMOVE || op == IPC_UNSEAL) {
        put_u64(&w, id);
    }
    if (op == IPC_REMOVE_ALL || op == IPC_ADD_FILE) {
        put_u32(&w, next_random() % 2);
    }
    if (op == IPC_ADD_FILE || op == IPC_UNSEAL) {
        put_u64(&w, next_random());
    }
    if (op == IPC_ADD_FILE) {
        put_u32(&w, next_random());
    }
    if (op == IPC_SIGN) {
        put_u32(&w, next_random() % 8);
        put_text(&w, "qube");
        put_string(&w, (struct view){approval, next_random() % 2 == 0 ? 0 : sizeof approval});
        put_text(&w, "data to be signed");
    }
    if (op == IPC_REVOKE) {
        put_u8(&w, next_random() % 2);
        put_text(&w, "qube");
    }
    assert_int_equal(w.err, OK);
    return w;
}

/* Some bits, or another length; and for one in eight a length word that is not its length. */
static size_t mutate(uint8_t *bytes, size_t len, size_t cap)
{
    uint32_t how = next_random();

    if (how % 4 == 0) {
        len = IPC_HEADER + next_random() % (cap - IPC_HEADER);
    }
    for (uint32_t flips = how / 4 % 4; flips > 0; flips--) {
        bytes[4 + next_random() % (len - 4)] ^= (uint8_t)(1U << next_random() % 8);
    }
    store_u32(bytes, (uint32_t)len - 4);
    if (how / 16 % 8 == 0) {
        bytes[next_random() % 4] ^= (uint8_t)(1U << next_random() % 8);
    }
    return len;
}

static uint64_t start_with_a_key(void)
{
    struct reply reply;
    struct wire_reader r;

    keystore_start(&keystore);
    reply = keystore_request(&keystore, IPC_ADD, add_message(&key));
    assert_int_equal(reply.err, OK);
    r = wire_reader(reply.body.data, reply.body.len);
    return wire_u64(&r);
}

static void test_mutated_requests(void **state)
{
    uint64_t id = start_with_a_key();
    unsigned answered = 0;

    (void)state;
    for (int i = 0; i < MUTANTS; i++) {
        uint8_t bytes[1024] = {0};
        size_t len = mutate(bytes, good_request(bytes, sizeof bytes, id).len, sizeof bytes);
        bool whole = load_u32(bytes) == len - 4;
        struct view body;
        uint8_t what = 0;

        keystore_send(&keystore, bytes, len);
        if (!whole) { /* it may be waiting for more */
            shutdown(keystore.fd, SHUT_WR);
        }
        if (keystore_next(&keystore, &what, &body)) {
            assert_true(whole);
            assert_true(what <= ERR_MAX);
            assert_int_equal(keystore_request(&keystore, IPC_EXPIRE, NO_BODY).err, OK);
            answered++;
            continue;
        }
        assert_int_equal(keystore_wait(&keystore), IPC_EXIT_PROTOCOL);
        id = start_with_a_key();
    }
    assert_int_equal(keystore_stop(&keystore), IPC_EXIT_OK);
    assert_true(answered > MUTANTS / 4 && answered < MUTANTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_end_of_stream),
        cmocka_unit_test(test_unknown_ops),
        cmocka_unit_test(test_bodies_of_the_wrong_size),
        cmocka_unit_test(test_long_passphrases),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_longest_frame),
        cmocka_unit_test(test_two_requests_at_once),
        cmocka_unit_test(test_byte_by_byte),
        cmocka_unit_test(test_started_by_hand),
        cmocka_unit_test(test_the_process),
        cmocka_unit_test(test_mutated_requests),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
