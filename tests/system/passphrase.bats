#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The child of the prompt that gets a passphrase: from gnome-keyring, or by a dialog.

load passphrase_setup

setup_file() {
    make_passphrase_keys
}

setup() {
    prepare_passphrase
}

teardown() {
    cat "$AGENT_LOG"
    clean_up_desktop
}

@test "stored by hand: found, without a question" {
    start_bus
    start_keyring
    by_hand "$PASSPHRASE"
    user_types nobody
    broker yes
    broker_saw "$PASSPHRASE" s 0
    asked_lines 0
    # Another line, as an editor leaves it, does not belong to it.
    by_hand "$PASSPHRASE"$'\nnote'
    broker yes
    broker_saw "$PASSPHRASE" s 0
}

@test "absent: typed, remembered after a yes, and found from then on" {
    start_bus
    start_keyring
    user_types "$PASSPHRASE" 0
    broker yes 25000 r
    broker_saw "$PASSPHRASE" t 0
    asked_lines 2
    sed -n 1p "$ASKED_LOG" | grep -qx \
        '|split-ssh asks:  Passphrase of SSH key work  Qube: dev File: /k/work'
    sed -n 2p "$ASKED_LOG" | grep -q \
        '^confirm|.*Remember the passphrase of SSH key /k/work?'
    secret_is "$PASSPHRASE" fingerprint "$FINGERPRINT" xdg:schema "$SCHEMA"
    timeout 30 secret-tool search --all fingerprint "$FINGERPRINT" 2>&1 |
        grep -qx 'label = SSH key /k/work'

    broker yes 25000 r
    broker_saw "$PASSPHRASE" s 0
    asked_lines 2
}

@test "not remembered: after a no, when it was wrong, and when the broker went away" {
    start_bus
    start_keyring
    user_types "$PASSPHRASE" 1
    broker yes 25000 r
    broker_saw "$PASSPHRASE" t 0
    asked_lines 2
    user_types wrong 0
    broker yes 25000 w
    broker_saw wrong t 0
    asked_lines 3
    broker yes 25000 end
    broker_saw wrong t 0
    asked_lines 4
    refute look_up_secret fingerprint "$FINGERPRINT"
}

@test "the stored one is wrong: asked without a look-up, remembered, and the new one is found" {
    start_bus
    start_keyring
    by_hand wrong
    broker yes 25000 w
    broker_saw wrong s 0
    sleep 1.1 # the service counts in seconds
    user_types "$PASSPHRASE" 0
    broker no 25000 r
    broker_saw "$PASSPHRASE" t 0
    asked_lines 2
    broker yes
    broker_saw "$PASSPHRASE" s 0
}

@test "remember, as a notification with buttons" {
    start_desktop
    start_keyring
    user_types "$PASSPHRASE" 0
    broker yes 25000 r
    wait_until displayed 1
    sleep 0.6
    press No
    broker_saw "$PASSPHRASE" t 0
    refute look_up_secret fingerprint "$FINGERPRINT"
    broker yes 25000 r
    wait_until displayed 1
    sleep 0.6
    press Remember
    broker_saw "$PASSPHRASE" t 0
    secret_is "$PASSPHRASE" fingerprint "$FINGERPRINT"
    asked_lines 2
}

# start_locked: a passphrase is stored, in a keyring that a dialog unlocks; the user types another.
start_locked() {
    start_screen
    start_bus
    start_prompter
    start_keyring
    by_hand "$PASSPHRASE"
    user_types typed
    lock_collection
}

@test "locked: the service's own dialog, then found; dismissed: our dialog" {
    start_locked
    broker yes
    cancel_dialog
    broker_saw typed t 0
    asked_lines 1
    broker yes
    unlock_in_dialog
    broker_saw "$PASSPHRASE" s 0
    asked_lines 1
}

@test "locked, and nobody is there: given up in time, window closed, then our dialog" {
    start_locked
    broker yes 1500
    wait_until window_is_there "$KEYRING_DIALOG"
    broker_saw typed t 0
    wait_until no_window_is_there "$KEYRING_DIALOG"
}

@test "withdrawn: the service's dialog goes, and nothing is asked" {
    start_locked
    broker yes
    wait_until window_is_there "$KEYRING_DIALOG"
    kill "$CHILD_PID"
    broker_saw '' '' 75
    wait_until no_window_is_there "$KEYRING_DIALOG"
    asked_lines 0
}

@test "the daemon dies in the middle of its dialog: ours comes at once" {
    start_locked
    broker yes 600000
    wait_until window_is_there "$KEYRING_DIALOG"
    kill_keyring
    broker_saw typed t 0
}

@test "the daemon is stopped: given up in time" {
    start_bus
    start_keyring
    by_hand "$PASSPHRASE"
    user_types typed
    kill -STOP "$KEYRING_PID"
    broker yes 1000
    broker_saw typed t 0
    kill -CONT "$KEYRING_PID"
}

@test "no service, no bus: our dialog at once, nothing is started, nothing to remember with" {
    user_types typed 0
    broker yes 600000 r
    broker_saw typed t 0
    start_bus
    broker yes 600000 r
    broker_saw typed t 0
    asked_lines 2
    # With a display GLib would start a bus.
    unset DBUS_SESSION_BUS_ADDRESS
    export DISPLAY=:9999 PATH="$D/path:$PATH"
    mkdir "$D/path"
    printf '#!/bin/sh\ntouch "%s"\n' "$D/started" >"$D/path/dbus-launch"
    chmod 755 "$D/path/dbus-launch"
    broker yes 600000 r
    broker_saw typed t 0
    [ ! -e "$D/started" ]
}

