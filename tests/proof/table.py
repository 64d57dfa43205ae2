# SPDX-License-Identifier: BSD-2-Clause
"""README.md's table against the counts of a run: table.py all|table COUNTS README.

A row is `| file | function | goals | what |`; "all" fails when a row is missing, stale or too much,
"table" writes the numbers into the rows (and adds rows that somebody has yet to explain).
"""

import pathlib
import re
import sys

ROW = r"^\| `([^`]+)` \| `(\w+)` \| *(\d+|\?) \| (.*) \|$"


def main():
    mode, readme = sys.argv[1], pathlib.Path(sys.argv[3])
    counts = {}
    for line in open(sys.argv[2], encoding="ascii"):
        file, function, total = line.split()
        counts[file, function] = total
    text = readme.read_text()
    rows = {(m[1], m[2]): m[3] for m in re.finditer(ROW, text, re.M)}
    summary = f"{len(counts)} functions, {sum(map(int, counts.values()))} goals"
    print(summary)
    if mode == "table":
        what = {(m[1], m[2]): m[4] for m in re.finditer(ROW, text, re.M)}
        new = "".join(f"| `{f}` | `{n}` | {t} | {what.get((f, n), '?')} |\n"
                      for (f, n), t in counts.items())
        start = re.search(ROW, text, re.M).start()
        end = list(re.finditer(ROW, text, re.M))[-1].end() + 1
        text = text[:start] + new + text[end:]
        text = re.sub(r"\d+ functions, \d+ goals", summary, text)
        readme.write_text(text)
        return 0
    problems = [f"{f} {n}: {rows.get((f, n), 'nothing')} in the table, {t} counted"
                for (f, n), t in counts.items() if rows.get((f, n)) != t]
    problems += [f"{f} {n}: in the table, not proved" for f, n in rows if (f, n) not in counts]
    if summary not in text:
        problems.append(f"the table does not say {summary}")
    problems += [f"{f} {n}: nobody says what is proved" for f, n in
                 ((m[1], m[2]) for m in re.finditer(ROW, text, re.M) if m[4] == "?")]
    for problem in problems:
        print(f"{readme}: {problem}")
    return 1 if problems else 0


sys.exit(main())
