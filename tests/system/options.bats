#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# How split-ssh-agent is started and how it ends: ssh-agent's command line, sockets, helpers.

load agent_setup

setup_file() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key ed25519 -t ed25519
}

setup() {
    prepare
}

teardown() {
    clean_up
}

# start_background OPTION...: its output is in OUT, and read as a shell would.
start_background() {
    OUT=$("$AGENT" "$@")
    eval "$OUT" >/dev/null
    remember "$SSH_AGENT_PID"
    AGENT_PID=$SSH_AGENT_PID
    wait_until helpers_of "$AGENT_PID"
}

# All processes, both sockets and what is around them.
nothing_is_left() {
    wait_until gone "$AGENT_PID"
    wait_until gone "$KEYSTORE_PID"
    wait_until gone "$PROMPT_PID"
    [ ! -e "$AGENT_SOCKET" ]
    [ ! -e "$QREXEC_SOCKET" ]
    [ -z "$(find "$D" -name 'ssh-*')" ]
}

# same_output OPTION...: prints what ssh-agent does, but for the number of the process.
same_output() {
    local theirs ours pid

    theirs=$(ssh-agent -a "$D/theirs.sock" "$@")
    pid=$(sed -n 's/^echo Agent pid \([0-9]*\).*/\1/p' <<<"$theirs")
    remember "$pid"
    theirs=$(sed -e "s/$pid/PID/g" -e 's/theirs.sock/ours.sock/' <<<"$theirs")
    ours=$("$AGENT" -a "$D/ours.sock" "$@")
    pid=$(sed -n 's/^echo Agent pid \([0-9]*\).*/\1/p' <<<"$ours")
    remember "$pid"
    [ "${ours//"$pid"/PID}" = "$theirs" ] || { echo "$ours" >&2; return 1; }
    end_all
    rm -f "$D/theirs.sock"
}

# output_in_foreground PROGRAM OPTION...: the same, where the process does not return.
output_in_foreground() {
    spawn "$@" -a "$D/foreground.sock" >"$D/foreground.out" 2>"$D/foreground.log"
    wait_until test -S "$D/foreground.sock"
    wait_until test -s "$D/foreground.out" || cat "$D/foreground.log" >&2
    kill "$SPAWNED"
    wait_until gone "$SPAWNED"
    sed "s/$SPAWNED/PID/" "$D/foreground.out"
}

### Output and options

@test "the output is ssh-agent's" {
    same_output -s
    same_output -c
    SHELL=/bin/csh same_output
    SHELL=/bin/tcsh same_output
    SHELL=/bin/bash same_output
    (unset SHELL && same_output)
}

@test "the output in the foreground is ssh-agent's" {
    for options in '-D -s' '-D -c' '-d -s'; do
        # shellcheck disable=SC2086 # several words
        theirs=$(output_in_foreground ssh-agent $options)
        # shellcheck disable=SC2086
        [ "$(output_in_foreground "$AGENT" $options)" = "$theirs" ]
    done
}

@test "-k ends the agent and says what ssh-agent says" {
    for options in -s -c; do
        eval "$(ssh-agent -s -a "$D/theirs.sock")" >/dev/null
        theirs=$(ssh-agent -k $options | sed "s/$SSH_AGENT_PID/PID/")
        start_background -s -a "$AGENT_SOCKET"
        [ "$("$AGENT" -k $options | sed "s/$AGENT_PID/PID/")" = "$theirs" ]
        nothing_is_left
    done
    run env -u SSH_AGENT_PID "$AGENT" -k
    [ "$status" -eq 1 ]
    [[ "$output" == *"SSH_AGENT_PID is not set"* ]]
    SSH_AGENT_PID=12x run "$AGENT" -k
    [ "$status" -eq 1 ]
}

@test "-V, -P and -O" {
    run "$AGENT" -V
    [ "$status" -eq 0 ]
    [[ "$output" == "split-ssh-agent "[0-9]* ]]
    # Providers are allowed as much as one likes: none is ever loaded.
    start_agent -P '/*' -O allow-remote-pkcs11 -O no-restrict-websafe
    answer_askpass pin
    run ssh-add -s /usr/lib/libprovider.so
    [ "$status" -ne 0 ]
    wait_logged 'refused to load a PKCS#11 provider'
}

@test "-E: the hash of the fingerprints in the log" {
    for hash in md5 sha256; do
        start_agent -E $hash
        ssh-add -q -c "$KEYS/ed25519"
        run ssh-add -T "$KEYS/ed25519.pub"
        fingerprint=$(ssh-keygen -E $hash -l -f "$KEYS/ed25519" | cut -d' ' -f2)
        wait_logged "refused to sign with $fingerprint "
        stop_agent
    done
}

