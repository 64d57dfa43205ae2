/* SPDX-License-Identifier: BSD-2-Clause */
#include "broker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bubbles.h"
#include "channel.h"
#include "child_run.h"
#include "clock.h"
#include "files.h"
#include "key_files.h"
#include "log.h"
#include "passphrases.h"
#include "questions.h"
#include "side.h"

#define RETRY_MS      1000 /* after a lack of memory */
#define CHILD_PROGRAM SPLIT_SSH_LIBEXECDIR "/split-ssh-prompt-child"

/* One for the process; static, as its buffer is no matter for a stack. */
static struct broker {
    struct channel channel;
    struct questions questions;
    struct bubbles bubbles;
    struct files files;
    struct side side;
    struct key_files key_files;
    struct passphrases passphrases;
    int children; /* signalfd(2): SIGCHLD */
    char child_program[sizeof CHILD_PROGRAM + 32];
} broker;

static enum err send_answer(struct broker *b, const struct answer *answer)
{
    struct wire_writer w;
    struct frame *frame = frame_new(64 + APPROVAL_SIZE + PROMPT_BY_MAX, &w);

    if (frame == NULL) {
        return ERR_NO_MEMORY;
    }
    put_u8(&w, PROMPT_ANSWER);
    put_u32(&w, answer->serial);
    put_u8(&w, (uint8_t)answer->verdict);
    put_string(&w, (struct view){answer->approval, answer->approval_len});
    put_text(&w, answer->by);
    return channel_queue(&b->channel, frame, &w);
}

static enum err send_secret(struct broker *b, const struct secret *secret)
{
    struct wire_writer w;
    struct frame *frame = frame_new(64, &w);

    if (frame == NULL) {
        return ERR_NO_MEMORY;
    }
    put_u8(&w, PROMPT_SECRET);
    put_u32(&w, secret->serial);
    put_u8(&w, (uint8_t)secret->verdict);
    put_u64(&w, secret->ticket);
    put_u8(&w, secret->stored);
    return channel_queue(&b->channel, frame, &w);
}

static enum err do_ask(struct broker *b, struct view body)
{
    struct answer answer;
    bool at_once;
    enum err err = questions_ask(&b->questions, body, boottime_ms(), &answer, &at_once);

    return err == OK && at_once ? send_answer(b, &answer) : err;
}

static enum err do_cancel(struct broker *b, struct view body)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    uint32_t serial = wire_u32(&r);
    enum err err = wire_end(&r);

    if (err == OK) {
        questions_cancel(&b->questions, serial, boottime_ms());
        passphrases_cancel(&b->passphrases, serial, boottime_ms());
    }
    return err;
}

static enum err do_tell(struct broker *b, struct view body)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    struct view text = wire_string(&r, PROMPT_TEXT_MAX);
    enum err err = wire_end(&r);

    if (err == OK) {
        bubbles_tell(&b->bubbles, text, boottime_ms());
    }
    return err;
}

static enum err do_read(struct broker *b, struct view body)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    struct view name = wire_string(&r, PROMPT_PATH_MAX);
    enum err err = wire_end(&r);

    return err == OK ? files_want(&b->files, name) : err;
}

static enum err do_keys(struct broker *b, struct view body)
{
    struct keys_request request;
    enum err err = keys_request_parse(body, &request);

    return err == OK ? key_files_want(&b->key_files, &request) : err;
}

static enum err do_reload(struct broker *b, struct view body)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    struct view agent = wire_string(&r, AGENT_NAME_MAX);
    enum err err = wire_end(&r);

    return err == OK ? key_files_reload(&b->key_files, agent) : err;
}

static enum err do_taken(struct broker *b, struct view body)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    uint64_t ticket = wire_u64(&r);
    enum err err = wire_end(&r);

    return err == OK ? side_taken(&b->side, ticket) : err;
}

static enum err do_passphrase(struct broker *b, struct view body)
{
    struct passphrase_request request;
    struct secret secret;
    bool at_once = false;
    enum err err = passphrase_request_parse(body, &request);

    if (err == OK) {
        err = passphrases_ask(&b->passphrases, &request, boottime_ms(), &secret, &at_once);
    }
    return err == OK && at_once ? send_secret(b, &secret) : err;
}

