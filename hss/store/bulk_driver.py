"""The driver of the database itself, where SQLAlchemy would cost more than the work."""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from hss.store.database import SQLITE

Row = tuple[Any, ...]


class Driver:
    """The driver's own connection, within a transaction of the engine."""

    def __init__(self, raw: Any, dialect: str) -> None:  # noqa: ANN401 - aiosqlite or asyncpg, both without common type
        self._raw = raw
        self.sqlite = dialect == SQLITE

    @classmethod
    async def of(cls, connection: AsyncConnection) -> "Driver":
        """Reach through the engine."""
        return cls((await connection.get_raw_connection()).driver_connection, connection.dialect.name)

    def placeholder(self, number: int) -> str:
        """Write the parameter `number`, from 1."""
        return "?" if self.sqlite else f"${number}"

    def among(self, kind: str) -> str:
        """Write the condition that a value is among those of the only parameter; `kind` is text or integer."""
        return "IN (SELECT value FROM json_each(?))" if self.sqlite else f"= ANY($1::{kind}[])"

    async def rows(self, sql: str, among: Collection[object]) -> Sequence[Row]:
        """Fetch with one parameter, a list."""
        return await self.fetch(sql, json.dumps(list(among)) if self.sqlite else list(among))

    async def fetch(self, sql: str, *values: object) -> Sequence[Row]:
        """Fetch with plain parameters."""
        if self.sqlite:
            found: Sequence[Row] = await self._raw.execute_fetchall(sql, values)
            return found
        return [tuple(row) for row in await self._raw.fetch(sql, *values)]

    async def many(self, sql: str, rows: Iterable[Row]) -> None:
        """Run a statement once for each row; raise `sqlite3.IntegrityError` or its like of asyncpg."""
        if self.sqlite:
            cursor = await self._raw.executemany(sql, rows)
            await cursor.close()
        else:
            await self._raw.executemany(sql, rows)

    async def first_free(self, table: str, count: int) -> int:
        """Take `count` identifiers that follow each other; return the first."""
        if self.sqlite:  # there is one writer, and this transaction is it
            ((highest,),) = await self._raw.execute_fetchall(f"SELECT coalesce(max(id), 0) FROM {table}")  # noqa: S608
            return int(highest) + 1
        taken = "SELECT min(v), max(v) FROM (SELECT nextval(pg_get_serial_sequence($1, 'id')) v"
        while True:
            low, high = await self._raw.fetchrow(f"{taken} FROM generate_series(1, $2)) taken", table, max(count, 1))
            if high - low + 1 == max(count, 1):  # nobody else took one in between
                return int(low)
