/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_PROMPT_CLIENT_H
#define AGENT_PROMPT_CLIENT_H

#include <sys/types.h>

#include "prompt_ipc.h"
#include "wire.h"

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

struct prompt_events {
    void (*on_answer)(uint32_t serial, const struct prompt_answer *answer);
    void (*on_file)(enum prompt_file kind, const char *path, struct view content);
    void (*on_files)(const char *policy_problem, const char *hosts_problem);
    void (*on_end)(void); /* once: from now on nobody can be asked */
};

/*
 * Runs the prompt, with token_fd as its end of the keystore's channel. ERR_SYSTEM after the reason
 * was reported. events are the caller's and stay.
 */
enum err must_check prompt_start(bool foreground, int token_fd, const struct prompt_events *events);

/*
 * READ, and waits for the answer, whose files are handed to on_file and on_files meanwhile. At
 * start, before there are clients. ERR_SYSTEM after the reason was reported.
 */
enum err must_check prompt_read_now(const char *known_hosts);

/* From now on the loop looks after it. ERR_SYSTEM. */
enum err must_check prompt_watch(void);

/* False: the prompt has ended, and every question is answered with no. */
bool prompt_is_alive(void);

/* False: the prompt has ended, or there is no memory for the question. */
bool must_check prompt_ask(uint32_t serial, const struct prompt_question *question);
void prompt_cancel(uint32_t serial);

/* A bubble; left out when too many wait already. */
void prompt_tell(const char *text);

void prompt_read(const char *known_hosts);

/* Closes the socket, which is the prompt's end, and waits a second for it. */
void prompt_stop(void);

#endif
