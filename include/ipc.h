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
 * and, in the place of an answer or between two, at the end of what an UNSEAL began:
 *
 *   unsealed  uint32 length, byte IPC_UNSEALED, uint64 id, byte err
 *
 * op          body                                       body of the answer
 * ADD         uint32 agent, bool constrained,            uint64 id, uint64 deadline, byte flags,
 *             uint32 default life, rest of ADD_IDENTITY  string key blob, string comment,
 *             after its type byte                        string destinations
 * ADD_FILE    uint32 agent, uint64 ticket,               as of ADD, and the same fields once more
 *             uint32 default life                        if there is a certificate
 * SIGN        uint64 id, uint32 flags, string qube,      string signature
 *             string approval, data (to the end)
 * UNSEAL      uint64 id, uint64 ticket                   -
 * REMOVE      uint64 id                                  -
 * REMOVE_ALL  uint32 agent                               -
 * EXPIRE      -                                          -
 * LOCK        string passphrase                          -
 * UNLOCK      string passphrase                          -
 * REVOKE      bool all, string qube                      -
 *
 * An agent is the number of one of several that are served, each with its own keys; the same key
 * may be in two of them. A qube's name is empty for programs in the vault. An approval (approval.h)
 * is empty, or one that the prompt made; only a key with the confirm constraint needs it. One that
 * permits more than one signature is remembered until its time is over, the key is gone, or REVOKE
 * names its qube. Destinations are what a restrict-destination-v00@openssh.com constraint holds
 * after its name, as it came; empty for none, and always of a file.
 *
 * An id stands for one key blob of one agent and is never used again for another one. A life is in
 * seconds, 0 for none. A deadline is in milliseconds of CLOCK_BOOTTIME, 0 for none.
 *
 * A ticket names what the prompt has sent on the side channel (side_ipc.h): the descriptor of a key
 * file, or of a pipe with a passphrase. It is good once; one that is not there is ERR_NOT_FOUND.
 *
 * A key from a file with a passphrase is sealed. SIGN with one is ERR_SEALED; an approval that came
 * with it is taken, and kept for the same data until it is signed (APPROVAL_HELD_MS). UNSEAL takes
 * a passphrase to the key: OK means that the work has begun, which other requests do not wait for,
 * and one UNSEALED will say what came of it: OK, ERR_PASSPHRASE, or what is wrong with the file.
 * A second UNSEAL meanwhile is ERR_TOO_MANY. Keys that were made of the same file are opened
 * together.
 *
 * Malformed bytes inside of an ADD are a client's, and those of a file are the user's: they are
 * answered. Everything else that is malformed here is the agent's, and ends the keystore.
 */
#ifndef SPLIT_SSH_IPC_H
#define SPLIT_SSH_IPC_H

#include "limits.h"

#define IPC_FD        3
#define IPC_SIDE_FD   4                 /* the side channel, keystore and prompt (side_ipc.h) */
#define IPC_HEADER    5U                /* bytes: length and op, or length and err */
#define IPC_MAX       (FRAME_MAX + 64U) /* bytes after the length word, either way */
#define IPC_HELLO     0xffU
#define IPC_UNSEALED  0xfeU
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
    IPC_ADD_FILE = 9,
    IPC_UNSEAL = 10,
};

/* Flags of a key in the answer to ADD and ADD_FILE. */
#define IPC_KEY_CONFIRM 1U /* the key was added with the confirm constraint */
#define IPC_KEY_SEALED  2U /* it needs its passphrase before it signs */
/* The certificate beside the file is not one of this key and was left out (ERR_FILE_CERT). */
#define IPC_KEY_BAD_CERT 4U

/* Exit status of the keystore, for the agent's last log line. */
enum ipc_exit {
    IPC_EXIT_OK = 0,        /* the agent closed the socket */
    IPC_EXIT_USAGE = 64,    /* not started by the agent */
    IPC_EXIT_PROTOCOL = 65, /* malformed bytes from the agent or the prompt */
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
        return "it got malformed bytes from the agent or the prompt";
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
