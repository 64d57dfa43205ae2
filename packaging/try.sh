#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Shows split-ssh at work on this one machine: packaging/try.sh [KEYFILE]
#
# Builds it, starts the vault's side and the client's side with a stand-in for qrexec between them,
# and uses a fresh key, or KEYFILE, through both: a login, a signed commit, and what a client may
# not do. On a terminal it ends in a shell to go on by hand. It changes nothing of yours: all is in
# build/try and in a temporary directory, which goes away with every process that was started.
set -eu
unset CDPATH DESTDIR # both would lead elsewhere

dir=        # everything but the build
pids=       # what we started; ended by number
log_lines=0 # of the vault's log that were shown

bold='' dim='' red='' plain=''
if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m') dim=$(printf '\033[2m') red=$(printf '\033[31m')
    plain=$(printf '\033[0m')
fi

step() {
    printf '\n%s%s%s\n' "$bold" "$1" "$plain"
}

# Says what failed, shows the logs that may say why, and ends.
fail() {
    # Whatever happens to our output now, the end is reached.
    set +e
    trap - EXIT
    trap '' INT TERM HUP PIPE
    printf '\n%stry.sh: %s%s\n' "$red" "$1" "$plain" >&2
    for log in build vault dev server; do
        if [ -n "$dir" ] && [ -s "$dir/$log.log" ]; then
            printf -- '--- the last lines of the log "%s":\n' "$log" >&2
            tail -n 15 "$dir/$log.log" >&2
        fi
    done
    clean_up
    exit 1
}

alive() {
    [ -d "/proc/$1" ] && ! grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

end_process() {
    kill "$1" 2>/dev/null || return 0
    tries=0
    while alive "$1" && [ "$tries" -lt 100 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
    kill -9 "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

clean_up() {
    for pid in $pids; do
        end_process "$pid"
    done
    pids=
    if [ -n "$dir" ]; then
        rm -rf "$dir"
    fi
}

# The path of a socket has at most 107 bytes, and sshd_config wants no blank in a path.
make_directory() {
    tmp=${TMPDIR:-/tmp}
    case $tmp in
    *[!A-Za-z0-9/._-]* | [!/]* | ??????????????????????????????????????????????????*) tmp=/tmp ;;
    esac
    dir=$(mktemp -d "$tmp/split-ssh.XXXXXX") || fail "cannot make a directory in $tmp"
    mkdir "$dir/vault" "$dir/vault/.ssh" "$dir/qubes-rpc" "$dir/server" "$dir/work"
}

# A command as one would type it.
show() {
    printf '  %s%s$' "$dim" "$1"
    shift
    for word in "$@"; do
        case $word in
        *[!A-Za-z0-9/._=:@+,-]*) printf " '%s'" "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
    printf '%s\n' "$plain"
}

# on vault|dev COMMAND...: with that side's agent; shows the command and its output, which is then in
# $output, and leaves its status.
on() {
    side=$1
    shift
    show "$side" "$@"
    status=0
    output=$(SSH_AUTH_SOCK="$dir/$side/agent.sock" "$@" 2>&1) || status=$?
    if [ -n "$output" ]; then
        printf '%s\n' "$output" | sed 's/^/    /'
    fi
    return "$status"
}

# What the vault asked since the last time, and lines of its log.
vault_says() {
    if [ -s "$dir/vault/questions" ]; then
        printf '  The vault asks its user, who says yes:\n'
        sed 's/^/    | /' "$dir/vault/questions"
        : >"$dir/vault/questions"
    fi
    total=$(wc -l <"$dir/vault.log")
    if [ "$total" -gt "$log_lines" ]; then
        printf '  The vault notes:\n'
        tail -n +"$((log_lines + 1))" "$dir/vault.log" | sed -n 's/^split-ssh-agent: /    /p'
        log_lines=$total
    fi
}

# wait_for PID WHAT COMMAND...: until the command succeeds, while the process lives, for 20 s.
wait_for() {
    pid=$1 what=$2
    shift 2
    tries=0
    until "$@" 2>/dev/null; do
        if ! alive "$pid" || [ "$tries" -ge 200 ]; then
            fail "$what did not start"
        fi
        sleep 0.1
        tries=$((tries + 1))
    done
}

### The steps

build() {
    step "Building split-ssh into build/try (takes a few seconds)"
    {
        cmake --fresh --preset release -B build/try \
            -DCMAKE_INSTALL_PREFIX="$PWD/build/try/prefix" -DSPLIT_SSH_STANDIN=ON &&
            cmake --build build/try --parallel "$(nproc)" &&
            cmake --install build/try
    } >"$dir/build.log" 2>&1 || fail "the build failed"
    rm "$dir/build.log"
    bin=$PWD/build/try/prefix/bin
    standin=$PWD/build/try/tests/standin/qrexec-client-vm
}

# Somebody at the vault: reads the question, and says yes.
make_user() {
    cat >"$dir/vault/user" <<EOF
#!/bin/sh
printf '%s\\n' "\$1" >>"$dir/vault/questions"
EOF
    chmod 755 "$dir/vault/user"
    ssh-keygen -q -t ed25519 -N '' -C server -f "$dir/server/host_key"
    echo "server $(cat "$dir/server/host_key.pub")" >"$dir/vault/.ssh/known_hosts"
}

start_vault() {
    step "The vault starts its agent"
    make_user
    echo "  It listens twice: for programs in the vault, and for calls that qrexec brings from qubes."
    ln -s "$dir/vault/qrexec.sock" "$dir/qubes-rpc/qubes.SshAgent"
    show vault split-ssh-agent -D -a "$dir/vault/agent.sock" -q "$dir/vault/qrexec.sock"
    env -u DISPLAY -u WAYLAND_DISPLAY -u DBUS_SESSION_BUS_ADDRESS -u XDG_CONFIG_HOME \
        -u XDG_STATE_HOME HOME="$dir/vault" SSH_ASKPASS="$dir/vault/user" SSH_ASKPASS_REQUIRE=force \
        "$bin/split-ssh-agent" -D -a "$dir/vault/agent.sock" -q "$dir/vault/qrexec.sock" \
        </dev/null >/dev/null 2>"$dir/vault.log" &
    pids="$! $pids"
    wait_for "$!" "the agent" env SSH_AUTH_SOCK="$dir/vault/agent.sock" \
        sh -c 'ssh-add -l >/dev/null; [ $? -eq 1 ]'
}

load_key() {
    if [ -n "$keyfile" ]; then
        step "A key is loaded in the vault: $keyfile"
        on vault ssh-add "$keyfile" || { vault_says && fail "ssh-add could not load $keyfile"; }
    else
        step "A fresh key is made and loaded in the vault; then its file is deleted"
        ssh-keygen -q -t ed25519 -N '' -C 'key of the vault' -f "$dir/vault/id_ed25519" ||
            fail "ssh-keygen could not make a key"
        on vault ssh-add "$dir/vault/id_ed25519" || fail "ssh-add could not load the key"
        rm "$dir/vault/id_ed25519" "$dir/vault/id_ed25519.pub"
    fi
}

start_client() {
    step "A client qube, called dev, starts its relay"
    echo "  Here a small program takes qrexec's place and brings dev's calls to the vault."
    export QREXEC_STANDIN_RPC="$dir/qubes-rpc" QREXEC_STANDIN_SOURCE=dev
    show dev split-ssh-relay -a "$dir/dev/agent.sock" --qrexec-client qrexec-client-vm vault
    "$bin/split-ssh-relay" -a "$dir/dev/agent.sock" --qrexec-client "$standin" vault \
        </dev/null >/dev/null 2>"$dir/dev.log" &
    pids="$! $pids"
    wait_for "$!" "the relay" test -S "$dir/dev/agent.sock"
    echo "  Every ssh program in dev now finds the vault's keys:"
    on dev ssh-add -l || fail "the client does not see the key"
    SSH_AUTH_SOCK="$dir/dev/agent.sock" ssh-add -L | head -n 1 >"$dir/work/key.pub"
}

# sshd refuses to run as root without its empty directory, which Debian makes when sshd starts.
prepare_root() {
    pam=no
    if [ "$(id -u)" -eq 0 ]; then
        if [ -e /etc/debian_version ] && [ ! -d /run/sshd ]; then
            mkdir -m 755 /run/sshd || fail "cannot make /run/sshd"
        fi
        # Without PAM, sshd turns an account away that has no password at all.
        case $(getent shadow "$user" | cut -d: -f2) in
        '!'*) pam=yes ;;
        esac
    fi
}

start_sshd() {
    "$sshd" -D -e -f "$dir/server/sshd_config" -p "$port" </dev/null >/dev/null \
        2>"$dir/server.log" &
    server=$!
    tries=0
    until grep -q '^Server listening on' "$dir/server.log" 2>/dev/null; do
        alive "$server" && [ "$tries" -lt 200 ] || return 1
        sleep 0.1
        tries=$((tries + 1))
    done
}

start_server() {
    user=$(id -un)
    prepare_root
    cp "$dir/work/key.pub" "$dir/server/authorized_keys"
    cat >"$dir/server/sshd_config" <<EOF
ListenAddress 127.0.0.1
HostKey $dir/server/host_key
PidFile none
AuthorizedKeysFile $dir/server/authorized_keys
StrictModes no
UsePAM $pam
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitUserRC no
PrintMotd no
EOF
    # A free port, by trying: 10,000 to 59,999.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$((10000 + $(od -An -N2 -tu2 /dev/urandom) % 50000))
        if start_sshd; then
            pids="$server $pids"
            break
        fi
        end_process "$server"
        server=
    done
    [ -n "$server" ] || fail "sshd did not start"
    cat >"$dir/work/ssh_config" <<EOF
Host server
    HostName 127.0.0.1
    Port $port
    User $user
    IdentityFile none
    UserKnownHostsFile $dir/work/known_hosts
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    BatchMode yes
    PreferredAuthentications publickey
EOF
    echo "[127.0.0.1]:$port $(cat "$dir/server/host_key.pub")" >"$dir/work/known_hosts"
}

log_in() {
    step "Logging in from dev, to a throw-away sshd on 127.0.0.1"
    start_server
    # shellcheck disable=SC2016 # the server's variable
    on dev ssh -F "$dir/work/ssh_config" server 'echo Logged in as $LOGNAME.' </dev/null ||
        fail "the login failed"
    echo "  The server notes:"
    grep '^Accepted publickey' "$dir/server.log" | sed 's/^/    /' ||
        fail "sshd did not accept the key"
    vault_says
}

# Git as it is for somebody without a configuration, in a repository of its own.
prepare_git() {
    # shellcheck disable=SC2046 # names of variables
    unset $(git rev-parse --local-env-vars)
    export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
    export GIT_AUTHOR_NAME=Dev GIT_AUTHOR_EMAIL=dev@example.org
    export GIT_COMMITTER_NAME=Dev GIT_COMMITTER_EMAIL=dev@example.org
    cd "$dir/work"
    git init -q --template= repository
    cd repository
    echo "dev@example.org $(cat ../key.pub)" >../signers
    git config gpg.format ssh
    git config user.signingKey ../key.pub
    git config gpg.ssh.allowedSignersFile ../signers
}

sign_commit() {
    step "Signing a git commit from dev, and verifying it"
    prepare_git || fail "git could not make a repository"
    on dev git commit -q -S --allow-empty -m 'Signed by the vault' || fail "the commit failed"
    on dev git log --show-signature --format='commit %h: %s' || fail "git log failed"
    git verify-commit HEAD 2>/dev/null || fail "the signature is not good"
    vault_says
}

# refused WHY COMMAND...: fails if the command works, or fails for another reason than the agent's.
refused() {
    says=$1
    shift
    if on dev "$@"; then
        fail "the client may do that: $*"
    fi
    case $output in
    *"$says"*) ;;
    *) fail "\"$*\" failed, but did not say: $says" ;;
    esac
}

