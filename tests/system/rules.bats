#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Each word of a policy with the whole program: what it allows, and what it refuses. And how a
# policy comes and goes while the agent runs.

load ask_setup

setup_file() {
    make_ask_keys
    make_key host_a -t ed25519
    make_key host_b -t ecdsa
    make_key host_c -t ed25519
}

setup() {
    prepare_ask
}

teardown() {
    clean_up_ask
}

# start_with_policy LINE...
start_with_policy() {
    policy "$@"
    start_agent
    ssh-add -q "$KEYS/work" "$KEYS/other" "$KEYS/rsa"
}

# refused_for REASON: the last line of the audit log, and of the log.
refused_for() {
    audit_has 0 qube=dev decision=refused by=policy "reason=$1"
    wait_logged "qube dev: refused to sign with .*: $1"
}

# refused_agent NAME: dev gets neither keys nor signatures of it.
refused_agent() {
    local request

    for request in "$LIST" "$(sshsig work git 1)"; do
        run "$RAW" "$QREXEC_SOCKET" descriptor "qubes.SshAgent+$1 dev" frame "$request" read closed
        [ "$output" = "$FAILURE"$'\nclosed' ]
    done
}

served_agent() {
    run "$RAW" "$QREXEC_SOCKET" descriptor "qubes.SshAgent+$1 ${2:-dev}" frame "$LIST" read \
        frame "$(sshsig work git 1)" read
    [ "${lines[0]:0:10}" = 0c00000003 ]
    is_signature "${lines[1]}"
}

@test "agents" {
    policy '[client:dev]' 'agents = work'
    start_agent -n work
    ssh-add -q "$KEYS/work" "$KEYS/other" "$KEYS/rsa"
    served_agent work
    refused_agent ''
    wait_logged 'qube dev: asks for the agent "default", which its policy does not allow; refused'
    refused_agent private
    served_agent '' mail
    policy_becomes 'agents = def*'
    refused_agent work
    wait_logged 'qube dev: asks for the agent "work", which its policy does not allow; refused'
    served_agent ''
    asked_times 3
    grep -qx 'Agent: work' "$D/questions/1"
    audit_has 1 agent=work
    audit_has 2 agent=null qube=mail
}

@test "keys" {
    start_with_policy 'keys = w*'
    start_client_qube
    [ "$(ssh-add -L)" = "$(cat "$KEYS/work.pub")" ]
    gives y dev "$(sshsig work git 1)"
    gives n dev "$(sshsig other git 1)"
    refused_for 'the qube may not use this key'
    asked_times 1
    policy_becomes "keys = $(fingerprint "$KEYS/other.pub")"
    [ "$(ssh-add -L)" = "$(cat "$KEYS/other.pub")" ]
    gives n dev "$(sshsig work git 1)"
    gives y dev "$(sshsig other git 1)"
    policy_becomes 'keys = no'
    run ssh-add -L
    [ "$status" -eq 1 ]
    gives nn dev "$(sshsig work git 1)" "$(sshsig other git 1)"
    asked_times 2
    # In the vault all are there.
    SSH_AUTH_SOCK="$AGENT_SOCKET" keys_are work other rsa
}

@test "confirm = each" {
    start_with_policy 'confirm = each' 'uses = no'
    gives yy dev "$(sshsig work git 1)" "$(sshsig work git 2)"
    asked_times 2
    user_says no
    gives nn dev "$(sshsig work git 3)" "$(sshsig work git 4)"
    asked_times 4
}

@test "confirm = connection" {
    start_with_policy 'confirm = connection' 'uses = no'
    gives yyy dev "$(sshsig work git 1)" "$(sshsig work git 2)" "$(sshsig other file 3)"
    asked_times 1
    gives y dev "$(sshsig work git 4)"
    asked_times 2
    # A no is no answer for the connection.
    user_says no
    gives nn dev "$(sshsig work git 5)" "$(sshsig work git 6)"
    asked_times 4
}

