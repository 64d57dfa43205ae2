/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keystore/side.c: the side channel of the real program. What ends it, what does not, and what
 * becomes of the descriptors that came.
 */
#include <poll.h>

#include "keystore_side.h"

static int start(void **state)
{
    (void)state;
    keygen_start();
    keygen_make("key", "ed25519", "256");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    keygen_stop();
    return 0;
}

/* A keystore that has a FILE with ticket 1, gets a packet: the status that it ends with. */
static int status_of(struct view packet, size_t copies)
{
    const struct side_file file = {.ticket = 1, .life = SIDE_NO_LIFE};
    uint8_t what;
    struct view body;

    keystore_start(&keystore);
    side_send_file(&keystore, &file, "key");
    side_send(&keystore, packet, STDERR_FILENO, copies);
    assert_false(keystore_next(&keystore, &what, &body));
    return keystore_wait(&keystore);
}

#define PACKET(...)                                                                                \
    {                                                                                              \
        sizeof((const uint8_t[]){__VA_ARGS__}),                                                    \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define TICKET(n)  0, 0, 0, 0, 0, 0, 0, n
#define NO_STRING  0, 0, 0, 0
#define BEFORE_ALL 1, 0, 0, 0, 9 /* confirm, life */

/* All but the number of descriptors is right, or the other way around. */
static void test_malformed_packets(void **state)
{
    static const struct {
        size_t copies;
        struct {
            size_t len;
            uint8_t bytes[40];
        } packet;
    } packets[] = {
        {0, PACKET(0)},
        {1, PACKET(0, TICKET(7))},
        {0, PACKET(4, TICKET(7))},
        {1, PACKET(4, TICKET(7))},
        {0, PACKET(255, TICKET(7))},
        {0, PACKET(SIDE_PASSPHRASE, TICKET(7))},
        {2, PACKET(SIDE_PASSPHRASE, TICKET(7))},
        {3, PACKET(SIDE_PASSPHRASE, TICKET(7))},
        {SIDE_FDS_MAX, PACKET(SIDE_PASSPHRASE, TICKET(7))},
        {1, PACKET(SIDE_PASSPHRASE, TICKET(7), 0)},
        {1, PACKET(SIDE_PASSPHRASE, 0, 0, 0, 0, 0, 0, 7)},
        {1, PACKET(SIDE_PASSPHRASE)},
        {1, PACKET(SIDE_PASSPHRASE, TICKET(1))}, /* is there already */
        {1, PACKET(SIDE_DROP, TICKET(1))},
        {0, PACKET(SIDE_DROP, TICKET(1), 0)},
        {0, PACKET(SIDE_DROP, 0, 0, 0, 0, 0, 0, 1)},
        {0, PACKET(SIDE_DROP)},
        {0, PACKET(SIDE_FILE, TICKET(7), BEFORE_ALL, NO_STRING, NO_STRING, NO_STRING)},
        {2, PACKET(SIDE_FILE, TICKET(7), BEFORE_ALL, NO_STRING, NO_STRING, NO_STRING)},
        {1, PACKET(SIDE_FILE, TICKET(1), BEFORE_ALL, NO_STRING, NO_STRING, NO_STRING)},
        {1, PACKET(SIDE_FILE, TICKET(7), BEFORE_ALL, NO_STRING, NO_STRING, NO_STRING, 0)},
        {1, PACKET(SIDE_FILE, TICKET(7), BEFORE_ALL, NO_STRING, NO_STRING, 0, 0, 0)},
        {1, PACKET(SIDE_FILE, TICKET(7), BEFORE_ALL, NO_STRING, NO_STRING, 0, 0, 0, 1)},
        {1, PACKET(SIDE_FILE, TICKET(7), BEFORE_ALL, NO_STRING, 255, 255, 255, 255, NO_STRING)},
        {1, PACKET(SIDE_FILE, TICKET(7), BEFORE_ALL)},
        {1, PACKET(SIDE_FILE, TICKET(7), 1)},
        {1, PACKET(SIDE_FILE)},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(packets); i++) {
        struct view packet = {packets[i].packet.bytes, packets[i].packet.len};

        assert_int_equal(status_of(packet, packets[i].copies), IPC_EXIT_PROTOCOL);
    }
}

/* A FILE with strings of these lengths. */
static struct view file_of_lengths(const size_t lengths[3])
{
    static const uint8_t zeros[2 * CERTIFICATE_MAX];
    static uint8_t bytes[SIDE_MAX + CERTIFICATE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_u8(&w, SIDE_FILE);
    put_u64(&w, 7);
    put_u8(&w, 0);
    put_u32(&w, SIDE_NO_LIFE);
    for (size_t i = 0; i < 3; i++) {
        put_string(&w, (struct view){zeros, lengths[i]});
    }
    assert_int_equal(w.err, OK);
    return wire_written(&w);
}

static void test_sizes(void **state)
{
    static const size_t longest[] = {CERTIFICATE_MAX, CERTIFICATE_MAX, SIDE_COMMENT_MAX};
    struct view packet;
    int fd;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        size_t lengths[3] = {0, 0, 0};

        lengths[i] = longest[i] + 1;
        assert_int_equal(status_of(file_of_lengths(lengths), 1), IPC_EXIT_PROTOCOL);
        memcpy(lengths, longest, sizeof lengths);
        lengths[i]++; /* does not fit into a packet */
        assert_int_equal(status_of(file_of_lengths(lengths), 1), IPC_EXIT_PROTOCOL);
    }
    packet = file_of_lengths(longest); /* and one byte, which is cut off */
    packet.len++;
    assert_int_equal(status_of(packet, 1), IPC_EXIT_PROTOCOL);
    keystore_start(&keystore);
    fd = side_open("key");
    side_send(&keystore, file_of_lengths(longest), fd, 1);
    close(fd);
    assert_int_equal(keystore_add_file(&keystore, 0, 7, 0).err, OK);
    assert_int_equal(keystore_stop(&keystore), IPC_EXIT_OK);
}

/* Also when it is a request that finds them. */
static void test_malformed_before_a_request(void **state)
{
    uint8_t what;
    struct view body;

    (void)state;
    keystore_start(&keystore);
    kill(keystore.pid, SIGSTOP);
    side_send(&keystore, text_view("?"), -1, 0);
    keystore_send_frame(&keystore, IPC_ADD_FILE, (struct view){(const uint8_t[16]){0}, 16});
    kill(keystore.pid, SIGCONT);
    assert_false(keystore_next(&keystore, &what, &body));
    assert_int_equal(keystore_wait(&keystore), IPC_EXIT_PROTOCOL);
}

/* The prompt is gone: what it sent is good, and keys go on. */
static void test_end_of_the_prompt(void **state)
{
    const struct side_file file = {.ticket = next_ticket(), .life = SIDE_NO_LIFE};
    uint64_t id = keystore_add_named(&keystore, 0, "key").id;

    (void)state;
    side_send_file(&keystore, &file, "key");
    keystore_close_side(&keystore);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(keystore_sign(&keystore, id, 0, text_view("x")).err, OK);
    }
    assert_int_equal(keystore_add_file(&keystore, 1, file.ticket + 1, 0).err, ERR_NOT_FOUND);
    id = read_added(keystore_add_file(&keystore, 1, file.ticket, 0)).id;
    assert_int_equal(keystore_sign(&keystore, id, 0, text_view("x")).err, OK);
}

