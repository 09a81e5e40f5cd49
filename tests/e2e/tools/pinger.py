#!/usr/bin/env python3
"""Answers every HTTP request on the unix socket SOCKET with "OK", as dockerd answers /_ping;
but /flood with bytes without end, and /hang not at all, until the client is gone.

    pinger.py SOCKET"""

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
        self.send_header("Content-Length", "2")
        self.send_header("Api-Version", "1.41")
        self.end_headers()
        self.wfile.write(b"OK")

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
