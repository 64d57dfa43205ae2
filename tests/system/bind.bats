#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# session-bind@openssh.com: which server's key belongs to a session. The tests hold the servers'
# keys, so that the agent itself makes the signatures that a server would.

load agent_setup

setup_file() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key ed25519 -t ed25519
    make_key ecdsa -t ecdsa -b 384
    make_key rsa -t rsa -b 2048
    make_key other -t ed25519
    make_key dsa -t dsa || : >"$KEYS/no-dsa" # OpenSSH 10 has none
}

setup() {
    prepare
}

teardown() {
    clean_up
}

SESSION=5e551011 # ids of sessions
SESSION_2=5e551012
EXTENSION_FAILURE=1c
AUTHENTICATION=00
FORWARDING=01

# bind HOST-KEY SESSION-ID FORWARDING [SIGNED-ID [SIGNING-KEY]]: the request; the last two for a
# signature that does not fit.
bind() {
    local answer

    answer=$("$RAW" "$AGENT_SOCKET" frame "$(sign_request "$KEYS/${5:-$1}.pub" "${4:-$2}" 4)" read)
    is_signature "$answer"
    printf '1b'
    wire_text session-bind@openssh.com
    wire_string "$(blob "$KEYS/$1.pub")"
    wire_string "$2"
    printf '%s%s' "${answer:2}" "$3"
}

start_with_keys() {
    start_agent
    ssh-add -q "$KEYS/ed25519" "$KEYS/ecdsa" "$KEYS/rsa" "$KEYS/other"
    SIGN=$(sign_request "$KEYS/ed25519.pub")
}

# not_bound BIND-REQUEST...: the last one fails, signing is over on this connection and on no other,
# from a qube and in the vault.
not_bound() {
    local words=()

    for request in "$@"; do
        words+=(frame "$request" read)
    done
    : >"$AGENT_LOG"
    for who in qube local; do
        run "${who}_connection" "${words[@]}" frame "$SIGN" read frame "$LIST" read
        [ "${lines[$# - 1]}" = "$EXTENSION_FAILURE" ]
        [ "${lines[$#]}" = "$FAILURE" ]
        [ "${lines[$# + 1]:0:2}" = 0c ]
    done
    wait_logged "qube dev: refused to bind a session: $WHY"
    wait_logged 'qube dev: refused to sign with .*: a session-bind on this connection was refused'
    others_are_served
}

qube_connection() {
    qube_raw dev "$@"
}

local_connection() {
    local_raw "$@"
}

@test "a server's key of each type" {
    start_with_keys
    for key in ed25519 ecdsa rsa; do
        run qube_raw dev frame "$(bind $key $SESSION $AUTHENTICATION)" read frame "$SIGN" read
        [ "${lines[0]}" = "$SUCCESS" ]
        is_signature "${lines[1]}"
    done
}

@test "a wrong signature" {
    start_with_keys
    WHY='the signature is wrong'
    for key in ed25519 ecdsa rsa; do
        not_bound "$(bind $key $SESSION $AUTHENTICATION $SESSION_2)"
    done
    not_bound "$(bind other $SESSION $AUTHENTICATION $SESSION ed25519)"
}

@test "after a bind that was refused a right one does not help" {
    start_with_keys
    run qube_raw dev frame "$(bind ed25519 $SESSION $AUTHENTICATION $SESSION_2)" read \
        frame "$(bind ed25519 $SESSION $FORWARDING)" read frame "$SIGN" read
    [ "${lines[0]}" = "$EXTENSION_FAILURE" ]
    [ "${lines[2]}" = "$FAILURE" ]
}

@test "bytes that are no bind" {
    start_with_keys
    WHY='malformed'
    whole=$(bind ed25519 $SESSION $AUTHENTICATION)
    not_bound "${whole:0:-2}"
    not_bound "${whole}00"
    not_bound "1b$(wire_text session-bind@openssh.com)"
    not_bound "$(bind ed25519 '' $AUTHENTICATION $SESSION)"
    WHY='larger than allowed'
    not_bound "$(bind ed25519 "$(printf '%0258d' 1)" $AUTHENTICATION)"
    # The control: the longest that there may be.
    run qube_raw dev frame "$(bind ed25519 "$(printf '%0256d' 1)" $AUTHENTICATION)" read
    [ "$output" = "$SUCCESS" ]
}

