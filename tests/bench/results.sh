#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# results.sh [OPTION...] BUILD [SECTION...]: measures BUILD/bin/split-ssh-agent against the installed
# ssh-agent, pageant and gpg-agent, and split-ssh-relay against socat and ncat, in turn; writes
# RESULTS.md, results.svg, and what README.md has of them. It takes about twelve minutes.
#
#   --check               exit status 2 if a figure is not met, or not measured; else that is no failure
#   --busy                goes on beside other work, too, and RESULTS.md says so
#   --smoke               a handful of measurements, and fewer keys: does it still work? Writes into a
#                         directory of its own. Implies --busy
#   --render              measures nothing; the tables and the picture again from BUILD/results.tsv
#   --output DIR          where RESULTS.md and results.svg go (default: here; elsewhere README.md stays)
#
# Sections: start memory lists signs idle use throughput hostile limit arena (default: all, in this
# order; RESULTS.md wants all). The figures go to BUILD/results.tsv, one line for each side of each measurement: what, who,
# samples, median, 99th percentile (microseconds), ratio of the first side to this one. An optimised
# build with the tools in it:
#
#   cmake -S . -B build/bench -DCMAKE_BUILD_TYPE=Release -DSPLIT_SSH_TESTS=ON \
#       -DCMAKE_INSTALL_PREFIX=build/bench
#   cmake --build build/bench --target bench-all && tests/bench/results.sh build/bench
#
# Where the machine has something else to do, it waits two minutes for the end of that, and gives up.
# Root measures memory, too. All is below $TMPDIR, and the prompt watches the directories
# above its home: where a great many files have come and gone there, inotify_add_watch(2) goes through
# all the names that the kernel still has, and the section start shows that instead.
set -eu -o pipefail
export LC_ALL=C
unset DISPLAY WAYLAND_DISPLAY SSH_AUTH_SOCK SSH_AGENT_PID SSH_ASKPASS GNUPGHOME

here=$(cd "$(dirname "$0")" && pwd)
check=false
busy=false
smoke=false
render=false
output=$here
counts=(1 10 100 1000) # keys, in the order in which they are added
idle=(100 1000)        # connections beside one
crowd=(1 8 64)         # connections at once
files=200              # key files for the section start, half of them with a passphrase
rounds=20
batch=50
slot=100         # milliseconds for a batch
least=2          # of a batch, even if they take longer
floods=(bench-ed25519-256 bench-rsa-4096 list extension)
flood=(5 200 600 40)        # rounds, batch, slot and least
flood_first=(1 300 2500 100) # the same, for what an agent allows before it slows a flood down
load_allowed=0.5  # of /proc/loadavg, in the last minute
load_patience=120 # seconds
dir=             # everything is in here
names=(ours ssh-agent pageant gpg-agent)
every_section=(start memory lists signs idle use throughput hostile limit arena)
kinds=(ed25519-256 ecdsa-256 rsa-2048 rsa-3072 rsa-4096)
throughput_kinds=("${kinds[@]}")
throughput_rounds=9
declare -A throughput_slot=([rsa-3072]=250 [rsa-4096]=500) # milliseconds; else 150
running= # what measures just now

# shellcheck source-path=SCRIPTDIR source=agents.bash
. "$here/agents.bash"

fail()
{
    echo "results.sh: $1" >&2
    exit 1
}

