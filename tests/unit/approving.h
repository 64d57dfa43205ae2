/* SPDX-License-Identifier: BSD-2-Clause */
/* The prompt's side of approval.h, and data that people sign. */
#ifndef SPLIT_SSH_TESTS_APPROVING_H
#define SPLIT_SSH_TESTS_APPROVING_H

#include "approval.h"
#include "unit.h"

#define SIGNED_MAX 1024

/* What ssh has signed for a login (OpenSSH's PROTOCOL, 1.8); without a host key, RFC 4252's form.
 */
struct login {
    const char *session, *user, *host_key;
};

/* Data and its bytes; the view points into it, so it is not to be copied. */
struct signed_data {
    uint8_t bytes[SIGNED_MAX];
    struct view view;
};

static inline struct view make_login(struct signed_data *ret, struct view key_blob,
                                     struct login login)
{
    struct wire_writer w = wire_writer(ret->bytes, sizeof ret->bytes);

    put_text(&w, login.session);
    put_u8(&w, 50);
    put_text(&w, login.user);
    put_text(&w, "ssh-connection");
    put_text(&w, login.host_key != NULL ? "publickey-hostbound-v00@openssh.com" : "publickey");
    put_u8(&w, 1);
    put_text(&w, "ssh-ed25519");
    put_string(&w, key_blob);
    if (login.host_key != NULL) {
        put_text(&w, login.host_key);
    }
    assert_int_equal(w.err, OK);
    ret->view = wire_written(&w);
    return ret->view;
}

/* OpenSSH's PROTOCOL.sshsig, with a hash that is all one byte. */
static inline struct view make_sshsig(struct signed_data *ret, const char *name_space, uint8_t byte)
{
    struct wire_writer w = wire_writer(ret->bytes, sizeof ret->bytes);
    uint8_t hash[64];

    memset(hash, byte, sizeof hash);
    put_bytes(&w, "SSHSIG", 6);
    put_text(&w, name_space);
    put_text(&w, "");
    put_text(&w, "sha512");
    put_string(&w, (struct view){hash, sizeof hash});
    assert_int_equal(w.err, OK);
    ret->view = wire_written(&w);
    return ret->view;
}

/* The user's "yes". */
static inline struct approval approve(const uint8_t *token_key, uint8_t kind,
                                      const struct approval_subject *subject, uint64_t expiry)
{
    struct approval approval = {.kind = kind, .expiry = expiry};

    assert_true(approval_mac(token_key, subject, kind, expiry, approval.mac));
    return approval;
}

#endif
