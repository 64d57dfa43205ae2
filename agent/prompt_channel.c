/* SPDX-License-Identifier: BSD-2-Clause */
#include "prompt_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"
#include "loop.h"
#include "prompt_ipc.h"
#include "report.h"
#include "spawn.h"

#define HEADER       5U   /* bytes: length and type */
#define STOP_MS      1000 /* for its end */
#define STOP_STEP_US 10000U

struct prompt_frame {
    STAILQ_ENTRY(prompt_frame) link;
    bool tell;
    size_t len;
    size_t sent;
    uint8_t bytes[];
};

static void on_event(struct source *source, uint32_t events);

static struct {
    struct source source;
    pid_t pid;
    const struct prompt_channel_events *events;
    bool alive;
    bool watched;
    bool blocked; /* waits for room in the socket */
    STAILQ_HEAD(, prompt_frame) out;
    unsigned tells;
    uint8_t header[4];
    size_t header_have;
    uint8_t *body; /* type byte and on */
    size_t body_len;
    size_t body_have;
    int fd; /* that came with the frame; -1 for none */
} prompt = {.source = {.fd = -1, .on_event = on_event},
            .out = STAILQ_HEAD_INITIALIZER(prompt.out),
            .fd = -1};

bool prompt_is_alive(void)
{
    return prompt.alive;
}

int prompt_socket(void)
{
    return prompt.source.fd;
}

unsigned prompt_tells_waiting(void)
{
    return prompt.tells;
}

static void drop_frame(struct prompt_frame *frame)
{
    STAILQ_REMOVE_HEAD(&prompt.out, link);
    prompt.tells -= frame->tell ? 1 : 0;
    free(frame);
}

static void drop_fd(void)
{
    if (prompt.fd >= 0) {
        close(prompt.fd);
        prompt.fd = -1;
    }
}

/* What was half received or half sent. */
static void drop_all(void)
{
    while (!STAILQ_EMPTY(&prompt.out)) {
        drop_frame(STAILQ_FIRST(&prompt.out));
    }
    free(prompt.body);
    prompt.body = NULL;
    drop_fd();
}

static void close_socket(void)
{
    prompt.alive = false;
    if (prompt.watched) {
        loop_remove(&prompt.source);
    }
    close(prompt.source.fd);
    prompt.source.fd = -1;
}

static void ended(const char *why)
{
    if (!prompt.alive) {
        return;
    }
    close_socket();
    report("error: %s; every question is answered with no until the agent is started again", why);
    drop_all();
    prompt.events->on_end();
}

static void send_more(void)
{
    while (prompt.alive && !STAILQ_EMPTY(&prompt.out)) {
        struct prompt_frame *frame = STAILQ_FIRST(&prompt.out);
        ssize_t n = send(prompt.source.fd, frame->bytes + frame->sent, frame->len - frame->sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno != EINTR) {
            break; /* full; or it has ended, which the reading side finds out */
        }
        frame->sent += n > 0 ? (size_t)n : 0;
        if (frame->sent == frame->len) {
            drop_frame(frame);
        }
    }
    if (prompt.watched && prompt.alive && prompt.blocked != !STAILQ_EMPTY(&prompt.out)) {
        prompt.blocked = !prompt.blocked;
        loop_change(&prompt.source, prompt.blocked ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

struct prompt_frame *prompt_frame_new(enum prompt_message type, size_t cap,
                                      struct wire_writer *ret_w)
{
    struct prompt_frame *frame = calloc(1, sizeof *frame + HEADER + cap);

    *ret_w = wire_writer(NULL, 0);
    if (frame == NULL) {
        return NULL;
    }
    frame->tell = type == PROMPT_TELL;
    *ret_w = wire_writer(frame->bytes, HEADER + cap);
    put_u32(ret_w, 0); /* the length; prompt_frame_send() knows it */
    put_u8(ret_w, (uint8_t)type);
    return frame;
}

bool prompt_frame_send(struct prompt_frame *frame, const struct wire_writer *w)
{
    if (w->err != OK || !prompt.alive) {
        free(frame);
        return false;
    }
    frame->len = w->len;
    store_u32(frame->bytes, (uint32_t)w->len - 4);
    prompt.tells += frame->tell ? 1 : 0;
    STAILQ_INSERT_TAIL(&prompt.out, frame, link);
    send_more();
    return prompt.alive;
}

/* A descriptor comes with the first byte of its frame, and no read of ours goes beyond a frame. */
static void take_fd(struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
            drop_fd();
            memcpy(&prompt.fd, CMSG_DATA(c), sizeof prompt.fd);
        }
    }
}

/* How many bytes came; 0 for none now, or after the end. */
static size_t receive(void *to, size_t len)
{
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {to, len};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = CMSG_LEN(sizeof(int))}; /* one, whatever comes */
    ssize_t n = recvmsg(prompt.source.fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    if (n > 0) {
        take_fd(&message);
        return (size_t)n;
    }
    if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        ended("the prompt has ended");
    }
    return 0;
}

