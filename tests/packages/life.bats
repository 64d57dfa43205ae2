#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# The Debian packages from their installation to their end, in a clean system.
# shellcheck disable=SC2016 # for shells in there

load life_setup

VAULT_UNITS="sockets.target.wants/split-ssh-agent.socket sockets.target.wants/split-ssh-qrexec.socket "
CLIENT_UNITS="sockets.target.wants/split-ssh-relay@default.socket "
LINK=/etc/qubes-rpc/qubes.SshAgent

setup() {
    prepare_system
}

teardown() {
    remove_system
}

is_linked() {
    [ "$(readlink "$SYSTEM$LINK")" = /run/split-ssh/qrexec.sock ]
}

@test "a vault alone" {
    install_packages common vault
    intact common vault
    is_linked
    [ "$(enabled_units)" = "$VAULT_UNITS" ]
    [ "$(within stat -c '%A %U %G' /run/split-ssh)" = "drwxr-s--- user qubes" ]
    [ "$(within split-ssh-agent -V 2>&1)" = "split-ssh-agent $VERSION" ]
    [ ! -e "$SYSTEM/usr/bin/split-ssh-relay" ]
    # Nothing that it links is missing.
    within sh -c 'ldd /usr/bin/split-ssh* /usr/libexec/split-ssh/split-ssh-*' \
        >"$BATS_TEST_TMPDIR/libraries"
    grep libsodium "$BATS_TEST_TMPDIR/libraries"
    refute grep 'not found' "$BATS_TEST_TMPDIR/libraries"
    # GLib is in no process that stays.
    within sh -c 'cd /usr/libexec/split-ssh; ldd split-ssh-keystore split-ssh-prompt \
        /usr/bin/split-ssh-agent' >"$BATS_TEST_TMPDIR/libraries"
    grep -c libsodium "$BATS_TEST_TMPDIR/libraries" | grep -x 3
    refute grep -E 'glib|gobject|gio|libsecret' "$BATS_TEST_TMPDIR/libraries"
}

@test "a client alone" {
    install_packages common client
    intact common client
    [ "$(enabled_units)" = "$CLIENT_UNITS" ]
    [ "$(within split-ssh-relay -V 2>&1)" = "split-ssh-relay $VERSION" ]
    [ ! -e "$SYSTEM$LINK" ]
}

@test "dom0's policy needs nothing else" {
    install_packages dom0
    intact dom0
    grep -E '^qubes.SshAgent +\* +@anyvm +@anyvm +deny$' "$SYSTEM/etc/qubes/policy.d/90-split-ssh.policy"
    refute grep -v -e '^#' -e '^$' -e ' deny$' "$SYSTEM/etc/qubes/policy.d/90-split-ssh.policy"
}

@test "one template for both sides, and none of it left after a purge" {
    snapshot >"$BATS_TEST_TMPDIR/before"
    install_packages common vault client dom0
    intact common vault client dom0
    [ "$(enabled_units)" = "$VAULT_UNITS$CLIENT_UNITS" ]
    snapshot >"$BATS_TEST_TMPDIR/installed"
    refute diff -q "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/installed"

    within dpkg --remove split-ssh-{common,vault,client,dom0}
    [ "$(state split-ssh-vault)" = rc ]
    # Removed, it leaves its configuration; a login shell and an X session read it without harm.
    within sh -eu -c '. /etc/profile.d/split-ssh.sh; . /etc/X11/Xsession.d/50split-ssh; [ -z "${SSH_AUTH_SOCK:-}" ]'
    [ ! -e "$SYSTEM$LINK" ] && [ ! -L "$SYSTEM$LINK" ]

    purge_packages common vault client dom0
    snapshot >"$BATS_TEST_TMPDIR/after"
    diff -u "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
}

@test "no user \"user\" and no group \"qubes\": it installs all the same" {
    within userdel --remove user
    within groupdel qubes
    install_packages common vault client
    intact common vault client
}

