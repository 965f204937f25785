"""The tables of the running service: when they are built, and by whom."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hss.app import routing_upkeep
from hss.app.routing_upkeep import Tables
from hss.services.administration import Changes
from hss.store.errors import StoreUnavailable
from tests.unit.hss.services.routing_world import World

NUMBERING = Changes(numbering=True)


class Store:
    """A store whose numbering can be changed, or fail."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.numbering = self
        self.broken = False
        self.reads = 0
        self.settlers: list[Callable[[Changes], Awaitable[None]]] = []

    def on_settle(self, settler: Callable[[Changes], Awaitable[None]]) -> None:
        self.settlers.append(settler)

    async def rows(self) -> Any:
        self.reads += 1
        await asyncio.sleep(0)
        if self.broken:
            raise StoreUnavailable("the database does not answer")
        return await self.world.documents.rows()

    def numbers(self) -> Any:
        return self.world.documents.numbers()

    async def profiles(self) -> Any:
        return await self.world.documents.profiles()


@pytest.fixture
def store() -> Store:
    return Store(World())


@pytest.fixture
async def tables(store: Store) -> Any:
    """The tables of a service that has started."""
    made = Tables(store, store.world.service)  # type: ignore[arg-type]
    keeping = asyncio.get_running_loop().create_task(made.keep())
    await made.wait()
    yield made
    keeping.cancel()


def generation(store: Store) -> int:
    return store.world.service.current.tables.generation


async def until(holds: Callable[[], bool]) -> None:
    for _ in range(20_000):
        if holds():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came true")


async def test_the_first_tables_are_built_at_the_start(tables: Tables, store: Store) -> None:
    assert generation(store) == 1
    assert store.settlers == [tables.settle]


async def test_few_rows_are_read_again_before_a_change_is_acknowledged(tables: Tables, store: Store) -> None:
    store.world.change(ported_numbers=())
    await tables.settle(NUMBERING)
    assert generation(store) == 2
    reads = store.reads
    await tables.settle(Changes(peers=True))
    assert store.reads == reads


async def test_changes_that_come_together_are_read_together(tables: Tables, store: Store) -> None:
    store.world.change(ported_numbers=())
    reads = store.reads
    await asyncio.gather(*(tables.settle(NUMBERING) for _ in range(5)))
    assert generation(store) == 2
    assert store.reads - reads <= 2


async def test_many_rows_are_read_in_the_background_while_the_old_tables_answer(
    tables: Tables, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing_upkeep, "FEW_ROWS", 0)
    threads = []
    built = routing_upkeep.asyncio.to_thread

    async def noted(work: Any, *arguments: Any) -> Any:
        def run() -> Any:
            threads.append(threading.current_thread())
            return work(*arguments)

        return await built(run)

    monkeypatch.setattr(routing_upkeep.asyncio, "to_thread", noted)
    store.world.change(ported_numbers=())
    await tables.settle(NUMBERING)
    assert generation(store) == 1
    await until(lambda: generation(store) == 2)
    assert threads
    assert threads[0] is not threading.main_thread()


async def test_a_database_that_does_not_answer_is_asked_again(
    tables: Tables, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing_upkeep, "AGAIN_S", 0.001)
    store.world.change(ported_numbers=())
    store.broken = True
    await tables.settle(NUMBERING)
    reads = store.reads
    await until(lambda: store.reads > reads + 2)
    assert generation(store) == 1
    store.broken = False
    await until(lambda: generation(store) == 2)


async def test_the_start_does_not_wait_for_long(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing_upkeep, "PATIENCE_S", 0.001)
    await Tables(store, store.world.service).wait()  # type: ignore[arg-type]
    assert not store.world.service.ready
