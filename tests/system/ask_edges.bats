#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# What a yes must not be stretched to, and what asking must not cost.

load ask_setup
load desktop_setup # start_bus, start_standin

SESSION=5e551001
SESSION_2=5e551002

setup_file() {
    make_ask_keys
    make_key host_a -t ed25519
    make_key host_b -t ed25519
}

setup() {
    prepare_ask
}

teardown() {
    clean_up_ask
}

# The data of an SSHSIG for git, which is short enough to be a session id too.
sshsig_data() {
    printf SSHSIG | hex
    wire_text git
    wire_text ''
    wire_text sha512
    wire_string "$(printf '%0128d' 1)"
}

start_with_work() {
    start_agent
    ssh-add -q "$@" "$KEYS/work"
}

# repeat N TEXT
repeat() {
    local i

    for ((i = 0; i < $1; i++)); do
        printf %s "$2"
    done
}

@test "a yes to a login is none to an SSHSIG that is its session id, nor the other way" {
    local data

    start_with_work
    data=$(sshsig_data)
    gives yn dev "$(login work '' "$data")" "$(sign_request "$KEYS/work.pub" "$data")"
    asked_times 1
    gives yn dev "$(sign_request "$KEYS/work.pub" "$data")" "$(login work '' "$data")"
    asked_times 2
}

@test "one use has sixteen signatures beside its first, so that it cannot fill the log" {
    local requests=() i

    start_with_work
    for ((i = 0; i < 20; i++)); do
        requests+=("$(sshsig work git 1)")
    done
    gives "$(repeat 17 y)$(repeat 3 n)" dev "${requests[@]}"
    asked_times 1
    [ "$(grep -c '"decision":"allowed"' "$AUDIT")" -eq 17 ]
    # Without a limit of uses, a new one is what it is: asked again.
    policy 'uses = no'
    kill -HUP "$AGENT_PID"
    wait_until holds_for_dev 'uses = no'
    gives "$(repeat 20 y)" dev "${requests[@]}"
    asked_times 3
}

@test "other users and keys for one session are a use more as well, after sixteen" {
    local requests=() i

    policy 'confirm = no'
    start_with_work
    for ((i = 0; i < 20; i++)); do
        requests+=("$(login work "user$i" $SESSION)")
    done
    gives "$(repeat 17 y)$(repeat 3 n)" dev "${requests[@]}"
}

@test "a user name that reads like a verified host is quoted in the log lines" {
    start_with_work
    gives y dev "$(login work 'git to github.com (host key verified)' $SESSION)"
    wait_logged 'log in as "git to github.com (host key verified)" to an UNVERIFIED'
    control log >"$D/shown"
    grep -q 'log in as "git to github.com (host key verified)" to an UNVERIFIED' "$D/shown"
    gives y dev "$(login work 'x" to y "' $SESSION)"
    wait_logged "log in as \"x' to y '\" to an UNVERIFIED"
    gives y dev "$(login work plain.user-1 $SESSION)"
    wait_logged 'log in as plain.user-1 to an UNVERIFIED'
}

# sends_and_goes SOCKET BEGINNING: a request to sign, and its end, are there when the agent looks for
# the first time. BEGINNING is as of printf(1), %b.
sends_and_goes() {
    kill -STOP "$AGENT_PID"
    timeout 20 python3 - "$1" "$(printf %b "$2" | hex)" "$(login work git $SESSION)" <<'END'
import socket, sys
client = socket.socket(socket.AF_UNIX)
client.connect(sys.argv[1])
beginning, request = bytes.fromhex(sys.argv[2]), bytes.fromhex(sys.argv[3])
client.sendall(beginning + len(request).to_bytes(4, "big") + request)
client.close()
END
    kill -CONT "$AGENT_PID"
    wait_until grep -q '"reason":"the client has gone"' "$AUDIT"
}

@test "a client that is gone when its request is read gets no signature" {
    start_with_work
    sends_and_goes "$AGENT_SOCKET" ''
    refute grep '"decision":"allowed"' "$AUDIT"
    [ "$(wc -l <"$AUDIT")" -eq 1 ]
}

