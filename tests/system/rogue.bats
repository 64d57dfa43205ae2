#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# An agent that somebody else has taken over (tests/memory/rogue), in front of the real keystore and
# prompt: what it gets out of keys that were added with ssh-add -c.

load ask_hostile_setup

ROGUE_AGENT="$SPLIT_SSH_BUILD/tests/memory/rogue-agent"

start_rogue() {
    start_agent_as "$ROGUE_AGENT" -D -a "$AGENT_SOCKET" -q "$QREXEC_SOCKET"
    ssh-add -q "$KEYS/ed25519"
    ssh-add -q -c "$KEYS/careful" "$KEYS/careful2"
}

@test "a rogue agent that asks nobody: no signature of a -c key, others sign" {
    start_rogue
    [ "$(readlink "/proc/$KEYSTORE_PID/exe")" = "$(readlink -f "$KEYSTORE")" ]
    is_signature "$(qube_raw dev frame "$(data_request a)" read)"
    for key in careful careful2; do
        [ "$(qube_raw dev frame "$(data_request a $key)" read)" = "$FAILURE" ]
        [ "$(local_raw frame "$(data_request a $key)" read)" = "$FAILURE" ]
        run qube_raw dev frame "$(login $GIT $SESSION)" read frame "$(data_request b $key)" read
        is_signature "${lines[0]}"
        [ "${lines[1]}" = "$FAILURE" ]
    done
    audited 6 '"decision":"refused".*nobody confirmed.*"by":"keystore"'
    audited 3 '"decision":"allowed"'
    asked_are 0
    # The control: to ask is just what it left out.
    kill "$AGENT_PID"
    wait_until gone "$AGENT_PID"
    start_agent
    ssh-add -q -c "$KEYS/careful"
    asks dev dev frame "$(data_request a careful)" read
    wait_asked 1
    answer 1 'exit 0'
    signed dev
}

# keep_approval TEXT: the user's yes for a signature of it with "careful", which stays unused.
keep_approval() {
    asks kept dev frame "$(data_request "$1" careful)" read
    wait_asked 1
    answer 1 'exit 0'
    refused kept
}

@test "an approval in a rogue agent's hands: for this data and this key, once" {
    export ROGUE=keep
    start_rogue
    keep_approval a
    [ "$(qube_raw dev frame "$(data_request b careful)" read)" = "$FAILURE" ]
    [ "$(qube_raw dev frame "$(data_request a careful2)" read)" = "$FAILURE" ]
    [ "$(qube_raw dev frame "$(login $GIT $SESSION '' careful)" read)" = "$FAILURE" ]
    # It was good all the time, for what the user saw.
    is_signature "$(qube_raw dev frame "$(data_request a careful)" read)"
    [ "$(qube_raw dev frame "$(data_request a careful)" read)" = "$FAILURE" ]
    [ "$(local_raw frame "$(data_request a careful)" read)" = "$FAILURE" ]
    audited 5 '"reason":"the approval is for something else, is over, .*"by":"keystore"'
    asked_are 1
}

@test "an approval in a rogue agent's hands: not for longer, and not for a while" {
    export ROGUE=stretch
    start_rogue
    keep_approval a
    [ "$(qube_raw dev frame "$(data_request a careful)" read)" = "$FAILURE" ]
    [ "$(qube_raw dev frame "$(data_request a careful)" read)" = "$FAILURE" ]
    is_signature "$(qube_raw dev frame "$(data_request a careful)" read)"
}

@test "an approval in a rogue agent's hands: over after 15 seconds" {
    export ROGUE=keep
    start_rogue
    keep_approval a
    sleep 15.1
    [ "$(qube_raw dev frame "$(data_request a careful)" read)" = "$FAILURE" ]
    audited 1 '"reason":"the approval is for something else, is over'
}
