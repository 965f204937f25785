"""The engine of one database: how it is opened, read and written, and which driver runs a prepared statement.

SQLite: one file, one process (`lock.py`), write-ahead log, every commit forced to the disk before it is acknowledged.
PostgreSQL: any number of processes; rows are locked while they are changed.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from hss.store.errors import BadUrl, translated
from hss.store.lock import FileLock
from hss.store.prepared import Prepared, Row

if TYPE_CHECKING:  # each is loaded only where it is used
    import aiosqlite
    import asyncpg

BUSY_TIMEOUT_MS: Final = 5000  # only a foreign program (a backup, a shell) can hold the file
POOL: Final = 5
PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}",
)
SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the database is."""

    url: URL
    dialect: str
    path: Path | None  # of a SQLite file

    @property
    def shown(self) -> str:
        """The address without the password."""
        return str(self.path) if self.path else self.url.render_as_string(hide_password=True)

    @property
    def dsn(self) -> str:
        """The address as asyncpg reads it."""
        return self.url.set(drivername=POSTGRESQL).render_as_string(hide_password=False)


def address_of(text: str) -> Address:
    """Read a path, a sqlite URL or a postgresql URL; raise `BadUrl`."""
    if "://" not in text and not text.startswith("sqlite:"):
        text = f"sqlite:///{text}"
    if text.startswith("postgres://"):
        text = POSTGRESQL + text.removeprefix("postgres")
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise BadUrl("the database is a path, sqlite:///path or postgresql://user@host/name") from error
    return _by_backend(url)


def _by_backend(url: URL) -> Address:
    backend = url.get_backend_name()
    if backend == POSTGRESQL:
        return Address(url=url.set(drivername="postgresql+asyncpg"), dialect=POSTGRESQL, path=None)
    if backend != SQLITE:
        raise BadUrl(f"{backend} is not supported; the database is SQLite or PostgreSQL")
    if not url.database or url.database == ":memory:":
        raise BadUrl("a SQLite database needs a file")
    path = Path(url.database).expanduser().resolve()
    return Address(url=URL.create("sqlite+aiosqlite", database=str(path)), dialect=SQLITE, path=path)


class Driver(Protocol):
    """What runs a prepared statement."""

    async def fetch(self, sql: str, values: Sequence[object]) -> Sequence[Row]:
        """Return all rows."""
        ...

    async def fetch_slowly(self, sql: str, values: Sequence[object]) -> Sequence[Row]:
        """Return all rows of a statement that must not delay others."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class Database:
    """One open database."""

    def __init__(self, address: Address, engine: AsyncEngine, driver: Driver, lock: FileLock | None) -> None:
        self.address = address
        self.dialect = address.dialect
        self.engine = engine
        self._reading = engine if lock else engine.execution_options(isolation_level="REPEATABLE READ")
        self._writing = engine.execution_options(writes=True)
        self._one_writer: contextlib.AbstractAsyncContextManager[Any] = (
            asyncio.Lock() if lock else contextlib.nullcontext()
        )
        self._driver = driver
        self._lock = lock

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Read in one transaction, which sees one state of the database."""
        with translated():
            async with self._reading.begin() as connection:
                yield connection

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Write in one transaction; on SQLite one writer follows the other."""
        with translated():
            async with self._one_writer, self._writing.begin() as connection:
                yield connection

    async def fetch(self, prepared: Prepared, **values: object) -> Sequence[Row]:
        """Run a prepared statement on the driver, outside any transaction."""
        with translated():
            return await self._driver.fetch(prepared.text(self.dialect)[0], prepared.values(self.dialect, values))

    async def fetch_slowly(self, prepared: Prepared, **values: object) -> Sequence[Row]:
        """Run a prepared statement that may take long, beside those that calls wait for."""
        with translated():
            return await self._driver.fetch_slowly(
                prepared.text(self.dialect)[0], prepared.values(self.dialect, values)
            )

    async def close(self) -> None:
        """Close all connections and let others have the file."""
        await self._driver.close()
        await self.engine.dispose()
        if self._lock:
            self._lock.give_back()


class SqliteDriver:
    """Two connections, each with a thread of its own: one for look-ups, one for what takes longer."""

    def __init__(self, quick: "aiosqlite.Connection", slow: "aiosqlite.Connection") -> None:
        self._quick = quick
        self._slow = slow

    @classmethod
    async def open(cls, path: Path) -> "SqliteDriver":
        """Open both connections, for reading only."""
        return cls(await _reader(path), await _reader(path))

    async def fetch(self, sql: str, values: Sequence[object]) -> Sequence[Row]:
        """Return all rows."""
        return list(await self._quick.execute_fetchall(sql, values))

    async def fetch_slowly(self, sql: str, values: Sequence[object]) -> Sequence[Row]:
        """Return all rows, by the second connection."""
        return list(await self._slow.execute_fetchall(sql, values))

    async def close(self) -> None:
        """Close both connections."""
        await self._quick.close()
        await self._slow.close()


async def _reader(path: Path) -> "aiosqlite.Connection":
    import aiosqlite  # noqa: PLC0415

    connection = await aiosqlite.connect(path, isolation_level=None)
    for pragma in (f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}", "PRAGMA query_only=ON", "PRAGMA cache_size=-16000"):
        await connection.execute_fetchall(pragma)
    return connection


class PostgresqlDriver:
    """A pool; each of its connections keeps the statements that it has prepared."""

    def __init__(self, pool: "asyncpg.Pool") -> None:
        self._pool = pool

    @classmethod
    async def open(cls, dsn: str) -> "PostgresqlDriver":
        """Open the pool with one connection."""
        import asyncpg  # noqa: PLC0415

        return cls(await asyncpg.create_pool(dsn, min_size=1, max_size=POOL, reset=_keep_as_it_is, timeout=10))

    async def fetch(self, sql: str, values: Sequence[object]) -> Sequence[Row]:
        """Return all rows."""
        rows: Sequence[Row] = await self._pool.fetch(sql, *values)
        return rows

    fetch_slowly = fetch  # each statement has a connection of its own

    async def close(self) -> None:
        """Close the pool."""
        await self._pool.close()


async def _keep_as_it_is(_: object) -> None:
    """Nothing here changes the state of a connection, so no round trip is needed to reset it."""


async def open_database(address: Address, *, migrate: Callable[[AsyncEngine, str], Awaitable[None]]) -> Database:
    """Open the engine, bring the schema up to date by `migrate(engine, dialect)`, open the driver."""
    lock = None
    if address.path is not None:
        lock = FileLock.take(address.path)
    engine = _engine(address)
    try:
        with translated():
            await migrate(engine, address.dialect)
            driver = await (SqliteDriver.open(address.path) if address.path else PostgresqlDriver.open(address.dsn))
    except BaseException:
        await engine.dispose()
        if lock:
            lock.give_back()
        raise
    return Database(address, engine, driver, lock)


def _engine(address: Address) -> AsyncEngine:
    arguments: Mapping[str, Any] = {"timeout": 10} if address.dialect == POSTGRESQL else {}
    engine = create_async_engine(
        address.url,
        pool_size=POOL,
        max_overflow=0 if address.path else POOL,
        pool_pre_ping=address.path is None,  # the server may have dropped a connection that nobody used
        connect_args=arguments,
    )
    if address.path:
        event.listen(engine.sync_engine, "connect", _set_up)
        event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _set_up(connection: DBAPIConnection, _: object) -> None:
    connection.isolation_level = None  # transactions begin where `_begin` says, not where the driver guesses
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
