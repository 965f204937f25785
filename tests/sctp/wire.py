"""A Diameter client over one SCTP association: a plain socket, none of the code under test."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from diameter.message import Avp

from tests.sctp.plain import BINDX_ADD, CONNECTX, NODELAY, SOL_SCTP, sockaddr
from tests.service.wire import CX, PATIENCE_S, TGPP, Answer, Peer

EVENTS = 11
MESSAGE_INFO = b"\1"  # sctp_event_subscribe: tell the identifier of each message
SNDRCV = 1
SNDINFO = 2
PPID_AT = 8
DIAMETER = 46
LONGEST = 1 << 20


class SctpPeer(Peer):
    """One association with the service; it is checked that each message comes alone and is marked as Diameter."""

    def __init__(self, address: str, *, host: str = "icscf.ims.test", local: tuple[str, ...] = ()) -> None:
        text, _, port = address.rpartition(":")
        places = [place.strip("[]") for place in text.split(",")]
        made = endpoint(*local, family=socket.AF_INET6 if ":" in text else socket.AF_INET)
        made.setsockopt(SOL_SCTP, CONNECTX, b"".join(sockaddr(place, int(port)) for place in places))
        made.settimeout(PATIENCE_S)
        self._join(made, host)

    def _join(self, connected: socket.socket, host: str) -> None:
        connected.setsockopt(SOL_SCTP, NODELAY, 1)
        connected.setsockopt(SOL_SCTP, EVENTS, MESSAGE_INFO)
        super()._join(connected, host)

    def send(self, octets: bytes) -> None:
        """Send one message."""
        info = struct.pack("=HHIIi", 0, 0, socket.htonl(DIAMETER), 0, 0)
        assert self.socket.sendmsg([octets], [(SOL_SCTP, SNDINFO, info)]) == len(octets)

    def receive(self) -> bytes:
        """Give the next message; raise `EOFError` where the service closes."""
        octets, ancillary, flags, _ = self.socket.recvmsg(LONGEST, 256)
        if not octets:
            raise EOFError
        [info] = [data for level, kind, data in ancillary if (level, kind) == (SOL_SCTP, SNDRCV)]
        assert int.from_bytes(info[PPID_AT : PPID_AT + 4], "big") == DIAMETER
        assert flags & socket.MSG_EOR
        assert len(octets) == int.from_bytes(octets[1:4], "big")
        return octets

    def open(self) -> Self:
        """Exchange capabilities and answer the watchdog that follows at once (RFC 6733 2.1.1)."""
        super().open()
        self.answer_watchdog()
        return self

    def answer_watchdog(self) -> None:
        """Wait for a DWR of the service and answer it."""
        request = self.receive()
        assert (request[4], request[5:8]) == (0x80, b"\0\x01\x18")
        self.send(self.answer(request))

    def accept(self, *, addresses: tuple[str, ...] = ("127.0.0.1",)) -> Answer:
        """Wait for the CER of the service, welcome it, and give the CER."""
        cer = self.receive()
        assert (cer[4], cer[5:8]) == (0x80, b"\0\x01\x01")
        group = Avp.new(260, value=[Avp.new(266, value=TGPP), Avp.new(258, value=CX)])
        places = [Avp.new(257, value=address) for address in addresses]
        self.send(self.answer(cer, *places, Avp.new(266, value=TGPP), Avp.new(269, value="test"), group))
        return Answer.read(cer)

    def abort(self) -> None:
        """End the association by ABORT."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def endpoint(*local: str, family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
    """Make a socket, bound to all `local` addresses."""
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
    if local:
        made.bind((local[0], 0))
        port = made.getsockname()[1]
        for host in local[1:]:
            made.setsockopt(SOL_SCTP, BINDX_ADD, sockaddr(host, port))
    return made


@contextmanager
def listening(*hosts: str) -> Iterator[socket.socket]:
    """Wait for associations of the service."""
    with endpoint(*hosts) as made:
        made.listen(4)
        yield made


def addresses_in(message: Answer) -> set[Any]:
    """Give every Host-IP-Address, as (family, address)."""
    return {avp.value for avp in message.all(257)}
