"""A stream becomes messages."""

import pytest

from hss.diameter.framing import Framing
from hss.machine import Turn

MESSAGE = bytes.fromhex("01000014") + bytes(16)
LONG = bytes.fromhex("01000020") + bytes(28)


class Inner:
    """Notes what it is given; closes at a message of 32 octets where it should."""

    deadline = 5.0

    def __init__(self, *, closes: bool = False) -> None:
        self.taken: list[bytes] = []
        self.closes = closes
        self.lost: tuple[int, str, bytes] | None = None

    def connected(self, *, now: float) -> Turn[bytes]:
        return Turn(send=[f"connected {now}".encode()])

    def take(self, message: bytes, turn: Turn[bytes], *, now: float) -> None:  # noqa: ARG002 - no time here
        self.taken.append(message)
        turn.close = self.closes and message == LONG

    def lose(self, octets: int, rule: str, first: bytes, turn: Turn[bytes], *, now: float) -> None:  # noqa: ARG002
        self.lost = (octets, rule, first)
        turn.close = True

    def resume(self, late: bytes, *, now: float) -> Turn[bytes]:  # noqa: ARG002 - no time here
        return Turn(send=[late])

    def wake(self, *, now: float) -> Turn[bytes]:
        return Turn(send=[f"wake {now}".encode()])

    def disconnected(self, *, now: float) -> Turn[bytes]:
        return Turn(send=[f"disconnected {now}".encode()])


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 19, 20, 21, 33, 1000])
def test_a_stream_in_pieces_of_any_size_gives_the_same_messages(size: int) -> None:
    inner, stream = Inner(), 3 * (MESSAGE + LONG)
    framing = Framing(inner, limit=100)
    for at in range(0, len(stream), size):
        framing.receive(stream[at : at + size], now=0.0)
    assert inner.taken == 3 * [MESSAGE, LONG]


@pytest.mark.parametrize(
    ("length", "rule"),
    [
        (0, "a header alone has 20 octets"),
        (19, "a header alone has 20 octets"),
        (22, "a multiple of 4"),
        (104, "at most 100 octets"),
    ],
)
@pytest.mark.parametrize("before", [b"", MESSAGE])
def test_an_impossible_length_is_the_end_after_what_came_before(length: int, rule: str, before: bytes) -> None:
    inner = Inner()
    head = b"\1" + length.to_bytes(3, "big")
    turn = Framing(inner, limit=100).receive(before + head + MESSAGE, now=0.0)
    assert (turn.close, inner.taken) == (True, [before] if before else [])
    assert inner.lost == (length, rule, (head + MESSAGE)[:16])


def test_the_longest_message_is_taken() -> None:
    inner = Inner()
    message = b"\1" + (100).to_bytes(3, "big") + bytes(96)
    assert not Framing(inner, limit=100).receive(message, now=0.0).close
    assert inner.taken == [message]


def test_after_a_close_nothing_more_is_taken() -> None:
    inner = Inner(closes=True)
    assert Framing(inner, limit=100).receive(LONG + MESSAGE, now=0.0).close
    assert inner.taken == [LONG]


def test_everything_else_passes_through() -> None:
    framing = Framing(Inner(), limit=100)
    assert framing.deadline == 5.0
    assert framing.connected(now=1.0).send == [b"connected 1.0"]
    assert framing.wake(now=2.0).send == [b"wake 2.0"]
    assert framing.resume(b"x", now=3.0).send == [b"x"]
    assert framing.disconnected(now=4.0).send == [b"disconnected 4.0"]
