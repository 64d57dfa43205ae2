/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys that the installed ssh-keygen makes, in a directory that goes away with the test: what
 * OpenSSH really writes, not what we think it does.
 */
#ifndef SPLIT_SSH_TESTS_KEYGEN_H
#define SPLIT_SSH_TESTS_KEYGEN_H

#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#define KEYGEN_FILE_MAX ((size_t)64 * 1024)

/* The kinds of keys that the agent holds; also the names of their files. */
static const struct keygen_kind {
    const char *name, *type, *bits, *ssh_name, *cert_name;
} keygen_kinds[] = {
    {"ed25519", "ed25519", "256", "ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com"},
    {"rsa", "rsa", "2048", "ssh-rsa", "ssh-rsa-cert-v01@openssh.com"},
    {"ecdsa256", "ecdsa", "256", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com"},
    {"ecdsa384", "ecdsa", "384", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384-cert-v01@openssh.com"},
    {"ecdsa521", "ecdsa", "521", "ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521-cert-v01@openssh.com"},
};

#define KINDS COUNT(keygen_kinds)

static char keygen_dir[256];

static inline void keygen_path(const char *file, char *ret, size_t cap)
{
    assert_true((size_t)snprintf(ret, cap, "%s/%s", keygen_dir, file) < cap);
}

/* Runs a program in the directory; what it prints goes to the file output, unless that is NULL. */
static inline void keygen_run(const char *output, const char *const argv[])
{
    posix_spawn_file_actions_t actions;
    char path[512] = "/dev/null";
    int status = -1;
    pid_t pid;

    if (output != NULL) {
        keygen_path(output, path, sizeof path);
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, path, O_WRONLY | O_CREAT | O_TRUNC,
                                     0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addchdir_np(&actions, keygen_dir);
    assert_int_equal(posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status != 0) {
        fail_msg("%s %s ended with status %d", argv[0], argv[1], status);
    }
}

/* A key of a type in the file name, and name.pub. */
static inline void keygen_make(const char *name, const char *type, const char *bits)
{
    const char *const argv[] = {"ssh-keygen", "-q", "-t", type, "-b",
                                bits,         "-N", "",   "-C", "test key of split-ssh",
                                "-f",         name, NULL};

    keygen_run(NULL, argv);
}

static inline void keygen_start(void)
{
    const char *tmp = getenv("TMPDIR");

    snprintf(keygen_dir, sizeof keygen_dir, "%s/split-ssh-unit-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(keygen_dir));
}

/* One key of each kind, under its name. */
static inline void keygen_make_all(void)
{
    for (size_t i = 0; i < COUNT(keygen_kinds); i++) {
        keygen_make(keygen_kinds[i].name, keygen_kinds[i].type, keygen_kinds[i].bits);
    }
}

/* A user certificate of each kind in name-cert.pub, by a CA of its own. */
static inline void keygen_certify_all(void)
{
    keygen_make("ca", "ed25519", "256");
    for (size_t i = 0; i < COUNT(keygen_kinds); i++) {
        char file[64];
        const char *const argv[] = {"ssh-keygen", "-q", "-s", "ca",        "-I", "test",
                                    "-z",         "7",  "-n", "user,root", file, NULL};

        snprintf(file, sizeof file, "%s.pub", keygen_kinds[i].name);
        keygen_run(NULL, argv);
    }
}

static inline int keygen_remove(const char *path, const struct stat *status, int type,
                                struct FTW *at)
{
    (void)status;
    (void)type;
    (void)at;
    return remove(path);
}

static inline void keygen_stop(void)
{
    assert_int_equal(nftw(keygen_dir, keygen_remove, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* A file of the directory and a NUL; the caller frees. */
static inline struct view keygen_read(const char *name)
{
    uint8_t *bytes = malloc(KEYGEN_FILE_MAX);
    char path[512];
    FILE *file;
    size_t len;

    assert_non_null(bytes);
    keygen_path(name, path, sizeof path);
    file = fopen(path, "re");
    assert_non_null(file);
    len = fread(bytes, 1, KEYGEN_FILE_MAX - 1, file);
    assert_true(len > 0 && len < KEYGEN_FILE_MAX - 1);
    fclose(file);
    bytes[len] = '\0';
    return (struct view){bytes, len};
}

static inline void keygen_write(const char *name, struct view bytes)
{
    char path[512];
    FILE *file;

    keygen_path(name, path, sizeof path);
    file = fopen(path, "we");
    assert_non_null(file);
    fchmod(fileno(file), 0600); /* ssh-keygen insists on that */
    assert_int_equal(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
    assert_int_equal(fclose(file), 0);
}

/* base64 with line ends up to the first other byte; the caller frees. */
static inline struct view keygen_decode(const char *text)
{
    uint8_t bytes[KEYGEN_FILE_MAX];
    const char *end = NULL;
    size_t len = 0;

    assert_int_equal(sodium_base642bin(bytes, sizeof bytes, text, strlen(text), "\n", &len, &end,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    return exact_copy(bytes, len);
}

/* The blob of a .pub file; the caller frees. */
static inline struct view keygen_blob(const char *file)
{
    struct view text = keygen_read(file);
    const char *space = strchr((const char *)text.data, ' ');
    struct view blob;

    assert_non_null(space);
    blob = keygen_decode(space + 1);
    view_free(&text);
    return blob;
}

/* What stands between the lines BEGIN and END of a file; the caller frees. */
static inline struct view keygen_armored(const char *file)
{
    struct view text = keygen_read(file);
    const char *line_end = strchr((const char *)text.data, '\n');
    struct view bytes;

    assert_non_null(line_end);
    bytes = keygen_decode(line_end);
    view_free(&text);
    return bytes;
}

#endif
