"""TCP: a stream is cut into messages (RFC 6733 3). A machine around a machine; SCTP keeps message edges."""

from typing import Final, Protocol

from hss.machine import Turn
from schemas.numbers.diameter import HEADER_OCTETS

LENGTH_OCTETS: Final = 4  # version and length of a header
HINT_OCTETS: Final = 16


class Messages(Protocol):
    """A machine of whole messages."""

    @property
    def deadline(self) -> float | None:
        """When `wake` wants to be called."""
        ...

    def connected(self, *, now: float) -> Turn[bytes]:
        """Hear that the connection stands."""
        ...

    def take(self, message: bytes, turn: Turn[bytes], *, now: float) -> None:
        """Take one message, and add to `turn` what it asks of the world."""
        ...

    def lose(self, octets: int, rule: str, first: bytes, turn: Turn[bytes], *, now: float) -> None:
        """Hear that a message of so many `octets` breaks a `rule`; what follows cannot be read."""
        ...

    def resume(self, late: bytes, *, now: float) -> Turn[bytes]:
        """Take the result of work that an earlier turn asked for."""
        ...

    def wake(self, *, now: float) -> Turn[bytes]:
        """Take the time."""
        ...

    def disconnected(self, *, now: float) -> Turn[bytes]:
        """Hear that the connection is gone."""
        ...


class Framing:
    """Cuts a stream into the messages of `inner`; `limit` octets is the longest one."""

    def __init__(self, inner: Messages, *, limit: int) -> None:
        self.inner: Final = inner
        self._limit = limit
        self._kept = bytearray()
        self._wanted = LENGTH_OCTETS  # octets to be kept before there is anything to do
        self.connected = inner.connected
        self.resume = inner.resume
        self.wake = inner.wake
        self.disconnected = inner.disconnected

    @property
    def deadline(self) -> float | None:
        """When `wake` wants to be called."""
        return self.inner.deadline

    def receive(self, data: bytes, *, now: float) -> Turn[bytes]:
        """Take any piece of the stream; a header with an impossible length ends the connection at once."""
        turn: Turn[bytes] = Turn()
        if self._kept or len(data) < self._wanted:
            self._kept += data
            if len(self._kept) < self._wanted:
                return turn
            data = bytes(self._kept)
        at = self._take_all(data, turn, now)
        self._kept = bytearray(data[at:])
        return turn

    def _take_all(self, data: bytes, turn: Turn[bytes], now: float) -> int:
        """Hand on all whole messages; return where the rest begins."""
        at, end, take = 0, len(data), self.inner.take
        while end - at >= LENGTH_OCTETS and not turn.close:
            length = int.from_bytes(data[at + 1 : at + 4], "big")
            if length < HEADER_OCTETS or length % 4 or length > self._limit:
                self.inner.lose(length, self._rule(length), data[at : at + HINT_OCTETS], turn, now=now)
                break
            if at + length > end:
                self._wanted = length
                return at
            take(data[at : at + length], turn, now=now)
            at += length
        self._wanted = LENGTH_OCTETS
        return at

    def _rule(self, length: int) -> str:
        """Say which rule a length breaks."""
        if length < HEADER_OCTETS:
            return f"a header alone has {HEADER_OCTETS} octets"
        return f"at most {self._limit} octets" if length > self._limit else "a multiple of 4"
