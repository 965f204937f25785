"""The watchdog of a connection (RFC 3539 3.4.1 and Appendix A)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

TW_LEAST_S: Final = 6.0  # RFC 3539 3.4.1
JITTER_S: Final = 2.0  # RFC 3539 3.4.1: Tw is Twinit and a chance value from -2 s to +2 s


class State(Enum):
    """How far the connection can be trusted."""

    INITIAL = "initial"
    OKAY = "okay"
    SUSPECT = "suspect"
    REOPEN = "reopen"
    DOWN = "down"


class Input(Enum):
    """What the watchdog hears."""

    CONNECTION_UP = "connection up"
    CONNECTION_UP_AGAIN = "connection up after it was down"  # only of a connection that we made ourselves
    RECEIVE_DWA = "receive DWA"
    RECEIVE_OTHER = "receive another message"
    TIMER_NOT_PENDING = "timer expires, nothing pending"
    TIMER_PENDING = "timer expires, answer pending"
    CONNECTION_DOWN = "connection down"


class Action(Enum):
    """What it asks for."""

    SEND_WATCHDOG = "send DWR"
    FAILOVER = "failover"  # move pending requests to another connection
    FAILBACK = "failback"
    THROWAWAY = "throw the message away"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Step:
    """One row."""

    actions: tuple[Action, ...]
    to: State


# Rows where the count of DWAs decides are in `_reopen`.
STEPS: Final[Mapping[tuple[State, Input], Step]] = {
    (State.INITIAL, Input.CONNECTION_UP): Step((), State.OKAY),
    (State.INITIAL, Input.CONNECTION_UP_AGAIN): Step((Action.SEND_WATCHDOG,), State.REOPEN),
    (State.OKAY, Input.RECEIVE_DWA): Step((), State.OKAY),
    (State.OKAY, Input.RECEIVE_OTHER): Step((), State.OKAY),
    (State.OKAY, Input.TIMER_NOT_PENDING): Step((Action.SEND_WATCHDOG,), State.OKAY),
    (State.OKAY, Input.TIMER_PENDING): Step((Action.FAILOVER,), State.SUSPECT),
    (State.OKAY, Input.CONNECTION_DOWN): Step((Action.FAILOVER,), State.DOWN),
    (State.SUSPECT, Input.RECEIVE_DWA): Step((Action.FAILBACK,), State.OKAY),
    (State.SUSPECT, Input.RECEIVE_OTHER): Step((Action.FAILBACK,), State.OKAY),
    (State.SUSPECT, Input.TIMER_NOT_PENDING): Step((Action.CLOSE,), State.DOWN),
    (State.SUSPECT, Input.TIMER_PENDING): Step((Action.CLOSE,), State.DOWN),
    (State.SUSPECT, Input.CONNECTION_DOWN): Step((), State.DOWN),
    (State.REOPEN, Input.RECEIVE_OTHER): Step((Action.THROWAWAY,), State.REOPEN),
    (State.REOPEN, Input.TIMER_NOT_PENDING): Step((Action.SEND_WATCHDOG,), State.REOPEN),
    (State.REOPEN, Input.CONNECTION_DOWN): Step((), State.DOWN),
}


class Watchdog:
    """State, timer and pending answer of one connection.

    A connection that a peer made always starts in INITIAL: in REOPEN the requests that clients send right after they
    have connected again would be thrown away. Chance comes as `jitter_s` with each event that sets the timer anew; a
    received message keeps the period that is running.
    """

    __slots__ = ("_dwas", "_heard", "_pending", "_period_s", "_twinit_s", "state")

    def __init__(self, twinit_s: float) -> None:
        self._twinit_s = max(TW_LEAST_S, twinit_s)
        self._period_s = self._twinit_s
        self._heard = 0.0
        self._pending = False
        self._dwas = 0
        self.state = State.INITIAL

    @property
    def deadline(self) -> float | None:
        """When the timer expires; None: it does not run."""
        return None if self.state in (State.INITIAL, State.DOWN) else self._heard + self._period_s

    def heard(self, *, now: float) -> bool:
        """Take the short way for a message that changes nothing but the timer; False: there is more to do."""
        if self.state is not State.OKAY:
            return False
        self._heard = now
        return True

    def expired(self) -> Input:
        """Name the event of the timer."""
        return Input.TIMER_PENDING if self._pending else Input.TIMER_NOT_PENDING

    def take(self, event: Input, *, now: float, jitter_s: float = 0.0) -> tuple[Action, ...]:
        """Apply one event; an event that the table does not know changes nothing."""
        step = self._reopen(event) or STEPS.get((self.state, event))
        if step is None:
            return ()
        self._heard = now
        self._period_s = max(TW_LEAST_S, self._twinit_s + jitter_s)
        self.state = step.to
        if event is Input.RECEIVE_DWA:
            self._pending = False
        if Action.SEND_WATCHDOG in step.actions:
            self._pending = True
        return step.actions

    def _reopen(self, event: Input) -> Step | None:
        """Apply the rows of REOPEN that count: the third DWA opens, two periods without one close."""
        if self.state is not State.REOPEN:
            return None
        if event is Input.RECEIVE_DWA:
            self._dwas += 1
            return Step((Action.FAILBACK,), State.OKAY) if self._dwas >= 3 else Step((), State.REOPEN)
        if event is Input.TIMER_PENDING:
            if self._dwas < 0:
                return Step((Action.CLOSE,), State.DOWN)
            self._dwas = -1
            return Step((), State.REOPEN)
        return None
