/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef PROMPT_HOME_H
#define PROMPT_HOME_H

/* $HOME if it is absolute, else what the password file says; NULL: there is none. Stays a while. */
const char *home_directory(void);

#endif
