#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""check.py FORMULA [PILLAR]: everything about the states that can be wrong without applying them.

Renders every top file and every state for dom0, templates of Debian and Fedora, the vault, each
client and a qube that has nothing to do with it. Prints what is wrong, and exits with 1 then."""
import os
import re
import sys

import yaml

import known
from render import FORMULA, Broken, Machine, source_path

problems = []


def problem(text):
    """Notes it, once."""
    if text not in problems:
        problems.append(text)


def check_qvm(where, function, arguments):
    """The lists in lists of the module qvm."""
    for action, entries in arguments.items():
        if function != "qvm.vm" or action in known.COMMON | known.REQUISITES | {"actions"}:
            continue
        for entry in entries:
            if not isinstance(entry, dict):
                problem(f"{where}: {action}: not an argument: {entry}")
                continue
            for name in set(entry) - known.QVM.get(action, set()):
                problem(f"{where}: qvm.{action} has no argument {name}")
            if action == "features":
                for feature in set(sum(entry.values(), [])) - known.FEATURES:
                    problem(f"{where}: feature {feature}: no unit looks at it")


def check_file(where, machine, function, arguments):
    """Modes, names and sources of file.*."""
    if not function.startswith("file."):
        return
    for name in ("mode", "dir_mode", "file_mode"):
        if name in arguments and not re.fullmatch("0[0-7]{3}", str(arguments[name])):
            problem(f"{where}: {name} {arguments[name]!r}: not four octal digits in quotes")
        if name in arguments and not isinstance(arguments[name], str):
            problem(f"{where}: {name} {arguments[name]!r}: YAML takes it for a number: quote it")
    if not str(arguments.get("name", "")).startswith("/"):
        problem(f"{where}: no path as its name")
    if function == "file.managed" and ("source" in arguments) == ("contents" in arguments):
        problem(f"{where}: either source or contents")
    if function in ("file.managed", "file.directory", "file.symlink"):
        for name in {"user", "group"} - set(arguments):
            problem(f"{where}: no {name}")
    if "source" in arguments:
        check_source(where, machine, arguments)


def check_source(where, machine, arguments):
    """The file is there, and can be rendered with the context alone."""
    path = arguments["source"].partition("salt://")[2]
    if not path or not os.path.isfile(source_path(machine.root, path)):
        problem(f"{where}: there is no {arguments['source']}")
    elif arguments.get("template") == "jinja":
        machine.render(path, arguments.get("context"))


def check_requisites(where, arguments, states):
    """What is required is there, with a function of that module."""
    for requisite in set(arguments) & known.REQUISITES:
        for entry in arguments[requisite]:
            (module, wanted), = entry.items()
            functions = states.get(wanted, ("", {}))[1]
            if not any(function.partition(".")[0] == module for function in functions):
                problem(f"{where}: {requisite}: there is no state {module}: {wanted}")


def check_states(machine, names):
    """All that one machine gets at once."""
    states = machine.high_state(names)
    for state, (sls, functions) in states.items():
        for function, arguments in functions.items():
            where = f"{sls} for {machine.name}: {state}: {function}"
            if function not in known.FUNCTIONS:
                problem(f"{where}: Salt has no such function")
                continue
            accepted = known.FUNCTIONS[function] | known.COMMON | known.REQUISITES
            for name in set(arguments) - accepted:
                problem(f"{where}: has no argument {name}")
            for name in known.NEEDED.get(function, set()) - set(arguments):
                problem(f"{where}: needs {name}")
            check_qvm(where, function, arguments)
            check_file(where, machine, function, arguments)
            check_requisites(where, arguments, states)
    return states


def machines(root, pillar):
    """One of each kind, by the names that the configuration has."""
    with open(os.path.join(root, "config.yaml"), encoding="utf-8") as file:
        config = {**yaml.safe_load(file), **pillar}
    names = ["dom0", config["split_ssh_vault"], config["split_ssh_template"],
             config["split_ssh_client_template"], "bystander"]
    names += [client["name"] for client in config["split_ssh_clients"]]
    for name in dict.fromkeys(names):
        for os_family in ["RedHat"] if name == "dom0" else ["Debian", "RedHat"]:
            yield Machine(root, name, os_family, pillar)


def belongs(machine, function, arguments):
    """Whether a state is for this machine: dom0 has qubes and a policy, and nothing of a qube."""
    in_dom0 = (function.startswith("qvm.")
               or arguments.get("name", "").startswith("/etc/qubes/policy.d/"))
    return in_dom0 == (machine.name == "dom0")


def check_guards(machine, states):
    """`qubesctl --targets=` without --skip-dom0 is easily typed: no state does what another's is."""
    for sls in states:
        for state, (_, functions) in machine.high_state([f"{FORMULA}.{sls}"]).items():
            for function, arguments in functions.items():
                if not belongs(machine, function, arguments):
                    problem(f"{sls}: {state}: {function} in {machine.name}")
                if machine.name == "bystander" and not function.startswith("pkg."):
                    problem(f"{sls}: {state}: {function} in a qube that is not configured")


def check(root, pillar):
    """The whole formula."""
    files = os.listdir(root)
    states = sorted(name[:-4] for name in files if name.endswith(".sls"))
    tops = sorted(name for name in files if name.endswith(".top"))
    used = set()
    for machine in machines(root, pillar):
        for top in tops:
            names = machine.top(f"{FORMULA}/{top}")
            used |= {sls for sls, _ in check_states(machine, names).values()} | set(names)
            if top == "init.top" and machine.name != "bystander" and not names:
                problem(f"init.top has nothing for {machine.name}")
        for sls in states:
            check_states(machine, [f"{FORMULA}.{sls}"])
        check_guards(machine, states)
    for sls in states:
        if f"{FORMULA}.{sls}" not in used:
            problem(f"no top file leads to {sls}.sls")


def main():
    """Checks, and says so."""
    pillar = {}
    if len(sys.argv) > 2:
        with open(sys.argv[2], encoding="utf-8") as file:
            pillar = yaml.safe_load(file)
    try:
        check(sys.argv[1], pillar)
    except Broken as error:
        problem(str(error))
    print("\n".join(problems) or "ok")
    return 1 if problems else 0


sys.exit(main())
