# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034
# A vault in a directory: ssh-agent with one key, a server that takes qrexec's descriptor, and the
# directory of services where the qrexec stand-in looks; and a relay in front of it.

RELAY="${SPLIT_SSH_BUILD:?is set by ctest: the build directory}/bin/split-ssh-relay"
STANDIN="$SPLIT_SSH_BUILD/tests/standin/qrexec-client-vm"
VAULT_SERVER="$SPLIT_SSH_BUILD/tests/standin/vault-server"
LIST_REQUEST='\0\0\0\1\13'
FAILURE_HEX=0000000105

# spawn PROGRAM...: in the background, ended by end_all; its pid is in SPAWNED.
spawn() {
    "$@" 3>&- &
    SPAWNED=$!
    remember "$SPAWNED"
}

# start_of PID: when it was started (proc(5), stat, starttime), to START; empty if it is gone.
start_of() {
    local stat fields

    START=
    read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
    read -r -a fields <<<"${stat##*) }"
    START=${fields[19]}
}

# remember PID: end_all ends it. With its start, since the number of a process that has ended may be
# another's by then.
remember() {
    start_of "$1"
    PIDS+=("$1:$START")
}

# still_there PID:START
still_there() {
    start_of "${1%%:*}"
    [[ -n "$START" && "$START" = "${1#*:}" ]] &&
        ! grep -q '^State:.Z' "/proc/${1%%:*}/status" 2>/dev/null
}

has_ended() {
    ! still_there "$1"
}

# Ends only what spawn started, or what was remembered.
end_all() {
    local process

    for process in "${PIDS[@]}"; do
        ! still_there "$process" || kill "${process%%:*}" 2>/dev/null || true
    done
    for process in "${PIDS[@]}"; do
        wait_until has_ended "$process" || kill -9 "${process%%:*}"
    done
    PIDS=()
}

gone() {
    [[ ! -e /proc/$1 ]] || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

# wait_until COMMAND...: until it succeeds; 30 s is far more than anything here takes.
wait_until() {
    local i

    for ((i = 0; i < 1500; i++)); do
        if "$@"; then
            return 0
        fi
        sleep 0.02
    done
    echo "gave up waiting for: $*" >&2
    return 1
}

# socket_listens PATH: ssh-agent's is there a moment before that, and refuses whoever comes then.
socket_listens() {
    grep -q " 00010000 .* $1\$" /proc/net/unix
}

start_vault() {
    D="$BATS_TEST_TMPDIR"
    PIDS=()
    LOG="$D/relay.log"
    SOCKET="$D/sockets/relay.sock"
    DESCRIPTORS="$D/descriptors"
    : >"$DESCRIPTORS"
    export QREXEC_STANDIN_RPC="$D/run:$D/usr-local:$D/etc"
    unset QREXEC_STANDIN_SOURCE QREXEC_STANDIN_EXIT QREXEC_STANDIN_EAT QREXEC_STANDIN_DELAY_MS
    unset QREXEC_STANDIN_SPLIT LISTEN_PID LISTEN_FDS LISTEN_FDNAMES
    mkdir "$D/run" "$D/usr-local" "$D/etc"
    ssh-keygen -q -t ed25519 -N '' -C 'key of the vault' -f "$D/key"
    spawn ssh-agent -D -a "$D/agent.sock" >/dev/null
    spawn "$VAULT_SERVER" "$D/vault.sock" "$D/agent.sock" "$DESCRIPTORS"
    ln -s "$D/vault.sock" "$D/usr-local/qubes.SshAgent"
    wait_until test -S "$D/agent.sock"
    wait_until test -S "$D/vault.sock"
    # Its socket is there a moment before it listens.
    SSH_AUTH_SOCK="$D/agent.sock" wait_until ssh-add -q "$D/key"
    export SSH_AUTH_SOCK="$SOCKET"
}

# start_relay [OPTION...]: waits until it listens. Its pid is in RELAY_PID.
start_relay() {
    # Not with the files of the qube in which the tests run.
    start_relay_as "$RELAY" -a "$SOCKET" --config "$D" --qrexec-client "$STANDIN" "$@"
}

# start_relay_as COMMAND...: the same for a whole command line. The log starts empty.
start_relay_as() {
    : >"$LOG"
    spawn "$@" 2>>"$LOG"
    RELAY_PID=$SPAWNED
    wait_until logged 'listening on'
}

# end_relay: SIGTERM; fails unless it exits with status 0.
end_relay() {
    kill "$RELAY_PID"
    wait "$RELAY_PID"
}

logged() {
    grep -q -e "$1" "$LOG"
}

# The children of a process, zombies too.
children() {
    local list=

    read -r list 2>/dev/null <"/proc/$1/task/$1/children" || true
    echo "$list"
}

has_children() {
    [[ -n "$(children "$1")" ]]
}

has_no_children() {
    [[ -z "$(children "$1")" ]]
}

# lines_are COUNT FILE
lines_are() {
    [[ "$(wc -l <"$2")" -eq $1 ]]
}

# client_script: reads a qrexec client's body from stdin; its path is in CLIENT.
client_script() {
    CLIENT="$D/client"
    { echo '#!/bin/bash'; cat; } >"$CLIENT"
    chmod 755 "$CLIENT"
}

# open_client: a raw connection to the relay; write to $TO, read from $FROM.
open_client() {
    mkfifo "$D/to.$1" "$D/from.$1"
    exec {TO}<>"$D/to.$1" {FROM}<>"$D/from.$1"
    # Not with spawn: the shell gives a background command /dev/null unless it has a stdin itself.
    socat -t 0 - "UNIX-CONNECT:$SOCKET" <&"$TO" >&"$FROM" 3>&- &
    SPAWNED=$!
    remember "$SPAWNED"
}

read_hex() {
    timeout 30 head -c "$1" <&"$FROM" | od -An -v -tx1 | tr -d ' \n'
}
