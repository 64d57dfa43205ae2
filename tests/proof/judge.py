# SPDX-License-Identifier: BSD-2-Clause
"""What a run of Frama-C is worth: judge.py WORK FILE FUNCTION...

Prints goals and proved goals of each function and appends them to WORK/new. Fails when a goal is
not proved, when a function has none, when it calls something that nobody proves, and on every
warning that is not known to be harmless. The status is 2 when goals are not proved and nothing else
is wrong, so that another prover may try, and 1 for the rest.
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
WORDS = r"admit|axiom\w*|lemma|assumes|allocates|frees|ghost|behavior|exits"
# Of libc/ it has to be said that a function ends; of ours it is to be shown, whatever happens.
OUR_WORDS = WORDS + "|terminates|decreases"
LIBC = pathlib.Path("tests/proof/libc/string.h")


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


def known(file):
    """Functions whose contracts can be relied on in this file: names of other .c files may be other
    functions."""
    names = set(re.findall(r"^extern .*?(\w+)\(", LIBC.read_text(), re.M))
    for line in pathlib.Path("tests/proof/units").read_text().splitlines():
        where, *functions = line.split() or [""]
        if where == file or where.endswith(".h"):
            names.update(functions)
    return names


def annotations(path):
    for comment in re.findall(r"/\*@.*?\*/|//@.*", path.read_text(), re.S):
        yield comment


def main():
    work, file, functions = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    log = (work / "log").read_text()
    report = json.loads((work / "report.json").read_text()).get("wp:functions", {})
    listed = known(file)
    problems, unproved = list(warnings(log)), []
    for function in functions:
        total, valid = goals(report.get(function, {}))
        print(f"{file} {function}: {valid} of {total}")
        if total == 0:
            problems.append(f"{function}: no goal")
        elif valid != total:
            unproved.append(f"{function}: {total - valid} not proved")
        with open(work / "new", "a", encoding="ascii") as counts:
            counts.write(f"{file} {function} {total}\n")
    for caller, callee in calls((work / "calls.dot").read_text()):
        if caller in functions and callee not in listed:
            problems.append(f"{caller}: calls {callee}, which is not in tests/proof/units")
    headers = [*pathlib.Path("include").glob("*.h"), *pathlib.Path(file).parent.glob("*.h")]
    for path in [LIBC, pathlib.Path(file), *headers]:
        for comment in annotations(path):
            claim = re.search(rf"\b({WORDS if path == LIBC else OUR_WORDS})\b", comment)
            if claim:
                problems.append(f"{path}: {claim[0]} in an annotation")
    for line in re.findall(r"^\[wp\] \[\w+\] Goal .*", log, re.M):
        if "Degenerated" in line:
            problems.append(line)
        elif ": Valid" not in line:
            unproved.append(line)
    for problem in problems + unproved:
        print(f"{file}: {problem}")
    return 1 if problems else 2 if unproved else 0


sys.exit(main())
