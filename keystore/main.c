/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * split-ssh-keystore: holds the private keys and signs. Started by split-ssh-agent with a socket on
 * fd 3; trusts the agent no further than the requests of ipc.h go.
 */
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harden.h"
#include "ipc.h"
#include "keytable.h"
#include "libcrypto.h"
#include "log.h"
#include "secret.h"
#include "serve.h"

static bool started_by_agent(void)
{
    struct stat status;

    return fstat(IPC_FD, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* A background agent's keystore must not hold the terminal, or a pipe, that it was started on. */
static void drop_stderr(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null >= 0) {
        dup2(null, STDERR_FILENO);
        close(null);
    }
}

static int fatal(int status, const char *what)
{
    log_line("%s: %s", what, strerror(errno));
    return status;
}

static int run(bool foreground)
{
    struct secret_info info;
    char description[IPC_HELLO_MAX];

    if (secret_init() != OK) {
        return fatal(IPC_EXIT_MEMORY,
                     "cannot lock memory for keys; raise the limit on locked memory "
                     "(ulimit -l, LimitMEMLOCK=) to 8 MiB");
    }
    if (libcrypto_init() != OK || sodium_init() < 0) {
        return fatal(IPC_EXIT_CRYPTO, "cannot set up the cryptographic libraries");
    }
    secret_info(&info);
    snprintf(description, sizeof description, "%s, %zu KiB of at most %zu KiB",
             info.kind == SECRET_MEMFD ? "memfd_secret" : "mlock", info.size / 1024,
             info.cap / 1024);
    if (serve_hello(description) != OK) {
        return fatal(IPC_EXIT_SYSTEM, "cannot reach the agent");
    }
    if (!foreground) {
        drop_stderr();
    }
    return serve();
}

/* -f: the agent is in the foreground; keep standard error. */
int main(int argc, char *argv[])
{
    int status;

    if (!started_by_agent()) {
        log_line("this program is started by split-ssh-agent, not by hand");
        return IPC_EXIT_USAGE;
    }
    if (harden_process() != OK) {
        return fatal(IPC_EXIT_SANDBOX, "cannot close the process off");
    }
    status = run(argc > 1 && strcmp(argv[1], "-f") == 0);
    keytable_clear();
    secret_wipe_all();
    return status;
}
