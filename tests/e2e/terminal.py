#!/usr/bin/env python3
"""Runs a command under a terminal of its own and plays a person's part.

    terminal.py [-s ROWSxCOLUMNS] STEP... -- COMMAND...

A STEP is `expect:REGEX` (wait until the output after the last match holds it),
`send:TEXT` (with \\r \\n \\x04 and the like), `resize:ROWSxCOLUMNS` or `eof`
(wait for the end). What the terminal showed goes to standard output; the exit
status is the command's, or 99 when a step was not met within 20 s."""

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time

PATIENCE = 20


class Terminal:
    def __init__(self, command, size):
        self.seen = b""
        self.mark = 0
        # Closed by the time the command runs: it must not be held open by what the command starts.
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)
        self.resize(size)

    def resize(self, size):
        rows, columns = (int(n) for n in size.split("x"))
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, timeout):
        """False at the end of output or of the time."""
        if not select.select([self.fd], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # EIO: the other side is closed
            return False
        self.seen += data
        return bool(data)

    def expect(self, pattern):
        end = time.monotonic() + PATIENCE
        while True:
            found = re.search(pattern.encode(), self.seen[self.mark:])
            if found:
                self.mark += found.end()
                return True
            left = end - time.monotonic()
            if left <= 0 or not self.read(left):
                return False

    def send(self, text):
        os.write(self.fd, codecs.escape_decode(text.encode())[0])

    def finish(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.read(end - time.monotonic()):
            pass
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        os.kill(self.pid, 9)
        return 99


def play(terminal, steps):
    for step in steps:
        kind, _, value = step.partition(":")
        if kind == "expect":
            if not terminal.expect(value):
                return f"not seen: {value}"
        elif kind == "send":
            terminal.send(value)
        elif kind == "resize":
            terminal.resize(value)
        else:
            return f"no such step: {step}"
    return None


def main():
    arguments = sys.argv[1:]
    size = "24x80"
    if arguments[0] == "-s":
        size = arguments[1]
        arguments = arguments[2:]
    split = arguments.index("--")
    terminal = Terminal(arguments[split + 1:], size)
    problem = play(terminal, arguments[:split])
    if problem:
        os.kill(terminal.pid, 15)
    status = terminal.finish()
    sys.stdout.buffer.write(terminal.seen)
    sys.stdout.flush()
    if problem:
        print(f"\nterminal.py: {problem}", file=sys.stderr)
        return 99
    return status if status >= 0 else 128 - status


sys.exit(main())
