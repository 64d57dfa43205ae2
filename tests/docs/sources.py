# SPDX-License-Identifier: BSD-2-Clause
"""What the programs' sources say: their strings, constants, options and functions."""
import re

from mdoc import ROOT

# The folder of each program's own sources, and what of it belongs to another one.
FOLDERS = ["agent", "agent/control", "agent/prompt", "keystore", "relay", "include"]
TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|[A-Za-z_]\w*|\s+|.""", re.S)
# A specification of printf(3): what stands there is known when the program runs.
SPEC = re.compile(r"%[-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?:hh|h|ll|l|j|z|t)?[diouxXcsp]")
BEFORE_MAX = 160  # characters before a string that are kept
ANY = "\0"  # in the place of a specification


class Text:
    """A string of a source: adjacent literals are one, and ANY stands for what is filled in."""

    def __init__(self, path, line, raw, before):
        self.path, self.line, self.before = path, line, before
        self.text = SPEC.sub(ANY, raw).replace("%%", "%")

    @property
    def place(self):
        return f"{self.path.relative_to(ROOT)}:{self.line}"

    def shown(self):
        return self.text.replace(ANY, "...").strip()


def files(*folders):
    found = []
    for folder in folders or FOLDERS:
        found += sorted((ROOT / folder).glob("*.[ch]"))
    return found


def unquote(literal):
    plain = {"n": "\n", "t": "\t", "0": "\0", "a": "\a", "b": "\b", "r": "\r", "f": "\f"}
    return re.sub(r"\\(x[0-9a-fA-F]+|.)", lambda m: plain.get(m[1][0], m[1][0]), literal[1:-1])


def string_macros():
    """NAME: text, of `#define NAME "text"`, where that is all."""
    found = {}
    for path in files():
        for name, text in re.findall(r'^#define (\w+) +("(?:[^"\\\n]|\\.)*")(?= *(?:/\*|$))',
                                     path.read_text(), re.M):
            found.setdefault(name, []).append((path.parent, unquote(text)))
    return found


def without_preprocessor(code):
    """#include lines have strings that are no text; the lines stay, for their numbers."""
    code = re.sub(r"^#(?:include|if|error|pragma)[^\n]*", "", code, flags=re.M)
    return re.sub(r'^#define +\w+(?= +")', "#define;", code, flags=re.M)


def texts(path, macros, code=None):
    """All strings of a file, as Text."""
    found, parts, start, line = [], [], 0, 1
    before = ""  # the last tokens before the string, without white space

    def finish():
        if parts:
            found.append(Text(path, start, "".join(parts), before))
        parts.clear()

    def macro(name):
        here = [t for folder, t in macros.get(name, []) if folder == path.parent]
        return (here + [t for _, t in macros.get(name, [])])[:1]

    for match in TOKEN.finditer(without_preprocessor(code or path.read_text())):
        token = match[0]
        if token[0] == '"':
            if not parts:
                start = line
            parts.append(unquote(token))
        elif macro(token):
            if not parts:
                start = line
            parts.append(macro(token)[0])
        elif re.fullmatch(r"[A-Z][A-Z0-9_]+", token) and parts and not token.startswith("PRI"):
            parts.append("%s")  # SPLIT_SSH_VERSION, and the like, between two literals
        elif not token.isspace() and not token.startswith(("//", "/*")):
            finish()
            before = (before + token)[-BEFORE_MAX:]
        line += token.count("\n")
    finish()
    return found


class Constants:
    """The #defines that are arithmetic, and the enumerators with their values, by their names.

    Where several files have one name with several values, it is FILE.NAME, as key_open.HEAD_MAX.
    """

    def __init__(self):
        self.raw = {}  # name -> [(file, text)]
        for path in files():
            code = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S).replace("\\\n", " ")
            found = re.findall(r"^#define (\w+) +(.+)$", code, re.M)
            found += re.findall(r"^\s+([A-Z][A-Z0-9_]+) = (\d+),", code, re.M)
            for name, text in found:
                self.raw.setdefault(name, []).append((path.stem, text.strip()))

    def value(self, expression, stem=None):
        """Of a formula of names and numbers; LookupError says which name there is not."""
        text = re.sub(r"UINT(?:32|64)_C\((\d+)\)|\(size_t\)", r"\1", expression)
        text = re.sub(r"\b(\d+)(?:U|L|UL|ULL)\b", r"\1", text)
        text = re.sub(r"sizeof (\w+)", lambda m: self._size(m[1]), text)
        text = re.sub(r"(?:\b([a-z_]+)\.)?\b([A-Z]\w+)\b",
                      lambda m: str(self._named(m[2], m[1] or stem)), text)
        if not re.fullmatch(r"[\d\s()+*/<-]+", text):
            raise LookupError(f"{expression} is no number")
        return eval(text.replace("/", "//"))  # digits and operators alone

    def _named(self, name, stem):
        found = self.raw.get(name, [])
        own = [t for s, t in found if s == stem] or [t for _, t in found]
        if not own or len(set(own)) > 1:
            raise LookupError(f"{name} is defined {len(own)} times")
        return self.value(own[0], stem)

    def _size(self, name):
        if name not in self.raw:
            raise LookupError(f"{name} is not defined")
        return str(len(unquote(self.raw[name][0][1])) + 1)


def function(path, name):
    """The body of a function, with empty lines before it, so that line numbers hold."""
    code = path.read_text()
    match = re.search(rf"^[^\n;]*\b{name}\([^;]*?\)\n\{{.*?^\}}", code, re.M | re.S)
    if match is None:
        raise LookupError(f"{path.relative_to(ROOT)}: no function {name}()")
    return "\n" * code[:match.start()].count("\n") + match[0]
