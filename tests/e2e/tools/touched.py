#!/usr/bin/env python3
"""Reads a trace of `strace -f -e trace=%file,bind` and prints what should not be there:
touched.py TRACE PLACE...

A write (a file opened for writing or created, renamed, removed, its mode changed, a
socket bound) must lie in one of the PLACEs, or be a PLACE or a directory on the way to
one. No file of the user's or the system's ssh may be opened, and no known_hosts."""

import os
import re
import sys

# Writing to these changes nothing on the disk.
HARMLESS = re.compile(r"^/(dev/(null|tty|pts/\d+|ptmx)|proc/.*)$")
FORBIDDEN = re.compile(r"(/known_hosts2?|/\.ssh/config|^/etc/ssh/.*)$")
CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
OPENERS = {"open", "openat", "openat2"}
WRITERS = set("""creat rename renameat renameat2 unlink unlinkat mkdir mkdirat rmdir link linkat symlink
    symlinkat chmod fchmodat chown lchown fchownat truncate utimensat mknod mknodat setxattr""".split())


def inside(path, places):
    path = os.path.normpath(path)
    return any((path + "/").startswith(place + "/") or place.startswith(path + "/") for place in places)


def problems(line, places):
    call = CALL.match(line)
    if not call:
        return
    name, arguments = call.groups()
    paths = QUOTED.findall(arguments)
    opened = name in OPENERS
    if opened and paths and FORBIDDEN.search(paths[0]):
        yield f"opened {paths[0]}"
    written = opened and re.search(r"O_(WRONLY|RDWR|CREAT|TRUNC)", arguments)
    if name == "bind" and "AF_UNIX" in arguments and "sun_path=\"" in arguments:
        written = True
    if name in WRITERS:
        written = True
    if not written:
        return
    for path in paths:
        if not path.startswith("/"):
            yield f"{name} by a relative path: {path}"
        elif not HARMLESS.match(path) and not inside(path, places):
            yield f"{name} {path}"


def main():
    places = [os.path.normpath(place) for place in sys.argv[2:]]
    found = set()
    writes = 0
    with open(sys.argv[1], encoding="utf-8", errors="replace") as trace:
        for line in trace:
            found.update(problems(line, places))
            writes += "O_CREAT" in line
    for problem in sorted(found):
        print(problem)
    if writes == 0:
        print("no write at all: that was no trace of a day's work")
        return 1
    return 1 if found else 0


sys.exit(main())
