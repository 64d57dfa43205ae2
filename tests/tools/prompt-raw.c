/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starts split-ssh-prompt and plays the agent on its fd 3 and the keystore on its fd 4.
 *
 *   prompt-raw [-k BYTES] PROGRAM COMMAND...
 *
 * -k: the keystore sends so many bytes of the key of approvals. Bytes are given in hex.
 *
 *   qube|agent|comment|names TEXT    what the next questions have; each is empty at first
 *   key|host|data HEX
 *   proof|forwarded|seconds NUMBER
 *   ask SERIAL        asks
 *   cancel SERIAL     withdraws
 *   tell TEXT         a bubble
 *   read NAME         asks for the files, with one more known_hosts
 *   send HEX          sends bytes
 *   frame HEX         sends bytes, with their length in front
 *   many COUNT HEX    sends bytes so often
 *   answer            waits for the next ANSWER and prints "SERIAL VERDICT APPROVAL BY"; the
 *                     approval is "none", "once" or "while" if it is right for the fields as they
 *                     are now and for less than the time that it may be for, else "wrong"
 *   files             waits for a round of files and prints "policy|known_hosts PATH BYTES" each,
 *                     then "problems POLICY|KNOWN-HOSTS"
 *   files-with LINE   waits for a round with that line, and prints just that
 *   keys ALL AGENT DIRECTORY   asks for key files
 *   reload AGENT      asks for those of an agent once more
 *   taken TICKET      has no more use for it
 *   keys-end          waits until all are there, which are TAKEN, and prints a line for each
 *                     message: "agent NAME none|listening PATH", "key [AGENT] PATH
 *                     file|other|odd confirm|- LIFE|- public=HEX certificate=HEX comment=TEXT
 *                     hop=TEXT...", of which the last fields but hops are those of the packet that
 *                     the keystore got, "problem [AGENT] PATH: WHY", "end [AGENT]", "end all []"
 *   keys-next COUNT take|leave   waits for so many such messages
 *   keys-blindly      as keys-end, but the keystore reads no packet and nothing is TAKEN
 *   take-those        the keystore reads their packets, and they are TAKEN
 *   passphrase SERIAL QUBE COMMENT PATH FINGERPRINT LOOK-UP WRONG   asks for one
 *   secret            waits for it and prints "SERIAL VERDICT stored|- PASSPHRASE"
 *   opened SERIAL RIGHT   says whether it was right
 *   drops COUNT       waits until the keystore was told to drop so many tickets
 *   close-side        the keystore is gone
 *   run COMMAND       with sh; BROKER is the pid of the prompt
 *   close             ends the connection
 *   ended             waits for the end of the prompt, whatever it still says, and prints its exit
 *                     status or signal
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "approval.h"
#include "clock.h"
#include "hex.h"
#include "prompt-raw.h"

#define PATIENCE_S 60 /* more than anything here takes */

static struct {
    const char *qube, *agent, *comment, *names;
    struct view key, host, data;
    unsigned long proof, forwarded, seconds;
} fields = {.qube = "", .agent = "", .comment = "", .names = ""};

static uint8_t token_key[APPROVAL_KEY_SIZE];
static int agent_end = -1;
static pid_t broker;
static bool is_over;
int side_end = -1;
int received_fd = -1;

_Noreturn void fail(const char *what, const char *why)
{
    fflush(stdout);
    fprintf(stderr, "prompt-raw: %s: %s\n", what, why);
    if (broker > 0) {
        kill(broker, SIGKILL);
    }
    exit(EXIT_FAILURE);
}

unsigned long number(const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0') {
        fail(text, "not a number");
    }
    return n;
}

/* In memory of the caller. */
static struct view from_hex(const char *text)
{
    size_t len = strlen(text) / 2;
    uint8_t *bytes = malloc(len + 1);

    if (bytes == NULL || !hex_read(text, bytes, len)) {
        fail(text, "not hex");
    }
    return (struct view){bytes, len};
}

static struct view text_view(const char *text)
{
    return (struct view){(const uint8_t *)text, strlen(text)};
}

/* What the prompt does not take any more shows by its end. */
static void send_all(struct view bytes)
{
    while (bytes.len > 0) {
        ssize_t n = send(agent_end, bytes.data, bytes.len, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN) {
            fail("send", "the prompt does not read");
        }
        if (n < 0) {
            return;
        }
        bytes.data += n;
        bytes.len -= (size_t)n;
    }
}

void send_frame(struct view body)
{
    uint8_t length[4];

    store_u32(length, (uint32_t)body.len);
    send_all((struct view){length, sizeof length});
    send_all(body);
}

static void do_ask(char **args)
{
    static uint8_t room[2 * PROMPT_ASK_MAX];
    struct wire_writer w = wire_writer(room, sizeof room);

    put_u8(&w, PROMPT_ASK);
    put_u32(&w, (uint32_t)number(args[0]));
    put_text(&w, fields.qube);
    put_text(&w, fields.agent);
    put_text(&w, fields.comment);
    put_string(&w, fields.key);
    put_u8(&w, (uint8_t)fields.proof);
    put_u8(&w, (uint8_t)fields.forwarded);
    put_string(&w, fields.host);
    put_text(&w, fields.names);
    put_u32(&w, (uint32_t)fields.seconds);
    put_string(&w, fields.data);
    send_frame(wire_written(&w));
}

