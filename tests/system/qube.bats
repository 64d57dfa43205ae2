#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# What a client qube may do, and what not: the qrexec socket.

load agent_setup

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
    clean_up
}

# The state that no qube may change: two keys, which sign, and no lock.
load_keys() {
    ssh-add -q "$KEYS/ed25519" "$KEYS/rsa"
}

keys_are_untouched() {
    keys_are ed25519 rsa
    ssh-add -T "$KEYS/ed25519.pub" "$KEYS/rsa.pub"
}

# refused QUBE WHAT FRAME-HEX: FAILURE, and a log line that has the name of the qube.
refused() {
    [ "$(qube_raw "$1" frame "$3" read)" = "$FAILURE" ]
    wait_logged "qube $1: refused to $2"
    keys_are_untouched
}

### Allowed

@test "list, sign and query" {
    start_agent
    load_keys
    run qube_raw dev frame "$LIST" read frame "$(sign_request "$KEYS/ed25519.pub")" read \
        frame "$(sign_request "$KEYS/rsa.pub" 00 2)" read \
        frame "$(sign_request "$KEYS/rsa.pub" 00 4)" read frame "1b$(wire_text query)" read
    [ "${lines[0]}" = "$(local_raw frame "$LIST" read)" ]
    [ "${lines[0]:0:10}" = 0c00000002 ]
    is_signature "${lines[1]}"
    is_signature "${lines[2]}"
    is_signature "${lines[3]}"
    [ "${lines[4]:0:2}" = 1d ]
    fingerprint=$(ssh-keygen -l -f "$KEYS/ed25519" | cut -d' ' -f2)
    wait_logged "qube dev: signed with $fingerprint (ed25519)"
}

@test "the whole connection is the caller's: its name is in each line" {
    start_agent
    load_keys
    holds "$QREXEC_SOCKET" descriptor 'qubes.SshAgent+ one' frame "$LIST" read
    holds "$QREXEC_SOCKET" descriptor 'qubes.SshAgent+ two' frame "$LIST" read frame 13 read
    run qube_raw three frame "$LIST" read frame 63 read frame "$LIST" read frame 64 read
    wait_logged 'qube two: refused to remove all keys'
    wait_logged 'qube three: refused message 99'
    wait_logged 'qube three: refused message 100'
    run grep -c 'qube one' "$AGENT_LOG"
    [ "$output" = 0 ]
}

### Refused

@test "add, add constrained, remove, remove all" {
    start_agent
    load_keys
    new=$(private_fields "$KEYS/second")
    old=$(private_fields "$KEYS/ed25519")
    refused a1 'add a key: only programs in the vault may' "11$new"
    refused a2 'add a key' "19${new}02"
    # Nor may it change a key that is there.
    refused a3 'add a key' "19${old}01$(u32 1)"
    refused a4 'remove a key' "12$(wire_string "$(blob "$KEYS/ed25519.pub")")"
    refused a5 'remove all keys' 13
    # The same requests, from the vault, work.
    [ "$(local_raw frame "19${new}01$(u32 600)" read)" = "$SUCCESS" ]
    [ "$(local_raw frame "12$(wire_string "$(blob "$KEYS/ed25519.pub")")" read)" = "$SUCCESS" ]
    keys_are rsa second
    [ "$(local_raw frame 13 read)" = "$SUCCESS" ]
    no_keys
}

@test "lock and unlock" {
    start_agent
    load_keys
    refused a1 'lock' "16$(wire_text secret)"
    refused a2 'unlock' "17$(wire_text secret)"
    # Nor may it guess.
    local_raw frame "16$(wire_text secret)" read
    [ "$(qube_raw a3 frame "17$(wire_text secret)" read)" = "$FAILURE" ]
    [ "$(qube_raw a3 frame "$LIST" read)" = "$NO_KEYS" ]
    [ "$(qube_raw a3 frame "$(sign_request "$KEYS/ed25519.pub")" read)" = "$FAILURE" ]
    wait_logged 'qube a3: refused to sign: the agent is locked'
    no_keys
    [ "$(local_raw frame "17$(wire_text secret)" read)" = "$SUCCESS" ]
    keys_are_untouched
}

