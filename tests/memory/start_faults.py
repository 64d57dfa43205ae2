#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Each system call of the keystore's start fails in turn: `start_faults.py KEYSTORE`.

From main's first call, which looks at descriptor 3, to the one that loads its list of system calls,
after which strace's way to let one fail would look like a forbidden call. Each time the keystore
must say why and end with an exit status of its own (ipc.h), or do without and answer. It must not
die of a signal. Prints a line for each call, and exits with 1 if one ended badly.
"""
import collections
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile

PATIENCE = 60  # seconds
HELLO = 0xFF
STATUS_OWN = range(64, 70)
FIRST = re.compile(r"(newfstatat|fstat|statx)\(3, .*S_IFSOCK")
# glibc ends every process in which a futex cannot be woken, libsodium one without random numbers.
ABORTS = {"futex", "getrandom"}


def start(keystore, log, inject=()):
    """Runs it under strace until its first message; (exit status, said something, answered)."""
    ours, its = socket.socketpair()
    prompt, token = socket.socketpair()
    ours.settimeout(PATIENCE)

    def descriptors():
        moved = os.dup(its.fileno()), os.dup(token.fileno())
        os.dup2(moved[0], 3)
        os.dup2(moved[1], 4)

    command = ["strace", "-o", log, *inject, keystore, "-f"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env={},
                          pass_fds=[3, 4], preexec_fn=descriptors) as process:
        its.close()
        token.close()
        answered = receive(ours)[4:5] == bytes([HELLO])
        said = process.stderr.read()
        status = process.wait(PATIENCE)
    ours.close()
    prompt.close()
    return status, said, answered


def receive(sock):
    """The first bytes; then the other end learns that no request will follow."""
    first = b""
    try:
        first = sock.recv(4096)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(4096):
            pass
    except (BrokenPipeError, ConnectionResetError):
        pass
    return first


def calls_of(log):
    """(name, how many of it so far) of each system call of the start."""
    counts = collections.Counter()
    begun = False
    with open(log, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            match = re.match(r"(\w+)\(", line)
            if match is None:
                continue
            name = match.group(1)
            counts[name] += 1
            begun = begun or FIRST.match(line) is not None
            if begun:
                yield name, counts[name]
            if name == "seccomp" and "SECCOMP_SET_MODE_FILTER" in line and " = 0" in line:
                return
    sys.exit("start_faults.py: the keystore does not load a list of system calls")


def ended_well(name, status, said, answered):
    if answered:
        return status == 0
    return status in STATUS_OWN and said != b"" or name in ABORTS and status == -signal.SIGABRT


def main():
    keystore = sys.argv[1]
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        status, said, answered = start(keystore, log)
        if not answered or status != 0:
            sys.exit(f"start_faults.py: it does not start at all: {status} {said}")
        calls = list(calls_of(log))
        for name, count in calls:
            inject = ("-e", f"inject={name}:error=EPERM:when={count}")
            status, said, answered = start(keystore, log, inject)
            good = ended_well(name, status, said, answered)
            bad += not good
            said = said.decode(errors="replace").strip().replace("\n", " / ")
            print(f"{'ok ' if good else 'BAD'} {name} {count}: status {status}"
                  f"{', answers' if answered else ''} {said}")
    print(f"{len(calls)} calls, {bad} ended badly")
    return 1 if bad or not calls else 0


sys.exit(main())
