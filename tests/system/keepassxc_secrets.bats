#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# KeePassXC as the Secret Service, and as the one that brings keys at the same time.

load ask_setup
load keepassxc_setup

setup_file() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key ed25519 -t ed25519
    make_key own -t ed25519
    make_database "$KEYS/secrets.kdbx"
    add_key_entry "$KEYS/secrets.kdbx" key "$KEYS/ed25519"
}

setup() {
    prepare_ask
    allow_all
    start_screen
    start_bus
    start_agent
    DATABASE="$D/secrets.kdbx"
    cp "$KEYS/secrets.kdbx" "$DATABASE"
}

teardown() {
    clean_up_ask
    wait_until none_left_behind
}

# looks_up: in the background; what is found goes to $D/found.
looks_up() {
    spawn secret-tool lookup "$@" >"$D/found" 2>"$D/found.log"
}

found() {
    ends_with 0 "$SPAWNED"
    [ "$(cat "$D/found")" = "$1" ]
}

found_nothing() {
    ends_with 1 "$SPAWNED"
    [ ! -s "$D/found" ]
}

@test "a secret is stored, found, replaced, and still there after a restart" {
    keepassxc_as_secret_service "$DATABASE"
    store_secret ' two words ' fruit apple xdg:schema org.example.Test
    secret_is ' two words ' fruit apple
    secret_is ' two words ' fruit apple xdg:schema org.example.Test
    refute look_up_secret fruit pear
    refute look_up_secret fruit apple xdg:schema org.example.Other
    # To replace one needs a click, whatever its settings say.
    spawn store_secret other fruit apple xdg:schema org.example.Test
    press_in_window "$KEEPASSXC_ACCESS_DIALOG" Return
    ends_with 0 "$SPAWNED"
    secret_is other fruit apple
    quit_keepassxc
    wait_until not_on_bus "$SECRETS_NAME"
    refute look_up_secret fruit apple
    keepassxc_as_secret_service "$DATABASE"
    secret_is other fruit apple
}

@test "a database is made if there is none" {
    keepassxc_as_secret_service "$D/new.kdbx"
    store_secret x fruit apple
    secret_is x fruit apple
}

@test "locked: the user is asked for the password of the database, and can say no" {
    keepassxc_as_secret_service "$DATABASE"
    store_secret x fruit apple
    lock_keepassxc
    collection_locked "$KEEPASSXC_COLLECTION"
    looks_up fruit apple
    press_in_window "$KEEPASSXC_UNLOCK_DIALOG" Escape
    found_nothing
    looks_up fruit apple
    unlock_in_keepassxc
    found x
}

@test "access that wants to be confirmed: asked, and yes and no are taken" {
    keepassxc_as_secret_service "$DATABASE" confirm
    store_secret x fruit apple
    looks_up fruit apple
    press_in_window "$KEEPASSXC_ACCESS_DIALOG" Escape
    found_nothing
    looks_up fruit apple
    press_in_window "$KEEPASSXC_ACCESS_DIALOG" Return
    found x
}

@test "keys come and go while a look-up waits for the user" {
    keepassxc_as_secret_service "$DATABASE"
    store_secret x fruit apple
    wait_until keys_are ed25519
    lock_keepassxc
    wait_until no_keys
    looks_up fruit apple
    wait_until window_is_there "$KEEPASSXC_UNLOCK_DIALOG"
    ssh-add -q "$KEYS/own"
    keys_are own
    # The dialog's answer brings the keys and the secret.
    unlock_in_keepassxc
    found x
    wait_until keys_are own ed25519
    lock_keepassxc
    wait_until keys_are own
}
