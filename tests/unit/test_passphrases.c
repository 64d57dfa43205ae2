/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * agent/prompt/passphrases.c and side.c, with a clock that the test turns, scripts as children and
 * a socket pair as the way to the keystore.
 */
#include "passphrases.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

#define PATIENCE_MS 30000
#define NOW         UINT64_C(1000000)
#define ASK_MS      UINT64_C(125000) /* two dialogs of 60 s, and 5 s */

static char directory[] = "/tmp/passphrases.XXXXXX";
static char program[64];
static char output[64];
static int keystore; /* its end */
static struct side side;
static struct passphrases p;

static void script(const char *body)
{
    FILE *file;

    unlink(output);
    unlink(program); /* a child may still be at the old one */
    file = fopen(program, "we");
    assert_non_null(file);
    /* Standard input is the socket: bytes to the broker go there. */
    fprintf(file, "#!/bin/sh\nout=%s\nask() { dd bs=4096 count=1 of=/dev/null 2>/dev/null; }\n%s\n",
            output, body);
    fclose(file);
    assert_int_equal(chmod(program, 0700), 0);
}

static void sleep_a_moment(void)
{
    const struct timespec moment = {.tv_nsec = 2000000};

    nanosleep(&moment, NULL);
}

static size_t read_output(char *ret, size_t cap)
{
    int fd = open(output, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, ret, cap - 1);

    if (fd >= 0) {
        close(fd);
    }
    ret[n > 0 ? n : 0] = '\0';
    return n > 0 ? (size_t)n : 0;
}

static void wait_for_output(const char *text)
{
    char bytes[4096];

    for (int i = 0; i < PATIENCE_MS / 2; i++) {
        size_t n = read_output(bytes, sizeof bytes);

        if (memmem(bytes, n, text, strlen(text)) != NULL) {
            return;
        }
        sleep_a_moment();
    }
    fail_msg("no \"%s\"", text);
}

static int start(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL) {
        return -1;
    }
    snprintf(program, sizeof program, "%s/program", directory);
    snprintf(output, sizeof output, "%s/output", directory);
    signal(SIGPIPE, SIG_IGN);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    unlink(program);
    unlink(output);
    return rmdir(directory);
}

static int set_up(void **state)
{
    int ends[2];

    (void)state;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return -1;
    }
    keystore = ends[0];
    side_start(&side, ends[1]);
    p = (struct passphrases){.program = program, .side = &side};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(side.fd);
    close(keystore);
    for (size_t i = 0; i < PASSPHRASE_CHILDREN_MAX; i++) {
        if (p.open[i].child.pid > 0) {
            child_kill(p.open[i].child.pid);
            waitpid(p.open[i].child.pid, NULL, 0);
        }
    }
    return 0;
}

static const struct passphrase_request *request(uint32_t serial)
{
    static struct passphrase_request one;

    one = (struct passphrase_request){
        .serial = serial,
        .qube = text_view("dev"),
        .comment = text_view("work"),
        .path = text_view("/home/user/.ssh/identities.d/work/id"),
        .fingerprint = text_view("SHA256:BswySvxdsU3Px21Dmu41GaLWvY3lIyLrUP/UHvQMyqk"),
        .look_up = true,
    };
    return &one;
}

static void must_ask(uint32_t serial)
{
    struct secret secret;
    bool at_once;

    assert_int_equal(passphrases_ask(&p, request(serial), NOW, &secret, &at_once), OK);
    assert_false(at_once);
}

static struct secret next_secret(void)
{
    struct secret secret;

    for (int i = 0; !passphrases_next(&p, &secret); i++) {
        assert_true(i < PATIENCE_MS / 2);
        sleep_a_moment();
    }
    return secret;
}

