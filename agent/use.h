/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_USE_H
#define AGENT_USE_H

#include "approval.h"
#include "client.h"
#include "grants.h"
#include "policy.h"
#include "prompt_client.h"

#define USE_ID_SIZE  16U
#define USE_TEXT_MAX GRANT_TEXT_MAX

/*
 * One signature that is asked for, from the request to the answer. Views point into the client's
 * body and bindings, which stay as they are until the answer.
 */
struct use {
    struct client *client;
    uint64_t key; /* the keystore's id; 0: no such key */
    struct view key_blob;
    struct view data;
    uint32_t flags;
    bool rsa_sha1;                     /* an RSA signature with SHA-1 */
    bool confirm;                      /* the key was added with ssh-add -c */
    char fingerprint[FINGERPRINT_MAX]; /* SHA256:... */
    char shown[FINGERPRINT_MAX];       /* with the hash of -E, for log lines */
    struct view comment;               /* on the heap, with a NUL behind it */

    struct purpose purpose;
    enum destination_proof proof;
    struct view host_key; /* of the destination, unless PROOF_NONE */
    bool forwarded;       /* asked for through a host that the agent was forwarded to */
    char hosts[PROMPT_NAMES_MAX];

    uint8_t session[USE_ID_SIZE]; /* one login, or one SSHSIG: what counts as a use */
    uint8_t exact[USE_ID_SIZE];   /* ... with this key, user and host: what was approved */
    uint8_t scope[GRANT_SCOPE_SIZE];
    bool has_scope; /* "allow for ..." can be offered and remembered */

    uint64_t started_us; /* CLOCK_BOOTTIME */
    uint64_t decided_us;
    const char *reason;         /* of the decision; static */
    char by[PROMPT_BY_MAX + 1]; /* who decided */
    uint32_t seconds;           /* that the question offered */
    uint64_t remember_until;    /* ms of CLOCK_BOOTTIME, once it is signed; 0: not */
    uint8_t approval[APPROVAL_SIZE];
    size_t approval_len; /* 0: none */

    /* question.c */
    TAILQ_ENTRY(use) link;
    bool is_queued;
    bool is_shown;

    bool approval_taken; /* by the keystore, which waits for the key's passphrase */
};

/* Uses that were allowed on a connection. */
struct client_uses {
    size_t count;   /* different sessions and SSHSIGs */
    size_t repeats; /* further signatures for these */
    bool approved;  /* the user said yes */
    size_t recent;  /* entries below */
    struct {
        uint8_t session[USE_ID_SIZE];
        uint8_t exact[USE_ID_SIZE];
    } last[16]; /* a use that comes back later than these is a new one */
};

/*
 * What a client asks for with this key; identity NULL for one that is not here. The caller owns
 * *ret (use_free). ERR_NO_MEMORY; ERR_BOUND, ERR_SESSION, ERR_DESTINATION: *ret is set too, and the
 * use is refused for that.
 */
enum err must_check use_new(struct client *client, const struct identity *identity,
                            struct view key_blob, struct view data, uint32_t flags,
                            struct use **ret);

void use_free(struct use **use);

/*
 * Is it still as it was when it was asked for? The key may have been removed meanwhile, or added
 * anew with other constraints. ERR_NOT_FOUND; constraints_check_sign()'s.
 */
enum err must_check use_recheck(const struct use *use);

/* What the policy says to it now. */
struct policy_decision use_decide(const struct use *use);

/*
 * It was allowed, by the user or without a question: counts it for its connection and its qube.
 * ERR_NO_MEMORY.
 */
enum err must_check use_count(struct use *use, bool by_user);

/* "log in as git to github.com", "sign for \"git\"", ...; printable ASCII, at most USE_TEXT_MAX. */
const char *use_text(const struct use *use, char *ret);

#endif
