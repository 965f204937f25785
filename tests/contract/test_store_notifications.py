"""What several processes on one PostgreSQL database hear of each other."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text

from hss.services.administration import Changes
from hss.store.engine import Store, open_store
from hss.store.unit_of_work import ALL
from schemas.documents import Operator, Subscriber
from tests.contract.store_samples import furnish, plain

IDENTITY = frozenset({"tel:+491711"})
NUMBER = frozenset({"491711"})
MARK = {"circuit_switched": {"msisdns": ["+1"]}}
Pair = tuple[Store, Store, "asyncio.Queue[object]"]


@pytest.fixture
async def pair(cluster: Any) -> AsyncIterator[Pair]:
    """Two front ends, and what the second one hears."""
    url = cluster.new_database()
    here, there = [await open_store(url, random_octets=secrets.token_bytes) for _ in range(2)]
    await furnish(here)
    last = asyncio.Event()
    there.on_change(lambda changes: last.set() if changes.msisdns == {"1"} else None)
    await here.subscribers.put("last", Subscriber.model_validate(plain("last", 0).model_dump() | MARK))
    await last.wait()
    heard: asyncio.Queue[object] = asyncio.Queue()
    there.on_change(heard.put_nowait)
    there.on_link(heard.put_nowait)
    yield here, there, heard
    await here.close()
    await there.close()


async def test_a_change_is_heard_once_by_the_others_and_once_at_home(
    pair: Pair,
) -> None:
    here, there, heard = pair
    own: asyncio.Queue[Changes] = asyncio.Queue()
    here.on_change(own.put_nowait)
    await here.subscribers.put("bob", plain("bob", 1))
    assert await heard.get() == Changes(identities=IDENTITY, added=IDENTITY, msisdns=NUMBER)
    await there.subscribers.delete("bob")
    gone = Changes(identities=IDENTITY, msisdns=NUMBER)
    assert await heard.get() == gone
    assert await own.get() == Changes(identities=IDENTITY, added=IDENTITY, msisdns=NUMBER)
    assert await own.get() == gone
    assert (own.empty(), heard.empty()) == (True, True)


async def test_a_change_of_very_much_is_a_change_of_everything(
    pair: Pair,
) -> None:
    here, _, heard = pair
    many = [{"identities": [{"uri": f"sip:user{number}@ims.example"} for number in range(500)]}]
    await here.subscribers.put("many", plain("many", 1, sets=many))
    assert await heard.get() == ALL


async def test_a_broken_link_is_told_and_mended(pair: Pair) -> None:
    here, there, heard = pair
    async with here.database.write() as connection:
        await connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
        )
    assert [await heard.get() for _ in range(4)] == [False, ALL, ALL, True]
    assert there.link.up
    await here.operators.put("op", Operator(name="op", type=1, home_domain="a.example", country_code="49"))
    assert await heard.get() == Changes(everything=True, numbering=True)


async def test_the_store_works_again_after_the_database_dropped_all_connections(
    pair: Pair,
) -> None:
    here, there, heard = pair
    await there.cx.by_uri("tel:+491711")
    await there.operators.get("mobile")
    async with here.database.write() as connection:
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        await connection.execute(text(others + " AND backend_type = 'client backend'"))
    assert [await heard.get() for _ in range(4)] == [False, ALL, ALL, True]
    await there.subscribers.put("bob", plain("bob", 1))
    assert await there.cx.by_uri("tel:+491711") is not None
    assert await there.operators.get("mobile") is not None
