"""Who is connected: what the connections of one host have to know of each other."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from hss.diameter.watchdog import State

MOST_STATE_IDS: Final = 10_000


class KnownPeers(Protocol):
    """Who may connect."""

    def admits(self, origin_host: str) -> bool | None:
        """Tell whether a host of this name, in lower case, may connect; None: nobody has said."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerView:
    """An open peer as others may see it."""

    origin_host: str
    origin_realm: str
    product_name: str
    applications: frozenset[int]
    watchdog: State
    initiator: bool  # we connected to it
    since: float  # in seconds of the clock of the machines
    open_requests: int


class Peer(Protocol):
    """A connection, as the table sees it."""

    def view(self) -> PeerView:
        """Describe it."""
        ...

    def challenge(self, challenger: "Challenger") -> bool:
        """Find out whether the connection is alive, for a newer one; False: one waits already."""
        ...

    def end(self, why: str, *, now: float) -> None:
        """Close from outside."""
        ...


class Challenger(Protocol):
    """A new connection of a host that is connected already."""

    def stand_back(self, *, now: float) -> None:
        """Hear that the old connection is alive."""
        ...

    def take_over(self, *, now: float) -> None:
        """Hear that the old connection is gone."""
        ...


class PeerTable:
    """All connections of one process, by Origin-Host without case."""

    def __init__(self) -> None:
        self._open: dict[str, list[Peer]] = {}
        self._connecting: dict[str, Peer] = {}
        self._state_ids: dict[str, int] = {}

    def __iter__(self) -> Iterator[PeerView]:
        """Describe all open peers."""
        for peers in list(self._open.values()):
            for peer in list(peers):
                yield peer.view()

    def __len__(self) -> int:
        """Count the open connections."""
        return sum(map(len, self._open.values()))

    def open_one(self, origin_host: str) -> Peer | None:
        """Find an open connection of a host."""
        peers = self._open.get(origin_host.lower())
        return peers[-1] if peers else None

    def connecting(self, origin_host: str) -> Peer | None:
        """Find a connection that we are making to a host."""
        return self._connecting.get(origin_host.lower())

    def begin(self, origin_host: str, peer: Peer) -> None:
        """Note a connection that we are making."""
        self._connecting[origin_host.lower()] = peer

    def add(self, origin_host: str, peer: Peer) -> None:
        """Note an open connection."""
        self._open.setdefault(origin_host.lower(), []).append(peer)

    def remove(self, origin_host: str, peer: Peer) -> None:
        """Forget a connection, where it is known."""
        host = origin_host.lower()
        if self._connecting.get(host) is peer:
            del self._connecting[host]
        peers = [other for other in self._open.pop(host, ()) if other is not peer]
        if peers:
            self._open[host] = peers

    def risen(self, origin_host: str, state_id: int | None) -> int | None:
        """Note an Origin-State-Id; give the one before where it has risen (RFC 6733 8.16)."""
        if state_id is None:
            return None
        host = origin_host.lower()
        before = self._state_ids.get(host)
        if len(self._state_ids) >= MOST_STATE_IDS and host not in self._state_ids:
            self._state_ids.clear()
        self._state_ids[host] = state_id
        return before if before is not None and before < state_id else None
