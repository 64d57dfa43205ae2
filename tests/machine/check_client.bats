#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2016,SC2034,SC2088
# split-ssh check in a client that somebody has broken, or whose dom0 or vault somebody has: what is
# wrong is named, with a command that mends it where it says; after just that nothing is wrong.

load machine_setup
load desktop_setup
load check_setup

setup_file() {
    begin_machines
    new_qube vault split-ssh-vault
    new_qube client split-ssh-client
    boot vault client
    prepare_qube client
    in_qube vault mkdir -p -m 700 .ssh/identities.d .config/qubes-split-ssh
    allow_all
    make_key_file vault .ssh/identities.d/id_work work
    restart_agent
    let_in
}

teardown_file() {
    end_machines
}

setup() {
    : >"$DOM0/log"
    is_green client || { begin_anew; is_green client; }
}

# After a test that has failed.
begin_anew() {
    qvm_service client split-ssh-client on
    qvm_service vault split-ssh-vault on
    reboot_qube client
    reboot_qube vault
    prepare_qube client
    root_in client sh -c 'rm -rf /rw/config/* /home/user/.config/systemd'
    in_qube client systemctl --user restart split-ssh-relay@default.socket
    let_in
    allow_all
}

teardown() {
    show_logs
}

let_in() {
    policy <<<'qubes.SshAgent  +  client  @default  allow target=vault'
}

# A policy of the vault without questions, so that the test signature has none.
allow_all() {
    printf '%s\n' '[DEFAULT]' 'confirm = no' 'uses = no' 'rate = no' 'namespaces = all' |
        into vault /home/user/.config/qubes-split-ssh/test.conf 600
    wait_until confirm_is no
}

# The agent sees a moment later that a file has changed.
confirm_is() {
    vault split-ssh policy test client | grep -q -E "^ *confirm +$1 "
}

qvm-shutdown() {
    [ "$1" = --wait ]
    is_halted "$2" || shut_down "$2"
}

qvm-start() {
    boot "$1"
}

# dom0_types COMMAND: with dom0's /etc/qubes/policy.d.
dom0_types() {
    case $1 in
    *qvm-*) eval "$1" ;;
    *)
        unshare --mount --propagation private sh -c 'mount -t tmpfs tmpfs /mnt &&
            mkdir /mnt/upper /mnt/work &&
            mount -t overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work overlay /etc &&
            mkdir -p /etc/qubes/policy.d && mount --bind "$1" /etc/qubes/policy.d && eval "$2"' \
            sh "$DOM0/policy.d" "$1"
        ;;
    esac
}

# mends_in WHERE STEP: the first thing that is wrong is this step; its command is for that place, is
# typed there, and then nothing is wrong.
mends_in() {
    local command

    fails_at client "$2"
    finding client "$2" what >"$BATS_TEST_TMPDIR/wrong"
    [ "$(finding client "$2" where)" = "$1" ]
    command=$(finding client "$2" mend)
    [ -n "$command" ]
    case $1 in
    dom0) dom0_types "$command" ;;
    'the vault') shell vault "$command" ;;
    esac
    is_green client
}

# What was said of the step.
said() {
    grep -q -e "$1" "$BATS_TEST_TMPDIR/wrong" || { cat "$BATS_TEST_TMPDIR/wrong"; return 1; }
}

### Nothing is broken

@test "a client as it is installed: nothing is wrong, and the vault has signed" {
    check_side client
    [ "$status" -eq 0 ]
    for step in switch user qrexec-client config manager units sockets leftovers session shell answer \
        keys signature; do
        verdicts "$step" | grep -q -x ok || { echo "$step: not ok"; return 1; }
    done
    [[ "$(finding client signature what ok)" == 'the key "work" has signed, and the signature verifies' ]]
    vault split-ssh log | grep 'client .*allowed .*sign for "file"'
    run shell client 'split-ssh check'
    [ "$status" -eq 0 ]
    [[ "$output" == *"so nothing is wrong" ]]
}

@test "it leaves no file and no process behind" {
    is_green client
    client_processes() { root_in client ps -o args= -u user | grep -e ssh-keygen -e qrexec-client-vm; }
    refute client_processes
    [ -z "$(shell client 'ls -d /tmp/split-ssh-check* "$XDG_RUNTIME_DIR"/split-ssh-check* 2>/dev/null')" ]
}

