#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The module qubesos of Qubes OS, for a dom0 that is the file QUBES_JSON: as much of it as makes
and changes qubes. As there, what is not in `devices` is taken away unless the strategy is append."""
import json
import os

from ansible.module_utils.basic import AnsibleModule

PROPERTIES = {"netvm": str, "features": dict, "label": str, "template": str, "memory": int,
              "maxmem": int, "autostart": bool}


def make(qubes, module):
    """A qube that is not there yet."""
    name, template = module.params["name"], module.params["template"]
    if template not in qubes:
        module.fail_json(msg=f"there is no template {template}")
    qubes[name] = {"label": module.params["label"], "netvm": "sys-firewall", "features": {},
                   "devices": []}
    if module.params["vmtype"] == "AppVM":
        qubes[name]["template"] = template


def change(qube, module):
    """Its properties and devices."""
    for key, value in module.params["properties"].items():
        if key not in PROPERTIES or not isinstance(value, PROPERTIES[key]):
            module.fail_json(msg=f"Invalid property {key}")
        if key == "features":
            qube["features"].update(value)
        else:
            qube[key] = value
    devices = module.params["devices"]
    if isinstance(devices, list):
        devices = {"strategy": "strict", "items": devices}
    if devices["strategy"] == "strict":
        qube["devices"] = devices["items"]


def main():
    """One qube."""
    module = AnsibleModule(argument_spec={
        "name": {"type": "str", "aliases": ["guest"]},
        "state": {"type": "str", "choices": ["present"]},
        "vmtype": {"type": "str", "default": "AppVM"},
        "label": {"type": "str", "default": "red"},
        "template": {"type": "str"},
        "properties": {"type": "dict", "default": {}},
        "tags": {"type": "list", "default": []},
        "devices": {"type": "raw", "default": []},
    })
    path = os.environ["QUBES_JSON"]
    with open(path, encoding="utf-8") as file:
        qubes = json.load(file)
    before = json.dumps(qubes, sort_keys=True)
    if module.params["name"] not in qubes:
        make(qubes, module)
    change(qubes[module.params["name"]], module)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(qubes, file)
    module.exit_json(changed=json.dumps(qubes, sort_keys=True) != before)


main()
