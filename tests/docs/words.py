#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Words of the policy: what qubes-split-ssh.conf(5) has is what the agent reads, both ways.

The real agent is asked: a file with what is to be tested, and below it a line that is wrong. If the
agent complains of that line and not of the one above, it took that one. And the other way round:
what the sources compare with must be in the page. Defaults are those of `split-ssh policy test`.
"""
import os
import pathlib
import re
import subprocess
import tempfile
import time

import mdoc
import sources
from report import Report, build

PATIENCE = 60  # seconds
MADE_UP = "frobnicate"
TABLE = mdoc.ROOT / "agent/policy_words.c"


class Agent:
    """Reads one policy after the other."""

    def __init__(self, tree, home):
        self.tree, self.home = tree, pathlib.Path(home)
        self.directory = self.home / ".config/qubes-split-ssh"
        self.directory.mkdir(parents=True)
        self.file = self.directory / "test.conf"
        self.environment = {"HOME": home, "TMPDIR": home}
        self.socket = self.home / "agent.sock"

    def _command(self, program, *arguments):
        return [self.tree / "bin" / program, *arguments]

    def complaint(self, text):
        """(line, what is wrong) of a policy; the line is 0 if there is none."""
        self.file.write_text(text)
        done = subprocess.run(self._command("split-ssh-agent", "-D", "-a", self.socket),
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False, timeout=PATIENCE, env=self.environment)
        match = re.search(r"test\.conf:(\d+): (.*)", done.stderr)
        return (int(match[1]), match[2]) if match else (0, done.stderr.strip())

    def takes(self, text):
        """Whether it takes these lines: then it complains of the one that is put below them."""
        line, why = self.complaint(f"{text}\n{MADE_UP} = 1\n")
        return line == text.count("\n") + 2 and MADE_UP in why, f"line {line}: {why}"

    def value(self, word, value, section="[DEFAULT]"):
        return self.takes(f"{section}\n{word} = {value}")

    def rules(self, qube, policy):
        """What `split-ssh policy test QUBE` prints: word -> (value, file or "default")."""
        self.file.write_text(policy)
        agent = subprocess.Popen(self._command("split-ssh-agent", "-D", "-a", self.socket),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, env=self.environment)
        try:
            end = time.monotonic() + PATIENCE
            while not self.socket.exists() and agent.poll() is None and time.monotonic() < end:
                time.sleep(0.05)
            said = subprocess.run(
                self._command("split-ssh", "-a", self.socket, "policy", "test", qube),
                stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
                timeout=PATIENCE, env=self.environment).stdout
        finally:
            agent.terminate()
            agent.wait(PATIENCE)
        found = {}
        for line in said.split("\n")[1:]:
            columns = re.split(r"  +", line.strip())
            if len(columns) >= 4:
                found[columns[0]] = (columns[1], columns[-1])
        return found


class Word:
    """An item of the page's list of words, with what is in it."""

    def __init__(self, call, page, end):
        self.name, self.place, self.line = call.args[0], call.place, call.line
        inside = [c for c in page.calls if call.line < c.line < end]
        self.values = [(a, c.place) for c in inside if c.macro == "Cm" for a in c.args
                       if a not in mdoc.DELIMITERS]
        self.named = [(c.args[0], c.place) for c in inside if c.macro == "Ar"]
        self.prose = " ".join(t for n, _, t in page.prose if call.line < n < end)
        self.literals = [(c.plain, c.place) for c in inside if c.macro == "Ql"]
        self.default = self.literals[-1] if "Default:" in self.prose and self.literals else None
        self.default_only = "can only stand in" in self.prose
        self.is_list = re.search(r"\ba list of\b", self.prose) is not None
        # "(1 to 600)": the first range is that of the word.
        match = re.search(r"\((\d+) to (\d+)\b", self.prose)
        self.range = (int(match[1]), int(match[2])) if match else None


def words_of(page):
    items = [c for c in page.of("Ic", section="WORDS") if c.outer == ("It",)]
    ends = [c.line for c in items[1:]] + [min(
        c.line for c in page.of("Sh") if items and c.line > items[-1].line)]
    return [Word(call, page, end) for call, end in zip(items, ends)]


def check_values(report, agent, word):
    section = "[DEFAULT]" if word.default_only else "[client:dev]"
    for value, place in word.values + ([word.default] if word.default else []):
        good, why = agent.value(word.name, value, section)
        report.check(good, place, f"{word.name} = {value} is refused: {why}")
    report.check(word.default is not None, word.place, f"{word.name} has no default")
    if word.default_only:
        good, why = agent.value(word.name, word.default[0], "[client:dev]")
        report.check(not good, word.place, f"{word.name} can stand in [client:dev], too")
    for value in ("all", "no") if word.is_list else ():
        good, why = agent.value(word.name, value)
        report.check(good or value in refused_here(word), word.place,
                     f"{word.name} is a list, and = {value} is refused: {why}")


