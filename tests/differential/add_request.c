/* SPDX-License-Identifier: BSD-2-Clause */
#include "differential.h"

enum { CONSTRAIN_LIFETIME = 1, CONSTRAIN_CONFIRM = 2, CONSTRAIN_EXTENSION = 255 };

static void put_comment(struct random *random, struct wire_writer *w)
{
    static const char *const comments[] = {"", "a key", "schl\xfcssel", "key\nof\x1b[2Jsomebody",
                                           "/home/user/.ssh/id_ed25519"};
    char text[400];

    switch (random_below(random, 12)) {
    case 0:
        memset(text, 'x', sizeof text);
        put_string(w, (struct view){(const uint8_t *)text, sizeof text});
        return;
    case 1:
        put_string(w, (struct view){(const uint8_t *)"a\0b", random_chance(random, 50) ? 2 : 3});
        return;
    default:
        put_text(w, comments[random_below(random, 5)]);
    }
}

/* A host with its key; HOSTS: the place where the agent is. */
static void put_end(const char *user, unsigned host, struct wire_writer *ret)
{
    static const char *const names[] = {"host0", "host1", "host2", "host3"};
    uint8_t bytes[2048];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    bool certified = host == HOST_CERTIFIED - HOST_ED25519;

    put_text(&w, user);
    put_text(&w, host < HOSTS ? names[host] : "");
    put_text(&w, "");
    if (host < HOSTS) {
        put_string(&w, certified ? pool_get(AUTHORITY)->blob : pick_host_blob(host));
        put_u8(&w, certified);
    }
    put_string(ret, wire_written(&w));
}

static void put_hop(struct scene *scene, struct wire_writer *ret)
{
    static const char *const users[] = {"", "git", "*", "r?ot,git"};
    struct random *random = scene->random;
    uint8_t bytes[4096];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    put_end("", random_chance(random, 70) ? HOSTS : pick_host(scene), &w);
    put_end(users[random_below(random, 4)], pick_host(scene), &w);
    put_text(&w, random_chance(random, 98) ? "" : "reserved");
    put_string(ret, wire_written(&w));
}

/* OpenSSH's PROTOCOL.agent, section 2. */
static void put_destinations(struct scene *scene, struct wire_writer *ret)
{
    struct random *random = scene->random;
    static uint8_t bytes[32768];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);
    unsigned hops = random_chance(random, 96) ? 1 + random_below(random, 3) : 0;

    for (unsigned i = 0; i < hops; i++) {
        put_hop(scene, &w);
    }
    put_u8(ret, CONSTRAIN_EXTENSION);
    put_text(ret, "restrict-destination-v00@openssh.com");
    put_string(ret, wire_written(&w));
}

static void put_lifetime(struct random *random, struct wire_writer *w)
{
    static const uint32_t lives[] = {3600, 86400, 0, 0x7fffffff};

    put_u8(w, CONSTRAIN_LIFETIME);
    put_u32(w, lives[random_below(random, 4)]);
}

static void put_constraint(struct scene *scene, struct wire_writer *w)
{
    struct random *random = scene->random;
    unsigned kind = random_below(random, 24);

    if (kind < 6) {
        put_lifetime(random, w);
    } else if (kind < 10) {
        put_u8(w, CONSTRAIN_CONFIRM);
    } else if (kind < 20) {
        put_destinations(scene, w);
    } else if (kind < 22) {
        put_u8(w, CONSTRAIN_EXTENSION);
        put_text(w, kind == 20 ? "sk-provider@openssh.com" : "nonsense@example.org");
        put_text(w, "internal");
    } else {
        put_u8(w, kind == 22 ? 3 : (uint8_t)random_next(random));
    }
}

/* Where only ed25519 is concerned: another key's private half. */
static struct view fields_of(struct scene *scene, enum key_name name, bool certified)
{
    static uint8_t bytes[512];
    const struct pool_key *key = pool_get(name);
    struct view fields = certified ? key->certified_fields : key->fields;
    const struct view *other = &pool_get(KEY_ED25519_B)->fields;

    if (name == KEY_ED25519_A && !certified && random_chance(scene->random, 5)) {
        memcpy(bytes, fields.data, fields.len);
        memcpy(bytes + fields.len - 64, other->data + other->len - 64, 64);
        fields.data = bytes;
    }
    return fields;
}

void put_add(struct scene *scene, bool constrained, struct wire_writer *w)
{
    struct random *random = scene->random;
    enum key_name name = pick_key(scene);
    bool certified = pool_get(name)->certificate_type != NULL && random_chance(random, 30);
    struct view fields = fields_of(scene, name, certified);
    unsigned constraints = constrained ? 1 + random_below(random, 5) / 2 : 0;

    put_u8(w, constrained ? MSG_ADD_CONSTRAINED : MSG_ADD);
    put_bytes(w, fields.data, fields.len);
    put_comment(random, w);
    if (!constrained && random_chance(random, 3)) {
        put_lifetime(random, w);
    }
    for (unsigned i = 0; i < constraints; i++) {
        put_constraint(scene, w);
    }
}

void put_sound_add(struct scene *scene, enum key_name name, bool restricted, struct wire_writer *w)
{
    const struct pool_key *key = pool_get(name);

    put_u8(w, restricted ? MSG_ADD_CONSTRAINED : MSG_ADD);
    put_bytes(w, key->fields.data, key->fields.len);
    put_text(w, "from the start");
    if (restricted) {
        put_destinations(scene, w);
    }
}