try_what_is_refused() {
    step "What dev may not do: remove the keys, or lock the agent"
    refused 'Failed to remove all identities' ssh-add -D
    # ssh-add -x asks for a password; this answers with an empty one.
    export SSH_ASKPASS=/bin/true SSH_ASKPASS_REQUIRE=force
    refused 'Failed to lock agent' ssh-add -x
    unset SSH_ASKPASS SSH_ASKPASS_REQUIRE
    vault_says
    echo "  And the key is still there, and signs:"
    on vault ssh-add -l || fail "the key is gone"
    on dev ssh -F "$dir/work/ssh_config" server 'echo Logged in again.' </dev/null ||
        fail "the key does not sign any more"
    vault_says
}

show_log() {
    step "What the vault has on record"
    show vault split-ssh log
    HOME="$dir/vault" XDG_STATE_HOME='' "$bin/split-ssh" log | sed 's/^/    /' ||
        fail "there is no record"
}

shell() {
    step "Now you: this is a shell in dev; \"exit\" ends everything"
    cat <<EOF
  ssh-add -l
  ssh -F $dir/work/ssh_config server
  cat $dir/vault.log
EOF
    cd "$dir/work"
    export SSH_AUTH_SOCK="$dir/dev/agent.sock" PS1='dev$ ' HISTFILE="$dir/work/history"
    if command -v bash >/dev/null; then
        bash --noprofile --norc -i || true
    else
        sh -i || true
    fi
}

main() {
    if [ $# -gt 1 ] || [ "${1:-}" = -h ] || [ "${1:-}" = --help ]; then
        echo "usage: packaging/try.sh [KEYFILE]" >&2
        exit 64
    fi
    keyfile=
    if [ $# -eq 1 ]; then
        if [ ! -f "$1" ] || [ ! -r "$1" ]; then
            echo "try.sh: cannot read the key $1" >&2
            exit 66
        fi
        keyfile=$(realpath -- "$1")
    fi
    cd "$(dirname "$0")/.."
    trap 'fail "a command failed"' EXIT
    trap 'fail "interrupted"' INT TERM HUP PIPE

    ./packaging/deps.sh try || fail "packages are missing"
    sshd=$(PATH="$PATH:/usr/sbin:/sbin" command -v sshd) || fail "there is no sshd"
    make_directory
    build
    start_vault
    load_key
    start_client
    log_in
    sign_commit
    try_what_is_refused
    show_log
    if [ -t 0 ] && [ -t 1 ]; then
        shell
    fi

    trap - EXIT
    trap '' INT TERM HUP
    clean_up
    step "Everything that was started has ended, and its files are deleted"
}

main "$@"
