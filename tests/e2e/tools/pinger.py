#!/usr/bin/env python3
"""Answers every HTTP request on the unix socket SOCKET with "OK", as dockerd answers /_ping;
but /flood with bytes without end, /bytes/N with N of them, the same each time and none like the
one before, and /hang not at all, until the client is gone.

    pinger.py SOCKET"""

import hashlib
import http.server
import os
import socketserver
import sys
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/hang":
            while self.rfile.read(1):
                pass
            threading.Event().wait()
        self.send_response(200)
        if self.path == "/flood":
            self.end_headers()
            while True:
                self.wfile.write(bytes(65536))
        if self.path.startswith("/bytes/"):
            self.send_bytes(int(self.path[7:]))
            return
        self.send_header("Content-Length", "2")
        self.send_header("Api-Version", "1.41")
        self.end_headers()
        self.wfile.write(b"OK")

    def send_bytes(self, count):
        # The end of the connection is the end of the answer: nothing else tells a short one.
        self.close_connection = True
        self.end_headers()
        block = hashlib.shake_256(b"bytes").digest(1 << 16)
        for number in range(0, count, len(block)):
            part = number.to_bytes(8, "big") + block[8:]
            self.wfile.write(part[:count - number])

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def address_string(self):
        return "client"


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


if os.path.exists(sys.argv[1]):
    os.unlink(sys.argv[1])
Server(sys.argv[1], Handler).serve_forever()
