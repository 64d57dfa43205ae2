#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Ten minutes of logins while everything around the keys breaks:
#   tests/faults/run.sh [--seconds N] [--seed S] BUILD
#
# In mounts and processes of its own (unshare(1)), so that a disk can be full, clocks can jump, and
# nothing is left behind however it ends. For that it needs root.
set -euo pipefail
unset CDPATH DESTDIR # both would lead elsewhere
here=$(cd "$(dirname "$0")" && pwd)

usage() {
    echo "usage: $0 [--seconds N] [--seed S] BUILD" >&2
    exit 64
}

# Process 1 of its own: it reaps what others leave behind.
inside() {
    local seconds="$1" seed="$2" build="$3" directory="$4" status=0 python=

    trap '[ -n "$python" ] || exit 1; kill "$python" 2>/dev/null || true' TERM HUP
    mount --make-rprivate /
    mount -t tmpfs -o size=512m,mode=700 faults "$directory"
    # The disk that gets full, with room for a log that is rotated.
    mkdir -p "$directory/home/.local/state/split-ssh" "$directory/etc/upper" "$directory/etc/work" \
        "$directory/libasan.so.none"
    mount -t tmpfs -o size=24m,mode=700 log "$directory/home/.local/state/split-ssh"
    # ASan wants to be the first library, and knows itself by its name.
    cp "$build/tests/faults/clock_step.so" "$directory/libasan.so.none"
    mount -t overlay -o "lowerdir=/etc,upperdir=$directory/etc/upper,workdir=$directory/etc/work" \
        etc /etc
    # A shell that reads no files: what root has in ~/.bashrc takes its time, and leaves things behind.
    sed -i 's|^\(root:.*:\)[^:]*$|\1/bin/sh|' /etc/passwd
    # sshd wants /run/sshd; the machine need not have it.
    mount -t tmpfs -o size=1m,mode=755 run /run
    mkdir -m 755 /run/sshd
    truncate -s 16 "$directory/libasan.so.none/clock_step.so.clock"
    echo "$directory/libasan.so.none/clock_step.so" >/etc/ld.so.preload
    python3 -B "$here/faults.py" "$seconds" "$seed" "$build" "$directory" &
    python=$!
    wait "$python" || status=$?
    # A signal ends the first wait.
    wait "$python" 2>/dev/null || status=$?
    if [ "$status" -ne 0 ]; then
        mkdir -p "$build/tests/faults/logs"
        cp "$directory"/*.log "$build/tests/faults/logs" || true
        echo "logs: $build/tests/faults/logs"
    fi
    exit "$status"
}

if [ "${1-}" = --inside ]; then
    shift
    inside "$@"
fi

seconds=600
seed=$RANDOM
while [ $# -gt 1 ]; do
    case $1 in
    --seconds) seconds=$2 ;;
    --seed) seed=$2 ;;
    *) usage ;;
    esac
    shift 2
done
if [ $# -ne 1 ] || [ ! -d "$1" ]; then
    usage
fi
build=$(cd "$1" && pwd)

if [ "$(id -u)" -ne 0 ]; then
    echo "skipped: faults: only root can fill a disk of its own, and have clocks of its own"
    exit 77
fi

directory=$(mktemp -d "${TMPDIR:-/tmp}/faults.XXXXXXXX")
child=
# shellcheck disable=SC2317 # by the trap
clean_up() {
    [ -z "$child" ] || kill -KILL "$child" 2>/dev/null || true
    [ -z "$child" ] || wait "$child" 2>/dev/null || true
    rmdir "$directory"
}
trap clean_up EXIT
trap 'exit 1' TERM HUP
# unshare does not pass it on; faults.py ends, once, and says so. Of a terminal it gets its own as well.
# shellcheck disable=SC2016 # later
trap '[ -z "$child" ] || kill -TERM $(cat "/proc/$child/task/$child/children") 2>/dev/null || true' INT

echo "seed $seed, $seconds s"
setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --mount-proc \
    "$here/run.sh" --inside "$seconds" "$seed" "$build" "$directory" &
child=$!
status=0
while wait "$child" || status=$?; [ -d "/proc/$child" ]; do
    status=0
done
child=
exit "$status"
