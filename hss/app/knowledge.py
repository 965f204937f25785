"""What is kept in memory of the database, and how it stays true."""

import asyncio
from collections.abc import Callable
from typing import Final

from hss.procedures.map_routing_info import CalledParty
from hss.services.administration import Changes
from hss.services.cx import CxService, Known
from hss.services.membership import Membership, WildcardIndex
from hss.services.read_model import ReadModel
from hss.store.engine import Store
from hss.store.errors import StoreUnavailable
from schemas.documents import DiameterPeer
from schemas.states import AdministrativeState

RETRY_S: Final = 1.0  # where the database did not answer


class Knowledge:
    """The read models of Cx and MAP, the membership filter, the home domains and the configured Diameter peers."""

    def __init__(self, store: Store, *, entries: int, number_behind_sip: bool, restoration: bool) -> None:
        self.store: Final = store
        self.known: Final[Known] = ReadModel(entries)
        self.parties: Final[ReadModel[str, CalledParty]] = ReadModel(entries)  # by the digits of an MSISDN
        self.members: Final = Membership()
        self.home: Final[set[str]] = set()
        self.peers: Final[dict[str, DiameterPeer]] = {}
        self.cx: Final = CxService(
            store=store.cx,
            known=self.known,
            members=self.members,
            wildcards=WildcardIndex(),
            home=self.home,
            number_behind_sip=number_behind_sip,
            restoration_supported=restoration,
        )
        self._filter_wanted = asyncio.Event()
        self._learning = asyncio.Lock()  # what was read later is what stays
        self._missed = False  # something changed, and the database did not say what it is now
        self._domains_changed: list[Callable[[], None]] = []
        self._peers_changed: list[Callable[[], None]] = []
        store.on_change(self.cx.apply)
        store.on_change(self._forget_parties)
        store.on_settle(self.settle)
        store.on_link(self._link_turned)

    async def load(self) -> None:
        """Learn what has to be known before the first request."""
        await self._learn(Changes(everything=True))

    async def settle(self, changes: Changes) -> None:
        """Learn again what a committed change touched; what cannot be learned now is learned later."""
        try:
            await self._learn(changes)
        except StoreUnavailable:
            self._missed = True
            self._filter_wanted.set()
            raise

    async def _learn(self, changes: Changes) -> None:
        async with self._learning:
            if changes.wildcards or changes.everything:
                await self.cx.load_wildcards()
            if changes.numbering or changes.everything:
                await self._load_domains()
            if changes.peers or changes.everything:
                await self._load_peers()

    def on_domains(self, hear: Callable[[], None]) -> None:
        """Call `hear` whenever our own domains have changed."""
        self._domains_changed.append(hear)

    def admits(self, origin_host: str) -> bool | None:
        """Tell whether a Diameter peer may connect: by its administrative state; None where it is not configured."""
        peer = self.peers.get(origin_host.lower())
        return None if peer is None else peer.state is AdministrativeState.UP

    def calls(self, origin_host: str) -> bool:
        """Tell whether a Diameter peer is one that we connect to ourselves."""
        peer = self.peers.get(origin_host.lower())
        return peer is not None and peer.connect and peer.state is AdministrativeState.UP

    def on_peers(self, hear: Callable[[], None]) -> None:
        """Call `hear` whenever the configured peers have changed."""
        self._peers_changed.append(hear)

    async def keep_filter(self) -> None:
        """Build the membership filter in the background, and again when changes may have been missed."""
        while True:
            self._filter_wanted.clear()
            try:
                await self._catch_up()
                await self._build_filter()
            except StoreUnavailable:
                self._filter_wanted.set()
                await asyncio.sleep(RETRY_S)
            await self._filter_wanted.wait()

    async def _catch_up(self) -> None:
        """Learn what could not be learned when it changed."""
        if self._missed:
            self._missed = False
            await self.settle(Changes(everything=True))

    def _forget_parties(self, changes: Changes) -> None:
        if changes.everything:
            self.parties.clear()
        for digits in changes.called:
            self.parties.forget(digits)

    def _link_turned(self, up: bool) -> None:
        """Keep nothing while changes of other processes are not heard of."""
        if up:
            self.known.go_on()
            self.parties.go_on()
            self._filter_wanted.set()
        else:
            self.known.pause()
            self.parties.pause()
            self.members.forget()

    async def _build_filter(self) -> None:
        """Read all identities, in pieces between which everybody else goes first."""
        self.members.begin(await self.store.cx.identities_at_most())
        async for uris in self.store.cx.all_identities():
            self.members.add_all(uris)
            await asyncio.sleep(0)
        self.members.finish()

    async def _load_domains(self) -> None:
        domains = set(await self.store.cx.home_domains())
        if domains == self.home:
            return
        self.home.clear()
        self.home.update(domains)
        for hear in self._domains_changed:
            hear()

    async def _load_peers(self) -> None:
        peers = await self.store.cx.peers()
        self.peers.clear()
        self.peers.update((peer.origin_host, peer) for peer in peers)
        for hear in self._peers_changed:
            hear()
