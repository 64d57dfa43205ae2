#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""dom0 and qrexec between booted machines: takes the calls of one qube (qrexec-call.c).

    dom0.py DIR QUBE [OWNER]

DIR/policy.d/*.policy      dom0's policy, read anew for each call
DIR/qubes/NAME/            each qube that there is
DIR/qubes/NAME/pid         process 1 of its machine; without the file the qube is halted
DIR/qubes/QUBE/standin/socket  where this program listens; only QUBE's machine has it
DIR/answer                 what the person at dom0's dialog does: yes, no, or the name of a qube
DIR/log                    a line for each call: SOURCE TARGET SERVICE+ARG: what was decided

In the target it looks for the service as qrexec-agent does, connects to it as root, writes the
descriptor, and hands the connection back. As root, since it goes into the machine's root directory.
Ends with the process OWNER.
"""
import array
import os
import signal
import socket
import stat
import sys
import time
import traceback

import dom0_policy

PROBLEM, REFUSED, NOT_FOUND = 125, 126, 127
SERVICES = ("/run/qubes-rpc", "/usr/local/etc/qubes-rpc", "/etc/qubes-rpc")
CONFIGURATIONS = ("/run/qubes/rpc-config", "/usr/local/etc/qubes/rpc-config", "/etc/qubes/rpc-config")
SESSION = "/tmp/qubes-session-env"  # made by Qubes' session when it is there
SESSION_WAIT_S = 120


class CallFailed(Exception):
    """With the exit status of qrexec-client-vm."""

    def __init__(self, status, why):
        super().__init__(why)
        self.status = status


def read_file(*path):
    try:
        with open(os.path.join(*path), encoding="ascii") as file:
            return file.read().strip()
    except FileNotFoundError:
        return None


def find(directories, names):
    """All directories for the first name, then for the second. A link that leads nowhere is found."""
    for name in names:
        for directory in directories:
            path = os.path.join(directory, name)
            if os.path.lexists(path):
                return path
    return None


def configuration(names):
    settings = {}
    path = find(CONFIGURATIONS, names)
    for line in (read_file(path) or "").splitlines() if path else ():
        name, _, value = line.partition("=")
        settings[name.strip()] = value.strip() in ("1", "true")
    return settings


def wait_for_session():
    end = time.monotonic() + SESSION_WAIT_S
    while not os.path.exists(SESSION):
        if time.monotonic() > end:
            raise CallFailed(PROBLEM, "there is no session")
        time.sleep(0.05)


def connect_service(pid, service, argument, source):
    """The connection, with the descriptor written. Runs in a process of its own."""
    os.chroot(f"/proc/{pid}/root")
    os.chdir("/")
    names = (f"{service}+{argument}", service)
    settings = configuration(names)
    if settings.get("wait-for-session"):
        wait_for_session()
    path = find(SERVICES, names)
    if path is None:
        raise CallFailed(NOT_FOUND, "service not found")
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            raise CallFailed(PROBLEM, f"{path} is no socket, and this program starts no services")
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(path)
        if not settings.get("skip-service-descriptor"):
            connection.sendall(f"{names[0]} {source}".encode("ascii") + b"\0")
    except OSError as error:
        raise CallFailed(PROBLEM, f"{path}: {error.strerror}") from error
    return connection


def log(directory, text):
    with open(os.path.join(directory, "log"), "a", encoding="ascii") as file:
        file.write(text + "\n")


def decide(directory, source, target, service, argument):
    """Process 1 of the machine that gets the call, as dom0's policy and its user say."""
    said = f"{source} {target} {service}+{argument}: "
    qubes = set(os.listdir(os.path.join(directory, "qubes")))
    try:
        lines = dom0_policy.load(os.path.join(directory, "policy.d"))
    except dom0_policy.PolicyError as error:
        log(directory, f"{said}deny ({error})")
        raise CallFailed(REFUSED, f"policy: {error}") from error
    call = (service, argument, source, target)
    chosen, decision = dom0_policy.decide(lines, qubes, call, read_file(directory, "answer"))
    log(directory, said + decision)
    if chosen is None:
        raise CallFailed(REFUSED, decision)
    pid = read_file(directory, "qubes", chosen, "pid")
    if pid is None:
        raise CallFailed(PROBLEM, f"{chosen} is halted")
    return pid


def answer(client, status, connection=None):
    rights = []
    if connection is not None:
        fds = array.array("i", [connection.fileno()])
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)]
    client.sendmsg([bytes([status])], rights)


def serve(directory, source, client):
    request = client.recv(4096)
    if not request:
        return
    target, full_name = request.decode("ascii").rstrip("\0").split("\0")
    service, _, argument = full_name.partition("+")
    try:
        pid = decide(directory, source, target, service, argument)
        answer(client, 0, connect_service(pid, service, argument, source))
    except CallFailed as failure:
        print(f"{source} {target} {full_name}: {failure}", file=sys.stderr, flush=True)
        answer(client, failure.status)


def listen(path):
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(path)
    os.chmod(path, 0o666)
    listener.listen(128)
    listener.settimeout(1)
    return listener


def main():
    directory, source = sys.argv[1:3]
    owner = "/proc/" + (sys.argv[3] if len(sys.argv) > 3 else "self")
    listener = listen(os.path.join(directory, "qubes", source, "standin", "socket"))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    while os.path.exists(owner):
        try:
            client, _ = listener.accept()
        except TimeoutError:
            continue
        if os.fork() == 0:
            try:
                listener.close()
                serve(directory, source, client)
            except Exception:
                traceback.print_exc()
            finally:
                os._exit(0)
        client.close()


if __name__ == "__main__":
    main()
