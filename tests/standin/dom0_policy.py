# SPDX-License-Identifier: BSD-2-Clause
"""dom0's qrexec policy, as far as the tests need it (qubes-core-qrexec, doc/multifile-policy):

    SERVICE|*  +ARG|*  SOURCE  TARGET  deny|allow|ask  [PARAMETER=VALUE ...]

The first line that matches counts, and without one the answer is no. A mistake anywhere is a no to
all calls, as in dom0. Not here: tags, types, disposables, includes, other parameters.
"""
import os
import re

FILE_NAME = re.compile(r"[0-9a-z_.-]+\.policy")
QUBE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,30}")
CALL = re.compile(r"[A-Za-z0-9_.-]+\+[A-Za-z0-9_.+-]*")
CALL_MAX = 63
PARAMETERS = {"deny": set(), "allow": {"target"}, "ask": {"target", "default_target"}}


class PolicyError(Exception):
    """The policy cannot be read; the text says where."""


class Line:
    def __init__(self, where, text):
        self.where = where
        words = text.split()
        if len(words) < 5:
            raise PolicyError("wants a service, an argument, a source, a target and an action")
        self.service, self.argument, self.source, self.target, self.action = words[:5]
        self.parameters = {}
        for word in words[5:]:
            name, equals, value = word.partition("=")
            if not equals or name in self.parameters:
                raise PolicyError(f"{word}: not a parameter")
            self.parameters[name] = value
        self.check()

    def check(self):
        if self.action not in PARAMETERS:
            raise PolicyError(f"{self.action}: neither allow, ask nor deny")
        if self.argument != "*" and not self.argument.startswith("+"):
            raise PolicyError(f"{self.argument}: neither * nor +ARGUMENT")
        if self.service == "*" and self.argument != "*":
            raise PolicyError("service * wants argument *")
        call = self.service.replace("*", "any") + self.argument.replace("*", "+")
        if not CALL.fullmatch(call) or len(call) > CALL_MAX:
            raise PolicyError(f"{self.service} {self.argument}: not a service and its argument")
        for name, value in self.parameters.items():
            if name not in PARAMETERS[self.action]:
                raise PolicyError(f"{self.action} has no parameter {name}")
            check_qube(value, ())
        check_qube(self.source, ("@anyvm",))
        check_qube(self.target, ("@anyvm", "@default"))
        if self.target == "@default" and self.action == "allow" and "target" not in self.parameters:
            raise PolicyError("allow for @default wants target=")

    def is_about(self, service, argument, source):
        return (
            self.service in ("*", service)
            and self.argument in ("*", "+" + argument)
            and self.source in ("@anyvm", source)
        )

    def matches(self, service, argument, source, target):
        return self.is_about(service, argument, source) and self.target in ("@anyvm", target)


def check_qube(name, keywords):
    if name not in keywords and not QUBE_NAME.fullmatch(name):
        raise PolicyError(f"{name}: not the name of a qube, and no keyword that fits there")


def load(directory):
    """All lines, in the order of the files' names."""
    lines = []
    for name in sorted(os.listdir(directory)):
        if name.startswith(".") or not name.endswith(".policy"):
            continue
        if not FILE_NAME.fullmatch(name):
            raise PolicyError(f"{name}: a name has small letters, digits, _ . and - alone")
        with open(os.path.join(directory, name), encoding="ascii") as file:
            for number, text in enumerate(file, 1):
                if not text.strip() or text.lstrip().startswith("#"):
                    continue
                where = f"{name}:{number}"
                try:
                    lines.append(Line(where, text))
                except PolicyError as error:
                    raise PolicyError(f"{where}: {error}") from None
    return lines


def named_qubes(lines):
    """All that the policy has names for."""
    names = set()
    for line in lines:
        names |= {line.source, line.target, *line.parameters.values()}
    return {name for name in names if not name.startswith("@")}


def first_match(lines, qubes, call):
    """The line that counts, or None. A target that does not exist counts as @default."""
    service, argument, source, target = call
    if target not in qubes:
        target = "@default"
    for line in lines:
        if line.matches(service, argument, source, target):
            return line
    return None


def decide(lines, qubes, call, user):
    """The qube that gets the call, or None; and what was decided, in words for the log.

    call is (service, argument, source, target). user is what the person at dom0's dialog does: "yes"
    takes what is chosen beforehand, the name of a qube chooses that one, anything else is a no.
    """
    line = first_match(lines, qubes, call)
    if line is None:
        return None, "deny (no line matches)"
    if line.action == "deny":
        return None, "deny"
    chosen = line.parameters.get("target", call[3])
    if line.action == "ask":
        targets = offered(line, lines, qubes, call)
        if not targets:
            return None, "ask: no target to choose from"
        chosen = line.parameters.get("default_target") if user == "yes" else user
        if chosen not in targets:
            return None, "ask: no"
    if chosen not in qubes:
        return None, f"{line.action}: no target"
    return chosen, f"{line.action} {chosen}"


def offered(line, lines, qubes, call):
    """What the dialog of a line that asks lists."""
    if "target" in line.parameters:
        return {line.parameters["target"]} & qubes
    return choices(lines, qubes, call)


def choices(lines, qubes, call):
    """The qubes that the lines for such a call let in; @default is none."""
    service, argument, source, _ = call
    targets = set()
    for line in reversed(lines):
        if line.is_about(service, argument, source):
            named = line.parameters.get("target", line.target)
            named = qubes if named == "@anyvm" else {named} & qubes
            targets = targets - named if line.action == "deny" else targets | named
    return targets - {source}
