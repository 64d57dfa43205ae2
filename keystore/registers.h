/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KEYSTORE_REGISTERS_H
#define KEYSTORE_REGISTERS_H

/*
 * Clears the vector registers, in which the libraries leave parts of keys: a core dump and a
 * debugger show them. On processors other than x86-64 and AArch64 it does nothing.
 */
void registers_clear(void);

#endif
