# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034
# A user who is a script: it keeps the questions and answers as a test says. And requests as ssh
# makes them, for servers whose keys the tests hold.

source "$BATS_TEST_DIRNAME/agent_setup.bash"

CONTROL="$SPLIT_SSH_BUILD/bin/split-ssh"
ME=$(id -un)
ALLOWED=y
REFUSED=n
BOUND=b

# Once for a file of tests.
make_ask_keys() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key work -t ed25519
    make_key other -t ed25519
    make_key rsa -t rsa -b 2048
    # Alone, or ssh-keygen takes a private key that it finds beside its public one.
    mkdir "$KEYS/public"
    cp "$KEYS"/*.pub "$KEYS/public"
}

prepare_ask() {
    prepare
    default_policy
    user_says yes
}

# Bats shows what was printed if the test has failed.
clean_up_ask() {
    cat "$AGENT_LOG"
    head -50 "$D"/questions/* 2>/dev/null || true
    clean_up
}

# refute COMMAND...: fails if it succeeds, which "!" alone does not do in bats.
refute() {
    if "$@"; then
        echo "not refused: $*" >&2
        return 1
    fi
}

# policy LINE...: for all qubes.
policy() {
    printf '%s\n' '[DEFAULT]' "$@" >"$D/policy.new"
    mv "$D/policy.new" "$POLICY"
}

# policy_becomes LINE...: the same while the agent runs, until it holds.
policy_becomes() {
    local line

    policy "$@"
    for line in "$@"; do
        wait_until holds_for_dev "$line"
    done
}

# holds_for_dev LINE: of a policy.
holds_for_dev() {
    control policy test dev | tr -s ' ' | grep -qF -e " ${1/ = / } "
}

### The user

# user_says yes|no|later: "later" leaves a question open until there is another answer.
user_says() {
    mkdir -p "$D/questions"
    echo "$1" >"$D/answer.new"
    mv "$D/answer.new" "$D/answer"
    cat >"$D/askpass" <<END
#!/bin/bash
n=\$(ls '$D/questions' | wc -l)
printf '%s\n' "\$1" >'$D/questions/'\$((n + 1))
while [ "\$(cat '$D/answer')" = later ]; do sleep 0.02; done
[ "\$(cat '$D/answer')" = yes ]
END
    chmod 755 "$D/askpass"
    export SSH_ASKPASS="$D/askpass" SSH_ASKPASS_REQUIRE=force
}

asked_times() {
    local n

    n=$(find "$D/questions" -type f | wc -l)
    [ "$n" -eq "$1" ] || { echo "asked $n times"; return 1; }
}

# asked N QUBE KEY WHAT: the whole text of a question.
asked() {
    diff - "$D/questions/$1" <<END
split-ssh asks:

SSH key "$3": allow $2?

Qube: $2
Key: "$3" $(fingerprint "$KEYS/$3.pub")
$4

Allow this once?
END
}

# asked_for N WHAT: the same for dev and the key "work".
asked_for() {
    asked "$1" dev work "$2"
}

# fingerprint FILE: as ssh-keygen has it.
fingerprint() {
    ssh-keygen -l -f "$1" | cut -d' ' -f2
}

### What the vault knows and writes down

# vault_knows NAME KEY [MARKER]: a line of the vault's known_hosts.
vault_knows() {
    mkdir -p "$HOME/.ssh"
    echo "${3:+$3 }$1 $(cut -d' ' -f1-2 "$KEYS/$2.pub")" >>"$HOME/.ssh/known_hosts"
}

audit_lines() {
    [ "$(wc -l <"$AUDIT")" -eq "$1" ] || { cat "$AUDIT"; return 1; }
}

# audit_has LINE NAME=VALUE...: as Python's JSON reads it; null is what is not there.
audit_has() {
    python3 - "$AUDIT" "$@" <<'END'
import json, sys
with open(sys.argv[1], encoding="ascii") as log:
    record = json.loads(log.readlines()[int(sys.argv[2]) - 1])
for word in sys.argv[3:]:
    name, value = word.split("=", 1)
    found = record.get(name)
    found = found if isinstance(found, str) else json.dumps(found)
    assert found == value, f"{name} is {found!r} in {record}"
END
}

# control ARGUMENT...: split-ssh with the vault's own agent.
control() {
    SSH_AUTH_SOCK="$AGENT_SOCKET" "$CONTROL" "$@"
}

### One connection for several clients

# hold_connection [no-bind]: SSH_AUTH_SOCK is then a program that has all clients share one
# connection, one after the other; with no-bind none of them can bind a session.
hold_connection() {
    cat >"$D/share.py" <<'END'
import socket, sys

def receive(peer, size):
    data = b""
    while len(data) < size:
        part = peer.recv(size - len(data))
        if not part:
            return None
        data += part
    return data

def frame(peer):
    head = receive(peer, 4)
    body = head and receive(peer, int.from_bytes(head, "big"))
    return body and head + body

upstream = socket.socket(socket.AF_UNIX)
upstream.connect(sys.argv[1])
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[2])
listener.listen(8)
while True:
    client, _ = listener.accept()
    while request := frame(client):
        if request[4] == 27 and "no-bind" in sys.argv:
            answer = b"\0\0\0\1\34"
        else:
            upstream.sendall(request)
            answer = frame(upstream)
        client.sendall(answer)
    client.close()
END
    spawn python3 "$D/share.py" "$SSH_AUTH_SOCK" "$D/shared.sock" "$@"
    wait_until socket_listens "$D/shared.sock"
    export SSH_AUTH_SOCK="$D/shared.sock"
}

### Requests

# start_hosts KEY...: an agent of OpenSSH that makes the signatures of servers with these keys.
start_hosts() {
    spawn ssh-agent -D -a "$D/hosts.sock" >/dev/null
    wait_until socket_listens "$D/hosts.sock"
    SSH_AUTH_SOCK="$D/hosts.sock" ssh-add -q "${@/#/$KEYS/}"
}

# bind HOST-KEY SESSION-HEX [01]: 01 is for a hop that forwards.
bind() {
    local answer

    answer=$("$RAW" "$D/hosts.sock" frame "$(sign_request "$KEYS/$1.pub" "$2")" read)
    is_signature "$answer"
    printf '1b'
    wire_text session-bind@openssh.com
    wire_string "$(blob "$KEYS/$1.pub")"
    wire_string "$2"
    printf '%s%s' "${answer:2}" "${3:-00}"
}

# login KEY USER SESSION-HEX [HOST-KEY [ALGORITHM [FLAGS]]]: with a host key the method is hostbound.
login() {
    local key="$KEYS/$1.pub" data

    data=$(
        wire_string "$3"
        printf 32
        wire_text "$2"
        wire_text ssh-connection
        wire_text "publickey${4:+-hostbound-v00@openssh.com}"
        printf 01
        wire_text "${5:-ssh-ed25519}"
        wire_string "$(blob "$key")"
        [ -z "${4-}" ] || wire_string "$(blob "$KEYS/$4.pub")"
    )
    sign_request "$key" "$data" "${6:-0}"
}

# sshsig KEY NAMESPACE NUMBER: of something else for each number.
sshsig() {
    sign_request "$KEYS/$1.pub" "$(printf SSHSIG | hex)$(wire_text "$2")$(wire_text '')$(
        wire_text sha256)$(wire_string "$(printf '%064d' "$3")")"
}

# tries QUBE REQUEST...: on one connection; prints a letter for each: y is a signature, n a failure,
# b a bind that succeeds.
tries() {
    local qube="$1" words=() request answer

    shift
    for request in "$@"; do
        words+=(frame "$request" read)
    done
    while read -r answer; do
        case "$answer" in
        0e*) printf %s "$ALLOWED" ;;
        "$FAILURE") printf %s "$REFUSED" ;;
        "$SUCCESS") printf %s "$BOUND" ;;
        *) printf '(%s)' "$answer" ;;
        esac
    done < <(qube_raw "$qube" "${words[@]}")
}

# gives LETTERS QUBE REQUEST...: what tries() prints.
gives() {
    local expected="$1" found

    shift
    found=$(tries "$@")
    [ "$found" = "$expected" ] || { echo "$expected was expected, it is $found" >&2; return 1; }
}
