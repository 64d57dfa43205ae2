/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_AUDIT_H
#define AGENT_AUDIT_H

#include "audit_log.h"
#include "purpose.h"

/* One decision. Text that is NULL or empty is left out of the line. */
struct audit_record {
    const char *qube;              /* "" for a program in the vault */
    const char *agent;             /* the named agent; "" for the default one */
    const char *fingerprint;       /* SHA256:..., whatever -E says; "" for no key */
    const char *comment;           /* the key's; any bytes */
    const struct purpose *purpose; /* NULL: not known */
    size_t data_len;               /* bytes that were to be signed; 0: none */
    const char *host_key;          /* fingerprint of the destination's; "" for none */
    const char *hosts;             /* its names, joined by ", " */
    const char *proof;             /* "name", "key" or "none"; "": it does not matter */
    bool forwarded;
    bool allowed;
    const char *reason; /* a phrase */
    const char *by;     /* who decided: "policy", "notification", "askpass", "remembered", ... */
    uint64_t took_us;   /* from the whole request to the decision */
    unsigned left_out;  /* refusals of the same qube before, that have no line of their own */
};

/*
 * Makes the directory of audit_log.h (0700) with what is missing above it, and opens the log. To be
 * called before the sandbox; SIGXFSZ is ignored from then on, so that a limit on the size of files
 * is an error like a full disk. ERR_SYSTEM after the reason was reported: the agent goes on, and
 * audit_write() fails, or succeeds once the log can be opened.
 *
 * What audit_write() calls behind the sandbox, with the directory's or the log's descriptor: openat
 * (O_WRONLY, O_APPEND, O_CREAT), newfstatat, fstat, write, close; when the log is full renameat and
 * flock; after a short write lseek and ftruncate. Of Landlock it needs, below audit_directory():
 * WRITE_FILE, MAKE_REG, REMOVE_FILE, and from ABI 3 TRUNCATE.
 */
enum err must_check audit_open(void);

/* The directory, for the sandbox and for people; "" if there is none. */
const char *audit_directory(void);

/*
 * Writes one line, whole or not at all, into a file of mode 0600. A log that somebody has renamed
 * or removed is made anew; one that has reached AUDIT_SIZE_MAX is renamed to AUDIT_OLD first.
 * Several agents of a user share it. ERR_AUDIT with errno: nothing was written, so nothing may be
 * signed.
 */
enum err must_check audit_write(const struct audit_record *record);

/*
 * The line without its newline, with a NUL, into ret; AUDIT_LINE_MAX bytes are enough for every
 * record. ERR_TOO_BIG: it does not fit into cap. time_ms: since 1970, in UTC. Pure.
 */
enum err must_check audit_format(const struct audit_record *record, uint64_t time_ms, char *ret,
                                 size_t cap);

void audit_close(void);

#endif
