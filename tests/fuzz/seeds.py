#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Writes the first inputs of the targets that take keys: seeds.py DIRECTORY.

What ssh-keygen and openssl make: a key of each kind, its certificate, its file in each format and
encrypted in each way. For nothing else: the corpus in the tree came from here, and was minimised.
"""
import base64
import pathlib
import struct
import subprocess
import sys
import tempfile

PASS = "12345"
KINDS = (("ed25519", "256"), ("rsa", "2048"), ("ecdsa", "256"), ("ecdsa", "384"), ("ecdsa", "521"))
LABELS = ("", "OPENSSH PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY",
          "ENCRYPTED PRIVATE KEY")
RFC1421 = ("-aes128", "-aes256", "-des3")
PBES2 = (("-v2", "aes-256-cbc"), ("-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"),
         ("-v2", "des-ede3-cbc", "-v2prf", "hmacWithSHA512"), ("-v1", "PBE-SHA1-3DES"))
OPENSSH_CIPHERS = ("aes256-ctr", "aes128-cbc", "aes256-gcm@openssh.com", "3des-cbc",
                   "chacha20-poly1305@openssh.com")


def string(data):
    return struct.pack(">I", len(data)) + data


def run(*argv, cwd):
    subprocess.run(argv, cwd=cwd, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


class Seeds:
    """Files of one target's corpus."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def put(self, name, data):
        (self.directory / name).write_bytes(data)


def armored(text):
    """The label and the bytes of the last part that has a private key."""
    label, body = "", b""
    for line in text.splitlines():
        if line.startswith("-----BEGIN "):
            label, body = line[11:-5], b""
        elif line.startswith("-----END "):
            if label.endswith("PRIVATE KEY"):
                return label, base64.b64decode(body)
        else:
            body += line.encode()
    raise ValueError("no private key")


def key_file_seeds(seeds, name, text, passphrase=""):
    """The file as text, and what is in its base64."""
    secret = bytes([len(passphrase)]) + passphrase.encode()
    seeds.put(f"text-{name}", b"\0" + secret + text.encode())
    if "Proc-Type" not in text:
        label, body = armored(text)
        seeds.put(f"bytes-{name}", bytes([LABELS.index(label)]) + secret + body)


def write_key_files(seeds, work, name):
    plain = (work / name).read_text()
    key_file_seeds(seeds, name, plain)
    for cipher in OPENSSH_CIPHERS if name.startswith("ed25519") else OPENSSH_CIPHERS[:1]:
        (work / "copy").write_text(plain)
        (work / "copy").chmod(0o600)
        run("ssh-keygen", "-p", "-P", "", "-N", PASS, "-a", "1", "-Z", cipher, "-f", "copy", cwd=work)
        key_file_seeds(seeds, f"{name}-{cipher.split('@')[0]}", (work / "copy").read_text(), PASS)


def write_pem(seeds, work, kind, bits):
    """PKCS #8 of each kind, and the older forms of those that had one; encrypted, too."""
    algorithm = {"ed25519": ("ed25519",), "rsa": ("RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}"),
                 "ecdsa": ("EC", "-pkeyopt", f"ec_paramgen_curve:P-{bits}")}[kind]
    run("openssl", "genpkey", "-algorithm", *algorithm, "-out", "pkcs8", cwd=work)
    key_file_seeds(seeds, f"pkcs8-{kind}{bits}", (work / "pkcs8").read_text())
    for number, how in enumerate(PBES2 if kind != "rsa" else PBES2[:1]):
        run("openssl", "pkcs8", "-topk8", "-in", "pkcs8", "-out", "sealed", "-passout", f"pass:{PASS}",
            "-iter", "2", *how, cwd=work)
        key_file_seeds(seeds, f"pbe{number}-{kind}{bits}", (work / "sealed").read_text(), PASS)
    old = {"rsa": ("rsa", "-traditional"), "ecdsa": ("ec",)}.get(kind)
    if old is None:
        return
    run("openssl", *old, "-in", "pkcs8", "-out", "old", cwd=work)
    key_file_seeds(seeds, f"old-{kind}{bits}", (work / "old").read_text())
    for cipher in RFC1421 if kind == "ecdsa" and bits == "256" else RFC1421[:1]:
        run("openssl", *old, cipher, "-passout", f"pass:{PASS}", "-in", "pkcs8", "-out", "old", cwd=work)
        key_file_seeds(seeds, f"rfc1421{cipher}-{kind}{bits}", (work / "old").read_text(), PASS)


