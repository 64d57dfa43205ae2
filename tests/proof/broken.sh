#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Does run.sh notice? Takes one check out of a copy of the sources at a time; each time the proof
# of the function named with it has to fail, and that of the unbroken copy has to hold.
set -euo pipefail
unset CDPATH
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

# copy: a fresh one to break
copy() {
    rm -rf "$work/tree"
    mkdir -p "$work/tree/tests"
    cp -r agent include keystore "$work/tree"
    cp -r tests/proof "$work/tree/tests"
}

# says WHAT FUNCTION: what run.sh makes of the copy, "holds" or "fails"
says() {
    # Nobody waits a minute for a goal that cannot be proved.
    if PROOF_ROOT="$work/tree" PROOF_TIMEOUT="$1" ./tests/proof/run.sh --one "$2" >"$work/out" 2>&1
    then
        echo holds
    else
        echo fails
    fi
}

# broken FILE FUNCTION SED WHY: the text that says why has to be in run.sh's answer
broken() {
    copy
    sed -i "$3" "$work/tree/$1"
    if cmp -s "$1" "$work/tree/$1"; then
        echo "$1: '$3' changes nothing"
        status=1
    elif [ "$(says 5 "$2")" != fails ] || ! grep -q "$4" "$work/out"; then
        echo "$1: '$3', and the proof of $2 does not say: $4"
        cat "$work/out"
        status=1
    else
        echo "noticed: $2 without '$3'"
    fi
}

copy
for function in wire_bytes put_bytes wire_mpint proto_string; do
    if [ "$(says 60 $function)" != holds ]; then
        cat "$work/out"
        status=1
    fi
done

goal='Failed\] Goal typed_cast_'
# An access outside of the buffer
broken include/wire.h wire_bytes 's/r->err == OK \&\& n > r->left/false/' "${goal}wire_bytes_"
broken include/wire.h put_bytes 's/ || n > w->cap - w->len//' "${goal}put_bytes_"
broken include/wire.h wire_mpint 's/v.len == 1 || (v.data/(v.data/' "${goal}wire_mpint_"
# An output that is written on failure
broken agent/proto.c proto_string 's/if (err == OK) {/if (true) {/' "${goal}proto_string_ensures"
# A loop that does not end
broken include/wire.h put_mpint 's/^        v.len--;$//' "${goal}put_mpint_"
# A claim in the place of a proof
broken include/wire.h wire_bytes 's/^    struct view v = {.data = r->at, .len = 0};/&\n    \/*@ admit n <= r->left; *\//' \
    'admit in an annotation'
broken agent/assembly.h descriptor_end 's/requires .valid_read(bytes + (0 .. n - 1));/& terminates \\false;/' \
    'terminates in an annotation'
# A condition that nobody can meet
broken include/wire.h wire_end 's/requires .valid_read(r);/& requires r->left > r->left + 1;/' \
    'Failed smoke-test'
# A function that nobody proves any more
broken tests/proof/units wire_u8 's/ wire_u8//' 'wire_u8: not proved, or not in'
broken tests/proof/units wire_u8 's/ wire_bytes//' 'calls wire_bytes, which is not in'
exit "$status"
