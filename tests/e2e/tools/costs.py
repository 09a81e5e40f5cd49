#!/usr/bin/env python3
"""What processes cost while nothing is asked of them: costs.py SECONDS PID...

For each, on a line: PID, milliseconds of CPU a second, and how often a second one of
its threads was woken."""

import os
import sys
import time

TICK = os.sysconf("SC_CLK_TCK")


def look(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    wakes = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/status", encoding="ascii", errors="replace") as file:
                lines = dict(line.split(":", 1) for line in file if ":" in line)
        except FileNotFoundError:
            continue
        wakes[task] = int(lines["voluntary_ctxt_switches"])
    return (int(fields[11]) + int(fields[12])) * 1000 / TICK, wakes


seconds, pids = float(sys.argv[1]), sys.argv[2:]
before = {pid: look(pid) for pid in pids}
time.sleep(seconds)
for pid in pids:
    (cpu, wakes), (cpu_before, wakes_before) = look(pid), before[pid]
    woken = sum(count - wakes_before.get(task, 0) for task, count in wakes.items())
    print(pid, round((cpu - cpu_before) / seconds, 1), round(woken / seconds, 1))
