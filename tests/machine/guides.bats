#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# "Test your configuration" of the guides for split SSH that are around, step by step, and what they
# have users put into ~/.config/autostart, as it is. Their qubes are called vault and ssh-client.

load machine_setup
load desktop_setup

setup_file() {
    begin_machines
    new_qube vault split-ssh-vault
    new_qube ssh-client split-ssh-client
    policy <<'END'
qubes.SshAgent  +  ssh-client  @default  ask target=vault default_target=vault
END
    dom0_user yes # "Allow operation execution"
    boot vault ssh-client
    make_key_file vault .ssh/id_ed25519 user@vault
}

teardown_file() {
    end_machines
}

setup() {
    vault rm -rf .config/autostart
    vault systemctl --user restart split-ssh-agent.service
    vault systemctl --user reset-failed
}

teardown() {
    show_logs
}

ssh_client() {
    in_qube ssh-client "$@"
}

public_key() {
    vault cat .ssh/id_ed25519.pub
}

# autostart_entry NAME LINE...
autostart_entry() {
    local name="$1"

    shift
    printf '%s\n' '[Desktop Entry]' "$@" | into vault "/home/user/.config/autostart/$name" 644
}

@test "nothing is loaded: ssh-add -L in the client says so" {
    run ssh_client ssh-add -L
    [ "$output" = "The agent has no identities." ]
    [ "$status" -eq 1 ]
    dom0_said 'ssh-client @default qubes.SshAgent+: ask vault'
}

@test "the key is loaded: ssh-add -L in the client prints it" {
    vault ssh-add -q
    run ssh_client ssh-add -L
    [ "$output" = "$(public_key)" ]
    [[ "$output" = "ssh-ed25519 "* ]]
    [ "$status" -eq 0 ]
}

@test "dom0's question is denied: an error, and the relay says what to do" {
    dom0_user no
    run ssh_client ssh-add -L
    dom0_user yes
    echo "$output"
    [ "$status" -ne 0 ]
    [[ "$output" = "error fetching identities: "* ]]
    journal ssh-client -t split-ssh-relay -n 1 | grep -F '/etc/qubes/policy.d'
}

@test "the vault is shut down: an error, and what to do; it is started: the key" {
    autostart_entry ssh-add.desktop Name=ssh-add Exec=ssh-add Type=Application
    shut_down vault
    run ssh_client ssh-add -L
    echo "$output"
    [ "$status" -ne 0 ]
    [[ "$output" = "error fetching identities: "* ]]
    journal ssh-client -t split-ssh-relay -n 1 | grep -i vault
    run ssh_client split-ssh check
    echo "$output"
    [ "$status" -ne 0 ]
    [[ "$output" = *qvm-start* ]]
    boot vault
    wait_until client_has_key
}

client_has_key() {
    [ "$(ssh_client ssh-add -L)" = "$(public_key)" ]
}

@test "ssh-add.desktop with Exec=ssh-add loads the key when the session starts" {
    autostart_entry ssh-add.desktop Name=ssh-add Exec=ssh-add Type=Application
    reboot_qube vault
    wait_until client_has_key
    vault split-ssh list default | refute grep 'asks each time'
}

@test "ssh-add.desktop with Exec=ssh-add -c loads it, and each use asks" {
    autostart_entry ssh-add.desktop Name=ssh-add 'Exec=ssh-add -c' Type=Application
    reboot_qube vault
    wait_until client_has_key
    vault split-ssh list default | grep -F ' user@vault (ED25519), asks each time'
    vault systemctl --user reset-failed
}
