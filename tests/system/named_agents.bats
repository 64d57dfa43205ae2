#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Named agents: a directory each in ~/.ssh/identities.d, a socket each in the vault, and the
# argument of a call.

load named_agents_setup

setup() {
    prepare_ask
    allow_all
}

teardown() {
    clean_up_ask
}

make_three() {
    make_key_file work w1
    make_key_file work w2 -t ecdsa
    make_key_file home h1
    make_key_file '' d1
    make_key_file default d2
}

three_are_whole() {
    lists_keys work w1 w2 && lists_keys home h1 && lists_keys '' d1 d2
}

# has_key AGENT FILE: it is listed there, and signs.
has_key() {
    at "$1" ssh-add -T "$2"
}

# no_signature QUBE AGENT FILE
no_signature() {
    [ "$(call_raw "$1" "$2" frame "$(sign_request "$3")" read)" = "$FAILURE" ]
}

@test "a directory is an agent, with a socket in the vault and an argument for qubes" {
    local agent

    make_three
    start_agent
    # All are there with the first answer.
    wait_until test -S "$D/work.sock"
    lists_keys work w1 w2
    three_are_whole
    [ "$(stat -c %a "$D/work.sock")" = 600 ]
    [ "$(stat -c %a "$D/home.sock")" = 600 ]
    # A directory of that name belongs to the agent without one.
    [ "$(at default ssh-add -L)" = "$(at '' ssh-add -L)" ]
    for agent in work home default ''; do
        start_relay_for "$agent"
    done
    for agent in work home ''; do
        [ "$(through "$agent" ssh-add -L)" = "$(at "$agent" ssh-add -L)" ]
        through "$agent" ssh-add -L >"$D/keys"
        through "$agent" ssh-add -T "$D/keys"
    done
    [ "$(through default ssh-add -L)" = "$(at '' ssh-add -L)" ]
}

@test "another agent's keys are not listed, not usable and not removable" {
    make_three
    start_loaded
    no_signature dev work "$(public_of home h1)"
    no_signature dev work "$(public_of '' d1)"
    no_signature dev home "$(public_of work w1)"
    no_signature dev '' "$(public_of work w1)"
    no_signature dev default "$(public_of work w1)"
    is_signature "$(call_raw dev home frame "$(sign_request "$(public_of home h1)")" read)"
    # Nor in the vault.
    refute has_key work "$(public_of home h1)"
    refute has_key '' "$(public_of home h1)"
    refute at work ssh-add -d "$(public_of home h1)"
    refute at '' ssh-add -d "$(public_of home h1)"
    three_are_whole
    # A qube removes nothing anywhere.
    [ "$(call_raw dev home frame "12$(wire_string "$(blob "$(public_of home h1)")")" read)" = \
        "$FAILURE" ]
    [ "$(call_raw dev home frame 13 read)" = "$FAILURE" ]
    three_are_whole
    at work ssh-add -d "$(public_of work w1)"
    lists_keys work w2
    at work ssh-add -D
    lists_keys work
    lists_keys home h1
    lists_keys '' d1 d2
}

@test "what is added at a socket is that agent's" {
    make_key added -t ed25519
    make_three
    start_loaded
    at work ssh-add -q "$KEYS/added"
    lists_keys work w1 w2 added
    lists_keys home h1
    lists_keys '' d1 d2
    no_signature dev home "$KEYS/added.pub"
    at '' ssh-add -q -t 600 "$KEYS/added"
    lists_keys '' d1 d2 added
    control list work | grep added >"$D/work.line"
    refute grep -q left "$D/work.line"
    control list default | grep added | grep -q left
}

@test "the same key file in two agents: what is removed from one is there in the other" {
    make_key_file work same
    cp "$(key_file work same)" "$(key_file work same).pub" "$(key_directory home)"
    cp "$(key_file work same)" "$(key_file work same).pub" "$(key_directory '')"
    key_options home same '-t 7000'
    start_loaded
    lists_keys work same
    lists_keys home same
    lists_keys '' same
    control list home | grep left
    control list work >"$D/work.list"
    refute grep left "$D/work.list"
    at work ssh-add -D
    lists_keys work
    has_key home "$(public_of home same)"
    at home ssh-add -d "$(public_of home same)"
    lists_keys home
    has_key '' "$(public_of home same)"
    refute has_key work "$(public_of home same)"
}

