"""The rows of the bench: each is a function of a World and a Size that measures something in all the
ways it concerns, in turns, and returns a row (see measure.new_row).

The order in which the ways come is another one in each round, so that a machine that is busy for a
while is busy for all of them."""

import json
import os
import subprocess
import time

from measure import (MS, SPEED, add, check, check_ratio, cpu_ms, flow, hyperfine, idle_connections, median,
                     memory_kb, new_row, turns, wakes)
from ways import DOCKTETHER, LAB, TOOLS, Forward, Tether, load, run, wait_for

# ---- docker ps ---------------------------------------------------------------------------------


def ps(world, size, title, line, kinds):
    """The ways that are slow anyway get fewer runs."""
    row = new_row(title, MS)
    slow = ["url-master", "url"]
    for number, kind in turns(kinds + slow, size.rounds):
        if kind not in slow or number < size.few:
            add(row, kind, *hyperfine(world.way(kind, line), "docker ps", 3 if kind in slow else 10))
    return row


def ps_loop(world, size):
    row = ps(world, size, "docker ps, warm, loopback", "loop", ["direct", "ssh", "ssh-chacha", "docktether"])
    check_ratio(row, "docktether", "direct", 1.10)
    return row


def ps_far(world, size):
    row = ps(world, size, "docker ps, warm, 50 ms round trip", "far", ["ssh", "ssh-chacha", "docktether"])
    check_ratio(row, "docktether", "ssh", 0.75)
    return row


def ping_far(world, size):
    """The measure is a request on a connection that stands already, over a line of the same delay."""
    row = new_row("GET /_ping on a new connection, 50 ms round trip", MS)
    raw = f"127.0.0.1:{world.raw_line('far').port}"
    for _, kind in turns(["one round trip", "ssh", "docktether"], size.rounds):
        if kind == "one round trip":
            told = load("ping", "--to", raw, "-n", 11, "--keep")
        else:
            told = load("ping", "--to", world.way(kind, "far").sock, "-n", 15, "--gap", 20)
        add(row, kind, told["ms"]["p50"])
    check_ratio(row, "docktether", "one round trip", 1.10)
    return row


def cold_far(world, size):
    row = new_row("docktether exec NAME docker ps, no tether running, 50 ms round trip", MS)
    Tether(world, world.line("far"), name="cold", up=False)
    # the command, and what is done before each of its runs
    commands = {
        "url": ("docker ps", None),
        "docktether": (f"{DOCKTETHER} exec cold docker ps", f"{DOCKTETHER} down cold"),
    }
    for _, kind in turns(list(commands), size.some):
        command, prepare = commands[kind]
        add(row, kind, *hyperfine(world.way(kind, "far"), command, 3, warmup=1, prepare=prepare))
    for kind, (command, prepare) in commands.items():
        count = turnarounds(world, world.way(kind, "far"), command, prepare)
        row["notes"].append(f"{kind}: the line turned round {count} times")
    run(DOCKTETHER, "down", "cold")
    check_ratio(row, "docktether", "url", 0.75, what="of docker -H ssh://")
    return row


def turnarounds(world, way, command, prepare):
    """How often the line turned round for one command; other users of the line are silent meanwhile."""
    if prepare:
        run(*prepare.split())
    before = world.line("far").stats()["turnarounds"]
    run(*command.split(), env={**way.env, "DOCKER_HOST": way.host})
    return world.line("far").stats()["turnarounds"] - before


# ---- crowds ------------------------------------------------------------------------------------


def crowd(world, size):
    row = new_row("50 docker ps at once, stock sshd, until the last is done", MS)
    failed = {}
    for number, kind in turns(["direct", "ssh", "docktether", "url-master", "url"], size.rounds):
        if kind.startswith("url") and number > 0:
            continue
        way = world.way(kind)
        told = load("spawn", "-n", 50, "--", "docker", "ps", tolerant=True,
                    env={**way.env, "DOCKER_HOST": way.host})
        add(row, kind, told["wall_ms"])
        failed[kind] = failed.get(kind, 0) + told["failures"]
    check_ratio(row, "docktether", "direct", 1.15)
    check(row, "failures", failed["docktether"], 0, "count")
    row["failed"] = {kind: count for kind, count in failed.items() if count > 0}
    row["notes"] += [f"{kind}: {count} failed" for kind, count in row["failed"].items()]
    return row


def raw_crowd(world, size):
    row = new_row("1,000 connections, all open before the first asks, until the last is answered", MS)
    failed = {}
    for _, kind in turns(["direct", "ssh", "docktether"], size.some):
        told = load("ping", "--to", world.way(kind).sock, "-n", 1000, "--together", tolerant=True)
        add(row, kind, told["wall_ms"])
        failed[kind] = failed.get(kind, 0) + told["failures"]
        if "first_failure" in told:
            row["notes"].append(f"{kind}: {told['failures']} failures: {told['first_failure']}")
    check(row, "failures", failed["docktether"], 0, "count")
    return row


