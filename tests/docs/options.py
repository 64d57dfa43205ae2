#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Options and commands: those of the pages are those of the programs, both ways.

Of each program: its options in the source, in its usage text, in the page's SYNOPSIS and in the
page's list of options are the same; the built program takes each, with and without a value as the
page says, and refuses one that is made up. The same for the commands of split-ssh.
"""
import os
import re
import socket
import subprocess
import tempfile

import forms
import mdoc
import sources
from report import Report, build

PATIENCE = 60  # seconds
MADE_UP = "-Z"
ENDS = {"-h", "--help", "-V", "--version"}  # nothing else is done then
# What a value may be, by its name in the pages.
VALUES = {"socket": "/nowhere/socket", "qrexec_socket": "/nowhere/qrexec", "life": "1h30m",
          "fingerprint_hash": "md5", "name": "work", "agent": "work", "option": "x",
          "providers": "x", "calls": "3", "path": "/bin/true", "dir": "/nowhere"}


class Program:
    def __init__(self, page, folder, path):
        self.page, self.folder, self.path = page, folder, path
        self.name = page.name
        self.helper = page.number == "8"
        self.values = {}  # option: has it one?
        self._read_source()
        self.usage = "" if self.helper else self._run_usage()

    def _read_source(self):
        for path in sources.files(self.folder):
            if self.name == "split-ssh-askpass" and not path.name.startswith("askpass_"):
                continue
            if self.name == "split-ssh-prompt" and path.name.startswith("askpass_"):
                continue
            code = path.read_text()
            for letters in re.findall(r'getopt(?:_long)?\(\w+, \w+, "\+?([^"]*)"', code):
                for letter, colon in re.findall(r"(\w)(:?)", letters):
                    self.values["-" + letter] = colon == ":"
            for name, kind in re.findall(r'\{"([\w-]+)", (no|required)_argument', code):
                self.values["--" + name] = kind == "required"
            for letter in re.findall(r'(?:strcmp|is)\([^,()]+(?:\[\d\])?, "-(\w)"\)', code):
                if "main" in path.name and letter != "a":
                    self.values["-" + letter] = False

    def run(self, *arguments):
        done = subprocess.run([self.path, *arguments], stdin=subprocess.DEVNULL, check=False,
                              capture_output=True, text=True, timeout=PATIENCE, env={})
        return done.returncode, done.stdout + done.stderr

    def _run_usage(self):
        text = self.run("-h")[1]
        return text[text.index("usage:"):] if "usage:" in text else self.run(MADE_UP)[1]


def listed(page):
    """Of the list of options: option -> (call, name of its value or None)."""
    found = {}
    for call in page.of("Fl", section="DESCRIPTION"):
        if call.outer[:1] != ("It",) or call.subsection != "":
            continue
        line = [c for c in page.calls if c.line == call.line]
        after = line[line.index(call) + 1:]
        value = after[0].args[0] if after and after[0].macro == "Ar" else None
        for argument in call.args:
            if argument not in mdoc.DELIMITERS:
                for option in forms.flags("-" + argument):
                    found[option] = (call, value)
    return found


def check_same(report, program, place, options, where):
    known = set(program.values)
    for option in sorted(known - options):
        report.check(False, place, f"{option} of {program.name} is not in {where}")
    for option in sorted(options - known):
        report.check(False, place, f"{option} is in {where}, and {program.name} does not know it")
    report.check(bool(options), place, f"{where} has no option")


def check_taken(report, program, options):
    for option, (call, value) in sorted(options.items()):
        if option in program.values:
            report.check((value is not None) == program.values[option], call.place,
                         f"{option}: page and program do not agree whether it has a value")
        if value is not None and not report.check(
                value in VALUES, call.place, f"a value for {value} is missing in this test"):
            continue
        arguments = [option] + ([VALUES[value]] if value is not None else [])
        status, said = program.run(*arguments, *([] if option in ENDS else ["-V"]))
        report.check(status == 0, call.place, f"{program.name} {option}: {said.strip()}")
    status, said = program.run(MADE_UP, "-V")
    report.check(status != 0, program.page.path, f"{program.name} takes {MADE_UP}")


def run_helper(path, *arguments):
    """A helper needs its two sockets; their other ends are closed, so it ends by itself."""
    ours, its = socket.socketpair()
    prompt, side = socket.socketpair()
    ours.close()
    prompt.close()

    def descriptors():
        moved = os.dup(its.fileno()), os.dup(side.fileno())
        os.dup2(moved[0], 3)
        os.dup2(moved[1], 4)

    done = subprocess.run([path, *arguments], stdin=subprocess.DEVNULL, check=False, env={},
                          capture_output=True, text=True, timeout=PATIENCE, pass_fds=[3, 4],
                          preexec_fn=descriptors)
    its.close()
    side.close()
    return done.returncode, done.stderr


def check_helper(report, program, options):
    """With -f it says more than without, or refuses what is not -f."""
    for option, (call, _) in options.items():
        report.check(run_helper(program.path, option) != run_helper(program.path, MADE_UP),
                     call.place, f"{program.name} {option} does what {MADE_UP} does")


def check_forms(report, program):
    place = f"{program.path.name} {'-h' if '-h' in program.values else MADE_UP}"
    page = {k: f for f in forms.of_page(program.page) for k in f.keys()}
    usage = {k: f for f in forms.of_usage(program.usage, place) for k in f.keys()}
    report.check(bool(usage), place, "it prints no usage text")
    for key in sorted(set(page) - set(usage)):
        report.check(False, page[key].place, f"the usage text has no such form: {key}")
    for key in sorted(set(usage) - set(page)):
        report.check(False, program.page.path, f"SYNOPSIS lacks this form of the usage text: {key}")
    explained = forms.described(program.usage)
    if explained:
        check_same(report, program, place, explained, "what the help text explains")


def check_mentions(report, program):
    """Each other .Fl is an option of this program, or one of ssh-add's that key files have."""
    letters = sources.function(mdoc.ROOT / "agent/prompt/key_options.c", "parse_letters")
    ssh_add = set(re.findall(r"case '(\w)':", letters))
    for call in program.page.of("Fl"):
        for option in forms.flags(" ".join("-" + a for a in call.args if a not in "|.,:;)")):
            report.check(option in program.values or option.lstrip("-") in ssh_add, call.place,
                         f"{option} is no option of {program.name}")


