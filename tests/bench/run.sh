#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# run.sh [OPTION...] PREFIX [SECTION...]: measures PREFIX/bin/split-ssh-agent against the installed
# ssh-agent and split-ssh-relay against simpler relays, and prints tables.
#
#   --check               exit status 2 if a target is missed; else that is no failure
#   --smoke               a handful of measurements, and fewer keys: does it still work?
#   --tools DIR           where bench and its helpers are (default: PREFIX/tests/bench)
#   --qrexec-client PATH  the stand-in for qrexec-client-vm
#                         (default: PREFIX/tests/standin/qrexec-client-vm)
#
# Sections: use sign sign-free arena idle list start hostile (default: all, in this order). Numbers
# from a sanitised build mean nothing. An optimised build with the tools in it:
#
#   cmake -S . -B build/bench -DCMAKE_BUILD_TYPE=Release -DSPLIT_SSH_TESTS=ON \
#       -DCMAKE_INSTALL_PREFIX=build/bench
#   cmake --build build/bench --target bench-all && tests/bench/run.sh build/bench
#
# The machine should have nothing else to do.
set -eu

check=false
tools=
client=
keys=1000        # loaded for the sections list and hostile
idle=1000        # connections
files=200        # key files for the section start, half of them with a passphrase
plan=(-r 20 -n 50)
dir=             # everything is in here
pids=()          # every process started here
missed=false

fail()
{
    echo "run.sh: $1" >&2
    exit 1
}

