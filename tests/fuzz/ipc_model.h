/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FUZZ_IPC_MODEL_H
#define FUZZ_IPC_MODEL_H

#include "approval.h"
#include "fuzz.h"
#include "ipc.h"

/*
 * What the agent knows of the keystore, out of its requests and their answers, and what it may
 * therefore expect: for the target ipc.
 */

#define MODEL_KEYS  8U
#define MODEL_QUBES 3U /* the first is "", a program in the vault */

struct model_key {
    uint64_t id; /* 0: none */
    uint32_t agent;
    uint8_t *blob;
    size_t blob_len;
    bool confirm;
    bool has_deadline;
    /* For a key with confirm, by qube: approvals that the user gave, and signatures made. */
    unsigned given[MODEL_QUBES], made[MODEL_QUBES];
    bool given_while[MODEL_QUBES];
};

/* A request that is under way; views stay the caller's until its answer. */
struct model_request {
    uint8_t op;
    uint64_t id;
    uint32_t agent;
    size_t qube;    /* number */
    uint32_t flags; /* SIGN */
    struct view data;
    struct view passphrase;
    bool all;
    uint8_t approval; /* enum approval_kind of a fresh and right one; 0: none, or another */
};

/* Forgets everything: a keystore without keys. */
void model_reset(void);

/* The name of a qube by its number. */
struct view model_qube(size_t number);

/* The key in this place of all; id 0 for none. */
const struct model_key *model_key(size_t place);

/* The next answer is one to this. */
void model_request(const struct model_request *request);

/* Is there one that was not answered? */
bool model_is_waiting(void);

/* Is there an UNSEALED to come? */
bool model_is_unsealing(void);

/* Bytes were sent that are no requests: from now on an answer is only one by its form. */
void model_lose(void);
bool model_is_lost(void);

/* A whole frame of the keystore, after its length word. */
void model_answer(struct view frame);

#endif
