/* SPDX-License-Identifier: BSD-2-Clause */
/* Questions for the prompt, and data to be signed, as other programs make them. */
#ifndef SPLIT_SSH_TESTS_PROMPT_QUESTION_H
#define SPLIT_SSH_TESTS_PROMPT_QUESTION_H

#include "message.h"
#include "unit.h"

/* Two keys, and ssh-keygen -l of them; of a it printed the same for its certificate. */
#define KEY_A                                                                                      \
    "\0\0\0\x0bssh-ed25519\0\0\0\x20\x33\x9d\xdb\xa3\x50\xef\xd0\xeb\xcf\x8e\x31\xbc\x22\x84\x5e"  \
    "\x1b\xe4\x08\x04\x14\xc1\xbb\x98\x1d\x7c\xba\x5f\x0e\xdf\x26\x14\x29"
#define KEY_B                                                                                      \
    "\0\0\0\x0bssh-ed25519\0\0\0\x20\x4d\x57\x43\x21\x3c\x9c\x86\x7e\x81\xb9\x65\x8e\xef\xa8\x6f"  \
    "\xb9\x96\x5b\x28\x77\x6d\xbd\xc6\xd5\x26\xa1\x91\xbc\x82\x4e\x3c\x35"
#define PRINT_A "SHA256:BswySvxdsU3Px21Dmu41GaLWvY3lIyLrUP/UHvQMyqk"
#define PRINT_B "SHA256:PvN26Z6wO7t/g8XBbo7Vewq4Yts+yioD5C9TBeWMCuE"

#define LITERAL_VIEW(text) ((struct view){(const uint8_t *)(text), sizeof(text) - 1})

/* A login with key a (RFC 4252, section 7); host_key of no bytes: not hostbound. */
static inline struct view login_data(struct wire_writer *w, struct view user, struct view host_key)
{
    size_t start = w->len;

    put_text(w, "0123456789abcdef");
    put_u8(w, 50);
    put_string(w, user);
    put_text(w, "ssh-connection");
    put_text(w, host_key.len > 0 ? "publickey-hostbound-v00@openssh.com" : "publickey");
    put_u8(w, 1);
    put_text(w, "ssh-ed25519");
    put_string(w, LITERAL_VIEW(KEY_A));
    if (host_key.len > 0) {
        put_string(w, host_key);
    }
    assert_int_equal(w->err, OK);
    return (struct view){w->data + start, w->len - start};
}

static inline struct view sshsig_data(struct wire_writer *w, struct view name_space)
{
    static const uint8_t hash[32] = {1, 2, 3};
    size_t start = w->len;

    put_bytes(w, "SSHSIG", 6);
    put_string(w, name_space);
    put_text(w, "");
    put_text(w, "sha256");
    put_string(w, (struct view){hash, sizeof hash});
    assert_int_equal(w->err, OK);
    return (struct view){w->data + start, w->len - start};
}

/* The body of its ASK. */
static inline struct view ask_body(struct wire_writer *w, const struct question *q)
{
    size_t start = w->len;

    put_u32(w, q->serial);
    put_string(w, q->qube);
    put_string(w, q->agent_name);
    put_string(w, q->comment);
    put_string(w, q->key_blob);
    put_u8(w, (uint8_t)q->proof);
    put_u8(w, q->forwarded);
    put_string(w, q->host_key);
    put_string(w, q->host_names);
    put_u32(w, q->seconds);
    put_string(w, q->data);
    assert_int_equal(w->err, OK);
    return (struct view){w->data + start, w->len - start};
}

#endif