# ---- bulk --------------------------------------------------------------------------------------


def bulk(world, title, line, direction, kinds, rounds, count):
    row = new_row(title, SPEED)
    row["cpu_ms"] = {}
    for _, kind in turns(kinds, rounds):
        way = world.way(kind, line)
        pid = getattr(way, "bulk_pid", way.pid)
        before = cpu_ms(pid) if pid else 0
        told = load(direction, "--to", way.bulk, "--bytes", count)
        if pid:
            row["cpu_ms"].setdefault(kind, []).append(cpu_ms(pid) - before)
        add(row, kind, told["mb_per_s"])
    for kind, values in row["cpu_ms"].items():
        row["notes"].append(f"{kind}: {median(values):,.0f} ms of client CPU")
    return row


def bulk_loop(world, size, direction):
    kinds = ["direct", "ssh", "ssh-chacha", "docktether"]
    base = "ssh-chacha" if world.cipher().startswith("chacha20") else "ssh-same"
    if base not in kinds:
        kinds.append(base)
    title = f"{size.bulk // 1_000_000:,} MB {direction} through a relay, loopback"
    row = bulk(world, title, "loop", direction, kinds, size.some, size.bulk)
    check_ratio(row, "docktether", base, 1.0, at_least=True, what="of ssh -L, same cipher")
    used = median(row["cpu_ms"]["docktether"]) / median(row["cpu_ms"][base])
    check(row, "of ssh -L's client CPU", used, 1.0, "ratio")
    row["notes"].append(f"docktether's cipher: {world.cipher()}")
    return row


def bulk_down(world, size):
    return bulk_loop(world, size, "down")


def bulk_up(world, size):
    return bulk_loop(world, size, "up")


def bulk_far(world, size):
    title = f"{size.far_bulk // 1_000_000} MB down, 50 ms round trip"
    row = bulk(world, title, "far", "down", ["ssh", "docktether"], size.few, size.far_bulk)
    check_ratio(row, "docktether", "ssh", 2.5, at_least=True)
    return row


def bulk_far_up(world, size):
    title = f"{size.far_bulk // 1_000_000} MB up, 50 ms round trip"
    return bulk(world, title, "far", "up", ["ssh", "docktether"], 1, size.far_bulk)


# ---- real images -------------------------------------------------------------------------------


def make_image(megabytes, tar, env):
    """Random bytes, because nothing on the way shall profit from compression."""
    place = f"{LAB}/image"
    script = (f"mkdir {place} && head -c {megabytes}000000 /dev/urandom >{place}/data && "
              f"tar -C {place} -c . | docker import - bench >/dev/null && rm -rf {place} && "
              f"docker save -o {tar} bench")
    subprocess.run(["bash", "-c", script], check=True, env=env)


def images(world, size, action):
    """docker save and load, with dockerd's own work and the disk's in it."""
    row = new_row(f"docker {action} of {size.image} MB, loopback", SPEED)
    tar, direct = f"{LAB}/bench.tar", {**os.environ, "DOCKER_HOST": world.way("direct").host}
    commands = {"save": "docker save bench | cat >/dev/null", "load": f"docker load -q -i {tar} >/dev/null"}
    if not os.path.exists(tar):
        make_image(size.image, tar, direct)
    for _, kind in turns(["direct", "ssh", "docktether"], size.few):
        if action == "load":
            run("docker", "rmi", "bench", env=direct)
            subprocess.run(["sync", tar, f"{LAB}/data"], check=True)
        begun = time.monotonic()
        subprocess.run(["bash", "-o", "pipefail", "-c", commands[action]], check=True,
                       env={**os.environ, "DOCKER_HOST": world.way(kind).host})
        add(row, kind, size.image / (time.monotonic() - begun))
    return row


def save(world, size):
    return images(world, size, "save")


def load_image(world, size):
    return images(world, size, "load")


# ---- a small request beside a large one --------------------------------------------------------


def busy(world, size, title, line, kinds):
    """Small requests while a download runs in the same connection."""
    row = new_row(title, MS)
    row["ping_ms"] = {}
    for _, kind in turns(kinds, size.few):
        way = world.way(kind, line)
        with flow(way):
            told = load("ping", "--to", way.bulk, "-n", 40, "--gap", 20)
            add(row, kind, *hyperfine(way, "docker ps", 8, warmup=1, host=f"unix://{way.bulk}"))
        row["ping_ms"].setdefault(kind, []).append(told["ms"])
        load("ping", "--to", way.bulk)  # what was on its way is over when this is answered
    for kind, told in row["ping_ms"].items():
        row["notes"].append(f"GET /_ping, {kind}: median {median([t['p50'] for t in told]):.1f} ms, "
                            f"p99 {max(t['p99'] for t in told):.1f} ms")
    return row


