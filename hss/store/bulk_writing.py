"""Batches into the database, by the driver itself: each is one transaction.

Nearly all batches of a first import clash with nothing. So the rows are written first, and only where the database
refuses one is it asked what is taken, and the batch sorted out. After such a batch the next one is asked about first.
"""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from hss.services.administration import Changes, RefusedLine
from hss.store import tables as t
from hss.store.bulk_driver import Driver
from hss.store.bulk_holdings import MSISDN, URI, Sorted, holdings, sort_out
from hss.store.bulk_known import known_of
from hss.store.bulk_rows import (
    MODELS,
    NUMBERED,
    RELATIVE,
    WHOLE,
    Batch,
    Layout,
    OperatorFacts,
    References,
    Row,
    default_of,
)
from hss.store.database import SQLITE, Database
from hss.store.unit_of_work import UnitOfWork, Writer

CACHE_KIB: Final = 65_536  # of one connection to SQLite while it imports
USUAL_CACHE_KIB: Final = 2000  # SQLite's own default
NAMED_CHANGES: Final = 200  # entries; the changes of a larger batch are announced as "everything"

# What goes before a subscription goes; `{0}` stands for the choice of subscriptions.
_DROPS: Final = (
    (
        "DELETE FROM contact WHERE public_id IN (SELECT id FROM public_identity WHERE set_id IN"
        " (SELECT id FROM registration_set WHERE subscription_id {0}))"
    ),
    "DELETE FROM public_identity WHERE set_id IN (SELECT id FROM registration_set WHERE subscription_id {0})",
    "DELETE FROM registration WHERE set_id IN (SELECT id FROM registration_set WHERE subscription_id {0})",
    "DELETE FROM registration_set WHERE subscription_id {0}",
    "DELETE FROM private_identity WHERE subscription_id {0}",
    "DELETE FROM msisdn WHERE circuit_switched_id IN (SELECT id FROM circuit_switched WHERE subscription_id {0})",
    "DELETE FROM circuit_switched WHERE subscription_id {0}",
    "DELETE FROM subscription WHERE id {0}",
)


class ReferencesChanged(Exception):
    """Operators, profiles or pools are not those that the batch was made with; it has to be made again."""

    def __init__(self, references: References) -> None:
        super().__init__("operators, profiles or pools changed")
        self.references = references


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of a batch."""

    created: int
    replaced: int
    refused: Sequence[RefusedLine]


class BatchWriter:
    """Writes the batches of one import."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer
        self._ask_first = False

    async def write(self, batch: Batch, references: References) -> Written:
        """Write one batch and commit; raise `ReferencesChanged`."""
        return await self._writer.change(lambda work: self._write(work, batch, references))

    async def finish(self) -> None:
        """Give the memory back."""
        if self._database.dialect == SQLITE:
            async with self._database.write() as connection:
                await connection.exec_driver_sql(f"PRAGMA cache_size=-{USUAL_CACHE_KIB}")

    async def _write(self, work: UnitOfWork, batch: Batch, references: References) -> Written:
        now = await read_references(work.connection)
        if now != references:
            raise ReferencesChanged(now)
        driver = await Driver.of(work.connection)
        if driver.sqlite:
            await work.connection.exec_driver_sql(f"PRAGMA cache_size=-{CACHE_KIB}")
        bases = {table: await driver.first_free(table, batch.used[table]) for table in NUMBERED}
        if not self._ask_first:
            try:
                async with work.connection.begin_nested():
                    await _insert(driver, batch, bases, None)
            except Exception as error:
                if not _is_clash(error):
                    raise
                self._ask_first = True
            else:
                work.announce(_changes(batch, set(range(len(batch.lines))), set(), set(), wildcards=False))
                return Written(created=len(batch.lines), replaced=0, refused=batch.refused)
        return await self._write_sorted(work, driver, batch, bases)

    async def _write_sorted(self, work: UnitOfWork, driver: Driver, batch: Batch, bases: Mapping[str, int]) -> Written:
        held = holdings(batch)
        known = await known_of(driver, held)
        before = {name: set(keys) for name, keys in known.held.items()}
        done = sort_out(batch, held, known)
        gone = {name: known.subscribers[name] for name in done.kept if name in known.subscribers}
        await _drop(driver, [identifier for identifier, _ in gone.values()])
        kept = set(done.kept.values())
        await _insert(driver, batch, bases, kept)
        await _amend(driver, bases, done, gone)
        self._ask_first = bool(gone or done.refused)
        old = {key for name in gone for key in before[name]}
        work.announce(
            _changes(
                batch,
                kept,
                {value for kind, value in old if kind == URI},
                {value for kind, value in old if kind == MSISDN},
                wildcards=known.wildcards,
            )
        )
        good = sum(done.writes.values())
        created = len(done.kept) - len(gone)
        refused = sorted((*batch.refused, *done.refused), key=lambda each: each.line)
        return Written(created=created, replaced=good - created, refused=refused)


