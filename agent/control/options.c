/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "paths.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

const char options_usage[] =
    "usage: split-ssh [-a SOCKET] status\n"
    "       split-ssh [-a SOCKET] grants\n"
    "       split-ssh [-a SOCKET] revoke [QUBE | all]\n"
    "       split-ssh [-a SOCKET] policy test QUBE [KEY]\n"
    "       split-ssh [-a SOCKET] list AGENT\n"
    "       split-ssh [-a SOCKET] reload AGENT\n"
    "       split-ssh [-a SOCKET] add AGENT [KEYFILE | SSH-ADD-OPTION]...\n"
    "       split-ssh log [-f] [--json] [QUBE]\n"
    "       split-ssh passphrase store | forget | test KEY\n"
    "       split-ssh check [--json] [vault | client]\n"
    "       split-ssh -h | -V\n"
    "\n"
    "Shows what split-ssh-agent, in this qube, does and did, and what is wrong with it.\n"
    "\n"
    "  status       keys, qubes that are connected, memory, sandbox\n"
    "  grants       what is allowed without a question for now\n"
    "  revoke       takes such permissions back: those of a qube, or all (the default)\n"
    "  policy test  what the policy says of a qube, and where: file and line; with a key\n"
    "               (its fingerprint or comment), also whether the qube may use it\n"
    "  list         the keys of an agent\n"
    "  reload       reads an agent's key files again; keys without a file any more go\n"
    "  add          ssh-add for an agent: split-ssh add work ~/key -c -t 8h -h host\n"
    "  log          what was signed and refused, for whom and why\n"
    "  passphrase   stores the passphrase of a key file in the Secret Service, forgets it, or\n"
    "               tests whether the stored one is right\n"
    "  check        walks the whole chain, on this side of it: what is wrong, and the command\n"
    "               that mends it\n"
    "\n"
    "  -a SOCKET      the agent's local socket (default: $SSH_AUTH_SOCK, or else\n"
    "                 " VAULT_AGENT_SOCKET ")\n"
    "  -f, --follow   log: wait for more\n"
    "  --json         log: the lines as they are in the file; check: one object\n"
    "  -V, --version  print the version\n"
    "  -h, --help     print this\n";

static bool name_valid(const char *name, size_t max)
{
    return strspn(name, LETTERS) > 0 && name[strspn(name, LETTERS "_.-")] == '\0' &&
           strlen(name) <= max;
}

/* What takes the operands of a command: one at least, and no more than the table says. */
typedef enum err take_function(char **operands, int count, struct options *options, char *ret_why);

static enum err take_agent(char **operands, int count, struct options *options, char *ret_why)
{
    (void)count;
    if (!name_valid(operands[0], AGENT_NAME_MAX)) {
        snprintf(ret_why, OPTIONS_WHY_MAX, "\"%.64s\" is not the name of an agent", operands[0]);
        return ERR_MALFORMED;
    }
    options->agent = operands[0];
    options->ssh_add = operands + 1;
    return OK;
}

static enum err take_key_file(char **operands, int count, struct options *options, char *ret_why)
{
    (void)count;
    ret_why[0] = '\0'; /* what the file is, split-ssh-askpass says */
    options->key = operands[0];
    return OK;
}

static enum err take_qube(char **operands, int count, struct options *options, char *ret_why)
{
    const char *word = options->command == COMMAND_LOG ? IN_THE_VAULT : "";

    options->qube = operands[0];
    options->key = count > 1 ? operands[1] : NULL;
    if (!name_valid(operands[0], QUBE_NAME_MAX) && strcmp(operands[0], word) != 0) {
        snprintf(ret_why, OPTIONS_WHY_MAX, "\"%.64s\" is not the name of a qube", operands[0]);
        return ERR_MALFORMED;
    }
    if (options->key != NULL && strlen(options->key) > CONTROL_KEY_MAX) {
        snprintf(ret_why, OPTIONS_WHY_MAX, "KEY has %u bytes at most", CONTROL_KEY_MAX);
        return ERR_MALFORMED;
    }
    return OK;
}

/* "all" is as good as no name. */
static enum err take_qube_or_all(char **operands, int count, struct options *options, char *ret_why)
{
    return strcmp(operands[0], "all") == 0 ? OK : take_qube(operands, count, options, ret_why);
}

static enum err take_side(char **operands, int count, struct options *options, char *ret_why)
{
    (void)count;
    if (strcmp(operands[0], "vault") != 0 && strcmp(operands[0], "client") != 0) {
        snprintf(ret_why, OPTIONS_WHY_MAX, "check takes \"vault\", \"client\" or nothing");
        return ERR_MALFORMED;
    }
    options->side = operands[0];
    return OK;
}

