#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# What another process does to get at keys: of the same user, it is refused; of root, it gets none.

load memory_setup

setup_file() {
    make_all_keys
}

setup() {
    need_root
    prepare
    LOAD=()
    OPEN=$(mktemp -d /tmp/split-ssh-attack.XXXXXX)
    chmod 711 "$OPEN"
}

teardown() {
    if [ -n "${PIDS+set}" ]; then
        rm -rf "$OPEN"
        clean_up
    fi
}

# as_nobody COMMAND...
as_nobody() {
    setpriv --reuid=nobody --regid=65534 --clear-groups --bounding-set=-all "$@"
}

# traced_by PID TRACER
traced_by() {
    [ "$(sed -n 's/^TracerPid:.//p' "/proc/$1/status")" = "$2" ]
}

# start_all_as_nobody: agent, keystore and relay, and a key.
start_all_as_nobody() {
    install -d -m 700 -o nobody "$OPEN/nobody"
    AGENT_SOCKET="$OPEN/nobody/agent"
    export HOME="$OPEN/nobody" # with files that it may read, and none
    unset XDG_CONFIG_HOME XDG_STATE_HOME
    export SSH_AUTH_SOCK="$AGENT_SOCKET"
    cd /
    start_agent_as setpriv --reuid=nobody --regid=65534 --clear-groups --bounding-set=-all \
        "$AGENT" -D -a "$AGENT_SOCKET"
    ssh-add -q "$KEYS/ed25519"
    start_relay_as setpriv --reuid=nobody --regid=65534 --clear-groups --bounding-set=-all \
        "$RELAY" -a "$OPEN/nobody/relay" --qrexec-client "$STANDIN"
    for pid in "$AGENT_PID" "$KEYSTORE_PID" "$RELAY_PID"; do
        grep -q "^Uid:.$(id -u nobody)" "/proc/$pid/status"
    done
    traced_by "$KEYSTORE_PID" "$AGENT_PID"
}

### The same user

@test "the probe gets into a process of the same user that does nothing against it" {
    cd /
    spawn setpriv --reuid=nobody --regid=65534 --clear-groups --bounding-set=-all sleep 1000
    wait_until grep -q sleep "/proc/$SPAWNED/comm"
    run as_nobody "$PROBE" "$SPAWNED"
    echo "$output"
    [ "$status" -eq 1 ]
    for way in mem fd/0 maps environ; do
        grep -q "^/proc/$SPAWNED/$way: open" <<<"$output"
    done
    for way in process_vm_readv pidfd_getfd ptrace; do
        grep -q "^$way: open" <<<"$output"
    done
}

@test "every way in is refused to the same user: agent and keystore" {
    start_all_as_nobody
    for pid in "$AGENT_PID" "$KEYSTORE_PID"; do
        run as_nobody "$PROBE" "$pid"
        echo "$output"
        [ "$status" -eq 0 ]
        [ "${#lines[@]}" -eq 10 ]
        refute grep -q -v -e 'Permission denied$' -e 'Operation not permitted$' <<<"$output"
        run as_nobody timeout 60 gcore -o "$OPEN/nobody/core" "$pid"
        [ "$status" -ne 0 ]
        [ -z "$(find "$OPEN" -name 'core*')" ]
    done
    ssh-add -T "$KEYS/ed25519.pub"
}

### Root

@test "process_vm_readv, PTRACE_PEEKDATA and pidfd_getfd by root find a key where there is one" {
    hex=$(sed -n 's/^p256.d //p' "$SECRETS")
    spawn "$MEMORY/hold" "$hex" >"$D/held"
    wait_until test -s "$D/held"
    run "$PROBE" "$SECRETS" "$SPAWNED"
    echo "$output"
    [ "$status" -eq 1 ]
    grep -q "process_vm_readv: .*, hits [1-9]" <<<"$output"
    grep -q "PTRACE_PEEKDATA: .*, hits [1-9]" <<<"$output"
    # And in a file that a process has open.
    unhex "$hex" >"$D/key"
    exec {HELD}<"$D/key"
    spawn sleep 1000
    exec {HELD}<&-
    run "$PROBE" "$SECRETS" "$SPAWNED"
    echo "$output"
    grep -q "pidfd_getfd of [1-9].*, hits [1-9]" <<<"$output"
}

