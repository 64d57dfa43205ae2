/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CONTROL_CHECK_CLIENT_CALL_H
#define CONTROL_CHECK_CLIENT_CALL_H

#include "client_config.h"
#include "wire.h"

/* Exit status of qrexec-client-vm (qubes-core-qrexec, libqrexec/qrexec.h). */
#define QREXEC_TROUBLE    125
#define QREXEC_DENIED     126
#define QREXEC_NO_SERVICE 127

#define CALL_ERROR_MAX 256U /* bytes of what qrexec-client-vm says */

enum call_end {
    CALL_ANSWERED, /* *ret_answer has the message */
    CALL_ENDED,    /* qrexec-client-vm has ended before: status */
    CALL_SILENT,   /* nothing came in time */
    CALL_FAILED,   /* qrexec-client-vm could not be started: status is an errno */
};

struct call_result {
    enum call_end end;
    int status;                 /* 0 to 255; -1: a signal */
    char error[CALL_ERROR_MAX]; /* its last line on standard error, clean; may be empty */
};

/*
 * Makes a call as split-ssh-relay does, sends one message (without its length), waits timeout_ms at
 * most for one into buffer (FRAME_MAX bytes), and ends the call.
 */
void client_call(const struct client_call *call, struct view message, unsigned timeout_ms,
                 uint8_t *buffer, struct view *ret_answer, struct call_result *ret);

#endif
