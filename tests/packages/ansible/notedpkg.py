#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A package manager that notes what it is to install, in the file PACKAGES."""
import os

from ansible.module_utils.basic import AnsibleModule

module = AnsibleModule(argument_spec={"name": {"type": "list", "elements": "str"},
                                      "state": {"type": "str", "choices": ["present"]}})
with open(os.environ["PACKAGES"], "a", encoding="utf-8") as file:
    file.writelines(f"{name}\n" for name in module.params["name"])
module.exit_json(changed=False)
