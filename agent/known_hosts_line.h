/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_KNOWN_HOSTS_LINE_H
#define AGENT_KNOWN_HOSTS_LINE_H

#include "limits.h"
#include "wire.h"

#define HASHED_NAME_SIZE 20U /* bytes of salt, and of hash: HMAC-SHA1 */

/* Each name of such a list is compared with all of it. */
#define HOST_EXCLUDING_MAX 4096U /* bytes */

enum host_marker { HOST_PLAIN, HOST_AUTHORITY, HOST_REVOKED };

/* Which hosts a line is about. Views into the line. */
struct host_names {
    bool hashed;
    bool excludes;    /* the list has a ! */
    struct view list; /* names and patterns with commas between; unless hashed */
    uint8_t salt[HASHED_NAME_SIZE];
    uint8_t hash[HASHED_NAME_SIZE];
};

/* A line of a known_hosts file: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. */
struct known_hosts_line {
    enum host_marker marker;
    struct host_names names;
    uint8_t key[HOST_KEY_MAX]; /* the blob */
    size_t key_len;            /* bytes */
};

/*
 * Reads a line without its end. ERR_NOT_FOUND: it is empty or a comment. ERR_MALFORMED: it cannot
 * be read, or could never stand for a host: the key is no key of the type that is named, or longer
 * than HOST_KEY_MAX, or a certificate. A key of a type that we do not know is good. Also a list
 * with a ! that is longer than HOST_EXCLUDING_MAX. Pure.
 */
enum err must_check known_hosts_line_read(struct view line, struct known_hosts_line *ret);

/* Takes the first of the list; false: there is none left. */
bool host_names_next(struct view *list, struct view *ret);

/*
 * Is it one host's name, as DNS or `[host]:port` have them: printable ASCII without spaces, not
 * a pattern, at most HOST_MAX bytes?
 */
bool host_is_name(struct view name);

/* The `host` of `[host]:port`; false for all else. */
bool host_inside_brackets(struct view name, struct view *ret);

/*
 * Is the line about the host of this name? Without regard to case; a name or pattern in brackets is
 * also about the name inside. One that is excluded with ! is not. Pure.
 */
bool host_names_have(const struct host_names *names, struct view name);

/* The same, but `[host]:port` and `host` are two names, as they are for ssh. Pure. */
bool host_names_match(const struct host_names *names, struct view name);

/* host_names_have() for a name that stands in the list. Pure. */
bool host_names_keep(const struct host_names *names, struct view name);

#endif
