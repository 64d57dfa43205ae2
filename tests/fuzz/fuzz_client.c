/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections to the agent, of programs in the vault and of qubes, beside each other and in pieces
 * of any size: from the first byte to the answer, with doubles for the keystore and the prompt.
 * Each request has its one answer, in order, or the connection is closed; what only the vault may
 * do never comes from a qube; nothing is signed without a yes; and at the end all memory is given
 * back.
 *
 * An input is a row of strings (RFC 4251), each a command: a byte that says which (enum command),
 * and its fields. After each there are some turns of everybody. The clock is ours.
 */
#include "around_agent.h"
#include "connection.h"

#include "proto.h"

#define INPUT_MAX    ((size_t)32 * 1024)
#define TURNS        4U
#define SETTLE_TURNS 60U
#define WAIT_TURNS   80U
#define WAIT_STEP_MS 20000U
#define WAIT_MAX_MS  1000000U
#define FRAME_BYTES  (5 + FRAME_MAX)
#define HOPS         4U

/* ASan's; in a build without it nothing is counted. */
size_t __sanitizer_get_current_allocated_bytes(void);
#pragma weak __sanitizer_get_current_allocated_bytes

enum command {
    DO_OPEN,     /* byte connection, byte whose (enum caller), byte small */
    DO_BYTES,    /* byte connection, bytes: as they are */
    DO_FRAME,    /* byte connection, message: in a right frame */
    DO_SIGN,     /* byte connection, byte key, uint32 flags, data */
    DO_REMOVE,   /* byte connection, byte key */
    DO_LONG,     /* byte connection, byte message, uint32 length: of zeros */
    DO_CLOSE,    /* byte connection */
    DO_SHUTDOWN, /* byte connection */
    DO_READ,     /* byte connection, byte stop */
    DO_KEYSTORE, /* byte err, body: what its next answer is */
    DO_DELAY,    /* byte turns: of each answer of the keystore */
    DO_SAY,      /* byte verdict: to the question */
    DO_GIVE,     /* byte verdict, byte ticket, byte stored: to the dialog */
    DO_POLICY,   /* byte number */
    DO_KEY,      /* byte ticket, byte agent, string path, string hop... */
    DO_PROBLEM,  /* byte agent, string path, string problem */
    DO_AUDIT,    /* byte fails */
    DO_TURNS,    /* byte */
    DO_WAIT,     /* uint32 ms */
    DO_CUT,      /* byte: the most bytes that are sent at once; 0: all */
};

/* Descriptors; the first is none, and one of the input's bytes follows there. */
static const char *const callers[] = {
    NULL,
    "",
    "qubes.SshAgent+ auto",
    "qubes.SshAgent+ asks",
    "qubes.SshAgent+ never",
    "qubes.SshAgent+work auto",
    "qubes.SshAgent+ while",
    "qubes.SshAgent+nobody asks",
    "qubes.SshAgent auto keyword vault",
};

static const char *const agents[] = {"", "work", "nobody"};

static uint8_t frame_bytes[FRAME_BYTES];

// NOLINTNEXTLINE(readability-non-const-parameter): libFuzzer's
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return agent_start();
}

static void send_frame(size_t connection, struct wire_writer *w)
{
    if (w->err == OK) {
        store_u32(frame_bytes, (uint32_t)w->len - 4);
        connection_send(connection, wire_written(w));
    }
}

static struct wire_writer begin_frame(uint8_t message)
{
    struct wire_writer w = wire_writer(frame_bytes, sizeof frame_bytes);

    put_u32(&w, 0);
    put_u8(&w, message);
    return w;
}

static void do_open(struct wire_reader *r)
{
    size_t connection = wire_u8(r);
    const char *caller = callers[wire_u8(r) % (sizeof callers / sizeof callers[0])];

    connection_open(connection, caller != NULL, wire_bool(r));
    if (caller != NULL && caller[0] != '\0') {
        connection_send(connection, (struct view){(const uint8_t *)caller, strlen(caller) + 1});
    }
}

static void do_frame(struct wire_reader *r)
{
    size_t connection = wire_u8(r);
    struct wire_writer w = begin_frame(wire_u8(r));
    struct view body = wire_rest(r);

    put_bytes(&w, body.data, body.len);
    send_frame(connection, &w);
}

static void do_sign(struct wire_reader *r)
{
    size_t connection = wire_u8(r);
    struct view key = keystore_key(wire_u8(r));
    uint32_t flags = wire_u32(r);
    struct wire_writer w = begin_frame(AGENTC_SIGN_REQUEST);

    put_string(&w, key);
    put_string(&w, wire_rest(r));
    put_u32(&w, flags);
    send_frame(connection, &w);
}

static void do_remove(struct wire_reader *r)
{
    size_t connection = wire_u8(r);
    struct wire_writer w = begin_frame(AGENTC_REMOVE_IDENTITY);

    put_string(&w, keystore_key(wire_u8(r)));
    send_frame(connection, &w);
}

static void do_long(struct wire_reader *r)
{
    size_t connection = wire_u8(r);
    uint8_t message = wire_u8(r);
    struct wire_writer w = begin_frame(message);

    w.len += wire_u32(r) % FRAME_MAX;
    memset(frame_bytes + 5, 0, w.len - 5);
    send_frame(connection, &w);
}

