"""Connections that we make: to the Diameter peers that are configured with `connect`, again every Tc."""

import asyncio
import ssl
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf
from typing import Final

from hss.diameter.events import PeerClosed
from hss.diameter.peers import PeerTable
from hss.machine import Event, Machine
from hss.transport.address import Address
from hss.transport.driver import Connection, Outfit
from hss.transport.sctp import PPID_DIAMETER, SctpUse, connect_sctp
from hss.transport.stream import connect_tcp
from schemas.documents import DiameterPeer
from schemas.states import AdministrativeState, Transport

TC_S: Final = 30.0  # RFC 6733 2.1
LOOK_S: Final = 1.0  # between two looks at the configured peers


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectFailed(Event):
    """A configured peer cannot be reached."""

    origin_host: str
    reason: str


class Connecting:
    """Makes the connections; a peer that said that it does not want to talk to us is left alone (RFC 6733 5.4.3)."""

    def __init__(
        self,
        table: PeerTable,
        outfit: Outfit,
        build: Callable[[Connection, str], Machine[bytes]],
        context: Callable[[], ssl.SSLContext],
    ) -> None:
        self._table = table
        self._outfit = outfit
        self._build = build
        self._context = context
        self._observe = outfit.observe
        self._not_before: dict[str, float] = {}
        self._attempts: set[asyncio.Task[None]] = set()

    async def keep(self, peers: Callable[[], Iterable[DiameterPeer]]) -> None:
        """Look at the configured peers again and again; ends only when cancelled, and attempts end with it."""
        try:
            while True:
                wanted = [peer for peer in peers() if peer.connect and peer.state is AdministrativeState.UP]
                self._attempt({peer.origin_host: peer for peer in wanted})
                await asyncio.sleep(LOOK_S)
        finally:
            for attempt in self._attempts:
                attempt.cancel()

    def _attempt(self, wanted: Mapping[str, DiameterPeer]) -> None:
        """Start to connect to those peers that it is time for."""
        now = asyncio.get_running_loop().time()
        self._not_before = {host: time for host, time in self._not_before.items() if host in wanted}
        for host, peer in wanted.items():
            if not self._connected(host) and self._not_before.get(host, 0.0) <= now:
                self._not_before[host] = now + TC_S
                attempt = self._outfit.tasks.create_task(self._connect(peer))
                self._attempts.add(attempt)
                attempt.add_done_callback(self._attempts.discard)

    def _connected(self, host: str) -> bool:
        return self._table.open_one(host) is not None or self._table.connecting(host) is not None

    async def _connect(self, peer: DiameterPeer) -> None:
        outfit = replace(
            self._outfit,
            build=lambda connection: self._build(connection, peer.origin_host),
            observe=self._heard,
        )
        try:
            await self._reach(peer, outfit)
        except (OSError, ValueError) as error:
            self._observe(ConnectFailed(origin_host=peer.origin_host, reason=str(error)), None)

    async def _reach(self, peer: DiameterPeer, outfit: Outfit) -> None:
        """Connect to all addresses at once with SCTP, else to the first one that answers."""
        places = tuple(Address(host, peer.port) for host in peer.addresses)
        if peer.transport is Transport.SCTP:
            await connect_sctp(places, outfit, SctpUse(ppid=PPID_DIAMETER))
            return
        context = self._context() if peer.transport is Transport.TLS else None
        name = peer.origin_host if context else None
        for place in places[:-1]:
            with suppress(OSError):
                await connect_tcp(place, outfit, context=context, server_name=name)
                return
        await connect_tcp(places[-1], outfit, context=context, server_name=name)

    def _heard(self, event: Event, connection: Connection | None) -> None:
        if isinstance(event, PeerClosed) and not event.may_reconnect:
            self._not_before[event.origin_host.lower()] = inf
        self._observe(event, connection)
