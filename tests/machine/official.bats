#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The steps of the official package's own integration test, by its names and paths: systemd units
# that root starts, sockets, split-ssh. The vault has the policy that README.md gives its users.

load machine_setup
load desktop_setup

WORK=/run/split-ssh/work.sock
FORWARDED=/home/user/.split-ssh/work.sock

setup_file() {
    begin_machines
    new_qube vault # without services: the units make a qube what it is
    new_qube dev
    new_qube other
    policy <<'END'
qubes.SshAgent  +work     dev  vault  allow
qubes.SshAgent  +nothere  dev  vault  allow
END
    boot vault dev
    make_key_file vault .ssh/identities.d/work/id_test id_test
    as_before | into vault /home/user/.config/qubes-split-ssh/as-before.conf 600
    client_root sh -c 'mkdir -p /rw/config && printf vault >/rw/config/split-ssh-vault'
    vault_root systemctl start split-ssh-agent@work.service
    client_root systemctl start split-ssh-forwarder@work.service
}

# The policy of the section "Change over".
as_before() {
    awk '/as-before\.conf/ { found = 1 }
        found && /^    / { print substr($0, 5); printed = 1; next }
        printed { exit }' "$BATS_TEST_DIRNAME/../../README.md"
}

teardown_file() {
    end_machines
}

setup() {
    vault systemctl --user reset-failed
}

teardown() {
    show_logs
}

# at SOCKET COMMAND...: in the vault; forwarded COMMAND...: in the client.
at() {
    vault env "SSH_AUTH_SOCK=$1" "${@:2}"
}

forwarded() {
    client env "SSH_AUTH_SOCK=$FORWARDED" "$@"
}

fingerprint() {
    vault ssh-keygen -l -f .ssh/identities.d/work/id_test.pub | cut -d' ' -f2
}

@test "the units run, and their sockets are there when systemctl returns" {
    vault_root systemctl is-active split-ssh-agent@work.service
    client_root systemctl is-active split-ssh-forwarder@work.service
    vault test -S $WORK
    client test -S $FORWARDED
}

@test "agent_holds_key" {
    at $WORK ssh-add -l | grep -F "$(fingerprint)"
}

@test "cli_list" {
    vault split-ssh list work | grep -F "$(fingerprint)"
}

@test "forwarded_list_matches_vault" {
    [ -n "$(forwarded ssh-add -L)" ]
    [ "$(forwarded ssh-add -L)" = "$(at $WORK ssh-add -L)" ]
    dom0_said 'dev vault qubes.SshAgent+work: allow vault'
}

@test "forwarded_sign" {
    forwarded sh -c 'ssh-add -L >forwarded.pub'
    forwarded ssh-add -T forwarded.pub
}

@test "private_key_stays_in_vault" {
    line=$(vault sed -n 2p .ssh/identities.d/work/id_test)
    [ "${#line}" -ge 64 ]
    vault grep -q -F "$line" .ssh/identities.d/work/id_test
    refute client_root grep -r -q -F "$line" /home /rw /tmp /run
    [ -z "$(client_root find /home /rw /tmp /run -name id_test)" ]
}

@test "cli_reload" {
    make_key_file vault .ssh/identities.d/work/second second
    vault split-ssh reload work
    forwarded ssh-add -l | grep -F ' second (ED25519)'
    vault rm .ssh/identities.d/work/second .ssh/identities.d/work/second.pub
    vault split-ssh reload work
    [ "$(forwarded ssh-add -l | wc -l)" -eq 1 ]
}

@test "cli_add_passthrough" {
    make_key_file vault added added
    vault split-ssh add work -c added
    forwarded ssh-add -l | grep -F ' added (ED25519)'
    vault split-ssh list work | grep -F ' added (ED25519), asks each time'
    at $WORK ssh-add -q -d added.pub
}

@test "cli_rejects_bad_agent" {
    for name in ../work 'a b' '' -x nothere; do
        for command in list add reload; do
            run vault split-ssh "$command" "$name"
            [ "$status" -ne 0 ]
            [ -n "$output" ]
        done
    done
}

@test "an agent that is not there is refused: unit, socket and call" {
    run vault_root systemctl start split-ssh-agent@nothere.service
    [ "$status" -ne 0 ]
    vault_root journalctl -u split-ssh-agent@nothere.service -o cat | grep -F 'mkdir -p -m 700 ~/.ssh/identities.d/nothere'
    refute vault test -e /run/split-ssh/nothere.sock
    client_root systemctl start split-ssh-forwarder@nothere.service
    run client env SSH_AUTH_SOCK=/home/user/.split-ssh/nothere.sock ssh-add -l
    echo "$output"
    [ "$status" -ne 0 ]
    client_root systemctl stop split-ssh-forwarder@nothere.service
    refute client test -e /home/user/.split-ssh/nothere.sock
}

@test "bad names of units are refused" {
    for name in ..-work -x 'a\x20b'; do
        refute vault_root systemctl start "split-ssh-agent@$name.service"
        refute client_root systemctl start "split-ssh-forwarder@$name.service"
    done
    vault_root systemctl reset-failed
    client_root systemctl reset-failed
}

@test "a second client is denied by dom0" {
    for target in vault @default; do
        run call other $target qubes.SshAgent+work
        [ "$status" -eq 126 ]
    done
    dom0_said 'other vault qubes.SshAgent+work: deny'
}

@test "the first client is denied what the policy does not name" {
    run client env SSH_AUTH_SOCK=/home/user/.split-ssh/default.sock ssh-add -l
    [ "$status" -ne 0 ]
    dom0_said 'dev vault qubes.SshAgent+: deny'
}

@test "stopped, the units take away keys and socket; started, they bring them back" {
    make_key_file vault .ssh/identities.d/private/id_other private
    vault_root systemctl start split-ssh-agent@private.service
    vault_root systemctl stop split-ssh-agent@work.service
    run vault split-ssh list work
    [[ "$output" != *id_test* ]]
    vault split-ssh list private | grep -F 'private (ED25519)'
    vault_root systemctl start split-ssh-agent@work.service
    at $WORK ssh-add -l | grep -F "$(fingerprint)"

    client_root systemctl stop split-ssh-forwarder@work.service
    refute client test -e $FORWARDED
    client_root systemctl start split-ssh-forwarder@work.service
    forwarded ssh-add -l | grep -F "$(fingerprint)"
}

@test "enabled, the units set up both qubes at the next boot" {
    # In Qubes OS the template has them enabled, or rc.local starts them: the root is new at each boot.
    shut_down vault dev
    enable_at_boot vault split-ssh-agent@work.service
    enable_at_boot dev split-ssh-forwarder@work.service
    boot vault dev
    wait_until client test -S $FORWARDED
    wait_until vault test -S $WORK
    [ -z "$(vault_root systemctl --failed --no-legend)" ]
    [ -z "$(client_root systemctl --failed --no-legend)" ]
    [ "$(forwarded ssh-add -L)" = "$(vault cat .ssh/identities.d/work/id_test.pub)" ]
}
