/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_CONSTRAINT_H
#define AGENT_CONSTRAINT_H

#include "bind.h"
#include "purpose.h"

/*
 * Destination constraints of a key (ssh-add -h): OpenSSH's PROTOCOL.agent, section 2,
 * restrict-destination-v00@openssh.com. Immutable. Pure.
 *
 * They belong to the key of each ADD message: a certificate that ssh-add sends after its key comes
 * with constraints of its own (ssh-add gives both the same), and each of the two is held to its
 * own. A key that is added again has the constraints of the last time, which may be none. A key
 * whose constraints cannot be read must not be held at all.
 */
struct constraints;

/*
 * Reads the constraints of an ADD message: the inside of the one string that follows the
 * constraint's name there, which is add_request.h's and ipc.h's "destinations".
 *
 *   list         constraint, at least one
 *   constraint   string (string from, string to, string reserved)
 *   from, to     string user, string host, string reserved, keyspec...
 *   keyspec      string host key blob, bool is a certificate authority
 *
 * The caller owns *ret (constraints_free); list is copied. *ret is untouched unless OK:
 *
 *   ERR_MALFORMED    other bytes; no constraint at all; `from` with a user; `to` without a host; a
 *                    host without keys, keys without a host; a host key that is none, though its
 *                    type is known; NUL in a name
 *   ERR_TOO_BIG      past USER_MAX, HOST_MAX, HOST_KEY_MAX, CONSTRAINTS_MAX, CONSTRAINT_KEYS_MAX
 *   ERR_CONSTRAINT   something in a reserved field: a constraint of a later time
 *   ERR_NO_MEMORY
 *
 * OpenSSH takes a list of no constraints as "none", which would hold the key with less than it was
 * given; ssh-add never sends one.
 */
enum err must_check constraints_parse(struct view list, struct constraints **ret);

/* Sets *constraints to NULL. */
void constraints_free(struct constraints **constraints);

/*
 * May a connection with these bindings (NULL: none) see the key, and remove it? user NULL asks
 * that; else whether it may log in as that user at the host that was bound last, which is a part of
 * constraints_check_sign(). As OpenSSH's identity_permitted():
 *
 * - Without constraints (NULL) always. On a connection that bound no session: yes, it is the
 *   user's own.
 * - Else each hop must be permitted, from where the agent is over each session that was bound, and
 *   all but the last must be sessions that forward. The user counts at the last one.
 * - When the last one forwards: not as a user, and else only if the key may be used beyond that
 *   host. A key that may be used to log in there and no further is not seen from there.
 *
 * A host is known by its key alone. A plain host key is compared with the keys that are not an
 * authority's, a host certificate with those that are: signed by it, valid now (seconds since
 * 1970), and made out for the constraint's host.
 *
 * More careful than OpenSSH: a connection with a bind that failed, and a host whose key cannot be
 * verified here (bind.h), have no key with constraints; a host certificate without principals is
 * for no host, as in OpenSSH from 10.3.
 */
bool constraints_permit(const struct constraints *constraints, const struct bindings *bindings,
                        const struct view *user, uint64_t now);

/*
 * May this be signed, with a key of these constraints (NULL: none, which is OK), on a connection
 * with these bindings (NULL: none)? As OpenSSH's process_sign_request2(); the caller has nothing
 * more to check as far as constraints go. purpose is purpose_parse()'s, for this key's blob.
 *
 *   ERR_BOUND         a bind failed
 *   ERR_DESTINATION   no session is bound; it is no login (SSHSIG, ssh-add -T, anything else), or
 *                     one that names another blob than this key's, such as a certificate of it;
 *                     constraints_permit() says no for its user; a login over more than one hop
 *                     that does not name the host's key; or it names another than the one bound
 * last ERR_SESSION       a login to another session than the one bound last
 */
enum err must_check constraints_check_sign(const struct constraints *constraints,
                                           const struct bindings *bindings,
                                           const struct purpose *purpose, uint64_t now);

/*
 * For people, as ssh-add takes them: "git@b.example, b.example>c.example". Printable ASCII, at most
 * cap bytes with the NUL; ends in "..." where there are more.
 */
void constraints_describe(const struct constraints *constraints, char *ret, size_t cap);

#endif
