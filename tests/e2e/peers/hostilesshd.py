#!/usr/bin/env python3
"""An SSH server that begins well: hostilesshd.py BEHAVIOUR PORTFILE HOSTKEY AUTHORIZED_KEYS TRIGGER

It connects clients to unix sockets as asyncsshd.py does. Once the file TRIGGER exists it is
hostile:

    tiny-packets   opens channels with a maximum packet size of 10
    late-data      answers no CLOSE, and sends to that channel without end
    other-key      repeats the key exchange with a key of its own making
    forged         signs the key exchange wrongly
    forged-hello   the same, after a line before its banner
    close-only     closes channels without an end of file before it
    same-words     refuses channels, two at a time in one packet of TCP, each with a word of its own
    silent         answers no request for a channel

Its port is written to PORTFILE."""

import asyncio
import os
import sys
import warnings

warnings.simplefilter("ignore")
# pylint: disable=wrong-import-position,protected-access
import asyncssh  # noqa: E402
from asyncssh.connection import SSHConnection  # noqa: E402
from asyncssh.channel import SSHChannel  # noqa: E402
from asyncssh.packet import String, UInt32  # noqa: E402

OPEN, ADJUST, DATA, EOF, CLOSE = 90, 93, 94, 96, 97
TRIGGER = sys.argv[5]


def hostile():
    return os.path.exists(TRIGGER)


class Server(asyncssh.SSHServer):
    def unix_connection_requested(self, dest_path):
        if BEHAVIOUR == "silent" and hostile():
            return asyncio.Event().wait()
        return True


def tiny_packets():
    rightly = SSHConnection.send_channel_open_confirmation

    def confirm(self, send_chan, recv_chan, recv_window, recv_pktsize, *rest):
        rightly(self, send_chan, recv_chan, recv_window, 10 if hostile() else recv_pktsize, *rest)

    SSHConnection.send_channel_open_confirmation = confirm


async def flood(conn, number):
    while True:
        for _ in range(100):
            conn.send_packet(DATA, UInt32(number), String(b"x" * 32000))
        await asyncio.sleep(0)
        while conn._transport.get_write_buffer_size() > 1 << 20:
            await asyncio.sleep(0.001)


def late_data():
    rightly, adjust = SSHChannel._process_close, SSHChannel._packet_handlers[ADJUST]
    closed = set()

    def process_adjust(self, kind, number, packet):
        if self in closed:
            open(TRIGGER + ".adjusted", "w", encoding="ascii").close()
        return adjust(self, kind, number, packet)

    SSHChannel._packet_handlers[ADJUST] = process_adjust

    def process_close(self, kind, number, packet):
        if not hostile():
            return rightly(self, kind, number, packet)
        closed.add(self)
        return asyncio.ensure_future(flood(self._conn, self._send_chan)) and None

    SSHChannel._packet_handlers[CLOSE] = process_close


def other_key():
    stranger = asyncssh.load_keypairs([asyncssh.generate_private_key("ssh-ed25519")])
    begin = Server.connection_made

    def connection_made(self, conn):
        async def later():
            if hostile():
                return
            # Nothing but the key exchange may be sent while it lasts (RFC 4253 7.1).
            while not hostile() or conn._channels:
                await asyncio.sleep(0.05)
            conn._server_host_keys = {pair.algorithm: pair for pair in stranger}
            conn._send_kexinit()
            conn._kexinit_sent = True

        begin(self, conn)
        asyncio.ensure_future(later())

    Server.connection_made = connection_made


def forged():
    pair = asyncssh.public_key.SSHLocalKeyPair
    rightly = pair.sign

    def sign(self, data):
        signature = rightly(self, data)
        return signature[:-1] + bytes([signature[-1] ^ 1]) if hostile() else signature

    pair.sign = sign


def forged_hello():
    rightly = SSHConnection._send_version

    def send_version(self):
        if hostile():
            self._send(b"hello\r\n")
        rightly(self)

    SSHConnection._send_version = send_version
    forged()


def close_only():
    rightly = SSHChannel.send_packet

    def send_packet(self, kind, *args):
        if kind == EOF and hostile():
            self._send_state = "closed"
            kind = CLOSE
        elif kind == CLOSE and self._send_state == "closed":
            return
        rightly(self, kind, *args)

    SSHChannel.send_packet = send_packet


def same_words():
    rightly = SSHConnection._process_channel_open
    waiting = []

    def process_open(self, kind, number, packet):
        if not hostile():
            rightly(self, kind, number, packet)
            return
        packet.get_string()
        waiting.append(packet.get_uint32())
        if len(waiting) < 2:
            return
        parts, send = [], self._send
        self._send = parts.append
        for word, channel in zip(("apple", "pear"), waiting):
            self.send_channel_open_failure(channel, 2, word, "")
        self._send = send
        waiting.clear()
        send(b"".join(parts))

    SSHConnection._packet_handlers[OPEN] = process_open


async def main(portfile, hostkey, keys):
    server = await asyncssh.listen("127.0.0.1", 0, server_factory=Server, server_host_keys=[hostkey],
                                   authorized_client_keys=keys, encoding=None)
    with open(portfile + ".new", "w", encoding="ascii") as out:
        out.write(str(server.sockets[0].getsockname()[1]))
    os.rename(portfile + ".new", portfile)
    await asyncio.Event().wait()


BEHAVIOUR = sys.argv[1]
{"tiny-packets": tiny_packets, "late-data": late_data, "other-key": other_key, "forged": forged,
 "forged-hello": forged_hello,
 "close-only": close_only, "same-words": same_words, "silent": lambda: None}[BEHAVIOUR]()
asyncio.run(main(*sys.argv[2:5]))
