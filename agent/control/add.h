/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CONTROL_ADD_H
#define CONTROL_ADD_H

#include "options.h"

/*
 * Becomes ssh-add, for the socket of options->agent, which is beside connection_path(). Returns
 * only if it cannot, after the reason was reported.
 */
enum err must_check add(const struct options *options);

#endif
