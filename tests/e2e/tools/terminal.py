#!/usr/bin/env python3
"""Runs a command under a terminal of its own and plays a person's part.

    terminal.py [-s ROWSxCOLUMNS] STEP... -- COMMAND...

A STEP is `expect:REGEX` (wait until the output after the last match holds it),
`send:TEXT` (with \\r \\n \\x04 and the like), `resize:ROWSxCOLUMNS`, `kill:SIGNAL`
(to the command) or one about the screen as a person sees it, lines joined by newlines:
`screen:REGEX` (wait for it, ^ and $ are those of lines), `shown:FILE` (write it
there). What the terminal was sent goes to standard output; the exit status is the
command's, or 99 when a step was not met within 20 s, or when a text ran into the right
edge of a screen whose lines must not wrap (DECAWM off)."""

import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
import unicodedata

PATIENCE = 20


class Screen:
    """As much of a terminal as the program uses: the other page, erasing, colours."""

    def __init__(self, size):
        self.pages = {False: [], True: []}
        self.other = False
        self.row = self.column = 0
        self.saved = (0, 0)
        self.wrap = self.cursor = True
        self.ran_over = None
        self.rest = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.resize(size)

    def resize(self, size):
        self.resized = time.monotonic()
        self.rows, self.columns = (int(n) for n in size.split("x"))

    def line(self):
        page = self.pages[self.other]
        while len(page) <= self.row:
            page.append([])
        return page[self.row]

    def put(self, char):
        wide = unicodedata.east_asian_width(char) in "WF"
        width = 0 if unicodedata.combining(char) else 2 if wide else 1
        if self.column + width > self.columns and not self.wrap:
            # What was on its way while the size changed may still be too wide.
            if time.monotonic() > self.resized + 1:
                self.ran_over = self.ran_over or "".join(self.line()) + char
            return
        line = self.line()
        line.extend(" " * (self.column - len(line)))
        line[self.column:self.column + width] = [char, ""][:max(width, 1)]
        self.column += width

    def control(self, parameters, final):
        if final == "H":
            self.row = self.column = 0
        elif final == "K":
            del self.line()[0 if parameters == "2" else self.column:]
        elif final == "J":
            del self.line()[0 if parameters == "2" else self.column:]
            del self.pages[self.other][0 if parameters == "2" else self.row + 1:]
        elif final in "hl" and parameters == "?1049":
            if self.other != (final == "h"):
                self.row, self.column, self.saved = *self.saved, (self.row, self.column)
            self.other = final == "h"
        elif final in "hl" and parameters == "?7":
            self.wrap = final == "h"
        elif final in "hl" and parameters == "?25":
            self.cursor = final == "h"

    def feed(self, data):
        text = self.rest + self.decoder.decode(data)
        self.rest = ""
        while text:
            found = re.match(r"\x1b\[([?0-9;]*)([A-Za-z])", text)
            if found:
                self.control(*found.groups())
                text = text[found.end():]
            elif text[0] == "\x1b" and len(text) < 12:
                self.rest, text = text, ""
            else:
                if text[0] == "\r":
                    self.column = 0
                elif text[0] == "\n":
                    self.row += 1
                    if self.row >= self.rows:
                        del self.pages[self.other][:self.row - self.rows + 1]
                        self.row = self.rows - 1
                elif text[0] >= " ":
                    self.put(text[0])
                text = text[1:]

    def text(self):
        return "\n".join("".join(line) for line in self.pages[self.other][:self.rows])


class Terminal:
    def __init__(self, command, size):
        self.seen = b""
        self.mark = 0
        # Closed by the time the command runs: it must not be held open by what the command starts.
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # As a terminal's shell has them: whoever runs tests in the background ignores these.
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            os.execvp(command[0], command)
        self.resize(size)

    def resize(self, size):
        rows, columns = (int(n) for n in size.split("x"))
        if not hasattr(self, "screen"):
            self.screen = Screen(size)
        self.screen.resize(size)
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
        self.screen.feed(data)
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

    def expect_screen(self, pattern):
        end = time.monotonic() + PATIENCE
        while not re.search(pattern, self.screen.text(), re.MULTILINE):
            left = end - time.monotonic()
            if left <= 0 or not self.read(left):
                return False
        return True

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
        elif kind == "kill":
            os.kill(terminal.pid, getattr(signal, "SIG" + value))
        elif kind == "screen":
            if not terminal.expect_screen(value):
                return f"not on the screen: {value}\n" + terminal.screen.text()
        elif kind == "shown":
            with open(value, "w") as file:
                file.write(terminal.screen.text() + "\n")
        else:
            return f"no such step: {step}"
    return None


def main():
    arguments = sys.argv[1:]
    size = "24x80"
    while arguments[0] == "-s":
        size = arguments[1]
        arguments = arguments[2:]
    split = arguments.index("--")
    terminal = Terminal(arguments[split + 1:], size)
    problem = play(terminal, arguments[:split])
    if problem:
        os.kill(terminal.pid, 15)
    status = terminal.finish()
    if terminal.screen.ran_over is not None and not problem:
        problem = f"it ran over the edge: {terminal.screen.ran_over}"
    if (terminal.screen.other or not terminal.screen.cursor or not terminal.screen.wrap) and not problem:
        problem = "the terminal was not given back as it was"
    sys.stdout.buffer.write(terminal.seen)
    sys.stdout.flush()
    if problem:
        print(f"\nterminal.py: {problem}", file=sys.stderr)
        return 99
    return status if status >= 0 else 128 - status


sys.exit(main())
