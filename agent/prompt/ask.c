/* SPDX-License-Identifier: BSD-2-Clause */
/* split-ssh-prompt-child ask: one question, whose answer is the exit status. */
#include <errno.h>
#include <sysexits.h>
#include <unistd.h>

#include "askpass.h"
#include "child.h"
#include "clock.h"
#include "dialog.h"
#include "log.h"
#include "notification.h"
#include "withdrawal.h"

/* Exit statuses; the one of DIALOG_WITHDRAWN is of no interest to anybody. */
static const int by_notification[] = {
    [DIALOG_ONCE] = CHILD_ONCE_NOTIFICATION, [DIALOG_WHILE] = CHILD_WHILE_NOTIFICATION,
    [DIALOG_DENY] = CHILD_DENY_NOTIFICATION, [DIALOG_TIMEOUT] = CHILD_TIMEOUT_NOTIFICATION,
    [DIALOG_WITHDRAWN] = EX_TEMPFAIL,
};
static const int by_askpass[] = {
    [DIALOG_ONCE] = CHILD_ONCE_ASKPASS, [DIALOG_WHILE] = EX_SOFTWARE,
    [DIALOG_DENY] = CHILD_DENY_ASKPASS, [DIALOG_TIMEOUT] = CHILD_TIMEOUT_ASKPASS,
    [DIALOG_WITHDRAWN] = EX_TEMPFAIL,
};

int ask_main(void)
{
    struct dialog dialog;
    enum dialog_answer answer;
    uint64_t deadline;
    int withdrawn;
    enum err err = dialog_read(STDIN_FILENO, DIALOG_QUESTION, &dialog);

    if (err != OK) {
        log_line("not a question: %s", err_text(err));
        return EX_DATAERR;
    }
    deadline = boottime_ms() + dialog.timeout_ms;
    withdrawn = withdrawal_watch();
    if (withdrawn < 0) {
        log_line("cannot watch signals: %s", strerror(errno));
        return EX_OSERR;
    }
    if (notification_ask(&dialog, deadline, withdrawn, &answer) == OK) {
        return by_notification[answer];
    }
    err = askpass_ask(&dialog, deadline, withdrawn, &answer);
    if (err == OK) {
        return by_askpass[answer];
    }
    return err == ERR_NOT_FOUND ? CHILD_NO_DISPLAY : EX_SOFTWARE;
}
