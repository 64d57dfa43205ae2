#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2016
# split-ssh check in a vault that somebody has broken: what is wrong is named, first, with a command
# that mends it; after just that command nothing is wrong any more.

load machine_setup
load check_setup

setup_file() {
    begin_machines
    new_qube vault split-ssh-vault
    boot vault
    prepare_qube vault
    in_qube vault mkdir -p -m 700 .ssh/identities.d
    into vault /home/user/editor 755 <<'END'
#!/bin/sh
# In the place of an editor and of who sits before it: +LINE FILE; the line becomes a comment.
exec sed -i "${1#+}s/^/# /" "$2"
END
}

teardown_file() {
    end_machines
}

setup() {
    is_green vault || begin_anew
}

# A test before has failed.
begin_anew() {
    qvm_service vault split-ssh-vault on
    reboot_qube vault
    prepare_qube vault
    is_green vault
}

restart_vault() {
    vault systemctl --user stop split-ssh-agent.service
    vault split-ssh -a "$AGENT_SOCK" status >/dev/null || true
}

### Nothing is broken

@test "a vault as it is installed: nothing is wrong, and each step says something" {
    check_side vault
    [ "$status" -eq 0 ]
    for step in switch user group directory manager programs memory-limit service agent-unit \
        agent-socket qrexec-unit qrexec-socket rpc rpc-config session startup-files shell leftovers \
        agent prompt questions secret-service key-memory sandbox policy audit-log key-files keys; do
        verdicts "$step" | grep -q -x -e ok -e note || { echo "$step: nothing"; return 1; }
    done
    refute verdicts wrong
    run shell vault 'split-ssh check' # the switch says which side
    [ "$status" -eq 0 ]
    [[ "$output" == vault:*"so nothing is wrong" ]]
}

