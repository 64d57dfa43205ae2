/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "differential.h"

struct connection {
    bool bind_failed;
    bool bind_unverified;
    struct view bound[BINDINGS_MAX];
    size_t bound_count;
    const struct step *held; /* NULL: none */
    bool was_locked;         /* when the held one began */
};

struct run {
    const struct pair *pair;
    struct side ours;
    struct side theirs;
    struct connection connections[CONNECTIONS + 1];
    struct totals *totals;
    bool locked;
    bool ended;                   /* nothing after this can be compared */
    bool looking;                 /* the request is not one of the steps */
    bool wanted[CONNECTIONS + 1]; /* a look at the list, behind the request of the other array */
    struct view behind[CONNECTIONS + 1];
    struct answer held; /* theirs to a LIST before the step */
    bool report;
};

static const uint8_t list_body[] = {MSG_LIST};

static void print_hex(const char *what, const uint8_t *bytes, size_t len)
{
    fprintf(stderr, "%s (%zu bytes) ", what, len);
    for (size_t i = 0; i < len; i++) {
        fprintf(stderr, "%02x", bytes[i]);
    }
    fputc('\n', stderr);
}

static void print_answer(const char *who, const struct answer *answer)
{
    if (answer->kind == ANSWER_FRAME) {
        print_hex(who, answer->body, answer->len);
    } else {
        fprintf(stderr, "%s %s\n", who,
                answer->kind == ANSWER_CLOSED ? "closes the connection" : "does not answer");
    }
}

static void print_exchange(unsigned connection, const struct exchange *exchange)
{
    fprintf(stderr, "connection %u%s%s%s:\n", connection, exchange->locked ? ", locked" : "",
            exchange->bind_failed ? ", a bind failed" : "",
            exchange->earlier.len > 0 ? ", a look behind the request" : "");
    if (exchange->earlier.len > 0) {
        print_hex("  behind", exchange->earlier.data, exchange->earlier.len);
    }
    print_hex("  request", exchange->body.data, exchange->body.len);
    print_answer("  ours  ", exchange->ours);
    print_answer("  theirs", exchange->theirs);
}

static void reset(struct run *run, unsigned connection)
{
    side_close(&run->ours, connection);
    side_close(&run->theirs, connection);
    run->connections[connection] = (struct connection){0};
}

static bool is_success(const struct answer *answer)
{
    return answer->kind == ANSWER_FRAME && answer->body[0] == MSG_SUCCESS;
}

/* What the next predicates want to know. */
static void remember(struct run *run, struct connection *connection,
                     const struct exchange *exchange)
{
    const struct request *request = &exchange->request;
    bool ours = is_success(exchange->ours);
    bool theirs = is_success(exchange->theirs);

    if (request->type == MSG_LOCK || request->type == MSG_UNLOCK) {
        run->locked = theirs ? request->type == MSG_LOCK : run->locked;
    }
    if (request->type == MSG_EXTENSION && view_is(request->name, "session-bind@openssh.com")) {
        connection->bind_failed = connection->bind_failed || !ours;
        connection->bind_unverified = connection->bind_unverified || (theirs && !ours);
        if ((ours || theirs) && connection->bound_count < BINDINGS_MAX) {
            connection->bound[connection->bound_count++] = exchange->body;
        }
    }
}

/* As soon as all answers are there. */
static void want_look(struct run *run, unsigned connection, struct view behind)
{
    run->wanted[connection] = true;
    run->behind[connection] = behind;
}

