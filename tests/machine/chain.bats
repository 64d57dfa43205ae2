#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The whole chain between booted machines, from the built packages, set up as README.md says and by an
# ordinary user: qubes "vault", "dev", and "other", which is not in dom0's policy.

load machine_setup
load desktop_setup

README="$BATS_TEST_DIRNAME/../../README.md"

setup_file() {
    begin_machines
    new_qube vault split-ssh-vault
    new_qube dev split-ssh-client
    new_qube other split-ssh-client
    readme_policy | policy
    boot vault dev
    make_key_file vault .ssh/identities.d/id_work work
    make_server dev
    restart_agent
}

teardown_file() {
    end_machines
}

teardown() {
    show_logs
}

# The lines that README.md has for dom0.
readme_policy() {
    awk '/30-user\.policy/ { found = 1 }
        found && /^    qubes\.SshAgent/ { print; printed = 1; next }
        printed { exit }' "$README"
}

@test "README.md's policy lines let dev in and nobody else" {
    readme_policy | grep -q 'dev .*@default .*allow target=vault'
    run call other @default qubes.SshAgent
    [ "$status" -eq 126 ]
}

@test "ssh-add in the client lists what the vault has in files" {
    run client ssh-add -L
    [ "$status" -eq 0 ]
    [ "$output" = "$(vault cat .ssh/identities.d/id_work.pub)" ]
    [ "$output" = "$(vault ssh-add -L)" ]
    dom0_said 'dev @default qubes.SshAgent+: allow vault'
}

@test "a login from the client is asked in the vault, which knows the server, and done" {
    user_answers late:allow-once
    run client ssh -o BatchMode=yes server.example 'echo "logged in as $USER"'
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$output" = "logged in as user" ]
    user_saw 'SSH key \\"work\\": allow dev?'
    user_saw 'log in as user to server.example (host key verified)'
    vault split-ssh log | grep 'dev .*server.example'
}

@test "a login that the user denies is refused, and the client's ssh says so" {
    user_answers late:deny
    run client ssh -o BatchMode=yes server.example true
    echo "$output"
    [ "$status" -eq 255 ]
    [[ "$output" == *"agent refused operation"* ]]
    [[ "$output" == *"Permission denied (publickey"* ]]
}

@test "what git signs is asked and signed, and verifies" {
    user_answers late:allow-once
    shell dev 'ssh-add -L >key.pub; echo "user $(cat key.pub)" >signers; echo commit >text; rm -f text.sig'
    client ssh-keygen -q -Y sign -n git -f key.pub text
    shell dev 'ssh-keygen -Y verify -n git -f signers -I user -s text.sig <text'
    user_saw 'sign for \\"git\\"'
}

@test "without somebody to ask, the answer is no" {
    user_answers_nothing
    shell dev 'ssh-add -L >key.pub; echo commit >text; rm -f text.sig'
    run client ssh-keygen -q -Y sign -n git -f key.pub text
    [ "$status" -ne 0 ]
    refute client test -e text.sig
}

@test "another qube with the same packages is denied by dom0, and its relay says so" {
    boot other
    run in_qube other ssh-add -l
    echo "$output"
    [ "$status" -ne 0 ]
    journal other -t split-ssh-relay | grep -i 'dom0'
    dom0_said 'other @default qubes.SshAgent+: deny'
    shut_down other
}

@test "dom0 asks for each connection with README.md's line for that" {
    how=$(grep -o 'ask target=vault default_target=vault' "$README" | head -n 1)
    readme_policy | sed "s/allow target=vault/$how/" | policy
    dom0_user yes
    run client ssh-add -l
    [ "$status" -eq 0 ]
    dom0_said 'dev @default qubes.SshAgent+: ask vault'
    dom0_user no
    run client ssh-add -l
    [ "$status" -ne 0 ]
    dom0_said 'dev @default qubes.SshAgent+: ask: no'
    readme_policy | policy
}

@test "the agent restarted: keys of files are there, and the client's socket works on" {
    make_key_file vault .ssh/extra extra
    vault ssh-add -q .ssh/extra
    listed vault extra
    restart_agent
    listed dev work
    refute listed dev extra
}

@test "the vault halted: the client gets an error; booted again, all is back without a step" {
    relay=$(shell dev 'systemctl --user show -P MainPID split-ssh-relay@default.service')
    shut_down vault
    run client ssh-add -l
    echo "$output"
    [ "$status" -ne 0 ]
    run call dev @default qubes.SshAgent
    [ "$status" -eq 125 ]
    boot vault
    wait_until listed dev work
    [ "$(shell dev 'systemctl --user show -P MainPID split-ssh-relay@default.service')" = "$relay" ]
}

@test "a call that comes before the vault's session waits for it" {
    shut_down vault
    boot_without_session vault
    client ssh-add -l >"$BATS_TEST_TMPDIR/listed" 2>&1 &
    pid=$!
    : >"$DOM0/log"
    wait_until dom0_said 'allow vault'
    [ ! -s "$BATS_TEST_TMPDIR/listed" ]
    vault_root systemctl start qube-session.service
    wait "$pid"
    grep -q 'work (ED25519)' "$BATS_TEST_TMPDIR/listed"
}

@test "the client rebooted: its socket is there for the first program" {
    reboot_qube dev
    listed dev work
}
