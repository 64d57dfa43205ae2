/* SPDX-License-Identifier: BSD-2-Clause */
#include "differential.h"

#define POOL_SEED           20261122U
#define CERTIFICATE_MAX_LEN 4096U

enum { CERTIFICATE_USER = 1, CERTIFICATE_HOST = 2 };

static struct pool_key pool[POOL_SIZE] = {
    [KEY_ED25519_A] = {.type = "ssh-ed25519",
                       .certificate_type = "ssh-ed25519-cert-v01@openssh.com"},
    [KEY_ED25519_B] = {.type = "ssh-ed25519",
                       .certificate_type = "ssh-ed25519-cert-v01@openssh.com"},
    [KEY_RSA] = {.type = "ssh-rsa", .certificate_type = "ssh-rsa-cert-v01@openssh.com"},
    [KEY_P256] = {.type = "ecdsa-sha2-nistp256",
                  .certificate_type = "ecdsa-sha2-nistp256-cert-v01@openssh.com"},
    [KEY_P384] = {.type = "ecdsa-sha2-nistp384",
                  .certificate_type = "ecdsa-sha2-nistp384-cert-v01@openssh.com"},
    [KEY_P521] = {.type = "ecdsa-sha2-nistp521",
                  .certificate_type = "ecdsa-sha2-nistp521-cert-v01@openssh.com"},
    [KEY_RSA_SHORT] = {.type = "ssh-rsa"},
    [KEY_DSA] = {.type = "ssh-dss"},
    [KEY_SK] = {.type = "sk-ssh-ed25519@openssh.com"},
    [HOST_ED25519] = {.type = "ssh-ed25519"},
    [HOST_P256] = {.type = "ecdsa-sha2-nistp256"},
    [HOST_RSA] = {.type = "ssh-rsa"},
    [HOST_CERTIFIED] = {.type = "ssh-ed25519",
                        .certificate_type = "ssh-ed25519-cert-v01@openssh.com"},
    [AUTHORITY] = {.type = "ssh-ed25519"},
};

const struct pool_key *pool_get(enum key_name name)
{
    return &pool[name];
}

/* OpenSSH's PROTOCOL.certkeys: valid for ever, without options. */
static struct view certify(const struct pool_key *key, struct random *random, uint32_t type,
                           const char *principal)
{
    uint8_t bytes[CERTIFICATE_MAX_LEN];
    uint8_t inner[512];
    uint8_t nonce[32];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    struct wire_writer list = wire_writer(inner, sizeof inner);
    struct wire_reader blob = wire_reader(key->blob.data, key->blob.len);
    struct wire_writer signature;

    random_fill(random, nonce, sizeof nonce);
    put_text(&w, key->certificate_type);
    put_string(&w, (struct view){nonce, sizeof nonce});
    wire_string(&blob, KEY_TYPE_MAX);
    put_bytes(&w, blob.at, blob.left);
    put_u64(&w, 7); /* serial */
    put_u32(&w, type);
    put_text(&w, "a certificate");
    put_text(&list, principal);
    put_string(&w, wire_written(&list));
    put_u64(&w, 0);
    put_u64(&w, UINT64_MAX);
    put_text(&w, ""); /* critical options */
    put_text(&w, ""); /* extensions */
    put_text(&w, ""); /* reserved */
    put_string(&w, pool[AUTHORITY].blob);
    signature = wire_writer(inner, sizeof inner);
    key_sign(&pool[AUTHORITY], random, wire_written(&w), "", &signature);
    put_string(&w, wire_written(&signature));
    if (w.err != OK) {
        die("a certificate does not fit");
    }
    return keep(wire_written(&w));
}

static void make_certificates(struct pool_key *key, struct random *random)
{
    uint8_t bytes[2 * CERTIFICATE_MAX_LEN];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    key->user_certificate = certify(key, random, CERTIFICATE_USER, "somebody");
    key->host_certificate = certify(key, random, CERTIFICATE_HOST, "host3");
    key_put_certified(key, key->user_certificate, &w);
    key->certified_fields = keep(wire_written(&w));
}

void pool_make(void)
{
    struct random random = {.state = POOL_SEED};

    for (unsigned i = 0; i < POOL_SIZE; i++) {
        key_make(&pool[i], (enum key_name)i, &random);
    }
    for (unsigned i = 0; i < POOL_SIZE; i++) {
        if (pool[i].certificate_type != NULL) {
            make_certificates(&pool[i], &random);
        }
    }
}