static void do_cancel(char **args)
{
    uint8_t room[5];
    struct wire_writer w = wire_writer(room, sizeof room);

    put_u8(&w, PROMPT_CANCEL);
    put_u32(&w, (uint32_t)number(args[0]));
    send_frame(wire_written(&w));
}

static void send_text(uint8_t type, const char *text)
{
    uint8_t room[8192];
    struct wire_writer w = wire_writer(room, sizeof room);

    put_u8(&w, type);
    put_text(&w, text);
    send_frame(wire_written(&w));
}

static void do_tell(char **args)
{
    send_text(PROMPT_TELL, args[0]);
}

static void do_read(char **args)
{
    send_text(PROMPT_READ, args[0]);
}

static void do_send(char **args)
{
    struct view bytes = from_hex(args[0]);

    send_all(bytes);
    free((void *)bytes.data);
}

static void do_frame(char **args)
{
    struct view bytes = from_hex(args[0]);

    send_frame(bytes);
    free((void *)bytes.data);
}

static void do_many(char **args)
{
    struct view bytes = from_hex(args[1]);

    for (unsigned long i = number(args[0]); i > 0; i--) {
        send_all(bytes);
    }
    free((void *)bytes.data);
}

/* Keeps a descriptor that comes along. */
static ssize_t receive_some(uint8_t *bytes, size_t len)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(4 * sizeof(int))];
    } control;
    struct iovec room = {.iov_len = len};
    struct msghdr message = {.msg_iov = &room,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    const struct cmsghdr *header;
    ssize_t n;

    room.iov_base = bytes;
    n = recvmsg(agent_end, &message, MSG_CMSG_CLOEXEC);
    header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header != NULL) {
        if (header->cmsg_len != CMSG_LEN(sizeof(int)) || received_fd >= 0) {
            fail("receive", "more than one descriptor");
        }
        memcpy(&received_fd, CMSG_DATA(header), sizeof(int));
    }
    return n;
}

/* False: the prompt has closed its end. */
static bool receive(uint8_t *bytes, size_t len)
{
    size_t have = 0;

    while (have < len) {
        ssize_t n = receive_some(bytes + have, len - have);

        if (n < 0 && errno == EAGAIN) {
            fail("receive", "nothing comes");
        }
        if (n == 0 || (n < 0 && errno != EINTR)) {
            return false;
        }
        have += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* The next message: type and body. */
struct wire_reader next_message(void)
{
    static uint8_t bytes[PROMPT_FRAME_MAX];
    uint8_t head[4];

    if (!receive(head, sizeof head)) {
        fail("receive", "the prompt has ended");
    }
    if (load_u32(head) == 0 || load_u32(head) > sizeof bytes) {
        fail("receive", "not a length");
    }
    if (!receive(bytes, load_u32(head))) {
        fail("receive", "the prompt has ended");
    }
    return wire_reader(bytes, load_u32(head));
}

static const char *judge(struct view bytes)
{
    const struct approval_subject subject = {fields.key, fields.data, text_view(fields.qube)};
    uint8_t mac[APPROVAL_MAC_SIZE];
    uint64_t most = boottime_ms();
    struct approval approval;

    if (bytes.len == 0) {
        return "none";
    }
    if (approval_parse(bytes, &approval) != OK) {
        return "malformed";
    }
    most += approval.kind == APPROVAL_ONCE ? APPROVAL_ONCE_MS : fields.seconds * 1000;
    if (!approval_mac(token_key, &subject, approval.kind, approval.expiry, mac) ||
        memcmp(mac, approval.mac, sizeof mac) != 0 || approval.expiry > most) {
        return "wrong";
    }
    return approval.kind == APPROVAL_ONCE ? "once" : "while";
}

static void do_answer(char **args)
{
    static const char *const verdicts[] = {"deny",    "allow-once", "allow-while",
                                           "timeout", "no-display", "failed"};
    struct wire_reader r = next_message();
    uint8_t type = wire_u8(&r);
    uint32_t serial = wire_u32(&r);
    uint8_t verdict = wire_u8(&r);
    struct view approval = wire_string(&r, APPROVAL_SIZE);
    struct view by = wire_string(&r, PROMPT_BY_MAX);

    (void)args;
    if (type != PROMPT_ANSWER || wire_end(&r) != OK || verdict > PROMPT_FAILED) {
        fail("answer", "something else came");
    }
    printf("%u %s %s %.*s\n", serial, verdicts[verdict], judge(approval), (int)by.len,
           (const char *)by.data);
}

static void do_run(char **args)
{
    int status = system(args[0]); // NOLINT(cert-env33-c): of a test

    if (status != 0) {
        fail(args[0], "failed");
    }
}

static void do_close(char **args)
{
    (void)args;
    close(agent_end);
    agent_end = -1;
}

static void do_ended(char **args)
{
    uint8_t byte;
    int status;

    (void)args;
    while (agent_end >= 0 && receive(&byte, 1)) {
    }
    waitpid(broker, &status, 0);
    is_over = true;
    printf("%s %d\n", WIFEXITED(status) ? "exit" : "signal",
           WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static const struct command {
    const char *name;
    int args;
    void (*run)(char **args);
    const char **text;
    struct view *bytes;
    unsigned long *number;
} commands[] = {
    {"qube", 1, .text = &fields.qube},
    {"agent", 1, .text = &fields.agent},
    {"comment", 1, .text = &fields.comment},
    {"names", 1, .text = &fields.names},
    {"key", 1, .bytes = &fields.key},
    {"host", 1, .bytes = &fields.host},
    {"data", 1, .bytes = &fields.data},
    {"proof", 1, .number = &fields.proof},
    {"forwarded", 1, .number = &fields.forwarded},
    {"seconds", 1, .number = &fields.seconds},
    {"ask", 1, .run = do_ask},
    {"cancel", 1, .run = do_cancel},
    {"tell", 1, .run = do_tell},
    {"read", 1, .run = do_read},
    {"send", 1, .run = do_send},
    {"frame", 1, .run = do_frame},
    {"many", 2, .run = do_many},
    {"answer", 0, .run = do_answer},
    {"files", 0, .run = do_files},
    {"files-with", 1, .run = do_files_with},
    {"keys", 3, .run = do_keys},
    {"reload", 1, .run = do_reload},
    {"taken", 1, .run = do_taken},
    {"keys-end", 0, .run = do_keys_end},
    {"keys-next", 2, .run = do_keys_next},
    {"keys-blindly", 0, .run = do_keys_blindly},
    {"take-those", 0, .run = do_take_those},
    {"passphrase", 7, .run = do_passphrase},
    {"secret", 0, .run = do_secret},
    {"opened", 2, .run = do_opened},
    {"drops", 1, .run = do_drops},
    {"close-side", 0, .run = do_close_side},
    {"run", 1, .run = do_run},
    {"close", 0, .run = do_close},
    {"ended", 0, .run = do_ended},
};

static void run_command(const struct command *command, char **args)
{
    if (command->text != NULL) {
        *command->text = args[0];
    } else if (command->bytes != NULL) {
        free((void *)command->bytes->data);
        *command->bytes = from_hex(args[0]);
    } else if (command->number != NULL) {
        *command->number = number(args[0]);
    } else {
        command->run(args);
    }
    fflush(stdout);
}

/* How many words were used. */
static int run_one(char **words, int left)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, words[0]) == 0) {
            if (left <= commands[i].args) {
                fail(words[0], "is not complete");
            }
            run_command(&commands[i], words + 1);
            return 1 + commands[i].args;
        }
    }
    fail(words[0], "no such command");
}

