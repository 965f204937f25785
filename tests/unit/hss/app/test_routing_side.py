"""Answers that come late."""

import asyncio

import pytest

from hss.app import routing
from hss.app.routing import Late
from hss.store.errors import StoreUnavailable
from hss.transport.address import Address

PEER = Address("192.0.2.1", 5060)


class Endpoint:
    """Notes what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Address]] = []

    def send(self, answer: bytes, to: Address) -> None:
        self.sent.append((answer, to))


async def test_late_answers_are_sent_when_they_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "MOST_LATE", 3)
    go_on = asyncio.Event()

    async def answer(found: bytes | None) -> bytes | None:
        await go_on.wait()
        if found == b"lost":
            raise StoreUnavailable("gone")
        return found

    async with asyncio.TaskGroup() as tasks:
        late = Late(tasks)
        late.endpoint = endpoint = Endpoint()  # type: ignore[assignment]
        for found in (b"first", None, b"lost", b"one too many"):
            late.follow(answer(found), lambda octets: (octets, PEER))
        go_on.set()
    assert endpoint.sent == [(b"first", PEER)]
