#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# A qube, or a program in the vault, that does what no client does. Whatever it is, another qube and
# the vault's own programs are served meanwhile.

load agent_setup

setup_file() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key ed25519 -t ed25519
    make_key rsa -t rsa -b 4096
}

setup() {
    prepare
}

teardown() {
    clean_up
}

DESCRIPTOR='qubes.SshAgent+ hostile'

start_with_key() {
    start_agent
    ssh-add -q "$KEYS/ed25519"
    SIGN=$(sign_request "$KEYS/ed25519.pub")
}

# hostile COMMAND...: on the qrexec socket, without a descriptor of its own.
hostile() {
    "$RAW" "$QREXEC_SOCKET" "$@"
}

# memory FIELD: the agent's, in KiB; proc(5) has the fields.
memory() {
    awk "/^$1:/ {print \$2}" "/proc/$AGENT_PID/status"
}

text() {
    printf '%s' "$1" | hex
}

### The descriptor

@test "a wrong descriptor: the connection is closed, and the log has it" {
    start_with_key
    n=0
    long=$(printf 'x%.0s' $(seq 32))
    for wrong in '' 'qubes.SshAgent' 'qubes.SshAgent+' 'qubes.SshAgent+ ' 'qubes.Gpg+ dev' \
        'qubes.SshAgentX dev' 'qubes.SshAgent+a/b dev' 'qubes.SshAgent+../x dev' \
        'qubes.SshAgent+  dev' 'qubes.SshAgent+ -dev' 'qubes.SshAgent+ dév' \
        'qubes.SshAgent+ dev a b c' $'qubes.SshAgent+ dev\n' "qubes.SshAgent+ $long"; do
        run hostile descriptor "$wrong" frame "$LIST" read
        [ "$output" = closed ] || { echo "$wrong: $output"; return 1; }
        n=$((n + 1))
    done
    wait_logged 'unidentified qube: not a descriptor of qubes.SshAgent: "qubes.Gpg+ dev"'
    # What it says reaches the log as printable text.
    wait_logged 'd??v'
    # The control: the longest name.
    run hostile descriptor "qubes.SshAgent+ ${long:1}" frame "$LIST" read
    [ "${output:0:2}" = 0c ]
    others_are_served
}

@test "no NUL in the first 256 bytes" {
    start_with_key
    long=$(text "qubes.SshAgent+ dev$(printf ' %.0s' $(seq 300))")
    run hostile send "$long" read
    [ "$output" = closed ]
    run hostile send "${long:0:400}" eof read
    [ "$output" = closed ]
    wait_logged 'unidentified qube: no descriptor of qrexec; connection closed'
    others_are_served
}

@test "a descriptor in two pieces, byte by byte, and joined with the first frame" {
    start_with_key
    whole="$(text "$DESCRIPTOR")00"
    frame="$(u32 1)$LIST"
    expected=$(local_raw frame "$LIST" read)
    run hostile send "${whole:0:10}" pause 30 send "${whole:10}" frame "$LIST" read
    [ "$output" = "$expected" ]
    # Everything but its NUL, which then comes with the frame.
    run hostile send "${whole:0:-2}" pause 30 send "00$frame" read
    [ "$output" = "$expected" ]
    run hostile drip "$whole$frame" read
    [ "$output" = "$expected" ]
    run hostile send "$whole$frame" read
    [ "$output" = "$expected" ]
    run hostile send "$whole$frame$frame${frame:0:4}" pause 30 send "${frame:4}" read read read
    [ "$output" = "$(printf '%s\n' "$expected" "$expected" "$expected")" ]
}

@test "no descriptor at all: a frame in its place, half of one, nothing" {
    start_with_key
    run hostile frame "$LIST" closed
    [ "$output" = closed ]
    holds "$QREXEC_SOCKET" send "$(text 'qubes.Ssh')"
    half=$SPAWNED
    holds "$QREXEC_SOCKET"
    others_are_served
    # It has five seconds.
    run hostile closed
    [ "$output" = closed ]
    kill "$half"
}

