/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

const char options_usage[] =
    "usage: split-ssh [-a SOCKET] status\n"
    "       split-ssh [-a SOCKET] grants\n"
    "       split-ssh [-a SOCKET] revoke [QUBE | all]\n"
    "       split-ssh [-a SOCKET] policy test QUBE [KEY]\n"
    "       split-ssh [-a SOCKET] list AGENT\n"
    "       split-ssh log [-f] [--json] [QUBE]\n"
    "       split-ssh -h | -V\n"
    "\n"
    "Shows what split-ssh-agent, in this qube, does and did.\n"
    "\n"
    "  status       keys, qubes that are connected, memory, sandbox\n"
    "  grants       what is allowed without a question for now\n"
    "  revoke       takes such permissions back: those of a qube, or all (the default)\n"
    "  policy test  what the policy says of a qube, and where: file and line; with a key\n"
    "               (its fingerprint or comment), also whether the qube may use it\n"
    "  list         the keys of an agent\n"
    "  log          what was signed and refused, for whom and why\n"
    "\n"
    "  -a SOCKET      the agent's local socket (default: $SSH_AUTH_SOCK)\n"
    "  -f, --follow   log: wait for more\n"
    "  --json         log: the lines as they are in the file\n"
    "  -V, --version  print the version\n"
    "  -h, --help     print this\n";

static const struct syntax {
    const char *words[2]; /* the second one is NULL if one word is enough */
    int least, most;      /* operands after the words */
    const char *operands; /* for people */
} commands[] = {
    [COMMAND_STATUS] = {{"status", NULL}, 0, 0, "no operand"},
    [COMMAND_GRANTS] = {{"grants", NULL}, 0, 0, "no operand"},
    [COMMAND_REVOKE] = {{"revoke", NULL}, 0, 1, "one QUBE, or \"all\""},
    [COMMAND_POLICY_TEST] = {{"policy", "test"}, 1, 2, "a QUBE, and maybe a KEY"},
    [COMMAND_LIST] = {{"list", NULL}, 1, 1, "the name of an AGENT"},
    [COMMAND_LOG] = {{"log", NULL}, 0, 1, "one QUBE at most"},
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static bool name_valid(const char *name, size_t max)
{
    return strspn(name, LETTERS) > 0 && name[strspn(name, LETTERS "_.-")] == '\0' &&
           strlen(name) <= max;
}

static enum err must_check find_command(int count, char **words, struct options *options,
                                        int *ret_used, char *ret_why)
{
    if (count == 0) {
        snprintf(ret_why, OPTIONS_WHY_MAX, "say what to do, for example: split-ssh status");
        return ERR_MALFORMED;
    }
    for (unsigned i = 0; i < COMMANDS; i++) {
        const struct syntax *syntax = &commands[i];
        int used = syntax->words[1] != NULL ? 2 : 1;

        if (strcmp(words[0], syntax->words[0]) != 0) {
            continue;
        }
        if (used == 2 && (count < 2 || strcmp(words[1], syntax->words[1]) != 0)) {
            snprintf(ret_why, OPTIONS_WHY_MAX, "%s is followed by \"%s\"", syntax->words[0],
                     syntax->words[1]);
            return ERR_MALFORMED;
        }
        if (count - used < syntax->least || count - used > syntax->most) {
            snprintf(ret_why, OPTIONS_WHY_MAX, "%s%s%s takes %s", syntax->words[0],
                     used == 2 ? " " : "", used == 2 ? syntax->words[1] : "", syntax->operands);
            return ERR_MALFORMED;
        }
        options->command = i;
        *ret_used = used;
        return OK;
    }
    snprintf(ret_why, OPTIONS_WHY_MAX, "there is no command \"%.64s\"", words[0]);
    return ERR_MALFORMED;
}

static enum err must_check take_operands(char **operands, int count, struct options *options,
                                         char *ret_why)
{
    const char *first = count > 0 ? operands[0] : NULL;

    if (options->command == COMMAND_LIST) {
        options->agent = first;
        if (first == NULL || !name_valid(first, AGENT_NAME_MAX)) {
            snprintf(ret_why, OPTIONS_WHY_MAX, "\"%.64s\" is not the name of an agent",
                     first != NULL ? first : "");
            return ERR_MALFORMED;
        }
        return OK;
    }
    if (options->command == COMMAND_REVOKE && first != NULL && strcmp(first, "all") == 0) {
        return OK;
    }
    options->qube = first;
    options->key = count > 1 ? operands[1] : NULL;
    if (first != NULL && !name_valid(first, QUBE_NAME_MAX) &&
        !(options->command == COMMAND_LOG && strcmp(first, IN_THE_VAULT) == 0)) {
        snprintf(ret_why, OPTIONS_WHY_MAX, "\"%.64s\" is not the name of a qube", first);
        return ERR_MALFORMED;
    }
    if (options->key != NULL && strlen(options->key) > CONTROL_KEY_MAX) {
        snprintf(ret_why, OPTIONS_WHY_MAX, "KEY has %u bytes at most", CONTROL_KEY_MAX);
        return ERR_MALFORMED;
    }
    return OK;
}

/* Takes one option. False if getopt did not know it. */
static bool take(struct options *options, int option, const char *value)
{
    switch (option) {
    case 'a':
        options->socket = value;
        return true;
    case 'f':
        options->follow = true;
        return true;
    case 'j':
        options->json = true;
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
        {"follow", no_argument, NULL, 'f'},
        {"json", no_argument, NULL, 'j'},
        {"version", no_argument, NULL, 'V'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct options options = {0};
    enum err err;
    int used = 0;
    int option;

    while ((option = getopt_long(argc, argv, "a:fVh", longopts, NULL)) != -1) {
        if (!take(&options, option, optarg)) {
            ret_why[0] = '\0';
            return ERR_MALFORMED;
        }
    }
    if (options.help || options.version) {
        *ret_options = options;
        return OK;
    }
    err = find_command(argc - optind, argv + optind, &options, &used, ret_why);
    if (err == OK) {
        err = take_operands(argv + optind + used, argc - optind - used, &options, ret_why);
    }
    if (err == OK && options.command != COMMAND_LOG && (options.follow || options.json)) {
        snprintf(ret_why, OPTIONS_WHY_MAX, "-f and --json are for split-ssh log");
        err = ERR_MALFORMED;
    }
    if (err == OK && options.command == COMMAND_LOG && options.socket != NULL) {
        snprintf(ret_why, OPTIONS_WHY_MAX, "log reads a file: it takes no -a");
        err = ERR_MALFORMED;
    }
    if (err == OK) {
        *ret_options = options;
    }
    return err;
}
