/* SPDX-License-Identifier: BSD-2-Clause */
#include "unsealing.h"

#include <sodium.h>

#include "descriptor.h"
#include "keyfile.h"
#include "keytable.h"
#include "lock.h"
#include "secret.h"
#include "side.h"

static struct {
    bool due; /* an UNSEALED is to come */
    uint64_t id;
    uint64_t serial;     /* of the key; another one has this id if it was added again */
    struct unseal *work; /* NULL: none is left to do, and err says what came of it */
    enum err err;
} unsealing;

static struct view file_of(const struct key *key)
{
    return (struct view){key->private_part, key->private_len};
}

static enum err begin(const struct key *key, int fd)
{
    struct keyfile file;
    uint8_t *passphrase;
    size_t len;
    enum err err = descriptor_passphrase(fd, &passphrase, &len);

    if (err != OK) {
        return err;
    }
    err = keyfile_parse(file_of(key), &file);
    if (err == OK) {
        err = unseal_begin(&file, file_of(key), (struct view){passphrase, len}, &unsealing.work);
    }
    secret_free(passphrase);
    return err;
}

enum err handle_unseal(const struct request *request, struct wire_writer *answer)
{
    const struct key *key;
    struct ticket ticket;
    enum err err;

    (void)answer;
    if (lock_is_closed()) {
        return ERR_LOCKED;
    }
    if (unsealing.due) {
        return ERR_TOO_MANY;
    }
    err = side_take(SIDE_PASSPHRASE, request->ticket, &ticket);
    if (err != OK) {
        return err;
    }
    key = keytable_find(request->id);
    if (key == NULL) {
        err = ERR_NOT_FOUND;
    } else if (key->sealed) { /* else there is nothing to do, and that is well */
        err = begin(key, ticket.fd);
    }
    ticket_free(&ticket);
    if (err == OK) {
        unsealing.due = true;
        unsealing.err = OK;
        unsealing.id = request->id;
        unsealing.serial = key->serial;
    }
    return err;
}

void unsealing_lock(void)
{
    if (unsealing.work != NULL) {
        unseal_end(&unsealing.work);
        unsealing.err = ERR_LOCKED;
    }
}

bool unsealing_is_due(void)
{
    return unsealing.due;
}

/* In other agents, and with a certificate; what fails stays sealed, and is asked for again. */
static void open_others(const struct key *key, const struct add_request *add)
{
    struct key *other;
    size_t slot = 0;

    while ((other = keytable_next(&slot)) != NULL) {
        if (other != key && other->sealed && other->private_len == key->private_len &&
            sodium_memcmp(other->private_part, key->private_part, key->private_len) == 0) {
            enum err ignored = key_open(other, add);
            (void)ignored;
        }
    }
}

static enum err finish(struct key *key)
{
    struct keyfile_key opened;
    enum err err = unseal_result(unsealing.work, &opened);

    if (err != OK) {
        return err;
    }
    open_others(key, &opened.add);
    err = key_open(key, &opened.add);
    keyfile_key_free(&opened);
    return err;
}

/* The key's file is what is worked on, so there is no step without the key. True: there is none. */
static bool step(uint64_t now)
{
    struct key *key;

    keytable_expire(now);
    key = keytable_find(unsealing.id);
    if (key == NULL || key->serial != unsealing.serial) {
        unsealing.err = ERR_NOT_FOUND;
    } else if (unseal_step(unsealing.work)) {
        unsealing.err = finish(key);
    } else {
        return false;
    }
    unseal_end(&unsealing.work);
    return true;
}

bool unsealing_step(uint64_t now, struct unsealed *ret)
{
    if (unsealing.work != NULL && !step(now)) {
        return false;
    }
    unsealing.due = false;
    *ret = (struct unsealed){.id = unsealing.id, .err = unsealing.err};
    return true;
}
