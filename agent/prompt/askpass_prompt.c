/* SPDX-License-Identifier: BSD-2-Clause */
#include "askpass_prompt.h"

#include <string.h>

#define SSH_PATH_MAX 100U /* ssh cuts it there */
#define NEW_ONE      " (empty for no passphrase): "

/* What stands around the path, and the longest path that can be whole. */
static const struct form {
    const char *before, *after;
    size_t max;
    bool again;
} forms[] = {
    /* ssh; before that of ssh-add, which it looks like */
    {"Enter passphrase for key '", "': ", SSH_PATH_MAX - 1, false},
    /* ssh-keygen of newer versions */
    {"Enter passphrase for \"", "\": ", PATH_MAX - 1, false},
    /* ssh-add, with -c and without */
    {"Enter passphrase for ", " (will confirm each use): ", PATH_MAX - 1, false},
    {"Enter passphrase for ", ": ", PATH_MAX - 1, false},
    {"Bad passphrase, try again for ", " (will confirm each use): ", PATH_MAX - 1, true},
    {"Bad passphrase, try again for ", ": ", PATH_MAX - 1, true},
};

bool askpass_prompt_parse(const char *text, struct askpass_prompt *ret)
{
    size_t len = strlen(text);

    if (len >= sizeof NEW_ONE && strcmp(text + len - (sizeof NEW_ONE - 1), NEW_ONE) == 0) {
        return false; /* ssh-keygen asks for one that is not in use yet */
    }
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const struct form *form = &forms[i];
        size_t before = strlen(form->before);
        size_t after = strlen(form->after);

        if (len <= before + after || strncmp(text, form->before, before) != 0 ||
            strcmp(text + len - after, form->after) != 0) {
            continue;
        }
        len -= before + after;
        if (len > form->max) {
            return false;
        }
        memcpy(ret->path, text + before, len);
        ret->path[len] = '\0';
        ret->again = form->again;
        return true;
    }
    return false;
}
