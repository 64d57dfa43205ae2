/* SPDX-License-Identifier: BSD-2-Clause */
/* The steps of the vault, in the order of its table (check_vault.c). */
#ifndef CONTROL_CHECK_VAULT_H
#define CONTROL_CHECK_VAULT_H

#include "check.h"
#include "paths.h"

#define VAULT_SERVICE "split-ssh-agent.service"
#define KEY_DIRECTORY ".ssh/identities.d" /* below the home directory */
#define VAULT_SOCKETS "split-ssh-agent.socket split-ssh-qrexec.socket"

/*
 * Ends the agent, with its keys, and makes the sockets anew. All of them are stopped first: systemd
 * starts no socket of a service that runs. reset-failed is for units that were started too often,
 * and wants their names: it overlooks a pattern.
 */
#define VAULT_RESTART                                                                              \
    "systemctl --user stop " VAULT_SERVICE " " VAULT_SOCKETS                                       \
    "; systemctl --user reset-failed " VAULT_SERVICE " " VAULT_SOCKETS                             \
    "; systemctl --user start " VAULT_SOCKETS

/* check_place.c */
void check_group(struct check *check);
void check_directory(struct check *check);

/* check_manager.c */
void check_memory_limit(struct check *check);

/* check_units.c */
void check_programs(struct check *check);
void check_service(struct check *check);
void check_agent_unit(struct check *check);
void check_qrexec_unit(struct check *check);

/*
 * Has the last finding mended in an editor, at the place PATH:LINE: that problem has, and the shell
 * command `then` after that; leaves the finding as it is if there is no such place.
 */
void check_mend_policy(struct check *check, const char *problem, const char *then);

/* check_sockets.c */
void check_agent_socket(struct check *check);
void check_qrexec_socket(struct check *check);

/* check_rpc.c */
void check_rpc(struct check *check);
void check_rpc_config(struct check *check);

/* check_session.c */
void check_session(struct check *check);
void check_startup(struct check *check);
void check_shell(struct check *check);

/* check_leftovers.c */
void check_leftovers(struct check *check);

/* check_questions.c */
void check_questions(struct check *check);
void check_secrets(struct check *check);

/* check_health.c: what the agent says; check_agent() asks it, the others need that. */
void check_agent(struct check *check);
void check_prompt(struct check *check);
void check_key_memory(struct check *check);
void check_sandbox(struct check *check);
void check_policy(struct check *check);
void check_keys(struct check *check);

/* check_files.c */
void check_audit(struct check *check);
void check_key_files(struct check *check);

/* A value of the agent's report (control_ipc.h); "" before check_agent(). */
const char *vault_report(const char *word);

#endif