static void wait_until_all_free(void)
{
    struct secret secret;
    size_t taken;
    int i = 0;

    do {
        assert_false(passphrases_next(&p, &secret));
        taken = 0;
        for (size_t k = 0; k < PASSPHRASE_CHILDREN_MAX; k++) {
            taken += p.open[k].state != PASSPHRASE_FREE ? 1 : 0;
        }
        assert_true(i++ < PATIENCE_MS / 2);
        sleep_a_moment();
    } while (taken > 0);
}

/* The next packet of the keystore; *ret_fd is -1 for none. */
static size_t packet(uint8_t *ret, size_t cap, int *ret_fd)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec room = {.iov_len = cap};
    struct msghdr message = {.msg_iov = &room,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t n;

    room.iov_base = ret;
    n = recvmsg(keystore, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    *ret_fd = -1;
    if (n > 0 && CMSG_FIRSTHDR(&message) != NULL) {
        memcpy(ret_fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
    }
    return n > 0 ? (size_t)n : 0;
}

static void assert_passphrase(uint64_t ticket, const char *text)
{
    uint8_t bytes[64];
    char read_text[64] = "";
    int fd;
    struct wire_reader r = wire_reader(bytes, packet(bytes, sizeof bytes, &fd));

    assert_int_equal(wire_u8(&r), SIDE_PASSPHRASE);
    assert_int_equal(wire_u64(&r), ticket);
    assert_int_equal(wire_end(&r), OK);
    assert_true(fd >= 0);
    assert_int_equal(read(fd, read_text, sizeof read_text - 1), (ssize_t)strlen(text));
    assert_string_equal(read_text, text);
    assert_int_equal(read(fd, read_text, 1), 0); /* nobody can write any more */
    close(fd);
}

static void test_stored(void **state)
{
    char bytes[4096];
    struct secret secret;
    struct wire_reader r;
    uint32_t length;

    (void)state;
    script("dd bs=4096 count=1 of=$out.new 2>/dev/null; printf 'the secret'; exec >&-;"
           "printf s >&0; dd bs=1 count=1 of=$out.byte 2>/dev/null; mv $out.new $out;"
           "cat $out.byte >>$out; rm $out.byte");
    must_ask(7);
    assert_int_equal(passphrases_deadline(&p), NOW + ASK_MS);
    secret = next_secret();
    assert_int_equal(secret.serial, 7);
    assert_int_equal(secret.verdict, PROMPT_ALLOW_ONCE);
    assert_true(secret.stored);
    assert_passphrase(secret.ticket, "the secret");
    assert_int_equal(passphrases_deadline(&p), UINT64_MAX);
    passphrases_opened(&p, 8, true, NOW);
    passphrases_opened(&p, 7, true, NOW);
    assert_int_equal(passphrases_deadline(&p), NOW + 35000);
    wait_until_all_free();
    wait_for_output("r");
    r = wire_reader(bytes, read_output(bytes, sizeof bytes));
    length = wire_u32(&r);
    assert_int_equal(length, r.left - 1); /* and the byte of OPENED */
    assert_view_is(wire_string(&r, 100), "Passphrase for SSH key \"work\"");
    assert_view_is(wire_string(&r, 1000),
                   "File: /home/user/.ssh/identities.d/work/id\n"
                   "Key: SHA256:BswySvxdsU3Px21Dmu41GaLWvY3lIyLrUP/UHvQMyqk\n"
                   "Needed for a use by qube dev");
    assert_view_is(wire_string(&r, 100), "SHA256:BswySvxdsU3Px21Dmu41GaLWvY3lIyLrUP/UHvQMyqk");
    assert_view_is(wire_string(&r, 100), "SSH key /home/user/.ssh/identities.d/work/id");
    assert_int_equal(wire_u8(&r), 1);
    assert_int_equal(wire_u32(&r), 60000);
    assert_int_equal(wire_u8(&r), CHILD_RIGHT);
    assert_int_equal(wire_end(&r), OK);
}

static void test_typed_and_wrong(void **state)
{
    struct secret secret;

    (void)state;
    script("ask; printf typed; exec >&-; printf t >&0; dd bs=1 count=1 of=$out 2>/dev/null <&0");
    must_ask(1);
    secret = next_secret();
    assert_false(secret.stored);
    assert_passphrase(secret.ticket, "typed");
    passphrases_opened(&p, 1, false, NOW);
    wait_for_output("w");
    must_ask(2); /* the next try, while the first child may still be there */
    secret = next_secret();
    assert_int_equal(secret.serial, 2);
    passphrases_cancel(&p, 2, NOW);
    wait_until_all_free();
}

static void test_none(void **state)
{
    static const struct {
        const char *script;
        enum prompt_verdict verdict;
    } table[] = {
        {"exit 22", PROMPT_DENY},           {"exit 23", PROMPT_TIMEOUT},
        {"exit 30", PROMPT_NO_DISPLAY},     {"exit 0", PROMPT_FAILED},
        {"exit 20", PROMPT_FAILED}, /* a yes, but to no question */
        {"exit 10", PROMPT_FAILED},         {"exit 11", PROMPT_FAILED},
        {"kill -SEGV $$", PROMPT_FAILED},   {"printf x >&0; exec sleep 1000", PROMPT_FAILED},
        {"exec <&-; exit 22", PROMPT_DENY}, {"printf secret; exit 1", PROMPT_FAILED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        uint8_t bytes[64];
        struct secret secret;
        int fd;

        script(table[i].script);
        must_ask((uint32_t)i);
        secret = next_secret();
        assert_int_equal(secret.serial, i);
        assert_int_equal(secret.verdict, table[i].verdict);
        assert_int_equal(secret.ticket, 0);
        assert_int_equal(packet(bytes, sizeof bytes, &fd), 0);
        wait_until_all_free();
    }
    unlink(program);
    must_ask(1);
    assert_int_equal(next_secret().verdict, PROMPT_FAILED);
}

static void test_one_at_a_time(void **state)
{
    struct secret secret;
    bool at_once;

    (void)state;
    script("printf a; exec >&-; printf t >&0; exec sleep 1000");
    must_ask(1);
    assert_int_equal(passphrases_ask(&p, request(2), NOW, &secret, &at_once), ERR_MALFORMED);
    next_secret();
    assert_int_equal(passphrases_ask(&p, request(2), NOW, &secret, &at_once), ERR_MALFORMED);
    passphrases_opened(&p, 1, true, NOW);
    must_ask(2);
    next_secret();
    passphrases_cancel(&p, 2, NOW);
}

static void test_hanging(void **state)
{
    (void)state;
    script("trap '' TERM; echo up >$out; sleep 1000; sleep 1000");
    must_ask(1);
    wait_for_output("up");
    passphrases_expire(&p, NOW + ASK_MS - 1);
    assert_int_equal(passphrases_deadline(&p), NOW + ASK_MS);
    passphrases_expire(&p, NOW + ASK_MS);
    assert_int_equal(next_secret().verdict, PROMPT_FAILED);
    wait_until_all_free();

    must_ask(2);
    wait_for_output("up");
    passphrases_cancel(&p, 3, NOW);
    assert_int_equal(passphrases_deadline(&p), NOW + ASK_MS);
    passphrases_cancel(&p, 2, NOW);
    assert_int_equal(passphrases_deadline(&p), NOW + 2000);
    passphrases_expire(&p, NOW + 2000);
    wait_until_all_free();
}

static void test_withdrawn(void **state)
{
    (void)state;
    script("trap 'echo withdrawn >$out; exit' TERM; echo up >$out; while :; do sleep 0.02; done");
    must_ask(1);
    wait_for_output("up");
    passphrases_cancel(&p, 1, NOW);
    wait_for_output("withdrawn");
    wait_until_all_free();
}

/* "Remember?" is asked for long, but the next passphrase matters more. */
static void test_room(void **state)
{
    (void)state;
    script("printf a; exec >&-; printf t >&0; exec sleep 1000");
    for (uint32_t i = 0; i < PASSPHRASE_CHILDREN_MAX; i++) {
        assert_true(passphrases_have_room(&p));
        must_ask(i);
        next_secret();
        passphrases_opened(&p, i, true, NOW + i);
    }
    assert_false(passphrases_have_room(&p));
    passphrases_expire(&p, NOW + PASSPHRASE_CHILDREN_MAX);
    for (int i = 0; !passphrases_have_room(&p); i++) {
        struct secret secret;

        assert_true(i < PATIENCE_MS / 2);
        assert_false(passphrases_next(&p, &secret));
        sleep_a_moment();
    }
    assert_int_equal(p.open[0].state, PASSPHRASE_FREE);
    assert_int_equal(p.open[1].state, PASSPHRASE_LEAVING);
}

/* Fills the way to the keystore; returns with how many packets. */
static size_t fill_side(void)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    size_t sent = 0;

    while (side_send_passphrase(&side, null) == SIDE_SENT) {
        sent++;
    }
    close(null);
    assert_true(side.blocked);
    return sent;
}

static void empty_side(size_t packets)
{
    while (packets > 0) {
        uint8_t bytes[64];
        int fd;

        assert_true(packet(bytes, sizeof bytes, &fd) > 0);
        close(fd);
        packets--;
    }
}

static void test_full_side(void **state)
{
    size_t packets = fill_side();
    struct secret secret;

    (void)state;
    script("printf a; exec >&-; printf s >&0; echo done >$out; sleep 1000");
    must_ask(1);
    wait_for_output("done");
    for (int i = 0; i < 50; i++) {
        assert_false(passphrases_next(&p, &secret));
        sleep_a_moment();
    }
    assert_int_equal(p.open[0].state, PASSPHRASE_WAITING);
    empty_side(packets);
    assert_false(passphrases_next(&p, &secret)); /* poll(2) has not said so */
    side_unblock(&side);
    secret = next_secret();
    assert_int_equal(secret.verdict, PROMPT_ALLOW_ONCE);
    assert_passphrase(secret.ticket, "a");

    passphrases_cancel(&p, 1, NOW);
    packets = fill_side();
    must_ask(2); /* and one that the keystore never takes */
    wait_for_output("done");
    passphrases_expire(&p, NOW + ASK_MS);
    assert_int_equal(next_secret().verdict, PROMPT_FAILED);
    empty_side(packets);
}

static void test_dead_keystore(void **state)
{
    struct secret secret;
    bool at_once = false;

    (void)state;
    script("printf a; exec >&-; printf s >&0; sleep 1000");
    must_ask(1);
    close(keystore);
    keystore = -1;
    assert_int_equal(next_secret().verdict, PROMPT_FAILED);
    script("echo asked >$out");
    assert_int_equal(passphrases_ask(&p, request(2), NOW, &secret, &at_once), OK);
    assert_true(at_once);
    assert_int_equal(secret.serial, 2);
    assert_int_equal(secret.verdict, PROMPT_FAILED);
    assert_int_not_equal(access(output, F_OK), 0);
}

/* What a child gets: nothing but its socket, its pipe and standard error. */
static void test_descriptors(void **state)
{
    char bytes[4096];

    (void)state;
    script("ls /proc/self/fd >$out.new; mv $out.new $out; exit 22");
    must_ask(1);
    assert_int_equal(next_secret().verdict, PROMPT_DENY);
    read_output(bytes, sizeof bytes);
    assert_string_equal(bytes, "0\n1\n2\n3\n"); /* ls has one for the directory */
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_stored),        CASE(test_typed_and_wrong), CASE(test_none), CASE(test_hanging),
        CASE(test_one_at_a_time), CASE(test_withdrawn),       CASE(test_room), CASE(test_full_side),
        CASE(test_dead_keystore), CASE(test_descriptors),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
