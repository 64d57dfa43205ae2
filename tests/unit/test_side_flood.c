/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * keystore/side.c: a prompt that sends without end. Whoever else waits for the keystore has a turn.
 */
#include <errno.h>
#include <sys/socket.h>

#include "ipc.h"
#include "side.h"
#include "unit.h"

/* As many as a socket's buffer of 512 KiB can hold, at what the smallest packet takes there. */
#define QUEUED 680U

static unsigned packets;     /* that were received */
static unsigned end = ~0U;   /* so many there are */
static unsigned long number; /* of the last ticket */

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags);

ssize_t __wrap_recvmsg(int fd, struct msghdr *message, int flags)
{
    struct wire_writer w = wire_writer(message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);

    (void)flags;
    assert_int_equal(fd, IPC_SIDE_FD);
    if (packets == end) {
        errno = EAGAIN;
        return -1;
    }
    assert_true(++packets <= 100000); /* no end of it */
    message->msg_controllen = 0;
    message->msg_flags = 0;
    put_u8(&w, SIDE_DROP);
    put_u64(&w, ++number);
    return (ssize_t)w.len;
}

static void test_flood_has_pauses(void **state)
{
    (void)state;
    assert_int_equal(side_receive(), OK);
    assert_true(packets >= QUEUED);
    assert_true(side_is_open());
}

/* What a request names may be the last of all that was there before it. */
static void test_all_that_is_there(void **state)
{
    (void)state;
    packets = 0;
    end = QUEUED;
    assert_int_equal(side_receive(), OK);
    assert_int_equal(packets, QUEUED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flood_has_pauses),
        cmocka_unit_test(test_all_that_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
