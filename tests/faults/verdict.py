# SPDX-License-Identifier: BSD-2-Clause
"""What a login came to, and whether the faults of its time explain that."""
import threading
import time

SLACK_S = 4.0  # what a fault does may show a little later than it ends
COOL_S = 400.0  # a question that nobody answers, and the five minutes without one after it

# What cuts the way between a client and the agent. Any of them may end a login without a line, but no
# ssh is told "refused" then: that is the agent's answer, and has a reason.
CUTS = {"client end of a call killed", "vault end of a call killed", "relay killed", "relay ended",
        "dom0 refuses", "descriptors of relays", "descriptors of the agent", "connections of others",
        "suspend"}
WEDGES = {"question killed", "askpass killed", "notification server killed", "descriptors of the prompt",
          "suspend", "question stopped", "prompt stopped", "notification server stopped"}

KILLED_PROMPT = "the prompt has ended, so nobody can be asked (restart the agent)"
FORBIDDEN = "the destination is not allowed"
COOLING = "nobody answered its last questions, so it may ask none for a while"
# Reasons of the audit log: which rules may have them, and the faults that one of must have been.
# None: no fault is needed. FORBIDDEN: the policy must say so; COOLING: the fault may be longer ago.
REASONS = {
    "the user said no": ({"ask", "while", "-c"}, None),
    FORBIDDEN: ({"deny", "flip"}, None),
    "too many uses in a minute": ({"rate"}, None),
    "the question could not be asked": ({"ask", "while", "-c"}, WEDGES | {"prompt killed"}),
    "nobody answered the question": ({"ask", "while", "-c"}, WEDGES | {"agent stopped"}),
    COOLING: ({"ask", "while", "-c"}, WEDGES | {"agent stopped"}),
    "the approval is for something else, is over, or was used before": ({"-c"}, {"suspend"}),
    KILLED_PROMPT: ({"ask", "while", "-c"}, {"prompt killed"}),
    "the audit log cannot be written": (None, {"disk full"}),
}


class Faults:
    """Which faults there were, for whom and when. A fault without an end goes on."""

    def __init__(self):
        self.lock = threading.Lock()
        self.all = []
        self.counts = {}

    def begin(self, kind, qube=None):
        fault = [kind, qube, time.monotonic(), None]
        with self.lock:
            self.all.append(fault)
            self.counts[kind] = self.counts.get(kind, 0) + 1
        return fault

    @staticmethod
    def end(fault):
        fault[3] = time.monotonic()

    def take_back(self, fault):
        """It was not to be done after all: nothing was there to be hurt."""
        with self.lock:
            self.all.remove(fault)
            self.counts[fault[0]] -= 1

    def of(self, qube, begin, end):
        """The kinds that hit this qube in this time."""
        with self.lock:
            return {kind for kind, whom, since, until in self.all
                    if whom in (None, qube) and since <= end
                    and (until is None or until + SLACK_S >= begin)}


def outcome(status, out, err):
    """What ssh itself says: worked, killed, refused, cut, keyless; or None, which nothing allows."""
    if status == 0:
        return "worked" if out == b"logged in\n" else None
    if status < 0:
        return "killed"
    if status != 255 or b"Permission denied (publickey)." not in err:
        return None
    if b"agent refused operation" in err:
        return "refused"
    if b"communication with agent failed" in err:
        return "cut"
    # Without an agent ssh tries the file that has only the public key.
    lines = [line for line in err.splitlines() if line.strip() and not line.startswith(b"Load key ")]
    return "keyless" if len(lines) == 1 else None


def explain_refusal(rule, kinds, recent, reasons, left_out, permitted):
    for reason in reversed(reasons):
        rules, faults = REASONS.get(reason, (set(), set()))
        if rules is not None and rule not in rules or reason == FORBIDDEN and False not in permitted:
            continue
        if faults is None or faults & (recent if reason == COOLING else kinds):
            return reason
    if "disk full" in kinds:
        return "disk full: no line, no signature"
    return FORBIDDEN if left_out and False in permitted else None


def explain(rule, what, kinds, recent, reasons, left_out, permitted):
    """Why a login did not work; None if nothing explains it. recent: the faults of COOL_S before it,
    too; permitted: what the policy may have said, True, False or both."""
    if what == "killed":
        return "client killed" if "client killed" in kinds else None
    if what == "refused":
        return explain_refusal(rule, kinds, recent, reasons, left_out, permitted)
    cuts = sorted(CUTS & kinds)
    return "cut off: " + ", ".join(cuts) if what in ("cut", "keyless") and cuts else None
