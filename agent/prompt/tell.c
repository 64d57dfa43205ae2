/* SPDX-License-Identifier: BSD-2-Clause */
/* split-ssh-prompt-child tell: one bubble. */
#include <sysexits.h>
#include <unistd.h>

#include "child.h"
#include "dialog.h"
#include "log.h"
#include "notification.h"

int tell_main(void)
{
    struct dialog dialog;
    enum err err = dialog_read(STDIN_FILENO, DIALOG_BUBBLE, &dialog);

    if (err != OK) {
        log_line("not a bubble: %s", err_text(err));
        return EX_DATAERR;
    }
    return notification_tell(&dialog) == OK ? 0 : CHILD_NO_DISPLAY;
}
