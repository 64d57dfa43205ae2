/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stands in for qrexec where there is no Qubes OS: takes qrexec-client-vm's arguments, looks the
 * service up as qrexec does in the vault, and joins stdin and stdout to the service's socket.
 *
 *   qrexec-client-vm [--] TARGET SERVICE[+ARG]
 *
 * The environment has the parts of dom0 and of the vault:
 *   QREXEC_STANDIN_SOURCE    name of the calling qube (default: dev)
 *   QREXEC_STANDIN_RPC       directories of services, separated by colons, in the order of
 *                            /run/qubes-rpc, /usr/local/etc/qubes-rpc and /etc/qubes-rpc
 *   QREXEC_STANDIN_DELAY_MS  dom0's dialog is open for so long
 *   QREXEC_STANDIN_EXIT      refuse with this status (125, 126, 127)
 *   QREXEC_STANDIN_EAT       a refusal first takes what waits on stdin: 125 and 127 come from the
 *                            vault, when the real program has begun to read
 *   QREXEC_STANDIN_SPLIT     the service gets its descriptor in two pieces
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "limits.h"
#include "shuttle.h"

/* Exit status (qubes-core-qrexec, libqrexec/qrexec.h). */
#define PROBLEM        125
#define NOT_FOUND      127
#define TARGET_PREFIX  "@dispvm:"
#define SPLIT_PAUSE_MS 20U
#define EAT_WAIT_MS    1000

struct call {
    const char *target;
    const char *service;                  /* with +ARG, or without */
    const char *source;                   /* the calling qube */
    char bare[SERVICE_MAX + 1U];          /* the service without its argument */
    char descriptor[DESCRIPTOR_MAX + 1U]; /* with its NUL */
};

static _Noreturn void __attribute__((format(printf, 2, 3)))
fail(int status, const char *format, ...)
{
    va_list args;

    fputs("qrexec-client-vm stand-in: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(status);
}

static unsigned env_number(const char *name)
{
    const char *text = getenv(name);

    return text == NULL ? 0 : (unsigned)strtoul(text, NULL, 10);
}

static void sleep_ms(unsigned ms)
{
    struct timespec left = {.tv_sec = ms / 1000U, .tv_nsec = (long)(ms % 1000U) * 1000000L};

    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static struct call parse(int argc, char **argv)
{
    struct call call = {.source = getenv("QREXEC_STANDIN_SOURCE")};
    const char *target;
    int first = argc > 1 && strcmp(argv[1], "--") == 0 ? 2 : 1;

    if (argc - first != 2 || argv[first][0] == '-') {
        fail(PROBLEM, "usage: qrexec-client-vm [--] TARGET SERVICE[+ARG]");
    }
    call.target = argv[first];
    call.service = argv[first + 1];
    if (call.source == NULL) {
        call.source = "dev";
    }
    target = strncmp(call.target, TARGET_PREFIX, strlen(TARGET_PREFIX)) == 0
                 ? call.target + strlen(TARGET_PREFIX)
                 : call.target;
    if (target[0] == '\0' || strlen(target) > QUBE_NAME_MAX || call.source[0] == '\0' ||
        strlen(call.source) > QUBE_NAME_MAX) {
        fail(PROBLEM, "a qube's name has 1 to %u bytes", QUBE_NAME_MAX);
    }
    if (strlen(call.service) > SERVICE_MAX || strcspn(call.service, "+/") == 0 ||
        strchr(call.service, '/') != NULL) {
        fail(PROBLEM, "SERVICE+ARG has 1 to %u bytes and no slash", SERVICE_MAX);
    }
    memcpy(call.bare, call.service, strcspn(call.service, "+"));
    snprintf(call.descriptor, sizeof call.descriptor, "%s%s %s", call.service,
             strchr(call.service, '+') == NULL ? "+" : "", call.source);
    return call;
}

/*
 * Looks for name in each directory; its path goes into ret_address. False if it is in none. The
 * first one found counts, also when it is unusable.
 */
static bool find(const char *name, struct sockaddr_un *ret_address)
{
    const char *dir = getenv("QREXEC_STANDIN_RPC");
    struct stat st;

    while (dir != NULL) {
        size_t len = strcspn(dir, ":");
        char path[sizeof ret_address->sun_path];
        int n = snprintf(path, sizeof path, "%.*s/%s", (int)len, dir, name);

        if (n < 0 || (size_t)n >= sizeof path) {
            fail(PROBLEM, "the path of %s is too long", name);
        }
        if (stat(path, &st) == 0) {
            if (!S_ISSOCK(st.st_mode)) {
                fail(PROBLEM, "%s is no socket, and this program starts no services", path);
            }
            memcpy(ret_address->sun_path, path, (size_t)n + 1U);
            return true;
        }
        dir = dir[len] == '\0' ? NULL : dir + len + 1;
    }
    return false;
}

/* libqrexec searches all directories for SERVICE+ARG before it searches them for SERVICE. */
static int connect_service(const struct call *call)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char full[SERVICE_MAX + 2U];
    int fd;

    snprintf(full, sizeof full, "%.*s", (int)strcspn(call->descriptor, " "), call->descriptor);
    if (!find(full, &address) && !find(call->bare, &address)) {
        fail(NOT_FOUND, "service not found: %s", full);
    }
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        fail(PROBLEM, "%s: %s", address.sun_path, strerror(errno));
    }
    return fd;
}

static void send_descriptor(int fd, const struct call *call)
{
    size_t len = strlen(call->descriptor) + 1U;
    size_t first = env_number("QREXEC_STANDIN_SPLIT") != 0 ? len / 2U : 0;

    if (first > 0) {
        if (write(fd, call->descriptor, first) != (ssize_t)first) {
            fail(PROBLEM, "cannot write the descriptor: %s", strerror(errno));
        }
        sleep_ms(SPLIT_PAUSE_MS);
    }
    if (write(fd, call->descriptor + first, len - first) != (ssize_t)(len - first)) {
        fail(PROBLEM, "cannot write the descriptor: %s", strerror(errno));
    }
}

static void refuse(unsigned status)
{
    struct pollfd client = {.fd = STDIN_FILENO, .events = POLLIN};
    char thrown_away[4096];

    if (env_number("QREXEC_STANDIN_EAT") != 0 && poll(&client, 1, EAT_WAIT_MS) > 0 &&
        read(STDIN_FILENO, thrown_away, sizeof thrown_away) < 0) {
        fail(PROBLEM, "stdin: %s", strerror(errno));
    }
    fail((int)status, "request refused");
}

int main(int argc, char **argv)
{
    struct call call = parse(argc, argv);
    unsigned status = env_number("QREXEC_STANDIN_EXIT");
    struct end service;

    signal(SIGPIPE, SIG_IGN);
    sleep_ms(env_number("QREXEC_STANDIN_DELAY_MS"));
    if (status != 0) {
        refuse(status);
    }
    service.in = connect_service(&call);
    service.out = service.in;
    send_descriptor(service.in, &call);
    if (!shuttle((struct end){.in = STDIN_FILENO, .out = STDOUT_FILENO}, service)) {
        fail(PROBLEM, "poll: %s", strerror(errno));
    }
    return 0;
}
