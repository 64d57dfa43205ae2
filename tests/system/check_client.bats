#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# `split-ssh check` in a client qube: a set-up that works, and ones that are broken in one place.
# Where a command mends it in this qube, it is typed, and the check is green. What dom0, the vault
# and systemd do by such commands is tested in machines (tests/machine/check_client.bats).

load check_client_setup

setup() {
    make_client_qube
}

teardown() {
    end_all
}

@test "all is well" {
    relay
    check 0
    only
    finding answer ok "the vault answers on $SOCKET"
    finding keys ok 'the agent default has 1 key$'
    finding signature ok '"key of the vault" has signed, and the signature verifies'
    finding qrexec-client note "the relay takes $D/bin/qrexec-client-vm only with"
    grep -q 'look at its question' "$D/stderr"
    # It leaves nothing behind.
    [ -z "$(ls -A "$XDG_RUNTIME_DIR")" ]
}

@test "for a person" {
    relay
    run "$BATS_TEST_DIRNAME/in_qube.sh" "$D/qube" "$CONTROL" check
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"client:"*"ok       switch: "*"ok       signature: "* ]]
}

### This qube

@test "the service is off" {
    rm "$D/qube/run/qubes-service/split-ssh-client"
    check 1
    only switch
    finding switch wrong 'the service split-ssh-client is off'
    [ "$WHERE" = dom0 ]
    [[ "$MEND" == "qvm-service "*" split-ssh-client on" ]]
    finding units skipped 'mend switch first'
}

@test "qrexec's client is not there" {
    relay
    rm "$D/bin/qrexec-client-vm"
    check 1
    only qrexec-client
    finding qrexec-client wrong 'there is no /usr/bin/qrexec-client-vm'
    [ "$WHERE" = 'the template' ]
    [[ "$MEND" == *' qubes-core-qrexec' ]]
}

@test "files of the qube that are of no use" {
    relay
    echo 'two words' >"$D/qube/rw/config/split-ssh-vault"
    check 1
    only config
    finding config wrong '/rw/config/split-ssh-vault is not one word, the vault.s name'
    [ "$WHERE" = here ]
    [[ "$MEND" == 'sudo rm -r /rw/config/split-ssh-vault; systemctl --user reset-failed '*'; systemctl --user restart '* ]]
    echo my-vault >"$D/qube/rw/config/split-ssh-vault"
    mkdir "$D/qube/rw/config/split-ssh-default-agent"
    check 1
    only config
    finding config ok 'split-ssh-vault says "my-vault"'
    finding config wrong '/rw/config/split-ssh-default-agent is not one word'
    [[ "$MEND" == 'sudo rm -r /rw/config/split-ssh-default-agent; '* ]]
}

@test "the user's systemd does not answer" {
    relay
    touch "$D/no-manager"
    check 1
    only manager
    finding units skipped 'mend manager first'
}

# unit_is UNIT PROPERTY=VALUE...
unit_is() {
    printf '%s\n' "${@:2}" >"$D/unit/$1"
}

@test "units: not there, masked, inactive, failed, not enabled" {
    local socket=split-ssh-relay@default.socket

    relay
    unit_is $socket LoadState=not-found ActiveState=inactive
    check 1
    only units
    finding units wrong 'the package split-ssh-client is not installed'
    [ "$WHERE" = 'the template' ]
    [[ "$MEND" == 'sudo '*' ./split-ssh-common'*' ./split-ssh-client'* ]]

    unit_is $socket LoadState=masked ActiveState=inactive UnitFileState=masked
    check 1
    finding units wrong "$socket is masked"
    [ "$MEND" = "systemctl --user unmask $socket && systemctl --user start $socket" ]

    unit_is $socket LoadState=loaded ActiveState=inactive UnitFileState=enabled ConditionResult=no
    check 1
    finding units wrong "$socket is inactive: when it was to start, the service split-ssh-client was not on"
    [ "$MEND" = "systemctl --user start $socket" ]

    unit_is $socket LoadState=loaded ActiveState=inactive UnitFileState=disabled
    check 1
    finding units wrong "$socket is inactive\$"
    [ "$MEND" = "systemctl --user enable --now $socket" ]

    unit_is $socket LoadState=loaded ActiveState=failed Result=service-start-limit-hit
    check 1
    finding units wrong "$socket has failed \(service-start-limit-hit\)\$"
    [ "$MEND" = "systemctl --user reset-failed $socket split-ssh-relay@default.service; systemctl --user restart $socket" ]

    # What the relay said last is in the journal.
    printf '#!/bin/sh\necho /rw/config/split-ssh-vault is not one word\n' >"$D/bin/journalctl"
    unit_is $socket LoadState=loaded ActiveState=active UnitFileState=enabled
    unit_is split-ssh-relay@default.service LoadState=loaded ActiveState=failed Result=exit-code
    check 1
    finding units wrong '@default.service has failed \(exit-code\): /rw/config/split-ssh-vault is not one word'
    rm "$D/unit/split-ssh-relay@default.service"

    unit_is $socket LoadState=loaded ActiveState=active UnitFileState=disabled
    check 1
    finding units wrong "$socket listens, but is not enabled"
    [ "$MEND" = "systemctl --user enable $socket" ]
    only units
}

