/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_MESSAGE_H
#define PROMPT_MESSAGE_H

#include "prompt_ipc.h"
#include "wire.h"

/* An ASK of prompt_ipc.h: views into its body. */
struct question {
    uint32_t serial;
    struct view qube;       /* empty for programs in the vault */
    struct view agent_name; /* empty for the default one */
    struct view comment;    /* of the key */
    struct view key_blob;
    enum destination_proof proof;
    bool forwarded;
    struct view host_key;   /* may be empty with PROOF_NONE alone, which makes it mean nothing */
    struct view host_names; /* may be empty with PROOF_NAME: all of them are hashed */
    uint32_t seconds;       /* 0: only "once" may be offered */
    struct view data;       /* to be signed */
};

/* The whole body of an ASK. ERR_MALFORMED, ERR_TOO_BIG: it is none. Pure. */
enum err must_check question_parse(struct view body, struct question *ret);

/* A KEYS: views into its body. */
struct keys_request {
    bool all;
    struct view agent;     /* empty with all */
    struct view directory; /* of sockets; empty: none */
};

/* The whole body of a KEYS. ERR_MALFORMED, ERR_TOO_BIG: it is none. Pure. */
enum err must_check keys_request_parse(struct view body, struct keys_request *ret);

/* A PASSPHRASE: views into its body. */
struct passphrase_request {
    uint32_t serial;
    struct view qube; /* empty: in the vault */
    struct view comment, path;
    struct view fingerprint; /* SHA256:... */
    bool look_up;
    uint8_t wrong; /* how many were */
};

/* The whole body of a PASSPHRASE. ERR_MALFORMED, ERR_TOO_BIG: it is none. Pure. */
enum err must_check passphrase_request_parse(struct view body, struct passphrase_request *ret);

/*
 * Is this a known_hosts that the agent may have read: a file name without a slash, or a path below
 * /etc without "." and ".."? At most PROMPT_PATH_MAX bytes, and no control character. Pure.
 */
bool known_hosts_name_ok(struct view name);

#endif
