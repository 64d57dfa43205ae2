/* SPDX-License-Identifier: BSD-2-Clause */
#include "prompt_client.h"

#include <stdlib.h>
#include <unistd.h>

#include "approval.h"
#include "log.h"
#include "peer.h"
#include "report.h"

#define START_MS     10000 /* for the first files: a slow disk */
#define PATH_SHOWN   1024U
#define TELLS_MAX    32U   /* bubbles that are not sent yet */
#define FIXED_FIELDS 1024U /* an ASK without its views: names and numbers */

static const struct prompt_events *client_events;
static bool files_done; /* FILES has come; for prompt_read_now() */

uint32_t prompt_new_serial(void)
{
    static uint32_t last;

    return ++last;
}

bool prompt_ask(uint32_t serial, const struct prompt_question *question)
{
    struct wire_writer w;
    struct prompt_frame *frame;
    struct view comment = question->comment;

    comment.len = comment.len < PROMPT_COMMENT_MAX ? comment.len : PROMPT_COMMENT_MAX;
    frame = prompt_frame_new(PROMPT_ASK,
                             FIXED_FIELDS + comment.len + question->key_blob.len +
                                 question->host_key.len + question->data.len,
                             &w);
    if (frame == NULL) {
        return false;
    }
    put_u32(&w, serial);
    put_text(&w, question->qube);
    put_text(&w, question->agent);
    put_string(&w, comment);
    put_string(&w, question->key_blob);
    put_u8(&w, (uint8_t)question->proof);
    put_u8(&w, question->forwarded);
    put_string(&w, question->host_key);
    put_text(&w, question->hosts);
    put_u32(&w, question->seconds);
    put_string(&w, question->data);
    return prompt_frame_send(frame, &w);
}

/* A frame that must not be left out: without memory for it, the prompt would be waited for. */
static void send_or_report(struct prompt_frame *frame, const struct wire_writer *w)
{
    if (frame == NULL) {
        report("out of memory for a message to the prompt");
    } else {
        (void)!prompt_frame_send(frame, w); /* its end was reported */
    }
}

static void send_number(enum prompt_message type, uint32_t number)
{
    struct wire_writer w;
    struct prompt_frame *frame = prompt_frame_new(type, 4, &w);

    put_u32(&w, number);
    send_or_report(frame, &w);
}

static void send_text(enum prompt_message type, const char *text)
{
    struct wire_writer w;
    struct prompt_frame *frame = prompt_frame_new(type, 4 + strlen(text), &w);

    put_text(&w, text);
    send_or_report(frame, &w);
}

void prompt_cancel(uint32_t serial)
{
    send_number(PROMPT_CANCEL, serial);
}

void prompt_tell(const char *text)
{
    if (prompt_is_alive() && prompt_tells_waiting() < TELLS_MAX) {
        send_text(PROMPT_TELL, text);
    }
}

void prompt_read(const char *known_hosts)
{
    if (prompt_is_alive()) {
        send_text(PROMPT_READ, known_hosts);
    }
}

void prompt_keys(bool all, const char *agent, const char *directory)
{
    struct wire_writer w;
    struct prompt_frame *frame =
        prompt_frame_new(PROMPT_KEYS, 1 + 4 + strlen(agent) + 4 + strlen(directory), &w);

    put_u8(&w, all);
    put_text(&w, agent);
    put_text(&w, directory);
    send_or_report(frame, &w);
}

void prompt_reload(const char *agent)
{
    send_text(PROMPT_RELOAD, agent);
}

void prompt_taken(uint64_t ticket)
{
    struct wire_writer w;
    struct prompt_frame *frame = prompt_frame_new(PROMPT_TAKEN, 8, &w);

    put_u64(&w, ticket);
    send_or_report(frame, &w);
}

