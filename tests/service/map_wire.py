"""An ASP over a plain socket, which sends octets as they are; nothing of the code under test."""

import socket
from typing import Final, Self

PATIENCE_S: Final = 20.0  # for what must come; nothing waits for it to pass
ERR, NTFY, DATA = 0x0000, 0x0001, 0x0101
ASPUP, ASPDN, BEAT, ASPUP_ACK, ASPDN_ACK, BEAT_ACK = 0x0301, 0x0302, 0x0303, 0x0304, 0x0305, 0x0306
ASPAC, ASPIA, ASPAC_ACK, ASPIA_ACK = 0x0401, 0x0402, 0x0403, 0x0404
DUNA, DAVA, DAUD = 0x0201, 0x0202, 0x0203
HEADER_OCTETS: Final = 8


def message(kind: int, parameters: bytes = b"") -> bytes:
    """Write a message of M3UA."""
    return b"\1\0" + kind.to_bytes(2, "big") + (HEADER_OCTETS + len(parameters)).to_bytes(4, "big") + parameters


def parameter(tag: int, value: bytes) -> bytes:
    """Write a parameter with its padding."""
    return tag.to_bytes(2, "big") + (4 + len(value)).to_bytes(2, "big") + value + bytes(-len(value) % 4)


def word(number: int) -> bytes:
    return number.to_bytes(4, "big")


def kind_of(octets: bytes) -> int:
    return int.from_bytes(octets[2:4], "big")


def value_of(octets: bytes, tag: int) -> bytes | None:
    """Find a parameter of a message."""
    at = HEADER_OCTETS
    while at < len(octets):
        found, length = int.from_bytes(octets[at : at + 2], "big"), int.from_bytes(octets[at + 2 : at + 4], "big")
        if found == tag:
            return octets[at + 4 : at + length]
        at += length + 3 & ~3
    return None


def sccp_of(octets: bytes) -> bytes:
    """Take the SCCP message out of DATA."""
    protocol_data = value_of(octets, 0x0210)
    assert protocol_data is not None
    return protocol_data[12:]


def tcap_of(octets: bytes) -> bytes:
    """Take the TCAP message out of DATA with a UDT."""
    unitdata = sccp_of(octets)
    assert unitdata[0] == 0x09
    at = 4 + unitdata[4]
    return unitdata[at + 1 : at + 1 + unitdata[at]]


class Asp:
    """One association to the service."""

    def __init__(self, address: str | socket.socket) -> None:
        """Connect, or take a connection that the service made."""
        if isinstance(address, str):
            host, _, port = address.rpartition(":")
            address = socket.create_connection((host, int(port)))
        self.socket = address
        self.socket.settimeout(PATIENCE_S)
        self.told: list[bytes] = []  # notifications that came in between
        self._kept = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def next(self) -> bytes:
        """Give the next whole message; raise `EOFError` where the service closes."""
        while len(self._kept) < HEADER_OCTETS or len(self._kept) < int.from_bytes(self._kept[4:8], "big"):
            piece = self.socket.recv(65536)
            if not piece:
                raise EOFError(self._kept.hex())
            self._kept += piece
        length = int.from_bytes(self._kept[4:8], "big")
        found, self._kept = self._kept[:length], self._kept[length:]
        return found

    def receive(self) -> bytes:
        """Give the next message that is no notification."""
        while kind_of(found := self.next()) == NTFY:
            self.told.append(found)
        return found

    def ask(self, octets: bytes) -> bytes:
        self.send(octets)
        return self.receive()

    def up(self, context: int | None = 100, identifier: int | None = None) -> Self:
        """Come up and go active."""
        named = b"" if identifier is None else parameter(0x0011, word(identifier))
        assert kind_of(self.ask(message(ASPUP, named))) == ASPUP_ACK
        wanted = b"" if context is None else parameter(0x0006, word(context))
        assert kind_of(self.ask(message(ASPAC, parameter(0x000B, word(2)) + wanted))) == ASPAC_ACK
        return self

    def lives(self) -> None:
        """Prove with a heart beat that the association stands; nothing may come before its answer."""
        assert self.ask(message(BEAT, parameter(0x0009, b"homeward"))) == message(
            BEAT_ACK, parameter(0x0009, b"homeward")
        )

    def last(self) -> list[int]:
        """Wait for the end; give the kinds of what came before, without notifications."""
        kinds: list[int] = []
        try:
            while True:
                kinds.append(kind_of(self.receive()))
        except (EOFError, ConnectionResetError):
            return kinds

    def ended(self) -> bool:
        """Wait for the end, whatever comes before."""
        return self.last() is not None
