"""The ways to a remote Docker Engine that are compared, and the lines they go over.

Everything is told by the environment that `bench` sets. A way is started when it is first
asked for and stays until close(); nothing outlives that."""

import atexit
import json
import os
import re
import shutil
import socket
import subprocess
import time

LAB = os.environ.get("LAB", "")
T = os.environ.get("T", "")
TOOLS = os.environ.get("TOOLS", "")
DOCKTETHER = os.environ.get("DOCKTETHER", "")
SSH = shutil.which("ssh")

# name: one way delay in ms, bytes a second
LINES = {"loop": None, "far": (25, 0), "capped": (25, 12_500_000)}


PIPED = {"text": True, "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


class Failure(Exception):
    """Something that was to be measured did not work."""


def run(*command, env=None, timeout=300):
    """Its output; Failure when it fails."""
    done = subprocess.run(command, env={**os.environ, **(env or {})}, timeout=timeout, check=False, **PIPED)
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise Failure(f"{' '.join(command[:4])}: exit {done.returncode}: {last[-1]}")
    return done.stdout


def load(*arguments, tolerant=False, env=None, timeout=600):
    """What tests/bench/load measured; tolerant: some of it may have failed."""
    command = [f"{TOOLS}/bench/load", *map(str, arguments)]
    done = subprocess.run(command, env={**os.environ, **(env or {})}, timeout=timeout, check=False, **PIPED)
    if not done.stdout.strip() or (done.returncode != 0 and not tolerant):
        raise Failure(f"load {arguments[0]}: {(done.stderr or done.stdout).strip()}")
    return json.loads(done.stdout)


def wait_for(what, condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {seconds} s")
        time.sleep(0.02)


class Daemon:
    """A process in a session of its own, ended at the end of the run at the latest."""

    running = []

    def __init__(self, name, *command, **more):
        self.log = f"{T}/{name}.log"
        with open(self.log, "ab") as log:
            place = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, **more}
            self.process = subprocess.Popen(command, start_new_session=True, **place)
        self.pid = self.process.pid
        Daemon.running.append(self)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self in Daemon.running:
            Daemon.running.remove(self)


@atexit.register
def end_all():
    for daemon in list(Daemon.running):
        daemon.end()


def answers(path):
    if not os.path.exists(path):
        return False
    try:
        load("ping", "--to", path, "--deadline", 5)
        return True
    except Failure:
        return False


# ---- the lines ---------------------------------------------------------------------------------


class Line:
    """The way a TCP connection takes to sshd; port is where it begins."""

    def __init__(self, name, target=None):
        self.name = name
        self.control = None
        if LINES[name] is None:
            self.port = int(os.environ["LAB_PORT"])
            return
        delay, rate = LINES[name]
        self.control = f"{T}/{name}{'-raw' if target else ''}.wire"
        target = target or f"127.0.0.1:{os.environ['LAB_PORT']}"
        options = ["--delay", str(delay), *(["--rate", str(rate)] if rate else []), "--control", self.control]
        self.wire = Daemon(f"wire-{name}", f"{TOOLS}/net/wire", "--listen", "127.0.0.1:0", "--to", target,
                           *options, stdout=subprocess.PIPE)
        self.port = int(self.wire.process.stdout.readline().strip().split(b":")[-1])

    def stats(self):
        """bytes, connections and turnarounds until now."""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.control)
            s.sendall(b"stats\n")
            text = s.makefile("r", encoding="ascii").readline()
        return json.loads(text)


# ---- the ways ----------------------------------------------------------------------------------


class Direct:
    label = "direct"

    def __init__(self, world):
        self.sock, self.bulk = os.environ["LAB_SOCK"], world.front
        self.host, self.env, self.pid = f"unix://{self.sock}", {}, None

    def close(self):
        pass


class Forward:
    """ssh -L of both sockets."""

    def __init__(self, world, line, cipher=None, name=None):
        self.label = "ssh -L" if cipher is None else f"ssh -L {cipher.split('-')[0]}"
        base = f"{T}/{name or 'ssh'}-{line.name}{'-' + cipher.split('@')[0] if cipher else ''}"
        self.sock, self.bulk = f"{base}.sock", f"{base}.bulk"
        self.host, self.env = f"unix://{self.sock}", {}
        self.ssh = Daemon(os.path.basename(base), SSH, "-F", world.ssh_config, "-N", "-T",
                          "-o", "ExitOnForwardFailure=yes", *(["-c", cipher] if cipher else []),
                          "-L", f"{self.sock}:{os.environ['LAB_SOCK']}", "-L", f"{self.bulk}:{world.front}",
                          "-p", str(line.port), f"{os.environ['LAB_USER']}@127.0.0.1")
        self.pid = self.ssh.pid
        wait_for(f"{self.label} over {line.name}", lambda: answers(self.sock))

    def close(self):
        self.ssh.end()
        for path in (self.sock, self.bulk):
            if os.path.exists(path):
                os.unlink(path)


