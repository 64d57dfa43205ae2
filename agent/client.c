/* SPDX-License-Identifier: BSD-2-Clause */
#include "client.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "await.h"
#include "clock.h"
#include "frame.h"
#include "ipc.h"
#include "key_reload.h"
#include "lock_state.h"
#include "sign.h"

#define EVENTS (EPOLLIN | EPOLLRDHUP | EPOLLET)

static struct client_queue all = TAILQ_HEAD_INITIALIZER(all);
static struct client_queue unidentified = TAILQ_HEAD_INITIALIZER(unidentified);
static struct client_queue idle = TAILQ_HEAD_INITIALIZER(idle);
static struct client_queue closed = TAILQ_HEAD_INITIALIZER(closed);
static unsigned count_local;
static unsigned count_qrexec;

unsigned client_count_local(void)
{
    return count_local;
}

unsigned client_count_qrexec(void)
{
    return count_qrexec;
}

unsigned client_count_unidentified(void)
{
    return party_unidentified()->clients;
}

static void stop_timer(struct client *client)
{
    if (client->timed_in != NULL) {
        TAILQ_REMOVE(client->timed_in, client, timed_link);
        client->timed_in = NULL;
    }
}

/* Those with the same time come one after the other; other times of other qubes are few. */
static void insert_by_deadline(struct client_queue *queue, struct client *client)
{
    struct client *before = TAILQ_LAST(queue, client_queue);

    while (before != NULL && before->deadline > client->deadline) {
        before = TAILQ_PREV(before, client_queue, timed_link);
    }
    if (before == NULL) {
        TAILQ_INSERT_HEAD(queue, client, timed_link);
    } else {
        TAILQ_INSERT_AFTER(queue, before, client, timed_link);
    }
    client->timed_in = queue;
}

/* Programs in the vault may stay as long as they like, and a qube whose policy has no limit. */
static void start_timer(struct client *client)
{
    stop_timer(client);
    client->since = boottime_ms();
    if (!client->qrexec) {
        return;
    }
    if (client->state == CLIENT_DESCRIPTOR) {
        client->deadline = client->since + DESCRIPTOR_TIMEOUT_MS;
        insert_by_deadline(&unidentified, client);
    } else if (client->party->rules.idle > 0) {
        client->deadline = client->since + (uint64_t)client->party->rules.idle * 1000;
        insert_by_deadline(&idle, client);
    }
}

void client_make_ready(struct client *client)
{
    if (!client->is_ready && !client->is_parked) {
        party_push_ready(client->party, client);
        client->is_ready = true;
    }
}

static void write_answer(struct client *client);

/* What waits for something that is of no use to anybody once its client has gone. */
static bool is_pointless(const struct client *client)
{
    return client->is_guessing || client->is_awaiting ||
           (client->use != NULL && !client->in_keystore);
}

static void on_event(struct source *source, uint32_t events)
{
    struct client *client = (struct client *)source; /* its first member */

    if (client->state == CLIENT_CLOSED) {
        return; /* closed by an earlier event of the same round */
    }
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        client->hangup = true;
    }
    client->gone = client->gone || (events & (EPOLLHUP | EPOLLERR)) != 0;
    if (client->gone && is_pointless(client)) {
        client_close(client);
        return;
    }
    if ((events & ~(uint32_t)EPOLLOUT) != 0) {
        client->readable = true;
    }
    if ((events & ~(uint32_t)EPOLLIN) != 0 && client->state == CLIENT_ANSWERING) {
        write_answer(client); /* goes on, or finds that the reader has gone */
    }
    if (client->state <= CLIENT_BODY && client->readable) {
        client_make_ready(client);
    }
}

static_assert(offsetof(struct client, source) == 0, "on_event casts");

bool client_accept(int fd, bool qrexec, struct agent *agent)
{
    struct client *client = calloc(1, sizeof *client);

    if (client == NULL) {
        close(fd);
        return false;
    }
    client->source = (struct source){.fd = fd, .on_event = on_event};
    client->qrexec = qrexec;
    client->agent = agent;
    client->agent_name = agent != NULL ? agent->name : "";
    client->party = qrexec ? party_unidentified() : party_local();
    client->state = qrexec ? CLIENT_DESCRIPTOR : CLIENT_HEADER;
    if (loop_add(&client->source, EVENTS) != OK) {
        close(fd);
        free(client);
        return false;
    }
    TAILQ_INSERT_TAIL(&all, client, all_link);
    client->party->clients++;
    *(qrexec ? &count_qrexec : &count_local) += 1;
    start_timer(client);
    return true;
}

void client_identify(struct client *client, struct party *party)
{
    client->party->clients--;
    client->party = party;
    client->party->clients++;
    client->state = CLIENT_HEADER;
    start_timer(client);
}

void client_begin_request(struct client *client)
{
    stop_timer(client); /* from here on it is we who are waited for */
    client->state = CLIENT_WAITING;
    client->has_awaited = false;
}

static void drop_answer(struct client *client)
{
    free(client->own_answer);
    client->own_answer = NULL;
    answer_release(&client->shared_answer);
    client->answer = NULL;
    client->answer_left = 0;
}

