# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# An agent of this build with its own sockets and keys, and means to speak to it without a client.

# spawn, end_all, wait_until, gone, children, start_relay
source "$BATS_TEST_DIRNAME/relay_setup.bash"

AGENT="$SPLIT_SSH_BUILD/bin/split-ssh-agent"
KEYSTORE="$SPLIT_SSH_BUILD/libexec/split-ssh/split-ssh-keystore"
RAW="$SPLIT_SSH_BUILD/tests/tools/agent-raw"
MEMORY_FIND="$SPLIT_SSH_BUILD/tests/tools/memory-find"
KEYS="$BATS_FILE_TMPDIR" # made once for a file of tests

FAILURE=05
SUCCESS=06
LIST=0b
NO_KEYS=0c00000000

prepare() {
    D="$BATS_TEST_TMPDIR"
    PIDS=()
    AGENT_SOCKET="$D/agent.sock"
    QREXEC_SOCKET="$D/qrexec.sock"
    AGENT_LOG="$D/agent.log"
    SOCKET="$D/sockets/relay.sock" # the relay's, for start_relay
    LOG="$D/relay.log"
    : >"$AGENT_LOG"
    export TMPDIR="$D" HOME="$D/home"
    mkdir -p "$HOME/.config/qubes-split-ssh"
    POLICY="$HOME/.config/qubes-split-ssh/test.conf"
    AUDIT="$HOME/.local/state/split-ssh/audit.jsonl"
    allow_all
    export SSH_AUTH_SOCK="$AGENT_SOCKET"
    unset SSH_AGENT_PID SSH_ASKPASS SSH_ASKPASS_REQUIRE DISPLAY WAYLAND_DISPLAY
    unset XDG_CONFIG_HOME XDG_STATE_HOME DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR
    unset LISTEN_PID LISTEN_FDS LISTEN_FDNAMES
}

# A policy without questions and limits, for tests of what lies before or behind them.
allow_all() {
    cat >"$POLICY" <<'END'
[DEFAULT]
confirm = no
uses = no
rate = no
namespaces = all
opaque = yes
connections = 64
END
}

# The policy of somebody who wrote none.
default_policy() {
    rm -f "$POLICY"
}

# Ends all that was started; a program that the sanitizers stopped fails the test.
clean_up() {
    end_all
    if grep -e 'Sanitizer' -e 'runtime error' "$AGENT_LOG"; then
        return 1
    fi
}

# make_key NAME OPTION...: with NAME as its comment, for all tests of the file.
make_key() {
    local name="$1"

    shift
    ssh-keygen -q -N '' -C "$name" -f "$KEYS/$name" "$@"
}

# start_agent [OPTION...]: with both sockets. Its pid is in AGENT_PID, its helpers' in KEYSTORE_PID
# and PROMPT_PID.
start_agent() {
    start_agent_as "$AGENT" -D -a "$AGENT_SOCKET" -q "$QREXEC_SOCKET" "$@"
}

# start_agent_as COMMAND...: for other options, or with another program in front.
start_agent_as() {
    spawn "$@" >"$D/agent.out" 2>>"$AGENT_LOG"
    AGENT_PID=$SPAWNED
    wait_until test -S "$AGENT_SOCKET"
    wait_until helpers_of "$AGENT_PID" || { cat "$AGENT_LOG"; return 1; }
}

# helpers_of PID: the agent's children, once both have begun: KEYSTORE_PID and PROMPT_PID.
helpers_of() {
    local pid

    KEYSTORE_PID=
    PROMPT_PID=
    for pid in $(children "$1"); do
        # Their first 15 letters, which every user may read.
        case $(cat "/proc/$pid/comm" 2>/dev/null) in
        split-ssh-keyst) KEYSTORE_PID=$pid ;;
        split-ssh-promp) PROMPT_PID=$pid ;;
        esac
    done
    [[ -n "$KEYSTORE_PID" && -n "$PROMPT_PID" ]]
}

# ends_with STATUS PID: of a process that spawn started.
ends_with() {
    local status=0

    wait_until gone "$2"
    wait "$2" || status=$?
    [ "$status" -eq "$1" ] || { echo "exit status $status" >&2; return 1; }
}

# stop_agent: SIGTERM; it must end in good order, and the keystore with it.
stop_agent() {
    kill "$AGENT_PID"
    ends_with 0 "$AGENT_PID"
    wait_until gone "$KEYSTORE_PID"
}

agent_logged() {
    grep -q -e "$1" "$AGENT_LOG"
}

# wait_logged PATTERN
wait_logged() {
    wait_until agent_logged "$1" || { cat "$AGENT_LOG"; return 1; }
}