@test "it leaves no trace: no key, no qube, nothing allowed" {
    vault split-ssh status >"$BATS_TEST_TMPDIR/before"
    check_side vault
    vault split-ssh status >"$BATS_TEST_TMPDIR/after"
    diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

### Place and user

@test "the service is off: dom0's command, and a start" {
    qvm_service vault split-ssh-vault off
    reboot_qube vault
    prepare_qube vault
    run shell vault 'split-ssh check --json 2>/dev/null'
    [ "$status" -eq 1 ]
    [ "$(finding vault switch where)" = dom0 ]
    [ "$(finding client switch mend)" = 'qvm-service vault split-ssh-client on' ]
    eval "$(finding vault switch mend)"
    reboot_qube vault
    prepare_qube vault
    is_green vault
}

@test "the service is off: the command that holds until the next start" {
    vault_root rm /run/qubes-service/split-ssh-vault
    vault systemctl --user stop split-ssh-agent.service split-ssh-agent.socket split-ssh-qrexec.socket
    check_side vault
    [ "$status" -eq 1 ]
    [ "$(verdicts directory)" = skipped ]
    [ "$(verdicts keys)" = skipped ]
    BEFORE=$(finding vault switch mend note)
    [[ "$BEFORE" == *'sudo touch /run/qubes-service/split-ssh-vault'* ]]
    is_green vault "$BEFORE"
}

@test "root runs it" {
    output=$(root_in vault split-ssh check --json vault) || status=$?
    [ "$status" -eq 1 ]
    [ "$(first_wrong)" = user ]
    root_in vault sh -c "$(finding vault user mend)"
}

@test "no group qubes" {
    vault_root groupdel qubes
    mends_at_last vault group
}

@test "no directory for the sockets" {
    vault_root rm -r /run/split-ssh
    mends vault directory
}

@test "root owns the directory for the sockets" {
    vault_root chown root:root /run/split-ssh
    vault_root chmod 755 /run/split-ssh
    mends vault directory
}

@test "another user's name in tmpfiles.d" {
    vault_root sh -c 'echo "d /run/split-ssh 2750 root qubes -" >/etc/tmpfiles.d/split-ssh.conf
        systemd-tmpfiles --create split-ssh.conf'
    mends vault directory
    vault_root systemd-tmpfiles --create split-ssh.conf # as at the next start
    is_green vault
}

### systemd

@test "a shell without XDG_RUNTIME_DIR" {
    BEFORE='unset XDG_RUNTIME_DIR DBUS_SESSION_BUS_ADDRESS'
    mends vault manager
}

@test "a drop-in with too little locked memory" {
    into vault /home/user/.config/systemd/user/split-ssh-agent.service.d/x.conf 644 <<'END'
[Service]
LimitMEMLOCK=64K
END
    vault systemctl --user daemon-reload
    restart_vault
    mends vault memory-limit
}

@test "too little locked memory for the user's systemd" {
    into vault /etc/systemd/system/user@.service.d/10-small.conf 644 <<'END'
[Service]
LimitMEMLOCK=1M
END
    restart_manager
    check_side vault
    [ "$(first_wrong)" = memory-limit ]
    [ "$(finding vault memory-limit where)" = 'the template' ]
    shell vault "$(finding vault memory-limit mend)"
    restart_manager # in the place of a restart of the qube, whose template got the file
    is_green vault
}

@test "a program that cannot be run" {
    vault_root chmod 700 /usr/libexec/split-ssh/split-ssh-keystore
    mends vault programs
}

@test "masked: socket, service, for this boot, for all users" {
    vault systemctl --user mask --now split-ssh-agent.socket
    mends vault agent-unit
    vault systemctl --user mask --now split-ssh-agent.service
    mends vault service
    vault systemctl --user mask --runtime --now split-ssh-agent.socket
    mends vault agent-unit
    vault_root systemctl --global mask split-ssh-qrexec.socket
    vault systemctl --user daemon-reload
    vault systemctl --user stop split-ssh-qrexec.socket
    mends vault qrexec-unit
}

@test "disabled and stopped" {
    vault_root rm /etc/systemd/user/sockets.target.wants/split-ssh-agent.socket
    vault systemctl --user daemon-reload
    vault systemctl --user stop split-ssh-agent.socket
    mends vault agent-unit
    vault systemctl --user is-enabled split-ssh-agent.socket
}

@test "stopped" {
    vault systemctl --user stop split-ssh-agent.socket
    mends vault agent-unit
    vault systemctl --user stop split-ssh-agent.socket split-ssh-qrexec.socket
    mends vault agent-unit
}

@test "a unit of the user that systemd cannot read" {
    into vault /home/user/.config/systemd/user/split-ssh-agent.socket 644 <<<'[Socket]'
    vault systemctl --user stop split-ssh-agent.socket
    vault systemctl --user daemon-reload
    mends vault agent-unit
}

@test "a policy with an error, at the start of the agent" {
    into vault /home/user/.config/qubes-split-ssh/a.conf 644 <<<$'[DEFAULT]\nkyes = all'
    restart_vault
    BEFORE='export EDITOR=~/editor'
    mends vault service
    [[ "$(wrong_said)" == *'a.conf:2: unknown word "kyes"'* ]]
    vault rm .config/qubes-split-ssh/a.conf
}

@test "sudo, which this user cannot end, hangs" {
    into vault /home/user/.config/qubes-split-ssh/a.conf 644 <<<$'# nothing\n[DEFAULT]\nkyes = all'
    shell vault 'mkdir bin; printf "#!/bin/sh\nexit 1\n" >bin/journalctl; chmod 755 bin/journalctl'
    vault_root sed -i '1i session required pam_exec.so /usr/bin/sleep infinity' /etc/pam.d/sudo
    vault systemctl --user stop split-ssh-agent.service
    BEFORE='PATH=~/bin:$PATH'
    wait_until fails_at vault service
    vault_root pkill -x sleep
    vault_root sed -i 1d /etc/pam.d/sudo
    vault rm -r .config/qubes-split-ssh/a.conf bin
    restart_sockets
}

@test "a policy with an error, while the agent runs" {
    into vault /home/user/.config/qubes-split-ssh/a.conf 644 <<<$'# nothing\n[DEFAULT]\nkyes = all'
    wait_until fails_at vault policy
    BEFORE='export EDITOR=~/editor'
    mends vault policy
    [[ "$(wrong_said)" == *'a.conf:3: unknown word "kyes"'* ]]
    vault rm .config/qubes-split-ssh/a.conf
}

### Sockets and agent

@test "a socket is gone" {
    vault rm /run/split-ssh/agent.sock
    mends vault agent-socket
    vault rm /run/split-ssh/qrexec.sock
    mends vault qrexec-socket
}

@test "something else has the socket's name" {
    vault sh -c 'rm /run/split-ssh/agent.sock; touch /run/split-ssh/agent.sock'
    mends vault agent-socket
}

@test "a directory is where the socket has to be" {
    shell vault 'systemctl --user stop split-ssh-agent.socket; mkdir -p /run/split-ssh/agent.sock/x
        ! systemctl --user start split-ssh-agent.socket'
    mends vault agent-unit
    [[ "$(wrong_said)" == *'/run/split-ssh/agent.sock is a directory' ]]
}

@test "another agent has the socket's name" {
    vault rm /run/split-ssh/agent.sock
    vault systemd-run --quiet --user --collect --unit=another ssh-agent -D -a /run/split-ssh/agent.sock
    wait_until fails_at vault agent-socket
    mends vault agent-socket
    [[ "$(wrong_said)" == 'another agent answers'* ]]
    vault systemctl --user stop another.service
    restart_sockets
}

@test "wrong modes and groups" {
    vault chmod 666 /run/split-ssh/agent.sock
    mends vault agent-socket
    vault chmod 600 /run/split-ssh/qrexec.sock
    mends vault qrexec-socket
    vault_root chgrp user /run/split-ssh/qrexec.sock
    mends vault qrexec-socket
}

@test "an agent that is stopped" {
    vault systemctl --user kill --kill-whom=main --signal=STOP split-ssh-agent.service
    mends vault agent-socket
    [[ "$(wrong_said)" == *'is it stopped?'* ]]
}

@test "the prompt has ended" {
    vault_root pkill -KILL -x split-ssh-promp
    mends vault prompt
}

### qrexec

@test "the script of the guides, in the qube" {
    into vault /usr/local/etc/qubes-rpc/qubes.SshAgent 755 <<'END'
#!/bin/sh
ncat -U $SSH_AUTH_SOCK
END
    mends vault rpc
    [[ "$(wrong_said)" == *'the script of the old guides'* ]]
    vault_root rm -r /usr/local/etc/qubes-rpc
}

@test "the script of the guides, in the template" {
    vault_root rm /etc/qubes-rpc/qubes.SshAgent
    into vault /etc/qubes-rpc/qubes.SshAgent 755 <<'END'
#!/bin/sh
socat - "UNIX-CONNECT:$SSH_AUTH_SOCK"
END
    mends vault rpc
    vault_root rm -r /usr/local/etc/qubes-rpc
    vault_root ln -sfn /run/split-ssh/qrexec.sock /etc/qubes-rpc/qubes.SshAgent
}

@test "no service at all; a service for one agent alone" {
    vault_root rm /etc/qubes-rpc/qubes.SshAgent
    mends vault rpc
    vault_root mkdir -p /run/qubes-rpc
    vault_root ln -s /bin/true /run/qubes-rpc/qubes.SshAgent+work
    mends vault rpc
    vault_root rm -r /usr/local/etc/qubes-rpc
    vault_root ln -s /run/split-ssh/qrexec.sock /etc/qubes-rpc/qubes.SshAgent
}

@test "qrexec leaves out who calls, or does not wait" {
    vault_root sh -c 'echo skip-service-descriptor=1 >>/etc/qubes/rpc-config/qubes.SshAgent'
    mends vault rpc-config
    vault_root rm -r /usr/local/etc/qubes /etc/qubes/rpc-config/qubes.SshAgent
    mends vault rpc-config
    into vault /run/qubes/rpc-config/qubes.SshAgent 644 <<<'wait-for-session = 0'
    mends vault rpc-config
    vault_root rm -r /usr/local/etc/qubes
    echo wait-for-session=1 | into vault /etc/qubes/rpc-config/qubes.SshAgent 644
}

### Other agents

@test "GNOME Keyring's or gcr's agent in the session" {
    vault systemctl --user set-environment SSH_AUTH_SOCK=/run/user/1000/keyring/ssh
    mends vault session
    [[ "$(wrong_said)" == *'GNOME Keyring'* ]]
    vault grep -q Hidden=true .config/autostart/gnome-keyring-ssh.desktop
    vault rm -r .config/autostart
    vault systemctl --user set-environment SSH_AUTH_SOCK=/run/user/1000/gcr/ssh
    mends vault session
    [[ "$(wrong_said)" == *'gcr-ssh-agent'* ]]
    [ "$(vault systemctl --user is-enabled gcr-ssh-agent.socket)" = masked ]
    vault systemctl --user unmask gcr-ssh-agent.socket gcr-ssh-agent.service
}

@test "gpg-agent wants to be the SSH agent" {
    vault mkdir -m 700 .gnupg
    into vault /home/user/.gnupg/gpg-agent.conf 600 <<<$'# mine\nenable-ssh-support'
    mends vault session
    [ "$(vault cat .gnupg/gpg-agent.conf)" = $'# mine\n# enable-ssh-support' ]
}

@test "a start-up file of the shell" {
    vault cp .bashrc bashrc
    vault sh -c 'cat >>.bashrc' <<'END'
if [ -n "$HOME" ]; then
    export SSH_AUTH_SOCK="/home/user/.SSH_AGENT_vault"
fi
eval "$(ssh-agent)" >/dev/null
END
    BEFORE='export SSH_AUTH_SOCK=/home/user/.SSH_AGENT_vault'
    mends vault startup-files
    vault bash -n .bashrc
    [ "$(vault bash -i -c 'echo "$SSH_AUTH_SOCK"' 2>/dev/null)" = "$AGENT_SOCK" ]
    vault mv bashrc .bashrc
}

@test "a shell with another agent, or with none" {
    BEFORE='eval "$(ssh-agent)"; trap "kill $SSH_AGENT_PID" EXIT'
    mends vault shell
    BEFORE='unset SSH_AUTH_SOCK'
    mends vault shell
}

### The user, and files

@test "nobody can be asked: no notifications, and the agent knows no display" {
    silence_notifications vault
    echo 'exit 1' | into vault /usr/bin/ssh-askpass 755
    BEFORE='export DISPLAY=:0'
    mends vault questions
    vault systemctl --user unset-environment DISPLAY
    vault_root rm /usr/bin/ssh-askpass
    restart_vault
    run shell vault 'split-ssh check vault'
    [ "$status" -eq 1 ]
    [[ "$output" == *'no askpass program is installed: each question is answered with no'* ]]
    notifications vault
}

# secret_service OWNED PING: what busctl tells of it; all else goes to the real one.
secret_service() {
    into vault /usr/local/bin/busctl 755 <<END
#!/bin/sh
case "\$*" in
*NameHasOwner*secrets) echo "b $1" ;;
*ListActivatableNames) echo 'as 1 "org.example.Other"' ;;
*secrets*Ping) exit $2 ;;
*) exec /usr/bin/busctl "\$@" ;;
esac
END
    check_side vault
    vault_root rm /usr/local/bin/busctl
}

