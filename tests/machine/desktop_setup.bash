# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The vault's user and desktop, keys, and a server to log in to; for tests of machines.

SERVER_CONFIG='Host server.example
    HostName 127.0.0.1
    HostKeyAlias server.example
    IdentityFile none
    PreferredAuthentications publickey
'

# make_key_file QUBE PATH COMMENT
make_key_file() {
    shell "$1" "umask 077; mkdir -p \"\$(dirname $2)\"; rm -f $2; ssh-keygen -q -t ed25519 -N '' -C $3 -f $2"
}

# make_server QUBE: the qube's own sshd lets in who has the vault's key; the vault knows its host key.
make_server() {
    local host_key

    host_key="server.example $(root_in "$1" cut -d' ' -f1-2 /etc/ssh/ssh_host_ed25519_key.pub)"
    into vault /home/user/.ssh/known_hosts 600 <<<"$host_key"
    into "$1" /home/user/.ssh/known_hosts 600 <<<"$host_key"
    into "$1" /home/user/.ssh/config 600 <<<"$SERVER_CONFIG"
    vault cat .ssh/identities.d/id_work.pub | into "$1" /home/user/.ssh/authorized_keys 600
}

# user_answers REACTION: to questions, as notifications; see tests/standin/notification-server.c.
user_answers() {
    user_answers_nothing
    vault_root rm -f /tmp/notifications
    vault systemd-run --quiet --user --collect --unit=notifications \
        -p StandardOutput=append:/tmp/notifications \
        /usr/lib/standin/notification-server actions,body "$1"
    wait_until user_saw ready
}

# Nobody is there: no server, and no askpass program.
user_answers_nothing() {
    if vault systemctl --user --quiet is-active notifications.service; then
        vault systemctl --user stop notifications.service
    fi
}

user_saw() {
    vault grep -q -e "$1" /tmp/notifications 2>/dev/null || { vault cat /tmp/notifications; return 1; }
}

restart_agent() {
    vault systemctl --user restart split-ssh-agent.service
    wait_until listed vault work
}

# listed QUBE COMMENT
listed() {
    in_qube "$1" ssh-add -l 2>/dev/null | grep -q " $2 (ED25519)"
}

dom0_said() {
    grep -q -F -e "$1" "$DOM0/log"
}
