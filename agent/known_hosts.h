/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_KNOWN_HOSTS_H
#define AGENT_KNOWN_HOSTS_H

#include "limits.h"
#include "wire.h"

/*
 * Names of hosts by their keys: known_hosts files as sshd(8), SSH_KNOWN_HOSTS FILE FORMAT, has
 * them, with plain names, patterns, hashed names, @cert-authority and @revoked. Pure.
 *
 * A host's certificate is known by the lines of its authority, and, as ssh has it, also by those of
 * the plain key inside.
 */
struct known_hosts;

/* Of no file yet; NULL: no memory. The caller owns it. */
struct known_hosts *known_hosts_new(void);

/*
 * Adds the lines of a file. Lines that cannot be read are skipped, as ssh does; *ret_skipped counts
 * them (comments and empty lines are none). ERR_NO_MEMORY: some of the lines may have been added,
 * and *ret_skipped is untouched.
 */
enum err must_check known_hosts_add(struct known_hosts *hosts, struct view content,
                                    size_t *ret_skipped);

void known_hosts_free(struct known_hosts **hosts);

/*
 * The names that the files prove for a host key (its blob, or its certificate's), joined by ", ":
 * of a plain line its literal names, `[host]:port` as it stands, and not its patterns; of a line of
 * a certificate authority those principals of a valid certificate that match it. now is in seconds
 * since 1970. At most cap bytes (1 or more) with the NUL, printable ASCII, whole names, none twice;
 * those that do not fit are left out. Returns how many were written. A key that is known under
 * hashed names or patterns alone has 0; *ret_known tells it from a key that is not known at all. A
 * revoked key (or of a revoked authority) is not known.
 */
size_t known_hosts_names(const struct known_hosts *hosts, struct view host_key, uint64_t now,
                         char *ret, size_t cap, bool *ret_known);

/*
 * Do the files prove that the host with this key has a name that the pattern matches? The pattern
 * is a shell pattern with * and ?, without regard to case; a name is as above, and `[host]:port`
 * also matches as `host`. A hashed name, and a pattern in the file, can match a literal pattern; of
 * a hashed name nothing else is known than that there is one, so it matches "*" too (and a hashed
 * `[host]:port` just as it stands).
 */
bool known_hosts_match(const struct known_hosts *hosts, struct view host_key, uint64_t now,
                       const char *pattern);

/*
 * The keys of a host by its name, as ssh-add looks it up: name against the names, patterns and
 * hashed names of each line as it stands, so that `host` is not `[host]:2222`, without regard to
 * case. A key of a line with @cert-authority is that of an authority. None comes twice, and none
 * that is revoked.
 *
 * Takes the next key after *at, which is 0 at first and is advanced; *ret_key points into hosts.
 * False: there is no more, and the others are untouched.
 */
bool known_hosts_next_key(const struct known_hosts *hosts, struct view name, size_t *at,
                          struct view *ret_key, bool *ret_authority);

/* Is it marked as @revoked, or signed by an authority that is? For which names does not count. */
bool known_hosts_is_revoked(const struct known_hosts *hosts, struct view host_key);

#endif