def check_program(report, program):
    synopsis = set().union(*(f.options() for f in forms.of_page(program.page)))
    in_list = listed(program.page)
    shown = {call.line for option, (call, _) in in_list.items() if option in synopsis}
    other_ways = {option for option, (call, _) in in_list.items() if call.line in shown}
    check_same(report, program, program.page.path, synopsis | other_ways, "the SYNOPSIS")
    check_mentions(report, program)
    if program.helper:
        check_helper(report, program, {o: (c, None) for c in program.page.of(
            "Fl", section="SYNOPSIS") for o in forms.flags("-" + c.text)})
        return
    check_same(report, program, program.page.path, set(in_list), "the list of options")
    check_taken(report, program, in_list)
    check_forms(report, program)


# The commands of split-ssh.

TABLE = re.compile(r'\{\{"([\w-]+)",\s*(?:NULL|"([\w-]+)")\},\s*(\d+),\s*(\d+|INT_MAX)')


def table_of_commands():
    code = (mdoc.ROOT / "agent/control/options.c").read_text()
    return {tuple(w for w in m[:2] if w): (int(m[2]), None if m[3] == "INT_MAX" else int(m[3]))
            for m in TABLE.findall(code)}


def check_synopsis_of_commands(report, page, table):
    found = {}
    for form in forms.of_page(page):
        for words in form.commands():
            command = next((c for c in table if tuple(words[:len(c)]) == c), None)
            if words and not report.check(command is not None, form.place,
                                          f"split-ssh has no command {' '.join(words)}"):
                continue
            if words:
                least = len(words) - len(command)
                more = form.optional_operands()
                found[command] = (least, None if more is None else least + more)
                report.check(found[command] == table[command], form.place,
                             f"{' '.join(command)} takes {table[command]} operands, "
                             f"and {found[command]} here")
    for command in set(table) - set(found):
        report.check(False, page.path, f"SYNOPSIS has no `{' '.join(command)}'")


