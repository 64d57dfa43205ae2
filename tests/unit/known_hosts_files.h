/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys of hosts and authorities, and files that have them, for the tests of agent/known_hosts.c. */
#ifndef SPLIT_SSH_TESTS_KNOWN_HOSTS_FILES_H
#define SPLIT_SSH_TESTS_KNOWN_HOSTS_FILES_H

#include "keygen.h"
#include "known_hosts.h"

#define NAMES_CAP 512
#define NOW       1800000000U /* in 2027; the certificates are of 2024 to 2030 */

/* "ed25519" and "ecdsa256" are hosts, "rsa" is never in a file, "ca" and "ca2" are authorities. */
static struct view host;
static struct view other_host;
static struct view unknown_host;
static char *host_line; /* type and base64 */
static char *other_line;
static char *authority_line;
static char *authority2_line;

/* The caller frees. */
static inline char *key_text(const char *file)
{
    struct view text = keygen_read(file);
    char *space = strchr((char *)text.data, ' ');

    assert_non_null(space);
    space = strchr(space + 1, ' ');
    assert_non_null(space);
    *space = '\0';
    return (char *)text.data;
}

static inline int start(void **state)
{
    (void)state;
    keygen_start();
    keygen_make_all();
    keygen_make("ca", "ed25519", "256");
    keygen_make("ca2", "ecdsa", "256");
    host = keygen_blob("ed25519.pub");
    other_host = keygen_blob("ecdsa256.pub");
    unknown_host = keygen_blob("rsa.pub");
    host_line = key_text("ed25519.pub");
    other_line = key_text("ecdsa256.pub");
    authority_line = key_text("ca.pub");
    authority2_line = key_text("ca2.pub");
    return 0;
}

static inline int stop(void **state)
{
    (void)state;
    view_free(&host);
    view_free(&other_host);
    view_free(&unknown_host);
    free(host_line);
    free(other_line);
    free(authority_line);
    free(authority2_line);
    keygen_stop();
    return 0;
}

/* The caller frees. */
static inline struct known_hosts *load_bytes(struct view content, size_t want_skipped)
{
    struct known_hosts *hosts = known_hosts_new();
    struct view copy = exact_copy(content.data, content.len);
    size_t skipped = 99;

    assert_non_null(hosts);
    assert_int_equal(known_hosts_add(hosts, copy, &skipped), OK);
    view_free(&copy); /* nothing of it is needed any more */
    assert_int_equal(skipped, want_skipped);
    return hosts;
}

static inline struct known_hosts *load(const char *content, size_t want_skipped)
{
    return load_bytes(text_view(content), want_skipped);
}

/* A file of one line: `BEFORE key AFTER`. */
static inline struct known_hosts *load_line(const char *before, const char *key, const char *after)
{
    char line[8192];

    assert_true((size_t)snprintf(line, sizeof line, "%s %s%s\n", before, key, after) < sizeof line);
    return load(line, 0);
}

static inline bool is_known(const struct known_hosts *hosts, struct view key)
{
    char names[NAMES_CAP];
    bool known = false;

    known_hosts_names(hosts, key, NOW, names, sizeof names, &known);
    return known;
}

static inline bool matches(const struct known_hosts *hosts, struct view key, const char *pattern)
{
    return known_hosts_match(hosts, key, NOW, pattern);
}

static inline void assert_names(const struct known_hosts *hosts, struct view key, const char *want)
{
    char names[NAMES_CAP];
    bool known = false;
    size_t commas = 0;
    size_t count = known_hosts_names(hosts, key, NOW, names, sizeof names, &known);

    assert_string_equal(names, want);
    assert_true(known);
    for (const char *at = want; (at = strchr(at, ',')) != NULL; at++) {
        commas++;
    }
    assert_int_equal(count, want[0] == '\0' ? 0 : commas + 1);
}

#endif
