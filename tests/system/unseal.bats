#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Key files with a passphrase: listed at once, opened at the first use that is allowed.

load unseal_setup

setup() {
    prepare_unseal
    make_key_file '' plain
    make_sealed_key_file '' sealed "$PASSPHRASE" -a 1
}

teardown() {
    clean_up_ask
}

# others_go_on: another qube, and the vault, sign with a key that needs nothing.
others_go_on() {
    gives_now y bystander '' plain
    signs '' plain
}

@test "listed at once; asked for at the first use, once, and that use is answered" {
    start_loaded
    lists_keys '' plain sealed
    is_sealed '' sealed
    others_go_on
    call_raw dev '' frame "$LIST" read >"$D/list"
    dialogs 0
    begin_use 1 dev '' sealed
    use_gives 1 y
    dialog_is 1 dev '' sealed
    refute is_sealed '' sealed
    gives_now y dev '' sealed
    gives_now y other '' sealed
    signs '' sealed
    dialogs 1
    lists_keys '' plain sealed
}

@test "in the vault, and through the relay" {
    make_sealed_key_file work third "$PASSPHRASE" -a 1
    start_loaded
    signs '' sealed
    dialog_is 1 '' '' sealed
    start_relay_for work
    through work ssh-add -T "$(public_of work third)"
    dialog_is 2 dev work third
    dialogs 2
}

@test "files of other formats" {
    make_sealed_key_file '' pem "$PASSPHRASE" -t rsa -b 2048 -m PEM
    make_sealed_key_file '' pkcs8 "$PASSPHRASE" -t ecdsa -m PKCS8
    make_sealed_key_file '' chacha "$PASSPHRASE" -a 1 -Z chacha20-poly1305@openssh.com
    make_sealed_key_file '' bare "$PASSPHRASE" -t ecdsa -m PKCS8
    rm "$(key_file '' bare).pub"
    start_loaded
    lists_keys '' plain sealed pem pkcs8 chacha
    agent_logged "$(key_file '' bare): the public half is not beside the encrypted file"
    for name in pem pkcs8 chacha; do
        is_sealed '' "$name"
        # OpenSSH 9.2's ssh-add -T wants SHA-1 of an RSA key.
        echo data | SSH_AUTH_SOCK="$AGENT_SOCKET" timeout 30 ssh-keygen -q -Y sign -n file \
            -f "$(public_of '' "$name")" >"$D/signature"
        echo data | ssh-keygen -q -Y check-novalidate -n file -s "$D/signature"
        refute is_sealed '' "$name"
    done
    dialogs 3
}

@test "a use that is not allowed asks for no passphrase" {
    policy 'opaque = yes'
    user_says no
    prepare_dialog
    start_loaded
    gives_now n dev '' sealed
    asked_times 1
    policy_becomes 'keys = plain' 'confirm = no' 'opaque = yes'
    gives_now n dev '' sealed
    dialogs 0
    is_sealed '' sealed
}

@test "a wrong one is asked for again, three times; then that use fails and the next asks anew" {
    user_types wrong 'wrong again' later
    start_loaded
    begin_use 1 dev '' sealed
    wait_dialog 3
    others_go_on
    is_waiting 1
    dialog_is 1 dev '' sealed
    dialog_is 2 dev '' sealed 'That passphrase was wrong (1 of 3).'
    dialog_is 3 dev '' sealed 'That passphrase was wrong (2 of 3).'
    user_types wrong
    use_gives 1 n
    dialogs 3
    wait_logged "$(key_file '' sealed): not opened: wrong passphrase"
    is_sealed '' sealed
    others_go_on
    audit_has "$(grep -n '"comment":"sealed"' "$AUDIT" | cut -d: -f1)" decision=refused qube=dev
    user_types wrong wrong wrong wrong "$PASSPHRASE"
    gives_now y dev '' sealed
    dialogs 5
    dialog_is 4 dev '' sealed
}

@test "cancelled: that use fails, the next one asks again" {
    user_types cancel
    start_loaded
    gives_now n dev '' sealed
    dialogs 1
    wait_logged "$(key_file '' sealed): not opened: no passphrase was given"
    refute signs '' sealed
    dialogs 2
    user_types "$PASSPHRASE"
    signs '' sealed
    dialogs 3
}

@test "nothing to ask with: refused, with the reason" {
    unset SSH_ASKPASS
    export SSH_ASKPASS_REQUIRE=never
    start_loaded
    gives_now n dev '' sealed
    wait_logged 'there is no display to ask for its passphrase, and no askpass'
    others_go_on
    # A process each time: no qube goes on with it for ever.
    for i in {2..10}; do
        gives_now n dev '' sealed
    done
    gives_now n dev '' sealed
    wait_logged 'qube dev: 10 questions came to nothing; it may ask none for 5 minutes'
    gives_now n other '' sealed
    refute agent_logged 'qube other: .* came to nothing'
}

