/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * split-ssh-relay: gives the programs of this qube an agent socket whose other end is in the
 * vault. It hands each connection to a qrexec-client-vm of its own and copies no byte.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client_config.h"
#include "log.h"
#include "loop.h"
#include "options.h"
#include "sandbox.h"
#include "standard_fds.h"
#include "unix_socket.h"

static enum err must_check take_systemd_socket(struct unix_activated *list,
                                               struct unix_socket *ret_socket, char *ret_why)
{
    if (list->count != 1) {
        snprintf(ret_why, UNIX_WHY_MAX, "systemd passed %u sockets, the relay takes one",
                 list->count);
        return ERR_MALFORMED;
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    return unix_take(list, list->socket[0].name, true, ret_socket, ret_why);
}

/* systemd's socket, the one of -a, or the default one. */
static enum err must_check get_listener(const struct options *options,
                                        struct unix_socket *ret_socket, char *ret_why)
{
    struct unix_activated list;
    char path[UNIX_PATH_MAX];
    const char *where = options->socket;
    enum err err;

    err = unix_activated(&list, ret_why);
    if (err != OK) {
        return err;
    }
    if (list.count > 0 && where != NULL) {
        snprintf(ret_why, UNIX_WHY_MAX, "there is a socket from systemd: leave -a out");
        return ERR_MALFORMED;
    }
    if (list.count > 0) {
        return take_systemd_socket(&list, ret_socket, ret_why);
    }
    if (where == NULL) {
        err = options_default_socket(options, path, ret_why);
        if (err != OK) {
            return err;
        }
        where = path;
    }
    err = unix_private_directory(where, ret_why);
    return err == OK ? unix_listen(where, 0600, ret_socket, ret_why) : err;
}

static_assert(CLIENT_CONFIG_WHY <= UNIX_WHY_MAX, "a sentence about a file fits");

static int serve(const struct options *options, const struct client_call *destination,
                 const struct unix_socket *listener)
{
    static struct relay relay;
    enum err err = relay_open(&relay, options, destination, listener->fd);

    if (err == OK) {
        err = sandbox_enter(options->client);
    }
    if (err == OK) {
        log_line("listening on %s for %s in %s",
                 listener->path[0] != '\0' ? listener->path : "systemd's socket",
                 destination->service, destination->target);
        err = relay_run(&relay);
    }
    if (err != OK) {
        log_line("%s: %s", err_text(err), strerror(errno));
    }
    unix_unlink(listener);
    close(listener->fd);
    relay_close(&relay);
    return err == OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct client_call destination;
    struct unix_socket listener;
    struct options options;
    char why[UNIX_WHY_MAX];

    if (!standard_fds_open()) {
        return EXIT_FAILURE;
    }
    if (options_parse(argc, argv, &options, why) != OK) {
        if (why[0] != '\0') {
            log_line("%s", why);
        }
        fputs("Try split-ssh-relay --help.\n", stderr);
        return EXIT_FAILURE;
    }
    if (options.help || options.version) {
        fputs(options.help ? options_usage : "split-ssh-relay " SPLIT_SSH_VERSION "\n", stdout);
        return EXIT_SUCCESS;
    }
    if (client_config_call(options.config, options.target, options.agent, &destination, why) !=
            OK ||
        get_listener(&options, &listener, why) != OK) {
        log_line("%s", why);
        return EXIT_FAILURE;
    }
    return serve(&options, &destination, &listener);
}
