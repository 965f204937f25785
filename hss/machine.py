"""The contract between a protocol and the world.

A protocol is a machine without I/O: octets and time go in; octets, work and events come out.
A driver in `hss.transport` owns the socket and the clock and carries out each `Turn`.
"""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

L = TypeVar("L")


class Event:
    """Something that happened; `hss.app` logs, counts and traces it. Subclasses are frozen dataclasses."""

    __slots__ = ()


@dataclass(slots=True, kw_only=True)
class Turn(Generic[L]):
    """What one call of a machine asks of the world, in this order: send, later, events, close."""

    send: list[bytes] = field(default_factory=list)  # whole messages, in order
    later: list[Awaitable[L]] = field(default_factory=list)  # work that needs I/O; it never raises
    events: list[Event] = field(default_factory=list)
    close: bool = False  # end the connection after what is to be sent
    reset: bool = False  # with `close`: by TCP RST or SCTP ABORT, without waiting for what is to be sent

    def add(self, other: "Turn[L]") -> None:
        """Append what another call asked for."""
        self.send += other.send
        self.later += other.later
        self.events += other.events
        self.close |= other.close
        self.reset |= other.reset


class Machine(Protocol[L]):
    """One end of one connection (or the upper side of one layer)."""

    @property
    def deadline(self) -> float | None:
        """When `wake` wants to be called, in seconds of the clock that gives `now`; None: never."""
        ...

    def connected(self, *, now: float) -> Turn[L]:
        """Hear that the connection stands; an initiator speaks first."""
        ...

    def receive(self, data: bytes, *, now: float) -> Turn[L]:
        """Take octets: any piece of a stream, or one whole message where the transport keeps edges."""
        ...

    def resume(self, late: L, *, now: float) -> Turn[L]:
        """Take the result of work that an earlier turn asked for."""
        ...

    def wake(self, *, now: float) -> Turn[L]:
        """Take the time; called at or after `deadline`."""
        ...

    def disconnected(self, *, now: float) -> Turn[L]:
        """Hear that the connection is gone: fail what was waiting. Nothing can be sent any more."""
        ...
