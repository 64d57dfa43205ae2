#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Key files, and the dialogs for their passphrases: hostile qubes, odd directories, what dies.

load unseal_setup

setup() {
    declare -gA USES=()
    prepare_unseal
}

teardown() {
    clean_up_ask
}

# ask_and_go QUBE AGENT PUBLIC-KEY MS
ask_and_go() {
    call_raw "$1" "$2" frame "$(sign_request "$3")" pause "$4"
}

# is_closed: the dialog of DIALOG_PID, and all else that the prompt has started.
is_closed() {
    gone "$DIALOG_PID" && has_no_children "$PROMPT_PID"
}

@test "wait-for-key: to ask and to go, over and over, ends in silence" {
    policy 'wait-for-key = 100' 'opaque = yes' 'confirm = no'
    ssh-keygen -q -t ed25519 -N '' -C absent -f "$D/absent"
    start_loaded
    for i in {1..12}; do
        ask_and_go evil '' "$D/absent.pub" 20
    done
    wait_logged 'qube evil: 10 questions came to nothing; it may ask none for 5 minutes'
    [ "$(call_raw evil '' frame "$(sign_request "$D/absent.pub")" read)" = "$FAILURE" ]
    [ "$(grep -c 'qube evil: waits' "$AGENT_LOG")" -eq 10 ]
    spawn "$RAW" "$QREXEC_SOCKET" descriptor 'qubes.SshAgent+ good' \
        frame "$(sign_request "$D/absent.pub")" read >"$D/good"
    wait_logged 'qube good: waits'
    ssh-add -q "$D/absent"
    wait_until grep -q ^0e "$D/good"
}

@test "a dialog that is closed over and over does not come again" {
    make_key_file '' plain
    make_sealed_key_file '' sealed "$PASSPHRASE" -a 1
    user_types cancel
    start_loaded
    for i in {1..12}; do
        gives_now n evil '' sealed
    done
    dialogs 10
    wait_logged 'qube evil: 10 questions came to nothing; it may ask none for 5 minutes'
    gives_now y evil '' plain
    user_types "$PASSPHRASE"
    gives_now y good '' sealed
    gives_now y evil '' sealed
}

@test "nor does one where only wrong passphrases are typed" {
    make_sealed_key_file '' sealed "$PASSPHRASE" -a 1
    user_types wrong
    start_loaded
    for i in {1..12}; do
        gives_now n evil '' sealed
    done
    dialogs 30 # three for each use
    wait_logged 'qube evil: 10 questions came to nothing; it may ask none for 5 minutes'
    user_types "$PASSPHRASE"
    gives_now y good '' sealed
}

@test "a dialog that is open, and a flood for it: nobody else waits, and one answer is for all" {
    make_key_file '' plain
    make_sealed_key_file '' sealed "$PASSPHRASE" -a 1
    user_types later
    start_loaded
    begin_use 1 dev '' sealed
    wait_dialog 1
    spawn "$RAW" -n 60 "$QREXEC_SOCKET" descriptor 'qubes.SshAgent+ evil' \
        forever frame "$(sign_request "$(public_of '' sealed)")" read >"$D/flood"
    wait_logged 'qube evil: .*too many of its requests wait for a passphrase'
    for i in {1..5}; do
        signs '' plain
        gives_now y bystander '' plain
    done
    is_waiting 1
    user_types "$PASSPHRASE"
    use_gives 1 y
    dialogs 1
}

@test "one yes, one signature: the same data with a key of -c, from qubes and for agents at once" {
    policy 'opaque = yes'
    make_sealed_key_file '' sealed "$PASSPHRASE" -a 1
    make_sealed_key_file work other "$PASSPHRASE" -a 1
    cp "$(key_file '' sealed)" "$(key_file work sealed)"
    cp "$(key_file '' sealed.pub)" "$(key_file work sealed.pub)"
    key_options '' sealed -c
    key_options work sealed -c
    user_types later
    start_loaded
    begin_use 1 dev '' sealed
    wait_dialog 1
    begin_use 2 dev '' sealed
    begin_use 3 other '' sealed
    begin_use 4 dev work sealed
    begin_use 5 third '' sealed
    wait_until asked_times 5
    leave 5 # its yes is nobody's
    user_types "$PASSPHRASE"
    for i in 1 2 3 4; do
        use_gives "$i" y
    done
    asked_times 5
    dialogs 1
    user_says no
    prepare_dialog
    gives_now n other '' sealed
    gives_now n dev work sealed
    asked_times 7
    [ "$(grep -c '"decision":"allowed"' "$AUDIT")" -eq 4 ]
}

