/* SPDX-License-Identifier: BSD-2-Clause */
/* What systemd runs in a client qube: the manager, a socket unit for each agent, their sockets. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "check_client.h"
#include "check_run.h"
#include "check_unit_state.h"

#define UNIT_BEFORE "split-ssh-relay@"
#define UNIT_SOCKET ".socket"
#define FILE_SOCKET ".sock"

/*
 * With three names of an agent. The service, too, may have been started too often; a pattern would
 * not find it, since it is not active.
 */
#define RESTART                                                                                    \
    "systemctl --user reset-failed split-ssh-relay@%s.socket split-ssh-relay@%s.service; "         \
    "systemctl --user restart split-ssh-relay@%s.socket"

/* Adds an agent, unless it is there, has no possible name, or there are too many. */
static void add_agent(struct client_agents *agents, const char *name, size_t len, bool unit)
{
    struct client_agent *agent = &agents->agent[agents->count];
    const char *home = getenv("HOME");
    char path[UNIX_PATH_MAX] = "";
    int n;

    if (agents->count == CLIENT_AGENTS_MAX || len > CALL_AGENT_MAX) {
        return;
    }
    memcpy(agent->name, name, len);
    agent->name[len] = '\0';
    if (!call_agent_valid(agent->name)) {
        return;
    }
    for (unsigned i = 0; i < agents->count; i++) {
        if (strcmp(agents->agent[i].name, agent->name) == 0) {
            return;
        }
    }
    agent->unit = unit;
    n = snprintf(path, sizeof path, "%s/.split-ssh/%s" FILE_SOCKET, home != NULL ? home : "",
                 agent->name);
    if (n < 0 || (size_t)n >= sizeof path) {
        path[0] = '\0';
    }
    memcpy(agent->socket, path, sizeof path);
    agents->count++;
}

/* A line of systemctl list-units: the unit's name comes first. */
static bool take_unit(void *context, const char *line, size_t len)
{
    size_t before = strlen(UNIT_BEFORE);
    size_t after = strlen(UNIT_SOCKET);
    const char *space = memchr(line, ' ', len);
    size_t word = space != NULL ? (size_t)(space - line) : len;

    if (word > before + after && memcmp(line, UNIT_BEFORE, before) == 0 &&
        memcmp(line + word - after, UNIT_SOCKET, after) == 0) {
        add_agent(context, line + before, word - before - after, true);
    }
    return false;
}

static void add_files(struct client_agents *agents)
{
    const char *home = getenv("HOME");
    char path[CLIENT_CONFIG_PATH];
    struct dirent *entry;
    DIR *directory;

    snprintf(path, sizeof path, "%s/.split-ssh", home != NULL ? home : "");
    directory = opendir(path);
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        size_t len = strlen(entry->d_name);
        size_t after = strlen(FILE_SOCKET);

        if (len > after && strcmp(entry->d_name + len - after, FILE_SOCKET) == 0) {
            add_agent(agents, entry->d_name, len - after, false);
        }
    }
    if (directory != NULL) {
        closedir(directory);
    }
}

static const char all_units[] = UNIT_BEFORE "*" UNIT_SOCKET;
const struct client_agents *client_agents(void)
{
    static const char *const argv[] = {"systemctl",  "--user",  "list-units",
                                       "--all",      "--plain", "--no-legend",
                                       "--no-pager", all_units, NULL};
    static struct client_agents agents;
    static struct run run;

    if (agents.count == 0) {
        add_agent(&agents, CALL_AGENT_DEFAULT, strlen(CALL_AGENT_DEFAULT), true);
        if (run_simple(argv, &run)) {
            check_each_line(run.out, take_unit, &agents);
        }
        add_files(&agents);
    }
    return &agents;
}

static void relay_state(const char *agent, const char *suffix, struct unit_state *ret)
{
    char name[UNIT_NAME_MAX];

    snprintf(name, sizeof name, UNIT_BEFORE "%.*s%s", (int)AGENT_NAME_MAX, agent, suffix);
    unit_state(name, ret);
}

