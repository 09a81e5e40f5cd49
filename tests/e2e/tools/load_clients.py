#!/usr/bin/env python3
"""Many clients of a Docker socket, without a pause, while somebody breaks what is behind it.

    load_clients.py SOCKET REPORT LIMIT KIND...

Runs until REPORT.stop is there, and prints a table then; REPORT (JSON) is written all the
time. Exit status 1, and a line for each, when something happened that must not:

    hang      a client heard nothing for longer than LIMIT seconds
    corrupt   a client was given bytes that the server has not sent
    clean     a stream or an answer was cut and looked as if it had ended
    gone      the socket was not there, or refused to be connected to

An error is none of these: a client that is told can try again. KIND is one client each:

    ping              GET /_ping on a connection of its own
    list              GET /containers/json on one that is kept
    get=PATH,SHA256   a long answer, whose bytes are compared
    put=NAME,DIRECT   an upload to the container NAME; what was said to have arrived is
                      compared with what DIRECT, the daemon's own socket, gives back
    raw=NAME          a hijacked stream of `cat` in the container NAME
    vanish            (not a client) the tether is going to be killed: `gone` is no failure"""

import hashlib
import http.client
import io
import json
import os
import random
import socket
import sys
import tarfile
import threading
import time

KEPT = 20  # failures that are told


class Failure(Exception):
    def __init__(self, what, why):
        super().__init__(f"{what}: {why}")
        self.what = what


class Docker(http.client.HTTPConnection):
    def __init__(self, path, limit):
        super().__init__("docker", timeout=limit)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def ask(self, method, url, body=None, headers=None):
        """The answer; None when it is the tether's own, which says why there is no other."""
        self.request(method, url, body, headers or {})
        answer = self.getresponse()
        if answer.status == 503:
            said = answer.read()
            if not said.startswith(b'{"message":"docktether: '):
                raise Failure("corrupt", f"503 with {said[:80]!r}")
            return None
        return answer


# ---- what a client does: "ok", "refused", or an exception ------------------------------


def ping(crew, _):
    client = Docker(crew.path, crew.limit)
    answer = client.ask("GET", "/_ping")
    if answer is None:
        return "refused"
    body = answer.read()
    client.close()
    if (answer.status, body) != (200, b"OK"):
        raise Failure("corrupt", f"{answer.status} {body[:80]!r}")
    return "ok"


def lister(crew, mine):
    client = mine.setdefault("client", Docker(crew.path, crew.limit))
    try:
        answer = client.ask("GET", "/containers/json?all=1")
        if answer is None:
            client.close()
            return "refused"
        body = answer.read()
    except Exception:
        client.close()
        raise
    if answer.status == 200 and not isinstance(json.loads(body), list):
        raise Failure("corrupt", body[:80])
    return "ok" if answer.status == 200 else "error"


def get(crew, mine, url, wanted):
    client = Docker(crew.path, crew.limit)
    answer = client.ask("GET", url)
    if answer is None:
        return "refused"
    digest = hashlib.sha256()
    while data := answer.read(65536):
        digest.update(data)
    client.close()
    if answer.status != 200:
        return "error"
    if digest.hexdigest() != wanted:
        raise Failure("corrupt", f"{url}: another SHA256")
    return "ok"


def tar_of(name, data):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def put(crew, mine, container, direct):
    mine["turn"] = mine.get("turn", 0) + 1
    # An upload that was cut may still be on its way into its file while the next ones arrive: the server of a
    # client that has vanished takes its time to notice.
    name, data = f"up{mine['turn'] % 32}", os.urandom(3000000)
    client = Docker(crew.path, crew.limit)
    answer = client.ask("PUT", f"/containers/{container}/archive?path=/", tar_of(name, data))
    if answer is None:
        return "refused"
    answer.read()
    client.close()
    if answer.status != 200:
        return "error"
    try:
        there = Docker(direct, 60).ask("GET", f"/containers/{container}/archive?path=/{name}").read()
        with tarfile.open(fileobj=io.BytesIO(there)) as tar:
            found = tar.extractfile(name).read()
    except (OSError, AttributeError, http.client.HTTPException, tarfile.TarError):
        return "ok"  # the daemon itself is being restarted
    if found != data:
        good = len(os.path.commonprefix([found, data]))
        raise Failure("corrupt", f"of {name}, which was said to have arrived, {good} bytes are right, {len(found)} there")
    return "ok"


class Frames:
    """The output of a container without a terminal: eight bytes, then as many as they say."""

    def __init__(self, sock):
        self.sock, self.left = sock, 0

    def exactly(self, count):
        data = b""
        while len(data) < count:
            more = self.sock.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def read(self, count):
        data = b""
        while len(data) < count:
            if self.left == 0:
                head = self.exactly(8)
                if head[:4] != b"\1\0\0\0":
                    raise Failure("corrupt", f"a stream's frame begins with {head!r}")
                self.left = int.from_bytes(head[4:], "big")
            part = self.exactly(min(self.left, count - len(data)))
            self.left -= len(part)
            data += part
        return data


