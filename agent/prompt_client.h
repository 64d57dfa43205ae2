/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_PROMPT_CLIENT_H
#define AGENT_PROMPT_CLIENT_H

#include "limits.h"
#include "prompt_channel.h"

/* One question, as it is sent; the views stay the caller's and are copied. */
struct prompt_question {
    const char *qube; /* "" for a program in the vault */
    const char *agent;
    struct view comment;
    struct view key_blob;
    enum destination_proof proof;
    bool forwarded;
    struct view host_key;
    const char *hosts;
    uint32_t seconds; /* > 0: "allow for ..." may be offered */
    struct view data;
};

struct prompt_answer {
    enum prompt_verdict verdict;
    struct view approval;       /* empty, or APPROVAL_SIZE bytes; valid during the call */
    char by[PROMPT_BY_MAX + 1]; /* who answered; printable ASCII */
};

/* A key file (KEY). Everything stays the prompt client's; the path is printable ASCII. */
struct prompt_key {
    uint64_t ticket;
    const char *agent; /* "" for the default one */
    const char *path;
    size_t hops_count;
    struct view hops[PROMPT_HOPS_MAX]; /* of -h; any bytes */
};

/* Whose passphrase is asked for (PASSPHRASE); the caller's, and copied. */
struct prompt_passphrase {
    const char *qube; /* "" for a program in the vault */
    struct view comment;
    const char *path;
    const char *fingerprint;
    bool look_up;
    unsigned wrong; /* that were typed */
};

struct prompt_secret {
    enum prompt_verdict verdict; /* PROMPT_ALLOW_ONCE: there is one */
    uint64_t ticket;
    bool stored; /* it came from the Secret Service */
};

struct prompt_events {
    void (*on_answer)(uint32_t serial, const struct prompt_answer *answer);
    void (*on_file)(enum prompt_file kind, const char *path, struct view content);
    void (*on_files)(const char *policy_problem, const char *hosts_problem);
    void (*on_end)(void);                       /* once: from now on nobody can be asked */
    void (*on_agent)(const char *name, int fd); /* owns fd, a listening socket; -1 for none */
    void (*on_key)(const struct prompt_key *key);
    void (*on_key_problem)(const char *agent, const char *path, const char *problem);
    void (*on_keys_end)(bool all, const char *agent);
    void (*on_secret)(uint32_t serial, const struct prompt_secret *secret);
};

/*
 * Runs the prompt, with side_fd as its end of the keystore's channel. ERR_SYSTEM after the reason
 * was reported. events are the caller's and stay.
 */
enum err must_check prompt_start(bool foreground, int side_fd, const struct prompt_events *events);

/*
 * READ, and waits for the answer, whose files are handed to on_file and on_files meanwhile. At
 * start, before there are clients. ERR_SYSTEM after the reason was reported.
 */
enum err must_check prompt_read_now(const char *known_hosts);

/* For a question or a passphrase: CANCEL does not tell the two apart, so no number is both. */
uint32_t prompt_new_serial(void);

/* False: the prompt has ended, or there is no memory for the question. */
bool must_check prompt_ask(uint32_t serial, const struct prompt_question *question);
void prompt_cancel(uint32_t serial);

/* A bubble; left out when too many wait already. */
void prompt_tell(const char *text);

void prompt_read(const char *known_hosts);

/* The messages of these names (prompt_ipc.h). */
void prompt_keys(bool all, const char *agent, const char *directory);
void prompt_reload(const char *agent);
void prompt_taken(uint64_t ticket);
void prompt_opened(uint32_t serial, bool right);

/* False: the prompt has ended, or there is no memory. */
bool must_check prompt_passphrase(uint32_t serial, const struct prompt_passphrase *asked);

#endif