@test "an upgrade keeps the files and choices of the administrator" {
    # The older version has another hook for shells, which nobody has touched.
    for part in common vault client dom0; do
        unpack_deb $part
        [ $part != common ] || echo '# older' >>"$BATS_TEST_TMPDIR/deb/etc/profile.d/split-ssh.sh"
        repack_deb $part
    done
    within dpkg --install /older/{common,vault,client,dom0}.deb
    grep '# older' "$SYSTEM/etc/profile.d/split-ssh.sh"
    echo '# mine' | tee -a "$SYSTEM/etc/qubes/rpc-config/qubes.SshAgent" \
        "$SYSTEM/etc/qubes/policy.d/90-split-ssh.policy"
    rm "$SYSTEM/etc/xdg/autostart/split-ssh.desktop"
    within systemctl --global disable split-ssh-relay@default.socket
    [ "$(enabled_units)" = "$VAULT_UNITS" ]

    install_packages common vault client dom0
    for part in common vault client dom0; do
        [ "$(within dpkg-query --show --showformat='${Version}' split-ssh-$part)" = "$VERSION" ]
    done
    refute grep '# older' "$SYSTEM/etc/profile.d/split-ssh.sh"
    tail -n 1 "$SYSTEM/etc/qubes/rpc-config/qubes.SshAgent" | grep '# mine'
    tail -n 1 "$SYSTEM/etc/qubes/policy.d/90-split-ssh.policy" | grep '# mine'
    [ ! -e "$SYSTEM/etc/xdg/autostart/split-ssh.desktop" ]
    [ "$(enabled_units)" = "$VAULT_UNITS" ]
    is_linked
    intact client
}

@test "it takes the place of Qubes' own package" {
    make_official
    within dpkg --install /debs/official.deb
    [ -f "$SYSTEM$LINK" ] && [ ! -L "$SYSTEM$LINK" ]

    install_packages common vault client
    intact common vault client
    [ "$(state qubes-split-ssh)" = rc ]
    is_linked
    # The conffile of another package is left alone. In a qube with a service ours is read later.
    [ "$(cat "$SYSTEM/etc/profile.d/qubes-ssh.sh")" = SSH_AUTH_SOCK=/official ]
    mkdir -p "$SYSTEM/run/qubes-service"
    touch "$SYSTEM/run/qubes-service/split-ssh-vault"
    [ "$(within bash --login -c 'echo $SSH_AUTH_SOCK')" = /run/split-ssh/agent.sock ]

    # Its purge takes its shell hook, and nothing of ours.
    within dpkg --purge qubes-split-ssh
    [ ! -e "$SYSTEM/etc/profile.d/qubes-ssh.sh" ]
    is_linked
    intact common vault client
}

@test "a script of the guides in the place of the link is not lost" {
    mkdir "$SYSTEM/etc/qubes-rpc"
    printf '#!/bin/sh\nncat -U $SSH_AUTH_SOCK\n' >"$SYSTEM$LINK"
    install_packages common vault
    is_linked
    grep 'ncat -U' "$SYSTEM/var/backups/qubes.SshAgent.before-split-ssh"
    # Once it is ours, there is nothing to keep.
    rm "$SYSTEM/var/backups/qubes.SshAgent.before-split-ssh"
    within dpkg --install "/debs/$(basename "$(deb vault)")"
    [ ! -e "$SYSTEM/var/backups/qubes.SshAgent.before-split-ssh" ]
    # Nor is one that the administrator has put there later; the next one does not take its place.
    rm "$SYSTEM$LINK"
    echo first >"$SYSTEM$LINK"
    within dpkg --install "/debs/$(basename "$(deb vault)")"
    is_linked
    rm "$SYSTEM$LINK"
    echo second >"$SYSTEM$LINK"
    within dpkg --install "/debs/$(basename "$(deb vault)")"
    [ "$(sort "$SYSTEM"/var/backups/qubes.SshAgent.before-split-ssh* | tr '\n' ' ')" = 'first second ' ]
}

@test "Qubes' own package can come back" {
    make_official
    install_packages common vault client
    within apt-get install -y -q /debs/official.deb
    [ "$(state qubes-split-ssh)" = ii ]
    [ "$(state split-ssh-common)" = rc ]
    [ -f "$SYSTEM$LINK" ] && [ ! -L "$SYSTEM$LINK" ]
}
