/* SPDX-License-Identifier: BSD-2-Clause */
/* split-ssh-prompt-child: one question, bubble or passphrase, for split-ssh-prompt. */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include "child.h"
#include "harden.h"
#include "ipc.h"
#include "log.h"
#include "prompt_ipc.h"
#include "standard_fds.h"

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

int main(int argc, char *argv[])
{
    if (!standard_fds_open() || harden_process() != OK) {
        log_line("cannot close the process off: %s", strerror(errno));
        return IPC_EXIT_SANDBOX;
    }
    prctl(PR_SET_NAME, "prompt-child", 0, 0, 0); /* else it is the number of a descriptor */
    for (size_t i = 0; argc == 2 && i < sizeof children / sizeof children[0]; i++) {
        if (strcmp(argv[1], children[i].name) == 0) {
            harden_limit_life(children[i].life_ms);
            return children[i].run();
        }
    }
    log_line("this program is started by split-ssh-prompt, not by hand");
    return IPC_EXIT_USAGE;
}
