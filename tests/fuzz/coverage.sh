#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Which lines the committed corpus reaches, in a build tree of its own: coverage.sh [-u] BUILD.
# -u: the unit tests of the same files count too, and the corpus alone is printed beside that. Fails
# where a file of the last table is below 95 %.
set -euo pipefail
unset CDPATH DESTDIR # both would lead elsewhere
here=$(cd "$(dirname "$0")" && pwd)

# Pure modules and both decoders; of each the .c and the .h, where there is code.
decide="include/wire include/framing include/keyblob include/purpose include/approval
    agent/assembly agent/proto agent/peer agent/bind agent/bind_request agent/certificate
    agent/certificate_parse agent/signature_blob
    agent/constraint agent/constraint_fields agent/constraint_parse agent/constraint_permit
    agent/policy agent/policy_decide agent/policy_entries agent/policy_explain agent/policy_file
    agent/policy_lines agent/policy_words agent/known_hosts agent/known_hosts_keys
    agent/known_hosts_line agent/known_hosts_fields agent/hops agent/pattern
    keystore/add_request keystore/intake keystore/packet keystore/request"
units="add_request approval assembly bind certificate constraint constraint_permit constraint_sign framing hops
    intake keyblob known_authorities known_hosts known_hosts_keys known_hosts_sizes packet pattern peer policy
    policy_decide policy_file policy_memory proto purpose purpose_recorded request wire"

[ "${1:-}" != -u ] || {
    with_units=yes
    shift
}
[ $# -eq 1 ] || {
    echo "usage: $0 [-u] BUILD" >&2
    exit 64
}
mkdir -p "$1"
build=$(cd "$1" && pwd)

profdata=$(clang --print-prog-name=llvm-profdata)
cov=$(clang --print-prog-name=llvm-cov)
cmake -S "$here/../.." -B "$build" -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug \
    -DSPLIT_SSH_TESTS=ON "-DCMAKE_INSTALL_PREFIX=$build" \
    "-DCMAKE_C_FLAGS=-fprofile-instr-generate -fcoverage-mapping" >"$build/configure.log" || {
    cat "$build/configure.log" >&2
    exit 1
}

tests=
if [ "${with_units:-}" = yes ]; then
    for unit in $units; do
        [ -e "$here/../unit/test_$unit.c" ] || {
            echo "there is no tests/unit/test_$unit.c" >&2
            exit 1
        }
        tests="$tests test_$unit"
    done
fi
# shellcheck disable=SC2086 # a list of names
cmake --build "$build" --parallel "$(nproc)" --target fuzz-all $tests >"$build/build.log" || {
    tail -n 40 "$build/build.log" >&2
    exit 1
}

rm -rf "$build/coverage"
mkdir "$build/coverage"
measure() { # NAME PROGRAM [ARGUMENT...]
    local raw="$build/coverage/$1.profraw" merged="$build/coverage/$1.profdata"
    LLVM_PROFILE_FILE=$raw "${@:2}" >"$build/coverage/$1.log" 2>&1 || {
        cat "$build/coverage/$1.log" >&2
        exit 1
    }
    "$profdata" merge -sparse -o "$merged" "$raw"
    "$cov" export -format=lcov "-instr-profile=$merged" "$2" >"$build/coverage/$1.lcov"
}
for source in "$here"/fuzz_*.c; do
    name=$(basename "$source" .c)
    name=${name#fuzz_}
    measure "$name" "$build/tests/fuzz/fuzz-$name" "$here/corpus/$name"
done
for test in $tests; do
    measure "unit-$test" "$build/tests/unit/$test"
done
# shellcheck disable=SC2086 # a list of names
python3 "$here/coverage.py" "$here/../.." "$build/coverage" $decide