### Frames

@test "256 KiB, one more, and none" {
    start_with_key
    # A request of exactly 256 KiB is an ordinary one.
    fixed=$((1 + 4 + 51 + 4 + 4))
    data=$((256 * 1024 - fixed))
    key=$(wire_string "$(blob "$KEYS/ed25519.pub")")
    run hostile descriptor "$DESCRIPTOR" \
        send "$(u32 262144)0d$key$(u32 $data)" zeros $data send 00000000 read frame "$LIST" read
    is_signature "${lines[0]}"
    [ "${lines[1]:0:2}" = 0c ]
    run hostile descriptor "$DESCRIPTOR" send "$(u32 262145)0d$key$(u32 $((data + 1)))" zeros 1000 closed
    [ "$output" = closed ]
    wait_logged 'qube hostile: frame longer than 256 KiB; connection closed'
    run hostile descriptor "$DESCRIPTOR" send ffffffff0d closed
    [ "$output" = closed ]
    run hostile descriptor "$DESCRIPTOR" send 00000000 closed
    [ "$output" = closed ]
    wait_logged 'qube hostile: empty frame; connection closed'
    others_are_served
}

@test "lengths inside of a frame that are not true" {
    start_with_key
    for body in 0d 0dffffffff 0d00000033 "0d7fffffff$(text x)" "${SIGN:0:-8}" "${SIGN}00" 1b 1bffffffff \
        "${LIST}00"; do
        run hostile descriptor "$DESCRIPTOR" frame "$body" read
        [ "$output" = "$FAILURE" ] || { echo "$body: $output"; return 1; }
    done
    fields=$(private_fields "$KEYS/ed25519")
    for body in 11 "11${fields:0:-2}" "11${fields}00" 19 "19${fields}01" "19${fields}0100" \
        "19${fields}ff" 12 12ffffffff 16 16ffffffff 1300; do
        run local_raw frame "$body" read
        [ "$output" = "$FAILURE" ] || { echo "$body: $output"; return 1; }
    done
    others_are_served
}

@test "half a frame, then silence" {
    start_with_key
    holds "$QREXEC_SOCKET" descriptor "$DESCRIPTOR" send "$(u32 100)0d0000"
    holds "$QREXEC_SOCKET" descriptor "$DESCRIPTOR" send 0000
    holds "$AGENT_SOCKET" send "$(u32 1000)0d0000"
    # Many of them that say they will send as much as they may get no memory for it.
    before=$(memory VmData)
    holds -n 60 "$QREXEC_SOCKET" descriptor "$DESCRIPTOR" send "$(u32 262144)0d00" taken
    others_are_served
    [ $(($(memory VmData) - before)) -lt 8000 ]
}

@test "frames byte by byte" {
    start_with_key
    run hostile descriptor "$DESCRIPTOR" drip "$(u32 $((${#SIGN} / 2)))$SIGN" read \
        drip "$(u32 1)$LIST" read
    is_signature "${lines[0]}"
    [ "${lines[1]:0:2}" = 0c ]
}

@test "ten frames in one write are answered in order" {
    start_with_key
    ten=
    for frame in "$LIST" "$SIGN" 63 "1b$(wire_text query)" "$SIGN" 13 "$LIST" "$SIGN" 64 "$LIST"; do
        ten+="$(u32 $((${#frame} / 2)))$frame"
    done
    run hostile descriptor "$DESCRIPTOR" send "$ten" read read read read read read read read read read
    [ "$(cut -c1-2 <<<"$output" | tr '\n' ' ')" = '0c 0e 05 1d 0e 05 0c 0e 05 0c ' ]
    # With the end of the stream right behind them.
    run hostile descriptor "$DESCRIPTOR" send "$ten" eof read read read read read read read read read read read
    [ "$(cut -c1-2 <<<"$output" | tr '\n' ' ')" = '0c 0e 05 1d 0e 05 0c 0e 05 0c cl ' ]
}

