#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# KeePassXC brings keys to the agent when its database is unlocked and takes them away when it is
# locked; qubes use them meanwhile.

load ask_setup
load keepassxc_setup

# Once for all tests: keys, and databases that are copied for each.
setup_file() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key ed25519 -t ed25519
    make_key ecdsa -t ecdsa -b 384
    ssh-keygen -q -t rsa -b 2048 -N 'passphrase of the key' -C rsa -f "$KEYS/rsa"
    ssh-keygen -q -t ed25519 -N '' -C '' -f "$KEYS/nameless"
    make_key careful -t ed25519
    make_key short -t ed25519
    make_key stays -t ecdsa
    make_key own -t ed25519
    # Alone, or ssh-keygen takes a private key that it finds beside its public one.
    mkdir "$KEYS/public"
    cp "$KEYS"/*.pub "$KEYS/public"

    make_database "$KEYS/kinds.kdbx"
    add_key_entry "$KEYS/kinds.kdbx" one "$KEYS/ed25519"
    add_key_entry "$KEYS/kinds.kdbx" two "$KEYS/rsa" passphrase='passphrase of the key'
    add_key_entry "$KEYS/kinds.kdbx" three "$KEYS/ecdsa"
    add_key_entry "$KEYS/kinds.kdbx" four "$KEYS/nameless" user='Büro'

    make_database "$KEYS/constraints.kdbx"
    add_key_entry "$KEYS/constraints.kdbx" one "$KEYS/ed25519"
    add_key_entry "$KEYS/constraints.kdbx" two "$KEYS/careful" confirm
    add_key_entry "$KEYS/constraints.kdbx" three "$KEYS/stays" confirm lifetime=3600 stays

    make_database "$KEYS/lifetime.kdbx"
    add_key_entry "$KEYS/lifetime.kdbx" one "$KEYS/short" lifetime=8
    add_key_entry "$KEYS/lifetime.kdbx" two "$KEYS/ed25519"
}

setup() {
    prepare_ask
    allow_all # a question is then the key's own
    start_screen
    start_bus
    start_agent
}

teardown() {
    clean_up_ask
    wait_until none_left_behind
}

# unlock_first NAME: KeePassXC starts with a copy of the database, which is in DATABASE.
unlock_first() {
    DATABASE="$D/$1.kdbx"
    cp "$KEYS/$1.kdbx" "$DATABASE"
    start_keepassxc "$DATABASE"
}

# comments: of all keys, a line each, in hex and in order.
comments() {
    local answer count i

    answer=$(local_raw frame "$LIST" read)
    count=$((16#${answer:2:8}))
    REST="${answer:10}"
    for ((i = 0; i < count; i++)); do
        take_string "$REST"
        take_string "$REST"
        echo "${TAKEN:8}"
    done | sort
}

comments_are() {
    [ "$(comments)" = "$1" ]
}

# wait_for_keys NAME...: until there are exactly these, by their comments, in any order.
wait_for_keys() {
    local expected

    expected=$(for name in "$@"; do printf '%s' "$name" | hex; echo; done | sort)
    wait_until comments_are "$expected" || { ssh-add -L; cat "$D/keepassxc.log"; return 1; }
}

# signs NAME: a signature that is verified. Not with ssh-add, which wants SHA-1 of an RSA key.
signs() {
    echo data | timeout 30 ssh-keygen -q -Y sign -n test -f "$KEYS/public/$1.pub" \
        >"$D/signature" 2>"$D/signature.log" || { cat "$D/signature.log"; return 1; }
    echo data | ssh-keygen -q -Y check-novalidate -n test -s "$D/signature"
}

LOCKED_WINDOW='^db.kdbx \[Locked\] - KeePassXC$'

@test "unlocking adds keys of all kinds, and a qube lists them and signs" {
    local key

    unlock_first kinds
    # As it came: in Latin-1.
    wait_for_keys ed25519 rsa ecdsa $'B\xfcro'
    start_client_qube
    [ "$(ssh-add -L | wc -l)" -eq 4 ]
    [[ "$(qube_raw dev frame "$LIST" read)" == *"$(wire_string 42fc726f)"* ]]
    for key in ed25519 rsa ecdsa nameless; do
        signs "$key"
    done
    quit_keepassxc
    [ "$(ssh-add -L)" = 'The agent has no identities.' ]
}

@test "locking removes exactly its own keys, and unlocking brings them again" {
    local i

    ssh-add -q "$KEYS/own"
    unlock_first constraints
    wait_for_keys own ed25519 careful stays
    for ((i = 0; i < 4; i++)); do
        lock_keepassxc
        wait_for_keys own stays
        unlock_keepassxc "$DATABASE"
        wait_for_keys own ed25519 careful stays
    done
    signs ed25519
    signs own
    # It is open already, and nothing is there twice.
    unlock_keepassxc "$DATABASE"
    wait_for_keys own ed25519 careful stays
    quit_keepassxc
    wait_for_keys own stays
}

@test "typed into its window: the password unlocks, Ctrl+L locks" {
    cp "$KEYS/kinds.kdbx" "$D/db.kdbx"
    start_locked_keepassxc "$D/db.kdbx"
    no_keys
    type_in_window "$LOCKED_WINDOW" "$DATABASE_PASSWORD"
    wait_for_keys ed25519 rsa ecdsa $'B\xfcro'
    press_in_window '^db.kdbx - KeePassXC$' ctrl+l
    wait_until no_keys
}

@test "a wrong password adds nothing, and stops nothing" {
    cp "$KEYS/kinds.kdbx" "$D/db.kdbx"
    start_keepassxc "$D/db.kdbx" wrong
    wait_until window_is_there "$LOCKED_WINDOW"
    no_keys
    type_in_window "$LOCKED_WINDOW" "$DATABASE_PASSWORD"
    wait_for_keys ed25519 rsa ecdsa $'B\xfcro'
}

@test "a key that requires confirmation asks for each use" {
    unlock_first constraints
    wait_for_keys ed25519 careful stays
    start_client_qube
    signs ed25519
    asked_times 0
    signs careful
    asked_times 1
    user_says no
    refute signs careful
    asked_times 2
    refute signs stays # with a lifetime in front of it
    asked_times 3
    audit_has 2 qube=dev decision=allowed by=askpass
    audit_has 3 qube=dev decision=refused
}

@test "a lifetime is kept, and an expired key does not disturb locking" {
    unlock_first lifetime
    wait_for_keys short ed25519
    wait_for_keys ed25519
    refute signs short
    lock_keepassxc
    wait_until no_keys
    # Unlocking starts a new life.
    unlock_keepassxc "$DATABASE"
    wait_for_keys short ed25519
    signs short
}

@test "its messages are answered while a question is open" {
    local i

    unlock_first kinds
    wait_for_keys ed25519 rsa ecdsa $'B\xfcro'
    ssh-add -q -c "$KEYS/own"
    user_says later
    start_client_qube
    spawn signs own
    client=$SPAWNED
    wait_until asked_times 1
    for ((i = 0; i < 3; i++)); do
        # Returns when KeePassXC has heard from the agent.
        lock_keepassxc
        wait_for_keys own
        unlock_keepassxc "$DATABASE"
        wait_for_keys own ed25519 rsa ecdsa $'B\xfcro'
    done
    # The question is still there, and the one that was asked first.
    refute gone "$client"
    asked_times 1
    user_says yes
    ends_with 0 "$client"
    asked_times 1
}

@test "a key that goes while the user is asked for it signs nothing" {
    unlock_first constraints
    wait_for_keys ed25519 careful stays
    user_says later
    start_client_qube
    spawn signs careful
    client=$SPAWNED
    wait_until asked_times 1
    lock_keepassxc
    wait_for_keys stays
    user_says yes
    ends_with 1 "$client"
    unlock_keepassxc "$DATABASE"
    wait_for_keys ed25519 careful stays
    # The old answer is not one for this key.
    user_says no
    refute signs careful
    asked_times 2
}

@test "it quits while a qube signs" {
    ssh-add -q "$KEYS/own"
    unlock_first kinds
    wait_for_keys own ed25519 rsa ecdsa $'B\xfcro'
    spawn "$RAW" -n 4 "$QREXEC_SOCKET" descriptor 'qubes.SshAgent+ busy' \
        forever frame "$(sign_request "$KEYS/rsa.pub" 64617461 4)" read
    busy=$SPAWNED
    wait_until grep -q '"qube":"busy","decision":"allowed"' "$AUDIT"
    quit_keepassxc
    wait_for_keys own
    wait_until grep -q '"qube":"busy","decision":"refused"' "$AUDIT"
    refute gone "$busy"
    kill "$busy"
    signs own
}

@test "killed: its keys stay, and the next one takes them away" {
    unlock_first kinds
    wait_for_keys ed25519 rsa ecdsa $'B\xfcro'
    kill -9 "$KEEPASSXC_PID"
    wait_until gone "$KEEPASSXC_PID"
    wait_until not_on_bus "$KEEPASSXC_NAME"
    signs ed25519
    start_keepassxc "$DATABASE"
    # It says nothing when it has added keys that were there.
    wait_until window_is_there '^kinds.kdbx - KeePassXC$'
    lock_keepassxc
    wait_until no_keys
}

@test "an agent that was started anew has the keys after the next unlocking" {
    unlock_first kinds
    wait_for_keys ed25519 rsa ecdsa $'B\xfcro'
    stop_agent
    lock_keepassxc
    start_agent
    no_keys
    unlock_keepassxc "$DATABASE"
    wait_for_keys ed25519 rsa ecdsa $'B\xfcro'
    signs rsa
}

@test "the socket of its settings, with another in its environment" {
    configure_keepassxc
    printf '%s\n' '[SSHAgent]' "AuthSockOverride=$AGENT_SOCKET" >"$KEEPASSXC_LOCAL_INI"
    cp "$KEYS/kinds.kdbx" "$D/db.kdbx"
    KEEPASSXC_SOCKET="$D/nothing" start_keepassxc "$D/db.kdbx"
    wait_for_keys ed25519 rsa ecdsa $'B\xfcro'
}

@test "a locked agent takes no keys, and has them with the next unlocking" {
    answer_askpass secret
    ssh-add -x
    unlock_first kinds
    wait_until window_is_there '^kinds.kdbx - KeePassXC$'
    lock_keepassxc
    unlock_keepassxc "$DATABASE"
    no_keys
    ssh-add -X
    no_keys
    lock_keepassxc
    unlock_keepassxc "$DATABASE"
    wait_for_keys ed25519 rsa ecdsa $'B\xfcro'
}
