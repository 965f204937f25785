"""How the service is: what listens, whether it is ready, and its figures, for those who watch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol


class ListenerState(StrEnum):
    """Whether an address is served."""

    LISTENING = "listening"
    OFF = "off"  # as the configuration or the kernel has it; no fault
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerReport:
    """One address that is served, or why it is not."""

    name: str  # diameter-tcp, diameter-sctp, api ...
    address: str
    state: ListenerState
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """How the service is at this moment."""

    store_reachable: bool
    store_reason: str | None = None
    listeners: Sequence[ListenerReport] = ()
    filter_built: bool = False  # the membership filter; requests are served without it, only slower
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Tell whether requests can be served: the store answers, and nothing that should listen has failed."""
        return self.store_reachable and all(one.state is not ListenerState.FAILED for one in self.listeners)


class Health(Protocol):
    """Who knows how the service is."""

    async def readiness(self) -> Readiness:
        """Ask the store, and look at the listeners."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One figure: a name in the Prometheus form, labels, a value."""

    name: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    kind: Literal["counter", "gauge"] = "counter"
    help: str = ""


class Counters(Protocol):
    """Who keeps the figures. All samples of one name have the same label names."""

    def samples(self) -> Iterable[Sample]:
        """Read all figures at this moment."""
        ...
