#!/usr/bin/env python3
"""A listener that nobody can reach: fullqueue.py ADDRESS PORT READYFILE

Its queue of connections is kept full, so that the kernel drops whatever else
arrives, as a firewall does. READYFILE is made once that is so."""

import socket
import sys
import time

address, port, ready = sys.argv[1], int(sys.argv[2]), sys.argv[3]
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((address, port))
listener.listen(0)
fillers = []
while True:
    filler = socket.socket()
    filler.settimeout(0.3)
    try:
        filler.connect((address, port))
    except socket.timeout:
        break
    fillers.append(filler)
open(ready, "w", encoding="ascii").close()
while True:
    time.sleep(60)