@test "PKCS#11, and extensions that are not known" {
    start_agent
    load_keys
    provider="$(wire_text /usr/lib/libprovider.so)$(wire_text 1234)"
    refused a1 'load a PKCS#11 provider' "14$provider"
    refused a2 'remove a PKCS#11 provider' "15$provider"
    refused a3 'load a PKCS#11 provider' "1a${provider}02"
    [ "$(qube_raw a4 frame "1b$(wire_text restrict-destination-v00@openssh.com)" read)" = "$FAILURE" ]
    keys_are_untouched
}

@test "every other message: FAILURE, and the connection goes on" {
    start_agent
    load_keys
    before=$(local_raw frame "$LIST" read)
    body=$(wire_text body)
    words=()
    for ((n = 0; n < 256; n++)); do
        case $n in
        11 | 13 | 27) continue ;;
        esac
        printf -v number %02x $n
        words+=(frame "$number$body" read)
    done
    qube_raw dev "${words[@]}" frame "$LIST" read >"$D/answers"
    [ "$(wc -l <"$D/answers")" -eq 254 ]
    [ "$(head -n 253 "$D/answers" | sort -u)" = "$FAILURE" ]
    [ "$(tail -n 1 "$D/answers")" = "$before" ]
    wait_logged 'qube dev: refused message 0: not known'
    keys_are_untouched
    # Each is logged; from a qube of its own, since the lines of one are limited.
    for n in 0 1 5 6 12 14 24 28 29 30 99 240 255; do
        [ "$(qube_raw "q$n" frame "$(printf '%02x' $n)" read)" = "$FAILURE" ]
        wait_logged "qube q$n: refused message $n"
    done
}

@test "RSA with SHA-1 is refused from qubes" {
    start_agent
    load_keys
    fingerprint=$(ssh-keygen -l -f "$KEYS/rsa" | cut -d' ' -f2)
    [ "$(qube_raw dev frame "$(sign_request "$KEYS/rsa.pub" 00 0)" read)" = "$FAILURE" ]
    wait_logged "qube dev: refused to sign with $fingerprint .*: RSA with SHA-1"
    is_signature "$(local_raw frame "$(sign_request "$KEYS/rsa.pub" 00 0)" read)"
    # Flags that are not known do not help.
    [ "$(qube_raw dev frame "$(sign_request "$KEYS/rsa.pub" 00 8)" read)" = "$FAILURE" ]
    # ed25519 has no such flags, so 0 is all that a client can send.
    is_signature "$(qube_raw dev frame "$(sign_request "$KEYS/ed25519.pub" 00 0)" read)"
}

@test "a key that is not there" {
    start_agent
    load_keys
    [ "$(qube_raw dev frame "$(sign_request "$KEYS/second.pub")" read)" = "$FAILURE" ]
    wait_logged 'qube dev: refused to sign with a key .*: no such key'
}

### The service argument

@test "an argument that names no agent: a log line, and FAILURE to the first request" {
    start_agent
    load_keys
    request=$(sign_request "$KEYS/ed25519.pub")
    run "$RAW" "$QREXEC_SOCKET" descriptor 'qubes.SshAgent+work dev' frame "$request" read read
    [ "${lines[0]}" = "$FAILURE" ]
    [ "${lines[1]}" = closed ]
    wait_logged 'qube dev: asks for the agent "work", which is not here; refused'
    run "$RAW" "$QREXEC_SOCKET" descriptor 'qubes.SshAgent+work dev' frame "$LIST" read
    [ "$output" = "$FAILURE" ]
    run qube_raw dev frame "$request" read
    is_signature "$output"
}

@test "-n work: accepts +work and no argument" {
    start_agent -n work
    load_keys
    request=$(sign_request "$KEYS/ed25519.pub")
    for argument in +work + ''; do
        run "$RAW" "$QREXEC_SOCKET" descriptor "qubes.SshAgent$argument dev" frame "$request" read
        is_signature "$output"
    done
    for argument in +wor +work2 +Work +other; do
        run "$RAW" "$QREXEC_SOCKET" descriptor "qubes.SshAgent$argument dev" frame "$request" read
        [ "$output" = "$FAILURE" ]
        wait_logged "qube dev: asks for the agent \"${argument#+}\", which is not here"
    done
}

@test "a call from dom0 has two more words" {
    start_agent
    load_keys
    run "$RAW" "$QREXEC_SOCKET" descriptor 'qubes.SshAgent dom0 name vault' frame "$LIST" read
    [ "${lines[0]:0:2}" = 0c ]
}

### Through relay and qrexec, as ssh-add in a qube sees it

