/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CONTROL_PASSPHRASE_H
#define CONTROL_PASSPHRASE_H

#include "options.h"

/*
 * `split-ssh passphrase`: becomes split-ssh-askpass, which speaks to the Secret Service. Returns
 * only when that cannot be started, with a log line: ERR_SYSTEM.
 */
enum err must_check passphrase(const struct options *options);

#endif