class Reader:
    """Fields of the wire format."""

    def __init__(self, data):
        self.data = data

    def take(self, size):
        taken, self.data = self.data[:size], self.data[size:]
        return taken

    def string(self):
        return self.take(struct.unpack(">I", self.take(4))[0])


def add_fields(file):
    """Type, public and private fields, and comment of an openssh-key-v1 file, as ADD has them."""
    reader = Reader(armored(file)[1])
    reader.take(15)
    for _ in range(3):
        reader.string()
    reader.take(4)
    reader.string()
    reader = Reader(reader.string())
    reader.take(8)
    kind = reader.string()
    count = 6 if kind == b"ssh-rsa" else 2 if kind == b"ssh-ed25519" else 3
    return kind, [reader.string() for _ in range(count)], reader.string()


def private_fields(kind, fields):
    if kind == b"ssh-rsa":
        return fields[2:]
    return fields if kind == b"ssh-ed25519" else fields[2:]


CONSTRAINTS = {
    "life": b"\x01" + struct.pack(">I", 600),
    "confirm": b"\x02",
    "both": b"\x01\0\0\0\x05\x02",
    "sk": b"\xff" + string(b"sk-provider@openssh.com") + string(b"internal"),
    "unknown": b"\xff" + string(b"x@example.com") + string(b""),
    "destination": b"\xff" + string(b"restrict-destination-v00@openssh.com") + string(string(
        string(string(b"") + string(b"") + string(b""))
        + string(string(b"root") + string(b"*.example.com") + string(b"")) + string(b""))),
}


def write_add(seeds, work, name):
    kind, fields, comment = add_fields((work / name).read_text())
    body = b"".join(string(field) for field in fields)
    message = string(kind) + body + string(comment)
    seeds.put(name, b"\x11" + message)
    for constraint, data in CONSTRAINTS.items() if name == "ed25519256" else ():
        seeds.put(f"{name}-{constraint}", b"\x19" + message + data)
    certificate = base64.b64decode((work / f"{name}-cert.pub").read_text().split()[1])
    kind_len = struct.unpack(">I", certificate[:4])[0]
    private = b"".join(string(field) for field in private_fields(kind, fields))
    seeds.put(f"{name}-cert", b"\x11" + certificate[:4 + kind_len] + string(certificate) + private
              + string(comment))


# fuzz_ipc.c
(RAW, REQUEST, ADD, SIGN, REMOVE, REMOVE_ALL, EXPIRE, LOCK, UNLOCK, REVOKE, FILE, PASSPHRASE, ADD_FILE,
 UNSEAL, DROP, PACKET, WAIT, CUT, SETTLE) = range(19)
WITHOUT, ONCE, WHILE, OTHER, USED, OVER = range(6)
LOGIN = (string(b"session id") + b"\x32" + string(b"root") + string(b"ssh-connection")
         + string(b"publickey-hostbound-v00@openssh.com") + b"\1" + string(b"ssh-ed25519"))
SSHSIG = b"SSHSIG" + string(b"git") + string(b"") + string(b"sha512") + string(b"h" * 64)
NO_LIFE = b"\xff" * 4


def command(number, *fields):
    """Fields: a number is a byte."""
    return bytes([number]) + b"".join(bytes([f]) if isinstance(f, int) else f for f in fields)


def program(*commands):
    return b"".join(string(one) for one in commands)


def sign(key=0, flags=0, qube=0, approval=WITHOUT, data=SSHSIG):
    return command(SIGN, key, struct.pack(">I", flags), qube, approval, data)


def file_ticket(text, kind=0, confirm=0, public=b"", certificate=b"", comment=b"file"):
    return command(FILE, kind, confirm, NO_LIFE, string(public), string(certificate), string(comment),
                   text)


def blob(path):
    return base64.b64decode(path.read_text().split()[1])


