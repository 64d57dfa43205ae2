/* SPDX-License-Identifier: BSD-2-Clause */
#include "serve.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <sys/socket.h>

#include "clock.h"
#include "handlers.h"
#include "secret.h"
#include "side.h"
#include "stack.h"
#include "unsealing.h"

/*
 * An answer holds public bytes alone. A request may hold a private key: its buffer is in the arena,
 * has the size of the largest, and is wiped after each.
 */
static uint8_t answer_bytes[4 + IPC_MAX];

static enum err send_all(const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(IPC_FD, data, len, MSG_NOSIGNAL);

        if (n < 0 && errno != EINTR) {
            return ERR_SYSTEM;
        }
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return OK;
}

/* Header and body, of which the writer holds room for the header too. */
static enum err send_answer(uint8_t what, struct wire_writer *w)
{
    store_u32(w->data, (uint32_t)(w->len - 4));
    w->data[4] = what;
    return send_all(w->data, w->len);
}

static struct wire_writer begin_answer(void)
{
    struct wire_writer w = wire_writer(answer_bytes, sizeof answer_bytes);

    w.len = IPC_HEADER;
    return w;
}

enum err serve_hello(const char *memory, const char *sandbox)
{
    struct wire_writer w = begin_answer();

    put_text(&w, memory);
    put_text(&w, sandbox);
    return send_answer(IPC_HELLO, &w);
}

/* One request, for the stack that it is handled on. */
struct frame {
    const uint8_t *bytes; /* after the length word */
    size_t len;
    int status; /* an enum ipc_exit; IPC_EXIT_OK goes on */
};

static void handle(void *argument)
{
    struct frame *frame = argument;
    struct wire_writer w = begin_answer();
    struct request request = {.body = wire_reader(frame->bytes, frame->len), .answer = &w};
    uint8_t op = wire_u8(&request.body);
    enum err err = handlers_answer(op, &request, boottime_ms());

    if (request.protocol) {
        frame->status = IPC_EXIT_PROTOCOL;
        return;
    }
    if (err != OK) {
        w = begin_answer();
    }
    frame->status = send_answer((uint8_t)err, &w) == OK ? IPC_EXIT_OK : IPC_EXIT_SYSTEM;
}

/* A step of what an UNSEAL began; argument: int *status, as above. */
static void unseal(void *argument)
{
    int *status = argument;
    struct wire_writer w = begin_answer();
    struct unsealed unsealed;

    if (unsealing_step(boottime_ms(), &unsealed)) {
        put_u64(&w, unsealed.id);
        put_u8(&w, (uint8_t)unsealed.err);
        *status = send_answer(IPC_UNSEALED, &w) == OK ? IPC_EXIT_OK : IPC_EXIT_SYSTEM;
    }
}

/* What is there of a request; bytes are 4 + IPC_MAX in the arena. */
struct intake {
    uint8_t *bytes;
    size_t have;
    int status; /* an enum ipc_exit, once it is over */
};

/* One read: what is there, or what is still missing. False at the end or on an error. */
static bool receive(struct intake *in)
{
    ssize_t n = recv(IPC_FD, in->bytes + in->have, 4 + IPC_MAX - in->have, 0);

    if (n < 0 && errno == EINTR) {
        return true;
    }
    if (n <= 0) {
        in->status = n < 0 ? IPC_EXIT_SYSTEM : in->have > 0 ? IPC_EXIT_PROTOCOL : IPC_EXIT_OK;
        return false;
    }
    in->have += (size_t)n;
    return true;
}

/* Reads, and answers what is whole. False: it is over. */
static bool serve_agent(struct intake *in)
{
    struct frame frame;
    size_t len;

    if (!receive(in)) {
        return false;
    }
    len = in->have >= 4 ? load_u32(in->bytes) : 0;
    if (in->have < IPC_HEADER && len <= IPC_MAX) {
        return true;
    }
    /* One request is under way at a time, so nothing may follow it. */
    if (len == 0 || len > IPC_MAX || in->have > 4 + len) {
        in->status = IPC_EXIT_PROTOCOL;
        return false;
    }
    if (in->have < 4 + len) {
        return true;
    }
    frame = (struct frame){.bytes = in->bytes + 4, .len = len, .status = IPC_EXIT_OK};
    stack_run(handle, &frame);
    sodium_memzero(in->bytes, in->have);
    in->have = 0;
    in->status = frame.status;
    return frame.status == IPC_EXIT_OK;
}

/* False: it is over. */
static bool serve_prompt(struct intake *in)
{
    enum err err = side_receive();

    if (err != OK) {
        in->status = err == ERR_MALFORMED ? IPC_EXIT_PROTOCOL : IPC_EXIT_SYSTEM;
    }
    return err == OK;
}

/*
 * Whoever has something to say; where nobody has, a step of what there is to be done. The prompt
 * comes first: what a request names was sent to us before it.
 */
static bool serve_once(struct intake *in)
{
    struct pollfd fds[] = {
        {.fd = IPC_FD, .events = POLLIN},
        {.fd = side_is_open() ? IPC_SIDE_FD : -1, .events = POLLIN},
    };
    int n = poll(fds, 2, unsealing_is_due() ? 0 : -1);

    if (n < 0) {
        in->status = IPC_EXIT_SYSTEM;
        return errno == EINTR;
    }
    if (n == 0) {
        in->status = IPC_EXIT_OK;
        stack_run(unseal, &in->status);
        return in->status == IPC_EXIT_OK;
    }
    if (fds[1].revents != 0 && !serve_prompt(in)) {
        return false;
    }
    return fds[0].revents == 0 || serve_agent(in);
}

int serve(const uint8_t *token_key)
{
    struct intake in = {.bytes = secret_alloc(4 + IPC_MAX)};

    if (in.bytes == NULL) {
        return IPC_EXIT_MEMORY;
    }
    handlers_init(token_key);
    while (serve_once(&in)) {
    }
    secret_free(in.bytes);
    return in.status;
}
