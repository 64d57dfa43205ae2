/* SPDX-License-Identifier: BSD-2-Clause */
/* What the arena for secrets needs of the kernel: address space, and locked memory to put there. */
#ifndef SPLIT_SSH_SECRET_MAP_H
#define SPLIT_SSH_SECRET_MAP_H

#include "secret.h"

/*
 * The process may lock this many bytes: RLIMIT_MEMLOCK, the soft limit raised to the hard one
 * before, but at most max; max where there is no limit or the process need not obey it.
 */
size_t secret_map_limit(size_t max);

/* n bytes of address space without access, for munmap(2); NULL with errno. */
void *secret_map_reserve(size_t n);

/*
 * Puts n bytes of zeroed, locked memory of this kind at at, which is on a page in reserved address
 * space. No descriptor stays open, and no fork inherits it. ERR_NO_MEMORY with errno: this kind is
 * not to be had (the reservation is as it was); ERR_SYSTEM: and n bytes at at are not reserved any
 * more, so that nothing may ever be put there.
 */
enum err must_check secret_map_lock(enum secret_kind kind, void *at, size_t n);

#endif
