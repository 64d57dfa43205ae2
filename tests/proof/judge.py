# SPDX-License-Identifier: BSD-2-Clause
"""What a run of Frama-C is worth: judge.py WORK FILE FUNCTION...

Prints goals and proved goals of each function and appends them to WORK/new. Fails when a goal is
not proved, when a function has none, when it calls something that nobody proves, and on every
warning that is not known to be harmless.
"""

import json
import pathlib
import re
import sys

HARMLESS = (
    # char and uint8_t: libc/string.h says why these two, and no others.
    r"Cast with incompatible pointers types \(source: [su]int8\*\) \(target: [su]int8\*\)",
    # Makes the goals stronger: each of our functions is to be shown to end.
    r"Missing terminates clause for \w+, populates 'terminates \\true'",
)
# What would let a proof rest on a claim that nobody checks.
CLAIMS = r"\b(admit|axiom\w*|lemma|assumes|allocates|ghost|behavior|exits)\b"


def warnings(log):
    """Each warning on one line; Frama-C puts its text on the lines after it."""
    found = re.findall(r"^\[[^\]]*\] (\S+:\d+: )?(?:User )?(?:Warning|Error|Failure): *((?:.*\n(?:  .*\n)*))",
                       log, re.M)
    for where, text in found:
        text = " ".join(text.split())
        if not any(re.fullmatch(known, text) for known in HARMLESS):
            yield where + text


def goals(properties):
    counts = [p["wp:main"] for name, p in properties.items()
              if not name.startswith("wp:") and "_wp_smoke_" not in name]
    return sum(c.get("total", 0) for c in counts), sum(c.get("valid", 0) for c in counts)


def calls(dot):
    """Pairs (caller, callee) of Frama-C's call graph."""
    return re.findall(r'"\w+ (\w+) \(\d+\)" -> "\w+ (\w+) \(\d+\)"', dot)


def annotations(path):
    for comment in re.findall(r"/\*@.*?\*/|//@.*", path.read_text(), re.S):
        yield comment


def main():
    work, file, functions = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    log = (work / "log").read_text()
    report = json.loads((work / "report.json").read_text()).get("wp:functions", {})
    listed = set()
    for line in pathlib.Path("tests/proof/units").read_text().splitlines():
        if not line.startswith("#"):
            listed.update(line.split()[1:])
    for header in pathlib.Path("tests/proof/libc").glob("*.h"):
        listed.update(re.findall(r"^extern .*?(\w+)\(", header.read_text(), re.M))
    problems = list(warnings(log))
    for function in functions:
        total, valid = goals(report.get(function, {}))
        print(f"{file} {function}: {valid} of {total}")
        if total == 0:
            problems.append(f"{function}: no goal")
        elif valid != total:
            problems.append(f"{function}: {total - valid} not proved")
        with open(work / "new", "a", encoding="ascii") as counts:
            counts.write(f"{file} {function} {total}\n")
    for caller, callee in calls((work / "calls.dot").read_text()):
        if caller in functions and callee not in listed:
            problems.append(f"{caller}: calls {callee}, which is not in tests/proof/units")
    for path in [pathlib.Path(file), *pathlib.Path("include").glob("*.h"),
                 *pathlib.Path(file).parent.glob("*.h")]:
        for comment in annotations(path):
            claim = re.search(CLAIMS, comment)
            if claim:
                problems.append(f"{path}: {claim[0]} in an annotation")
    for line in re.findall(r"^\[wp\] \[\w+\] Goal .*", log, re.M):
        if ": Valid" not in line or "Degenerated" in line:
            problems.append(line)
    for problem in problems:
        print(f"{file}: {problem}")
    return 1 if problems else 0


sys.exit(main())
