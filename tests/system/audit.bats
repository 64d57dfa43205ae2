#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The audit log of split-ssh-agent: a line for each decision, and no signature without one.

load agent_setup

CONTROL="$SPLIT_SSH_BUILD/bin/split-ssh"

setup_file() {
    KEYS="$BATS_FILE_TMPDIR"
    make_key ed25519 -t ed25519
    ssh-keygen -q -t ed25519 -N '' -C 'a "key" \ <b>' -f "$KEYS/odd"
}

setup() {
    prepare
}

teardown() {
    cat "$AGENT_LOG" # bats shows it if the test has failed
    clean_up
}

# field NAME [LINE]: of a line of the log, the last one by default, as Python's JSON reads it; "-"
# if it is not there, and the type of what is not a string in front.
field() {
    python3 - "$AUDIT" "$1" "${2:-0}" <<'END'
import json, sys
lines = open(sys.argv[1], "rb").read()
assert lines.endswith(b"\n") and all(32 <= b < 127 or b == 10 for b in lines), "not printable lines"
record = json.loads(lines.decode("ascii").splitlines()[int(sys.argv[3]) - 1])
value = record.get(sys.argv[2], "-")
sys.stdout.buffer.write(value.encode("latin-1") if isinstance(value, str) else
                        f"{type(value).__name__} {value}".encode())
END
}

# field_is NAME VALUE [LINE]
field_is() {
    local value

    value=$(field "$1" "${3:-0}")
    [ "$value" = "$2" ] || { echo "$1 is: $value"; cat "$AUDIT"; return 1; }
}

# login_request PUBLIC-KEY-FILE USER-HEX: what ssh asks to be signed for a login to an unknown place.
login_request() {
    sign_request "$1" "$(wire_text 'a session id')32$(wire_string "$2")$(wire_text ssh-connection)$(
        wire_text publickey)01$(wire_text ssh-ed25519)$(wire_string "$(blob "$1")")"
}

lines_are_logged() {
    [ "$(wc -l <"$AUDIT")" -eq "$1" ]
}

@test "a signature for a program in the vault, and one for a qube" {
    local before

    start_agent
    ssh-add -q "$KEYS/odd"
    ssh-add -T "$KEYS/odd.pub"
    lines_are_logged 1
    [ "$(stat -c %a "$AUDIT")" = 600 ]
    [ "$(stat -c %a "$(dirname "$AUDIT")")" = 700 ]
    field_is qube 'NoneType None'
    field_is decision allowed
    field_is comment 'a "key" \ <b>'
    field_is key "$(ssh-keygen -l -f "$KEYS/odd.pub" | cut -d' ' -f2)"
    before=$(date -u +%FT%T)
    is_signature "$(qube_raw dev frame "$(login_request "$KEYS/odd.pub" "$(printf git | hex)")" read)"
    lines_are_logged 2
    field_is qube dev
    field_is decision allowed
    field_is purpose login
    field_is user git
    field_is proof none
    field_is forwarded 'bool False'
    [[ "$(field took_us)" == "int "* ]]
    [[ ! "$(field time)" < "$before" ]]
    [[ "$(field time)" =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z$ ]]
    stop_agent
}

@test "SSHSIG: namespace and hash; git's and ssh-keygen's" {
    start_agent
    ssh-add -q "$KEYS/ed25519"
    echo text | ssh-keygen -q -Y sign -n file -f "$KEYS/ed25519.pub" >/dev/null
    field_is purpose sshsig
    field_is namespace file
    field_is hash sha512
    field_is user -
}

@test "a refusal, with its reason" {
    default_policy
    start_agent
    ssh-add -q "$KEYS/ed25519"
    [ "$(qube_raw dev frame "$(sign_request "$KEYS/ed25519.pub" 646174616461)" read)" = "$FAILURE" ]
    lines_are_logged 1
    field_is decision refused
    field_is purpose opaque
    field_is bytes 'int 6'
    [ "$(field reason)" != - ]
    [ "$(field by)" != - ]
}

