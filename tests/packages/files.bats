#!/usr/bin/env bats
# SPDX-License-Identifier: BSD-2-Clause
# What is in the packages, as the lists in files/ have it: kind and mode, path, target of a link. The
# lists are written by hand.

load packages_setup

# Lines of "ls -l" or of tar, without directories: kind and mode, path, " -> " target. Another owner
# than root, and a directory with another mode than 755, stay in the list and so fail the test.
listing() {
    sed -E -e 's,^(.{10}) +[0-9]* *root[/ ]+root +,\1 ,' \
        -e 's,^(.{10}) .*[0-9]{2}(:[0-9]{2}| [0-9]{4}) +\.?/?([^/ ]|/),\1 /\3,' -e 's,^(.{10} )//,\1/,' |
        grep -v -e '^drwxr-xr-x /' -e '/usr/lib/\.build-id/' | sort
}

# same_files PART [LINE...]: standard input is the list of PART and the lines.
same_files() {
    local part=$1
    shift
    {
        [ ! -e "$BATS_TEST_DIRNAME/files/$part" ] ||
            grep -v '^#' "$BATS_TEST_DIRNAME/files/$part"
        [ $# -eq 0 ] || printf '%s\n' "$@"
    } | sort >"$BATS_TEST_TMPDIR/expected"
    diff -u "$BATS_TEST_TMPDIR/expected" -
}

deb_files() {
    local part=$1
    shift
    dpkg-deb --contents "$(deb "$part")" | listing |
        same_files "$part" "-rw-r--r-- /usr/share/doc/split-ssh-$part/copyright" \
            "-rw-r--r-- /usr/share/doc/split-ssh-$part/changelog.gz" "$@"
}

POLICY=/etc/qubes/policy.d/90-split-ssh.policy

@test "Debian: files, modes and links" {
    needs dpkg-deb "$DEBS"
    deb_files common '-rw-r--r-- /etc/X11/Xsession.d/50split-ssh'
    deb_files vault '-rw-r--r-- /usr/share/lintian/overrides/split-ssh-vault'
    deb_files client
    deb_files dom0 "-rw-r--r-- $POLICY"
}

@test "Debian: conffiles" {
    needs dpkg-deb "$DEBS"
    conffiles() { dpkg-deb --info "$(deb "$1")" conffiles | sort | tr '\n' ' '; }
    [ "$(conffiles common)" = "/etc/X11/Xsession.d/50split-ssh /etc/profile.d/split-ssh.sh " ]
    [ "$(conffiles vault)" = "/etc/qubes/rpc-config/qubes.SshAgent /etc/xdg/autostart/split-ssh.desktop " ]
    [ -z "$(conffiles client 2>/dev/null)" ]
    [ "$(conffiles dom0)" = "$POLICY " ]
}

@test "Debian: what the packages depend on, and what they take the place of" {
    needs dpkg-deb "$DEBS"
    field() { dpkg-deb --field "$(deb "$1")" "$2"; }
    field common Depends | grep -x 'libc6 [^,]*'
    for library in libglib2.0-0 libinih1 libseccomp2 libsecret-1-0 libsodium23 libssl3; do
        field vault Depends | grep -E " $library(t64)? "
    done
    for part in vault client; do
        [[ "$(field $part Depends), " == *"split-ssh-common (= $VERSION), "* ]]
    done
    [[ "$(field vault Depends), " == *"openssh-client, "* ]]
    # A client's qube has no library of the vault's.
    field client Depends | grep -x 'split-ssh-common [^,]*, libc6 [^,]*'
    [ -z "$(field dom0 Depends)" ]
    for part in common vault client; do
        [ "$(field $part Conflicts) $(field $part Replaces)" = "qubes-split-ssh qubes-split-ssh" ]
        [ "$(field $part Architecture)" != all ]
    done
    [ "$(field dom0 Conflicts)" = qubes-split-ssh-dom0 ]
    [ "$(field dom0 Architecture)" = all ]
}

rpm_files() {
    local part=$1
    shift
    rpm --query --package --list --verbose "$RPMS/split-ssh-$part-$VERSION"-*.rpm | listing |
        same_files "$part" "$@"
}

@test "Fedora: files, modes and links" {
    needs rpm "$RPMS"
    rpm_files common '-rw-r--r-- /usr/share/licenses/split-ssh-common/LICENSE'
    rpm_files vault
    rpm_files client
    # The group's name is not root, so the owner is in the line.
    rpm --query --package --list --verbose "$RPMS/split-ssh-dom0-$VERSION"-*.noarch.rpm |
        grep -E "^-rw-rw-r-- +1 root +qubes .* $POLICY\$"
    rpm --query --package --list "$RPMS/split-ssh-dom0-$VERSION"-*.noarch.rpm | sort |
        diff - <(printf '%s\n' "$POLICY" /usr/share/licenses/split-ssh-dom0{,/LICENSE})
}

@test "Fedora: configuration files, and what is run" {
    needs rpm "$RPMS"
    of() { rpm --query --package "$1" "$RPMS/split-ssh-$2-$VERSION"-*.rpm | sort; }
    [ "$(of --configfiles common)" = /etc/profile.d/split-ssh.sh ]
    [ "$(of --configfiles vault | tr '\n' ' ')" = \
        "/etc/qubes/rpc-config/qubes.SshAgent /etc/xdg/autostart/split-ssh.desktop " ]
    [ "$(of --configfiles dom0 | head -n 1)" = "$POLICY" ]
    of --scripts vault | grep 'install-user-units split-ssh-agent.socket split-ssh-qrexec.socket'
    of --scripts vault | grep 'remove-user-units split-ssh-agent.socket split-ssh-qrexec.socket'
    of --scripts client | grep 'install-user-units split-ssh-relay@.socket'
    of --scripts client | grep 'remove-user-units split-ssh-relay@.socket'
    of --requires client | grep -F "split-ssh-common($(uname -m | tr _ -)) = $VERSION-1"
    refute grep -E 'libcrypto|libglib|libsodium' <(of --requires client)
}

arch_files() {
    local part=$1
    shift
    tar --list --verbose --file "$ARCH_PACKAGES/split-ssh-$part-$VERSION"-1-*.pkg.tar |
        grep -v ' \.\(BUILDINFO\|INSTALL\|MTREE\|PKGINFO\)$' | listing |
        same_files "$part" "-rw-r--r-- /usr/share/licenses/split-ssh-$part/LICENSE"
}

@test "Arch Linux: files, modes and links" {
    needs makepkg "$ARCH_PACKAGES"
    arch_files common
    arch_files vault
    arch_files client
}

@test "one version, everywhere" {
    [[ "$VERSION" =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]]
    [ "$(sed -nE '1s/^split-ssh \((.*)\) .*/\1/p' "$SOURCE/packaging/debian/changelog")" = "$VERSION" ]
    grep "^## \[$VERSION\]" "$SOURCE/CHANGELOG.md"
    "$SPLIT_SSH_BUILD/bin/split-ssh" -V 2>&1 | grep -F "$VERSION"
}
