/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <sched.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit.h"
#include "await.h"
#include "client.h"
#include "clock.h"
#include "config.h"
#include "expiry.h"
#include "fingerprint.h"
#include "frame.h"
#include "handlers.h"
#include "intake.h"
#include "ipc.h"
#include "key_files.h"
#include "keystore_client.h"
#include "lock_state.h"
#include "notices.h"
#include "prompt_client.h"
#include "question.h"
#include "report.h"
#include "sandbox.h"
#include "trace.h"
#include "unseal.h"

#define LOAD_MS  10000U  /* for all key files; a machine that starts has a slow disk */
#define SLICE_NS 100000U /* the shortest that there is; a request takes a few microseconds */

static bool stopping;
static int exit_status;

static void stop(int status)
{
    stopping = true;
    exit_status = status;
}

static void on_keystore_end(const char *why)
{
    int status = keystore_stop();

    if (status != -1 && WIFSIGNALED(status)) {
        report("error: %s (signal %d); all keys are gone, so the agent ends", why,
               WTERMSIG(status));
    } else {
        report("error: %s (%s); all keys are gone, so the agent ends", why,
               status == -1 ? "it does not exit" : ipc_exit_text(WEXITSTATUS(status)));
    }
    stop(EXIT_FAILURE);
}

static void on_prompt_end(void)
{
    question_prompt_ended();
    unseal_prompt_ended();
    key_files_prompt_ended();
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

/* SIGHUP from a program means the policy; from the kernel, that the terminal has gone. */
static void on_signal(struct source *source, uint32_t events)
{
    struct signalfd_siginfo info;

    (void)events;
    if (read(source->fd, &info, sizeof info) != (ssize_t)sizeof info) {
        return;
    }
    if (info.ssi_signo == SIGHUP && info.ssi_code != SI_KERNEL) {
        config_reload();
        return;
    }
    debug("signal %u: the agent ends", info.ssi_signo);
    stop(EXIT_SUCCESS);
}

static void on_parent_end(struct source *source, uint32_t events)
{
    (void)source;
    (void)events;
    debug("the command has ended");
    stop(EXIT_SUCCESS);
}

static struct source signals = {.fd = -1, .on_event = on_signal};
static struct source parent = {.fd = -1, .on_event = on_parent_end};

/* Like ssh-agent: an interrupt from the keyboard ends only an agent in the foreground. */
static enum err watch_signals(const struct options *options)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    if (signal(SIGHUP, SIG_DFL) == SIG_IGN) {
        signal(SIGHUP, SIG_IGN); /* nohup(1) */
    } else {
        sigaddset(&set, SIGHUP);
    }
    if (options->mode == RUN_FOREGROUND) {
        sigaddset(&set, SIGINT);
    } else {
        signal(SIGINT, SIG_IGN);
    }
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return ERR_SYSTEM;
    }
    signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return signals.fd < 0 ? ERR_SYSTEM : loop_add(&signals, EPOLLIN);
}

/* Descriptors for every connection and socket that the caps allow, as far as the hard limit goes.
 */
static void raise_descriptor_limit(void)
{
    const rlim_t wanted = LOCAL_CLIENTS_MAX + QREXEC_CLIENTS_MAX + AGENTS_MAX + 64;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        setrlimit(RLIMIT_NOFILE, &limit); /* fewer connections, and they wait */
    }
}

/*
 * A short slice: where the keystore works at a large signature, the agent takes the processor from
 * it when a client comes, and gives it back soon. Linux 6.12 and later; others say no or ignore it.
 */
static void ask_for_short_slice(void)
{
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime_ns, deadline, period;
    } attributes = {
        .size = sizeof attributes,
        .policy = SCHED_OTHER,
        .nice = getpriority(PRIO_PROCESS, 0),
        .runtime_ns = SLICE_NS,
    };

    syscall(SYS_sched_setattr, 0, &attributes, 0);
}

