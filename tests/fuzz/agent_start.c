/* SPDX-License-Identifier: BSD-2-Clause */
/* The agent as agent/agent.c starts and runs it, with doubles for what it starts. */
#include "around_agent.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agents.h"
#include "audit.h"
#include "await.h"
#include "client.h"
#include "clock.h"
#include "config.h"
#include "expiry.h"
#include "fingerprint.h"
#include "frame.h"
#include "grants.h"
#include "handlers.h"
#include "intake.h"
#include "key_files.h"
#include "keystore_client.h"
#include "lock_state.h"
#include "prompt_client.h"
#include "question.h"
#include "report.h"
#include "sandbox.h"
#include "spawn.h"
#include "trace.h"
#include "unseal.h"

#define HOUR_MS    ((uint64_t)3600 * 1000)
#define TURNS_MAX  10000U
#define PASSPHRASE "the double knows that this one is always right"

static uint64_t now_us = 1000 * HOUR_MS * 1000;
static bool audit_fails;
static unsigned audit_lines; /* that say of a signature that it is allowed */
static unsigned signatures;  /* that clients have */
static struct listeners listeners;
static const struct options options = {.mode = RUN_FOREGROUND, .name = ""};

int __real_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
    if (clock != CLOCK_BOOTTIME) {
        return __real_clock_gettime(clock, ret);
    }
    *ret = (struct timespec){.tv_sec = (time_t)(now_us / 1000000),
                             .tv_nsec = (long)(now_us % 1000000) * 1000};
    return 0;
}

uint64_t hash_of(struct view v)
{
    uint8_t hash[16] = {0};
    struct wire_reader r = wire_reader(hash, sizeof hash);

    crypto_generichash(hash, sizeof hash, v.data, v.len, NULL, 0);
    return wire_u64(&r);
}

bool outgoing_send(struct outgoing *out, size_t most)
{
    size_t left = out->len - out->sent;
    size_t piece = most > 0 && most < left ? most : left;
    ssize_t n;

    if (left == 0) {
        return true;
    }
    n = send(out->fd, out->bytes + out->sent, piece, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
        out->sent += (size_t)n;
    }
    return n >= 0 || errno == EAGAIN;
}

void clock_wait(uint64_t ms)
{
    now_us += ms * 1000;
}

/* spawn.h: a socket without a process. The keystore is the one that is traced. */
enum err spawn_helper(const struct helper *helper, int *ret_fd, pid_t *ret_pid)
{
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
        return ERR_SYSTEM;
    }
    if (helper->traced) {
        keystore_open(fds[1]);
    } else {
        prompt_open(fds[1]);
    }
    *ret_fd = fds[0];
    *ret_pid = 0;
    return OK;
}

enum err trace_watch(void)
{
    return OK;
}

bool trace_wait(int fd, int timeout_ms)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};

    return poll(&pollfd, 1, timeout_ms) == 1;
}

void trace_resume(void)
{
}

/* sandbox.h. */
const char *sandbox_describe(void)
{
    return "none";
}

/* audit.h: each line is made, and none is written. */
const char *audit_directory(void)
{
    return "/nowhere";
}

enum err audit_write(const struct audit_record *record)
{
    char line[AUDIT_LINE_MAX];

    CHECK(audit_format(record, now_us / 1000, line, sizeof line) == OK);
    CHECK(strchr(line, '\n') == NULL);
    if (audit_fails) {
        errno = ENOSPC;
        return ERR_AUDIT;
    }
    audit_lines += record->allowed ? 1 : 0;
    return OK;
}

void audit_fail(bool on)
{
    audit_fails = on;
}

void audit_signature(void)
{
    CHECK(++signatures <= audit_lines);
}

static void on_keystore_end(const char *why)
{
    fprintf(stderr, "the agent gives the keystore up: %s\n", why);
    abort();
}

static void on_prompt_end(void)
{
    fprintf(stderr, "the agent gives the prompt up\n");
    abort();
}

static const struct keystore_events keystore_events = {
    .on_end = on_keystore_end,
    .on_unsealed = unseal_done,
};

static const struct prompt_events prompt_events = {
    .on_answer = question_answered,
    .on_file = config_file,
    .on_files = config_files,
    .on_end = on_prompt_end,
    .on_agent = key_files_agent,
    .on_key = key_files_key,
    .on_key_problem = key_files_problem,
    .on_keys_end = key_files_end,
    .on_secret = unseal_secret,
};

