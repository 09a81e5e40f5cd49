#!/usr/bin/env python3
"""Clients of a Docker socket that do what one person's docker never does.

    load.py crowd SOCKET COUNT          COUNT connections, all open before the first asks; two
                                        requests on each
    load.py slow SOCKET PATH HERE GO [N]   asks for PATH, reads a little (or N bytes), makes the file
                                        HERE, reads on when the file GO is there; prints length and
                                        SHA-256
    load.py fast SOCKET PATH            the same without the pause
    load.py ping SOCKET SECONDS         asks again and again; prints the longest time in ms
    load.py leave SOCKET COUNT          COUNT connections in the middle of an answer, then gone

Exit status 1, with a line for each failure, when anything was not as it should be."""

import hashlib
import http.client
import os
import socket
import sys
import threading
import time


class Docker(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("docker", timeout=150)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def ping(self):
        self.request("GET", "/_ping")
        answer = self.getresponse()
        body = answer.read()
        if (answer.status, body) != (200, b"OK"):
            raise RuntimeError(f"answer {answer.status} {body!r}")


def crowd(path, count):
    """Every thread connects, waits for all others, then asks twice."""
    count = int(count)
    start, connected = threading.Barrier(count), threading.Barrier(count)
    failures = []

    def one(number):
        client = Docker(path)
        try:
            start.wait(60)
            client.connect()
        except (OSError, threading.BrokenBarrierError) as problem:
            failures.append(f"connection {number}: {problem!r}")
            connected.abort()
            return
        try:
            connected.wait(60)
            client.ping()
            client.ping()
        except (OSError, RuntimeError, http.client.HTTPException) as problem:
            failures.append(f"connection {number}: {problem!r}")
        client.close()

    threads = [threading.Thread(target=one, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def wait_for_file(path):
    while not os.path.exists(path):
        time.sleep(0.05)


def take(path, url, here=None, go=None, after=0):
    client = Docker(path)
    client.request("GET", url)
    answer = client.getresponse()
    digest, length = hashlib.sha256(), 0
    while data := answer.read(65536):
        if here and length >= int(after):
            with open(here, "w", encoding="ascii"):
                pass
            here = None
            wait_for_file(go)
        digest.update(data)
        length += len(data)
    print(length, digest.hexdigest())
    return [] if answer.status == 200 else [f"status {answer.status}"]


def ping(path, seconds):
    end, longest = time.monotonic() + float(seconds), 0.0
    while time.monotonic() < end:
        begin = time.monotonic()
        client = Docker(path)
        client.ping()
        client.close()
        longest = max(longest, time.monotonic() - begin)
        time.sleep(0.05)
    print(round(longest * 1000))
    return []


def leave(path, count):
    clients = []
    for _ in range(int(count)):
        client = Docker(path)
        client.request("GET", "/events")
        client.getresponse()
        clients.append(client)
    print("there", flush=True)
    os._exit(0)  # as if killed: no goodbye on any of them


def main():
    actions = {"crowd": crowd, "slow": take, "fast": take, "ping": ping, "leave": leave}
    failures = actions[sys.argv[1]](*sys.argv[2:])
    for failure in failures:
        print(failure)
    return 1 if failures else 0


sys.exit(main())