/* No bytes look like the end of the channel, and are that. */
static void test_empty_packet(void **state)
{
    uint64_t id = keystore_add_named(&keystore, 0, "key").id;
    uint8_t byte;

    (void)state;
    side_send(&keystore, NO_BODY, -1, 0);
    assert_int_equal(recv(keystore.side, &byte, 1, 0), 0);
    assert_int_equal(keystore_sign(&keystore, id, 0, text_view("x")).err, OK);
}

/* The reading end goes to the keystore; returns the writing one. */
static int send_pipe(uint64_t ticket)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    side_send_passphrase_fd(&keystore, ticket, ends[0]);
    close(ends[0]);
    return ends[1];
}

/* Has the reading end been closed? Waits for the keystore to have read what was sent. */
static bool is_closed(int fd)
{
    struct pollfd pipe = {.fd = fd, .events = POLLOUT};

    assert_int_equal(keystore_add_file(&keystore, 0, 0, 0).err, ERR_NOT_FOUND);
    assert_int_equal(poll(&pipe, 1, 0), 1);
    return (pipe.revents & POLLERR) != 0;
}

/* The oldest makes way, and is closed; the others stay. */
static void test_full_table(void **state)
{
    int pipes[TICKETS_MAX + 3];
    uint64_t first = next_ticket();

    (void)state;
    for (size_t i = 0; i < COUNT(pipes); i++) {
        pipes[i] = send_pipe(first + i);
    }
    for (size_t i = 0; i < COUNT(pipes); i++) {
        assert_int_equal(is_closed(pipes[i]), i < COUNT(pipes) - TICKETS_MAX);
    }
    /* A place that became free in the middle is the next; then again the oldest. */
    side_drop(&keystore, first + 20);
    assert_true(is_closed(pipes[20]));
    close(pipes[20]);
    pipes[20] = send_pipe(first + 1000);
    assert_false(is_closed(pipes[20]));
    assert_false(is_closed(pipes[3]));
    close(pipes[0]);
    pipes[0] = send_pipe(first + 1001);
    assert_true(is_closed(pipes[3]));
    assert_false(is_closed(pipes[4]));
    assert_false(is_closed(pipes[20]));
    for (size_t i = 0; i < COUNT(pipes); i++) {
        close(pipes[i]);
    }
}

