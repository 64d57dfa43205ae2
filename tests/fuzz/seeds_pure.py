#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes inputs for a target of a pure module out of real keys, messages and files:
seeds_pure.py TARGET DIRECTORY. minimise.sh keeps what adds coverage. The keys are made here, for
this, and thrown away.
"""
import base64
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
PART_END = b"\xff"  # fuzz.h
VALID = "20231101000000:20231201000000"  # fuzz_known_hosts.c's NOW is inside
TYPES = {"ed25519": "256", "rsa": "2048", "ecdsa": "256", "p384": "384", "p521": "521"}


def string(data):
    return struct.pack(">I", len(data)) + data


class Keys:
    """Plain keys of each type, an authority, and what it has certified."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        for name, bits in TYPES.items():
            kind = "ecdsa" if name.startswith("p") else name
            self.keygen("-t", kind, "-b", bits, "-N", "", "-C", "", "-f", name)
        self.keygen("-t", "ed25519", "-N", "", "-C", "", "-f", "ca")

    def keygen(self, *args, **more):
        command = ["ssh-keygen", "-q", *args]
        return subprocess.run(command, cwd=self.directory, check=True, stdout=subprocess.PIPE, **more)

    def line(self, name):
        """TYPE BASE64"""
        return b" ".join((self.directory / f"{name}.pub").read_bytes().split()[:2])

    def blob(self, name):
        return base64.b64decode(self.line(name).split()[1])

    def certify(self, name, *args):
        """Returns the certificate of a key."""
        self.keygen("-s", "ca", "-I", "test only", *args, f"{name}.pub")
        return base64.b64decode((self.directory / f"{name}-cert.pub").read_bytes().split()[1])


def known_hosts(keys):
    ed25519, rsa, ca = keys.line("ed25519"), keys.line("rsa"), keys.line("ca")
    p256 = keys.line("ecdsa")
    sk = b"sk-ssh-ed25519@openssh.com " + base64.b64encode(
        string(b"sk-ssh-ed25519@openssh.com") + string(bytes(32)) + string(b"ssh:")
    )
    plain = b"a.example,192.0.2.1 " + ed25519 + b"\n# comment\n\n[a.example]:2222 " + p256 + b" c\n"
    (keys.directory / "hashed").write_bytes(b"a.example " + ed25519 + b"\nb.example " + p256 + b"\n")
    keys.keygen("-H", "-f", "hashed", stderr=subprocess.DEVNULL)
    hashed = (keys.directory / "hashed").read_bytes()
    patterns = b"*.example,!a.example,[b?]:*  " + ed25519 + b"\r\nc\t" + sk + b"\n"
    authority = b"@cert-authority *.example " + ca + b"\n@cert-authority * " + ca + b" c"
    revoked = b"@revoked * " + ed25519 + b"\n" + plain
    broken = b"@x a " + ed25519 + b"\na ssh-rsa AAAA\na\n|1|x|y " + ed25519 + b"\n@revoked @revoked a"
    host = keys.certify("ed25519", "-h", "-n", "a.example,b.example", "-V", VALID)
    old = keys.certify("rsa", "-h", "-n", "a.example", "-V", "20200101000000:20200201000000")
    user = keys.certify("ecdsa", "-n", "root", "-V", VALID)

    def one(name, pattern, hops, key, *files):
        return PART_END.join([name, pattern, hops, base64.b64encode(key), *files])

    yield one(b"a.example", b"*", b"git@a.example", keys.blob("ed25519"), plain)
    yield one(b"A.example", b"a.*", b"a.example>root@a.example\n@a.example", keys.blob("ecdsa"), plain, hashed)
    yield one(b"b.example", b"b.example", b"b.example>a.example", keys.blob("ed25519"), hashed)
    yield one(b"a.example", b"**", b"a@b@c", keys.blob("ed25519"), patterns, plain)
    yield one(b"bx", b"b?", b">a", keys.blob("ed25519"), patterns)
    yield one(b"a.example", b"*.example", b"u@a.example", host, authority)
    yield one(b"[a.example]:2222", b"a.example", b"[a.example]:2222", keys.blob("ecdsa"), plain, authority)
    yield one(b"a.example", b"a.example", b"x@nowhere", old, authority, plain)
    yield one(b"a.example", b"a.example", b"a.example", user, authority, plain)
    yield one(b"a.example", b"a.example", b"a.example", keys.blob("ed25519"), revoked)
    yield one(b"c", b"*", b"c", keys.blob("ed25519"), authority + b"\n@revoked * " + ca, broken)
    yield one(b"r", b"r", b"r", keys.blob("rsa"), b"r " + rsa + b"\nr " + rsa + b"\n")
    yield one(b"p", b"p", b"p", keys.blob("p384"), b"p " + keys.line("p384") + b"\np " + keys.line("p521"))


