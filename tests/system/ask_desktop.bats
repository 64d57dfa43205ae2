#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The whole way on a desktop: ssh in a client qube, the relay, the agent, its question as dunst
# shows it, the user's answer, the keystore, and the bubble afterwards.

load desktop_setup
load sshd_setup

CONTROL="$SPLIT_SSH_BUILD/bin/split-ssh"

setup_file() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key work -t ed25519
    make_key authority -t ed25519
    cp "$KEYS/work.pub" "$KEYS/authorized_keys"
    mkdir "$KEYS/public"
    cp "$KEYS/work.pub" "$KEYS/public"
    start_servers
}

teardown_file() {
    end_servers
}

setup() {
    prepare_desktop
    unset XDG_CONFIG_HOME XDG_STATE_HOME
    mkdir -p "$D/.ssh" "$D/.config/qubes-split-ssh"
    cp "$KEYS/known_hosts" "$D/.ssh/known_hosts"
    POLICY="$D/.config/qubes-split-ssh/test.conf"
    start_desktop
}

teardown() {
    clean_up_desktop
}

# start_vault_with OPTION...: the agent with the key, which ssh-add is given the options for, and the
# relay of the qube dev.
start_vault_with() {
    start_agent
    ssh-add -q "$@" "$KEYS/work"
    mkdir "$D/run"
    ln -s "$QREXEC_SOCKET" "$D/run/qubes.SshAgent"
    export QREXEC_STANDIN_RPC="$D/run" QREXEC_STANDIN_SOURCE=dev
    start_relay vault
}

# log_in: in the background; its output is in $D/ssh.out.
log_in() {
    SSH_AUTH_SOCK="$SOCKET" spawn ssh -F "$KEYS/ssh_config" first 'echo logged in' \
        </dev/null >"$D/ssh.out" 2>&1
    SSH_PID=$SPAWNED
}

# press_in_time LABEL: when the question has been there for half a second.
press_in_time() {
    wait_until displayed 1
    sleep 0.6
    press "$1"
}

logged_in() {
    ends_with "$1" "$SSH_PID"
    [ "$1" -ne 0 ] || grep -qx 'logged in' "$D/ssh.out"
}

# Bubbles of uses are notifications too: they are closed, so that the next one is a question.
no_bubbles() {
    dunstctl close-all
    displayed 0
}

@test "default policy: a login asks, names everything, and is told of afterwards" {
    start_vault_with
    fingerprint=$(ssh-keygen -l -f "$KEYS/work.pub" | cut -d' ' -f2)
    log_in
    press_in_time 'Allow once'
    logged_in 0
    shown() { grep -q "\[$(hostname)\] SSH key \&quot;work\&quot; used by dev: log in as $(id -un) to first" "$D/shown"; }
    wait_until shown
    grep -q 'SSH key &quot;work&quot;: allow dev?' "$D/shown"
    grep -q "Qube: dev" "$D/shown"
    grep -q "$fingerprint" "$D/shown"
    grep -q "log in as $(id -un) to first (host key verified)" "$D/shown"
    # Only "once" and "deny": the policy has no time.
    run grep -c '^#Allow ' "$D/menu"
    [ "$output" -eq 1 ]
    grep -q '"by":"notification"' "$D/.local/state/split-ssh/audit.jsonl"

    wait_until no_bubbles
    log_in
    press_in_time 'Deny'
    logged_in 255
    grep -q '"reason":"the user said no"' "$D/.local/state/split-ssh/audit.jsonl"
}

# remembered: the next login asks nothing. With a -c key it is the keystore that remembers.
remembered() {
    printf '[client:dev]\nconfirm = 600\n' >"$POLICY"
    start_vault_with "$@"
    log_in
    press_in_time 'Allow for 10 minutes'
    logged_in 0
    wait_until no_bubbles
    log_in
    logged_in 0
    run "$CONTROL" grants
    [[ "$output" == *"dev: log in as $(id -un) to first"* ]]
    run "$CONTROL" revoke dev
    [ "$status" -eq 0 ]
    run "$CONTROL" grants
    [[ "$output" != *"dev: log in"* ]]
    wait_until no_bubbles
    log_in
    press_in_time 'Deny'
    logged_in 255
}

@test "allowed for ten minutes: not asked again, until it is revoked" {
    remembered
}

@test "a -c key, allowed for ten minutes: the keystore remembers it, until it is revoked" {
    remembered -c
}

@test "a client that goes away takes its question with it" {
    start_vault_with
    log_in
    wait_until displayed 1
    kill "$SSH_PID"
    wait_until displayed 0
    [ ! -s "$D/ssh.out" ]
    run grep -c '"decision":"allowed"' "$D/.local/state/split-ssh/audit.jsonl"
    [ "$output" -eq 0 ]
}
