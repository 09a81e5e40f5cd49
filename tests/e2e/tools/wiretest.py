#!/usr/bin/env python3
"""The two ends of a wire, for the test of the wire itself.

    wiretest.py serve PORTFILE        echoes on a port of 127.0.0.1, for ever
    wiretest.py rtt PORT COUNT        prints the median time of a byte there and back, in ms
    wiretest.py bulk PORT BYTES       sends and takes back at once; prints seconds
    wiretest.py ends PORT BYTES       the same, and prints what came back and how it ended:
                                      "LENGTH fin|rst|silent intact|byte N"
    wiretest.py connect PORT          prints open or refused"""

import os
import socket
import statistics
import sys
import threading
import time

SILENCE = 2.0  # seconds without a byte


def echo(conn):
    try:
        while data := conn.recv(1 << 16):
            conn.sendall(data)
    except OSError:
        pass
    conn.close()


def serve(portfile):
    server = socket.create_server(("127.0.0.1", 0))
    with open(portfile + ".new", "w", encoding="ascii") as f:
        print(server.getsockname()[1], file=f)
    os.rename(portfile + ".new", portfile)
    while True:
        conn, _ = server.accept()
        threading.Thread(target=echo, args=(conn,), daemon=True).start()


def connect(port):
    s = socket.create_connection(("127.0.0.1", int(port)), timeout=30)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def rtt(port, count):
    s, times = connect(port), []
    for _ in range(int(count)):
        begin = time.monotonic()
        s.sendall(b"x")
        if s.recv(1) != b"x":
            return "cut"
        times.append(time.monotonic() - begin)
    return round(statistics.median(times) * 1000, 1)


def exchange(port, length, silence):
    """What came back, how it ended, and how long it took."""
    sent, got, end, reset = os.urandom(int(length)), bytearray(), "fin", []
    begin = time.monotonic()
    try:
        s = connect(port)
    except ConnectionResetError:
        return sent, b"", "rst", 0
    s.settimeout(silence)

    def write():
        try:
            s.sendall(sent)
            s.shutdown(socket.SHUT_WR)
        except ConnectionResetError:
            reset.append(True)  # the kernel tells of it once, and whoever asks first
        except OSError:
            pass

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        while data := s.recv(1 << 20):
            got += data
    except TimeoutError:
        end = "silent"
    except OSError:
        end = "rst"
    took = time.monotonic() - begin
    if end != "silent":
        writer.join(5)
    return sent, bytes(got), "rst" if reset else end, took


def bulk(port, length):
    sent, got, _, took = exchange(port, length, 30)
    return round(took, 2) if sent == got else "garbled"


def ends(port, length):
    sent, got, end, _ = exchange(port, length, SILENCE)
    wrong = [i for i, (a, b) in enumerate(zip(sent, got)) if a != b]
    return f"{len(got)} {end} {'byte ' + ' '.join(map(str, wrong)) if wrong else 'intact'}"


def connects(port):
    try:
        connect(port).close()
    except ConnectionRefusedError:
        return "refused"
    return "open"


if __name__ == "__main__":
    actions = {"serve": serve, "rtt": rtt, "bulk": bulk, "ends": ends, "connect": connects}
    print(actions[sys.argv[1]](*sys.argv[2:]), flush=True)
    os._exit(0)  # a writer may be stuck in a line that stands still
