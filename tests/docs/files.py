#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Files and environment: those in the pages are used or shipped, and the other way round.

What is shipped is what the install scripts of man/ and packaging/ make, with the prefix of a
package, in a directory of the test. What is used is in the strings of the sources and in the files
that are shipped.
"""
import os
import pathlib
import re
import subprocess
import tempfile

import mdoc
import sources
from report import Report

PATIENCE = 300  # seconds
ROOTS = "etc|usr|run|dev|proc|var|tmp|rw|sys|lib|home|opt"
ABSOLUTE = re.compile(rf"(?<![\w.~/$\0-])/(?:{ROOTS})(?:/[\w.@%*+-]+)*")
VARIABLE = re.compile(r"NAME|AGENT|KEY|PID|XXXXXXXXXX|\*|agent(?=\.sock|$)|work(?=\.sock)")

# In pages, and of others: path, whose it is.
OF_OTHERS = {
    "PROTOCOL.agent": "OpenSSH's",
    "SECURITY.md": "in the source, where references.py looks for it",
    "/etc/qubes/policy.d/30-user.policy": "the user's own lines of dom0's policy",
    "~/.ssh": "where ssh-add finds its keys",
    "$XDG_RUNTIME_DIR/bus": "the session bus, which GLib finds",
}
# In the sources, and in no page: a pattern, and why.
UNSAID = [
    (r"/dev/(null|log)", "the system's"),
    (r"/proc(/.*)?", "the system's"),
    (r"/usr/local/bin|/usr/bin|/bin|/etc|/run|/usr", "a PATH, or the start of a path"),
    (r"/usr/bin/ssh-keygen", "ssh-keygen(1)"),
    (r"/(usr/)?(bin|lib\w*)/.*askpass.*", "askpass programs: the page names one of those usual"),
]
# Variables: the same two ways.
SET_BY_OTHERS = {"TZ": "localtime(3) reads it"}
INTERNAL = {
    "SPLIT_SSH_ASKPASS_DEPTH": "split-ssh-askpass tells itself that it runs a second time",
    "SPLIT_SSH_ASKPASS_FD": "split-ssh-askpass tells itself where a passphrase is",
}


def installed(directory):
    """Paths of what is shipped, of man/ and packaging/, and what each of those files has in it."""
    build, tree = directory / "build", directory / "tree"
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "timeout": PATIENCE}
    subprocess.run(["cmake", "-S", mdoc.ROOT, "-B", build, "-DCMAKE_INSTALL_PREFIX=/usr",
                    "-DSPLIT_SSH_TESTS=OFF"], **quiet)
    for part in ("man", "packaging"):
        subprocess.run(["cmake", "-P", build / part / "cmake_install.cmake"],
                       env={**os.environ, "DESTDIR": str(tree)}, **quiet)
    found = {}
    for path in sorted(tree.rglob("*")):
        if path.is_symlink():
            found["/" + str(path.relative_to(tree))] = os.readlink(path)
        elif path.is_file():
            text = re.sub(r"^\s*#.*", "", path.read_text(), flags=re.M)
            found["/" + str(path.relative_to(tree))] = "" if "/man/" in str(path) else text
    return found


class Known:
    """All paths that the sources and the shipped files have."""

    def __init__(self, texts, shipped):
        self.strings = [t.text for t in texts] + list(shipped.values())
        self.shipped = shipped
        self.components = {c for s in self.strings for c in re.split(r"[/\s\0\"'=]+", s) if c}
        self.names = {pathlib.PurePath(p).name for p in shipped}

    def has(self, path):
        plain = re.sub(r"^(~|\$\w+|%h)/|/\*$|/$", "", path)
        if path in self.shipped or plain in self.names:
            return True
        if any(plain in s or path in s for s in self.strings):
            return True
        if any(s.startswith(path + "/") for s in self.shipped):
            return True
        return all(self.component(c) for c in plain.strip("/").split("/"))

    def component(self, name):
        """One word of a path; what is variable in it is so in the sources, too."""
        wanted = re.escape(name)
        if VARIABLE.search(name):
            rest = VARIABLE.sub("", name).strip(".")
            return rest == "" or any(c.strip("*.") == rest or c.endswith("." + rest)
                                     for c in self.components)
        return any(re.fullmatch(wanted, c) for c in self.components)


def paths_of_pages(pages):
    for page in pages:
        for line in sorted({c.line for c in page.of("Pa")}):
            calls = [c for c in page.calls if c.line == line]
            if any(c.macro == "Ns" for c in calls):
                parts = [c.plain for c in calls if c.macro in ("Pa", "Ar", "Ns")]
                yield f"{page.path}:{line}", "".join(parts)
                continue
            for call in calls:
                if call.macro == "Pa":
                    for path in call.plain.split(" , "):
                        yield call.place, path


def check_paths(report, pages, known):
    used = set()
    for place, path in paths_of_pages(pages):
        if path in OF_OTHERS:
            used.add(path)
            continue
        report.check(known.has(path), place, f"nothing uses or ships {path}")
    report.unused(OF_OTHERS, used, "OF_OTHERS in files.py")


def check_shipped(report, whole, shipped):
    report.check(len(shipped) > 20, "packaging/CMakeLists.txt", f"only {len(shipped)} files")
    for path in shipped:
        name = pathlib.PurePath(path).name
        if "/share/man/" in path:
            continue
        instance = re.sub(r"@\.", r"@[\\w.]+\\.", re.escape(name).replace("\\.", "."))
        named = re.search(rf"(?<![\w-]){instance}(?![\w-])", whole) is not None
        report.check(path in whole or named, path, "it is shipped, and no page has it")


def check_strings(report, texts, whole):
    used = set()
    for text in texts:
        if "\n  " in text.text or text.path.name.startswith("check"):
            continue  # a usage text, for options.py; `split-ssh check` names what it looks at
        for path in ABSOLUTE.findall(text.text):
            path = path.rstrip(".*%")
            reason = next((p for p, _ in UNSAID if re.fullmatch(p, path)), None)
            if reason:
                used.add(reason)
                continue
            report.check(path in whole, text.place, f"no page has the path {path}")
    report.unused({p for p, _ in UNSAID}, used, "UNSAID in files.py")


READ = re.compile(r'\b(?:secure_getenv|getenv|unix_number|number_in|is_set|setenv|unsetenv|g_setenv'
                  r')\((?:"(\w+)"|(\w+))')


def variables(macros, *folders):
    """name -> place: what the sources read and set."""
    found = {}
    for path in sources.files(*folders):
        for match in READ.finditer(path.read_text()):
            name = match[1] or next((t for _, t in macros.get(match[2], [])), None)
            if name and re.fullmatch(r"[A-Z][A-Z0-9_]+", name):
                found.setdefault(name, f"{path.relative_to(mdoc.ROOT)}")
        for text in sources.texts(path, macros):
            match = re.match(r"([A-Z][A-Z0-9_]+)=", text.text)
            if match:
                found.setdefault(match[1], text.place)
    return found


def variables_of_scripts():
    found = {}
    for path in sorted((mdoc.ROOT / "packaging/session").glob("*")):
        code = path.read_text()
        names = re.findall(r"\$\{?([A-Z][A-Z0-9_]+)\b", code)
        for several in re.findall(r"^for name in ([A-Z0-9_ ]+); do", code, re.M):
            names += several.split()
        found.update({name: f"{path.relative_to(mdoc.ROOT)}" for name in names})
    return found


def check_environment(report, pages, macros):
    known = {**variables_of_scripts(), **variables(macros)}
    shown, used = {}, set()
    for page in pages:
        for call in page.of("Ev"):
            for name in call.plain.split(" , "):
                shown.setdefault(name, call.place)
    report.check(len(known) > 10, "files.py", f"only {len(known)} variables found")
    for name, place in known.items():
        if name in INTERNAL:
            used.add(name)
        else:
            report.check(name in shown, place, f"no page has the variable {name}")
    for name, place in shown.items():
        if name in SET_BY_OTHERS:
            used.add(name)
        else:
            report.check(name in known, place, f"nothing reads or sets the variable {name}")
    report.unused({**INTERNAL, **SET_BY_OTHERS}, used, "INTERNAL and SET_BY_OTHERS in files.py")


def check_sections(report, pages, macros):
    """What a page says of a variable that its program uses stands in ENVIRONMENT, too."""
    folders = {"split-ssh-agent.1": "agent", "split-ssh-relay.1": "relay",
               "split-ssh.1": "agent/control", "split-ssh-askpass.1": "agent/prompt"}
    for page in pages:
        if page.path.name not in folders:
            continue
        used = variables(macros, folders[page.path.name], "include")
        listed = {n for c in page.of("Ev", section="ENVIRONMENT") for n in c.plain.split(" , ")}
        for call in page.of("Ev"):
            for name in set(call.plain.split(" , ")) & set(used):
                report.check(name in listed, call.place, f"{name} is not in ENVIRONMENT")


def main(directory):
    report = Report()
    pages = list(mdoc.pages().values())
    whole = " ".join(p.everything() for p in pages)
    macros = sources.string_macros()
    texts = [t for path in sources.files() for t in sources.texts(path, macros)]
    shipped = installed(pathlib.Path(directory))
    check_paths(report, pages, Known(texts, shipped))
    check_shipped(report, whole, shipped)
    check_strings(report, texts, whole)
    check_environment(report, pages, macros)
    check_sections(report, pages, macros)
    report.end()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        main(scratch)