def refused_here(word):
    """Values of which the item says that they cannot stand here."""
    return {v for v, _ in word.literals if f"{v} cannot stand here" in word.prose}


def check_range(report, agent, word):
    if word.range is None:
        for value in ("1", "86400"):
            report.check(word.is_list or word.name == "known_hosts"
                         or not agent.value(word.name, value)[0],
                         word.place, f"{word.name} takes a number, and the page has no range")
        return
    low, high = word.range
    for number, wanted in ((low, True), (high, True), (low - 1, False), (high + 1, False)):
        good, why = agent.value(word.name, number)
        report.check(good == wanted, word.place,
                     f"{word.name} = {number} is {'taken' if good else 'refused'} ({why})")


def check_undocumented(report, agent, word, candidates):
    """What the sources know and this word takes, the page has. A list of patterns takes all."""
    if agent.value(word.name, MADE_UP)[0]:
        return
    line, why = agent.complaint(f"[DEFAULT]\n{word.name} = {MADE_UP}\n")
    report.check(line == 2, word.place, f"{word.name} = {MADE_UP}: complaint is {line}: {why}")
    known = {v for v, _ in word.values} | ({"all", "no"} if word.is_list else set())
    for value in sorted(candidates - known):
        report.check(not agent.value(word.name, value)[0], word.place,
                     f"{word.name} = {value} is taken, and the page does not have it")


def candidates_of_sources():
    found = set()
    for name in ("policy_words.c", "policy_entries.c"):
        for text in sources.texts(mdoc.ROOT / "agent" / name, sources.string_macros()):
            if re.fullmatch(r"[a-z][a-z_-]*", text.text):
                found.add(text.text)
    return found


def check_sections(report, agent, page):
    forms = [c for c in page.of("Li", section="DESCRIPTION") if c.outer == ("It",)]
    report.check(len(forms) > 1, page.path, "no forms of sections found")
    for call in forms:
        good, why = agent.takes(call.args[0].replace("QUBE", "dev"))
        report.check(good, call.place, f"the section {call.args[0]} is refused: {why}")
    for section in ("[frobnicate]", "[client]", "[client:]", "[qube:dev]", "[default]"):
        line, why = agent.complaint(section + "\n")
        report.check(line == 1, page.path, f"{section} is taken ({why})")
        # What the program says may stand there is what the page has.
    for form in re.findall(r"\[[\w:]+\]", agent.complaint("[frobnicate]\n")[1])[1:]:
        report.check(form in {c.args[0] for c in forms}, page.path, f"{form} is not in the page")


def check_examples(report, agent, page):
    displays = []
    for line, text in page.literal:
        if text.startswith("[client") or text.startswith("[DEFAULT"):
            displays.append((line, []))
        if displays:
            displays[-1][1].append(text)
    report.check(bool(displays), page.path, "no example is found")
    for line, lines in displays:
        good, why = agent.takes("\n".join(lines))
        report.check(good, f"{page.path}:{line}", f"the example is refused: {why}")


def check_defaults(report, agent, words):
    rules = agent.rules("dev", "")
    for word in words:
        value, where = rules.get(word.name, ("nothing", ""))
        report.check(word.default is not None and value == word.default[0] and where == "default",
                     word.place, f"the default of {word.name} is {value} ({where})")
    for name in set(rules) - {w.name for w in words}:
        report.check(False, TABLE.relative_to(mdoc.ROOT), f"{name} is not in the page")


def check_words(report, agent, page, words):
    named = re.findall(r'\.name = "([\w-]+)"', TABLE.read_text())
    report.check(len(named) > 0, TABLE.relative_to(mdoc.ROOT), "no words found")
    for name in set(named) - {w.name for w in words}:
        report.check(False, TABLE.relative_to(mdoc.ROOT), f"{name} is not in {page.path}")
    for word in words:
        report.check(word.name in named, word.place, f"the agent has no word {word.name}")
    line, why = agent.complaint(f"[DEFAULT]\n\n{MADE_UP} = no\n")
    report.check(line == 3, page.path, f"a made-up word is not refused with its line: {line} {why}")


def main(home):
    report = Report()
    page = mdoc.pages()["qubes-split-ssh.conf.5"]
    agent = Agent(build(), home)
    words = words_of(page)
    check_words(report, agent, page, words)
    candidates = candidates_of_sources()
    for word in words:
        check_values(report, agent, word)
        check_range(report, agent, word)
        check_undocumented(report, agent, word, candidates)
    check_sections(report, agent, page)
    check_examples(report, agent, page)
    check_defaults(report, agent, words)
    report.end()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        main(directory)