/* Removes what one of the two has from both: a key, or all. */
static void even_out(struct run *run, uint8_t type, struct view blob)
{
    static uint8_t bytes[4 + 1 + 4 + FRAME_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct answer answer;

    if (run->locked) {
        run->ended = true;
        return;
    }
    put_u32(&w, 0);
    put_u8(&w, type);
    if (type == MSG_REMOVE) {
        put_string(&w, blob);
    }
    store_u32(bytes, (uint32_t)w.len - 4);
    reset(run, CONNECTIONS);
    for (unsigned i = 0; i < 2; i++) {
        struct side *side = i == 0 ? &run->ours : &run->theirs;

        side_open(side, CONNECTIONS);
        side_send(side, CONNECTIONS, wire_written(&w), 0);
        answer = side_receive(side, CONNECTIONS);
        free(answer.body);
    }
    want_look(run, CONNECTIONS, (struct view){0});
}

static bool accept_difference(struct run *run, unsigned connection, const struct exchange *exchange,
                              bool last)
{
    const struct difference *row = difference_find(exchange);
    struct view blob = exchange->request.blob;

    if (row == NULL) {
        if (run->report) {
            print_exchange(connection, exchange);
        }
        return false;
    }
    run->totals->listed++;
    if (row->effect == EFFECT_NONE) {
        return true;
    }
    if (run->looking && exchange->earlier.len > 0) {
        blob = request_read(exchange->earlier).blob;
    }
    /* In a row of requests, one of the two has served another one by now. */
    if (!last || row->effect == EFFECT_END || (exchange->earlier.len > 0 && !run->looking)) {
        run->ended = true;
        return true;
    }
    if (row->effect == EFFECT_REMOVE) {
        even_out(run, MSG_REMOVE, blob);
    } else if (row->effect == EFFECT_REMOVE_ALL) {
        even_out(run, MSG_REMOVE_ALL, blob);
    } else {
        reset(run, connection);
    }
    return true;
}

/* The answers to a request that was sent. last: no other one waits for its own. */
static bool meet(struct run *run, unsigned connection, struct view body, struct view earlier,
                 bool last)
{
    struct connection *state = &run->connections[connection];
    struct answer ours = side_receive(&run->ours, connection);
    struct answer theirs = side_receive(&run->theirs, connection);
    struct exchange exchange = {
        .body = body,
        .request = request_read(body),
        .earlier = earlier,
        .ours = &ours,
        .theirs = &theirs,
        .locked = run->locked,
        .was_locked = run->locked || state->was_locked,
        .bind_failed = state->bind_failed,
        .bind_unverified = state->bind_unverified,
        .bound = state->bound,
        .bound_count = state->bound_count,
        .held = &run->held,
    };
    bool failure = ours.kind == ANSWER_FRAME &&
                   (ours.body[0] == MSG_FAILURE || ours.body[0] == MSG_EXTENSION_FAILURE);
    bool good;

    run->totals->requests++;
    good = answers_equal(&exchange) || accept_difference(run, connection, &exchange, last);
    if (run->ours.fds[connection] >= 0) { /* it is still the same connection */
        remember(run, state, &exchange);
    }
    if (good && ours.kind == ANSWER_CLOSED) {
        reset(run, connection);
    } else if (good && ours.kind == ANSWER_FRAME && ours.body[0] == MSG_SIGN_ANSWER) {
        run->totals->signatures++;
    }
    free(ours.body);
    free(theirs.body);
    if (failure && last && !run->looking) {
        want_look(run, connection, body);
    }
    /* A bound connection would not see that the key was lost. */
    if (failure && last && exchange.request.destinations) {
        reset(run, CONNECTIONS);
        side_open(&run->ours, CONNECTIONS);
        side_open(&run->theirs, CONNECTIONS);
        want_look(run, CONNECTIONS, body);
    }
    return good;
}

static const uint8_t list_frame[] = {0, 0, 0, 1, MSG_LIST};

/* Only theirs is asked; it answers with an empty list while it is locked. */
static void ask_what_is_held(struct run *run)
{
    free(run->held.body);
    side_open(&run->theirs, CONNECTIONS);
    side_send(&run->theirs, CONNECTIONS, (struct view){list_frame, sizeof list_frame}, 0);
    run->held = side_receive(&run->theirs, CONNECTIONS);
}

/* Do both still serve the connections with what was refused, with the same list? */
static bool look(struct run *run)
{
    const struct view bytes = {list_frame, sizeof list_frame};
    bool good = true;

    run->looking = true;
    for (unsigned i = 0; i <= CONNECTIONS && good && !run->ended; i++) {
        if (run->wanted[i] && run->ours.fds[i] >= 0) {
            side_send(&run->ours, i, bytes, 0);
            side_send(&run->theirs, i, bytes, 0);
            good = meet(run, i, (struct view){list_body, sizeof list_body}, run->behind[i], true);
        }
        run->wanted[i] = false;
    }
    run->looking = false;
    return good;
}

/* Some of its bytes. */
static void send_to_both(struct run *run, const struct step *step, size_t from, size_t to)
{
    struct view bytes = {step->bytes + from, to - from};

    ask_what_is_held(run);
    side_open(&run->ours, step->connection);
    side_open(&run->theirs, step->connection);
    side_send(&run->ours, step->connection, bytes, step->cut);
    side_send(&run->theirs, step->connection, bytes, step->cut);
}

/*
 * The frames were sent. What is left over ends the connection; it is sent behind their answers,
 * since OpenSSH's agent closes a connection without writing what it has answered before.
 */
static bool meet_all(struct run *run, const struct step *step)
{
    struct view left = {step->bytes, step->len};
    struct view earlier = {0};
    size_t len;
    bool good = true;

    while (good && !run->ended && run->ours.fds[step->connection] >= 0 &&
           (len = frame_length(left)) > 0) {
        struct view body = {left.data + 4, len - 4};

        left.data += len;
        left.len -= len;
        good = meet(run, step->connection, body, earlier, left.len == 0);
        earlier = body;
    }
    good = good && look(run);
    if (good && !run->ended && left.len > 0 && run->ours.fds[step->connection] >= 0) {
        send_to_both(run, step, step->len - left.len, step->len);
        side_shutdown(&run->ours, step->connection);
        side_shutdown(&run->theirs, step->connection);
        good = meet(run, step->connection, left, earlier, false);
        reset(run, step->connection);
    }
    return good;
}

/* How many bytes are whole frames. */
static size_t frames_length(const struct step *step)
{
    struct view left = {step->bytes, step->len};
    size_t len;

    while ((len = frame_length(left)) > 0) {
        left.data += len;
        left.len -= len;
    }
    return step->len - left.len;
}

static bool finish_held(struct run *run, unsigned connection)
{
    const struct step *held = run->connections[connection].held;
    bool good = true;

    if (held != NULL) {
        send_to_both(run, held, held->len / 2, held->len);
        run->connections[connection].held = NULL;
        good = meet_all(run, held);
        run->connections[connection].was_locked = false;
    }
    return good;
}

static bool run_step(struct run *run, const struct step *step)
{
    struct connection *connection = &run->connections[step->connection];

    if (step->kind == STEP_CLOSE) {
        reset(run, step->connection);
        return true;
    }
    if (!finish_held(run, step->connection)) {
        return false;
    }
    if (run->ended) {
        return true;
    }
    if (step->kind == STEP_HOLD) {
        connection->held = step;
        connection->was_locked = run->locked;
        send_to_both(run, step, 0, step->len / 2);
        return true;
    }
    send_to_both(run, step, 0, frames_length(step));
    return meet_all(run, step);
}

bool run_steps(const struct pair *pair, const struct steps *steps, bool report, size_t *ret_step,
               struct totals *totals)
{
    struct run run = {.pair = pair, .totals = totals, .report = report};
    bool good = true;

    side_start(&run.ours, pair->ours, pair->directory, steps->askpass_exit);
    side_start(&run.theirs, pair->theirs, pair->directory, steps->askpass_exit);
    for (size_t i = 0; i < steps->count && good && !run.ended; i++) {
        *ret_step = i;
        good = run_step(&run, &steps->list[i]);
    }
    for (unsigned i = 0; i < CONNECTIONS && good && !run.ended; i++) {
        good = finish_held(&run, i);
    }
    free(run.held.body);
    if (!side_stop(&run.ours)) {
        fprintf(stderr, "%s ended with an error; %s.log says why\n", pair->ours, run.ours.path);
        good = false;
    }
    (void)!side_stop(&run.theirs); /* some requests end it */
    return good;
}
