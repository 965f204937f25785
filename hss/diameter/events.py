"""What can happen between peers; `hss.app` says how loud each is. Names of hosts are as the peer wrote them."""

from dataclasses import dataclass

from hss.diameter.avps import Avps
from hss.diameter.errors import Outcome
from hss.diameter.watchdog import State
from hss.machine import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerOpened(Event):
    """Capabilities were exchanged."""

    origin_host: str
    origin_realm: str
    applications: frozenset[int]
    product_name: str
    origin_state_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRefused(Event):
    """The capabilities exchange failed; the connection ends."""

    origin_host: str  # empty: not known
    code: int  # Result-Code
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerClosed(Event):
    """An open peer is gone."""

    origin_host: str
    why: str
    may_reconnect: bool  # False: it said that it does not want to talk to us (RFC 6733 5.4.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerRestarted(Event):
    """The Origin-State-Id of a peer rose: it has lost its state."""

    origin_host: str
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchdogChanged(Event):
    """A connection is more or less trusted than before."""

    origin_host: str
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionDropped(Event):
    """A connection without a capabilities exchange is ended."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLength(Event):
    """A header names a length that no message can have: the place of the next one is not known. The peer is reset."""

    origin_host: str  # empty: not known
    octets: int  # as the header says; without a whole header, how many came
    rule: str  # that was broken
    first: bytes  # what came instead of a header, for a hint: TLS, HTTP


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageIgnored(Event):
    """A message was dropped without an answer."""

    origin_host: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRefused(Event):
    """A request of the base protocol got an error."""

    origin_host: str
    command: str
    outcome: Outcome
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Event):
    """A request of our own has its answer."""

    origin_host: str
    token: object  # as given with the request
    outcome: Outcome
    avps: Avps
    octets: bytes
    elapsed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFailed(Event):
    """A request of our own has no usable answer, and will have none on this connection."""

    origin_host: str
    token: object
    why: str
    octets: bytes  # the request, to send it again elsewhere with the T flag
