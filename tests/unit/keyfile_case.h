/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Private key files that ssh-keygen and openssl write of keys which the test knows, opened as the
 * keystore does: on the stack in the arena.
 */
#ifndef SPLIT_SSH_TESTS_KEYFILE_CASE_H
#define SPLIT_SSH_TESTS_KEYFILE_CASE_H

#include "held_keys.h"
#include "keyfile.h"
#include "stack.h"

#define PASSPHRASE "correct horse"

#define OPENSSL(...)  keygen_run(NULL, (const char *const[]){"openssl", __VA_ARGS__, NULL})
#define PASS_ARGUMENT "pass:correct horse"
#define PASSOUT       "-passout", PASS_ARGUMENT

/* A key as ssh-keygen shows it in a plain file, and the ADD message that ssh-add would make. */
struct known_key {
    char name[32];
    struct openssh_key file;
    uint8_t message[ADD_MESSAGE_MAX];
    struct add_request add;
    EVP_PKEY *public; /* NULL for ed25519 */
};

/* Reads the plain key in file NAME, with NAME.pub. */
static inline void known_key_read(const char *name, struct known_key *ret)
{
    struct wire_writer w = wire_writer(ret->message, sizeof ret->message);
    char public[64];

    snprintf(ret->name, sizeof ret->name, "%s", name);
    openssh_key_read(name, &ret->file);
    put_add(&w, &ret->file, ret->file.comment);
    assert_int_equal(add_request_parse(wire_written(&w), false, &ret->add), OK);
    snprintf(public, sizeof public, "%s.pub", name);
    ret->public = ret->add.public.type->kind == KEY_ED25519 ? NULL : public_pkey(public);
}

static inline void known_key_free(struct known_key *key)
{
    openssh_key_free(&key->file);
    EVP_PKEY_free(key->public);
}

/* What the program never says of a file. */
#define GIVEN_UP ERR_TOO_MANY

/* One attempt to open a file. */
struct opening {
    struct view text;    /* as in the file; or */
    struct view bytes;   /* decoded */
    const char *pass;    /* NULL: it shall not be sealed */
    uint32_t rounds_max; /* 0 for none; a file with more is given up on in between */

    enum err err;
    bool sealed; /* it was, and could be parsed */
    struct keyfile_key key;
    uint64_t steps;
    struct key *held; /* what key_new() made of it */
};

static inline enum err open_sealed(struct opening *o, const struct keyfile *file, struct view bytes)
{
    struct unseal *unseal = NULL;
    enum err err = unseal_begin(file, bytes, text_view(o->pass), &unseal);

    if (err != OK) {
        return err;
    }
    err = GIVEN_UP;
    do {
        o->steps++;
        if (unseal_step(unseal)) {
            err = unseal_result(unseal, &o->key);
            break;
        }
    } while (o->rounds_max == 0 || file->rounds <= o->rounds_max || o->steps < 300);
    unseal_end(&unseal);
    return err;
}

static inline void open_inside(void *argument)
{
    struct opening *o = argument;
    struct keyfile file;
    struct view bytes = o->bytes;
    uint8_t *decoded = NULL;
    size_t len = 0;

    o->err = OK;
    if (o->text.data != NULL) {
        o->err = keyfile_decode(o->text, &decoded, &len);
        bytes = (struct view){decoded, len};
    }
    if (o->err == OK) {
        o->err = keyfile_parse(bytes, &file);
        o->sealed = o->err == OK && file.sealed;
    }
    if (o->err == OK && o->sealed && o->pass != NULL) {
        o->err = open_sealed(o, &file, bytes);
    } else if (o->err == OK) {
        o->err = keyfile_open(&file, bytes, &o->key);
    }
    secret_free(decoded); /* before the key is used: it must not point in there */
    if (o->err == OK) {
        o->err = key_new(&o->key.add, &o->held);
    }
}

/* *o holds what is to be opened; what came of it is for opening_end(). */
static inline void opening_run(struct opening *o)
{
    stack_run(open_inside, o);
    assert_int_equal(ERR_peek_error(), 0);
}