/* The length word is there: room for the rest. */
static void begin_body(void)
{
    size_t len = load_u32(prompt.header);

    prompt.body = len > 0 && len <= PROMPT_FRAME_MAX ? malloc(len) : NULL;
    prompt.body_len = len;
    prompt.body_have = 0;
    if (prompt.body == NULL) {
        ended("the prompt sent more than there is room for");
    }
}

static void end_body(void)
{
    struct wire_reader r = wire_reader(prompt.body, prompt.body_len);
    uint8_t *body = prompt.body;
    uint8_t type = wire_u8(&r);
    int fd = prompt.fd;
    enum err err;

    prompt.fd = -1;
    prompt.body = NULL; /* ours, also if the handler finds the prompt's end */
    prompt.header_have = 0;
    err = prompt.events->on_message(type, &r, fd);
    free(body);
    if (err != OK) {
        ended("the prompt broke the protocol");
    }
}

static void receive_some(void)
{
    if (prompt.body == NULL) {
        prompt.header_have +=
            receive(prompt.header + prompt.header_have, sizeof prompt.header - prompt.header_have);
        if (prompt.alive && prompt.header_have == sizeof prompt.header) {
            begin_body();
        }
        return;
    }
    prompt.body_have += receive(prompt.body + prompt.body_have, prompt.body_len - prompt.body_have);
    if (prompt.alive && prompt.body_have == prompt.body_len) {
        end_body();
    }
}

static void on_event(struct source *source, uint32_t events)
{
    (void)source;
    if ((events & EPOLLOUT) != 0) {
        send_more();
    }
    if (prompt.alive && (events & ~(uint32_t)EPOLLOUT) != 0) {
        receive_some();
    }
}

enum err prompt_channel_start(bool foreground, int side_fd,
                              const struct prompt_channel_events *events)
{
    const struct helper helper = {.name = "split-ssh-prompt",
                                  .foreground = foreground,
                                  .environment = environ,
                                  .side_fd = side_fd};
    enum err err = spawn_helper(&helper, &prompt.source.fd, &prompt.pid);

    prompt.events = events;
    prompt.alive = err == OK;
    return err;
}

bool prompt_channel_wait(int timeout_ms)
{
    struct pollfd pollfd = {.fd = prompt.source.fd,
                            .events = (short)(POLLIN | (STAILQ_EMPTY(&prompt.out) ? 0 : POLLOUT))};
    int n = poll(&pollfd, 1, timeout_ms);

    /* A prompt that has ended is found by reading, also where there is still something to send. */
    if (n > 0) {
        on_event(&prompt.source, ((pollfd.revents & POLLOUT) != 0 ? EPOLLOUT : 0U) |
                                     ((pollfd.revents & ~POLLOUT) != 0 ? EPOLLIN : 0U));
    }
    return n != 0;
}

enum err prompt_watch(void)
{
    enum err err = loop_add(&prompt.source, EPOLLIN);

    prompt.watched = err == OK;
    /* Not a list of calls, which everything that it runs on the desktop would inherit. */
    debug("sandbox of the prompt: no new privileges, not dumpable");
    return err;
}

void prompt_stop(void)
{
    if (prompt.alive) {
        close_socket();
    }
    for (unsigned ms = 0; prompt.pid > 0 && ms < STOP_MS; ms += STOP_STEP_US / 1000) {
        if (waitpid(prompt.pid, NULL, WNOHANG) != 0) {
            prompt.pid = 0;
            break;
        }
        poll(NULL, 0, (int)(STOP_STEP_US / 1000));
    }
    drop_all();
}
