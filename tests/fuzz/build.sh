#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Makes a build tree of fuzzers, all or some: build.sh BUILD [TARGET...]. FUZZ_CC is the compiler
# instead of clang.
set -eu
unset CDPATH DESTDIR # both would lead elsewhere
[ $# -ge 1 ] || {
    echo "usage: $0 BUILD [TARGET...]" >&2
    exit 64
}
build=$1
shift
mkdir -p "$build"
exec 9>"$build/.fuzz-lock" # several run.sh may begin at once
flock 9
root=$(dirname "$0")/../..
if [ -e "$build/CMakeCache.txt" ]; then
    cmake -S "$root" -B "$build" # there may be new targets
else
    cmake -S "$root" -B "$build" "-DCMAKE_C_COMPILER=${FUZZ_CC:-clang}" \
        -DCMAKE_BUILD_TYPE=RelWithDebInfo -DSPLIT_SSH_FUZZ=ON -DSPLIT_SSH_SANITIZE=ON
fi
[ $# -gt 0 ] || set -- all
for target; do
    set -- "$@" "fuzz-$target"
    shift
done
cmake --build "$build" --target "$@" --parallel "$(nproc)"
