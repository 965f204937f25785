"""What two neighbouring layers say to each other."""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from hss.machine import Event

P = TypeVar("P")
L = TypeVar("L")


@dataclass(slots=True)
class Duty(Generic[P, L]):
    """What a layer asks of the one below it: primitives to send, work to await, events to report."""

    send: list[P] = field(default_factory=list)
    later: list[Awaitable[L]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


class Layer(Protocol[P, L]):
    """The user of a lower layer, as that layer sees it."""

    @property
    def deadline(self) -> float | None:
        """When `wake` wants to be called; None: never."""
        ...

    def receive(self, primitive: P, *, now: float) -> Duty[P, L]:
        """Take what came in."""
        ...

    def resume(self, late: L, *, now: float) -> Duty[P, L]:
        """Take the result of work that an earlier duty asked for."""
        ...

    def wake(self, *, now: float) -> Duty[P, L]:
        """Take the time."""
        ...


def earliest(one: float | None, other: float | None) -> float | None:
    """Find the first of two deadlines; None where there is none. A driver asks after each message."""
    if one is None or (other is not None and other < one):
        return other
    return one
