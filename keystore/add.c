/* SPDX-License-Identifier: BSD-2-Clause */
#include "add.h"

#include "clock.h"
#include "descriptor.h"
#include "keyfile.h"
#include "keytable.h"
#include "lock.h"
#include "purpose.h"
#include "secret.h"
#include "side.h"

/* Who adds, and what holds where the key says nothing. */
struct adding {
    uint32_t agent;
    uint32_t default_life; /* seconds; 0 for none */
    const struct add_request *add;
};

static uint64_t deadline_of(const struct adding *adding)
{
    uint32_t life = adding->add->has_life ? adding->add->life : adding->default_life;

    if (life == 0 && !adding->add->has_life) {
        return 0;
    }
    return boottime_ms() + (uint64_t)life * 1000U;
}

/* Puts a key into the table and the answer; *key becomes NULL where it is taken. */
static enum err keep(struct wire_writer *w, const struct adding *adding, unsigned flags,
                     struct key **key, uint64_t *ret_id)
{
    struct key *kept;
    enum err err;

    (*key)->agent = adding->agent;
    (*key)->deadline = deadline_of(adding);
    err = keytable_put(key, &kept);
    if (err != OK) {
        return err;
    }
    flags |= kept->confirm ? IPC_KEY_CONFIRM : 0;
    flags |= kept->sealed ? IPC_KEY_SEALED : 0;
    put_u64(w, kept->id);
    put_u64(w, kept->deadline);
    put_u8(w, (uint8_t)flags);
    put_string(w, (struct view){kept->blob, kept->blob_len});
    put_string(w, (struct view){kept->comment, kept->comment_len});
    put_string(w, adding->add->destinations);
    if (w->err != OK) { /* the agent would not know that it is here */
        err = keytable_remove(kept->id);
        return err != OK ? err : w->err;
    }
    *ret_id = kept->id;
    return OK;
}

enum err handle_add(const struct request *request, struct wire_writer *answer)
{
    struct add_request add;
    struct adding adding = {
        .agent = request->agent, .default_life = request->default_life, .add = &add};
    struct key *key = NULL;
    uint64_t id;
    enum err err;

    if (lock_is_closed()) {
        return ERR_LOCKED;
    }
    err = add_request_parse(request->message, request->constrained, &add);
    if (err == OK) {
        err = key_new(&add, &key);
    }
    if (err == OK) {
        err = keep(answer, &adding, 0, &key, &id);
    }
    key_free(&key);
    return err;
}

/* A key as it stands in a file, and what it stands in; all of it in the arena. */
struct from_file {
    uint8_t *bytes;            /* the file, decoded */
    struct keyfile_key opened; /* where it is not sealed */
    bool sealed;
    struct add_request add;
};

static void from_file_free(struct from_file *from)
{
    keyfile_key_free(&from->opened);
    secret_free(from->bytes);
}

/* The public half of a sealed file: its own, or else what lies beside it. */
static enum err find_public(const struct keyfile *file, struct view beside, struct public_key *ret)
{
    struct view blob = file->blob.len > 0 ? file->blob : beside;
    enum err otherwise = file->blob.len > 0 ? ERR_FILE_FORMAT : ERR_FILE_PUBLIC;
    enum err err = public_key_parse(blob, ret);

    if (err == ERR_KEY_DSA || err == ERR_KEY_SK || err == ERR_KEY_TYPE) {
        return err;
    }
    return err == OK && !ret->is_cert ? OK : otherwise;
}

/* A comment with a NUL would hide all other keys from OpenSSH's clients. */
static struct view before_nul(struct view comment)
{
    const uint8_t *nul = comment.len > 0 ? memchr(comment.data, '\0', comment.len) : NULL;

    return (struct view){comment.data, nul != NULL ? (size_t)(nul - comment.data) : comment.len};
}

/* What from->bytes holds. The packet says what stands beside the file. */
static enum err read_key(struct from_file *from, size_t len, const struct packet *packet)
{
    struct view bytes = {from->bytes, len};
    struct keyfile file;
    enum err err = keyfile_parse(bytes, &file);

    if (err != OK) {
        return err;
    }
    from->sealed = file.sealed;
    if (file.sealed) {
        from->add.private_part = bytes;
        err = find_public(&file, packet->public, &from->add.public);
    } else {
        err = keyfile_open(&file, bytes, &from->opened);
        from->add = from->opened.add;
    }
    if (from->add.comment.len == 0) {
        from->add.comment = packet->comment;
    }
    from->add.comment = before_nul(from->add.comment);
    from->add.confirm = packet->confirm;
    from->add.has_life = packet->life != SIDE_NO_LIFE;
    from->add.life = packet->life;
    return err;
}

/* Reads the ticket's file; *ret is the caller's (from_file_free) in any case. */
static enum err read_file(const struct ticket *ticket, struct from_file *ret)
{
    uint8_t *text;
    size_t len;
    enum err err = descriptor_file(ticket->fd, &text, &len);

    if (err != OK) {
        return err;
    }
    err = keyfile_decode((struct view){text, len}, &ret->bytes, &len);
    secret_free(text);
    return err == OK ? read_key(ret, len, &ticket->packet) : err;
}

static bool is_certificate_of(struct view certificate, const struct key *key)
{
    struct public_key public;

    return public_key_parse(certificate, &public) == OK && public.is_cert &&
           purpose_same_key(certificate, (struct view){key->blob, key->blob_len});
}

/* The key, and one more with its certificate: both, or none. */
static enum err keep_both(struct wire_writer *w, const struct adding *adding, unsigned flags,
                          struct key **plain, struct key **certified)
{
    uint64_t id;
    uint64_t other_id;
    enum err err = keep(w, adding, flags, plain, &id);
    enum err ignored;

    if (err == OK && *certified != NULL) {
        err = keep(w, adding, 0, certified, &other_id);
        if (err != OK) {
            ignored = keytable_remove(id);
            (void)ignored;
        }
    }
    return err;
}

/* A certificate of another key is left out, and said. */
static enum err add_from(struct wire_writer *w, const struct adding *adding, struct from_file *from,
                         struct view certificate)
{
    struct key *plain = NULL;
    struct key *certified = NULL;
    unsigned flags = 0;
    enum err err = key_of_file(&from->add, from->sealed, &plain);

    if (err == OK && certificate.len > 0) {
        if (is_certificate_of(certificate, plain)) {
            from->add.certificate = certificate;
            err = key_of_file(&from->add, from->sealed, &certified);
        } else {
            flags = IPC_KEY_BAD_CERT;
        }
    }
    if (err == OK) {
        err = keep_both(w, adding, flags, &plain, &certified);
    }
    key_free(&plain);
    key_free(&certified);
    return err;
}

enum err handle_add_file(const struct request *request, struct wire_writer *answer)
{
    struct from_file from = {0};
    struct adding adding = {
        .agent = request->agent, .default_life = request->default_life, .add = &from.add};
    struct ticket ticket;
    enum err err;

    if (lock_is_closed()) { /* the ticket stays good */
        return ERR_LOCKED;
    }
    err = side_take(SIDE_FILE, request->ticket, &ticket);
    if (err != OK) {
        return err;
    }
    err = read_file(&ticket, &from);
    if (err == OK) {
        err = add_from(answer, &adding, &from, ticket.packet.certificate);
    }
    from_file_free(&from);
    ticket_free(&ticket);
    return err;
}