@test "a relay that runs with what the files of the qube had before" {
    local started

    relay
    started=$(python3 -c 'import time; print(int(time.monotonic() * 1e6) - 100_000_000)')
    unit_is split-ssh-relay@default.service LoadState=loaded ActiveState=active \
        ExecMainStartTimestampMonotonic="$started"
    echo vault >"$D/qube/rw/config/split-ssh-vault"
    touch -d '-1 hour' "$D/qube/rw/config/split-ssh-vault"
    check 0
    touch "$D/qube/rw/config/split-ssh-vault"
    check 1
    only units
    finding units wrong '@default.service still runs with what was in /rw/config before'
    [ "$MEND" = 'systemctl --user restart split-ssh-relay@default.service' ]
}

@test "the socket: gone, dead, something else, open to others" {
    check 1
    only sockets
    finding sockets wrong "$SOCKET is gone, though systemd listens on it"
    [ "$MEND" = 'systemctl --user restart split-ssh-relay@default.socket' ]

    relay
    kill -KILL "$RELAY_PID"
    wait_until gone "$RELAY_PID"
    check 1
    finding sockets wrong "nobody listens on $SOCKET"

    rm "$SOCKET"
    echo text >"$SOCKET"
    check 1
    finding sockets wrong "$SOCKET is no socket"
    [ "$MEND" = "mv $SOCKET $SOCKET.old && systemctl --user restart split-ssh-relay@default.socket" ]
    rm "$SOCKET"

    relay
    chmod 666 "$SOCKET"
    check 1
    only sockets
    finding sockets wrong "$SOCKET has mode 0666, so other users may connect"
    mended
}

@test "further agents have their own socket, and their own answer" {
    relay
    relay work
    echo 'split-ssh-relay@work.socket loaded active listening SSH agent' >>"$D/units"
    check 0
    finding sockets ok default.sock
    finding keys ok 'the agent default has 1 key'
    [ "$(cut -d' ' -f1 "$DESCRIPTORS" | sort -u | tr '\n' ' ')" = 'qubes.SshAgent+ qubes.SshAgent+work ' ]
    kill "$RELAY_PID"
    wait_until gone "$RELAY_PID"
    check 1
    only sockets
    finding sockets wrong "$HOME/.split-ssh/work.sock is gone"
    [ "$MEND" = 'systemctl --user restart split-ssh-relay@work.socket' ]
}

@test "a socket without a unit: by hand, or left over" {
    relay
    relay work
    check 0
    kill -KILL "$RELAY_PID"
    wait_until gone "$RELAY_PID"
    check 0
    finding sockets note 'work.sock is left over'
    mended
    run finding sockets note left
    [ "$status" -ne 0 ]
}

### SSH_AUTH_SOCK

@test "SSH_AUTH_SOCK of this shell" {
    relay
    unset SSH_AUTH_SOCK
    check 1
    only shell
    finding shell wrong 'SSH_AUTH_SOCK is not set in this shell'
    mended
    export SSH_AUTH_SOCK="$HOME/.SSH_AGENT_vault"
    check 1
    only shell
    finding shell wrong 'is .*/.SSH_AGENT_vault: what the old guides start in a client is in the way'
    mended
    export SSH_AUTH_SOCK=/tmp/ssh-XXXX/agent.12
    check 1
    finding shell wrong ': an ssh-agent that the X session, or a shell, has started is in the way'
    # A login into this qube that brought its agent along is the user's own will.
    SSH_CONNECTION=1 check 0
    finding shell note 'as the ssh login into this qube has forwarded it'
    mended
}

