#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# split-ssh-relay with OpenSSH's programs on both sides and a stand-in for qrexec between them.

load relay_setup

setup() {
    start_vault
}

teardown() {
    end_all
}

# refused_with_status STATUS: what ssh-add says, and that the relay knew which status it was.
refused_with_status() {
    run ssh-add -l
    [ "$status" -eq 1 ]
    [[ "$output" == *"agent refused operation"* ]]
    wait_until logged "($1)"
}

### The normal case

@test "list and sign through the relay" {
    start_relay
    run ssh-add -L
    [ "$status" -eq 0 ]
    [ "$output" = "$(cat "$D/key.pub")" ]

    ssh-add -T "$D/key.pub"
    echo data >"$D/data"
    # A public half alone: with the private one beside it, ssh-keygen would not ask the agent.
    cp "$D/key.pub" "$D/alone.pub"
    ssh-keygen -q -Y sign -n test -f "$D/alone.pub" "$D/data"
    echo "me $(cat "$D/key.pub")" >"$D/signers"
    ssh-keygen -Y verify -f "$D/signers" -I me -n test -s "$D/data.sig" <"$D/data"
}

@test "the vault sees the service, its argument and the calling qube" {
    start_relay
    ssh-add -l
    [ "$(cat "$DESCRIPTORS")" = "qubes.SshAgent+ dev" ]
    end_relay

    : >"$DESCRIPTORS"
    start_relay -A work
    QREXEC_STANDIN_SOURCE=other ssh-add -l
    [ "$(cat "$DESCRIPTORS")" = "qubes.SshAgent+work dev" ]
}

@test "a descriptor in two pieces" {
    export QREXEC_STANDIN_SPLIT=1
    start_relay -A work
    ssh-add -l
    [ "$(cat "$DESCRIPTORS")" = "qubes.SshAgent+work dev" ]
}

@test "qrexec gets the target and the service after --" {
    client_script <<<'printf "%s\n" "$@" >"$0.args"; exit 126'
    start_relay_as "$RELAY" -a "$SOCKET" -A a.b-c_D --qrexec-client "$CLIENT" my-vault
    run ssh-add -l
    [ "$(cat "$CLIENT.args")" = "$(printf '%s\n' -- my-vault qubes.SshAgent+a.b-c_D)" ]
}

@test "the child has three descriptors, default signals and an empty mask" {
    client_script <<<'exec sleep 300'
    exec 8>"$D/leak"
    start_relay_as env --ignore-signal=PIPE --ignore-signal=USR1 --block-signal=USR2 \
        "$RELAY" -a "$SOCKET" --qrexec-client "$CLIENT"
    exec 8>&-
    open_client 1
    wait_until has_children "$RELAY_PID"
    child=$(children "$RELAY_PID")
    wait_until grep -q '^sleep$' "/proc/$child/comm"
    [ "$(ls "/proc/$child/fd" | tr '\n' ' ')" = "0 1 2 " ]
    [ "$(readlink "/proc/$child/fd/0")" = "$(readlink "/proc/$child/fd/1")" ]
    [[ "$(readlink "/proc/$child/fd/0")" == socket:* ]]
    grep -q -x 'SigBlk:.0*' "/proc/$child/status"
    # glibc's posix_spawn ignores signals 32 and 33, which are its own.
    ignored=$(awk '/^SigIgn:/ { print $2 }' "/proc/$child/status")
    [ $((0x$ignored & ~0x180000000)) -eq 0 ]
}

@test "the relay reads and writes no byte of a connection" {
    command -v strace >/dev/null || skip "strace is not installed"
    strace -o /dev/null true || skip "strace may not trace here"
    # A leak check needs ptrace for itself.
    start_relay_as env ASAN_OPTIONS=detect_leaks=0 strace -f -o "$D/trace" \
        "$RELAY" -a "$SOCKET" --qrexec-client "$STANDIN"
    ssh-add -T "$D/key.pub"
    relay=$(awk '/accept4\(.* = [0-9]/ { print $1; exit }' "$D/trace")
    wait_until grep -q "^$relay .*wait4(-1, .*) = [1-9]" "$D/trace"
    fds=$(awk -v p="$relay" '$1 == p && /accept4\(.* = [0-9]+$/ { print $NF }' "$D/trace" | sort -u)
    [ -n "$fds" ]
    # Before the first connection, the same number was the client program's file.
    sed -n '/accept4(.* = [0-9]/,$p' "$D/trace" >"$D/served"
    for fd in $fds; do
        # It closes them, so the pattern finds what it looks for.
        grep -q "^$relay  *close($fd)" "$D/trace"
        run grep -E "^$relay +(read|readv|pread64|recv[a-z]*|write|writev|send[a-z]*|splice|tee)\($fd," "$D/served"
        [ "$output" = "" ]
    done
    kill "$relay"
    wait "$RELAY_PID"
}

