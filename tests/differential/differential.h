/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of the differential test: the same requests to two agents. What cannot go wrong on a
 * machine in order (memory, libcrypto) ends the program with die().
 */
#ifndef SPLIT_SSH_DIFFERENTIAL_H
#define SPLIT_SSH_DIFFERENTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "limits.h"
#include "wire.h"

/* Message numbers: RFC 9987, section 5.1. */
enum {
    MSG_FAILURE = 5,
    MSG_SUCCESS = 6,
    MSG_LIST = 11,
    MSG_LIST_ANSWER = 12,
    MSG_SIGN = 13,
    MSG_SIGN_ANSWER = 14,
    MSG_ADD = 17,
    MSG_REMOVE = 18,
    MSG_REMOVE_ALL = 19,
    MSG_ADD_SMARTCARD = 20,
    MSG_REMOVE_SMARTCARD = 21,
    MSG_LOCK = 22,
    MSG_UNLOCK = 23,
    MSG_ADD_CONSTRAINED = 25,
    MSG_ADD_SMARTCARD_CONSTRAINED = 26,
    MSG_EXTENSION = 27,
    MSG_EXTENSION_FAILURE = 28,
    MSG_EXTENSION_ANSWER = 29,
};

#define FLAG_RSA_SHA2_256 2U
#define FLAG_RSA_SHA2_512 4U

/* "differential: text" to standard error; ends the program. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* directory.c: where the agents have their files. */

/*
 * Makes it below $TMPDIR, or /tmp. die(), SIGHUP, SIGINT and SIGTERM remove it from then on. The
 * path is good until the end.
 */
const char *directory_make(void);

/* With all that is in it; does nothing when there is none. */
void directory_remove(void);

/* random.c: numbers that follow from a seed. */

struct random {
    uint64_t state;
};

uint64_t random_next(struct random *random);

/* Below n, which is not 0. */
uint32_t random_below(struct random *random, uint32_t n);

/* True with this probability. */
bool random_chance(struct random *random, unsigned percent);
void random_fill(struct random *random, uint8_t *data, size_t len);

/* pool.c: the keys of the test, the same in each run. */

enum key_name {
    KEY_ED25519_A,
    KEY_ED25519_B,
    KEY_RSA,
    KEY_P256,
    KEY_P384,
    KEY_P521,
    KEY_RSA_SHORT, /* 1024 bits */
    KEY_DSA,
    KEY_SK,
    KEYS,
    HOST_ED25519 = KEYS,
    HOST_P256,
    HOST_RSA,
    HOST_CERTIFIED, /* has a certificate by AUTHORITY */
    AUTHORITY,
    POOL_SIZE
};

#define HOSTS ((unsigned)AUTHORITY - (unsigned)HOST_ED25519)

struct pool_key {
    const char *type;
    const char *certificate_type; /* NULL: there is no certificate of it */
    struct view blob;
    struct view user_certificate;
    struct view host_certificate; /* for the host "host3" */
    struct view fields;           /* of an ADD message, from the type on to the comment */
    struct view certified_fields; /* the same, with the user certificate */
    void *private_half;           /* keys.c's */
};

/* Once, before all else here. */
void pool_make(void);
const struct pool_key *pool_get(enum key_name name);

/* keys.c: makes keys and signs with them; the same seed gives the same bytes. */

/* Fills all of a key but its certificates. */
void key_make(struct pool_key *key, enum key_name name, struct random *random);

/* A signature blob. The algorithm counts for RSA alone. */
void key_sign(const struct pool_key *key, struct random *random, struct view data,
              const char *algorithm, struct wire_writer *ret);

/* ADD's fields with a certificate. */
void key_put_certified(const struct pool_key *key, struct view certificate,
                       struct wire_writer *ret);

/* A copy that is never freed. */
struct view keep(struct view bytes);

/* verify.c */

/*
 * Is this the signature blob of the key of this blob, plain or certificate, over data? Nothing of
 * the programs' own code is in it.
 */
bool verify(struct view blob, struct view signature, struct view data);

/* step.c: what is sent. */

#define CONNECTIONS 4U
#define FRAMES_MAX  4U

enum step_kind {
    STEP_SEND,  /* frames; each gets an answer */
    STEP_HOLD,  /* the first half of the bytes; the rest goes before the next step of this
                   connection */
    STEP_CLOSE, /* closes the connection */
};

/*
 * Bytes for one connection of each agent. They need not be whole frames: when something is left
 * over, the connection is shut down for writing, and both agents have to close it.
 */
struct step {
    enum step_kind kind;
    unsigned connection;
    uint8_t *bytes; /* on the heap */
    size_t len;
    size_t cut; /* bytes of each write; 0: all in one */
};

struct steps {
    struct step *list;
    size_t count;
    unsigned askpass_exit; /* of the program that is asked for keys that ask */
};

/* The steps of a seed. steps_free() frees them. */
void steps_make(uint64_t seed, struct steps *ret);
void steps_free(struct steps *steps);

/* Length of the frame at the start, with its length word; 0: none is whole, or it ends the rest. */
size_t frame_length(struct view bytes);

/* request.c: bodies of valid requests, which start with the type byte. */

#define KEYS_OF_SCENE 3U

/* What of a sequence holds together: keys, sessions, and what was bound last. */
struct scene {
    struct random *random;
    enum key_name keys[KEYS_OF_SCENE]; /* that most of it is about */
    unsigned host;                     /* the same */
    bool locked;                       /* as far as the requests go */
    uint8_t sessions[3][32];
    struct {
        unsigned host;
        unsigned session;
        bool forwarding;
        bool bound;
    } last[CONNECTIONS];
};

void put_request(struct scene *scene, unsigned connection, struct wire_writer *w);

