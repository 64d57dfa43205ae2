#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Messages: those that the pages quote exist, and those that a user must act on are in a page.

Quoted is each item of a list of diagnostics, each item in quotes, and each .Ql or .Dq of several
words that is not a command. In the pages a word in capitals, and "...", stand for anything. WORTHY
says which messages of the sources a page must have: of what file, behind what.
"""
import re

import mdoc
import sources
from report import Report

AGENT, SPLIT_SSH = "split-ssh-agent.1", "split-ssh.1"
ASKPASS, PROMPT, RELAY = "split-ssh-askpass.1", "split-ssh-prompt.8", "split-ssh-relay.1"

# What these are; patterns of their paths, and of what stands before the string; their page.
WORTHY = [
    ("why a connection of the relay fails", r"relay/loop\.c", r"notice\(.*?now,$|errno==\w+\?$",
     RELAY),
    ("why the relay does not start", r"relay/(options|config)\.c|include/client_config\.h",
     r"(ret_)?why,[\w.()\[\]>-]+,$", RELAY),
    ("reason of a decision", r"agent/policy_decide\.c", r"(deny|allow)\(POLICY_\w+,(.*[?:])?$",
     SPLIT_SSH),
    ("reason of a decision", r"agent/policy_decide\.c", r"return$", SPLIT_SSH),
    ("reason of a decision", r"agent/(sign|question|unseal|use)\.c",
     r"return$|\.reason=$|decided\([\w>-]+,$|nobody\[\]=$", SPLIT_SSH),
    ("reason of a decision", r"agent/question\.h", r"#define;$", SPLIT_SSH),
    ("phrase of an error", r"include/err\.h", r"return$", None),
    ("refusal in the agent's log", r"agent/\w+\.c", r"report_party\([\w>-]+,$", AGENT),
    ("end of a connection", r"agent/frame\.c", r"end\(client,(len==0\?)?$|\bend\(client,len==0\?:$",
     AGENT),
    ("text of a question", r"agent/prompt/text\.c", r"(?<!static_assert\().*$", None),
    ("text of a question", r"agent/prompt/(remember|dialog)\.c", r".*$", PROMPT),
    ("complaint of split-ssh", r"agent/control/(add|connection|request|show_log)\.c",
     r"log_line\($|WHY_MAX,$", SPLIT_SSH),
    ("complaint of split-ssh-askpass", r"agent/prompt/(askpass_\w+|keyring)\.c",
     r"log_line\($|say\($", ASKPASS),
    ("what is wrong with a key file", r"agent/prompt/(key_\w+|agent_sockets)\.c|agent/hops\.c",
     r"(problem\(.*,|why=(\w+\?)?|why,sizeofwhy,|problem=|refuse\w*\(.*,|WHY_MAX,|sizeoftext,)$",
     PROMPT),
]
# Those that say nothing to do: what a system call said, and what no user can see.
UNWORTHY = [
    (r"^(.*: )?cannot [^\0]*(\0)?[^\0]*: \0$", "a system call failed: its own text says why"),
    (r"^out of memory", "there is nothing to explain"),
    (r"^(success|unknown error|it was not allowed)$", "nobody is told that"),
]
# Quotes in the pages that are of others.
FOREIGN = {
    "agent refused operation": "ssh-add's",
    "The agent has no identities.": "ssh-add's",
    "Could not open a connection to your authentication agent.": "ssh-add's",
    "OPENSSH PRIVATE KEY": "the armor of a file",
    "Proc-Type: 4,ENCRYPTED": "the armor of a file",
    "ask target=vault default_target=vault": "dom0's policy",
    "allow target=vault": "dom0's policy",
    "There is no question": "a heading",
    "A passphrase is asked for again and again": "a heading",
}
VALUE_MAX = 160  # characters of a value in an example
LETTERS_MIN = 4  # that are the same in a quote and in a message
COMMAND = re.compile(
    r"^(ssh|ssh-add|ssh-keygen|journalctl|ulimit|systemctl|qvm-\w+|split-ssh[\w-]*)\b")
PLACEHOLDER = re.compile(r"\.\.\.|\b[A-Z][A-Z_]{1,}\b|\bN\b")


def pattern_of(quote):
    """A regex of a page's quote; words in capitals and "..." match anything."""
    quote = re.sub(r"\s+", " ", quote)
    parts, at = [], 0
    for match in PLACEHOLDER.finditer(quote):
        parts += [re.escape(quote[at:match.start()]), ".*?"]
        at = match.end()
    return re.compile("".join(parts + [re.escape(quote[at:])]), re.S)