@test "a half-close does not end the call" {
    # ssh-agent may drop an answer when the client has closed its sending direction; this does not.
    spawn socat -t 30 UNIX-LISTEN:"$D/late.sock" SYSTEM:"cat >'$D/heard'; echo answer"
    wait_until test -S "$D/late.sock"
    ln -sf "$D/late.sock" "$D/usr-local/qubes.SshAgent"
    export QREXEC_STANDIN_DELAY_MS=1500
    start_relay
    # socat closes its sending direction at once; the call begins when the dialog is over.
    run socat -t 30 - "UNIX-CONNECT:$SOCKET" <<<request
    [ "$output" = answer ]
    [ "$(tr '\0' '|' <"$D/heard")" = "qubes.SshAgent+ dev|request" ]
}

### Refusals

@test "126: dom0 said no" {
    export QREXEC_STANDIN_EXIT=126
    start_relay -A work
    refused_with_status 126
    logged 'policy.d.*: qubes.SshAgent +work NAME-OF-THIS-QUBE @default allow target='
}

@test "126 with a vault by name gives that policy line" {
    export QREXEC_STANDIN_EXIT=126
    start_relay my-vault
    refused_with_status 126
    logged ': qubes.SshAgent + NAME-OF-THIS-QUBE my-vault allow$'
}

@test "127: the vault has no such service" {
    rm "$D/usr-local/qubes.SshAgent"
    start_relay
    refused_with_status 127
    logged 'install split-ssh-vault in its template, .*`qvm-service NAME-OF-THE-VAULT split-ssh-vault on`'
}

@test "127 of a vault by name gives that name" {
    rm "$D/usr-local/qubes.SshAgent"
    start_relay my-vault
    refused_with_status 127
    logged 'my-vault has no service qubes.SshAgent .*`qvm-service my-vault split-ssh-vault on`'
}

@test "125: the agent in the vault is dead" {
    ln -sf "$D/dead.sock" "$D/usr-local/qubes.SshAgent"
    spawn socat UNIX-LISTEN:"$D/dead.sock",unlink-close=0 -
    wait_until test -S "$D/dead.sock"
    kill -9 "$SPAWNED"
    wait_until gone "$SPAWNED"
    start_relay
    refused_with_status 125
    logged 'see that the vault exists and can start, that `split-ssh check` there finds nothing'
}

@test "a refusal after qrexec has taken the request" {
    export QREXEC_STANDIN_EXIT=127 QREXEC_STANDIN_EAT=1
    start_relay
    refused_with_status 127
}

@test "a refusal before the client has sent its request" {
    export QREXEC_STANDIN_EXIT=126
    start_relay
    open_client 1
    wait_until logged '(126)'
    printf "$LIST_REQUEST" >&"$TO"
    [ "$(read_hex 5)" = "$FAILURE_HEX" ]
}

@test "a silent client whose call is refused costs the others nothing" {
    export QREXEC_STANDIN_EXIT=126
    start_relay -n 1
    open_client 1
    wait_until logged '(126)'
    refused_with_status 126
    # Later than the answer in advance; each request has its own.
    sleep 0.5
    printf "$LIST_REQUEST" >&"$TO"
    [ "$(read_hex 10)" = "$FAILURE_HEX$FAILURE_HEX" ]
}

@test "a refused request may come in pieces and be as large as a frame can be" {
    export QREXEC_STANDIN_EXIT=126
    start_relay
    open_client 1
    { printf '\0\4\0\0\15'; head -c 1000 /dev/zero; } >&"$TO"
    wait_until logged '(126)'
    # No answer to half a request, not even in advance.
    sleep 0.5
    run timeout 0.2 head -c 1 <&"$FROM"
    [ "$status" -eq 124 ]
    head -c $((256 * 1024 - 1001)) /dev/zero >&"$TO"
    [ "$(read_hex 5)" = "$FAILURE_HEX" ]
}

