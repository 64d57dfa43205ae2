#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# split-ssh-keystore as a process: what happens when it or the agent dies, and what it checks for
# itself, when the agent is somebody else.

load agent_setup

setup_file() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key ed25519 -t ed25519
    make_key second -t ed25519
    make_key ecdsa -t ecdsa -b 256
}

setup() {
    prepare
}

teardown() {
    clean_up
}

# The requests of ipc.h.
OP_ADD=01
OP_SIGN=02
OP_REMOVE=03
OP_LOCK=06
OP_UNLOCK=07
AGENT_0=00000000
OK=00
NOT_FOUND=03
LOCKED=07
CONFIRM=14

# start_keystore: alone, its fd 3 is the one connection to $IPC, and its fd 4 a prompt that is gone.
# Its exit status goes to $D/status.
start_keystore() {
    IPC="$D/ipc.sock"
    cat >"$D/exec-keystore" <<'END'
import os, socket, sys
prompt, token = socket.socketpair(type=socket.SOCK_SEQPACKET)
prompt.close()
os.dup2(token.fileno(), 4)
os.execv(sys.argv[1], sys.argv[1:])
END
    printf '#!/bin/sh\npython3 "%s" "%s" -f\necho $? >"%s"\n' \
        "$D/exec-keystore" "$KEYSTORE" "$D/status" >"$D/run-keystore"
    chmod 755 "$D/run-keystore"
    rm -f "$D/status"
    spawn socat "UNIX-LISTEN:$IPC" "EXEC:$D/run-keystore,fdin=3,fdout=3" 2>>"$AGENT_LOG"
    wait_until test -S "$IPC"
}

# exits_with STATUS
exits_with() {
    wait_until test -s "$D/status"
    [ "$(cat "$D/status")" = "$1" ]
}

# add_plain NAME: ADD with no constraints of its own and no default life.
add_plain() {
    printf '%s%s00%s%s' $OP_ADD "$AGENT_0" 00000000 "$(private_fields "$KEYS/$1")"
}

# add_with CONSTRAINTS NAME
add_with() {
    printf '%s%s01%s%s%s' $OP_ADD "$AGENT_0" 00000000 "$(private_fields "$KEYS/$2")" "$1"
}

# learn_id: sets ID to the number that a keystore gives to its first key.
learn_id() {
    start_keystore
    run "$RAW" "$IPC" read frame "$(add_plain ed25519)" read
    ID=${lines[1]:2:16}
    exits_with 0
}

sign_data() {
    printf '%s%s%s%s%s' $OP_SIGN "$ID" 00000000 "$(wire_text "")$(wire_text "")" 64617461
}

### Death

@test "kill -9 of the keystore: the agent ends with an error and says so" {
    start_agent
    ssh-add -q "$KEYS/ed25519"
    kill -9 "$KEYSTORE_PID"
    ends_with 1 "$AGENT_PID"
    wait_logged 'error: the keystore has ended (signal 9); all keys are gone, so the agent ends'
    [ ! -e "$AGENT_SOCKET" ]
    [ ! -e "$QREXEC_SOCKET" ]
}

@test "kill -9 of the keystore in the middle of signatures, and in the background" {
    OUT=$("$AGENT" -s -q "$QREXEC_SOCKET")
    eval "$OUT" >/dev/null
    remember "$SSH_AGENT_PID"
    ssh-add -q "$KEYS/ed25519"
    for i in 1 2 3; do
        spawn "$RAW" "$SSH_AUTH_SOCK" forever frame "$(sign_request "$KEYS/ed25519.pub")" read
        spawn "$RAW" "$QREXEC_SOCKET" descriptor 'qubes.SshAgent+ dev' \
            forever frame "$(sign_request "$KEYS/ed25519.pub")" read
    done
    helpers_of "$SSH_AGENT_PID"
    kill -9 "$KEYSTORE_PID"
    wait_until gone "$SSH_AGENT_PID"
    [ ! -e "$QREXEC_SOCKET" ]
    [ ! -e "$SSH_AUTH_SOCK" ]
    [ ! -e "$(dirname "$SSH_AUTH_SOCK")" ]
}

@test "kill -9 of the agent: the keystore ends by itself" {
    start_agent
    ssh-add -q "$KEYS/ed25519"
    kill -9 "$AGENT_PID"
    wait_until gone "$KEYSTORE_PID"
}

