"""M3UA over TCP: a machine around a machine that cuts the stream by the length in the common header."""

from dataclasses import dataclass
from typing import Final, Generic

from hss.machine import Event, Machine, Turn
from hss.sigtran.layer import L
from schemas.numbers.m3ua import HEADER_OCTETS

MOST_OCTETS: Final = 65_536  # a bound on memory; no length of RFC 4666


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLength(Event):
    """A header named a length that no message has; the stream cannot be read on."""

    octets: int


class Framing(Generic[L]):
    """Feeds whole messages of a TCP stream to `inner`."""

    def __init__(self, inner: Machine[L], *, most_octets: int = MOST_OCTETS) -> None:
        self.inner: Final = inner
        self._limit = most_octets
        self._kept = b""

    @property
    def deadline(self) -> float | None:
        """The deadline of the inner machine."""
        return self.inner.deadline

    def connected(self, *, now: float) -> Turn[L]:
        """Begin an empty stream."""
        self._kept = b""
        return self.inner.connected(now=now)

    def receive(self, data: bytes, *, now: float) -> Turn[L]:
        """Cut what has arrived into messages; keep the rest."""
        kept = self._kept + data if self._kept else data
        turn: Turn[L] = Turn()
        at, end = 0, len(kept)
        while end - at >= HEADER_OCTETS and not turn.close:
            length = int.from_bytes(kept[at + 4 : at + 8], "big")
            if not HEADER_OCTETS <= length <= self._limit:
                turn.add(Turn(events=[BadLength(octets=length)], close=True))
                break
            if at + length > end:
                break
            turn.add(self.inner.receive(kept[at : at + length], now=now))
            at += length
        self._kept = kept[at:]
        return turn

    def resume(self, late: L, *, now: float) -> Turn[L]:
        """Pass on."""
        return self.inner.resume(late, now=now)

    def wake(self, *, now: float) -> Turn[L]:
        """Pass on."""
        return self.inner.wake(now=now)

    def disconnected(self, *, now: float) -> Turn[L]:
        """Forget the rest of the stream and pass on."""
        self._kept = b""
        return self.inner.disconnected(now=now)
