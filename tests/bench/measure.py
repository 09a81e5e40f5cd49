"""What the rows measure with: how much of everything, turns, numbers about processes."""

import json
import os
import statistics
import subprocess
import time
from contextlib import contextmanager

from ways import T, TOOLS, Failure, run

SPEED, MS = "MB/s", "ms"


class Size:
    """How much of everything."""

    def __init__(self, quick):
        self.quick = quick
        self.rounds = 3 if quick else 8
        self.some = 2 if quick else 5  # rounds of what takes a while
        self.few = 1 if quick else 3  # rounds of what takes long
        self.bulk = 200_000_000 if quick else 1_000_000_000
        self.far_bulk = 60_000_000 if quick else 600_000_000
        self.image = 60 if quick else 300  # MB
        self.watch = 5 if quick else 20  # seconds of idleness


def median(values):
    return statistics.median(values)


def turns(kinds, rounds):
    """(round, kind), each round beginning with another kind."""
    for number in range(rounds):
        for i in range(len(kinds)):
            yield number, kinds[(number + i) % len(kinds)]


# ---- rows --------------------------------------------------------------------------------------


def new_row(title, unit):
    """ways: kind to values, of which the median counts; checks: see check(); notes: lines of text."""
    return {"title": title, "unit": unit, "ways": {}, "checks": [], "notes": []}


def add(row, kind, *values):
    row["ways"].setdefault(kind, []).extend(values)


def check(row, what, value, bound, of, at_least=False):
    """of: ratio, count, or a unit."""
    row["checks"].append({"what": what, "value": value, "bound": bound, "of": of, "at_least": at_least})


def check_ratio(row, ours, base, bound, at_least=False, what=None):
    """The median of one kind against that of another."""
    value = median(row["ways"][ours]) / median(row["ways"][base])
    check(row, what or f"of {'ssh -L' if base == 'ssh' else base}", value, bound, "ratio", at_least)


def hyperfine(way, command, runs, warmup=2, prepare=None, host=None):
    """The times of a command that finds the way's socket (or another host) in DOCKER_HOST, in ms."""
    out = f"{T}/hyperfine.json"
    more = ["--prepare", prepare] if prepare else []
    run("hyperfine", "-N", "-w", str(warmup), "-r", str(runs), *more, "--export-json", out, command,
        env={**way.env, "DOCKER_HOST": host or way.host})
    with open(out, encoding="utf-8") as f:
        result = json.load(f)["results"][0]
    # hyperfine 2 tells of each run what it measured, 1 a list of times.
    seconds = result.get("times") or [one["time_wall_clock"]["value"] for one in result["measurements"]]
    return [1000 * value for value in seconds]


# ---- processes ---------------------------------------------------------------------------------


def cpu_ms(pid):
    """What a process has used until now, in finer steps than stat's ticks where the kernel has them."""
    total = 0
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as f:
                total += int(f.read().split()[0])
        return total / 1e6
    except OSError:
        with open(f"/proc/{pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def memory_kb(pid, key):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(key + ":"))


def wakes(pid):
    """How often its threads have slept and gone on."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as f:
            total += next(int(line.split()[1]) for line in f if line.startswith("voluntary_ctxt_switches"))
    return total


# ---- company -----------------------------------------------------------------------------------


@contextmanager
def flow(way):
    """A download that goes on until the end of the block."""
    command = [f"{TOOLS}/bench/load", "down", "--to", way.bulk, "--bytes", str(10**13)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        time.sleep(2)  # windows grow, queues fill
        try:
            yield process
            if process.poll() is not None:
                raise Failure("the download ended by itself")
        finally:
            process.kill()


@contextmanager
def idle_connections(sock, count):
    command = [f"{TOOLS}/bench/load", "idle", "--to", sock, "-n", str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout.readline() != "ready\n":
            raise Failure(f"load idle: cannot hold {count} connections")
        yield
        process.stdin.close()
        if process.wait() != 0:
            raise Failure("idle connections were ended")
