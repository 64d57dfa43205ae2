# SPDX-License-Identifier: BSD-2-Clause
"""The faults: each kind in turn, in an order that the seed says."""
import errno
import os
import random
import resource
import signal
import socket
import struct
import time

import processes

NS = 10**9
FULL = b"No space left on device"
NO_DESCRIPTOR = b"Too many open files"
READ_AGAIN = b"the policy was read again"
NO_CONNECTION = b" connections; one more closed"
DATES_S = (86400, -86400, 3650 * 86400, -30, 0)  # ahead of the kernel's clock
QREXEC_CLIENTS_MAX = 1024  # include/limits.h
QUBE_CLIENTS_MAX = 64


class Clock:
    """The two numbers of clock_step.c."""

    def __init__(self, path):
        self.path = path
        self.ahead = [0, 0]
        self._write()

    def _write(self):
        with open(self.path, "r+b" if os.path.exists(self.path) else "wb") as file:
            file.write(struct.pack("=qq", *self.ahead))

    def step_date(self, ns):
        self.ahead[0] = ns
        self._write()

    def suspend(self, ns):
        self.ahead[0] += ns
        self.ahead[1] += ns
        self._write()


class Injector:
    def __init__(self, test):
        self.test, self.vault, self.faults = test, test.vault, test.faults
        self.random = random.Random(f"{test.seed} faults")
        self.kinds = {
            "question killed": self.kill_question, "askpass killed": self.kill_askpass,
            "notification server killed": self.kill_dunst,
            "client killed": self.kill_client, "relay killed": self.kill_relay,
            "relay ended": self.end_relay, "client end of a call killed": self.kill_call,
            "vault end of a call killed": self.kill_call_in_vault, "dom0 refuses": self.refuse_call,
            "disk full": self.fill_disk, "descriptors of the agent": self.exhaust_agent,
            "descriptors of the prompt": self.exhaust_prompt,
            "descriptors of relays": self.exhaust_relays, "connections of others": self.flood,
            "agent stopped": lambda kind: self.stop(kind, self.vault.agent.pid),
            "keystore stopped": lambda kind: self.stop(kind, self.vault.keystore),
            "prompt stopped": lambda kind: self.stop(kind, self.vault.prompt),
            "notification server stopped": lambda kind: self.stop(kind, self.vault.dunst.pid),
            "question stopped": self.stop_question, "relay stopped": self.stop_relay,
            "client stopped": self.stop_client, "call stopped": self.stop_call,
            "date set": self.set_date, "suspend": self.suspend, "policy read again": self.change_policy,
            "broken policy": self.break_policy}
        self.order = []
        self.rounds = -1
        self.dates = 0
        self.pause = 0.8 if test.seconds > 300 else 0.3

    def next(self):
        """Does one; what there was nothing for (no question is open) comes again later."""
        if not self.order:
            self.rounds += 1
            self.order = list(self.kinds)
            self.random.shuffle(self.order)
        kind = self.order.pop()
        self.kinds[kind](kind)
        self.test.wait(self.random.uniform(0, self.pause))

    def _during(self, kind, seconds, qube=None):
        fault = self.faults.begin(kind, qube)
        self.test.wait(seconds)
        return fault

    def _once(self, kind, do, qube=None):
        """A fault of a moment; it counts if there was somebody to be hurt."""
        fault = self.faults.begin(kind, qube)
        done = do()
        self._end(fault, done)
        return done

    def _wait_for(self, log, text, count):
        """Until the text is in the log so many times; False if it does not come."""
        end = time.monotonic() + 20
        while processes.read(log).count(text) < count:
            if time.monotonic() > end or self.test.wait(0.1):
                return False
        return True

    def _end(self, fault, hurt):
        """It counts if somebody was hurt."""
        self.faults.end(fault)
        if not hurt:
            self.faults.take_back(fault)

    def _until_done(self, kind, do, seconds=5):
        """Tries until there is somebody to be hurt."""
        end = time.monotonic() + seconds
        while not self._once(kind, do) and time.monotonic() < end and not self.test.wait(0.02):
            pass

    def _qube(self, steady=False):
        """One at random; the relays of the first few are never killed, so that they show leaks."""
        return self.random.choice(self.test.qubes[0 if steady else self.test.steady:])

    # Kills

    def kill_question(self, kind):
        self._until_done(kind, lambda: any(processes.send(pid, signal.SIGKILL)
                                           for pid in self.vault.questions()[0]))

    def kill_askpass(self, kind):
        """Without a notification server there is one for each question."""
        self.vault.dunst.kill()
        wait = self.faults.begin("notification server killed")
        self.vault.dunst.wait()
        self._until_done(kind, lambda: any(processes.send(pid, signal.SIGKILL)
                                           for pid in self.vault.questions()[1]), 10)
        self.test.wait(3)  # so that some are answered with askpass
        self.vault.start_dunst()
        self.faults.end(wait)

    def kill_dunst(self, kind):
        fault = self.faults.begin(kind)
        self.vault.dunst.kill()
        self.vault.dunst.wait()
        self.test.wait(self.random.choice((0, 3)))
        self.vault.start_dunst()
        self.faults.end(fault)

    def _some_qube(self, kind, do, steady=True):
        """Tries qubes until one has what is to be hurt."""
        for _ in range(200):
            qube = self._qube(steady)
            if self._once(kind, lambda qube=qube: do(qube), qube.qube) or self.test.wait(0.02):
                return

    def kill_client(self, kind):
        self._some_qube(kind, lambda qube: qube.kill_client(signal.SIGKILL))

    def kill_relay(self, kind):
        self._some_qube(kind, lambda qube: processes.send(qube.relay.process.pid, signal.SIGKILL), False)

    def end_relay(self, kind):
        self._some_qube(kind, lambda qube: processes.send(qube.relay.process.pid, signal.SIGTERM), False)

    def kill_call(self, kind):
        self._some_qube(kind, lambda qube: any(
            processes.send(pid, signal.SIGKILL)
            for pid in processes.children(qube.relay.process.pid)[:1]))

    def kill_call_in_vault(self, kind):
        self._some_qube(kind, lambda qube: self.test.calls.kill_one(qube.qube))

    def refuse_call(self, kind):
        qube = self._qube(True)
        fault = self.faults.begin(kind, qube.qube)
        self.test.calls.answers[qube.qube] = self.random.choice((125, 126, 127))
        for _ in range(500):
            if qube.qube not in self.test.calls.answers or self.test.wait(0.02):
                break
        self._end(fault, self.test.calls.answers.pop(qube.qube, None) is None)

    # What runs out

    def fill_disk(self, kind):
        fault = self.faults.begin(kind)
        path = f"{self.vault.state}/filler"
        found = False
        before = processes.read(self.vault.log).count(FULL)
        try:
            with open(path, "wb", buffering=0) as file:
                for size in (1 << 20, 4096, 1):
                    try:
                        while file.write(b"x" * size) == size:
                            pass
                    except OSError as error:
                        if error.errno != errno.ENOSPC:
                            raise
            found = self._wait_for(self.vault.log, FULL, before + self.random.randrange(1, 10))
        finally:
            os.unlink(path)
            self._end(fault, found)

    def _limit(self, kind, pids, log, text):
        """No descriptor more than there are now, until somebody has missed one and says so."""
        fault = self.faults.begin(kind)
        count = processes.read(log).count(text)
        before = []
        for pid in pids:
            try:
                used = {int(name) for name in os.listdir(f"/proc/{pid}/fd")}
                free = min(set(range(len(used) + 1)) - used)  # the one that the kernel gives out next
                hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
                resource.prlimit(pid, resource.RLIMIT_NOFILE, (free, hard[1]))
                before.append((pid, hard))
            except (ProcessLookupError, FileNotFoundError):
                pass
        self.test.wait(2)
        missed = self._wait_for(log, text, count + 1)
        for pid, limits in before:
            try:
                resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
            except ProcessLookupError:
                pass
        self._end(fault, missed)

    def exhaust_agent(self, kind):
        self._limit(kind, [self.vault.agent.pid], self.vault.log, b"new connections wait: " + NO_DESCRIPTOR)

    def exhaust_prompt(self, kind):
        self._limit(kind, [self.vault.prompt], self.vault.log, b"cannot ask: " + NO_DESCRIPTOR)

    def exhaust_relays(self, kind):
        self._limit(kind, [qube.relay.process.pid for qube in self.test.qubes],
                    f"{self.test.directory}/relay.log", NO_DESCRIPTOR)

    def flood(self, kind):
        """As many connections as the agent takes, and more, of qubes that are not ours."""
        fault = self.faults.begin(kind)
        before = self.test.agent_log().count(NO_CONNECTION)
        connections = []
        for number in range(3 * QREXEC_CLIENTS_MAX):
            peer = socket.socket(socket.AF_UNIX)
            connections.append(peer)
            try:
                peer.connect(self.vault.qrexec_socket)
                peer.sendall(b"qubes.SshAgent+ flood%d\0" % (number // QUBE_CLIENTS_MAX))
            except (BrokenPipeError, ConnectionResetError):
                pass  # closed by the agent
            # So many at once that it closes some that have not said their name; and time for the others.
            if number % QUBE_CLIENTS_MAX == 0:
                self.test.wait(0.05)
                if self.test.agent_log().count(NO_CONNECTION) > before:
                    break
        self.test.wait(2)
        for peer in connections:
            peer.close()
        self._end(fault, self.test.agent_log().count(NO_CONNECTION) > before)

    # SIGSTOP, and SIGCONT after a while

    def stop(self, kind, *pids, qube=None):
        fault = self.faults.begin(kind, qube)
        stopped = [pid for pid in pids if processes.send(pid, signal.SIGSTOP)]
        self.test.wait(self.random.choice((0.1, 1, 3)))
        for pid in stopped:
            processes.send(pid, signal.SIGCONT)
        self._end(fault, stopped)

    def stop_question(self, kind):
        for _ in range(250):
            asking, askpass = self.vault.questions()
            if asking:
                self.stop(kind, *asking, *askpass)
                return
            if self.test.wait(0.02):
                return

    def stop_relay(self, kind):
        qube = self._qube(True)
        self.stop(kind, qube.relay.process.pid, qube=qube.qube)

    def stop_client(self, kind):
        for _ in range(200):
            qube = self._qube(True)
            client = qube.client
            if client is not None and client.poll() is None:
                self.stop(kind, client.pid, qube=qube.qube)
                return
            if self.test.wait(0.02):
                return

    def stop_call(self, kind):
        """Both ends: its process in the client, and the one in the vault."""
        for _ in range(200):
            qube = self._qube(True)
            pids = processes.children(qube.relay.process.pid) + self.test.calls.of(qube.qube)
            if pids:
                self.stop(kind, *pids, qube=qube.qube)
                return
            if self.test.wait(0.02):
                return

    # Clocks and files

    def set_date(self, kind):
        """A day on, a day back, ten years on, half a minute back, right again."""
        ahead = DATES_S[self.dates % len(DATES_S)]
        self.dates += 1
        self._once(kind, lambda: self.test.clock.step_date(ahead * NS) is None)

    def suspend(self, kind):
        """A third of them longer than all time-outs of the agent."""
        seconds = self.random.choice((2, 45, 400))
        self._once(kind, lambda: self.test.clock.suspend(seconds * NS) is None)
        self.test.wait(2)

    def _read_again(self):
        """Until it was: nobody could read it while the next fault takes the descriptors."""
        before = processes.read(self.vault.log).count(READ_AGAIN)
        self._ask_to_read()
        if not self._wait_for(self.vault.log, READ_AGAIN, before + 1) and not self.test.ended.is_set():
            self.test.failed("the agent does not read its policy again")

    def _ask_to_read(self):
        if self.random.random() < 0.5:
            processes.send(self.vault.agent.pid, signal.SIGHUP)
        else:
            self.vault.control("reload")

    def change_policy(self, kind):
        variant = self.random.randrange(2)
        fault = self.faults.begin(kind)
        self.vault.write_policy(self.test.policy(variant))
        self._read_again()
        processes.wait_until("the policy is in force", lambda: self.test.is_in_force(variant))
        self.faults.end(fault)
        self.test.variants.append((time.monotonic(), variant))

    def break_policy(self, kind):
        """What was in force stays so, with all its answers: there is no other excuse for them."""
        good = processes.read(self.vault.policy).decode("ascii")
        self.vault.write_policy(good + self.random.choice(
            ("[client:qube0]\nconfirm = perhaps\n", "[client:*]\nno-such-word = 1\n", "[nothing\n")))
        text = f"error: {self.vault.policy}:".encode("ascii")
        before = processes.read(self.vault.log).count(text)
        fault = self.faults.begin(kind)
        self._ask_to_read()
        self._end(fault, self._wait_for(self.vault.log, text, before + 1))
        self.test.wait(2)
        self.vault.write_policy(good)
        self._read_again()