@test "confirm = SECONDS: an askpass program can allow only once" {
    start_with_policy 'confirm = 600' 'uses = no'
    gives yy dev "$(sshsig work git 1)" "$(sshsig work git 2)"
    gives y dev "$(sshsig work git 3)"
    asked_times 3
    refute grep -q 'Allow for' "$D"/questions/*
    [ "$(control grants)" = 'nothing is allowed without a question' ]
}

@test "confirm = key and confirm = no: only keys that were added with -c are asked" {
    for word in key no; do
        policy "confirm = $word" 'uses = no'
        rm -f "$D"/questions/*
        start_agent
        ssh-add -q "$KEYS/work"
        ssh-add -q -c "$KEYS/other"
        gives yy dev "$(sshsig work git 1)" "$(sshsig work git 2)"
        asked_times 0
        audit_has 0 decision=allowed by=policy
        gives yy dev "$(sshsig other git 1)" "$(sshsig other git 2)"
        asked_times 2
        asked 1 dev other 'sign for "git"'
        user_says no
        gives ny dev "$(sshsig other git 3)" "$(sshsig work git 4)"
        user_says yes
        stop_agent
    done
}

@test "uses: one by default, whatever it is for; one login is one, however many signatures" {
    start_with_policy 'opaque = yes'
    gives yn dev "$(sshsig work git 1)" "$(sshsig work git 2)"
    refused_for 'the connection has had its uses'
    gives ynnn dev "$(login work git 0a)" "$(login work git 0b)" "$(sshsig work git 1)" \
        "$(sign_request "$KEYS/work.pub" 00)"
    asked_times 2
    gives yyyn dev "$(login work git 0a)" "$(login work git 0a)" "$(login work git 0a)" \
        "$(login work git 0b)"
    asked_times 3
    # Another key for the same login is the same use, but another question.
    gives yyn dev "$(login work git 0a)" "$(login other git 0a)" "$(login other git 0b)"
    asked_times 5
    # What was refused is no use.
    user_says no
    gives n dev "$(sshsig work git 1)"
    gives nn dev "$(sshsig work git 1)" "$(sshsig work git 1)"
    asked_times 8
}

@test "uses = 2, and no limit" {
    start_with_policy 'confirm = no' 'uses = 2'
    gives yyyn dev "$(login work git 0a)" "$(login work git 0a)" "$(login work git 0b)" \
        "$(login work git 0c)"
    gives yyn dev "$(sshsig work git 1)" "$(sshsig work git 2)" "$(sshsig work git 3)"
    policy_becomes 'confirm = no' 'uses = no'
    gives yyyyy dev "$(sshsig work git 1)" "$(sshsig work git 2)" "$(login work git 0a)" \
        "$(login work git 0b)" "$(login work git 0c)"
}

# goes_to LETTERS HOST-KEY [USER]: of a bind to a server and a login there.
goes_to() {
    gives "$1" dev "$(bind "$2" 0a)" "$(login work "${3:-git}" 0a "$2")"
}

@test "known_hosts: a file that the policy names" {
    start_hosts host_a
    start_with_policy 'known_hosts = servers' 'confirm = no' 'destinations = git@a.example.org'
    wait_logged 'error: there is no file servers, which the policy names as known_hosts'
    goes_to bn host_a
    refused_for 'the destination is in no known_hosts file'
    echo "a.example.org $(cut -d' ' -f1-2 "$KEYS/host_a.pub")" >"${POLICY%/*}/servers"
    becomes_known() { goes_to by host_a; }
    wait_until becomes_known
}

@test "known_hosts that cannot be read again stay as they were" {
    vault_knows 'a.example.org' host_a
    start_hosts host_a
    start_with_policy 'confirm = no' 'destinations = git@a.example.org'
    goes_to by host_a
    mv "$HOME/.ssh/known_hosts" "$HOME/.ssh/known_hosts.old"
    mkfifo "$HOME/.ssh/known_hosts"
    kill -HUP "$AGENT_PID"
    wait_logged 'error: .*known_hosts: is not a regular file; the known hosts stay as they were'
    goes_to by host_a
    rm "$HOME/.ssh/known_hosts"
    kill -HUP "$AGENT_PID"
    is_unknown() { goes_to bn host_a; }
    wait_until is_unknown
}

@test "destinations" {
    vault_knows 'a.example.org' host_a
    vault_knows 'b.example.org' host_b
    start_hosts host_a host_b host_c
    start_with_policy 'confirm = no' 'destinations = git@A.example.org, *@*.lan'
    goes_to by host_a
    goes_to bn host_a root
    refused_for 'the destination is not allowed'
    goes_to bn host_b
    goes_to bn host_c
    refused_for 'the destination is in no known_hosts file'
    gives n dev "$(login work git 0a host_a)" # which it only says
    refused_for 'the client did not prove its destination'
    gives y dev "$(sshsig work git 1)"
    policy_becomes 'confirm = no' 'destinations = git@a.example.org, unverified'
    goes_to by host_a
    goes_to bn host_b
    goes_to by host_c
    gives y dev "$(login work git 0a)"
    policy_becomes 'confirm = no' 'destinations = *@b*'
    goes_to bn host_a
    goes_to by host_b root
    policy_becomes 'destinations = no' 'confirm = no'
    goes_to bn host_a
    policy_becomes 'destinations = all' 'confirm = no'
    goes_to by host_b
    goes_to by host_c
    gives y dev "$(login work git 0a)"
    asked_times 0
}

@test "namespaces" {
    start_with_policy 'confirm = no' 'uses = no'
    gives yyn dev "$(sshsig work git 1)" "$(sshsig work file 1)" "$(sshsig work mail@x 1)"
    refused_for 'the namespace is not allowed'
    policy_becomes 'confirm = no' 'uses = no' 'namespaces = *@x'
    gives nny dev "$(sshsig work git 1)" "$(sshsig work file 1)" "$(sshsig work mail@x 1)"
    policy_becomes 'namespaces = no' 'confirm = no'
    gives nny dev "$(sshsig work git 1)" "$(sshsig work mail@x 1)" "$(login work git 0a)"
}

@test "opaque" {
    start_with_policy 'confirm = no' 'uses = no'
    # A login with a byte too much is none.
    more=$(login work git 0a)
    more="0d$(wire_string "$(blob "$KEYS/work.pub")")$(wire_string "$(data_of "$more")00")$(u32 0)"
    gives nny dev "$(sign_request "$KEYS/work.pub" 00)" "$more" "$(login work git 0a)"
    policy_becomes 'confirm = no' 'uses = no' 'opaque = yes'
    gives yy dev "$(sign_request "$KEYS/work.pub" 00)" "$more"
    audit_has 0 purpose=opaque decision=allowed
}

# data_of SIGN-REQUEST
data_of() {
    take_string "${1:2}"
    take_string "$REST"
    printf '%s' "${TAKEN:8}"
}

@test "rsa-sha1" {
    start_with_policy 'confirm = no' 'uses = no'
    old=$(login rsa git 0a '' ssh-rsa 0)
    gives nyy dev "$old" "$(login rsa git 0b '' rsa-sha2-256 2)" \
        "$(login rsa git 0c '' rsa-sha2-512 4)"
    gives n dev "$old"
    refused_for 'RSA with SHA-1 is not allowed'
    policy_becomes 'confirm = no' 'uses = no' 'rsa-sha1 = yes'
    [[ "$(qube_raw dev frame "$old" read)" == "0e$(u32 $((11 + 256 + 4)))$(wire_text ssh-rsa)"* ]]
}

@test "idle" {
    policy 'idle = 1' '[client:mail]' 'idle = no'
    start_agent
    holds "$QREXEC_SOCKET" descriptor 'qubes.SshAgent+ mail' frame "$LIST" read
    holds "$QREXEC_SOCKET" descriptor 'qubes.SshAgent+ other' frame "$LIST" read
    control status | grep -q '^  other: 1 connection,'
    [ "$(qube_raw dev frame "$LIST" read closed)" = "$NO_KEYS"$'\nclosed' ]
    wait_until connections_gone other
    control status | grep -q '^  mail: 1 connection,'
}

# connections_gone QUBE
connections_gone() {
    [[ "$(control status)" != *"  $1: "[1-9]* ]]
}

@test "idle: a question that is open is not idle" {
    start_with_policy 'idle = 1'
    user_says later
    qube_raw dev frame "$(sshsig work git 1)" read >"$D/answer.hex" &
    remember $!
    wait_until test -s "$D/questions/1"
    [ "$(qube_raw mail frame "$LIST" read closed | tail -1)" = closed ] # later than dev's would be
    user_says yes
    wait_until test -s "$D/answer.hex"
    is_signature "$(cat "$D/answer.hex")"
}

@test "rate" {
    start_with_policy 'confirm = no' 'uses = no' 'rate = 3'
    gives yy dev "$(sshsig work git 1)" "$(login work git 0a)"
    gives yn dev "$(sshsig work git 2)" "$(sshsig work git 3)"
    refused_for 'too many uses in a minute'
    gives n dev "$(login work git 0b)"
    gives yyyn mail "$(login work git 0a)" "$(login work git 0b)" "$(login work git 0c)" \
        "$(login work git 0d)"
    policy_becomes 'confirm = no' 'uses = no' 'rate = no'
    gives yy dev "$(sshsig work git 4)" "$(sshsig work git 5)"
}

@test "connections" {
    start_with_policy 'connections = 2'
    holds "$QREXEC_SOCKET" descriptor 'qubes.SshAgent+ dev' frame "$LIST" read
    first=$SPAWNED
    holds "$QREXEC_SOCKET" descriptor 'qubes.SshAgent+ dev' frame "$LIST" read
    [ "$(qube_raw dev frame "$LIST" read)" = closed ]
    wait_logged 'qube dev: has 2 connections already; one more closed'
    is_signature "$(qube_raw mail frame "$(sshsig work git 1)" read)"
    kill "$first"
    wait_until has_connections 1
    is_signature "$(qube_raw dev frame "$(sshsig work git 1)" read)"
}

# has_connections COUNT: dev.
has_connections() {
    control status | grep -q "^  dev: $1 connection"
}

### Which section, and when

@test "the most exact section, word by word, wherever it stands" {
    cat >"$POLICY" <<'END'
[client:dev-old]
keys = other
[client:dev-*]
namespaces = git
uses = no
[client:d*]
namespaces = mail@x
keys = no
[DEFAULT]
confirm = no
namespaces = file
END
    start_agent
    ssh-add -q "$KEYS/work" "$KEYS/other"
    gives yn mail "$(sshsig work file 1)" "$(sshsig work file 2)"
    gives n mail "$(sshsig work git 1)"
    gives n dev-1 "$(sshsig work git 1)"
    gives nyyn dev-old "$(sshsig work git 1)" "$(sshsig other git 1)" "$(sshsig other git 2)" \
        "$(sshsig other file 1)"
    control policy test dev-old | tr -s ' ' >"$D/words"
    grep -q "^ keys other .* $POLICY:2 \[client:dev-old\]\$" "$D/words"
    grep -q "^ namespaces git .* $POLICY:4 \[client:dev-\*\]\$" "$D/words"
    grep -q "^ confirm no .* $POLICY:10 \[DEFAULT\]\$" "$D/words"
    asked_times 0
}

@test "a new policy holds for connections that are there, without a signal" {
    start_with_policy 'confirm = no'
    start_client_qube
    hold_connection
    ssh-add -L >/dev/null
    policy_becomes 'keys = other' 'confirm = no'
    [ "$(ssh-add -L)" = "$(cat "$KEYS/other.pub")" ]
    rm "$POLICY" # and so does none
    wait_until holds_for_dev 'keys = all'
    [ "$(ssh-add -L | wc -l)" -eq 3 ]
    printf '[client:dev]\nkeys = rsa\n' >"$HOME/.config/qubes-split-ssh/another.conf"
    wait_until holds_for_dev 'keys = rsa'
    [ "$(ssh-add -L)" = "$(cat "$KEYS/rsa.pub")" ]
}

@test "an agent that a new policy forbids: connections and questions that are there end" {
    start_with_policy
    start_client_qube
    hold_connection
    ssh-add -L >/dev/null
    user_says later
    qube_raw dev frame "$(sshsig work git 1)" read >"$D/answer.hex" &
    remember $!
    wait_until test -s "$D/questions/1"
    policy_becomes 'agents = no'
    user_says yes
    wait_until test -s "$D/answer.hex"
    [ "$(cat "$D/answer.hex")" = "$FAILURE" ]
    refused_for 'the qube may not ask for this agent'
    run ssh-add -L
    [ "$status" -ne 0 ]
    [[ "$output" != *ssh-ed25519* ]]
    wait_logged 'qube dev: its policy does not allow its agent any more; refused'
}

@test "a policy that forbids what is being asked: the user's yes does not help" {
    start_with_policy
    user_says later
    qube_raw dev frame "$(sshsig work git 1)" read >"$D/answer.hex" &
    remember $!
    wait_until test -s "$D/questions/1"
    policy_becomes 'namespaces = file'
    user_says yes
    wait_until test -s "$D/answer.hex"
    [ "$(cat "$D/answer.hex")" = "$FAILURE" ]
    refused_for 'the namespace is not allowed'
}

@test "SIGHUP: the policy is read again" {
    start_with_policy 'confirm = no'
    refute agent_logged 'the policy was read again'
    kill -HUP "$AGENT_PID"
    wait_logged 'the policy was read again'
    gives y dev "$(sshsig work git 1)"
    asked_times 0
}

# broken_policies: a line each, with what is said about it.
broken_policies() {
    cat <<'END'
confrm = no|unknown word "confrm"
confirm = maybe|confirm cannot be "maybe"
uses = 0|uses cannot be "0"
opaque = true|opaque cannot be "true"
destinations = example.org|destinations
[client:-dev]|\[client:-dev\] names no qube
END
}

@test "a broken policy: the old one stays, and file and line are said" {
    start_with_policy 'confirm = no' 'namespaces = file'
    while IFS='|' read -r line problem; do
        : >"$AGENT_LOG"
        policy 'namespaces = git' "$line"
        wait_logged "error: $POLICY:3: .*$problem.*; the policy stays as it was"
        gives n dev "$(sshsig work git 1)"
        gives y dev "$(sshsig work file 1)"
        : >"$AGENT_LOG"
        kill -HUP "$AGENT_PID"
        wait_logged "error: $POLICY:3: .*$problem.*; the policy stays as it was"
    done < <(broken_policies)
    asked_times 0
    policy_becomes 'confirm = no' 'namespaces = git'
    gives y dev "$(sshsig work git 1)"
}

@test "a broken policy at the start: there is no agent" {
    while IFS='|' read -r line problem; do
        policy 'namespaces = git' "$line"
        run timeout 30 "$AGENT" -D -a "$AGENT_SOCKET" -q "$QREXEC_SOCKET"
        echo "$output"
        [ "$status" -eq 1 ]
        grep -q "$POLICY:3: .*$problem" <<<"$output"
        [ ! -e "$AGENT_SOCKET" ]
        [ ! -e "$QREXEC_SOCKET" ]
        run timeout 30 "$AGENT" -a "$AGENT_SOCKET" # in the background
        echo "$output"
        [ "$status" -eq 1 ]
        [[ "$output" != *SSH_AUTH_SOCK=* ]]
        grep -q "$POLICY:3: .*$problem" <<<"$output"
    done < <(broken_policies)
}
