#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Where programs break that work otherwise: descriptors, signals, and others that stop.

load agent_setup

setup_file() {
    local i

    make_key ed25519 -t ed25519
    for i in 1 2 3 4; do
        make_key "many$i" -t ed25519
    done
}

setup() {
    prepare
}

teardown() {
    clean_up
}

# The agent answers, at all.
answers() {
    [ "$(timeout 10 "$RAW" "$AGENT_SOCKET" frame "$LIST" read)" != silent ]
}

@test "closed standard descriptors" {
    local redirect

    for redirect in '2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
        eval "spawn \"\$AGENT\" -D -a \"\$AGENT_SOCKET\" $redirect"
        wait_until test -S "$AGENT_SOCKET"
        wait_until ssh-add -q "$KEYS/ed25519"
        keys_are ed25519
        kill "$SPAWNED"
        ends_with 0 "$SPAWNED"
    done
}

@test "closed standard error, in the background" {
    local SSH_AGENT_PID

    eval "$("$AGENT" -a "$AGENT_SOCKET" 2>&-)" >/dev/null
    remember "$SSH_AGENT_PID"
    wait_until ssh-add -q "$KEYS/ed25519"
    keys_are ed25519
    kill "$SSH_AGENT_PID"
    wait_until gone "$SSH_AGENT_PID"
    [ ! -e "$AGENT_SOCKET" ]
}

@test "a log that nobody reads stops nobody" {
    local i

    mkfifo "$D/log"
    exec {HELD}<>"$D/log"
    spawn "$AGENT" -D -a "$AGENT_SOCKET" -q "$QREXEC_SOCKET" >/dev/null 2>"$D/log" {HELD}>&-
    AGENT_PID=$SPAWNED
    wait_until test -S "$QREXEC_SOCKET"
    # 64 KiB are in a pipe; each qube has 20 lines of about 80 bytes before it is limited.
    for ((i = 0; i < 60; i++)); do
        qube_raw "a-qube-with-a-long-name-$i" many 20 0000000113 read
    done >/dev/null
    ssh-add -q "$KEYS/ed25519"
    others_are_served
    kill "$AGENT_PID"
    ends_with 0 "$AGENT_PID"
    exec {HELD}>&-
}

@test "a signal to the whole group ends both in good order" {
    local name

    for name in INT TERM; do
        spawn setsid "$AGENT" -D -a "$AGENT_SOCKET" >/dev/null 2>>"$AGENT_LOG"
        wait_until test -S "$AGENT_SOCKET"
        wait_until ssh-add -q "$KEYS/ed25519"
        kill "-$name" -- "-$SPAWNED"
        ends_with 0 "$SPAWNED"
        [ ! -e "$AGENT_SOCKET" ]
    done
    [ "$(grep -c error "$AGENT_LOG")" -eq 0 ]
}

@test "an agent whose output is lost does not stay" {
    run bash -c '"$0" -a "$1" >/dev/full' "$AGENT" "$AGENT_SOCKET"
    [ "$status" -ne 0 ]
    [ ! -e "$AGENT_SOCKET" ]
    run pgrep -f -- "-a $AGENT_SOCKET"
    [ -z "$output" ]
}

@test "keys that are on their way together do not make the list too long" {
    local i fields

    start_agent
    kill -STOP "$KEYSTORE_PID"
    for i in 1 2 3 4; do
        # Each with 100,000 bytes of comment: three of them are more than a frame.
        fields="11$(private_fields "$KEYS/many$i")"
        fields="${fields%"$(wire_text "many$i")"}" # the comment, its last field
        spawn "$RAW" "$AGENT_SOCKET" send "$(u32 $((${#fields} / 2 + 4 + 100000)))$fields$(u32 100000)" \
            many 100000 61 read >"$D/add$i"
    done
    wait_logged 'refused to add a key: there are too many keys'
    kill -CONT "$KEYSTORE_PID"
    for i in 1 2 3 4; do
        wait_until test -s "$D/add$i"
    done
    [ "$(cat "$D"/add? | sort | tr '\n' ' ')" = "$FAILURE $FAILURE $SUCCESS $SUCCESS " ]
    [ "$(ssh-add -L | wc -l)" -eq 2 ]
}

@test "guesses of a passphrase are forgotten with their clients" {
    local i

    start_agent
    local_raw frame "16$(wire_text right)" read
    kill -STOP "$KEYSTORE_PID"
    for i in 1 2 3 4 5 6; do
        local_raw frame "17$(wire_text wrong)"
    done
    spawn "$RAW" "$AGENT_SOCKET" frame "17$(wire_text right)" read >"$D/right"
    wait_until answers
    kill -CONT "$KEYSTORE_PID"
    wait_until test -s "$D/right"
    [ "$(cat "$D/right")" = "$SUCCESS" ]
    # The first was in the keystore's hands when its client went.
    [ "$(grep -c 'wrong passphrase' "$AGENT_LOG")" -le 1 ]
}

@test "a keystore that is stopped keeps nobody from the list, and ends with the agent" {
    start_agent
    ssh-add -q "$KEYS/ed25519"
    kill -STOP "$KEYSTORE_PID"
    keys_are ed25519
    kill "$AGENT_PID"
    ends_with 0 "$AGENT_PID"
    wait_until gone "$KEYSTORE_PID"
}

@test "a directory for sockets whose path is too long" {
    mkdir -p "$D/$(printf 'x%.0s' {1..100})"
    TMPDIR="$D/$(printf 'x%.0s' {1..100})" run "$AGENT" -D
    [ "$status" -ne 0 ]
    [[ "$output" == *"TMPDIR is too long"* ]]
}
