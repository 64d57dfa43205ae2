/* SPDX-License-Identifier: BSD-2-Clause */
#include "serve.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <sys/socket.h>

#include "clock.h"
#include "handlers.h"
#include "intake.h"
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
    struct view bytes; /* after the length word */
    int status;        /* an enum ipc_exit; IPC_EXIT_OK goes on */
};

static void handle(void *argument)
{
    struct frame *frame = argument;
    struct wire_writer w = begin_answer();
    struct request request;
    enum err err;

    if (request_read(frame->bytes, &request) != OK) {
        frame->status = IPC_EXIT_PROTOCOL;
        return;
    }
    err = handlers_answer(&request, boottime_ms(), &w);
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

/*
 * One read. *ret is a whole request, or empty. False at the end or on an error, of which
 * *ret_status is the exit status.
 */
static bool receive(struct intake *in, struct view *ret, int *ret_status)
{
    struct room room = intake_room(in);
    ssize_t n = recv(IPC_FD, room.at, room.len, 0);

    if (n < 0 && errno == EINTR) {
        *ret = (struct view){0};
        return true;
    }
    if (n <= 0) {
        *ret_status = n < 0 ? IPC_EXIT_SYSTEM : in->have > 0 ? IPC_EXIT_PROTOCOL : IPC_EXIT_OK;
        return false;
    }
    if (intake_add(in, (size_t)n, ret) != OK) {
        *ret_status = IPC_EXIT_PROTOCOL;
        return false;
    }
    return true;
}

/* Reads, and answers what is whole. False: it is over. */
static bool serve_agent(struct intake *in, int *ret_status)
{
    struct frame frame = {.status = IPC_EXIT_OK};

    if (!receive(in, &frame.bytes, ret_status)) {
        return false;
    }
    if (frame.bytes.len == 0) {
        return true;
    }
    stack_run(handle, &frame);
    sodium_memzero(in->bytes, in->have);
    in->have = 0;
    *ret_status = frame.status;
    return frame.status == IPC_EXIT_OK;
}

/* False: it is over. */
static bool serve_prompt(int *ret_status)
{
    enum err err = side_receive();

    if (err != OK) {
        *ret_status = err == ERR_MALFORMED ? IPC_EXIT_PROTOCOL : IPC_EXIT_SYSTEM;
    }
    return err == OK;
}

/*
 * Whoever has something to say; where nobody has, a step of what there is to be done. The prompt
 * comes first: what a request names was sent to us before it.
 */
static bool serve_once(struct intake *in, int *ret_status)
{
    struct pollfd fds[] = {
        {.fd = IPC_FD, .events = POLLIN},
        {.fd = side_is_open() ? IPC_SIDE_FD : -1, .events = POLLIN},
    };
    int n = poll(fds, 2, unsealing_is_due() ? 0 : -1);

    if (n < 0) {
        *ret_status = IPC_EXIT_SYSTEM;
        return errno == EINTR;
    }
    if (n == 0) {
        *ret_status = IPC_EXIT_OK;
        stack_run(unseal, ret_status);
        return *ret_status == IPC_EXIT_OK;
    }
    if (fds[1].revents != 0 && !serve_prompt(ret_status)) {
        return false;
    }
    return fds[0].revents == 0 || serve_agent(in, ret_status);
}

int serve(const uint8_t *token_key)
{
    struct intake in = {.bytes = secret_alloc(INTAKE_SIZE)};
    int status = IPC_EXIT_OK;

    if (in.bytes == NULL) {
        return IPC_EXIT_MEMORY;
    }
    handlers_init(token_key);
    while (serve_once(&in, &status)) {
    }
    secret_free(in.bytes);
    return status;
}
