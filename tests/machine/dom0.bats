#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The stand-in for dom0 and qrexec between machines: does it decide, look up and connect as they do?
# Here the vault's machine is a process with a root directory of its own, and nothing is booted.

load machine_setup

setup() {
    DOM0="$BATS_TEST_TMPDIR/dom0"
    ROOT="$BATS_TEST_TMPDIR/root"
    begin_dom0
    new_qube vault
    new_qube dev
    new_qube other
    mkdir -p "$ROOT/etc/qubes-rpc" "$ROOT/run/qubes-rpc" "$ROOT/usr/local/etc/qubes-rpc" "$ROOT/tmp"
}

teardown() {
    cat "$DOM0/log" "$DOM0/daemon.log"
    end_machines
}

# decided WORDS SOURCE TARGET SERVICE: the vault is halted, so nothing is connected.
decided() {
    local words="$1" status=0

    shift
    : >"$DOM0/log"
    call "$@" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 || status=$?
    grep -F -q -e ": $words" "$DOM0/log" || { cat "$DOM0/log"; return 1; }
    case $words in
    'allow '* | 'ask '[a-z]*) [ "$status" -eq 125 ] ;;
    *) [ "$status" -eq 126 ] && grep -qx 'Request refused' "$BATS_TEST_TMPDIR/out" ;;
    esac
}

### The policy

@test "without a line that matches, no" {
    decided 'deny (no line matches)' dev vault test.Service
    policy <<<'test.Other  *  @anyvm  @anyvm  allow target=vault'
    decided 'deny (no line matches)' dev vault test.Service
}

@test "the first line that matches counts, in the order of the files' names" {
    echo 'test.Service * @anyvm @anyvm deny' >"$DOM0/policy.d/90-default.policy"
    decided deny dev vault test.Service
    policy <<'END'
# a comment

test.Service  *  dev  vault  allow
test.Service  *  dev  vault  deny
END
    decided 'allow vault' dev vault test.Service
    decided deny other vault test.Service
    echo 'test.Service * dev vault deny' >"$DOM0/policy.d/10-first.policy"
    decided deny dev vault test.Service
}

@test "arguments: none, one, any" {
    policy <<'END'
test.Service  +      dev  vault  allow
test.Service  +work  dev  vault  allow target=other
test.Any      *      dev  vault  allow
END
    decided 'allow vault' dev vault test.Service
    decided 'allow vault' dev vault test.Service+
    decided 'allow other' dev vault test.Service+work
    decided deny dev vault test.Service+works
    decided 'allow vault' dev vault test.Any
    decided 'allow vault' dev vault test.Any+x
    policy <<<'*  *  dev  vault  allow'
    decided 'allow vault' dev vault test.Any+x
}

@test "targets: @default, a name, @anyvm, and one that does not exist" {
    policy <<<'test.Service  *  dev  @default  allow target=vault'
    decided 'allow vault' dev @default test.Service
    decided 'allow vault' dev nothere test.Service
    decided deny dev vault test.Service
    policy <<<'test.Service  *  dev  @anyvm  allow'
    decided 'allow vault' dev vault test.Service
    decided 'allow: no target' dev @default test.Service
    policy <<<'test.Service  *  dev  vault  allow target=nothere'
    decided 'allow: no target' dev vault test.Service
}

@test "ask: what the person at the dialog does" {
    policy <<'END'
test.Service  *  dev  @default  ask target=vault default_target=vault
test.Service  *  dev  @anyvm    deny
END
    decided 'ask: no' dev @default test.Service # nobody is there
    dom0_user yes
    decided 'ask vault' dev @default test.Service
    decided deny dev vault test.Service
    dom0_user no
    decided 'ask: no' dev @default test.Service
    dom0_user vault
    decided 'ask vault' dev @default test.Service
    dom0_user other
    decided 'ask: no' dev @default test.Service
}

@test "ask without a target lists the qubes that the lines let in, and @default is none" {
    dom0_user yes
    policy <<<'test.Service  *  dev  @default  ask default_target=vault'
    decided 'ask: no target to choose from' dev @default test.Service
    policy <<'END'
test.Service  *  dev  @default  ask default_target=vault
test.Service  *  dev  vault     ask
test.Service  *  dev  @anyvm    deny
END
    decided 'ask vault' dev @default test.Service
    decided 'ask: no' dev vault test.Service # nothing is chosen beforehand
    dom0_user vault
    decided 'ask vault' dev vault test.Service
    dom0_user other
    decided 'ask: no' dev vault test.Service
}

