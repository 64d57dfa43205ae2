#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# No read of memory shows a part of a key (8 bytes in a row): not in the agent, the keystore or the
# relay, not while they idle, sign, are locked, or have lost the keys again. Into the keystore, whose
# registers do hold parts of keys while it signs, no debugger gets.

load memory_setup

setup_file() {
    make_all_keys
}

setup() {
    need_root
    prepare
    LOAD=()
    TRACED=yes
}

teardown() {
    if [ -n "${PIDS+set}" ]; then
        clean_up
    fi
}

# dump_has NAME PID: a dump of the process holds a part of the secret.
dump_has() {
    dump "$2"
    run "$SCAN" "$SECRETS" --file "$DUMP"
    rm "$DUMP"
    [ "$status" -eq 1 ] && [[ "$output" == *"$1"* ]]
}

# idle PID: it waits for something (proc(5)).
idle() {
    grep -q '^State:.S' "/proc/$1/status"
}

# everywhere: scans all processes of ours, and what they wrote.
everywhere() {
    finds_nothing "$SCAN" "$@" "$SECRETS" "$AGENT_PID" "$KEYSTORE_PID" "$RELAY_PID"
    finds_nothing "$SCAN" "$SECRETS" --file "$AGENT_LOG" "$LOG"
}

# nowhere: the same, and registers and dumps of each process; the keystore is not to be had.
nowhere() {
    local pid pids=("$AGENT_PID" "$RELAY_PID")

    everywhere
    if [ $TRACED = yes ]; then
        refuses_debugger "$KEYSTORE_PID"
    else
        pids+=("$KEYSTORE_PID")
    fi
    finds_nothing "$SCAN" -r "$SECRETS" "${pids[@]}"
    for pid in "${pids[@]}"; do
        dump "$pid"
        finds_nothing "$SCAN" "$SECRETS" --file "$DUMP"
        rm "$DUMP"
    done
}

# start_all [COMMAND...]: agent (behind the command), keystore, relay, and all keys.
start_all() {
    start_agent_as "$@" "$AGENT" -d -a "$AGENT_SOCKET" -q "$QREXEC_SOCKET"
    load_all
    start_client_qube
    export SSH_AUTH_SOCK="$AGENT_SOCKET"
}

# start_all_untraced CALL...: on a kernel without these system calls, and without ptrace(2).
start_all_untraced() {
    start_all "$MEMORY/without" ptrace "$@" --
    TRACED=no
    wait_logged 'warning: the agent cannot trace the keystore'
}

# add_until FILE: adds all keys again and again, until the file is there.
add_until() {
    while [ ! -e "$1" ]; do
        load_all
    done
}

### The scan works

@test "the scan finds each secret, whole or the middle of it, in both orders" {
    while read -r name hex; do
        echo "$name"
        middle=${hex:16:16}
        reverse=$(fold -w 2 <<<"$hex" | tac | tr -d '\n')
        for bytes in "$hex" "$middle" "$reverse"; do
            spawn "$MEMORY/hold" "$bytes" >"$D/held"
            wait_until test -s "$D/held"
            finds "${name%%.*}" "$SCAN" -e -t 20 "$SECRETS" "$SPAWNED"
            finds "registers" "$SCAN" -e -t 20 -r "$SECRETS" "$SPAWNED"
            kill "$SPAWNED"
            wait_until gone "$SPAWNED"
            rm "$D/held"
        done
    done <"$SECRETS"
}

@test "the scan finds a secret in a dump, in its memory and in its registers" {
    hex=$(sed -n 's/^ed25519.seed //p' "$SECRETS")
    spawn "$MEMORY/hold" "$hex" >"$D/held"
    wait_until test -s "$D/held"
    dump "$SPAWNED"
    finds ed25519.seed "$SCAN" "$SECRETS" --file "$DUMP"
    finds ed25519.seed "$SCAN" "$SECRETS" --dump "$DUMP"
}

@test "the scan finds nothing in a process that has nothing" {
    spawn sleep 1000
    finds_nothing "$SCAN" -r "$SECRETS" "$SPAWNED"
}

