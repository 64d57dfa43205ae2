#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Passphrases and keys that are waited for, as a person at the vault's desktop sees them: dunst,
# ssh-askpass-gnome, gnome-keyring, KeePassXC; and ssh-add at login.

load unseal_setup
load passphrase_setup
load keepassxc_setup

setup_file() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key work -t ed25519
    make_database "$KEYS/work.kdbx"
    add_key_entry "$KEYS/work.kdbx" work "$KEYS/work" confirm
    mkdir "$KEYS/public"
    cp "$KEYS/work.pub" "$KEYS/public"
}

setup() {
    prepare
    echo 'notify = no' >>"$POLICY" # what is on the screen is then a question
    start_desktop
}

teardown() {
    clean_up_ask
    wait_until none_left_behind
}

# shown TEXT: by dunst, which prints a text in lines as they came.
shown() {
    sed 's/&quot;/"/g' "$D/shown" | grep -qF -e "$1"
}

# press_in_time LABEL: when what has these buttons has been there for half a second.
press_in_time() {
    sleep 0.6
    press "$1"
}

# listed_by QUBE: how many keys.
listed_by() {
    call_raw "$1" '' frame "$LIST" read | cut -c3-10
}

@test "typed wrong, then right; remembered with a button, and not asked for after the next start" {
    local key

    start_keyring
    make_sealed_key_file '' sealed "$PASSPHRASE" -a 1
    key=$(key_file '' sealed)
    start_loaded
    begin_use 1 dev '' sealed
    in_dialog wrong
    displayed 0
    in_dialog "$PASSPHRASE"
    use_gives 1 y
    wait_until shown "Remember the passphrase of SSH key $key?"
    shown 'It will be kept in the keyring (the Secret Service), and not asked for again.'
    wait_until displayed 1
    press_in_time Remember
    wait_until displayed 0
    secret_is "$PASSPHRASE" fingerprint "$(fingerprint "$(public_of '' sealed)")"
    stop_agent
    start_loaded
    is_sealed '' sealed
    gives_now y dev '' sealed
    displayed 0
    no_window_is_there '^OpenSSH$'
}

@test "Escape in the dialog: the use fails, and nothing is left on the screen" {
    make_sealed_key_file '' sealed "$PASSPHRASE" -a 1
    start_loaded
    begin_use 1 dev '' sealed
    press_in_window '^OpenSSH$' Escape
    use_gives 1 n
    is_sealed '' sealed
    no_window_is_there '^OpenSSH$'
}

@test "wait-for-key: a bubble, KeePassXC is unlocked, the key's own question, signed" {
    printf '%s\n' '[client:dev]' 'wait-for-key = 60' >>"$POLICY"
    make_key_file '' other
    cp "$KEYS/work.kdbx" "$D/work.kdbx"
    start_loaded
    start_keepassxc "$D/work.kdbx"
    wait_listed '' other work
    lock_keepassxc
    wait_listed '' other
    # To the qube that waits it is still there.
    [ "$(listed_by dev)" = 00000002 ]
    [ "$(listed_by bystander)" = 00000001 ]
    start_relay_for ''
    spawn through '' ssh-add -T "$KEYS/public/work.pub"
    login=$SPAWNED
    wait_until shown 'dev waits for key work: unlock KeePassXC'
    refute shown 'allow dev?'
    refute gone "$login"
    dunstctl close-all
    type_in_window '^work.kdbx \[Locked\] - KeePassXC$' "$DATABASE_PASSWORD"
    wait_until shown 'SSH key "work": allow dev?'
    wait_until displayed 1
    press_in_time 'Allow once'
    ends_with 0 "$login"
    wait_listed '' other work

    lock_keepassxc
    wait_listed '' other
    spawn through '' ssh-add -T "$KEYS/public/work.pub"
    login=$SPAWNED
    wait_until displayed 1
    dunstctl close-all
    unlock_keepassxc "$D/work.kdbx"
    wait_until displayed 1
    press_in_time Deny
    ends_with 1 "$login"
}

@test "a file that cannot be loaded: a bubble says which, and what to do" {
    make_key_file '' good
    make_key_file '' readable
    chmod 644 "$(key_file '' readable)"
    make_key_file '' optional
    key_options '' optional '-t forever'
    start_loaded
    lists_keys '' good
    wait_until shown "SSH key file $(key_file '' readable): permissions 0644 are too open"
    wait_until shown \
        "SSH key file $(key_file '' optional).ssh-add-option: line 1: forever is not a time"
}

# log_in: what a desktop's autostart entry runs, `ssh-add -c`, without a terminal. It is told the
# file, since ssh-add looks for it in the home directory of /etc/passwd.
log_in() {
    PATH="$SPLIT_SSH_BUILD/bin:$PATH" SSH_AUTH_SOCK="$AGENT_SOCKET" \
        SSH_ASKPASS=split-ssh-askpass spawn setsid -w ssh-add -c "$HOME/.ssh/id_ed25519" \
        </dev/null >"$D/added" 2>&1
    LOGIN_PID=$SPAWNED
}

make_default_key() {
    (umask 077 && mkdir -p "$HOME/.ssh")
    ssh-keygen -q -t ed25519 -a 1 -N "$PASSPHRASE" -C mine -f "$HOME/.ssh/id_ed25519"
}

@test "ssh-add -c at login, stored in gnome-keyring: no dialog, the key is added with -c" {
    make_default_key
    start_keyring
    store_secret "$PASSPHRASE" fingerprint "$(fingerprint "$HOME/.ssh/id_ed25519.pub")"
    start_agent
    log_in
    ends_with 0 "$LOGIN_PID" || { cat "$D/added"; false; }
    lists_keys '' mine
    control list default | grep -q ' mine (ED25519), asks each time'
    displayed 0
    # Each use is asked for.
    cp "$HOME/.ssh/id_ed25519.pub" "$D/mine.pub"
    spawn env SSH_AUTH_SOCK="$AGENT_SOCKET" ssh-add -T "$D/mine.pub"
    use=$SPAWNED
    wait_until shown 'SSH key "mine": allow a program in this vault?'
    wait_until displayed 1
    press_in_time 'Allow once'
    ends_with 0 "$use"
}

@test "ssh-add -c at login, nothing is stored: typed, remembered, not asked for at the next" {
    make_default_key
    start_keyring
    start_agent
    log_in
    in_dialog "$PASSPHRASE"
    ends_with 0 "$LOGIN_PID" || { cat "$D/added"; false; }
    wait_until shown 'Remember the passphrase of SSH key'
    wait_until displayed 1
    press_in_time Remember
    wait_until displayed 0
    secret_is "$PASSPHRASE" fingerprint "$(fingerprint "$HOME/.ssh/id_ed25519.pub")"
    stop_agent
    start_agent
    log_in
    ends_with 0 "$LOGIN_PID"
    lists_keys '' mine
    no_window_is_there '^OpenSSH$'
}
