# SPDX-License-Identifier: BSD-2-Clause
"""What was written down: the audit log of the vault, and what sshd accepted."""
import datetime
import json
import os
import re
import threading
import time
from collections import Counter, defaultdict

ACCEPTED = re.compile(rb"Accepted publickey for \S+ from \S+ port \d+ ssh2: \S+ (SHA256:\S+)")
ASKED = {"notification", "askpass"}  # who says yes to a question
FOR_A_WHILE, STILL_IN_FORCE = "the user allowed it for a while", "the user's answer is still in force"
WHILE_S = 20  # how long that is
SLOW_S = 10  # from the agent's look at it to the line; the keystore may be stopped meanwhile


class Lines:
    """Whole lines of a file that grows, is cut back, and is renamed when it is full."""

    def __init__(self, path):
        self.path = path
        self.file = None
        self.at = 0

    def _read(self):
        self.file.seek(self.at)
        data = self.file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self.at += len(whole)
        return whole.splitlines()

    def new(self):
        lines = []
        if self.file is None:
            try:
                self.file = open(self.path, "rb")
            except FileNotFoundError:
                return lines
        lines += self._read()
        try:
            now = os.stat(self.path)
        except FileNotFoundError:
            return lines
        old = os.fstat(self.file.fileno())
        if (now.st_dev, now.st_ino) != (old.st_dev, old.st_ino):
            lines += self._read()  # what came before it was renamed
            self.file.close()
            self.file, self.at = open(self.path, "rb"), 0
            lines += self._read()
        return lines


class Audit:
    """The audit log, by qube. Its times say nothing about the order: the clock steps."""

    def __init__(self, path, ahead):
        """ahead(): seconds that the stepped clock, which is ours too, is ahead of the kernel's."""
        self.ahead = ahead
        self.lock = threading.Lock()
        self.lines = Lines(path)
        self.count = 0
        self.other_dates = 0
        self.damaged = []
        self.allowed = Counter()  # by fingerprint, of the qube that the key belongs to
        self.foreign = []  # signatures with a key for a qube that it does not belong to
        self.refusals = defaultdict(list)  # by qube: reasons, as they came
        self.left_out = Counter()  # by qube
        self.by = Counter()  # who said yes
        self.reasons = Counter()  # of what was allowed
        self.owners = {}  # fingerprint: (qube, its rule)
        self.unasked = []  # signatures of those who are to be asked, without a question
        self.looked = self.looked_before = 0.0  # when the log was read; a new line is younger than that
        self.yes_until = {}  # by qube: after that a yes for a while is over for certain

    def _take(self, line):
        try:
            record = json.loads(line.decode("ascii"))
            qube, decision, key = record["qube"], record["decision"], record["key"]
            reason, purpose = record["reason"], record["purpose"]
            date = datetime.datetime.fromisoformat(record["time"])
        except (ValueError, KeyError) as error:
            self.damaged.append(f"{error!r}: {line[:200]!r}")
            return
        now = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=self.ahead())
        self.other_dates += abs((date - now).total_seconds()) > 3600
        self.left_out[qube] += record.get("left_out", 0)
        if decision == "refused":
            self.refusals[qube].append(reason)
        elif (qube != self.owners.get(key, (None,))[0] or purpose != "login"
              or record.get("proof") != "name"):
            self.foreign.append(line[:300])
        else:
            self.allowed[key] += 1
            self.by[record["by"]] += 1
            self.reasons[reason] += 1
            if not self._was_asked(qube, self.owners[key][1], record["by"], reason):
                self.unasked.append(line[:300])

    def _was_asked(self, qube, rule, by, reason):
        """Whether who said yes is who has to. It is no use to compare the times of lines, which step."""
        if rule not in ("ask", "-c", "while"):
            return by == "policy"
        if rule == "while" and reason == FOR_A_WHILE:
            self.yes_until[qube] = self.looked + WHILE_S + SLOW_S
        if rule == "while" and by == "policy":
            return reason == STILL_IN_FORCE and self.looked_before <= self.yes_until.get(qube, 0)
        return by in ASKED

    def read(self):
        with self.lock:
            begin = time.monotonic()
            lines = self.lines.new()
            self.looked = time.monotonic()
            for line in lines:
                self.count += 1
                self._take(line)
            self.looked_before = begin

    def mark(self, qube, key):
        self.read()
        return len(self.refusals[qube]), self.left_out[qube], self.allowed[key]

    def has_allowed(self, key, mark):
        """Whether there is a line since then that allows a signature with the key."""
        self.read()
        return self.allowed[key] > mark[2]

    def since(self, qube, mark):
        """Reasons of refusals since then, and whether some were left out."""
        self.read()
        return self.refusals[qube][mark[0]:], self.left_out[qube] > mark[1]


class Server:
    """Signatures that sshd has verified, by fingerprint."""

    def __init__(self, path):
        self.lock = threading.Lock()
        self.lines = Lines(path)
        self.accepted = Counter()

    def read(self):
        with self.lock:
            for line in self.lines.new():
                match = ACCEPTED.search(line)
                if match:
                    self.accepted[match.group(1).decode("ascii")] += 1


def without_line(server, audit):
    """Signatures that have no line. The server first: a line comes before its signature."""
    server.read()
    audit.read()
    return {key: n - audit.allowed[key] for key, n in server.accepted.items() if n > audit.allowed[key]}