def hijack(crew, container):
    client = Docker(crew.path, crew.limit)
    headers = {"Content-Type": "application/json"}
    order = {"AttachStdin": True, "AttachStdout": True, "Cmd": ["cat"]}
    answer = client.ask("POST", f"/containers/{container}/exec", json.dumps(order), headers)
    if answer is None:
        return "refused", None
    made = json.loads(answer.read())
    client.close()
    if answer.status != 201:
        return "error", None
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(crew.limit)
    sock.connect(crew.path)
    body = b'{"Detach":false,"Tty":false}'
    sock.sendall(f"POST /exec/{made['Id']}/start HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\n"
                 f"Upgrade: tcp\r\nContent-Type: application/json\r\n"
                 f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = sock.recv(1)
        if not byte:
            return "error", None
        head += byte
    if b" 503 " in head.split(b"\r\n")[0]:
        return "refused", None
    return ("ok", sock) if b" 101 " in head.split(b"\r\n")[0] else ("error", None)


def raw(crew, mine, container):
    outcome, sock = hijack(crew, container)
    if sock is None:
        return outcome
    frames, said = Frames(sock), False
    with sock:
        try:
            for _ in range(20):
                data = os.urandom(random.randint(1, 40000))
                sock.sendall(data)
                if frames.read(len(data)) != data:
                    raise Failure("corrupt", "a stream's bytes are not those sent")
                said = True
                time.sleep(0.01)
            sock.shutdown(socket.SHUT_WR)
            if sock.recv(1):
                raise Failure("corrupt", "more than was sent came back")
        except EOFError:
            # The daemon's own end looks like that, too; then it is not the tether's fault.
            if crew.daemon_stays and said:
                raise Failure("clean", "a hijacked stream was cut and ended cleanly") from None
            return "error"
    return "ok"


KINDS = {"ping": ping, "list": lister, "get": get, "put": put, "raw": raw}

# ---- all of them -------------------------------------------------------------------------


class Crew:
    def __init__(self, path, report, limit):
        self.path, self.report, self.limit = path, report, float(limit)
        self.lock, self.counts, self.failures = threading.Lock(), {}, []
        self.vanishes, self.daemon_stays = False, True
        self.busy = {}

    def stopped(self):
        return os.path.exists(self.report + ".stop")

    def note(self, kind, outcome, took, why=""):
        with self.lock:
            counts = self.counts[kind]
            if outcome in counts:
                counts[outcome] += 1
            else:
                self.failures.append(f"{time.strftime('%T')} {kind}: {why} after {took:.1f} s")
            counts["longest_ms"] = max(counts["longest_ms"], round(took * 1000))

    def attempt(self, act, mine, arguments):
        try:
            return act(self, mine, *arguments), ""
        except Failure as problem:
            return problem.what, str(problem)
        except TimeoutError:
            return "hang", f"hang: nothing for {self.limit} s"
        except (FileNotFoundError, ConnectionRefusedError) as problem:
            return ("error" if self.vanishes else "gone"), f"gone: {problem!r}"
        except http.client.RemoteDisconnected as problem:
            return "error", repr(problem)
        except http.client.BadStatusLine as problem:
            return "corrupt", f"corrupt: {problem!r}"
        except (OSError, http.client.HTTPException) as problem:
            return "error", repr(problem)
        except ValueError as problem:
            return "corrupt", f"corrupt: {problem!r}"

    def client(self, word):
        kind, _, rest = word.partition("=")
        act, mine = KINDS[kind], {}
        arguments = rest.split(",") if rest else []
        while not self.stopped():
            begin = time.monotonic()
            outcome, why = self.attempt(act, mine, arguments)
            took = time.monotonic() - begin
            self.note(kind, outcome, took, why)
            # Who was told to go away does not come back in the same moment.
            time.sleep(0.02 if outcome == "ok" else 0.05)

    def write_report(self):
        with self.lock:
            text = json.dumps({"kinds": self.counts, "failures": len(self.failures)})
        with open(self.report + ".new", "w", encoding="ascii") as f:
            f.write(text)
        os.replace(self.report + ".new", self.report)

    def run(self, words):
        self.vanishes = "vanish" in words
        self.daemon_stays = "daemon" not in words
        words = [word for word in words if word not in ("vanish", "daemon")]
        for word in words:
            self.counts[word.partition("=")[0]] = {"ok": 0, "refused": 0, "error": 0, "longest_ms": 0}
        threads = [threading.Thread(target=self.client, args=(word,)) for word in words]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            self.write_report()
            time.sleep(0.1)
        self.write_report()
        for kind, counts in sorted(self.counts.items()):
            print(f"{kind:5}", *(f"{name} {n}" for name, n in counts.items()))
        for failure in self.failures[:KEPT]:
            print(failure)
        return 1 if self.failures else 0


if __name__ == "__main__":
    sys.exit(Crew(*sys.argv[1:4]).run(sys.argv[4:]))
