#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The agent's process holds no private key: its whole memory is searched for them.

load agent_setup

setup_file() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key ed25519 -t ed25519
    make_key rsa -t rsa -b 3072 -m PEM
    make_key rsa4096 -t rsa -b 4096 -m PEM
    make_key ecdsa -t ecdsa -b 256
}

setup() {
    [ "$(id -u)" -eq 0 ] || skip "needs root to read another process's memory"
    prepare
    private_numbers
}

teardown() {
    if [ -n "${PIDS+set}" ]; then
        clean_up
    fi
}

# rsa_numbers KEYFILE: n, e, d, p, q, d mod (p-1), d mod (q-1), 1/q mod p, in hex, one a line.
rsa_numbers() {
    openssl asn1parse -in "$1" | sed -n 's/.*INTEGER *://p' | tail -n 8 | tr A-F a-f
}

# private_numbers: sets PRIVATE to what must not be found and PUBLIC to what must.
private_numbers() {
    local seed hash numbers

    seed=$(ed25519_seed)
    # What the seed is expanded to: the scalar (with some bits changed at its ends), and the prefix.
    hash=$(unhex "$seed" | sha512sum)
    PRIVATE=("$seed" "${hash:2:60}" "${hash:64:64}" "$(ecdsa_scalar)")
    PUBLIC=()
    for key in rsa rsa4096; do
        mapfile -t numbers < <(rsa_numbers "$KEYS/$key")
        [ "${#numbers[@]}" -eq 8 ]
        PUBLIC+=("${numbers[0]}")
        PRIVATE+=("${numbers[@]:2}")
    done
}

# ed25519_seed: the first half of the third field.
ed25519_seed() {
    take_string "$(private_fields "$KEYS/ed25519")"
    take_string "$REST"
    take_string "$REST"
    printf '%s' "${TAKEN:8:64}"
}

# ecdsa_scalar: the fourth field.
ecdsa_scalar() {
    take_string "$(private_fields "$KEYS/ecdsa")"
    take_string "$REST"
    take_string "$REST"
    take_string "$REST"
    printf '%s' "${TAKEN: -60}"
}

# scan PID: nothing private is there; what is public is, so the search can find something.
scan() {
    local found

    mapfile -t found < <("$MEMORY_FIND" "$1" "${PRIVATE[@]}" "${PUBLIC[@]}")
    [ "${#found[@]}" -eq $((${#PRIVATE[@]} + ${#PUBLIC[@]})) ]
    echo "found in $1: ${found[*]}"
    for n in "${found[@]:0:${#PRIVATE[@]}}"; do
        [ "$n" -eq 0 ]
    done
    for n in "${found[@]:${#PRIVATE[@]}}"; do
        [ "$n" -gt 0 ]
    done
}

@test "the search finds each private number in a process that has it, in both orders" {
    for number in "${PRIVATE[@]}"; do
        opposite=$(fold -w 2 <<<"$number" | tac | tr -d '\n')
        for bytes in "$number" "$opposite"; do
            # It stays in cat's buffer, if it comes in one piece.
            unhex "$bytes" >"$D/bytes"
            mkfifo "$D/pipe"
            spawn cat "$D/pipe" >"$D/cat.out"
            exec {PIPE}>"$D/pipe"
            cat "$D/bytes" >&"$PIPE"
            wait_until test -s "$D/cat.out"
            run "$MEMORY_FIND" "$SPAWNED" "$number"
            [ "$status" -eq 0 ]
            [ "$output" -gt 0 ]
            exec {PIPE}>&-
            ends_with 0 "$SPAWNED"
            rm "$D/pipe" "$D/cat.out"
        done
    done
}

@test "the search does not find what is not there" {
    spawn sleep 1000
    run "$MEMORY_FIND" "$SPAWNED" "${PRIVATE[@]}"
    [ "$(sort -u <<<"$output")" = 0 ]
}

@test "the agent has no private number: idle, and while it signs" {
    start_agent
    ssh-add -q "$KEYS/ed25519" "$KEYS/rsa" "$KEYS/rsa4096" "$KEYS/ecdsa"
    scan "$AGENT_PID"
    for key in ed25519 rsa rsa4096 ecdsa; do
        ssh-add -T "$KEYS/$key.pub"
        request=$(sign_request "$KEYS/$key.pub" 64617461 4)
        spawn "$RAW" "$AGENT_SOCKET" forever frame "$request" read
        spawn "$RAW" "$QREXEC_SOCKET" descriptor 'qubes.SshAgent+ dev' forever frame "$request" read
    done
    for i in 1 2 3 4 5; do
        scan "$AGENT_PID"
    done
    stop_agent
}

@test "nor after keys were added again, refused, locked away and removed" {
    start_agent
    ssh-add -q "$KEYS/ed25519" "$KEYS/rsa" "$KEYS/rsa4096" "$KEYS/ecdsa"
    for i in 1 2 3; do
        ssh-add -q -t 100 "$KEYS/ed25519" "$KEYS/rsa" "$KEYS/rsa4096" "$KEYS/ecdsa"
    done
    # With a constraint that is not known; and from a qube, which may not add.
    for key in ed25519 ecdsa; do
        fields=$(private_fields "$KEYS/$key")
        [ "$(local_raw frame "19${fields}03" read)" = "$FAILURE" ]
        [ "$(qube_raw dev frame "11$fields" read)" = "$FAILURE" ]
        # One that goes away in the middle of it.
        local_raw send "$(u32 4096)11$fields" taken
    done
    scan "$AGENT_PID"
    local_raw frame "16$(wire_text secret)" read
    for key in ed25519 ecdsa; do
        [ "$(local_raw frame "11$(private_fields "$KEYS/$key")" read)" = "$FAILURE" ]
    done
    scan "$AGENT_PID"
    local_raw frame "17$(wire_text secret)" read
    ssh-add -q -d "$KEYS/ed25519"
    scan "$AGENT_PID"
}

@test "nor the passphrase of the lock" {
    start_agent
    passphrase=$(printf 'correct horse battery staple' | hex)
    local_raw frame "16$(wire_string "$passphrase")" read
    local_raw frame "17$(wire_string "${passphrase}00")" read
    run "$MEMORY_FIND" "$AGENT_PID" "$passphrase"
    [ "$output" = 0 ]
    # From a qube, too: it may try a passphrase that it has learned.
    qube_raw dev frame "17$(wire_string "$passphrase")" read
    local_raw frame "17$(wire_string "$passphrase")" read
    run "$MEMORY_FIND" "$AGENT_PID" "$passphrase"
    [ "$output" = 0 ]
}
