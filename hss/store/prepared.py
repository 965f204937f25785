"""Statements that are compiled once and run on the driver itself.

SQLAlchemy's own way costs several changes of thread per statement on SQLite; a look-up that a call waits for takes one.
Values go in and come out as the driver has them: words as text, booleans of SQLite as 0 and 1, JSON as text.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from sqlalchemy import JSON, ColumnElement, Text
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement
from sqlalchemy.sql.functions import FunctionElement

Row = Sequence[Any]


class Fetch(Protocol):
    """Runs one statement on the driver."""

    async def __call__(self, sql: str, values: Sequence[object]) -> Sequence[Row]:
        """Return all rows."""
        ...


class JsonRow(FunctionElement[str]):
    """Some columns as the text of one JSON array, so that rows of different tables come in one result."""

    inherit_cache = True
    type = Text()
    name = "json_row"


@compiles(JsonRow, "sqlite")
def _on_sqlite(element: JsonRow, compiler: SQLCompiler, **options: object) -> str:
    return f"json_array({_columns(element, compiler, 'json({})', **options)})"


@compiles(JsonRow, "postgresql")
def _on_postgresql(element: JsonRow, compiler: SQLCompiler, **options: object) -> str:
    return f"CAST(json_build_array({_columns(element, compiler, '{}', **options)}) AS text)"


def _columns(element: JsonRow, compiler: SQLCompiler, of_json: str, **options: object) -> str:
    columns: Sequence[ColumnElement[Any]] = list(element.clauses)
    written = [(column, compiler.process(column, **options)) for column in columns]
    return ", ".join(of_json.format(text) if isinstance(column.type, JSON) else text for column, text in written)


def _asyncpg() -> Dialect:
    from sqlalchemy.dialects.postgresql import asyncpg  # noqa: PLC0415 - only where PostgreSQL is used

    made: Dialect = asyncpg.dialect()  # type: ignore[no-untyped-call]
    return made


_DIALECTS: Final = {"sqlite": sqlite.dialect, "postgresql": _asyncpg}


class Prepared:
    """A statement with named parameters."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, list[tuple[str, object]]]] = {}

    def text(self, dialect: str) -> tuple[str, list[tuple[str, object]]]:
        """Give the SQL and the names and preset values of its parameters, in their order."""
        if (known := self._compiled.get(dialect)) is not None:
            return known
        compiled = self._statement.compile(dialect=_DIALECTS[dialect]())
        names: Sequence[str] = getattr(compiled, "positiontup", None) or ()
        made = str(compiled), [(name, compiled.params[name]) for name in names]
        return self._compiled.setdefault(dialect, made)

    def values(self, dialect: str, given: Mapping[str, object]) -> list[object]:
        """Put the given values in the order of the parameters."""
        return [given.get(name, preset) for name, preset in self.text(dialect)[1]]
