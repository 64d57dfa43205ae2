/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the broker, split-ssh-prompt, and its children say to each other. They are a program of
 * their own, started anew for each question and each bubble, so that what GLib, a notification
 * server or an askpass program do to a child cannot touch the key of approvals.
 *
 *   split-ssh-prompt-child ask    string title, string body, string while_label, uint32 timeout_ms
 *   split-ssh-prompt-child tell   string title, string body
 *
 * come on standard input, which then ends, in SSH wire format, at most CHILD_INPUT_MAX bytes. All
 * text is printable ASCII, and newlines in a body. An empty while_label: only "once" is offered.
 *
 *   split-ssh-prompt-child passphrase
 *
 * has a stream socket to the broker as standard input, and the writing end of a pipe to the
 * keystore as standard output. It gets `uint32 length` and then, length bytes, `string title,
 * string body, string fingerprint, string label, bool look up, uint32 timeout_ms`; label is what a
 * stored passphrase is called. It writes the passphrase, without a newline, to standard output and
 * closes that; then it sends one byte, CHILD_STORED or CHILD_TYPED, and reads one: CHILD_RIGHT or
 * CHILD_WRONG, or the end. It exits with 0 then, after it has asked, if the passphrase was typed
 * and right, whether to store it. It sends its byte, or ends, within timeout_ms and a second, or
 * twice that with `look up`; after CHILD_RIGHT it takes REMEMBER_TIMEOUT_MS, and less than
 * PROMPT_GRACE_MS. Without a passphrase it sends nothing, and its exit status is one
 * of CHILD_DENY_ASKPASS, CHILD_TIMEOUT_ASKPASS, CHILD_NO_DISPLAY.
 *
 * The exit status is the answer; every other status, or a signal, is PROMPT_FAILED. SIGTERM: the
 * question is withdrawn, close the window or notification and go. A child leads a process group of
 * its own and gets SIGTERM too when the broker dies; the group is killed if the child does not end.
 */
#ifndef PROMPT_CHILD_H
#define PROMPT_CHILD_H

#define CHILD_ASK        "ask"
#define CHILD_TELL       "tell"
#define CHILD_PASSPHRASE "passphrase"
#define CHILD_INPUT_MAX  4096U /* fits into an empty pipe, so that writing it never blocks */

enum child_exit {
    CHILD_ONCE_NOTIFICATION = 10,
    CHILD_WHILE_NOTIFICATION = 11,
    CHILD_DENY_NOTIFICATION = 12,
    CHILD_TIMEOUT_NOTIFICATION = 13,
    CHILD_ONCE_ASKPASS = 20,
    CHILD_DENY_ASKPASS = 22,
    CHILD_TIMEOUT_ASKPASS = 23,
    CHILD_NO_DISPLAY = 30,
};

/* What main() runs for "ask": a child_exit, or another status if it could not ask. */
int ask_main(void);

/* Bytes of a "passphrase" child and to it. */
enum child_byte { CHILD_STORED = 's', CHILD_TYPED = 't', CHILD_RIGHT = 'r', CHILD_WRONG = 'w' };

/* What main() runs for "passphrase": 0, or a child_exit. */
int passphrase_main(void);

/* What main() runs for "tell": 0 once the bubble is shown, or CHILD_NO_DISPLAY. */
int tell_main(void);

#endif