class Url:
    """docker -H ssh://. A script in PATH tells the ssh that docker starts our configuration."""

    def __init__(self, world, line, master):
        self.label = "ssh:// + ControlMaster" if master else "ssh://"
        self.place = f"{T}/url-{line.name}{'-master' if master else ''}"
        self.master, self.line = master, line
        self.config = f"{self.place}/config"
        os.makedirs(self.place)
        with open(world.ssh_config, encoding="utf-8") as base, open(self.config, "w", encoding="utf-8") as f:
            if master:
                f.write(f"ControlMaster auto\nControlPersist 600\nControlPath {self.place}/%C\n")
            f.write(base.read())
        with open(f"{self.place}/ssh", "w", encoding="utf-8") as f:
            f.write(f'#!/bin/sh\nexec {SSH} -F {self.config} "$@"\n')
        os.chmod(f"{self.place}/ssh", 0o755)
        self.host = f"ssh://{os.environ['LAB_USER']}@127.0.0.1:{line.port}"
        self.env, self.pid = {"PATH": f"{self.place}:{os.environ['PATH']}"}, None

    def close(self):
        if self.master:
            subprocess.run([SSH, "-F", self.config, "-O", "exit", "-p", str(self.line.port),
                            f"{os.environ['LAB_USER']}@127.0.0.1"], stderr=subprocess.DEVNULL, check=False)


def create(profile, port, remote):
    run(DOCKTETHER, "create", profile, f"ssh://{os.environ['LAB_USER']}@127.0.0.1:{port}{remote}",
        "--identity", os.environ["LAB_KEY"], "--pin", os.environ["LAB_PIN"])


class Tether:
    label = "docktether"

    def __init__(self, world, line, name=None, up=True):
        self.name, self.world = name or f"bench-{line.name}", world
        self.names = [self.name, f"{self.name}-bulk"]
        for profile, remote in zip(self.names, (os.environ["LAB_SOCK"], world.front)):
            create(profile, line.port, remote)
        place = f"{os.environ['XDG_RUNTIME_DIR']}/docktether"
        self.sock, self.bulk = f"{place}/{self.name}.sock", f"{place}/{self.name}-bulk.sock"
        self.host, self.env = f"unix://{self.sock}", {}
        if up:
            run(DOCKTETHER, "up", *self.names)

    def status(self, bulk=False):
        name = self.names[1 if bulk else 0]
        return json.loads(run(DOCKTETHER, "status", name, "--format", "json").splitlines()[0])

    @property
    def pid(self):
        return self.status()["pid"]

    @property
    def bulk_pid(self):
        return self.status(bulk=True)["pid"]

    def close(self):
        run(DOCKTETHER, "down", *self.names)


class World:
    """Makes lines and ways as they are asked for, each once."""

    def __init__(self):
        self.made, self.lines, self.agreed = {}, {}, None
        self.front = f"{T}/front.sock"
        Daemon("bulk", f"{TOOLS}/bench/bulk", "--listen", self.front, "--docker", os.environ["LAB_SOCK"])
        wait_for("bulk", lambda: answers(self.front))
        self.ssh_config = f"{T}/ssh_config"
        known = f"{T}/known_hosts"
        with open(f"{LAB}/host_ed25519.pub", encoding="utf-8") as f:
            host_key = " ".join(f.read().split()[:2])
        with open(known, "w", encoding="utf-8") as f:
            f.write(f"* {host_key}\n")
        with open(self.ssh_config, "w", encoding="utf-8") as f:
            f.write(f"IdentityFile {os.environ['LAB_KEY']}\nIdentitiesOnly yes\nBatchMode yes\n"
                    f"UserKnownHostsFile {known}\nGlobalKnownHostsFile /dev/null\n"
                    "StrictHostKeyChecking yes\n")

    def line(self, name):
        if name not in self.lines:
            self.lines[name] = Line(name)
        return self.lines[name]

    def raw_line(self, name):
        """The same delay, straight to the bulk server: what one round trip is."""
        if f"raw-{name}" not in self.lines:
            self.lines[f"raw-{name}"] = Line(name, target=self.front)
        return self.lines[f"raw-{name}"]

    def way(self, kind, line="loop"):
        """kind: direct, ssh, ssh-chacha, ssh-same, url, url-master, docktether."""
        if (kind, line) not in self.made:
            self.made[kind, line] = self.make(kind, self.line(line))
        return self.made[kind, line]

    def make(self, kind, line):
        if kind == "direct":
            return Direct(self)
        if kind == "docktether":
            return Tether(self, line)
        if kind.startswith("url"):
            return Url(self, line, master=kind == "url-master")
        if kind == "ssh-same":
            return Forward(self, line, self.cipher(), name="same")
        return Forward(self, line, "chacha20-poly1305@openssh.com" if kind == "ssh-chacha" else None)

    def cipher(self):
        """What docktether encrypts with, as a server that logs it has seen."""
        if self.agreed:
            return self.agreed
        with open(f"{LAB}/sshd/verbose/port", encoding="ascii") as f:
            port = f.read().strip()
        create("cipher", port, os.environ["LAB_SOCK"])
        run(DOCKTETHER, "up", "cipher")
        run(DOCKTETHER, "down", "cipher")
        with open(f"{LAB}/sshd/verbose/log", encoding="utf-8") as f:
            found = re.findall(r"kex: server->client cipher: (\S+)", f.read())
        if not found:
            raise Failure("the server's log does not tell the cipher")
        self.agreed = found[-1]
        return self.agreed

    def close(self):
        for way in self.made.values():
            way.close()
        self.made = {}