def examples(page):
    """The examples of a manual page in mdoc."""
    inside = False
    for line in (ROOT / "man" / page).read_text().splitlines():
        if line.startswith(".Bd -literal"):
            inside, text = True, ""
        elif line.startswith(".Ed"):
            inside = False
            yield text
        elif inside:
            text += line.replace("\\-", "-").replace("\\&", "") + "\n"


EVERY_WORD = """# every word
[DEFAULT]
agents = work, ci-*
confirm = 300
notify = use, connection, refused
idle = no
connections = 64
opaque = yes
rsa-sha1 = yes
wait-for-key = 600
unlock = start
known_hosts = /etc/ssh/more_hosts
namespaces = git, file
destinations = git@a.example,
  *@*.example, unverified
keys = SHA256:9cKNuJfSfoNIO+m9dPoGxkXHQHYxVGUPqCrhPDBJZ/s, *@laptop
"""


def policy(keys):
    files = [text for text in examples("qubes-split-ssh.conf.5") if "[" in text]
    files += [EVERY_WORD, "", "[client:*]\nuses = no\n[client:d?v-1]\nuses = 2\nkeys = no\n"]
    files += ["\ufeff[DEFAULT]\r\nconfirm = key\r\n", "[DEFAULT]\nautoaccept = 300\n", "uses = 1\n"]
    files += ["[DEFAULT]\nuses = many\n", "[DEFAULT]\nwords\n", "[qube]\n", "[client:-]\n", "[a"]
    hosts = b"a.example " + keys.line("ed25519") + b"\n@revoked * " + keys.line("ecdsa") + b"\n"
    hosts += b"r.example " + keys.line("ecdsa") + b"\n"

    def one(kind, proof, flags, host, *texts):
        control = bytes([kind, proof, flags, 0, 0, 0, 0, 0])
        parts = [b"dev-1", b"work", b"me@laptop", b"git", host, hosts]
        return control + PART_END.join(parts + [text.encode() for text in texts])

    for text in files:
        yield one(1, 2, 32, b"a.example", text)
        yield one(1, 2, 127, b"a.example", EVERY_WORD, text)
        yield one(2, 0, 16, b"", text)
        yield one(0, 1, 8, b"a.example", text)
        yield one(1, 2, 96, b"r.example", text)


def sign_requests():
    """What real clients had signed."""
    for line in (ROOT / "tests/data/sign_requests").read_text().splitlines():
        if line and not line.startswith("#"):
            yield bytes.fromhex(line.split()[1])


def purpose(keys):
    yield from sign_requests()
    certificate = keys.certify("ed25519", "-n", "root")
    for request in sign_requests():  # for a plain key, with a certificate of it in the data
        size = struct.unpack(">I", request[:4])[0]
        if request[8:19] == b"ssh-ed25519" and b"cert" not in request:
            # The certificate of another key in place of this key: reaches the comparison.
            yield request.replace(request[:4 + size], string(certificate))


def proto(keys):
    for number, request in enumerate(sign_requests()):
        if number < 3:
            yield b"\1\0" + request
    for name in ("query", "session-bind@openssh.com"):
        yield b"\2\0" + string(name.encode()) + bytes(9)
    yield b"\3\x40" + string(b"passphrase")
    yield b"\3\4" + string(b"passphrase")
    for name in TYPES:
        yield b"\4\0" + keys.blob(name)
        yield b"\4\0" + keys.certify(name, "-n", "root")
        yield b"\5\0" + keys.certify(name, "-h", "-n", "a.example,b.example", "-V", VALID)
    yield b"\5\0" + keys.certify("ed25519", "-n", "root", "-O", "force-command=true", "-z", "7")
    for other in (b"ssh-dss", b"sk-ssh-ed25519@openssh.com", b"x"):
        yield b"\4\0" + string(other) + bytes(40)
    mpints = b"\0\0\0\1\x7f" + b"\0\0\0\2\0\x80" + b"\0\0\0\0"
    fields = bytes([0, 1, 2, 3 | 5 << 3, 5, 6 | 9 << 3, 7 | 9 << 3, 7 | 9 << 3, 7 | 9 << 3, 4])
    message = b"\1" + bytes(4) + bytes(range(8)) + b"bytes" + b"\1" + string(b"string") + mpints + b"rest"
    yield b"\6" + bytes([len(fields)]) + fields + message
    yield b"\6\2" + bytes([7 | 9 << 3, 4]) + b"\0\0\0\2\0\1"
    yield b"\6\1" + bytes([6 | 2 << 3]) + string(b"long")


