/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "limits.h"
#include "log.h"
#include "peer.h"

static const char usage[] =
    "usage: split-ssh-agent [-c | -s] [-Dd] [-a socket] [-q qrexec_socket] [-n name]\n"
    "                       [-E fingerprint_hash] [-O option] [-P providers] [-t life]\n"
    "       split-ssh-agent [-a socket] [-q qrexec_socket] [-n name] [-E fingerprint_hash]\n"
    "                       [-O option] [-P providers] [-t life] command [arg ...]\n"
    "       split-ssh-agent [-c | -s] -k\n"
    "       split-ssh-agent -V\n";

static uint64_t unit_seconds(char letter)
{
    switch (letter) {
    case 's':
    case 'S':
        return 1;
    case 'm':
    case 'M':
        return 60;
    case 'h':
    case 'H':
        return 3600;
    case 'd':
    case 'D':
        return 86400;
    case 'w':
    case 'W':
        return 604800;
    default:
        return 0;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

enum err time_parse(const char *text, uint32_t *ret_seconds)
{
    uint64_t total = 0;

    if (*text == '\0') {
        return ERR_MALFORMED;
    }
    while (*text != '\0') {
        uint64_t number = 0;
        uint64_t unit = 1;

        if (!is_digit(*text)) {
            return ERR_MALFORMED;
        }
        for (; is_digit(*text) && number <= UINT32_MAX; text++) {
            number = number * 10 + (uint64_t)(*text - '0');
        }
        if (*text != '\0' && !is_digit(*text)) {
            unit = unit_seconds(*text++);
        }
        total += number * unit;
        if (unit == 0 || total > UINT32_MAX) {
            return ERR_MALFORMED;
        }
    }
    *ret_seconds = (uint32_t)total;
    return OK;
}

static enum shell shell_of_user(void)
{
    const char *shell = getenv("SHELL");
    size_t len = shell != NULL ? strlen(shell) : 0;

    return len >= 3 && strcmp(shell + len - 3, "csh") == 0 ? SHELL_CSH : SHELL_SH;
}

static enum err refuse(const char *what, const char *text)
{
    log_line("%s: %s", what, text);
    return ERR_MALFORMED;
}

static enum err take_option(int option, const char *value, struct options *options)
{
    switch (option) {
    case 'a':
        options->socket = value;
        return OK;
    case 'c':
        options->shell = SHELL_CSH;
        return OK;
    case 's':
        options->shell = SHELL_SH;
        return OK;
    case 'd':
        options->debug = true;
        options->mode = RUN_FOREGROUND;
        return OK;
    case 'D':
        options->mode = RUN_FOREGROUND;
        return OK;
    case 'k':
        options->mode = RUN_KILL;
        return OK;
    case 'V':
        options->mode = RUN_VERSION;
        return OK;
    case 'E':
        options->fingerprint_hash = strcmp(value, "md5") == 0 ? HASH_MD5 : HASH_SHA256;
        return strcmp(value, "md5") == 0 || strcmp(value, "sha256") == 0
                   ? OK
                   : refuse("-E: the hash is md5 or sha256, not", value);
    case 'n':
        options->name = value;
        return agent_name_is_valid(value) ? OK : refuse("-n: not the name of an agent", value);
    case 'q':
        options->qrexec_socket = value;
        return OK;
    case 't':
        return time_parse(value, &options->life) == OK ? OK : refuse("-t: invalid life", value);
    case 'O': /* both speak of PKCS#11 and FIDO providers, */
    case 'P': /* of which none is ever loaded */
        return OK;
    default:
        return ERR_MALFORMED;
    }
}

enum err options_parse(int argc, char *argv[], struct options *ret)
{
    struct options options = {.shell = shell_of_user(), .name = ""};
    bool foreground;
    int option;

    /* "+": the options of a command are the command's. */
    while ((option = getopt(argc, argv, "+a:cDdE:kn:O:P:q:st:V")) != -1) {
        if (take_option(option, optarg, &options) != OK) {
            if (option == '?') {
                fputs(usage, stderr);
            }
            return ERR_MALFORMED;
        }
    }
    foreground = options.mode != RUN_BACKGROUND;
    if (optind < argc && foreground) {
        fputs(usage, stderr);
        return ERR_MALFORMED;
    }
    if (optind < argc) {
        options.mode = RUN_COMMAND;
        options.command = argv + optind;
    }
    *ret = options;
    return OK;
}
