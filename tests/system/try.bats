#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# packaging/try.sh, from a checkout with a blank in its path, as a person runs it.

setup_file() {
    export CHECKOUT="$BATS_FILE_TMPDIR/a checkout"
    mkdir "$CHECKOUT"
    tar -C "$BATS_TEST_DIRNAME/../.." --exclude=./build --exclude=./.git -cf - . |
        tar -C "$CHECKOUT" -xf -
}

setup() {
    export HOME="$BATS_TEST_TMPDIR/home"
    TMPDIR=$(mktemp -d /tmp/try-XXXXXX) # short enough for sockets
    export TMPDIR
    unset SSH_AUTH_SOCK SSH_ASKPASS
    mkdir "$HOME"
}

teardown() {
    rm -rf "$TMPDIR"
}

try() {
    "$CHECKOUT/packaging/try.sh" "$@" 3>&-
}

# Programs of this checkout that run.
running() {
    local exe

    for exe in /proc/[0-9]*/exe; do
        if [[ "$(readlink "$exe")" == "$CHECKOUT"/* ]]; then
            echo "$exe"
        fi
    done
}

nothing_is_left() {
    [ -z "$(running)" ]
    [ -z "$(ls -A "$TMPDIR")" ]
    [ -z "$(ls -A "$HOME")" ]
}

@test "a fresh key logs in, signs a commit and stays" {
    run try </dev/null
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"Logged in as $(id -un)."* ]]
    [[ "$output" == *"Accepted publickey for $(id -un) from 127.0.0.1"*"ED25519"* ]]
    [[ "$output" == *'Good "git" signature for dev@example.org with ED25519 key'* ]]
    [[ "$output" == *"qube dev: signed with SHA256:"*"(key of the vault)"* ]]
    [[ "$output" == *"Failed to remove all identities."* ]]
    [[ "$output" == *"Failed to lock agent"* ]]
    [[ "$output" == *"qube dev: refused to remove all keys"* ]]
    [[ "$output" == *"qube dev: refused to lock"*"Logged in again."* ]]
    [[ "$output" != *$'\033'* ]]
    nothing_is_left
}

@test "a key of one's own, and its file stays" {
    ssh-keygen -q -t rsa -N '' -C mine -f "$BATS_TEST_TMPDIR/my key"
    cd "$BATS_TEST_TMPDIR"
    run try "my key" </dev/null
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"Logged in as"* ]]
    [[ "$output" == *'Good "git" signature for dev@example.org with RSA key'* ]]
    [ -s "my key" ]
    [ -s "my key.pub" ]
    nothing_is_left
}

@test "a key that is none: says so and fails" {
    echo nonsense >"$BATS_TEST_TMPDIR/key"
    chmod 600 "$BATS_TEST_TMPDIR/key"
    run try "$BATS_TEST_TMPDIR/key" </dev/null
    [ "$status" -eq 1 ]
    [[ "$output" == *"try.sh: ssh-add could not load $BATS_TEST_TMPDIR/key"* ]]
    nothing_is_left

    run try "$BATS_TEST_TMPDIR/missing" </dev/null
    [ "$status" -eq 66 ]
    [[ "$output" == *"cannot read the key"* ]]
    nothing_is_left
}

@test "on a terminal: a shell of the client" {
    cat >"$BATS_TEST_TMPDIR/terminal.py" <<'EOF'
import os, pty, sys
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))
EOF
    run python3 "$BATS_TEST_TMPDIR/terminal.py" "$CHECKOUT/packaging/try.sh" 3>&- \
        <<<$'ssh-add -L; echo "in $SSH_AUTH_SOCK"\nexit'
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"ssh-ed25519 AAAA"*"key of the vault"*"in $TMPDIR/"*"/dev/agent.sock"* ]]
    nothing_is_left
}

@test "a signal in the middle ends everything" {
    "$CHECKOUT/packaging/try.sh" </dev/null >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
    pid=$!
    for ((i = 0; i < 3000; i++)); do
        if grep -q 'starts its relay' "$BATS_TEST_TMPDIR/log"; then
            break
        fi
        sleep 0.02
    done
    kill "$pid"
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 1 ]
    grep -q 'try.sh: interrupted' "$BATS_TEST_TMPDIR/log"
    nothing_is_left
}

@test "output that nobody reads any more ends everything" {
    try </dev/null 2>"$BATS_TEST_TMPDIR/log" | head -n 12 >/dev/null
    grep -q 'try.sh: interrupted' "$BATS_TEST_TMPDIR/log"
    nothing_is_left
}
