# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034
# The packages that packaging/packages.sh made below the build directory, and the tree of tree.sh.

SOURCE=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
VERSION=$(cat "$SOURCE/version")
DEBS="$SPLIT_SSH_BUILD/packages"
RPMS="$SPLIT_SSH_BUILD/packages-rpm"
ARCH_PACKAGES="$SPLIT_SSH_BUILD/packages-arch"
TREE="$SPLIT_SSH_BUILD/tree"

# needs COMMAND DIRECTORY: what packages.sh skips is skipped here, too.
needs() {
    command -v "$1" >/dev/null || skip "there is no $1"
    [ -e "$2/made-from" ] || skip "there are no packages in $2"
}

deb() {
    echo "$DEBS/split-ssh-${1}_${VERSION}_"*.deb
}

# bats passes over the status of a command with "!".
refute() {
    if "$@"; then
        return 1
    fi
}
