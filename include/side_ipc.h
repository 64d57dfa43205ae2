/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The side channel: what the prompt and the keystore say to each other past the agent, which keeps
 * no end of it. A socket pair of type SOCK_SEQPACKET, fd IPC_SIDE_FD of both, so that a message is
 * a packet, and a descriptor comes with the packet that it belongs to (SCM_RIGHTS).
 *
 * keystore to prompt, once, at its start: APPROVAL_KEY_SIZE random bytes (approval.h)
 *
 * prompt to keystore
 *   FILE         byte type, uint64 ticket, bool confirm, uint32 life, string public,
 *                string certificate, string comment                     and one descriptor
 *   PASSPHRASE   byte type, uint64 ticket                               and one descriptor
 *   DROP         byte type, uint64 ticket
 *
 * A ticket is a number that the prompt never uses twice; the agent learns it after the packet was
 * sent, and says it in the request that needs what it stands for (ipc.h). At most TICKETS_MAX are
 * open; the keystore forgets the oldest of more. DROP closes one, if it is still there.
 *
 * FILE: a regular file, opened for reading, at its start: a private key of at most KEY_FILE_MAX
 * bytes. life is in seconds, UINT32_MAX for none. What stands beside the file: public is the key
 * blob of NAME.pub, certificate that of NAME-cert.pub, each empty if there is none, at most
 * CERTIFICATE_MAX bytes. comment is for a file that has none, or none that can be read yet.
 *
 * PASSPHRASE: the reading end of a pipe that holds a passphrase, without a newline, and that nobody
 * will write to any more; at most PASSPHRASE_MAX bytes.
 *
 * Malformed packets end the keystore, as malformed bytes of the agent do.
 */
#ifndef SPLIT_SSH_SIDE_IPC_H
#define SPLIT_SSH_SIDE_IPC_H

#include "limits.h"

enum side_message {
    SIDE_FILE = 1,
    SIDE_PASSPHRASE = 2,
    SIDE_DROP = 3,
};

#define SIDE_NO_LIFE UINT32_MAX
#define SIDE_MAX     (1U + 8U + 1U + 4U + 3U * 4U + 2U * CERTIFICATE_MAX + SIDE_COMMENT_MAX)

#endif
