# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: BSD-2-Clause
# For results.sh: starts agents and relays, puts them on processors, and ends them. Everything is in
# $dir.

pids=()             # every process started here
declare -A keeper=() # of an agent or relay: what runs it
declare -A at=()     # of an agent: its socket

# end NAME: the agent of this name.
end()
{
    local ended=${keeper[$1]} pid left=()

    kill "$ended"
    wait "$ended" || fail "$1 does not end"
    unset "keeper[$1]"
    for pid in "${pids[@]}"; do
        [ "$pid" = "$ended" ] || left+=("$pid")
    done
    pids=("${left[@]}")
}

# pageant has its socket in a directory of its own choice, and does not always take it away.
remove_target()
{
    local target

    [ -L "$1" ] || return 0
    target=$(readlink "$1")
    rm -f "$target"
    rmdir "${target%/*}" 2>/dev/null || true
}

clean_up()
{
    local pid home socket

    for pid in $running "${pids[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    for pid in $running "${pids[@]}"; do
        wait "$pid" 2>/dev/null || true
    done
    for socket in "$dir"/pageant-*; do
        remove_target "$socket"
    done
    for home in "$dir"/gnupg-*; do
        gpgconf --homedir "$home" --remove-socketdir >/dev/null 2>&1 || true
    done
    rm -rf "$dir"
}

# A socket is there before anybody listens on it.
listens()
{
    awk -v path="$(readlink -f "$1")" '$4 == "00010000" && $8 == path { found = 1 }
        END { exit !found }' /proc/net/unix
}

# start SOCKET LOG PROGRAM...: runs it until the end, once it listens on the socket.
start()
{
    local socket=$1 log=$2 try

    shift 2
    "$tools/bench" keep "$@" >"$dir/$log" 2>&1 </dev/null &
    pids+=($!)
    for try in {1..500}; do
        ! listens "$socket" || return 0
        kill -0 "${pids[-1]}" 2>/dev/null || break
        sleep 0.02
    done
    cat "$dir/$log" >&2
    fail "$1 does not listen on $socket (looked $try times)"
}

# prepare_agent NAME TAG: sets command and socket for one more instance of an agent.
prepare_agent()
{
    local home=$dir/gnupg-$2

    socket=$dir/$1-$2
    case $1 in
    ours) command=("$build/bin/split-ssh-agent" -D -a "$socket" -q "$dir/qrexec-$2") ;;
    arena) command=("$build/bin/split-ssh-agent" -D -a "$socket") ;;
    malloc) command=("$tools/bench-plain-agent" -D -a "$socket") ;;
    ssh-agent) command=(ssh-agent -D -a "$socket") ;;
    pageant) command=(pageant --permanent --symlink "$socket") ;;
    gpg-agent)
        mkdir -m 700 "$home"
        gpgconf --homedir "$home" --create-socketdir >/dev/null 2>&1 || true
        socket=$(gpgconf --homedir "$home" --list-dirs agent-ssh-socket)
        command=(gpg-agent --homedir "$home" --daemon --enable-ssh-support --disable-scdaemon
            --auto-expand-secmem 1048576 --pinentry-program "$here/pinentry.sh")
        ;;
    esac
}

# start_agent NAME TAG: its socket is ${at[NAME]} from then on.
start_agent()
{
    prepare_agent "$1" "$2"
    start "$socket" "$1-$2.log" "${command[@]}"
    at[$1]=$socket
    keeper[$1]=${pids[-1]}
}

add_keys()
{
    local kind

    for kind in "${@:2}"; do
        SSH_AUTH_SOCK=${at[$1]} ssh-add -q "$dir/$kind" </dev/null
    done
}

# below PID: the processes that it has started, and those that they have.
below()
{
    local pid

    for pid in $(pgrep -P "$1"); do
        echo "$pid"
        below "$pid"
    done
}

# on one|all: where the agents, and what is measured with, may run from now on.
on()
{
    local name pid

    mode=$1 where=$all
    [ "$mode" = all ] || where=$one
    for name in "${!keeper[@]}"; do
        for pid in "${keeper[$name]}" $(below "${keeper[$name]}"); do
            taskset -acp "$where" "$pid" >/dev/null || fail "cannot move process $pid of $name"
        done
    done
}