### Too much

@test "a client that never reads its answers" {
    start_with_key
    # A long list: after some hundred of it, the socket is full.
    for i in $(seq 20); do
        ssh-keygen -q -t ed25519 -N '' -C "$(printf 'x%.0s' $(seq 900))" -f "$D/key$i"
        ssh-add -q "$D/key$i"
    done
    holds "$QREXEC_SOCKET" descriptor "$DESCRIPTOR" many 1000 "$(u32 1)$LIST"
    holds "$AGENT_SOCKET" many 1000 "$(u32 1)$LIST"
    before=$(memory VmRSS)
    holds -n 30 "$QREXEC_SOCKET" descriptor "$DESCRIPTOR" many 1000 "$(u32 1)$LIST"
    for i in 1 2 3; do
        others_are_served
    done
    # 30 times 1,000 lists would be 600 MB.
    [ $(($(memory VmRSS) - before)) -lt 50000 ]
}

@test "2,000 connections from one qube" {
    start_with_key
    holds -n 2000 "$QREXEC_SOCKET" descriptor "$DESCRIPTOR"
    others_are_served
    wait_logged 'qube hostile: has 64 connections already; one more closed'
    # Its own have an end; where it is, the first ones go on.
    run hostile descriptor "$DESCRIPTOR" frame "$LIST" read
    [ "$output" = closed ]
    others_are_served
    kill "$SPAWNED"
    wait_until gone "$SPAWNED"
    back() { [[ "$(hostile descriptor "$DESCRIPTOR" frame "$LIST" read)" == 0c* ]]; }
    wait_until back
}

@test "2,000 connections without a descriptor" {
    start_with_key
    holds -n 2000 "$QREXEC_SOCKET"
    others_are_served
    wait_logged 'unidentified qube: 64 connections without a descriptor; the oldest closed'
    holds -n 2000 "$QREXEC_SOCKET" send 71
    others_are_served
}

@test "many qubes at once: connections in all have an end, and the vault is served" {
    start_with_key
    for i in $(seq 20); do
        holds -n 60 "$QREXEC_SOCKET" descriptor "qubes.SshAgent+ q$i" frame "$LIST"
    done
    wait_logged 'qubes: 1024 connections; one more closed'
    ssh-add -T "$KEYS/ed25519.pub"
    ssh-add -q "$KEYS/rsa"
    keys_are ed25519 rsa
}

@test "2,000 connections in the vault" {
    start_with_key
    holds -n 2000 "$AGENT_SOCKET" send 0000
    others_are_served
}

@test "a flood of what is refused: the log stays short, and says that it does" {
    start_with_key
    hostile descriptor "$DESCRIPTOR" many 5000 "$(u32 1)13" read eof closed
    for i in $(seq 40); do
        hostile descriptor wrong closed
    done
    others_are_served
    [ "$(grep -c 'qube hostile: refused to remove all keys' "$AGENT_LOG")" -lt 1000 ]
    [ "$(grep -c 'unidentified qube: not a descriptor' "$AGENT_LOG")" -lt 40 ]
    # It has its line again when a second is over.
    says_so() {
        hostile descriptor "$DESCRIPTOR" frame 13 read >/dev/null
        agent_logged 'qube hostile: refused .*lines before that were left out'
    }
    wait_until says_so
    # Another qube's lines are not cut for it.
    qube_raw bystander frame 13 read
    wait_logged 'qube bystander: refused to remove all keys'
}

