#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Runs fuzzers: run.sh [-t SECONDS] [-j JOBS] BUILD [TARGET...]. README.md says the rest.
set -euo pipefail
unset CDPATH DESTDIR # both would lead elsewhere
here=$(cd "$(dirname "$0")" && pwd)

usage() {
    echo "usage: $0 [-t SECONDS] [-j JOBS] BUILD [TARGET...]" >&2
    exit 64
}

seconds=60
jobs=1
while getopts t:j: option; do
    case $option in
    t) seconds=$OPTARG ;;
    j) jobs=$OPTARG ;;
    *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ $# -ge 1 ] || usage
build=$1
shift
targets=("$@")
if [ $# -eq 0 ]; then
    for source in "$here"/fuzz_*.c; do
        name=$(basename "$source" .c)
        targets+=("${name#fuzz_}")
    done
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2317 # traps call it
end() { # kills what runs behind us, and waits until it has ended
    trap '' INT TERM
    # shellcheck disable=SC2046 # numbers
    kill $(jobs -p) 2>/dev/null || true
    wait
    exit 1
}
# What runs behind a script takes no notice of Ctrl-C.
trap end INT TERM
"$here/build.sh" "$build" "${targets[@]}" >"$log" 2>&1 || {
    cat "$log" >&2
    exit 1
}
build=$(cd "$build" && pwd)

# One line: executions, edges covered, inputs in the corpus, findings. Fails where nothing but the
# corpus was tried.
report() { # TARGET LOG FINDINGS
    awk -v name="$1" -v findings="$3" '
        match($0, / cov: [0-9]+/) { cov = substr($0, RSTART + 6, RLENGTH - 6) }
        match($0, / corp: [0-9]+/) { corpus = substr($0, RSTART + 7, RLENGTH - 7) }
        $2 == "INITED" { replayed = substr($1, 2) + 0 }
        /^stat::number_of_executed_units:/ { runs = $2 }
        END {
            printf "%-16s %12d executions, coverage %5d edges, corpus %5d inputs, %d findings\n",
                name, runs, cov, corpus, findings
            exit replayed == "" || runs <= replayed
        }' "$2"
}

fuzz() { # TARGET
    local work=$build/work/$1 status=0 findings
    trap end INT TERM
    mkdir -p "$work/corpus" "$work/findings"
    # What was found before is tried first, until it is mended.
    find "$work/findings" -type f -exec mv -t "$work/corpus" {} +
    cat "$here/dict/ssh.dict" >"$work/dict"
    [ ! -e "$here/dict/$1.dict" ] || cat "$here/dict/$1.dict" >>"$work/dict"
    UBSAN_OPTIONS=print_stacktrace=1 "$build/tests/fuzz/fuzz-$1" "-max_total_time=$seconds" \
        -timeout=20 -rss_limit_mb=1024 -print_final_stats=1 "-dict=$work/dict" \
        "-artifact_prefix=$work/findings/" "$work/corpus" "$here/corpus/$1" \
        >"$work/log" 2>&1 &
    wait $! || status=$?
    findings=$(find "$work/findings" -type f | wc -l)
    report "$1" "$work/log" "$findings" || {
        echo "$1: nothing was tried but what is in the corpus" >&2
        status=1
    }
    if [ "$status" -ne 0 ] || [ "$findings" -gt 0 ]; then
        tail -n 60 "$work/log" >&2
        find "$work/findings" -type f >&2
        return 1
    fi
}

status=0
running=0
for target in "${targets[@]}"; do
    if [ "$running" -ge "$jobs" ]; then
        wait -n || status=1
        running=$((running - 1))
    fi
    fuzz "$target" &
    running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
    wait -n || status=1
    running=$((running - 1))
done
exit "$status"