@test "ask lists what no line before denies" {
    policy <<'END'
test.Service  *  dev  other   deny
test.Service  *  dev  @anyvm  ask
END
    dom0_user yes
    decided 'ask: no' dev @default test.Service
    dom0_user vault
    decided 'ask vault' dev @default test.Service
    for name in other dev; do
        dom0_user $name
        decided 'ask: no' dev @default test.Service
    done
}

@test "a mistake anywhere is a no to all" {
    policy <<<'test.Service  *  dev  vault  allow'
    decided 'allow vault' dev vault test.Service
    for line in 'test.Other * dev vault' 'test.Other * dev vault maybe' 'test.Other arg dev vault deny' \
        '* +x dev vault deny' 'test.Other * @default vault deny' 'test.Other * dev $default deny' \
        'test.Other * dev vault allow default_target=vault' 'test.Other * dev vault deny # comment'; do
        echo "$line" >"$DOM0/policy.d/50-more.policy"
        decided 'deny (50-more.policy:1: ' dev vault test.Service
    done
    rm "$DOM0/policy.d/50-more.policy"
    : >"$DOM0/policy.d/50-More.policy"
    decided 'deny (50-More.policy: ' dev vault test.Service
    rm "$DOM0/policy.d/50-More.policy"
    echo nonsense | tee "$DOM0/policy.d/README" "$DOM0/policy.d/.50-x.policy" "$DOM0/policy.d/50.policy~"
    decided 'allow vault' dev vault test.Service
}

@test "refused, nothing is read; halted, what has come is lost" {
    (printf request; sleep 0.1) | { call dev vault test.Service || true; cat >"$BATS_TEST_TMPDIR/left"; }
    [ "$(cat "$BATS_TEST_TMPDIR/left")" = request ]
    policy <<<'test.Service  *  dev  vault  allow'
    printf request | { call dev vault test.Service || true; cat >"$BATS_TEST_TMPDIR/left"; }
    [ ! -s "$BATS_TEST_TMPDIR/left" ]
}

### The service

# begin_vault: a machine without programs; all may call it.
begin_vault() {
    begin_process "$DOM0/daemon.log" python3 -c \
        'import os, sys, time; os.chroot(sys.argv[1]); time.sleep(600)' "$ROOT"
    echo "$STARTED" >"$DOM0/qubes/vault/pid"
    wait_until has_root "$STARTED"
    policy <<<'*  *  @anyvm  vault  allow'
}

has_root() {
    [ "$(readlink "/proc/$1/root")" = "$ROOT" ]
}

# serve PATH SHELL: a socket in the vault; for each call, what SHELL makes of it.
serve() {
    begin_process "$DOM0/daemon.log" socat "UNIX-LISTEN:$ROOT$1,fork" "SYSTEM:$2"
    wait_until listens "$ROOT$1"
}

# listens PATH: the socket is there a moment before that.
listens() {
    grep -q " 00010000 .* $1\$" /proc/net/unix
}

# service_says WORDS SERVICE
service_says() {
    run call dev vault "$2" </dev/null
    [ "$status" -eq 0 ]
    [ "$output" = "$1" ]
}

@test "a service that is not there: 127" {
    begin_vault
    run call dev vault test.Service
    [ "$status" -eq 127 ]
    [ -z "$output" ]
}

@test "services are looked for with the argument first, in three directories" {
    begin_vault
    for place in etc usr/local/etc run; do
        for name in test.Service test.Service+work; do
            serve "/$place/qubes-rpc/$name" "cat >/dev/null; echo $place $name"
            service_says "$place $name" "$name"
        done
        # Any directory's with the argument comes before all without.
        service_says "$place test.Service" test.Service+other
        rm "$ROOT/$place/qubes-rpc/test.Service+work"
        service_says "$place test.Service" test.Service+work
    done
}