parse()
{
    while [ $# -gt 0 ]; do
        case $1 in
        --check) check=true ;;
        --smoke) plan=(-r 2 -n 5) keys=20 idle=20 files=10 ;;
        --tools) tools=$2 && shift ;;
        --qrexec-client) client=$2 && shift ;;
        -*) fail "unknown option $1; the beginning of this file has them all" ;;
        *) break ;;
        esac
        shift
    done
    [ $# -gt 0 ] || fail "which PREFIX? It has bin/split-ssh-agent"
    prefix=$(realpath -m "$1")
    shift
    sections=("$@")
    [ $# -gt 0 ] || sections=(use sign sign-free arena idle list start hostile)
    tools=$(realpath -m "${tools:-$prefix/tests/bench}")
    client=$(realpath -m "${client:-$prefix/tests/standin/qrexec-client-vm}")
}

check_programs()
{
    local program

    for program in "$prefix/bin/split-ssh-agent" "$prefix/bin/split-ssh-relay" "$tools/bench" \
        "$tools/bench-spawn-server" "$tools/bench-plain-agent" "$client" ssh-agent ssh-add \
        ssh-keygen socat taskset; do
        command -v "$program" >/dev/null || fail "missing: $program"
    done
    if ldd "$prefix/bin/split-ssh-agent" "$tools/bench" 2>/dev/null | grep -q 'lib[at]san'; then
        echo "note: this build is sanitised; its numbers mean nothing"
    fi
}

clean_up()
{
    local pid

    for pid in "${pids[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in "${pids[@]}"; do
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$dir"
}

# start SOCKET LOG PROGRAM...: runs it until the end, once it listens on the socket.
start()
{
    local socket=$1 log=$2 try

    shift 2
    "$@" >"$dir/$log" 2>&1 &
    pids+=($!)
    for try in {1..500}; do
        [ ! -S "$socket" ] || return 0
        kill -0 "${pids[-1]}" 2>/dev/null || break
        sleep 0.02
    done
    cat "$dir/$log" >&2
    fail "$1 does not listen on $socket (looked $try times)"
}

make_keys()
{
    local kind

    for kind in ed25519-256 ecdsa-256 rsa-2048 rsa-3072 rsa-4096; do
        ssh-keygen -q -N '' -t "${kind%-*}" -b "${kind#*-}" -C "bench-$kind" -f "$dir/$kind"
    done
    add_keys ours
    add_keys theirs
}

# add_keys NAME: to the agent on the socket of this name.
add_keys()
{
    local key

    for key in ed25519-256 ecdsa-256 rsa-2048 rsa-3072 rsa-4096; do
        SSH_AUTH_SOCK=$dir/$1 ssh-add -q "$dir/$key"
    done
}

bench()
{
    local status=0

    ${on:-} "$tools/bench" "${plan[@]}" "$@" || status=$?
    case $status in
    0) ;;
    2) missed=true ;;
    *) tail -n 20 "$dir"/*.log >&2
        fail "bench $* ends with status $status" ;;
    esac
}

load_many()
{
    [ ! -e "$dir/loaded" ] || return 0
    bench load "$dir/ours" "$keys"
    bench load "$dir/theirs" "$keys"
    touch "$dir/loaded"
}

# The same stand-in for qrexec behind each of the three.
run_use()
{
    mkdir "$dir/rpc"
    ln -s "$dir/qrexec" "$dir/rpc/qubes.SshAgent"
    export QREXEC_STANDIN_RPC=$dir/rpc
    start "$dir/relay" relay.log "$prefix/bin/split-ssh-relay" -a "$dir/relay" \
        --qrexec-client "$client" vault
    start "$dir/bare" bare.log "$tools/bench-spawn-server" "$dir/bare" "$client" vault \
        qubes.SshAgent
    start "$dir/socat" socat.log socat "UNIX-LISTEN:$dir/socat,fork" \
        "EXEC:$client vault qubes.SshAgent"
    bench use "$dir/relay" "$dir/bare" "$dir/socat"
}

# start_on_one NAME PROGRAM...: an agent with the keys, on the processor that $on names.
start_on_one()
{
    local name=$1

    shift
    start "$dir/$name" "$name.log" $on "$@" -D -a "$dir/$name"
    add_keys "$name"
}

# Agents and client on one processor: the programs take turns. To wake a processor that sleeps takes
# longer in a virtual machine than an ed25519 signature, and which wake-ups need one is the
# scheduler's choice: sign-free, where it chooses, says more about the machine than about the agents.
run_sign()
{
    local on="taskset -c $one"

    start_on_one one-ours "$prefix/bin/split-ssh-agent"
    start_on_one one-theirs ssh-agent
    bench sign "$dir/one-ours" "$dir/one-theirs"
}

run_arena()
{
    local on="taskset -c $one"

    start_on_one arena "$prefix/bin/split-ssh-agent"
    start_on_one plain "$tools/bench-plain-agent"
    bench arena "$dir/arena" "$dir/plain"
}

# In a home of its own: the other agents here read no key files.
run_start()
{
    local i passphrase identities=$dir/home-files/.ssh/identities.d

    mkdir -p -m 700 "$identities"
    for ((i = 0; i < files; i++)); do
        passphrase=
        ((i % 2 == 0)) || passphrase=bench
        ssh-keygen -q -t ed25519 -a 16 -N "$passphrase" -C "bench-$i" -f "$identities/key$i"
    done
    plan=("${plan[@]:0:2}" -n 2)
    HOME=$dir/home-files bench start "$prefix/bin/split-ssh-agent" "$dir/start" "$files"
}

run_section()
{
    case $1 in
    use) run_use ;;
    sign) run_sign ;;
    sign-free) bench sign-free "$dir/ours" "$dir/theirs" ;;
    arena) run_arena ;;
    idle) bench idle "$dir/ours" "$idle" ;;
    start) run_start ;;
    list) load_many && bench list "$dir/ours" "$dir/theirs" ;;
    hostile) load_many && bench hostile "$dir/ours" "$dir/qrexec" "$agent" ;;
    *) fail "no section $1; there are: use sign sign-free arena idle list start hostile" ;;
    esac
}

main()
{
    local section agent one

    parse "$@"
    check_programs
    dir=$(mktemp -d)
    # Signatures are measured, not questions; and nothing is read from or written to the user's own.
    export HOME=$dir/home XDG_CONFIG_HOME=$dir/config XDG_STATE_HOME=$dir/state
    mkdir -p "$dir/home" "$dir/config/qubes-split-ssh"
    printf '[DEFAULT]\n%s\n' 'confirm = no' 'uses = no' 'rate = no' 'opaque = yes' \
        'connections = 64' 'notify = no' >"$dir/config/qubes-split-ssh/bench.conf"
    trap clean_up EXIT
    trap 'exit 130' INT TERM
    one=$(taskset -cp $$ | sed 's/.*[ ,-]//')
    start "$dir/ours" ours.log "$prefix/bin/split-ssh-agent" -D -a "$dir/ours" -q "$dir/qrexec"
    agent=${pids[-1]}
    start "$dir/theirs" theirs.log ssh-agent -D -a "$dir/theirs"
    make_keys
    for section in "${sections[@]}"; do
        run_section "$section"
    done
    if $check && $missed; then
        exit 2
    fi
}

main "$@"