static void frame_done(struct client *client)
{
    if (client->state == CLIENT_ANSWERING) {
        loop_change(&client->source, EVENTS);
    }
    drop_answer(client);
    if (client->last_answer) {
        client_close(client);
        return;
    }
    client->state = CLIENT_HEADER;
    header_forget(&client->frame);
    start_timer(client);
    if (client->readable) {
        client_make_ready(client);
    }
}

/* Sends what it can. False: the client is gone. */
static bool send_some(struct client *client)
{
    ssize_t n = send(client->source.fd, client->answer, client->answer_left, MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        client_close(client);
        return false;
    }
    if (n > 0) {
        client->answer += n;
        client->answer_left -= (size_t)n;
    }
    return true;
}

static void write_answer(struct client *client)
{
    if (send_some(client) && client->answer_left == 0) {
        frame_done(client);
    }
}

/* The answer is set; false if there is nothing more to do with it. */
static bool begin_answer(struct client *client, const uint8_t *bytes, size_t len)
{
    if (client->state == CLIENT_CLOSED) {
        return false;
    }
    frame_release(client);
    client->answer = bytes;
    client->answer_left = len;
    if (!send_some(client)) {
        return false;
    }
    if (client->answer_left == 0) {
        frame_done(client);
        return false;
    }
    return true;
}

/* The rest goes out when the client reads; until then nothing is read from it. */
static void wait_writable(struct client *client)
{
    client->state = CLIENT_ANSWERING;
    start_timer(client);
    loop_change(&client->source, EVENTS | EPOLLOUT);
}

void client_answer_bytes(struct client *client, const uint8_t *bytes, size_t len)
{
    if (!begin_answer(client, bytes, len)) {
        return;
    }
    client->own_answer = malloc(client->answer_left);
    if (client->own_answer == NULL) {
        report_party(client->party, "out of memory for an answer; connection closed");
        client_close(client);
        return;
    }
    memcpy(client->own_answer, client->answer, client->answer_left);
    client->answer = client->own_answer;
    wait_writable(client);
}

void client_answer_shared(struct client *client, struct answer *answer)
{
    client->shared_answer = answer;
    if (begin_answer(client, answer->bytes, answer->len)) {
        wait_writable(client);
    } else if (client->state == CLIENT_CLOSED) {
        answer_release(&client->shared_answer);
    }
}

void client_answer_status(struct client *client, enum agent_message status)
{
    const uint8_t bytes[] = {0, 0, 0, 1, (uint8_t)status};

    client_answer_bytes(client, bytes, sizeof bytes);
}

void client_close(struct client *client)
{
    if (client->state == CLIENT_CLOSED) {
        return;
    }
    stop_timer(client);
    frame_unpark(client);
    if (client->is_ready) {
        party_drop_ready(client->party, client);
        client->is_ready = false;
    }
    if (client->is_waiting) {
        party_drop_waiting(client->party, client);
        client->is_waiting = false;
    }
    if (client->is_guessing) {
        lock_state_drop(client);
    }
    if (client->use != NULL && !client->in_keystore) {
        sign_abandoned(client);
    }
    await_abandoned(client);
    key_reload_drop(client);
    loop_remove(&client->source);
    close(client->source.fd);
    client->party->clients--;
    *(client->qrexec ? &count_qrexec : &count_local) -= 1;
    client->state = CLIENT_CLOSED;
    TAILQ_INSERT_TAIL(&closed, client, timed_link);
}

void client_free_closed(void)
{
    struct client *client = TAILQ_FIRST(&closed);

    while (client != NULL) {
        struct client *next = TAILQ_NEXT(client, timed_link);

        if (!client->in_keystore) {
            TAILQ_REMOVE(&closed, client, timed_link);
            TAILQ_REMOVE(&all, client, all_link);
            frame_release(client);
            drop_answer(client);
            use_free(&client->use);
            free(client->uses);
            if (client->bindings != NULL) {
                bindings_clear(client->bindings);
            }
            free(client->bindings);
            free(client);
        }
        client = next;
    }
}

void client_close_all(void)
{
    struct client *client;

    TAILQ_FOREACH(client, &all, all_link)
    {
        client_close(client);
        client->in_keystore = false; /* no answer of it is read any more */
    }
    client_free_closed();
}

void client_evict_unidentified(void)
{
    struct client *client = TAILQ_FIRST(&unidentified);

    if (client != NULL) {
        report_party(client->party, "%u connections without a descriptor; the oldest closed",
                     client->party->clients);
        client_close(client);
    }
}

static void expire_queue(struct client_queue *queue, uint64_t now)
{
    struct client *client = TAILQ_FIRST(queue);

    while (client != NULL && now >= client->deadline) {
        debug("%s: idle for too long; connection closed", party_label(client->party));
        client_close(client);
        client = TAILQ_FIRST(queue);
    }
}

static int until(const struct client_queue *queue, uint64_t now)
{
    const struct client *client = TAILQ_FIRST(queue);

    if (client == NULL) {
        return -1;
    }
    return client->deadline > now ? (int)(client->deadline - now) : 0;
}

int client_expire(uint64_t now)
{
    int next = frame_expire(now);

    expire_queue(&unidentified, now);
    expire_queue(&idle, now);
    next = loop_earlier(next, until(&unidentified, now));
    return loop_earlier(next, until(&idle, now));
}
