"""What the management API is given: services, settings, and those it asks for health and figures."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, Protocol

from aiohttp import web

from hss.services.administration import Bulk, Resource, Subscribers
from schemas.documents import (
    DiameterPeer,
    IcscfPool,
    Operator,
    PortedNumber,
    ServiceProfile,
    SharedFilterCriteriaSet,
)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that the API asks. `unavailable`: the errors that mean that the store does not answer."""

    operators: Resource[Operator]
    icscf_pools: Resource[IcscfPool]
    service_profiles: Resource[ServiceProfile]
    shared_filter_criteria_sets: Resource[SharedFilterCriteriaSet]
    subscribers: Subscribers
    diameter_peers: Resource[DiameterPeer]
    ported_numbers: Resource[PortedNumber]
    bulk: Bulk  # of subscribers
    health: Health
    counters: Counters
    further_bulk: Mapping[str, Bulk] = field(default_factory=dict)  # of other resources, by their paths
    unavailable: tuple[type[Exception], ...] = (OSError, TimeoutError)


def hash_token(token: str) -> str:
    """Hash a bearer token for `ApiSettings.token_hashes`."""
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings:
    """Bounds, and who may come in."""

    token_hashes: frozenset[str] = frozenset()  # SHA-256 in hexadecimal; a token is long and random, so no salt
    loopback_open: bool = True  # callers on loopback need no token
    hosts: frozenset[str] = frozenset()  # further names that a caller on loopback may use for this host
    body_octets: int = 1 << 20
    line_octets: int = 1 << 20  # of a bulk file
    body_timeout_s: float = 30.0  # between the header of a request and the end of its body; bulk files: per line
    requests_per_s: float = 2000.0  # of one peer address
    burst: int = 4000
    peers_counted: int = 4096
    concurrency: int = 256
    bulk_concurrency: int = 2
    page: int = 100
    page_most: int = 1000


SERVICES: Final = web.AppKey("services", Services)
SETTINGS: Final = web.AppKey("settings", ApiSettings)
