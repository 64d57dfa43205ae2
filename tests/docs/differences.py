#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Differences from ssh-agent: those that tests/differential allows are in the pages, word for word.

And the other way round: each item of "Differences from ssh-agent" is one that the test has seen, or
one that stands here, because no answer of the agent shows it.
"""
import re
import subprocess

import mdoc
from report import Report

TABLE = mdoc.ROOT / "tests/differential/differences.c"
ROW = re.compile(r"^    \{\n(.*?)^    \},$", re.M | re.S)
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
HEADING = "Differences from ssh-agent"

# The start of an item, and what shows it.
ELSEWHERE = {
    "A key of ‘ssh-add -c’ asks by a notification": "what the user sees",
    "An SSH_ASKPASS that is not a full path": "the start",
    "Each signature needs a line in the audit log": "a file",
    "The path of -a may be that of a socket": "the start",
    "Without -a the socket is below TMPDIR": "the start",
    "SIGHUP from another process": "a signal",
}


def plain(path):
    """The page as it is shown, in one line."""
    shown = subprocess.run(["mandoc", "-T", "utf8", path], capture_output=True, text=True,
                           check=True).stdout
    return re.sub(r"\s+", " ", re.sub(".\b", "", shown))


def items(path):
    """The items of the section, each in one line."""
    shown = subprocess.run(["mandoc", "-T", "utf8", path], capture_output=True, text=True,
                           check=True).stdout
    shown = re.sub(".\b", "", shown)
    start = shown.index(HEADING) + len(HEADING)
    section = shown[start:shown.index("\nCAVEATS", start)]
    return [re.sub(r"\s+", " ", item).strip() for item in section.split("•")[1:]]


def rows():
    """(place, id, page, line, reason) of each row."""
    text = TABLE.read_text()
    for match in ROW.finditer(text):
        fields = {}
        for name in ("id", "page", "line", "reason"):
            value = re.search(rf'\.{name} =\s*((?:"(?:[^"\\]|\\.)*"\s*)+),', match[1])
            fields[name] = "".join(STRING.findall(value[1])) if value else ""
        number = text.count("\n", 0, match.start()) + 1
        yield (f"{TABLE.relative_to(mdoc.ROOT)}:{number}", fields)


def main():
    report = Report()
    shown = {}
    quoted = []
    seen = set()
    for place, row in rows():
        report.check(all(row.values()), place, f"a row without {[n for n in row if not row[n]]}")
        report.check(row["id"] not in seen, place, f"{row['id']} once more")
        seen.add(row["id"])
        path = mdoc.ROOT / "man" / row["page"]
        if report.check(path.is_file(), place, f"no page {row['page']}"):
            shown.setdefault(path, plain(path))
            report.check(row["line"] in shown[path], place, f"{path.name} does not say: {row['line']}")
            quoted.append(row["line"])
    report.check(len(seen) > 10, TABLE, f"only {len(seen)} rows found")
    page = mdoc.ROOT / "man/split-ssh-agent.1"
    used = set()
    for item in items(page):
        start = next((s for s in ELSEWHERE if item.startswith(s)), None)
        used |= {start} - {None}
        report.check(start or any(q in item for q in quoted), page,
                     f"tests/differential does not have: {item}")
    report.unused(ELSEWHERE, used, "ELSEWHERE in differences.py")
    report.end()


if __name__ == "__main__":
    main()
