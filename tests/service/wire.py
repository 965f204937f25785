"""A Diameter client over a plain socket; python-diameter, an independent reader, writes requests and reads answers."""

import itertools
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Self

from diameter.message import Avp, Message, MessageHeader

PATIENCE_S: Final = 20.0  # for what must come; nothing waits for it to pass
CX: Final = 16777216
TGPP: Final = 10415
LIR: Final = 302
ORIGINATING: Final = Avp.new(633, TGPP, value=0)
CAPABILITIES_WANTED: Final = Avp.new(623, TGPP, value=2)


def until(holds: Callable[[], object]) -> None:
    """Look again and again until something holds; fail after `PATIENCE_S`."""
    last = time.monotonic() + PATIENCE_S  # noqa: TID251 - the test's own patience
    while not holds():
        assert time.monotonic() < last, "it never came to hold"  # noqa: TID251 - as above
        time.sleep(0.02)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as python-diameter reads it."""

    octets: bytes
    header: MessageHeader
    avps: list[Any]

    @classmethod
    def read(cls, octets: bytes) -> Self:
        message = Message.from_bytes(octets, plain_msg=True)
        return cls(octets, message.header, message.avps)

    def all(self, code: int, vendor: int = 0) -> list[Any]:
        return [avp for avp in self.avps if (avp.code, avp.vendor_id) == (code, vendor)]

    def value(self, code: int, vendor: int = 0) -> Any:
        """Give the value of an AVP that may stand once."""
        found = self.all(code, vendor)
        assert len(found) <= 1, f"AVP {code} stands {len(found)} times"
        return found[0].value if found else None

    @property
    def result(self) -> int:
        """Give the Result-Code, or the Experimental-Result-Code of 3GPP as a negative number."""
        base, group = self.value(268), self.value(297)
        assert (base is None) != (group is None), "exactly one result is wanted"
        if group is None:
            return int(base)
        inner = {avp.code: avp.value for avp in group}
        assert inner[266] == TGPP
        return -int(inner[298])

    @property
    def server(self) -> str | None:
        found: str | None = self.value(602, TGPP)
        return found

    @property
    def capabilities(self) -> dict[int, list[Any]] | None:
        """Give the members of Server-Capabilities by their AVP code."""
        group = self.value(603, TGPP)
        if group is None:
            return None
        members: dict[int, list[Any]] = {}
        for avp in group:
            members.setdefault(avp.code, []).append(avp.value)
        return members

    @property
    def failed_avp(self) -> bytes | None:
        group = self.all(279)
        return group[0].payload if group else None


class Peer:
    """One connection to the service."""

    def __init__(
        self,
        address: str,
        *,
        host: str = "icscf.ims.example",
        context: ssl.SSLContext | None = None,
        receive_octets: int | None = None,
    ) -> None:
        place, _, port = address.rpartition(":")
        place = place.strip("[]")
        plain = socket.socket(socket.AF_INET6 if ":" in place else socket.AF_INET)
        plain.settimeout(PATIENCE_S)
        if receive_octets is not None:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_octets)
        plain.connect((place, int(port)))
        self._join(plain if context is None else context.wrap_socket(plain, server_hostname="hss.ims.example"), host)

    def _join(self, connected: socket.socket, host: str) -> None:
        self.socket = connected
        self.host = host
        self.realm = host.partition(".")[2]
        self._identifiers = itertools.count(0x1000)
        self._kept = b""

    @classmethod
    def accepted(cls, listening: socket.socket, *, host: str) -> Self:
        """Wait for a connection that the service makes."""
        listening.settimeout(PATIENCE_S)
        connected, _ = listening.accept()
        connected.settimeout(PATIENCE_S)
        made = cls.__new__(cls)
        made._join(connected, host)  # noqa: SLF001 - a constructor
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def receive(self) -> bytes:
        """Give the next whole message; raise `EOFError` where the service closes."""
        while len(self._kept) < 4 or len(self._kept) < int.from_bytes(self._kept[1:4], "big"):
            piece = self.socket.recv(65536)
            if not piece:
                raise EOFError(self._kept.hex())
            self._kept += piece
        length = int.from_bytes(self._kept[1:4], "big")
        message, self._kept = self._kept[:length], self._kept[length:]
        return message

    def ask(self, octets: bytes) -> Answer:
        """Send one request and read its answer; it has to belong to the request."""
        self.send(octets)
        answer = Answer.read(self.receive())
        assert answer.octets[5:8] == octets[5:8]
        assert answer.octets[8:20] == octets[8:20]
        assert not answer.header.is_request
        return answer

    def end(self) -> str:
        """Say how the service ends the connection: closed or reset; nothing may come before."""
        try:
            rest = self.socket.recv(65536)
        except ConnectionResetError:
            return "reset"
        assert rest == b"", rest.hex()
        return "closed"

    def open(self) -> Self:
        assert self.capabilities().result == 2001
        return self

    def capabilities(self) -> Answer:
        group = Avp.new(260, value=[Avp.new(266, value=TGPP), Avp.new(258, value=CX)])
        return self.ask(self.request(257, 0, [Avp.new(257, value="127.0.0.1"), Avp.new(266, value=TGPP),
                                              Avp.new(269, value="test"), group]))  # fmt: skip

    def take_capabilities(self) -> Answer:
        """Open a connection that the service makes: read its CER, and answer it."""
        cer = Answer.read(self.receive())
        group = Avp.new(260, value=[Avp.new(266, value=TGPP), Avp.new(258, value=CX)])
        rest = [Avp.new(257, value="127.0.0.1"), Avp.new(266, value=TGPP), Avp.new(269, value="test"), group]
        self.send(self.answer(cer.octets, *rest))
        return cer

    def watchdog(self) -> Answer:
        return self.ask(self.request(280, 0, []))

    def locate(self, uri: str, *further: Any, realm: str | None = None) -> Answer:
        """Send an LIR and read the LIA."""
        return self.ask(self.location_info(uri, *further, realm=realm))

    def location_info(self, uri: str, *further: Any, realm: str | None = None) -> bytes:
        """Write an LIR."""
        session = Avp.new(263, value=f"{self.host};1;{next(self._identifiers)}")
        group = Avp.new(260, value=[Avp.new(266, value=TGPP), Avp.new(258, value=CX)])
        rest = [Avp.new(283, value=(realm or self.realm).encode()), group, Avp.new(277, value=1)]
        return self.request(LIR, CX, [*rest, Avp.new(601, TGPP, value=uri), *further], session=session)

    def answer(self, request: bytes, *further: Any) -> bytes:
        """Write an answer with success to a request of the service."""
        avps = [Avp.new(268, value=2001), Avp.new(264, value=self.host.encode()), Avp.new(296, value=b"ims.example")]
        body = b"".join(avp.as_bytes() for avp in [*avps, *further])
        return b"\1" + (20 + len(body)).to_bytes(3, "big") + b"\0" + request[5:20] + body

    def request(self, command: int, application: int, avps: list[Any], *, session: Any = None) -> bytes:
        """Write a request with our Origin-Host and Origin-Realm."""
        origin = [Avp.new(264, value=self.host.encode()), Avp.new(296, value=self.realm.encode())]
        body = b"".join(avp.as_bytes() for avp in [*([session] if session else []), *origin, *avps])
        number = next(self._identifiers).to_bytes(4, "big")
        flags = 0xC0 if application else 0x80
        head = b"\1" + (20 + len(body)).to_bytes(3, "big") + bytes([flags]) + command.to_bytes(3, "big")
        return head + application.to_bytes(4, "big") + number + number + body
