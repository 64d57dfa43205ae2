/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What split-ssh asks the agent: extension messages (RFC 9987, section 3.8) on the local socket,
 * one connection each. The names are in the answer to `query`; a qube's requests are refused.
 *
 *   request   byte AGENTC_EXTENSION (27), string name, body
 *   answer    byte AGENT_EXTENSION_RESPONSE (29), string name, bool ok, string text
 *
 * name                    body                       text
 * status@split-ssh        -                          keys, qubes, memory, sandbox
 * check@split-ssh         -                          the same for a program, see below
 * grants@split-ssh        -                          what is allowed without a question for now
 * revoke@split-ssh        bool all, string qube      what was revoked
 * policy-test@split-ssh   string qube, string key    which rule decides, and its file and line
 * list@split-ssh          string agent               the keys of this agent
 * reload@split-ssh        string agent               how many key files were loaded
 *
 * With `all`, the name of the qube is empty. A key is a fingerprint as `ssh-keygen -l` prints it, a
 * comment, or empty for none. An agent that there is not is answered with ok false.
 * reload@split-ssh reads the agent's key files anew; keys from files that are gone are removed. Its
 * answer comes when that is done.
 *
 * The text of check@split-ssh has a line for each of these words: the word, a blank, and the value,
 * which may be empty. "version"; "keys", how many in all agents; "locked", "prompt" (it runs) and
 * "display" (the agent's environment has one): yes or no; "memory", "keystore", "agent": where keys
 * are and the two sandboxes, as in status@split-ssh; "policy": what was wrong with its files when
 * they were read last; "audit": the directory of the log, empty if there is none.
 *
 * Any other text is for a person, made by the agent and ready to print: printable ASCII, tabs, and
 * lines that end in a newline. If ok is false it says why not, as one phrase without a newline. A
 * body that is malformed, and an agent that does not know the name, is FAILURE (5) or
 * EXTENSION_FAILURE (28).
 */
#ifndef SPLIT_SSH_CONTROL_IPC_H
#define SPLIT_SSH_CONTROL_IPC_H

#include "limits.h"

#define CONTROL_STATUS      "status@split-ssh"
#define CONTROL_CHECK       "check@split-ssh"
#define CONTROL_GRANTS      "grants@split-ssh"
#define CONTROL_REVOKE      "revoke@split-ssh"
#define CONTROL_POLICY_TEST "policy-test@split-ssh"
#define CONTROL_LIST        "list@split-ssh"
#define CONTROL_RELOAD      "reload@split-ssh"

#define CONTROL_NAME_MAX 64U /* bytes of a name */

#endif