static void put_agent(struct wire_writer *w, struct wire_reader *r)
{
    put_text(w, agents[wire_u8(r) % (sizeof agents / sizeof agents[0])]);
}

static void do_key(struct wire_reader *r)
{
    uint8_t bytes[2 * PROMPT_PATH_MAX + HOPS * (4 + PROMPT_HOP_MAX)];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    uint32_t hops = 0;
    size_t count_at;

    put_u64(&w, wire_u8(r));
    put_agent(&w, r);
    put_string(&w, wire_string(r, PROMPT_PATH_MAX));
    count_at = w.len;
    put_u32(&w, 0);
    while (hops < HOPS && r->err == OK && r->left > 0) {
        struct view hop = wire_string(r, PROMPT_HOP_MAX);

        put_string(&w, hop);
        hops++;
    }
    store_u32(bytes + count_at, hops);
    if (w.err == OK) {
        prompt_key_file(PROMPT_KEY, wire_written(&w));
    }
}

static void do_problem(struct wire_reader *r)
{
    uint8_t bytes[2 * PROMPT_PATH_MAX + PROMPT_TEXT_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_agent(&w, r);
    put_string(&w, wire_string(r, PROMPT_PATH_MAX));
    put_string(&w, wire_string(r, PROMPT_TEXT_MAX));
    if (w.err == OK) {
        prompt_key_file(PROMPT_KEY_PROBLEM, wire_written(&w));
    }
}

static void turns(unsigned count)
{
    while (count-- > 0) {
        connection_turn();
        agent_turn();
        keystore_turn();
        prompt_turn();
    }
}

/* What connections do. */
static void do_connection(uint8_t command, struct wire_reader *r)
{
    size_t connection = wire_u8(r);

    switch (command) {
    case DO_BYTES:
        connection_send(connection, wire_rest(r));
        break;
    case DO_CLOSE:
        connection_close(connection);
        break;
    case DO_SHUTDOWN:
        connection_shutdown(connection);
        break;
    case DO_READ:
        connection_stop_reading(connection, wire_bool(r));
        break;
    default:
        break;
    }
}

/* What the helpers do, and the world. */
static void do_around(uint8_t command, struct wire_reader *r)
{
    uint8_t number = command == DO_WAIT ? 0 : wire_u8(r);

    switch (command) {
    case DO_KEYSTORE:
        keystore_say(number, wire_rest(r));
        break;
    case DO_DELAY:
        keystore_delay(number);
        break;
    case DO_SAY:
        prompt_say(number % (PROMPT_FAILED + 1U));
        break;
    case DO_GIVE: {
        uint64_t ticket = wire_u8(r);

        prompt_give(number % (PROMPT_FAILED + 1U), ticket, wire_bool(r));
        break;
    }
    case DO_POLICY:
        prompt_policy(number);
        break;
    case DO_AUDIT:
        audit_fail(number % 2 == 1);
        break;
    case DO_TURNS:
        turns(number);
        break;
    case DO_WAIT:
        clock_wait(wire_u32(r) % WAIT_MAX_MS);
        break;
    case DO_CUT:
        connection_cut(number);
        keystore_cut(number);
        break;
    default:
        break;
    }
}

static void do_command(struct wire_reader *r)
{
    uint8_t command = wire_u8(r);

    switch (command) {
    case DO_OPEN:
        do_open(r);
        break;
    case DO_FRAME:
        do_frame(r);
        break;
    case DO_SIGN:
        do_sign(r);
        break;
    case DO_REMOVE:
        do_remove(r);
        break;
    case DO_LONG:
        do_long(r);
        break;
    case DO_BYTES:
    case DO_CLOSE:
    case DO_SHUTDOWN:
    case DO_READ:
        do_connection(command, r);
        break;
    case DO_KEY:
        do_key(r);
        break;
    case DO_PROBLEM:
        do_problem(r);
        break;
    default:
        do_around(command, r);
        break;
    }
}

/* Everybody reads and answers: then nothing may be left to wait for, however long that takes. */
static void settle(void)
{
    connection_cut(0);
    keystore_cut(0);
    keystore_delay(0);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        connection_stop_reading(i, false);
    }
    turns(2 * TURNS);
    for (unsigned i = 0; i < WAIT_TURNS && connection_any_waits(); i++) {
        prompt_say(PROMPT_DENY);
        prompt_give(PROMPT_DENY, 0, false);
        turns(SETTLE_TURNS);
        clock_wait(WAIT_STEP_MS);
    }
    CHECK(!connection_any_waits());
}

static void run(const uint8_t *data, size_t size)
{
    struct wire_reader program = wire_reader(data, size);

    while (program.err == OK && program.left > 0) {
        struct view command = wire_string(&program, INPUT_MAX);
        struct wire_reader r = wire_reader(command.data, command.len);

        do_command(&r);
        turns(TURNS);
    }
    settle();
    for (size_t i = 0; i < CONNECTIONS; i++) {
        connection_close(i);
    }
    prompt_policy(0);
    agent_reset();
}

static size_t allocated(void)
{
    return __sanitizer_get_current_allocated_bytes != NULL
               ? __sanitizer_get_current_allocated_bytes()
               : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned tries = 0;
    size_t before;

    if (size > INPUT_MAX) {
        return 0;
    }
    do { /* a qube that is new stays known */
        CHECK(tries++ < 4);
        before = allocated();
        run(data, size);
    } while (allocated() > before);
    return 0;
}
