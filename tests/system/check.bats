#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# split-ssh check where there are no qubes: its command line, what it prints and its exit status, and
# what the agent answers it. What it finds in qubes is tested in tests/machine.

load agent_setup

CONTROL="$SPLIT_SSH_BUILD/bin/split-ssh"
SWITCHES=/run/qubes-service

setup() {
    prepare
}

teardown() {
    clean_up
}

# check STATUS ARGUMENT...: standard output is in $output, standard error in $stderr.
check() {
    local expected="$1"

    shift
    status=0
    output=$("$CONTROL" check "$@" 2>"$D/stderr") || status=$?
    stderr=$(cat "$D/stderr")
    printf 'status %s\n%s\n%s\n' "$status" "$output" "$stderr"
    [ "$status" -eq "$expected" ]
}

usage_error() {
    local wanted="$1"

    shift
    check 1 "$@"
    [ -z "$output" ]
    [ "$stderr" = "split-ssh: $wanted"$'\n''Try split-ssh --help.' ]
}

no_qube() {
    if [ -e "$SWITCHES/split-ssh-vault" ] || [ -e "$SWITCHES/split-ssh-client" ]; then
        skip "this is a qube of split-ssh"
    fi
}

# json PYTHON: an expression over r, the report, that is true.
json() {
    python3 -c 'import json, sys
r = json.loads(sys.argv[1])
assert eval(sys.argv[2]), sys.argv[2]' "$output" "$1"
}

@test "what is wrong with a command line" {
    usage_error 'check takes "vault", "client" or nothing' other
    usage_error 'check takes "vault" or "client", or nothing' vault client
    usage_error 'check looks at the sockets of the packages: it takes no -a' -a "$AGENT_SOCKET"
    usage_error '-f is for split-ssh log' -f
    "$CONTROL" --help | grep -q -F 'split-ssh check [--json] [vault | client]'
}

@test "neither a vault nor a client: what makes it one" {
    no_qube
    check 1
    [ "$stderr" = 'split-ssh: this qube is neither a vault nor a client of split-ssh' ]
    grep -q -x "wrong    switch: the service split-ssh-vault is off: .*" <<<"$output"
    grep -q -x "         mend, in dom0: qvm-service $(uname -n) split-ssh-vault on" <<<"$output"
    grep -q -x "         mend, in dom0: qvm-service $(uname -n) split-ssh-client on" <<<"$output"
    grep -q "^         mend: .*sudo touch $SWITCHES/split-ssh-vault" <<<"$output"
    grep -q "^         mend: .*sudo touch $SWITCHES/split-ssh-client" <<<"$output"
    [ "$(tail -n 1 <<<"$output")" = '2 notes, 2 wrong, so mend what is wrong, from the top' ]
}

@test "commands for dom0 have the name that QubesDB has, if it is one" {
    no_qube
    mkdir "$D/bin"
    printf '#!/bin/sh\n[ "$*" = /name ] && cat "%s"\n' "$D/name" >"$D/bin/qubesdb-read"
    chmod 755 "$D/bin/qubesdb-read"
    echo anon-dev >"$D/name"
    PATH="$D/bin:$PATH" check 1
    grep -q -x '         mend, in dom0: qvm-service anon-dev split-ssh-vault on' <<<"$output"
    echo '; rm x' >"$D/name"
    PATH="$D/bin:$PATH" check 1
    grep -q -x "         mend, in dom0: qvm-service $(uname -n) split-ssh-vault on" <<<"$output"
    rm "$D/name"
    PATH="$D/bin:$PATH" check 1
    grep -q -x "         mend, in dom0: qvm-service $(uname -n) split-ssh-vault on" <<<"$output"
}

@test "the same for programs" {
    no_qube
    check 1 --json
    [ "$(wc -l <<<"$output")" -eq 1 ]
    json '[s["side"] for s in r["steps"] if s["verdict"] == "wrong"] == ["vault", "client"]'
    json '[s["where"] for s in r["steps"]] == ["dom0", "here", "dom0", "here"]'
    json 'r["steps"][0]["mend"].startswith("qvm-service ")'
    json 'r["summary"] == {"ok": 0, "note": 2, "wrong": 2, "skipped": 0}'
}

@test "one side that is off: what comes after it is skipped, and says why" {
    local side

    no_qube
    for side in vault client; do
        check 1 --json "$side"
        [ -z "$stderr" ]
        json "{s['side'] for s in r['steps']} == {'$side'}"
        json 'r["steps"][0]["step"] == "switch" and r["steps"][0]["verdict"] == "wrong"'
        json 'len(r["steps"]) > 10 and all(s["verdict"] == "skipped" for s in r["steps"][2:])'
        json 'all(s["what"] == "not looked at: mend switch first" for s in r["steps"][2:])'
        json 'all(s["mend"] is None and s["where"] is None for s in r["steps"][2:])'
        json 'r["summary"]["skipped"] == len(r["steps"]) - 2'
    done
}

@test "an output that cannot be written" {
    no_qube
    run bash -c "'$CONTROL' check --json vault 2>&1 >/dev/full"
    [ "$status" -eq 1 ]
    [[ "$output" == *'cannot write the output'* ]]
}

# report_is WORD VALUE: in what the agent answers.
report_is() {
    python3 - "$AGENT_SOCKET" "$@" <<'END'
import socket, struct, sys
string = lambda b: struct.pack(">I", len(b)) + b
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(string(b"\x1b" + string(b"check@split-ssh")))
f = s.makefile("rb")
answer = f.read(struct.unpack(">I", f.read(4))[0])
head = b"\x1d" + string(b"check@split-ssh") + b"\x01"
assert answer.startswith(head), answer
lines = answer[len(head) + 4:].decode().splitlines()
words = dict(line.split(" ", 1) for line in lines)
assert len(words) == len(lines)
assert words[sys.argv[2]].startswith(sys.argv[3]), words
if len(sys.argv) > 4:
    assert words[sys.argv[2]] == sys.argv[3], words
END
}

@test "what the agent answers" {
    make_key ed25519 -t ed25519
    start_agent
    report_is version "$("$SPLIT_SSH_BUILD/bin/split-ssh-agent" -V 2>&1 | cut -d' ' -f2)" exactly
    report_is keys 0 exactly
    report_is locked no exactly
    report_is prompt yes exactly
    report_is display no exactly
    report_is keystore seccomp
    report_is agent seccomp
    report_is policy '' exactly
    report_is audit "$(dirname "$AUDIT")" exactly
    "$CONTROL" status | grep '^key memory:' | cut -d' ' -f3 | grep -q -e mlock -e memfd_secret
    report_is memory "$("$CONTROL" status | sed -n 's/^key memory: //p')" exactly
    ssh-add -q "$KEYS/ed25519"
    report_is keys 1 exactly
    printf '[DEFAULT]\nnonsense = 1\n' >"${POLICY%/*}/x.conf"
    wait_until report_is policy "${POLICY%/*}/x.conf:2: "
    rm "${POLICY%/*}/x.conf"
    wait_until report_is policy '' exactly
    answer_askpass secret
    ssh-add -x
    report_is locked yes exactly
    report_is keys 1 exactly
}

@test "an agent with a display, and without a prompt" {
    DISPLAY=:77 start_agent
    report_is display yes exactly
    kill -KILL "$PROMPT_PID"
    wait_until report_is prompt no exactly
}
