/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CONTROL_REQUEST_H
#define CONTROL_REQUEST_H

#include "options.h"

/*
 * Asks the agent (control_ipc.h) and prints its answer to standard output. Any error has been said
 * on standard error; ERR_DENIED: the agent answered that it did not do it.
 */
enum err must_check request(const struct options *options);

#endif
