# SPDX-License-Identifier: BSD-2-Clause
"""Starts programs, looks at them, and ends them."""
import os
import signal
import subprocess
import time

PATIENCE_S = 60


def wait_until(what, condition, seconds=PATIENCE_S):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"gave up waiting until {what}")
        time.sleep(0.02)


def start(argv, log, environment, **more):
    """With its stderr in the file `log`, in a process group of its own, so that ^C is ours alone."""
    with open(log, "ab") as err:
        return subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL,
                                stdout=more.pop("stdout", err), stderr=err, process_group=0, **more)


def stop(process, seconds=20):
    """SIGTERM, then SIGKILL; its exit status."""
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def read(path):
    """Empty if the process has gone meanwhile."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def children(pid):
    return [int(child) for child in read(f"/proc/{pid}/task/{pid}/children").split()]


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child] + descendants(child)
    return found


def command(pid):
    return [word.decode("utf-8", "replace") for word in read(f"/proc/{pid}/cmdline").split(b"\0")[:-1]]


def is_alive(pid):
    stat = read(f"/proc/{pid}/stat")
    return stat != b"" and stat.rpartition(b") ")[2][:1] not in (b"Z", b"X")


def send(pid, number):
    """False if it has gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory(pid):
    """Its heap and other pages that are no file's, and all resident ones, in KiB. PSS goes up and down
    with the number of processes that map the same file."""
    fields = {}
    for line in read(f"/proc/{pid}/smaps_rollup").splitlines()[1:]:
        name, value = line.split(b":")
        fields[name.decode("ascii")] = int(value.split()[0])
    return fields["Anonymous"], fields["Rss"]
