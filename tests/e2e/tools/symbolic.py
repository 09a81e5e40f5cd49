#!/usr/bin/env python3
"""Writes a copy of a shared library that calls its own functions first, as -Bsymbolic makes it.

    symbolic.py LIBRARY COPY

A flag of its dynamic section does it (DF_SYMBOLIC, or DT_SYMBOLIC in a spare entry): the copy
is found by LD_LIBRARY_PATH. For 64 bit ELF, little endian."""

import struct
import sys

PT_DYNAMIC, DT_NULL, DT_SYMBOLIC, DT_FLAGS, DF_SYMBOLIC = 2, 0, 16, 30, 2
ENTRY = struct.Struct("<qQ")

with open(sys.argv[1], "rb") as library:
    data = bytearray(library.read())
if data[:6] != b"\x7fELF\x02\x01":
    sys.exit("no 64 bit ELF of this byte order")
headers, size, count = struct.unpack_from("<Q", data, 32)[0], *struct.unpack_from("<HH", data, 54)
for at in range(headers, headers + size * count, size):
    kind, _, offset, _, _, length = struct.unpack_from("<IIQQQQ", data, at)
    if kind == PT_DYNAMIC:
        break
else:
    sys.exit("no dynamic section")
for at in range(offset, offset + length - ENTRY.size, ENTRY.size):
    tag, value = ENTRY.unpack_from(data, at)
    if tag == DT_FLAGS:
        ENTRY.pack_into(data, at, tag, value | DF_SYMBOLIC)
        break
    if tag == DT_NULL:  # never the last, which ends the section
        ENTRY.pack_into(data, at, DT_SYMBOLIC, 0)
        break
else:
    sys.exit("no room in the dynamic section")
with open(sys.argv[2], "wb") as copy:
    copy.write(data)
