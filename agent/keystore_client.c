/* SPDX-License-Identifier: BSD-2-Clause */
#include "keystore_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipc.h"
#include "log.h"
#include "spawn.h"
#include "trace.h"

#define STOP_TRIES       100
#define STOP_INTERVAL_MS 10
#define HELLO_TIMEOUT_MS 30000 /* a machine that starts is slow */

static void on_event(struct source *source, uint32_t events);

static struct {
    struct source source;
    pid_t pid;
    const struct keystore_events *events;
    bool busy;    /* a request is being sent or answered */
    bool blocked; /* the socket was full: EPOLLOUT is watched */
    STAILQ_HEAD(job_list, keystore_job) jobs;
    struct keystore_job *job; /* that is under way; NULL for a client's request */
    struct client *client;    /* whose request is; NULL for a job */
    uint8_t head[IPC_HEADER + KEYSTORE_FIELDS_MAX];
    size_t head_len;
    size_t sent;
    uint8_t answer[4 + IPC_MAX + 64]; /* an UNSEALED may come with it */
    size_t have;
    char memory[IPC_HELLO_MAX + 1]; /* HELLO's words */
    char sandbox[IPC_HELLO_MAX + 1];
} keystore = {.source = {.fd = -1, .on_event = on_event},
              .jobs = STAILQ_HEAD_INITIALIZER(keystore.jobs)};

const char *keystore_memory(void)
{
    return keystore.memory;
}

const char *keystore_sandbox(void)
{
    return keystore.sandbox;
}

/* waitpid(2) alone would take the stops of a traced process, which are trace_resume()'s. */
static bool has_ended(void)
{
    siginfo_t info = {.si_pid = 0};

    return waitid(P_PID, (id_t)keystore.pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid != 0;
}

int keystore_stop(void)
{
    int status = -1;

    if (keystore.source.fd >= 0) {
        close(keystore.source.fd);
        keystore.source.fd = -1;
    }
    for (int i = 0; i < STOP_TRIES && keystore.pid > 0; i++) {
        if (has_ended()) {
            waitpid(keystore.pid, &status, 0);
            keystore.pid = 0;
            return status;
        }
        trace_resume();
        poll(NULL, 0, STOP_INTERVAL_MS);
    }
    return -1;
}

/* The first frame, blocking: only at start. False: the keystore has ended, or talks nonsense. */
static bool receive_hello(uint8_t *bytes, size_t cap, size_t *ret_len)
{
    size_t have = 0;
    size_t len = 0;

    while (have < IPC_HEADER || have < 4 + len) {
        ssize_t n = -1;

        if (trace_wait(keystore.source.fd, HELLO_TIMEOUT_MS)) {
            n = recv(keystore.source.fd, bytes + have, cap - have, 0);
        }
        if (n <= 0) {
            return false;
        }
        have += (size_t)n;
        len = have >= 4 ? load_u32(bytes) : 0;
        if (len > cap - 4) {
            return false;
        }
    }
    *ret_len = have;
    return bytes[4] == IPC_HELLO;
}

static enum err greet(void)
{
    uint8_t bytes[IPC_HEADER + 2 * (4 + IPC_HELLO_MAX)];
    struct wire_reader r;
    struct view view;
    size_t len;

    if (!receive_hello(bytes, sizeof bytes, &len)) {
        return ERR_SYSTEM;
    }
    r = wire_reader(bytes + IPC_HEADER, len - IPC_HEADER);
    view = wire_string(&r, IPC_HELLO_MAX);
    log_clean(keystore.memory, sizeof keystore.memory, view.data, view.len);
    view = wire_string(&r, IPC_HELLO_MAX);
    log_clean(keystore.sandbox, sizeof keystore.sandbox, view.data, view.len);
    if (wire_end(&r) != OK) {
        return ERR_MALFORMED;
    }
    debug("key memory: %s", keystore.memory);
    debug("sandbox of the keystore: %s", keystore.sandbox);
    return OK;
}

enum err keystore_start(bool foreground, int side_fd, const struct keystore_events *events)
{
    const struct helper helper = {
        .name = "split-ssh-keystore", .foreground = foreground, .traced = true, .side_fd = side_fd};
    int status = 0;
    int fd;
    enum err err = spawn_helper(&helper, &fd, &keystore.pid);

    if (err != OK) {
        return err;
    }
    keystore.source.fd = fd;
    keystore.events = events;
    if (greet() != OK) {
        status = keystore_stop();
        report("the keystore did not start: %s", status != -1 && WIFEXITED(status)
                                                     ? ipc_exit_text(WEXITSTATUS(status))
                                                     : "killed by a signal");
        return ERR_SYSTEM;
    }
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 || loop_add(&keystore.source, EPOLLIN) != OK ||
        trace_watch() != OK) {
        report("cannot watch the keystore: %s", strerror(errno));
        return ERR_SYSTEM;
    }
    return OK;
}

static void ended(const char *why)
{
    loop_remove(&keystore.source);
    keystore.busy = true; /* nothing more is sent */
    keystore.events->on_end(why);
}

