"""What M3UA reports."""

from dataclasses import dataclass
from enum import StrEnum

from hss.machine import Event
from schemas.numbers.m3ua import ErrorCode, Status


class AspState(StrEnum):
    """State of an application server process (RFC 4666)."""

    DOWN = "down"
    INACTIVE = "inactive"
    ACTIVE = "active"


class AsState(StrEnum):
    """State of an application server (RFC 4666)."""

    DOWN = "down"
    INACTIVE = "inactive"
    ACTIVE = "active"
    PENDING = "pending"


class DestinationState(StrEnum):
    """Whether a point code can be reached."""

    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"
    RESTRICTED = "restricted"
    CONGESTED = "congested"


@dataclass(frozen=True, slots=True, kw_only=True)
class AspStateChanged(Event):
    """An ASP came up, went active, or the other way."""

    state: AspState
    routing_context: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AsStateChanged(Event):
    """An application server changed its state."""

    routing_context: int | None
    state: AsState


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultAnswered(Event):
    """The peer sent what RFC 4666 forbids; it got an ERR."""

    code: ErrorCode
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorReceived(Event):
    """The peer sent an ERR; it is never answered."""

    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified(Event):
    """The peer sent a NTFY."""

    status: Status | int
    routing_context: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DestinationChanged(Event):
    """The peer told of the state of a point code."""

    point_code: int
    state: DestinationState


@dataclass(frozen=True, slots=True, kw_only=True)
class UserUnavailable(Event):
    """The peer told that a user part of a point code is not there."""

    point_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferDropped(Event):
    """A message could not be taken further."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationGivenUp(Event):
    """The association is closed by this side."""

    why: str
