"""Asks a tether for its place as a new process would, and gets no further.

successor.py SOCKET STOP|KILL: prints the answer, reads what follows it, and stops or kills itself
before it has acknowledged anything.
"""

import os
import signal
import socket
import sys

path, word = sys.argv[1:]
conn = socket.socket(socket.AF_UNIX)
conn.connect(path)
conn.sendall(b'{"op":"replace"}\n')
text = b""
fds = []
while not (b"\n" in text and text.endswith(b".")):
    data, some, _, _ = socket.recv_fds(conn, 1 if b"\n" in text else 4096, 64)
    if not data:
        sys.exit("the tether has closed the connection")
    text += data
    fds += some
print(text.decode().splitlines()[0], len(fds), flush=True)
os.kill(os.getpid(), signal.SIGSTOP if word == "STOP" else signal.SIGKILL)