@test "a keystore that was started by hand says so" {
    run "$KEYSTORE" 3</dev/null
    [ "$status" -eq 64 ]
    [[ "$output" == *"started by split-ssh-agent"* ]]
}

@test "no core is left, and no privilege can be gained" {
    start_agent
    ssh-add -q "$KEYS/ed25519"
    for pid in "$AGENT_PID" "$KEYSTORE_PID"; do
        grep -q '^NoNewPrivs:.1' "/proc/$pid/status"
        grep -q 'Max core file size *0 *0 ' "/proc/$pid/limits"
    done
    kill -ABRT "$KEYSTORE_PID"
    ends_with 1 "$AGENT_PID"
    [ -z "$(find "$D" -name 'core*')" ]
}

@test "the keystore has no environment and no descriptor but its sockets" {
    [ "$(id -u)" -eq 0 ] || skip "needs root to look at a process that cannot be dumped"
    export SECRET=environment
    start_agent 9<"$KEYS/ed25519.pub"
    ssh-add -q "$KEYS/ed25519"
    [ -e "/proc/$AGENT_PID/fd/9" ]
    [ -z "$(tr -d '\0' <"/proc/$KEYSTORE_PID/environ")" ]
    [ "$(ls -m "/proc/$KEYSTORE_PID/fd")" = "0, 1, 2, 3, 4" ]
    [ "$(readlink "/proc/$AGENT_PID/fd/"* | grep -c socket:)" -eq 4 ] # two listen, one each helper
}

### Its own checks

@test "it signs no more when a key's time is over" {
    learn_id
    start_keystore
    # HELLO, ADD with one second, SIGN until it is refused.
    run "$RAW" "$IPC" read frame "$(add_with "01$(u32 1)" ed25519)" read \
        frame "$(sign_data)" read pause 1100 frame "$(sign_data)" read
    [ "${lines[0]:0:2}" = ff ]
    [ "${lines[1]:0:2}" = $OK ]
    [ "${lines[2]:0:2}" = $OK ]
    [ "${lines[3]}" = $NOT_FOUND ]
    exits_with 0
}

@test "it signs with no key that asks for confirmation, where nobody gave it" {
    learn_id
    start_keystore
    run "$RAW" "$IPC" read frame "$(add_with 02 ed25519)" read frame "$(sign_data)" read
    [ "${lines[1]:0:2}" = $OK ]
    [ "${lines[2]}" = $CONFIRM ]
}

@test "it signs nothing while it is locked" {
    learn_id
    start_keystore
    run "$RAW" "$IPC" read frame "$(add_plain ed25519)" read \
        frame "$OP_LOCK$(wire_text secret)" read frame "$(sign_data)" read \
        frame "$(add_plain second)" read frame "$OP_UNLOCK$(wire_text wrong)" read \
        frame "$(sign_data)" read frame "$OP_UNLOCK$(wire_text secret)" read frame "$(sign_data)" read
    [ "${lines[2]}" = $OK ]
    [ "${lines[3]}" = $LOCKED ]
    [ "${lines[4]}" = $LOCKED ]
    [ "${lines[5]}" = 09 ] # wrong passphrase
    [ "${lines[6]}" = $LOCKED ]
    [ "${lines[7]}" = $OK ]
    [ "${lines[8]:0:2}" = $OK ]
}

@test "malformed bytes in an ADD are a client's: it goes on" {
    start_keystore
    whole=$(add_plain ed25519)
    run "$RAW" "$IPC" read frame "${whole:0:-20}" read frame "${whole}00" read frame "$whole" read
    [ "${lines[1]}" = 01 ] # malformed
    [ "${lines[2]}" = 01 ]
    [ "${lines[3]:0:2}" = $OK ]
}

@test "malformed bytes of anything else are the agent's, and end it" {
    learn_id
    for bytes in 00000001ff 0000000103 0000000001 "$(u32 10)$OP_REMOVE${ID}00" 7fffffff01 \
        "$(u32 5)${OP_LOCK}00000009" "$(u32 12)$OP_SIGN${ID}000000"; do
        start_keystore
        run "$RAW" "$IPC" read send "$bytes" read
        [ "${lines[1]}" = closed ]
        exits_with 65
    done
}
