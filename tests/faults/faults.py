#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: BSD-2-Clause
"""Logins from 20 qubes at once while everything around the keys breaks. Started by run.sh, in mounts
and processes of its own: faults.py SECONDS SEED BUILD DIRECTORY"""
import os
import random
import re
import resource
import signal
import subprocess
import sys
import threading
import time
import traceback

import accounts
import measure
import processes
import qubes
import report
import verdict
from inject import Clock, Injector
from vault import Vault

# How many qubes have which rule.
RULES = {"allow": 9, "ask": 5, "while": 1, "-c": 1, "deny": 2, "flip": 1, "rate": 1}
RULE_NAMES = [rule for rule, count in RULES.items() for _ in range(count)]
LINES = {
    "allow": "confirm = no\nuses = no\nrate = no",
    "ask": "rate = no",
    "while": f"confirm = {accounts.WHILE_S}\nrate = no",
    "-c": "confirm = key\nuses = no\nrate = no",
    "deny": "confirm = no\nrate = no\ndestinations = nobody@*",
    "rate": "confirm = no\nrate = 12",
}
FLIPS = ("confirm = no\nrate = no\ndestinations = *@server",
         "confirm = no\nrate = no\ndestinations = *@*.elsewhere")
TYPES = (["ed25519"], ["ed25519"], ["ecdsa", "-b", "256"], ["rsa", "-b", "2048"])
STEADY = 4  # qubes whose relay is not killed
PROBE_S = 5
# SIGKILL and SIGTERM are ours.
CRASHED = re.compile(rb"Sanitizer|runtime error|by signal (?!9\b|15\b)|crashed \(signal (?!9\b|15\b)")
LONGER_S = 240
LATE_S = 900  # then it ends by SIGALRM, whatever it waits for; CMakeLists.txt has this and some more
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
LOGINS_MIN = 100  # between the two measurements
FAILURES_MAX = 20  # the rest would say the same


class Key:
    def __init__(self, directory, name, number=0):
        self.name = name
        self.path = f"{directory}/keys/{self.name}"
        subprocess.run(["ssh-keygen", "-q", "-N", "", "-C", self.name, "-f", self.path, "-t",
                        *TYPES[number % len(TYPES)]], stdin=subprocess.DEVNULL, check=True)
        shown = subprocess.run(["ssh-keygen", "-l", "-f", self.path], check=True, capture_output=True)
        self.fingerprint = shown.stdout.split()[1].decode("ascii")
        with open(f"{self.path}.pub", encoding="ascii") as file:
            self.line = file.read().strip()
        self.public = f"{directory}/public/{self.name}.pub"
        with open(self.public, "w", encoding="ascii") as file:
            file.write(self.line + "\n")
        os.chmod(self.public, 0o600)  # ssh tries it as a private key when it has no agent


