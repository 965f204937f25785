"""State of one application server over all its processes, kept by the signalling gateway. Source: RFC 4666."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from hss.machine import Turn
from hss.sigtran.m3ua.events import AsState
from hss.sigtran.m3ua.links import Carrier
from hss.sigtran.m3ua.messages import Transfer
from schemas.numbers.m3ua import TrafficMode

PENDING_S: Final = 2.0  # T(r) of RFC 4666
MOST_HELD: Final = 1000  # transfers that wait while the server is pending


class Process(Carrier, Protocol):
    """An application server process, as its server sees it."""

    @property
    def identifier(self) -> bytes | None:
        """What ASP Up named it."""
        ...

    def push_turn(self, turn: Turn[Any]) -> None:
        """Have a turn carried out that no call of its machine asked for."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """What is configured of an application server; no point codes: it serves every one."""

    routing_context: int | None = None
    mode: TrafficMode | None = None  # None: what the first ASP says
    point_codes: frozenset[int] = frozenset()
    required: int = 1  # active processes that the server needs


class ApplicationServer:
    """The processes of a server, and what its state follows from them."""

    def __init__(self, config: ServerConfig, *, pending_s: float = PENDING_S) -> None:
        self.config = config
        self.mode = config.mode
        self.state = AsState.DOWN
        self.inactive: list[Process] = []
        self.active: list[Process] = []
        self.pending_until: float | None = None
        self.point_codes: set[int] = set(config.point_codes)
        self._pending_s = pending_s
        self._held: deque[Transfer] = deque(maxlen=MOST_HELD)

    @property
    def routing_context(self) -> int | None:
        """The number that names the server on the wire."""
        return self.config.routing_context

    @property
    def members(self) -> list[Process]:
        """All processes that are not down."""
        return [*self.active, *self.inactive]

    def come_up(self, process: Process) -> bool:
        """Add a process as inactive; True where the state of the server changed."""
        self._drop(process)
        self.inactive.append(process)
        return self._settle(now=None)

    def activate(self, process: Process) -> bool:
        """Move a process to active; in override mode the others step back (see `alternates`)."""
        self._drop(process)
        self.active.append(process)
        return self._settle(now=None)

    def alternates(self, process: Process) -> list[Process]:
        """Move the other active processes to inactive where only one may be active, and name them."""
        if self.mode is not TrafficMode.OVERRIDE:
            return []
        others = [other for other in self.active if other is not process]
        self.active = [process]
        self.inactive += others
        return others

    def deactivate(self, process: Process, *, now: float) -> bool:
        """Move a process to inactive; the last one leaves the server pending."""
        self._drop(process)
        self.inactive.append(process)
        return self._settle(now=now)

    def go_down(self, process: Process, *, now: float) -> bool:
        """Take a process out."""
        self._drop(process)
        return self._settle(now=now)

    def expire(self, *, now: float) -> bool:
        """End the pending state when its time is over; what was held is lost."""
        if self.pending_until is None or now < self.pending_until:
            return False
        self.pending_until = None
        self._held.clear()
        self.state = AsState.INACTIVE if self.inactive else AsState.DOWN
        return True

    def _drop(self, process: Process) -> None:
        for those in (self.active, self.inactive):
            if process in those:
                those.remove(process)

    def _settle(self, *, now: float | None) -> bool:
        before = self.state
        if self.active:
            self.state, self.pending_until = AsState.ACTIVE, None
        elif before is AsState.ACTIVE and now is not None:
            self.state, self.pending_until = AsState.PENDING, now + self._pending_s
        elif before is not AsState.PENDING:
            self.state = AsState.INACTIVE if self.inactive else AsState.DOWN
        return self.state is not before

    @property
    def insufficient(self) -> bool:
        """Whether fewer processes are active than the server needs."""
        return 0 < len(self.active) < self.config.required

    def choose(self, process: Process, transfer: Transfer) -> Sequence[Process] | None:
        """Choose who gets a transfer by traffic mode, `process` first; None: it is held while the server is pending."""
        if not self.active:
            if self.state is not AsState.PENDING:
                return ()
            self._held.append(transfer)
            return None
        if self.mode is TrafficMode.BROADCAST:
            return self.active
        if process in self.active:
            return (process,)
        return (self.active[transfer.sls % len(self.active)],)

    def release(self) -> list[Transfer]:
        """Hand out what was held."""
        held = list(self._held)
        self._held.clear()
        return held