### This qube

@test "the service is off" {
    qvm_service client split-ssh-client off
    reboot_qube client
    prepare_qube client
    output=$(shell client 'split-ssh check --json 2>/dev/null') || status=$?
    [ "$status" -eq 1 ]
    [ "$(finding client switch where)" = dom0 ]
    dom0_types "$(finding client switch mend)"
    reboot_qube client
    prepare_qube client
    is_green client
}

@test "root runs it" {
    output=$(root_in client split-ssh check --json client) || status=$?
    [ "$status" -eq 1 ]
    [ "$(first_wrong)" = user ]
    root_in client sh -c "$(finding client user mend)"
}

@test "the socket's unit is masked" {
    in_qube client systemctl --user stop split-ssh-relay@default.service split-ssh-relay@default.socket
    in_qube client systemctl --user mask split-ssh-relay@default.socket
    mends client units
    wrong_said | grep 'split-ssh-relay@default.socket is masked'
}

@test "the socket's unit is stopped" {
    in_qube client systemctl --user stop split-ssh-relay@default.service split-ssh-relay@default.socket
    mends client units
    wrong_said | grep 'split-ssh-relay@default.socket is inactive'
}

@test "a file of the qube that is of no use, and the units that have failed from it" {
    root_in client sh -c 'echo "two words" >/rw/config/split-ssh-vault'
    in_qube client systemctl --user stop split-ssh-relay@default.service
    refute in_qube client ssh-add -l
    shell client 'systemctl --user is-failed split-ssh-relay@default.socket'
    mends client config
    wrong_said | grep '/rw/config/split-ssh-vault is not one word, the vault.s name'
}

@test "a file of the qube that may not be read" {
    root_in client sh -c 'echo @default >/rw/config/split-ssh-vault; chmod 600 /rw/config/split-ssh-vault'
    in_qube client systemctl --user stop split-ssh-relay@default.service
    mends client config
    wrong_said | grep 'cannot read /rw/config/split-ssh-vault: Permission denied'
    root_in client rm /rw/config/split-ssh-vault
}

@test "the relay has not read what is new in a file, and dom0 does not know that name yet" {
    is_green client
    root_in client sh -c 'echo vault >/rw/config/split-ssh-vault'
    fails_at client units
    finding client units what | grep 'still runs with what was in /rw/config before'
    check_side client "$(finding client units mend)"
    [ "$status" -eq 1 ]
    mends_in dom0 answer
    said 'dom0 refused the call of qubes.SshAgent to vault (126).*: qubes.SshAgent + client vault allow$'
    root_in client rm /rw/config/split-ssh-vault
    in_qube client systemctl --user restart split-ssh-relay@default.service
    let_in
}

@test "the socket's file is gone" {
    shell client 'rm .split-ssh/default.sock'
    mends client sockets
    wrong_said | grep 'is gone, though systemd listens on it'
}

@test "no socket can be made: a directory, a file or root is in the way" {
    local before

    for before in 'mkdir .split-ssh/default.sock' 'rmdir .split-ssh; : >.split-ssh' \
        'sudo chown root: .split-ssh'; do
        shell client "systemctl --user stop split-ssh-relay@default.socket; $before
            ! systemctl --user start split-ssh-relay@default.socket"
        mends client units
        refute grep 'has failed' <(wrong_said)
        shell client 'rm -rf .split-ssh.old .split-ssh/default.sock.old'
    done
}

@test "the socket is open to other users" {
    shell client 'chmod 666 .split-ssh/default.sock'
    mends client sockets
    wrong_said | grep 'has mode 0666'
}

@test "a relay that hangs" {
    is_green client
    in_qube client systemctl --user kill --signal=STOP split-ssh-relay@default.service
    mends client answer
    wrong_said | grep 'the vault answers a call, but split-ssh-relay on .* does not'
}

@test "qrexec's client cannot be executed" {
    root_in client chmod 644 /usr/bin/qrexec-client-vm
    mends client qrexec-client
}

### SSH_AUTH_SOCK

@test "another agent has taken SSH_AUTH_SOCK of the session" {
    in_qube client systemctl --user set-environment SSH_AUTH_SOCK=/run/user/1000/gcr/ssh
    mends client session
    wrong_said | grep 'gcr-ssh-agent is in the way'
}