@test "the lock is one for all" {
    local agent

    make_three
    start_loaded
    answer_askpass word
    at work ssh-add -x
    for agent in work home ''; do
        lists_keys "$agent"
        [ "$(call_raw dev "$agent" frame "$LIST" read)" = "$NO_KEYS" ]
    done
    no_signature dev home "$(public_of home h1)"
    at home ssh-add -X
    three_are_whole
    has_key work "$(public_of work w2)"
}

@test "names that are none are said, and hurt nothing else" {
    local long name

    long=$(printf 'n%.0s' {1..64})
    make_three
    for name in agent qrexec 'a b' -x ä "$long" '..x'; do
        (umask 077 && mkdir "$(key_directory '')/$name")
        cp "$(key_file work w1)" "$(key_directory '')/$name/lost"
    done
    make_key_file "${long:1}" longest
    make_key_file 0.9_a-b odd
    start_loaded
    three_are_whole
    lists_keys "${long:1}" longest
    lists_keys 0.9_a-b odd
    for name in agent qrexec; do
        agent_logged "/identities.d/$name: .*the name is that of a socket of split-ssh"
    done
    for name in 'a b' -x "$long"; do
        agent_logged "/identities.d/$name: .*a name has letters, digits, _ . and -"
        [ ! -e "$D/$name.sock" ]
    done
    [ "$(find "$D" -maxdepth 1 -type s | wc -l)" -eq 7 ]
    [ "$(call_raw dev agent frame "$LIST" read)" = "$FAILURE" ]
    [ "$(call_raw dev qrexec frame "$LIST" read)" = "$FAILURE" ]
}

@test "a call for an agent that is not there is refused, and said" {
    make_three
    start_loaded
    for name in nothere Work wor works w1; do
        [ "$(call_raw dev "$name" frame "$LIST" read)" = "$FAILURE" ]
        no_signature dev "$name" "$(public_of work w1)"
        wait_logged "qube dev: asks for the agent \"$name\", which is not here; refused"
    done
    start_relay_for nothere
    refute through nothere ssh-add -L
    # What is no name at all is not looked for: the connection ends.
    for name in ../work work/w1 -work; do
        [ "$(call_raw dev "$name" frame "$LIST" read)" = closed ]
    done
    three_are_whole
    is_signature "$(call_raw dev work frame "$(sign_request "$(public_of work w1)")" read)"
}

@test "policy: agents =" {
    make_three
    cat >>"$POLICY" <<'END'
[client:dev]
agents = work, h*
[client:plain]
agents = default
[client:none]
agents = no
END
    start_loaded
    [ "$(call_raw dev work frame "$LIST" read)" = "$("$RAW" "$D/work.sock" frame "$LIST" read)" ]
    [ "$(call_raw dev home frame "$LIST" read)" = "$("$RAW" "$D/home.sock" frame "$LIST" read)" ]
    [ "$(call_raw dev '' frame "$LIST" read)" = "$FAILURE" ]
    [ "$(call_raw dev default frame "$LIST" read)" = "$FAILURE" ]
    no_signature dev default "$(public_of '' d1)"
    [ "$(call_raw plain '' frame "$LIST" read)" = "$(local_raw frame "$LIST" read)" ]
    [ "$(call_raw plain default frame "$LIST" read)" = "$(local_raw frame "$LIST" read)" ]
    [ "$(call_raw plain work frame "$LIST" read)" = "$FAILURE" ]
    no_signature plain work "$(public_of work w1)"
    [ "$(call_raw none '' frame "$LIST" read)" = "$FAILURE" ]
    wait_logged 'qube plain: asks for the agent "work", which its policy does not allow; refused'
}

@test "a question and the audit log name the agent" {
    policy 'opaque = yes'
    make_three
    user_says yes
    start_loaded
    is_signature "$(call_raw dev work frame "$(sign_request "$(public_of work w1)")" read)"
    is_signature "$(call_raw dev '' frame "$(sign_request "$(public_of '' d1)")" read)"
    asked_times 2
    grep -qx 'Agent: work' "$D/questions/1"
    refute grep -q '^Agent' "$D/questions/2"
    audit_has 1 qube=dev agent=work comment=w1 decision=allowed
    audit_has 2 qube=dev comment=d1 decision=allowed
    control log | grep -q 'dev+work'
}

