#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Installs what split-ssh needs to be built, or to be built and tested.
#   packaging/deps.sh build|test
set -eu

usage() {
    echo "usage: $0 build|test" >&2
    exit 64
}

[ $# -eq 1 ] || usage
case $1 in
build | test) ;;
*) usage ;;
esac

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

debian_build="build-essential cmake pkg-config libsodium-dev libssl-dev libseccomp-dev"
debian_test="bats clang clang-format clang-tidy gdb git libcmocka-dev mandoc openssh-client \
    openssh-server openssh-tests procps python3 socat strace sudo systemd util-linux"
fedora_build="gcc make cmake pkgconf-pkg-config libsodium-devel openssl-devel libseccomp-devel"
fedora_test="bats clang clang-tools-extra gdb git-core libasan libcmocka-devel libubsan mandoc \
    openssh-clients openssh-server procps-ng python3 socat strace sudo systemd util-linux"

if command -v apt-get >/dev/null; then
    packages=$debian_build
    [ "$1" = test ] && packages="$packages $debian_test"
    missing=
    for package in $packages; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null |
            grep -q '^install ok installed$' || missing="$missing $package"
    done
    [ -n "$missing" ] || exit 0
    echo "installing:$missing"
    as_root apt-get update -qq
    # shellcheck disable=SC2086 # a list of names
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $missing </dev/null >/dev/null
elif command -v dnf >/dev/null; then
    packages=$fedora_build
    [ "$1" = test ] && packages="$packages $fedora_test"
    # shellcheck disable=SC2086 # a list of names
    rpm -q $packages >/dev/null 2>&1 || as_root dnf install -y -q $packages
else
    echo "$0: neither apt-get nor dnf is here; install by hand what README.md lists" >&2
    exit 1
fi
