/* SPDX-License-Identifier: BSD-2-Clause */
#include "request.h"

#include <assert.h>
#include <stdio.h>

#include "connection.h"
#include "control_ipc.h"
#include "log.h"
#include "wire.h"

/* RFC 9987, section 5.1. */
#define AGENT_FAILURE            5U
#define AGENTC_EXTENSION         27U
#define AGENT_EXTENSION_FAILURE  28U
#define AGENT_EXTENSION_RESPONSE 29U

#define REQUEST_MAX (16U + CONTROL_NAME_MAX + CONTROL_KEY_MAX + AGENT_NAME_MAX + QUBE_NAME_MAX)

static_assert(CONTROL_TEXT_MAX + CONTROL_NAME_MAX + 10U <= FRAME_MAX, "an answer is a frame");

static const char *const names[] = {
    [COMMAND_STATUS] = CONTROL_STATUS,
    [COMMAND_GRANTS] = CONTROL_GRANTS,
    [COMMAND_REVOKE] = CONTROL_REVOKE,
    [COMMAND_LIST] = CONTROL_LIST,
    [COMMAND_POLICY_TEST] = CONTROL_POLICY_TEST,
    [COMMAND_RELOAD] = CONTROL_RELOAD,
    [COMMAND_ADD] = "",
    [COMMAND_LOG] = "", /* ask nobody */
    [COMMAND_PASSPHRASE_STORE] = "",
    [COMMAND_PASSPHRASE_FORGET] = "",
    [COMMAND_PASSPHRASE_TEST] = "",
    [COMMAND_CHECK] = "",
};

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static void put_request(struct wire_writer *w, const struct options *options)
{
    put_u8(w, AGENTC_EXTENSION);
    put_text(w, names[options->command]);
    switch (options->command) {
    case COMMAND_REVOKE:
        put_u8(w, options->qube == NULL);
        put_text(w, or_empty(options->qube));
        break;
    case COMMAND_POLICY_TEST:
        put_text(w, options->qube);
        put_text(w, or_empty(options->key));
        break;
    case COMMAND_LIST:
    case COMMAND_RELOAD:
        put_text(w, options->agent);
        break;
    case COMMAND_STATUS:
    case COMMAND_GRANTS:
    case COMMAND_ADD:
    case COMMAND_LOG:
    case COMMAND_PASSPHRASE_STORE:
    case COMMAND_PASSPHRASE_FORGET:
    case COMMAND_PASSPHRASE_TEST:
    case COMMAND_CHECK:
        break;
    }
}

/* The agent's text, without what a terminal would take for more than text. */
static void print(FILE *stream, struct view text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        putc_unlocked((c >= 0x20 && c < 0x7f) || c == '\n' || c == '\t' ? c : '?', stream);
    }
    if (text.len > 0 && text.data[text.len - 1] != '\n') {
        putc_unlocked('\n', stream);
    }
}

static enum err must_check show(struct view frame, const char *name, const char *socket)
{
    struct wire_reader r = wire_reader(frame.data, frame.len);
    uint8_t type = wire_u8(&r);
    struct view text;
    bool same;
    bool ok;

    if (frame.len > 0 && (type == AGENT_FAILURE || type == AGENT_EXTENSION_FAILURE)) {
        log_line("the agent on %s does not know this: it is not split-ssh-agent, or not the one of "
                 "this qube, or an older one",
                 socket);
        return ERR_NOT_FOUND;
    }
    same = view_is(wire_string(&r, CONTROL_NAME_MAX), name);
    ok = wire_bool(&r);
    text = wire_string(&r, CONTROL_TEXT_MAX);
    if (type != AGENT_EXTENSION_RESPONSE || !same || wire_end(&r) != OK) {
        log_line("the agent on %s answers what is no answer: it is not split-ssh-agent, or one of "
                 "another version",
                 socket);
        return ERR_MALFORMED;
    }
    if (!ok) {
        fputs("split-ssh: ", stderr);
    }
    print(ok ? stdout : stderr, text);
    return ok ? OK : ERR_DENIED;
}

enum err request(const struct options *options)
{
    static uint8_t answer[FRAME_MAX];
    const char *socket = connection_path(options->socket);
    uint8_t bytes[REQUEST_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    char why[CONNECTION_WHY_MAX];
    struct view frame = {NULL, 0};
    enum err err;

    put_request(&w, options);
    err = w.err;
    if (err == OK) {
        err = connection_ask(socket, wire_written(&w),
                             options->command == COMMAND_RELOAD ? CONTROL_RELOAD_TIMEOUT_MS
                                                                : CONTROL_TIMEOUT_MS,
                             answer, &frame, why);
        if (err != OK) {
            log_line("%s%s", why,
                     err == ERR_SYSTEM && (errno == ENOENT || errno == ECONNREFUSED)
                         ? " (split-ssh check says why)"
                         : "");
        }
    }
    return err == OK ? show(frame, names[options->command], socket) : err;
}