@test "a path with a space in SSH_AUTH_SOCK's command" {
    export HOME="$D/a home"
    mkdir "$HOME"
    SOCKET="$HOME/.split-ssh/default.sock"
    relay
    echo "SSH_AUTH_SOCK=$SOCKET" >"$D/session"
    unset SSH_AUTH_SOCK
    check 1
    finding shell wrong 'not set'
    mended
    [ "$SSH_AUTH_SOCK" = "$SOCKET" ]
}

@test "SSH_AUTH_SOCK of the session, and who took it" {
    local set="systemctl --user set-environment SSH_AUTH_SOCK=$SOCKET"

    relay
    : >"$D/session"
    check 1
    only session
    finding session wrong 'SSH_AUTH_SOCK is not set in the session'
    [ "$MEND" = "$set" ]
    echo SSH_AUTH_SOCK=/run/user/1000/gcr/ssh >"$D/session"
    check 1
    finding session wrong 'is /run/user/1000/gcr/ssh: gcr-ssh-agent is in the way'
    [ "$MEND" = "systemctl --user mask --now gcr-ssh-agent.socket gcr-ssh-agent.service; $set" ]
    echo SSH_AUTH_SOCK=/run/user/1000/gnupg/S.gpg-agent.ssh >"$D/session"
    check 1
    finding session wrong ': gpg-agent with enable-ssh-support is in the way'
    [ "$MEND" = "sed -i.bak 's/^enable-ssh-support/# &/' ~/.gnupg/gpg-agent.conf; $set" ]
    echo SSH_AUTH_SOCK=/run/user/1000/keyring/ssh >"$D/session"
    check 1
    finding session wrong ': the SSH part of GNOME Keyring is in the way'
    [[ "$MEND" == *"; $set" ]]
    systemctl() { [ "$*" = "--user set-environment SSH_AUTH_SOCK=$SOCKET" ] && echo "$3" >"$D/session"; }
    mended
    grep -q '^Hidden=true$' "$HOME/.config/autostart/gnome-keyring-ssh.desktop"
}

@test "in a qube that is a vault too, the vault's own agent comes first" {
    relay
    touch "$D/qube/run/qubes-service/split-ssh-vault"
    SSH_AUTH_SOCK=/run/split-ssh/agent.sock check 0
    finding shell ok "this qube is a vault too"
    finding session ok "this qube is a vault too"
}

### What the guides leave behind

@test "the guides' lines in ~/.bashrc" {
    relay
    cat >"$HOME/.bashrc" <<'END'
# SPLIT SSH CONFIGURATION >>>
# replace "vault" with your AppVM name which stores the ssh private key(s)
SSH_VAULT_VM="vault"

if [ "$SSH_VAULT_VM" != "" ]; then
  export SSH_AUTH_SOCK="/home/user/.SSH_AGENT_$SSH_VAULT_VM"
fi
# <<< SPLIT SSH CONFIGURATION
AFTER=set
END
    check 1
    only leftovers
    finding leftovers wrong 'line 6 of ~/.bashrc is one of the guides.'
    mended
    SSH_AUTH_SOCK=before
    source "$HOME/.bashrc"
    [ "$SSH_AUTH_SOCK $AFTER" = 'before set' ]
}

@test "start-up files that have no end, or that nobody writes" {
    relay
    mkfifo "$HOME/.zshrc" "$D/qube/rw/config/rc.local"
    ln -s /dev/zero "$HOME/.profile"
    check 0
}

@test "the guides' line in rc.local, with socat or ncat" {
    local program

    relay
    for program in socat ncat; do
        cat >"$D/qube/rw/config/rc.local" <<END
if [ "\$SSH_VAULT_VM" != "" ]; then
    sudo -u user /bin/sh -c "umask 177 && exec $program 'UNIX-LISTEN:\$SSH_SOCK,fork' 'EXEC:qrexec-client-vm \$SSH_VAULT_VM qubes.SshAgent'" &
fi
# $program is not qubes.SshAgent
END
        check 1
        only leftovers
        finding leftovers wrong "line 2 of /rw/config/rc.local is one of the guides' and starts a second relay, with $program"
        # Typed here, where the file is elsewhere and this user's.
        [ "$WHERE" = here ]
        MEND="${MEND#sudo }"
        MEND="${MEND//\/rw\/config/$D/qube/rw/config}"
        mended
        sh -n "$D/qube/rw/config/rc.local"
    done
}

