#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Runs a command as the user of a qube, where QUBE/run is /run and QUBE/rw is /rw, and as another
# user than root: for programs that look at absolute paths. Needs user namespaces, and no root.
#   in_qube.sh QUBE COMMAND...
set -euo pipefail
qube=$1
shift

if [ "${IN_QUBE:-}" != namespace ]; then
    IN_QUBE=namespace exec unshare --mount --keep-caps --map-user=1000 --map-group=1000 \
        "$0" "$qube" "$@"
fi
unset IN_QUBE
root="$qube/root"
mkdir -p "$root" "$qube/run" "$qube/rw"
mount -t tmpfs tmpfs "$root"
for entry in /*; do
    if [ -L "$entry" ]; then
        cp -P "$entry" "$root$entry"
    elif [ -d "$entry" ]; then
        mkdir "$root$entry"
        case $entry in
        /run | /rw) mount --bind "$qube$entry" "$root$entry" ;;
        *) mount --rbind "$entry" "$root$entry" ;;
        esac
    fi
done
if [ ! -d "$root/rw" ]; then
    mkdir "$root/rw"
    mount --bind "$qube/rw" "$root/rw"
fi
exec chroot "$root" setpriv --ambient-caps=-all --inh-caps=-all -- env --chdir="$qube" -- "$@"