static void watch_writable(bool on)
{
    if (keystore.blocked != on) {
        keystore.blocked = on;
        loop_change(&keystore.source, on ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

/* What of head and bytes is not sent yet. */
static void send_more(void)
{
    struct view bytes = keystore.client != NULL ? keystore.client->request.bytes : (struct view){0};
    size_t head_sent = keystore.sent < keystore.head_len ? keystore.sent : keystore.head_len;
    size_t bytes_sent = keystore.sent - head_sent;
    struct iovec parts[] = {
        {keystore.head + head_sent, keystore.head_len - head_sent},
        {(void *)(bytes.len > 0 ? bytes.data + bytes_sent : NULL), bytes.len - bytes_sent},
    };
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = bytes.len > 0 ? 2 : 1};
    ssize_t n = sendmsg(keystore.source.fd, &message, MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        return; /* the reading side finds the end and says so */
    }
    keystore.sent += n > 0 ? (size_t)n : 0;
    watch_writable(keystore.sent < keystore.head_len + bytes.len);
}

/* Head: length, op, fields. The bytes follow from where the client has them, without a copy. */
static void begin(uint8_t op, const uint8_t *fields, size_t fields_len, struct client *client)
{
    size_t bytes_len = client != NULL ? client->request.bytes.len : 0;

    keystore.busy = true;
    keystore.client = client;
    keystore.sent = 0;
    store_u32(keystore.head, (uint32_t)(1 + fields_len + bytes_len));
    keystore.head[4] = op;
    memcpy(keystore.head + IPC_HEADER, fields, fields_len);
    keystore.head_len = IPC_HEADER + fields_len;
    send_more();
}

static void next_request(void)
{
    struct keystore_job *job = STAILQ_FIRST(&keystore.jobs);
    struct client *client;

    if (keystore.busy) {
        return;
    }
    if (job != NULL) {
        STAILQ_REMOVE_HEAD(&keystore.jobs, link);
        keystore.job = job;
        begin(job->op, job->fields, job->fields_len, NULL);
        return;
    }
    client = party_pop_waiting();
    if (client != NULL) {
        client->is_waiting = false;
        client->in_keystore = true;
        client->party->in_keystore++;
        begin(client->request.op, client->request.fields, client->request.fields_len, client);
    }
}

void keystore_submit(struct client *client)
{
    party_push_waiting(client->party, client);
    client->is_waiting = true;
    next_request();
}

struct wire_writer keystore_fields(struct client *client, uint8_t op)
{
    client->request = (struct keystore_request){.op = op};
    return wire_writer(client->request.fields, sizeof client->request.fields);
}

void keystore_request(struct client *client, const struct wire_writer *fields, struct view bytes,
                      void (*done)(struct client *client, enum err err, struct view answer))
{
    client->request.fields_len = fields->len;
    client->request.bytes = bytes;
    client->request.done = done;
    keystore_submit(client);
}

struct wire_writer keystore_job_fields(struct keystore_job *job, uint8_t op)
{
    job->op = op;
    return wire_writer(job->fields, sizeof job->fields);
}

void keystore_run(struct keystore_job *job, const struct wire_writer *fields)
{
    job->fields_len = fields->len;
    STAILQ_INSERT_TAIL(&keystore.jobs, job, link);
    next_request();
}

static bool expiring; /* EXPIRE is queued or under way */

static void expire_done(struct keystore_job *job, enum err err, struct view answer)
{
    (void)job;
    (void)err;
    (void)answer;
    expiring = false;
}

void keystore_expire(void)
{
    static struct keystore_job job = {.done = expire_done};
    struct wire_writer fields;

    if (!expiring) {
        expiring = true;
        fields = keystore_job_fields(&job, IPC_EXPIRE);
        keystore_run(&job, &fields);
    }
}

static void answered(struct view body)
{
    struct client *client = keystore.client;
    struct keystore_job *job = keystore.job;
    enum err err = keystore.answer[4];

    keystore.busy = false;
    keystore.client = NULL;
    keystore.job = NULL;
    if (job != NULL) {
        job->done(job, err, body);
    } else {
        client->in_keystore = false;
        client->party->in_keystore--;
        client->request.done(client, err, body);
    }
    next_request();
}

static bool unsealed(struct view body)
{
    struct wire_reader r = wire_reader(body.data, body.len);
    uint64_t id = wire_u64(&r);
    uint8_t err = wire_u8(&r);

    if (wire_end(&r) != OK || err > ERR_MAX) {
        return false;
    }
    keystore.events->on_unsealed(id, err);
    return true;
}

/* One whole frame. False: it says what it may not. */
static bool take_frame(size_t len)
{
    const struct view body = {keystore.answer + IPC_HEADER, len - IPC_HEADER};

    if (keystore.answer[4] == IPC_UNSEALED) {
        return unsealed(body);
    }
    if (!keystore.busy || keystore.sent < keystore.head_len || keystore.answer[4] > ERR_MAX) {
        return false;
    }
    answered(body);
    return true;
}

/* An answer may follow an UNSEALED, or come before one; more is not under way. */
static void take_frames(void)
{
    while (keystore.source.fd >= 0 && keystore.have >= IPC_HEADER) {
        size_t len = 4 + (size_t)load_u32(keystore.answer);

        if (len < IPC_HEADER || len > sizeof keystore.answer) {
            ended("the keystore broke the protocol");
            return;
        }
        if (keystore.have < len) {
            return;
        }
        if (!take_frame(len)) {
            ended("the keystore broke the protocol");
            return;
        }
        keystore.have -= len;
        memmove(keystore.answer, keystore.answer + len, keystore.have);
    }
}

static void on_event(struct source *source, uint32_t events)
{
    ssize_t n;

    if ((events & EPOLLOUT) != 0) {
        send_more();
    }
    if ((events & ~(uint32_t)EPOLLOUT) == 0) {
        return;
    }
    n = recv(source->fd, keystore.answer + keystore.have, sizeof keystore.answer - keystore.have,
             0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        ended("the keystore has ended");
        return;
    }
    keystore.have += (size_t)n;
    take_frames();
}