@test "signatures, lists and unknown extensions as fast as they come" {
    start_with_key
    ssh-add -q "$KEYS/rsa"
    slow=$(sign_request "$KEYS/rsa.pub" 00 4)
    for i in 1 2 3; do
        spawn "$RAW" -n 10 "$QREXEC_SOCKET" descriptor "$DESCRIPTOR" forever frame "$slow" read
        spawn "$RAW" -n 5 "$QREXEC_SOCKET" descriptor "$DESCRIPTOR" forever frame "$LIST" read
        spawn "$RAW" -n 5 "$QREXEC_SOCKET" descriptor "$DESCRIPTOR" \
            forever frame "1b$(wire_text no@example.org)" read
        # One that sends without waiting for answers.
        spawn "$RAW" -n 3 "$QREXEC_SOCKET" descriptor "$DESCRIPTOR" forever frame "$slow"
    done
    for i in 1 2 3; do
        others_are_served
    done
    # What a password manager sends.
    fields=$(private_fields "$KEYS/ed25519")
    run local_raw frame "$LIST" read frame "19${fields}01$(u32 600)" read \
        frame "12$(wire_string "$(blob "$KEYS/ed25519.pub")")" read frame "11$fields" read
    [ "$(cut -c1-2 <<<"$output" | tr '\n' ' ')" = '0c 06 06 06 ' ]
    others_are_served
}

@test "while the keystore does not answer, lists do" {
    start_with_key
    kill -STOP "$KEYSTORE_PID"
    holds "$QREXEC_SOCKET" descriptor "$DESCRIPTOR" frame "$SIGN"
    [[ "$(qube_raw bystander frame "$LIST" read)" == 0c* ]]
    [[ "$(local_raw frame "$LIST" read)" == 0c* ]]
    kill -CONT "$KEYSTORE_PID"
    others_are_served
}

@test "the keystore serves one qube after the other" {
    start_with_key
    kill -STOP "$KEYSTORE_PID"
    holds -n 60 "$QREXEC_SOCKET" descriptor "$DESCRIPTOR" frame "$SIGN" taken
    holds "$QREXEC_SOCKET" descriptor 'qubes.SshAgent+ bystander' frame "$SIGN" taken
    kill -CONT "$KEYSTORE_PID"
    wait_logged 'qube bystander: signed'
    # One that the keystore had already, and one in turn.
    before=$(sed '/qube bystander: signed/,$d' "$AGENT_LOG" | grep -c 'qube hostile: signed')
    [ "$before" -le 2 ]
}

@test "clients that leave while their signature is made" {
    start_with_key
    ssh-add -q "$KEYS/rsa"
    slow=$(sign_request "$KEYS/rsa.pub" 00 4)
    for i in $(seq 10); do
        hostile descriptor "$DESCRIPTOR" many 20 "$(u32 $((${#slow} / 2)))$slow"
        local_raw many 20 "$(u32 $((${#slow} / 2)))$slow"
    done
    others_are_served
}

### Too little

@test "six clients in the vault that stop in the middle of an ADD" {
    start_with_key
    fields=$(private_fields "$KEYS/rsa")
    holds -n 6 "$AGENT_SOCKET" send "$(u32 $((${#fields} / 2 + 1)))11${fields:0:200}"
    others_are_served
    # Also one who wants to add a key himself.
    ssh-add -q "$KEYS/rsa"
    keys_are ed25519 rsa
}

@test "out of descriptors: connections wait, and are served when there are some again" {
    start_agent_as prlimit --nofile=32 "$AGENT" -D -a "$AGENT_SOCKET" -q "$QREXEC_SOCKET"
    ssh-add -q "$KEYS/ed25519"
    SIGN=$(sign_request "$KEYS/ed25519.pub")
    holds -n 40 "$AGENT_SOCKET" send 0000
    hog=$SPAWNED
    wait_logged 'new connections wait: Too many open files'
    spawn "$RAW" "$AGENT_SOCKET" frame "$SIGN" read >"$D/later"
    later=$SPAWNED
    spawn "$RAW" "$QREXEC_SOCKET" descriptor 'qubes.SshAgent+ dev' frame "$SIGN" read >"$D/later.qube"
    later_qube=$SPAWNED
    # The connections that it has go on.
    kill -0 "$AGENT_PID"
    kill "$hog"
    ends_with 0 "$later"
    ends_with 0 "$later_qube"
    is_signature "$(cat "$D/later")"
    is_signature "$(cat "$D/later.qube")"
    others_are_served
    stop_agent
}
