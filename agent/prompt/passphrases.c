/* SPDX-License-Identifier: BSD-2-Clause */
#include "passphrases.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "text.h"

/* A look-up, then a dialog. */
#define ASK_MS (2U * PASSPHRASE_TIMEOUT_MS + PROMPT_GRACE_MS)

static bool is_open(const struct passphrase *one)
{
    return one->state != PASSPHRASE_FREE && one->state != PASSPHRASE_LEAVING;
}

static struct passphrase *find(struct passphrases *p, enum passphrase_state state)
{
    for (size_t i = 0; i < PASSPHRASE_CHILDREN_MAX; i++) {
        if (p->open[i].state == state) {
            return &p->open[i];
        }
    }
    return NULL;
}

static struct passphrase *find_open(struct passphrases *p)
{
    for (size_t i = 0; i < PASSPHRASE_CHILDREN_MAX; i++) {
        if (is_open(&p->open[i])) {
            return &p->open[i];
        }
    }
    return NULL;
}

bool passphrases_have_room(const struct passphrases *p)
{
    bool room = false;

    for (size_t i = 0; i < PASSPHRASE_CHILDREN_MAX; i++) {
        room = room || p->open[i].state != PASSPHRASE_LEAVING;
    }
    return room;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

/* Nothing more is wanted of it but its end, until the deadline. */
static void leave(struct passphrase *one, uint64_t deadline)
{
    close_fd(&one->child.socket);
    close_fd(&one->child.output);
    one->state = one->child.pid == 0 ? PASSPHRASE_FREE : PASSPHRASE_LEAVING;
    one->deadline = deadline;
}

static enum err run(const struct passphrases *p, const struct passphrase_request *request,
                    struct talking_child *ret)
{
    uint8_t input[CHILD_INPUT_MAX];
    struct wire_writer w = wire_writer(input, sizeof input);
    struct passphrase_text text;

    passphrase_text(request, &text);
    put_u32(&w, 0);
    put_text(&w, text.title);
    put_text(&w, text.body);
    put_string(&w, request->fingerprint);
    put_text(&w, text.label);
    put_u8(&w, request->look_up);
    put_u32(&w, PASSPHRASE_TIMEOUT_MS);
    if (w.err != OK) {
        return w.err;
    }
    store_u32(input, (uint32_t)w.len - 4);
    return child_run_talking(p->program, CHILD_PASSPHRASE, wire_written(&w), ret);
}

enum err passphrases_ask(struct passphrases *p, const struct passphrase_request *request,
                         uint64_t now, struct secret *ret, bool *ret_now)
{
    struct passphrase *one = find(p, PASSPHRASE_FREE);
    struct talking_child child;
    enum err err;

    if (find_open(p) != NULL || one == NULL) {
        return ERR_MALFORMED;
    }
    *ret = (struct secret){.serial = request->serial, .verdict = PROMPT_FAILED};
    *ret_now = true;
    if (p->side->dead) {
        return OK; /* nobody could use one, so the user is not bothered */
    }
    err = run(p, request, &child);
    if (err != OK) {
        log_line("cannot ask for a passphrase: %s",
                 err == ERR_SYSTEM ? strerror(errno) : err_text(err));
        return OK;
    }
    *one = (struct passphrase){.state = PASSPHRASE_ASKING,
                               .serial = request->serial,
                               .child = child,
                               .deadline = now + ASK_MS};
    *ret_now = false;
    return OK;
}

void passphrases_opened(struct passphrases *p, uint32_t serial, bool right, uint64_t now)
{
    struct passphrase *one = find(p, PASSPHRASE_TRYING);
    const uint8_t byte = right ? CHILD_RIGHT : CHILD_WRONG;

    if (one != NULL && one->serial == serial) {
        /* A child that is gone does not matter any more. */
        (void)send(one->child.socket, &byte, sizeof byte, MSG_NOSIGNAL | MSG_DONTWAIT);
        leave(one, now + (right ? REMEMBER_TIMEOUT_MS : 0) + PROMPT_GRACE_MS);
    }
}

void passphrases_cancel(struct passphrases *p, uint32_t serial, uint64_t now)
{
    struct passphrase *one = find_open(p);

    if (one != NULL && one->serial == serial) {
        if (one->child.pid != 0) {
            child_withdraw(one->child.pid);
        }
        leave(one, now + PROMPT_WITHDRAW_MS);
    }
}

/* What the child's end means if it has sent nothing. */
static enum prompt_verdict judge(int status)
{
    const char *by;
    enum prompt_verdict verdict = child_verdict(status, false, &by);

    if (verdict == PROMPT_ALLOW_ONCE || verdict == PROMPT_FAILED) {
        log_line("what asks for a passphrase failed (%s %d)",
                 WIFSIGNALED(status) ? "signal" : "exit status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        verdict = PROMPT_FAILED;
    }
    return verdict;
}

static bool answer(struct passphrase *one, enum prompt_verdict verdict, uint64_t deadline,
                   struct secret *ret)
{
    *ret = (struct secret){.serial = one->serial, .verdict = verdict};
    leave(one, deadline);
    return true;
}

/* Takes the byte of the child, or its end. */
static bool attend_asking(struct passphrase *one, struct secret *ret)
{
    int status = 0;
    bool ended = child_ended(one->child.pid, &status);
    uint8_t byte = 0;
    ssize_t n = one->child.socket < 0 ? 0 : recv(one->child.socket, &byte, 1, MSG_DONTWAIT);

    if (ended) {
        one->child.pid = 0;
    }
    if (n == 1 && (byte == CHILD_STORED || byte == CHILD_TYPED)) {
        one->stored = byte == CHILD_STORED;
        one->state = PASSPHRASE_WAITING;
        return false;
    }
    if (ended) {
        return answer(one, judge(status), UINT64_MAX, ret);
    }
    if (n == 1 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        log_line("what asks for a passphrase broke the protocol");
        child_kill(one->child.pid);
        return answer(one, PROMPT_FAILED, UINT64_MAX, ret);
    }
    if (n == 0) {
        close_fd(&one->child.socket); /* its end will tell */
    }
    return false;
}

/* The reading end goes to the keystore, and we have it no more. */
static bool attend_waiting(struct passphrases *p, struct passphrase *one, struct secret *ret)
{
    uint64_t ticket = side_next_ticket(p->side);
    enum side_sent sent = one->expired       ? SIDE_FAILED
                          : p->side->blocked ? SIDE_FULL
                                             : side_send_passphrase(p->side, one->child.output);

    if (sent == SIDE_FULL) {
        return false;
    }
    if (sent != SIDE_SENT) {
        log_line("a passphrase cannot be given to the keystore");
        if (one->child.pid != 0) {
            child_kill(one->child.pid);
        }
        return answer(one, PROMPT_FAILED, UINT64_MAX, ret);
    }
    close_fd(&one->child.output);
    one->state = PASSPHRASE_TRYING;
    one->deadline = UINT64_MAX; /* the keystore may be at work for long */
    *ret = (struct secret){one->serial, PROMPT_ALLOW_ONCE, ticket, one->stored};
    return true;
}

static void reap(struct passphrase *one)
{
    int status;

    if (one->child.pid != 0 && child_ended(one->child.pid, &status)) {
        one->child.pid = 0;
        if (one->state == PASSPHRASE_LEAVING) {
            one->state = PASSPHRASE_FREE;
        }
    }
}

bool passphrases_next(struct passphrases *p, struct secret *ret)
{
    for (size_t i = 0; i < PASSPHRASE_CHILDREN_MAX; i++) {
        struct passphrase *one = &p->open[i];

        if (one->state == PASSPHRASE_ASKING && attend_asking(one, ret)) {
            return true;
        }
        if (one->state == PASSPHRASE_WAITING && attend_waiting(p, one, ret)) {
            return true;
        }
        if (one->state != PASSPHRASE_FREE && one->state != PASSPHRASE_ASKING) {
            reap(one);
        }
    }
    return false;
}

static void expire(struct passphrase *one)
{
    if (one->child.pid != 0) {
        child_kill(one->child.pid);
    }
    one->expired = true;
    one->deadline = UINT64_MAX;
}

void passphrases_expire(struct passphrases *p, uint64_t now)
{
    struct passphrase *oldest = NULL;

    for (size_t i = 0; i < PASSPHRASE_CHILDREN_MAX; i++) {
        struct passphrase *one = &p->open[i];

        if (one->state != PASSPHRASE_FREE && one->deadline <= now) {
            log_line("what asks for a passphrase does not %s; ending it",
                     one->state == PASSPHRASE_LEAVING ? "close" : "come to its end");
            expire(one);
        }
        oldest = oldest == NULL || one->deadline < oldest->deadline ? one : oldest;
    }
    /* The next passphrase matters more than whether to remember one. */
    if (!passphrases_have_room(p) && oldest->deadline != UINT64_MAX) {
        expire(oldest);
    }
}

uint64_t passphrases_deadline(const struct passphrases *p)
{
    uint64_t first = UINT64_MAX;

    for (size_t i = 0; i < PASSPHRASE_CHILDREN_MAX; i++) {
        if (p->open[i].state != PASSPHRASE_FREE && p->open[i].deadline < first) {
            first = p->open[i].deadline;
        }
    }
    return first;
}

int passphrases_descriptor(const struct passphrases *p)
{
    for (size_t i = 0; i < PASSPHRASE_CHILDREN_MAX; i++) {
        if (p->open[i].state == PASSPHRASE_ASKING) {
            return p->open[i].child.socket;
        }
    }
    return -1;
}

void passphrases_end(struct passphrases *p)
{
    for (size_t i = 0; i < PASSPHRASE_CHILDREN_MAX; i++) {
        if (p->open[i].state != PASSPHRASE_FREE && p->open[i].child.pid != 0) {
            child_withdraw(p->open[i].child.pid);
        }
    }
}
