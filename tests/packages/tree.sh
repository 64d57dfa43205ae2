#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Makes a Debian system for tests to install packages in, once: tests/packages/tree.sh DIRECTORY.
# It is this machine's release, from this machine's mirror. Tests use it below an overlay, and leave
# it as it is. 77: this machine cannot.
set -eu
unset CDPATH

# Beside what split-ssh depends on: what a machine needs to boot and to have a user who logs in, and
# what the tests call there.
packages="dbus-user-session init-system-helpers libpam-systemd openssh-client openssh-server \
procps sudo systemd systemd-sysv x11-common socat \
libglib2.0-0 libinih1 libseccomp2 libsecret-1-0 libsodium23 libssl3"

skip() {
    echo "skipped: $1"
    exit 77
}

[ $# -eq 1 ] || {
    echo "usage: tests/packages/tree.sh DIRECTORY" >&2
    exit 64
}
tree=$1
[ "$(id -u)" -eq 0 ] || skip "only root can make a system to install packages in"
command -v debootstrap >/dev/null || skip "there is no debootstrap"
# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
# shellcheck disable=SC2016 # apt's
mirror=$(apt-get indextargets --format '$(LABEL) $(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
    sed -n "s/^Debian $release //p" | head -n 1)
[ -n "$mirror" ] || skip "apt knows no mirror of Debian $release"

made_from="$release $packages"
if [ "$(cat "$tree.made-from" 2>/dev/null)" = "$made_from" ]; then
    exit 0
fi
rm -rf "$tree" "$tree.made-from"
mkdir -p "$(dirname "$tree")"
make_tree() {
    debootstrap --variant=minbase "$release" "$tree" "$mirror"
    # Nothing that is installed here may start.
    printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
    chmod 755 "$tree/usr/sbin/policy-rc.d"
    # shellcheck disable=SC2086 # a list of names
    chroot "$tree" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends $packages </dev/null
    rm -f "$tree/usr/sbin/policy-rc.d" "$tree"/var/cache/apt/archives/*.deb
}

# In the background, since "||" would turn off -e in the function.
make_tree >"$tree.log" 2>&1 &
wait $! || {
    tail -n 20 "$tree.log" >&2
    echo "tree.sh: failed, and the whole log is $tree.log" >&2
    rm -rf "$tree"
    exit 1
}
# What the packages expect of a qube.
chroot "$tree" groupadd --system qubes
chroot "$tree" useradd --create-home --shell /bin/bash --groups qubes user
echo "$made_from" >"$tree.made-from"
