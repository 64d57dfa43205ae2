/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the agent and the prompt say to each other over their stream socket, which is the prompt's
 * fd 3 (IPC_FD). Frames are `uint32 length, byte type, body`, in SSH wire format; either side may
 * send at any time. A frame to the prompt has at most PROMPT_ASK_MAX bytes after its length, one to
 * the agent PROMPT_FRAME_MAX. Malformed bytes end the prompt; to the agent they are the prompt's
 * end.
 *
 * agent to prompt
 *   ASK         uint32 serial, string qube, string agent name, string comment, string key blob,
 *               byte proof, bool forwarded, string host key, string host names, uint32 seconds,
 *               string data
 *   CANCEL      uint32 serial
 *   TELL        string text
 *   READ        string known_hosts
 *   KEYS        bool all, string agent, string directory
 *   RELOAD      string agent
 *   TAKEN       uint64 ticket
 *   PASSPHRASE  uint32 serial, string qube, string comment, string path, string fingerprint,
 *               bool look up, byte wrong
 *   OPENED      uint32 serial, bool right
 *
 * prompt to agent
 *   ANSWER      uint32 serial, byte verdict, string approval, string by
 *   FILE        byte kind, string path, string content
 *   FILES       string policy problem, string known_hosts problem
 *   AGENT       string agent                                     and perhaps one descriptor
 *   KEY         uint64 ticket, string agent, string path, uint32 hops, string hop...
 *   KEY_PROBLEM string agent, string path, string problem
 *   KEYS_END    bool all, string agent
 *   SECRET      uint32 serial, byte verdict, uint64 ticket, bool stored
 *
 * ASK: a question with a serial that the agent has not in use, for a PASSPHRASE neither; at most
 * PROMPT_OPEN_MAX may be open (one more counts as malformed), but the agent asks one after the
 * other. The prompt reads the purpose from data itself. Proof (enum destination_proof), host key
 * and host names are the agent's word; names are joined by ", ". Seconds > 0, GRANT_MAX_S at most:
 * "allow for ..." is offered, unless the host key in the data is not the one that the agent names.
 * After CANCEL no ANSWER may come, or it crossed it.
 * The approval of an ANSWER is empty unless the verdict is one of the two that allow. That of
 * PROMPT_ALLOW_WHILE is for a while only if the data has a scope (approval.h), and for once else:
 * what an agent remembers for a key without the confirm constraint needs none. Without a key of
 * approvals, which the keystore sends at its start, every answer is PROMPT_FAILED.
 *
 * READ: the policy files, ~/.ssh/known_hosts, /etc/ssh/ssh_known_hosts, and one more known_hosts:
 * empty for none, a name without a slash for a file beside the user's policy files, or a path below
 * /etc. They come as a FILE each, what is missing is left out, then FILES ends them; its problems
 * are empty, or say which file of the kind could not be read and why. They come once more, unasked,
 * each time one of them was changed. A known_hosts name that is neither of the three is not read,
 * which is its kind's problem.
 *
 * KEYS: the key files below ~/.ssh/identities.d, and what changes there from now on. With all,
 * those of every agent: the files in that directory itself, whose agent is "", and in each
 * directory in it, which is the agent's name; then `agent` is empty. Without, those of this agent.
 * `directory` is where the socket NAME.sock of each named agent is made, a whole path; empty: there
 * are none. KEYS comes once. AGENT: there is a directory for this agent; the descriptor is its
 * listening socket, if one was made, and comes with the first byte of the frame. Once for each
 * name, before its keys. KEY: a private key file whose descriptor was sent to the keystore under
 * this ticket (side_ipc.h), with the options that stand beside it: confirm and life went to the
 * keystore; hops are those of
 * `-h`, as ssh-add takes them. It comes again if the file, or one of those that belong to it, was
 * changed. The agent answers each KEY with TAKEN once it has no more use for the ticket, and so it
 * does with the ticket of a SECRET; 16 KEYs may be without.
 *   KEY_PROBLEM: a file that is not given to the keystore, and why, as a phrase without a full
 * stop; or one that is gone. The agent says it to the user. KEYS_END: all of the first round was
 * sent; or all that RELOAD asked for. RELOAD: as if each file of this agent was new; one of an
 * agent without a directory is answered with KEYS_END alone.
 *
 * PASSPHRASE: the passphrase of the key file at path, whose key has this fingerprint (SHA256:...),
 * for a use of this qube (empty: in the vault). With `look up` the Secret Service is asked first,
 * then the user; without, the user alone. `wrong` counts those that were typed; with neither, a
 * stored one was wrong. One at a time. It is answered with a SECRET: a verdict of
 * PROMPT_ALLOW_ONCE, a ticket that stands for the passphrase (side_ipc.h), and whether it was
 * stored; or another verdict, and then it is over. After PROMPT_ALLOW_ONCE the agent says with
 * OPENED whether it was right, which ends it: one that was typed and right, the user may have
 * stored. CANCEL ends it at any time, as of an ASK.
 */
#ifndef SPLIT_SSH_PROMPT_IPC_H
#define SPLIT_SSH_PROMPT_IPC_H

#include "ipc.h"

enum prompt_message {
    PROMPT_ASK = 1,
    PROMPT_CANCEL = 2,
    PROMPT_TELL = 3,
    PROMPT_READ = 4,
    PROMPT_ANSWER = 5,
    PROMPT_FILE = 6,
    PROMPT_FILES = 7,
    PROMPT_KEYS = 8,
    PROMPT_RELOAD = 9,
    PROMPT_TAKEN = 10,
    PROMPT_PASSPHRASE = 11,
    PROMPT_OPENED = 12,
    PROMPT_AGENT = 13,
    PROMPT_KEY = 14,
    PROMPT_KEY_PROBLEM = 15,
    PROMPT_KEYS_END = 16,
    PROMPT_SECRET = 17,
};

enum prompt_file { PROMPT_FILE_POLICY = 1, PROMPT_FILE_KNOWN_HOSTS = 2 };

enum prompt_verdict {
    PROMPT_DENY = 0,
    PROMPT_ALLOW_ONCE = 1,
    PROMPT_ALLOW_WHILE = 2, /* for the seconds that were offered */
    PROMPT_TIMEOUT = 3,     /* nobody answered */
    PROMPT_NO_DISPLAY = 4,  /* there is nothing to ask with */
    PROMPT_FAILED = 5,      /* what should have asked broke */
};

/* How the place where a login goes to is known. */
enum destination_proof {
    PROOF_NONE = 0, /* not: no session was bound, or its host key is of a type we cannot verify */
    PROOF_KEY = 1,  /* the host's key was verified; no known_hosts file has it */
    PROOF_NAME = 2, /* ... and known_hosts has a name for it */
};

#define PROMPT_COMMENT_MAX 256U  /* bytes of a comment that are sent */
#define PROMPT_NAMES_MAX   512U  /* bytes of host names */
#define PROMPT_TEXT_MAX    1024U /* bytes of a bubble */
#define PROMPT_BY_MAX      32U   /* who answered: "notification", "askpass" */
#define PROMPT_KEYS_AHEAD  16U   /* KEYs without TAKEN */
#define PROMPT_HOPS_MAX    64U   /* -h options of one file */
#define PROMPT_HOP_MAX     1024U /* bytes: two host names and a user */

#define PROMPT_FINGERPRINT_SIZE 50U /* bytes of SHA256:... */

#endif
