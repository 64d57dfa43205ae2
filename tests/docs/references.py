#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""References: pages, sections, files and tables that the documents point to are there.

And the other way round: each program has a page, README.md links each page, and CONTRIBUTING.md has
each source file and each folder of tests.
"""
import datetime
import fnmatch
import re
import subprocess

import mdoc
import sources
from report import Report

# Pages of other programs, so that a slip in the name of one of ours is no page of others.
FOREIGN = {"csh", "git", "inotify", "jq", "landlock", "memfd_secret", "mlock", "qrexec-client-vm",
           "qvm-service", "sd_listen_fds", "seccomp", "secret-tool", "sh", "ssh", "ssh-add",
           "ssh-agent", "ssh-keygen", "ssh_config", "sshd", "syslog", "systemd"}
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.M)
# Folders of CONTRIBUTING.md's tables, by the first word of their headings.
TABLES = {"include/": "include", "agent/": "agent", "agent/control/": "agent/control",
          "agent/prompt/": "agent/prompt", "keystore/": "keystore", "relay/": "relay"}


def check_pages(report, pages):
    ours = {(p.name, p.number) for p in pages}
    used = set()
    for page in pages:
        for call in page.of("Xr"):
            name, number = call.args[0], call.args[1] if len(call.args) > 1 else ""
            if name in FOREIGN:
                used.add(name)
            else:
                report.check((name, number) in ours, call.place, f"no page {name}({number})")
        for call in page.of("Sx"):
            report.check(call.plain in page.sections(), call.place, f"no section {call.plain}")
        for call in page.of("Dt"):
            report.check(call.args[:2] == [page.name.upper(), page.number], call.place,
                         f"the title is {call.text}")
        line, text, date = page.date()
        tomorrow = datetime.date.today() + datetime.timedelta(days=1)
        report.check(date is not None and datetime.date(2026, 1, 1) <= date <= tomorrow,
                     f"{page.path}:{line}", f"{text!r} is no date, or one to come")
        see = [tuple(c.args[:2]) for c in page.of("Xr", section="SEE ALSO")]
        report.check(see == sorted(see, key=lambda x: (x[1], x[0])), page.path,
                     "SEE ALSO is not in the order of sections and names")
        report.check((page.name, page.number) not in see, page.path, "SEE ALSO has the page itself")
    report.unused(FOREIGN, used, "FOREIGN in references.py")
    return ours


def named(page):
    """The programs that it is about."""
    return {call.args[0] for call in page.of("Nm", section="NAME")}


def check_programs(report, pages):
    """Programs are those of split_ssh_program() in CMake; pages are installed."""
    names = {p.name for p in pages}
    found = 0
    for path in mdoc.ROOT.glob("*/**/CMakeLists.txt"):
        made = re.findall(r"split_ssh_program\(([\w-]+) (bin|libexec)", path.read_text())
        for name, where in made:
            found += 1
            number = "1" if where == "bin" else "8"
            report.check(any(name in named(p) and p.number == number for p in pages),
                         path.relative_to(mdoc.ROOT), f"there is no page {name}({number})")
    report.check(found > 4, "CMakeLists.txt", f"only {found} programs found")
    installed = (mdoc.ROOT / "man/CMakeLists.txt").read_text()
    for page in pages:
        report.check(re.search(rf"\s{re.escape(page.path.name)}\b", installed) is not None,
                     page.path, "man/CMakeLists.txt does not install it")
    report.check("split-ssh" in names, "man", "no overview")


def anchor(heading):
    text = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
    return text.strip().replace(" ", "-")


def tracked():
    listed = subprocess.run(["git", "-C", mdoc.ROOT, "ls-files", "-co", "--exclude-standard"],
                            capture_output=True, text=True, check=False)
    return set(listed.stdout.split("\n")) - {""} if listed.returncode == 0 else None


def check_links(report):
    links = 0
    for path in sorted(p for p in mdoc.ROOT.glob("**/*.md") if "build" not in p.parts):
        for number, line in enumerate(path.read_text().split("\n"), 1):
            for target in [] if line.startswith("    ") else LINK.findall(line):
                links += 1
                place = f"{path.relative_to(mdoc.ROOT)}:{number}"
                name, _, fragment = target.partition("#")
                if re.match(r"https?:|mailto:", target):
                    continue
                file = (path.parent / name) if name else path
                if report.check(file.exists(), place, f"there is no {target}") and fragment:
                    report.check(fragment in {anchor(h) for h in HEADING.findall(file.read_text())},
                                 place, f"{name or path.name} has no heading #{fragment}")
    report.check(links > 10, "README.md", f"only {links} links found")


def check_readme(report, pages):
    text = (mdoc.ROOT / "README.md").read_text()
    for page in pages:
        report.check(f"(man/{page.path.name})" in text, "README.md", f"no link to {page.path}")


def tables():
    """heading -> [(line, first cell, second cell)] of CONTRIBUTING.md."""
    found, heading = {}, ""
    text = (mdoc.ROOT / "CONTRIBUTING.md").read_text()
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("| `"):
            cells = line.strip("|").split("|")
            found.setdefault(heading, []).append((number, cells[0], cells[1]))
    return found


def check_source_tables(report, rows_of):
    for prefix, folder in TABLES.items():
        heading = next((h for h in rows_of if h.split()[0].rstrip(":") == prefix), None)
        if not report.check(heading is not None, "CONTRIBUTING.md", f"no table of {prefix}"):
            continue
        named = {}
        there = {p.name for p in sources.files(folder)}
        for number, cell, _ in rows_of[heading]:
            for name in re.findall(r"`([\w.*-]+\.[ch])`", cell):
                report.check(name not in named, f"CONTRIBUTING.md:{number}", f"{name} once more")
                family = fnmatch.filter(there, name) if "*" in name else [name]
                report.check(bool(family), f"CONTRIBUTING.md:{number}", f"there is no {name}")
                named.update({one: number for one in family})
        for name in set(named) - there:
            report.check(False, f"CONTRIBUTING.md:{named[name]}", f"there is no {folder}/{name}")
        for name in sorted(there - set(named)):
            # A header is that of the .c of its name; or of a family of them, as key_*.c.
            with_source = name.endswith(".h") and any(
                n.startswith(name[:-2]) and n.endswith(".c") for n in named)
            report.check(with_source, f"{folder}/{name}", f"the table of {prefix} does not have it")


def check_rest(report, rows_of):
    rows = rows_of.get("The rest", [])
    report.check(bool(rows), "CONTRIBUTING.md", "no table of the rest")
    named = set()
    for number, cell, text in rows:
        for name in re.findall(r"`([^`]+)`", cell):
            path = mdoc.ROOT / name
            folders = [mdoc.ROOT / n for n in re.findall(r"`([^`]+)`", cell)] + [path.parent]
            named.add(name.rstrip("/"))
            report.check(path.exists(), f"CONTRIBUTING.md:{number}", f"there is no {name}")
            for inner in re.findall(r"`([\w./-]+\.\w+|[\w-]+/)`", text):
                good = "NAME" in inner or any((f / inner).exists() for f in folders + [mdoc.ROOT])
                report.check(good or path.is_file(), f"CONTRIBUTING.md:{number}",
                             f"there is no {inner} in {name}")
    known = tracked()
    folders = {p.name for p in (mdoc.ROOT / "tests").iterdir() if p.is_dir()}
    for folder in sorted(folders):
        if known is None or any(n.startswith(f"tests/{folder}/") for n in known):
            report.check(f"tests/{folder}" in named, f"tests/{folder}", "no table has this folder")


def main():
    report = Report()
    pages = list(mdoc.pages().values())
    check_pages(report, pages)
    check_programs(report, pages)
    check_links(report)
    check_readme(report, pages)
    rows_of = tables()
    check_source_tables(report, rows_of)
    check_rest(report, rows_of)
    report.end()


if __name__ == "__main__":
    main()
