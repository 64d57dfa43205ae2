#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The private numbers of unencrypted OpenSSH key files, for scan: `secrets.py KEYFILE...`.

Prints "KEY.NUMBER HEX" lines. KEY is the file's name. Big-endian where it is a number; scan looks
for both orders. Format: OpenSSH's PROTOCOL.key; the names of RSA's numbers are those of RFC 8017.
"""
import base64
import hashlib
import os
import struct
import sys


class Reader:
    def __init__(self, data):
        self.data = data

    def take(self, n):
        if n > len(self.data):
            sys.exit("secrets.py: the file is cut short")
        taken, self.data = self.data[:n], self.data[n:]
        return taken

    def u32(self):
        return struct.unpack(">I", self.take(4))[0]

    def string(self):
        return self.take(self.u32())

    def number(self):
        return int.from_bytes(self.string(), "big")


def ed25519(fields):
    fields.string()  # public
    seed = fields.string()[:32]
    expanded = hashlib.sha512(seed).digest()
    scalar = bytearray(expanded[:32])
    scalar[0] &= 248
    scalar[31] = scalar[31] & 127 | 64
    return {"seed": seed, "hash": expanded[:32], "scalar": bytes(scalar), "prefix": expanded[32:]}


def rsa(fields):
    fields.number(), fields.number()  # n, e
    d, qinv, p, q = (fields.number() for _ in range(4))
    return {"d": d, "p": p, "q": q, "dp": d % (p - 1), "dq": d % (q - 1), "qinv": qinv}


def ecdsa(fields):
    fields.string(), fields.string()  # curve, point
    return {"d": fields.number()}


def private_part(path):
    with open(path, encoding="ascii") as file:
        lines = [line for line in file if not line.startswith("-")]
    reader = Reader(base64.b64decode("".join(lines)))
    reader.take(len(b"openssh-key-v1\0"))
    if reader.string() != b"none":
        sys.exit(f"secrets.py: {path} is encrypted")
    reader.string(), reader.string(), reader.u32(), reader.string()
    private = Reader(reader.string())
    private.take(8)  # the same random number twice
    return private


def numbers(path):
    fields = private_part(path)
    kind = fields.string().decode()
    if kind == "ssh-ed25519":
        return ed25519(fields)
    return rsa(fields) if kind == "ssh-rsa" else ecdsa(fields)


def main():
    for path in sys.argv[1:]:
        for name, value in numbers(path).items():
            if isinstance(value, int):
                value = value.to_bytes((value.bit_length() + 7) // 8, "big")
            print(f"{os.path.basename(path)}.{name} {value.hex()}")


main()
