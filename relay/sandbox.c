/* SPDX-License-Identifier: BSD-2-Clause */
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "landlock.h"
#include "log.h"
#include "sandbox.h"

static bool read_at(int fd, void *ret, size_t len, off_t offset)
{
    return pread(fd, ret, len, offset) == (ssize_t)len;
}

/* The loader that the program names (elf(5), PT_INTERP); "" for a static one. False: no ELF. */
static bool find_loader(int fd, char ret[PATH_MAX])
{
    ElfW(Ehdr) header;
    ElfW(Phdr) part;

    if (!read_at(fd, &header, sizeof header, 0) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
        header.e_phentsize != sizeof part) {
        return false;
    }
    ret[0] = '\0';
    for (unsigned i = 0; i < header.e_phnum; i++) {
        if (!read_at(fd, &part, sizeof part, (off_t)(header.e_phoff + i * sizeof part))) {
            return false;
        }
        if (part.p_type == PT_INTERP) {
            return part.p_filesz < PATH_MAX && part.p_filesz > 0 &&
                   read_at(fd, ret, part.p_filesz, (off_t)part.p_offset) &&
                   ret[part.p_filesz - 1] == '\0';
        }
    }
    return true;
}

enum err sandbox_enter(const char *program)
{
    char loader[PATH_MAX];
    struct landlock_path paths[] = {{program, LANDLOCK_EXECUTE}, {loader, LANDLOCK_EXECUTE}};
    int fd = open(program, O_RDONLY | O_CLOEXEC);
    bool is_elf = fd >= 0 && find_loader(fd, loader);
    long abi = 0;
    enum err err;

    if (fd >= 0) {
        close(fd);
    }
    if (!is_elf) {
        log_line("warning: %s is no program to which this process could be confined", program);
        return OK;
    }
    err = landlock_restrict(LANDLOCK_EXECUTE, paths, loader[0] == '\0' ? 1 : 2, &abi);
    if (err == OK && abi == 0) {
        log_line("warning: this kernel has no Landlock, so this process could run other programs");
    }
    return err;
}
