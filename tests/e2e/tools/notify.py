#!/usr/bin/env python3
"""notify.py ADDRESS FILE: what a service manager hears. Each datagram at ADDRESS (a path, or
@ and an abstract name) is written to FILE, its lines as they are and an empty one after them."""
import socket
import sys

address, path = sys.argv[1:]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind("\0" + address[1:] if address[0] == "@" else address)
with open(path, "wb", buffering=0) as out:
    while True:
        out.write(receiver.recv(8192).rstrip(b"\n") + b"\n\n")