def one_line(text):
    return re.sub(r"\s+", " ", text).strip()


class Said:
    """All that the sources can say."""

    def __init__(self, texts):
        self.formats = {one_line(t.text) for t in texts}
        self.filled = []
        for text in self.formats:
            pieces = re.split("\0+", text)
            if 1 < len(pieces) < 6 and letters(text) >= LETTERS_MIN:
                self.filled.append(re.compile("(.*?)".join(re.escape(p) for p in pieces), re.S))

    def has(self, quote):
        wanted = pattern_of(quote)
        if any(wanted.fullmatch(f) or wanted.fullmatch(f.strip(":, \0")) for f in self.formats):
            return True
        return self.composes(one_line(quote), 0)

    def composes(self, text, depth):
        """An example: a format whose values are single words, or other formats with values."""
        for regex in self.filled:
            match = regex.fullmatch(text)
            if match and all(self.is_value(g, depth) for g in match.groups()):
                return True
        return False

    def is_value(self, text, depth):
        text = text.strip()
        return (" " not in text or text.startswith('"') or text in self.formats
                or "..." in text and any(pattern_of(text).fullmatch(f) for f in self.formats)
                or (depth < 3 and self.composes(text, depth + 1)))


def check_quotes(report, page, said, used):
    for place, text, is_diagnostic in page.quotes():
        if not is_diagnostic and (COMMAND.match(text) or " = " in text):
            continue
        if text in FOREIGN:
            used.add(text)
            continue
        report.check(said.has(text), place, f"no program says: {text}")


def letters(text):
    return len(re.sub(r"[^A-Za-z]", "", text))


def covers(page, message):
    """Whether the page quotes the message, or shows it with values."""
    for _, text, _ in page.quotes():
        says_something = letters(PLACEHOLDER.sub("", text)) >= LETTERS_MIN
        if says_something and pattern_of(text).fullmatch(message):
            return True
    pieces = [p.strip() for p in re.split("\0+", message.strip(" :,")) if re.search(r"\w", p)]
    text = page.everything()
    start = text.find(pieces[0])
    while start >= 0:
        if has_in_order(text, pieces, start):
            return True
        start = text.find(pieces[0], start + 1)
    return False


def has_in_order(text, pieces, start):
    """Whether the pieces of a message stand there, with values of some length between them."""
    end = start
    for piece in pieces:
        at = text.find(piece, end, end + VALUE_MAX + len(piece))
        if at < 0:
            return False
        end = at + len(piece)
    return True


def worthy_texts(paths, before):
    for path in sources.files():
        name = str(path.relative_to(mdoc.ROOT))
        if re.fullmatch(paths, name):
            for text in sources.texts(path, MACROS):
                if re.search(before, text.before) and len(text.text.split()) > 1:
                    yield text


def check_worthy(report, pages):
    used = set()
    for kind, paths, before, name in WORTHY:
        found = 0
        for text in worthy_texts(paths, before):
            found += 1
            message = one_line(text.text)
            if letters(message) < LETTERS_MIN or "static_assert(" in text.before:
                continue
            reason = next((e[0] for e in UNWORTHY if re.search(e[0], message)), None)
            if reason:
                used.add(reason)
            else:
                where = [pages[name]] if name else pages.values()
                report.check(any(covers(p, message) for p in where), text.place,
                             f"{name or 'no page'} does not have this {kind}: {text.shown()}")
        report.check(found > 0, "messages.py", f"no {kind} found in {paths}")
    report.unused({e[0] for e in UNWORTHY}, used, "UNWORTHY in messages.py")


