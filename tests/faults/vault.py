# SPDX-License-Identifier: BSD-2-Clause
"""The vault: a desktop without a screen, a user who is a robot, the agent with its keys."""
import os
import random
import signal
import subprocess
import threading

import processes
from processes import start, wait_until

BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={0}/bus</listen>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/>
</policy></busconfig>
"""
DUNSTRC = """[global]
    dmenu = {0}/dmenu
    markup = full
    width = 560
    height = 400
    font = DejaVu Sans 11
    history_length = 5
"""
# Which of the buttons is pressed: one time in four no, and half of the others for a while if there is
# such a button; and what askpass says.
DMENU = """#!/bin/bash
buttons=$(cat)
choice='#Allow '
((RANDOM % 4)) || choice='#Deny ('
((RANDOM % 2)) && [ "$choice" = '#Allow ' ] && grep -m1 '^#Allow for ' <<<"$buttons" && exit
grep -m1 "^$choice" <<<"$buttons"
"""
ASKPASS = """#!/bin/bash
sleep "0.$((RANDOM % 9))"
((RANDOM % 4)) || exit 1
echo yes
"""
CLICK = ["dbus-send", "--session", "--type=method_call", "--dest=org.freedesktop.Notifications",
         "/org/freedesktop/Notifications", "org.dunstproject.cmd0.ContextMenuCall"]


class Vault:
    def __init__(self, build, directory):
        self.build, self.directory = build, directory
        self.home = f"{directory}/home"
        self.socket = f"{directory}/run/agent.sock"
        self.qrexec_socket = f"{directory}/run/qrexec.sock"
        self.state = f"{self.home}/.local/state/split-ssh"
        self.policy = f"{self.home}/.config/qubes-split-ssh/test.conf"
        self.log = f"{directory}/agent.log"
        for path in (self.state, os.path.dirname(self.policy), f"{self.home}/.ssh", f"{directory}/run"):
            os.makedirs(path, 0o700, exist_ok=True)
        os.chmod(self.state, 0o700)
        self.environment = {
            "HOME": self.home, "PATH": os.environ["PATH"], "SSH_AUTH_SOCK": self.socket,
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={directory}/bus", "XDG_RUNTIME_DIR": directory,
            # Freed memory that ASan or malloc(3) keeps would look like a leak: without these, one
            # flood at its worst moment leaves 400 KiB on the agent's heap, of which nothing is in use.
            "ASAN_OPTIONS": "quarantine_size_mb=1:thread_local_quarantine_size_kb=64",
            "GLIBC_TUNABLES": "glibc.malloc.trim_threshold=16384:glibc.malloc.top_pad=0:"
                              "glibc.malloc.mmap_threshold=16384",
            "SSH_ASKPASS": f"{directory}/askpass"}
        self.desktop = []
        self.dunst = self.agent = self.keystore = self.prompt = None
        self.done = threading.Event()
        self.robot = threading.Thread(target=self._click)

    def _file(self, name, text, mode=0o644):
        with open(f"{self.directory}/{name}", "w", encoding="ascii") as file:
            file.write(text.format(self.directory) if mode == 0o644 else text)
        os.chmod(f"{self.directory}/{name}", mode)

    def start_desktop(self):
        self._file("bus.conf", BUS)
        self._file("dunstrc", DUNSTRC)
        self._file("dmenu", DMENU, 0o755)
        self._file("askpass", ASKPASS, 0o755)
        log = f"{self.directory}/desktop.log"
        number, written = os.pipe()
        self.desktop.append(start(["Xvfb", "-displayfd", str(written), "-noreset", "-screen", "0",
                                   "1024x768x24", "-nolisten", "tcp"], log, self.environment,
                                  pass_fds=(written,)))
        os.close(written)
        with os.fdopen(number) as file:
            self.environment["DISPLAY"] = ":" + file.readline().strip()
        self.desktop.append(start(["dbus-daemon", f"--config-file={self.directory}/bus.conf", "--nofork"],
                                  log, self.environment))
        wait_until("the bus is there", lambda: os.path.exists(f"{self.directory}/bus"))
        self.start_dunst()
        self.robot.start()

    def start_dunst(self):
        self.dunst = start(["dunst", "-config", f"{self.directory}/dunstrc"],
                           f"{self.directory}/desktop.log", self.environment)

    def _click(self):
        """The user at the notifications: looks every now and then."""
        while not self.done.wait(random.uniform(0.2, 0.6)):
            try:
                subprocess.run(CLICK, env=self.environment, stderr=subprocess.DEVNULL, timeout=10,
                               check=False)
            except subprocess.TimeoutExpired:
                pass

    def start_agent(self):
        self.agent = start([f"{self.build}/bin/split-ssh-agent", "-D", "-a", self.socket, "-q",
                            self.qrexec_socket], self.log, self.environment)
        wait_until("the agent has its helpers", self._find_helpers)
        wait_until("the agent listens", lambda: self.control("status") is not None)

    def _find_helpers(self):
        for pid in processes.children(self.agent.pid):
            name = processes.read(f"/proc/{pid}/comm").strip()
            if name == b"split-ssh-keyst":
                self.keystore = pid
            elif name == b"split-ssh-promp":
                self.prompt = pid
        return self.keystore is not None and self.prompt is not None

    def questions(self):
        """The prompt's children that ask, and the askpass programs of theirs."""
        asking = [pid for pid in processes.children(self.prompt)
                  if processes.command(pid)[1:2] == ["ask"]]
        return asking, [child for pid in asking for child in processes.children(pid)]

    def control(self, *words):
        """What split-ssh says; None if it fails, as when the agent is stopped."""
        result = subprocess.run([f"{self.build}/bin/split-ssh", *words], env=self.environment,
                                stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
        return result.stdout.decode("ascii") if result.returncode == 0 else None

    def add(self, *words):
        subprocess.run(["ssh-add", "-q", *words], env=self.environment, stdin=subprocess.DEVNULL,
                       check=True, timeout=60)

    def write_policy(self, text):
        """At once: nobody may see half of it, which could be a policy of its own."""
        with open(self.policy + ".new", "w", encoding="ascii") as file:
            file.write(text)
        os.rename(self.policy + ".new", self.policy)

    def stop(self):
        """The agent's exit status."""
        self.done.set()
        status = None
        if self.agent is not None:
            for pid in (self.keystore, self.prompt):
                if pid is not None:
                    processes.send(pid, signal.SIGCONT)
            status = processes.stop(self.agent)
        if self.robot.is_alive():
            self.robot.join()
        for process in [self.dunst, *reversed(self.desktop)]:
            if process is not None:
                processes.stop(process)
        return status
