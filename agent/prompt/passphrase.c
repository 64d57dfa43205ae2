/* SPDX-License-Identifier: BSD-2-Clause */
/* split-ssh-prompt-child passphrase: one passphrase, from the Secret Service or from the user. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "askpass.h"
#include "child.h"
#include "clock.h"
#include "keyring.h"
#include "limits.h"
#include "log.h"
#include "passphrase_question.h"
#include "remember.h"
#include "withdrawal.h"

/* Exit statuses; the one of DIALOG_WITHDRAWN is of no interest to anybody. */
static const int by_askpass[] = {
    [DIALOG_ONCE] = 0,
    [DIALOG_WHILE] = EX_SOFTWARE,
    [DIALOG_DENY] = CHILD_DENY_ASKPASS,
    [DIALOG_TIMEOUT] = CHILD_TIMEOUT_ASKPASS,
    [DIALOG_WITHDRAWN] = EX_TEMPFAIL,
};

/* Just len bytes. ERR_MALFORMED: the end comes before. */
static enum err read_all(int fd, uint8_t *ret, size_t len)
{
    for (size_t have = 0; have < len;) {
        ssize_t n = read(fd, ret + have, len - have);

        if (n == 0) {
            return ERR_MALFORMED;
        }
        if (n < 0 && errno != EINTR) {
            return ERR_SYSTEM;
        }
        have += n > 0 ? (size_t)n : 0;
    }
    return OK;
}

static enum err read_question(int fd, struct passphrase_question *ret)
{
    uint8_t bytes[4 + CHILD_INPUT_MAX];
    enum err err = read_all(fd, bytes, 4);
    uint32_t len = err == OK ? load_u32(bytes) : 0;

    if (err != OK) {
        return err;
    }
    if (len > CHILD_INPUT_MAX) {
        return ERR_TOO_BIG;
    }
    err = read_all(fd, bytes + 4, len);
    if (err != OK) {
        return err;
    }
    return passphrase_question_parse((struct view){.data = bytes + 4, .len = len}, ret);
}

static bool is_stored(const struct passphrase_question *q, int withdrawn,
                      struct secret_memory *secret)
{
    uint64_t deadline = boottime_ms() + q->dialog.timeout_ms;
    struct keyring *keyring;
    enum err err;

    if (!q->look_up || keyring_open(withdrawn, &keyring) != OK) {
        return false;
    }
    err = keyring_look_up(keyring, q->fingerprint, deadline, secret);
    keyring_close(keyring);
    return err == OK;
}

/* 0, or the exit status. */
static int type_in(const struct passphrase_question *q, int withdrawn, struct secret_memory *secret)
{
    enum dialog_answer answer;
    enum err err = withdrawal_came(withdrawn) ? ERR_DENIED : OK;

    if (err != OK) {
        return EX_TEMPFAIL;
    }
    err = askpass_passphrase(&q->dialog, boottime_ms() + q->dialog.timeout_ms, withdrawn, secret,
                             &answer);
    if (err == OK) {
        return by_askpass[answer];
    }
    return err == ERR_NOT_FOUND ? CHILD_NO_DISPLAY : EX_SOFTWARE;
}

/* To the keystore, which reads it once we have closed the pipe. */
static bool hand_over(const struct secret_memory *secret, enum child_byte from)
{
    const uint8_t byte = (uint8_t)from;
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    bool done = null >= 0 && secret_memory_write(secret, STDOUT_FILENO) == OK &&
                dup2(null, STDOUT_FILENO) >= 0 && send(STDIN_FILENO, &byte, 1, MSG_NOSIGNAL) == 1;

    if (!done) {
        log_line("cannot hand the passphrase over: %s", strerror(errno));
    }
    if (null >= 0) {
        close(null);
    }
    return done;
}

/* Waits for the keystore's word. False at the end, or when it was withdrawn. */
static bool was_right(int withdrawn)
{
    struct pollfd fds[] = {{.fd = withdrawn, .events = POLLIN},
                           {.fd = STDIN_FILENO, .events = POLLIN}};
    uint8_t byte = 0;

    while (poll(fds, 2, -1) < 0 && errno == EINTR) {
    }
    return fds[0].revents == 0 && read(STDIN_FILENO, &byte, 1) == 1 && byte == CHILD_RIGHT;
}

static int serve(const struct passphrase_question *q, int withdrawn, struct secret_memory *secret)
{
    bool stored = is_stored(q, withdrawn, secret);
    uint32_t time_ms =
        q->dialog.timeout_ms < REMEMBER_TIMEOUT_MS ? q->dialog.timeout_ms : REMEMBER_TIMEOUT_MS;
    int status = stored ? 0 : type_in(q, withdrawn, secret);

    if (status != 0) {
        return status;
    }
    if (!hand_over(secret, stored ? CHILD_STORED : CHILD_TYPED)) {
        return EX_IOERR;
    }
    if (stored) {
        secret_memory_wipe(secret);
    }
    if (was_right(withdrawn) && !stored) {
        remember(q->fingerprint, q->label, secret, time_ms, withdrawn);
    }
    return 0;
}

int passphrase_main(void)
{
    struct passphrase_question q;
    struct secret_memory secret = {.bytes = NULL};
    int withdrawn;
    int status;
    enum err err = read_question(STDIN_FILENO, &q);

    if (err != OK) {
        log_line("not a question for a passphrase: %s", err_text(err));
        return EX_DATAERR;
    }
    withdrawn = withdrawal_watch();
    if (withdrawn < 0) {
        log_line("cannot watch signals: %s", strerror(errno));
        return EX_OSERR;
    }
    if (secret_memory_map(PASSPHRASE_ROOM, &secret) != OK) {
        log_line("cannot lock a page of memory: %s", strerror(errno));
        return EX_OSERR;
    }
    status = serve(&q, withdrawn, &secret);
    secret_memory_free(&secret);
    return status;
}
