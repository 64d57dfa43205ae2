#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The units themselves: are they well formed, and is what they ask for in force?

load machine_setup
load desktop_setup

setup_file() {
    begin_machines
    new_qube vault split-ssh-vault split-ssh-client
    policy </dev/null
    boot vault
    vault systemctl --user start split-ssh-agent.service split-ssh-relay@default.service
}

teardown_file() {
    end_machines
}

teardown() {
    show_logs
}

# status_of PROGRAM FIELD: of each process of that name (proc(5)), but once if they agree.
status_of() {
    local pid

    for pid in $(vault_root pgrep -x "$1"); do
        vault_root awk -v field="$2:" '$1 == field { print $2 }' "/proc/$pid/status"
    done | sort -u
}

# limit_of PROGRAM LIMIT...: the hard one (proc(5)), by the words of its name.
limit_of() {
    vault_root sh -c "grep '^$2 ' /proc/\$(pgrep -x $1)/limits" | awk '{ print $(NF - 1) }'
}

@test "systemd-analyze verify has nothing to say about the user's units" {
    for unit in split-ssh-agent.socket split-ssh-qrexec.socket split-ssh-agent.service \
        split-ssh-relay@default.socket split-ssh-relay@default.service; do
        run vault systemd-analyze --user verify --recursive-errors=one --man=no "$unit"
        echo "$unit: $output"
        [ "$status" -eq 0 ]
        [ -z "$output" ]
    done
}

@test "systemd-analyze verify has nothing to say about the system's units" {
    for unit in split-ssh-agent@work.service split-ssh-forwarder@work.service; do
        run vault_root systemd-analyze verify --recursive-errors=one --man=no "$unit"
        echo "$unit: $output"
        [ "$status" -eq 0 ]
        [ -z "$output" ]
    done
}

# exposure UNIT: times ten.
exposure() {
    vault systemd-analyze --user security --no-pager "$1" | tee "$BATS_TEST_TMPDIR/table" |
        sed -n 's/.*Overall exposure level for .*: \([0-9]*\)\.\([0-9]\) .*/\1\2/p'
}

# The table counts what only system units can have, and takes root for the user: so the numbers are
# high, and of use only beside each other. 65 and 84 with systemd 252.
@test "systemd-analyze security: the agent's exposure does not grow" {
    score=$(exposure split-ssh-agent.service)
    cat "$BATS_TEST_TMPDIR/table"
    echo "# exposure of split-ssh-agent.service, times ten: $score" >&3
    [ "$score" -le 70 ]
}

@test "systemd-analyze security: the relay's exposure does not grow" {
    score=$(exposure split-ssh-relay@default.service)
    cat "$BATS_TEST_TMPDIR/table"
    echo "# exposure of split-ssh-relay@.service, times ten: $score" >&3
    [ "$score" -le 88 ]
}

@test "no new privileges, and lists of system calls, in each process" {
    for program in split-ssh-agent split-ssh-keyst split-ssh-promp split-ssh-relay; do
        [ "$(status_of $program NoNewPrivs)" = 1 ]
        [ "$(status_of $program Seccomp)" = 2 ]
    done
}

@test "limits: no core dumps, and as much locked memory as the user manager has" {
    for program in split-ssh-agent split-ssh-relay; do
        [ "$(limit_of $program 'Max core file size')" = 0 ]
    done
    manager=$(vault_root sh -c "awk '/^Max locked memory/ { print \$(NF - 1) }' /proc/\$(pgrep -u user -x systemd)/limits")
    locked=$(limit_of split-ssh-keyst 'Max locked memory')
    echo "the manager's: $manager, the keystore's: $locked"
    [ "$manager" = unlimited ] || [ "$locked" -le "$manager" ]
    [ "$locked" -ge 8388608 ]
    [ "$(limit_of split-ssh-agent 'Max open files')" -eq 8192 ]
}

@test "qrexec's peer is root for the agent: no user namespace" {
    for program in split-ssh-agent split-ssh-keyst split-ssh-promp; do
        pid=$(vault_root pgrep -x $program)
        [ "$(vault_root readlink "/proc/$pid/ns/user")" = "$(vault_root readlink /proc/1/ns/user)" ]
    done
}

# exec_start UNIT: the command line, as the unit has it.
exec_start() {
    vault systemctl --user show -P ExecStart "$1" | sed 's/.*argv\[\]=\([^;]*\) ;.*/\1/'
}

@test "where no systemd boots, systemd-socket-activate does the same" {
    directory=/home/user/activated
    vault mkdir -p -m 700 $directory
    vault systemd-run --user --quiet --collect --unit=activated-agent systemd-socket-activate \
        --listen=$directory/agent.sock --fdname=agent $(exec_start split-ssh-agent.service)
    wait_until vault test -S $directory/agent.sock
    run vault env SSH_AUTH_SOCK=$directory/agent.sock ssh-add -l
    echo "$output"
    [ "$output" = "The agent has no identities." ]
    vault systemd-run --user --quiet --collect --unit=activated-relay systemd-socket-activate \
        --listen=$directory/relay.sock $(exec_start split-ssh-relay@default.service)
    wait_until vault test -S $directory/relay.sock
    run vault env SSH_AUTH_SOCK=$directory/relay.sock ssh-add -l
    echo "$output"
    [ "$status" -ne 0 ] # there is no policy
    dom0_said 'vault @default qubes.SshAgent+: deny'
    vault systemctl --user stop activated-agent.service activated-relay.service
}
