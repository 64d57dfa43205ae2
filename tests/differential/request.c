/* SPDX-License-Identifier: BSD-2-Clause */
#include "differential.h"

enum key_name pick_key(struct scene *scene)
{
    struct random *random = scene->random;

    if (random_chance(random, 75)) {
        return scene->keys[random_below(random, 3)];
    }
    return (enum key_name)random_below(random, random_chance(random, 75) ? (unsigned)KEY_RSA_SHORT
                                                                         : (unsigned)KEYS);
}

unsigned pick_host(struct scene *scene)
{
    return random_chance(scene->random, 70) ? scene->host : random_below(scene->random, HOSTS);
}

struct view pick_blob(struct scene *scene)
{
    static const uint8_t unknown[] = {0, 0, 0, 7, 's', 's', 'h', '-', 'f', 'o', 'o', 0};
    struct random *random = scene->random;
    const struct pool_key *key = pool_get(pick_key(scene));

    if (random_chance(random, 3)) {
        return (struct view){unknown, sizeof unknown};
    }
    return key->user_certificate.len > 0 && random_chance(random, 25) ? key->user_certificate
                                                                      : key->blob;
}

static void put_remove(struct scene *scene, struct wire_writer *w)
{
    put_u8(w, MSG_REMOVE);
    put_string(w, pick_blob(scene));
}

/* OpenSSH's agent sleeps after a wrong passphrase, so most of them are right. */
static void put_passphrase(struct scene *scene, uint8_t type, struct wire_writer *w)
{
    static uint8_t bytes[PASSPHRASE_MAX + 1];
    struct random *random = scene->random;

    put_u8(w, type);
    switch (random_below(random, 40)) {
    case 0:
        put_text(w, "");
        return;
    case 1:
        memset(bytes, 'p', sizeof bytes);
        put_string(w, (struct view){bytes, PASSPHRASE_MAX + random_below(random, 2)});
        return;
    case 2:
        put_string(w, (struct view){(const uint8_t *)"a\0b", 2 + random_below(random, 2)});
        return;
    case 3:
        put_text(w, "wrong");
        return;
    default:
        put_text(w, "passphrase");
    }
}

static void put_extension(struct scene *scene, struct wire_writer *w)
{
    static const char *const names[] = {"query", "query", "nonsense@example.org", "", "Query"};
    unsigned i = random_below(scene->random, 5);

    put_u8(w, MSG_EXTENSION);
    put_text(w, names[i]);
    if (i == 2 || random_chance(scene->random, 10)) {
        put_text(w, "something");
    }
}

/* SSH-1, answers in the place of requests, numbers that nobody has. */
static void put_unknown(struct scene *scene, struct wire_writer *w)
{
    static const uint8_t types[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,   10, 12,
                                    14, 15, 16, 24, 28, 29, 30, 31, 99, 200, 255};
    uint8_t bytes[64];
    size_t len = random_below(scene->random, sizeof bytes);

    put_u8(w, types[random_below(scene->random, sizeof types)]);
    random_fill(scene->random, bytes, len);
    put_bytes(w, bytes, len);
}

static void put_smartcard(struct scene *scene, struct wire_writer *w)
{
    static const uint8_t types[] = {MSG_ADD_SMARTCARD, MSG_REMOVE_SMARTCARD,
                                    MSG_ADD_SMARTCARD_CONSTRAINED};

    put_u8(w, types[random_below(scene->random, 3)]);
    put_text(w, "/nonexistent/provider.so");
    put_text(w, "1234");
}

void put_request(struct scene *scene, unsigned connection, struct wire_writer *w)
{
    unsigned kind = random_below(scene->random, 100);

    if (kind < 12) {
        put_u8(w, MSG_LIST);
    } else if (kind < 40) {
        put_sign(scene, connection, w);
    } else if (kind < 67) {
        put_add(scene, kind < 54, w);
    } else if (kind < 72) {
        put_remove(scene, w);
    } else if (kind < 73) {
        put_u8(w, MSG_REMOVE_ALL);
        if (random_chance(scene->random, 15)) {
            put_u8(w, 0);
        }
    } else if (kind < 74) {
        put_passphrase(scene, MSG_LOCK, w);
    } else if (kind < 79) {
        put_passphrase(scene, MSG_UNLOCK, w);
    } else if (kind < 90) {
        put_bind(scene, connection, w);
    } else if (kind < 94) {
        put_extension(scene, w);
    } else if (kind < 97) {
        put_unknown(scene, w);
    } else {
        put_smartcard(scene, w);
    }
}
