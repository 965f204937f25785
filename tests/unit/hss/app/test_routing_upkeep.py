"""The tables of the running service: when they are built, and by whom."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hss.app import routing_upkeep
from hss.app.routing_alone import bundle_of
from hss.app.routing_upkeep import Tables
from hss.services.administration import Changes
from hss.services.routing_tables import Amendment
from hss.store.errors import StoreUnavailable
from schemas.documents import PortedNumber
from tests.unit.hss.services.routing_world import World, operator, subscriber

NUMBERING = Changes(numbering=True)


class Store:
    """A store whose numbering can be changed, or fail."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.numbering = self
        self.broken = False
        self.reads = 0
        self.asked: list[Any] = []  # single numbers
        self.pause = asyncio.Event()  # set: a build that has read all numbers goes on
        self.short_pause: asyncio.Event | None = None  # that the next reader of ported numbers waits for
        self.pause.set()
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
        await self.pause.wait()
        return await self.world.documents.profiles()

    async def ported_of(self, digits: Any) -> Any:
        self.asked.append(digits)
        found = await self.world.documents.ported_of(digits)
        pause, self.short_pause = self.short_pause, None
        if pause is not None:
            await pause.wait()
        if self.broken:
            raise StoreUnavailable("the database does not answer")
        return found

    async def numbers_of(self, digits: Any) -> Any:
        self.asked.append(digits)
        return await self.world.documents.numbers_of(digits)


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
    monkeypatch.setattr(routing_upkeep, "QUICK_ROWS", 0)
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
    assert len(threads) == 2  # of the ranges, and of all
    assert threading.main_thread() not in threads


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


def port(store: Store, number: str, operator: str | None) -> Changes:
    """Commit where a number was ported to; None: nowhere any more."""
    kept = [one for one in store.world.bundle.ported_numbers if one.number != f"+{number}"]
    added = [PortedNumber(number=f"+{number}", operator=operator)] if operator else []
    store.world.change(ported_numbers=[*kept, *added])
    return Changes(ported=frozenset({number}))


def ported_to(store: Store, number: str) -> Any:
    found = store.world.service.current.tables.porting(number)
    return found and found.operator


