#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Runs a file of these tests: run.sh BUILD BATS FILE. 77, and the reason, where no machine can boot.
set -eu
build=$1 bats=$2 file=$3

skip() {
    echo "skipped: $1"
    exit 77
}

[ "$(id -u)" -eq 0 ] || skip "only root can boot machines"
for tool in systemd-nspawn unshare nsenter python3 socat; do
    command -v "$tool" >/dev/null || skip "there is no $tool"
done
[ -e "$build/machine/made-from" ] || skip "there is no $build/machine, which template.sh makes"
# An overlay below a mount of its own, as machine.sh has it.
unshare --mount --propagation private sh -c 'mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w &&
    mount -t overlay -o lowerdir=/etc,upperdir=/mnt/u,workdir=/mnt/w overlay /mnt' 2>/dev/null ||
    skip "no overlay can be mounted here"
cgroup=/sys/fs/cgroup/systemd
[ -d "$cgroup" ] || cgroup=/sys/fs/cgroup
mkdir "$cgroup/split-ssh-try-$$" 2>/dev/null || skip "no cgroup can be made here"
rmdir "$cgroup/split-ssh-try-$$"
SPLIT_SSH_BUILD=$build exec "$bats" "$file"