static const struct syntax {
    const char *words[2]; /* the second one is NULL if one word is enough */
    int least, most;      /* operands after the words */
    const char *operands; /* for people */
    take_function *take;  /* NULL where there are none */
} commands[] = {
    [COMMAND_STATUS] = {{"status", NULL}, 0, 0, "no operand", NULL},
    [COMMAND_GRANTS] = {{"grants", NULL}, 0, 0, "no operand", NULL},
    [COMMAND_REVOKE] = {{"revoke", NULL}, 0, 1, "one QUBE, or \"all\"", take_qube_or_all},
    [COMMAND_POLICY_TEST] = {{"policy", "test"}, 1, 2, "a QUBE, and maybe a KEY", take_qube},
    [COMMAND_LIST] = {{"list", NULL}, 1, 1, "the name of an AGENT", take_agent},
    [COMMAND_RELOAD] = {{"reload", NULL}, 1, 1, "the name of an AGENT", take_agent},
    [COMMAND_ADD] =
        {{"add", NULL}, 1, INT_MAX, "the name of an AGENT, and what ssh-add takes", take_agent},
    [COMMAND_LOG] = {{"log", NULL}, 0, 1, "one QUBE at most", take_qube},
    [COMMAND_PASSPHRASE_STORE] = {{"passphrase", "store"}, 1, 1, "a key file", take_key_file},
    [COMMAND_PASSPHRASE_FORGET] =
        {{"passphrase", "forget"}, 1, 1, "a key file or a fingerprint", take_key_file},
    [COMMAND_PASSPHRASE_TEST] = {{"passphrase", "test"}, 1, 1, "a key file", take_key_file},
    [COMMAND_CHECK] = {{"check", NULL}, 0, 1, "\"vault\" or \"client\", or nothing", take_side},
};

#define COMMANDS (sizeof commands / sizeof commands[0])

/* The second words that may follow this one: "store", "forget" or "test". */
static void list_seconds(const char *first, char *ret, size_t cap)
{
    size_t used = 0;

    for (unsigned i = 0; i < COMMANDS && used < cap; i++) {
        if (strcmp(commands[i].words[0], first) == 0) {
            used += (size_t)snprintf(ret + used, cap - used, "%s\"%s\"", used > 0 ? " or " : "",
                                     commands[i].words[1]);
        }
    }
}

/* COMMANDS: there is none, and ret_why says so. */
static unsigned find_words(int count, char **words, char *ret_why)
{
    char seconds[64];
    bool half = false;

    for (unsigned i = 0; i < COMMANDS; i++) {
        const char *const *wanted = commands[i].words;

        if (strcmp(words[0], wanted[0]) != 0) {
            continue;
        }
        if (wanted[1] == NULL || (count > 1 && strcmp(words[1], wanted[1]) == 0)) {
            return i;
        }
        half = true;
    }
    if (half) {
        list_seconds(words[0], seconds, sizeof seconds);
        snprintf(ret_why, OPTIONS_WHY_MAX, "%s is followed by %s", words[0], seconds);
    } else {
        snprintf(ret_why, OPTIONS_WHY_MAX, "there is no command \"%.64s\"", words[0]);
    }
    return COMMANDS;
}

static enum err must_check find_command(int count, char **words, struct options *options,
                                        int *ret_used, char *ret_why)
{
    const struct syntax *syntax;
    unsigned found;
    int used;

    if (count == 0) {
        snprintf(ret_why, OPTIONS_WHY_MAX, "say what to do, for example: split-ssh status");
        return ERR_MALFORMED;
    }
    found = find_words(count, words, ret_why);
    if (found == COMMANDS) {
        return ERR_MALFORMED;
    }
    syntax = &commands[found];
    used = syntax->words[1] != NULL ? 2 : 1;
    if (count - used < syntax->least || count - used > syntax->most) {
        snprintf(ret_why, OPTIONS_WHY_MAX, "%s%s%s takes %s", syntax->words[0],
                 used == 2 ? " " : "", used == 2 ? syntax->words[1] : "", syntax->operands);
        return ERR_MALFORMED;
    }
    options->command = found;
    *ret_used = used;
    return OK;
}

static enum err must_check take_operands(char **operands, int count, struct options *options,
                                         char *ret_why)
{
    const struct syntax *syntax = &commands[options->command];

    return count > 0 ? syntax->take(operands, count, options, ret_why) : OK;
}

/* How many words are for us to read: not those behind `add AGENT`, which are ssh-add's. */
static int count_ours(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-a") == 0) {
            i++;
        } else if (argv[i][0] != '-') {
            return strcmp(argv[i], commands[COMMAND_ADD].words[0]) == 0 && i + 2 < argc ? i + 2
                                                                                        : argc;
        }
    }
    return argc;
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

/* Options that are for other commands. */
static enum err must_check check_options(const struct options *options, char *ret_why)
{
    const enum command command = options->command;
    const char *why = NULL;

    if (options->follow && command != COMMAND_LOG) {
        why = "-f is for split-ssh log";
    } else if (options->json && command != COMMAND_LOG && command != COMMAND_CHECK) {
        why = "--json is for split-ssh log and split-ssh check";
    } else if (options->socket != NULL && command == COMMAND_LOG) {
        why = "log reads a file: it takes no -a";
    } else if (options->socket != NULL && command == COMMAND_CHECK) {
        why = "check looks at the sockets of the packages: it takes no -a";
    } else if (options->socket != NULL && commands[command].take == take_key_file) {
        why = "passphrase asks no agent: it takes no -a";
    }
    if (why != NULL) {
        snprintf(ret_why, OPTIONS_WHY_MAX, "%s", why);
        return ERR_MALFORMED;
    }
    return OK;
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
    const int ours = count_ours(argc, argv);
    enum err err;
    int used = 0;
    int option;

    while ((option = getopt_long(ours, argv, "a:fVh", longopts, NULL)) != -1) {
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
    if (err == OK) {
        err = check_options(&options, ret_why);
    }
    if (err == OK) {
        *ret_options = options;
    }
    return err;
}
