#!/usr/bin/env python3
"""An SSH server of another make (asyncssh), for one key, on 127.0.0.1.

    asyncsshd.py PORTFILE HOSTKEY AUTHORIZED_KEYS [no-streamlocal] [overrun] [swallow] [open]

It connects clients to unix sockets, unless told not to, and runs commands; with `overrun`
it sends beyond the window; with `swallow` only the first connection to a socket is made in
each session, and further ones are never answered; with `open` it lets everybody in. The port it got is written to PORTFILE."""

import asyncio
import os
import sys
import warnings

warnings.simplefilter("ignore")
import asyncssh  # noqa: E402  pylint: disable=wrong-import-position


class Server(asyncssh.SSHServer):
    streamlocal, swallow, opened, closed = True, False, 0, True

    def begin_auth(self, username):
        return self.closed

    def unix_connection_requested(self, dest_path):
        self.opened += 1
        if self.swallow and self.opened > 1:
            return asyncio.Event().wait()
        return self.streamlocal


# Not by process.redirect(): in asyncssh 2.10 a client that closes the channel of a command
# that still runs loses the whole connection by it.
async def feed(process, child):
    try:
        while data := await process.stdin.read(65536):
            child.stdin.write(data)
            await child.stdin.drain()
        child.stdin.close()
    except (asyncssh.SignalReceived, OSError):
        child.kill()


async def carry(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass


async def run(process):
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec("/bin/sh", "-c", process.command, stdin=pipe, stdout=pipe,
                                                 stderr=pipe)
    feeder = asyncio.ensure_future(feed(process, child))
    await asyncio.gather(carry(child.stdout, process.stdout), carry(child.stderr, process.stderr))
    status = await child.wait()
    feeder.cancel()
    if not process.is_closing():
        process.exit(status)


# A server that goes on beyond the window, as none may.
def overrun():
    channel = asyncssh.channel.SSHChannel
    rightly = channel.process_open

    def process_open(self, send_chan, send_window, *others):
        return rightly(self, send_chan, 1 << 40, *others)

    channel.process_open = process_open


async def main(portfile, hostkey, keys, *options):
    if "overrun" in options:
        overrun()
    Server.streamlocal, Server.swallow = "no-streamlocal" not in options, "swallow" in options
    Server.closed = "open" not in options
    server = await asyncssh.listen("127.0.0.1", 0, server_factory=Server, server_host_keys=[hostkey],
                                   authorized_client_keys=keys, process_factory=run, encoding=None)
    with open(portfile + ".new", "w", encoding="ascii") as out:
        out.write(str(server.sockets[0].getsockname()[1]))
    os.rename(portfile + ".new", portfile)
    await asyncio.Event().wait()


asyncio.run(main(*sys.argv[1:]))
