"""DNS over TCP as a machine: messages with two octets of length in front (RFC 1035 4.2.2, RFC 7766)."""

from collections.abc import Awaitable, Callable
from typing import Final

from hss.machine import Turn
from routing.enum_dns.wire import framed, split_stream

IDLE_S: Final = 30.0  # RFC 7766 6.2.3 wants some seconds at least
Ask = Callable[[bytes], Awaitable[bytes | None] | bytes | None]


class DnsStream:
    """One connection; answers may leave in another order than their questions came (RFC 7766 7)."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._kept = b""
        self.deadline: float | None = None

    def connected(self, *, now: float) -> Turn[bytes | None]:
        """Wait for the first question."""
        return self._seen(Turn(), now)

    def receive(self, data: bytes, *, now: float) -> Turn[bytes | None]:
        """Answer the questions that are complete."""
        turn: Turn[bytes | None] = Turn()
        messages, self._kept = split_stream(self._kept + data)
        for message in messages:
            answer = self._ask(message)
            if isinstance(answer, bytes):
                turn.send.append(framed(answer))
            elif answer is not None:
                turn.later.append(answer)
        return self._seen(turn, now)

    def resume(self, late: bytes | None, *, now: float) -> Turn[bytes | None]:
        """Send an answer that the database was asked for."""
        return self._seen(Turn(send=[] if late is None else [framed(late)]), now)

    def wake(self, *, now: float) -> Turn[bytes | None]:
        """Close a connection that nobody uses."""
        return Turn(close=self.deadline is not None and now >= self.deadline)

    def disconnected(self, *, now: float) -> Turn[bytes | None]:  # noqa: ARG002 - the form of a machine
        """Forget what was begun."""
        self._kept = b""
        return Turn()

    def _seen(self, turn: Turn[bytes | None], now: float) -> Turn[bytes | None]:
        self.deadline = now + IDLE_S
        return turn
