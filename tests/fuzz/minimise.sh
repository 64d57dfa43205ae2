#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Makes corpus/TARGET anew, as small as it can be with the same coverage, out of what is there, what
# run.sh has found since, and more directories: minimise.sh BUILD TARGET [DIRECTORY...].
# Files called found-* were findings, and seed-* are there for what has to hold: both stay.
set -euo pipefail
unset CDPATH DESTDIR # both would lead elsewhere
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || {
    echo "usage: $0 BUILD TARGET [DIRECTORY...]" >&2
    exit 64
}
build=$1
target=$2
shift 2
"$here/build.sh" "$build" "$target" >/dev/null
corpus=$here/corpus/$target
mkdir -p "$corpus" "$build/work/$target/corpus"
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
mkdir "$new/corpus"
"$build/tests/fuzz/fuzz-$target" -set_cover_merge=1 -use_counters=0 -artifact_prefix="$new/" "$new/corpus" \
    "$corpus" "$build/work/$target/corpus" "$@" >"$new/log" 2>&1 || {
    tail -n 40 "$new/log" >&2
    exit 1
}
find "$corpus" -type f ! -name 'found-*' ! -name 'seed-*' -delete
for file in "$new/corpus"/*; do
    # Eight digits tell a hundred files apart, and a shorter name is easier to say.
    mv "$file" "$corpus/$(basename "$file" | cut -c 1-8)"
done
echo "$target: $(find "$corpus" -type f | wc -l) files, $(cat "$corpus"/* | wc -c) bytes"