def check_list_of_commands(report, page, table):
    found = set()
    for call in page.of("Cm", section="DESCRIPTION"):
        if call.outer == ("It",) and call.subsection == "":
            command = next((c for c in table if call.args[:len(c)] == list(c)), None)
            report.check(command is not None, call.place, f"split-ssh has no command {call.text}")
            found.add(command)
    for command in set(table) - found:
        report.check(False, page.path, f"no item explains `{' '.join(command)}'")


def check_commands(report, program):
    table = table_of_commands()
    check_synopsis_of_commands(report, program.page, table)
    check_list_of_commands(report, program.page, table)
    words = {c[0] for c in table}
    explained = {c.split()[0] for c in forms.commands_described(program.usage)}
    report.check(words == explained, "split-ssh -h", f"explained are {sorted(explained)}")
    for command, (least, most) in table.items():
        wrong = least - 1 if most is None else most + 1
        said = program.run(*command, *["x"] * wrong)[1]
        report.check(f"{' '.join(command)} takes " in said, "agent/control/options.c",
                     f"split-ssh {' '.join(command)} with {wrong} operands: {said.strip()}")
    said = program.run("frobnicate")[1]
    report.check("there is no command" in said, "split-ssh frobnicate", said.strip())


# Command lines that the documents show.

SHOWN = re.compile(
    r"(?:^|[\s$(\"'`&])(split-ssh(?:-agent|-relay|-askpass)?)(?= |$)([^`|;&\"\n#>]*)")


def shown_lines():
    """(place, text) of literal displays, .Ql, and code in markdown."""
    for page in mdoc.pages().values():
        yield from ((f"{page.path}:{n}", t) for n, t in page.literal)
        yield from ((c.place, c.plain) for c in page.of("Ql"))
    for path in sorted(mdoc.ROOT.glob("*.md")):
        for number, line in enumerate(path.read_text().split("\n"), 1):
            code = [line] if line.startswith("    ") else re.findall(r"`([^`]+)`", line)
            yield from ((f"{path.name}:{number}", c) for c in code)


def check_shown(report, programs):
    words = {c[0] for c in table_of_commands()}
    for place, text in shown_lines():
        for name, rest in SHOWN.findall(text):
            own = rest.split(" add ")[0].split()
            if any(set(w) & set("{}=<") for w in own):
                continue
            for option in forms.flags(" ".join(w for w in own if w.startswith("-"))):
                report.check(option in programs[name].values, place, f"{name} has no {option}")
            operands = [w for i, w in enumerate(own) if not w.startswith("-")
                        and (i == 0 or own[i - 1] != "-a")]
            if name == "split-ssh" and operands:
                report.check(operands[0] in words, place, f"split-ssh has no command: {text}")


def main():
    report = Report()
    tree = build()
    folders = {"split-ssh": "agent/control", "split-ssh-agent": "agent", "split-ssh-relay": "relay",
               "split-ssh-askpass": "agent/prompt", "split-ssh-prompt": "agent/prompt",
               "split-ssh-keystore": "keystore"}
    programs = {}
    for page in mdoc.pages().values():
        if page.name not in folders or page.number not in "18":
            continue
        place = "libexec/split-ssh" if page.number == "8" else "bin"
        programs[page.name] = Program(page, folders[page.name], tree / place / page.name)
    for name in folders:
        if report.check(name in programs, "man", f"{name} has no page"):
            check_program(report, programs[name])
    check_commands(report, programs["split-ssh"])
    check_shown(report, programs)
    report.end()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)  # whatever a program writes is gone afterwards
        main()
