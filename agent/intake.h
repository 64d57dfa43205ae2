/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef AGENT_INTAKE_H
#define AGENT_INTAKE_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

/*
 * Where frames that may hold a private key or a passphrase are read: a few buffers of FRAME_MAX
 * bytes in locked memory that no dump has, shared by all connections, so that one that is idle
 * costs none.
 */
#define INTAKE_BUFFERS 4U

/* Maps and locks them. ERR_NO_MEMORY if they cannot be locked; errno says why. */
enum err must_check intake_init(void);

/* A buffer, or NULL if all are in use. */
uint8_t *intake_take(void);

/* Gives a buffer back; its first used bytes are wiped, the others were never written. */
void intake_give(uint8_t *buffer, size_t used);

/* A place for bytes that are read to be thrown away: INTAKE_SCRAP bytes, wiped by the reader. */
#define INTAKE_SCRAP 4096U
uint8_t *intake_scrap(void);

#endif
