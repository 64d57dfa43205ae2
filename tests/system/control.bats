#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# split-ssh by itself: its command line, what it sends and how it takes answers, and the log.
# What split-ssh-agent answers is tested in status.bats.

load agent_setup

CONTROL="$SPLIT_SSH_BUILD/bin/split-ssh"

setup() {
    prepare
    export TZ=UTC
    SERVER=
    CURRENT="$AUDIT"
    LOGS=$(dirname "$CURRENT")
}

teardown() {
    clean_up
}

# control STATUS ARGUMENT...: what it prints is in $output, what it says besides in $stderr.
control() {
    local expected="$1"

    shift
    status=0
    output=$("$CONTROL" "$@" 2>"$D/stderr") || status=$?
    stderr=$(cat "$D/stderr")
    printf 'status %s\n%s\n%s\n' "$status" "$output" "$stderr"
    [ "$status" -eq "$expected" ]
}

# answers HEX [COMMAND]: an agent that answers each request with these bytes, its length in front,
# and then runs the command; the last request is in $D/request, in hex.
answers() {
    unhex "$(wire_string "$1")" >"$D/answer"
    serves "cat '$D/answer'; ${2:-true}"
}

# serves COMMAND: the same for an answer with its length, or something else.
serves() {
    cat >"$D/serve" <<END
#!/bin/bash
length=\$(head -c 4 | od -An -v -tx1 | tr -d ' \n')
head -c \$((16#\$length)) | od -An -v -tx1 | tr -d ' \n' >'$D/request'
$1
END
    chmod 755 "$D/serve"
    if [ -n "$SERVER" ]; then
        kill "$SERVER"
        wait_until gone "$SERVER"
        rm -f "$AGENT_SOCKET"
    fi
    spawn socat "UNIX-LISTEN:$AGENT_SOCKET,fork" "EXEC:$D/serve"
    SERVER=$SPAWNED
    wait_until listening
}

# The flag of a socket that listens, which it does a moment after it is there.
listening() {
    grep -q " 00010000 .* $AGENT_SOCKET\$" /proc/net/unix
}

# answer NAME OK TEXT: EXTENSION_RESPONSE.
answer() {
    printf 1d
    wire_text "$1"
    printf '%02x' "$2"
    wire_text "$3"
}

# requested HEX: the last request, after its type.
requested() {
    [ "$(cat "$D/request")" = "1b$1" ] || { cat "$D/request"; return 1; }
}

# ssh-add's status 1; 2 is that nobody listens yet.
has_no_keys() {
    local status=0

    ssh-add -l >/dev/null 2>&1 || status=$?
    [ "$status" -eq 1 ]
}

### The command line

@test "--help, --version" {
    control 0 --help
    [[ "$output" == "usage: split-ssh "* ]]
    control 0 -V
    [[ "$output" == "split-ssh "[0-9]* ]]
}

# usage_error PATTERN ARGUMENT...
usage_error() {
    local pattern="$1"

    shift
    control 1 "$@"
    [ -z "$output" ]
    [[ "$stderr" == *$pattern*"Try split-ssh --help."* ]]
}

@test "what is wrong with a command line" {
    usage_error 'say what to do'
    usage_error 'there is no command "stat"' stat
    usage_error "unrecognized option '--wrong'" --wrong
    usage_error 'status takes no operand' status now
    usage_error 'policy is followed by "test"' policy
    usage_error 'policy is followed by "test"' policy dev
    usage_error 'policy test takes a QUBE, and maybe a KEY' policy test
    usage_error 'policy test takes a QUBE, and maybe a KEY' policy test dev key more
    usage_error 'KEY has 256 bytes at most' policy test dev "$(printf '%257s')"
    usage_error 'list takes the name of an AGENT' list
    usage_error '"../x" is not the name of an agent' list ../x
    usage_error '"a b" is not the name of a qube' revoke 'a b'
    usage_error '"(vault)" is not the name of a qube' revoke '(vault)'
    usage_error 'is not the name of a qube' log 'a-name-of-32-bytes-which-is-a-few'
    usage_error '-f is for split-ssh log' status -f
    usage_error '--json is for split-ssh log and split-ssh check' grants --json
    usage_error 'log reads a file: it takes no -a' log -a "$AGENT_SOCKET"
}

### Requests

@test "each command sends its extension, and prints the text" {
    answers "$(answer status@split-ssh 1 $'two\nlines\tand a tab\n')"
    control 0 status
    [ "$output" = $'two\nlines\tand a tab' ]
    [ -z "$stderr" ]
    requested "$(wire_text status@split-ssh)"
    control 1 grants # the answer is another's
    requested "$(wire_text grants@split-ssh)"
    control 1 revoke
    requested "$(wire_text revoke@split-ssh)01$(wire_text '')"
    control 1 revoke all
    requested "$(wire_text revoke@split-ssh)01$(wire_text '')"
    control 1 revoke dev
    requested "$(wire_text revoke@split-ssh)00$(wire_text dev)"
    control 1 policy test dev
    requested "$(wire_text policy-test@split-ssh)$(wire_text dev)$(wire_text '')"
    control 1 policy test dev 'my key'
    requested "$(wire_text policy-test@split-ssh)$(wire_text dev)$(wire_text 'my key')"
    control 1 list work
    requested "$(wire_text list@split-ssh)$(wire_text work)"
}

@test "-a names another socket than SSH_AUTH_SOCK" {
    answers "$(answer grants@split-ssh 1 'none')"
    SSH_AUTH_SOCK=/nowhere control 0 grants -a "$AGENT_SOCKET"
    [ "$output" = none ]
}

@test "without -a and SSH_AUTH_SOCK, it is the packages' socket" {
    local real="$CONTROL"

    unshare -rm mount --bind "$D" /run || skip "mount namespaces are not allowed here"
    unset SSH_AUTH_SOCK
    mkdir "$D/run"
    # With a /run of its own.
    own_run() {
        unshare -rm sh -c 'mount --bind "$1" /run; shift; exec "$@"' sh "$D/run" "$real" "$@"
    }
    CONTROL=own_run
    control 1 status
    [[ "$stderr" == *"cannot connect to /run/split-ssh/agent.sock: no agent listens there (split-ssh check says why)" ]]
    control 1 add default
    [[ "$stderr" == *": no agent listens on /run/split-ssh/agent.sock (split-ssh check says why)" ]]
    control 1 add work
    [[ "$stderr" == *": there is no agent work at /run/split-ssh/work.sock (mkdir "* ]]

    mkdir "$D/run/split-ssh"
    AGENT_SOCKET="$D/run/split-ssh/agent.sock"
    answers "$(answer grants@split-ssh 1 'none')"
    control 0 grants
    [ "$output" = none ]
    SSH_AUTH_SOCK='' control 0 grants
    SSH_AUTH_SOCK=/nowhere control 1 grants

    kill -KILL "$SERVER"
    wait_until gone "$SERVER"
    control 1 grants
    [[ "$stderr" == *"cannot connect to /run/split-ssh/agent.sock: no agent listens there any more (split-ssh check says why)" ]]
}

@test "the agent says no: on standard error, with status 1" {
    answers "$(answer policy-test@split-ssh 0 'there is no key "x"')"
    control 1 policy test dev x
    [ -z "$output" ]
    [ "$stderr" = 'split-ssh: there is no key "x"' ]
}

@test "a terminal gets nothing but text" {
    answers "$(answer status@split-ssh 1 $'a\e[2J\r\x07\x9b\xc3\xbcz\x7f')"
    control 0 status
    [ "$output" = 'a?[2J?????z?' ]
    answers "$(answer status@split-ssh 0 $'no\e]0;x')"
    control 1 status
    [ "$stderr" = 'split-ssh: no?]0;x' ]
}

@test "the longest text that a frame can have" {
    local text

    text=$(head -c 261888 /dev/zero | tr '\0' x)
    {
        unhex "$(u32 $((1 + 4 + 16 + 1 + 4 + 261888)))1d$(wire_text status@split-ssh)01$(u32 261888)"
        printf %s "$text"
    } >"$D/long"
    serves "cat '$D/long'"
    "$CONTROL" status >"$D/out"
    [ "$(cat "$D/out")" = "$text" ]
}

@test "an agent that is not split-ssh-agent" {
    spawn ssh-agent -D -a "$AGENT_SOCKET" >/dev/null
    wait_until has_no_keys
    control 1 status
    [[ "$stderr" == "split-ssh: the agent on $AGENT_SOCKET does not know this: it is not split-ssh-agent"* ]]
    kill "$SPAWNED"
    wait_until gone "$SPAWNED"
    rm -f "$AGENT_SOCKET"
    answers 1c # EXTENSION_FAILURE
    control 1 status
    [[ "$stderr" == *"does not know this: it is not split-ssh-agent"* ]]
}

@test "answers that are none" {
    local right

    right=$(answer status@split-ssh 1 text)
    for wrong in '' 06 "${right:0:20}" "${right::-2}" "${right}00" "$(answer grants@split-ssh 1 text)" \
        "0c${right:2}"; do
        answers "$wrong"
        control 1 status
        [ -z "$output" ]
        [[ "$stderr" == *"answers what is no answer"* ]]
    done
    serves "printf '\0\4\0\1'; cat" # 256 KiB and a byte are announced
    control 1 status
    [[ "$stderr" == *"sends an answer that is too long"* ]]
    serves true
    control 1 status
    [[ "$stderr" == *"does not answer: it closed the connection" ]]
    serves "printf '\0\0\0\100abc'"
    control 1 status
    [[ "$stderr" == *"does not answer: it closed the connection" ]]
}

@test "nobody there, or somebody who is stopped" {
    local pid

    control 1 status
    [[ "$stderr" == *"cannot connect to $AGENT_SOCKET: no agent listens there (split-ssh check says why)" ]]
    control 1 status -a "/$(printf '%0200d' 0)"
    [[ "$stderr" == *"the path of the socket is too long"* ]]
    spawn ssh-agent -D -a "$AGENT_SOCKET" >/dev/null
    pid=$SPAWNED
    wait_until has_no_keys
    kill -STOP "$pid"
    control 1 status
    kill -CONT "$pid"
    [[ "$stderr" == *"has not answered for 5 seconds: is it stopped?" ]]
    kill -KILL "$pid"
    wait_until gone "$pid"
    control 1 status
    [[ "$stderr" == *"cannot connect to $AGENT_SOCKET: no agent listens there any more (split-ssh check says why)" ]]
}

### The log

# record QUBE-JSON REST: one line, with what all of them have.
record() {
    printf '{"time":"2026-11-22T10:15:03.123Z","qube":%s,%s}\n' "$1" "$2"
}

LOGIN='"key":"SHA256:abc","comment":"work","purpose":"login","user":"git","bytes":321'

make_log() {
    mkdir -p "$LOGS"
    {
        record '"dev"' '"decision":"allowed","by":"notification",'"$LOGIN"',"host":"github.com","host_key":"SHA256:def","proof":"name","forwarded":false,"took_us":3212345'
        record '"dev"' '"agent":"work","decision":"refused","reason":"it was not allowed","by":"askpass",'"$LOGIN"',"host_key":"SHA256:def","proof":"key","forwarded":true,"took_us":999,"left_out":4'
        record null '"decision":"allowed","by":"policy",'"$LOGIN"',"proof":"none","forwarded":false,"took_us":1500'
        record '"mail"' '"decision":"allowed","by":"policy","key":"SHA256:abc","comment":"a \"b\" \u00fc\u001b","purpose":"sshsig","namespace":"git","hash":"sha512","forwarded":false,"took_us":0'
        record '"mail"' '"decision":"refused","reason":"opaque data","by":"policy","purpose":"opaque","bytes":17,"forwarded":false,"took_us":1000000'
        record '"dev"' '"decision":"allowed","by":"policy",'"$LOGIN"',"host_key":"SHA256:def","proof":"name","forwarded":false,"took_us":1000'
    } >"$CURRENT"
}

@test "log: a line for each record" {
    make_log
    control 0 log
    diff - "$D/stderr" </dev/null
    diff - <(echo "$output") <<'END'
2026-11-22 10:15:03  dev           allowed  key "work" SHA256:abc  log in as git to github.com (host key verified)  [notification, 3.2 s]
2026-11-22 10:15:03  dev+work      refused  key "work" SHA256:abc  log in as git to an UNKNOWN host, key SHA256:def, forwarded  [askpass: it was not allowed, 999 us]  (and 4 refusals before it)
2026-11-22 10:15:03  (vault)       allowed  key "work" SHA256:abc  log in as git to an UNVERIFIED destination  [policy, 1.5 ms]
2026-11-22 10:15:03  mail          allowed  key "a "b" ??" SHA256:abc  sign for "git"  [policy, 0 us]
2026-11-22 10:15:03  mail          refused  sign unidentified data (17 bytes)  [policy: opaque data, 1.0 s]
2026-11-22 10:15:03  dev           allowed  key "work" SHA256:abc  log in as git to a host with a hashed name (host key verified)  [policy, 1.0 ms]
END
}

@test "log: local time" {
    make_log
    TZ=EST5 control 0 log
    [[ "$output" == "2026-11-22 05:15:03  "* ]]
}

@test "log: of one qube; --json: as it stands in the file" {
    make_log
    control 0 log mail
    [ "$(grep -c '  mail  ' <<<"$output")" -eq 2 ]
    [ "$(wc -l <<<"$output")" -eq 2 ]
    control 0 log '(vault)'
    [ "$(wc -l <<<"$output")" -eq 1 ]
    [[ "$output" == *UNVERIFIED* ]]
    control 0 log mai
    [ -z "$output" ]
    control 0 log --json
    [ "$output" = "$(cat "$CURRENT")" ]
    control 0 log --json dev
    [ "$output" = "$(sed -n '1,2p;6p' "$CURRENT")" ]
}

@test "log: the older file comes first" {
    make_log
    head -1 "$CURRENT" | sed s/2026/2025/ >"$CURRENT.1"
    control 0 log --json
    [ "$output" = "$(cat "$CURRENT.1" "$CURRENT")" ]
    rm "$CURRENT"
    control 0 log --json
    [ "$output" = "$(cat "$CURRENT.1")" ]
}

@test "log: lines that are not the agent's are left out, and counted" {
    make_log
    cp "$CURRENT" "$D/good"
    {
        echo '{"time":"now"'
        head -c 20000 /dev/zero | tr '\0' x
        echo
        printf '\e[2J\n'
        head -1 "$D/good"
        printf '{"time":"half'
    } >>"$CURRENT"
    control 0 log --json
    [ "$output" = "$(cat "$D/good"; head -1 "$D/good")" ]
    [ "$stderr" = 'split-ssh: left out 3 lines that are not the agent'\''s' ]
}

@test "log: what is missing" {
    control 1 log
    [[ "$stderr" == *"no audit log: $LOGS: No such file or directory (split-ssh-agent makes it)" ]]
    mkdir -p "$LOGS"
    control 0 log
    [ -z "$output$stderr" ]
    mkdir "$CURRENT"
    control 1 log
    [[ "$stderr" == *"cannot read the audit log: Is a directory" ]]
    mkdir -p "$D/state/split-ssh"
    XDG_STATE_HOME="$D/state" control 0 log
}

@test "log: a full disk behind the output is an error" {
    make_log
    status=0
    "$CONTROL" log >/dev/full 2>"$D/stderr" || status=$?
    [ "$status" -eq 1 ]
    grep -q 'cannot write the output: No space left on device' "$D/stderr"
}

# shown COUNT: lines of the log that is followed.
shown() {
    [ "$(wc -l <"$D/shown")" -eq "$1" ]
}

# append SECOND: one more record.
append() {
    sed -n "1s/10:15:03/10:15:$1/p" "$D/good" >>"$CURRENT"
}

@test "log -f: goes on, across a new file and a line that was taken back" {
    make_log
    cp "$CURRENT" "$D/good"
    spawn "$CONTROL" log -f --json dev >"$D/shown" 2>"$D/stderr"
    wait_until shown 3
    append 10
    wait_until shown 4
    printf '{"time":"half' >>"$CURRENT"
    truncate -s -13 "$CURRENT"
    append 11
    wait_until shown 5
    # In one go, as far as split-ssh can see: the end of the old file, and the start of the new one.
    kill -STOP "$SPAWNED"
    append 12
    mv "$CURRENT" "$CURRENT.1"
    append 13
    kill -CONT "$SPAWNED"
    wait_until shown 7
    append 14
    wait_until shown 8
    printf '%s\n' 03 03 03 10 11 12 13 14 | diff - <(sed 's/.*T10:15:\(..\).*/\1/' "$D/shown")
    [ ! -s "$D/stderr" ]
}

@test "log -f: waits for the first line" {
    make_log
    cp "$CURRENT" "$D/good"
    rm "$CURRENT"
    spawn "$CONTROL" log -f >"$D/shown"
    append 20
    wait_until shown 1
}
