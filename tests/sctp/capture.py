"""Reads SCTP DATA chunks off an interface, as a judge that is not the code under test."""

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

ALL_PROTOCOLS = 3
ETHERNET_OCTETS = 14
COMMON_HEADER_OCTETS = 12
DATA = 0
UNORDERED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    port: int  # of the sender
    stream: int
    ppid: int
    unordered: bool
    body: bytes


class Capture:
    def __init__(self, sniffer: socket.socket) -> None:
        self._sniffer = sniffer

    async def data_of(self, port: int, count: int) -> list[Chunk]:
        """Wait for `count` DATA chunks whose sender is `port`; each packet is seen twice on loopback, told once."""
        found: dict[tuple[int, bytes], Chunk] = {}
        async with asyncio.timeout(10):
            while len(found) < count:
                packet, address = await asyncio.get_running_loop().sock_recvfrom(self._sniffer, 70_000)
                if address[2] == socket.PACKET_OUTGOING:
                    found.update({(tsn, chunk.body): chunk for tsn, chunk in chunks(packet) if chunk.port == port})
        return list(found.values())


@contextmanager
def capture(interface: str) -> Iterator[Capture]:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_PROTOCOLS)) as sniffer:
        sniffer.bind((interface, ALL_PROTOCOLS))
        sniffer.setblocking(False)
        yield Capture(sniffer)


def chunks(packet: bytes) -> Iterator[tuple[int, Chunk]]:
    ip = packet[ETHERNET_OCTETS:]
    if ip[0] >> 4 != 4 or ip[9] != socket.IPPROTO_SCTP:
        return
    sctp = ip[(ip[0] & 15) * 4 : int.from_bytes(ip[2:4], "big")]
    at = COMMON_HEADER_OCTETS
    while at + 4 <= len(sctp):
        kind, flags, length = struct.unpack_from("!BBH", sctp, at)
        if kind == DATA:
            tsn, stream, _, ppid = struct.unpack_from("!IHHI", sctp, at + 4)
            yield (
                tsn,
                Chunk(
                    port=int.from_bytes(sctp[:2], "big"),
                    stream=stream,
                    ppid=ppid,
                    unordered=bool(flags & UNORDERED),
                    body=sctp[at + 16 : at + length],
                ),
            )
        at += (length + 3) // 4 * 4
