#!/usr/bin/env python3
"""Prints one value of the JSON on standard input: jsonget.py MEMBER...

An array of one element, or several values one a line, stand for their first.
A missing member prints nothing; true, false and null print as such."""

import json
import sys


def main():
    text = sys.stdin.read().strip()
    if not text:
        return 1
    value, _ = json.JSONDecoder().raw_decode(text)
    if isinstance(value, list) and value:
        value = value[0]
    for member in sys.argv[1:]:
        value = value.get(member, "") if isinstance(value, dict) else ""
    print(value if isinstance(value, str) else json.dumps(value))
    return 0


sys.exit(main())