@test "the scan finds each key in the stock ssh-agent while it signs" {
    # It encrypts its keys at rest, with a key beside them.
    spawn ssh-agent -D -a "$AGENT_SOCKET" >/dev/null 2>&1
    agent=$SPAWNED
    wait_until socket_listens "$AGENT_SOCKET"
    load_all
    for key in "${ALL[@]}"; do
        request=$(sign_request "$KEYS/$key.pub" 64617461 4)
        spawn "$RAW" "$AGENT_SOCKET" forever frame "$request" read
        LOAD+=("$SPAWNED")
        finds "$key." "$SCAN" -e -s -t 60 "$(secrets_of "$key")" "$agent"
        end_load
    done
}

@test "a dump of the stock ssh-agent while it signs has its key" {
    spawn ssh-agent -D -a "$AGENT_SOCKET" >/dev/null 2>&1
    agent=$SPAWNED
    wait_until socket_listens "$AGENT_SOCKET"
    load_all
    spawn "$RAW" "$AGENT_SOCKET" forever frame "$(sign_request "$KEYS/rsa4096.pub" 64617461 4)" read
    LOAD+=("$SPAWNED")
    # It may be caught between two signatures.
    wait_until dump_has rsa4096. "$agent"
    end_load
}

### memfd_secret

@test "idle: nothing in memory, dumps, files and registers" {
    needs_memfd_secret
    start_all
    nowhere
    wait_logged 'keystore is traced by the agent: nobody else can attach'
    # And the keys are where the kernel hands nothing out.
    run "$SCAN" "$SECRETS" "$KEYSTORE_PID"
    [[ "$output" =~ refused\ KiB\ ([0-9]+) ]]
    [ "${BASH_REMATCH[1]}" -ge 256 ]
}

# sign_with KEY: over all ways at once, until end_load.
sign_with() {
    local request

    request=$(sign_request "$KEYS/$1.pub" 64617461 4)
    spawn "$RAW" "$AGENT_SOCKET" forever frame "$request" read
    LOAD+=("$SPAWNED")
    spawn "$RAW" "$QREXEC_SOCKET" descriptor 'qubes.SshAgent+ dev' forever frame "$request" read
    LOAD+=("$SPAWNED")
    spawn "$RAW" "$SOCKET" forever frame "$request" read
    LOAD+=("$SPAWNED")
}

# load_was_one: nobody who asked for signatures has gone.
load_was_one() {
    local pid

    for pid in "${LOAD[@]}"; do
        refute gone "$pid"
    done
}

# Each key for itself: a mixture would spend nearly all its time with RSA-4096.
@test "during ten seconds of signing: nothing in memory, and no debugger gets in" {
    needs_memfd_secret
    start_all
    for key in "${ALL[@]}"; do
        sign_with "$key"
        everywhere -t 2
        refuses_debugger "$KEYSTORE_PID"
        load_was_one
        end_load
        wait_until idle "$KEYSTORE_PID"
        nowhere
    done
}

@test "where the agent cannot trace, a debugger finds nothing in memory while it signs" {
    needs_memfd_secret
    start_all_untraced
    nowhere
    for key in "${ALL[@]}"; do
        sign_with "$key"
        # Snapshots of one moment each, in the middle of a signature.
        finds_nothing "$SCAN" -s -t 2 "$SECRETS" "$KEYSTORE_PID"
        dump "$KEYSTORE_PID"
        # A processor computes in registers, and a debugger that stops it in there sees a word.
        finds_nothing "$SCAN" "$SECRETS" --dump "$DUMP"
        rm "$DUMP"
        load_was_one
        end_load
        wait_until idle "$KEYSTORE_PID"
        nowhere
    done
    [ "$(local_raw frame "16$(passphrase)" read)" = 06 ]
    nowhere
    [ "$(local_raw frame "17$(passphrase)" read)" = 06 ]
    nowhere
    ssh-add -q -D
    nowhere
}

