/* SPDX-License-Identifier: BSD-2-Clause */
/* What the steps of `split-ssh check` look at the system with. */
#ifndef CONTROL_CHECK_RUN_H
#define CONTROL_CHECK_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "check.h"
#include "check_text.h"
#include "wire.h"

#define RUN_OUTPUT_MAX 16384U /* bytes of each stream that are kept; the rest is thrown away */
#define RUN_TIMEOUT_MS 5000U  /* for programs that answer at once */
#define STARTUP_MAX    65536U /* bytes of a start-up file that are looked at */

struct run {
    bool started;                 /* false: there is no such program, or it could not be started */
    bool timed_out;               /* it was ended by us */
    int status;                   /* its exit status; -1: a signal ended it, or one of the above */
    size_t out_len;               /* bytes */
    char out[RUN_OUTPUT_MAX + 1]; /* standard output; has a NUL at the end */
    char err[RUN_OUTPUT_MAX + 1]; /* standard error */
};

/*
 * Runs argv (NULL-terminated; argv[0] is looked up in PATH) without a shell, in our environment,
 * waits timeout_ms at most, and ends it and its children then. Its standard input is what input
 * has, PIPE_BUF bytes at most, and then stays open until it ends; an empty view is /dev/null.
 * Always fills in *ret. True if it ran and exited with 0.
 */
bool run_program(const char *const *argv, struct view input, unsigned timeout_ms, struct run *ret);

/*
 * Starts argv as run_program() does, with these three descriptors for its standard ones, in a
 * process group of its own, so that its children can be ended with it. 0, or an errno.
 */
int run_start(const char *const *argv, const int ends[3], pid_t *ret_pid);

/* The same as run_program() for a program without input, with RUN_TIMEOUT_MS. */
bool run_simple(const char *const *argv, struct run *ret);

enum socket_state {
    SOCKET_ABSENT,  /* nothing there, or a link to nothing */
    SOCKET_HIDDEN,  /* may not be looked at; error says why */
    SOCKET_FILE,    /* something else than a socket */
    SOCKET_DEAD,    /* a socket on which nobody listens */
    SOCKET_REFUSED, /* may not be connected to; error says why */
    SOCKET_LISTENS,
};

struct socket_look {
    enum socket_state state;
    int error; /* errno of the look, or of the connection */
    mode_t mode;
    uid_t uid;
    gid_t gid;
};

/* Looks at a socket and connects to it once, sending nothing. Links are followed. */
void socket_look(const char *path, struct socket_look *ret);

enum agent_kind {
    AGENT_SILENT,  /* cannot be connected to, or gives no answer; ret_why says it */
    AGENT_FOREIGN, /* an agent, but not split-ssh-agent */
    AGENT_OURS,    /* split-ssh-agent: its answer to `query` has status@split-ssh */
    AGENT_DISTANT, /* split-ssh-agent in another qube: answers `query`, without status@split-ssh */
};

/* Asks who answers on a socket. Fills in ret_why (CONNECTION_WHY_MAX bytes) for AGENT_SILENT. */
enum agent_kind agent_ask_kind(const char *path, char *ret_why);

/* The name of this qube: QubesDB's, or else its host name. */
const char *check_qube_name(void);

/*
 * The command that installs a package in this system's template, for check_mend(); or one of ours,
 * perhaps once more, out of the directory that README.md has them in.
 */
void check_install(char *ret, size_t cap, const char *package);
void check_install_ours(char *ret, size_t cap, const char *package);

/* Whether the user manager has a value for a variable, "" if not; ret has CHECK_TEXT_MAX bytes. */
bool check_manager_has(const char *variable, char *ret);

/* Reads the start of a file, cap - 1 bytes at most, and a NUL; false with errno: it cannot. */
bool check_read(const char *path, char *ret, size_t cap);

/*
 * The number of the first line of a file that has both words, the second one after the first, and
 * no
 * '#' before them; 0: there is none, or no such file.
 */
unsigned check_find_line(const char *path, const char *first, const char *second);

#endif
