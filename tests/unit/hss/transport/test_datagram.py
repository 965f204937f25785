"""Datagrams: many at once, answers that cannot be sent, an end in between."""

import asyncio
import errno
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address
from typing import Any

import pytest

from hss.machine import Event
from hss.transport import datagram
from hss.transport.address import ANY_HOST, Address
from hss.transport.asker import Asker, asker_of
from hss.transport.datagram import AT_ONCE, DatagramEndpoint, listen_udp
from hss.transport.events import DatagramFailed


@contextmanager
def asking(address: Address) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        client.connect(("127.0.0.1", address.port))
        yield client


def asker(host: str, port: int) -> Asker:
    return asker_of((host, port), [])


async def received(client: socket.socket, count: int) -> list[bytes]:
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(20):
        return [await loop.sock_recv(client, 100) for _ in range(count)]


async def test_many_datagrams_are_answered_in_turns() -> None:
    endpoint = await listen_udp(Address(ANY_HOST, 0), lambda data, _: data, lambda *_: None)
    questions = [f"{at}".encode() for at in range(2 * AT_ONCE + 1)]
    with asking(endpoint.address) as client:
        for question in questions:
            client.send(question)
        assert await received(client, len(questions)) == questions
    endpoint.close()


@pytest.mark.parametrize(
    ("bound", "asked"),
    [
        (ANY_HOST, "127.0.0.1"),
        (ANY_HOST, "127.0.0.2"),
        (ANY_HOST, "::1"),
        ("::", "::1"),
        ("0.0.0.0", "127.0.0.2"),  # noqa: S104 - a test
        ("127.0.0.2", "127.0.0.2"),
    ],
)
async def test_an_answer_leaves_from_the_address_that_was_asked(bound: str, asked: str) -> None:
    endpoint = await listen_udp(Address(bound, 0), lambda data, _: data, lambda *_: None)
    family = socket.AF_INET6 if ":" in asked else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        client.connect((asked, endpoint.address.port))  # takes answers from there alone
        client.send(b"x")
        assert await received(client, 1) == [b"x"]
    endpoint.close()


async def test_an_answer_may_go_to_another_port_of_the_asker() -> None:
    with asking(Address("127.0.0.1", 9)) as other:
        port = other.getsockname()[1]
        endpoint = await listen_udp(
            Address(ANY_HOST, 0), lambda data, peer: endpoint.send(data, peer.at(port)), lambda *_: None
        )
        other.connect(("127.0.0.3", endpoint.address.port))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"x", ("127.0.0.3", endpoint.address.port))
            assert await received(other, 1) == [b"x"]
        endpoint.close()


@pytest.mark.parametrize(("local", "interface"), [("fd00::2", 0), ("::ffff:192.0.2.2", 0), ("fe80::1", 7)])
def test_the_way_back_is_the_kernel_s_choice_save_for_a_link_local_address(local: str, interface: int) -> None:
    address = IPv6Address(local).packed
    came = [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, address + struct.pack("=i", 7))]
    assert asker_of(("fd00::1", 9, 0, 0), came).way == [
        (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, address + struct.pack("=i", interface))
    ]


async def test_a_port_that_somebody_has_is_not_taken_for_one_family_alone() -> None:
    endpoint = await listen_udp(Address(ANY_HOST, 0), lambda data, _: data, lambda *_: None)
    with pytest.raises(OSError, match="in use"):
        await listen_udp(Address(ANY_HOST, endpoint.address.port), lambda data, _: data, lambda *_: None)
    endpoint.close()


async def test_without_ipv6_every_ipv4_address_is_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = socket.socket

    def without_ipv6(family: int = -1, *more: Any, **named: Any) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "no IPv6 here")
        return opened(family, *more, **named)

    monkeypatch.setattr(datagram.socket, "socket", without_ipv6)
    endpoint = await listen_udp(Address(ANY_HOST, 0), lambda data, _: data, lambda *_: None)
    assert endpoint.address.host == "0.0.0.0"  # noqa: S104 - a test
    endpoint.close()


