"""How a store is opened and closed: schema, lock, key, what survives a kill, what two processes hear of each other."""

import asyncio
import os
import secrets
import signal
import sys
import textwrap
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, text

from hss.store.engine import Store, open_store
from hss.store.errors import SchemaTooNew, StoreLocked, StoreUnavailable, WrongKey
from hss.store.tables import METADATA
from tests.contract.store_samples import ALICE, NAI, furnish, plain

KEY = bytes(range(32))
ROOT = Path(__file__).parents[2]


async def opened(url: str, key: bytes | None = KEY) -> Store:
    return await open_store(url, random_octets=secrets.token_bytes, key=key)


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, METADATA))


async def test_migrations_make_the_tables_that_the_program_knows(url: str) -> None:
    store = await opened(url)
    async with store.database.read() as connection:
        assert await connection.run_sync(differences) == []
    await store.close()


async def test_a_schema_of_the_future_is_refused(url: str) -> None:
    store = await opened(url)
    async with store.database.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    await store.close()
    for _ in range(2):  # a refused start leaves no lock behind
        with pytest.raises(SchemaTooNew, match="9999"):
            await opened(url)


async def test_what_was_written_is_there_after_a_restart(url: str) -> None:
    store = await opened(url)
    await furnish(store)
    await store.subscribers.put("alice", ALICE)
    before = await store.subscribers.get("alice")
    await store.close()
    store = await opened(url)
    assert await store.subscribers.get("alice") == before
    await store.close()


async def test_two_empty_starts_at_once_make_one_schema(url: str) -> None:
    results = await asyncio.gather(opened(url), opened(url), return_exceptions=True)
    stores = [result for result in results if isinstance(result, Store)]
    assert len(stores) + sum(isinstance(result, StoreLocked) for result in results) == 2
    for store in stores:
        assert await store.operators.get("op") is None
        await store.close()


async def test_another_key_is_refused(url: str) -> None:
    await (await opened(url)).close()
    for _ in range(2):
        with pytest.raises(WrongKey):
            await opened(url, bytes(32))
    await (await opened(url)).close()


async def test_without_a_key_secrets_stay_shut(url: str) -> None:
    store = await opened(url)
    await furnish(store)
    await store.subscribers.put("alice", ALICE)
    await store.close()
    store = await opened(url, None)
    stored = await store.subscribers.get("alice")
    assert stored is not None
    assert stored.document.private_identities[0].has_credentials == ["k", "opc"]
    with pytest.raises(WrongKey):
        await store.secrets.of(NAI)
    await store.close()


async def test_the_store_says_that_it_lives(url: str) -> None:
    store = await opened(url)
    await store.ping()
    await store.close()


async def test_nothing_is_lost_that_was_acknowledged_before_a_kill(url: str) -> None:
    program = f"""
        import asyncio, secrets, sys
        sys.path.insert(0, {str(ROOT)!r})
        from hss.store.engine import open_store
        from tests.contract.store_samples import furnish, plain

        async def main():
            store = await open_store({url!r}, random_octets=secrets.token_bytes)
            await furnish(store)
            for number in range(100000):
                await store.subscribers.put(f"s{{number}}", plain(f"s{{number}}", number))
                print(number, flush=True)

        asyncio.run(main())
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(program), stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout
    last = -1
    while last < 25:
        last = int(await child.stdout.readline())
    child.send_signal(signal.SIGKILL)
    acknowledged = [int(line) for line in (await child.stdout.read()).split(b"\n")[:-1]]
    await child.wait()
    store = await opened(url, None)
    for number in range(max([last, *acknowledged]) + 1):
        stored = await store.subscribers.get(f"s{number}")
        assert stored is not None
        assert stored.document == plain(f"s{number}", number)
        assert await store.cx.by_uri(f"tel:+49171{number}") is not None
    await store.close()


async def test_a_second_process_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "homeward.db"
    store = await opened(str(path))
    program = f"""
        import asyncio, secrets, sys
        sys.path.insert(0, {str(ROOT)!r})
        from hss.store.engine import open_store
        from hss.store.errors import StoreLocked
        try:
            asyncio.run(open_store({str(path)!r}, random_octets=secrets.token_bytes))
        except StoreLocked as error:
            print(error.pid, error)
    """
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", textwrap.dedent(program), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await child.communicate()
    assert said.decode().startswith(f"{os.getpid()} ")
    await store.close()
    await (await opened(str(path))).close()


async def test_a_link_to_the_file_is_the_file(tmp_path: Path) -> None:
    store = await opened(str(tmp_path / "homeward.db"))
    (tmp_path / "other.db").symlink_to(tmp_path / "homeward.db")
    with pytest.raises(StoreLocked):
        await opened(f"sqlite:///{tmp_path}/other.db")
    await store.close()


async def test_what_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "noise.db").write_bytes(b"no database" * 1000)
    for url in (
        str(tmp_path / "missing" / "homeward.db"),
        str(tmp_path / "noise.db"),
        f"postgresql://postgres@/nothing?host={tmp_path}",
    ):
        with pytest.raises(StoreUnavailable):
            await opened(url)
