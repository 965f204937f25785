"""The management API: what it is given, and its listener."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from aiohttp import web

from hss.api.application import build_api
from hss.api.ports import ApiSettings, Services, hash_token
from hss.app.http_listener import HttpListener, listen_http
from hss.app.knowledge import Knowledge
from hss.app.listeners import Plan
from hss.app.observe import Observer
from hss.app.settings import Settings
from hss.services.watching import ListenerReport, Readiness, Sample
from hss.store.engine import Store
from hss.store.errors import StoreError, StoreUnavailable
from hss.transport.address import Address
from schemas.hosts import is_loopback

ONLY_LOOPBACK: Final = " (api_token is not set: only callers on loopback are answered)"


class Watch:
    """Health and figures, for those who watch."""

    def __init__(self, knowledge: Knowledge, observer: Observer, further: Callable[[], Iterable[Sample]]) -> None:
        self._knowledge = knowledge
        self._observer = observer
        self._further = further
        self.listeners: Sequence[ListenerReport] = ()

    async def readiness(self) -> Readiness:
        """Ask the store, and look at the listeners."""
        reason = None
        try:
            await self._knowledge.store.ping()
        except StoreError as error:
            reason = str(error)
        known = self._knowledge.known
        return Readiness(
            store_reachable=reason is None,
            store_reason=reason,
            listeners=self.listeners,
            filter_built=self._knowledge.members.ready,
            counts={"identities_cached": len(known), "identities": self._knowledge.members.identities},
        )

    def samples(self) -> Iterable[Sample]:
        """Read all figures at this moment."""
        known = self._knowledge.known
        yield Sample(name="homeward_cache_entries", value=len(known), kind="gauge", help="Identities in memory")
        for result in ("hits", "misses", "absent"):
            labels = {"result": result}
            yield Sample(name="homeward_cache_lookups", value=getattr(known, result), labels=labels, help="Look-ups")
        yield from self._observer.samples()
        yield from self._further()


def management_plan(settings: Settings, store: Store, watch: Watch, further: Iterable[web.AbstractRouteDef]) -> Plan:
    """Plan the listener of the management API."""
    services = Services(
        operators=store.operators,
        icscf_pools=store.icscf_pools,
        service_profiles=store.service_profiles,
        shared_filter_criteria_sets=store.shared_filter_criteria_sets,
        subscribers=store.subscribers,
        diameter_peers=store.diameter_peers,
        number_blocks=store.number_blocks,
        prefixes=store.prefixes,
        ported_numbers=store.ported_numbers,
        bulk=store.bulk,
        further_bulk=store.further_bulk,
        health=watch,
        counters=watch,
        unavailable=(StoreUnavailable, OSError, TimeoutError),
    )
    tokens = frozenset({hash_token(settings.api_token)} if settings.api_token else ())
    app = build_api(services, ApiSettings(token_hashes=tokens), further=further)

    async def listen(text: str) -> HttpListener:
        address = Address.parse(text)
        closed = not tokens and not is_loopback(address.host)
        return await listen_http(app, address, most=settings.max_connections, note=ONLY_LOOPBACK if closed else "")

    return Plan(key="api", wanted=settings.api, open=listen)