async def test_an_endpoint_may_be_closed_by_an_answer_and_says_nothing_afterwards() -> None:
    heard: list[bytes] = []

    def close(data: bytes, _: Address) -> None:
        heard.append(data)
        endpoint.close()

    endpoint = await listen_udp(Address("127.0.0.1", 0), close, lambda *_: None)
    with asking(endpoint.address) as client:
        client.send(b"first")
        client.send(b"second")
        await endpoint.closed
    endpoint.close()
    endpoint.send(b"late", asker("127.0.0.1", 9))
    assert heard == [b"first"]


async def test_an_answer_may_come_later_and_go_elsewhere() -> None:
    seen: list[Event] = []
    endpoint = await listen_udp(Address("127.0.0.1", 0), lambda *_: None, lambda event, _: seen.append(event))
    with asking(endpoint.address) as client:
        endpoint.send(b"late", asker(*client.getsockname()))
        assert await received(client, 1) == [b"late"]
    endpoint.send(b"x" * 70_000, asker("127.0.0.1", 9))
    assert [type(event) for event in seen] == [DatagramFailed]
    endpoint.close()


class Noting:
    """A socket that notes in which order it is used."""

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner
        self.used: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def recvfrom(self, octets: int) -> tuple[bytes, Any]:
        found = self._inner.recvfrom(octets)
        self.used.append("read")
        return found

    def sendto(self, octets: bytes, name: Any) -> int:
        self.used.append("sent")
        return self._inner.sendto(octets, name)


def loopback() -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.setblocking(False)
    bound.bind(("127.0.0.1", 0))
    return bound


async def test_answers_leave_together_when_what_waits_has_been_read() -> None:
    noting = Noting(loopback())
    endpoint = DatagramEndpoint(noting, lambda data, _: data, lambda *_: None)  # type: ignore[arg-type]
    with asking(endpoint.address) as client:
        for question in (b"1", b"2", b"3"):
            client.send(question)
        assert await received(client, 3) == [b"1", b"2", b"3"]
    assert noting.used == ["read", "read", "read", "sent", "sent", "sent"]
    endpoint.close()


async def test_answers_that_have_not_left_when_an_endpoint_is_closed_never_leave() -> None:
    noting = Noting(loopback())

    def answer(data: bytes, _: Address) -> bytes:
        if data == b"2":
            endpoint.close()
        return data

    endpoint = DatagramEndpoint(noting, answer, lambda *_: None)  # type: ignore[arg-type]
    with asking(endpoint.address) as client:
        client.send(b"1")
        client.send(b"2")
        await endpoint.closed
    assert noting.used == ["read", "read"]


class Full:
    """A socket that takes nothing, or brings an error."""

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner
        self.error: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def sendto(self, *_: object) -> int:
        raise BlockingIOError

    def recvfrom(self, octets: int) -> tuple[bytes, Any]:
        if self.error is not None:
            raise self.error
        return self._inner.recvfrom(octets)


async def test_a_full_socket_drops_answers_and_an_error_is_reported() -> None:
    seen: list[Event] = []
    full = Full(loopback())
    answered = asyncio.Event()

    def answer(data: bytes, _: Address) -> bytes:
        answered.set()
        return data

    endpoint = DatagramEndpoint(full, answer, lambda event, _: seen.append(event))  # type: ignore[arg-type]
    with asking(endpoint.address) as client:
        client.send(b"x")
        await answered.wait()
        assert seen == []
        full.error = ConnectionRefusedError("nobody listens")
        reported = asyncio.Event()
        endpoint._observe = lambda event, _: (seen.append(event), reported.set())[0]  # noqa: SLF001
        client.send(b"y")
        await reported.wait()
    assert isinstance(seen[0], DatagramFailed)
    endpoint.close()


async def test_a_place_that_cannot_be_had_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[socket.socket] = []

    class Noted(socket.socket):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            made.append(self)

    monkeypatch.setattr(datagram.socket, "socket", Noted)
    with pytest.raises(OSError, match="assign"):
        await listen_udp(Address("192.0.2.1", 0), lambda *_: None, lambda *_: None)
    assert [one.fileno() for one in made] == [-1]
