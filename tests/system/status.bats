#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# split-ssh with split-ssh-agent: what it shows of the agent, and what it changes.

load agent_setup

CONTROL="$SPLIT_SSH_BUILD/bin/split-ssh"

setup_file() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key ed25519 -t ed25519
    make_key second -t ed25519
    make_key rsa -t rsa -b 2048
}

setup() {
    prepare
}

teardown() {
    cat "$AGENT_LOG" # bats shows it if the test has failed
    clean_up
}

# shows PATTERN: in the output of the last run.
shows() {
    grep -q -e "$1" <<<"$output" || { printf 'no line with: %s\n%s\n' "$1" "$output" >&2; return 1; }
}

fingerprint_of() {
    ssh-keygen -l -f "$KEYS/$1.pub" | cut -d' ' -f2
}

# in_status PATTERN
in_status() {
    "$CONTROL" status | grep -q -e "$1"
}

@test "status: nothing there yet" {
    start_agent
    run "$CONTROL" status
    echo "$output"
    [ "$status" -eq 0 ]
    shows '^keys:$'
    shows '^  none$'
    shows '^  none connected$'
    shows '^  nothing$'
    shows "^audit log: $AUDIT\$"
    stop_agent
}

@test "status: that there is nothing to ask with" {
    start_agent
    ssh-add -q -c "$KEYS/ed25519"
    run "$CONTROL" status
    [[ "$output" != *"there is no display"* ]]
    run ssh-add -T "$KEYS/ed25519.pub"
    [ "$status" -ne 0 ]
    run "$CONTROL" status
    shows 'the last one was answered with no: there is no display to ask on, and no askpass$'
}

@test "status: keys, with what they were added with" {
    start_agent
    ssh-add -q "$KEYS/ed25519"
    ssh-add -q -c "$KEYS/second"
    ssh-add -q -t 3600 "$KEYS/rsa"
    run "$CONTROL" status
    [ "$status" -eq 0 ]
    shows "^  $(fingerprint_of ed25519) ed25519 (ED25519)\$"
    shows "^  $(fingerprint_of second) second (ED25519), asks each time\$"
    shows "^  $(fingerprint_of rsa) rsa (RSA), \(60\|59\) min left\$"
    run "$CONTROL" list default
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 3 ]
    shows "$(fingerprint_of rsa)"
    stop_agent
}

@test "status: memory for keys and sandboxes as they are" {
    start_agent
    run "$CONTROL" status
    shows '^key memory: .'
    shows '^sandbox of the keystore: seccomp'
    shows '^sandbox of the agent: seccomp'
    # The agent is where the output says: the kernel agrees.
    grep -q '^Seccomp:.2' "/proc/$AGENT_PID/status"
    grep -q '^Seccomp:.2' "/proc/$KEYSTORE_PID/status"
}

@test "status: a qube is there as long as it is connected" {
    start_agent
    holds "$QREXEC_SOCKET" descriptor "qubes.SshAgent+ dev"
    run "$CONTROL" status
    shows '^  dev: 1 connection'
    [[ "$output" != *"none connected"* ]]
    kill "$SPAWNED"
    wait_until in_status '^  none connected$'
}

@test "status: a locked agent says so, and keeps its keys to itself in list" {
    start_agent
    ssh-add -q "$KEYS/ed25519"
    answer_askpass secret
    ssh-add -x
    run "$CONTROL" status
    [ "$status" -eq 0 ]
    shows '^keys (locked; ssh-add -X unlocks them):$'
    run "$CONTROL" list default
    [[ "$output" != *SHA256* ]]
}

@test "list: of an agent with a name" {
    start_agent -n work
    ssh-add -q "$KEYS/ed25519"
    run "$CONTROL" list work
    [ "$status" -eq 0 ]
    shows "$(fingerprint_of ed25519)"
    run "$CONTROL" list other
    [ "$status" -eq 1 ]
    shows 'there is no agent of this name here'
}

@test "grants, revoke: nothing is allowed, so nothing is revoked" {
    start_agent
    run "$CONTROL" grants
    [ "$status" -eq 0 ]
    [ "$output" = 'nothing is allowed without a question' ]
    run "$CONTROL" revoke dev
    [ "$status" -eq 0 ]
    [ "$output" = '0 revoked' ]
    run "$CONTROL" revoke
    [ "$status" -eq 0 ]
    stop_agent
}

@test "policy test: the value of each word, and the line that it comes from" {
    cat >"$POLICY" <<'END'
[DEFAULT]
confirm = no
[client:dev-*]
uses = 5
END
    start_agent
    run "$CONTROL" policy test dev-1
    [ "$status" -eq 0 ]
    shows "^  *confirm  *no .*$POLICY:2 \[DEFAULT\]"
    shows "^  *uses  *5 .*$POLICY:4 \[client:dev-\*\]"
    shows '^  *idle  *60 .*default$'
    for word in agents keys confirm uses destinations namespaces opaque rsa-sha1 idle rate \
        connections notify wait-for-key unlock known_hosts; do
        shows "^  *$word "
    done
    run "$CONTROL" policy test other
    shows '^  *uses  *1 .*default$'
}

@test "policy test: with a key, by fingerprint or comment" {
    printf '[DEFAULT]\nkeys = second\n' >"$POLICY"
    start_agent
    ssh-add -q "$KEYS/ed25519" "$KEYS/second"
    run "$CONTROL" policy test dev ed25519
    [ "$status" -eq 0 ]
    no="$output"
    run "$CONTROL" policy test dev "$(fingerprint_of ed25519)"
    [ "$output" = "$no" ]
    run "$CONTROL" policy test dev second
    [ "$status" -eq 0 ]
    [ "$output" != "$no" ]
    run "$CONTROL" policy test dev third
    [ "$status" -eq 1 ]
    shows '^split-ssh: no key has this fingerprint or comment'
}

@test "a qube gets none of this" {
    local name

    start_agent
    ssh-add -q "$KEYS/ed25519"
    for name in status check grants list revoke policy-test; do
        [[ "$(qube_raw dev frame "1b$(wire_text "$name@split-ssh")" read)" = @(05|1c) ]]
    done
    [[ "$(qube_raw dev frame "1b$(wire_text query)" read)" != *"$(printf split-ssh | hex)"* ]]
    [[ "$(local_raw frame "1b$(wire_text query)" read)" == *"$(wire_text status@split-ssh)"* ]]
    start_client_qube
    run "$CONTROL" status
    [ "$status" -eq 1 ]
    shows 'not the one of this qube'
}

@test "bodies that are not what they should be" {
    local name

    start_agent
    for name in status check grants list revoke policy-test; do
        [[ "$(local_raw frame "1b$(wire_text "$name@split-ssh")ff" read)" = @(05|1c) ]]
    done
    # A qube's name of 32 bytes, and bytes left over.
    [[ "$(local_raw frame "1b$(wire_text revoke@split-ssh)00$(wire_text "$(printf '%032d' 0)")" read)" = @(05|1c) ]]
    [[ "$(local_raw frame "1b$(wire_text list@split-ssh)$(wire_text work)00" read)" = @(05|1c) ]]
    in_status '^keys:$'
    stop_agent
}
