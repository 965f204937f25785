"""Framing, streams, back-off."""

from typing import Any

import pytest

from hss.machine import Turn
from hss.sigtran.m3ua import messages
from hss.sigtran.m3ua.back_off import BackOff
from hss.sigtran.m3ua.framing import BadLength, Framing
from hss.sigtran.m3ua.messages import Transfer
from hss.sigtran.m3ua.streams import stream_of
from schemas.numbers.m3ua import Kind, Tag


class Recorder:
    """A machine that keeps what it is told."""

    deadline = 3.0

    def __init__(self) -> None:
        self.told: list[Any] = []

    def connected(self, *, now: float) -> Turn[Any]:
        self.told.append(("connected", now))
        return Turn()

    def receive(self, data: bytes, *, now: float) -> Turn[Any]:
        self.told.append((data, now))
        return Turn(send=[data])

    def resume(self, late: object, *, now: float) -> Turn[Any]:
        self.told.append((late, now))
        return Turn()

    def wake(self, *, now: float) -> Turn[Any]:
        self.told.append(("wake", now))
        return Turn()

    def disconnected(self, *, now: float) -> Turn[Any]:
        self.told.append(("disconnected", now))
        return Turn()


BEAT = messages.write(Kind.BEAT, [(Tag.HEARTBEAT_DATA, b"12345")])


def test_messages_are_cut_out_of_the_stream() -> None:
    inner = Recorder()
    framing = Framing(inner)
    assert framing.receive(BEAT + BEAT + BEAT[:5], now=1.0).send == [BEAT, BEAT]
    assert framing.receive(BEAT[5:], now=2.0).send == [BEAT]


@pytest.mark.parametrize("length", [0, 7, 65_537, 2**32 - 1])
def test_a_length_that_no_message_has_ends_the_stream(length: int) -> None:
    framing = Framing(Recorder())
    turn = framing.receive(BEAT + BEAT[:4] + length.to_bytes(4, "big") + BEAT, now=1.0)
    assert (turn.send, turn.events, turn.close) == ([BEAT], [BadLength(octets=length)], True)


def test_everything_else_is_passed_on_and_a_new_connection_begins_a_new_stream() -> None:
    inner = Recorder()
    framing = Framing(inner)
    framing.receive(BEAT[:5], now=0.0)
    framing.disconnected(now=1.0)
    framing.connected(now=2.0)
    framing.receive(BEAT, now=3.0)
    framing.resume("late", now=4.0)
    framing.wake(now=5.0)
    assert inner.told == [("disconnected", 1.0), ("connected", 2.0), (BEAT, 3.0), ("late", 4.0), ("wake", 5.0)]
    assert framing.deadline == 3.0


def test_data_takes_a_stream_by_its_sls_and_management_stream_0() -> None:
    octets = messages.write_transfer(Transfer(opc=1, dpc=2, data=b"d", sls=20, routing_context=1, network_appearance=1))
    assert (stream_of(octets), stream_of(octets, 2), stream_of(octets, 1)) == (6, 1, 0)
    assert stream_of(BEAT) == 0
    assert stream_of(messages.write(Kind.DATA)) == 1
    assert stream_of(b"") == 0


def test_waits_double_until_the_longest() -> None:
    back_off = BackOff(first_s=1.0, longest_s=5.0)
    assert [back_off.failed() for _ in range(4)] == [1.0, 2.0, 4.0, 5.0]
    assert back_off.failed(jitter=-1.0) == 3.75
    back_off.succeeded()
    assert back_off.failed(jitter=1.0) == 1.25