@test "forwarding binds may follow each other, nothing follows an authentication" {
    start_with_keys
    WHY='not allowed'
    run qube_raw dev frame "$(bind ed25519 $SESSION $FORWARDING)" read \
        frame "$(bind other $SESSION_2 $FORWARDING)" read \
        frame "$(bind ecdsa 5e551013 $AUTHENTICATION)" read frame "$SIGN" read
    [ "${lines[0]}" = "$SUCCESS" ]
    [ "${lines[1]}" = "$SUCCESS" ]
    [ "${lines[2]}" = "$SUCCESS" ]
    is_signature "${lines[3]}"

    not_bound "$(bind ed25519 $SESSION $AUTHENTICATION)" "$(bind other $SESSION_2 $FORWARDING)"
    not_bound "$(bind ed25519 $SESSION $AUTHENTICATION)" "$(bind other $SESSION_2 $AUTHENTICATION)"
}

@test "no session has two servers" {
    start_with_keys
    WHY='not allowed'
    not_bound "$(bind ed25519 $SESSION $FORWARDING)" "$(bind other $SESSION $FORWARDING)"
}

@test "a bind that comes again changes nothing" {
    start_with_keys
    for kind in $FORWARDING $AUTHENTICATION; do
        request=$(bind ed25519 $SESSION "$kind")
        run qube_raw dev frame "$request" read frame "$request" read frame "$SIGN" read
        [ "${lines[0]}" = "$SUCCESS" ]
        [ "${lines[1]}" = "$SUCCESS" ]
        is_signature "${lines[2]}"
    done
    WHY='not allowed'
    not_bound "$(bind ed25519 $SESSION $FORWARDING)" "$(bind ed25519 $SESSION $AUTHENTICATION)"
    not_bound "$(bind ed25519 $SESSION $AUTHENTICATION)" "$(bind ed25519 $SESSION $FORWARDING)"
    WHY='the signature is wrong'
    not_bound "$(bind ed25519 $SESSION $FORWARDING)" \
        "$(bind ed25519 $SESSION $FORWARDING $SESSION_2)"
}

@test "there is an end of forwarding" {
    start_with_keys
    requests=()
    for i in $(seq 16); do
        requests+=("$(bind ed25519 "$(u32 "$i")" $FORWARDING)")
    done
    words=()
    for request in "${requests[@]}"; do
        words+=(frame "$request" read)
    done
    run qube_raw dev "${words[@]}" frame "$SIGN" read
    [ "${lines[15]}" = "$SUCCESS" ]
    is_signature "${lines[16]}"
    WHY='larger than allowed'
    not_bound "${requests[@]}" "$(bind ed25519 "$(u32 17)" $FORWARDING)"
}

@test "a bind is taken while the agent is locked" {
    start_with_keys
    good=$(bind ed25519 $SESSION $AUTHENTICATION)
    bad=$(bind ed25519 $SESSION $AUTHENTICATION $SESSION_2)
    local_raw frame "16$(wire_text secret)" read
    run qube_raw dev frame "$good" read frame "$SIGN" read
    [ "${lines[0]}" = "$SUCCESS" ]
    [ "${lines[1]}" = "$FAILURE" ]
    run qube_raw dev frame "$bad" read
    [ "$output" = "$EXTENSION_FAILURE" ]
    local_raw frame "17$(wire_text secret)" read
    run qube_raw dev frame "$good" read frame "$SIGN" read
    is_signature "${lines[1]}"
}

@test "a server whose key we cannot check: not bound, but its users may log in" {
    [ ! -e "$KEYS/no-dsa" ] || skip "ssh-keygen makes no key of a type that we do not know"
    start_with_keys
    dsa=$(blob "$KEYS/dsa.pub")
    request="1b$(wire_text session-bind@openssh.com)$(wire_string "$dsa")$(wire_string $SESSION)"
    request+="$(wire_string "$(wire_text ssh-dss)$(wire_string 00)")$AUTHENTICATION"
    run qube_raw dev frame "$request" read frame "$SIGN" read
    [ "${lines[0]}" = "$EXTENSION_FAILURE" ]
    is_signature "${lines[1]}"
    wait_logged 'qube dev: refused to bind a session: DSA'
}
