#!/usr/bin/env python3
"""An ssh-agent that does not behave, for the tests.

    fakeagent.py SOCKET [--behind SOCKET] [--sk KEY.pem] [--delay SECONDS] [--hang list|sign] [--break sign] [--log FILE]

--behind relays to a real agent. --sk is an agent of its own, with one key as a
FIDO token has it: sk-ssh-ed25519, signed with the private key in KEY.pem, its
public half written to KEY.pem.pub. --delay answers a request to sign late, as
one does that waits for a touch; --hang never answers, --break ends the connection. --log gets a line for
each request: list or sign."""

import argparse
import base64
import hashlib
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

FAILURE, LIST, KEYS, SIGN, SIGNATURE = 5, 11, 12, 13, 14
SK_TYPE, APPLICATION = b"sk-ssh-ed25519@openssh.com", b"ssh:"
TOUCHED = 1


def string(data):
    return struct.pack(">I", len(data)) + data


def get_string(data, at):
    size = struct.unpack_from(">I", data, at)[0]
    return data[at + 4:at + 4 + size], at + 4 + size


def exactly(sock, size):
    data = b""
    while len(data) < size:
        part = sock.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def receive(sock):
    return exactly(sock, struct.unpack(">I", exactly(sock, 4))[0])


class Token:
    def __init__(self, path):
        self.path = path
        der = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"],
                             check=True, stdout=subprocess.PIPE).stdout
        self.blob = string(SK_TYPE) + string(der[-32:]) + string(APPLICATION)
        with open(path + ".pub", "w", encoding="ascii") as public:
            public.write(f"{SK_TYPE.decode()} {base64.b64encode(self.blob).decode()} token\n")

    def answer(self, request):
        if request[0] == LIST:
            return struct.pack(">BI", KEYS, 1) + string(self.blob) + string(b"token")
        if request[0] != SIGN:
            return bytes([FAILURE])
        blob, at = get_string(request, 1)
        data, at = get_string(request, at)
        if blob != self.blob:
            return bytes([FAILURE])
        rest = struct.pack(">BI", TOUCHED, 7)
        signed = hashlib.sha256(APPLICATION).digest() + rest + hashlib.sha256(data).digest()
        with tempfile.NamedTemporaryFile() as file:
            file.write(signed)
            file.flush()
            raw = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.path, "-in", file.name],
                                 check=True, stdout=subprocess.PIPE).stdout
        return bytes([SIGNATURE]) + string(string(SK_TYPE) + string(raw) + rest)


class Relay:
    def __init__(self, path):
        self.path = path

    def answer(self, request):
        with socket.socket(socket.AF_UNIX) as agent:
            agent.connect(self.path)
            agent.sendall(string(request))
            return receive(agent)


def serve(client, inner, options):
    name = {LIST: "list", SIGN: "sign"}
    try:
        while True:
            request = receive(client)
            what = name.get(request[0], "other")
            if options.log:
                with open(options.log, "a", encoding="ascii") as log:
                    log.write(what + "\n")
            if options.hang == what:
                threading.Event().wait()
            if options.broken == what:
                raise EOFError
            if what == "sign":
                time.sleep(options.delay)
            client.sendall(string(inner.answer(request)))
    except (EOFError, ConnectionError):
        client.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("socket")
    parser.add_argument("--behind")
    parser.add_argument("--sk")
    parser.add_argument("--delay", type=float, default=0)
    parser.add_argument("--hang", choices=["list", "sign"])
    parser.add_argument("--break", dest="broken", choices=["list", "sign"])
    parser.add_argument("--log")
    options = parser.parse_args()
    inner = Token(options.sk) if options.sk else Relay(options.behind)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(options.socket + ".new")
    listener.listen(8)
    # It is there only once it can be connected to.
    os.rename(options.socket + ".new", options.socket)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, inner, options), daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
