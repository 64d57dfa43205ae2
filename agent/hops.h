/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_HOPS_H
#define AGENT_HOPS_H

#include "constraint.h"
#include "known_hosts.h"

#define HOPS_WHY_MAX 320U

/*
 * Destination constraints from the texts of `ssh-add -h`: "[user@]host" and "host>[user@]host", as
 * ssh-add(1) makes them for an agent. A host has the keys that known_hosts_next_key() has for its
 * name, of the types that can be verified here. The user may be a pattern; "@host" is any user.
 * Pure.
 *
 * The caller owns *ret (constraints_free); without a hop it is NULL, no constraints. *ret is
 * untouched unless OK, and why (HOPS_WHY_MAX bytes) then says in printable ASCII which hop is wrong
 * and what to do about it, as a phrase:
 *
 *   ERR_MALFORMED   not such a text. Also "user@" and more than one > or @, which ssh-add takes:
 *                   the first is refused by ssh-agent, the others name no host
 *   ERR_NOT_FOUND   known_hosts has no key of a host
 *   ERR_TOO_BIG     past USER_MAX, HOST_MAX, CONSTRAINTS_MAX, CONSTRAINT_KEYS_MAX, or more than an
 *                   ADD message would hold
 *   ERR_NO_MEMORY
 */
enum err must_check hops_constraints(const struct view *hops, size_t count,
                                     const struct known_hosts *hosts, struct constraints **ret,
                                     char *why);

#endif
