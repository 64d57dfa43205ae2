#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# KeePassXC as the Secret Service has the passphrases of key files, and brings keys of its own: a
# qube's use of such a file, through the relay.

load unseal_setup
load keepassxc_setup

setup_file() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key brought -t ed25519
    make_key own -t ed25519
    mkdir "$KEYS/public"
    cp "$KEYS"/*.pub "$KEYS/public"
    make_database "$KEYS/secrets.kdbx"
    make_database "$KEYS/keys.kdbx"
    add_key_entry "$KEYS/keys.kdbx" key "$KEYS/brought"
    # One that has both.
    make_database "$KEYS/both.kdbx"
    add_key_entry "$KEYS/both.kdbx" key "$KEYS/brought"
}

setup() {
    prepare_unseal
    user_types 'nobody is there'
    start_screen
    start_bus
    make_sealed_key_file '' sealed "$PASSPHRASE" -a 1
    FINGERPRINT=$(fingerprint "$(public_of '' sealed)")
    DATABASE="$D/secrets.kdbx"
    cp "$KEYS/secrets.kdbx" "$DATABASE"
}

teardown() {
    clean_up_ask
    wait_until none_left_behind
}

# start_vault: the agent, and the relay of the qube dev.
start_vault() {
    start_loaded
    lists_keys '' sealed
    start_relay_for ''
}

# dev_signs: with the sealed key.
dev_signs() {
    through '' ssh-add -T "$(public_of '' sealed)"
}

# begin_login: the same, in the background; login_gives STATUS.
begin_login() {
    spawn through '' ssh-add -T "$(public_of '' sealed)"
    LOGIN_PID=$SPAWNED
}

login_gives() {
    ends_with "$1" "$LOGIN_PID"
}

by_hand() {
    store_secret "$PASSPHRASE" fingerprint "$FINGERPRINT"
}

is_stored() {
    secret_is "$PASSPHRASE" fingerprint "$FINGERPRINT" xdg:schema org.qubes.SplitSsh 2>/dev/null
}

# database_by_hand FILE ATTRIBUTE: an entry with the passphrase as its password and an attribute
# more, as somebody makes it in KeePassXC's window.
database_by_hand() {
    make_database "$1"
    sed -i "s|<Name>root</Name>|&<Entry><UUID>AAECAwQFBgcICQoLDA0ODw==</UUID>\
<String><Key>Title</Key><Value>a key of mine</Value></String>\
<String><Key>Password</Key><Value>$PASSPHRASE</Value></String>\
<String><Key>$2</Key><Value>$FINGERPRINT</Value></String></Entry>|" "$1.xml"
    rm "$1"
    printf '%s\n' "$DATABASE_PASSWORD" "$DATABASE_PASSWORD" |
        timeout 60 keepassxc-cli import -q -p -t 100 "$1.xml" "$1"
    [ "$(database_cli show "$1" 'a key of mine' -a "$2")" = "$FINGERPRINT" ]
}

@test "stored with secret-tool: a use by a qube opens the file, without a dialog" {
    keepassxc_as_secret_service "$DATABASE"
    store_secret "$PASSPHRASE" fingerprint "$FINGERPRINT"
    start_vault
    is_sealed '' sealed
    dev_signs
    refute is_sealed '' sealed
    dev_signs
    dialogs 0
}

@test "stored with split-ssh passphrase: found after a restart, until it is forgotten" {
    keepassxc_as_secret_service "$DATABASE"
    echo "$PASSPHRASE" | timeout 60 "$CONTROL" passphrase store "$(key_file '' sealed)"
    quit_keepassxc
    wait_until not_on_bus "$SECRETS_NAME"
    keepassxc_as_secret_service "$DATABASE"
    timeout 60 "$CONTROL" passphrase test "$(key_file '' sealed)"
    start_vault
    dev_signs
    dialogs 0
    timeout 60 "$CONTROL" passphrase forget "$(key_file '' sealed)"
    refute look_up_secret fingerprint "$FINGERPRINT"
    control reload default
    wait_until is_sealed '' sealed
    user_types cancel
    refute dev_signs
    dialogs 1
}

@test "an entry made by hand: the attribute is \"fingerprint\", and no other" {
    database_by_hand "$D/hand.kdbx" fingerprint
    keepassxc_as_secret_service "$D/hand.kdbx"
    start_vault
    dev_signs
    dialogs 0
    quit_keepassxc
    wait_until not_on_bus "$SECRETS_NAME"
    database_by_hand "$D/other.kdbx" fingerprints
    keepassxc_as_secret_service "$D/other.kdbx"
    control reload default
    wait_until is_sealed '' sealed
    user_types cancel
    refute dev_signs
    dialogs 1
}

@test "locked: KeePassXC asks for its password, and that answers the use that waits" {
    keepassxc_as_secret_service "$DATABASE"
    by_hand
    lock_keepassxc
    start_vault
    begin_login
    wait_until window_is_there "$KEEPASSXC_UNLOCK_DIALOG"
    refute gone "$LOGIN_PID"
    unlock_in_keepassxc
    login_gives 0
    dialogs 0
}

@test "locked, and the user says no: our dialog" {
    keepassxc_as_secret_service "$DATABASE"
    by_hand
    lock_keepassxc
    user_types "$PASSPHRASE"
    start_vault
    begin_login
    press_in_window "$KEEPASSXC_UNLOCK_DIALOG" Escape
    login_gives 0
    dialogs 1
    dialog_is 1 dev '' sealed
}

@test "locked, and the client goes: no dialog of ours, and the next use is answered" {
    keepassxc_as_secret_service "$DATABASE"
    by_hand
    lock_keepassxc
    start_vault
    begin_use 1 dev '' sealed
    wait_until window_is_there "$KEEPASSXC_UNLOCK_DIALOG"
    leave 1
    begin_login
    unlock_in_keepassxc
    login_gives 0
    dialogs 0
}

@test "access that wants to be confirmed: yes opens the file, no is our dialog" {
    keepassxc_as_secret_service "$DATABASE" confirm
    by_hand
    user_types cancel
    start_vault
    begin_login
    press_in_window "$KEEPASSXC_ACCESS_DIALOG" Escape
    login_gives 1
    dialogs 1
    begin_login
    press_in_window "$KEEPASSXC_ACCESS_DIALOG" Return
    login_gives 0
    dialogs 1
}

@test "typed and remembered: it is in KeePassXC, and the next agent finds it" {
    keepassxc_as_secret_service "$DATABASE"
    user_types wrong "$PASSPHRASE"
    start_vault
    dev_signs
    dialogs 2
    wait_until is_stored
    asked_times 1
    grep -q "Remember the passphrase of SSH key $(key_file '' sealed)?" "$D/questions/1"
    stop_agent
    quit_keepassxc
    wait_until not_on_bus "$SECRETS_NAME"
    [ "$(database_cli show "$DATABASE" "SSH key $(key_file '' sealed)" -s -a Password)" = \
        "$PASSPHRASE" ]
    keepassxc_as_secret_service "$DATABASE"
    start_loaded
    dev_signs
    dialogs 2
}

@test "locked, no, typed, remember: KeePassXC asks again, and has it" {
    keepassxc_as_secret_service "$DATABASE"
    lock_keepassxc
    user_types later
    start_vault
    begin_login
    press_in_window "$KEEPASSXC_UNLOCK_DIALOG" Escape
    # Not before its window is gone, or that would be answered twice.
    user_types "$PASSPHRASE"
    login_gives 0
    unlock_in_keepassxc
    wait_until is_stored
    asked_times 1
    dialogs 1
}

# stores TEXT: `split-ssh passphrase store`, in the background; store_gives STATUS PATTERN.
stores() {
    # Not with spawn: the shell gives a background command /dev/null unless it has a stdin itself.
    timeout 60 "$CONTROL" passphrase store "$(key_file '' sealed)" \
        < <(echo "$1") >"$D/store.out" 2>&1 3>&- &
    STORE_PID=$!
    remember "$STORE_PID"
}

store_gives() {
    ends_with "$1" "$STORE_PID" || { cat "$D/store.out"; return 1; }
    grep -q -e "$2" "$D/store.out"
}

@test "its dialog is closed: what is not stored is not said to be" {
    keepassxc_as_secret_service "$DATABASE"
    lock_keepassxc
    stores "$PASSPHRASE"
    press_in_window "$KEEPASSXC_UNLOCK_DIALOG" Escape
    store_gives 1 'the Secret Service: store: its dialog was closed'
    unlock_keepassxc "$DATABASE"
    refute look_up_secret fingerprint "$FINGERPRINT"
    # To replace one takes a click.
    store_secret old fingerprint "$FINGERPRINT" xdg:schema org.qubes.SplitSsh
    stores "$PASSPHRASE"
    press_in_window "$KEEPASSXC_ACCESS_DIALOG" Return
    store_gives 0 '^stored: the passphrase of '
    secret_is "$PASSPHRASE" fingerprint "$FINGERPRINT"
}

@test "remember, and its dialog is closed: a bubble says that nothing was stored" {
    start_standin body none
    keepassxc_as_secret_service "$DATABASE"
    lock_keepassxc
    user_types later
    start_vault
    begin_login
    press_in_window "$KEEPASSXC_UNLOCK_DIALOG" Escape
    user_types "$PASSPHRASE"
    login_gives 0
    press_in_window "$KEEPASSXC_UNLOCK_DIALOG" Escape
    wait_until grep -q 'The passphrase was not stored' "$D/shown"
}

@test "KeePassXC is killed in the middle of its dialog: ours comes" {
    keepassxc_as_secret_service "$DATABASE"
    by_hand
    lock_keepassxc
    user_types "$PASSPHRASE"
    start_vault
    begin_login
    wait_until window_is_there "$KEEPASSXC_UNLOCK_DIALOG"
    kill -9 "$KEEPASSXC_PID"
    login_gives 0
    dialogs 1
}

@test "both at once: unlocking brings its keys, and answers the look-up" {
    cp "$KEYS/both.kdbx" "$D/both.kdbx"
    start_loaded
    keepassxc_as_secret_service "$D/both.kdbx"
    wait_listed '' sealed brought
    by_hand
    lock_keepassxc
    wait_listed '' sealed
    start_relay_for ''
    begin_login
    wait_until window_is_there "$KEEPASSXC_UNLOCK_DIALOG"
    # Everybody else is served meanwhile.
    at '' ssh-add -q "$KEYS/own"
    through '' ssh-add -T "$KEYS/public/own.pub"
    at '' ssh-add -qd "$KEYS/public/own.pub"
    refute gone "$LOGIN_PID"
    unlock_in_keepassxc
    login_gives 0
    wait_listed '' sealed brought
    through '' ssh-add -T "$KEYS/public/brought.pub"
    lock_keepassxc
    wait_listed '' sealed
    dialogs 0
}

@test "both at once: its keys come and go while a use waits for a passphrase" {
    local i

    cp "$KEYS/keys.kdbx" "$D/keys.kdbx"
    user_types later
    start_loaded
    keepassxc_as_secret_service "$DATABASE"
    by_hand
    lock_keepassxc
    start_relay_for ''
    begin_login
    wait_until window_is_there "$KEEPASSXC_UNLOCK_DIALOG"
    unlock_keepassxc "$D/keys.kdbx"
    wait_listed '' sealed brought
    through '' ssh-add -T "$KEYS/public/brought.pub"
    # It locks nothing while it has a dialog open.
    press_in_window "$KEEPASSXC_UNLOCK_DIALOG" Escape
    wait_dialog 1
    for ((i = 0; i < 3; i++)); do
        # Returns when it has heard from the agent.
        lock_keepassxc
        wait_listed '' sealed
        unlock_keepassxc "$D/keys.kdbx"
        wait_listed '' sealed brought
        through '' ssh-add -T "$KEYS/public/brought.pub"
    done
    refute gone "$LOGIN_PID"
    user_types "$PASSPHRASE"
    login_gives 0
    dialogs 1
}