static enum err do_opened(struct broker *b, struct view body)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    uint32_t serial = wire_u32(&r);
    bool right = wire_bool(&r);
    enum err err = wire_end(&r);

    if (err == OK) {
        passphrases_opened(&b->passphrases, serial, right, boottime_ms());
    }
    return err;
}

static const struct {
    enum prompt_message type;
    enum err (*handle)(struct broker *b, struct view body);
} messages[] = {
    {PROMPT_ASK, do_ask},       {PROMPT_CANCEL, do_cancel},
    {PROMPT_TELL, do_tell},     {PROMPT_READ, do_read},
    {PROMPT_KEYS, do_keys},     {PROMPT_RELOAD, do_reload},
    {PROMPT_TAKEN, do_taken},   {PROMPT_PASSPHRASE, do_passphrase},
    {PROMPT_OPENED, do_opened},
};

static enum err handle(struct broker *b, struct view frame)
{
    const struct view body = {frame.data + 1, frame.len - 1};

    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        if (messages[i].type == frame.data[0]) {
            return messages[i].handle(b, body);
        }
    }
    return ERR_MALFORMED;
}

/* Otherwise the agent waits: it gets no further than it reads, and than children end. */
static bool can_take(const struct broker *b)
{
    return questions_have_room(&b->questions) && passphrases_have_room(&b->passphrases) &&
           !channel_is_full(&b->channel);
}

/* Every frame that is there. *ret_full: not all, until there is room for what follows from them. */
static enum err handle_all(struct broker *b, bool *ret_full)
{
    struct view frame = {NULL, 1};
    enum err err = OK;

    while (err == OK && frame.len > 0) {
        if (!can_take(b)) {
            *ret_full = true;
            return OK;
        }
        err = channel_next(&b->channel, &frame);
        if (err == OK && frame.len > 0) {
            err = handle(b, frame);
        }
    }
    return err;
}

static enum err send_answers(struct broker *b)
{
    struct answer answer;
    struct secret secret;
    enum err err = OK;

    while (err == OK && questions_next_answer(&b->questions, boottime_ms(), &answer)) {
        err = send_answer(b, &answer);
    }
    while (err == OK && passphrases_next(&b->passphrases, &secret)) {
        err = send_secret(b, &secret);
    }
    return err;
}

/* What reads files, which can be tried again when there was no memory. */
static enum err attend_files(struct broker *b, uint64_t now, bool *ret_retry)
{
    enum err err = files_go_on(&b->files, &b->channel, now);

    if (err == OK) {
        err = key_files_go_on(&b->key_files, now);
    }
    *ret_retry = err == ERR_NO_MEMORY;
    return *ret_retry ? OK : err;
}

/* What is due, whatever has happened. */
static enum err attend(struct broker *b, bool *ret_retry)
{
    uint64_t now = boottime_ms();
    enum err err;

    questions_expire(&b->questions, now);
    passphrases_expire(&b->passphrases, now);
    side_go_on(&b->side);
    err = send_answers(b);
    bubbles_go_on(&b->bubbles, now);
    if (err == OK) {
        err = channel_flush(&b->channel);
    }
    if (err == OK) {
        err = attend_files(b, now, ret_retry);
    }
    return err == OK ? channel_flush(&b->channel) : err;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static int time_left(const struct broker *b, bool retry)
{
    uint64_t now = boottime_ms();
    uint64_t due = earlier(questions_deadline(&b->questions),
                           earlier(bubbles_deadline(&b->bubbles), files_deadline(&b->files)));

    due = earlier(due, passphrases_deadline(&b->passphrases));
    if (retry) {
        due = earlier(due, now + RETRY_MS);
    } else if (b->files.sending && channel_is_idle(&b->channel)) {
        return 0; /* the last flush made room for the next file */
    } else {
        due = earlier(due, key_files_deadline(&b->key_files));
    }
    if (due == UINT64_MAX) {
        return -1;
    }
    return due <= now ? 0 : (int)earlier(due - now, 60000);
}

static void drain(int fd)
{
    struct signalfd_siginfo ignored[8];

    while (read(fd, ignored, sizeof ignored) > 0) {
    }
}

/* Waits for something and takes it in. *ret_end: the agent is gone. */
static enum err wait_once(struct broker *b, bool full, bool retry, bool *ret_end)
{
    struct pollfd fds[] = {
        {.fd = b->channel.fd, .events = full ? 0 : POLLIN},
        {.fd = b->children, .events = POLLIN},
        {.fd = b->files.watch.fd, .events = POLLIN},
        {.fd = b->key_files.watch.fd, .events = POLLIN},
        {.fd = b->side.blocked ? b->side.fd : -1, .events = POLLOUT},
        {.fd = passphrases_descriptor(&b->passphrases), .events = POLLIN},
    };