def write_ipc(seeds, adds, work):
    """Programs of an agent and a prompt: each key, its constraints, files, locks, and what is none."""
    messages = {path.name: path.read_bytes() for path in adds.directory.iterdir()}
    zero = b"\0\0\0\0"

    def add(name, agent=0, life=zero):
        return command(ADD, agent, messages[name][0] == 25, life, messages[name][1:])

    for name in messages:
        seeds.put(f"add-{name}", program(add(name), sign(flags=4), sign(approval=ONCE), add(name),
                                         command(REMOVE, 0), sign()))
    confirm, plain = add("ed25519256-confirm"), add("ed25519256")
    for name, data in ("sshsig", SSHSIG), ("login", LOGIN), ("opaque", b"data"):
        seeds.put(f"approve-{name}", program(
            confirm, sign(qube=1, data=data), sign(qube=1, approval=ONCE, data=data),
            sign(qube=1, approval=USED, data=data), sign(qube=1, approval=WHILE, data=data),
            sign(qube=1, data=data), command(REVOKE, 0, 1), sign(qube=1, data=data),
            sign(approval=OTHER, data=data), sign(approval=OVER, data=data)))
    seeds.put("wait", program(add("ed25519256-life"), sign(), command(WAIT, struct.pack(">I", 700000)),
                              sign(), plain, command(WAIT, zero), command(EXPIRE)))
    seeds.put("lock", program(add("rsa2048"), confirm, command(LOCK, b"secret"), sign(flags=2), plain,
                              command(LOCK, b"x"), command(UNLOCK, b"wrong"), command(UNLOCK, b"secret"),
                              sign(flags=2), sign(key=1, approval=ONCE), command(UNLOCK, b"secret")))
    seeds.put("agents", program(plain, add("ed25519256", 1), command(REMOVE_ALL, 1), sign(), sign(key=1)))
    seeds.put("cut", program(command(CUT, 3), plain, sign(), command(CUT, 1), command(REMOVE_ALL, 0)))
    for key in "ed25519256", "ecdsa256":
        public, certificate = blob(work / f"{key}.pub"), blob(work / f"{key}-cert.pub")
        text = (work / key).read_bytes()
        (work / "copy").write_bytes(text)
        (work / "copy").chmod(0o600)
        run("ssh-keygen", "-p", "-P", "", "-N", PASS, "-a", "1", "-f", "copy", cwd=work)
        sealed = (work / "copy").read_bytes()
        seeds.put(f"file-{key}", program(
            file_ticket(text, public=public, certificate=certificate), command(ADD_FILE, 0, 0, zero),
            sign(), sign(key=1), file_ticket(text, confirm=1), command(ADD_FILE, 1, 0, zero), sign(key=2),
            file_ticket(text, certificate=public), command(ADD_FILE, 0, 0, zero)))
        for number, given in enumerate((PASS, "wrong", "")):
            seeds.put(f"sealed{number}-{key}", program(
                file_ticket(sealed, confirm=number, certificate=certificate),
                command(ADD_FILE, 0, 0, zero), sign(), sign(approval=ONCE),
                command(PASSPHRASE, 1, given.encode()), command(UNSEAL, 0, 0),
                command(REVOKE, 1, 0) if number == 1 else sign(key=1), sign(), command(SETTLE), sign()))
        seeds.put(f"seed-held-{key}", program(
            file_ticket(sealed, confirm=1, certificate=certificate), command(ADD_FILE, 0, 0, zero),
            sign(qube=1, approval=ONCE), command(PASSPHRASE, 1, PASS.encode()), command(UNSEAL, 0, 0),
            command(SETTLE), sign(qube=1), sign(qube=1)))
    (work / "copy").write_bytes((work / "pkcs8").read_bytes())
    run("openssl", "pkcs8", "-topk8", "-in", "copy", "-out", "sealed", "-passout", f"pass:{PASS}",
        "-iter", "2", "-v2", "aes-256-cbc", cwd=work)
    seeds.put("pem", program(
        file_ticket((work / "sealed").read_bytes(), public=blob(work / "pem.pub")),
        command(ADD_FILE, 0, 0, zero), command(PASSPHRASE, 1, PASS.encode()), command(UNSEAL, 0, 0),
        command(SETTLE), sign()))
    for kind in range(4):
        seeds.put(f"descriptor{kind}", program(
            command(FILE, kind, 0, NO_LIFE, zero, zero, zero, b"text"), command(ADD_FILE, 0, 0, zero),
            command(PASSPHRASE, kind, b"secret"), command(UNSEAL, 0, 0), command(DROP, 0),
            command(DROP, 1)))
    ticket = b"\0" * 7 + b"\7"
    for kind in range(6):
        seeds.put(f"packet{kind}", program(command(PACKET, kind, b"\2" + ticket), plain,
                                           command(PACKET, kind, b"\3" + ticket),
                                           command(PACKET, kind, b"\2" + ticket)))
    for number in range(12):
        seeds.put(f"request{number}", program(plain, command(REQUEST, number, b"\0" * 8),
                                              command(REQUEST, number, b"\0" * 16)))
    seeds.put("raw", program(command(RAW, b"\0\0\0\1\5"), command(RAW, b"\0\4\0\x41\1")))


