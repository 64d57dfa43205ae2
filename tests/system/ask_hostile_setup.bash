# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034
# Questions that a script answers when the test says so, and clients that wait for the answers.

# agent_setup; start_bus, start_standin, askpass_script, refute
source "$BATS_TEST_DIRNAME/desktop_setup.bash"

CONTROL="$SPLIT_SSH_BUILD/bin/split-ssh"
SESSION=5e551011
SESSION_2=5e551012
GIT=676974

setup_file() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key ed25519 -t ed25519
    make_key careful -t ed25519
    make_key careful2 -t ecdsa
    make_key third -t ed25519
    make_key host_a -t ed25519
    make_key host_b -t ed25519
}

setup() {
    prepare
    allow_asking
    # The N-th question goes to asked.N, and answer() ends it.
    askpass_script <<END
n=\$((\$(cat '$D/count' 2>/dev/null || echo 0) + 1))
echo \$\$ >>'$D/askpass.pids'
echo \$n >'$D/count'
printf '%s\n' "\$1" >'$D/asked.new'
mv '$D/asked.new' '$D/asked.'\$n
while [ ! -e '$D/answer.'\$n ]; do sleep 0.02; done
. '$D/answer.'\$n
END
}

teardown() {
    cat "$AGENT_LOG" # bats shows it if the test has failed
    clean_up
    wait_until none_left_behind
}

# What was started in this test and is still there.
left_behind() {
    HOME=/ grep -lsz "^HOME=$D/home\$" /proc/[0-9]*/environ
}

# Every use is asked and nothing else is in the way, but for the qube "quiet".
allow_asking() {
    allow_all
    sed -i '/^confirm/d' "$POLICY"
    printf '[client:quiet]\nconfirm = no\n' >>"$POLICY"
}

### The user

# answer N COMMANDS: what the askpass program ends with.
answer() {
    printf '%s\n' "$2" >"$D/answer.new"
    mv "$D/answer.new" "$D/answer.$1"
}

wait_asked() {
    wait_until test -e "$D/asked.$1" || { ls "$D"; return 1; }
}

# asked_are COUNT: so many questions were asked in all.
asked_are() {
    local have

    have=$(cat "$D/count" 2>/dev/null || echo 0)
    [ "$have" -eq "$1" ] || { echo "questions: $have" >&2; return 1; }
}

# askpass_pid N: of the N-th question.
askpass_pid() {
    sed -n "$1p" "$D/askpass.pids"
}

# is_open N: the question is there and nobody has answered.
is_open() {
    [ -e "$D/asked.$1" ] && [ ! -e "$D/answer.$1" ] && ! gone "$(askpass_pid "$1")"
}

# Every askpass program and every child of the prompt has ended.
no_window() {
    local pid

    for pid in $(cat "$D/askpass.pids"); do
        gone "$pid" || return 1
    done
    has_no_children "$PROMPT_PID"
}

### Clients

# asks NAME QUBE COMMAND...: in the background; what it reads goes to out.NAME, its pid to SPAWNED.
asks() {
    local name="$1" qube="$2"

    shift 2
    spawn "$RAW" "$QREXEC_SOCKET" descriptor "qubes.SshAgent+ $qube" "$@" >"$D/out.$name"
}

# data_request TEXT [KEY]: to sign a text with a key.
data_request() {
    sign_request "$KEYS/${2:-ed25519}.pub" "$(printf '%s' "$1" | hex)"
}

# login USER-HEX SESSION-ID [HOST [KEY]]: to sign a login, hostbound if there is a host.
login() {
    local key="${4:-ed25519}" data

    data="$(wire_string "$2")32$(wire_string "$1")$(wire_text ssh-connection)"
    data+="$(wire_text "publickey${3:+-hostbound-v00@openssh.com}")01$(wire_text ssh-ed25519)"
    data+="$(wire_string "$(blob "$KEYS/$key.pub")")"
    if [ -n "${3-}" ]; then
        data+="$(wire_string "$(blob "$KEYS/$3.pub")")"
    fi
    sign_request "$KEYS/$key.pub" "$data"
}

# bind HOST SESSION-ID: to bind the session, signed by the host, whose key is in the agent.
bind() {
    local signature

    signature=$(local_raw frame "$(sign_request "$KEYS/$1.pub" "$2")" read)
    is_signature "$signature"
    printf '1b'
    wire_text session-bind@openssh.com
    wire_string "$(blob "$KEYS/$1.pub")"
    wire_string "$2"
    printf '%s00' "${signature:2}"
}

# answered NAME PATTERN: what a client of asks() has read; what comes later than 20 s is behind
# a "silent".
answered() {
    wait_until grep -qvx silent "$D/out.$1" || wait_until grep -qvx silent "$D/out.$1"
    grep -vx silent "$D/out.$1" | grep -qx -e "$2" || { echo "$1: $(cat "$D/out.$1")"; return 1; }
}

refused() {
    answered "$1" "$FAILURE"
}

signed() {
    answered "$1" '0e.*'
}

# waiting_are COUNT: open questions, as split-ssh status has it.
waiting_are() {
    "$CONTROL" status | grep -q "^questions: .*, $1 open\$"
}

# audited COUNT PATTERN: so many lines of the audit log.
audited() {
    [ "$(grep -c -e "$2" "$AUDIT")" -eq "$1" ] || { cat "$AUDIT"; return 1; }
}
