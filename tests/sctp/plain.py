"""The far end of an association by plain sockets: none of the code under test."""

import asyncio
import socket
import struct
from contextlib import suppress

from hss.transport.address import Address
from hss.transport.driver import Driver, Outfit
from hss.transport.listening import Listener
from hss.transport.sctp import SctpUse, connect_sctp, listen_sctp
from tests.contract.transport_contract import framed

SOL_SCTP = 132
NODELAY = 3
BINDX_ADD = 100
CONNECTX = 110
PPID = 46
USE = SctpUse(ppid=PPID)


def sockaddr(host: str, port: int) -> bytes:
    if ":" in host:
        place = bytes(4) + socket.inet_pton(socket.AF_INET6, host) + bytes(4)
        return struct.pack("=H", socket.AF_INET6) + port.to_bytes(2, "big") + place
    return struct.pack("=H", socket.AF_INET) + port.to_bytes(2, "big") + socket.inet_aton(host) + bytes(8)


def raise_error_of(connecting: socket.socket) -> None:
    if error := connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(error, "the association did not come up")


class PlainPeer:
    def __init__(self, *, local: tuple[str, ...] = ()) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
        self.socket.setblocking(False)
        self.socket.setsockopt(SOL_SCTP, NODELAY, 1)
        self.kept = b""
        if local:
            self.socket.bind((local[0], 0))
            port = self.socket.getsockname()[1]
            for host in local[1:]:
                self.socket.setsockopt(SOL_SCTP, BINDX_ADD, sockaddr(host, port))

    async def connect(self, port: int, *hosts: str) -> "PlainPeer":
        loop = asyncio.get_running_loop()
        connected = loop.create_future()
        try:
            with suppress(BlockingIOError):
                self.socket.setsockopt(SOL_SCTP, CONNECTX, b"".join(sockaddr(host, port) for host in hosts))
            loop.add_writer(self.socket, lambda: connected.done() or connected.set_result(None))
            await connected
            raise_error_of(self.socket)
        except OSError:
            loop.remove_writer(self.socket)
            self.socket.close()
            raise
        loop.remove_writer(self.socket)
        return self

    async def send(self, *messages: bytes) -> None:
        for message in messages:
            await asyncio.get_running_loop().sock_sendall(self.socket, framed(message))

    async def receive(self) -> bytes:
        while len(self.kept) < 4 or len(self.kept) < int.from_bytes(self.kept[:4], "big"):
            data = await asyncio.get_running_loop().sock_recv(self.socket, 100_000)
            if not data:
                raise ConnectionAbortedError
            self.kept += data
        length = int.from_bytes(self.kept[:4], "big")
        body, self.kept = self.kept[4:length], self.kept[length:]
        return body

    async def end_of_stream(self) -> None:
        assert await asyncio.get_running_loop().sock_recv(self.socket, 100_000) == b""

    async def close(self) -> None:
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
        self.socket.close()

    def reset(self) -> None:
        with suppress(OSError):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Sctp:
    flood = 15

    async def listen(self, outfit: Outfit) -> Listener:
        return await listen_sctp([Address("127.0.0.1", 0)], outfit, USE)

    async def connect(self, listener: Listener, outfit: Outfit) -> Driver:
        return await connect_sctp([listener.address], outfit, USE)

    async def call(self, listener: Listener) -> PlainPeer:
        return await PlainPeer().connect(listener.address.port, "127.0.0.1")