@test "a bus that says nothing is given up" {
    spawn python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen()
time.sleep(60)' "$D/mute"
    wait_until test -S "$D/mute"
    export DBUS_SESSION_BUS_ADDRESS="unix:path=$D/mute"
    user_types typed
    broker yes 600000
    broker_saw typed t 0
}

@test "the dialog: nothing typed, too much, closed, no answer, no display, withdrawn" {
    user_types ''
    broker no
    broker_saw '' '' 22
    user_types "$(printf 'x%.0s' {1..1025})"
    broker no
    broker_saw '' '' 22
    user_types "$(printf 'x%.0s' {1..1024})"
    broker no
    broker_saw "$(cat "$D/typed")" t 0
    askpass_script <<<'exit 1'
    broker no
    broker_saw '' '' "$DENY_ASKPASS"
    askpass_script <<<'exec sleep 60'
    broker no 700
    broker_saw '' '' "$TIMEOUT_ASKPASS"
    unset SSH_ASKPASS SSH_ASKPASS_REQUIRE
    broker no
    broker_saw '' '' "$NO_DISPLAY"
    export SSH_ASKPASS="$ASKPASS" SSH_ASKPASS_REQUIRE=force # which is no dialog
    broker no
    broker_saw '' '' "$NO_DISPLAY"
    ln -s "$ASKPASS" "$D/link"
    export SSH_ASKPASS="$D/link"
    broker no
    broker_saw '' '' "$NO_DISPLAY"
    askpass_script <<<"echo \$\$ >'$D/askpass.pid'; exec sleep 60"
    broker no
    wait_until test -s "$D/askpass.pid"
    kill "$CHILD_PID"
    broker_saw '' '' 75
    wait_until gone "$(cat "$D/askpass.pid")"
}

@test "withdrawn while it waits for the keystore, and while it asks whether to remember" {
    start_bus
    start_keyring
    user_types typed
    broker yes 25000 wait
    wait_until grep -q '^byte t' "$BROKER_OUT"
    kill "$CHILD_PID"
    broker_saw typed t 0
    askpass_script <<END
[ "\$SSH_ASKPASS_PROMPT" = confirm ] || { echo typed; exit; }
echo \$\$ >'$D/askpass.pid'
exec sleep 60
END
    broker yes 25000 r
    wait_until test -s "$D/askpass.pid"
    kill "$CHILD_PID"
    broker_saw typed t 0
    wait_until gone "$(cat "$D/askpass.pid")"
    refute look_up_secret fingerprint "$FINGERPRINT"
}

@test "what cannot be stored is said in a bubble" {
    start_desktop
    start_keyring
    user_types typed 0
    broker yes 25000 r
    wait_until displayed 1
    sleep 0.6
    # It comes back without its collection, as if the disk was full.
    kill_keyring
    press Remember
    broker_saw typed t 0
    wait_until grep -q 'The passphrase was not stored' "$D/shown"
}

@test "a typed passphrase is not in memory that others can read, while it is held" {
    local long='sixteen bytes are enough to be found'

    start_bus
    start_keyring
    user_types "$long"
    broker yes 25000 wait
    wait_until grep -q '^byte t' "$BROKER_OUT"
    [ "$("$MEMORY_FIND" "$CHILD_PID" "$(printf %s "$long" | hex)")" = 0 ]
    # It does find what is there.
    [ "$("$MEMORY_FIND" "$CHILD_PID" "$(printf %s "$FINGERPRINT" | hex)")" -gt 0 ]
    kill "$CHILD_PID"
}

@test "not a question: a data error" {
    local title="00000001${FINGERPRINT:0:0}54" rest

    rest="$(wire_text body)$(wire_text "$FINGERPRINT")$(wire_text label)01000000ff"
    refused() {
        local status=0

        unhex "$(u32 $((${#1} / 2)))$1" | timeout 30 "$CHILD" passphrase >"$D/out" 2>>"$AGENT_LOG" ||
            status=$?
        [ "$status" -eq 65 ]
    }
    refused "$(wire_text '')$rest"
    refused "$title$rest"00
    refused "$title${rest%ff}"
    refused "$title$(wire_text body)$(wire_text MD5:00)$(wire_text label)01000000ff"
    refused "$title$(wire_text body)$(wire_text "$FINGERPRINT")$(wire_text '')01000000ff"
    refused "$title$(wire_text $'b\e')$(wire_text "$FINGERPRINT")$(wire_text label)01000000ff"
    unhex 00001001 | { run timeout 30 "$CHILD" passphrase; [ "$status" -eq 65 ]; }
}

@test "remember, in a locked keyring whose dialog is closed: a bubble says that it was not stored" {
    start_screen
    start_bus
    start_standin body none
    start_prompter
    start_keyring
    user_types typed 0
    lock_collection
    broker no 25000 r
    cancel_dialog
    broker_saw typed t 0
    wait_until grep -q 'The passphrase was not stored' "$D/shown"
    broker no 25000 r
    unlock_in_dialog
    broker_saw typed t 0
    secret_is typed fingerprint "$FINGERPRINT"
}
