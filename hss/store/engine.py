"""The store: everything that the program keeps, behind one object.

store = await open_store("homeward.db", key=key, random_octets=draw)
await store.operators.get("mobile")
await store.close()
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import insert, select

from hss.store import tables as t
from hss.store.calls import CallLoader
from hss.store.database import POSTGRESQL, Database, address_of, open_database
from hss.store.errors import translated
from hss.store.loaders import CxLoader
from hss.store.migrations import migrate
from hss.store.notifications import Link, LinkListener, Listening
from hss.store.numbering import IcscfPools, Operators, PortedNumbers
from hss.store.owned_numbers import NumberBlocks, Prefixes
from hss.store.ranges import NumberingLoader
from hss.store.sealing import Sealer
from hss.store.secrets import Secrets
from hss.store.services import DiameterPeers, ServiceProfiles, SharedSets
from hss.store.subscribers import SubscriberRepository
from hss.store.unit_of_work import Listener, Settler, UnitOfWork, Writer
from schemas.documents import IcscfPool, Operator, OwnedBlock, OwnedPrefix

if TYPE_CHECKING:
    from hss.services.administration import Bulk
    from hss.store.bulk import StoreBulk
    from hss.store.ported_bulk import PortedBulk

SENDER_OCTETS = 8


class Store:
    """One open database. The attributes fulfil the ports of administration and of the services."""

    def __init__(self, database: Database, writer: Writer, sealer: Sealer | None) -> None:
        self.database = database
        self.writer = writer
        self.sealer = sealer
        self.link = Link()
        self.operators = Operators(database, writer)
        self.icscf_pools = IcscfPools(database, writer)
        self.service_profiles = ServiceProfiles(database, writer)
        self.shared_filter_criteria_sets = SharedSets(database, writer)
        self.diameter_peers = DiameterPeers(database, writer)
        self.number_blocks = NumberBlocks(database, writer)
        self.prefixes = Prefixes(database, writer)
        self.ported_numbers = PortedNumbers(database, writer)
        self.subscribers = SubscriberRepository(database, writer, sealer)
        self.secrets = Secrets(database, sealer)
        self.cx = CxLoader(database, writer)
        self.calls = CallLoader(database)
        self.numbering = NumberingLoader(database)
        self._listening: Listening | None = None

    def on_change(self, listener: Listener) -> None:
        """Call `listener(changes)` after each commit of this process, and with what other processes commit."""
        self.writer.on_change(listener)

    def on_settle(self, settler: Settler) -> None:
        """Await `settler(changes)` before a change is acknowledged: for what has to be read anew because of it."""
        self.writer.on_settle(settler)

    def on_link(self, listener: LinkListener) -> None:
        """Call `listener(up)` when what others change is no longer heard of, and when it is again."""
        self.link.on_link(listener)

    @cached_property
    def bulk(self) -> "StoreBulk":
        """Import and export of subscribers; made when it is first asked for, since it takes time to import."""
        from hss.store.bulk import StoreBulk  # noqa: PLC0415

        return StoreBulk(self)

    @cached_property
    def ported_bulk(self) -> "PortedBulk":
        """Import and export of ported numbers."""
        from hss.store.ported_bulk import PortedBulk  # noqa: PLC0415

        return PortedBulk(self.database, self.writer)

    @cached_property
    def further_bulk(self) -> "Mapping[str, Bulk]":
        """Import and export of everything but subscribers, by the paths of the resources in the management API."""
        from hss.store.document_bulk import DocumentBulk, Layout  # noqa: PLC0415

        block = ("stem", "operator", "minimum", "maximum")
        prefix = ("prefix", "operator")
        blocks = Layout(model=OwnedBlock, columns=block, required=("stem", "operator", "maximum"))
        prefixes = Layout(model=OwnedPrefix, columns=prefix, required=prefix)
        return {
            "icscf-pools": DocumentBulk(self.icscf_pools, self.writer, Layout(model=IcscfPool, page=100)),
            "operators": DocumentBulk(self.operators, self.writer, Layout(model=Operator, page=100)),
            "prefixes": DocumentBulk(self.prefixes, self.writer, prefixes),
            "number-blocks": DocumentBulk(self.number_blocks, self.writer, blocks),
            "ported-numbers": self.ported_bulk,
        }

    async def ping(self) -> None:
        """Ask the database for a sign of life; raise `StoreUnavailable`."""
        async with self.database.read() as connection:
            await connection.execute(select(1))

    async def listen(self) -> None:
        """Hear of the changes of other processes, where there can be any."""
        if self.database.dialect == POSTGRESQL:
            listening = Listening(self.database.address.dsn, self.writer, self.link)
            with translated():
                await listening.start()
            self._listening = listening

    async def prove_key(self) -> None:
        """Raise `WrongKey` where the secrets were sealed with another key; note the first key."""
        if self.sealer is None:
            return
        async with self.database.read() as connection:
            found = (await connection.execute(select(t.sealing.c.proof))).scalar_one_or_none()
        self.sealer.verify(await self.writer.change(self._note_key) if found is None else found)

    async def _note_key(self, work: UnitOfWork) -> bytes:
        """Write the proof of the key; where another process was faster the change is tried again and finds its own."""
        found = (await work.connection.execute(select(t.sealing.c.proof))).scalar_one_or_none()
        if found is not None or self.sealer is None:
            return bytes(found or b"")
        proof = self.sealer.proof()
        await work.connection.execute(insert(t.sealing).values(id=1, proof=proof))
        return proof

    async def close(self) -> None:
        """Close all connections and let others have the file."""
        if self._listening is not None:
            await self._listening.close()
        await self.database.close()


async def open_store(url: str, *, random_octets: Callable[[int], bytes], key: bytes | None = None) -> Store:
    """Open the database at a path, sqlite URL or postgresql URL; create its tables, or bring them up to date.

    `key` has 32 octets; without it secrets can be neither stored nor read.
    Raises `BadUrl`, `StoreLocked`, `StoreUnavailable`, `SchemaTooNew`, `WrongKey`.
    """
    sealer = Sealer(key, random_octets) if key is not None else None
    database = await open_database(address_of(url), migrate=migrate)
    store = Store(database, Writer(database, random_octets(SENDER_OCTETS).hex()), sealer)
    try:
        await store.prove_key()
        await store.listen()
    except BaseException:
        await store.close()
        raise
    return store
