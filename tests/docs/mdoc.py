# SPDX-License-Identifier: BSD-2-Clause
"""Reads the manual pages' source, mdoc(7), as far as these pages use it.

A page is a list of calls: each macro that a line calls, with its own arguments and its place.
"""
import datetime
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What mdoc calls in the middle of a line. Others, such as a word "To", are text there.
CALLABLE = set("""Ar Aq Brq Cm Dl Dq Em Ev Fl Ic Li No Ns Op Pa Pf Po Pc Pq Ql Sq Sx Sy Ta Va Xr
                  Dv Nm Fn""".split())
PARSED = CALLABLE | {"It", "Nd", "Nm", "Sh", "Ss", "Dl"}  # whose line may call others
DELIMITERS = {".", ",", ":", ";", ")", "?", "!"}
ESCAPES = [("\\&", ""), ("\\-", "-"), ("\\(dq", '"'), ("\\(aq", "'"), ("\\e", "\\"), ("\\ ", " ")]


def unescape(text):
    for escape, plain in ESCAPES:
        text = text.replace(escape, plain)
    return text


def split(text):
    """The words of a macro's line; a word in quotes is one, and never a macro."""
    words = []
    for quoted, plain in re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', text):
        words.append((unescape(quoted or plain), quoted != "" or plain.startswith("\\&")))
    return words


class Call:
    """One macro with its arguments, and where it is."""

    def __init__(self, page, line, macro, args, outer):
        self.page, self.line, self.macro, self.args, self.outer = page, line, macro, args, outer
        self.section, self.subsection = page.section, page.subsection
        self.item = page.item  # number of the .It around it, 0 before the first one
        self.depth = page.depth  # of lists

    @property
    def text(self):
        return " ".join(self.args)

    @property
    def plain(self):
        """Without the punctuation behind it."""
        args = list(self.args)
        while args and args[-1] in DELIMITERS:
            args.pop()
        return " ".join(args)

    @property
    def place(self):
        return f"{self.page.path}:{self.line}"


class Page:
    def __init__(self, path):
        self.path = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        self.name, self.number = path.name.rsplit(".", 1)
        self.calls, self.prose = [], []  # prose: (line, section, text) outside of literal displays
        self.literal = []  # (line, text) of literal displays
        self.section = self.subsection = ""
        self.item = self.depth = 0
        self._literal = False
        for number, text in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            self._read(number, text)

    def _read(self, number, text):
        if text.startswith('.\\"') or text == "":
            return
        if not text.startswith("."):
            plain = unescape(text)
            if self._literal:
                self.literal.append((number, plain))
            else:
                self.prose.append((number, self.section, plain))
            return
        words = split(text[1:])
        macro = words[0][0]
        if macro == "Sh":
            self.section, self.subsection = " ".join(w for w, _ in words[1:]), ""
        elif macro == "Ss":
            self.subsection = " ".join(w for w, _ in words[1:])
        elif macro == "Bl":
            self.depth += 1
        elif macro == "El":
            self.depth -= 1
        elif macro == "Bd":
            self._literal = any(w in ("-literal", "-unfilled") for w, _ in words)
        elif macro == "Ed":
            self._literal = False
        elif macro == "It":
            self.item += 1
        elif macro == "Dl":
            self.literal.append((number, " ".join(w for w, _ in words[1:])))
        self._call(number, words)

    def _call(self, number, words):
        macro, args, outer = words[0][0], [], ()
        shown, closing = "", ""
        for word, quoted in words[1:]:
            if not quoted and word in CALLABLE and words[0][0] in PARSED:
                shown, closing = self._end(Call(self, number, macro, args, outer), shown, closing)
                outer = outer + (macro,)
                macro, args = word, []
            else:
                args.append(word)
        shown, closing = self._end(Call(self, number, macro, args, outer), shown, closing)
        if words[0][0] in PARSED - {"Sh", "Ss", "Nd"}:
            self.prose.append((number, self.section, (shown + closing).strip()))

    def _end(self, call, shown, closing):
        """One more call of a line; what the line shows, and what is to be closed at its end."""
        self.calls.append(call)
        text = call.plain
        if call.macro == "Nm" and not text:
            text = self.name
        elif call.macro == "Fl":
            text = " ".join("-" + a if a != "|" else a for a in text.split())
        elif call.macro == "Xr" and len(call.args) > 1:
            text = f"{call.args[0]}({call.args[1]})"
        elif call.macro == "Pq":
            text, closing = "(" + text, ")"
        marks = call.text[len(call.plain):].replace(" ", "")
        glue = shown == "" or shown[-1] in "(\b"
        shown = shown.rstrip("\b") + ("" if glue else " ") + text
        if marks:
            shown, closing = shown + closing + marks, ""
        return shown + ("\b" if call.macro == "Ns" else ""), closing

    def of(self, *macros, section=None):
        return [c for c in self.calls
                if c.macro in macros and (section is None or c.section == section)]

    def sections(self):
        return {c.text for c in self.of("Sh", "Ss")}

    def text(self):
        """The prose in one line, for claims that go over several lines."""
        return "".join(self._pieces())

    def line_at(self, position):
        """The line of text()[position]."""
        for piece, (number, _, _) in zip(self._pieces(), self.prose):
            position -= len(piece)
            if position < 0:
                return number
        return 0

    def everything(self):
        """Prose and literal displays, in one line."""
        found = [(n, t) for n, _, t in self.prose] + self.literal
        return re.sub(r"\s+", " ", " ".join(t for _, t in sorted(found)))

    def _pieces(self):
        return [re.sub(r"\s+", " ", text) + " " for _, _, text in self.prose]

    def quotes(self):
        """(place, text, is it a diagnostic?) of items and quoted text of several words."""
        lists = []
        for call in self.calls:
            if call.macro == "Bl":
                lists.append(call.args)
            elif call.macro == "El":
                lists.pop()
            is_diagnostic = bool(lists) and "-diag" in lists[-1]
            if call.macro == "It" and "-column" not in lists[-1]:
                if call.args and (is_diagnostic or len(call.plain.split()) > 2):
                    yield call.place, call.plain, is_diagnostic
            elif call.macro in ("Ql", "Dq") and len(call.plain.split()) > 1:
                yield call.place, call.plain, False

    def date(self):
        """(line, what stands there, the date or None)."""
        for call in self.of("Dd"):
            try:
                return call.line, call.text, datetime.datetime.strptime(
                    call.text, "%B %d, %Y").date()
            except ValueError:
                return call.line, call.text, None
        return 1, "", None


def pages():
    return {p.name: Page(p) for p in sorted((ROOT / "man").glob("*.[1-9]"))}