@test "a user name of any bytes is one string of one line" {
    local user=00010a0d1b5b324a225c2f7f80fffe3c623e26227d2c

    start_agent
    ssh-add -q "$KEYS/ed25519"
    is_signature "$(qube_raw dev frame "$(login_request "$KEYS/ed25519.pub" "$user")" read)"
    lines_are_logged 1
    [ "$(field user | hex)" = "$user" ]
    "$CONTROL" log >"$D/shown"
    lines_are_logged 1
    [ "$(wc -l <"$D/shown")" -eq 1 ]
    [ "$(LC_ALL=C grep -c '^[ -~]*$' "$D/shown")" -eq 1 ]
}

@test "no line, no signature: a full disk" {
    # A limit on the size of files cuts a write short where a full disk does.
    mkdir -p "$(dirname "$AUDIT")"
    head -c 4000 /dev/zero | tr '\0' x >"$AUDIT"
    echo >>"$AUDIT"
    cp "$AUDIT" "$D/before"
    start_agent
    prlimit --pid "$AGENT_PID" --fsize=4096
    ssh-add -q "$KEYS/ed25519"
    [ "$(local_raw frame "$(sign_request "$KEYS/ed25519.pub")" read)" = "$FAILURE" ]
    [ "$(qube_raw dev frame "$(sign_request "$KEYS/ed25519.pub")" read)" = "$FAILURE" ]
    cmp "$AUDIT" "$D/before"
    wait_logged 'No space left on device'
    # There is room again.
    : >"$AUDIT"
    is_signature "$(qube_raw dev frame "$(sign_request "$KEYS/ed25519.pub")" read)"
    lines_are_logged 1
    stop_agent
}

@test "no line, no signature: the log's place is not to be trusted" {
    mkdir -p "$(dirname "$AUDIT")"
    chmod 777 "$(dirname "$AUDIT")"
    start_agent
    wait_logged 'no audit log: others may write to the directory'
    ssh-add -q "$KEYS/ed25519"
    [ "$(local_raw frame "$(sign_request "$KEYS/ed25519.pub")" read)" = "$FAILURE" ]
    [ ! -e "$AUDIT" ]
}

@test "a log that was removed or renamed is made anew, behind the sandbox" {
    start_agent
    ssh-add -q "$KEYS/ed25519"
    ssh-add -T "$KEYS/ed25519.pub"
    rm "$AUDIT"
    ssh-add -T "$KEYS/ed25519.pub"
    lines_are_logged 1
    mv "$AUDIT" "$D/kept"
    ssh-add -T "$KEYS/ed25519.pub"
    lines_are_logged 1
}

@test "a full log becomes the older one, behind the sandbox" {
    start_agent
    ssh-add -q "$KEYS/ed25519"
    ssh-add -T "$KEYS/ed25519.pub"
    truncate -s 8388608 "$AUDIT"
    ssh-add -T "$KEYS/ed25519.pub"
    lines_are_logged 1
    [ "$(stat -c %s "$AUDIT.1")" -eq 8388608 ]
    stop_agent
}

@test "two agents of a user share the log" {
    start_agent
    ssh-add -q "$KEYS/ed25519"
    spawn "$AGENT" -D -a "$D/other.sock" 2>>"$D/other.log"
    wait_until test -S "$D/other.sock"
    SSH_AUTH_SOCK="$D/other.sock" wait_until ssh-add -q "$KEYS/ed25519"
    for _ in 1 2 3; do
        ssh-add -T "$KEYS/ed25519.pub"
        SSH_AUTH_SOCK="$D/other.sock" ssh-add -T "$KEYS/ed25519.pub"
    done
    lines_are_logged 6
    truncate -s 8388608 "$AUDIT"
    ssh-add -T "$KEYS/ed25519.pub"
    SSH_AUTH_SOCK="$D/other.sock" ssh-add -T "$KEYS/ed25519.pub"
    lines_are_logged 2
    [ "$(stat -c %s "$AUDIT.1")" -eq 8388608 ]
}