async def read_references(connection: AsyncConnection) -> References:
    """Read what subscribers may name."""
    operator, profile, pool = t.operator.c, t.service_profile.c, t.icscf_pool.c
    operators = await connection.execute(select(operator.name, operator.id, operator.home_domain, operator.mnc))
    facts = {name: OperatorFacts(id=number, home_domain=home, mnc=mnc) for name, number, home, mnc in operators}
    profiles = await connection.execute(select(profile.name, profile.id))
    pools = await connection.execute(select(pool.name, pool.id))
    return References(operators=facts, profiles=dict(profiles.all()), pools=dict(pools.all()))


def _is_clash(error: Exception) -> bool:
    return isinstance(error, sqlite3.IntegrityError) or (getattr(error, "sqlstate", None) or "").startswith("23")


def insertion(driver: Driver, layout: Layout, table: str, bases: Mapping[str, int]) -> str:
    """Write the statement for the rows of a table: identifiers get their base added, left-out columns defaults."""
    given = layout[table]
    values = {}
    for number, column in enumerate(given, 1):
        owner = table if column == "id" else RELATIVE.get(column)
        values[column] = driver.placeholder(number) + (f" + {bases[owner]}" if owner else "")
    for column in MODELS[table].model_fields:
        if column not in given and (default := default_of(table, column)) is not None:
            values[column] = _literal(default)
    return f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join(values.values())})"  # noqa: S608


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value) if isinstance(value, int | float) else f"'{value}'"


async def _insert(driver: Driver, batch: Batch, bases: Mapping[str, int], kept: set[int] | None) -> None:
    """Insert the rows of the entries in `kept`, or all."""
    for layout, all_rows in batch.layers():
        rows = all_rows if kept is None else chosen(layout, all_rows, kept)
        for table in layout:
            if rows[table]:
                await driver.many(insertion(driver, layout, table, bases), rows[table])


def chosen(layout: Layout, rows: Mapping[str, list[Row]], kept: set[int]) -> Mapping[str, list[Row]]:
    """Choose the rows of some entries."""
    numbers: dict[str, set[int]] = {"subscription": kept}
    found: dict[str, list[Row]] = {}
    for table in layout:
        columns = layout[table]
        link = next((column for column in columns if column in RELATIVE), "id")
        owners, place = numbers[RELATIVE.get(link, table)], columns.index(link)
        found[table] = [row for row in rows[table] if row[place] in owners]
        if table in NUMBERED:
            numbers[table] = {row[columns.index("id")] for row in found[table]}
    return found


async def _drop(driver: Driver, identifiers: Collection[int]) -> None:
    if identifiers:
        for statement in _DROPS:
            await driver.rows(statement.format(driver.among("integer")), identifiers)


async def _amend(driver: Driver, bases: Mapping[str, int], done: Sorted, gone: Mapping[str, tuple[int, int]]) -> None:
    """Let replaced subscribers go on with their version and the secrets that no line gave."""
    first, second, third = (driver.placeholder(number) for number in (1, 2, 3))
    versions = [
        (version + done.writes[name], done.kept[name] + bases["subscription"]) for name, (_, version) in gone.items()
    ]
    if versions:
        await driver.many(f"UPDATE subscription SET version = {first} WHERE id = {second}", versions)  # noqa: S608
    secrets: list[tuple[bytes, Any, int]] = [
        (sealed, names, number + bases["private_identity"]) for number, (sealed, names) in done.secrets.items()
    ]
    if secrets:
        statement = f"UPDATE private_identity SET sealed = {first}, secret_names = {second} WHERE id = {third}"  # noqa: S608
        await driver.many(statement, secrets)


def _changes(batch: Batch, kept: set[int], gone: set[str], gone_numbers: set[str], *, wildcards: bool) -> Changes:
    """Tell what readers forget; of a large batch only the new identities are told one by one."""
    uris, numbers = set[str](), set[str]()
    for layout, all_rows in batch.layers():
        rows = all_rows if len(kept) == len(batch.lines) else chosen(layout, all_rows, kept)
        uris.update(row[layout["public_identity"].index("uri")] for row in rows["public_identity"])
        numbers.update(row[layout["msisdn"].index("digits")] for row in rows["msisdn"])
    prefix = WHOLE["public_identity"].index("wildcard_prefix")
    wildcards = wildcards or any(row[prefix] is not None for row in batch.whole["public_identity"])
    added = frozenset(uris - gone if gone else uris)
    if len(kept) > NAMED_CHANGES:
        return Changes(added=added, everything=True, wildcards=wildcards)
    return Changes(
        identities=frozenset(uris | gone), added=added, msisdns=frozenset(numbers | gone_numbers), wildcards=wildcards
    )