@test "a copy of a key without its options: it is said" {
    make_key_file '' careful
    key_options '' careful '-c'
    cp "$(key_file '' careful)" "$(key_file '' old)"
    start_loaded
    wait_logged "old: has the key of .*/careful, too, whose options (-c) are gone now"
    # Not of the file itself, whose owner may well change it.
    remove_key_file '' old
    control reload default
    : >"$AGENT_LOG"
    key_options '' careful ''
    control reload default
    signs '' careful
    refute agent_logged 'are gone now'
}

@test "a directory of odd things: the rest is loaded, and nothing hangs" {
    local root

    make_key_file '' plain
    root=$(key_directory '')
    mkfifo "$root/fifo" "$root/fifo.pub" "$root/plain-cert.pub"
    ln -s /dev/zero "$root/zero"
    ln -s loop "$root/loop"
    ln -s . "$root/self"
    truncate -s 1G "$root/huge"
    chmod 600 "$root/huge"
    mkdir "$root/directory" "$root/agent" "$root/-dash" "$root/"$'a\nb'
    for name in zero-option fifo-option directory-option binary-option; do
        make_key_file '' "$name"
    done
    ln -s /dev/zero "$root/zero-option.ssh-add-option"
    mkfifo "$root/fifo-option.ssh-add-option"
    mkdir "$root/directory-option.ssh-add-option"
    printf -- '-c\0\377\n' >"$root/binary-option.ssh-add-option"
    start_loaded
    lists_keys '' plain
    lists_keys self plain
    signs '' plain
    for name in zero fifo directory; do
        agent_logged "$name-option.ssh-add-option: is not a regular file; the key is not loaded"
    done
    agent_logged 'binary-option.ssh-add-option: line 1: .* is not text; the key is not loaded'
    agent_logged 'identities.d/a?b: is no agent'
    control reload default
    lists_keys '' plain
}

@test "a file's name and comment add no line to the dialog" {
    local name=$'key\nKey: SHA256:false\nNeeded in this vault'

    make_sealed_key_file '' made "$PASSPHRASE" -a 1
    cp "$(key_file '' made).pub" "$D/made.pub"
    mv "$(key_file '' made)" "$(key_file '' "$name")"
    rm "$(key_file '' made).pub"
    printf '%s a\rNeeded in this vault\033[31m' "$(cut -d' ' -f1-2 "$D/made.pub")" \
        >"$(key_file '' "$name.pub")"
    start_loaded
    is_signature "$(call_raw dev '' frame "$(sign_request "$D/made.pub")" read)"
    [ "$(grep -c '^Needed' "$D/dialogs/1")" -eq 1 ]
    [ "$(grep -c '^Key: ' "$D/dialogs/1")" -eq 1 ]
    grep -qx 'Needed for a use by qube dev' "$D/dialogs/1"
    refute grep -q '[[:cntrl:]]' "$D/dialogs/1"
}

@test "askpass, the passphrase's process, the prompt and the agent end: no dialog is left" {
    make_key_file '' plain
    make_sealed_key_file '' sealed "$PASSPHRASE" -a 1
    user_types later
    start_loaded
    begin_use 1 dev '' sealed
    wait_dialog 1
    kill -9 "$DIALOG_PID"
    use_gives 1 n
    begin_use 2 dev '' sealed
    wait_dialog 2
    kill -9 "$(children "$PROMPT_PID")"
    use_gives 2 n
    wait_until is_closed
    begin_use 3 dev '' sealed
    wait_dialog 3
    kill -9 "$PROMPT_PID"
    use_gives 3 n
    wait_until gone "$DIALOG_PID"
    signs '' plain
    kill "$AGENT_PID"
    ends_with 0 "$AGENT_PID"
    start_loaded
    begin_use 4 dev '' sealed
    wait_dialog 4
    SSH_AGENT_PID=$AGENT_PID "$AGENT" -k
    ends_with 0 "$AGENT_PID"
    wait_until gone "$DIALOG_PID"
    wait_until gone "$PROMPT_PID"
    refute ls "$D"/*.sock
}