static void test_drop(void **state)
{
    uint64_t ticket = next_ticket();
    int pipe = send_pipe(ticket);

    (void)state;
    side_drop(&keystore, ticket + 1);
    assert_false(is_closed(pipe));
    side_drop(&keystore, ticket);
    assert_true(is_closed(pipe));
    side_drop(&keystore, ticket);
    close(pipe);
    pipe = send_pipe(ticket); /* is free again */
    assert_false(is_closed(pipe));
    close(pipe);
}

/* What was taken is closed, whatever came of it; so is what no request asks for. */
static void test_descriptors_are_closed(void **state)
{
    uint64_t ticket = next_ticket();
    uint64_t id = keystore_add_named(&keystore, 0, "key").id;
    int ends[2];
    int pipe = send_pipe(ticket);

    (void)state;
    assert_int_equal(keystore_unseal_with(&keystore, id, ticket), OK); /* is not sealed */
    assert_int_equal(keystore_unsealed(&keystore, id), OK);
    assert_true(is_closed(pipe));
    close(pipe);
    pipe = send_pipe(ticket);
    assert_int_equal(keystore_unseal_with(&keystore, id ^ 0x10000, ticket), ERR_NOT_FOUND);
    assert_true(is_closed(pipe));
    close(pipe);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    side_send_fd(&keystore, &(struct side_file){.ticket = ticket, .life = SIDE_NO_LIFE}, ends[0]);
    assert_int_equal(keystore_add_file(&keystore, 0, ticket, 0).err, ERR_FILE_FORMAT);
    assert_true(is_closed(ends[1]));
    close(ends[1]);
    for (int i = 0; i < 2000; i++) { /* more than a process may have open */
        assert_true(keystore_add_named(&keystore, 0, "key").id == id);
    }
}

/* A request sees all that was sent before it, also where both come at once. */
static void test_order(void **state)
{
    struct side_file file = {.life = SIDE_NO_LIFE};
    uint8_t bytes[16] = {0};
    uint8_t what = 0;
    struct view body;

    (void)state;
    for (int i = 0; i < 20; i++) {
        kill(keystore.pid, SIGSTOP);
        file.ticket = next_ticket();
        store_u32(bytes + 4, (uint32_t)(file.ticket >> 32));
        store_u32(bytes + 8, (uint32_t)file.ticket);
        if (i % 2 == 0) {
            side_send_file(&keystore, &file, "key");
        }
        keystore_send_frame(&keystore, IPC_ADD_FILE, (struct view){bytes, sizeof bytes});
        kill(keystore.pid, SIGCONT);
        assert_true(keystore_next(&keystore, &what, &body));
        assert_int_equal(what, i % 2 == 0 ? OK : ERR_NOT_FOUND);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_malformed_packets),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_malformed_before_a_request),
        cmocka_unit_test_setup_teardown(test_end_of_the_prompt, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_empty_packet, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_full_table, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_drop, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_descriptors_are_closed, run_keystore, end_keystore),
        cmocka_unit_test_setup_teardown(test_order, run_keystore, end_keystore),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