@test "-d says what the memory for keys is" {
    start_agent_as "$AGENT" -d -a "$AGENT_SOCKET"
    ssh-add -l || true
    wait_logged 'key memory: '
}

@test "wrong options are errors, and nothing is started" {
    bad() {
        run timeout 20 "$AGENT" -a "$AGENT_SOCKET" "$@"
        [ "$status" -eq 1 ]
        [ -n "$output" ]
        [ ! -e "$AGENT_SOCKET" ]
    }
    bad -D -E sha1
    bad -D -t 1x
    bad -D -t -1
    bad -D -n ''
    bad -D -n .hidden
    bad -D -n a/b
    bad -D -x
    bad -D true
    bad -D -a "$D/$(printf 'x%.0s' $(seq 120))"
    bad -D -a "$D/missing/agent.sock"
    bad -D -q "$D/missing/qrexec.sock"
}

### Background, and a command

@test "the default socket is in a fresh private directory, which is removed at the end" {
    start_background -s
    [[ "$SSH_AUTH_SOCK" == "$D"/ssh-??????????/agent.* ]]
    [ "$(stat -c %a "$(dirname "$SSH_AUTH_SOCK")")" = 700 ]
    [ "$(stat -c %a "$SSH_AUTH_SOCK")" = 600 ]
    ssh-add -q "$KEYS/ed25519"
    keys_are ed25519
    kill "$AGENT_PID"
    nothing_is_left
}

@test "an empty environment is enough" {
    # But for what keeps the audit log out of the user's own.
    OUT=$(env -i XDG_STATE_HOME="$D/state" XDG_CONFIG_HOME="$D/config" "$AGENT" -s)
    eval "$OUT" >/dev/null
    remember "$SSH_AGENT_PID"
    [[ "$SSH_AUTH_SOCK" == /tmp/ssh-* ]]
    ssh-add -q "$KEYS/ed25519"
    ssh-add -T "$KEYS/ed25519.pub"
    # Some programs remove the directory themselves.
    rm -r "$(dirname "$SSH_AUTH_SOCK")"
    kill "$SSH_AGENT_PID"
    wait_until gone "$SSH_AGENT_PID"
}

@test "in the background it keeps no pipe of its caller open" {
    # The last of the pipe waits for its end, which comes when nobody can write to it any more.
    # shellcheck disable=SC2016 # for the inner shell
    run timeout 10 bash -c '"$1" -s 2>&1 | tee "$2" | cat' - "$AGENT" "$D/out"
    eval "$(cat "$D/out")" >/dev/null
    remember "$SSH_AGENT_PID"
    [ "$status" -eq 0 ]
    ssh-add -q "$KEYS/ed25519"
    # A signal from the keyboard is not for it.
    kill -INT "$SSH_AGENT_PID"
    keys_are ed25519
}

@test "a command: its environment, its exit status, and the end of all when it ends" {
    cat >"$D/command" <<'END'
ssh-add -q "$1" && ssh-add -L >"$2/listed" && echo "$SSH_AUTH_SOCK $SSH_AGENT_PID" >"$2/variables"
cat "/proc/$SSH_AGENT_PID/task/$SSH_AGENT_PID/children" >"$2/helpers"
exit 23
END
    run "$AGENT" sh "$D/command" "$KEYS/ed25519" "$D"
    [ "$status" -eq 23 ]
    [ -z "$output" ]
    [ "$(cat "$D/listed")" = "$(cat "$KEYS/ed25519.pub")" ]
    read -r AGENT_SOCKET AGENT_PID <"$D/variables"
    remember "$AGENT_PID"
    read -r KEYSTORE_PID PROMPT_PID rest <<<"$(cat "$D/helpers")"
    [ -n "$PROMPT_PID" ] && [ -z "$rest" ]
    nothing_is_left

    # The options behind the command are the command's.
    run "$AGENT" -a "$D/command.sock" sh -c 'echo "$0 $1 $SSH_AUTH_SOCK"; kill -9 $$' -k -D
    [ "$status" -eq 137 ]
    [ "$output" = "-k -D $D/command.sock" ]
    wait_until test ! -e "$D/command.sock"
}

@test "a command that does not exist" {
    run "$AGENT" -a "$AGENT_SOCKET" "$D/no-such-program"
    [ "$status" -eq 1 ]
    [[ "$output" == *"no-such-program"* ]]
    wait_until test ! -e "$AGENT_SOCKET"
}

### The end