# fuzz_client.c
(OPEN, BYTES, FRAME, C_SIGN, C_REMOVE, LONG, CLOSE, SHUTDOWN, READ, KEYSTORE, DELAY, SAY, GIVE, POLICY,
 KEY, PROBLEM, AUDIT, TURNS, C_WAIT, C_CUT) = range(20)
NO_QUBE, RAW_QUBE, AUTO, ASKS, NEVER, AUTO_WORK, REMEMBERS, NOBODY, DOM0 = range(9)
DENY, ALLOW_ONCE, ALLOW_WHILE, NO_ANSWER, NO_DISPLAY, FAILED = range(6)
LIST, REMOVE_ALL_KEYS, LOCK_AGENT, UNLOCK_AGENT, EXTENSION = 11, 19, 22, 23, 27
CONTROL = ("query", "status@split-ssh", "check@split-ssh", "grants@split-ssh", "x@example.com")


def make_host(work, name):
    """A host's key; returns its blob."""
    run("openssl", "genpkey", "-algorithm", "ed25519", "-out", name, cwd=work)
    (work / name).chmod(0o600)
    der = subprocess.run(("openssl", "pkey", "-in", name, "-pubout", "-outform", "DER"), cwd=work,
                         check=True, capture_output=True).stdout
    return string(b"ssh-ed25519") + string(der[-32:])


def session_bind(work, name, host_blob, session, forwarding):
    """session-bind@openssh.com, signed by the host's key (OpenSSH's PROTOCOL.agent)."""
    (work / "session").write_bytes(session)
    run("openssl", "pkeyutl", "-sign", "-inkey", name, "-rawin", "-in", "session", "-out",
        "signature", cwd=work)
    signature = string(b"ssh-ed25519") + string((work / "signature").read_bytes())
    return (string(b"session-bind@openssh.com") + string(host_blob) + string(session)
            + string(signature) + bytes([forwarding]))


def login(session, key_blob, host_blob=b""):
    method = b"publickey-hostbound-v00@openssh.com" if host_blob else b"publickey"
    return (string(session) + b"\x32" + string(b"root") + string(b"ssh-connection") + string(method)
            + b"\1" + string(b"ssh-ed25519") + string(key_blob)
            + (string(host_blob) if host_blob else b""))


def open_connection(number, caller, small=0):
    return command(OPEN, number, caller, small)


def frame(number, message, body=b""):
    return command(FRAME, number, message, body)


def ask_sign(number, data=SSHSIG, key=0, flags=0):
    return command(C_SIGN, number, key, struct.pack(">I", flags), data)


def write_client_vault(seeds, messages, local, add):
    """What programs in the vault do."""
    for name in messages:
        seeds.put(f"add-{name}", program(local, add(name), frame(0, LIST), ask_sign(0, flags=2),
                                         command(SAY, ALLOW_ONCE), command(C_REMOVE, 0, 0)))
    plain = add("ed25519256")
    seeds.put("lock", program(
        local, plain, frame(0, LOCK_AGENT, string(b"secret")), frame(0, LIST), ask_sign(0), plain,
        frame(0, UNLOCK_AGENT, string(b"wrong")), frame(0, UNLOCK_AGENT, string(b"secret")),
        command(C_WAIT, struct.pack(">I", 500)), frame(0, LIST), frame(0, LOCK_AGENT, string(b"x"))))
    seeds.put("remove-all", program(local, plain, frame(0, REMOVE_ALL_KEYS), frame(0, LIST)))
    seeds.put("control", program(local, plain, *(frame(0, EXTENSION, string(name.encode()))
                                                 for name in CONTROL),
                                 frame(0, EXTENSION, string(b"revoke@split-ssh") + b"\1" + string(b"")),
                                 frame(0, EXTENSION, string(b"list@split-ssh") + string(b"work")),
                                 frame(0, EXTENSION, string(b"reload@split-ssh") + string(b"")),
                                 frame(0, EXTENSION, string(b"policy-test@split-ssh") + string(b"auto")
                                       + string(b""))))
    seeds.put("messages", program(local, *(frame(0, number) for number in range(1, 31))))
    seeds.put("lies", program(local, command(KEYSTORE, 0, b"x" * 30), plain, command(KEYSTORE, 5), plain,
                              plain, command(KEYSTORE, 0, b"y" * 9), ask_sign(0), command(KEYSTORE, 3),
                              command(C_REMOVE, 0, 0), frame(0, LIST)))
    seeds.put("seed-audit", program(local, plain, command(AUDIT, 1), ask_sign(0), command(AUDIT, 0),
                               ask_sign(0)))
    confirm, other = add("ed25519256-confirm"), open_connection(1, NO_QUBE)
    seeds.put("seed-confirm-refused", program(local, plain, command(KEYSTORE, 5), confirm, ask_sign(0)))
    seeds.put("seed-confirm-late", program(
        local, plain, other, command(DELAY, 30), confirm, ask_sign(1), command(TURNS, 200),
        command(TURNS, 200), command(DELAY, 0), *(ask_sign(1), command(SAY, ALLOW_ONCE)) * 12))
    for ticket in range(8):
        seeds.put(f"file{ticket}", program(
            local, command(KEY, ticket, 0, string(b"/home/user/.ssh/identities.d/key")),
            frame(0, LIST), ask_sign(0), command(SAY, ALLOW_ONCE),
            command(GIVE, ALLOW_ONCE, ticket, ticket & 1), command(GIVE, ALLOW_ONCE, 0, 0),
            frame(0, EXTENSION, string(b"reload@split-ssh") + string(b"")),
            command(PROBLEM, 0, string(b"/x/key.ssh-add-option"), string(b"is wrong"))))
    seeds.put("file-hops", program(local, command(KEY, 0, 1, string(b"/x"), string(b"host"))))


