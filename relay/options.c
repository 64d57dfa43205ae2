/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

const char options_usage[] =
    "usage: split-ssh-relay [-a SOCKET] [-A AGENT] [-n CALLS] [--config DIR]\n"
    "                       [--qrexec-client PATH] [TARGET]\n"
    "       split-ssh-relay -h | -V\n"
    "\n"
    "Listens on a socket for ssh and connects each client to the SSH agent of another qube.\n"
    "\n"
    "  -a SOCKET             listen there (default: ~/.split-ssh/AGENT.sock, or default.sock)\n"
    "  -A AGENT              which of the vault's agents: calls " CALL_SERVICE "+AGENT; default\n"
    "                        is the one in DIR/" CONFIG_AGENT ", or the one without\n"
    "                        a name\n"
    "  -n CALLS              calls at once, 1 to 128 (default: 32); more clients wait\n"
    "  --config DIR          where the files are (default: " CONFIG_DIRECTORY ")\n"
    "  --qrexec-client PATH  the program that makes a call (default: " QREXEC_CLIENT ")\n"
    "  -V, --version         print the version\n"
    "  -h, --help            print this\n"
    "  TARGET                the vault (default: the one in DIR/" CONFIG_VAULT ", or\n"
    "                        " CALL_TARGET_ANY ", which dom0's policy resolves)\n";

/* 1 to CALLS_MAX in decimal; 0 for anything else. */
static unsigned parse_calls(const char *text)
{
    char *end;
    unsigned long n;

    if (text[0] < '1' || text[0] > '9') {
        return 0;
    }
    n = strtoul(text, &end, 10);
    return *end == '\0' && n <= CALLS_MAX ? (unsigned)n : 0;
}

static enum err must_check check(const struct options *options, char *ret_why)
{
    if (options->calls == 0) {
        snprintf(ret_why, UNIX_WHY_MAX, "-n takes a number from 1 to %u", CALLS_MAX);
        return ERR_MALFORMED;
    }
    if (options->agent != NULL && !call_agent_valid(options->agent)) {
        snprintf(ret_why, UNIX_WHY_MAX,
                 "-A takes the name of an agent: a letter or digit, then letters, digits, '_', "
                 "'.' and '-', %zu at most",
                 CALL_AGENT_MAX);
        return ERR_MALFORMED;
    }
    if (options->target != NULL && !call_target_valid(options->target)) {
        snprintf(ret_why, UNIX_WHY_MAX,
                 "TARGET is the name of a qube (%u bytes at most), @default or @dispvm:NAME",
                 QUBE_NAME_MAX);
        return ERR_MALFORMED;
    }
    return OK;
}

/* Takes one option. False if getopt did not know it. */
static bool take(struct options *options, int option)
{
    switch (option) {
    case 'a':
        options->socket = optarg;
        return true;
    case 'A':
        options->agent = optarg;
        return true;
    case 'n':
        options->calls = parse_calls(optarg);
        return true;
    case 'c':
        options->config = optarg;
        return true;
    case 'q':
        options->client = optarg;
        return true;
    case 'V':
        options->version = true;
        return true;
    case 'h':
        options->help = true;
        return true;
    default:
        return false;
    }
}

enum err options_parse(int argc, char **argv, struct options *ret_options, char *ret_why)
{
    static const struct option longopts[] = {
        {"config", required_argument, NULL, 'c'},
        {"qrexec-client", required_argument, NULL, 'q'},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct options options = {
        .config = CONFIG_DIRECTORY, .client = QREXEC_CLIENT, .calls = CALLS_DEFAULT};
    enum err err;
    int option;

    while ((option = getopt_long(argc, argv, "a:A:n:Vh", longopts, NULL)) != -1) {
        if (!take(&options, option)) {
            ret_why[0] = '\0';
            return ERR_MALFORMED;
        }
    }
    if (argc - optind > 1) {
        snprintf(ret_why, UNIX_WHY_MAX, "there can be only one TARGET");
        return ERR_MALFORMED;
    }
    if (optind < argc) {
        options.target = argv[optind];
    }
    err = check(&options, ret_why);
    if (err == OK) {
        *ret_options = options;
    }
    return err;
}

enum err options_default_socket(const struct options *options, char *ret_path, char *ret_why)
{
    const char *home = getenv("HOME");
    int len;

    if (home == NULL || home[0] != '/') {
        snprintf(ret_why, UNIX_WHY_MAX, "HOME is not set: say with -a where to listen");
        return ERR_NOT_FOUND;
    }
    len = snprintf(ret_path, UNIX_PATH_MAX, "%s/.split-ssh/%s.sock", home,
                   options->agent != NULL ? options->agent : CALL_AGENT_DEFAULT);
    if (len < 0 || (size_t)len >= UNIX_PATH_MAX) {
        snprintf(ret_why, UNIX_WHY_MAX,
                 "the path of the socket in HOME is too long (%zu bytes fit): give one with -a",
                 UNIX_PATH_MAX - 1);
        return ERR_TOO_BIG;
    }
    return OK;
}
