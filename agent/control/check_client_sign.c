/* SPDX-License-Identifier: BSD-2-Clause */
/* A test signature through the relay, made and verified by ssh-keygen, as git does. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_client.h"
#include "check_run.h"
#include "log.h"

/* Of the SSHSIG: one that a vault allows which has no policy of its own. The vault shows it. */
#define NAMESPACE "file"
/* The question, and a passphrase, each as long as the vault waits. */
#define SIGN_TIMEOUT_MS (QUESTION_TIMEOUT_MS + PASSPHRASE_TIMEOUT_MS + 10000U)
#define RANDOM_SIZE     16U
#define PATH_SIZE       128U

static const char *const names[] = {"key.pub", "data", "data.sig", "signers"};

/* The files of a test, in a directory of their own. */
struct bench {
    char directory[PATH_SIZE];
    char path[sizeof names / sizeof names[0]][PATH_SIZE + 16U];
};

enum { KEY, DATA, SIGNATURE, SIGNERS };

static bool bench_open(struct bench *ret)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    struct stat st;

    if (runtime == NULL || strlen(runtime) > PATH_SIZE / 2U || stat(runtime, &st) != 0 ||
        st.st_uid != geteuid()) {
        runtime = "/tmp";
    }
    snprintf(ret->directory, sizeof ret->directory, "%s/split-ssh-check.XXXXXX", runtime);
    if (mkdtemp(ret->directory) == NULL) {
        return false;
    }
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(ret->path[i], sizeof ret->path[i], "%s/%s", ret->directory, names[i]);
    }
    return true;
}

static void bench_close(const struct bench *bench)
{
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        unlink(bench->path[i]);
    }
    rmdir(bench->directory);
}

/* RFC 4648, section 4. */
static void put_base64(FILE *stream, struct view v)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < v.len; i += 3) {
        uint32_t n = (uint32_t)v.data[i] << 16;

        n |= i + 1 < v.len ? (uint32_t)v.data[i + 1] << 8 : 0;
        n |= i + 2 < v.len ? v.data[i + 2] : 0;
        putc(digits[n >> 18 & 63], stream);
        putc(digits[n >> 12 & 63], stream);
        putc(i + 1 < v.len ? digits[n >> 6 & 63] : '=', stream);
        putc(i + 2 < v.len ? digits[n & 63] : '=', stream);
    }
}

static bool close_file(FILE *file)
{
    bool good = ferror(file) == 0;

    return fclose(file) == 0 && good;
}

/* The public half: for ssh-keygen -Y sign alone, for -Y verify after the name of who signs. */
static bool write_key(const char *path, const char *before, const struct client_key *key)
{
    FILE *file = fopen(path, "we");

    if (file == NULL) {
        return false;
    }
    fprintf(file, "%s%s ", before, key->type);
    put_base64(file, key->blob);
    putc('\n', file);
    return close_file(file);
}

/* Nobody can have signed this before. */
static bool write_data(const char *path)
{
    uint8_t bytes[RANDOM_SIZE];
    FILE *file = fopen(path, "we");

    if (file == NULL) {
        return false;
    }
    if (getrandom(bytes, sizeof bytes, 0) == (ssize_t)sizeof bytes) {
        put_base64(file, (struct view){bytes, sizeof bytes});
    }
    putc('\n', file);
    return close_file(file);
}

static void not_signed(struct check *check, const struct client_key *key, const struct run *run)
{
    char install[128];

    if (!run->started) {
        check_note(check, "no test signature: there is no ssh-keygen");
        check_install(install, sizeof install,
                      access("/usr/bin/dnf", X_OK) == 0 ? "openssh-clients" : "openssh-client");
        check_mend(check, CHECK_TEMPLATE, "%s", install);
        return;
    }
    if (run->timed_out) {
        check_wrong(check,
                    "no test signature with the key \"%s\" within %u seconds: is the vault's "
                    "question still open?",
                    key->comment, SIGN_TIMEOUT_MS / 1000U);
    } else {
        check_wrong(check,
                    "the vault refused a test signature with the key \"%s\": somebody said no to "
                    "its question or nobody answered it, or its policy does not allow it; its log "
                    "says which (%.*s)",
                    key->comment, (int)strcspn(run->err, "\n"), run->err);
    }
    check_mend(check, CHECK_VAULT, "split-ssh log %s | tail -n 1", check_qube_name());
}

static void sign_and_verify(struct check *check, const struct client_key *key,
                            const struct bench *bench)
{
    char socket[UNIX_PATH_MAX + sizeof "SSH_AUTH_SOCK="];
    const char *sign[] = {"env", socket,           "ssh-keygen", "-q",
                          "-Y",  "sign",           "-n",         NAMESPACE,
                          "-f",  bench->path[KEY], "--",         bench->path[DATA],
                          NULL};
    /* Without run_program()'s standard input, which stays open: ssh-keygen reads it to its end. */
    const char *verify[] = {"sh",
                            "-c",
                            "exec ssh-keygen -q -Y verify -n " NAMESPACE " -I " NAMESPACE
                            " -f \"$1\" -s \"$2\" <\"$3\"",
                            "sh",
                            bench->path[SIGNERS],
                            bench->path[SIGNATURE],
                            bench->path[DATA],
                            NULL};
    static struct run run;

    snprintf(socket, sizeof socket, "SSH_AUTH_SOCK=%s", key->agent->socket);
    if (!run_program(sign, (struct view){NULL, 0}, SIGN_TIMEOUT_MS, &run) ||
        access(bench->path[SIGNATURE], R_OK) != 0) {
        run.started = run.started && run.status != 127; /* env(1): no such program */
        not_signed(check, key, &run);
        return;
    }
    if (!run_simple(verify, &run)) {
        check_wrong(check, "the signature with the key \"%s\" does not verify: %.*s", key->comment,
                    (int)strcspn(run.err, "\n"), run.err);
        check_mend(check, CHECK_VAULT, "split-ssh check");
        return;
    }
    check_ok(check, "the key \"%s\" has signed, and the signature verifies", key->comment);
}

void check_client_sign(struct check *check)
{
    struct client_key key;
    struct bench bench;

    if (!client_find_key(&key)) {
        check_note(check, "no test signature: there is no key that could make one");
        return;
    }
    if (!bench_open(&bench)) {
        check_wrong(check, "cannot make a directory for a test signature: %s", strerror(errno));
        check_mend(check, CHECK_HERE, "df /tmp");
        return;
    }
    log_line("asking the vault for a test signature; look at its question, and allow it");
    if (write_key(bench.path[KEY], "", &key) && write_data(bench.path[DATA]) &&
        write_key(bench.path[SIGNERS], NAMESPACE " ", &key)) {
        sign_and_verify(check, &key, &bench);
    } else {
        check_wrong(check, "cannot write the files of a test signature: %s", strerror(errno));
        check_mend(check, CHECK_HERE, "df %s", bench.directory);
    }
    bench_close(&bench);
}