def write_client_qubes(seeds, messages, local, add, work):
    """What qubes do, and may not."""
    plain, confirm = add("ed25519256"), add("ed25519256-confirm")
    for caller in range(AUTO, DOM0 + 1):
        seeds.put(f"qube{caller}", program(
            local, plain, open_connection(1, caller), frame(1, LIST), ask_sign(1),
            command(SAY, ALLOW_ONCE), ask_sign(1), frame(1, 17, messages["ed25519256"][1:]),
            frame(1, 18, b""), frame(1, REMOVE_ALL_KEYS), frame(1, LOCK_AGENT, string(b"x")),
            frame(1, EXTENSION, string(b"query")), frame(1, EXTENSION, string(b"status@split-ssh"))))
    for verdict in range(6):
        seeds.put(f"verdict{verdict}", program(
            local, plain, confirm, open_connection(1, ASKS), open_connection(2, REMEMBERS), ask_sign(1),
            command(SAY, verdict), ask_sign(2), command(SAY, verdict), ask_sign(2, key=1), ask_sign(0),
            command(SAY, verdict), command(CLOSE, 1)))
    seeds.put("descriptor", program(open_connection(0, RAW_QUBE),
                                    command(BYTES, 0, b"qubes.SshAgent+work de"),
                                    command(BYTES, 0, b"v\0\0\0\0\1\x0b"), command(C_CUT, 1),
                                    frame(0, LIST)))
    seeds.put("await", program(
        local, plain, open_connection(1, REMEMBERS), command(C_REMOVE, 0, 0), frame(1, LIST),
        frame(1, 13, string(blob(work / "ed25519256.pub")) + string(SSHSIG) + b"\0" * 4),
        command(TURNS, 3), plain, command(SAY, ALLOW_WHILE), ask_sign(1)))
    seeds.put("slow", program(local, plain, open_connection(1, AUTO, 1), command(READ, 1, 1),
                              *(frame(1, LIST) for _ in range(30)), command(READ, 1, 0),
                              command(LONG, 1, 13, struct.pack(">I", 100000)),
                              command(LONG, 0, 17, struct.pack(">I", 200000))))
    seeds.put("beside", program(
        local, plain, command(DELAY, 9), command(C_CUT, 7),
        *(open_connection(number, AUTO) for number in range(1, 6)),
        *(ask_sign(number) for number in range(1, 6)), command(CLOSE, 2), command(SHUTDOWN, 3)))
    seeds.put("intake", program(*(open_connection(number, NO_QUBE) for number in range(6)),
                                *(command(BYTES, number, b"\0\0\1\0\x11abc") for number in range(6)),
                                command(C_WAIT, struct.pack(">I", 3000))))
    seeds.put("policies", program(local, plain, open_connection(1, AUTO), command(POLICY, 1), ask_sign(1),
                                  command(POLICY, 2), open_connection(2, AUTO_WORK), frame(2, LIST)))
    seeds.put("seed-policy-answer", program(
        local, plain, open_connection(1, ASKS), ask_sign(1), command(POLICY, 1),
        command(SAY, ALLOW_ONCE), ask_sign(1)))


