#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""qrexec_policy.py DIRECTORY [SERVICE+ARGUMENT SOURCE TARGET]: dom0's policy.

Reads the files of policy.d in the order of their names, as strictly as qrexec does and a bit more:
no directives, only names that a qube can have. With a call prints what dom0 answers: "deny FILE:LINE",
"allow QUBE", or "ask QUBE..." with the one that is chosen beforehand in brackets."""
import os
import re
import sys

KEYWORDS = {"@anyvm", "@default", "@adminvm", "@dispvm"}
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,30}")
TAG = re.compile(r"@(tag|type|dispvm):[A-Za-z0-9_.:@-]+")
SERVICE = re.compile(r"[A-Za-z0-9_.-]+")
ARGUMENT = re.compile(r"\*|\+[A-Za-z0-9_.+-]*")
PARAMETERS = {"allow": {"target", "user", "notify", "autostart"},
              "ask": {"target", "default_target", "user", "notify", "autostart"},
              "deny": {"notify"}}
CALL_MAX = 63  # bytes of SERVICE+ARGUMENT


class Broken(Exception):
    """A line that dom0 would not take: then it denies every call of every service."""


class Rule:
    """A line."""

    def __init__(self, where, line):
        self.where = where
        fields = line.split()
        if len(fields) < 5:
            raise Broken(f"{where}: {len(fields)} fields, not five or more")
        self.service, self.argument, self.source, self.target, self.action = fields[:5]
        if not SERVICE.fullmatch(self.service) or not ARGUMENT.fullmatch(self.argument):
            raise Broken(f"{where}: {self.service} {self.argument}: not a service and its argument")
        if len(self.service + self.argument) > CALL_MAX:
            raise Broken(f"{where}: {self.service}{self.argument}: too long")
        for token, keywords in ((self.source, {"@anyvm"}), (self.target, KEYWORDS)):
            if token not in keywords and not NAME.fullmatch(token) and not TAG.fullmatch(token):
                raise Broken(f"{where}: {token}: not a qube")
        if self.action not in PARAMETERS:
            raise Broken(f"{where}: {self.action}: not an action")
        self.parameters = dict(self.parameter(field) for field in fields[5:])
        if len(self.parameters) != len(fields[5:]):
            raise Broken(f"{where}: a parameter twice")
        if self.target == "@default" and self.action == "allow" and "target" not in self.parameters:
            raise Broken(f"{where}: allow for @default needs target=")

    def parameter(self, field):
        """NAME=VALUE."""
        name, _, value = field.partition("=")
        if name not in PARAMETERS[self.action] or not value:
            raise Broken(f"{self.where}: {field}: not a parameter of {self.action}")
        if name.endswith("target") and not NAME.fullmatch(value):
            raise Broken(f"{self.where}: {field}: not a qube")
        return name, value

    def fits(self, service, argument, source):
        """Whether it is about such calls, wherever they go."""
        return (self.service == service and self.argument in ("*", argument)
                and self.source in ("@anyvm", source))

    def answer(self, target, rules, call):
        """What dom0 says to a call that this is the first rule for."""
        if self.action == "deny":
            return f"deny {self.where}"
        if self.action == "allow":
            return f"allow {self.parameters.get('target', target)}"
        # Without target=, a person chooses among the qubes that the lines name; @default is none.
        targets = [self.parameters["target"]] if "target" in self.parameters else sorted(
            {rule.target for rule in rules
             if rule.action != "deny" and rule.fits(*call) and rule.target != "@default"})
        if not targets:
            return f"deny {self.where}: nothing to choose from"
        chosen = self.parameters.get("default_target")
        return "ask " + " ".join(f"[{name}]" if name == chosen else name for name in targets)


def load(directory):
    """All rules in their order."""
    rules = []
    for name in sorted(os.listdir(directory)):
        if not re.fullmatch(r"[0-9a-z_][0-9a-z_.-]*\.policy", name):
            raise Broken(f"{name}: not a name that qrexec reads")
        with open(os.path.join(directory, name), encoding="ascii") as file:
            for number, line in enumerate(file, start=1):
                if line.strip() and not line.strip().startswith("#"):
                    rules.append(Rule(f"{name}:{number}", line))
    return rules


def main():
    """As the command line says."""
    try:
        rules = load(sys.argv[1])
    except Broken as error:
        print(error)
        return 1
    if len(sys.argv) == 2:
        return 0
    service, plus, argument = sys.argv[2].partition("+")
    call = (service, (plus or "+") + argument, sys.argv[3])
    target = sys.argv[4]
    for rule in rules:
        if rule.fits(*call) and rule.target in ("@anyvm", target):
            print(rule.answer(target, rules, call))
            return 0
    print("deny no line")
    return 0


sys.exit(main())
