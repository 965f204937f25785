"""What routing asks of the HSS: the decisions of sendRoutingInfo and of LIR, and where the user is registered.

The procedures that serve MAP and Cx fulfil these ports, so a plan says what entry node and I-CSCF would be told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from routing.contacts import Registration
from routing.selection import Excluded, Policy, Ranking

NOBODY_DOWN: Final[Mapping[str, str]] = {}


class RoutingInfoResult(StrEnum):
    """What the HSS answers to sendRoutingInfo."""

    ICSCF = "icscf"
    ROAMING_NUMBER = "roaming-number"  # the user is to be called in the circuit-switched domain
    FORWARDED = "forwarded"  # to the voicebox, or by call forwarding
    ABSENT = "absent-subscriber"
    BARRED = "call-barred"
    UNKNOWN = "unknown-subscriber"
    NOT_OFFERED = "facility-not-supported"  # this HSS does not answer the entry node
    UNREACHABLE = "hss-unreachable"


class RoutingInfoAsk(NamedTuple):
    """The question of a Gateway-MSC; `down` maps hosts to the reason why they cannot be chosen."""

    msisdn: str
    at: float
    seed: int
    turn: int
    down: Mapping[str, str]


class RoutingInfo(NamedTuple):
    """The answer to a Gateway-MSC: `ranking` with ICSCF, `number` (digits) with a roaming or forwarded-to number.

    `excluded` = I-CSCFs that could not be named, where none was.
    """

    result: RoutingInfoResult
    ranking: Ranking | None = None
    policy: Policy | None = None
    number: str | None = None
    why: str | None = None
    excluded: tuple[Excluded, ...] = ()


class Location(NamedTuple):
    """The decision of LIR: `result` is the result code of the LIA, experimental or base (TS 29.229 §6.2).

    `matched_as` says how the identity was found: distinct, wildcarded. `direct_routing`: `scscf` is the application
    server of a public service identity. `unregistered`: nobody is registered; services for that state take the call.
    """

    result: int
    scscf: str | None = None
    matched_as: str | None = None
    why: str | None = None
    direct_routing: bool = False
    unregistered: bool = False


class Subscribers(Protocol):
    """The HSS, and the S-CSCF of its user, as routing sees them. Each answers at once and changes nothing."""

    def routing_info(self, ask: RoutingInfoAsk) -> RoutingInfo:
        """Decide as the HSS does for sendRoutingInfo."""
        ...

    def location(self, public_identity: str) -> Location:
        """Decide as the HSS does for LIR."""
        ...

    def registration(self, public_identity: str) -> Registration | None:
        """Find the contacts of the user; None where nothing is registered."""
        ...


class NoSubscribers:
    """An HSS that nobody is in: for ENUM and number portability alone."""

    def routing_info(self, ask: RoutingInfoAsk) -> RoutingInfo:  # noqa: ARG002 - the port asks for it
        """Know nobody."""
        return RoutingInfo(RoutingInfoResult.UNKNOWN)

    def location(self, public_identity: str) -> Location:  # noqa: ARG002 - the port asks for it
        """Know nobody (DIAMETER_ERROR_USER_UNKNOWN)."""
        return Location(5001)

    def registration(self, public_identity: str) -> Registration | None:  # noqa: ARG002 - the port asks for it
        """Know nobody."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What holds at this moment: the HSS, hosts that do not answer probes (lower case -> why), whose turn it is."""

    subscribers: Subscribers = field(default_factory=NoSubscribers)
    down: Mapping[str, str] = field(default_factory=dict)
    turn: int = 0