parse()
{
    while [ $# -gt 0 ]; do
        case $1 in
        --check) check=true ;;
        --busy) busy=true ;;
        --smoke) smoke=true busy=true ;;
        --render) render=true ;;
        --output) output=$(realpath "$2") && shift ;;
        -*) fail "unknown option $1; the beginning of this file has them all" ;;
        *) break ;;
        esac
        shift
    done
    [ $# -gt 0 ] || fail "which BUILD? It has bin/split-ssh-agent"
    build=$(realpath -m "$1")
    shift
    sections=("$@")
    [ $# -gt 0 ] || sections=("${every_section[@]}")
    if $check && [ "${sections[*]}" != "${every_section[*]}" ]; then
        fail "--check wants all sections"
    fi
    data=$build/results.tsv
    tools=$build/tests/bench
    client=$build/tests/standin/qrexec-client-vm
    if $smoke; then
        rounds=2 batch=4 slot=20 files=4 counts=(1 10 20) idle=(20) crowd=(8) flood=(2 4 20 2)
        flood_first=(1 4 20 2) throughput_rounds=2 throughput_slot=([ed25519-256]=20)
        throughput_kinds=(ed25519-256) floods=(bench-ed25519-256 list)
        data=$build/results-smoke.tsv
    fi
}

check_programs()
{
    local program

    for program in "$build/bin/split-ssh-agent" "$build/bin/split-ssh-relay" "$tools/bench" \
        "$tools/bench-spawn-server" "$tools/bench-plain-agent" "$client" ssh-agent ssh-add \
        ssh-keygen pageant gpg-agent gpgconf socat ncat gnuplot taskset pgrep; do
        command -v "$program" >/dev/null || fail "missing: $program"
    done
    if ldd "$build/bin/split-ssh-agent" "$tools/bench" 2>/dev/null | grep -q 'lib[at]san'; then
        echo "note: this build is sanitised; its numbers mean nothing"
    fi
}

# bench LABEL COMMAND...: one line for each side. A signal ends a wait at once, nothing else.
bench()
{
    local label=$1

    shift
    taskset -c "$where" "$tools/bench" -l "$label" -r "$rounds" -n "$batch" -m "$least" -s "$slot" \
        "$@" >"$dir/records" &
    running=$!
    wait "$running" || { tail -n 20 "$dir"/*.log >&2 && fail "bench $* fails"; }
    running=
    tee -a "$data" <"$dir/records"
}

# everybody: NAME=SOCKET of each agent.
everybody()
{
    entrants=()
    for name in "${names[@]}"; do
        entrants+=("$name=${at[$name]}")
    done
}

run_start()
{
    local i passphrase commands=() identities=$dir/home-files/.ssh/identities.d

    for name in "${names[@]}"; do
        prepare_agent "$name" start
        commands+=("$name=$socket=${command[*]}")
    done
    mkdir -p "$identities"
    chmod 700 "$identities"
    for ((i = 0; i < files; i++)); do
        passphrase=
        ((i % 2 == 0)) || passphrase=bench
        ssh-keygen -q -t ed25519 -a 16 -N "$passphrase" -C "bench-$i" -f "$identities/key$i"
    done
    for mode in one all; do
        on "$mode"
        batch=3 bench "$mode/start/0" start 0 "${commands[@]}"
        batch=3 HOME=$dir/home-files bench "$mode/start/$files" start "$files" "${commands[0]}"
    done
}

# Each agent alone: what two of them share would be halved.
run_memory()
{
    local name

    on all
    for name in "${names[@]}"; do
        start_agent "$name" memory
        "$tools/bench" -r 1 -n 2 ask list "$name=${at[$name]}" >/dev/null
        bench memory/0 memory "$name" "${keeper[$name]}"
        "$tools/bench" load "$name=${at[$name]}" 0 "${counts[-1]}"
        "$tools/bench" -r 1 -n 2 ask list "$name=${at[$name]}" >/dev/null
        bench "memory/${counts[-1]}" memory "$name" "${keeper[$name]}"
        end "$name"
    done
}

start_agents()
{
    local name

    for name in "${names[@]}"; do
        start_agent "$name" main
        add_keys "$name" ed25519-256
    done
    everybody
    loaded=1
}

# load_keys COUNT: in all, the five of each kind among them from the second step on.
load_keys()
{
    local name

    [ "$1" -gt "$loaded" ] || return 0
    for name in "${names[@]}"; do
        [ "$loaded" -gt 1 ] || add_keys "$name" "${kinds[@]:1}"
        "$tools/bench" load "$name=${at[$name]}" "$loaded" $(($1 - (loaded > 1 ? loaded : 5)))
    done
    loaded=$1
}

run_lists()
{
    for mode in one all; do
        on "$mode"
        bench "$mode/list/$loaded" ask list "${entrants[@]}"
        bench "$mode/sign-beside/$loaded" ask bench-ed25519-256 "${entrants[@]}"
    done
}

run_signs()
{
    local kind

    for mode in one all; do
        on "$mode"
        for kind in "${kinds[@]}"; do
            bench "$mode/sign/$kind" ask "bench-$kind" "${entrants[@]}"
        done
    done
}

run_idle()
{
    local entrant count

    for mode in one all; do
        on "$mode"
        for count in "${idle[@]}"; do
            for entrant in "${entrants[@]}"; do
                bench "$mode/idle-list/$count" idle list "$count" "$entrant"
                bench "$mode/idle-sign/$count" idle bench-ed25519-256 "$count" "$entrant"
            done
        done
    done
}

# The same stand-in for qrexec behind each of the four relays.
run_use()
{
    local call="$client vault qubes.SshAgent"

    mkdir "$dir/rpc"
    ln -s "$dir/qrexec-main" "$dir/rpc/qubes.SshAgent"
    export QREXEC_STANDIN_RPC=$dir/rpc
    start "$dir/relay" relay.log "$build/bin/split-ssh-relay" -a "$dir/relay" \
        --qrexec-client "$client" vault
    keeper[relay]=${pids[-1]}
    # shellcheck disable=SC2086 # three words
    start "$dir/spawn" spawn.log "$tools/bench-spawn-server" "$dir/spawn" $call
    keeper[spawn]=${pids[-1]}
    start "$dir/socat" socat.log socat "UNIX-LISTEN:$dir/socat,fork" "EXEC:$call"
    keeper[socat]=${pids[-1]}
    start "$dir/ncat" ncat.log ncat -U -l -k "$dir/ncat" -e "$call"
    keeper[ncat]=${pids[-1]}
    for mode in one all; do
        on "$mode"
        bench "$mode/use/agents" use "${entrants[@]}"
        bench "$mode/use/relays" use relay="$dir/relay" spawn="$dir/spawn" socat="$dir/socat" \
            ncat="$dir/ncat"
    done
}

run_throughput()
{
    local kind count

    on all
    for count in "${crowd[@]}"; do
        for kind in "${throughput_kinds[@]}"; do
            rounds=$throughput_rounds slot=${throughput_slot[$kind]:-150} \
                bench "all/throughput/$kind/$count" throughput "bench-$kind" "$count" "${entrants[@]}"
        done
    done
}

# flood_ours LABEL COMMAND FLOOD: by a qube that has not asked for anything yet.
flood_ours()
{
    local victim entrant qrexec=$dir/qrexec-main

    for victim in list bench-ed25519-256; do
        for entrant in "other qube=$qrexec@victim" "vault=${at[ours]}"; do
            bench "all/hostile/$1/$victim" "$2" "$3" "$victim" \
                "flood=$qrexec@hostile$((hostile += 1))" "$entrant" "${keeper[ours]}"
        done
    done
}

run_hostile()
{
    local what name rounds=${flood[0]} batch=${flood[1]} slot=${flood[2]} least=${flood[3]} hostile=0

    on all
    bench all/hostile/one ask bench-rsa-4096 "ours=${at[ours]}"
    rounds=${flood_first[0]} batch=${flood_first[1]} slot=${flood_first[2]} least=${flood_first[3]} \
        flood_ours first/bench-rsa-4096 hostile-first bench-rsa-4096
    for what in "${floods[@]}"; do
        flood_ours "$what" hostile "$what"
        for name in "${names[@]:1}"; do
            rounds=$(((rounds + 1) / 2)) bench "all/hostile/$what/bench-ed25519-256" hostile \
                "$what" bench-ed25519-256 "flood=${at[$name]}" "$name=${at[$name]}" \
                "${keeper[$name]}"
        done
    done
}

run_limit()
{
    local kind

    for mode in one all; do
        on "$mode"
        for kind in "${kinds[@]}"; do
            bench "$mode/limit/$kind" limit "bench-$kind" "ours=${at[ours]}"
        done
    done
}

# One in twenty is not much to be seen: many rounds of the short one.
run_arena()
{
    local name

    for name in arena malloc; do
        start_agent "$name" arena
        add_keys "$name" ed25519-256 rsa-3072
    done
    on one
    rounds=$((rounds * 10)) bench one/arena/ed25519-256 ask bench-ed25519-256 \
        "arena=${at[arena]}" "malloc=${at[malloc]}"
    bench one/arena/rsa-3072 ask bench-rsa-3072 "arena=${at[arena]}" "malloc=${at[malloc]}"
}

# Keys are added between the sections: most are measured with ten.
run_sections()
{
    local section count begin=$SECONDS

    start_agents
    for count in "${counts[@]}"; do
        load_keys "$count"
        [[ " ${sections[*]} " != *' lists '* ]] || run_lists
        [ "$count" = 10 ] || continue
        for section in "${sections[@]}"; do
            case $section in
            start | memory | lists) continue ;;
            esac
            "run_$section"
            echo "# $section: $((SECONDS - begin)) s" >&2
        done
    done
}

current_load()
{
    cut -d ' ' -f 1 /proc/loadavg
}

# Sets load, at most load_allowed if not --busy.
wait_for_quiet()
{
    local end=$((SECONDS + load_patience))

    load=$(current_load)
    until $busy || awk -v load="$load" -v allowed="$load_allowed" 'BEGIN { exit load > allowed }'; do
        [ "$SECONDS" -lt "$end" ] ||
            fail "the machine is busy (load $load, more than $load_allowed); end that, or say --busy"
        sleep 5
        load=$(current_load)
    done
}

measure()
{
    local kind section load

    for section in "${sections[@]}"; do
        [[ " ${every_section[*]} " == *" $section "* ]] ||
            fail "no section $section; the beginning of this file has them all"
    done
    check_programs
    wait_for_quiet
    dir=$(mktemp -d)
    trap clean_up EXIT
    trap 'exit 130' HUP INT TERM
    # Signatures are measured, not questions; and nothing is read from or written to the user's own.
    export HOME=$dir/home XDG_CONFIG_HOME=$dir/config XDG_STATE_HOME=$dir/state
    mkdir -p "$dir/home" "$dir/config/qubes-split-ssh"
    printf '[DEFAULT]\n%s\n' 'confirm = no' 'uses = no' 'rate = no' 'opaque = yes' \
        'connections = 64' 'notify = no' >"$dir/config/qubes-split-ssh/bench.conf"
    all=$(taskset -cp $$ | sed 's/.*: //')
    one=${all##*[,-]}
    for kind in "${kinds[@]}"; do
        ssh-keygen -q -N '' -t "${kind%-*}" -b "${kind#*-}" -C "bench-$kind" -f "$dir/$kind"
    done
    : >"$data"
    describe | tee -a "$data"
    [[ " ${sections[*]} " != *' start '* ]] || run_start
    [[ " ${sections[*]} " != *' memory '* ]] || run_memory
    run_sections
}

# fact NAME TEXT: a line about this machine.
fact()
{
    printf 'fact\t%s\t%s\n' "$1" "$2"
}

describe()
{
    local cpu

    cpu=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)
    fact date "$(date -u +%Y-%m-%d)"
    fact split-ssh "$(cat "$here/../../version")"
    fact processor "${cpu:-$(uname -m)}, $(nproc) cores"
    # shellcheck source=/dev/null # the distribution's
    fact system "$(. /etc/os-release && echo "$PRETTY_NAME"), Linux $(uname -r)"
    fact OpenSSH "$(ssh -V 2>&1 | sed 's/^OpenSSH_\([^ ,]*\).*/\1/')"
    fact PuTTY "$(pageant --version | sed -n 's/.*Release //p')"
    fact GnuPG "$(gpg-agent --version | sed -n '1s/.* //p')"
    fact libgcrypt "$(gpg-agent --version | sed -n 's/^libgcrypt //p')"
    fact libsodium "$("$tools/bench" version | sed -n 's/^libsodium //p')"
    fact OpenSSL "$("$tools/bench" version | sed -n 's/^OpenSSL \([^ ]*\).*/\1/p')"
    fact socat "$(socat -V | sed -n 's/^socat version \([^ ]*\).*/\1/p')"
    fact ncat "$(ncat --version 2>&1 | sed -n 's/.*Version \([^ ]*\).*/\1/p')"
    fact load "$load"
    fact 'load allowed' "$load_allowed"
    fact 'throughput rounds' "$throughput_rounds"
    fact keys "${counts[-1]}"
    fact idle "${idle[-1]}"
    fact crowd "${crowd[*]}"
    fact files "$files"
}

write()
{
    local missed title="Time of a signature, of a list, and of another client's signature in a flood"

    [ -s "$data" ] || fail "nothing is measured: $data"
    awk -f "$here/results.awk" "$data" >"$output/RESULTS.md"
    awk -v part=plot -f "$here/results.awk" "$data" >"$data.plot"
    gnuplot -e "data='$data.plot'" "$here/results.gp" |
        sed -e '1a <!-- SPDX-License-Identifier: BSD-2-Clause -->' -e '/^<desc>/d' \
            -e '/<filter/,/<\/filter>/d' -e "/id='gpPt[56]'/!{/id='gpPt/d}" \
            -e "s|<title>Gnuplot</title>|<title>$title</title>|" -e 's/^[[:space:]]*//' \
            -e 's/[[:space:]]*$//' -e '/^$/d' >"$output/results.svg"
    awk -v part=readme -f "$here/results.awk" "$data" >"$data.readme"
    if [ "$output" = "$here" ]; then
        sed -i -e "/^<!-- results -->\$/r $data.readme" \
            -e '/^<!-- results -->$/,/^<!-- end of results -->$/{/^<!--/!d}' "$here/../../README.md"
    fi
    missed=$(grep -o '\*\*no\*\*' "$output/RESULTS.md" | wc -l || true)
    echo "wrote $output/RESULTS.md and results.svg; figures that are not met, or not measured: $missed"
    if $check && [ "$missed" != 0 ]; then
        exit 2
    fi
}

main()
{
    local mode='' where='' all='' one='' loaded=0 entrants=() socket='' command=() name=''

    parse "$@"
    $render || measure
    if [ "${sections[*]}" != "${every_section[*]}" ]; then
        echo "measured into $data in $SECONDS s; RESULTS.md wants all sections"
        return
    fi
    if $smoke; then
        output=$dir
    fi
    write
}

main "$@"
