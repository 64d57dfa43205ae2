#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""apply.py FORMULA MACHINE ROOT SLS[,SLS...] [PILLAR]: applies states below the directory ROOT.

file.* are done as far as the states here use them, in ROOT; owners, which only root can give, are
noted in ROOT/owners. qvm.* change the qubes in ROOT/qubes.json. pkg.* are noted in ROOT/packages.
Prints the states that changed something; a second run must print nothing."""
import json
import os
import sys

import yaml

from render import Broken, Machine, source_path


class Notes:
    """A JSON file in ROOT."""

    def __init__(self, root, name):
        self.path = os.path.join(root, name)
        self.value = {}
        if os.path.exists(self.path):
            with open(self.path, encoding="utf-8") as file:
                self.value = json.load(file)

    def save(self):
        """Writes it."""
        with open(self.path, "w", encoding="utf-8") as file:
            json.dump(self.value, file, indent=2, sort_keys=True)

    def set(self, key, value):
        """Whether that changed anything."""
        changed = self.value.get(key) != value
        self.value[key] = value
        return changed


class Applier:
    """Applies to one machine."""

    def __init__(self, machine, root):
        self.machine = machine
        self.root = root
        self.owners = Notes(root, "owners")
        self.qubes = Notes(root, "qubes.json")
        self.packages = Notes(root, "packages")

    def owner(self, name, arguments):
        """Notes whose NAME is; with the mode, as chmod does it."""
        path = self.root + name
        changed = self.owners.set(name, f"{arguments['user']}:{arguments['group']}")
        mode = arguments.get("mode")
        if mode is not None and not os.path.islink(path):
            changed |= os.stat(path).st_mode & 0o7777 != int(mode, 8)
            os.chmod(path, int(mode, 8))
        return changed

    def file_directory(self, arguments):
        """Makes it, and with makedirs what is above it."""
        name, changed, missing = arguments["name"], False, []
        while not os.path.isdir(self.root + name):
            missing.insert(0, name)
            name = os.path.dirname(name)
        if len(missing) > 1 and not arguments.get("makedirs"):
            raise Broken(f"{arguments['name']}: there is no {missing[0]}")
        for name in missing:
            os.mkdir(self.root + name)
            os.chmod(self.root + name, 0o755)
            changed |= self.owner(name, {"user": arguments["user"], "group": arguments["group"]})
        return changed | self.owner(arguments["name"], arguments)

    def file_managed(self, arguments):
        """Writes it whole."""
        path, changed = self.root + arguments["name"], False
        if "contents" in arguments:
            text = arguments["contents"] + "\n"
        elif arguments.get("template") == "jinja":
            text = self.machine.render(arguments["source"][len("salt://"):], arguments["context"])
        else:
            with open(source_path(self.machine.root, arguments["source"][len("salt://"):]),
                      encoding="utf-8") as file:
                text = file.read()
        try:
            with open(path, encoding="utf-8") as file:
                changed = file.read() != text
        except FileNotFoundError:
            changed = True
        if changed:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return self.owner(arguments["name"], arguments) | changed

    def file_symlink(self, arguments):
        """Makes the link, or leads it elsewhere."""
        path = self.root + arguments["name"]
        changed = not os.path.islink(path) or os.readlink(path) != arguments["target"]
        if changed:
            if os.path.lexists(path):
                os.unlink(path)
            os.symlink(arguments["target"], path)
        return self.owner(arguments["name"], arguments) | changed

    def file_absent(self, arguments):
        """A file that is not there."""
        path = self.root + arguments["name"]
        if not os.path.lexists(path):
            return False
        os.unlink(path)
        return True

    def pkg_installed(self, arguments):
        """Notes the packages."""
        return any([self.packages.set(name, "installed") for name in arguments["pkgs"]])

    def qvm_clone(self, arguments):
        """A new template out of one that is there."""
        if arguments["source"] not in self.qubes.value:
            raise Broken(f"there is no template {arguments['source']}")
        if arguments["name"] in self.qubes.value:
            return False
        return self.qubes.set(arguments["name"], dict(self.qubes.value[arguments["source"]]))

    def qvm_vm(self, arguments):
        """present, prefs and features of a qube, as their order in the module is."""
        def flat(action):
            return {key: value for entry in arguments.get(action, []) for key, value in entry.items()}

        name, changed = arguments["name"], False
        if name not in self.qubes.value:
            if "present" not in arguments or flat("present")["template"] not in self.qubes.value:
                raise Broken(f"{name}: cannot be made")
            self.qubes.value[name] = {"netvm": "sys-firewall", "features": {}, **flat("present")}
            changed = True
        qube = self.qubes.value[name]
        for key, value in flat("prefs").items():
            changed |= qube.get(key) != value
            qube[key] = value
        for feature in flat("features").get("enable", []):
            changed |= qube["features"].get(feature) != "1"
            qube["features"][feature] = "1"
        return changed

    def apply(self, names):
        """The IDs of the states that changed something. They stand in the order they need."""
        done, changed = [], []
        for state, (_, functions) in self.machine.high_state(names).items():
            for function, arguments in functions.items():
                for entry in arguments.get("require", []):
                    (_, wanted), = entry.items()
                    if wanted not in done:
                        raise Broken(f"{state}: {wanted} comes later")
                if getattr(self, function.replace(".", "_"))(arguments):
                    changed.append(state)
            done.append(state)
        for notes in (self.owners, self.qubes, self.packages):
            notes.save()
        return changed


def main():
    """As the command line says."""
    tree, name, root, states = sys.argv[1:5]
    pillar = {}
    if len(sys.argv) > 5:
        with open(sys.argv[5], encoding="utf-8") as file:
            pillar = yaml.safe_load(file)
    try:
        for state in Applier(Machine(tree, name, pillar=pillar), root).apply(states.split(",")):
            print(state)
    except Broken as error:
        print(error, file=sys.stderr)
        return 1
    return 0


sys.exit(main())
