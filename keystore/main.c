/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * split-ssh-keystore: holds the private keys and signs. Started by split-ssh-agent with a socket to
 * it on fd 3, and one to the prompt on fd 4; trusts the agent no further than the requests of ipc.h
 * go, and the prompt no further than side_ipc.h.
 */
#include <errno.h>
#include <sodium.h>
#include <sys/socket.h>

#include "approval.h"
#include "harden.h"
#include "helper.h"
#include "ipc.h"
#include "keytable.h"
#include "libcrypto.h"
#include "log.h"
#include "sandbox.h"
#include "secret.h"
#include "serve.h"
#include "stack.h"

static int fatal(int status, const char *what)
{
    log_line("%s: %s", what, strerror(errno));
    return status;
}

/* A prompt that is gone already is no error: then there is nobody who could approve. */
static bool send_to_prompt(const uint8_t *key)
{
    ssize_t n;

    do {
        n = send(IPC_SIDE_FD, key, APPROVAL_KEY_SIZE, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    return n == APPROVAL_KEY_SIZE || (n < 0 && (errno == EPIPE || errno == ECONNRESET));
}

/*
 * The key of approvals, in the arena. The prompt gets it before the agent can ask anything of this
 * process.
 */
static enum err share_token_key(uint8_t **ret)
{
    uint8_t *key = secret_alloc(APPROVAL_KEY_SIZE);

    if (key == NULL) {
        return ERR_NO_MEMORY;
    }
    randombytes_buf(key, APPROVAL_KEY_SIZE);
    if (!send_to_prompt(key)) {
        secret_free(key);
        return ERR_SYSTEM;
    }
    *ret = key;
    return OK;
}

/* Says what is weaker than it should be. */
static void describe_memory(char *ret, size_t cap)
{
    struct secret_info info;

    secret_info(&info);
    snprintf(ret, cap, "%s, %zu KiB of at most %zu KiB",
             info.kind == SECRET_MEMFD ? "memfd_secret" : "mlock", info.size / 1024,
             info.cap / 1024);
    if (info.kind != SECRET_MEMFD) {
        log_line("warning: no memfd_secret on this kernel (Linux 6.5 has it): root can read the "
                 "keys in this process");
    }
}

static int run(bool foreground)
{
    char memory[IPC_HELLO_MAX];
    char sandbox[IPC_HELLO_MAX];
    uint8_t *token_key;

    if (secret_init() != OK || stack_init() != OK) {
        return fatal(IPC_EXIT_MEMORY,
                     "cannot lock memory for keys; raise the limit on locked memory "
                     "(ulimit -l, LimitMEMLOCK=) to 8 MiB");
    }
    if (libcrypto_init() != OK || sodium_init() < 0) {
        return fatal(IPC_EXIT_CRYPTO, "cannot set up the cryptographic libraries");
    }
    if (share_token_key(&token_key) != OK) {
        return fatal(IPC_EXIT_SYSTEM, "cannot share the key of approvals");
    }
    describe_memory(memory, sizeof memory);
    if (!foreground) {
        helper_drop_stderr(); /* now: the sandbox opens no file; the exit status says the rest */
    }
    if (sandbox_enter(sandbox, sizeof sandbox) != OK) {
        return fatal(IPC_EXIT_SANDBOX, "cannot enter the sandbox");
    }
    if (serve_hello(memory, sandbox) != OK) {
        return fatal(IPC_EXIT_SYSTEM, "cannot reach the agent");
    }
    return serve(token_key);
}

/* -f: the agent is in the foreground; keep standard error. */
int main(int argc, char *argv[])
{
    int status;

    if (!helper_has_socket(IPC_FD) || !helper_has_socket(IPC_SIDE_FD)) {
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