async def turns(count: int = 10) -> None:
    """Let everybody go as far as they can without what they wait for."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_ported_number_is_in_the_tables_when_its_change_is_acknowledged_however_many_there_are(
    tables: Tables, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing_upkeep, "FEW_ROWS", 0)
    reads = store.reads
    await tables.settle(port(store, "49301", "fixed"))
    assert ported_to(store, "49301") == "fixed"
    await tables.settle(port(store, "49301", None))
    assert ported_to(store, "49301") is None
    assert (generation(store), store.reads) == (3, reads)


async def test_a_number_of_a_subscriber_is_put_in_alone_and_only_where_no_range_covers_it(
    tables: Tables, store: Store
) -> None:
    await tables.settle(give(store, "491711"))
    assert (generation(store), store.asked) == (1, [])
    await tables.settle(give(store, "4930"))
    assert (generation(store), store.asked) == (2, [{"4930"}])
    assert store.world.service.current.tables.full("4930") == "mobile"


async def test_many_numbers_are_put_in_by_a_thread(
    tables: Tables, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing_upkeep, "QUICK_NUMBERS", 0)
    threads = []
    made = Amendment.made

    def noted(amendment: Amendment, number: int) -> Any:
        threads.append(threading.current_thread())
        return made(amendment, number)

    monkeypatch.setattr(Amendment, "made", noted)
    await tables.settle(port(store, "49301", "fixed"))
    assert threads[0] is not threading.main_thread()
    assert ported_to(store, "49301") == "fixed"


async def test_what_changes_behind_the_back_of_a_build_is_not_lost(tables: Tables, store: Store) -> None:
    store.pause.clear()
    building = asyncio.get_running_loop().create_task(tables.settle(NUMBERING))
    await turns()  # the build has read all ported numbers
    changes = port(store, "49301", "fixed")
    await tables.settle(changes)
    assert ported_to(store, "49301") == "fixed"  # in the tables of before, and not in what was read
    assert not building.done()
    store.pause.set()
    await building
    assert ported_to(store, "49301") == "fixed"
    assert generation(store) == 2  # the build brought nothing else


async def test_what_changes_before_the_first_tables_are_there_is_in_them(store: Store) -> None:
    store.pause.clear()
    made = Tables(store, store.world.service)  # type: ignore[arg-type]
    keeping = asyncio.get_running_loop().create_task(made.keep())
    await turns()
    await made.settle(port(store, "49301", "fixed"))
    assert not store.world.service.ready
    store.pause.set()
    await made.wait()
    assert ported_to(store, "49301") == "fixed"
    keeping.cancel()


def uncover(store: Store) -> None:
    """Commit that no operator has a prefix any more."""
    bare = [one.model_copy(update={"prefixes": []}) for one in store.world.bundle.operators]
    store.world.change(operators=bare)


def give(store: Store, number: str) -> Changes:
    """Commit that a subscriber of the mobile operator has a number."""
    person = bundle_of({"subscriptions": [subscriber(number, "mobile", f"tel:+{number}")]}).subscriptions
    store.world.change(subscriptions=[*store.world.bundle.subscriptions, *person])
    return Changes(identities=frozenset({f"tel:+{number}"}))


async def test_a_number_that_the_ranges_of_a_build_no_longer_cover_is_not_lost(tables: Tables, store: Store) -> None:
    uncover(store)
    store.pause.clear()
    building = asyncio.get_running_loop().create_task(tables.settle(NUMBERING))
    await turns()
    await tables.settle(give(store, "491711"))
    assert store.world.service.current.tables.full("491711") is None  # a prefix covers it still
    store.pause.set()
    await building
    assert store.world.service.current.tables.full("491711") == "mobile"


async def test_nor_is_one_that_changes_during_its_last_look(tables: Tables, store: Store) -> None:
    uncover(store)
    store.pause.clear()
    loop = asyncio.get_running_loop()
    building = loop.create_task(tables.settle(NUMBERING))
    await turns()
    await tables.settle(port(store, "49301", "fixed"))
    read = store.short_pause = asyncio.Event()
    store.pause.set()
    await turns()
    changing = loop.create_task(tables.settle(give(store, "491711")))
    await turns()
    read.set()
    await asyncio.gather(building, changing)
    assert store.world.service.current.tables.full("491711") == "mobile"


async def test_of_two_changes_of_one_number_the_later_one_stays(tables: Tables, store: Store) -> None:
    read = store.short_pause = asyncio.Event()
    loop = asyncio.get_running_loop()
    first = loop.create_task(tables.settle(port(store, "49301", "fixed")))
    await turns()  # it has read what soon is no longer true
    second = loop.create_task(tables.settle(port(store, "49301", "mobile")))
    await turns()
    assert (first.done(), second.done()) == (False, False)
    read.set()
    await asyncio.gather(first, second)
    assert ported_to(store, "49301") == "mobile"


async def test_what_changes_during_the_last_look_of_a_build_comes_after_it(tables: Tables, store: Store) -> None:
    store.pause.clear()
    loop = asyncio.get_running_loop()
    building = loop.create_task(tables.settle(NUMBERING))
    await turns()
    await tables.settle(port(store, "49301", "fixed"))
    read = store.short_pause = asyncio.Event()
    store.pause.set()
    await turns()  # the build has looked at the number again
    changing = loop.create_task(tables.settle(port(store, "49301", "mobile")))
    await turns()
    assert (building.done(), changing.done()) == (False, False)
    read.set()
    await asyncio.gather(building, changing)
    assert ported_to(store, "49301") == "mobile"


async def test_numbers_that_cannot_be_read_follow_with_the_next_build(tables: Tables, store: Store) -> None:
    changes = port(store, "49301", "fixed")
    store.broken = True
    await tables.settle(changes)
    assert ported_to(store, "49301") is None
    store.broken = False
    await until(lambda: ported_to(store, "49301") == "fixed")


async def test_a_number_of_an_operator_that_is_new_follows_with_the_next_build(tables: Tables, store: Store) -> None:
    new = bundle_of({"operators": [operator("new", 2)]}).operators
    store.world.change(operators=[*store.world.bundle.operators, *new])
    await tables.settle(port(store, "49301", "new"))
    await until(lambda: ported_to(store, "49301") == "new")


async def test_the_start_does_not_wait_for_long(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing_upkeep, "PATIENCE_S", 0.001)
    await Tables(store, store.world.service).wait()  # type: ignore[arg-type]
    assert not store.world.service.ready
