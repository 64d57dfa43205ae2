#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""qrexec_policy.py DIRECTORY [SERVICE[+ARGUMENT] SOURCE TARGET]: reads dom0's policy.d, and says what
it decides about a call: "deny FILE:LINE", "allow QUBE", or "ask QUBE..." with the one that is chosen
beforehand in brackets. All qubes that it names exist."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../standin"))
import dom0_policy


def answer(lines, qubes, call):
    """What dom0 says, in words."""
    line = dom0_policy.first_match(lines, qubes, call)
    if line is None:
        return "deny no line"
    if line.action == "allow":
        return f"allow {line.parameters.get('target', call[3])}"
    offered = dom0_policy.offered(line, lines, qubes, call) if line.action == "ask" else set()
    if not offered:
        return f"deny {line.where}"
    chosen = line.parameters.get("default_target")
    return "ask " + " ".join(f"[{name}]" if name == chosen else name for name in sorted(offered))


def main():
    try:
        lines = dom0_policy.load(sys.argv[1])
    except dom0_policy.PolicyError as error:
        print(error)
        return 1
    if len(sys.argv) > 2:
        service, _, argument = sys.argv[2].partition("+")
        call = (service, argument, sys.argv[3], sys.argv[4])
        print(answer(lines, dom0_policy.named_qubes(lines) | set(call[2:]), call))
    return 0


sys.exit(main())
