/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the audit log is and how it looks, for the agent, which writes it, and for split-ssh, which
 * shows it. A line is one decision: a flat JSON object (RFC 8259) in printable ASCII. Bytes of
 * clients that are not printable ASCII stand in it as \u00XX, one for each byte. What does not
 * apply is left out, but for "qube", which is null for a program in the vault.
 *
 *   time        when, in UTC with milliseconds: "2026-11-22T10:15:03.123Z" (RFC 3339)
 *   qube        who asked, or null
 *   agent       the named agent that was asked for
 *   decision    "allowed" or "refused"
 *   reason      a phrase
 *   by          who decided: "policy", "notification", "askpass", ...
 *   key         SHA256:..., as ssh-keygen -l prints it
 *   comment     the key's
 *   purpose     "login", "sshsig" or "opaque"
 *   user        the user name of a login
 *   namespace   what an SSHSIG is for,
 *   hash        and its hash algorithm
 *   bytes       that were to be signed
 *   host        names of the destination in known_hosts, joined by ", "
 *   host_key    SHA256:... of its key
 *   proof       "name": known_hosts has the verified host key; "key": it is verified and unknown;
 *               "none": the destination is not verified
 *   forwarded   true or false: through an agent that was forwarded to another host
 *   took_us     microseconds from the whole request to the decision
 *   left_out    refusals of the same qube before this one, that have no line of their own
 */
#ifndef SPLIT_SSH_AUDIT_LOG_H
#define SPLIT_SSH_AUDIT_LOG_H

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "err.h"
#include "limits.h"

#define AUDIT_FILE     "audit.jsonl"
#define AUDIT_OLD      "audit.jsonl.1" /* the one before, once the file is full */
#define AUDIT_LINE_MAX 12288U /* bytes with the newline; each byte of text may become six */

/*
 * The directory of the log into ret (PATH_MAX bytes): $XDG_STATE_HOME/split-ssh if that is
 * absolute, else .local/state/split-ssh of $HOME, else of the user's directory in the user
 * database. ERR_NOT_FOUND: there is none of them. ERR_TOO_BIG: it does not fit.
 */
static inline enum err must_check audit_log_directory(char *ret)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    const struct passwd *user = NULL;
    int n;

    if (state != NULL && state[0] == '/') {
        n = snprintf(ret, PATH_MAX, "%s/split-ssh", state);
        return n > 0 && n < PATH_MAX ? OK : ERR_TOO_BIG;
    }
    if (home == NULL || home[0] != '/') {
        user = getpwuid(geteuid());
        home = user != NULL ? user->pw_dir : NULL;
    }
    if (home == NULL || home[0] != '/') {
        return ERR_NOT_FOUND;
    }
    n = snprintf(ret, PATH_MAX, "%s/.local/state/split-ssh", home);
    return n > 0 && n < PATH_MAX ? OK : ERR_TOO_BIG;
}

#endif
