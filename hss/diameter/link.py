"""What a connection to a peer is given when it begins."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import count
from typing import Final

from hss.diameter.dispatch import Dispatcher
from hss.diameter.local import Local
from hss.diameter.peers import KnownPeers, PeerTable

MOST_IDENTIFIERS: Final = 1 << 32


class State(Enum):
    """Where the connection stands (RFC 6733 5.6, and what we wait for besides)."""

    CLOSED = "closed"
    WAIT_CER = "waits for a CER"
    WAIT_OLD = "waits for what becomes of an older connection"
    WAIT_CEA = "waits for a CEA"
    OPEN = "open"
    WAIT_DPA = "waits for a DPA"
    LEAVING = "waits for the peer to close"


def end_to_end_identifiers(time_s: int, chance: int) -> Iterator[int]:
    """Count up from the low 12 bits of the time and 20 bits of chance (RFC 6733 3); one for all connections."""
    first = (time_s & 0xFFF) << 20 | chance & 0xFFFFF
    return (number % MOST_IDENTIFIERS for number in count(first))


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all connections of one process share.

    `jitter` gives a chance value from -2 to +2 seconds. `end_to_end` counts for all connections.
    """

    local: Local
    dispatcher: Dispatcher
    peers: KnownPeers
    table: PeerTable
    jitter: Callable[[], float]
    end_to_end: Iterator[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a peer machine has to know of its connection.

    `hop_by_hop` is where identifiers start, by chance. `keeps_edges`: SCTP. `expected_host`: whom we connect to, empty
    where it is not known; None: the peer connected to us. `reconnected`: we had lost the connection before.
    """

    hop_by_hop: int
    host_addresses: tuple[str, ...] = ()  # empty: those of `Local`
    keeps_edges: bool = False
    expected_host: str | None = None
    reconnected: bool = False
    accept_unknown: bool | None = None  # None: as `Local` says


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request of our own: everything behind the header."""

    application: int
    command: int
    avps: bytes
    token: object = None  # comes back with the answer
