"""Keeps the tables of number routing true while the service runs.

Single numbers are read and put into the tables before their change is acknowledged, however many numbers there are. A
change of operators, prefixes or blocks has everything read and built again: at once where that is quick, else beside
the service. A build may have passed a row before it changed; so what changes meanwhile is read again at its end.
"""

import asyncio
from typing import Final

from hss.services.administration import Changes
from hss.services.routing import RoutingService
from hss.services.routing_tables import (
    Amendment,
    Generation,
    Material,
    Single,
    needs_build,
    read_amendment,
    read_material,
    single,
)
from hss.store.engine import Store
from hss.store.errors import StoreError
from routing.tables import Rows, build
from routing.tables import Tables as Built

FEW_ROWS: Final = 50_000  # tables of so many rows are built again before a change is acknowledged
QUICK_ROWS: Final = 500  # so many are built without a thread of their own
QUICK_NUMBERS: Final = 20  # so many single numbers are put into the tables without a thread
PATIENCE_S: Final = 1.0  # that the start of the service waits for the first tables
AGAIN_S: Final = 5.0  # after a database that did not answer


class Tables:
    """The tables of one service: a generation at the start, and another one after each change that concerns them."""

    def __init__(self, store: Store, service: RoutingService) -> None:
        self._store = store
        self._service = service
        self._wanted = 1  # counts the changes that a generation has to know of
        self._done = 0
        self._turn = asyncio.Lock()  # of the builds
        self._swapping = asyncio.Lock()  # held from the last look into the database until the swap
        self._missed: Single | None = None  # while a build is on its way: what it may have read too early
        self._work = asyncio.Event()
        self._first = asyncio.Event()
        self._work.set()
        store.on_settle(self.settle)

    async def settle(self, changes: Changes) -> None:
        """Let the tables follow a change that is committed; what the database does not say now follows later."""
        try:
            if needs_build(changes, self._service.current.tables):
                await self._build_for_change()
            else:
                await self._amend(single(changes))
        except (StoreError, OSError):
            self._want()

    async def _build_for_change(self) -> None:
        self._wanted += 1
        if self._service.ready and self._service.current.read <= FEW_ROWS:
            await self._catch_up(self._wanted)
        else:
            self._work.set()

    async def _amend(self, numbers: Single) -> None:
        """Put single numbers into the tables."""
        if self._missed is not None:
            self._missed = self._missed.joined(numbers)
        elif not any(numbers.listed(self._service.current.tables)):
            return  # while a build is on its way this cannot be known: it may bring other ranges
        if self._service.ready:
            async with self._swapping:
                await self._swap(self._service.current, numbers)

    def _want(self) -> None:
        self._wanted += 1
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
        self._missed = Single()
        try:
            generation = await _built(await read_material(self._store.numbering, build_ranges=_ranges_built))
            async with self._swapping:
                await self._swap(generation, self._missed)
        finally:
            self._missed = None

    async def _swap(self, base: Generation, numbers: Single) -> None:
        """Swap in `base` with some numbers as they are now. Others that change them wait for their turn."""
        amendment = await read_amendment(self._store.numbering, numbers, base)
        self._service.swap(await _made(amendment, self._service.current.tables.generation + 1))
        if amendment.strange:
            self._want()


async def _ranges_built(rows: Rows) -> Built:
    if sum(1 for part in (rows.prefixes, rows.stems) for _ in part) > QUICK_ROWS:
        return await asyncio.to_thread(build, rows)
    return build(rows)


async def _built(material: Material) -> Generation:
    if material.count > QUICK_ROWS:
        return await asyncio.to_thread(material.built, 0)
    return material.built(0)


async def _made(amendment: Amendment, number: int) -> Generation:
    if sum(map(len, amendment.asked)) > QUICK_NUMBERS:
        return await asyncio.to_thread(amendment.made, number)
    return amendment.made(number)
