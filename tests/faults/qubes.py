# SPDX-License-Identifier: BSD-2-Clause
"""A client qube: its relay, as systemd keeps it, dom0's part of its calls, and its logins."""
import array
import os
import random
import selectors
import signal
import socket
import subprocess
import threading
import time

import processes
import verdict
from processes import start

DEADLINE_S = 240  # six questions may be before ours, and each may be wedged for 35 s
PROBLEM, REFUSED, NOT_FOUND = 125, 126, 127


class Calls(threading.Thread):
    """dom0 and qrexec: for each call of qrexec-call a process in the vault, and a connection to it."""

    def __init__(self, build, directory):
        super().__init__()
        self.program = f"{build}/tests/standin/qrexec-client-vm"
        self.directory = directory
        self.selector = selectors.DefaultSelector()
        self.wake, self.waker = socket.socketpair()
        self.selector.register(self.wake, selectors.EVENT_READ, None)
        self.lock = threading.Lock()
        self.running = {}  # pid: qube
        self.answers = {}  # qube: the exit status of its next call
        os.mkdir(f"{directory}/rpc")
        os.symlink(f"{directory}/run/qrexec.sock", f"{directory}/rpc/qubes.SshAgent")

    def listen(self, qube):
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(f"{self.directory}/qubes/{qube}/dom0.sock")
        listener.listen(128)
        self.selector.register(listener, selectors.EVENT_READ, (qube, True))

    def of(self, qube):
        with self.lock:
            return [pid for pid, whose in self.running.items() if whose == qube]

    def run(self):
        while True:
            for key, _ in self.selector.select(0.2):
                if key.data is None:
                    return
                qube, listens = key.data
                if listens:
                    client, _ = key.fileobj.accept()
                    self.selector.register(client, selectors.EVENT_READ, (qube, False))
                else:
                    self.selector.unregister(key.fileobj)
                    with key.fileobj as client:
                        self._answer(qube, client)
            self._reap()

    def _answer(self, qube, client):
        try:
            words = client.recv(4096).decode("ascii").rstrip("\0").split("\0")
            status = self.answers.pop(qube, 0) if len(words) == 2 else PROBLEM
            if status != 0:
                client.send(bytes([status]))
                return
            ours, theirs = socket.socketpair()
            with ours, theirs:
                self._spawn(qube, words, ours)
                client.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                          array.array("i", [theirs.fileno()]))])
        except OSError:
            pass  # its caller was killed

    def _spawn(self, qube, words, end):
        environment = {"QREXEC_STANDIN_SOURCE": qube, "QREXEC_STANDIN_RPC": f"{self.directory}/rpc"}
        actions = [(os.POSIX_SPAWN_DUP2, end.fileno(), 0), (os.POSIX_SPAWN_DUP2, end.fileno(), 1),
                   (os.POSIX_SPAWN_OPEN, 2, f"{self.directory}/relay.log",
                    os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)]
        with self.lock:
            pid = os.posix_spawn(self.program, [self.program, "--", *words], environment,
                                 file_actions=actions)
            self.running[pid] = qube

    def _reap(self):
        """With the lock: nobody sends a signal to a number that is another's by now."""
        with self.lock:
            for pid in list(self.running):
                if os.waitpid(pid, os.WNOHANG)[0] == pid:
                    del self.running[pid]

    def kill_one(self, qube):
        with self.lock:
            for pid, whose in self.running.items():
                if whose == qube:
                    return processes.send(pid, signal.SIGKILL)
        return False

    def stop(self):
        self.waker.close()
        self.join()
        with self.lock:
            for pid in self.running:
                processes.send(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


class Relay(threading.Thread):
    """split-ssh-relay as its units run it: the socket outlives it, and so it starts again."""

    def __init__(self, build, directory, qube):
        super().__init__()
        home = f"{directory}/qubes/{qube}"
        self.path = f"{home}/agent.sock"
        self.log = f"{directory}/relay.log"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(128)
        number = self.listener.fileno()
        self.argv = ["bash", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1; export LISTEN_PID LISTEN_FDS; '
                     f'exec "$@" 3<&{number} {number}<&-', "bash", f"{build}/bin/split-ssh-relay", "--config",
                     home, "--qrexec-client", f"{build}/tests/standin/qrexec-call", "vault"]
        self.environment = {"HOME": home, "PATH": os.environ["PATH"],
                            "ASAN_OPTIONS": "quarantine_size_mb=1:thread_local_quarantine_size_kb=64",
                            "QREXEC_STANDIN_SOCKET": f"{home}/dom0.sock"}
        self.ends = False
        self.statuses = []
        self._start()
        self.start()

    def _start(self):
        self.process = start(self.argv, self.log, self.environment,
                             pass_fds=(self.listener.fileno(),))

    def run(self):
        while True:
            status = self.process.wait()
            self._end_group()
            if self.ends:
                return
            self.statuses.append(status)
            self._start()

    def _end_group(self):
        """KillMode=control-group: the calls of one that was killed end, too."""
        try:
            os.killpg(self.process.pid, signal.SIGCONT)
            os.killpg(self.process.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass

    def stop(self):
        self.ends = True
        processes.send(self.process.pid, signal.SIGCONT)
        processes.send(self.process.pid, signal.SIGTERM)
        self.join()
        self.listener.close()
        return self.process.wait()


class Qube(threading.Thread):
    """Logs in, over and over, and says of each login what it came to."""

    def __init__(self, run, number, rule, key):
        self.qube = f"qube{number}"
        super().__init__(name=self.qube)
        self.test, self.rule, self.key = run, rule, key
        os.makedirs(f"{run.directory}/qubes/{self.qube}", 0o700)
        run.calls.listen(self.qube)
        self.relay = Relay(run.build, run.directory, self.qube)
        self.environment = {"HOME": f"{run.directory}/qubes/{self.qube}", "PATH": os.environ["PATH"],
                            "SSH_AUTH_SOCK": self.relay.path}
        self.argv = ["ssh", "-F", f"{run.directory}/ssh_config", "-o", "IdentitiesOnly=yes", "-i",
                     key.public, "server", "echo logged in"]
        self.random = random.Random(f"{run.seed} {number}")
        self.client = None  # the ssh that runs
        self.results = {}  # why: how many
        self.last_worked = 0.0

    def run(self):
        while self.test.go_on():
            self._log_in()
            # A refusal that is no line any more (20 at once, then one a second) would be unexplained.
            least, most = (1.5, 2.5) if self.rule in ("deny", "flip") else (0, self.test.pause)
            time.sleep(self.random.uniform(least, most))

    def _log_in(self):
        begin = time.monotonic()
        mark = self.test.audit.mark(self.qube, self.key.fingerprint)
        self.client = subprocess.Popen(
            self.argv, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, process_group=0)
        try:
            out, err = self.client.communicate(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.test.failed(f"{self.qube}: a login is stuck for {DEADLINE_S} s")
            self.client.kill()
            self.client.communicate()
            return
        finally:
            client, self.client = self.client, None
        self._judge(begin, mark, client.returncode, out, err)

    def _judge(self, begin, mark, status, out, err):
        what = verdict.outcome(status, out, err)
        end = time.monotonic()
        why = what
        kinds = self.test.faults.of(self.qube, begin, end)
        permitted = self.test.permitted(self.rule, begin, kinds)
        if what == "worked":
            self.last_worked = end
            self._judge_success(begin, mark, permitted)
        else:
            reasons, left_out = self.test.audit.since(self.qube, mark)
            recent = self.test.faults.of(self.qube, begin - verdict.COOL_S, end)
            why = verdict.explain(self.rule, what, kinds, recent, reasons, left_out, permitted)
            if why is None:
                self.test.failed(
                    f"{self.qube} ({self.rule}): a login of {end - begin:.1f} s is {what}: status "
                    f"{status}, {err.decode('utf-8', 'replace').strip()!r}, reasons {reasons}, faults "
                    f"{sorted(kinds)}")
                why = "UNEXPLAINED"
        self.results[why] = self.results.get(why, 0) + 1

    def _judge_success(self, begin, mark, permitted):
        if True not in permitted:
            self.test.failed(f"{self.qube} ({self.rule}) has logged in, which its policy forbids")
        if not self.test.audit.has_allowed(self.key.fingerprint, mark):
            self.test.failed(f"{self.qube} ({self.rule}) has logged in without a line in the audit log")
        if self.rule in ("ask", "-c") and begin > self.test.prompt_gone:
            self.test.failed(f"{self.qube} ({self.rule}) has logged in, and nobody can be asked")

    def kill_client(self, number):
        """False if none runs."""
        client = self.client
        if client is None or client.poll() is not None:
            return False
        client.send_signal(number)
        return True
