# SPDX-License-Identifier: BSD-2-Clause
"""Renders states as Salt does: Jinja with Salt's extensions and undefined names as errors, then
YAML in which no key may stand twice."""
import json
import os

import jinja2
import jinja2.ext
import jinja2.nodes
import yaml

FORMULA = "split-ssh"


class Broken(Exception):
    """A file of the formula is not what it must be."""


class Strict(yaml.SafeLoader):
    """YAML as Salt reads it: a key that stands twice is an error."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = sorted({str(key) for key in keys if keys.count(key) > 1})
        if twice:
            raise Broken(f"stands twice: {', '.join(twice)}")
        return super().construct_mapping(node, deep)


def load_yaml(text, where):
    """The value of a YAML document; tabs and duplicates are errors."""
    try:
        return yaml.load(text, Strict)
    except yaml.YAMLError as error:
        raise Broken(f"{where}: {error}") from error
    except Broken as error:
        raise Broken(f"{where}: {error}") from error


class ImportYaml(jinja2.ext.Extension):
    """{% import_yaml 'FILE' as NAME %}, of Salt: FILE is rendered, too."""

    tags = {"import_yaml"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        path = parser.parse_expression()
        parser.stream.expect("name:as")
        target = parser.parse_assign_target()
        return jinja2.nodes.Assign(target, self.call_method("load", [path]), lineno=line)

    def load(self, path):
        """What the file says."""
        return load_yaml(self.environment.get_template(path).render(), path)


class Loader(jinja2.BaseLoader):
    """salt://split-ssh/ is the formula's directory, and there is nothing else."""

    def __init__(self, root):
        self.root = root

    def get_source(self, environment, template):
        try:
            with open(source_path(self.root, template), encoding="utf-8") as file:
                return file.read(), template, lambda: True
        except OSError as error:
            raise jinja2.TemplateNotFound(template) from error


def source_path(root, path):
    """Where PATH of the file server is; it must be in the formula."""
    formula, _, rest = path.partition("/")
    if formula != FORMULA or ".." in rest.split("/"):
        raise Broken(f"salt://{path} is not in the formula")
    return os.path.join(root, rest)


class Machine:
    """One machine as Salt sees it: its name, its grains, its pillar, the formula."""

    def __init__(self, root, name, os_family="Debian", pillar=None):
        self.root = root
        self.name = name
        self.pillar = pillar or {}
        self.grains = {"id": name, "nodename": name, "os_family": os_family,
                       "os": {"RedHat": "Fedora"}.get(os_family, os_family)}
        self.jinja = jinja2.Environment(
            loader=Loader(root), undefined=jinja2.StrictUndefined, keep_trailing_newline=True,
            extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols", ImportYaml])
        self.jinja.filters["json"] = json.dumps
        self.jinja.filters["yaml"] = lambda value: json.dumps(value)

    def pillar_get(self, key, default=""):
        """salt['pillar.get']; a colon leads into a dictionary."""
        value = self.pillar
        for part in key.split(":"):
            if not isinstance(value, dict) or part not in value:
                return default
            value = value[part]
        return value

    def render(self, path, context=None):
        """The text of PATH of the file server; context is that of file.managed."""
        names = {"grains": self.grains, "pillar": self.pillar, "saltenv": "base", "opts": {},
                 "salt": {"pillar.get": self.pillar_get}, **(context or {})}
        try:
            return self.jinja.get_template(path).render(names)
        except jinja2.TemplateError as error:
            raise Broken(f"{path} for {self.name}: {type(error).__name__}: {error}") from error

    def load(self, path):
        """The rendered YAML of PATH."""
        return load_yaml(self.render(path), f"{path} for {self.name}") or {}

    def sls_path(self, sls):
        """The file of a state's name, a.b: a/b.sls, or a/b/init.sls."""
        path = sls.replace(".", "/")
        for candidate in (path + ".sls", path + "/init.sls"):
            if os.path.isfile(source_path(self.root, candidate)):
                return candidate
        raise Broken(f"there is no state {sls}")

    def top(self, path):
        """The states that a top file has for this machine."""
        value = self.load(path)
        if set(value) != {"base"}:
            raise Broken(f"{path}: environments {sorted(value)}, and not base alone")
        states = []
        for target, entries in value["base"].items():
            matcher = [entry for entry in entries if isinstance(entry, dict)]
            if matcher not in ([], [{"match": "nodegroup"}]):
                raise Broken(f"{path}: {target}: {matcher}")
            if bool(matcher) != (target == "dom0"):
                raise Broken(f"{path}: {target}: dom0, and it alone, is matched as a nodegroup")
            if target == self.name:
                states += [entry for entry in entries if isinstance(entry, str)]
        return states

    def high_state(self, names):
        """{ID: (sls, {function: {argument: value}})} of the states and what they include."""
        states, seen, waiting = {}, [], list(names)
        while waiting:
            sls = waiting.pop(0)
            if sls in seen:
                continue
            seen.append(sls)
            value = self.load(self.sls_path(sls))
            if not isinstance(value, dict):
                raise Broken(f"{sls} for {self.name}: not a mapping")
            for included in value.pop("include", []):
                parent = sls.rpartition(".")[0]
                waiting.append(parent + included if included.startswith(".") else included)
            for state, body in value.items():
                if state in states:
                    raise Broken(f"{sls} for {self.name}: {state} is in {states[state][0]}, too")
                states[state] = (sls, functions(f"{sls}: {state}", body))
        return states


def functions(where, body):
    """The functions of a state with their arguments as a dictionary."""
    if not isinstance(body, dict) or not body:
        raise Broken(f"{where}: no function")
    result = {}
    for function, arguments in body.items():
        result[function] = {}
        if not isinstance(arguments, list):
            raise Broken(f"{where}: {function}: its arguments are not a list")
        for argument in arguments:
            if not isinstance(argument, dict) or len(argument) != 1:
                raise Broken(f"{where}: {function}: not an argument: {argument}")
            (name, value), = argument.items()
            if name in result[function]:
                raise Broken(f"{where}: {function}: {name} stands twice")
            result[function][name] = value
    return result