/* Something where systemd makes the socket that it does not put aside; if so, it was said. */
static bool is_obstructed(struct check *check, const struct client_agent *agent)
{
    const char *home = getenv("HOME");
    char quoted[CLIENT_QUOTE_MAX];
    char directory[UNIX_PATH_MAX];
    struct stat st;

    snprintf(directory, sizeof directory, "%s/.split-ssh", home != NULL ? home : "");
    if (stat(directory, &st) != 0) {
        return false;
    }
    if (!S_ISDIR(st.st_mode)) {
        check_wrong(check, "%s is no directory, so there is no place for a socket", directory);
        check_mend(check, CHECK_HERE, "mv ~/.split-ssh ~/.split-ssh.old; " RESTART, agent->name,
                   agent->name, agent->name);
    } else if (access(directory, W_OK | X_OK) != 0) {
        check_wrong(check, "this user may not make a socket in %s", directory);
        check_mend(check, CHECK_HERE,
                   "sudo chown -R \"$(id -u)\" ~/.split-ssh; chmod 700 ~/.split-ssh; " RESTART,
                   agent->name, agent->name, agent->name);
    } else if (lstat(agent->socket, &st) == 0 && S_ISDIR(st.st_mode)) {
        check_quote(quoted, sizeof quoted, agent->socket);
        check_wrong(check, "%s is a directory, and the socket has to be there", agent->socket);
        check_mend(check, CHECK_HERE, "mv %s %s.old; " RESTART, quoted, quoted, agent->name,
                   agent->name, agent->name);
    } else {
        return false;
    }
    return true;
}

/* What the relay of an agent said last; empty if nobody knows. */
static void last_words(const char *service, char *ret, size_t cap)
{
    const char *argv[] = {"journalctl",  "--quiet",      "--no-pager",
                          "--user-unit", service,        "--identifier=split-ssh-relay",
                          "--lines=1",   "--output=cat", NULL};
    static struct run run;

    ret[0] = '\0';
    if (run_simple(argv, &run) && run.out[0] != '\0') {
        snprintf(ret, cap, ": %.*s", (int)strcspn(run.out, "\n"), run.out);
    }
}

static void unit_failed(struct check *check, const struct client_agent *agent,
                        const struct unit_state *socket, const struct unit_state *service)
{
    const struct unit_state *unit = strcmp(socket->active, "failed") == 0 ? socket : service;
    char words[CHECK_TEXT_MAX / 2U];

    if (unit == socket && is_obstructed(check, agent)) {
        return;
    }
    last_words(service->name, words, sizeof words);
    check_wrong(check, "%s has failed (%s)%s", unit->name, unit->result, words);
    check_mend(check, CHECK_HERE, RESTART, agent->name, agent->name, agent->name);
}

/* A file of CONFIG_DIRECTORY was written after a relay had started, which reads them once. */
static bool config_is_newer(const struct unit_state *service)
{
    static const char *const files[] = {CONFIG_DIRECTORY "/" CONFIG_VAULT,
                                        CONFIG_DIRECTORY "/" CONFIG_AGENT};
    unsigned long long started = strtoull(service->started, NULL, 10);
    struct timespec monotonic;
    struct timespec real;
    struct stat st;

    if (strcmp(service->active, "active") != 0 || started == 0) {
        return false;
    }
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    clock_gettime(CLOCK_REALTIME, &real);
    for (unsigned i = 0; i < sizeof files / sizeof files[0]; i++) {
        double age;

        if (stat(files[i], &st) != 0) {
            continue;
        }
        age = (double)(real.tv_sec - st.st_mtim.tv_sec) +
              (double)(real.tv_nsec - st.st_mtim.tv_nsec) / 1e9;
        if (age <
            (double)monotonic.tv_sec + (double)monotonic.tv_nsec / 1e9 - (double)started / 1e6) {
            return true;
        }
    }
    return false;
}

/* One that is neither active nor failed. */
static void unit_inactive(struct check *check, const struct unit_state *socket)
{
    check_wrong(check, "%s is %s%s", socket->name,
                socket->active[0] != '\0' ? socket->active : "unknown to systemd",
                strcmp(socket->condition, "no") == 0 ? ": when it was to start, the service "
                                                       "split-ssh-client was not on yet"
                                                     : "");
    check_mend(check, CHECK_HERE, "systemctl --user %s %s",
               strcmp(socket->file, "disabled") == 0 ? "enable --now" : "start", socket->name);
}