@test "-n: a process that is one agent alone" {
    make_three
    start_loaded -n work
    lists_keys '' w1 w2
    [ ! -e "$D/work.sock" ]
    [ ! -e "$D/home.sock" ]
    [ "$(call_raw dev work frame "$LIST" read)" = "$(local_raw frame "$LIST" read)" ]
    [ "$(call_raw dev '' frame "$LIST" read)" = "$(local_raw frame "$LIST" read)" ]
    [ "$(call_raw dev home frame "$LIST" read)" = "$FAILURE" ]
    [ "$(call_raw dev default frame "$LIST" read)" = "$FAILURE" ]
    no_signature dev '' "$(public_of home h1)"
    # Each has its own, and reads nothing of the others.
    make_key_file work w3
    make_key_file home h2
    wait_listed '' w1 w2 w3
    control reload work | grep -qx '3 keys from files'
    lists_keys '' w1 w2 w3
    refute agent_logged h2
}

@test "-n: of a directory that is made later, and with a name that is none" {
    make_three
    start_loaded -n later
    lists_keys ''
    make_key_file later l1
    wait_listed '' l1
    stop_agent
    run "$AGENT" -D -a "$AGENT_SOCKET" -n ../work
    [ "$status" -eq 1 ]
    [ ! -e "$AGENT_SOCKET" ]
}

@test "the sockets go with the agent" {
    make_three
    start_loaded
    [ "$(find "$D" -maxdepth 1 -name '*.sock' | wc -l)" -eq 5 ]
    stop_agent
    [ "$(find "$D" -maxdepth 1 -name '*.sock' | wc -l)" -eq 0 ]
    # What a killed one has left is replaced.
    start_loaded
    kill -9 "$AGENT_PID"
    wait_until gone "$AGENT_PID"
    [ -S "$D/work.sock" ]
    rm "$AGENT_SOCKET" # so that start_agent waits for the new one
    start_loaded
    three_are_whole
}

@test "a socket that is somebody else's is left alone: qubes reach that agent all the same" {
    make_three
    spawn ssh-agent -D -a "$D/work.sock" >/dev/null
    wait_until socket_listens "$D/work.sock"
    echo text >"$D/home.sock"
    start_loaded
    lists_keys '' d1 d2
    [ "$(at work ssh-add -L)" = 'The agent has no identities.' ]
    [ "$(cat "$D/home.sock")" = text ]
    agent_logged 'work.sock'
    agent_logged 'home.sock'
    is_signature "$(call_raw dev work frame "$(sign_request "$(public_of work w1)")" read)"
    is_signature "$(call_raw dev home frame "$(sign_request "$(public_of home h1)")" read)"
    stop_agent
    [ "$(cat "$D/home.sock")" = text ]
    [ "$(at work ssh-add -L)" = 'The agent has no identities.' ]
}

@test "a directory that is made later is an agent at once; one that is removed stays" {
    start_loaded
    lists_keys ''
    [ "$(call_raw dev later frame "$LIST" read)" = "$FAILURE" ]
    make_key_file later l1
    wait_listed later l1
    is_signature "$(call_raw dev later frame "$(sign_request "$(public_of later l1)")" read)"
    rm -r "$HOME/.ssh/identities.d/later"
    wait_logged 'later/l1: the file is gone; its key stays until "split-ssh reload later"'
    lists_keys later l1
    control reload later
    lists_keys later
    make_key_file later l2
    wait_listed later l2
}

@test "an agent whose socket is in a directory of its own loads no key files" {
    make_three
    [ "$("$AGENT" ssh-add -L)" = 'The agent has no identities.' ]
    [ "$(find "$D" -name '*.sock' | wc -l)" -eq 0 ]
}

@test "70 directories: 64 agents, and the rest is said" {
    local i

    for ((i = 100; i < 170; i++)); do
        key_directory "a$i" >/dev/null
    done
    make_key_file a100 first
    make_key_file a169 last
    start_loaded
    lists_keys a100 first
    lists_keys a163
    [ "$(find "$D" -maxdepth 1 -name 'a1*.sock' | wc -l)" -eq 64 ]
    [ "$(call_raw dev a163 frame "$LIST" read)" = "$NO_KEYS" ]
    [ "$(call_raw dev a164 frame "$LIST" read)" = "$FAILURE" ]
    wait_logged 'a164'
}
