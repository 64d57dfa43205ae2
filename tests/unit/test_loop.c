/* SPDX-License-Identifier: BSD-2-Clause */
/* agent/loop.c: who is called, and when loop_wait() sleeps. The clock, and whom it asks, are ours.
 */
#include "unit.h"

#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "loop.h"

#define STEP_US 10U /* that a look takes */
#define LOOKS   (LOOP_HURRY_US / STEP_US)

static uint64_t now_us = 1;
static unsigned looks;      /* with no time to wait */
static unsigned sleeps;     /* with time */
static unsigned arrives_at; /* the look after which there is a byte; 0: never */
static int pipe_ends[2];
static int processors = 2;

int __real_epoll_wait(int fd, struct epoll_event *events, int size, int timeout_ms);
int __wrap_epoll_wait(int fd, struct epoll_event *events, int size, int timeout_ms);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *ret);

int __wrap_epoll_wait(int fd, struct epoll_event *events, int size, int timeout_ms)
{
    if (timeout_ms != 0) {
        sleeps++;
    } else {
        looks++;
        now_us += STEP_US;
        if (looks == arrives_at) {
            assert_int_equal(write(pipe_ends[1], "x", 1), 1);
        }
    }
    return __real_epoll_wait(fd, events, size, 0);
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
    assert_int_equal(clock, CLOCK_BOOTTIME);
    *ret = (struct timespec){.tv_nsec = (long)now_us * 1000};
    return 0;
}

int __wrap_sched_getaffinity(pid_t pid, size_t size, cpu_set_t *ret)
{
    (void)pid;
    memset(ret, 0, size);
    for (int i = 0; i < processors; i++) {
        CPU_SET((size_t)i, ret);
    }
    return 0;
}

struct reader {
    struct source source; /* first */
    unsigned events;
};

static void on_event(struct source *source, uint32_t events)
{
    char byte;

    assert_int_equal(events, EPOLLIN);
    assert_int_equal(read(source->fd, &byte, 1), 1);
    ((struct reader *)source)->events++;
}

static struct reader reader = {.source = {.on_event = on_event}};

static void start(int with_processors, unsigned arrives)
{
    processors = with_processors;
    looks = 0;
    sleeps = 0;
    arrives_at = arrives;
    reader.events = 0;
    assert_int_equal(pipe(pipe_ends), 0);
    reader.source.fd = pipe_ends[0];
    assert_int_equal(loop_init(), OK);
    assert_int_equal(loop_add(&reader.source, EPOLLIN), OK);
}

static void end(void)
{
    loop_hurry(false);
    loop_remove(&reader.source);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

static void test_no_hurry(void **state)
{
    (void)state;
    start(2, 0);
    assert_int_equal(loop_wait(-1), OK);
    assert_int_equal(looks, 0);
    assert_int_equal(sleeps, 1);
    end();
}

static void test_hurry_is_over(void **state)
{
    (void)state;
    start(2, 0);
    loop_hurry(true);
    assert_int_equal(loop_wait(1000), OK);
    assert_int_equal(looks, LOOKS);
    assert_int_equal(sleeps, 1);
    assert_int_equal(loop_wait(1000), OK); /* once is enough */
    assert_int_equal(looks, LOOKS);
    assert_int_equal(sleeps, 2);
    end();
}

static void test_it_comes(void **state)
{
    (void)state;
    start(2, 3);
    loop_hurry(true);
    assert_int_equal(loop_wait(-1), OK);
    assert_int_equal(reader.events, 1);
    assert_int_equal(looks, 3);
    assert_int_equal(sleeps, 0);
    end();
}

static void test_hurry_ends(void **state)
{
    (void)state;
    start(2, 0);
    loop_hurry(true);
    loop_hurry(false);
    assert_int_equal(loop_wait(-1), OK);
    assert_int_equal(looks, 0);
    assert_int_equal(sleeps, 1);
    end();
}

/* Nothing is waited for: one look is all. */
static void test_no_time(void **state)
{
    (void)state;
    start(2, 0);
    loop_hurry(true);
    assert_int_equal(loop_wait(0), OK);
    assert_int_equal(looks, 1);
    assert_int_equal(sleeps, 0);
    end();
}

static void test_one_processor(void **state)
{
    (void)state;
    start(1, 0);
    loop_hurry(true);
    assert_int_equal(loop_wait(-1), OK);
    assert_int_equal(looks, 0);
    assert_int_equal(sleeps, 1);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_hurry), cmocka_unit_test(test_hurry_is_over),
        cmocka_unit_test(test_it_comes), cmocka_unit_test(test_hurry_ends),
        cmocka_unit_test(test_no_time),  cmocka_unit_test(test_one_processor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
