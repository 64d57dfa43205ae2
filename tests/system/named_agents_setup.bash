# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034
# Several agents in one vault, and the qubes that call each of them.

# policy, refute, asked_times, control, audit_has; prepare_ask
source "$BATS_TEST_DIRNAME/ask_setup.bash"
# key_directory, make_key_file, wait_listed, agent_socket
source "$BATS_TEST_DIRNAME/key_files_setup.bash"

# call_raw QUBE AGENT COMMAND...: a call of qubes.SshAgent+AGENT; '' for one without an argument.
call_raw() {
    local qube="$1" agent="$2"

    shift 2
    "$RAW" "$QREXEC_SOCKET" descriptor "qubes.SshAgent+$agent $qube" "$@"
}

# at AGENT COMMAND...: a program in the vault that uses this agent.
at() {
    local agent="$1"

    shift
    SSH_AUTH_SOCK="$(agent_socket "$agent")" timeout 60 "$@"
}

# start_relay_for AGENT [QUBE]: of the qube dev, or another.
start_relay_for() {
    local -x QREXEC_STANDIN_RPC="$D/rpc" QREXEC_STANDIN_SOURCE="${2:-dev}"
    local SOCKET LOG

    SOCKET=$(relay_socket "$@")
    LOG="$(dirname "$SOCKET").log"
    mkdir -p "$D/rpc"
    ln -sfn "$QREXEC_SOCKET" "$D/rpc/qubes.SshAgent"
    start_relay ${1:+-A "$1"}
}

relay_socket() {
    echo "$D/${2:-dev}+$1/relay.sock"
}

# through AGENT COMMAND...: a program in the qube dev.
through() {
    local agent="$1"

    shift
    SSH_AUTH_SOCK="$(relay_socket "$agent")" timeout 60 "$@"
}

# public_of AGENT NAME: alone, or ssh-keygen and ssh-add take the private key beside it.
public_of() {
    mkdir -p "$D/public"
    cp "$(key_file "$1" "$2").pub" "$D/public/$1+$2.pub"
    echo "$D/public/$1+$2.pub"
}

# start_loaded [OPTION...]: an agent that has read its files.
start_loaded() {
    start_agent "$@"
    local_raw frame "$LIST" read >"$D/first.list"
}
