/* SPDX-License-Identifier: BSD-2-Clause */
#include "key_check.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "log.h"
#include "program.h"

#define SSH_KEYGEN "/usr/bin/ssh-keygen"

/* Where this program is, which ssh-keygen cannot ask /proc for: nobody may trace us. */
static bool own_path(char ret[PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);

    if (n <= 0) {
        return false;
    }
    ret[n] = '\0';
    if (access(ret, X_OK) != 0) { /* it was replaced by an update */
        snprintf(ret, PATH_MAX, "%s", SPLIT_SSH_BINDIR "/split-ssh-askpass");
    }
    return true;
}

/* How many bytes nobody has read of the pipe. */
static int left_in(int fd)
{
    int left = 0;

    return ioctl(fd, FIONREAD, &left) == 0 ? left : 0;
}

static enum key_check judge(int status, bool untouched)
{
    bool read_it = WIFEXITED(status) && WEXITSTATUS(status) == 0;

    if (untouched) {
        return read_it ? KEY_IS_OPEN : KEY_UNCHECKED;
    }
    return read_it ? KEY_OPENS : KEY_STAYS_CLOSED;
}

/* out is the reading end of a pipe with the passphrase. */
static enum key_check run(const char *path, int out, int len, uint64_t deadline, int withdrawn)
{
    char askpass[PATH_MAX];
    char variables[3][PATH_MAX + 64];
    char force[] = "SSH_ASKPASS_REQUIRE=force";
    char *environment[] = {variables[0], variables[1], variables[2], force, NULL};
    char words[][16] = {"ssh-keygen", "-y", "-f"};
    char *argv[] = {words[0], words[1], words[2], (char *)path, NULL};
    const struct program program = {.path = SSH_KEYGEN,
                                    .argv = argv,
                                    .environment = environment,
                                    .out = -1,
                                    .inherits = out,
                                    .quiet = true};
    enum program_end how;
    int status;

    if (!own_path(askpass)) {
        return KEY_UNCHECKED;
    }
    snprintf(variables[0], sizeof variables[0], "SSH_ASKPASS=%s", askpass);
    snprintf(variables[1], sizeof variables[1], KEY_CHECK_VARIABLE "=%d", out);
    snprintf(variables[2], sizeof variables[2], "PATH=/usr/local/bin:/usr/bin:/bin");
    if (program_run(&program, deadline, withdrawn, &how, &status) != OK || how != PROGRAM_ENDED) {
        return KEY_UNCHECKED;
    }
    return judge(status, left_in(out) == len);
}

enum key_check key_check(const char *path, const struct secret_memory *passphrase,
                         uint64_t deadline, int withdrawn)
{
    enum key_check result = KEY_UNCHECKED;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0) {
        log_line("cannot make a pipe: %s", strerror(errno));
        return KEY_UNCHECKED;
    }
    if (secret_memory_write(passphrase, ends[1]) == OK) {
        close(ends[1]);
        result = run(path, ends[0], (int)passphrase->len, deadline, withdrawn);
    } else {
        close(ends[1]);
    }
    close(ends[0]);
    return result;
}

int key_check_answer(const char *descriptor)
{
    struct secret_memory secret = {.bytes = NULL};
    char *end;
    long fd = strtol(descriptor, &end, 10);
    int status = EXIT_FAILURE;

    if (*end != '\0' || fd <= STDERR_FILENO || fd > INT_MAX ||
        secret_memory_map(PASSPHRASE_ROOM, &secret) != OK) {
        return EXIT_FAILURE;
    }
    if (secret_memory_read_line(&secret, (int)fd) == OK && secret.len > 0 &&
        secret_memory_write(&secret, STDOUT_FILENO) == OK && write(STDOUT_FILENO, "\n", 1) == 1) {
        status = EXIT_SUCCESS;
    }
    secret_memory_free(&secret);
    return status;
}
