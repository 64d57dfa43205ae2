/* SPDX-License-Identifier: BSD-2-Clause */
#include "differential.h"

static bool signatures_equal(const struct exchange *exchange)
{
    struct wire_reader ours = wire_reader(exchange->ours->body, exchange->ours->len);
    struct wire_reader theirs = wire_reader(exchange->theirs->body, exchange->theirs->len);
    const struct request *request = &exchange->request;
    struct view our_algorithm;
    struct view their_algorithm;
    struct view our_blob;
    struct view their_blob;

    wire_u8(&ours);
    wire_u8(&theirs);
    our_blob = wire_string(&ours, FRAME_MAX);
    their_blob = wire_string(&theirs, FRAME_MAX);
    if (wire_end(&ours) != OK || wire_end(&theirs) != OK) {
        return false;
    }
    ours = wire_reader(our_blob.data, our_blob.len);
    theirs = wire_reader(their_blob.data, their_blob.len);
    our_algorithm = wire_string(&ours, KEY_TYPE_MAX);
    their_algorithm = wire_string(&theirs, KEY_TYPE_MAX);
    /* Only ECDSA has a random number in it. */
    return view_equal(our_algorithm, their_algorithm) &&
           verify(request->blob, our_blob, request->data) &&
           verify(request->blob, their_blob, request->data) &&
           (view_equal(our_blob, their_blob) ||
            (our_algorithm.len > 6 && memcmp(our_algorithm.data, "ecdsa-", 6) == 0));
}

bool answers_equal(const struct exchange *exchange)
{
    const struct answer *ours = exchange->ours;
    const struct answer *theirs = exchange->theirs;

    if (ours->kind != theirs->kind) {
        return false;
    }
    if (ours->kind != ANSWER_FRAME) {
        return ours->kind == ANSWER_CLOSED;
    }
    if (ours->body[0] == MSG_SIGN_ANSWER && theirs->body[0] == MSG_SIGN_ANSWER) {
        return signatures_equal(exchange);
    }
    return view_equal((struct view){ours->body, ours->len},
                      (struct view){theirs->body, theirs->len});
}
