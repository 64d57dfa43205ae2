#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Makes the template of the machines, once for each set of packages: tests/machine/template.sh BUILD
#   BUILD/tree               a clean Debian system (tests/packages/tree.sh)
#   BUILD/packages/*.deb     the built packages (packaging/packages.sh)
#   BUILD/machine/template   the system with split-ssh installed for vaults and clients
#   BUILD/machine/dom0       what the package for dom0 brings
# 77: this machine cannot.
set -eu
unset CDPATH

[ $# -eq 1 ] || {
    echo "usage: tests/machine/template.sh BUILD" >&2
    exit 64
}
tree=$1/tree packages=$1/packages machine=$1/machine

for needed in "$tree.made-from" "$packages/made-from"; do
    [ -e "$needed" ] || {
        echo "skipped: there is no $needed"
        exit 77
    }
done
made_from=$(cat "$tree.made-from" "$packages/made-from")
if [ "$(cat "$machine/made-from" 2>/dev/null)" = "$made_from" ]; then
    exit 0
fi
rm -rf "$machine"
mkdir -p "$machine/dom0"
cp -a "$tree" "$machine/template"
for part in common vault client; do
    cp "$packages"/split-ssh-"$part"_*.deb "$machine/template/tmp"
done

# README.md's command. All that the packages need is in the tree: there is no network here.
unshare --net chroot "$machine/template" env DEBIAN_FRONTEND=noninteractive sh -c \
    'cd /tmp && apt-get install -y --no-install-recommends ./split-ssh-*.deb' \
    </dev/null >"$machine/log" 2>&1 || {
    cat "$machine/log" >&2
    exit 1
}
rm "$machine/template/tmp"/split-ssh-*.deb
dpkg-deb --extract "$packages"/split-ssh-dom0_*.deb "$machine/dom0"
echo "$made_from" >"$machine/made-from"
