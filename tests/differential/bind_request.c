/* SPDX-License-Identifier: BSD-2-Clause */
#include "differential.h"

/* The host's signature over the session, or one that is none. */
static void put_signature(struct scene *scene, unsigned host, struct view session,
                          struct wire_writer *w)
{
    static const char *const algorithms[] = {"rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"};
    struct random *random = scene->random;
    const struct pool_key *key = pool_get((enum key_name)(HOST_ED25519 + host));
    const char *algorithm = algorithms[random_below(random, random_chance(random, 20) ? 3 : 2)];
    uint8_t bytes[512];
    struct wire_writer signature = wire_writer(bytes, sizeof bytes);

    key_sign(key, random, session, algorithm, &signature);
    if (random_chance(random, 8)) {
        bytes[random_below(random, (uint32_t)signature.len)] ^=
            (uint8_t)(1U << random_below(random, 8));
    }
    put_string(w, wire_written(&signature));
}

/* OpenSSH's PROTOCOL.agent, section 1. */
void put_bind(struct scene *scene, unsigned connection, struct wire_writer *w)
{
    static const uint8_t long_session[SESSION_ID_MAX + 1] = {1};
    struct random *random = scene->random;
    unsigned host = pick_host(scene);
    unsigned number = random_below(random, 3);
    struct view session = {scene->sessions[number], sizeof scene->sessions[number]};
    bool forwarding = random_chance(random, 35);

    if (scene->last[connection].bound && random_chance(random, 15)) { /* once more */
        host = scene->last[connection].host;
        number = scene->last[connection].session;
        session.data = scene->sessions[number];
    }
    if (random_chance(random, 4)) {
        session = (struct view){long_session,
                                random_chance(random, 50) ? SESSION_ID_MAX : SESSION_ID_MAX + 1};
    }
    if (random_chance(random, 2)) {
        session.len = 0;
    }
    put_u8(w, MSG_EXTENSION);
    put_text(w, "session-bind@openssh.com");
    put_string(w, pick_host_blob(host));
    put_string(w, session);
    put_signature(scene, host, session, w);
    put_u8(w, forwarding);
    scene->last[connection].host = host;
    scene->last[connection].session = number;
    scene->last[connection].bound = true;
}
