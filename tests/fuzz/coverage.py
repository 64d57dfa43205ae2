#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tables of line coverage: coverage.py ROOT DIRECTORY FILE...

DIRECTORY has a NAME.lcov for each run. For each run the files of the project that it reaches are
printed, then the sum of all runs for each FILE, which is without .c or .h, and beside it the sum without
unit tests, where there are any; fails if one of the former is below LEAST, or not there.
"""
import collections
import functools
import pathlib
import re
import sys

LEAST = 95.0
FOLDERS = ("agent", "include", "keystore")


@functools.cache
def code_lines(path):
    """Where code is. Of a function that a program does not call, llvm-cov counts also what is not."""
    text = re.sub(r"/\*.*?\*/", lambda comment: re.sub(r"[^\n]", " ", comment[0]), path.read_text(), flags=re.S)
    lines = enumerate(text.splitlines(), 1)
    return {number for number, line in lines if line.strip() and not line.startswith("#")}


def read_lines(path, root):
    """{file: {line: how often}}"""
    files = collections.defaultdict(dict)
    for record in path.read_text().splitlines():
        key, _, value = record.partition(":")
        if key == "SF":
            source = pathlib.Path(value)
            name = str(source.relative_to(root)) if source.is_relative_to(root) else ""
            lines = files[name]
            code = code_lines(source) if name.split("/")[0] in FOLDERS else set()
        elif key == "DA":
            number, count = value.split(",")[:2]
            if int(number) in code:
                lines[int(number)] = max(lines.get(int(number), 0), int(count))
    return {name: lines for name, lines in files.items() if lines}


def reached_of(lines):
    return sum(count > 0 for count in lines.values())


def show(name, lines, beside=""):
    reached = reached_of(lines)
    percent = 100 * reached / len(lines)
    missing = [number for number, count in sorted(lines.items()) if count == 0]
    more = f"  not: {' '.join(map(str, missing[:12]))}{' ...' if len(missing) > 12 else ''}" if missing else ""
    print(f"  {name:32} {reached:5} of {len(lines):5} lines {percent:6.1f} %{beside}{more}")
    return percent


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    total = collections.defaultdict(dict)
    alone = collections.defaultdict(dict)  # what the corpus reaches
    has_units = False
    for path in sorted(pathlib.Path(sys.argv[2]).glob("*.lcov")):
        files = read_lines(path, root)
        is_unit = path.stem.startswith("unit-")
        has_units |= is_unit
        if not is_unit:
            print(f"{path.stem}:")
        for name, lines in sorted(files.items()):
            for number, count in lines.items():
                total[name][number] = max(total[name].get(number, 0), count)
                alone[name][number] = max(alone[name].get(number, 0), 0 if is_unit else count)
            if not is_unit and any(lines.values()):
                show(name, lines)
    print(f"\nPure modules and decoders, all targets together (at least {LEAST:.0f} %"
          f"{', with their unit tests; beside it the corpus alone' if has_units else ''}):")
    status = 0
    for stem in sys.argv[3:]:
        found = [name for name in (f"{stem}.c", f"{stem}.h") if name in total]
        if not found:
            print(f"  {stem}: nothing runs it")
            status = 1
        for name in found:
            percent = 100 * reached_of(alone[name]) / len(alone[name])
            status |= show(name, total[name], f" {percent:6.1f} %" if has_units else "") < LEAST
    if status:
        print(f"below {LEAST:.0f} %, or not there: extend the corpus or the unit tests")
    sys.exit(status)


if __name__ == "__main__":
    main()