@test "the client goes: the dialog closes, and the next key's turn comes" {
    make_sealed_key_file work second "$PASSPHRASE" -a 1
    user_types later
    start_loaded
    begin_use 1 dev '' sealed
    wait_dialog 1
    first=$DIALOG_PID
    begin_use 2 other work second
    wait_until asks_for 2
    dialogs 1
    leave 1
    wait_until gone "$first"
    wait_dialog 2
    dialog_is 2 other work second
    user_types "$PASSPHRASE"
    use_gives 2 y
    is_sealed '' sealed
    dialogs 2
}

# asks_for N: so many uses have come to the agent; the keystore has answered the last one soon after.
asks_for() {
    others_go_on
    is_waiting "$1"
}

@test "two qubes and the vault wait for one key: one dialog, all are answered" {
    user_types later
    start_loaded
    begin_use 1 dev '' sealed
    wait_dialog 1
    begin_use 2 other '' sealed
    spawn signs '' sealed
    local_use=$SPAWNED
    others_go_on
    is_waiting 1
    is_waiting 2
    # The first one goes, and the dialog stays for the others.
    leave 1
    others_go_on
    refute gone "$DIALOG_PID"
    user_types "$PASSPHRASE"
    use_gives 2 y
    ends_with 0 "$local_use"
    dialogs 1
}

@test "one file in two agents is opened for both; the same key in another file has its own" {
    make_sealed_key_file work copy "$PASSPHRASE" -a 1
    cp "$(key_file work copy)" "$(key_file work copy).pub" "$(key_directory home)"
    cp "$(key_file work copy)" "$(key_file work copy).pub" "$(key_directory other)"
    ssh-keygen -q -p -a 1 -P "$PASSPHRASE" -N 'another one' -f "$(key_file other copy)"
    start_loaded
    gives_now y dev work copy
    gives_now y dev home copy
    dialogs 1
    user_types x 'another one'
    gives_now y dev other copy
    dialogs 2
    dialog_is 2 dev other copy
    others_go_on
}

@test "a certificate of a sealed key: either opens both" {
    make_key authority -t ed25519
    ssh-keygen -q -s "$KEYS/authority" -I id -n me "$(key_file '' sealed).pub"
    start_loaded
    lists_keys '' plain sealed sealed
    at '' ssh-add -T "$(key_file '' sealed)-cert.pub"
    signs '' sealed
    dialogs 1
}

@test "limits: a use that waits for its passphrase counts once" {
    policy 'opaque = yes' 'confirm = no' 'uses = 1' 'rate = 1'
    start_loaded
    gives_now y dev '' sealed
    gives_now n dev '' sealed
    dialogs 1
}

@test "the policy changes while the dialog is open, and forbids the use" {
    user_types later
    start_loaded
    begin_use 1 dev '' sealed
    wait_dialog 1
    policy_becomes 'keys = plain' 'confirm = no' 'opaque = yes'
    user_types "$PASSPHRASE"
    use_gives 1 n
    wait_until refute is_sealed '' sealed
    signs '' sealed
    dialogs 1
}

@test "-c: one question, then one dialog, and one use" {
    policy 'opaque = yes' 'confirm = no' 'uses = no'
    key_options '' sealed -c
    start_loaded
    begin_use 1 dev '' sealed
    use_gives 1 y
    asked_times 1
    dialogs 1
    # The dialog came after the question was answered.
    [ "$D/dialogs/1" -nt "$D/questions/1" ]
    gives_now y dev '' sealed
    asked_times 2
    signs '' sealed
    asked_times 3
    dialogs 1
}

@test "-c: what was allowed is this use, whatever comes while the dialog is open" {
    policy 'opaque = yes' 'confirm = no' 'uses = no'
    key_options '' sealed -c
    user_types later
    start_loaded
    begin_use 1 dev '' sealed 01
    wait_dialog 1
    asked_times 1
    # Other data, another qube and the vault have to ask for themselves, and are told no.
    echo no >"$D/answer"
    gives_now n dev '' sealed
    gives_now n other '' sealed
    refute signs '' sealed
    asked_times 4
    is_waiting 1
    user_types "$PASSPHRASE"
    use_gives 1 y
    gives_now n dev '' sealed
    asked_times 5
    dialogs 1
}

@test "-c: a dialog that is open for longer than an approval is valid" {
    policy 'opaque = yes'
    key_options '' sealed -c
    user_types later
    start_loaded
    start_relay_for ''
    spawn through '' ssh-add -T "$(public_of '' sealed)"
    use=$SPAWNED
    wait_dialog 1
    sleep 17
    user_types "$PASSPHRASE"
    ends_with 0 "$use"
    asked_times 1
}

