#!/usr/bin/env python3
"""Asks until it is answered: prints how many ms the first answer took.

    first.py SOCKET SECONDS

Each attempt is a new connection; being refused or cut only means another one. Exit
status 1 when SECONDS are over."""

import http.client
import sys
import time

from load_clients import Docker

path, seconds = sys.argv[1], float(sys.argv[2])
begin = time.monotonic()
while time.monotonic() - begin < seconds:
    try:
        answer = Docker(path, seconds).ask("GET", "/_ping")
        if answer is not None and (answer.status, answer.read()) == (200, b"OK"):
            print(round((time.monotonic() - begin) * 1000))
            sys.exit(0)
    except (OSError, http.client.HTTPException):
        pass
    time.sleep(0.01)
print(f"no answer within {seconds} s")
sys.exit(1)
