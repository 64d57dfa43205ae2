#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Questions against the will of somebody: qubes that flood and lie, an askpass program and a prompt
# that break, a log that cannot be written.

load ask_hostile_setup

### While questions are open

# gets WHAT HEX COMMAND...: the answer begins so; prints how long it took, with the client's start.
gets() {
    local what="$1" expected="$2" begin got

    shift 2
    begin=$(date +%s%N)
    got=$("$@")
    echo "# $what: $((($(date +%s%N) - begin) / 1000000)) ms" >&3
    [ "${got:0:${#expected}}" = "$expected" ] || { echo "$what: $got"; return 1; }
}

@test "KeePassXC's messages are answered while questions are open, and a silent login passes" {
    local blob constraints i qube

    start_agent
    ssh-add -q "$KEYS/ed25519"
    blob=$(wire_string "$(blob "$KEYS/third.pub")")
    constraints="01$(u32 3600)02"
    asks a1 a frame "$(data_request a1)" read
    wait_asked 1
    # One is shown and nine wait, which is all that three qubes may.
    for qube in a b c; do
        for i in 2 3 4; do
            asks "$qube$i" $qube frame "$(data_request "$qube$i")" read
        done
    done
    wait_until waiting_are 10
    # As KeePassXC does it: a connection for each message.
    gets 'ADD_IDENTITY (17)' $SUCCESS \
        local_raw frame "11$(private_fields "$KEYS/third")" read
    gets 'REQUEST_IDENTITIES (11)' 0c00000002 local_raw frame $LIST read
    gets 'REMOVE_IDENTITY (18)' $SUCCESS local_raw frame "12$blob" read
    gets 'ADD_ID_CONSTRAINED (25)' $SUCCESS \
        local_raw frame "19$(private_fields "$KEYS/third")$constraints" read
    "$CONTROL" status | grep -q 'third (ED25519), asks each time, '
    gets 'REMOVE_IDENTITY (18)' $SUCCESS local_raw frame "12$blob" read
    gets "another qube's login" 0e qube_raw quiet frame "$(login $GIT $SESSION)" read
    is_open 1
    waiting_are 10
    asked_are 1
}

@test "a qube's fourth waiting question is refused at once, and qubes take turns" {
    local i n qube

    start_agent
    ssh-add -q "$KEYS/ed25519"
    asks a1 a frame "$(data_request a1)" read
    wait_asked 1
    n=1
    for qube in a b c; do
        for i in 2 3 4; do
            asks "$qube$i" $qube frame "$(data_request "$qube$i")" read
            wait_until waiting_are $((++n))
        done
        [ "$(qube_raw $qube frame "$(data_request no)" read)" = "$FAILURE" ]
        wait_logged "qube $qube: refused to sign .*: too many of its questions wait already"
    done
    is_open 1
    asked_are 1
    for ((n = 1; n <= 10; n++)); do
        wait_asked $n
        answer $n "exit $((n % 2))"
    done
    wait_until waiting_are 0
    # Of those that waited each round has each qube.
    for ((n = 2; n <= 10; n++)); do
        sed -n 's/^Qube: //p' "$D/asked.$n"
    done >"$D/order"
    [ "$(tr -d '\n' <"$D/order")" = abcabcabc ] || { cat "$D/order"; return 1; }
    # ... and the oldest of its questions: the answer went to who had asked. 0 is yes.
    for i in a1 b2 a3 c3 b4; do
        refused $i
    done
    for i in a2 c2 b3 a4 c4; do
        signed $i
    done
    audited 5 '"decision":"allowed"'
    audited 8 '"decision":"refused"'
}

@test "fifty qubes ask at once: each one once" {
    local i

    askpass_script <<<"printf '%s\n' \"\$1\" >>'$D/texts'"
    start_agent
    ssh-add -q "$KEYS/ed25519"
    for i in {1..50}; do
        asks "q$i" "q$i" frame "$(data_request "q$i")" read read
    done
    for i in {1..50}; do
        signed "q$i"
    done
    [ "$(grep '"decision":"allowed"' "$AUDIT" | grep -o '"qube":"q[0-9]*"' | sort -u | wc -l)" -eq 50 ]
    [ "$(grep '^Qube: q' "$D/texts" | wc -l)" -eq 50 ]
    [ "$(grep '^Qube: q' "$D/texts" | sort -u | wc -l)" -eq 50 ]
}

late_is_asked() {
    grep -qsx 'Qube: late' "$D"/asked.*
}

@test "fifty qubes ask at once and leave: no question stays" {
    local i pids=()

    start_agent
    ssh-add -q "$KEYS/ed25519"
    for i in {1..50}; do
        asks "q$i" "q$i" frame "$(data_request "q$i")" read
        pids+=("$SPAWNED")
    done
    wait_until waiting_are 50
    kill "${pids[@]}"
    wait_until waiting_are 0
    wait_until no_window
    audited 50 '"decision":"refused".*the client has gone'
    asks late late frame "$(data_request late)" read
    wait_until late_is_asked
}

