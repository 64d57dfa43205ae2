# SPDX-License-Identifier: BSD-2-Clause
"""The table at the end, and whether the test has shown what it is for."""
from collections import Counter

import accounts
import measure

# These must have happened, or the test has tried nothing.
REASONS = ("the user said no", "the destination is not allowed", "disk full: no line, no signature")
PROMPT_REASON = "the prompt has ended, so nobody can be asked (restart the agent)"


def results_of(test):
    results = Counter()
    for qube in test.qubes:
        results.update(dict(qube.results))
    return results


def unseen(test):
    """What has to happen before the prompt is killed, and has not yet."""
    results = results_of(test)
    missing = [f"no login has come to this: {reason}" for reason in REASONS if results[reason] == 0]
    missing += [f"nobody has said yes by {by}" for by in ("notification", "askpass")
                if test.audit.by[by] == 0]
    missing += [f"no signature was allowed because of this: {reason}"
                for reason in (accounts.FOR_A_WHILE, accounts.STILL_IN_FORCE)
                if test.audit.reasons[reason] == 0]
    missing += [f"{qube.qube} ({qube.rule}) has never logged in" for qube in test.qubes
                if qube.rule != "deny" and qube.last_worked == 0]
    if test.audit.other_dates == 0:
        missing.append("the clocks have not stepped for the agent")
    return missing


def judge(test):
    before, after = test.measured.get("after warming up"), test.measured.get("at the end")
    if before is None or after is None:
        test.failed("not all was measured")
    else:
        tolerance = measure.TOLERANCE_SANITIZED_KIB if test.sanitized else measure.TOLERANCE_KIB
        for leak in measure.leaks(before, after, tolerance):
            test.failed(leak)
    for text in test.audit.damaged + test.audit.foreign:
        test.failed(f"a line of the audit log that should not be there: {text}")
    if test.audit.unasked:
        test.failed(f"{len(test.audit.unasked)} signatures that somebody else allowed than has to, the "
                    f"first: {test.audit.unasked[0]}")
    for text in unseen(test):
        test.failed(text)
    if results_of(test)[PROMPT_REASON] == 0:
        test.failed(f"no login has come to this: {PROMPT_REASON}")
    for kind in test.all_kinds:
        if test.faults.counts.get(kind, 0) == 0:
            test.failed(f"this fault has not happened: {kind}")


def table(title, rows):
    print(f"\n{title}")
    width = max((len(row[0]) for row in rows), default=0) + 2
    for name, *values in rows:
        print(f"  {name:<{width}}" + "".join(f"{value:>9}" for value in values))


def summary(test):
    """Prints it; the exit status."""
    judge(test)
    results = results_of(test)
    table("logins", [("tried", sum(results.values()))] + results.most_common())
    table("faults", sorted(test.faults.counts.items()))
    before, after = test.measured.get("after warming up", {}), test.measured.get("at the end", {})
    table("memory and descriptors, after warming up and at the end: own KiB, resident KiB, descriptors",
          [(name, *(value for pair in zip(before[name], after[name]) for value in pair))
           for name in after if name in before])
    table("signatures", [
        ("verified by sshd", sum(test.server.accepted.values())),
        ("lines in the audit log that allow one", sum(test.audit.allowed.values())),
        ("all lines in the audit log", test.audit.count),
        ("lines with another date than the kernel's", test.audit.other_dates),
        ("looks at the list of keys, all complete unless it says otherwise", test.probes)])
    table("who said yes", test.audit.by.most_common())
    table("why", test.audit.reasons.most_common())
    print(f"\nseed {test.seed}: " + (f"{len(test.failures)} FAILED" if test.failures else "passed"))
    for failure in test.failures:
        print(f"  {failure}")
    return 1 if test.failures else 0
