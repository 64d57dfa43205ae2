# SPDX-License-Identifier: BSD-2-Clause
"""Memory and descriptors of those who live through the whole test."""
import re

import processes

# KiB that may come to a process between the two measurements. A leak of 100 bytes a login is more
# after ten minutes. With the sanitizers, memory that is kept from being used again goes up and down.
TOLERANCE_KIB = 64
TOLERANCE_SANITIZED_KIB = 1024


def measure(test):
    """name: (pages that are no file's in KiB, resident ones in KiB, descriptors)"""
    pids = {"agent": test.vault.agent.pid, "keystore": test.vault.keystore, "prompt": test.vault.prompt}
    pids.update((f"relay of {qube.qube}", qube.relay.process.pid) for qube in test.qubes[: test.steady])
    found = {name: (*processes.memory(pid), processes.descriptors(pid)) for name, pid in pids.items()}
    # What the keystore has for secrets is a file's to the kernel, memfd_secret(2). These are whole
    # regions: nobody outside can see what is in use in them, so a leak there shows when the first 2 MiB
    # are full, after some 130 leaks of 9 KiB (about what an RSA key takes), or 1.2 MiB in small ones.
    secrets = int(re.search(rb"^VmLck:\s+(\d+) kB", processes.read(f"/proc/{test.vault.keystore}/status"),
                            re.M).group(1))
    found["secrets of the keystore"] = (secrets, secrets, 0)
    return found


def is_sanitized(test):
    """Not by the name of clock_step.so's directory (run.sh)."""
    return re.search(rb"/libasan\.so\.\d", processes.read(f"/proc/{test.vault.agent.pid}/maps")) is not None


def leaks(before, after, tolerance_kib):
    found = []
    for name, (own, resident, fds) in after.items():
        old_own, old_resident, old_fds = before[name]
        if fds > old_fds:
            found.append(f"{name}: {old_fds} descriptors have become {fds}")
        if own > old_own + tolerance_kib:
            found.append(f"{name}: {old_own} KiB of its own ({old_resident} resident) have become "
                         f"{own} ({resident})")
    return found