@test "the Secret Service: it is there, it hangs, there is none" {
    secret_service true 0
    [ "$(verdicts secret-service)" = ok ]
    secret_service true 1
    [ "$(verdicts secret-service)" = note ]
    [[ "$(finding vault secret-service what note)" == *'does not answer'* ]]
    secret_service false 1
    [ "$(verdicts secret-service)" = note ]
    [[ "$(finding vault secret-service mend note)" == 'sudo apt-get install '* ]]
}

@test "the audit log cannot be written" {
    vault chmod 500 .local/state/split-ssh
    mends vault audit-log
    vault_root chown -R root: /home/user/.local/state/split-ssh
    mends vault audit-log
    vault sh -c 'rm -f .local/state/split-ssh/audit.jsonl; mkdir .local/state/split-ssh/audit.jsonl'
    mends vault audit-log
    vault sh -c 'rm -r .local/state; : >.local/state'
    mends vault audit-log
    vault rm .local/state.old
}

@test "a key that others can read" {
    shell vault "mkdir -m 700 .ssh/identities.d/work
        ssh-keygen -q -t ed25519 -N '' -f .ssh/identities.d/work/key; chmod 644 .ssh/identities.d/work/key"
    mends vault key-files
    [ "$(vault split-ssh list work | wc -l)" -eq 1 ]
    vault rm -r .ssh/identities.d/work
    vault split-ssh reload work
}

@test "a key that others can read, with names that are commands" {
    vault mkdir -m 700 '.ssh/identities.d/$(touch hit)'
    vault ssh-keygen -q -t ed25519 -N '' -f '.ssh/identities.d/$(touch hit)/`touch hit`;touch hit'
    vault chmod 644 '.ssh/identities.d/$(touch hit)/`touch hit`;touch hit'
    fails_at vault key-files
    check_side vault "$(finding vault key-files mend)"
    refute verdicts wrong
    refute vault test -e hit
    vault rm -r '.ssh/identities.d/$(touch hit)'
}

@test "no keys, and a lock: notes with a command each" {
    check_side vault
    [ "$(verdicts keys)" = note ]
    shell vault "yes '' | head -n 3 | $(finding vault keys mend note)" >&2
    wait_until vault ssh-add -l
    check_side vault
    [ "$(verdicts keys)" = ok ]
    vault rm .ssh/identities.d/id_ed25519
    vault split-ssh reload default
}
