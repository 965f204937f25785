"""Keeps the tables of number routing true while the service runs."""

import asyncio
import contextlib
from typing import Final

from hss.services.administration import Changes
from hss.services.routing import RoutingService
from hss.services.routing_tables import concerns, read_material
from hss.store.engine import Store
from hss.store.errors import StoreError

FEW_ROWS: Final = 50_000  # tables of so many rows are built again before a change is acknowledged
PATIENCE_S: Final = 1.0  # that the start of the service waits for the first tables
AGAIN_S: Final = 5.0  # after a database that did not answer


class Tables:
    """Keeps the tables true: builds a generation at the start, and again after each change that concerns them."""

    def __init__(self, store: Store, service: RoutingService) -> None:
        self._store = store
        self._service = service
        self._wanted = 1  # counts the changes that a generation has to know of
        self._done = 0
        self._turn = asyncio.Lock()
        self._work = asyncio.Event()
        self._first = asyncio.Event()
        self._work.set()
        store.on_settle(self.settle)

    async def settle(self, changes: Changes) -> None:
        """Build again because of a change: at once where that is quick, else in the background."""
        if not concerns(changes, self._service.current.tables):
            return
        self._wanted += 1
        if self._service.ready and self._service.current.read <= FEW_ROWS:
            with contextlib.suppress(StoreError, OSError):  # what was changed is committed: the tables follow later
                await self._catch_up(self._wanted)
        if self._done < self._wanted:
            self._work.set()

    async def wait(self) -> None:
        """Wait for the first tables, but not for long."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._first.wait()
        except TimeoutError:
            return

    async def keep(self) -> None:
        """Build in the background what is wanted; ends only when cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._work.wait()
            self._work.clear()
            began = loop.time()
            try:
                await self._catch_up(self._wanted)
            except (StoreError, OSError):
                await asyncio.sleep(AGAIN_S)
                self._work.set()
            else:  # during a long import one change follows the other: half of the time is left to everybody else
                await asyncio.sleep(loop.time() - began)

    async def _catch_up(self, wanted: int) -> None:
        async with self._turn:
            if self._done >= wanted:
                return
            wanted = self._wanted
            await self._build()
            self._done = wanted
            self._first.set()

    async def _build(self) -> None:
        material = await read_material(self._store.numbering)
        number = self._service.current.tables.generation + 1
        if material.count > FEW_ROWS:
            self._service.swap(await asyncio.to_thread(material.built, number))
        else:
            self._service.swap(material.built(number))
