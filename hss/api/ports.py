"""What the management API is given: services, settings, and those it asks for health and figures."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from hss.services.administration import Bulk, Resource, Subscribers
from hss.services.watching import Counters, Health
from schemas.documents import (
    DiameterPeer,
    IcscfPool,
    Operator,
    OwnedBlock,
    OwnedPrefix,
    PortedNumber,
    ServiceProfile,
    SharedFilterCriteriaSet,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything that the API asks. `unavailable`: the errors that mean that the store does not answer."""

    operators: Resource[Operator]
    icscf_pools: Resource[IcscfPool]
    service_profiles: Resource[ServiceProfile]
    shared_filter_criteria_sets: Resource[SharedFilterCriteriaSet]
    subscribers: Subscribers
    diameter_peers: Resource[DiameterPeer]
    number_blocks: Resource[OwnedBlock]
    prefixes: Resource[OwnedPrefix]
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
