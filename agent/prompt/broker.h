/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_BROKER_H
#define PROMPT_BROKER_H

/*
 * Serves the agent on IPC_FD until that is closed; asks with split-ssh-prompt-child. Returns
 * an enum ipc_exit, after the reason was logged.
 */
int broker_serve(void);

#endif
