/* SPDX-License-Identifier: BSD-2-Clause */
#include "home.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

const char *home_directory(void)
{
    const char *home = getenv("HOME");
    const struct passwd *user;

    if (home != NULL && home[0] == '/') {
        return home;
    }
    user = getpwuid(getuid());
    return user != NULL && user->pw_dir[0] == '/' ? user->pw_dir : NULL;
}