def hop_end(user, host, *keys):
    return string(string(user) + string(host) + string(b"")
                  + b"".join(string(key) + b"\0" for key in keys))


def write_client_destinations(seeds, message, work, host):
    """A key for root at one host, and from there to another; and all that it may not."""
    key, other = blob(work / "ed25519256.pub"), make_host(work, "other")
    hops = (hop_end(b"", b"") + hop_end(b"root", b"host", host) + string(b""),
            hop_end(b"", b"host", host) + hop_end(b"", b"other", other) + string(b""))
    add = frame(0, 25, message[1:] + b"\xff" + string(b"restrict-destination-v00@openssh.com")
                + string(b"".join(string(hop) for hop in hops)))
    asked = (login(b"session", key, host), login(b"session", key), login(b"session", key, other),
             login(b"other", key, other), login(b"none", key), SSHSIG)
    bind = session_bind(work, "host", host, b"session", 0)
    forwarded = session_bind(work, "host", host, b"hop", 1)
    beyond = session_bind(work, "other", other, b"other", 0)
    for name, binds in ("unbound", ()), ("bound", (bind,)), ("other", (beyond,)), (
            "forwarded", (forwarded,)), ("hop", (forwarded, beyond)), ("twice", (bind, beyond)):
        seeds.put(f"seed-destination-{name}", program(
            open_connection(0, NO_QUBE), add, open_connection(1, NO_QUBE), open_connection(2, AUTO),
            *(frame(number, EXTENSION, one) for number in (1, 2) for one in binds), frame(2, LIST),
            *(ask_sign(number, data) for number in (1, 2) for data in asked)))


def write_client_logins(seeds, messages, local, add, work):
    """ssh, with a server's proof and without."""
    host, key = make_host(work, "host"), blob(work / "ed25519256.pub")
    bind = session_bind(work, "host", host, b"session", 0)
    forwarded = session_bind(work, "host", host, b"hop", 1)
    write_client_destinations(seeds, messages["ed25519256"], work, host)
    for name, message in ("plain", "ed25519256"), ("confirm", "ed25519256-confirm"), (
            "destination", "ed25519256-destination"):
        for caller in NO_QUBE, ASKS, REMEMBERS:
            seeds.put(f"login-{name}{caller}", program(
                local, add(message), open_connection(1, caller), frame(1, EXTENSION, bind), frame(1, LIST),
                ask_sign(1, login(b"session", key, host)), command(SAY, ALLOW_WHILE),
                ask_sign(1, login(b"session", key, host)), ask_sign(1, login(b"session", key)),
                ask_sign(1, login(b"other", key)), command(SAY, ALLOW_ONCE)))
    seeds.put("login-forwarded", program(
        local, add("ed25519256"), open_connection(1, ASKS), frame(1, EXTENSION, forwarded),
        frame(1, EXTENSION, bind), ask_sign(1, login(b"session", key, host)), command(SAY, ALLOW_ONCE),
        frame(1, EXTENSION, bind), ask_sign(1, login(b"session", key, host))))


def write_client(seeds, adds, work):
    messages = {path.name: path.read_bytes() for path in adds.directory.iterdir()}
    local = open_connection(0, NO_QUBE)

    def add(name):
        return frame(0, messages[name][0], messages[name][1:])

    write_client_vault(seeds, messages, local, add)
    write_client_qubes(seeds, messages, local, add, work)
    write_client_logins(seeds, messages, local, add, work)


def main():
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} DIRECTORY")
    out = pathlib.Path(sys.argv[1])
    files, adds = Seeds(out / "key_files"), Seeds(out / "add")
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ca", "-f", "ca", cwd=work)
        for kind, bits in KINDS:
            name = kind + bits
            run("ssh-keygen", "-q", "-t", kind, "-b", bits, "-N", "", "-C", "a key", "-f", name, cwd=work)
            run("ssh-keygen", "-q", "-s", "ca", "-I", "id", "-n", "root", f"{name}.pub", cwd=work)
            write_key_files(files, work, name)
            write_pem(files, work, kind, bits)
            write_add(adds, work, name)
        run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out",
            "pkcs8", cwd=work)
        (work / "pkcs8").chmod(0o600)
        (work / "pem.pub").write_text(subprocess.run(
            ("ssh-keygen", "-y", "-f", "pkcs8"), cwd=work, check=True, capture_output=True,
            text=True).stdout)
        write_ipc(Seeds(out / "ipc"), adds, work)
        write_client(Seeds(out / "client"), adds, work)


main()