@test "a refused connection that does not speak the agent protocol is closed" {
    export QREXEC_STANDIN_EXIT=126
    start_relay
    run socat -t 30 - "UNIX-CONNECT:$SOCKET" <<<"GET / HTTP/1.1"
    [ "$output" = "" ]
    wait_until logged '(126)'
}

@test "at most 64 refused connections linger, and the oldest one goes" {
    export QREXEC_STANDIN_EXIT=126
    start_relay
    wait_until logged 'listening'
    before=$(ls "/proc/$RELAY_PID/fd" | wc -l)
    open_client 0
    first=$SPAWNED
    wait_until logged '(126)'
    for i in $(seq 64); do
        open_client "$i"
    done
    wait_until gone "$first"
    wait_until has_no_children "$RELAY_PID"
    [ "$(ls "/proc/$RELAY_PID/fd" | wc -l)" -eq $((before + 64)) ]
    printf "$LIST_REQUEST" >&"$TO"
    [ "$(read_hex 5)" = "$FAILURE_HEX" ]
}

@test "a missing qrexec client is a refusal that names it" {
    start_relay_as "$RELAY" -a "$SOCKET" --qrexec-client "$D/none"
    run ssh-add -l
    [ "$status" -eq 1 ]
    [[ "$output" == *"agent refused operation"* ]]
    logged "cannot start $D/none: No such file"
}

@test "another exit status closes the connection and is logged" {
    client_script <<<'head -c 5 >"$0.request"; exit 3'
    start_relay_as "$RELAY" -a "$SOCKET" --qrexec-client "$CLIENT"
    run ssh-add -l
    [ "$status" -eq 1 ]
    [[ "$output" == *"communication with agent failed"* ]]
    wait_until logged "ended with status 3"
}

@test "a client killed by a signal closes the connection and is logged" {
    client_script <<<'head -c 5 >"$0.request"; kill -9 $$'
    start_relay_as "$RELAY" -a "$SOCKET" --qrexec-client "$CLIENT"
    run ssh-add -l
    [ "$status" -ne 0 ]
    wait_until logged "ended by signal 9"
}

@test "the same refusal many times is one log line and a count" {
    export QREXEC_STANDIN_EXIT=126
    start_relay
    for _ in $(seq 12); do
        run ssh-add -l
        [[ "$output" == *"agent refused operation"* ]]
    done
    [ "$(grep -c '(126)' "$LOG")" -eq 1 ]
    wait_until logged '11 more times: dom0 refused'
}

### Clients that leave

@test "a client that leaves while the dialog is open ends its call" {
    export QREXEC_STANDIN_DELAY_MS=600000
    start_relay
    spawn ssh-add -l
    wait_until has_children "$RELAY_PID"
    kill "$SPAWNED"
    wait_until has_no_children "$RELAY_PID"
    run logged 'ended by signal'
    [ "$status" -ne 0 ]
}

@test "a qrexec client that ignores SIGTERM is killed" {
    client_script <<<'trap "" TERM; exec sleep 600'
    start_relay_as "$RELAY" -a "$SOCKET" --qrexec-client "$CLIENT"
    spawn ssh-add -l
    wait_until has_children "$RELAY_PID"
    kill "$SPAWNED"
    wait_until has_no_children "$RELAY_PID"
}

@test "a client that left the queue starts no call" {
    client_script <<END
echo start >>"$D/starts"
until [ -e "$D/go" ]; do sleep 0.02; done
exec "$STANDIN" "\$@"
END
    start_relay_as "$RELAY" -a "$SOCKET" -n 1 --qrexec-client "$CLIENT"
    spawn ssh-add -l
    first=$SPAWNED
    wait_until test -s "$D/starts"
    # One with its request in the queue, one without.
    spawn ssh-add -l
    has_socket() { ls -l "/proc/$SPAWNED/fd" | grep -q socket: ; }
    wait_until has_socket
    sleep 0.2
    kill "$SPAWNED"
    open_client 1
    wait_until has_socket
    sleep 0.2
    kill "$SPAWNED"
    wait_until gone "$SPAWNED"
    touch "$D/go"
    wait "$first"
    ssh-add -l
    lines_are 2 "$D/starts"
}

