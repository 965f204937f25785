"""What can happen to a connection or a listener; `hss.app` says how loud each is."""

from dataclasses import dataclass

from hss.machine import Event


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