def busy_loop(world, size):
    row = busy(world, size, "docker ps while a download flows, loopback", "loop",
               ["direct", "ssh", "docktether"])
    mid = {kind: median([t["p50"] for t in told]) for kind, told in row["ping_ms"].items()}
    check_ratio(row, "docktether", "ssh", 1.0)
    check(row, "GET /_ping beyond direct", mid["docktether"] - mid["direct"], 5.0, MS)
    return row


def busy_capped(world, size):
    row = busy(world, size, "docker ps while a download flows, 50 ms round trip and 100 Mbit/s", "capped",
               ["ssh", "docktether"])
    check_ratio(row, "docktether", "ssh", 1.0)
    return row


# ---- being there -------------------------------------------------------------------------------

IDLE = 500  # connections: enough to average, and below the usual limit of descriptors


def memory(world, size):
    """Of processes of their own, that have done nothing else."""
    row = new_row("resident memory, idle", "KB")
    ways = {"ssh": Forward(world, world.line("loop"), name="fresh"),
            "docktether": Tether(world, world.line("loop"), name="fresh")}
    time.sleep(size.watch / 5)  # the login's leftovers are freed, spare channels stand
    each = row["each_kb"] = {}
    for kind, way in ways.items():
        idle_kb = memory_kb(way.pid, "Rss")
        add(row, kind, idle_kb)
        row["notes"].append(f"{kind}: {memory_kb(way.pid, 'Pss'):,} KB is its own share")
        with idle_connections(way.sock, IDLE):
            if kind == "docktether":
                wait_for("open relays", lambda w=way: w.status()["connections"]["open"] >= IDLE)
            load("ping", "--to", way.sock)  # behind all of them
            each[kind] = (memory_kb(way.pid, "Rss") - idle_kb) / IDLE
        way.close()
    known = [os.environ[name] for name in ("LAB_PORT", "LAB_USER", "LAB_KEY", "LAB_SOCK")]
    told = run(f"{TOOLS}/bench/channels", *known, str(IDLE))
    each["libssh alone"] = json.loads(told)["per_channel_kb"]
    check_ratio(row, "docktether", "ssh", 1.0)
    check(row, "for an idle relay, beyond libssh", each["docktether"] - each["libssh alone"], 16.0, "KB")
    row["notes"] += [f"an idle connection, {kind}: {kb:.1f} KB" for kind, kb in each.items()]
    return row


def idle(world, size):
    row = new_row(f"wakes a second, over {size.watch} idle seconds", "1/s")
    ways = {"ssh": Forward(world, world.line("loop"), name="idle"),
            "docktether": Tether(world, world.line("loop"), name="idle")}
    pids = {kind: way.pid for kind, way in ways.items()}
    time.sleep(3)
    before = {kind: (wakes(pid), cpu_ms(pid)) for kind, pid in pids.items()}
    begun = time.monotonic()
    time.sleep(size.watch)
    took = time.monotonic() - begun
    for kind, pid in pids.items():
        add(row, kind, (wakes(pid) - before[kind][0]) / took)
        row["notes"].append(f"{kind}: {(cpu_ms(pid) - before[kind][1]) / took:.3f} ms of CPU a second")
        ways[kind].close()
    check(row, "wakes a second", median(row["ways"]["docktether"]), 1.0, "1/s")
    return row


def prompt(world, size):
    row = new_row("what stands in prompts", MS)
    commands = {"nothing": "true", "docker": "docker context show"}
    commands.update({verb: f"{DOCKTETHER} {verb}" for verb in ("show", "version")})
    for _, kind in turns(list(commands), size.rounds):
        add(row, kind, *hyperfine(world.way("direct"), commands[kind], 20))
    for kind in ("nothing", "docker"):
        row["notes"].append(f"{commands[kind]}: {median(row['ways'].pop(kind)):.1f} ms")
    for kind in ("show", "version"):
        check(row, f"docktether {kind}", median(row["ways"][kind]), 3.0, MS)
    return row


ROWS = {
    "ps-loop": ps_loop,
    "ps-far": ps_far,
    "ping-far": ping_far,
    "cold-far": cold_far,
    "crowd": crowd,
    "raw-crowd": raw_crowd,
    "bulk-down": bulk_down,
    "bulk-up": bulk_up,
    "bulk-far": bulk_far,
    "bulk-far-up": bulk_far_up,
    "memory": memory,
    "idle": idle,
    "prompt": prompt,
    "busy-loop": busy_loop,
    "busy-capped": busy_capped,
    "save": save,
    "load": load_image,
}