    if (!channel_is_idle(&b->channel)) {
        fds[0].events |= POLLOUT;
    }
    if (poll(fds, sizeof fds / sizeof fds[0], time_left(b, retry)) < 0) {
        return errno == EINTR ? OK : ERR_SYSTEM;
    }
    if ((fds[1].revents & POLLIN) != 0) {
        drain(b->children);
    }
    if ((fds[2].revents & POLLIN) != 0) {
        files_notice(&b->files, boottime_ms());
    }
    if ((fds[3].revents & POLLIN) != 0) {
        key_files_notice(&b->key_files, boottime_ms());
    }
    if (fds[4].revents != 0) {
        side_unblock(&b->side);
    }
    if (!full && (fds[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
        return channel_receive(&b->channel, ret_end);
    }
    *ret_end = (fds[0].revents & (POLLHUP | POLLERR)) != 0;
    return OK;
}

static enum err serve(struct broker *b)
{
    bool end = false;
    enum err err = OK;

    while (err == OK && !end) {
        bool full = false;
        bool retry = false;

        err = handle_all(b, &full);
        if (err == OK) {
            err = attend(b, &retry);
        }
        if (err == OK && !(full && can_take(b))) {
            err = wait_once(b, full, retry, &end);
        }
    }
    return err;
}

/* In Qubes a qube's host name is its own; what dom0 shows of several vaults tells them apart. */
static void name_vault(char *ret, size_t cap)
{
    char name[65] = "";

    if (gethostname(name, sizeof name - 1) == 0) {
        log_clean(ret, cap, name, strlen(name));
    }
}

/*
 * The file that is there now stays the one, also when an update puts another in its place, which
 * might speak to another broker than us. Without it there is no question; all else goes on.
 */
static void find_child_program(struct broker *b)
{
    int fd = access(CHILD_PROGRAM, X_OK) == 0 ? open(CHILD_PROGRAM, O_PATH | O_CLOEXEC) : -1;

    if (fd < 0) {
        log_line("%s: %s: nothing can be asked", CHILD_PROGRAM, strerror(errno));
        snprintf(b->child_program, sizeof b->child_program, "%s", CHILD_PROGRAM);
    } else {
        snprintf(b->child_program, sizeof b->child_program, "/proc/self/fd/%d", fd);
    }
}

static enum err start(struct broker *b)
{
    sigset_t child;

    b->channel.fd = IPC_FD;
    find_child_program(b);
    b->questions.program = b->child_program;
    b->bubbles.program = b->child_program;
    b->passphrases = (struct passphrases){.program = b->child_program, .side = &b->side};
    name_vault(b->bubbles.vault, sizeof b->bubbles.vault);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &child, NULL) != 0) {
        return ERR_SYSTEM;
    }
    b->children = signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
    files_start(&b->files);
    side_start(&b->side, IPC_SIDE_FD);
    key_files_start(&b->key_files, &b->channel, &b->side);
    return b->children < 0 ? ERR_SYSTEM : OK;
}

int broker_serve(void)
{
    enum err err = start(&broker);

    if (err == OK) {
        err = serve(&broker);
    }
    questions_end(&broker.questions);
    passphrases_end(&broker.passphrases);
    if (err == OK || (err == ERR_SYSTEM && (errno == EPIPE || errno == ECONNRESET))) {
        return IPC_EXIT_OK;
    }
    log_line("ending: %s", err == ERR_SYSTEM ? strerror(errno) : err_text(err));
    return err == ERR_SYSTEM || err == ERR_NO_MEMORY ? IPC_EXIT_SYSTEM : IPC_EXIT_PROTOCOL;
}