@test "SSH_AUTH_SOCK is not set in the session" {
    in_qube client systemctl --user set-environment SSH_AUTH_SOCK=
    mends client session
}

@test "an ssh-agent of this shell is in the way" {
    BEFORE='eval "$(ssh-agent)"; trap "kill $SSH_AGENT_PID" EXIT'
    mends client shell
    wrong_said | grep 'SSH_AUTH_SOCK of this shell is /tmp/ssh-.*: an ssh-agent that .* has started is in the way'
}

@test "the guides' lines in a start-up file" {
    in_qube client cp .profile before
    cat <<'END' | root_in client sh -c 'cat >>/home/user/.profile'
SSH_VAULT_VM="vault"
if [ "$SSH_VAULT_VM" != "" ]; then
  export SSH_AUTH_SOCK="/home/user/.SSH_AGENT_$SSH_VAULT_VM"
fi
END
    fails_at client leftovers
    finding client leftovers what | grep '~/.profile is one of the guides. and sets SSH_AUTH_SOCK'
    [[ "$(verdicts wrong | tr '\n' ' ')" == 'leftovers shell ' ]]
    # The shell that types it has the variable still, a new one has not.
    check_side client "$(finding client leftovers mend)"
    mended=$(finding client shell mend)
    [ "$(verdicts wrong)" = shell ]
    is_green client
    [[ "$mended" == 'export SSH_AUTH_SOCK=/home/user/.split-ssh/default.sock' ]]
    in_qube client mv before .profile
}

@test "the guides' line in rc.local" {
    root_in client sh -c 'cat >/rw/config/rc.local' <<'END'
if [ "$SSH_VAULT_VM" != "" ]; then
  sudo -u user /bin/sh -c "umask 177 && exec socat 'UNIX-LISTEN:$SSH_SOCK,fork' 'EXEC:qrexec-client-vm $SSH_VAULT_VM qubes.SshAgent'" &
fi
END
    mends client leftovers
    root_in client sh -n /rw/config/rc.local
    root_in client rm /rw/config/rc.local
}

### dom0

@test "dom0's policy has no line for this qube" {
    policy </dev/null
    mends_in dom0 answer
    said 'dom0 refused the call of qubes.SshAgent to @default (126)'
    let_in
}

@test "dom0's policy has a line that denies before" {
    policy <<<'qubes.SshAgent  *  @anyvm  @anyvm  deny'
    mends_in dom0 answer
    let_in
}

### The vault

@test "the vault is halted" {
    shut_down vault
    mends_in dom0 answer
    said 'qrexec could not make the call of qubes.SshAgent to @default (125)'
}

@test "the vault's service is off" {
    qvm_service vault split-ssh-vault off
    reboot_qube vault
    mends_in dom0 answer
    said 'its service split-ssh-vault is not on'
}

@test "the vault has nothing for qrexec" {
    vault_root rm /etc/qubes-rpc/qubes.SshAgent
    mends_in dom0 answer
    said 'the vault has no service qubes.SshAgent (127)'
}

@test "the vault's user denies the test signature" {
    vault rm .config/qubes-split-ssh/test.conf
    wait_until confirm_is each
    user_answers late:deny
    fails_at client signature
    finding client signature what | grep 'the vault refused a test signature with the key "work"'
    [ "$(finding client signature where)" = 'the vault' ]
    shell vault "$(finding client signature mend)" | grep 'client .*refused .*sign for "file"'
    user_answers late:allow-once
    is_green client
    user_saw 'sign for \\"file\\"'
    user_answers_nothing
    allow_all
}

@test "no keys: a note, whose command adds one" {
    vault mv .ssh/identities.d/id_work .ssh/id_ed25519
    restart_vault_without_keys
    check_side client
    [ "$status" -eq 0 ]
    finding client keys what note | grep 'has no keys for this qube'
    [ "$(finding client signature what note)" = 'no test signature: there is no key that could make one' ]
    shell vault "$(finding client keys mend note)"
    check_side client
    [ "$(finding client keys what ok)" = 'the agent default has 1 key' ]
    vault mv .ssh/id_ed25519 .ssh/identities.d/id_work
    restart_agent
}

restart_vault_without_keys() {
    vault systemctl --user restart split-ssh-agent.service
    wait_until has_no_keys
}

has_no_keys() {
    vault ssh-add -l | grep -q 'no identities'
}
