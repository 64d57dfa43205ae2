#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# clang-format, clang-tidy, mandoc, SPDX lines: `tests/lint.sh BUILD`, a build directory with
# compile_commands.json. Formatters differ from version to version, so this is not a ctest.
set -eu
unset CDPATH DESTDIR # both would lead elsewhere
build=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
status=0

sources=$(git ls-files '*.c' '*.h')
# shellcheck disable=SC2086 # lists of names
clang-format --dry-run -Werror $sources || status=1

# shellcheck disable=SC2086
printf '%s\n' $sources | grep '\.c$' |
    xargs -P "$(nproc)" -n 4 clang-tidy --quiet -p "$build" 2>/dev/null || status=1

for page in man/*.[1-9]; do
    mandoc -T lint -W warning "$page" || status=1
done

no_line='^LICENSE$|\.json$|\.md$|^tests/data/|^tests/fuzz/corpus/|\.png$'
no_line="$no_line|^version\$|^debian\$|^packaging/debian/(changelog|copyright|source/format)\$"
for file in $(git ls-files | grep -vE "$no_line"); do
    head -3 "$file" | grep -q 'SPDX-License-Identifier: BSD-2-Clause' || {
        echo "$file: no SPDX line"
        status=1
    }
done
exit "$status"