int agent_start(void)
{
    enum err err = loop_init();

    report_to_syslog(); /* which is not open */
    snprintf(listeners.runtime, sizeof listeners.runtime, "/nowhere");
    listeners.agent.socket.fd = -1;
    listeners.qrexec.socket.fd = -1;
    err = err == OK ? expiry_init() : err;
    err = err == OK ? intake_init() : err;
    err = err == OK && sodium_init() < 0 ? ERR_CRYPTO : err;
    fingerprint_use(HASH_SHA256);
    handlers_init(&options);
    key_files_init(&options, &listeners);
    err = err == OK ? agents_init("") : err;
    err = err == OK && agents_make("work") == NULL ? ERR_NO_MEMORY : err;
    err = err == OK ? keystore_start(true, -1, &keystore_events) : err;
    err = err == OK ? prompt_start(true, -1, &prompt_events) : err;
    err = err == OK ? config_load() : err;
    err = err == OK ? prompt_watch() : err;
    if (err != OK) {
        fprintf(stderr, "cannot start the agent: %s\n", err_text(err));
    }
    return err == OK ? 0 : 1;
}

static void serve_round(void)
{
    for (unsigned turns = party_count_ready(); turns > 0; turns--) {
        struct client *client = party_pop_ready();
        bool beside_others;

        if (client == NULL) {
            return;
        }
        client->is_ready = false;
        beside_others = party_is_busy(client->party);
        if (frame_step(client) && beside_others) {
            party_charge(client->party);
        }
    }
}

void agent_turn(void)
{
    uint64_t now = boottime_ms();

    client_expire(now);
    lock_state_step(now);
    question_step(now);
    unseal_step(now);
    await_step(now);
    party_refill(now);
    client_free_closed();
    CHECK(loop_wait(0) == OK);
    serve_round();
}

static void all_turns(void)
{
    agent_turn();
    keystore_turn();
    prompt_turn();
}

/* A client of the vault with what locks can be opened with here. */
static void unlock(void)
{
    uint8_t bytes[5 + 4 + sizeof PASSPHRASE];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    unsigned turns = 0;
    int fds[2];

    put_u32(&w, 0);
    put_u8(&w, AGENTC_UNLOCK);
    put_text(&w, PASSPHRASE);
    store_u32(bytes, (uint32_t)w.len - 4);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
    CHECK(client_accept(fds[0], false, agents_first()));
    CHECK(send(fds[1], bytes, w.len, MSG_NOSIGNAL) == (ssize_t)w.len);
    keystore_expect(AGENTC_UNLOCK);
    while (lock_state_is_locked()) {
        CHECK(turns++ < TURNS_MAX);
        clock_wait(1000);
        keystore_say(OK, (struct view){0});
        all_turns();
    }
    close(fds[1]);
}

static bool has_files(void)
{
    struct agent *agent = NULL;

    while ((agent = agents_next(agent)) != NULL) {
        if (key_files_under_way(agent)) {
            return true;
        }
    }
    return false;
}

static bool is_quiet(void)
{
    return client_count_local() == 0 && client_count_qrexec() == 0 && keystore_is_idle() &&
           question_count() == 0 && !lock_state_is_locked() && !has_files();
}

static void drop_keys(void)
{
    struct agent *agent = NULL;

    while ((agent = agents_next(agent)) != NULL) {
        identity_remove_all(&agent->identities);
        expected_forget_all(&agent->expected);
    }
    grants_drop_all();
    expiry_update();
}

void agent_reset(void)
{
    unsigned turns = 0;

    audit_fail(false);
    audit_lines = 0;
    signatures = 0;
    keystore_delay(0);
    keystore_cut(0);
    for (unsigned quiet = 0; quiet < 4; quiet = is_quiet() ? quiet + 1 : 0) {
        CHECK(turns++ < TURNS_MAX);
        if (lock_state_is_locked() && keystore_is_idle()) {
            unlock();
        } else if (!lock_state_is_locked()) {
            key_files_unlocked(); /* for a file that "locked" was said of when nothing was */
        }
        prompt_say(PROMPT_DENY);
        prompt_give(PROMPT_DENY, 0, false);
        all_turns();
    }
    drop_keys();
    clock_wait(HOUR_MS); /* what a qube has used up is there again */
    agent_turn();
    keystore_reset();
    prompt_reset();
}
