/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * split-ssh-prompt: asks the user, and says what was done. The broker, which the agent starts,
 * holds the key of approvals and shows nothing; its children show one thing each and hold nothing.
 */
#include <errno.h>
#include <sodium.h>

#include "approvals.h"
#include "broker.h"
#include "child.h"
#include "harden.h"
#include "helper.h"
#include "ipc.h"
#include "log.h"
#include "standard_fds.h"

static int fatal(int status, const char *what)
{
    log_line("%s: %s", what, strerror(errno));
    return status;
}

static int run_broker(bool foreground)
{
    enum err err;

    if (harden_follow_agent() != OK) {
        return fatal(IPC_EXIT_SANDBOX, "cannot follow the agent");
    }
    if (sodium_init() < 0) {
        return fatal(IPC_EXIT_CRYPTO, "cannot set up libsodium");
    }
    err = approvals_take_key(IPC_SIDE_FD);
    if (err == ERR_SYSTEM) {
        return fatal(IPC_EXIT_MEMORY, "cannot lock a page of memory (ulimit -l, LimitMEMLOCK=)");
    }
    if (err != OK) {
        log_line("warning: no key of approvals came from the keystore: every answer will be no");
    }
    if (!foreground) {
        helper_drop_stderr();
    }
    return broker_serve();
}

static bool is(const char *argument, const char *word)
{
    return argument != NULL && strcmp(argument, word) == 0;
}

/* Lives are longer than what is asked can take, so that a child outlives no dead broker for ever.
 */
static const struct {
    const char *name;
    int (*run)(void);
    unsigned life_ms;
} children[] = {
    {CHILD_ASK, ask_main, QUESTION_TIMEOUT_MS + 2 * PROMPT_GRACE_MS},
    {CHILD_TELL, tell_main, QUESTION_TIMEOUT_MS + 2 * PROMPT_GRACE_MS},
    {CHILD_PASSPHRASE, passphrase_main,
     2 * PASSPHRASE_TIMEOUT_MS + APPROVAL_HELD_MS + REMEMBER_TIMEOUT_MS + 2 * PROMPT_GRACE_MS},
};

/* -f: the agent is in the foreground; keep standard error. */
int main(int argc, char *argv[])
{
    const char *what = argc == 2 ? argv[1] : NULL;

    if (!standard_fds_open() || harden_process() != OK) {
        return fatal(IPC_EXIT_SANDBOX, "cannot close the process off");
    }
    for (size_t i = 0; i < sizeof children / sizeof children[0]; i++) {
        if (is(what, children[i].name)) {
            harden_limit_life(children[i].life_ms);
            return children[i].run();
        }
    }
    if (argc > 2 || (argc == 2 && !is(what, "-f")) || !helper_has_socket(IPC_FD)) {
        log_line("this program is started by split-ssh-agent, not by hand");
        return IPC_EXIT_USAGE;
    }
    return run_broker(argc == 2);
}
