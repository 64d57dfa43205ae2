/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the agent and the keystore say to each other over their stream socket, which is the
 * keystore's fd 3. One request is under way at a time; the keystore answers each with one answer.
 *
 *   request   uint32 length, byte op, body        (length counts op and body)
 *   answer    uint32 length, byte err, body       (enum err; a body only with OK)
 *
 * The fields are in SSH wire format. Before its first answer the keystore sends one HELLO, when
 * its memory is locked and its sandbox is up, with a description of each:
 *
 *   hello     uint32 length, byte IPC_HELLO, string key memory, string sandbox
 *
 * op          body                                       body of the answer
 * ADD         bool constrained, uint32 default life,     uint64 id, uint64 deadline, byte flags,
 *             rest of ADD_IDENTITY after its type byte   string key blob, string comment,
 *                                                        string destinations
 * SIGN        uint64 id, uint32 flags, string qube,      string signature
 *             string approval, data (to the end)
 * REMOVE      uint64 id                                  -
 * REMOVE_ALL  -                                          -
 * EXPIRE      -                                          -
 * LOCK        string passphrase                          -
 * UNLOCK      string passphrase                          -
 * REVOKE      bool all, string qube                      -
 *
 * A qube's name is empty for programs in the vault. An approval (approval.h) is empty, or one that
 * the prompt made; only a key with the confirm constraint needs it. One that permits more than one
 * signature is remembered until its time is over, the key is gone, or REVOKE names its qube.
 * Destinations are what a restrict-destination-v00@openssh.com constraint holds after its name, as
 * it came; empty for none.
 *
 * An id stands for one key blob and is never used again for another one. A life is in seconds, 0
 * for none. A deadline is in milliseconds of CLOCK_BOOTTIME, 0 for none.
 *
 * Malformed bytes inside of an ADD are a client's and are answered with ERR_MALFORMED. Everything
 * else that is malformed here is the agent's, and ends the keystore.
 */
#ifndef SPLIT_SSH_IPC_H
#define SPLIT_SSH_IPC_H

#include "limits.h"

#define IPC_FD        3
#define IPC_TOKEN_FD  4                 /* at start: the key of approvals, keystore to prompt */
#define IPC_HEADER    5U                /* bytes: length and op, or length and err */
#define IPC_MAX       (FRAME_MAX + 64U) /* bytes after the length word, either way */
#define IPC_HELLO     0xffU
#define IPC_HELLO_MAX 128U /* bytes of each description */

enum ipc_op {
    IPC_ADD = 1,
    IPC_SIGN = 2,
    IPC_REMOVE = 3,
    IPC_REMOVE_ALL = 4,
    IPC_EXPIRE = 5,
    IPC_LOCK = 6,
    IPC_UNLOCK = 7,
    IPC_REVOKE = 8,
};

/* Flags of a key in the answer to ADD. */
#define IPC_KEY_CONFIRM 1U /* the key was added with the confirm constraint */

/* Exit status of the keystore, for the agent's last log line. */
enum ipc_exit {
    IPC_EXIT_OK = 0,        /* the agent closed the socket */
    IPC_EXIT_USAGE = 64,    /* not started by the agent */
    IPC_EXIT_PROTOCOL = 65, /* malformed bytes from the agent */
    IPC_EXIT_MEMORY = 66,   /* memory for keys could not be locked */
    IPC_EXIT_SANDBOX = 67,  /* the process could not be closed off */
    IPC_EXIT_CRYPTO = 68,   /* a cryptographic library could not be set up */
    IPC_EXIT_SYSTEM = 69,   /* reading or writing the socket failed */
};

/* What an exit status of the keystore means, for the agent's log. */
static inline const char *ipc_exit_text(int status)
{
    switch (status) {
    case IPC_EXIT_OK:
        return "it was closed";
    case IPC_EXIT_USAGE:
        return "it was not started right";
    case IPC_EXIT_PROTOCOL:
        return "it got malformed bytes from the agent";
    case IPC_EXIT_MEMORY:
        return "it cannot lock memory for keys; raise the limit (ulimit -l, LimitMEMLOCK=) to 8 "
               "MiB";
    case IPC_EXIT_SANDBOX:
        return "it cannot enter its sandbox";
    case IPC_EXIT_CRYPTO:
        return "a cryptographic library does not start";
    case IPC_EXIT_SYSTEM:
        return "its socket failed";
    default:
        return "unknown exit status";
    }
}

#endif
