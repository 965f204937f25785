"""Machines and the wires between them: no socket, no time but what a test says."""

import asyncio
from collections.abc import Awaitable
from math import inf
from typing import Any, TypeVar

from hss.diameter import client
from hss.diameter.link import Link, Surroundings, end_to_end_identifiers
from hss.diameter.local import Local
from hss.diameter.peer import PeerMachine
from hss.machine import Event, Turn
from tests.unit.hss.diameter.samples import CLIENT

E = TypeVar("E", bound=Event)


class End:
    """One machine with what it said and did."""

    def __init__(self, machine: PeerMachine, wire: "Wire") -> None:
        self.machine = machine
        self.wire = wire
        self.far: End | None = None
        self.said: list[bytes] = []
        self.events: list[Event] = []
        self.closed = self.reset = False
        self.deaf = False  # nothing arrives and nothing happens any more, as on a host without power
        machine.outlet = self.carry_out

    def carry_out(self, turn: Turn[bytes]) -> None:
        self.events += turn.events
        self.said += turn.send
        for message in turn.send:
            self.wire.queue.append((self, message))
        for work in turn.later:
            self.carry_out(self.machine.resume(asyncio.run(_wait(work)), now=self.wire.now))
        if turn.close:
            self.closed, self.reset = True, turn.reset

    def happened(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]


async def _wait(work: Awaitable[bytes]) -> bytes:
    return await work


class Wire:
    """Carries messages between ends until nobody has anything to say."""

    def __init__(self) -> None:
        self.now = 0.0
        self.queue: list[tuple[End, bytes]] = []
        self.ends: list[End] = []

    def connect(self, left: PeerMachine, right: PeerMachine, *, settle: bool = True) -> tuple[End, End]:
        ends = End(left, self), End(right, self)
        ends[0].far, ends[1].far = ends[1], ends[0]
        self.ends += ends
        for end in ends:
            end.carry_out(end.machine.connected(now=self.now))
        if settle:
            self.settle()
        return ends

    def settle(self) -> None:
        """Deliver everything; an end that was closed is told so."""
        while self.queue:
            sender, message = self.queue.pop(0)
            receiver = sender.far
            if receiver is not None and not receiver.closed and not receiver.deaf:
                receiver.carry_out(receiver.machine.receive(message, now=self.now))
        for end in self.ends:
            far = end.far
            if end.closed and far is not None and not far.closed and not far.deaf:
                far.closed = True
                far.carry_out(far.machine.disconnected(now=self.now))
                self.settle()

    def wait(self, seconds: float) -> None:
        """Let time pass, and wake who wants it at the moment he wants it."""
        end_of_wait = self.now + seconds
        while True:
            awake = [end for end in self.ends if not (end.closed or end.deaf)]
            due = [(end.machine.deadline or inf, number) for number, end in enumerate(awake)]
            due = [item for item in due if item[0] <= end_of_wait]
            if not due:
                break
            moment, index = min(due)
            self.now = max(self.now, moment)
            awake[index].carry_out(awake[index].machine.wake(now=self.now))
            self.settle()
        self.now = end_of_wait


def asking(given: Local = CLIENT, **link: Any) -> PeerMachine:
    """Make a client machine."""
    around = client.surroundings(given, jitter=lambda: 0.0, end_to_end=end_to_end_identifiers(3, 4))
    return PeerMachine(around, Link(**({"hop_by_hop": 0xFFFFFFFF, "expected_host": ""} | link)))


def serving(around: Surroundings, **link: Any) -> PeerMachine:
    return PeerMachine(around, Link(**({"hop_by_hop": 100} | link)))