/* Both helpers, with a channel of their own that the agent keeps no end of. */
static enum err start_helpers(const struct options *options)
{
    bool foreground = options->mode == RUN_FOREGROUND;
    int side[2];
    enum err err;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, side) != 0) {
        report("cannot make a socket: %s", strerror(errno));
        return ERR_SYSTEM;
    }
    err = keystore_start(foreground, side[0], &keystore_events);
    if (err == OK) {
        err = prompt_start(foreground, side[1], &prompt_events);
    }
    close(side[0]);
    close(side[1]);
    if (err == OK) {
        err = config_load();
    }
    return err;
}

/*
 * Before the first client is let in, so that its list is whole. Whoever opens files may hang in a
 * file system, and then the keys come later.
 */
static void load_key_files(void)
{
    const uint64_t deadline = boottime_ms() + LOAD_MS;
    uint64_t now = boottime_ms();

    key_files_begin();
    while (!key_files_loaded() && !stopping && now < deadline) {
        if (loop_wait((int)(deadline - now)) != OK) {
            break;
        }
        now = boottime_ms();
    }
    if (!key_files_loaded()) {
        report("warning: not all key files could be read yet");
    }
    if (policy_unlock_at_start(config_policy())) {
        unseal_all();
    }
}

static enum err start(const struct options *options, struct listeners *listeners,
                      struct launch *launch)
{
    const char *what = "the event loop";
    enum err err = loop_init();

    raise_descriptor_limit();
    ask_for_short_slice();
    if (err == OK) {
        err = watch_signals(options);
    }
    if (err == OK) {
        err = expiry_init();
    }
    if (err == OK && launch->parent_fd >= 0) {
        parent.fd = launch->parent_fd;
        err = loop_add(&parent, EPOLLIN);
    }
    if (err == OK) {
        what = "locked memory for keys on their way (raise the limit on it: ulimit -l)";
        err = intake_init();
    }
    /* No configuration of libcrypto: it could load code, and later it could not be read. */
    if (err == OK &&
        (sodium_init() < 0 || OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)) {
        what = "the cryptographic libraries";
        err = ERR_CRYPTO;
    }
    if (err != OK) {
        report("cannot set up %s: %s", what, strerror(errno));
        return err;
    }
    fingerprint_use(options->fingerprint_hash);
    handlers_init(options);
    key_files_init(options, listeners);
    err = agents_init(options->name);
    if (err != OK) {
        return err;
    }
    err = start_helpers(options);
    if (err == OK) {
        (void)!audit_open(); /* was reported; without a log nothing is signed */
        err = sandbox_enter(listeners, trace_pid(), prompt_socket(), audit_directory());
    }
    if (err == OK) {
        err = prompt_watch();
    }
    if (err == OK) {
        load_key_files();
        err = listeners_watch(listeners, agents_first());
    }
    return err;
}

/* One frame of one client of each party; then what has come in meanwhile is looked at. */
static void serve_round(void)
{
    for (unsigned turns = party_count_ready(); turns > 0; turns--) {
        struct client *client = party_pop_ready();
        bool beside_others;

        if (client == NULL) {
            return; /* answering one can close another */
        }
        client->is_ready = false;
        beside_others = party_is_busy(client->party);
        if (frame_step(client) && beside_others) {
            party_charge(client->party);
        }
    }
}

int agent_run(const struct options *options, struct listeners *listeners, struct launch *launch)
{
    if (start(options, listeners, launch) != OK) {
        return EXIT_FAILURE;
    }
    launch_ready(launch);
    while (!stopping) {
        uint64_t now = boottime_ms();
        int timeout = loop_earlier(client_expire(now), lock_state_step(now));

        timeout = loop_earlier(timeout, listeners_resume(listeners, now));
        timeout = loop_earlier(timeout, question_step(now));
        timeout = loop_earlier(timeout, unseal_step(now));
        timeout = loop_earlier(timeout, await_step(now));
        timeout = loop_earlier(timeout, party_refill(now));
        client_free_closed();
        if (loop_wait(party_count_ready() > 0 ? 0 : timeout) != OK) {
            report("error: cannot wait for clients: %s", strerror(errno));
            stop(EXIT_FAILURE);
        }
        serve_round();
    }
    prompt_stop(); /* first: who waits for an answer gets a no */
    client_close_all();
    keystore_stop();
    config_free();
    agents_free();
    audit_close();
    return exit_status;
}
