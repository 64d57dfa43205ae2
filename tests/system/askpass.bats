#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# split-ssh-askpass under the programs of OpenSSH, and `split-ssh passphrase`.

load passphrase_setup

setup_file() {
    make_passphrase_keys
}

setup() {
    prepare_passphrase
    chmod 600 "$KEYS/work"
    export SSH_ASKPASS="$ASKPASS" SSH_ASKPASS_REQUIRE=force
    spawn ssh-agent -D -a "$D/agent.sock" >/dev/null
    wait_until socket_listens "$D/agent.sock"
}

teardown() {
    cat "$AGENT_LOG"
    clean_up_desktop
}

has_key() {
    [ "$(ssh-add -l | wc -l)" -eq 1 ]
}

# adds STATUS OPTION...: ssh-add of the key, without a terminal.
adds() {
    local expected="$1" status=0

    shift
    timeout 60 setsid -w ssh-add "$@" "$KEYS/work" </dev/null 2>>"$AGENT_LOG" || status=$?
    [ "$status" -eq "$expected" ]
}

@test "ssh-add at login: the stored passphrase, without a question" {
    start_bus
    start_keyring
    by_hand "$PASSPHRASE"
    adds 0
    has_key
    ssh-add -q -D
    adds 0 -c -t 60
    has_key
    # A file's name that is not absolute, and without FILE.pub.
    ssh-add -q -D
    cp "$KEYS/work" "$D/copy"
    (cd "$D" && timeout 60 setsid -w ssh-add copy </dev/null)
    has_key
}

@test "ssh-add: typed wrong, then right; remembered after that, and ssh-add does not wait for it" {
    start_desktop
    start_keyring
    spawn timeout 120 ssh-add "$KEYS/work" </dev/null >"$D/added" 2>&1
    added=$SPAWNED
    in_dialog wrong
    in_dialog "$PASSPHRASE"
    ends_with 0 "$added"
    has_key
    wait_until displayed 1
    refute look_up_secret fingerprint "$FINGERPRINT"
    sleep 0.6
    press Remember
    stored() { secret_is "$PASSPHRASE" fingerprint "$FINGERPRINT" xdg:schema "$SCHEMA" 2>/dev/null; }
    wait_until stored
    wait_until grep -q "SSH key $KEYS/work" "$D/shown"

    ssh-add -q -D
    adds 0
    has_key
}

@test "a stored passphrase that is wrong is not given away, and can be replaced" {
    start_screen
    start_bus
    start_keyring
    by_hand wrong
    spawn timeout 120 ssh-add "$KEYS/work" </dev/null >"$D/added" 2>&1
    added=$SPAWNED
    # There is no notification server: the second window asks whether to remember.
    in_dialog "$PASSPHRASE"
    ends_with 0 "$added"
    has_key
    grep -q 'the stored passphrase is not the one of this file' "$D/added"
    refute grep -q 'Bad passphrase' "$D/added"
    sleep 1.1 # the service counts in seconds
    in_dialog ''
    stored() { secret_is "$PASSPHRASE" fingerprint "$FINGERPRINT" xdg:schema "$SCHEMA" 2>/dev/null; }
    wait_until stored
    ssh-add -q -D
    adds 0
}

@test "ssh-add goes away: the window goes too" {
    start_screen
    start_bus
    spawn ssh-add "$KEYS/work" </dev/null 2>>"$AGENT_LOG"
    wait_until window_is_there '^OpenSSH$'
    kill "$SPAWNED"
    wait_until no_window_is_there '^OpenSSH$'
}

@test "no service, no display: an error that says so" {
    run timeout 60 setsid -w ssh-add "$KEYS/work" </dev/null
    [ "$status" -eq 1 ]
    [[ "$output" == *'there is no session bus, so no Secret Service'* ]]
    [[ "$output" == *'there is no display, or no askpass program is installed'* ]]
    run timeout 60 "$ASKPASS" 'Enter PIN for token: '
    [ "$status" -eq 1 ]
    [[ "$output" == *'there is no display'* ]]
}

@test "everything else is handed on: text, environment, output, status" {
    start_bus
    start_keyring
    by_hand "$PASSPHRASE"
    askpass_script <<'END'
printf '%s|%s|%s|%s\n' "$#" "$1" "$SSH_ASKPASS_PROMPT" "$OWN"
exit 7
END
    handed_on() {
        run timeout 60 env OWN=kept "$ASKPASS" "$1"
        [ "$status" -eq 7 ]
        [ "$output" = "1|$1|${SSH_ASKPASS_PROMPT-}|kept" ]
    }
    handed_on 'Enter PIN for ED25519-SK key: '
    handed_on 'The authenticity of host a cannot be established.'
    handed_on 'Enter passphrase (empty for no passphrase): '
    handed_on "Enter passphrase for \"$KEYS/work\" (empty for no passphrase): "
    handed_on "Enter passphrase for $KEYS/none: "
    export SSH_ASKPASS_PROMPT=confirm
    handed_on "Enter passphrase for $KEYS/work: "
    unset SSH_ASKPASS_PROMPT
    [ "$(timeout 60 "$ASKPASS" "Enter passphrase for key '$KEYS/work': ")" = "$PASSPHRASE" ]
}

