/* SPDX-License-Identifier: BSD-2-Clause */
/* A prompt whose user says what the input says, and which knows what was said. */
#include "around_agent.h"

#include <sodium.h>
#include <sys/socket.h>

#include "approval.h"
#include "purpose.h"

#define FRAME_BYTES (4 + PROMPT_ASK_MAX)
#define YES_MAX     64U

/* What may be signed because of a yes. */
struct yes {
    uint64_t qube, key, data, scope;
    bool remembered;
};

static uint8_t out_bytes[65536];
static struct {
    struct outgoing out;
    uint8_t in[FRAME_BYTES];
    size_t have;
    uint32_t question, dialog; /* serials; 0: none */
    bool only_work;            /* the policy that the agent has once it reads what comes next */
    bool asked_elsewhere;      /* the question is one that this forbids */
    struct yes asked;
    struct yes yes[YES_MAX];
    size_t yes_count;
} prompt = {.out = {.bytes = out_bytes, .cap = sizeof out_bytes}};

#define POLICY_ONLY_WORK 1U
#define POLICY_NONE      2U /* none of these: the agent keeps what it has */

/* Qubes by what the policy lets them do: "auto" all, "never" nothing, others ask. */
static const char *const policies[] = {
    "[DEFAULT]\nopaque = yes\nnotify = use, connection, refused\n"
    "[client:auto]\nconfirm = no\nuses = no\nrate = no\nopaque = yes\nnamespaces = all\n"
    "[client:never]\nkeys = no\n"
    "[client:while]\nconfirm = 300\nopaque = yes\nwait-for-key = 60\nuses = 5\n",
    "[DEFAULT]\nagents = work\nidle = 5\nconnections = 2\nuses = 3\nrate = 4\n"
    "[client:auto]\nconfirm = no\nrsa-sha1 = yes\nagents = all\ndestinations = *@*, unverified\n"
    "[client:never]\nkeys = no\n",
    "nonsense\n",
};

static uint64_t scope_of(struct view key_blob, struct view data)
{
    struct purpose purpose = purpose_parse(data, key_blob);
    uint8_t bytes[4096];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_u8(&w, (uint8_t)purpose.kind);
    put_string(&w, purpose.user);
    put_string(&w, purpose.name_space);
    if (purpose.kind == PURPOSE_OPAQUE) {
        put_u64(&w, hash_of(data));
    }
    return hash_of(wire_written(&w));
}

/* The session of a login, which may take more than one signature; else the data. */
static uint64_t session_of(struct view key_blob, struct view data)
{
    struct purpose purpose = purpose_parse(data, key_blob);

    return purpose.kind == PURPOSE_LOGIN ? hash_of(purpose.session_id) ^ hash_of(purpose.user)
                                         : hash_of(data);
}

static struct yes yes_of(struct view qube, struct view key_blob, struct view data)
{
    return (struct yes){.qube = hash_of(qube),
                        .key = hash_of(key_blob),
                        .data = session_of(key_blob, data),
                        .scope = scope_of(key_blob, data)};
}

bool prompt_allowed(struct view qube, struct view key_blob, bool confirm, struct view data)
{
    struct yes asked = yes_of(qube, key_blob, data);

    CHECK(!view_is(qube, "never"));
    if (!confirm && (view_is(qube, "") || view_is(qube, "auto"))) {
        return true;
    }
    for (size_t i = 0; i < prompt.yes_count; i++) {
        const struct yes *yes = &prompt.yes[i];

        if (yes->qube == asked.qube && yes->key == asked.key &&
            (yes->remembered ? yes->scope == asked.scope : yes->data == asked.data)) {
            return true;
        }
    }
    return false;
}

static struct wire_writer begin(enum prompt_message type)
{
    struct outgoing *out = &prompt.out;
    struct wire_writer w;

    memmove(out->bytes, out->bytes + out->sent, out->len - out->sent);
    out->len -= out->sent;
    out->sent = 0;
    w = wire_writer(out->bytes + out->len, out->cap - out->len);
    put_u32(&w, 0);
    put_u8(&w, (uint8_t)type);
    return w;
}

/* False: there was no room, and it is left out. */
static bool end(struct wire_writer *w)
{
    if (w->err == OK) {
        store_u32(w->data, (uint32_t)w->len - 4);
        prompt.out.len += w->len;
    }
    return w->err == OK;
}

void prompt_policy(size_t number)
{
    struct wire_writer w = begin(PROMPT_FILE);
    size_t before = prompt.out.len;

    number %= sizeof policies / sizeof policies[0];
    put_u8(&w, PROMPT_FILE_POLICY);
    put_text(&w, "/etc/qubes-split-ssh.conf");
    put_text(&w, policies[number]);
    if (!end(&w)) {
        return;
    }
    w = begin(PROMPT_FILES);
    put_text(&w, "");
    put_text(&w, "");
    if (!end(&w)) {
        prompt.out.len = before; /* both or none */
    } else if (number != POLICY_NONE) {
        prompt.only_work = number == POLICY_ONLY_WORK;
    }
}

void prompt_open(int fd)
{
    prompt.out.fd = fd;
    prompt_policy(0);
    CHECK(outgoing_send(&prompt.out, 0));
}

void prompt_key_file(uint8_t type, struct view body)
{
    struct wire_writer w = begin(type);

    put_bytes(&w, body.data, body.len);
    keystore_expect((uint8_t)(type + 128));
    end(&w);
}

