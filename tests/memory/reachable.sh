#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Runs a command where a build can be reached by every user: `reachable.sh BUILD COMMAND...`. Root's
# build may be below a directory that nobody else may enter (/root, say); then the command runs in a
# mount namespace of its own, in which the way there is open.
set -eu
build=$(readlink -f "$1")
shift

closed_directory() {
    closed=
    dir=$build
    while [ "$dir" != / ]; do
        setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$dir/." || closed=$dir
        dir=$(dirname "$dir")
    done
}

[ "$(id -u)" -eq 0 ] || exec "$@"
closed_directory
[ -n "$closed" ] || exec "$@"
if [ -z "${REACHABLE_NAMESPACE:-}" ]; then
    REACHABLE_NAMESPACE=yes exec unshare --mount --propagation private -- "$0" "$build" "$@"
fi

# The directory once more, with all that is in it and other permissions.
kept=$(mktemp -d /run/split-ssh-reachable.XXXXXX)
mount --rbind "$closed" "$kept"
mount -t tmpfs -o mode=755 tmpfs "$closed"
for entry in "$kept"/* "$kept"/.[!.]*; do
    name=$closed/${entry##*/}
    if [ -L "$entry" ]; then
        cp -P "$entry" "$name"
    elif [ -d "$entry" ]; then
        mkdir "$name" && mount --rbind "$entry" "$name"
    elif [ -f "$entry" ]; then
        : >"$name" && mount --bind "$entry" "$name"
    fi
done
umount -l "$kept"
rmdir "$kept"
closed_directory
if [ -n "$closed" ]; then
    exec "$0" "$build" "$@" # one level down
fi
exec "$@"
