/* SPDX-License-Identifier: BSD-2-Clause */
#include "askpass_command.h"

#include <limits.h>
#include <stdlib.h>

#include "clock.h"
#include "key_check.h"
#include "key_name.h"
#include "keyring.h"
#include "log.h"
#include "typed_line.h"
#include "withdrawal.h"

struct command {
    char path[PATH_MAX]; /* of the private key file; "" for a fingerprint */
    char fingerprint[FINGERPRINT_SIZE];
    struct secret_memory secret;
    int withdrawn;
};

static uint64_t in_time(void)
{
    return boottime_ms() + PASSPHRASE_TIMEOUT_MS;
}

bool askpass_is_command(const char *word)
{
    return strcmp(word, ASKPASS_STORE) == 0 || strcmp(word, ASKPASS_FORGET) == 0 ||
           strcmp(word, ASKPASS_TEST) == 0;
}

static bool take_path(const char *key, struct command *ret)
{
    const size_t suffix = sizeof ".pub" - 1;
    size_t len = strlen(key);

    if (len >= sizeof ret->path) {
        return false;
    }
    memcpy(ret->path, key, len + 1);
    if (len > suffix && strcmp(key + len - suffix, ".pub") == 0) {
        ret->path[len - suffix] = '\0';
    }
    return true;
}

/* Which key it is. False, with a log line. */
static bool take_key(const char *word, const char *key, struct command *ret)
{
    bool forget = strcmp(word, ASKPASS_FORGET) == 0;
    enum err err;

    if (forget && key_name_is_fingerprint(key)) {
        memcpy(ret->fingerprint, key, strlen(key) + 1);
        return true;
    }
    if (!take_path(key, ret)) {
        log_line("the path is too long");
        return false;
    }
    err = key_name_of_file(ret->path, ret->fingerprint);
    if (err == ERR_SYSTEM && forget && key_name_of_public(key, ret->fingerprint) == OK) {
        err = OK; /* the private one may be gone */
    }
    if (err != OK) {
        log_line("%.400s: %s", ret->path, err == ERR_SYSTEM ? strerror(errno) : err_text(err));
    }
    return err == OK;
}

/* Whether the passphrase is right. Else it says why not. */
static bool check(const struct command *c, const char *whose)
{
    switch (key_check(c->path, &c->secret, in_time(), c->withdrawn)) {
    case KEY_OPENS:
        return true;
    case KEY_STAYS_CLOSED:
        log_line("the %spassphrase does not open %.400s", whose, c->path);
        return false;
    case KEY_IS_OPEN:
        log_line("%.400s has no passphrase", c->path);
        return false;
    case KEY_UNCHECKED:
        break;
    }
    log_line("ssh-keygen does not read %.400s (ssh-keygen -y -f FILE says why)", c->path);
    return false;
}

static const char *why_none(enum err err)
{
    switch (err) {
    case ERR_NOT_FOUND:
        return "it is empty";
    case ERR_ANSWER:
        return "interrupted";
    case ERR_SYSTEM:
        return strerror(errno);
    default:
        return err_text(err);
    }
}

static int store(struct command *c, struct keyring *keyring)
{
    char *path = realpath(c->path, NULL);
    char clean[PATH_MAX];
    char label[PATH_MAX + 16];
    int status = EXIT_FAILURE;
    enum err err;

    err = typed_line(c->path, c->withdrawn, &c->secret);
    if (err != OK) {
        log_line("no passphrase: %s", why_none(err));
        goto out;
    }
    if (!check(c, "")) {
        goto out;
    }
    snprintf(label, sizeof label, "SSH key %s",
             log_clean(clean, sizeof clean, path != NULL ? path : c->path,
                       strlen(path != NULL ? path : c->path)));
    if (keyring_store(keyring, c->fingerprint, label, &c->secret, in_time()) == OK) {
        printf("stored: the passphrase of %s\n", c->fingerprint);
        status = EXIT_SUCCESS;
    }
out:
    free(path);
    return status;
}

static int forget(const struct command *c, struct keyring *keyring)
{
    enum err err = keyring_forget(keyring, c->fingerprint, in_time());

    if (err == ERR_NOT_FOUND) {
        log_line("no passphrase of %s is stored", c->fingerprint);
    }
    if (err != OK) {
        return EXIT_FAILURE;
    }
    printf("forgotten: the passphrase of %s\n", c->fingerprint);
    return EXIT_SUCCESS;
}

static int test(struct command *c, struct keyring *keyring)
{
    enum err err = keyring_look_up(keyring, c->fingerprint, in_time(), &c->secret);

    if (err == ERR_NOT_FOUND) {
        log_line("no passphrase of %s is stored", c->fingerprint);
    }
    if (err != OK || !check(c, "stored ")) {
        return EXIT_FAILURE;
    }
    printf("the stored passphrase opens %s\n", c->path);
    return EXIT_SUCCESS;
}

int askpass_command(const char *word, const char *key)
{
    struct command c = {.withdrawn = withdrawal_watch()};
    struct keyring *keyring = NULL;
    int status = EXIT_FAILURE;

    if (c.withdrawn < 0 || secret_memory_map(PASSPHRASE_ROOM, &c.secret) != OK) {
        log_line("cannot be started: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    if (!take_key(word, key, &c) || keyring_open(c.withdrawn, &keyring) != OK) {
        goto out;
    }
    if (strcmp(word, ASKPASS_STORE) == 0) {
        status = store(&c, keyring);
    } else if (strcmp(word, ASKPASS_FORGET) == 0) {
        status = forget(&c, keyring);
    } else {
        status = test(&c, keyring);
    }
    if (fflush(stdout) != 0) {
        log_line("cannot write the output: %s", strerror(errno));
        status = EXIT_FAILURE;
    }
out:
    keyring_close(keyring);
    secret_memory_free(&c.secret);
    return status;
}
