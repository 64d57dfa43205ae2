/* SPDX-License-Identifier: BSD-2-Clause */
#include "prompt_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "approval.h"
#include "log.h"
#include "loop.h"
#include "report.h"
#include "spawn.h"

#define HEADER       5U    /* bytes: length and type */
#define START_MS     10000 /* for the first files: a slow disk */
#define STOP_MS      1000  /* for its end */
#define STOP_STEP_US 10000U
#define PATH_SHOWN   1024U
#define TELLS_MAX    32U   /* bubbles that are not sent yet */
#define FIXED_FIELDS 1024U /* an ASK without its views: names and numbers */

struct frame {
    STAILQ_ENTRY(frame) link;
    bool tell;
    size_t len;
    size_t sent;
    uint8_t bytes[];
};

static void on_event(struct source *source, uint32_t events);

static struct {
    struct source source;
    pid_t pid;
    const struct prompt_events *events;
    bool alive;
    bool watched;
    bool blocked;    /* waits for room in the socket */
    bool files_done; /* FILES has come; for prompt_read_now() */
    STAILQ_HEAD(, frame) out;
    unsigned tells;
    uint8_t header[4];
    size_t header_have;
    uint8_t *body; /* type byte and on */
    size_t body_len;
    size_t body_have;
} prompt = {.source = {.fd = -1, .on_event = on_event}, .out = STAILQ_HEAD_INITIALIZER(prompt.out)};

bool prompt_is_alive(void)
{
    return prompt.alive;
}

static void drop_frame(struct frame *frame)
{
    STAILQ_REMOVE_HEAD(&prompt.out, link);
    prompt.tells -= frame->tell ? 1 : 0;
    free(frame);
}

static void ended(const char *why)
{
    if (!prompt.alive) {
        return;
    }
    prompt.alive = false;
    report("error: %s; every question is answered with no until the agent is started again", why);
    if (prompt.watched) {
        loop_remove(&prompt.source);
    }
    close(prompt.source.fd);
    prompt.source.fd = -1;
    while (!STAILQ_EMPTY(&prompt.out)) {
        drop_frame(STAILQ_FIRST(&prompt.out));
    }
    free(prompt.body);
    prompt.body = NULL;
    prompt.events->on_end();
}