@test "SIGTERM and SIGINT: sockets and processes are gone" {
    for signal in TERM INT; do
        # bash lets its background children ignore SIGINT.
        start_agent_as env --default-signal=INT "$AGENT" -D -a "$AGENT_SOCKET" -q "$QREXEC_SOCKET"
        ssh-add -q "$KEYS/ed25519"
        [ "$(stat -c %a "$AGENT_SOCKET")" = 600 ]
        [ "$(stat -c %a "$QREXEC_SOCKET")" = 660 ]
        kill -$signal "$AGENT_PID"
        ends_with 0 "$AGENT_PID"
        nothing_is_left
    done
}

@test "at its end it leaves alone what is not its own socket" {
    start_agent
    rm "$AGENT_SOCKET"
    echo precious >"$AGENT_SOCKET"
    stop_agent
    [ "$(cat "$AGENT_SOCKET")" = precious ]
}

### Sockets

@test "the sockets of a dead agent are replaced" {
    start_agent
    kill -9 "$AGENT_PID"
    wait_until gone "$KEYSTORE_PID"
    [ -S "$AGENT_SOCKET" ]
    [ -S "$QREXEC_SOCKET" ]
    start_agent
    ssh-add -q "$KEYS/ed25519"
    others_are_served
}

@test "the socket of a living agent is not" {
    start_agent
    ssh-add -q "$KEYS/ed25519"
    run timeout 20 "$AGENT" -D -a "$AGENT_SOCKET"
    [ "$status" -eq 1 ]
    [[ "$output" == *"in use by a living process: $AGENT_SOCKET"* ]]
    run timeout 20 "$AGENT" -D -a "$AGENT_SOCKET.2" -q "$QREXEC_SOCKET"
    [ "$status" -eq 1 ]
    [[ "$output" == *"in use by a living process: $QREXEC_SOCKET"* ]]
    [ ! -e "$AGENT_SOCKET.2" ]
    others_are_served
}

@test "of agents that start at once on a dead socket, one wins" {
    start_agent
    kill -9 "$AGENT_PID"
    wait_until gone "$KEYSTORE_PID"
    for i in $(seq 6); do
        spawn "$AGENT" -D -a "$AGENT_SOCKET" >/dev/null 2>"$D/starter.$i"
    done
    lost() { [ "$(cat "$D"/starter.* | grep -c 'in use by a living process')" -eq 5 ]; }
    wait_until lost
    ssh-add -q "$KEYS/ed25519"
    keys_are ed25519
}

@test "a path that is no socket is refused and kept" {
    echo precious >"$AGENT_SOCKET"
    run timeout 20 "$AGENT" -D -a "$AGENT_SOCKET"
    [ "$status" -eq 1 ]
    [[ "$output" == *"$AGENT_SOCKET is in the way and is not a socket"* ]]
    [ "$(cat "$AGENT_SOCKET")" = precious ]
    echo precious >"$QREXEC_SOCKET"
    run timeout 20 "$AGENT" -D -a "$AGENT_SOCKET.2" -q "$QREXEC_SOCKET"
    [ "$status" -eq 1 ]
    [ "$(cat "$QREXEC_SOCKET")" = precious ]
    [ ! -e "$AGENT_SOCKET.2" ]
}

@test "systemd's sockets: two by their names, and a single one" {
    command -v systemd-socket-activate >/dev/null || skip "systemd-socket-activate is not installed"
    # In the other order, so that it is the names that count.
    spawn systemd-socket-activate -l "$QREXEC_SOCKET" -l "$AGENT_SOCKET" \
        --fdname=qrexec:agent "$AGENT" -D 2>>"$AGENT_LOG"
    AGENT_PID=$SPAWNED
    wait_until test -S "$AGENT_SOCKET"
    ssh-add -q "$KEYS/ed25519"
    others_are_served
    kill "$AGENT_PID"
    ends_with 0 "$AGENT_PID"
    # They are systemd's to remove.
    [ -S "$AGENT_SOCKET" ]
    [ -S "$QREXEC_SOCKET" ]

    for name in unknown agent ssh-agent.socket; do
        rm "$AGENT_SOCKET"
        spawn systemd-socket-activate -l "$AGENT_SOCKET" --fdname=$name "$AGENT" -D \
            2>>"$AGENT_LOG" >"$D/agent.out"
        AGENT_PID=$SPAWNED
        wait_until test -S "$AGENT_SOCKET"
        ssh-add -q "$KEYS/ed25519"
        keys_are ed25519
        kill "$AGENT_PID"
        ends_with 0 "$AGENT_PID"
    done
}