bool prompt_passphrase(uint32_t serial, const struct prompt_passphrase *asked)
{
    struct wire_writer w;
    struct prompt_frame *frame;
    struct view comment = asked->comment;

    comment.len = comment.len < PROMPT_COMMENT_MAX ? comment.len : PROMPT_COMMENT_MAX;
    frame =
        prompt_frame_new(PROMPT_PASSPHRASE, FIXED_FIELDS + comment.len + strlen(asked->path), &w);
    if (frame == NULL) {
        return false;
    }
    put_u32(&w, serial);
    put_text(&w, asked->qube);
    put_string(&w, comment);
    put_text(&w, asked->path);
    put_text(&w, asked->fingerprint);
    put_u8(&w, asked->look_up);
    put_u8(&w, (uint8_t)asked->wrong);
    return prompt_frame_send(frame, &w);
}

void prompt_opened(uint32_t serial, bool right)
{
    struct wire_writer w;
    struct prompt_frame *frame = prompt_frame_new(PROMPT_OPENED, 5, &w);

    put_u32(&w, serial);
    put_u8(&w, right);
    send_or_report(frame, &w);
}

static enum err take_answer(struct wire_reader *r)
{
    struct prompt_answer answer;
    uint32_t serial = wire_u32(r);
    uint8_t verdict = wire_u8(r);
    struct view by;

    answer.approval = wire_string(r, APPROVAL_SIZE);
    by = wire_string(r, PROMPT_BY_MAX);
    if (wire_end(r) != OK || verdict > PROMPT_FAILED ||
        (answer.approval.len != 0 && answer.approval.len != APPROVAL_SIZE)) {
        return ERR_MALFORMED;
    }
    answer.verdict = verdict;
    log_clean(answer.by, sizeof answer.by, by.data, by.len);
    client_events->on_answer(serial, &answer);
    return OK;
}

static enum err take_file(struct wire_reader *r)
{
    uint8_t kind = wire_u8(r);
    struct view path = wire_string(r, PATH_SHOWN);
    struct view content = wire_string(r, KNOWN_HOSTS_MAX);
    char name[PATH_SHOWN + 1];

    if (wire_end(r) != OK || (kind != PROMPT_FILE_POLICY && kind != PROMPT_FILE_KNOWN_HOSTS)) {
        return ERR_MALFORMED;
    }
    client_events->on_file(kind, log_clean(name, sizeof name, path.data, path.len), content);
    return OK;
}

static enum err take_files(struct wire_reader *r)
{
    struct view policy = wire_string(r, PROMPT_TEXT_MAX);
    struct view hosts = wire_string(r, PROMPT_TEXT_MAX);
    char policy_problem[PROMPT_TEXT_MAX + 1];
    char hosts_problem[PROMPT_TEXT_MAX + 1];

    if (wire_end(r) != OK) {
        return ERR_MALFORMED;
    }
    files_done = true;
    log_clean(policy_problem, sizeof policy_problem, policy.data, policy.len);
    log_clean(hosts_problem, sizeof hosts_problem, hosts.data, hosts.len);
    client_events->on_files(policy_problem, hosts_problem);
    return OK;
}

static const char *text_of(char *ret, size_t cap, struct view v)
{
    return log_clean(ret, cap, v.data, v.len);
}

/* An agent's name is a part of a path and of a policy: nothing else may be one. */
static bool take_agent_name(struct wire_reader *r, char ret[AGENT_NAME_MAX + 1])
{
    struct view v = wire_string(r, AGENT_NAME_MAX);

    if (r->err != OK) {
        return false;
    }
    if (v.len > 0) {
        memcpy(ret, v.data, v.len);
    }
    ret[v.len] = '\0';
    return strlen(ret) == v.len && (v.len == 0 || agent_name_is_valid(ret));
}

static enum err take_agent(struct wire_reader *r, int fd)
{
    char name[AGENT_NAME_MAX + 1];

    if (!take_agent_name(r, name) || name[0] == '\0' || wire_end(r) != OK) {
        if (fd >= 0) {
            close(fd);
        }
        return ERR_MALFORMED;
    }
    client_events->on_agent(name, fd);
    return OK;
}