### What clients say

# The hosts' keys are there too, so that the tests can sign as the hosts would.
start_with_hosts() {
    start_agent
    ssh-add -q "$KEYS/ed25519" "$KEYS/host_a" "$KEYS/host_b"
    : >"$AUDIT"
}

# has_read NAME WORDS: the first byte of each answer that a client has read, once it holds.
has_read() {
    wait_until grep -q holding "$D/out.$1"
    run cut -c1-2 "$D/out.$1"
    [ "${lines[*]}" = "$2 ho" ] || { echo "$1: ${lines[*]}"; return 1; }
}

@test "a held connection: the same login again, but no second one" {
    local bind bind_2

    default_policy
    start_with_hosts
    bind=$(bind host_a $SESSION)
    bind_2=$(bind host_a $SESSION_2)
    asks dev dev frame "$bind" read \
        frame "$(login $GIT $SESSION host_a)" read frame "$(login $GIT $SESSION host_a)" read \
        frame "$(login $GIT $SESSION_2 host_a)" read frame "$bind_2" read \
        frame "$(login $GIT $SESSION_2 host_a)" read hold
    wait_asked 1
    grep -q '^log in as git to an UNKNOWN host, key SHA256:' "$D/asked.1"
    answer 1 'exit 0'
    has_read dev '06 0e 0e 05 1c 05'
    # Without a bind there is no session to compare with: what is left is to count.
    asks plain plain frame "$(login $GIT $SESSION)" read frame "$(login $GIT $SESSION_2)" read hold
    wait_asked 2
    grep -qx 'log in as git to an UNVERIFIED destination (the client did not prove one)' "$D/asked.2"
    answer 2 'exit 0'
    has_read plain '0e 05'
    wait_logged 'qube plain: refused .*: the connection has had its uses'
    asked_are 2
}

@test "binds one host, and signs for another session or another host" {
    local bind

    default_policy
    start_with_hosts
    bind=$(bind host_a $SESSION)
    for request in "$(login $GIT $SESSION_2 host_a)" "$(login $GIT $SESSION_2)" \
        "$(login $GIT $SESSION host_b)"; do
        run qube_raw dev frame "$bind" read frame "$request" read
        [ "${lines[*]}" = "$SUCCESS $FAILURE" ]
    done
    audited 3 '"decision":"refused","reason":"a login to another session'
    asked_are 0
}

