/* SPDX-License-Identifier: BSD-2-Clause */
#include "askpass_answer.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "askpass.h"
#include "askpass_find.h"
#include "askpass_prompt.h"
#include "clock.h"
#include "key_check.h"
#include "key_name.h"
#include "keyring.h"
#include "log.h"
#include "remember.h"
#include "withdrawal.h"

#define LABEL_MAX 1024U

struct answering {
    struct askpass_prompt prompt;
    char fingerprint[FINGERPRINT_SIZE];
    struct secret_memory secret;
    int withdrawn;
    int done; /* takes the exit status */
};

/*
 * What is found as "the askpass program" may be a script that starts us again: then only the usual
 * ones are left, and after that none.
 */
static bool count_depth(void)
{
    const char *depth = getenv(ASKPASS_DEPTH_VARIABLE);
    const char *named = getenv("SSH_ASKPASS");

    if (depth != NULL && strcmp(depth, "1") != 0) {
        log_line("the askpass program that is installed starts split-ssh-askpass again");
        return false;
    }
    if (depth != NULL || (named != NULL && askpass_is_ours(named))) {
        unsetenv("SSH_ASKPASS");
    }
    return setenv(ASKPASS_DEPTH_VARIABLE, depth == NULL ? "1" : "2", 1) == 0;
}

static int hand_on(const char *text)
{
    const char *program = askpass_find();
    char *argv[] = {(char *)program, (char *)text, NULL};

    if (program != NULL) {
        execve(program, argv, environ);
        log_line("cannot run %.200s: %s", program, strerror(errno));
    }
    return EXIT_FAILURE;
}

static uint64_t in_time(void)
{
    return boottime_ms() + PASSPHRASE_TIMEOUT_MS;
}

/* One that is stored and right. Who gets a wrong one would ask us for ever, or give up. */
static bool is_stored(struct answering *a)
{
    struct keyring *keyring;
    enum key_check check;
    enum err err;

    if (a->prompt.again || keyring_open(a->withdrawn, &keyring) != OK) {
        return false;
    }
    err = keyring_look_up(keyring, a->fingerprint, in_time(), &a->secret);
    keyring_close(keyring);
    if (err != OK) {
        return false;
    }
    check = key_check(a->prompt.path, &a->secret, in_time(), a->withdrawn);
    if (check != KEY_OPENS) {
        log_line("the stored passphrase %s", check == KEY_UNCHECKED
                                                 ? "could not be checked with ssh-keygen"
                                                 : "is not the one of this file");
        secret_memory_wipe(&a->secret);
    }
    return check == KEY_OPENS;
}

static bool type_in(struct answering *a, const char *text)
{
    enum dialog_answer answer = DIALOG_WITHDRAWN;

    return !withdrawal_came(a->withdrawn) &&
           askpass_pass_on(text, UINT64_MAX, a->withdrawn, &a->secret, &answer) == OK &&
           answer == DIALOG_ONCE;
}

/* OpenSSH waits for the end of our output, and for that of the process that it started. */
static bool deliver(struct answering *a, bool found)
{
    const uint8_t status = found ? EXIT_SUCCESS : EXIT_FAILURE;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    bool done = !found || (secret_memory_write(&a->secret, STDOUT_FILENO) == OK &&
                           write(STDOUT_FILENO, "\n", 1) == 1);

    /* From here on nobody waits for us, or shows what we say. */
    if (null < 0 || !done || dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0 ||
        prctl(PR_SET_PDEATHSIG, 0) != 0) {
        return false;
    }
    close(null);
    done = write(a->done, &status, 1) == 1;
    close(a->done);
    return done;
}

static void offer_to_remember(struct answering *a)
{
    char *path = realpath(a->prompt.path, NULL);
    const char *shown = path != NULL ? path : a->prompt.path;
    char clean[LABEL_MAX - 16];
    char label[LABEL_MAX];

    if (key_check(a->prompt.path, &a->secret, in_time(), a->withdrawn) == KEY_OPENS) {
        snprintf(label, sizeof label, "SSH key %s",
                 log_clean(clean, sizeof clean, shown, strlen(shown)));
        remember(a->fingerprint, label, &a->secret, REMEMBER_TIMEOUT_MS, a->withdrawn);
    }
    free(path);
}

static int work(struct answering *a, const char *text, pid_t parent)
{
    bool stored;
    bool found;

    a->withdrawn = withdrawal_watch();
    if (a->withdrawn < 0 || prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent ||
        secret_memory_map(PASSPHRASE_ROOM, &a->secret) != OK) {
        log_line("cannot be started: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    stored = is_stored(a);
    found = stored || type_in(a, text);
    if (deliver(a, found) && found && !stored) {
        offer_to_remember(a);
    }
    secret_memory_free(&a->secret);
    return EXIT_SUCCESS;
}

/*
 * A process of its own does the work, so that OpenSSH, which waits for this one, need not wait
 * until the user has said whether to remember what was typed.
 */
static int answer_key(struct answering *a, const char *text)
{
    uint8_t status = EXIT_FAILURE;
    pid_t self = getpid();
    int ends[2];
    pid_t pid;

    /* OpenSSH leaves us its end of the pipe a second time; it waits until all are closed. */
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || close_range(STDERR_FILENO + 1, ~0U, 0) != 0 ||
        pipe2(ends, O_CLOEXEC) != 0) {
        log_line("cannot be started: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    pid = fork();
    if (pid < 0) {
        log_line("cannot start a process: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    if (pid == 0) {
        close(ends[0]);
        a->done = ends[1];
        _exit(work(a, text, self));
    }
    close(ends[1]);
    if (read(ends[0], &status, 1) != 1) {
        status = EXIT_FAILURE;
    }
    return status;
}

int askpass_answer(const char *text)
{
    const char *kind = getenv("SSH_ASKPASS_PROMPT");
    struct answering a = {.done = -1};

    if (!count_depth()) {
        return EXIT_FAILURE;
    }
    if ((kind != NULL && kind[0] != '\0') || !askpass_prompt_parse(text, &a.prompt) ||
        key_name_of_file(a.prompt.path, a.fingerprint) != OK) {
        return hand_on(text);
    }
    return answer_key(&a, text);
}
