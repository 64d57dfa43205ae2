/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "launch.h"
#include "listener.h"

/*
 * Starts the keystore, serves until a signal, the end of the command or the end of the keystore,
 * and returns the exit status. Sockets are the caller's.
 */
int agent_run(const struct options *options, struct listeners *listeners, struct launch *launch);

#endif