@test "while keys are added again and again: nothing" {
    needs_memfd_secret
    start_all
    spawn add_until "$D/stop"
    # The agent's buffer for a key on its way is locked, wiped memory, but memory: just after.
    finds_nothing "$SCAN" -t 5 "$SECRETS" "$KEYSTORE_PID" "$RELAY_PID"
    refuses_debugger "$KEYSTORE_PID"
    touch "$D/stop"
    wait_until gone "$SPAWNED"
    nowhere
}

@test "where the agent cannot trace, nor does a debugger while keys are added" {
    needs_memfd_secret
    start_all_untraced
    spawn add_until "$D/stop"
    finds_nothing "$SCAN" -s -t 5 "$SECRETS" "$KEYSTORE_PID" "$RELAY_PID"
    touch "$D/stop"
    wait_until gone "$SPAWNED"
    nowhere
}

@test "after lock: nothing; after unlock, wrong passphrases, and lock again: nothing" {
    needs_memfd_secret
    start_all
    lock="16$(passphrase)"
    unlock="17$(passphrase)"
    [ "$(local_raw frame "$lock" read)" = 06 ]
    nowhere
    [ "$(local_raw frame "17$(wire_text wrong)" read)" = "$FAILURE" ]
    nowhere
    [ "$(local_raw frame "$unlock" read)" = 06 ]
    ssh-add -T "$KEYS/rsa3072.pub"
    nowhere
    [ "$(local_raw frame "$lock" read)" = 06 ]
    nowhere
}

@test "after removal: nothing" {
    needs_memfd_secret
    start_all
    for key in "${ALL[@]}"; do
        ssh-add -T "$KEYS/$key.pub"
    done
    ssh-add -q -D
    no_keys
    nowhere
}

### The fallback: mlock

@test "without memfd_secret: no debugger gets in either" {
    start_all "$MEMORY/without" memfd_secret --
    wait_logged 'key memory: mlock, '
    refuses_debugger "$KEYSTORE_PID"
    sign_forever "$AGENT_SOCKET"
    refuses_debugger "$KEYSTORE_PID"
    end_load
    # Root reads such memory in /proc/PID/mem; the warning says so. After removal there is none.
    finds rsa4096 "$SCAN" "$SECRETS" "$KEYSTORE_PID"
    ssh-add -q -D
    nowhere
}

@test "without memfd_secret and a tracer: one warning for each, and dumps show nothing" {
    start_all_untraced memfd_secret
    [ "$(grep -c 'warning: no memfd_secret' "$AGENT_LOG")" -eq 1 ]
    wait_logged 'key memory: mlock, '
    for key in "${ALL[@]}"; do
        ssh-add -T "$KEYS/$key.pub"
    done
    # As the kernel writes it: without what is marked so (MADV_DONTDUMP).
    gcore -o "$D/core" "$KEYSTORE_PID" "$AGENT_PID" >"$D/gcore.out" 2>&1
    finds_nothing "$SCAN" "$SECRETS" --file "$D/core.$KEYSTORE_PID" "$D/core.$AGENT_PID"
    sign_forever "$AGENT_SOCKET"
    gcore -o "$D/core" "$KEYSTORE_PID" >"$D/gcore.out" 2>&1
    finds_nothing "$SCAN" "$SECRETS" --dump "$D/core.$KEYSTORE_PID"
    end_load
    # After lock there is nothing in /proc/PID/mem.
    finds rsa4096 "$SCAN" "$SECRETS" "$KEYSTORE_PID"
    finds_nothing "$SCAN" "$SECRETS" "$AGENT_PID" "$RELAY_PID"
    [ "$(local_raw frame "16$(passphrase)" read)" = 06 ]
    everywhere -r
}

@test "without memfd_secret and a tracer: after removal there is nothing to be read" {
    start_all_untraced memfd_secret
    for key in "${ALL[@]}"; do
        ssh-add -T "$KEYS/$key.pub"
    done
    ssh-add -q -D
    everywhere -r
    # More keys than the first mapping holds: it grows behind the sandbox.
    for i in {1..8}; do
        load_all
        ssh-add -q -D
    done
    everywhere -r
}
