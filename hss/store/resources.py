"""What all kinds of records under a natural key have in common: reading, paging, versions, refusals."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import Column, ColumnElement, RowMapping, Select, Table, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hss.services.administration import (
    Changes,
    NotFound,
    Page,
    Refused,
    RefusedLine,
    StillNeeded,
    Stored,
    VersionMismatch,
)
from hss.store.database import Database
from hss.store.unit_of_work import UnitOfWork, Writer
from schemas.documents import Document

D = TypeVar("D", bound=Document)
EVERYTHING = Changes(everything=True, numbering=True)


def prefix_of(column: Column[Any] | ColumnElement[Any], prefix: str) -> ColumnElement[bool]:
    """Match the values that begin with `prefix`, in a form that an index serves."""
    return (column >= prefix) & (column < prefix + "\U0010ffff")


def check_version(expected: int | None, current: int | None) -> None:
    """Raise `VersionMismatch` where the writer expects another version; 0 stands for no record."""
    if expected is not None and expected != (current or 0):
        raise VersionMismatch(current=current)


class Repository(ABC, Generic[D]):
    """One kind of record: a main table with a natural key and a version, and the tables of its parts."""

    kind: ClassVar[str]
    table: ClassVar[Table]
    key_column: ClassVar[str]
    key_field: ClassVar[str]
    changes: ClassVar[Changes] = EVERYTHING

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    @property
    def _key(self) -> Column[Any]:
        return self.table.c[self.key_column]

    @property
    def _identifier(self) -> Column[Any]:
        return next(iter(self.table.primary_key))

    async def get(self, key: str) -> Stored[D] | None:
        """Read one document."""
        async with self._database.read() as connection:
            return await self._get(connection, self.column_key(key))

    async def page(self, *, after: str | None, limit: int, filters: Mapping[str, str]) -> Page[D]:
        """Read up to `limit` documents behind the key `after`."""
        query = self.query().order_by(self._key).limit(limit + 1)
        if after is not None:
            query = query.where(self._key > self.column_key(after))
        for name, value in filters.items():
            query = query.where(self.matches(name, value))
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
            items = await self._stored(connection, rows[:limit])
        return Page(items=items, next_after=items[-1].key if len(rows) > limit else None)

    async def put(self, key: str, document: D, *, expected: int | None = None) -> Stored[D]:
        """Create or replace; raise `Refused`, `Taken` or `VersionMismatch`."""
        if self.document_key(document) != self.row_key(self.column_key(key)):
            raise Refused(self.key_field, f"must be the key of the record, which is {key!r}")
        return await self._writer.change(lambda work: self._put(work, document, expected))

    async def delete(self, key: str, *, expected: int | None = None) -> None:
        """Remove; raise `NotFound`, `StillNeeded` or `VersionMismatch`."""
        await self._writer.change(lambda work: self._delete(work, self.column_key(key), expected))

    async def put_lines(self, work: UnitOfWork, lines: Sequence[tuple[int, D]]) -> tuple[int, list[RefusedLine]]:
        """Put the documents of the lines of a file, in order; give how many are new, and the lines that are refused."""
        created, refused = 0, []
        for number, document in lines:
            try:
                async with work.connection.begin_nested():
                    stored = await self._put(work, document, None)
            except Refused as error:
                refused.append(RefusedLine(line=number, field=error.field, rule=error.rule))
            else:
                created += stored.created
        return created, refused

    def query(self) -> Select[Any]:
        """Select the rows that documents are made of, each with a version."""
        return select(self.table)

    async def _get(self, connection: AsyncConnection, key: object) -> Stored[D] | None:
        rows = (await connection.execute(self.query().where(self._key == key))).mappings().all()
        return next(iter(await self._stored(connection, rows)), None)

    async def _stored(self, connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[Stored[D]]:
        documents = await self.load(connection, rows)
        keys = [self.row_key(row[self.key_column]) for row in rows]
        return [
            Stored(key=key, document=document, version=row["version"])
            for key, row, document in zip(keys, rows, documents, strict=True)
        ]

    async def _locked(self, work: UnitOfWork, key: object) -> RowMapping | None:
        query = select(self.table).where(self._key == key).with_for_update()
        return (await work.connection.execute(query)).mappings().one_or_none()

    async def _put(self, work: UnitOfWork, document: D, expected: int | None) -> Stored[D]:
        key = self.column_key(self.document_key(document))
        row = await self._locked(work, key)
        check_version(expected, row["version"] if row else None)
        if row and (old := await self._get(work.connection, key)) and old.document == document:
            return old
        values = await self.values(work.connection, document)
        version = row["version"] + 1 if row else 1
        if row:
            change = update(self.table).where(self._key == key).values(**values, version=version)
            await work.connection.execute(change)
            identifier = row[self._identifier.key]
        else:
            added = insert(self.table).values(**values, version=version).returning(self._identifier)
            identifier = (await work.connection.execute(added)).scalar_one()
        await self.store_parts(work.connection, identifier, document)
        work.announce(self.changes_of(key))
        stored = await self._get(work.connection, key)
        if stored is None:
            raise NotFound(str(key))
        return Stored(key=stored.key, document=stored.document, version=version, created=row is None)

    async def _delete(self, work: UnitOfWork, key: object, expected: int | None) -> None:
        row = await self._locked(work, key)
        if row is None:
            raise NotFound(f"there is no {self.kind} {key!r}")
        check_version(expected, row["version"])
        identifier = row[self._identifier.key]
        await self.refuse_needed(work.connection, identifier)
        await self.drop_parts(work.connection, identifier)
        await work.connection.execute(delete(self.table).where(self._key == key))
        work.announce(self.changes_of(key))

    def column_key(self, key: str) -> Any:  # noqa: ANN401 - text or a number
        """Give the value of the key column."""
        return key

    def row_key(self, value: Any) -> str:  # noqa: ANN401 - text or a number
        """Give the key of a row."""
        return str(value)

    @abstractmethod
    def document_key(self, document: D) -> str:
        """Give the key of a document."""

    @abstractmethod
    async def load(self, connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[D]:
        """Make documents of rows of the main table."""

    @abstractmethod
    async def values(self, connection: AsyncConnection, document: D) -> dict[str, Any]:
        """Make the row of a document without its version; raise `Refused` for a reference to nothing."""

    async def store_parts(self, connection: AsyncConnection, identifier: int, document: D) -> None:
        """Replace the rows of the parts."""

    async def drop_parts(self, connection: AsyncConnection, identifier: int) -> None:
        """Remove the rows of the parts."""

    async def refuse_needed(self, connection: AsyncConnection, identifier: int) -> None:
        """Raise `StillNeeded` where something depends on the record."""

    def changes_of(self, key: Any) -> Changes:  # noqa: ANN401, ARG002 - text or a number; not every kind asks for it
        """Tell what a change of the record under this key is announced as."""
        return self.changes

    def matches(self, name: str, value: str) -> ColumnElement[bool]:
        """Give the condition of a filter; every kind of record knows the beginning of its key."""
        if name == self.key_field:
            return prefix_of(self._key, value)
        raise Refused(name, f"is no filter of {self.kind}s")


async def reference(
    connection: AsyncConnection, column: Column[Any], name: str | None, *, field: str, kind: str
) -> int | None:
    """Find the identifier behind a name; raise `Refused` where there is none."""
    if name is None:
        return None
    query = select(column.table.c.id).where(column == name).with_for_update(read=True, key_share=True)
    found: int | None = (await connection.execute(query)).scalar_one_or_none()
    if found is None:
        raise Refused(field, f"there is no {kind} {name!r}")
    return found


def refuse_doubles(values: Sequence[str], field: str) -> None:
    """Raise `Refused` where a value stands there twice; `field` has braces for its place."""
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            raise Refused(field.format(index), f"{value} stands there twice")
        seen.add(value)


async def refuse_while(
    connection: AsyncConnection, used: ColumnElement[bool], *, shown: Column[Any], field: str, what: str
) -> None:
    """Raise `StillNeeded` where rows fulfil `used`; `shown` names one of them."""
    query = select(func.count(), func.min(shown)).where(used)
    count, first = (await connection.execute(query)).one()
    if count:
        others = "" if count == 1 else f" and {count - 1} more"
        raise StillNeeded(field, f"{what} depend on it: {first}{others}")
