#!/usr/bin/env python3
"""Breaks one session after the other, and looks what a client was told each time.

    breaks.py cuts WIRE SOCKET LIMIT LEAP  the connection is cut at byte N of each direction, from the
                                           banner to the first channel; at one of LEAP places
    breaks.py flips WIRE SOCKET LIMIT LEAP the same with one bit flipped
    breaks.py keytypes WIRE SOCKET LIMIT PORT
                                           one bit of the pinned type's name in the list of the server at PORT
    breaks.py transfers WIRE SOCKET LIMIT COUNT PATH SHA256
                                           bits flipped and cuts in the middle of long answers
    breaks.py reconnect WIRE SOCKET LIMIT COUNT CONTROL
                                           COUNT sessions, each cut as soon as it has served, with an
                                           answer on its way
    breaks.py silent WIRE SOCKET LIMIT     the line goes silent with answers on their way: prints after
                                           how many seconds the last of them was over

WIRE is the wire's control socket, CONTROL the tether's. Each request has to be answered, well
or with a reason, within LIMIT seconds, and the first that can be answered within a second
more. Exit status 1, and a line for each, when it was not."""

import hashlib
import http.client
import itertools
import json
import random
import socket
import sys
import time

from load_clients import Docker

SHORT = 30  # seconds at most for a new session after the wire let one pass: two logins and their backoff


def say_line(path, text):
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(30)
        s.connect(path)
        s.sendall(text.encode() + b"\n")
        with s.makefile("rb") as f:
            return json.loads(f.readline())


class Breaks:
    def __init__(self, wire, path, limit):
        self.wire, self.path, self.limit = wire, path, float(limit)
        self.failures, self.told, self.longest = [], {"ok": 0, "refused": 0, "error": 0}, 0.0

    def tell(self, text):
        answer = say_line(self.wire, text)
        if not answer["ok"]:
            raise RuntimeError(f"{text}: {answer}")
        return answer

    def fail(self, where, why):
        self.failures.append(f"{where}: {why}")

    def ask(self):
        """One request on a connection of its own: ok, refused or error, and how long it took."""
        begin = time.monotonic()
        try:
            answer = Docker(self.path, self.limit).ask("GET", "/_ping")
            good = answer is not None and (answer.status, answer.read()) == (200, b"OK")
            outcome = "refused" if answer is None else "ok" if good else "corrupt"
        except TimeoutError:
            outcome = "hang"
        except (OSError, http.client.HTTPException):
            outcome = "error"
        return outcome, time.monotonic() - begin

    def check(self, where):
        """What the one who waited is told, and that the next one is served."""
        outcome, took = self.ask()
        self.longest = max(self.longest, took)
        if outcome not in self.told:
            self.fail(where, f"{outcome} after {took:.1f} s")
            return
        self.told[outcome] += 1
        begin = time.monotonic()
        while outcome != "ok" and time.monotonic() - begin < SHORT:
            outcome, _ = self.ask()
        if outcome != "ok":
            self.fail(where, f"not served again within {SHORT} s: {outcome}")

    def places(self):
        """Bytes of a login: each of the banner's beginning, then ever fewer."""
        place, step = 0, 7
        while True:
            yield place
            place += step
            step = step * 3 // 2 if step < 250 else step + random.randrange(-20, 20)

    def handshakes(self, faults, leap):
        for direction in ("up", "down"):
            places = itertools.islice(self.places(), random.randrange(int(leap)), None, int(leap))
            for number, place in enumerate(places):
                fault = faults[number % len(faults)]
                self.tell(f"{fault} after {place} {direction}")
                self.tell("cut rst")
                self.check(f"{fault} after {place} {direction}")
                # A login is shorter than that.
                if self.tell("forget")["forgotten"]:
                    break

    def cuts(self, leap):
        self.handshakes(("cut fin", "cut rst"), leap)

    def flips(self, leap):
        self.handshakes(("flip",), leap)

    def keytypes(self, port):
        """A bit of the name of the pinned type, in the list that the server sends first."""
        with socket.create_connection(("127.0.0.1", int(port)), 30) as s, s.makefile("rwb") as f:
            f.write(b"SSH-2.0-breaks\r\n")
            f.flush()
            banner = f.readline()
            packet = f.read(int.from_bytes(f.peek(4)[:4], "big") + 4)
        place = len(banner) + packet.index(b"ssh-ed25519")
        for byte in (4, 7, 9):
            self.tell(f"flip after {place + byte} down")
            self.tell("cut rst")
            self.check(f"flip of a type's byte {byte}")

    def transfer(self, url, wanted):
        digest = hashlib.sha256()
        try:
            answer = Docker(self.path, self.limit).ask("GET", url)
            if answer is None:
                return "refused"
            while data := answer.read(65536):
                digest.update(data)
        except TimeoutError:
            return "hang"
        except (OSError, http.client.HTTPException):
            return "error"
        return "ok" if digest.hexdigest() == wanted else "corrupt"

    def transfers(self, count, url, wanted):
        for number in range(int(count)):
            fault = ("flip", "cut fin", "cut rst")[number % 3]
            where = f"{fault} in {random.randrange(2000, 11000000)} down"
            if number % 6 >= 3:
                where = f"{fault} in {random.randrange(300, 2000)} up"
            self.tell(where)
            outcome = self.transfer(url, wanted)
            if outcome not in self.told:
                self.fail(where, outcome)
            else:
                self.told[outcome] += 1
            self.tell("forget")
            self.check(where)
        if self.told["error"] == 0:
            self.fail("transfers", "none was cut: nothing was tried")

    def begin_events(self):
        client = Docker(self.path, self.limit)
        answer = client.ask("GET", "/events")
        return (client, answer) if answer is not None else None

    def ended(self, stream):
        """How long until a stream that nothing comes by is over; None when it is not."""
        begin = time.monotonic()
        try:
            stream[1].read(1)
        except TimeoutError:
            return None
        except (OSError, http.client.HTTPException):
            pass
        return time.monotonic() - begin

    def reconnect(self, count, control):
        for number in range(int(count)):
            outcome, took = self.ask()
            self.longest = max(self.longest, took)
            if outcome != "ok":
                self.fail(f"session {number}", f"{outcome} after {took:.1f} s")
                continue
            stream = self.begin_events()
            self.tell("cut rst" if number % 2 else "cut fin")
            if stream is not None and self.ended(stream) is None:
                self.fail(f"session {number}", "a stream outlived its session")
            # Cuts the backoff short, as does the next connection when it may.
            say_line(control, '{"op":"up"}')

    def silent(self):
        streams = [self.begin_events() for _ in range(20)]
        self.tell("blackhole")
        begin = time.monotonic()
        for stream in streams:
            if self.ended(stream) is None:
                self.fail("silent", "a stream is still there")
        print(f"{time.monotonic() - begin:.2f}")
        self.tell("go")


def main():
    b = Breaks(*sys.argv[2:5])
    begin = time.monotonic()
    getattr(b, sys.argv[1])(*sys.argv[5:])
    print(sys.argv[1], *(f"{name} {n}" for name, n in b.told.items()),
          f"longest {b.longest:.2f} s, {time.monotonic() - begin:.0f} s in all", file=sys.stderr)
    for failure in b.failures[:20]:
        print(failure)
    return 1 if b.failures else 0


sys.exit(main())
