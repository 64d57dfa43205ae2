#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The services of a qube and its session: what runs, and where SSH_AUTH_SOCK points.

load machine_setup
load desktop_setup

setup_file() {
    begin_machines
    new_qube vault split-ssh-vault
    new_qube dev split-ssh-client
    policy <<<'qubes.SshAgent  +  dev  @default  allow target=vault'
    boot vault dev
    make_key_file vault .ssh/identities.d/id_work work
    restart_agent
}

teardown_file() {
    end_machines
}

# systemd counts starts, and these tests have more of them in ten seconds than it permits.
setup() {
    vault systemctl --user reset-failed
}

teardown() {
    show_logs
}

unit_is() {
    vault systemctl --user --quiet is-active split-ssh-agent.service
}

agent_pid() {
    vault systemctl --user show -P MainPID split-ssh-agent.service
}

# The agent, the keystore and the prompt, by the first 15 letters of their names.
processes() {
    root_in "$1" ps -e -o pid=,comm= | grep -E ' split-ssh-(agent|keyst|promp|relay)'
}

no_processes() {
    refute processes "$1"
}

### The agent's service

@test "the session starts the agent, by its entry for the autostart" {
    reboot_qube vault
    vault systemctl --user list-units --all --no-legend 'app-split*autostart.service' | grep -q split
    wait_until unit_is
    refute vault test -e .config/autostart
    [ -z "$(journal vault -q -p err _UID=1000)" ]
}

@test "the first ssh-add starts it, too" {
    vault systemctl --user stop split-ssh-agent.service
    no_processes vault
    run vault ssh-add -l
    [ "$status" -eq 0 ] || [ "$status" -eq 1 ] # the files may not be read yet
    unit_is
    wait_until listed vault work
}

@test "the first call of a client starts it, too" {
    vault systemctl --user stop split-ssh-agent.service
    run client ssh-add -l
    [ "$status" -eq 0 ] || [ "$status" -eq 1 ]
    unit_is
    wait_until listed dev work
}

@test "stopped, it leaves no process, and no failure" {
    unit_is
    make_key_file vault .ssh/extra extra
    vault ssh-add -q .ssh/extra
    vault systemctl --user stop split-ssh-agent.service
    no_processes vault
    [ "$(vault systemctl --user show -P Result split-ssh-agent.service)" = success ]
    vault systemctl --user is-active split-ssh-agent.socket split-ssh-qrexec.socket
    wait_until listed vault work
    refute listed vault extra
}

# No program asks for the agent in these two, or the socket would start it.
@test "killed, it is started anew, with the same sockets and without a process of before" {
    before=$(processes vault)
    inode=$(vault stat -c %i $AGENT_SOCK)
    pid=$(agent_pid)
    vault_root kill -9 "$pid"
    wait_until is_another "$pid"
    [ "$(vault stat -c %i $AGENT_SOCK)" = "$inode" ]
    wait_until three_processes
    refute grep -x -F -e "$before" <<<"$(processes vault)"
    wait_until listed dev work
}

@test "a keystore that is killed takes the agent with it, and both come back" {
    pid=$(agent_pid)
    vault_root pkill -9 -x split-ssh-keyst
    wait_until is_another "$pid"
    wait_until three_processes
    wait_until listed vault work
}

# sign: as git does it.
sign() {
    shell dev 'ssh-add -L >key.pub && echo text | ssh-keygen -q -Y sign -n git -f key.pub >/dev/null'
}

@test "an agent that was started before the session asks on the session's display" {
    local pid

    into vault /usr/bin/ssh-askpass 755 <<'END'
#!/bin/sh
echo "$DISPLAY" >/tmp/display
END
    vault systemctl --user unset-environment DISPLAY WAYLAND_DISPLAY
    restart_agent
    pid=$(agent_pid)
    refute sign
    refute vault test -e /tmp/display
    vault systemctl --user set-environment DISPLAY=:7
    sign
    [ "$(vault cat /tmp/display)" = :7 ]
    [ "$(agent_pid)" = "$pid" ]
    vault systemctl --user unset-environment DISPLAY
    vault_root rm /usr/bin/ssh-askpass
}

