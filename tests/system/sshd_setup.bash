# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Two servers on loopback that run as the user of the tests, for a whole file of tests. What they
# need and say is in $KEYS: authorized_keys and authority.pub are made before.

SSHD="$(PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v sshd)" || true

# start_servers: "first" knows authorized_keys, "second" what authority.pub has signed.
start_servers() {
    [ -n "$SSHD" ] || { echo "sshd is not installed" >&2; return 1; }
    # Where sshd as root puts its unprivileged half; the system's own start makes it otherwise.
    if [ "$(id -u)" -eq 0 ]; then
        mkdir -p /run/sshd
    fi
    SERVERS=()
    start_server first "AuthorizedKeysFile $KEYS/authorized_keys"
    start_server second "AuthorizedKeysFile none" "TrustedUserCAKeys $KEYS/authority.pub"
    cat >"$KEYS/ssh_config" <<END
Host first
    HostKeyAlias first
    Port $(cat "$KEYS/first.port")
Host second
    HostKeyAlias second
    Port $(cat "$KEYS/second.port")
Host *
    HostName 127.0.0.1
    UserKnownHostsFile $KEYS/known_hosts
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    PreferredAuthentications publickey
    BatchMode yes
    IdentityFile none
END
    printf '%s\n' "${SERVERS[@]}" >"$KEYS/servers"
}

# start_server NAME CONFIGURATION-LINE...: on a free port, which goes to $KEYS/NAME.port.
start_server() {
    local name="$1" try port

    shift
    ssh-keygen -q -t ed25519 -N '' -f "$KEYS/host_$name"
    echo "$name $(cut -d' ' -f1-2 "$KEYS/host_$name.pub")" >>"$KEYS/known_hosts"
    for try in $(seq 20); do
        port=$((20000 + RANDOM % 12000))
        printf '%s\n' "Port $port" 'ListenAddress 127.0.0.1' "HostKey $KEYS/host_$name" \
            'PidFile none' 'UsePAM no' 'StrictModes no' 'PermitRootLogin yes' \
            'PasswordAuthentication no' 'MaxStartups 100' 'PermitUserEnvironment no' 'LogLevel VERBOSE' \
            "$@" >"$KEYS/$name.config"
        "$SSHD" -D -e -f "$KEYS/$name.config" 2>"$KEYS/$name.log" 3>&- &
        SERVERS+=($!)
        wait_until grep -q -e 'Server listening' -e 'Cannot bind' -e 'fatal' "$KEYS/$name.log"
        if grep -q 'Server listening' "$KEYS/$name.log"; then
            echo "$port" >"$KEYS/$name.port"
            return 0
        fi
    done
    cat "$KEYS/$name.log" >&2
    return 1
}

end_servers() {
    local pid

    for pid in $(cat "$KEYS/servers"); do
        kill "$pid" 2>/dev/null || true
        wait_until gone "$pid"
    done
}
