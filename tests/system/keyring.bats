#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# That the parts which other tests rely on do what they think: gnome-keyring, its lock, its dialog.

load keyring_setup

setup() {
    prepare_desktop
    start_screen
    start_bus
}

teardown() {
    clean_up_desktop
}

@test "a secret is stored, found, and still there after a restart" {
    start_keyring
    store_secret ' two words ' fruit apple xdg:schema org.example.Test
    secret_is ' two words ' fruit apple
    secret_is ' two words ' fruit apple xdg:schema org.example.Test
    refute look_up_secret fruit pear
    kill_keyring
    refute look_up_secret fruit apple
    start_keyring
    secret_is ' two words ' fruit apple
}

@test "a locked collection: the user is asked, and can say no" {
    start_keyring
    start_prompter
    store_secret x fruit apple
    lock_collection
    spawn secret-tool lookup fruit apple >"$D/found"
    cancel_dialog
    ends_with 1 "$SPAWNED"
    collection_locked

    spawn secret-tool lookup fruit apple >"$D/found"
    unlock_in_dialog
    ends_with 0 "$SPAWNED"
    [ "$(cat "$D/found")" = x ]
    refute collection_locked
}

@test "a daemon that starts without the password, or with a wrong one, is locked" {
    start_keyring
    store_secret x fruit apple
    kill_keyring
    start_locked_keyring
    kill_keyring
    start_keyring wrong
    collection_locked
    start_prompter
    spawn secret-tool lookup fruit apple >"$D/found"
    unlock_in_dialog
    ends_with 0 "$SPAWNED"
    [ "$(cat "$D/found")" = x ]
}

@test "a daemon that is killed while its dialog is open takes the dialog along" {
    start_keyring
    start_prompter
    store_secret x fruit apple
    lock_collection
    spawn secret-tool lookup fruit apple >"$D/found"
    wait_until window_is_there "$KEYRING_DIALOG"
    kill_keyring
    wait_until no_window_is_there "$KEYRING_DIALOG"
    # libsecret 0.20 now waits for ever: whoever uses it needs a time-out of his own.
    kill "$SPAWNED" 2>/dev/null || true
    [ ! -s "$D/found" ]
    start_keyring
    secret_is x fruit apple
}
