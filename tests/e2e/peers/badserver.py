#!/usr/bin/env python3
"""A server that is not what an SSH client hopes for: badserver.py KIND PORTFILE

    silent   accepts and says nothing
    banner   sends lines before its version for ever
    http     answers whatever comes as a web server does
    close    accepts and closes at once
    garbage  a version string with control bytes, then noise
    packets  a version string, then packets that nobody knows, and reads no answer

Its port, chosen by the kernel, is written to PORTFILE once it listens."""

import os
import socket
import sys
import threading
import time

HTTP = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n400 Bad Request\r\n"


def silent(connection):
    while connection.recv(4096):
        pass


def banner(connection):
    while True:
        connection.sendall(b"Welcome, this line is not the version you wait for\r\n")
        time.sleep(0.01)


def http(connection):
    connection.recv(4096)
    connection.sendall(HTTP)


def close(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def garbage(connection):
    connection.sendall(b"SSH-2.0-\x1b[31mevil\x07\r\n" + os.urandom(4096))
    connection.recv(65536)


def packets(connection):
    connection.sendall(b"SSH-2.0-packets\r\n")
    while True:
        connection.sendall(b"\0\0\0\x0c\x0a\xc8" + bytes(10) + (b"\0\0\0\x0c\x0a\xc8" + bytes(10)) * 1000)


def serve(kind, connection):
    with connection:
        try:
            kind(connection)
        except OSError:
            pass


def main():
    kind = {"silent": silent, "banner": banner, "http": http, "close": close, "garbage": garbage,
            "packets": packets}[sys.argv[1]]
    listener = socket.create_server(("127.0.0.1", 0))
    with open(sys.argv[2] + ".new", "w", encoding="ascii") as file:
        print(listener.getsockname()[1], file=file)
    os.rename(sys.argv[2] + ".new", sys.argv[2])
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(kind, connection), daemon=True).start()


main()
