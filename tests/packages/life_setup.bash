# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A Debian system to install packages in: a copy of the tree, of which nothing runs.

# shellcheck source=tests/packages/packages_setup.bash
source "$BATS_TEST_DIRNAME/packages_setup.bash"

prepare_system() {
    [ "$(id -u)" -eq 0 ] || skip "only root can install packages"
    [ -e "$TREE.made-from" ] || skip "there is no system to install packages in"
    needs dpkg-deb "$DEBS"
    SYSTEM="$BATS_TEST_TMPDIR/system"
    cp -a "$TREE" "$SYSTEM"
    mkdir "$SYSTEM/debs"
    cp "$DEBS"/split-ssh-*_"$VERSION"_*.deb "$SYSTEM/debs"
}

remove_system() {
    [ -z "${SYSTEM:-}" ] || rm -rf --one-file-system "$SYSTEM"
}

# A command in the system, without a network, with a /proc that ends with it and all it has started.
within() {
    unshare --mount --net --pid --fork --kill-child \
        sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$SYSTEM" \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive "$@" \
        </dev/null
}

# install_packages PART...: as the README has it, and with no network.
install_packages() {
    local part files=()
    for part in "$@"; do
        files+=("/debs/$(basename "$(deb "$part")")")
    done
    within apt-get install -y -q --no-install-recommends "${files[@]}"
}

purge_packages() {
    within dpkg --purge "${@/#/split-ssh-}"
}

# state PACKAGE: "ii" installed, "rc" removed, "un" or nothing: unknown.
state() {
    within dpkg-query --show --showformat='${db:Status-Abbrev}' "$1" 2>/dev/null | tr -d ' '
}

# Nothing of an installed package is missing or changed; conffiles too.
intact() {
    local part
    for part in "$@"; do
        [ "$(state "split-ssh-$part")" = ii ]
        within dpkg --verify "split-ssh-$part" >"$BATS_TEST_TMPDIR/changed"
        [ ! -s "$BATS_TEST_TMPDIR/changed" ]
    done
}

# User units that start with each session.
enabled_units() {
    (cd "$SYSTEM/etc/systemd/user" && find . -type l -printf '%P\n' | sort | tr '\n' ' ')
}

# All files of the system, but for dpkg's and apt's own books.
snapshot() {
    (
        cd "$SYSTEM"
        find . \( -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/log -o -path ./debs \
            -o -path ./var/cache -o -path ./proc \) -prune -o ! -type d -printf '%M %U:%G %p %l\n' \
            -o -type d -printf '%M %U:%G %p\n' | sort
        find etc usr root home var/lib/systemd -type f -exec sha256sum {} + | sort -k 2
    )
}

# unpack_deb PART, repack_deb PART: version 0.0.9 of the package, out of what is built. Between the two,
# its files lie in $BATS_TEST_TMPDIR/deb; then it is /older/PART.deb.
unpack_deb() {
    rm -rf "$BATS_TEST_TMPDIR/deb"
    dpkg-deb --raw-extract "$(deb "$1")" "$BATS_TEST_TMPDIR/deb"
    sed -i -e 's/^Version: .*/Version: 0.0.9/' -e "s/(= $VERSION)/(= 0.0.9)/" \
        "$BATS_TEST_TMPDIR/deb/DEBIAN/control"
}

repack_deb() {
    mkdir -p "$SYSTEM/older"
    dpkg-deb --root-owner-group --build "$BATS_TEST_TMPDIR/deb" "$SYSTEM/older/$1.deb"
}

# A package with the names and places of Qubes' own, and contents of no use.
make_official() {
    local root="$BATS_TEST_TMPDIR/official" file
    mkdir -p "$root"/{DEBIAN,usr/bin,usr/lib/split-ssh,usr/lib/systemd/system} \
        "$root"/etc/{qubes-rpc,profile.d}
    for file in usr/bin/split-ssh usr/lib/split-ssh/start-{agent,forwarder} \
        etc/qubes-rpc/qubes.SshAgent; do
        echo '#!/bin/sh' >"$root/$file"
        chmod 755 "$root/$file"
    done
    echo 'SSH_AUTH_SOCK=/official' >"$root/etc/profile.d/qubes-ssh.sh"
    echo '[Service]' | tee "$root"/usr/lib/systemd/system/split-ssh-{agent,forwarder}@.service
    printf '/etc/%s\n' qubes-rpc/qubes.SshAgent profile.d/qubes-ssh.sh >"$root/DEBIAN/conffiles"
    printf '%s\n' 'Package: qubes-split-ssh' 'Version: 1.0.0-1+deb12u1' 'Architecture: all' \
        'Maintainer: Nobody <nobody@example.org>' 'Description: stand-in for the official package' \
        ' It has its names.' >"$root/DEBIAN/control"
    dpkg-deb --root-owner-group --build "$root" "$SYSTEM/debs/official.deb"
}