class Test:
    def __init__(self, seconds, seed, build, directory):
        self.seconds, self.seed, self.build, self.directory = seconds, seed, build, directory
        self.steady = STEADY
        self.pause = 0.5
        self.lock = threading.Lock()
        self.failures = []
        self.ended = threading.Event()  # of logins, and of faults
        self.paused = threading.Event()
        self.probes = 0
        self.faults = verdict.Faults()
        self.clock = Clock(f"{directory}/libasan.so.none/clock_step.so.clock")
        self.vault = Vault(build, directory)
        self.audit = accounts.Audit(f"{self.vault.state}/audit.jsonl",
                                    lambda: self.clock.ahead[0] / 10**9)
        self.server = accounts.Server(f"{directory}/sshd.log")
        self.calls = qubes.Calls(build, directory)
        self.qubes, self.keys, self.sshd = [], [], None
        self.variants = [(0.0, 0)]  # of the policy of rule flip: since when which is in force
        self.prompt_gone = float("inf")  # since then there is none
        self.measured = {}
        self.all_kinds = []
        self.sanitized = False

    def failed(self, text):
        with self.lock:
            self.failures.append(text)
        print(f"FAILED: {text}", flush=True)

    def wait(self, seconds):
        """True at the end of the test."""
        return self.ended.wait(seconds)

    def agent_log(self):
        return processes.read(self.vault.log)

    def go_on(self):
        while self.paused.is_set() and not self.ended.is_set():
            time.sleep(0.05)
        return not self.ended.is_set()

    def permitted(self, rule, begin, kinds):
        """What the policy may say to a login that began then: both while it is read again."""
        if rule != "flip":
            return {rule != "deny"}
        if "policy read again" in kinds:
            return {True, False}
        return {[variant for since, variant in self.variants if since <= begin][-1] == 0}

    def is_in_force(self, variant):
        text = self.vault.control("policy", "test", self.qubes[RULE_NAMES.index("flip")].qube)
        destinations = FLIPS[variant].rpartition(" = ")[2]
        return text is not None and re.search(rf"^ *destinations +{re.escape(destinations)} ", text,
                                              re.M) is not None

    def policy(self, variant):
        lines = ["[DEFAULT]\nnotify = use\nconnections = 64\n"]
        for qube in self.qubes:
            rule = FLIPS[variant] if qube.rule == "flip" else LINES[qube.rule]
            lines.append(f"[client:{qube.qube}]\n{rule}\n")
        return "".join(lines)

    # The parts

    def make_keys(self):
        for name in ("keys", "public", "qubes"):
            os.mkdir(f"{self.directory}/{name}", 0o700)
        self.keys = [Key(self.directory, f"key{number}", number) for number in range(len(RULE_NAMES))]
        self.qubes = [qubes.Qube(self, *what) for what in zip(range(len(self.keys)), RULE_NAMES, self.keys)]
        self.audit.owners = {qube.key.fingerprint: (qube.qube, qube.rule) for qube in self.qubes}
        with open(f"{self.directory}/authorized_keys", "w", encoding="ascii") as file:
            file.writelines(key.line + "\n" for key in self.keys)

    def start_sshd(self):
        host = Key(self.directory, "host")
        with open(f"{self.vault.home}/.ssh/known_hosts", "w", encoding="ascii") as file:
            file.write("server " + host.line + "\n")
        program = "/usr/sbin/sshd"
        for port in random.Random(self.seed).sample(range(20000, 32000), 20):
            with open(f"{self.directory}/sshd_config", "w", encoding="ascii") as file:
                file.write(f"Port {port}\nListenAddress 127.0.0.1\nHostKey {host.path}\nPidFile none\n"
                           "UsePAM no\nStrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\n"
                           "KbdInteractiveAuthentication no\n"
                           "MaxStartups 200\nLoginGraceTime 600\nLogLevel VERBOSE\n"
                           f"AuthorizedKeysFile {self.directory}/authorized_keys\n")
            self.sshd = processes.start([program, "-D", "-e", "-f", f"{self.directory}/sshd_config"],
                                        self.server.lines.path, dict(os.environ))
            processes.wait_until("sshd listens or ends", lambda: self.sshd.poll() is not None
                                 or b"Server listening" in processes.read(self.server.lines.path))
            if self.sshd.poll() is None:
                break
        with open(f"{self.directory}/ssh_config", "w", encoding="ascii") as file:
            file.write(f"Host server\nHostKeyAlias server\nHostName 127.0.0.1\nPort {port}\n"
                       f"UserKnownHostsFile {self.vault.home}/.ssh/known_hosts\n"
                       "GlobalKnownHostsFile /dev/null\nStrictHostKeyChecking yes\n"
                       "PreferredAuthentications publickey\nBatchMode yes\n")

    def start(self):
        self.make_keys()
        self.start_sshd()
        self.vault.write_policy(self.policy(0))
        self.vault.start_desktop()
        self.vault.start_agent()
        for pid in (self.vault.agent.pid, self.vault.keystore, self.vault.prompt):
            if b"clock_step.so" not in processes.read(f"/proc/{pid}/maps"):
                raise RuntimeError(f"{processes.command(pid)} has clocks that do not step")
        for qube in self.qubes:
            self.vault.add(*(["-c"] if qube.rule == "-c" else []), qube.key.path)
        self.calls.start()

    # What must hold at any time

    def listed(self, environment):
        """The keys that a client sees; None if it cannot ask."""
        result = subprocess.run(["ssh-add", "-L"], env=environment, stdin=subprocess.DEVNULL,
                                capture_output=True, timeout=qubes.DEADLINE_S, check=False)
        return result.stdout.decode("ascii").splitlines() if result.returncode == 0 else None

    def is_over(self):
        """Nothing more can be found out."""
        if self.vault.agent.poll() is not None:
            self.failed(f"the agent has ended with status {self.vault.agent.returncode}")
            return True
        return len(self.failures) >= FAILURES_MAX

    def probe(self):
        """No key is lost, and no signature is without a line."""
        whole = [key.line for key in self.keys]
        for who in (self.vault, random.choice(self.qubes)):
            end = time.monotonic() + qubes.DEADLINE_S
            while (listed := self.listed(who.environment)) is None:
                if time.monotonic() > end or self.vault.agent.poll() is not None:
                    self.failed("nobody answers who lists the keys")
                    return
                self.wait(0.5)
            if listed != whole:
                self.failed(f"the list has {len(listed)} keys of {len(whole)}: {listed}")
        missing = accounts.without_line(self.server, self.audit)
        if missing:
            self.failed(f"signatures without a line in the audit log: {missing}")
        self.probes += 1

    def is_quiet(self):
        """Nobody is connected to the agent but who asks it, and no question is open."""
        text = self.vault.control("status")
        if text is None:
            return False
        connected = [line for line in re.findall(r"^  (\S+): (\d+) connection", text, re.M)
                     if line[1] != "0" and line[0] != "this vault:"]
        connected = [line for line in connected if line[0] != "vault"]
        return not connected and re.search(r"^questions: .*, 0 open$", text, re.M) is not None

    def quiesce(self, name):
        """Lets all logins end, and measures. The agent must be idle then."""
        self.paused.set()
        end = time.monotonic() + qubes.DEADLINE_S + 30
        while any(qube.client is not None for qube in self.qubes) and time.monotonic() < end:
            time.sleep(0.1)
        try:
            processes.wait_until("the agent has no client and no question", self.is_quiet)
            processes.wait_until("all calls have ended", lambda: not self.calls.running)
        except RuntimeError as error:
            self.failed(f"{name}: {error}: {self.vault.control('status')}")
        time.sleep(1)
        if name is not None:
            self.measured[name] = measure.measure(self)
        self.paused.clear()

    # The course of it

    def tried(self):
        return sum(report.results_of(self).values())

    def until(self, moment, injector, rounds=0):
        """Faults until then, and until there were so many rounds of all kinds."""
        probed = time.monotonic()
        while (time.monotonic() < moment or injector.rounds < rounds) and not self.is_over():
            injector.next()
            if time.monotonic() - probed > PROBE_S:
                self.probe()
                probed = time.monotonic()

    def run(self):
        begin = time.monotonic()
        injector = Injector(self)
        self.all_kinds = [*injector.kinds, "prompt killed"]
        self.sanitized = measure.is_sanitized(self)
        for qube in self.qubes:
            qube.start()
        # Memory that a fault takes once is not a leak.
        self.until(begin + min(60, self.seconds * 0.25), injector, 1)
        if not self.is_over():
            self.quiesce("after warming up")
            before = self.tried()
            self.until(max(begin + self.seconds * 0.9, time.monotonic() + self.seconds / 3), injector)
            # On a slow machine the rare things may be still to come, and a leak to show.
            end = time.monotonic() + LONGER_S
            while ((self.tried() < before + LOGINS_MIN or report.unseen(self))
                   and time.monotonic() < end and not self.is_over()):
                self.until(time.monotonic() + 1, injector)
            if self.tried() < before + LOGINS_MIN:
                self.failed(f"fewer than {LOGINS_MIN} logins in all this time")
        if not self.is_over():
            self.quiesce("at the end")
            self.probe()
            self.without_prompt(max(begin + self.seconds, time.monotonic() + 5), injector)
        self.ended.set()
        if not self.is_over():
            self.end()

    def end(self):
        """Nothing is left over."""
        for qube in self.qubes:
            qube.join()
        self.quiesce(None)
        self.probe()

    def without_prompt(self, moment, injector):
        """The last part: it does not come back, so questions are answered with no; nothing else."""
        self.faults.begin("prompt killed")
        processes.send(self.vault.prompt, signal.SIGKILL)
        processes.wait_until("the prompt has ended", lambda: not processes.is_alive(self.vault.prompt))
        self.prompt_gone = since = time.monotonic()
        for kind in [kind for kind in injector.kinds if not kind.startswith((
                "agent", "keystore", "relay", "client", "vault end", "call", "disk"))]:
            del injector.kinds[kind]
        injector.order = []
        self.until(moment, injector)
        allowed = [qube for qube in self.qubes if qube.rule == "allow"]
        end = time.monotonic() + 60
        while any(qube.last_worked < since for qube in allowed) and time.monotonic() < end:
            self.wait(0.2)
        for qube in allowed:
            if qube.last_worked < since:
                self.failed(f"{qube.qube} cannot log in without the prompt, which it does not need")

    def stop(self):
        self.ended.set()
        for qube in self.qubes:
            if qube.client is not None:
                qube.kill_client(signal.SIGCONT)
                qube.kill_client(signal.SIGTERM)
            if qube.is_alive():
                qube.join()
        for qube in self.qubes:
            qube.relay.stop()
            for status in qube.relay.statuses:
                if status not in (0, -signal.SIGKILL):
                    self.failed(f"a relay of {qube.qube} has ended with status {status}")
        if self.calls.is_alive():
            self.calls.stop()
        status = self.vault.stop()
        if self.sshd is not None:
            processes.stop(self.sshd)
        if status is not None and status != 0:
            self.failed(f"the agent's exit status is {status}")
        for name in ("agent.log", "relay.log"):
            for line in processes.read(f"{self.directory}/{name}").splitlines():
                if CRASHED.search(line):
                    self.failed(f"{name}: {line.decode('utf-8', 'replace')}")


def end_early(number, _):
    """Just once: the rest is cleaning up."""
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt(signal.Signals(number).name)


def main():
    seconds, seed, build, directory = sys.argv[1:]
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))
    for number in SIGNALS:
        signal.signal(number, end_early)
    signal.alarm(int(seconds) + LATE_S)
    test = Test(int(seconds), seed, build, directory)
    try:
        test.start()
        test.run()
    except KeyboardInterrupt as signalled:
        test.failed(f"ended early by {signalled}")
    except Exception:
        test.failed(traceback.format_exc())
    finally:
        test.stop()
    return report.summary(test)


if __name__ == "__main__":
    sys.exit(main())