class FakeAgent:
    """Answers SUCCESS to everything, and keeps what it was sent."""

    def __init__(self, path):
        self.frames = []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            with self.socket.accept()[0] as connection, connection.makefile("rb") as stream:
                while size := stream.read(4):
                    self.frames.append(stream.read(struct.unpack(">I", size)[0]))
                    connection.sendall(b"\0\0\0\1\6")


def ssh_add_constraints(keys, *hops):
    """What follows the constraint's name in ssh-add -h's message."""
    path = keys.directory / "agent"
    path.unlink(missing_ok=True)
    agent = FakeAgent(path)
    hosts = keys.directory / "hosts"
    hosts.write_bytes(b"a %s\nb %s\nb %s\n@cert-authority *.example %s\n" % tuple(
        keys.line(name) for name in ("ed25519", "ecdsa", "rsa", "ca")))
    options = [option for hop in hops for option in ("-h", hop)]
    subprocess.run(["ssh-add", "-q", "-H", hosts, *options, keys.directory / "p384"], check=True,
                   env={**os.environ, "SSH_AUTH_SOCK": str(path)})
    name = string(b"restrict-destination-v00@openssh.com")
    frame = next(frame for frame in agent.frames if name in frame)
    return frame[frame.index(name) + len(name) + 4:]


def constraint(keys):
    def one(constraints, *binds):
        rest = b"".join(string(body) for body in binds)
        part = -(-255 * len(constraints) // max(1, len(constraints) + len(rest)))
        return bytes([part]) + constraints + rest

    def bind(blob, session, forwarding, algorithm=b"ssh-ed25519", size=64):
        signature = string(algorithm) + string(bytes(size))
        return string(blob) + string(session) + string(signature) + bytes([forwarding])

    for hops in (["a"], ["a", "a>git@b"], ["x.example"], ["root@x.example", "a", "a>b", "b>*@x.example"]):
        yield one(ssh_add_constraints(keys, *hops))
    sk = string(b"sk-ssh-ed25519@openssh.com") + string(bytes(32)) + string(b"ssh:")
    yield one(b"", bind(sk, b"1" * 32, 1), bind(sk, b"2" * 32, 1), bind(sk, b"3" * 32, 0), bind(sk, b"4", 0))
    yield one(b"", bind(sk, b"1", 1), bind(sk, b"1", 1), bind(sk, b"1", 0))
    yield one(b"", *(bind(sk, b"%d" % i, 1) for i in range(18)))
    yield one(b"", bind(string(b"ssh-dss") + bytes(9), b"1", 1), bind(keys.blob("ed25519"), b"2", 1))
    yield one(b"", bind(string(b"unknown") + bytes(9), b"1", 1), bind(b"", b"2", 1))
    yield one(b"", bind(keys.blob("rsa"), b"1", 0, b"rsa-sha2-256", 256))
    yield one(b"", bind(keys.blob("ecdsa"), b"1", 0, b"ecdsa-sha2-nistp256", 72))
    yield one(b"", bind(keys.blob("ed25519"), b"", 0))


TARGETS = {"constraint": constraint, "proto": proto, "purpose": purpose, "known_hosts": known_hosts, "policy": policy}


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in TARGETS:
        sys.exit(f"usage: {sys.argv[0]} {'|'.join(TARGETS)} DIRECTORY")
    directory = pathlib.Path(sys.argv[2])
    directory.mkdir(parents=True, exist_ok=True)
    os.umask(0o077)
    with tempfile.TemporaryDirectory() as scratch:
        for number, seed in enumerate(TARGETS[sys.argv[1]](Keys(scratch))):
            (directory / f"seed{number}").write_bytes(seed)


if __name__ == "__main__":
    main()