### dom0 and the vault

@test "126: dom0 said no" {
    export QREXEC_STANDIN_EXIT=126
    relay
    check 1
    only answer
    finding answer wrong "dom0 refused the call of qubes.SshAgent to @default \(126\).*for /etc/qubes/policy.d/30-user.policy .*: qubes.SshAgent \+ $(hostname) @default allow target=vault\$"
    [ "$WHERE" = dom0 ]
    # The line comes before what denies.
    mkdir "$D/policy.d"
    echo 'qubes.SshAgent * @anyvm @anyvm deny' >"$D/policy.d/30-user.policy"
    MEND="${MEND#sudo }"
    eval "${MEND//\/etc\/qubes/$D}"
    diff "$D/policy.d/30-user.policy" - <<END
qubes.SshAgent + $(hostname) @default allow target=vault
qubes.SshAgent * @anyvm @anyvm deny
END
    # Where there is no such file yet.
    rm "$D/policy.d/30-user.policy"
    eval "${MEND//\/etc\/qubes/$D}"
    [ "$(ls "$D/policy.d") $(wc -l <"$D/policy.d/30-user.policy")" = '30-user.policy 1' ]
    finding keys skipped 'mend answer first'
}

@test "126 for a vault and an agent by name" {
    export QREXEC_STANDIN_EXIT=126
    echo my-vault >"$D/qube/rw/config/split-ssh-vault"
    echo work >"$D/qube/rw/config/split-ssh-default-agent"
    relay
    check 1
    finding answer wrong "dom0 refused the call of qubes.SshAgent\+work to my-vault \(126\).*: qubes.SshAgent \+work $(hostname) my-vault allow\$"
    [[ "$MEND" == *'qubes.SshAgent +work '*' my-vault allow"'* ]]
}

@test "127: the vault has no such service" {
    rm "$D/usr-local/qubes.SshAgent"
    relay
    check 1
    only answer
    finding answer wrong 'the vault has no service qubes.SshAgent \(127\): the package split-ssh-vault'
    [ "$WHERE" = dom0 ]
    [ "$MEND" = 'V=vault; qvm-service $V split-ssh-vault on && qvm-shutdown --wait $V && qvm-start $V' ]
}

@test "125: nobody listens in the vault" {
    ln -sf "$D/dead.sock" "$D/usr-local/qubes.SshAgent"
    spawn socat UNIX-LISTEN:"$D/dead.sock",unlink-close=0 -
    wait_until test -S "$D/dead.sock"
    kill -9 "$SPAWNED"
    wait_until gone "$SPAWNED"
    echo my-vault >"$D/qube/rw/config/split-ssh-vault"
    relay
    check 1
    only answer
    finding answer wrong 'qrexec could not make the call of qubes.SshAgent to my-vault \(125\): .*Connection refused: '
    [ "$WHERE" = dom0 ]
    [ "$MEND" = 'V=my-vault; qvm-service $V split-ssh-vault on && qvm-shutdown --wait $V && qvm-start $V' ]
}

@test "the vault closes the connection without an answer" {
    spawn socat UNIX-LISTEN:"$D/closes.sock",fork SYSTEM:true
    wait_until socket_listens "$D/closes.sock"
    ln -sf "$D/closes.sock" "$D/usr-local/qubes.SshAgent"
    relay
    check 1
    only answer
    finding answer wrong 'the vault closed the connection without an answer: .*it has no agent default'
    [ "$WHERE" = 'the vault' ]
    [ "$MEND" = 'split-ssh check' ]
}

