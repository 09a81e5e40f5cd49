"""Runs the rows, prints the table, writes JSON and the chart. Called by `bench`, which sets the stage.

    bench.py [--rows 'ROW...'] [--quick] [--json FILE] [--svg FILE] | --list | --check ..."""

import argparse
import datetime
import json
import os
import platform
import signal
import subprocess
import sys
import time

import chart
import report
from measure import Size, new_row
from rows import ROWS
from ways import DOCKTETHER, Failure, World


def arguments():
    parser = argparse.ArgumentParser(prog="bench", description="docktether beside the other ways, in one run")
    parser.add_argument("--rows", default="", metavar="'ROW...'", help="only these")
    parser.add_argument("--quick", action="store_true", help="little of everything: to try, not to quote")
    parser.add_argument("--json", metavar="FILE", help="what was measured")
    parser.add_argument("--svg", metavar="FILE", help="the chart")
    parser.add_argument("--list", action="store_true", help="the names of the rows")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    given.rows = given.rows.replace(",", " ").split() or list(ROWS)
    unknown = [name for name in given.rows if name not in ROWS]
    if unknown:
        parser.error(f"there is no row {unknown[0]}; there are {', '.join(ROWS)}")
    return given


def output(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return (done.stdout + done.stderr).strip().splitlines()[0]
    except (OSError, IndexError):
        return "?"


def cpu_model():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        names = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
    return names[0] if names else platform.machine()


def machine(quick):
    libraries = json.loads(output(DOCKTETHER, "version", "--format", "json"))
    return {"date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "quick": quick, "processors": os.cpu_count(), "cpu": cpu_model(), "kernel": ".".join(platform.release().split(".")[:2]),
            "docker": output("docker", "version", "--format", "{{.Client.Version}}"),
            "openssh": output("ssh", "-V"),
            "docktether": libraries["Version"], "libssh": libraries["Libraries"]["libssh"].split("/")[0],
            "load": [round(x, 2) for x in os.getloadavg()]}


def save(given, told):
    if given.json:
        with open(given.json, "w", encoding="utf-8") as f:
            f.write(report.to_json(told))
    if given.svg:
        with open(given.svg, "w", encoding="utf-8") as f:
            f.write(chart.svg(told))


def measure(given, told):
    """After each row there is a file of what is known: a run that is ended early was not for nothing."""
    rows, size, world = told["rows"], Size(given.quick), World()
    try:
        for name in given.rows:
            begun = time.monotonic()
            print(f"{name} ...", file=sys.stderr, flush=True)
            try:
                rows[name] = ROWS[name](world, size)
            except (Failure, OSError, KeyError, ValueError, subprocess.SubprocessError) as problem:
                rows[name] = {**new_row(name, ""), "error": repr(problem)}
            rows[name]["took_s"] = round(time.monotonic() - begun, 1)
            print(report.line(name, rows[name]), file=sys.stderr, flush=True)
            save(given, told)
    finally:
        world.close()


def main():
    given = arguments()
    if given.check:
        return 0
    # So that what was started is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if given.list:
        print("\n".join(ROWS))
        return 0
    told = {"machine": machine(given.quick), "rows": {}}
    measure(given, told)
    print(report.text(told))
    return 1 if any("error" in row for row in told["rows"].values()) else 0


if __name__ == "__main__":
    sys.exit(main())