@test "a link is followed within the machine; one that leads nowhere, and a file, are 125" {
    begin_vault
    serve /run/service.sock 'cat >/dev/null; echo here'
    ln -s /run/service.sock "$ROOT/etc/qubes-rpc/test.Link"
    service_says here test.Link
    ln -s /run/nothere.sock "$ROOT/usr/local/etc/qubes-rpc/test.Link"
    run call dev vault test.Link
    [ "$status" -eq 125 ]
    : >"$ROOT/etc/qubes-rpc/test.File"
    run call dev vault test.File
    [ "$status" -eq 125 ]
}

@test "nobody listens: 125" {
    begin_vault
    python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' \
        "$ROOT/etc/qubes-rpc/test.Service"
    run call dev vault test.Service
    [ "$status" -eq 125 ]
}

@test "the descriptor comes first, with the caller's name, then what the caller says" {
    begin_vault
    serve /etc/qubes-rpc/test.Service cat
    printf data | call dev vault test.Service | tr '\0' '|' | grep -qx 'test.Service+ dev|data'
    printf data | call other vault test.Service+work | tr '\0' '|' | grep -qx 'test.Service+work other|data'
    mkdir -p "$ROOT/etc/qubes/rpc-config"
    echo 'skip-service-descriptor=true' >"$ROOT/etc/qubes/rpc-config/test.Service"
    printf data | call dev vault test.Service | grep -qx data
    mkdir -p "$ROOT/run/qubes/rpc-config"
    : >"$ROOT/run/qubes/rpc-config/test.Service"
    printf data | call dev vault test.Service | tr '\0' '|' | grep -qx 'test.Service+ dev|data'
}

@test "the caller's end comes through, and the answer after it" {
    begin_vault
    serve /etc/qubes-rpc/test.Service 'tail -c +19 | sha256sum'
    head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/data"
    [ "$(call dev vault test.Service <"$BATS_TEST_TMPDIR/data")" = "$(sha256sum <"$BATS_TEST_TMPDIR/data")" ]
}

@test "the service ends the call, while the caller would go on" {
    begin_vault
    serve /etc/qubes-rpc/test.Service 'head -c 18 >/dev/null; echo done'
    mkfifo "$BATS_TEST_TMPDIR/open"
    exec 9<>"$BATS_TEST_TMPDIR/open"
    QREXEC_STANDIN_SOCKET="$DOM0/qubes/dev/standin/socket" run timeout 30 "$STANDIN/qrexec-call" \
        vault test.Service <&9
    exec 9>&-
    [ "$status" -eq 0 ]
    [ "$output" = done ]
}

@test "the connection comes from root" {
    begin_vault
    begin_process "$DOM0/daemon.log" python3 -c '
import socket, struct, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
peer = listener.accept()[0]
peer.recv(100)
uid = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
peer.sendall(b"uid %d\n" % uid)' "$ROOT/etc/qubes-rpc/test.Service"
    wait_until listens "$ROOT/etc/qubes-rpc/test.Service"
    service_says 'uid 0' test.Service
}

@test "wait-for-session: until the session is there" {
    begin_vault
    mkdir -p "$ROOT/etc/qubes/rpc-config"
    echo 'wait-for-session=1' >"$ROOT/etc/qubes/rpc-config/test.Service"
    serve /etc/qubes-rpc/test.Service 'cat >/dev/null; echo hello'
    call dev vault test.Service </dev/null >"$BATS_TEST_TMPDIR/out" &
    pid=$!
    wait_until grep -q 'allow vault' "$DOM0/log"
    [ ! -s "$BATS_TEST_TMPDIR/out" ]
    : >"$ROOT/tmp/qubes-session-env"
    wait "$pid"
    [ "$(cat "$BATS_TEST_TMPDIR/out")" = hello ]
}

@test "words that qrexec would not take are refused" {
    policy <<<'*  *  @anyvm  vault  allow'
    long=$(printf '%064d' 0)
    for words in '' vault 'vault a b' "vault x$long" "x$long test.Service"; do
        # shellcheck disable=SC2086 # a list
        QREXEC_STANDIN_SOCKET="$DOM0/qubes/dev/standin/socket" run "$STANDIN/qrexec-call" $words
        [ "$status" -eq 2 ] || [ "$status" -eq 125 ]
    done
    [ ! -s "$DOM0/log" ]
}