# nothing_for_root LOOKS: in agent, keystore and relay, idle and while they sign; LOOKS is how many
# ways there are into the three together.
nothing_for_root() {
    local state

    load_all
    start_client_qube
    for state in idle signing; do
        run timeout 120 "$PROBE" "$SECRETS" "$AGENT_PID" "$KEYSTORE_PID" "$RELAY_PID"
        echo "$state: $output"
        [ "$status" -eq 0 ]
        [ "$(grep -c ', hits 0$' <<<"$output")" -eq "$1" ]
        # The keystore has its standard descriptors and the agent's socket, nothing to be mapped.
        grep -q "^$KEYSTORE_PID pidfd_getfd of [45]: KiB 0" <<<"$output"
        # What was not handed out is the arena.
        refute grep -q "^$KEYSTORE_PID process_vm_readv: .*refused KiB 0," <<<"$output"
        refute grep -q "^$KEYSTORE_PID PTRACE_PEEKDATA: .*refused KiB 0," <<<"$output"
        if [ "$1" -eq 8 ]; then
            grep -q -x "$KEYSTORE_PID ptrace: Operation not permitted" <<<"$output"
        fi
        [ "$state" = signing ] || sign_forever "$AGENT_SOCKET"
    done
    end_load
    SSH_AUTH_SOCK="$AGENT_SOCKET" ssh-add -T "$KEYS/rsa4096.pub"
}

@test "they find none in agent, keystore and relay, and the keystore refuses ptrace" {
    needs_memfd_secret
    start_agent
    nothing_for_root 8
}

@test "nor with PTRACE_PEEKDATA where the agent could not trace the keystore" {
    needs_memfd_secret
    start_untraced
    nothing_for_root 9
}

@test "no debugger of root gets into the keystore, also while the agent is stopped" {
    start_agent
    load_all
    traced_by "$KEYSTORE_PID" "$AGENT_PID"
    refuses_debugger "$KEYSTORE_PID"
    kill -STOP "$AGENT_PID"
    refuses_debugger "$KEYSTORE_PID"
    kill -STOP "$KEYSTORE_PID"
    refuses_debugger "$KEYSTORE_PID"
    kill -CONT "$KEYSTORE_PID"
    kill -CONT "$AGENT_PID"
    ssh-add -T "$KEYS/ed25519.pub"
}

@test "when the agent is killed the keystore is gone, also one that is stopped" {
    for state in runs stopped; do
        rm -f "$AGENT_SOCKET" "$QREXEC_SOCKET"
        start_agent
        load_all
        if [ $state = stopped ]; then
            kill -STOP "$KEYSTORE_PID"
            wait_until stopped "$KEYSTORE_PID"
        fi
        kill -9 "$AGENT_PID"
        wait_until gone "$KEYSTORE_PID"
    done
}

@test "an agent that cannot trace says what is weaker, and everything works" {
    start_untraced
    [ "$(grep -c 'warning: the agent cannot trace the keystore (Function not implemented)' \
        "$AGENT_LOG")" -eq 1 ]
    load_all
    ssh-add -T "$KEYS/rsa3072.pub"
    stop_agent
}

@test "an agent under strace -f is one that cannot trace" {
    command -v strace >/dev/null || skip "strace is not installed"
    start_agent_as strace -D -f -qq -e trace=none -o /dev/null \
        "$AGENT" -D -a "$AGENT_SOCKET" -q "$QREXEC_SOCKET"
    wait_logged 'warning: the agent cannot trace the keystore (Operation not permitted)'
    load_all
    ssh-add -T "$KEYS/rsa3072.pub"
    stop_agent
}

### Signals, which a tracer sees first

stopped() {
    grep -q '^State:.[tT]' "/proc/$1/status"
}

