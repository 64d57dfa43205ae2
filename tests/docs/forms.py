# SPDX-License-Identifier: BSD-2-Clause
"""Forms of a command line, from a page's SYNOPSIS and from a usage text, so that they compare."""
import re

GROUP = re.compile(r"\[[^\]]*\]|\S+")


class Form:
    """One line of a synopsis: its fixed words in their order, and what is in brackets, sorted."""

    def __init__(self, text, place):
        text = re.sub(r"\]\s*\.\.\.", " ...]", re.sub(r"\s+", " ", text))
        self.place = place
        groups = [lower(g) for g in GROUP.findall(text)]
        self.words = [g for g in groups if not g.startswith("[")]
        self.optional = sorted(g for g in groups if g.startswith("["))

    def options(self):
        return flags(" ".join(self.words + self.optional))

    def keys(self):
        """The form as text, one for each way to write its words."""
        rest = [w for w in self.words[1:] if w.startswith("-") or w == "|" and not self._words()]
        return [" ".join(self.words[:1] + words + rest + self.optional)
                for words in self.commands()]

    def _words(self):
        return [w for w in self.words[1:] if not w.startswith("-") and w != "|"]

    def commands(self):
        """The ways to write the words: `list | reload agent` is two of them."""
        words = [w for w in self.words[1:] if not w.startswith("-")]
        if "|" not in words or not self._words():
            return [self._words()]
        first = words.index("|") - 1
        last = len(words) - words[::-1].index("|")
        return [words[:first] + [w] + words[last + 1:]
                for w in words[first:last + 1] if w != "|"]

    def optional_operands(self):
        """How many operands may be left out; None: any number may follow."""
        found = [g for g in self.optional if not g.startswith("[-")]
        return None if any("..." in g for g in found) else len(found)


def lower(group):
    return re.sub(r"(?<![\w-])(-{0,2})([A-Za-z][\w-]*)",
                  lambda m: m[0] if m[1] else m[2].lower(), group)


def flags(text):
    """-x and --long in a text; -Dd is two."""
    found = set()
    for dashes, name in re.findall(r"(?<![\w-])(--?)([A-Za-z][\w-]*)", text):
        found |= {"--" + name} if dashes == "--" else {"-" + c for c in name}
    return found


def render(calls):
    """The calls of one line as text; an Op is in brackets up to the end of the line."""
    parts, is_open, joined = [], False, False
    for call in calls:
        if call.macro == "Op":
            parts.append("[")
            is_open = True
            continue
        dash = "-" if call.macro == "Fl" else ""
        args = [dash + a if a != "|" else a for a in call.args]
        if call.macro == "Ns":
            if parts:
                parts[-1] += "".join(call.args)
            joined = True
            continue
        text = " ".join(args or [call.page.name] if call.macro == "Nm" else args)
        if joined and parts:
            parts[-1] += text
        else:
            parts.append(text)
        joined = False
    return " ".join(parts).replace("[ ", "[") + ("]" if is_open else "")


def of_page(page):
    lines = {}
    for call in page.calls:
        if call.section == "SYNOPSIS" and call.macro not in ("Sh", "Nm") or (
                call.section == "SYNOPSIS" and call.macro == "Nm"):
            lines.setdefault(call.line, []).append(call)
    forms = []
    for line, calls in sorted(lines.items()):
        if any(c.macro == "Nm" for c in calls):
            forms.append([line, ""])
        if forms:
            forms[-1][1] += " " + render(calls)
    return [Form(text, f"{page.path}:{line}") for line, text in forms]


def of_usage(usage, place):
    """Forms begin behind `usage: ` or as far to the right; further to the right they go on."""
    forms = []
    for line in usage.split("\n\n")[0].split("\n"):
        match = re.match(r"(?:usage: | {7})(\S.*)", line)
        if match:
            forms.append(match[1])
        elif forms and line.startswith(" " * 8):
            forms[-1] += " " + line
    return [Form(text, place) for text in forms]


def described(usage):
    """The options that the text below the forms explains."""
    found = set()
    for line in usage.split("\n"):
        match = re.match(r"  (-.*?)(?:  |$)", line)
        if match:
            found |= flags(match[1])
    return found


def commands_described(usage):
    return {m[1].strip() for m in re.finditer(r"^  ([a-z][a-z ]*?)  +\S", usage, re.M)}
