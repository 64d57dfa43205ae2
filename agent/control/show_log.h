/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CONTROL_SHOW_LOG_H
#define CONTROL_SHOW_LOG_H

#include "options.h"

/*
 * Prints the audit log, the older file first; with options->follow, goes on until a signal, or an
 * output that nobody reads, ends the program. ERR_SYSTEM, ERR_NOT_FOUND, ERR_TOO_BIG: said on
 * standard error.
 */
enum err must_check show_log(const struct options *options);

#endif