@test "a signal that the keystore ignores does not keep it from signing" {
    start_agent
    load_all
    for signal in TERM INT HUP CHLD CONT WINCH URG TERM; do
        kill -$signal "$KEYSTORE_PID"
        timeout 60 ssh-add -T "$KEYS/ed25519.pub"
    done
    # Many at once, while it works.
    sign_forever "$AGENT_SOCKET"
    for i in {1..200}; do
        kill -TERM "$KEYSTORE_PID"
        kill -CHLD "$KEYSTORE_PID"
    done
    end_load
    timeout 60 ssh-add -T "$KEYS/ed25519.pub"
    stop_agent
}

# start_stoppable_agent: in a process group of its own, below our shell's. SIGTSTP and the like do
# nothing to a group that is orphaned (setpgid(2)), as that of all tests can be.
start_stoppable_agent() {
    set -m
    start_agent
    set +m
}

@test "the keystore stops and goes on as its user says" {
    start_stoppable_agent
    load_all
    for signal in STOP TSTP TTIN TTOU STOP; do
        kill -$signal "$KEYSTORE_PID"
        wait_until stopped "$KEYSTORE_PID"
        spawn "$RAW" "$AGENT_SOCKET" frame "$(sign_request "$KEYS/ed25519.pub")" read >"$D/answer"
        # The list does not need it, and comes after the request.
        ssh-add -l >/dev/null
        stopped "$KEYSTORE_PID"
        [ ! -s "$D/answer" ]
        kill -CONT "$KEYSTORE_PID"
        ends_with 0 "$SPAWNED"
        is_signature "$(cat "$D/answer")"
    done
    # In quick succession, and while it works.
    sign_forever "$AGENT_SOCKET"
    for i in {1..100}; do
        kill -STOP "$KEYSTORE_PID"
        kill -CONT "$KEYSTORE_PID"
    done
    end_load
    timeout 60 ssh-add -T "$KEYS/ed25519.pub"
    stop_agent
}

@test "SIGTSTP and SIGCONT to the whole group, as a terminal sends them" {
    start_stoppable_agent
    load_all
    for i in {1..10}; do
        kill -TSTP "$AGENT_PID" "$KEYSTORE_PID"
        wait_until stopped "$AGENT_PID"
        wait_until stopped "$KEYSTORE_PID"
        kill -CONT "$AGENT_PID" "$KEYSTORE_PID"
        timeout 60 ssh-add -T "$KEYS/ed25519.pub"
    done
    stop_agent
}

@test "what kills the keystore kills it, and the agent says which signal" {
    for number in 4 6 7 8 9 10 11 14 31; do # ILL ABRT BUS FPE KILL USR1 SEGV ALRM SYS
        rm -f "$AGENT_SOCKET" "$QREXEC_SOCKET"
        : >"$AGENT_LOG"
        start_agent
        load_all
        kill -$number "$KEYSTORE_PID"
        ends_with 1 "$AGENT_PID"
        grep -q "the keystore has ended (signal $number); all keys are gone" "$AGENT_LOG"
    done
}

@test "nothing of the keystore can be re-opened through /proc/PID/fd" {
    start_agent
    load_all
    for fd in "/proc/$KEYSTORE_PID/fd/"*; do
        target=$(readlink "$fd")
        case "$target" in
        /dev/null | socket:* | pipe:* | "$AGENT_LOG") ;;
        *)
            echo "$fd is $target"
            return 1
            ;;
        esac
    done
    refute cat "/proc/$KEYSTORE_PID/fd/3"
    # Nor through the mappings.
    for file in "/proc/$KEYSTORE_PID/map_files/"*; do
        case "$(readlink "$file")" in
        *secretmem*) refute head -c 1 "$file" ;;
        esac
    done
}

### Core dumps

