/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_POLICY_H
#define AGENT_POLICY_H

#include "known_hosts.h"
#include "limits.h"
#include "prompt_ipc.h"
#include "purpose.h"

/* The words of the policy, in the order of qubes-split-ssh.conf(5). */
enum policy_word {
    POLICY_AGENTS,
    POLICY_KEYS,
    POLICY_CONFIRM,
    POLICY_USES,
    POLICY_DESTINATIONS,
    POLICY_NAMESPACES,
    POLICY_OPAQUE,
    POLICY_RSA_SHA1,
    POLICY_IDLE,
    POLICY_RATE,
    POLICY_CONNECTIONS,
    POLICY_NOTIFY,
    POLICY_WAIT_FOR_KEY,
    /* These are about the agent: they stand in [DEFAULT] alone, the same for every qube. */
    POLICY_UNLOCK,
    POLICY_KNOWN_HOSTS,
    POLICY_WORDS,
};

enum policy_confirm {
    CONFIRM_EACH,       /* each use */
    CONFIRM_CONNECTION, /* the first use of a connection */
    CONFIRM_SECONDS,    /* remembered for qube, key and destination */
    CONFIRM_KEY,        /* only keys that were added with ssh-add -c */
    CONFIRM_NO,         /* the same; but such a key asks all the same */
};

#define NOTIFY_USE        1U
#define NOTIFY_CONNECTION 2U
#define NOTIFY_REFUSED    4U

/* A list of patterns. all: it is the word "all"; neither all nor patterns: the word "no". */
struct policy_list {
    bool all;
    size_t count;
    char **patterns;
};

/* Where a value stands; file NULL: it is the default. */
struct policy_source {
    const char *file;
    unsigned line;
    const char *section; /* as it stands in the file, e.g. "client:dev-*" */
};

/* What holds for one qube. Points into the policy. */
struct rules {
    const struct policy_list *agents, *keys, *destinations, *namespaces;
    bool unverified; /* destinations has the word "unverified" */
    enum policy_confirm confirm;
    unsigned seconds; /* of CONFIRM_SECONDS; 0 otherwise */
    unsigned uses;    /* per connection; 0: no limit ("no") */
    bool opaque;
    bool rsa_sha1;
    unsigned idle;         /* seconds; 0: no limit */
    unsigned rate;         /* uses per minute; 0: no limit */
    unsigned connections;  /* 1 to QUBE_CLIENTS_MAX */
    unsigned notify;       /* NOTIFY_*; 0 for "no" */
    unsigned wait_for_key; /* seconds; 0: does not wait */
    bool unlock_at_start;
    const char *known_hosts; /* "" for "no" */
    struct policy_source source[POLICY_WORDS];
    const char *text[POLICY_WORDS]; /* the value, as a person would write it */
};

/* All that the files say; immutable. Made by policy_file.h. */
struct policy;

void policy_free(struct policy **freed);

/*
 * The rules of a qube. For each word: the value in the most exact section [client:PATTERN] that
 * matches the name and has the word (an exact name before a pattern, then the pattern with more
 * literal characters, then the later one), else [DEFAULT]'s, else the built-in default.
 */
void policy_rules(const struct policy *policy, const char *qube, struct rules *ret);

/* `known_hosts`: the name of one more file, or its path; "" if there is none. */
const char *policy_known_hosts(const struct policy *policy);

/* `unlock`: are passphrases of key files fetched when the files were read, not at the first use? */
bool policy_unlock_at_start(const struct policy *policy);

/* As in the files: "agents", "keys", ... */
const char *policy_word_name(enum policy_word word);

/* May the qube ask for this agent? "" is the default one, whose name in a policy is "default". */
bool policy_permits_agent(const struct rules *rules, const char *agent);

/* A fingerprint as ssh-keygen -l prints it (SHA256:...), and the comment. */
struct policy_key {
    const char *fingerprint;
    struct view comment;
    bool confirm; /* ssh-add -c */
};

/* May the qube see and use the key? A pattern matches the whole fingerprint or the comment. */
bool policy_permits_key(const struct rules *rules, const struct policy_key *key);

/* One use that is asked for. */
struct policy_use {
    struct policy_key key;
    struct purpose purpose;
    bool rsa_sha1; /* the signature would be RSA with SHA-1 */
    enum destination_proof proof;
    const struct known_hosts *hosts; /* NULL: none */
    struct view host_key;            /* of the destination, unless PROOF_NONE */
    uint64_t now;                    /* seconds since 1970, for host certificates */

    /* What was before. */
    bool same_use;            /* a further signature of a use that was allowed on this connection */
    unsigned uses;            /* other uses that were allowed on this connection */
    unsigned recent;          /* uses of the qube in the last minute */
    bool connection_approved; /* the user has said yes on this connection */
    bool remembered;          /* a "yes" for qube, key and destination is still in force */
};

enum policy_verdict { POLICY_DENY, POLICY_ALLOW, POLICY_ASK };

struct policy_decision {
    enum policy_verdict verdict;
    enum policy_word word; /* the word that decided */
    const char *reason;    /* a phrase: "the destination is not allowed"; static */
    unsigned seconds;      /* POLICY_ASK: "allow for ..." may be offered; 0: may not */
};

/*
 * Decides. What a rule forbids is never asked. A key with the confirm constraint is asked whatever
 * `confirm` says, also for each further signature of the same use (each needs an approval of its
 * own, unless the keystore remembers one: remembered). Pure.
 */
struct policy_decision policy_decide(const struct rules *rules, const struct policy_use *use);

/* The same for a program in the vault: only the key's own constraints count. */
struct policy_decision policy_decide_local(const struct policy_use *use);

/*
 * For people: for each word its value and where it stands, a line each; with a key, also whether
 * the qube may see it and what would be asked. Writes at most cap bytes with the NUL.
 */
void policy_explain(const struct rules *rules, const char *qube, const struct policy_key *key,
                    char *ret, size_t cap);

#endif