def words_of_item(page, name):
    """The words in .Dq of the item NAME of the audit log's fields."""
    start = next((c for c in page.of("Li") if c.outer == ("It",) and c.plain == name), None)
    if start is None:
        return None
    end = min(c.line for c in page.of("It", "El") if c.line > start.line)
    return start, {c.plain.rstrip(" :,") for c in page.of("Dq") if start.line < c.line < end}


def check_audit(report, page):
    """The words of the audit log's fields, and the fields."""
    code = {p: p.read_text() for p in sources.files("agent", "agent/prompt", "include")}
    whole = "\n".join(code.values())
    fields = set(re.findall(r'put_(?:text_|number_)?field\(&?line, "(\w+)"', whole))
    formats = code[mdoc.ROOT / "agent/audit_format.c"]
    fields |= set(re.findall(r'\\"(\w+)\\":', formats))
    listed = {c.plain for c in page.of("Li", section="AUDIT LOG") if c.outer == ("It",)}
    for name in fields ^ listed:
        report.check(False, page.path, f"{name} is not a field in both the page and audit_format.c")
    by = set(re.findall(r'decided\([^;]*?, "(\w+)"\)', whole))
    by |= set(re.findall(r'by = "(\w+)"', whole))
    by |= set(re.findall(r', PROMPT_\w+, "(\w+)"\}', whole))
    for name, wanted in {
            "by": by,
            "decision": set(re.findall(r'allowed \? "(\w+)" : "(\w+)"', formats)[0]),
            "purpose": set(re.findall(r'\[PURPOSE_\w+\] = "(\w+)"', formats)),
            "proof": set(re.findall(r'PROOF_\w+ \? "(\w+)"', whole)) | {"none"}}.items():
        item, words = words_of_item(page, name) or (None, set())
        place = item.place if item else page.path
        for word in wanted ^ words:
            report.check(False, place, f"{name}: {word} is not in both the page and the sources")
        report.check(bool(wanted), "agent/audit_format.c", f"no words of {name} found")


def check_statuses(report, pages):
    constants = sources.Constants()
    for folder, name, prefix in (("include/ipc.h", "split-ssh-keystore.8", "IPC_EXIT_"),
                                 ("include/ipc.h", PROMPT, "IPC_EXIT_"),
                                 ("relay/qrexec.h", RELAY, "QREXEC_")):
        code = (mdoc.ROOT / folder).read_text()
        known = set()
        for constant in set(re.findall(rf"\b{prefix}[A-Z_]+\b(?= *=| +\d)", code)):
            try:
                known.add(constants.value(constant))
            except LookupError:
                continue
        items = {int(c.plain): c for c in pages[name].of("It") if re.fullmatch(r"\d+", c.plain)}
        report.check(bool(known), folder, f"no exit status {prefix}* found")
        for status in known - set(items):
            report.check(False, pages[name].path, f"exit status {status} is not there")
        for status in set(items) - known:
            report.check(False, items[status].place, f"{folder} has no exit status {status}")


def check_steps(report, page):
    """The names of the steps of `split-ssh check`, which scripts read."""
    shown = {c.plain for c in page.of("Li", "Cm", "Ql", "It", "Sy")}
    for path in sources.files("agent/control"):
        for table in re.findall(r"const struct check_step \w+\[\] = \{(.*?)^\};", path.read_text(),
                                re.S | re.M):
            for step in re.findall(r'^\s+\{(?:\.name = )?"([\w -]+)"', table, re.M):
                report.check(step in shown, page.path, f"no item has the step {step}: {path.name}")


MACROS = sources.string_macros()


def main():
    report = Report()
    pages = {p.path.name: p for p in mdoc.pages().values()}
    said = Said([t for path in sources.files() for t in sources.texts(path, MACROS)])
    used = set()
    for page in pages.values():
        check_quotes(report, page, said, used)
    report.unused(FOREIGN, used, "FOREIGN in messages.py")
    check_worthy(report, pages)
    check_audit(report, pages[SPLIT_SSH])
    check_statuses(report, pages)
    check_steps(report, pages[SPLIT_SSH])
    report.end()


if __name__ == "__main__":
    main()
