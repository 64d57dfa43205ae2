#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Numbers of the pages: each is the one that the sources have.

CLAIMS of claims.py are sentences of the pages with the sources' constants in the place of numbers.
What comes out must stand in the page. Each other number in the prose of a page has to be in
ELSEWHERE, which says what it is, or in a range "(1 to N)" of the policy's page, for which words.py
asks the agent.
"""
import re

import mdoc
import sources
from claims import CLAIMS, ELSEWHERE
from report import Report

SPELLED = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
NUMBER = re.compile(r"(?<![\w./#-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w/])|\b(?:" + "|".join(SPELLED[2:])
                    + r"|a hundred)\b", re.I)
OF_POLICY = r"\(1 to \d+( seconds)?\)|Default: \d+\."


def filled(claim, constants):
    def number(match):
        formula, _, form = match[1].partition("|")
        value = constants.value(formula)
        if form in ("w", "W"):
            word = SPELLED[value] if value < len(SPELLED) else str(value)
            return word.capitalize() if form == "W" else word
        return f"{value:,}" if form == "," else str(value)

    return re.sub(r"\{([^}]*)\}", number, claim)


def check_page(report, page, constants, used):
    """Covers what is known, and then no number is left."""
    text = page.text()
    covered = [(m.start(), m.end()) for m in re.finditer(OF_POLICY, text) if page.number == "5"]
    for claim in CLAIMS.get(page.path.name, []):
        try:
            wanted = filled(claim, constants)
        except LookupError as error:
            report.check(False, page.path, f"claims.py: {error}")
            continue
        at = text.find(wanted)
        report.check(at >= 0, page.path, f"this is not in the page: {wanted}")
        while at >= 0:
            covered.append((at, at + len(wanted)))
            at = text.find(wanted, at + 1)
    for _, quote, _ in page.quotes():  # messages.py looks at these
        covered += [(m.start(), m.end()) for m in re.finditer(re.escape(quote), text)]
    for pattern, name, _ in ELSEWHERE:
        for match in re.finditer(pattern, text) if name in ("", page.path.name) else ():
            used.add(pattern)
            covered.append((match.start(), match.end()))
    for match in NUMBER.finditer(text):
        good = any(start <= match.start() and match.end() <= end for start, end in covered)
        around = text[max(match.start() - 30, 0):match.end() + 30]
        report.check(good, f"{page.path}:{page.line_at(match.start())}",
                     f"no claim of claims.py has the number in: ...{around}...")


def main():
    report = Report()
    constants = sources.Constants()
    used = set()
    for page in mdoc.pages().values():
        check_page(report, page, constants, used)
    for name in set(CLAIMS) - {p.path.name for p in mdoc.pages().values()}:
        report.check(False, "claims.py", f"there is no page {name}")
    report.unused({e[0] for e in ELSEWHERE}, used, "ELSEWHERE in claims.py")
    report.end()


if __name__ == "__main__":
    main()
