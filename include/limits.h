/* SPDX-License-Identifier: BSD-2-Clause */
/* Every length and count that a peer can influence has its cap here, with the reason. */

/*
 * The C library has a header of this name too. Its own chain of #include_next can end up here,
 * since it starts with a quoted name; outside of the guard, so that the chain always goes on.
 */
#include_next <limits.h>

#ifndef SPLIT_SSH_LIMITS_H
#define SPLIT_SSH_LIMITS_H

/* Agent protocol. OpenSSH's agent ends a connection at a longer frame; so do we. */
#define FRAME_MAX 262144U /* bytes after the length word: 256 KiB */

/* qrexec: 63 bytes for SERVICE+ARG and 31 for a qube, plus what dom0 may add. */
#define QUBE_NAME_MAX  31U
#define SERVICE_MAX    63U
#define DESCRIPTOR_MAX 255U /* bytes, without the NUL */

/* qubes-app-linux-split-ssh allows 64 for the name of an agent; 63 is all that qrexec carries. */
#define AGENT_NAME_MAX 63U

/* Connections. A relay makes at most 32 calls at once, so a qube needs that many and some. */
#define QUBE_CLIENTS_MAX        64U
#define QREXEC_CLIENTS_MAX      1024U /* all qubes together */
#define QREXEC_UNIDENTIFIED_MAX 64U   /* have not sent their descriptor yet */
#define LOCAL_CLIENTS_MAX       4096U /* ssh -A and editors keep connections open for hours */
#define QUBES_MAX               512U  /* more qubes than a machine can run */
#define LISTEN_BACKLOG          4096

/*
 * Frames that a qube may send beside each other: a bucket that takes a fleet of parallel logins
 * (about three frames each), and fills slowly, so that a flood leaves the processors to the others.
 */
#define QUBE_BURST_FRAMES  1000U
#define QUBE_FRAME_FILL_MS 10U

/* Time, in milliseconds. */
#define DESCRIPTOR_TIMEOUT_MS 5000U  /* qrexec writes it at once */
#define QUBE_IDLE_TIMEOUT_MS  60000U /* without a whole frame or answer */

/* Keys. 8 MiB of locked memory, a plain user's limit, hold about 480 RSA-4096 keys. */
#define KEYS_MAX              4096U
#define RSA_MIN_BITS          2048U  /* below: refused, as OpenSSH's default does since 2022 */
#define RSA_MAX_BITS          16384U /* what OpenSSH and libcrypto handle */
#define RSA_MAX_EXPONENT_BITS 64U    /* libcrypto verifies no larger one with a large modulus */
#define MPINT_MAX             (RSA_MAX_BITS / 8U + 1U) /* with the zero byte before a set top bit */
#define KEY_TYPE_MAX          64U                      /* the longest that we know has 40 bytes */
#define SIGNATURE_MAX         (4U + KEY_TYPE_MAX + 4U + MPINT_MAX) /* a whole signature blob */
#define PASSPHRASE_MAX        1024U /* LOCK and UNLOCK; what OpenSSH's ssh-add reads at most */

/* session-bind@openssh.com; the numbers are OpenSSH's. */
#define SESSION_ID_MAX 128U
#define BINDINGS_MAX   16U

#endif