@test "the prompt is killed while it asks: refused, and the other keys stay" {
    user_types later
    start_loaded
    begin_use 1 dev '' sealed
    begin_use 2 other '' sealed
    wait_dialog 1
    kill -9 "$PROMPT_PID"
    use_gives 1 n
    use_gives 2 n
    wait_until gone "$DIALOG_PID"
    lists_keys '' plain sealed
    # Nobody can be asked any more.
    gives_now n dev '' sealed
    wait_logged 'the prompt has ended, so nobody can be asked for the passphrase'
    refute signs '' sealed
    others_go_on
}

@test "unlock = start: all are opened at the start, without a use" {
    policy 'unlock = start' 'confirm = no' 'opaque = yes'
    make_sealed_key_file work second "$PASSPHRASE" -a 1
    make_sealed_key_file work third 'a third one' -a 1
    user_types later
    start_loaded
    wait_dialog 1
    others_go_on
    user_types "$PASSPHRASE"
    wait_until refute is_sealed '' sealed
    wait_until refute is_sealed work second
    wait_logged "$(key_file work third): not opened: wrong passphrase"
    grep -qx 'Needed in this vault' "$D/dialogs/1"
    dialogs 5
    gives_now y dev '' sealed
    gives_now y dev work second
    dialogs 5
    user_types 'a third one'
    gives_now y dev work third
    dialogs 6
}

@test "the agent is locked while the dialog is open, and unlocked again" {
    start_loaded
    user_types later
    begin_use 1 dev '' sealed
    wait_dialog 1
    cp "$D/askpass" "$D/askpass.dialog"
    printf '#!/bin/sh\necho word\n' >"$D/askpass.lock"
    chmod 755 "$D/askpass.lock"
    SSH_ASKPASS="$D/askpass.lock" at '' ssh-add -x
    use_gives 1 n # the dialog is closed, and nobody has typed
    gives_now n dev '' sealed
    user_types "$PASSPHRASE"
    dialogs 1
    SSH_ASKPASS="$D/askpass.lock" at '' ssh-add -X
    lists_keys '' plain sealed
    others_go_on
    gives_now y dev '' sealed
    dialogs 2
}

@test "keys are removed while the dialog is open" {
    user_types later
    start_loaded
    begin_use 1 dev '' sealed
    wait_dialog 1
    at '' ssh-add -D
    use_gives 1 n
    user_types "$PASSPHRASE"
    lists_keys ''
    control reload default
    lists_keys '' plain sealed
    is_sealed '' sealed
    gives_now y dev '' sealed
}

@test "the file changes while the dialog is open, and gets another passphrase" {
    user_types later
    start_loaded
    begin_use 1 dev '' sealed
    wait_dialog 1
    ssh-keygen -q -p -a 1 -P "$PASSPHRASE" -N 'a new one' -f "$(key_file '' sealed)"
    key_options '' sealed '-t 1h'
    has_life() { control list default | grep -q 'sealed.* left'; }
    wait_until has_life
    user_types later 'a new one'
    leave 1
    gives_now y dev '' sealed
    is_open() { ! is_sealed '' sealed; }
    wait_until is_open
    # Opened already, and changed again.
    ssh-keygen -q -p -a 1 -P 'a new one' -N third -f "$(key_file '' sealed)"
    wait_until is_sealed '' sealed
    user_types third
    gives_now y dev '' sealed
}

@test "a qube that asks and leaves again and again has to wait; others have not" {
    local i

    user_types later
    start_loaded
    for ((i = 1; i <= 10; i++)); do
        begin_use hostile hostile '' sealed
        wait_dialog "$i"
        leave hostile
        wait_until gone "$DIALOG_PID"
    done
    gives_now n hostile '' sealed
    dialogs 10
    wait_logged 'qube hostile: 10 questions came to nothing; it may ask none for 5 minutes'
    gives_now y hostile '' plain
    user_types "$PASSPHRASE"
    gives_now y dev '' sealed
    dialogs 11
    gives_now y hostile '' sealed
}

@test "a qube has three uses that wait, and the fourth is refused" {
    user_types later
    start_loaded
    for i in 1 2 3; do
        begin_use "$i" hostile '' sealed "0$i"
    done
    wait_dialog 1
    wait_until refused_now
    begin_use other other '' sealed
    user_types "$PASSPHRASE"
    for i in 1 2 3 other; do
        use_gives "$i" y
    done
    dialogs 1
}

refused_now() {
    local answer

    answer=$(timeout 1 "$RAW" "$QREXEC_SOCKET" descriptor 'qubes.SshAgent+ hostile' \
        frame "$(sign_request "$(public_of '' sealed)" ff)" read) || return 1
    [ "$answer" = "$FAILURE" ]
}

@test "others sign while a passphrase is tried that takes seconds" {
    make_sealed_key_file '' slow "$PASSPHRASE" -a 500
    start_loaded
    begin_use 1 dev '' slow
    wait_dialog 1
    wait_until gone "$DIALOG_PID"
    for i in 1 2 3; do
        others_go_on
        is_waiting 1
    done
    at '' ssh-add -L >"$D/list"
    use_gives 1 y
    signs '' slow
    dialogs 1
}
