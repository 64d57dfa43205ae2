/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user's "yes", as the prompt says it to the keystore through the agent, which cannot make or
 * change one: a MAC (libsodium's crypto_auth) with a random key that those two share.
 *
 *   approval   byte kind, uint64 expiry in ms of CLOCK_BOOTTIME, byte[32] MAC
 *
 * The MAC is over: string "split-ssh approval", byte kind, uint64 expiry, byte[32] hash of the key
 * blob, and then
 *   APPROVAL_ONCE    byte[32] hash of the data to be signed
 *   APPROVAL_WHILE   string qube, byte[32] hash of the scope
 * where hashes are crypto_generichash and the scope is what may be repeated, which the keystore
 * reads from the data itself: `byte PURPOSE_LOGIN, string user, string host key` of a hostbound
 * login, or `byte PURPOSE_SSHSIG, string namespace`. Other data has none and is approved once.
 *
 * The one header beside seccomp_list.h that takes more than libc: both programs have libsodium, and
 * a second copy of this would be one that can differ.
 */
#ifndef SPLIT_SSH_APPROVAL_H
#define SPLIT_SSH_APPROVAL_H

#include <sodium.h>

#include "purpose.h"

enum approval_kind { APPROVAL_ONCE = 1, APPROVAL_WHILE = 2 };

#define APPROVAL_KEY_SIZE  crypto_auth_KEYBYTES /* 32 */
#define APPROVAL_MAC_SIZE  crypto_auth_BYTES    /* 32 */
#define APPROVAL_HASH_SIZE 32U
#define APPROVAL_SIZE      (1U + 8U + APPROVAL_MAC_SIZE) /* bytes, as it is sent */
#define APPROVAL_ONCE_MS   15000U /* from the click to the signature: the keystore may be busy */

struct approval {
    uint8_t kind;
    uint64_t expiry; /* ms of CLOCK_BOOTTIME */
    uint8_t mac[APPROVAL_MAC_SIZE];
};

/* What an approval is for. */
struct approval_subject {
    struct view key_blob;
    struct view data; /* to be signed */
    struct view qube; /* empty for programs in the vault */
};

static inline void approval_hash(uint8_t ret[APPROVAL_HASH_SIZE], struct view v)
{
    crypto_generichash(ret, APPROVAL_HASH_SIZE, v.data, v.len, NULL, 0);
}

/* A string of the wire, without a copy: a host key is long, and the keystore's stack is short. */
static inline void approval_hash_string(crypto_generichash_state *state, struct view v)
{
    uint8_t len[4];

    store_u32(len, (uint32_t)v.len);
    crypto_generichash_update(state, len, sizeof len);
    crypto_generichash_update(state, v.data, v.len);
}

/* False: this data has no scope, so it cannot be approved for a while. */
static inline bool must_check approval_scope(const struct approval_subject *subject,
                                             uint8_t ret[APPROVAL_HASH_SIZE])
{
    struct purpose purpose = purpose_parse(subject->data, subject->key_blob);
    uint8_t kind = (uint8_t)purpose.kind;
    crypto_generichash_state state;

    crypto_generichash_init(&state, NULL, 0, APPROVAL_HASH_SIZE);
    crypto_generichash_update(&state, &kind, sizeof kind);
    if (purpose.kind == PURPOSE_LOGIN && purpose.host_key.len > 0) {
        approval_hash_string(&state, purpose.user);
        approval_hash_string(&state, purpose.host_key);
    } else if (purpose.kind == PURPOSE_SSHSIG) {
        approval_hash_string(&state, purpose.name_space);
    } else {
        return false;
    }
    crypto_generichash_final(&state, ret, APPROVAL_HASH_SIZE);
    return true;
}

/* The MAC that an approval of this kind and expiry has; false: the subject has no scope. */
static inline bool must_check approval_mac(const uint8_t key[APPROVAL_KEY_SIZE],
                                           const struct approval_subject *subject, uint8_t kind,
                                           uint64_t expiry, uint8_t ret[APPROVAL_MAC_SIZE])
{
    uint8_t bytes[128 + QUBE_NAME_MAX + 2 * APPROVAL_HASH_SIZE];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    uint8_t hash[APPROVAL_HASH_SIZE];

    put_text(&w, "split-ssh approval");
    put_u8(&w, kind);
    put_u64(&w, expiry);
    approval_hash(hash, subject->key_blob);
    put_bytes(&w, hash, sizeof hash);
    if (kind == APPROVAL_ONCE) {
        approval_hash(hash, subject->data);
    } else if (approval_scope(subject, hash)) {
        put_string(&w, subject->qube);
    } else {
        return false;
    }
    put_bytes(&w, hash, sizeof hash);
    crypto_auth(ret, bytes, w.len, key);
    return w.err == OK;
}

static inline void put_approval(struct wire_writer *w, const struct approval *approval)
{
    put_u8(w, approval->kind);
    put_u64(w, approval->expiry);
    put_bytes(w, approval->mac, sizeof approval->mac);
}

/*@
  requires view_valid(bytes) && \valid(ret) && \separated(ret, bytes.data + (0 .. bytes.len - 1));
  assigns *ret;
  ensures \result != OK ==> *ret == \old(*ret);
*/
/* Exactly APPROVAL_SIZE bytes, or ERR_MALFORMED; the MAC is not looked at. */
static inline enum err must_check approval_parse(struct view bytes, struct approval *ret)
{
    struct wire_reader r = wire_reader(bytes.data, bytes.len);
    struct approval approval = {0};
    struct view mac;
    enum err err;

    approval.kind = wire_u8(&r);
    approval.expiry = wire_u64(&r);
    mac = wire_bytes(&r, APPROVAL_MAC_SIZE);
    err = wire_end(&r);
    if (err != OK) {
        return err;
    }
    memcpy(approval.mac, mac.data, mac.len);
    *ret = approval;
    return OK;
}

#endif