static void look_at_unit(struct check *check, const struct client_agent *agent)
{
    bool is_default = strcmp(agent->name, CALL_AGENT_DEFAULT) == 0;
    struct unit_state service;
    struct unit_state socket;
    char install[128];

    relay_state(agent->name, UNIT_SOCKET, &socket);
    relay_state(agent->name, ".service", &service);
    if (strcmp(socket.load, "not-found") == 0) {
        check_wrong(check, "systemd has no unit %s: the package split-ssh-client is not installed",
                    socket.name);
        check_install_ours(install, sizeof install, "split-ssh-client");
        check_mend(check, CHECK_TEMPLATE, "%s", install);
    } else if (strcmp(socket.load, "masked") == 0) {
        check_wrong(check, "%s is masked, so nothing starts it", socket.name);
        check_mend(check, CHECK_HERE, "systemctl --user unmask %s && systemctl --user start %s",
                   socket.name, socket.name);
    } else if (strcmp(socket.active, "failed") == 0 || strcmp(service.active, "failed") == 0) {
        unit_failed(check, agent, &socket, &service);
    } else if (strcmp(socket.active, "active") != 0) {
        unit_inactive(check, &socket);
    } else if (config_is_newer(&service)) {
        check_wrong(check, "%s still runs with what was in %s before", service.name,
                    CONFIG_DIRECTORY);
        check_mend(check, CHECK_HERE, "systemctl --user restart %s", service.name);
    } else if (is_default && strcmp(socket.file, "disabled") == 0) {
        check_wrong(check, "%s listens, but is not enabled: not after a restart of this qube",
                    socket.name);
        check_mend(check, CHECK_HERE, "systemctl --user enable %s", socket.name);
    } else {
        check_ok(check, "%s is active", socket.name);
    }
}

void check_client_units(struct check *check)
{
    const struct client_agents *agents = client_agents();

    for (unsigned i = 0; i < agents->count; i++) {
        if (agents->agent[i].unit) {
            look_at_unit(check, &agents->agent[i]);
        }
    }
}

/* A socket that systemd did not make. */
static void look_at_other(struct check *check, const struct client_agent *agent)
{
    char quoted[CLIENT_QUOTE_MAX];
    struct socket_look look;

    socket_look(agent->socket, &look);
    if (look.state == SOCKET_LISTENS) {
        check_ok(check, "%s listens, started by hand", agent->socket);
    } else {
        check_note(check, "%s is left over: nobody listens, and systemd has no unit for it",
                   agent->socket);
        check_mend(check, CHECK_HERE, "rm -r %s",
                   check_quote(quoted, sizeof quoted, agent->socket));
    }
}

static void look_at_socket(struct check *check, const struct client_agent *agent)
{
    char quoted[CLIENT_QUOTE_MAX];
    struct socket_look look;

    socket_look(agent->socket, &look);
    check_quote(quoted, sizeof quoted, agent->socket);
    switch (look.state) {
    case SOCKET_LISTENS:
        break;
    case SOCKET_FILE:
        check_wrong(check, "%s is no socket, but is where one has to be", agent->socket);
        check_mend(check, CHECK_HERE,
                   "mv %s %s.old && systemctl --user restart " UNIT_BEFORE "%s" UNIT_SOCKET, quoted,
                   quoted, agent->name);
        return;
    case SOCKET_HIDDEN:
    case SOCKET_REFUSED:
        check_wrong(check, "%s cannot be used: %s", agent->socket, strerror(look.error));
        check_mend(check, CHECK_HERE,
                   "sudo chown -R \"$USER\": ~/.split-ssh && chmod 700 "
                   "~/.split-ssh && chmod 600 ~/.split-ssh/*");
        return;
    case SOCKET_ABSENT:
    case SOCKET_DEAD:
        check_wrong(check,
                    look.state == SOCKET_DEAD
                        ? "nobody listens on %s, which is another one than systemd made"
                        : "%s is gone, though systemd listens on it",
                    agent->socket);
        check_mend(check, CHECK_HERE, "systemctl --user restart " UNIT_BEFORE "%s" UNIT_SOCKET,
                   agent->name);
        return;
    }
    if ((look.mode & 077) != 0) {
        check_wrong(check, "%s has mode %04o, so other users may connect", agent->socket,
                    (unsigned)look.mode);
        check_mend(check, CHECK_HERE, "chmod 600 %s", quoted);
        return;
    }
    check_ok(check, "%s listens, for this user alone", agent->socket);
}

void check_client_sockets(struct check *check)
{
    const struct client_agents *agents = client_agents();

    for (unsigned i = 0; i < agents->count; i++) {
        if (agents->agent[i].socket[0] == '\0') {
            check_wrong(check,
                        "the path of ~/.split-ssh/%s" FILE_SOCKET " is too long for a socket",
                        agents->agent[i].name);
        } else if (!agents->agent[i].unit) {
            look_at_other(check, &agents->agent[i]);
        } else {
            look_at_socket(check, &agents->agent[i]);
        }
    }
}