static inline void opening_end(struct opening *o)
{
    keyfile_key_free(&o->key);
    key_free(&o->held);
}

/* The key is the known one, public and private half, and signs. */
static inline void assert_is_key(const struct opening *o, const struct known_key *known)
{
    const char *algorithm = known->add.public.type->name;
    const struct view data = text_view("data to be signed");
    uint8_t bytes[SIGNATURE_MAX];
    struct wire_writer w = wire_writer(bytes, sizeof bytes);

    assert_int_equal(o->err, OK);
    assert_string_equal(o->key.add.public.type->name, algorithm);
    assert_false(o->key.add.public.is_cert);
    assert_view_equal(o->key.add.public.n, known->add.public.n);
    assert_view_equal(o->key.add.public.e, known->add.public.e);
    assert_view_equal(o->key.add.public.point, known->add.public.point);
    assert_view_equal(o->key.add.private_part, known->add.private_part);
    assert_int_equal(o->key.add.certificate.len, 0);
    assert_false(o->key.add.confirm || o->key.add.has_life);
    assert_view_equal(((struct view){o->held->blob, o->held->blob_len}), known->file.blob);
    assert_int_equal(sign_data(o->held, SIGN_RSA_SHA2_256, data, &w), OK);
    assert_true(is_signature(
        wire_written(&w), known->public != NULL && *algorithm == 's' ? "rsa-sha2-256" : algorithm,
        known->public, known->add.public.point.data, data));
}

/* Opens a file of the directory; pass is NULL for one that is not sealed. */
static inline struct opening open_file(const char *name, const char *pass)
{
    struct opening o = {.text = keygen_read(name), .pass = pass};

    opening_run(&o);
    view_free(&o.text);
    return o;
}

/* It opens, and is the known key, whose comment openssh-key-v1 alone keeps. */
static inline void assert_opens(const char *name, const char *pass, const struct known_key *known,
                                bool comment)
{
    struct opening o = open_file(name, pass);

    if (o.err != OK) {
        fail_msg("%s: %s", name, err_text(o.err));
    }
    assert_int_equal(o.sealed, pass != NULL);
    assert_is_key(&o, known);
    assert_view_equal(o.key.add.comment, comment ? known->file.comment : text_view(""));
    opening_end(&o);
}

static inline void assert_refused(const char *name, const char *pass, enum err err)
{
    struct opening o = open_file(name, pass);

    if (o.err != err) {
        fail_msg("%s: %s", name, err_text(o.err));
    }
    assert_null(o.key.bytes);
    opening_end(&o);
}

/* A copy of a file of the directory. */
static inline void copy_file(const char *from, const char *to)
{
    struct view bytes = keygen_read(from);

    keygen_write(to, bytes);
    view_free(&bytes);
}

/* A copy of a plain key file, written anew by ssh-keygen with these options behind -p. */
static inline void rewrite(const char *from, const char *to, const char *pass, const char *option,
                           const char *value, const char *rounds)
{
    const char *const argv[] = {"ssh-keygen", "-q", "-p", "-P",   "",     "-N",  pass,
                                "-f",         to,   "-a", rounds, option, value, NULL};

    copy_file(from, to);
    keygen_run(NULL, argv);
}

/* One of each kind, in the files "ed25519", "ecdsa" and "rsa". */
static struct known_key ed25519, ecdsa, rsa;

static inline void known_keys_make(void)
{
    held_keys_init();
    assert_int_equal(stack_init(), OK);
    keygen_start();
    keygen_make("ed25519", "ed25519", "256");
    known_key_read("ed25519", &ed25519);
    keygen_make("ecdsa", "ecdsa", "256");
    known_key_read("ecdsa", &ecdsa);
    keygen_make("rsa", "rsa", "2048");
    known_key_read("rsa", &rsa);
}

static inline int known_keys_free(void **state)
{
    (void)state;
    known_key_free(&ed25519);
    known_key_free(&ecdsa);
    known_key_free(&rsa);
    keygen_stop();
    return 0;
}

#endif
