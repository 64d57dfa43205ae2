/* SPDX-License-Identifier: BSD-2-Clause */
#include "differential.h"

#define DATA_MAX 200000U

static const char *const users[] = {"git", "root", "somebody"};
static const char *const namespaces[] = {"git", "file"};

struct view pick_host_blob(unsigned host)
{
    const struct pool_key *key = pool_get((enum key_name)(HOST_ED25519 + host));

    return host == HOST_CERTIFIED - HOST_ED25519 ? key->host_certificate : key->blob;
}

static bool is_type(struct view blob, const char *type)
{
    struct wire_reader r = wire_reader(blob.data, blob.len);

    return view_is(wire_string(&r, KEY_TYPE_MAX), type);
}

/* RFC 4252, section 7, and OpenSSH's PROTOCOL, publickey-hostbound-v00. */
static void put_login(struct scene *scene, unsigned connection, struct view blob,
                      struct wire_writer *w)
{
    struct random *random = scene->random;
    bool as_bound = scene->last[connection].bound && random_chance(random, 80);
    unsigned session = as_bound ? scene->last[connection].session : random_below(random, 3);
    unsigned host = as_bound ? scene->last[connection].host : random_below(random, HOSTS);
    bool hostbound = random_chance(random, 60);
    struct wire_reader r = wire_reader(blob.data, blob.len);
    struct view type = wire_string(&r, KEY_TYPE_MAX);

    put_string(w, (struct view){scene->sessions[session], sizeof scene->sessions[session]});
    put_u8(w, random_chance(random, 97) ? 50 : 51);
    put_text(w, users[random_below(random, 3)]);
    put_text(w, "ssh-connection");
    put_text(w, hostbound ? "publickey-hostbound-v00@openssh.com" : "publickey");
    put_u8(w, random_chance(random, 97));
    if (is_type(blob, "ssh-rsa")) {
        put_text(w, "rsa-sha2-512");
    } else {
        put_string(w, type);
    }
    put_string(w, random_chance(random, 95) ? blob : pick_blob(scene));
    if (hostbound) {
        put_string(w, pick_host_blob(host));
    }
}

/* OpenSSH's PROTOCOL.sshsig, section 3. */
static void put_sshsig(struct scene *scene, struct wire_writer *w)
{
    uint8_t hash[64];
    bool long_hash = random_chance(scene->random, 50);

    random_fill(scene->random, hash, sizeof hash);
    put_bytes(w, "SSHSIG", 6);
    put_text(w, namespaces[random_below(scene->random, 2)]);
    put_text(w, "");
    put_text(w, long_hash ? "sha512" : "sha256");
    put_string(w, (struct view){hash, long_hash ? 64 : 32});
}

static void put_data(struct scene *scene, unsigned connection, struct view blob,
                     struct wire_writer *ret)
{
    static uint8_t bytes[DATA_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    unsigned kind = random_below(scene->random, 20);

    if (kind < 11) {
        put_login(scene, connection, blob, &w);
    } else if (kind < 14) {
        put_sshsig(scene, &w);
    } else if (kind < 19) {
        w.len = kind == 14 ? 0 : 1 + random_below(scene->random, 300);
        random_fill(scene->random, bytes, w.len);
    } else {
        w.len = 4096 + random_below(scene->random, DATA_MAX - 4096);
        memset(bytes, (int)random_below(scene->random, 256), w.len);
    }
    put_string(ret, wire_written(&w));
}

static uint32_t pick_flags(struct random *random)
{
    static const uint32_t known[] = {0,
                                     0,
                                     FLAG_RSA_SHA2_256,
                                     FLAG_RSA_SHA2_512,
                                     FLAG_RSA_SHA2_512,
                                     FLAG_RSA_SHA2_256 | FLAG_RSA_SHA2_512};
    static const uint32_t unknown[] = {1, 8, 1U << 31, FLAG_RSA_SHA2_512 | 1, 0xffffffffU};

    return random_chance(random, 96) ? known[random_below(random, 6)]
                                     : unknown[random_below(random, 5)];
}

void put_sign_with(struct scene *scene, unsigned connection, struct view blob,
                   struct wire_writer *w)
{
    put_u8(w, MSG_SIGN);
    put_string(w, blob);
    put_data(scene, connection, blob, w);
    put_u32(w, pick_flags(scene->random));
}

void put_sign(struct scene *scene, unsigned connection, struct wire_writer *w)
{
    put_sign_with(scene, connection, pick_blob(scene), w);
}