# login_pieces SIZE: a login whose user name has so many letters, as agent-raw's commands, since no
# argument can be so long.
login_pieces() {
    local key begin middle end

    key=$(wire_string "$(blob "$KEYS/ed25519.pub")")
    begin="$(wire_string $SESSION)32$(u32 "$1")"
    end="$(wire_text ssh-connection)$(wire_text publickey)01$(wire_text ssh-ed25519)$key"
    middle=$(u32 $(((${#begin} + ${#end}) / 2 + $1)))
    printf '%s\n' send "$(u32 $((5 + (${#key} + ${#middle} + ${#begin} + ${#end}) / 2 + $1)))0d$key$middle$begin" \
        many "$1" 61 send "${end}00000000"
}

@test "user names of 256 bytes, 257, 200 KB and 1 MB" {
    local pieces

    sed -i '/^opaque/d' "$POLICY"
    start_agent
    ssh-add -q "$KEYS/ed25519"
    mapfile -t pieces < <(login_pieces 256)
    asks fits dev "${pieces[@]}" read
    wait_asked 1
    grep -qx 'log in as "a\{64\}\.\.\." to an UNVERIFIED destination .*' "$D/asked.1"
    answer 1 'exit 0'
    signed fits
    audited 1 '"user":"a\{256\}"'
    for size in 257 200000; do
        mapfile -t pieces < <(login_pieces $size)
        [ "$(qube_raw dev "${pieces[@]}" read)" = "$FAILURE" ]
    done
    audited 2 '"decision":"refused".*"purpose":"opaque"'
    mapfile -t pieces < <(login_pieces 1048576)
    [ "$(qube_raw dev "${pieces[@]}" closed)" = closed ]
    is_signature "$(qube_raw quiet frame "$(login $GIT $SESSION)" read)"
    asked_are 1
}

# A right-to-left override, markup, formats, an escape sequence, lines that forge.
NASTY=$'\u202e<b>&amp;</b>%s%n\e[2J\r\nQube: vault\nlog in as root to github.com\x7f"'
CLEANED='???<b>&amp;</b>%s%n?[2J??Qube: vault?log in as'

# text_is_plain FILE WORD: our lines and no other, the last one of which begins with the word;
# printable ASCII.
text_is_plain() {
    LC_ALL=C refute grep -q '[^ -~]' "$1"
    [ "$(sed 's/ .*//' "$1" | tr '\n' ' ')" = "split-ssh  SSH  Qube: Key: $2  Allow " ]
    grep -qx 'Qube: dev' "$1"
    grep -qF "\"$CLEANED" "$1"
}

@test "control characters, markup, formats and forged lines in user, namespace and comment" {
    local fields sshsig

    start_agent
    ssh-add -q "$KEYS/ed25519"
    asks user dev frame "$(login "$(printf '%s' "$NASTY" | hex)" $SESSION)" read
    wait_asked 1
    text_is_plain "$D/asked.1" log
    answer 1 'exit 0'
    signed user

    sshsig="$(printf SSHSIG | hex)$(wire_text "$NASTY")$(wire_text '')$(wire_text sha256)"
    sshsig+="$(wire_string "$(printf '%064d' 0)")"
    asks space dev frame "$(sign_request "$KEYS/ed25519.pub" "$sshsig")" read
    wait_asked 2
    text_is_plain "$D/asked.2" sign
    answer 2 'exit 0'
    signed space

    fields=$(private_fields "$KEYS/third")
    fields="${fields%"$(wire_text third)"}$(wire_text "$NASTY")"
    [ "$(local_raw frame "11$fields" read)" = $SUCCESS ]
    asks comment dev frame "$(data_request a third)" read
    wait_asked 3
    text_is_plain "$D/asked.3" sign
    answer 3 'exit 1'
    refused comment

    # The logs have as many lines as there were decisions, and what was claimed stays in quotes.
    wait_logged 'refused to sign'
    "$CONTROL" log >"$D/shown"
    for file in "$AGENT_LOG" "$AUDIT" "$D/shown"; do
        LC_ALL=C refute grep '[^ -~]' "$file"
    done
    refute grep -v -e '^split-ssh-' -e '^==[0-9]*==WARNING: ASan ' "$AGENT_LOG"
    lines_are 3 "$AUDIT"
    lines_are 3 "$D/shown"
    for file in "$AGENT_LOG" "$D/shown"; do
        grep -q 'log in as "???<b>[^"]*" to an UNVERIFIED' "$file"
        grep -q 'sign for "???<b>[^"]*"[^"]*$' "$file"
    done
}

### Ends in the middle

@test "a client that goes takes its question along, and the next one is asked" {
    local first

    start_agent
    ssh-add -q "$KEYS/ed25519"
    asks first dev frame "$(data_request first)" read
    first=$SPAWNED
    wait_asked 1
    asks second other frame "$(data_request second)" read
    wait_until waiting_are 2
    kill -9 "$first"
    wait_until gone "$(askpass_pid 1)"
    wait_asked 2
    grep -qx 'Qube: other' "$D/asked.2"
    answer 1 'exit 0' # too late
    answer 2 'exit 0'
    signed second
    audited 1 '"decision":"refused".*the client has gone'
    audited 1 '"decision":"allowed"'
    wait_until no_window
}

@test "the prompt is killed with questions open: each is a no, and all else goes on" {
    start_agent
    ssh-add -q "$KEYS/ed25519"
    ssh-add -q -c "$KEYS/careful"
    asks open dev frame "$(data_request open)" read
    wait_asked 1
    asks waiting other frame "$(data_request waiting)" read
    wait_until waiting_are 2
    kill -9 "$PROMPT_PID"
    refused open
    refused waiting
    wait_until gone "$(askpass_pid 1)"
    wait_logged 'error: the prompt has ended; every question is answered with no'
    [ "$(qube_raw dev frame "$(data_request later)" read)" = "$FAILURE" ]
    [ "$(qube_raw quiet frame "$(data_request later careful)" read)" = "$FAILURE" ]
    [ "$(local_raw frame "$(data_request later careful)" read)" = "$FAILURE" ]
    wait_logged 'qube dev: refused to sign .*: the prompt has ended, so nobody can be asked'
    "$CONTROL" status | grep -q '^questions: the prompt has ended'
    keys_are ed25519 careful
    is_signature "$(qube_raw quiet frame "$(login $GIT $SESSION)" read)"
    ssh-add -T "$KEYS/ed25519.pub"
    audited 5 '"decision":"refused"'
    asked_are 1
    stop_agent
}

@test "the agent is killed with a question open: prompt and askpass are gone" {
    start_agent
    ssh-add -q "$KEYS/ed25519"
    asks open dev frame "$(data_request open)" read
    wait_asked 1
    kill -9 "$AGENT_PID"
    for pid in "$AGENT_PID" "$PROMPT_PID" "$KEYSTORE_PID" "$(askpass_pid 1)"; do
        wait_until gone "$pid"
    done
    answered open closed
}

@test "an askpass program that crashes, prints garbage or fails is a no, and the next is asked" {
    local n=0 end

    start_agent
    ssh-add -q -c "$KEYS/careful"
    for end in 'kill -SEGV $$' 'kill -9 $$' 'exit 2' 'exit 255' 'exit 127' 'echo no' 'echo maybe' \
        'head -c 100000 /dev/urandom' 'kill -9 $PPID' 'exec /nonexistent'; do
        asks "q$((++n))" "q$n" frame "$(data_request a careful)" read
        wait_asked $n
        answer $n "$end"
        refused "q$n" || { echo "$end"; return 1; }
    done
    audited $n '"decision":"refused"'
    asks good good frame "$(data_request a careful)" read
    wait_asked $((++n))
    answer $n 'exit 0'
    signed good
    wait_until no_window
}

@test "an askpass program that leaves programs behind: they go with the question" {
    start_agent
    ssh-add -q "$KEYS/ed25519"
    asks dev dev frame "$(data_request a)" read
    wait_asked 1
    answer 1 "sleep 1000 & echo \$! >'$D/left'; exit 0"
    signed dev
    wait_until gone "$(cat "$D/left")"
}

### Nobody there

# The one test that waits for the time of a question to be over, twice.
@test "nobody answers: a late yes is none, the qube cools down, and that is said once" {
    local i

    start_bus
    start_standin body none # without buttons: it has bubbles, and is not asked
    start_agent
    ssh-add -q "$KEYS/ed25519"
    for i in 1 2 3; do
        asks "dev$i" dev frame "$(data_request "dev$i")" read read read read read
        wait_until waiting_are $i
    done
    wait_asked 1
    is_signature "$(qube_raw quiet frame "$(data_request a)" read)"
    refused dev1
    answer 1 'exit 0'
    wait_asked 2
    # One that says yes when it is told to end, which is too late as well.
    answer 2 "trap 'exit 0' TERM; while :; do sleep 0.02; done"
    refused dev2
    refused dev3
    for i in 1 2; do
        [ "$(qube_raw dev frame "$(data_request later)" read)" = "$FAILURE" ]
    done
    asked_are 2
    audited 2 '"qube":"dev".*"reason":"nobody answered the question"'
    audited 3 '"qube":"dev".*"reason":"nobody answered its last questions'
    wait_logged 'qube dev: 2 questions were not answered; it may ask none for 5 minutes'
    wait_until grep -q 'dev asked 2 times and nobody answered' "$D/shown"
    # Others ask, and what needs no answer goes on.
    asks other other frame "$(data_request other)" read
    wait_asked 3
    answer 3 'exit 0'
    signed other
    is_signature "$(qube_raw quiet frame "$(data_request b)" read)"
    [ "$(grep -c 'and nobody answered' "$D/shown")" -eq 1 ]
    wait_until no_window
}

@test "no display and no askpass program: a -c key is refused, and the reason is said" {
    unset SSH_ASKPASS SSH_ASKPASS_REQUIRE
    start_agent
    ssh-add -q -c "$KEYS/careful"
    [ "$(local_raw frame "$(data_request a careful)" read)" = "$FAILURE" ]
    [ "$(qube_raw quiet frame "$(data_request a careful)" read)" = "$FAILURE" ]
    wait_logged 'refused to sign .*: there is no display to ask on, and no askpass'
    audited 2 '"decision":"refused".*there is no display'
}

@test "no place for the audit log: the user's yes gives no signature, and the reason is said" {
    : >"$D/none"
    start_agent_as env XDG_STATE_HOME="$D/none" "$AGENT" -D -a "$AGENT_SOCKET" -q "$QREXEC_SOCKET"
    ssh-add -q -c "$KEYS/careful"
    spawn "$RAW" "$AGENT_SOCKET" frame "$(data_request a careful)" read >"$D/out.local"
    wait_asked 1
    answer 1 'exit 0'
    refused local
    wait_logged "no audit log: cannot make the directory $D/none/split-ssh: Not a directory"
    wait_logged 'refused to sign .*: the audit log cannot be written'
}

@test "no room for the audit line: the user's yes gives no signature, and the reason is said" {
    start_agent
    ssh-add -q -c "$KEYS/careful"
    head -c 4095 /dev/zero | tr '\0' x >"$AUDIT"
    echo >>"$AUDIT"
    prlimit --pid "$AGENT_PID" --fsize=4096:
    asks full dev frame "$(data_request full careful)" read
    wait_asked 1
    answer 1 'exit 0'
    refused full
    wait_logged 'refused to sign .*: the audit log cannot be written'
    prlimit --pid "$AGENT_PID" --fsize=unlimited:
    asks room dev frame "$(data_request room careful)" read
    wait_asked 2
    answer 2 'exit 0'
    signed room
    audited 1 '"decision":"allowed"'
}
