/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of prompt-raw know of each other. */
#ifndef PROMPT_RAW_H
#define PROMPT_RAW_H

#include "prompt_ipc.h"
#include "wire.h"

/* The keystore's end of the side channel; -1: it is closed. */
extern int side_end;

/* A descriptor that came with the last message, or -1; whoever takes it makes it -1. */
extern int received_fd;

_Noreturn void fail(const char *what, const char *why);

unsigned long number(const char *text);

void send_frame(struct view body);

/* The next message of the prompt: type and body, until the next one. */
struct wire_reader next_message(void);

/* Commands; what they take and print is told at the head of prompt-raw.c. */
void do_files(char **args);
void do_files_with(char **args);
void do_keys(char **args);
void do_reload(char **args);
void do_taken(char **args);
void do_keys_next(char **args);
void do_keys_end(char **args);
void do_keys_blindly(char **args);
void do_take_those(char **args);
void do_passphrase(char **args);
void do_opened(char **args);
void do_secret(char **args);
void do_drops(char **args);
void do_close_side(char **args);

#endif