static enum err take_key(struct wire_reader *r)
{
    char agent[AGENT_NAME_MAX + 1];
    char path[PATH_SHOWN + 1];
    struct prompt_key key = {.agent = agent, .path = path, .ticket = wire_u64(r)};
    struct view v;

    if (!take_agent_name(r, agent)) {
        return ERR_MALFORMED;
    }
    v = wire_string(r, PROMPT_PATH_MAX);
    text_of(path, sizeof path, v);
    key.hops_count = wire_u32(r);
    if (r->err != OK || key.hops_count > PROMPT_HOPS_MAX) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < key.hops_count; i++) {
        key.hops[i] = wire_string(r, PROMPT_HOP_MAX);
    }
    if (wire_end(r) != OK) {
        return ERR_MALFORMED;
    }
    client_events->on_key(&key);
    return OK;
}

static enum err take_key_problem(struct wire_reader *r)
{
    char agent[AGENT_NAME_MAX + 1];
    char path[PATH_SHOWN + 1];
    char problem[PROMPT_TEXT_MAX + 1];
    bool named = take_agent_name(r, agent);
    struct view path_view = wire_string(r, PROMPT_PATH_MAX);
    struct view problem_view = wire_string(r, PROMPT_TEXT_MAX);

    if (!named || wire_end(r) != OK) {
        return ERR_MALFORMED;
    }
    text_of(path, sizeof path, path_view);
    text_of(problem, sizeof problem, problem_view);
    client_events->on_key_problem(agent, path, problem);
    return OK;
}

static enum err take_keys_end(struct wire_reader *r)
{
    char agent[AGENT_NAME_MAX + 1];
    bool all = wire_bool(r);

    if (!take_agent_name(r, agent) || wire_end(r) != OK) {
        return ERR_MALFORMED;
    }
    client_events->on_keys_end(all, agent);
    return OK;
}

static enum err take_secret(struct wire_reader *r)
{
    uint32_t serial = wire_u32(r);
    uint8_t verdict = wire_u8(r);
    struct prompt_secret secret = {.ticket = wire_u64(r)};

    secret.stored = wire_bool(r);
    if (wire_end(r) != OK || verdict > PROMPT_FAILED || verdict == PROMPT_ALLOW_WHILE) {
        return ERR_MALFORMED;
    }
    secret.verdict = verdict;
    client_events->on_secret(serial, &secret);
    return OK;
}

static enum err on_message(uint8_t type, struct wire_reader *r, int fd)
{
    if (fd >= 0 && type != PROMPT_AGENT) {
        close(fd);
        return ERR_MALFORMED;
    }
    switch (type) {
    case PROMPT_ANSWER:
        return take_answer(r);
    case PROMPT_FILE:
        return take_file(r);
    case PROMPT_FILES:
        return take_files(r);
    case PROMPT_AGENT:
        return take_agent(r, fd);
    case PROMPT_KEY:
        return take_key(r);
    case PROMPT_KEY_PROBLEM:
        return take_key_problem(r);
    case PROMPT_KEYS_END:
        return take_keys_end(r);
    case PROMPT_SECRET:
        return take_secret(r);
    default:
        return ERR_MALFORMED;
    }
}

static void on_end(void)
{
    client_events->on_end();
}

enum err prompt_start(bool foreground, int side_fd, const struct prompt_events *events)
{
    static const struct prompt_channel_events channel = {.on_message = on_message,
                                                         .on_end = on_end};

    client_events = events;
    return prompt_channel_start(foreground, side_fd, &channel);
}

enum err prompt_read_now(const char *known_hosts)
{
    files_done = false;
    prompt_read(known_hosts);
    while (prompt_is_alive() && !files_done) {
        if (!prompt_channel_wait(START_MS)) {
            report("the prompt does not answer");
            return ERR_SYSTEM;
        }
    }
    return prompt_is_alive() ? OK : ERR_SYSTEM;
}
