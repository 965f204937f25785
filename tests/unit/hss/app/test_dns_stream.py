"""DNS over TCP: messages cut anywhere, late answers, idle connections."""

import asyncio
from collections.abc import Awaitable

from hypothesis import given
from hypothesis import strategies as st

from hss.app.dns_stream import IDLE_S, DnsStream
from routing.enum_dns.wire import framed


def echo(message: bytes) -> Awaitable[bytes | None] | bytes | None:
    """Answer a message by itself: at once, later where it begins with L, by silence where it begins with S."""

    async def later() -> bytes:
        return message

    return later() if message[:1] == b"L" else None if message[:1] == b"S" else message


@given(st.lists(st.binary(max_size=40).filter(lambda one: one[:1] not in {b"L", b"S"})), st.integers(1, 7))
def test_messages_are_answered_however_they_are_cut(messages: list[bytes], step: int) -> None:
    stream = DnsStream(echo)
    octets = b"".join(map(framed, messages))
    turns = [stream.receive(octets[at : at + step], now=1.0) for at in range(0, len(octets), step)]
    assert b"".join(b"".join(turn.send) for turn in turns) == octets


def test_an_answer_may_come_later_or_not_at_all() -> None:
    stream = DnsStream(echo)
    turn = stream.receive(framed(b"Later") + framed(b"Silence") + framed(b"now"), now=1.0)
    assert turn.send == [framed(b"now")]

    async def waited() -> bytes | None:
        return await turn.later[0]

    assert stream.resume(asyncio.run(waited()), now=2.0).send == [framed(b"Later")]
    assert stream.resume(None, now=2.0).send == []


def test_a_connection_that_nobody_uses_is_closed() -> None:
    stream = DnsStream(echo)
    stream.connected(now=10.0)
    stream.receive(framed(b"x"), now=20.0)
    assert stream.deadline == 20.0 + IDLE_S
    assert not stream.wake(now=20.0 + IDLE_S - 1).close
    assert stream.wake(now=20.0 + IDLE_S).close
    assert stream.disconnected(now=60.0).send == []