static void send_more(void)
{
    while (prompt.alive && !STAILQ_EMPTY(&prompt.out)) {
        struct frame *frame = STAILQ_FIRST(&prompt.out);
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

static struct frame *new_frame(size_t body_cap, uint8_t type, struct wire_writer *ret_w)
{
    struct frame *frame = calloc(1, sizeof *frame + HEADER + body_cap);

    if (frame == NULL) {
        return NULL;
    }
    *ret_w = wire_writer(frame->bytes, HEADER + body_cap);
    put_u32(ret_w, 0); /* the length; queue() knows it */
    put_u8(ret_w, type);
    return frame;
}

static bool queue(struct frame *frame, const struct wire_writer *w)
{
    if (w->err != OK || !prompt.alive) {
        free(frame);
        return false;
    }
    frame->len = w->len;
    store_u32(frame->bytes, (uint32_t)w->len - 4);
    STAILQ_INSERT_TAIL(&prompt.out, frame, link);
    send_more();
    return prompt.alive;
}

bool prompt_ask(uint32_t serial, const struct prompt_question *question)
{
    struct wire_writer w;
    struct frame *frame;
    struct view comment = question->comment;

    comment.len = comment.len < PROMPT_COMMENT_MAX ? comment.len : PROMPT_COMMENT_MAX;
    frame = new_frame(FIXED_FIELDS + comment.len + question->key_blob.len + question->host_key.len +
                          question->data.len,
                      PROMPT_ASK, &w);
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
    return queue(frame, &w);
}

void prompt_cancel(uint32_t serial)
{
    struct wire_writer w;
    struct frame *frame = new_frame(4, PROMPT_CANCEL, &w);

    if (frame != NULL) { /* without memory, its answer is ignored when it comes */
        put_u32(&w, serial);
        queue(frame, &w);
    }
}

static void send_text(enum prompt_message type, const char *text)
{
    struct wire_writer w;
    struct frame *frame = new_frame(4 + strlen(text), (uint8_t)type, &w);

    if (frame == NULL) {
        report("out of memory for a message to the prompt");
        return;
    }
    frame->tell = type == PROMPT_TELL;
    prompt.tells += frame->tell ? 1 : 0;
    put_text(&w, text);
    queue(frame, &w);
}

void prompt_tell(const char *text)
{
    if (prompt.alive && prompt.tells < TELLS_MAX) {
        send_text(PROMPT_TELL, text);
    }
}

void prompt_read(const char *known_hosts)
{
    if (prompt.alive) {
        send_text(PROMPT_READ, known_hosts);
    }
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
    prompt.events->on_answer(serial, &answer);
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
    prompt.events->on_file(kind, log_clean(name, sizeof name, path.data, path.len), content);
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
    prompt.files_done = true;
    log_clean(policy_problem, sizeof policy_problem, policy.data, policy.len);
    log_clean(hosts_problem, sizeof hosts_problem, hosts.data, hosts.len);
    prompt.events->on_files(policy_problem, hosts_problem);
    return OK;
}

static enum err take_message(void)
{
    struct wire_reader r = wire_reader(prompt.body, prompt.body_len);

    switch (wire_u8(&r)) {
    case PROMPT_ANSWER:
        return take_answer(&r);
    case PROMPT_FILE:
        return take_file(&r);
    case PROMPT_FILES:
        return take_files(&r);
    default:
        return ERR_MALFORMED;
    }
}

/* How many bytes came; 0 for none now, or after the end. */
static size_t receive(uint8_t *to, size_t len)
{
    ssize_t n = recv(prompt.source.fd, to, len, MSG_DONTWAIT);

    if (n > 0) {
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
    enum err err = take_message();

    free(prompt.body);
    prompt.body = NULL;
    prompt.header_have = 0;
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

enum err prompt_start(bool foreground, int token_fd, const struct prompt_events *events)
{
    const struct helper helper = {.name = "split-ssh-prompt",
                                  .foreground = foreground,
                                  .environment = environ,
                                  .token_fd = token_fd};
    enum err err = spawn_helper(&helper, &prompt.source.fd, &prompt.pid);

    prompt.events = events;
    prompt.alive = err == OK;
    return err;
}

enum err prompt_read_now(const char *known_hosts)
{
    prompt.files_done = false;
    prompt_read(known_hosts);
    while (prompt.alive && !prompt.files_done) {
        struct pollfd pollfd = {.fd = prompt.source.fd,
                                .events =
                                    (short)(POLLIN | (STAILQ_EMPTY(&prompt.out) ? 0 : POLLOUT))};
        int n = poll(&pollfd, 1, START_MS);

        if (n == 0) {
            report("the prompt does not answer");
            return ERR_SYSTEM;
        }
        if (n > 0) {
            on_event(&prompt.source, (pollfd.revents & POLLOUT) != 0 ? EPOLLOUT : EPOLLIN);
        }
    }
    return prompt.alive ? OK : ERR_SYSTEM;
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
        prompt.alive = false;
        if (prompt.watched) {
            loop_remove(&prompt.source);
        }
        close(prompt.source.fd);
        prompt.source.fd = -1;
    }
    for (unsigned ms = 0; prompt.pid > 0 && ms < STOP_MS; ms += STOP_STEP_US / 1000) {
        if (waitpid(prompt.pid, NULL, WNOHANG) != 0) {
            prompt.pid = 0;
            break;
        }
        poll(NULL, 0, (int)(STOP_STEP_US / 1000));
    }
    while (!STAILQ_EMPTY(&prompt.out)) {
        drop_frame(STAILQ_FIRST(&prompt.out));
    }
    free(prompt.body);
    prompt.body = NULL;
}