# said_in_vault TEXT
said_in_vault() {
    journal vault | grep -q -F -e "$1"
}

@test "an update changes the program of questions at the next start, and without it the answer is no" {
    local child=/usr/libexec/split-ssh/split-ssh-prompt-child

    printf '#!/bin/sh\nexit 0\n' | into vault /usr/bin/ssh-askpass 755
    vault systemctl --user set-environment DISPLAY=:7
    restart_agent
    wait_until listed dev work
    vault_root mv "$child" "$child.old"
    vault_root cp /bin/false "$child"
    sign
    restart_agent
    wait_until listed dev work
    refute sign
    vault_root rm "$child"
    restart_agent
    wait_until listed dev work
    refute sign
    wait_until said_in_vault "$child: No such file or directory: nothing can be asked"
    vault_root mv "$child.old" "$child"
    sign
    vault systemctl --user unset-environment DISPLAY
    vault_root rm /usr/bin/ssh-askpass
}

is_another() {
    local now

    now=$(agent_pid)
    [ "$now" -ne 0 ] && [ "$now" -ne "$1" ]
}

three_processes() {
    [ "$(processes vault | wc -l)" -eq 3 ]
}

@test "the sockets are the vault's user's, and the group qubes' for qrexec" {
    [ "$(vault stat -c '%U %G %a' /run/split-ssh)" = "user qubes 2750" ]
    [ "$(vault stat -c '%U %a' $AGENT_SOCK)" = "user 600" ]
    [ "$(vault stat -c '%U %G %a' /run/split-ssh/qrexec.sock)" = "user qubes 660" ]
    [ "$(vault readlink /etc/qubes-rpc/qubes.SshAgent)" = /run/split-ssh/qrexec.sock ]
    vault_root runuser -u nobody -- true
    refute vault_root runuser -u nobody -- ls /run/split-ssh
    [ "$(client stat -c '%U %a' .split-ssh)" = "user 700" ]
    [ "$(client stat -c '%U %a' .split-ssh/default.sock)" = "user 600" ]
}

### SSH_AUTH_SOCK

# sock_everywhere QUBE SOCKET: in a login shell, in the X session, in the user manager and what it
# starts. The X session is the system's own Xsession, with Debian's start of ssh-agent in it.
sock_everywhere() {
    [ "$(shell "$1" 'echo $SSH_AUTH_SOCK')" = "$2" ]
    root_in "$1" grep -qx "SSH_AUTH_SOCK=$2" /tmp/session-environment
    in_qube "$1" systemctl --user show-environment | grep -qx "SSH_AUTH_SOCK=$2"
    in_qube "$1" systemd-run --user --quiet --wait --pipe printenv SSH_AUTH_SOCK | grep -qx "$2"
    refute root_in "$1" pgrep -x ssh-agent
}

@test "SSH_AUTH_SOCK in the vault" {
    root_in vault test -e /etc/X11/Xsession.d/90x11-common_ssh-agent
    sock_everywhere vault $AGENT_SOCK
}

@test "SSH_AUTH_SOCK in a client" {
    sock_everywhere dev /home/user/.split-ssh/default.sock
}

@test "SSH_AUTH_SOCK in a client whose user has a home with odd characters" {
    local home='/home/o d"d$x\y`z'

    root_in dev useradd --create-home --home-dir "$home" --shell /bin/sh odd
    root_in dev runuser -l odd -c 'printf %s "$SSH_AUTH_SOCK"' >"$BATS_TEST_TMPDIR/shell"
    root_in dev runuser -l odd -c \
        'systemd-run --user --quiet --wait --pipe sh -c "printf %s \"\$SSH_AUTH_SOCK\""' \
        >"$BATS_TEST_TMPDIR/manager"
    root_in dev systemctl stop "user@$(root_in dev id -u odd).service"
    root_in dev userdel --remove odd
    [ "$(cat "$BATS_TEST_TMPDIR/shell")" = "$home/.split-ssh/default.sock" ]
    [ "$(cat "$BATS_TEST_TMPDIR/manager")" = "$home/.split-ssh/default.sock" ]
}