### Many clients

@test "200 clients at once and 4 calls: all are served, never more than 4 children" {
    export QREXEC_STANDIN_DELAY_MS=30 # so that they meet, however slowly they are started
    start_relay -n 4
    clients=()
    for i in $(seq 200); do
        spawn ssh-add -L >"$D/out.$i"
        clients+=("$SPAWNED")
    done
    most=0
    all_served() { lines_are 200 "$DESCRIPTORS"; }
    for ((i = 0; i < 100000; i++)); do
        read -r -a now <"/proc/$RELAY_PID/task/$RELAY_PID/children" || true
        most=$((${#now[@]} > most ? ${#now[@]} : most))
        if ((i % 100 == 0)) && all_served; then
            break
        fi
    done
    for pid in "${clients[@]}"; do
        wait "$pid"
    done
    for i in $(seq 200); do
        cmp "$D/out.$i" "$D/key.pub"
    done
    [ "$most" -le 4 ]
    [ "$most" -ge 2 ]
}

@test "running out of descriptors: clients wait, and all are served" {
    export QREXEC_STANDIN_DELAY_MS=50
    start_relay_as prlimit --nofile=12 "$RELAY" -a "$SOCKET" --qrexec-client "$STANDIN"
    clients=()
    for i in $(seq 40); do
        spawn ssh-add -L >"$D/out.$i"
        clients+=("$SPAWNED")
    done
    for pid in "${clients[@]}"; do
        wait "$pid"
    done
    for i in $(seq 40); do
        cmp "$D/out.$i" "$D/key.pub"
    done
    logged 'cannot take another connection now: Too many open files'
}

@test "running out of descriptors: lingering refusals make room" {
    export QREXEC_STANDIN_EXIT=126
    start_relay_as prlimit --nofile=12 "$RELAY" -a "$SOCKET" --qrexec-client "$STANDIN"
    for i in $(seq 8); do
        open_client "$i"
        [ "$(read_hex 5)" = "$FAILURE_HEX" ]
    done
    refused_with_status 126
    run logged 'cannot take another connection'
    [ "$status" -ne 0 ]
}

### The socket

@test "the directory is made with 0700, the socket with 0600" {
    umask 0
    start_relay
    [ "$(stat -c %a "$D/sockets")" = 700 ]
    [ "$(stat -c %a "$SOCKET")" = 600 ]
}

@test "default paths" {
    export HOME="$D/home"
    mkdir "$HOME"
    spawn "$RELAY" --qrexec-client "$STANDIN" 2>"$LOG"
    wait_until test -S "$HOME/.split-ssh/default.sock"
    spawn "$RELAY" --qrexec-client "$STANDIN" -A work 2>"$LOG"
    wait_until test -S "$HOME/.split-ssh/work.sock"
    [ "$(stat -c %a "$HOME/.split-ssh")" = 700 ]
    wait_until logged listening
    SSH_AUTH_SOCK="$HOME/.split-ssh/work.sock" ssh-add -l
}

@test "a directory that others may enter is refused" {
    mkdir -m 755 "$D/sockets"
    run timeout 60 "$RELAY" -a "$SOCKET"
    [ "$status" -eq 1 ]
    [[ "$output" == *"$D/sockets is not private"* ]]
}

@test "another user's directory is refused" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    mkdir -m 700 "$D/sockets"
    chown nobody "$D/sockets"
    run timeout 60 "$RELAY" -a "$SOCKET"
    [ "$status" -eq 1 ]
    [[ "$output" == *"$D/sockets is not private"* ]]
}

@test "a connection of another user is closed without a call" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    open="$(mktemp -d)"
    SOCKET="$open/relay.sock"
    start_relay
    chmod 711 "$open"
    chmod 666 "$SOCKET"
    run setpriv --reuid nobody --clear-groups env SSH_AUTH_SOCK="$SOCKET" ssh-add -l
    echo "$output"
    [ "$status" -ne 0 ]
    [[ "$output" != *"key of the vault"* ]]
    wait_until logged "refused a connection of user $(id -u nobody)"
    [ ! -s "$DESCRIPTORS" ]
    SSH_AUTH_SOCK="$SOCKET" ssh-add -l
    end_relay
    rmdir "$open"
}

@test "SIGTERM removes the socket and ends the children" {
    export QREXEC_STANDIN_DELAY_MS=600000
    start_relay
    spawn ssh-add -l
    wait_until has_children "$RELAY_PID"
    child=$(children "$RELAY_PID")
    end_relay
    [ ! -e "$SOCKET" ]
    gone "$child"
}

@test "SIGTERM also ends a child that ignores it" {
    client_script <<<'trap "" TERM; exec sleep 600'
    start_relay_as "$RELAY" -a "$SOCKET" --qrexec-client "$CLIENT"
    spawn ssh-add -l
    wait_until has_children "$RELAY_PID"
    child=$(children "$RELAY_PID")
    wait_until grep -q '^sleep$' "/proc/$child/comm"
    end_relay
    gone "$child"
}

@test "at its end it leaves alone what is not its own socket" {
    start_relay
    rm "$SOCKET"
    echo precious >"$SOCKET"
    end_relay
    [ "$(cat "$SOCKET")" = precious ]
}

@test "nor the socket of another relay" {
    start_relay
    first=$RELAY_PID
    rm "$SOCKET"
    start_relay
    kill "$first"
    wait "$first"
    ssh-add -l
}

@test "the socket of a dead relay is replaced" {
    start_relay
    kill -9 "$RELAY_PID"
    wait_until gone "$RELAY_PID"
    [ -S "$SOCKET" ]
    start_relay
    ssh-add -l
}

@test "the socket of a living relay is not" {
    start_relay
    run timeout 60 "$RELAY" -a "$SOCKET"
    [ "$status" -eq 1 ]
    [[ "$output" == *"in use by a living process: $SOCKET"* ]]
    ssh-add -l
}

@test "of relays that start at once on a dead socket, one wins" {
    start_relay
    kill -9 "$RELAY_PID"
    wait_until gone "$RELAY_PID"
    : >"$LOG"
    starters=()
    for i in $(seq 8); do
        spawn "$RELAY" -a "$SOCKET" --qrexec-client "$STANDIN" 2>"$LOG.$i"
        starters+=("$SPAWNED")
    done
    settled() { [ "$(cat "$LOG".* | grep -c -e 'listening' -e 'living')" -eq 8 ]; }
    wait_until settled
    [ "$(cat "$LOG".* | grep -c 'listening')" -eq 1 ]
    ssh-add -l
}

@test "a relay waits while another one starts in the same directory" {
    mkdir -m 700 "$D/sockets"
    exec {lock}<"$D/sockets"
    flock "$lock"
    spawn "$RELAY" -a "$SOCKET" --qrexec-client "$STANDIN" {lock}<&- 2>>"$LOG"
    has_directory_open() { ls -l "/proc/$SPAWNED/fd" | grep -q "$D/sockets$"; }
    wait_until has_directory_open
    sleep 0.5
    [ ! -e "$SOCKET" ]
    flock -u "$lock"
    wait_until logged 'listening on'
    ssh-add -l
}

@test "a path that is no socket is an error" {
    mkdir -m 700 "$D/sockets"
    echo precious >"$SOCKET"
    run timeout 60 "$RELAY" -a "$SOCKET"
    [ "$status" -eq 1 ]
    [[ "$output" == *"is not a socket"* ]]
    [ "$(cat "$SOCKET")" = precious ]
}

@test "a path that is too long is an error" {
    run timeout 60 "$RELAY" -a "$D/$(printf 'x%.0s' $(seq 120))"
    [ "$status" -eq 1 ]
    [[ "$output" == *"too long"* ]]
}

@test "no HOME and no -a is an error" {
    run timeout 60 env -u HOME "$RELAY"
    [ "$status" -eq 1 ]
    [[ "$output" == *"-a"* ]]
}

### systemd

@test "systemd's socket" {
    command -v systemd-socket-activate >/dev/null || skip "systemd-socket-activate is not installed"
    spawn systemd-socket-activate -l "$D/activated" -E QREXEC_STANDIN_RPC \
        "$RELAY" --qrexec-client "$STANDIN" 2>>"$LOG"
    wait_until test -S "$D/activated"
    SSH_AUTH_SOCK="$D/activated" ssh-add -l
    logged "listening on systemd's socket"
    kill "$SPAWNED"
    wait "$SPAWNED"
    # It is systemd's to remove.
    [ -S "$D/activated" ]
}

@test "two sockets, a datagram socket, or -a beside systemd's: errors" {
    command -v systemd-socket-activate >/dev/null || skip "systemd-socket-activate is not installed"
    spawn systemd-socket-activate -l "$D/one" -l "$D/two" "$RELAY" 2>>"$LOG"
    wait_until test -S "$D/two"
    SSH_AUTH_SOCK="$D/one" spawn ssh-add -l
    wait_until logged 'passed 2 sockets'

    spawn systemd-socket-activate -d -l "$D/datagram" "$RELAY" 2>>"$LOG"
    wait_until test -S "$D/datagram"
    echo | socat -u - "UNIX-SENDTO:$D/datagram"
    wait_until logged 'is not a listening unix stream socket'

    spawn systemd-socket-activate -l "$D/three" "$RELAY" -a "$SOCKET" 2>>"$LOG"
    wait_until test -S "$D/three"
    SSH_AUTH_SOCK="$D/three" spawn ssh-add -l
    wait_until logged 'leave -a out'
}

### The files of the qube

# calls_to TARGET SERVICE [RELAY-OPTION...]: what a relay with the files in $D/config calls.
calls_to() {
    local target="$1" service="$2"

    shift 2
    client_script <<<'printf "%s\n" "$@" >"$0.args"; exit 126'
    start_relay_as "$RELAY" -a "$SOCKET" --config "$D/config" --qrexec-client "$CLIENT" "$@"
    run ssh-add -l
    diff "$CLIENT.args" <(printf '%s\n' -- "$target" "$service")
    logged "listening on $SOCKET for $service in $target\$"
    end_relay
}

@test "-A default is the agent without a name, and so is no -A" {
    calls_to @default qubes.SshAgent -A default
    calls_to @default qubes.SshAgent
    calls_to my-vault qubes.SshAgent -A default my-vault
    export HOME="$D/home"
    mkdir "$HOME"
    start_relay_as "$RELAY" -A default --qrexec-client "$STANDIN"
    SSH_AUTH_SOCK="$HOME/.split-ssh/default.sock" ssh-add -l
    [ "$(tail -1 "$DESCRIPTORS")" = "qubes.SshAgent+ dev" ]
}

@test "the vault and the default agent of the files" {
    mkdir "$D/config"
    printf 'my-vault\n' >"$D/config/split-ssh-vault"
    calls_to my-vault qubes.SshAgent
    calls_to my-vault qubes.SshAgent+home -A home
    printf work >"$D/config/split-ssh-default-agent"
    calls_to my-vault qubes.SshAgent+work
    calls_to my-vault qubes.SshAgent+work -A default
    calls_to my-vault qubes.SshAgent+home -A home
    # What is given wins.
    calls_to other qubes.SshAgent+work other
    calls_to @default qubes.SshAgent+home -A home @default
    printf '  default\t\n\n' >"$D/config/split-ssh-default-agent"
    calls_to my-vault qubes.SshAgent
    # An empty file is none.
    : >"$D/config/split-ssh-default-agent"
    printf '\n' >"$D/config/split-ssh-vault"
    calls_to @default qubes.SshAgent
}

@test "the longest names in the files" {
    mkdir "$D/config"
    printf '@dispvm:%031d\n' 1 >"$D/config/split-ssh-vault"
    printf '%048d' 1 >"$D/config/split-ssh-default-agent"
    calls_to "@dispvm:$(printf '%031d' 1)" "qubes.SshAgent+$(printf '%048d' 1)"
}

@test "a policy line for the default agent of the file" {
    mkdir "$D/config"
    echo work >"$D/config/split-ssh-default-agent"
    export QREXEC_STANDIN_EXIT=126
    start_relay --config "$D/config"
    refused_with_status 126
    logged ': qubes.SshAgent +work NAME-OF-THIS-QUBE @default allow target='
}

# useless FILE [RELAY-OPTION...]: the relay does not start, and says which file it is and what to do.
useless() {
    local file="$1"

    shift
    run timeout 60 "$RELAY" -a "$SOCKET" --config "$D/config" "$@"
    echo "$output"
    [ "$status" -eq 1 ]
    [[ "$output" == "split-ssh-relay: $D/config/$file is not one word, "*": write that into it, or remove it" ]]
    [ ! -e "$SOCKET" ]
}

@test "files that are of no use" {
    mkdir "$D/config"
    for word in 'two words' 'va/ult' '-vault' '@dispvm:' "$(printf '%032d' 1)" '# vault' 'v\0ault' 'v\0' \
        '\0' "$(printf '%0300d' 1)"; do
        printf -- "$word" >"$D/config/split-ssh-vault"
        useless split-ssh-vault
    done
    [[ "$output" == *" is not one word, the vault's name (39 bytes at most): "* ]]
    # What is given wins, so nobody reads the file.
    calls_to my-vault qubes.SshAgent my-vault
    rm "$D/config/split-ssh-vault"
    for word in 'two words' .work 'wo/rk' "$(printf '%049d' 1)" 'work\0'; do
        printf -- "$word" >"$D/config/split-ssh-default-agent"
        useless split-ssh-default-agent -A default
    done
    [[ "$output" == *" is not one word, the name of one of the vault's agents (48 bytes at most): "* ]]
    calls_to @default qubes.SshAgent+home -A home
    # Neither a directory nor a pipe, on which reading would wait for ever.
    rm "$D/config/split-ssh-default-agent"
    mkfifo "$D/config/split-ssh-vault"
    useless split-ssh-vault
    rm "$D/config/split-ssh-vault"
    mkdir "$D/config/split-ssh-vault"
    useless split-ssh-vault
}

@test "a file that may not be read" {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    local open

    open="$(mktemp -d)"
    chmod 755 "$open"
    echo my-vault >"$open/split-ssh-vault"
    chmod 600 "$open/split-ssh-vault"
    mkdir -m 700 "$open/sockets"
    chown nobody "$open/sockets"
    # The build may be where others cannot go.
    cp "$RELAY" "$open/relay"
    run timeout 60 setpriv --reuid nobody --clear-groups "$open/relay" -a "$open/sockets/s" \
        --config "$open"
    echo "$output"
    rm -r "$open"
    [ "$status" -eq 1 ]
    [[ "$output" == *": cannot read $open/split-ssh-vault: Permission denied (chmod a+r "*")" ]]
}

### The command line

@test "bad arguments" {
    bad() {
        run timeout 60 "$RELAY" -a "$SOCKET" "$@"
        [ "$status" -eq 1 ]
        [[ "$output" == *"--help"* ]]
        [ ! -e "$SOCKET" ]
    }
    bad -n 0
    bad -n 129
    bad -n 4x
    bad -n ' 4'
    bad -A ''
    bad -A .hidden
    bad -A a/b
    bad -A "$(printf 'x%.0s' $(seq 49))"
    bad ''
    bad -- -vault
    bad 'vault;rm'
    bad "$(printf 'x%.0s' $(seq 32))"
    bad "@dispvm:$(printf 'x%.0s' $(seq 32))"
    bad @dispvm:
    bad one two
    bad --unknown
}

@test "the longest names" {
    agent=$(printf 'x%.0s' $(seq 48))
    start_relay -A "$agent" "@dispvm:$(printf 'y%.0s' $(seq 31))"
    ssh-add -l
    [ "$(cat "$DESCRIPTORS")" = "qubes.SshAgent+$agent dev" ]
}

@test "help and version" {
    run timeout 60 "$RELAY" --help
    [ "$status" -eq 0 ]
    [[ "$output" == "usage: split-ssh-relay "* ]]
    run timeout 60 "$RELAY" -V
    [ "$status" -eq 0 ]
    [[ "$output" == "split-ssh-relay "* ]]
}

@test "the relay, and what it runs, may execute the qrexec client and nothing else" {
    # `client -- true qubes.SshAgent`: env is a program that runs another one.
    cp "$(command -v env)" "$D/client"
    start_relay_as "$RELAY" -a "$SOCKET" --qrexec-client "$D/client" true
    run timeout 10 ssh-add -l
    wait_until grep -q 'true.*: Permission denied' "$LOG"
}
