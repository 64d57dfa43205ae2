# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034
# Keys of all kinds, what must not be found of them, and means to look for it (tests/memory).

# agent_setup, relay_setup
source "$BATS_TEST_DIRNAME/agent_setup.bash"

MEMORY="$SPLIT_SSH_BUILD/tests/memory"
SCAN="$MEMORY/scan"
PROBE="$MEMORY/probe"
SECRETS_PY="$BATS_TEST_DIRNAME/../memory/secrets.py"
SECRETS="$BATS_FILE_TMPDIR/secrets"
ALL=(ed25519 rsa3072 rsa4096 p256 p521)

# Once for a file of tests.
make_all_keys() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key ed25519 -t ed25519
    make_key rsa3072 -t rsa -b 3072
    make_key rsa4096 -t rsa -b 4096
    make_key p256 -t ecdsa -b 256
    make_key p521 -t ecdsa -b 521
    (cd "$KEYS" && "$SECRETS_PY" "${ALL[@]}") >"$SECRETS"
    [ "$(wc -l <"$SECRETS")" -eq 18 ]
    # Of the lock; not in a variable, which could get into the environment of what is scanned.
    printf 'passphrase %s\n' "$(head -c 16 /dev/urandom | hex)" >>"$SECRETS"
}

load_all() {
    (cd "$KEYS" && ssh-add -q "${ALL[@]}")
}

# passphrase: as a string on the wire.
passphrase() {
    wire_string "$(sed -n 's/^passphrase //p' "$SECRETS")"
}

# secrets_of KEY: a file with just these.
secrets_of() {
    grep "^$1\." "$SECRETS" >"$D/secrets.$1"
    echo "$D/secrets.$1"
}

# refute COMMAND...: fails if it succeeds, which "!" alone does not do in bats.
refute() {
    if "$@"; then
        echo "not refused: $*" >&2
        return 1
    fi
}

need_root() {
    [ "$(id -u)" -eq 0 ] || skip "needs root to read another process's memory"
}


# needs_memfd_secret: the kernel may be old, or told not to have it. ENOSYS then, or nothing to map.
needs_memfd_secret() {
    "$MEMORY/without" --has memfd_secret || skip "this kernel has no memfd_secret"
}

# finds_nothing COMMAND...: a scan that looked at something.
finds_nothing() {
    run "$@"
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *", hits 0"* ]]
    [[ "$output" != *"KiB 0, refused"* ]]
}

# finds NAME COMMAND...
finds() {
    local name="$1"

    shift
    run "$@"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ "$output" == *"$name"* ]]
}

# dump PID: sets DUMP; all that a debugger can read.
dump() {
    run timeout 120 gcore -a -o "$D/core" "$1"
    DUMP="$D/core.$1"
    [ -s "$DUMP" ] || { echo "$output"; return 1; }
}

# refuses_debugger PID: gdb and PTRACE_SEIZE, of whomever.
refuses_debugger() {
    run timeout 120 gcore -a -o "$D/refused" "$1"
    echo "$output"
    [ "$status" -ne 0 ]
    [[ "$output" == *"already traced by process "* ]]
    [ -z "$(find "$D" -name 'refused*')" ]
    run "$SCAN" -r "$SECRETS" "$1"
    echo "$output"
    [ "$status" -eq 2 ]
    [[ "$output" == "scan: cannot stop $1: Operation not permitted" ]]
}

# start_untraced [OPTION...]: an agent where ptrace(2) does not exist, so that root's debugger gets
# into the keystore.
start_untraced() {
    start_agent_as "$MEMORY/without" ptrace -- \
        "$AGENT" -D -a "$AGENT_SOCKET" -q "$QREXEC_SOCKET" "$@"
    wait_logged 'the agent cannot trace the keystore'
}

# sign_forever SOCKET [COMMAND...]: with each key, until end_load.
sign_forever() {
    local key

    for key in "${ALL[@]}"; do
        spawn "$RAW" "$@" forever frame "$(sign_request "$KEYS/$key.pub" 64617461 4)" read
        LOAD+=("$SPAWNED")
    done
}

end_load() {
    local pid

    for pid in "${LOAD[@]}"; do
        kill "$pid"
        wait_until gone "$pid"
    done
    LOAD=()
}
