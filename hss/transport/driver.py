"""What all transports share: carry out turns, keep time, run late work, hold back a peer that does not read.

A driver knows no protocol. It owns one machine and one connection; a subclass knows how octets get in and out.
Nothing that a machine, its late work or an observer does leaves the driver as an exception: the connection is
reset, `MachineFailed` is observed, and the listener and all other connections go on.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from enum import Enum
from math import inf
from typing import Any, Final, Protocol, TypeAlias

from hss.machine import Event, Machine, Turn
from hss.transport.address import Address
from hss.transport.events import ConnectionClosed, ConnectionOpened, MachineFailed, PeerStalled

SHORTEST_SLEEP_S: Final = 0.001  # a machine whose deadline stays in the past is not asked in a tight loop


class Kind(Enum):
    """How octets travel."""

    TCP = "tcp"
    TLS = "tls"
    SCTP = "sctp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """The facts of one connection, for the machine that is built for it and for the log."""

    kind: Kind
    peer: Address
    local: Address
    inbound: bool  # the peer connected to us
    peer_hosts: tuple[str, ...]  # every IP address of the peer; several on SCTP
    local_hosts: tuple[str, ...]  # every IP address of ours on this connection; several on SCTP
    certificate_names: tuple[str, ...] = ()  # DNS names and URIs of a checked TLS client or server certificate

    def __str__(self) -> str:
        """Write what a log line needs."""
        return f"{self.kind.value} {self.peer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one connection, or one listener, may use up."""

    unsent_octets: int = 4 * 1024 * 1024  # above it nothing more is read from the peer
    stall_s: float = 60.0  # a peer that takes no octet for so long while more are unsent is reset
    open_requests: int = 1000  # late work under way for one connection; at it nothing more is read
    close_s: float = 5.0  # from a graceful close to a reset
    connections: int = 1000  # of one listener, handshakes included
    handshake_s: float = 10.0  # for TCP, TLS or SCTP to come up
    message_octets: int = 65_536  # SCTP only: a longer message resets the association


class Tasks(Protocol):
    """Who holds tasks: an `asyncio.TaskGroup`."""

    def create_task(self, coro: Coroutine[Any, Any, None], /) -> "asyncio.Task[None]":
        """Start a task and hold it."""
        ...


Build: TypeAlias = Callable[[Connection], Machine[Any]]
Observe: TypeAlias = Callable[[Event, Connection | None], None]  # None: it concerns the listener
Attach: TypeAlias = Callable[["Driver"], None]


