#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# A vault after its boot: agents from key files, passphrases in a real Secret Service, which
# gnome-keyring or KeePassXC is.

load unseal_setup
load keepassxc_setup # start_screen, start_bus, start_keyring

setup() {
    prepare_unseal
    start_screen
    start_bus
}

teardown() {
    clean_up_ask
    wait_until none_left_behind
}

# store_passphrase AGENT NAME [TEXT]: as somebody does it by hand.
store_passphrase() {
    store_secret "${3-$PASSPHRASE}" fingerprint "$(fingerprint "$(key_file "$1" "$2").pub")"
}

@test "two agents, keys with and without a passphrase: no question at the start, one at first use" {
    policy 'opaque = yes'
    printf '%s\n' '[client:dev]' 'agents = work' '[client:mail]' 'agents = private' >>"$POLICY"
    make_key_file work work-plain
    make_sealed_key_file work work-sealed "$PASSPHRASE"
    key_options work work-sealed -c
    make_key_file private private-plain
    make_sealed_key_file private private-sealed 'its own'
    start_keyring
    store_passphrase work work-sealed
    store_passphrase private private-sealed 'its own'
    kill_keyring
    # The boot, and the login that opens the keyring.
    start_keyring
    user_types wrong
    start_agent
    start_relay_for work dev
    start_relay_for private mail
    start_relay_for private dev
    export SSH_AUTH_SOCK
    for agent in work private; do
        SSH_AUTH_SOCK=$(relay_socket "$agent" "$([ "$agent" = work ] && echo dev || echo mail)")
        [ "$(ssh-add -L | cut -d' ' -f3- | sort)" = "$(printf '%s\n' "$agent-plain" "$agent-sealed")" ]
        diff <(ssh-add -L | sort) <(cat "$(key_directory "$agent")"/*.pub | sort)
    done
    refute env SSH_AUTH_SOCK="$(relay_socket private dev)" ssh-add -L
    [ "$(call_raw dev '' frame "$LIST" read)" = "$FAILURE" ]
    asked_times 0
    dialogs 0
    is_sealed work work-sealed
    is_sealed private private-sealed

    SSH_AUTH_SOCK=$(relay_socket work dev)
    ssh-add -T "$(public_of work work-sealed)"
    asked_times 1
    grep -qx 'Qube: dev' "$D/questions/1"
    grep -qx 'Agent: work' "$D/questions/1"
    SSH_AUTH_SOCK=$(relay_socket private mail)
    ssh-add -T "$(public_of private private-sealed)"
    ssh-add -T "$(public_of private private-plain)"
    asked_times 3
    # The passphrases were not asked for, nor whether to remember them.
    dialogs 0
    refute is_sealed work work-sealed
    refute is_sealed private private-sealed
}

@test "unlock = start: all from the keyring, and nobody is asked" {
    policy 'unlock = start' 'confirm = no' 'opaque = yes'
    start_keyring
    for name in one two three; do
        make_sealed_key_file "$name" "$name" "$PASSPHRASE" -a 1
        store_passphrase "$name" "$name"
    done
    start_loaded
    for name in one two three; do
        wait_until refute is_sealed "$name" "$name"
        signs "$name" "$name"
    done
    dialogs 0
    asked_times 0
}

@test "what is stored is wrong: the user is asked, and the use is answered" {
    make_sealed_key_file '' sealed "$PASSPHRASE" -a 1
    start_keyring
    store_passphrase '' sealed stale
    user_says no # to "remember?"
    prepare_dialog
    start_loaded
    gives_now y dev '' sealed
    dialogs 1
    dialog_is 1 dev '' sealed 'The stored passphrase is wrong.'
    wait_until asked_times 1
    grep -q 'Remember the passphrase of SSH key' "$D/questions/1"
}

@test "what is typed and remembered is found after the next start" {
    make_sealed_key_file '' sealed "$PASSPHRASE" -a 1
    start_keyring
    start_loaded
    gives_now y dev '' sealed
    wait_until asked_times 1
    stored() { look_up_secret fingerprint "$(fingerprint "$(public_of '' sealed)")" >"$D/found"; }
    wait_until stored
    [ "$(cat "$D/found")" = "$PASSPHRASE" ]
    stop_agent
    start_loaded
    is_sealed '' sealed
    gives_now y dev '' sealed
    dialogs 1
}

@test "a locked keyring: its own dialog comes at first use, and others sign meanwhile" {
    make_key_file '' plain
    make_sealed_key_file '' sealed "$PASSPHRASE" -a 1
    start_keyring
    start_prompter
    store_passphrase '' sealed
    lock_collection
    start_loaded
    lists_keys '' plain sealed
    no_window_is_there "$KEYRING_DIALOG"
    begin_use 1 dev '' sealed
    wait_until window_is_there "$KEYRING_DIALOG"
    gives_now y other '' plain
    signs '' plain
    is_waiting 1
    unlock_in_dialog
    use_gives 1 y
    dialogs 0
}

@test "KeePassXC is the Secret Service, and brings keys too: unlocking it does both" {
    make_key own -t ed25519
    make_sealed_key_file '' sealed "$PASSPHRASE" -a 1
    make_database "$D/db.kdbx"
    add_key_entry "$D/db.kdbx" own "$KEYS/own"
    start_agent
    keepassxc_as_secret_service "$D/db.kdbx"
    store_passphrase '' sealed
    wait_listed '' own sealed
    lock_keepassxc
    wait_listed '' sealed
    begin_use 1 dev '' sealed
    unlock_in_keepassxc
    use_gives 1 y
    wait_listed '' own sealed
    dialogs 0
    at '' ssh-add -T "$KEYS/own.pub"
    quit_keepassxc
}