@test "ssh-add in a client qube" {
    start_agent
    load_keys
    start_client_qube
    [ "$(ssh-add -L)" = "$(cat "$KEYS/ed25519.pub" "$KEYS/rsa.pub")" ]
    # Of RSA, old versions of ssh-add -T ask for a signature with SHA-1.
    ssh-add -T "$KEYS/ed25519.pub"
    answer_askpass secret
    refuses() {
        run ssh-add "$@"
        [ "$status" -ne 0 ]
        [[ "$output" != *"communication with agent failed"* ]]
    }
    refuses "$KEYS/second"
    refuses -c "$KEYS/second"
    refuses -d "$KEYS/ed25519"
    refuses -D
    refuses -x
    refuses -X
    refuses -s /usr/lib/libprovider.so
    SSH_AUTH_SOCK="$AGENT_SOCKET" keys_are_untouched
    for what in 'add a key' 'remove a key' 'remove all keys' 'lock' 'unlock' 'load a PKCS'; do
        wait_logged "qube dev: refused to $what"
    done
}

@test "an agent that is not there, through the relay: refused, not broken" {
    start_agent
    start_client_qube -A work
    run ssh-add -l
    [ "$status" -eq 1 ]
    [[ "$output" == *"agent refused operation"* ]]
    wait_logged 'qube dev: asks for the agent "work"'
}

### Who may connect

@test "another user may not connect, even if the modes of the sockets allow it" {
    [ "$(id -u)" -eq 0 ] || skip "needs root to become another user"
    start_agent
    load_keys
    chmod 755 "$D"
    chmod 666 "$AGENT_SOCKET" "$QREXEC_SOCKET"
    cp "$RAW" "$D/raw"
    cd "$D" # whatever is above it need not be open to others
    as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups ./raw "$@"; }
    run as_nobody ./agent.sock frame "$LIST" read
    [ "$output" = closed ]
    run as_nobody ./qrexec.sock descriptor 'qubes.SshAgent+ dev' frame "$LIST" read
    [ "$output" = closed ]
    wait_logged 'uid 65534 may not connect'
    # It is the user that counts: the same program as root is let in.
    run ./raw ./agent.sock frame "$LIST" read
    [ "${output:0:2}" = 0c ]
    run ./raw ./qrexec.sock descriptor 'qubes.SshAgent+ dev' frame "$LIST" read
    [ "${output:0:2}" = 0c ]
}

@test "an agent of a plain user lets root and that user in" {
    [ "$(id -u)" -eq 0 ] || skip "needs root to become another user"
    cp "$RAW" "$D/raw"
    mkdir -m 700 "$D/user"
    chown 65534:65534 "$D/user"
    chmod 755 "$D"
    cd "$D"
    as_user() { setpriv --reuid="$1" --regid="$1" --clear-groups "${@:2}"; }
    # Its helper must be within that user's reach.
    as_user 65534 test -x "$KEYSTORE" -a -x "$AGENT" || skip "the build is not open to other users"
    AGENT_SOCKET=user/agent.sock
    start_agent_as env HOME=/nonexistent setpriv --reuid=65534 --regid=65534 --clear-groups "$AGENT" -D \
        -a user/agent.sock -q user/qrexec.sock
    for socket in agent qrexec; do
        run "$RAW" "user/$socket.sock" descriptor "qubes.SshAgent+ dev" frame "$LIST" read
    done
    chmod 755 user
    chmod 666 user/*.sock
    run ./raw user/agent.sock frame "$LIST" read
    [ "$output" = "$NO_KEYS" ]
    run as_user 65534 ./raw user/agent.sock frame "$LIST" read
    [ "$output" = "$NO_KEYS" ]
    run as_user 65534 ./raw user/qrexec.sock descriptor 'qubes.SshAgent+ dev' frame "$LIST" read
    [ "$output" = "$NO_KEYS" ]
    run as_user 65533 ./raw user/agent.sock frame "$LIST" read
    [ "$output" = closed ]
    # Its own user can neither trace it nor look into its files.
    run as_user 65534 cat "/proc/$AGENT_PID/environ" "/proc/$KEYSTORE_PID/environ"
    [ "$status" -ne 0 ]
    run as_user 65534 head -c 1 "/proc/$AGENT_PID/mem"
    [ "$status" -ne 0 ]
    run as_user 65534 head -c 1 "/proc/$KEYSTORE_PID/mem"
    [ "$status" -ne 0 ]
}
