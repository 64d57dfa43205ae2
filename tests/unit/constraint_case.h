/* SPDX-License-Identifier: BSD-2-Clause */
/* Constraints and connections for the tests of who may use a key, written short. */
#ifndef SPLIT_SSH_TESTS_CONSTRAINT_CASE_H
#define SPLIT_SSH_TESTS_CONSTRAINT_CASE_H

#include "constraint.h"
#include "constraint_bytes.h"

#define NOW         1800000000U /* in 2027 */
#define SESSION_LEN 8U

/*
 * Keys by one letter: of hosts; A and O are authorities; the other capitals are host d's
 * certificates by A, as the host shows them.
 */
static const struct {
    char letter;
    const char *key;
} hosts[] = {
    {'a', HOST_A}, {'b', HOST_B}, {'c', HOST_C},       {'d', HOST_D},    {'A', AUTHORITY},
    {'O', HOST_C}, {'C', CERT_D}, {'W', CERT_PATTERN}, {'E', CERT_2020}, {'U', CERT_USER},
};

static inline const char *key_of(char letter)
{
    for (size_t i = 0; i < COUNT(hosts); i++) {
        if (hosts[i].letter == letter) {
            return hosts[i].key;
        }
    }
    fail_msg("no host %c", letter);
    return NULL;
}

/* `name` of a host, `name=K` for one with the key K; with len 0 where the agent is. */
static inline void put_end(struct wire_writer *w, struct view user, const char *name, size_t len)
{
    uint8_t bytes[1024];
    struct wire_writer end = wire_writer(bytes, sizeof bytes);
    size_t host_len = len > 2 && name[len - 2] == '=' ? len - 2 : len;

    put_string(&end, user);
    put_string(&end, (struct view){(const uint8_t *)name, host_len});
    put_text(&end, "");
    if (len > 0) {
        char letter = name[len - 1];

        put_key(&end, key_of(letter), letter == 'A' || letter == 'O');
    }
    put_string(w, wire_written(&end));
}

/* "a", "root@a", "a>root@b": as for ssh-add -h. */
static inline void put_constraint(struct wire_writer *w, const char *text, size_t len)
{
    uint8_t bytes[2048];
    struct wire_writer inside = wire_writer(bytes, sizeof bytes);
    const char *arrow = memchr(text, '>', len);
    const char *to = arrow != NULL ? arrow + 1 : text;
    const char *end = text + len;
    const char *at = memchr(to, '@', (size_t)(end - to));
    const char *host = at != NULL ? at + 1 : to;
    struct view user = {(const uint8_t *)to, at != NULL ? (size_t)(at - to) : 0};

    put_end(&inside, (struct view){0}, text, arrow != NULL ? (size_t)(arrow - text) : 0);
    put_end(&inside, user, host, (size_t)(end - host));
    put_text(&inside, "");
    put_string(w, wire_written(&inside));
}

/* The words of a text; NULL for none. The caller frees it. */
static inline struct constraints *make_constraints(const char *text)
{
    uint8_t bytes[8192];
    struct wire_writer list = wire_writer(bytes, sizeof bytes);
    struct constraints *constraints = NULL;

    for (size_t len = strcspn(text, " "); len > 0; len = strcspn(text, " ")) {
        put_constraint(&list, text, len);
        text += len + strspn(text + len, " ");
    }
    assert_int_equal(list.err, OK);
    if (list.len > 0) {
        assert_int_equal(constraints_parse(wire_written(&list), &constraints), OK);
    }
    return constraints;
}

static inline void free_bindings(struct bindings *bindings)
{
    for (size_t i = 0; i < bindings->count; i++) {
        view_free(&bindings->binding[i].host_key);
    }
}

/* "a+ b": bound to a for forwarding, then to b for a login; "a?": a's key was not verified. */
static inline struct bindings make_bindings(const char *text)
{
    struct bindings bindings = {0};

    for (; *text != '\0'; text++) {
        struct binding *last = &bindings.binding[bindings.count > 0 ? bindings.count - 1 : 0];

        if (*text == '+') {
            last->forwarding = true;
        } else if (*text == '?') {
            last->verified = false;
        } else if (*text != ' ') {
            last = &bindings.binding[bindings.count++];
            last->host_key = from_base64(key_of(*text));
            last->verified = true;
            last->session_id_len = SESSION_LEN;
            memset(last->session_id, (int)bindings.count, SESSION_LEN);
        }
    }
    return bindings;
}

/* A login to the session that was bound last, hostbound. */
static inline struct purpose make_login(const struct bindings *bindings, const char *user)
{
    static const uint8_t no_session[SESSION_LEN];
    struct purpose purpose = {.kind = PURPOSE_LOGIN, .user = text_view(user)};

    purpose.session_id = (struct view){no_session, sizeof no_session};
    purpose.host_key = text_view("no host");
    if (bindings->count > 0) {
        const struct binding *last = &bindings->binding[bindings->count - 1];

        purpose.session_id = (struct view){last->session_id, last->session_id_len};
        purpose.host_key = last->host_key;
    }
    return purpose;
}

#endif