@test "SIGABRT and SIGSEGV leave no core, whatever the limit of who started it" {
    pattern=$(cat /proc/sys/kernel/core_pattern)
    ulimit -c unlimited
    cd "$D"
    # A process that has nothing against it leaves one, where the kernel writes it to a file here.
    case "$pattern" in
    '|'* | /*) ;;
    *)
        spawn sleep 1000
        wait_until grep -q sleep "/proc/$SPAWNED/comm" # until then it is a shell, with handlers
        kill -ABRT "$SPAWNED"
        wait_until gone "$SPAWNED"
        [ -n "$(find "$D" -name 'core*')" ]
        rm "$D"/core*
        ;;
    esac
    for signal in ABRT SEGV; do
        for who in agent keystore relay; do
            rm -rf "$D/rpc" "$D/sockets" "$AGENT_SOCKET" "$QREXEC_SOCKET"
            export SSH_AUTH_SOCK="$AGENT_SOCKET"
            start_agent
            load_all
            start_client_qube
            case $who in
            agent) pid=$AGENT_PID ;;
            keystore) pid=$KEYSTORE_PID ;;
            relay) pid=$RELAY_PID ;;
            esac
            [ $who = relay ] || grep -q 'Max core file size *0 *0 ' "/proc/$pid/limits"
            kill -$signal "$pid"
            wait_until gone "$pid"
            # The relay has no key, and no reason to hide: it may leave one, and it is clean.
            if [ $who = relay ]; then
                for core in "$D"/core*; do
                    [ ! -e "$core" ] || finds_nothing "$SCAN" "$SECRETS" --file "$core"
                done
                rm -f "$D"/core*
            fi
            [ -z "$(find "$D" -name 'core*')" ]
            end_all
        done
    done
}

### Swap

# flags_of PID PATTERN: VmFlags of each mapping of smaps whose first line matches.
flags_of() {
    awk -v pattern="$2" '/^[0-9a-f]+-[0-9a-f]+ / { wanted = $0 ~ pattern }
        wanted && /^VmFlags:/' "/proc/$1/smaps"
}

# sum_of PID PATTERN FIELD: KiB.
sum_of() {
    awk -v pattern="$2" -v field="$3:" '/^[0-9a-f]+-[0-9a-f]+ / { wanted = $0 ~ pattern }
        wanted && $1 == field { sum += $2 } END { print sum + 0 }' "/proc/$1/smaps"
}

@test "the arena cannot be swapped, dumped or inherited" {
    needs_memfd_secret
    start_agent
    load_all
    [ "$(flags_of "$KEYSTORE_PID" secretmem | wc -l)" -ge 2 ]
    for flag in lo dd dc; do
        [ -z "$(flags_of "$KEYSTORE_PID" secretmem | grep -v -w "$flag")" ]
    done
    [ "$(sum_of "$KEYSTORE_PID" secretmem Swap)" -eq 0 ]
    # All of it counts as locked, so the kernel's limit is what bounds it.
    size=$(sum_of "$KEYSTORE_PID" secretmem Size)
    [ "$size" -ge 2048 ]
    locked=$(sed -n 's/^VmLck:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$KEYSTORE_PID/status")
    [ "$locked" -ge "$size" ]
}

@test "without memfd_secret the arena is locked, not dumped, and empty in a fork" {
    start_agent_as "$MEMORY/without" memfd_secret -- "$AGENT" -D -a "$AGENT_SOCKET"
    load_all
    locked=$(awk '/^[0-9a-f]+-[0-9a-f]+ / { size = 0 } /^Size:/ { size = $2 }
        /^VmFlags:/ && / lo / && / dd / && / dc / && / wf / { sum += size } END { print sum + 0 }' \
        "/proc/$KEYSTORE_PID/smaps")
    [ "$locked" -ge 2048 ]
    [ -z "$(awk '/^VmFlags:/ && / lo / && ! / dd /' "/proc/$KEYSTORE_PID/smaps")" ]
}

@test "the agent's memory for keys on their way is locked, not dumped, and empty in a fork" {
    start_agent
    load_all
    locked=$(awk '/^[0-9a-f]+-[0-9a-f]+ / { size = 0 } /^Size:/ { size = $2 }
        /^VmFlags:/ && / lo / && / dd / && / wf / { sum += size } END { print sum + 0 }' \
        "/proc/$AGENT_PID/smaps")
    [ "$locked" -ge 1028 ] # four frames
}
