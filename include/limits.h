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

/* Key files, which the prompt opens and the keystore reads (side_ipc.h). */
#define AGENTS_MAX        64U      /* named agents: a directory each in ~/.ssh/identities.d */
#define KEY_FILES_MAX     KEYS_MAX /* files of all agents */
#define KEY_FILE_MAX      65536U   /* bytes: a PEM file of RSA-16384 has 13 KB */
#define CERTIFICATE_MAX   32768U   /* bytes of a blob: of RSA-16384, with hundreds of principals */
#define SIDE_COMMENT_MAX  1024U    /* bytes of a comment of NAME.pub, or of a path */
#define TICKETS_MAX       64U      /* the prompt sends 16 files ahead */
#define BCRYPT_ROUNDS_MAX 2048U    /* ssh-keygen -a 2000 is 10 s to a minute of work */
/* Of a PEM file, which is decrypted in one go: a second or two. */
#define PBKDF2_ITERATIONS_MAX 2000000U
#define ADD_OPTION_MAX        4096U /* bytes of NAME.ssh-add-option */

/* session-bind@openssh.com; the first two numbers are OpenSSH's. */
#define SESSION_ID_MAX 128U
#define BINDINGS_MAX   16U
#define HOST_KEY_MAX   8192U /* bytes of a blob: a certificate of RSA-16384, signed by another */

#define CERTIFICATE_PRINCIPALS_MAX 256U /* names in a host certificate: OpenSSH's number */

/* What is signed. Longer ones make the data opaque: nobody could be shown them. */
#define USER_MAX      256U /* bytes of a user name; more than any system allows */
#define NAMESPACE_MAX 256U /* bytes of an SSHSIG namespace */
#define HOST_MAX      256U /* bytes of a host name or pattern: DNS has 253 */

/*
 * Signatures that one use may take beside its first: a login tries few keys, and has one signature
 * with each. Every one is a line in the audit log, so without a limit they could fill it.
 */
#define USE_REPEATS_MAX 16U

/* restrict-destination-v00@openssh.com (ssh-add -h) */
#define CONSTRAINTS_MAX     1024U /* hops of one key; the number is OpenSSH's */
#define CONSTRAINT_KEYS_MAX 64U   /* host keys of one end of a hop */

/* Questions to the user. */
#define QUESTIONS_PER_QUBE_MAX 3U      /* that wait; the next is refused */
#define QUESTION_TIMEOUT_MS    30000U  /* then the answer is no */
#define UNANSWERED_MAX         2U      /* questions; then the qube cools down */
#define FRUITLESS_MAX          10U     /* ... or withdrawn, or not shown: a process each */
#define COOL_DOWN_MS           300000U /* asks nothing for so long */
#define GRANTS_MAX             256U    /* "allow for N minutes" that are in force */
#define GRANT_MAX_S            86400U  /* a day is the longest */
#define APPROVALS_USED_MAX     1024U   /* whose time is not over: a click each, for 15 s or a day */

/* The prompt (prompt_ipc.h). Each question and bubble is a process. */
#define PROMPT_OPEN_MAX 8U /* open questions; the agent asks one after the other */
#define PROMPT_CHILDREN_MAX                                                                        \
    16U /* for questions: the open ones, and withdrawn ones on their way out */
#define PROMPT_GRACE_MS    5000U /* that a child may take longer than the time to answer */
#define PROMPT_WITHDRAW_MS 2000U /* that a withdrawn question may take to close */
#define BUBBLES_MAX        3U    /* at once, and in BUBBLES_MS; more are counted */
#define BUBBLES_MS         3000U
#define BUBBLE_TIMEOUT_MS  5000U /* showing one takes no longer */

/* Passphrases of key files. */
#define PASSPHRASE_TRIES      3U     /* that are typed; then the use fails */
#define PASSPHRASE_TIMEOUT_MS 60000U /* for each dialog: the Secret Service's own, and ours */
#define REMEMBER_TIMEOUT_MS   30000U /* for "remember?", after which it is not stored */
/* Look-up, three dialogs, and as many times bcrypt: how long an approval waits in the keystore. */
#define APPROVAL_HELD_MS   600000U
#define APPROVALS_HELD_MAX 64U /* that wait so: a click each, and one dialog at a time */

/* Keys that KeePassXC will bring. */
#define EXPECTED_MAX       256U      /* keys of one agent; the oldest makes way */
#define EXPECTED_BYTES_MAX FRAME_MAX /* of their public halves: no list can have more */
#define WAIT_FOR_KEY_MAX_S 600U      /* a request waits no longer: connections are few */

/* Files that the prompt reads for the agent (prompt_ipc.h). */
#define CONFIG_FILE_MAX  65536U   /* bytes of one policy file */
#define CONFIG_FILES_MAX 64U      /* policy files */
#define POLICY_LINE_MAX  197U     /* bytes of a line: inih has 200 for it, its end and a NUL */
#define KNOWN_HOSTS_MAX  4194304U /* bytes of one known_hosts file: some 10,000 lines */
#define PROMPT_FRAME_MAX (KNOWN_HOSTS_MAX + 4096U)
#define PROMPT_PATH_MAX  1024U /* bytes of a path, so that a frame has room for it */
/* To the prompt: key blob and data are of one frame of a client; then host key and names. */
#define PROMPT_ASK_MAX (FRAME_MAX + HOST_KEY_MAX + 4096U)

/* The audit log. */
#define AUDIT_SIZE_MAX (8U << 20) /* bytes, then a new file: some 20,000 decisions */

/* split-ssh and the agent (control_ipc.h) */
#define CONTROL_TEXT_MAX          (FRAME_MAX - 256U) /* bytes of an answer's text: all that fits */
#define CONTROL_KEY_MAX           256U               /* bytes of a fingerprint or comment */
#define CONTROL_TIMEOUT_MS        5000U  /* the agent answers at once unless it is stopped */
#define CONTROL_RELOAD_TIMEOUT_MS 60000U /* ... or reads thousands of key files */

#endif