# keys_are NAME...: the comments of the keys, in the order of the list.
keys_are() {
    local listed

    listed=$(ssh-add -L | cut -d' ' -f3-)
    [ "$listed" = "$(printf '%s\n' "$@")" ] || { echo "listed: $listed" >&2; return 1; }
}

no_keys() {
    [ "$("$RAW" "$AGENT_SOCKET" frame "$LIST" read)" = "$NO_KEYS" ]
}

### Askpass

# answer_askpass TEXT: what ssh-add is told when it asks for a passphrase.
answer_askpass() {
    printf '#!/bin/sh\necho %s\n' "'$1'" >"$D/askpass"
    chmod 755 "$D/askpass"
    export SSH_ASKPASS="$D/askpass" SSH_ASKPASS_REQUIRE=force
}

### Bytes, in hex

hex() {
    od -An -v -tx1 | tr -d ' \n'
}

unhex() {
    printf '%b' "$(sed 's/../\\x&/g' <<<"$1")"
}

u32() {
    printf '%08x' "$1"
}

# wire_string HEX
wire_string() {
    u32 $((${#1} / 2))
    printf '%s' "$1"
}

# wire_text TEXT
wire_text() {
    wire_string "$(printf '%s' "$1" | hex)"
}

# blob FILE: the key blob of a public key file.
blob() {
    cut -d' ' -f2 "$1" | base64 -d | hex
}

# sign_request PUBLIC-KEY-FILE [DATA-HEX] [FLAGS]
sign_request() {
    printf '0d'
    wire_string "$(blob "$1")"
    wire_string "${2-64617461}"
    u32 "${3:-0}"
}

# take_string HEX: sets TAKEN to the first string with its length, REST to what follows.
take_string() {
    local len=$((16#${1:0:8} * 2))

    TAKEN="${1:0:8+len}"
    REST="${1:8+len}"
}

# private_fields KEYFILE: what ADD_IDENTITY has after its type byte. An unencrypted file holds just
# that, behind a header (OpenSSH's PROTOCOL.key) and two numbers, and before its padding.
private_fields() {
    local i fields

    REST=$(sed '/^-/d' "$1" | base64 -d | hex)
    REST="${REST:30}" # openssh-key-v1\0
    for i in cipher kdf kdf_options; do
        take_string "$REST"
    done
    take_string "${REST:8}" # after the number of keys: the public key
    REST="${REST:8+16}"     # length of the private part, two numbers
    take_string "$REST"
    printf '%s' "$TAKEN"
    case "$TAKEN" in
    *"$(printf ssh-rsa | hex)") fields=7 ;;
    *"$(printf ecdsa-sha2 | hex)"*) fields=4 ;;
    *) fields=3 ;;
    esac
    for ((i = 0; i < fields; i++)); do
        take_string "$REST"
        printf '%s' "$TAKEN"
    done
}

### Speaking without a client

# local_raw COMMAND...
local_raw() {
    "$RAW" "$AGENT_SOCKET" "$@"
}

# qube_raw QUBE COMMAND...
qube_raw() {
    local qube="$1"

    shift
    "$RAW" "$QREXEC_SOCKET" descriptor "qubes.SshAgent+ $qube" "$@"
}

# holds COMMAND...: starts agent-raw with the arguments and waits until its "hold" is reached. Its
# pid is in SPAWNED.
holds() {
    local out

    out=$(mktemp "$D/hold.XXXXXX")
    spawn "$RAW" "$@" hold >"$out"
    wait_until grep -q '^holding$' "$out"
}

# is_signature HEX: a SIGN_RESPONSE.
is_signature() {
    [ "${1:0:2}" = 0e ]
}

# others_are_served: another qube and a local client sign, with the key in $KEYS/ed25519.
others_are_served() {
    is_signature "$(qube_raw bystander frame "$(sign_request "$KEYS/ed25519.pub")" read)"
    ssh-add -T "$KEYS/ed25519.pub"
}

### The way of a client qube: relay, stand-in for qrexec, agent

# start_client_qube [OPTION...]: SSH_AUTH_SOCK is then the relay's.
start_client_qube() {
    export QREXEC_STANDIN_RPC="$D/rpc" QREXEC_STANDIN_SOURCE=dev
    unset QREXEC_STANDIN_EXIT QREXEC_STANDIN_EAT QREXEC_STANDIN_DELAY_MS QREXEC_STANDIN_SPLIT
    mkdir "$D/rpc"
    ln -s "$QREXEC_SOCKET" "$D/rpc/qubes.SshAgent"
    start_relay "$@"
    export SSH_AUTH_SOCK="$SOCKET"
}