/* Beyond the two numbers, of which dup2() would close one. */
static int move_up(int fd)
{
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, 10);

    close(fd);
    return moved;
}

/* Both sockets, and the key in the second one; without a key that one has ended. */
static void start(const char *program, size_t key_bytes)
{
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    char *argv[] = {(char *)program, (char[]){"-f"}, NULL};
    posix_spawn_file_actions_t actions;
    int token[2];
    int agent[2];
    char text[32];
    int error;

    posix_spawn_file_actions_init(&actions);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, agent) != 0 ||
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, token) != 0 ||
        setsockopt(agent[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        setsockopt(agent[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0) {
        fail("sockets", strerror(errno));
    }
    agent[1] = move_up(agent[1]);
    token[1] = move_up(token[1]);
    posix_spawn_file_actions_adddup2(&actions, agent[1], IPC_FD);
    posix_spawn_file_actions_adddup2(&actions, token[1], IPC_SIDE_FD);
    posix_spawn_file_actions_addclosefrom_np(&actions, IPC_SIDE_FD + 1);
    error = posix_spawn(&broker, program, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        fail(program, strerror(error));
    }
    agent_end = agent[0];
    close(agent[1]);
    close(token[1]);
    side_end = token[0];
    if (key_bytes == 0) {
        do_close_side(NULL);
    } else if (write(side_end, token_key, key_bytes) != (ssize_t)key_bytes) {
        fail("key", strerror(errno));
    }
    snprintf(text, sizeof text, "%d", (int)broker);
    setenv("BROKER", text, 1);
}

int main(int argc, char **argv)
{
    size_t key_bytes = sizeof token_key;
    int first = 1;

    if (argc > 2 && strcmp(argv[1], "-k") == 0) {
        key_bytes = number(argv[2]);
        first = 3;
    }
    if (argc <= first || key_bytes > sizeof token_key || sodium_init() < 0) {
        fail("usage", "prompt-raw [-k BYTES] PROGRAM COMMAND...");
    }
    randombytes_buf(token_key, sizeof token_key);
    start(argv[first], key_bytes);
    for (int i = first + 1; i < argc;) {
        i += run_one(argv + i, argc - i);
    }
    if (!is_over) {
        close(agent_end);
        waitpid(broker, NULL, 0);
    }
    return EXIT_SUCCESS;
}