# another_agent QUBE: a socket as that of gcr, which Fedora and Debian enable.
another_agent() {
    local units=/home/user/.config/systemd/user

    into "$1" $units/gcr-ssh-agent.socket 644 <<'END'
[Socket]
ListenStream=%t/gcr/ssh
ExecStartPost=systemctl --user set-environment SSH_AUTH_SOCK=%t/gcr/ssh
[Install]
WantedBy=sockets.target
END
    into "$1" $units/gcr-ssh-agent.service 644 <<'END'
[Service]
ExecStart=sleep infinity
END
    in_qube "$1" systemctl --user enable gcr-ssh-agent.socket
    reboot_qube "$1"
    in_qube "$1" systemctl --user is-active gcr-ssh-agent.socket
}

no_other_agent() {
    in_qube "$1" systemctl --user disable --now gcr-ssh-agent.socket
    in_qube "$1" rm .config/systemd/user/gcr-ssh-agent.socket .config/systemd/user/gcr-ssh-agent.service
}

@test "SSH_AUTH_SOCK where another agent's socket sets it, too" {
    another_agent vault
    sock_everywhere vault $AGENT_SOCK
    no_other_agent vault
    another_agent dev
    sock_everywhere dev /home/user/.split-ssh/default.sock
    no_other_agent dev
}

@test "an agent that an ssh login has brought along stays" {
    run vault env SSH_CONNECTION='1 2 3 4' SSH_AUTH_SOCK=/forwarded bash -l -c 'echo $SSH_AUTH_SOCK'
    [ "$output" = /forwarded ]
}

### Services

@test "split-ssh-add: the session runs ssh-add -c" {
    make_key_file vault .ssh/id_ed25519 mine
    qvm_service vault split-ssh-add on
    reboot_qube vault
    wait_until listed vault mine
    vault split-ssh list default | grep -F ' mine (ED25519), asks each time'
    vault split-ssh list default | grep -F ' work (ED25519)' | refute grep 'asks each time'
    qvm_service vault split-ssh-add off
    reboot_qube vault
    wait_until listed vault work
    refute listed vault mine
    vault rm .ssh/id_ed25519 .ssh/id_ed25519.pub
}

@test "a qube that is vault and client is a vault, and its relay is there beside it" {
    qvm_service vault split-ssh-client on
    reboot_qube vault
    sock_everywhere vault $AGENT_SOCK
    wait_until listed vault work
    vault systemctl --user is-active split-ssh-relay@default.socket
    qvm_service vault split-ssh-client off
}

@test "without its service nothing runs, listens or is set" {
    qvm_service vault split-ssh-vault off
    qvm_service vault split-ssh-add on # alone it is of no use
    qvm_service vault split-ssh-client off
    reboot_qube vault
    no_processes vault
    refute vault_root sh -c 'ls -A /run/split-ssh | grep .'
    # Distributions may have agents of their own there.
    refute shell vault 'printenv SSH_AUTH_SOCK | grep split-ssh'
    refute shell vault 'systemctl --user show-environment | grep split-ssh'
    refute root_in vault grep -e split-ssh /tmp/session-environment
    refute vault test -e .split-ssh/default.sock
    [ -z "$(vault systemctl --user --failed --no-legend)" ]
    run call dev @default qubes.SshAgent
    [ "$status" -eq 125 ]
    qvm_service vault split-ssh-add off
    qvm_service vault split-ssh-vault on
    reboot_qube vault
    wait_until listed dev work
}

@test "a client without its service has no socket and no relay" {
    qvm_service dev split-ssh-client off
    reboot_qube dev
    no_processes dev
    refute client test -e .split-ssh/default.sock
    refute shell dev 'printenv SSH_AUTH_SOCK | grep split-ssh'
    qvm_service dev split-ssh-client on
    reboot_qube dev
    listed dev work
}
