/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a passphrase is while a child of the prompt, or split-ssh-askpass, has it. */
#ifndef PROMPT_SECRET_MEMORY_H
#define PROMPT_SECRET_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"
#include "limits.h"

/* A passphrase, what ends its line, and a byte by which a longer one is noticed. */
#define PASSPHRASE_ROOM (PASSPHRASE_MAX + 3U)

/*
 * Pages of memfd_secret(2), or, where the kernel has none, locked ones. They are in no core dump,
 * are never written to swap, and no child inherits them.
 */
struct secret_memory {
    uint8_t *bytes;
    size_t cap; /* bytes, whole pages */
    size_t len; /* bytes in use */
};

/* At least cap bytes, empty; the caller frees them. ERR_SYSTEM: no memory can be locked; errno. */
enum err must_check secret_memory_map(size_t cap, struct secret_memory *ret);

/* Wipes it; it can be used again. */
void secret_memory_wipe(struct secret_memory *secret);

/* Wipes and unmaps. Nothing happens to one that was zeroed, or freed before. */
void secret_memory_free(struct secret_memory *secret);

/*
 * Reads what is there in fd, PASSPHRASE_ROOM bytes at most, up to its end, to a newline, or to
 * where it would block; and cuts it (secret_memory_cut_line()). ERR_SYSTEM with errno; ERR_TOO_BIG.
 * It is wiped then.
 */
enum err must_check secret_memory_read_line(struct secret_memory *secret, int fd);

/*
 * What a passphrase is of what a program printed, as OpenSSH has it: all up to the first newline,
 * carriage return or NUL. The rest is wiped. ERR_TOO_BIG: that is more than PASSPHRASE_MAX bytes.
 */
enum err must_check secret_memory_cut_line(struct secret_memory *secret);

/* Writes it all. ERR_SYSTEM: errno says why. */
enum err must_check secret_memory_write(const struct secret_memory *secret, int fd);

#endif