/* sign_request.c, bind_request.c, add_request.c: three of them. */
void put_sign(struct scene *scene, unsigned connection, struct wire_writer *w);
void put_bind(struct scene *scene, unsigned connection, struct wire_writer *w);
void put_add(struct scene *scene, bool constrained, struct wire_writer *w);

/* With nothing wrong in it, but perhaps in its constraints. */
void put_sound_add(struct scene *scene, enum key_name name, bool restricted, struct wire_writer *w);
void put_sign_with(struct scene *scene, unsigned connection, struct view blob,
                   struct wire_writer *w);

/* A key, mostly one of the scene's. */
enum key_name pick_key(struct scene *scene);

/* Its blob, or its certificate; or one of no key. */
struct view pick_blob(struct scene *scene);
struct view pick_host_blob(unsigned host);

/* A host, mostly the scene's. */
unsigned pick_host(struct scene *scene);

/* damage.c: changes a body in place; *len may become smaller, or larger up to cap. */
void damage(struct random *random, uint8_t *body, size_t *len, size_t cap);

/* agents.c, connection.c: the two programs. */

enum answer_kind { ANSWER_FRAME, ANSWER_CLOSED, ANSWER_NONE };

struct answer {
    enum answer_kind kind;
    uint8_t *body; /* without the length word, on the heap */
    size_t len;
};

#define SOCKET_PATH_SIZE 108U /* unix(7) */

struct side {
    const char *program;
    pid_t pid; /* 0: ended */
    char path[SOCKET_PATH_SIZE];
    int fds[CONNECTIONS + 1]; /* the last one: to look at the lists and even them out */
};

/* Of the ssh that is installed: 9.2 is 902. Writes a file into the directory. */
unsigned openssh_version(const char *directory);

/*
 * Starts the program in the directory, which it may write to, and waits until it can be asked. It
 * ends when this program does, however that ends.
 */
void side_start(struct side *side, const char *program, const char *directory,
                unsigned askpass_exit);

/* Ends it. False: it had ended before, or says that it failed. */
bool side_stop(struct side *side);

#define PATIENCE_S 60 /* for an answer */

/* A connected socket; -1: nobody listens. */
int side_connect(const char *path);

/* The connection, which is made if there is none. */
void side_open(struct side *side, unsigned connection);
void side_close(struct side *side, unsigned connection);
void side_send(struct side *side, unsigned connection, struct view bytes, size_t cut);

/* No more bytes will come. */
void side_shutdown(struct side *side, unsigned connection);

/* The next answer; the caller frees its body. */
struct answer side_receive(struct side *side, unsigned connection);

/* reading.c: a request as RFC 9987 has it. */

struct request {
    uint8_t type;
    bool well_formed; /* whole, nothing left over, each field as its type has it */
    struct view blob; /* SIGN, REMOVE: the key's; ADD: the one that would be listed */
    struct view data;
    uint32_t flags;
    struct view name;       /* of an extension, or of ADD's key type */
    struct view rest;       /* of an extension */
    struct view passphrase; /* LOCK, UNLOCK */
    struct view comment;
    bool certified;       /* ADD: with a certificate */
    bool has_fields;      /* ADD: all but the constraints could be read */
    bool left_over;       /* all of it could be read, and there is more */
    bool destinations;    /* ADD: a constraint on destinations */
    struct view hops;     /* ADD: ... what it says */
    bool no_destinations; /* ADD: ... that is empty */
    bool unknown_constraint;
};

/* body starts with the type byte. Views point into it; ADD's blob is in static memory. */
struct request request_read(struct view body);

/* differences.c: what may differ. */

/* What happens after a difference, so that the rest can be compared. */
enum effect {
    EFFECT_NONE,
    EFFECT_REMOVE,     /* the key of the request is removed from both agents */
    EFFECT_REMOVE_ALL, /* all keys are */
    EFFECT_REOPEN,     /* the connection is closed */
    EFFECT_END,        /* the sequence ends */
};

/* One request and what came back. */
struct exchange {
    struct view body;
    struct request request;
    struct view earlier; /* a look whether the connection lives: the request before */
    const struct answer *ours;
    const struct answer *theirs;
    bool locked;
    bool was_locked;  /* when the request began to come */
    bool bind_failed; /* on this connection, in ours */
    bool bind_unverified;
    const struct view *bound; /* the session-binds of this connection that one of the two took */
    size_t bound_count;
    const struct answer
        *held; /* their list before its bytes went, of a connection that is not bound */
};

struct difference {
    const char *id;
    bool (*is_it)(const struct exchange *exchange);
    enum effect effect;
    unsigned until; /* the newest OpenSSH that is known to differ, 9.2 is 902; 0: all do */
    const char *reason;
    const char *page; /* of man/ */
    const char *line; /* what it says about it */
};

extern const struct difference differences[];
extern const size_t differences_count;
extern unsigned long differences_seen[];

/* The row that this is, which is counted; NULL: none. */
const struct difference *difference_find(const struct exchange *exchange);

/* compare.c */

/* Do the answers say the same? */
bool answers_equal(const struct exchange *exchange);

struct pair {
    const char *ours; /* programs */
    const char *theirs;
    const char *directory;
    unsigned version; /* of OpenSSH */
};

struct totals {
    unsigned long requests;
    unsigned long signatures;
    unsigned long listed; /* differences */
};

/*
 * Runs the steps with fresh agents. True: nothing differs but what is listed. False: *ret_step is
 * the step, and with a report, it says to standard error what differs.
 */
bool run_steps(const struct pair *pair, const struct steps *steps, bool report, size_t *ret_step,
               struct totals *totals);

/* reduce.c: takes steps away as long as something differs. */
void reduce(const struct pair *pair, struct steps *steps);

#endif