def ignore(driver: "Driver") -> None:
    """Take no note of a new connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outfit:
    """What every driver of one listener or client is given.

    `build` makes the machine of a connection. `attach` hears of the driver before its machine is told `connected`,
    so that others can find it and hand it turns by `carry_out`.
    """

    build: Build
    tasks: Tasks
    observe: Observe
    limits: Limits = Limits()
    attach: Attach = ignore


class Driver(ABC):
    """Drives one machine over one connection.

    A turn from elsewhere (a request of our own, a farewell) is handed to `carry_out` on the loop's thread.
    `closed` is done when the connection is gone and the machine was told. Late work goes on after that: its
    result still reaches `resume`, whose messages are then dropped.
    """

    connection: Connection
    machine: Machine[Any]

    def __init__(self, outfit: Outfit) -> None:
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.now: Final = asyncio.get_running_loop().time
        self._loop = asyncio.get_running_loop()
        self._outfit = outfit
        self._limits = outfit.limits
        self._ending = False
        self._reason = "the peer closed it"
        self._open = 0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = inf
        self._guard: asyncio.TimerHandle | None = None
        self._writing_held = self._crowded = self._reading_held = False

    @property
    def open_requests(self) -> int:
        """How much late work is under way."""
        return self._open

    def carry_out(self, turn: Turn[Any]) -> None:
        """Do what a turn asks for: send, later, events, close."""
        try:
            self._carry_out(turn)
        except Exception as error:  # noqa: BLE001 - one connection's defect is not another's
            self._fail(error)

    def close(self, reason: str = "we closed it") -> None:
        """End the connection after what was sent; by a reset where the peer does not take it within `close_s`."""
        if self._ending:
            return
        self._end(reason)
        self._guard = self._loop.call_later(self._limits.close_s, self._abort)
        self._close()

    def reset(self, reason: str = "we reset it") -> None:
        """End the connection at once: TCP RST, SCTP ABORT."""
        if self.closed.done():
            return
        if not self._ending:
            self._end(reason)
        self._abort()

    @abstractmethod
    def _write(self, messages: list[bytes]) -> None:
        """Send whole messages, in order."""

    @abstractmethod
    def _unsent(self) -> int:
        """How many octets wait for the peer."""

    @abstractmethod
    def _hold_reading(self) -> None:
        """Read nothing more for now."""

    @abstractmethod
    def _go_on_reading(self) -> None:
        """Read again."""

    @abstractmethod
    def _close(self) -> None:
        """Close after what is unsent."""

    @abstractmethod
    def _abort(self) -> None:
        """Close now; may be called again."""

    def _opened(self, connection: Connection) -> None:
        self.connection = connection
        try:
            self.machine = self._outfit.build(connection)
            self._outfit.attach(self)
            self._outfit.observe(ConnectionOpened(), connection)
            self._carry_out(self.machine.connected(now=self.now()))
        except Exception as error:  # noqa: BLE001 - a machine that cannot start must not end the listener
            self._fail(error)

    def received(self, data: bytes) -> None:
        """Take octets from the wire: answer what can be answered before this call returns."""
        if self._ending:
            return
        try:
            self._carry_out(self.machine.receive(data, now=self.now()))
        except Exception as error:  # noqa: BLE001 - one connection's defect is not another's
            self._fail(error)

    def _lost(self, error: Exception | None) -> None:
        """Tell the machine that the connection is gone; called once."""
        if not self._ending:
            self._end(self._reason if error is None else str(error) or type(error).__name__)
        self._disarm_guard()
        if hasattr(self, "machine"):
            self._farewell()
        self._observe(ConnectionClosed(reason=self._reason))
        self.closed.set_result(None)

    def _farewell(self) -> None:
        try:
            self._carry_out(self.machine.disconnected(now=self.now()))
        except Exception as error:  # noqa: BLE001 - the machine's last words
            self._observe(MachineFailed(error=error))

    def _carry_out(self, turn: Turn[Any]) -> None:
        if turn.send and not self._ending:
            self._write(turn.send)
        if turn.later:
            self._start(turn.later)
        for event in turn.events:
            self._outfit.observe(event, self.connection)
        if turn.close:
            self.reset("we reset it") if turn.reset else self.close()
        elif not self._ending:
            deadline = self.machine.deadline
            if deadline is not None and deadline < self._timer_at:
                self._arm(deadline)

    def _start(self, works: list[Awaitable[Any]]) -> None:
        for work in works:
            self._open += 1
            finish = self._finish(work)
            try:
                self._outfit.tasks.create_task(finish)
            except RuntimeError:  # the group is closing down: nobody may start anything
                self._open -= 1
                finish.close()
                if asyncio.iscoroutine(work):
                    work.close()
                raise
        if self._open >= self._limits.open_requests and not self._crowded:
            self._crowded = True
            self._govern_reading()

    async def _finish(self, work: Awaitable[Any]) -> None:
        try:
            late = await work
        except Exception as error:  # noqa: BLE001 - late work never raises; where it does, its group lives on
            self._fail(error)
        else:
            self._resume(late)
        finally:
            self._open -= 1
            if self._crowded and self._open * 2 <= self._limits.open_requests:
                self._crowded = False
                self._govern_reading()

    def _resume(self, late: object) -> None:
        try:
            self._carry_out(self.machine.resume(late, now=self.now()))
        except Exception as error:  # noqa: BLE001 - one connection's defect is not another's
            self._fail(error)

    def _arm(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = deadline
        self._timer = self._loop.call_at(max(deadline, self.now() + SHORTEST_SLEEP_S), self._look_at_time)

    def _look_at_time(self) -> None:
        """Wake the machine, or sleep again where its deadline has moved on since the timer was set."""
        self._timer, self._timer_at = None, inf
        now = self.now()
        try:
            deadline = self.machine.deadline
            if deadline is not None and deadline > now:
                self._arm(deadline)
            elif deadline is not None:
                self._carry_out(self.machine.wake(now=now))
        except Exception as error:  # noqa: BLE001 - one connection's defect is not another's
            self._fail(error)

    def _writing_paused(self) -> None:
        self._writing_held = True
        self._govern_reading()
        if not self._ending:
            self._watch_stall(self._unsent())

    def _writing_resumed(self) -> None:
        self._writing_held = False
        if not self._ending:
            self._disarm_guard()
        self._govern_reading()

    def _watch_stall(self, unsent: int) -> None:
        self._guard = self._loop.call_later(self._limits.stall_s, self._look_at_stall, unsent)

    def _look_at_stall(self, before: int) -> None:
        """Reset a peer that took nothing since the last look."""
        unsent = self._unsent()
        if unsent < before:
            self._watch_stall(unsent)
        else:
            self._observe(PeerStalled(unsent_octets=unsent))
            self.reset("the peer does not read")

    def _govern_reading(self) -> None:
        held = self._writing_held or self._crowded
        if held == self._reading_held or self._ending:
            return
        self._reading_held = held
        if held:
            self._hold_reading()
        else:
            self._go_on_reading()

    def _fail(self, error: Exception) -> None:
        self._observe(MachineFailed(error=error))
        self.reset("a defect of ours")

    def _observe(self, event: Event) -> None:
        """Report, whatever the observer does: for places where the connection is already being ended."""
        try:
            self._outfit.observe(event, self.connection)
        except Exception as error:  # noqa: BLE001 - an observer that fails must not keep a connection open
            self._loop.call_exception_handler({"message": "an observer raised", "exception": error})

    def _end(self, reason: str) -> None:
        self._ending = True
        self._reason = reason
        self._disarm_guard()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _disarm_guard(self) -> None:
        if self._guard is not None:
            self._guard.cancel()
            self._guard = None