@test "systemd's sockets that have other names are an error" {
    command -v systemd-socket-activate >/dev/null || skip "systemd-socket-activate is not installed"
    spawn systemd-socket-activate -l "$AGENT_SOCKET" -l "$QREXEC_SOCKET" \
        --fdname=agent:other "$AGENT" -D 2>>"$AGENT_LOG"
    pid=$SPAWNED
    wait_until test -S "$QREXEC_SOCKET"
    spawn ssh-add -l
    ends_with 1 "$pid"
    wait_logged 'none of systemd.s sockets is called "qrexec"'
}

### Helpers

@test "a symlink called ssh-agent, and a renamed copy elsewhere" {
    ln -s "$AGENT" "$D/ssh-agent"
    cp "$AGENT" "$D/renamed"
    for program in "$D/ssh-agent" "$D/renamed"; do
        start_agent_as "$program" -D -a "$AGENT_SOCKET" -q "$QREXEC_SOCKET"
        ssh-add -q "$KEYS/ed25519"
        others_are_served
        stop_agent
    done
}

# lost_agent: a copy of the agent whose helpers are nowhere: its path to them is another one.
lost_agent() {
    sed 's|libexec/split-ssh|libexec/split-xxx|g' "$AGENT" >"$1"
    chmod 755 "$1"
    grep -q 'libexec/split-xxx' "$1"
}

@test "no helper is a clear error" {
    lost_agent "$D/split-ssh-agent"
    run timeout 20 "$D/split-ssh-agent" -D -a "$AGENT_SOCKET"
    [ "$status" -eq 1 ]
    [[ "$output" == *"cannot run $SPLIT_SSH_BUILD/libexec/split-xxx/split-ssh-keystore: No such"* ]]
    [ ! -e "$AGENT_SOCKET" ]
    # In the background the caller hears of it too.
    run timeout 20 "$D/split-ssh-agent" -s -a "$AGENT_SOCKET"
    [ "$status" -eq 1 ]
    [[ "$output" == *"cannot run "* ]]
    [[ "$output" != *SSH_AUTH_SOCK* ]]
    [ ! -e "$AGENT_SOCKET" ]
    # And the command is not run.
    run timeout 20 "$D/split-ssh-agent" -a "$AGENT_SOCKET" touch "$D/ran"
    [ "$status" -eq 1 ]
    [ ! -e "$D/ran" ]
}

@test "a planted helper is never run" {
    mkdir -p "$D/bin/libexec/split-ssh" "$D/libexec/split-ssh" "$D/libexec/split-xxx"
    lost_agent "$D/bin/split-ssh-agent"
    cp "$AGENT" "$D/bin/agent"
    printf '#!/bin/sh\ntouch "%s"\n' "$D/planted-ran" >"$D/planted"
    chmod 755 "$D/planted"
    for place in bin bin/libexec/split-ssh libexec/split-ssh libexec/split-xxx; do
        cp "$D/planted" "$D/$place/split-ssh-keystore"
    done
    cd "$D/bin"
    # The plant works: a search would find it.
    PATH="$D/bin:$PATH" split-ssh-keystore
    [ -e "$D/planted-ran" ]
    rm "$D/planted-ran"

    export PATH="$D/bin:$PATH" LIBEXECDIR="$D/libexec/split-ssh" SPLIT_SSH_LIBEXECDIR="$D/bin"
    export SPLIT_SSH_KEYSTORE="$D/bin/split-ssh-keystore" SPLIT_SSH_LIBEXEC="$D/libexec/split-ssh"
    for program in "$D/bin/split-ssh-agent" ./split-ssh-agent split-ssh-agent; do
        run timeout 20 "$program" -D -a "$AGENT_SOCKET"
        [ "$status" -eq 1 ]
        [ ! -e "$D/planted-ran" ]
    done
    # Where the right one is there, it is the one that runs.
    start_agent_as ./agent -D -a "$AGENT_SOCKET"
    wait_until grep -q "$KEYSTORE" "/proc/$KEYSTORE_PID/cmdline"
    ssh-add -q "$KEYS/ed25519"
    keys_are ed25519
    [ ! -e "$D/planted-ran" ]
}

@test "memory that cannot be locked is a clear error" {
    command -v setpriv >/dev/null || skip "setpriv is not installed"
    run timeout 20 setpriv --bounding-set=-ipc_lock prlimit --memlock=16384 "$AGENT" -D -a "$AGENT_SOCKET"
    if [[ "$output" == *"Operation not permitted"* ]]; then
        run timeout 20 prlimit --memlock=16384 "$AGENT" -D -a "$AGENT_SOCKET" # not root: no need to drop it
    fi
    [ "$status" -eq 1 ]
    [[ "$output" == *"locked memory"*"ulimit -l"* ]]
    [ ! -e "$AGENT_SOCKET" ]
}
