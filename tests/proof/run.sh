#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Proves the functions that `units` names, from the sources as they are built, with Frama-C's WP.
#   tests/proof/run.sh                      everything, and is README.md's table still true?
#   tests/proof/run.sh --one FUNCTION...    only these
#   tests/proof/run.sh --table              everything, and writes the numbers into the table
# PROOF_TIMEOUT: seconds that a prover has for a goal; 300 unless set. PROOF_ROOT: another tree.
set -euo pipefail
unset CDPATH
here=$(cd "$(dirname "$0")" && pwd)
cd "${PROOF_ROOT:-$here/../..}"

mode=all
if [ $# -gt 0 ]; then
    case $1 in
    --one) mode=one ;;
    --table) mode=table ;;
    *)
        echo "usage: $0 [--one FUNCTION... | --table]" >&2
        exit 64
        ;;
    esac
    shift
fi

for tool in frama-c why3 z3 cvc4 python3; do
    command -v $tool >/dev/null || {
        echo "$0: $tool is not here; Debian 12 has it (frama-c-base why3 z3 cvc4 python3)" >&2
        exit 69
    }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export WHY3CONFIG="$work/why3.conf"
why3 config detect >"$work/detect" 2>&1 || {
    cat "$work/detect" >&2
    exit 1
}
libc=$(frama-c -print-share-path)/libc
cpp="-nostdinc -iquote include -Itests/proof/libc -I$libc -D_GNU_SOURCE -std=c17"

# prove PROVERS FILE FUNCTION...: one run of Frama-C; judge.py says what it is worth.
prove() {
    local provers=$1 file=$2 functions
    shift 2
    functions=$(printf '%s,' "$@")
    rm -f "$work/report.json" "$work/calls.dot"
    : >"$work/new"
    frama-c -machdep gcc_x86_64 -no-frama-c-stdlib -cpp-extra-args="$cpp" \
        -wp -wp-rte -wp-definitions-terminate -wp-model Typed+Cast -wp-literals -wp-split \
        -wp-smoke-tests -wp-no-smoke-dead-code -wp-no-smoke-dead-call -wp-no-smoke-dead-loop \
        -wp-smoke-timeout 2 -wp-prover "$provers" -wp-par 2 \
        -wp-timeout "${PROOF_TIMEOUT:-300}" -wp-cache none \
        -wp-fct "${functions%,}" -wp-report-json "$work/report.json" "$file" \
        -then -cg "$work/calls.dot" >"$work/log" 2>&1 || {
        cat "$work/log"
        return 1
    }
    python3 "$here/judge.py" "$work" "$file" "$@"
}

status=0
: >"$work/counts"
awk '!/^#/ && NF && !seen[$1]++ {print $1}' tests/proof/units >"$work/files"
while read -r file; do
    functions=$(awk -v file="$file" '$1 == file {for (i = 2; i <= NF; i++) print $i}' \
        tests/proof/units)
    if [ "$mode" = one ]; then
        functions=$(printf '%s\n' "$functions" | grep -Fx "$(printf '%s\n' "$@")" || true)
    fi
    [ -n "$functions" ] || continue
    # CVC4 is the quicker one on all of them; side by side they take each other's processor.
    for provers in cvc4 z3,cvc4; do
        verdict=0
        # shellcheck disable=SC2086 # a list of names
        prove $provers "$file" $functions </dev/null >"$work/verdict" || verdict=$?
        [ "$verdict" -eq 2 ] || break
    done
    [ "$verdict" -eq 0 ] || status=1
    cat "$work/verdict"
    cat "$work/new" >>"$work/counts"
done <"$work/files"

if [ "$mode" = one ]; then
    for function in "$@"; do
        grep -q " $function " "$work/counts" || {
            echo "$function: not proved, or not in tests/proof/units"
            status=1
        }
    done
elif [ "$mode" = all ] || [ "$status" -eq 0 ]; then
    python3 "$here/table.py" "$mode" "$work/counts" tests/proof/README.md || status=1
fi
exit "$status"
