#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Boots one qube as a machine, and is there as long as the machine is:
#   machine.sh DIR NAME TEMPLATE OWNER
# DIR is dom0's (tests/standin/dom0.py). Of TEMPLATE, a whole tree, the machine sees a copy that is
# thrown away at its end, as an app qube does; /home, /rw and /usr/local are in DIR/qubes/NAME/private
# and stay. All mounts are in a mount namespace of this process, so none is left whatever happens.
# SIGTERM shuts the machine down; it is also ended when the process OWNER is not there any more.
set -euo pipefail
dir=$1 name=$2 template=$3 owner=$4
here=$(cd "$(dirname "$0")" && pwd)
qube="$dir/qubes/$name"

if [ -z "${MACHINE_IN_NAMESPACE:-}" ]; then
    MACHINE_IN_NAMESPACE=yes exec unshare --mount --propagation private "$0" "$@"
fi

# Two machines in one cgroup would take each other's units for their own.
cgroups=()
for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
    if [ -e "$hierarchy/cgroup.procs" ]; then
        cgroups+=("$hierarchy/split-ssh-$name-$$")
    fi
done

join_cgroups() {
    local cgroup
    for cgroup in "${cgroups[@]}"; do
        mkdir "$cgroup"
        echo "$BASHPID" >"$cgroup/cgroup.procs"
    done
}

remove_cgroups() {
    local cgroup tries=0
    for cgroup in "${cgroups[@]}"; do
        while [ -d "$cgroup" ] && [ $((tries += 1)) -lt 100 ]; do
            find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.05
        done
    done
}

# The root directory of the machine, at $qube/root.
mount_root() {
    mkdir -p "$qube/root" "$qube/layers"
    mount -t tmpfs -o size=1g,mode=755 tmpfs "$qube/layers"
    mkdir "$qube/layers/upper" "$qube/layers/work"
    mount -t overlay -o "lowerdir=$template,upperdir=$qube/layers/upper,workdir=$qube/layers/work" \
        overlay "$qube/root"
}

# What qvm-service makes when a qube starts, the qrexec client, and the session.
furnish() {
    local root="$qube/root" service

    echo "$name" >"$root/etc/hostname"
    while read -r service; do
        echo "f /run/qubes-service/$service 0644 root root -"
    done <"$qube/services" >"$root/etc/tmpfiles.d/qubes-service.conf"
    echo 'd /run/qubes-service 0755 root root -' >>"$root/etc/tmpfiles.d/qubes-service.conf"
    install -m 755 "${SPLIT_SSH_BUILD:?}/tests/standin/qrexec-call" "$root/usr/bin/qrexec-client-vm"
    install -D -m 755 "$SPLIT_SSH_BUILD/tests/standin/notification-server" \
        "$root/usr/lib/standin/notification-server"
    cp -r "$here/root/." "$root/"
    if [ -e "$qube/units" ]; then
        xargs -a "$qube/units" systemctl --root="$root" --quiet enable
    fi
    if [ ! -e "$qube/private" ]; then
        mkdir "$qube/private"
        cp -a "$root/home" "$root/usr/local" "$qube/private/"
        mkdir -p "$root/rw" "$qube/private/rw/config"
    fi
    mkdir -p "$root/rw"
}

boot() {
    # memfd_secret and what the sandboxes call is refused in containers as a matter of course.
    systemd-nspawn --quiet --register=no --keep-unit --private-network --link-journal=no \
        --resolv-conf=off --timezone=off --console=read-only --machine="$name" \
        --system-call-filter='@memlock @sandbox @keyring memfd_secret' \
        --bind="$qube/private/home:/home" --bind="$qube/private/local:/usr/local" \
        --bind="$qube/private/rw:/rw" --bind="$qube/standin:/run/qrexec-standin" \
        --directory="$qube/root" --boot </dev/null &
    nspawn=$!
}

# Process 1 of the machine, as it is called out here, once it has begun.
find_init() {
    local pid children=()

    read -r -a children 2>/dev/null <"/proc/$nspawn/task/$nspawn/children" || true
    for pid in "${children[@]}"; do
        # The number that it has in the machine.
        if [ "$(awk '$1 == "NSpid:" { print $3 }' "/proc/$pid/status")" = 1 ]; then
            init=$pid
            echo "$pid" >"$qube/pid.new"
            mv "$qube/pid.new" "$qube/pid"
            return 0
        fi
    done
    return 1
}

there() {
    [ -e "/proc/$1" ]
}

# SIGTERM has the machine shut down; it gets 20 s.
end_machine() {
    local i

    rm -f "$qube/pid"
    kill "$nspawn" 2>/dev/null || true
    for ((i = 0; i < 200; i++)); do
        there "$nspawn" || break
        sleep 0.1
    done
    # Without nspawn the machine would go on; without its process 1 it does not.
    kill -9 "${init:-$nspawn}" 2>/dev/null || true
    wait "$nspawn" || true
}

clean_up() {
    local cgroup

    [ -z "$nspawn" ] || end_machine
    for cgroup in "${cgroups[@]}"; do
        echo $$ >"${cgroup%/*}/cgroup.procs"
    done
    remove_cgroups
}

nspawn=
init=
ended=no
trap 'ended=yes' TERM
trap clean_up EXIT
join_cgroups
mount_root
furnish
boot
until find_init; do
    there "$nspawn" || break
    sleep 0.05
done
while there "$nspawn" && there "$owner" && [ "$ended" = no ]; do
    sleep 0.1
done
