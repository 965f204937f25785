"""Number blocks and prefixes, each under its own digits: what an operator has, without the rest of the operator.

They have the version of their operator, and a change of one is a change of it: who replaces the operator by the
document that he read before that is refused.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from sqlalchemy import ColumnElement, RowMapping, Select, bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hss.services.administration import Changes, NotFound, Refused, RefusedLine, Stored, Taken
from hss.store import tables as t
from hss.store.numbering import MOST_PARAMETERS, digits_key
from hss.store.resources import Repository, check_version, prefix_of
from hss.store.unit_of_work import UnitOfWork
from schemas.documents import OwnedBlock, OwnedNumber, OwnedPrefix

D = TypeVar("D", bound=OwnedNumber)
_operator = t.operator.c


class OwnedNumbers(Repository[D]):
    """Rows of a table of digits that belong to operators."""

    model: type[D]
    parts: ClassVar[Sequence[str]] = ()  # columns beside digits and operator
    changes = Changes(numbering=True)

    def query(self) -> Select[Any]:
        """Select the rows with the names and versions of their operators."""
        own = self.table.c.operator_id == _operator.id
        return select(self.table, _operator.name.label("operator"), _operator.version).join_from(
            self.table, t.operator, own
        )

    def column_key(self, key: str) -> str:
        """Give the digits."""
        return digits_key(key, self.key_field)

    def row_key(self, value: str) -> str:
        """Put the plus sign back."""
        return "+" + value

    def document_key(self, document: D) -> str:
        """Give the number with its plus sign."""
        number: str = getattr(document, self.key_field)
        return number

    def matches(self, name: str, value: str) -> ColumnElement[bool]:
        """Filter by the beginning of the digits, or by operator."""
        if name == "operator":
            return _operator.name == value
        if name == self.key_field:
            return prefix_of(self._key, value.strip().removeprefix("+"))
        return super().matches(name, value)

    async def load(self, connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[D]:  # noqa: ARG002
        """Make documents; what is stored keeps the rules already."""
        return [
            self.model.model_construct(
                **{self.key_field: "+" + row[self.key_column], "operator": row["operator"]},
                **{name: row[name] for name in self.parts},
            )
            for row in rows
        ]

    async def values(self, connection: AsyncConnection, document: D) -> dict[str, Any]:
        """Make the row of a document; raise `Refused` where there is no such operator, which is locked then."""
        owners = await _owners(connection, [document.operator])
        _demand_owner(document.operator, owners)
        return self._row(document, owners[document.operator])

    async def put_lines(self, work: UnitOfWork, lines: Sequence[tuple[int, D]]) -> tuple[int, list[RefusedLine]]:
        """Put the documents of the lines of a file, in order, by a few statements for all of them."""
        owners = await _owners(work.connection, {document.operator for _, document in lines})
        before = await self._held(work.connection, {self.document_key(document) for _, document in lines})
        now, refused = dict(before), []
        for number, document in lines:
            try:
                _demand_owner(document.operator, owners)
                self._refuse_moved(now.get(self.document_key(document)), document)
            except Refused as error:
                refused.append(RefusedLine(line=number, field=error.field, rule=error.rule))
            else:
                now[self.document_key(document)] = document
        changed = [document for key, document in now.items() if before.get(key) != document]
        added = [document for document in changed if self.document_key(document) not in before]
        await self._write(work.connection, changed, before, owners)
        if changed:
            await _raise_versions(work.connection, {owners[document.operator] for document in changed})
            work.announce(self.changes)
        return len(added), refused

    async def _put(self, work: UnitOfWork, document: D, expected: int | None) -> Stored[D]:
        values = await self.values(work.connection, document)
        key = self.document_key(document)
        old = await self._get(work.connection, values[self.key_column])
        self._refuse_moved(old.document if old else None, document)
        check_version(expected, old.version if old else None)
        if old and old.document == document:
            return old
        before = {key: old.document} if old else {}
        await self._write(work.connection, [document], before, {document.operator: values["operator_id"]})
        await _raise_versions(work.connection, [values["operator_id"]])
        work.announce(self.changes)
        stored = await self._get(work.connection, values[self.key_column])
        assert stored is not None  # noqa: S101 - it was written by this transaction
        return Stored(key=key, document=document, version=stored.version, created=old is None)

    async def _delete(self, work: UnitOfWork, key: object, expected: int | None) -> None:
        query = self.query().where(self._key == key).with_for_update()
        row = (await work.connection.execute(query)).mappings().one_or_none()
        if row is None:
            raise NotFound(f"there is no {self.kind} +{key}")
        check_version(expected, row["version"])
        await work.connection.execute(delete(self.table).where(self._key == key))
        await _raise_versions(work.connection, [row["operator_id"]])
        work.announce(self.changes)

    async def _held(self, connection: AsyncConnection, numbers: Iterable[str]) -> dict[str, D]:
        """Read what there is of some numbers."""
        held: dict[str, D] = {}
        for among in _pieces(sorted(number[1:] for number in numbers)):
            rows = (await connection.execute(self.query().where(self._key.in_(among)))).mappings().all()
            held |= {self.document_key(document): document for document in await self.load(connection, rows)}
        return held

    async def _write(
        self, connection: AsyncConnection, documents: Iterable[D], before: Mapping[str, D], owners: Mapping[str, int]
    ) -> None:
        """Insert what is not in `before`, and amend the rest; operators stay as they are."""
        added: list[dict[str, Any]] = []
        amended: list[dict[str, Any]] = []
        for document in documents:
            row = self._row(document, owners[document.operator])
            if self.document_key(document) in before:
                amended.append({f"new_{name}": value for name, value in row.items()})
            else:
                added.append(row)
        if added:
            await connection.execute(insert(self.table), added)
        if amended:
            values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in self.parts}
            change = update(self.table).where(self._key == bindparam(f"new_{self.key_column}")).values(values)
            await connection.execute(change, amended)

    def _row(self, document: D, owner: int) -> dict[str, Any]:
        parts = {name: getattr(document, name) for name in self.parts}
        return {self.key_column: self.document_key(document)[1:], "operator_id": owner} | parts

    def _refuse_moved(self, old: D | None, new: D) -> None:
        if old is not None and old.operator != new.operator:
            raise Taken(self.key_field, f"{self.document_key(new)} belongs to operator {old.operator!r}")


class NumberBlocks(OwnedNumbers[OwnedBlock]):
    """Blocks and DDI stems."""

    kind = "number block"
    table = t.number_block
    key_column = key_field = "stem"
    model = OwnedBlock
    parts = ("minimum", "maximum")


class Prefixes(OwnedNumbers[OwnedPrefix]):
    """Prefixes."""

    kind = "prefix"
    table = t.number_prefix
    key_column = "digits"
    key_field = "prefix"
    model = OwnedPrefix


def _demand_owner(name: str, owners: Mapping[str, int]) -> None:
    if name not in owners:
        raise Refused("operator", f"there is no operator {name!r}")


def _pieces(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(values), MOST_PARAMETERS):
        yield values[first : first + MOST_PARAMETERS]


async def _owners(connection: AsyncConnection, names: Iterable[str]) -> dict[str, int]:
    """Find the rows of operators by their names, and let nobody else change them until the end."""
    found: dict[str, int] = {}
    for among in _pieces(sorted(set(names))):
        query = select(_operator.name, _operator.id).where(_operator.name.in_(among))
        rows = await connection.execute(query.order_by(_operator.name).with_for_update())
        found |= {row[0]: row[1] for row in rows}
    return found


async def _raise_versions(connection: AsyncConnection, owners: Iterable[int]) -> None:
    raised = update(t.operator).where(_operator.id == bindparam("owner")).values(version=_operator.version + 1)
    await connection.execute(raised, [{"owner": owner} for owner in sorted(owners)])
