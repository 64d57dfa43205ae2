#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# What the programs say of their memory and sandboxes at start, what they do where the kernel gives
# less, and that each system call of the keystore's start may fail.

load memory_setup

setup() {
    prepare
}

teardown() {
    clean_up
}

# has_line PATTERN: just once, as a whole line.
has_line() {
    [ "$(grep -c -x -e "$1" "$AGENT_LOG")" -eq 1 ] || { cat "$AGENT_LOG"; return 1; }
}

# mode_of PID: 2 is a filter (proc(5)).
mode_of() {
    sed -n 's/^Seccomp:.//p' "/proc/$1/status"
}

@test "-d says at start what memory and which sandboxes there are, one line each" {
    needs_memfd_secret
    start_agent_as "$AGENT" -d -a "$AGENT_SOCKET" -q "$QREXEC_SOCKET"
    wait_logged 'sandbox of the agent'
    has_line 'split-ssh-agent: key memory: memfd_secret, [0-9]* KiB of at most [0-9]* KiB'
    has_line 'split-ssh-agent: sandbox of the keystore: seccomp, Landlock [1-9][0-9]*'
    has_line 'split-ssh-agent: sandbox of the agent: seccomp, Landlock [1-9][0-9]*'
    refute grep -q warning "$AGENT_LOG"
    [ "$(mode_of "$AGENT_PID")" = 2 ]
    [ "$(mode_of "$KEYSTORE_PID")" = 2 ]
    stop_agent
}

@test "without -d it says nothing of them" {
    start_agent
    refute grep -q -e sandbox -e 'key memory' "$AGENT_LOG"
    stop_agent
}

@test "the cap is the limit on locked memory, and the size is really locked" {
    needs_memfd_secret
    command -v prlimit >/dev/null || skip "prlimit is not installed"
    start_agent_as setpriv --bounding-set=-ipc_lock prlimit --memlock=6291456 \
        "$AGENT" -d -a "$AGENT_SOCKET"
    wait_logged 'key memory: memfd_secret, [0-9]* KiB of at most 6144 KiB'
    stop_agent
}

@test "a kernel without memfd_secret: one warning, and everything works" {
    start_agent_as "$MEMORY/without" memfd_secret -- "$AGENT" -d -a "$AGENT_SOCKET"
    wait_logged 'key memory: mlock, ' # after the warning
    has_line '.*warning: no memfd_secret on this kernel.*root can read the keys in this process'
    make_key plain -t ed25519
    ssh-add -q "$KEYS/plain"
    ssh-add -T "$KEYS/plain.pub"
    stop_agent
}

locked_kib() {
    sed -n 's/^VmLck:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$KEYSTORE_PID/status"
}

# grows: more certificates than the first mapping holds, each with the parsed key for itself.
grows() {
    local before i

    [ -e "$KEYS/ca" ] || make_key ca -t ed25519
    make_key "$1" -t rsa -b 4096
    before=$(locked_kib)
    for ((i = 0; i < 200; i++)); do
        ssh-keygen -q -s "$KEYS/ca" -I "$i" -z "$i" "$KEYS/$1.pub"
        ssh-add -q "$KEYS/$1"
        [ "$(locked_kib)" -eq "$before" ] || break
    done
    [ "$(locked_kib)" -gt "$before" ]
    ssh-add -T "$KEYS/$1.pub"
}

@test "it grows behind the sandbox: memfd_secret" {
    needs_memfd_secret
    start_agent
    grows rsa-memfd
    stop_agent
}

@test "it grows behind the sandbox: mlock" {
    start_agent_as "$MEMORY/without" memfd_secret -- "$AGENT" -D -a "$AGENT_SOCKET"
    grows rsa-mlock
    stop_agent
}

@test "a kernel without Landlock: a warning for each process, and everything works" {
    start_agent_as "$MEMORY/without" landlock_create_ruleset -- "$AGENT" -d -a "$AGENT_SOCKET"
    wait_logged 'split-ssh-agent: warning: this kernel has no Landlock'
    wait_logged 'split-ssh-keystore: warning: this kernel has no Landlock'
    make_key plain2 -t ed25519
    ssh-add -q "$KEYS/plain2"
    ssh-add -T "$KEYS/plain2.pub"
    [ "$(mode_of "$KEYSTORE_PID")" = 2 ]
    stop_agent
}

@test "a kernel without seccomp: it does not start" {
    run timeout 60 "$MEMORY/without" seccomp -- "$AGENT" -D -a "$AGENT_SOCKET"
    echo "$output"
    [ "$status" -ne 0 ]
    [ "$status" -lt 124 ]
    [[ "$output" == *"sandbox"* ]]
    [ ! -e "$AGENT_SOCKET" ]
}

@test "no memory can be locked: it does not start, and names the limit" {
    [ "$(id -u)" -eq 0 ] || skip "needs root to become another user"
    open=$(mktemp -d /tmp/split-ssh-sandbox.XXXXXX)
    chmod 711 "$open"
    install -d -m 700 -o nobody "$open/nobody"
    for limit in 0 65536 1048576; do
        run timeout 60 prlimit --memlock=$limit:$limit \
            setpriv --reuid=nobody --clear-groups --bounding-set=-all \
            "$AGENT" -D -a "$open/nobody/socket"
        echo "$limit: $output"
        [ "$status" -eq 1 ]
        [[ "$output" == *"ulimit -l"* ]]
        [ ! -e "$open/nobody/socket" ]
    done
    rm -r "$open"
}

@test "each system call of the keystore's start fails in turn" {
    run timeout 550 "$BATS_TEST_DIRNAME/../memory/start_faults.py" "$KEYSTORE"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *" 0 ended badly"* ]]
    # It saw the calls that matter.
    for call in prctl close_range memfd_secret ftruncate mmap madvise landlock_restrict_self; do
        grep -q "ok  $call " <<<"$output"
    done
}
