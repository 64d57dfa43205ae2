/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the packages put what more than one program looks for (systemd's units have them too). */
#ifndef SPLIT_SSH_PATHS_H
#define SPLIT_SSH_PATHS_H

/* The vault's sockets, which systemd makes for split-ssh-agent. */
#define VAULT_DIRECTORY     "/run/split-ssh"
#define VAULT_AGENT_SOCKET  VAULT_DIRECTORY "/agent.sock"
#define VAULT_QREXEC_SOCKET VAULT_DIRECTORY "/qrexec.sock"

/* A file for each service of the qube that is on (qvm-service). */
#define SWITCHES "/run/qubes-service"

/* The client: one word in a file each, or no file. */
#define CONFIG_DIRECTORY "/rw/config"
#define CONFIG_VAULT     "split-ssh-vault"         /* the vault's name */
#define CONFIG_AGENT     "split-ssh-default-agent" /* what `-A default` means */

/* Makes a call of qrexec; of the package qubes-core-qrexec. */
#define QREXEC_CLIENT "/usr/bin/qrexec-client-vm"

#endif
