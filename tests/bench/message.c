/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

#define SIGN_RSA_SHA2_512 4U

struct view message_view(const struct message *m)
{
    return (struct view){.data = m->bytes, .len = m->len};
}

/* A writer behind the length word, which finish() fills in. */
static struct wire_writer start(struct message *m, uint8_t type, uint8_t answer)
{
    struct wire_writer w = wire_writer(m->bytes, sizeof m->bytes);

    m->answer = answer;
    put_u32(&w, 0);
    put_u8(&w, type);
    return w;
}

static void finish(struct message *m, const struct wire_writer *w)
{
    if (w->err != OK) {
        errno = 0;
        die("a request does not fit into %u bytes", MESSAGE_MAX);
    }
    m->len = w->len;
    store_u32(m->bytes, (uint32_t)(w->len - 4));
}

void message_list(struct message *ret)
{
    struct wire_writer w = start(ret, MSG_LIST, MSG_LIST_ANSWER);

    finish(ret, &w);
}

static void put_extension(struct message *ret)
{
    struct wire_writer w = start(ret, MSG_EXTENSION, MSG_FAILURE);

    put_text(&w, "no-such-extension@bench.invalid");
    finish(ret, &w);
}

void message_add_ed25519(struct message *ret, const char *comment)
{
    struct wire_writer w = start(ret, MSG_ADD, MSG_SUCCESS);
    uint8_t public[crypto_sign_ed25519_PUBLICKEYBYTES];
    uint8_t private[crypto_sign_ed25519_SECRETKEYBYTES];

    crypto_sign_ed25519_keypair(public, private);
    put_text(&w, "ssh-ed25519");
    put_string(&w, (struct view){.data = public, .len = sizeof public});
    put_string(&w, (struct view){.data = private, .len = sizeof private});
    put_text(&w, comment);
    finish(ret, &w);
}

/* The blob of the listed key with this comment; it points into the answer. */
static struct view find_key(struct view answer, const char *comment)
{
    struct wire_reader r = wire_reader(answer.data, answer.len);
    uint32_t count;

    errno = 0;
    if (wire_u8(&r) != MSG_LIST_ANSWER) {
        die("the agent does not list its keys");
    }
    count = wire_u32(&r);
    for (uint32_t i = 0; i < count && r.err == OK; i++) {
        struct view blob = wire_string(&r, FRAME_MAX);

        if (view_is(wire_string(&r, FRAME_MAX), comment)) {
            return blob;
        }
    }
    die("the agent has no key %s", comment);
}

/* RFC 4252 section 7, with the host key of OpenSSH's PROTOCOL section 3.1 at the end. */
static void put_login(struct wire_writer *w, const char *algorithm, struct view blob)
{
    uint8_t host[32];
    uint8_t session[32];
    uint8_t host_blob[64];
    struct wire_writer h = wire_writer(host_blob, sizeof host_blob);

    randombytes_buf(host, sizeof host);
    randombytes_buf(session, sizeof session);
    put_text(&h, "ssh-ed25519");
    put_string(&h, (struct view){.data = host, .len = sizeof host});
    put_string(w, (struct view){.data = session, .len = sizeof session});
    put_u8(w, 50);
    put_text(w, "somebody");
    put_text(w, "ssh-connection");
    put_text(w, "publickey-hostbound-v00@openssh.com");
    put_u8(w, 1);
    put_text(w, algorithm);
    put_string(w, blob);
    put_string(w, wire_written(&h));
}

static void put_sign(struct message *ret, struct client *c, const char *comment)
{
    uint8_t login_bytes[MESSAGE_MAX];
    struct wire_writer login = wire_writer(login_bytes, sizeof login_bytes);
    struct wire_writer w = start(ret, MSG_SIGN, MSG_SIGN_ANSWER);
    struct message list;
    struct view blob;
    struct wire_reader r;
    struct view type;
    bool is_rsa;

    message_list(&list);
    blob = find_key(client_ask(c, message_view(&list)), comment);
    r = wire_reader(blob.data, blob.len);
    type = wire_string(&r, KEY_TYPE_MAX);
    is_rsa = view_is(type, "ssh-rsa");
    char algorithm[KEY_TYPE_MAX + 1];
    snprintf(algorithm, sizeof algorithm, "%.*s", (int)type.len, (const char *)type.data);
    put_login(&login, is_rsa ? "rsa-sha2-512" : algorithm, blob);
    put_string(&w, blob);
    put_string(&w, wire_written(&login));
    put_u32(&w, is_rsa ? SIGN_RSA_SHA2_512 : 0);
    finish(ret, &w);
}

void message_named(struct message *ret, struct client *c, const char *what)
{
    if (strcmp(what, "list") == 0) {
        message_list(ret);
    } else if (strcmp(what, "extension") == 0) {
        put_extension(ret);
    } else {
        put_sign(ret, c, what);
    }
}
