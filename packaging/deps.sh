#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Installs what split-ssh needs to be built, packaged (packaging/packages.sh), tried
# (packaging/try.sh), tested or proved (packaging/check.sh --proof).
#   packaging/deps.sh build|package|try|test|proof
set -eu

usage() {
    echo "usage: $0 build|package|try|test|proof" >&2
    exit 64
}

[ $# -eq 1 ] || usage
case $1 in
build | package | try | test | proof) ;;
*) usage ;;
esac

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

debian_build="build-essential cmake pkg-config libglib2.0-dev libinih-dev libsecret-1-dev \
    libsodium-dev libssl-dev libseccomp-dev"
debian_package="debhelper fakeroot git"
debian_try="git openssh-client openssh-server"
debian_test="ansible-core bats clang clang-format clang-tidy dbus debootstrap \
    desktop-file-utils dunst fonts-dejavu-core gcr gdb gnome-keyring gnuplot-nox gpg-agent \
    gpgconf keepassxc libarchive-tools libclang-rt-dev libcmocka-dev libglib2.0-bin \
    libsecret-tools lintian llvm makepkg mandoc ncat openssh-tests openssl \
    pacman-package-manager procps putty python3 python3-jinja2 python3-yaml rpm rpmlint socat \
    ssh-askpass-gnome strace sudo systemd systemd-container util-linux xdotool xvfb"
# Only Debian 12's Frama-C is tried, and not every distribution has one.
debian_proof="cvc4 frama-c-base python3 why3 z3"
fedora_build="gcc make cmake pkgconf-pkg-config glib2-devel inih-devel libsecret-devel \
    libsodium-devel openssl-devel libseccomp-devel"
fedora_package="git-core rpm-build systemd-rpm-macros"
fedora_try="git-core openssh-clients openssh-server"
fedora_test="ansible-core bats clang clang-tools-extra compiler-rt dbus-daemon dbus-tools \
    dejavu-sans-fonts desktop-file-utils dunst gcr3 gdb glib2 glibc-static gnome-keyring \
    gnupg2 gnuplot keepassxc libasan libcmocka-devel libsecret libubsan llvm mandoc nmap-ncat \
    openssh-askpass openssl procps-ng putty python3 python3-jinja2 python3-pyyaml rpmlint \
    socat strace sudo systemd systemd-container util-linux xdotool xorg-x11-server-Xvfb"

# Names of the packages of a level: what it adds to "build", and to test takes everything; proofs
# build nothing.
choose() {
    case $1 in
    build) echo "$2" ;;
    package) echo "$2 $3" ;;
    try) echo "$2 $4" ;;
    test) echo "$2 $3 $4 $5" ;;
    proof) echo "$6" ;;
    esac
}

# The tests start an sshd of their own; the package must not leave one running or enabled.
had_sshd=no
[ -x /usr/sbin/sshd ] && had_sshd=yes
keep_sshd_off() {
    if [ "$had_sshd" = no ] && [ -x /usr/sbin/sshd ] && command -v systemctl >/dev/null; then
        as_root systemctl disable -q "$@" 2>/dev/null || true
    fi
}

if command -v apt-get >/dev/null; then
    packages=$(choose "$1" "$debian_build" "$debian_package" "$debian_try" "$debian_test" \
        "$debian_proof")
    missing=
    for package in $packages; do
        dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null |
            grep -q '^install ok installed$' || missing="$missing $package"
    done
    [ -n "$missing" ] || exit 0
    if [ "$1" = proof ] && ! apt-cache show frama-c-base >/dev/null 2>&1; then
        as_root apt-get update -qq
        apt-cache show frama-c-base >/dev/null 2>&1 || {
            echo "$0: this distribution has no Frama-C; the proofs are made on Debian 12" >&2
            exit 1
        }
    fi
    echo "installing:$missing"
    as_root apt-get update -qq
    # shellcheck disable=SC2086 # a list of names
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends $missing </dev/null >/dev/null
    keep_sshd_off ssh.service ssh.socket
elif [ "$1" = proof ]; then
    echo "$0: no Frama-C here; the proofs are made on Debian 12" >&2
    exit 1
elif command -v dnf >/dev/null; then
    packages=$(choose "$1" "$fedora_build" "$fedora_package" "$fedora_try" "$fedora_test")
    # shellcheck disable=SC2086 # a list of names
    rpm -q $packages >/dev/null 2>&1 || as_root dnf install -y -q $packages
    keep_sshd_off sshd.service
else
    echo "$0: neither apt-get nor dnf is here; install by hand what README.md lists" >&2
    exit 1
fi