@test "the vault refuses to list, and answers that are none" {
    printf '\0\0\0\1\5' >"$D/no"
    spawn socat UNIX-LISTEN:"$D/no.sock",fork SYSTEM:"cat $D/no; cat >/dev/null"
    wait_until socket_listens "$D/no.sock"
    ln -sf "$D/no.sock" "$D/usr-local/qubes.SshAgent"
    relay
    check 1
    only answer
    finding answer wrong 'the vault refuses to list the keys of the agent default'
    [ "$WHERE $MEND" = 'the vault split-ssh log' ]

    printf '\0\0\0\5\14\0\0\0\2' >"$D/bad"
    spawn socat UNIX-LISTEN:"$D/bad.sock",fork SYSTEM:"cat $D/bad; cat >/dev/null"
    wait_until socket_listens "$D/bad.sock"
    ln -sf "$D/bad.sock" "$D/usr-local/qubes.SshAgent"
    check 1
    only keys
    finding keys wrong 'list of the keys of the agent default is malformed'
}

@test "no answer in time: dom0's dialog is open" {
    export QREXEC_STANDIN_DELAY_MS=600000
    relay
    check 1
    only answer
    finding answer wrong 'no answer for 45 seconds: dom0 waits for a yes in its dialog'
    grep -q 'if dom0 asks whether it may, say yes there' "$D/stderr"
}

@test "the call works, and the relay does not" {
    # Its qrexec client is another one than everybody's.
    client_script <<<'exit 3'
    relay default --qrexec-client "$CLIENT"
    check 1
    only answer
    finding answer wrong "the vault answers a call, but split-ssh-relay on $SOCKET does not: .* it closed the connection"
    [ "$WHERE $MEND" = 'here systemctl --user restart split-ssh-relay@default.service' ]
}

@test "no keys: a note that says what to do in the vault" {
    SSH_AUTH_SOCK="$D/agent.sock" ssh-add -q -D
    relay
    check 0
    finding keys note 'the agent default has no keys for this qube: in the vault, put files into ~/.ssh/identities.d, unlock KeePassXC, or use ssh-add'
    [ "$WHERE $MEND" = 'the vault split-ssh add default -c' ]
    finding signature note 'no test signature: there is no key'
}

### The test signature

@test "the vault refuses the test signature" {
    export SSH_ASKPASS=false
    spawn ssh-agent -D -a "$D/asking.sock" >/dev/null
    wait_until socket_listens "$D/asking.sock"
    SSH_AUTH_SOCK="$D/asking.sock" ssh-add -q -c "$D/key"
    spawn "$VAULT_SERVER" "$D/asks.sock" "$D/asking.sock" "$D/descriptors"
    wait_until socket_listens "$D/asks.sock"
    ln -sf "$D/asks.sock" "$D/usr-local/qubes.SshAgent"
    relay
    check 1
    only signature
    finding signature wrong 'the vault refused a test signature with the key "key of the vault": .*agent refused operation'
    [ "$WHERE" = 'the vault' ]
    [ "$MEND" = "split-ssh log $(hostname) | tail -n 1" ]
    [ -z "$(ls -A "$XDG_RUNTIME_DIR")" ]
}

# A program in front of the real ssh-keygen.
wrap_keygen() {
    local real

    real=$(command -v ssh-keygen)
    { echo '#!/bin/bash'; echo "real=$real"; cat; } >"$D/bin/ssh-keygen"
    chmod 755 "$D/bin/ssh-keygen"
}

@test "a signature that does not verify is one" {
    # Of something else than what was asked for.
    wrap_keygen <<'END'
[[ " $* " == *" sign "* ]] && echo more >>"${!#}"
"$real" "$@" || exit
[[ " $* " == *" sign "* ]] && echo less >"${!#}"
exit 0
END
    relay
    check 1
    only signature
    finding signature wrong 'the signature with the key "key of the vault" does not verify'
}

@test "keys of each kind can make the test signature; a certificate is passed over" {
    local kind

    relay
    ssh-keygen -q -t ed25519 -N '' -f "$D/ca"
    for kind in rsa ecdsa; do
        SSH_AUTH_SOCK="$D/agent.sock" ssh-add -q -D
        ssh-keygen -q -t "$kind" -N '' -C "my $kind key" -f "$D/$kind"
        ssh-keygen -q -s "$D/ca" -I me "$D/$kind.pub"
        SSH_AUTH_SOCK="$D/agent.sock" ssh-add -q "$D/$kind"
        check 0
        finding keys ok 'has 2 keys'
        finding signature ok "\"my $kind key\" has signed"
    done
}

@test "without ssh-keygen there is no test signature" {
    relay
    wrap_keygen <<<'exit 127'
    check 0
    finding signature note 'there is no ssh-keygen'
    [ "$WHERE" = 'the template' ]
}