@test "an askpass program that starts us again does not go on for ever" {
    askpass_script <<END
echo again >>'$D/again'
exec '$ASKPASS' "\$1"
END
    run timeout 60 "$ASKPASS" 'Enter PIN: '
    [ "$status" -eq 1 ]
    [ "$(wc -l <"$D/again")" -eq 1 ]
    # A link, or a copy, is not taken for another program either.
    for way in 'ln -s' cp; do
        rm -f "$D/askpass"
        $way "$ASKPASS" "$D/askpass"
        run timeout 60 "$D/askpass" 'Enter PIN: '
        [ "$status" -eq 1 ]
        [[ "$output" == *'there is no display, or no askpass program is installed'* ]]
    done
}

@test "split-ssh passphrase: store, test, forget" {
    start_bus
    start_keyring
    unset SSH_ASKPASS SSH_ASKPASS_REQUIRE
    says() {
        local expected="$1" text="$2"

        shift 2
        run timeout 60 "$CONTROL" passphrase "$@" <"$D/in"
        echo "$output"
        [ "$status" -eq "$expected" ]
        [[ "$output" == *"$text"* ]]
    }
    echo wrong >"$D/in"
    says 1 "no passphrase of $FINGERPRINT is stored" test "$KEYS/work"
    says 1 "no passphrase of $FINGERPRINT is stored" forget "$KEYS/work"
    says 1 "does not open $KEYS/work" store "$KEYS/work"
    refute look_up_secret fingerprint "$FINGERPRINT"
    : >"$D/in"
    says 1 'no passphrase: it is empty' store "$KEYS/work"
    echo "$PASSPHRASE" >"$D/in"
    says 1 "$KEYS/plain has no passphrase" store "$KEYS/plain"
    says 1 "$KEYS/none: No such file" store "$KEYS/none"
    says 1 "$KEYS: Is a directory" store "$KEYS"
    says 0 "stored: the passphrase of $FINGERPRINT" store "$KEYS/work"
    secret_is "$PASSPHRASE" fingerprint "$FINGERPRINT" xdg:schema "$SCHEMA"
    says 0 "the stored passphrase opens $KEYS/work" test "$KEYS/work.pub"
    # Of a file that others may read ssh-keygen wants nothing.
    chmod 644 "$KEYS/work"
    says 1 "ssh-keygen does not read $KEYS/work" test "$KEYS/work"
    chmod 600 "$KEYS/work"
    says 0 "forgotten: the passphrase of $FINGERPRINT" forget "$FINGERPRINT"
    refute look_up_secret fingerprint "$FINGERPRINT"
    by_hand wrong
    says 1 "the stored passphrase does not open $KEYS/work" test "$KEYS/work"
    says 0 "forgotten: the passphrase of $FINGERPRINT" forget "$KEYS/work.pub"
    kill_keyring
    says 1 'the Secret Service: it is not there' test "$KEYS/work"
}

@test "split-ssh passphrase store: a terminal does not show what is typed, and is as before" {
    start_bus
    start_keyring
    cat >"$D/terminal.py" <<'END'
import os, pty, sys, termios
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:4] + [sys.argv[4]])
seen = b""
while b"Passphrase of " not in seen or not seen.endswith(b": "):
    seen += os.read(terminal, 1000)
os.write(terminal, sys.argv[5].encode())
try:
    while part := os.read(terminal, 1000):
        seen += part
except OSError:
    pass
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(seen.decode(), "echo" if termios.tcgetattr(terminal)[3] & termios.ECHO else "silent")
sys.exit(status)
END
    run timeout 60 python3 "$D/terminal.py" "$CONTROL" passphrase store "$KEYS/work" \
        "$PASSPHRASE"$'\n'
    [ "$status" -eq 0 ]
    [[ "$output" == *"stored: the passphrase of $FINGERPRINT"*echo ]]
    [[ "$output" != *"$PASSPHRASE"* ]]
    secret_is "$PASSPHRASE" fingerprint "$FINGERPRINT"
    run timeout 60 python3 "$D/terminal.py" "$CONTROL" passphrase store "$KEYS/work" $'half\003'
    [ "$status" -eq 1 ]
    [[ "$output" == *"no passphrase: interrupted"*echo ]]
}

@test "split-ssh passphrase: what it takes" {
    usage_error() {
        local text="$1"

        shift
        run timeout 60 "$CONTROL" "$@"
        [ "$status" -eq 1 ]
        [[ "$output" == *"$text"* ]]
    }
    usage_error 'passphrase is followed by "store" or "forget" or "test"' passphrase
    usage_error 'passphrase is followed by "store" or "forget" or "test"' passphrase show
    usage_error 'passphrase store takes a key file' passphrase store
    usage_error 'passphrase test takes a key file' passphrase test a b
    usage_error 'passphrase asks no agent' -a x passphrase test a
}
