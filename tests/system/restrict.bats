#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# Destination constraints, ssh-add -h: keys that may be used only at, and through, certain hosts.
# Each scenario runs with the installed ssh-agent and with ours, through real servers and forwarded
# agents: what is expected stands here, and both must do just that.

load agent_setup
load sshd_setup

# Four servers on loopback, a to d, which take the keys below; d shows a certificate and is known
# by its authority alone. A fifth takes certificates alone.
setup_file() {
    KEYS="$BATS_FILE_TMPDIR"
    ME=$(id -un)
    make_key key -t ed25519
    make_key other -t rsa -b 2048
    make_key authority -t ed25519
    ssh-keygen -q -s "$KEYS/authority" -I key -n "$ME" "$KEYS/key.pub"
    cat "$KEYS/key.pub" "$KEYS/other.pub" >"$KEYS/authorized_keys"
    echo "cert-authority $(cat "$KEYS/authority.pub")" >>"$KEYS/authorized_keys"
    mkdir "$KEYS/alone" # ssh-add takes a certificate that it finds beside its key
    cp "$KEYS/key" "$KEYS/key.pub" "$KEYS/other" "$KEYS/other.pub" "$KEYS/alone"
    make_host_key host_d_ca
    ssh-keygen -q -s "$KEYS/authority" -I d -h -n d "$KEYS/host_d_ca.pub"
    # sshd as root has its unprivileged half there.
    [ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
    SERVERS=()
    for host in a b c; do
        start_server $host "AuthorizedKeysFile $KEYS/authorized_keys"
    done
    start_server d "AuthorizedKeysFile $KEYS/authorized_keys" "HostKey $KEYS/host_d_ca" \
        "HostCertificate $KEYS/host_d_ca-cert.pub"
    sed -i '/^d /d' "$KEYS/known_hosts"
    start_server certified 'AuthorizedKeysFile none' "TrustedUserCAKeys $KEYS/authority.pub"
    printf '%s\n' "${SERVERS[@]}" >"$KEYS/servers"
    echo "@cert-authority * $(cat "$KEYS/authority.pub")" >>"$KEYS/known_hosts"
    write_client_files
}

make_host_key() {
    ssh-keygen -q -t ecdsa -N '' -f "$KEYS/$1"
}

# ssh_config, and the program that runs at each host: probe WHERE [NEXT...] says which keys the
# agent shows there, and to which hosts they log in, and goes on to the next host.
write_client_files() {
    local host

    for host in a b c d certified; do
        printf 'Host %s\n    HostKeyAlias %s\n    Port %s\n' $host $host "$(cat "$KEYS/$host.port")"
    done >"$KEYS/ssh_config"
    cat >>"$KEYS/ssh_config" <<END
Host *
    HostName 127.0.0.1
    UserKnownHostsFile $KEYS/known_hosts
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    PreferredAuthentications publickey
    BatchMode yes
    IdentityFile none
END
    cat >"$KEYS/probe" <<END
where=\$1
shift
keys=\$(ssh-add -L | sed -n 's/^[^ ]*-[^ ]* [^ ]* //p' | tr '\n' ' ')
hosts=
for host in a b c d; do
    ssh -F '$KEYS/ssh_config' \$host true </dev/null 2>/dev/null && hosts="\$hosts \$host"
done
echo "\$where: \${keys}log in to\${hosts:- none}"
[ \$# -gt 0 ] || exit 0
next=\$1
shift
ssh -A -F '$KEYS/ssh_config' \$next "sh '$KEYS/probe' '\$where>\$next' \$*" </dev/null 2>/dev/null ||
    echo "\$where: no way to \$next"
END
}

teardown_file() {
    end_servers
}

setup() {
    prepare
    ME=$(id -un)
}

teardown() {
    clean_up
}

# with_each_agent SCENARIO: the function's output must be EXPECTED, with either agent.
with_each_agent() {
    local agent out

    start_agent
    spawn ssh-agent -D -a "$D/openssh.sock" >/dev/null
    wait_until test -S "$D/openssh.sock"
    for agent in openssh agent; do
        export SSH_AUTH_SOCK="$D/$agent.sock"
        wait_until answers
        out=$("$1" 2>&1) || true
        if [ "$out" != "$EXPECTED" ]; then
            printf 'with %s:\n%s\n' "$agent" "$out" >&2
            return 1
        fi
        SSH_AUTH_SOCK="$D/$agent.sock" ssh-add -q -D
    done
}

# The socket is there a moment before somebody listens.
answers() {
    local status=0

    ssh-add -l >/dev/null 2>&1 || status=$?
    [ "$status" -lt 2 ]
}

# add FILE CONSTRAINT...
add() {
    local file="$1" constraint options=()

    shift
    for constraint in "$@"; do
        options+=(-h "$constraint")
    done
    ssh-add -q -H "$KEYS/known_hosts" "${options[@]}" "$KEYS/alone/$file"
}

probe() {
    sh "$KEYS/probe" "$@"
}

log_in() {
    ssh -F "$KEYS/ssh_config" "$@" </dev/null 2>/dev/null
}

@test "a key without constraints goes everywhere" {
    EXPECTED=': key log in to a b c d
>a: key log in to a b c d
>a>d: key log in to a b c d'
    scenario() {
        add key
        probe '' a d
    }
    with_each_agent scenario
}

@test "for one host: it logs in there, is not seen there, and goes nowhere else" {
    EXPECTED=': key log in to a
>a: log in to none
>a: no way to b'
    scenario() {
        add key a
        probe '' a b
    }
    with_each_agent scenario
}

@test "for hosts side by side: not from one to the other" {
    EXPECTED=': key log in to a b
>a: log in to none
: key log in to a b
>b: log in to none'
    scenario() {
        add key a b
        probe '' a
        probe '' b
    }
    with_each_agent scenario
}

@test "through one host to the next: each hop counts" {
    EXPECTED=': key log in to a
>a: key log in to b
>a>b: key log in to c
>a>b>c: log in to none'
    scenario() {
        add key a 'a>b' 'b>c'
        probe '' a b c
    }
    with_each_agent scenario
}

@test "beyond a host that the key cannot reach" {
    EXPECTED=': key log in to none
: no way to a'
    scenario() {
        add key 'a>b'
        probe '' a
    }
    with_each_agent scenario
}

@test "in a circle" {
    EXPECTED=': key log in to a
>a: key log in to b
>a>b: key log in to a
>a>b>a: key log in to b'
    scenario() {
        add key a 'a>b' 'b>a'
        probe '' a b a
    }
    with_each_agent scenario
}

@test "two keys, two ways" {
    EXPECTED=': key other log in to a b
>a: key log in to c
>a>c: log in to none
: key other log in to a b
>b: other log in to d
>b>d: log in to none'
    scenario() {
        add key a 'a>c'
        add other b 'b>d'
        probe '' a c
        probe '' b d
    }
    with_each_agent scenario
}

@test "a host with a certificate, as the end and in between" {
    EXPECTED=': key log in to d
>d: key log in to a
>d>a: log in to none'
    scenario() {
        add key d 'd>a'
        probe '' d a
    }
    with_each_agent scenario
}

@test "the certificate is made out for another host" {
    # The authority is known for every name; "elsewhere" has no other key.
    EXPECTED=': key log in to none'
    scenario() {
        add key elsewhere
        probe ''
    }
    with_each_agent scenario
}

@test "users: at the end of the way, and by patterns" {
    EXPECTED=": key log in to a
>a: key log in to b
: key log in to none
: key log in to a
>a: key log in to none"
    scenario() {
        add key "$ME@a" 'a>?*@b' 'a>nobody-else@c'
        probe '' a
        add key 'nobody-else@a'
        probe ''
        # It was right all the way until the last login.
        add key "${ME:0:1}*@a" 'a>nobody-else@b'
        probe '' a
    }
    with_each_agent scenario
}

@test "ssh -J: both logins start here" {
    EXPECTED='b through a
no'
    scenario() {
        add key a b
        log_in -J a b 'echo b through a' || echo no
        add key a 'a>b'
        log_in -J a b 'echo b through a' || echo no
    }
    with_each_agent scenario
}

@test "what is not a login is not signed" {
    EXPECTED='SSHSIG refused
test refused
SSHSIG signed'
    scenario() {
        add key a
        echo data >"$D/data"
        sign || echo SSHSIG refused
        ssh-add -q -T "$KEYS/alone/key.pub" 2>/dev/null || echo test refused
        add key
        sign && echo SSHSIG signed
    }
    sign() {
        ssh-keygen -q -Y sign -n file -f "$D/key.pub" <"$D/data" >/dev/null 2>&1
    }
    cp "$KEYS/key.pub" "$D"
    with_each_agent scenario
}

@test "added again: the constraints are those of the last time" {
    EXPECTED=': key log in to a
: key log in to b
: key log in to a b c d
: key log in to c'
    scenario() {
        add key a
        probe ''
        add key b
        probe ''
        add key
        probe ''
        add key c
        probe ''
    }
    with_each_agent scenario
}

@test "a key and its certificate are both constrained" {
    EXPECTED='key key: log in
certificate key: log in
certificate key: refused
key key: refused'
    scenario() {
        ssh-add -q -H "$KEYS/known_hosts" -h a "$KEYS/key"
        attempt key "$KEYS/alone/key.pub" a
        attempt certificate "$KEYS/key-cert.pub" a
        attempt certificate "$KEYS/key-cert.pub" b
        attempt key "$KEYS/alone/key.pub" b
    }
    attempt() {
        cp "$2" "$D/only.pub"
        log_in -o IdentitiesOnly=yes -i "$D/only.pub" "$3" "echo $1 key: log in" ||
            echo "$1 key: refused"
    }
    with_each_agent scenario
}

@test "a certificate that only the client has: a constrained key does not vouch for it" {
    EXPECTED='log in
refused'
    scenario() {
        add key
        attempt
        add key certified
        attempt
    }
    attempt() {
        log_in -o IdentitiesOnly=yes -i "$D/key.pub" -o CertificateFile="$D/key-cert.pub" \
            certified 'echo log in' || echo refused
    }
    cp "$KEYS/key.pub" "$KEYS/key-cert.pub" "$D"
    with_each_agent scenario
}

# removes HOST KEY: asked for at the host.
removes() {
    log_in -A "$1" "ssh-add -q -d '$KEYS/alone/$2.pub' 2>/dev/null" && echo "$1 removes $2" ||
        echo "$1 does not remove $2"
}

@test "a key is removed from where it is seen" {
    EXPECTED='a does not remove key
: key other log in to a b c d
a removes other
: key log in to a
a removes key
: log in to none'
    scenario() {
        add key a
        add other
        removes a key
        probe ''
        removes a other
        probe ''
        add key a 'a>b'
        # The login needs a key that is there all the time.
        removes a key
        probe ''
    }
    with_each_agent scenario
}

@test "constraints beside others: a lifetime that is over, confirmation that nobody gives" {
    EXPECTED=': key log in to none
: log in to none'
    scenario() {
        ssh-add -q -c -H "$KEYS/known_hosts" -h a "$KEYS/alone/key"
        probe ''
        ssh-add -q -t 1 -H "$KEYS/known_hosts" -h a "$KEYS/alone/key"
        wait_until no_key_is_listed
        probe ''
    }
    no_key_is_listed() {
        [ -z "$(ssh-add -L | grep '^ssh-')" ]
    }
    with_each_agent scenario
}

@test "a hundred constraints" {
    EXPECTED=': key log in to a d'
    scenario() {
        constraints=()
        for host in $(seq 98); do
            constraints+=("user$host@b")
        done
        add key "${constraints[@]}" d a
        probe ''
    }
    with_each_agent scenario
}

# refused COMMAND...: it fails, for the constraints' sake.
refused() {
    : >"$AGENT_LOG"
    run "$@"
    [ "$status" -ne 0 ]
    wait_logged "qube dev: refused to sign with .*the key's destination constraints (ssh-add -h)"
}

signed_raw() {
    is_signature "$(qube_raw dev frame "$(sign_request "$KEYS/key.pub")" read)"
}

@test "from a qube: the same, and the log says why" {
    start_agent
    add key a 'a>b'
    start_client_qube
    run probe '' a b
    [ "$output" = ': key log in to a
>a: key log in to b
>a>b: log in to none' ]
    # What it cannot see it does not ask for.
    run agent_logged refused
    [ "$status" -ne 0 ]
    # As another user; what is no login; without a session.
    SSH_AUTH_SOCK="$AGENT_SOCKET" add key nobody-else@a
    refused log_in a true
    cp "$KEYS/key.pub" "$D"
    refused ssh-keygen -q -Y sign -n file -f "$D/key.pub" "$KEYS/known_hosts"
    refused signed_raw
}

@test "constraints that cannot be read: the key is not held" {
    start_agent
    fields=$(private_fields "$KEYS/alone/key")
    key=$(wire_string "$(blob "$KEYS/host_a.pub")")00
    none=$(wire_text '')
    origin=$(wire_string "$none$none$none")
    to=$none$(wire_text a)$none$key
    # add_request CONSTRAINT...
    add_request() {
        printf '19%sff' "$fields"
        wire_text restrict-destination-v00@openssh.com
        wire_string "$(printf '%s' "$@")"
    }
    good=$(wire_string "$origin$(wire_string "$to")$none")
    for bad in "$(wire_string "$origin$(wire_string "$to")$(wire_text r)")" \
        "$(wire_string "$origin$(wire_string "${to:0:-2}")$none")" \
        "$(wire_string "$origin$(wire_string "$none$none$none$key")$none")" \
        "$(wire_string "$(wire_string "$(wire_text root)$none$none")$(wire_string "$to")$none")" \
        "$good"00 ''; do
        run local_raw frame "$(add_request "$bad")" read
        [ "$output" = "$FAILURE" ]
        no_keys
    done
    [ "$(local_raw frame "$(add_request "$good")" read)" = "$SUCCESS" ]
    keys_are key
    # And twice is not once more.
    local_raw frame 13 read
    twice=$(add_request "$good")
    [ "$(local_raw frame "$twice${twice#19"$fields"}" read)" = "$FAILURE" ]
    no_keys
}