void prompt_say(enum prompt_verdict verdict)
{
    uint8_t approval[APPROVAL_SIZE] = {APPROVAL_ONCE};
    bool yes = verdict == PROMPT_ALLOW_ONCE || verdict == PROMPT_ALLOW_WHILE;
    struct wire_writer w;

    if (prompt.question == 0) {
        return;
    }
    if (yes && prompt.yes_count == YES_MAX) {
        verdict = PROMPT_DENY;
        yes = false;
    }
    if (yes) {
        prompt.asked.remembered = verdict == PROMPT_ALLOW_WHILE;
        approval[0] = prompt.asked.remembered ? APPROVAL_WHILE : APPROVAL_ONCE;
        if (!prompt.only_work || !prompt.asked_elsewhere) { /* a yes to that allows nothing */
            prompt.yes[prompt.yes_count++] = prompt.asked;
        }
    }
    w = begin(PROMPT_ANSWER);
    put_u32(&w, prompt.question);
    put_u8(&w, (uint8_t)verdict);
    put_string(&w, (struct view){approval, yes ? sizeof approval : 0});
    put_text(&w, "the input");
    end(&w);
    prompt.question = 0;
}

void prompt_give(enum prompt_verdict verdict, uint64_t ticket, bool stored)
{
    struct wire_writer w;

    if (prompt.dialog == 0 || verdict == PROMPT_ALLOW_WHILE) {
        return;
    }
    w = begin(PROMPT_SECRET);
    put_u32(&w, prompt.dialog);
    put_u8(&w, (uint8_t)verdict);
    put_u64(&w, ticket);
    put_u8(&w, stored);
    end(&w);
    keystore_expect(PROMPT_SECRET + 128);
    prompt.dialog = 0;
}

void prompt_reset(void)
{
    CHECK(prompt.question == 0);
    prompt.yes_count = 0;
}

static void take_ask(struct wire_reader *r)
{
    uint32_t serial = wire_u32(r);
    struct view qube = wire_string(r, QUBE_NAME_MAX);
    struct view agent = wire_string(r, AGENT_NAME_MAX);
    struct view blob;
    struct view data;

    wire_string(r, PROMPT_COMMENT_MAX);
    blob = wire_string(r, FRAME_MAX);
    CHECK(wire_u8(r) <= PROOF_NAME);
    wire_bool(r);
    wire_string(r, HOST_KEY_MAX);
    wire_string(r, PROMPT_NAMES_MAX);
    CHECK(wire_u32(r) <= GRANT_MAX_S);
    data = wire_string(r, FRAME_MAX);
    CHECK(wire_end(r) == OK && prompt.question == 0); /* one after the other */
    CHECK(!view_is(qube, "never"));
    prompt.question = serial;
    prompt.asked = yes_of(qube, blob, data);
    prompt.asked_elsewhere = qube.len > 0 && !view_is(qube, "auto") && !view_is(agent, "work");
}

static void take_passphrase(struct wire_reader *r)
{
    uint32_t serial = wire_u32(r);

    wire_string(r, QUBE_NAME_MAX);
    wire_string(r, PROMPT_COMMENT_MAX);
    wire_string(r, PROMPT_PATH_MAX);
    CHECK(wire_string(r, PROMPT_FINGERPRINT_SIZE).len > 0);
    wire_bool(r);
    CHECK(wire_u8(r) < PASSPHRASE_TRIES);
    CHECK(wire_end(r) == OK && prompt.dialog == 0);
    prompt.dialog = serial;
}

static void take_reload(struct wire_reader *r)
{
    struct view agent = wire_string(r, AGENT_NAME_MAX);
    struct wire_writer w = begin(PROMPT_KEYS_END);

    CHECK(wire_end(r) == OK);
    put_u8(&w, false);
    put_string(&w, agent);
    end(&w);
}

static void take_frame(struct wire_reader *r)
{
    uint32_t serial;

    switch (wire_u8(r)) {
    case PROMPT_ASK:
        take_ask(r);
        break;
    case PROMPT_PASSPHRASE:
        take_passphrase(r);
        break;
    case PROMPT_CANCEL:
        serial = wire_u32(r);
        CHECK(wire_end(r) == OK);
        prompt.question = serial == prompt.question ? 0 : prompt.question;
        prompt.dialog = serial == prompt.dialog ? 0 : prompt.dialog;
        break;
    case PROMPT_READ:
        prompt_policy(0);
        break;
    case PROMPT_RELOAD:
        take_reload(r);
        break;
    case PROMPT_TELL:
        CHECK(wire_string(r, PROMPT_TEXT_MAX).len > 0 && wire_end(r) == OK);
        break;
    case PROMPT_TAKEN:
    case PROMPT_OPENED:
        break;
    default:
        CHECK(false);
    }
}

void prompt_turn(void)
{
    ssize_t n =
        recv(prompt.out.fd, prompt.in + prompt.have, sizeof prompt.in - prompt.have, MSG_DONTWAIT);
    size_t len;

    prompt.have += n > 0 ? (size_t)n : 0;
    while (prompt.have >= 4 && prompt.have >= (len = 4 + (size_t)load_u32(prompt.in))) {
        struct wire_reader r = wire_reader(prompt.in + 4, len - 4);

        take_frame(&r);
        prompt.have -= len;
        memmove(prompt.in, prompt.in + len, prompt.have);
    }
    CHECK(prompt.have < sizeof prompt.in);
    CHECK(outgoing_send(&prompt.out, 0));
}
