/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FUZZ_IPC_PEERS_H
#define FUZZ_IPC_PEERS_H

#include "ipc_model.h"
#include "ipc_side.h"

/* The keystore's peers in the target ipc: what they do, and where they are with it. */

#define DAY_MS     86400000U
#define ANSWER_MAX (4 + IPC_MAX)

enum command {
    DO_RAW,        /* bytes: as they are */
    DO_REQUEST,    /* op, body: in a right frame */
    DO_ADD,        /* byte agent, byte constrained, uint32 default life, message */
    DO_SIGN,       /* byte key, uint32 flags, byte qube, byte approval, data */
    DO_REMOVE,     /* byte key */
    DO_REMOVE_ALL, /* byte agent */
    DO_EXPIRE,
    DO_LOCK,   /* passphrase */
    DO_UNLOCK, /* passphrase */
    DO_REVOKE, /* byte all, byte qube */
    DO_FILE,   /* byte kind, byte confirm, uint32 life, string public, string certificate, string
                  comment, file */
    DO_PASSPHRASE, /* byte kind, passphrase */
    DO_ADD_FILE,   /* byte agent, byte ticket, uint32 default life */
    DO_UNSEAL,     /* byte key, byte ticket */
    DO_DROP,       /* byte ticket */
    DO_PACKET,     /* byte kind, packet */
    DO_WAIT,       /* uint32 ms */
    DO_CUT,        /* byte: the most bytes that are sent at once; 0: all */
    DO_SETTLE,     /* nothing more until the UNSEALED that is to come */
    COMMANDS,
};

struct ipc_peers {
    struct wire_reader program;
    int fd; /* the agent's end; -1: closed */
    size_t cut;
    uint8_t out[ANSWER_MAX]; /* that is being sent */
    size_t out_len, out_sent;
    uint8_t in[ANSWER_MAX + 64];
    size_t in_have;
    uint8_t used[APPROVAL_SIZE]; /* an approval that was sent before */
    size_t used_len;
    uint64_t first_ticket;
    bool may_break; /* something was sent that ends the keystore */
    bool settles;
    unsigned steps;
};

extern struct ipc_peers peer;
extern const uint8_t token_key[APPROVAL_KEY_SIZE];
extern uint64_t now_ms; /* CLOCK_BOOTTIME */
extern uint64_t last_ticket;

/* Carries one command out. A frame for the keystore is then in peer.out. */
void ipc_command(struct wire_reader *r);

#endif
