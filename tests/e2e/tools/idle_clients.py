#!/usr/bin/env python3
"""Local clients that do as they like to the unix socket SOCKET: idle_clients.py SOCKET COUNT KIND

    write    each sends a megabyte and more of a request, as far as it is taken
    stalled  each asks for bytes without end and reads none
    mute     each says nothing
    ask      each asks for /_ping; when all have asked, it is counted who gets an answer
    endless  one after the other sends bytes without a newline until it is closed
    deaf     one after the other asks for the status and never reads it
    status   eight at a time ask for the status and read it, COUNT in all

Prints "ready" when all have done it. The first three stay until they are ended; the fourth
prints how many were "answered", and what became of the others."""

import collections
import concurrent.futures
import socket
import sys
import threading

path, count, kind = sys.argv[1], int(sys.argv[2]), sys.argv[3]
STATUS = b'{"op":"status"}\n'


def connect():
    client = socket.socket(socket.AF_UNIX)
    client.connect(path)  # with a time limit it would fail where the queue is full
    client.settimeout(20)
    return client


def write(client):
    client.sendall(b"POST /x HTTP/1.1\r\nHost: d\r\nContent-Length: 1000000000\r\n\r\n")
    client.setblocking(False)
    try:
        for _ in range(64):
            client.send(bytes(65536))
    except BlockingIOError:
        pass


def stalled(client):
    client.sendall(b"GET /flood HTTP/1.1\r\nHost: d\r\n\r\n")
    client.recv(1)


def ask(client):
    client.sendall(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n")


def outcome(client):
    try:
        answer = client.recv(4096)
        return "answered" if answer.startswith(b"HTTP/1.1 200 ") else f"got {answer[:20]}"
    except OSError as error:
        return type(error).__name__


def endless(client):
    try:
        while True:
            client.sendall(b"x" * 65536)
    except OSError:
        client.close()


def deaf(client):
    try:
        client.sendall(STATUS)
    except OSError:
        pass  # the door was shut: the tether has not looked at 64 others yet


def status(_):
    for _ in range(100):  # the door is shut to more than 64 at once
        with connect() as client:
            client.sendall(STATUS)
            with client.makefile("rb") as answer:
                if b'"state"' in answer.readline():
                    return
    sys.exit("no answer")


if kind == "status":
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(status, range(count)))
    print("ready")
    sys.exit()
does = {"write": write, "stalled": stalled, "mute": lambda _: None, "ask": ask, "endless": endless, "deaf": deaf}
kept = []
for _ in range(count):
    kept.append(connect())
    does[kind](kept[-1])
print("ready", flush=True)
if kind in ("write", "stalled", "mute"):
    threading.Event().wait()
if kind == "ask":
    for what, times in collections.Counter(map(outcome, kept)).items():
        print(times, what)