@test "a client that is gone when its request is read asks nothing" {
    start_with_work
    user_says later
    holds "$QREXEC_SOCKET" descriptor "qubes.SshAgent+ dev" frame "$LIST" read
    sends_and_goes "$QREXEC_SOCKET" 'qubes.SshAgent+ dev\0'
    asked_times 0
    control status | grep -q 'questions: .*, 0 open'
}

@test "who asks and goes, again and again, may not go on with it" {
    local i

    start_with_work
    user_says later
    for ((i = 1; i <= 10; i++)); do
        spawn "$RAW" "$QREXEC_SOCKET" descriptor "qubes.SshAgent+ dev" \
            frame "$(login work git $SESSION)" read >"$D/raw.out"
        wait_until asked_times "$i"
        kill "$SPAWNED"
        wait_until audit_lines "$i"
    done
    wait_logged 'qube dev: 10 questions came to nothing; it may ask none for 5 minutes'
    gives n dev "$(login work git $SESSION)"
    asked_times 10
    # A qube that waits for its answers, and the vault itself, are still asked about.
    user_says yes
    gives y other "$(login work git $SESSION)"
    asked_times 11
}

@test "an answer in between, and a qube may ask again" {
    local i

    start_with_work
    for ((i = 1; i <= 12; i++)); do
        if [ "$i" -eq 8 ]; then
            user_says no
            gives n dev "$(login work git $SESSION)"
        else
            user_says later
            spawn "$RAW" "$QREXEC_SOCKET" descriptor "qubes.SshAgent+ dev" \
                frame "$(login work git $SESSION)" read >"$D/raw.out"
            wait_until asked_times "$i"
            kill "$SPAWNED"
            wait_until audit_lines "$i"
        fi
    done
    user_says yes
    gives y dev "$(login work git $SESSION)"
}

# user_allows_for_a_while: a notification server whose button is pressed a second later.
user_allows_for_a_while() {
    unset SSH_ASKPASS SSH_ASKPASS_REQUIRE
    start_bus
    start_standin actions,body late:allow-while
}

questions_shown() {
    [ "$(grep -c 'allow dev?' "$D/shown")" -eq "$1" ]
}

@test "allowed for a while is not allowed for a host that the agent is forwarded to" {
    user_allows_for_a_while
    policy 'confirm = 600' 'uses = no' 'notify = no'
    start_with_work
    start_hosts host_a host_b
    gives by dev "$(bind host_b $SESSION)" "$(login work git $SESSION host_b)"
    gives by dev "$(bind host_b $SESSION)" "$(login work git $SESSION host_b)"
    questions_shown 1
    gives bby dev "$(bind host_a $SESSION_2 01)" "$(bind host_b $SESSION)" \
        "$(login work git $SESSION host_b)"
    questions_shown 2
    [ "$(control grants | grep -c forwarded)" -eq 1 ]
}

@test "a yes for a while that comes after ssh-add -x is remembered by nobody" {
    user_allows_for_a_while
    policy 'confirm = 600' 'uses = no' 'notify = no'
    start_with_work -c
    start_hosts host_b
    answer="$D/late.out"
    spawn "$RAW" "$QREXEC_SOCKET" descriptor "qubes.SshAgent+ dev" frame "$(bind host_b $SESSION)" \
        read frame "$(login work git $SESSION host_b)" read >"$answer"
    wait_until questions_shown 1
    "$RAW" "$AGENT_SOCKET" frame "16$(wire_text x)" read # LOCK
    ends_with 0 "$SPAWNED"
    [ "$(tail -1 "$answer")" = "$FAILURE" ]
    [[ "$(control grants)" == 'nothing is allowed'* ]]
    "$RAW" "$AGENT_SOCKET" frame "17$(wire_text x)" read # UNLOCK
    gives by dev "$(bind host_b $SESSION)" "$(login work git $SESSION host_b)"
    questions_shown 2
}
