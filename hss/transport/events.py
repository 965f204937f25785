"""What can happen to a connection or a listener; `hss.app` says how loud each is."""

from dataclasses import dataclass
from enum import IntEnum

from hss.machine import Event


class PathState(IntEnum):
    """States of a path. Source: RFC 6458 6.1.2, numbers of Linux `sctp_spc_state`."""

    AVAILABLE = 0
    UNREACHABLE = 1
    REMOVED = 2
    ADDED = 3
    MADE_PRIMARY = 4
    CONFIRMED = 5  # told as `PathConfirmed`
    POTENTIALLY_FAILED = 6


class AssociationState(IntEnum):
    """States of an association. Source: RFC 6458 6.1.1, numbers of Linux `sctp_sac_state`."""

    UP = 0
    LOST = 1
    RESTARTED = 2
    SHUT_DOWN = 3
    CANNOT_START = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionOpened(Event):
    """A connection stands and its machine was told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionClosed(Event):
    """A connection is gone; `reason` is a clause for a person."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFailed(Event):
    """A machine, or what makes machines, raised: a defect of ours. Its connection is reset, nothing else is touched."""

    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerStalled(Event):
    """A peer has not read for `stall_s`; its connection is reset and `unsent_octets` are dropped."""

    unsent_octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TooManyConnections(Event):
    """A connection of `peer` was refused, as the listener already has `limit` of them."""

    limit: int
    peer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakeFailed(Event):
    """A connection of `peer` did not come up, as by a failed TLS handshake."""

    peer: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptFailed(Event):
    """A connection to `local` could not be accepted; the listener tries again after `retry_s`."""

    local: str
    reason: str
    retry_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DatagramFailed(Event):
    """A datagram could not be answered: by a defect of ours, or as the network refused the answer."""

    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class PathChanged(Event):
    """A path of an SCTP association, to the peer's address `host`, changed its state."""

    host: str
    state: PathState


@dataclass(frozen=True, slots=True, kw_only=True)
class PathConfirmed(Event):
    """A further path of a new SCTP association, to the peer's address `host`, was found to work."""

    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationChanged(Event):
    """An SCTP association changed its state; `error` is the kernel's cause code, 0 for none."""

    state: AssociationState
    error: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignPayload(Event):
    """A peer marks its messages with another payload protocol identifier than ours; told once per association."""

    ppid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTooLong(Event):
    """A peer sent a message of more than `limit` octets; its association is reset."""

    limit: int
