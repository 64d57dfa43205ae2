# SPDX-License-Identifier: BSD-2-Clause
"""How a test of the documents says what is wrong: a line for each, with the place, and a count."""
import os
import pathlib
import sys


class Report:
    def __init__(self):
        self.failures = []
        self.checks = 0

    def check(self, good, place, text):
        """One more check; if it is not good, `PLACE: TEXT` is printed at the end."""
        self.checks += 1
        if not good:
            self.failures.append(f"{place}: {text}")
        return good

    def unused(self, allowed, used, table):
        """An allow list must not outlive its reasons."""
        for entry in allowed:
            self.check(entry in used, table, f"{entry!r} is allowed and nowhere: take it out")

    def end(self):
        for failure in self.failures:
            print(failure)
        print(f"{self.checks} checks, {len(self.failures)} failures")
        if self.checks == 0:
            print("nothing was checked")
        sys.exit(1 if self.failures or self.checks == 0 else 0)


def build():
    """The build tree, from SPLIT_SSH_BUILD."""
    path = pathlib.Path(os.environ.get("SPLIT_SSH_BUILD", ""))
    if not (path / "bin/split-ssh-agent").is_file():
        sys.exit("SPLIT_SSH_BUILD is no build tree with programs in it")
    return path
