#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Builds with ASan and UBSan and runs every test. Skipped tests are printed with their reason; with
# CI set in the environment none may be.
#   packaging/check.sh            builds and tests
#   packaging/check.sh --proof    only the proofs of tests/proof, which want Debian 12's Frama-C
set -eu
unset CDPATH DESTDIR # both would lead elsewhere
cd "$(dirname "$0")/.."

case ${1:-} in
--proof)
    ./packaging/deps.sh proof
    exec ./tests/proof/run.sh
    ;;
'') ;;
*)
    echo "usage: $0 [--proof]" >&2
    exit 64
    ;;
esac

./packaging/deps.sh test
cmake --preset dev
cmake --build --preset dev --parallel "$(nproc)"

status=0
ctest --preset dev --parallel "$(nproc)" || status=$?

log=build/dev/Testing/Temporary/LastTest.log
skipped=$(grep -E '^ok .*# skip|\[  SKIPPED \]|^skipped: ' "$log" || true)
if [ -n "$skipped" ]; then
    printf 'Skipped:\n%s\n' "$skipped"
    if [ -n "${CI:-}" ]; then
        echo "nothing may be skipped in CI"
        status=1
    fi
fi
exit "$status"
