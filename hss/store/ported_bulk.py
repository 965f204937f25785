"""Import and export of ported numbers: the port `Bulk` for files of a million lines."""

from collections.abc import AsyncGenerator, AsyncIterator, Collection
from typing import Final

from hss.services.administration import MOST_REFUSED_KEPT, BulkReport, Changes, Refused
from hss.services.ported_lines import COLUMNS, PortedLines, Read, columns_of, csv_lines, json_lines
from hss.store.bulk_cutting import Chunk, Cutter
from hss.store.bulk_driver import Driver
from hss.store.bulk_reading import CSV, JSONL
from hss.store.bulk_taking import take_chunks
from hss.store.database import Database
from hss.store.ranges import NumberingLoader
from hss.store.unit_of_work import UnitOfWork, Writer
from routing.normalise import Stems

MOST_LINES: Final = 50_000  # of a batch
NAMED_NUMBERS: Final = 200  # of a batch; more are announced as "numbering"
_OPERATORS: Final = "SELECT name, id FROM operator"
_STEMS: Final = "SELECT stem, minimum, maximum FROM number_block"
_KNOWN: Final = "SELECT digits FROM ported_number WHERE digits {}"


class PortedBulk:
    """Imports and exports. An import is like one `put` for each line, in order."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    def take(
        self, lines: AsyncIterator[bytes], *, form: str, batch: int = 5000, resume_behind: int = 0
    ) -> AsyncGenerator[BulkReport, None]:
        """Import a JSONL or CSV file; a report after each committed batch, and one at the end."""
        _check(form)
        size = min(max(batch, 1), MOST_LINES)
        cutter = Cutter(form, lines_each=size, behind=resume_behind, columns=columns_of)
        return take_chunks(cutter, lines, self._taken)

    async def give(self, *, form: str, sealed: bool = False) -> AsyncGenerator[bytes, None]:
        """Export all ported numbers in the order of their digits, in pieces of whole lines."""
        _check(form)
        if sealed:
            raise Refused("sealed", "goes with subscribers: ported numbers have no secrets")
        async with self._database.read() as connection:
            names = {key: name for name, key in await (await Driver.of(connection)).fetch(_OPERATORS)}
        if form == CSV:
            yield (",".join(COLUMNS) + "\n").encode()
        write = csv_lines if form == CSV else json_lines
        async for rows in NumberingLoader(self._database).portings():
            yield write([(digits, names.get(owner), code) for digits, code, owner in rows])

    async def _taken(self, chunk: Chunk, columns: tuple[str, ...], before: BulkReport) -> BulkReport:
        read, replaced = await self._writer.change(lambda work: self._write(work, chunk, columns))
        kept = before.refused + read.refused
        return BulkReport(
            line=chunk.last,
            created=before.created + len(read.rows) - replaced,
            replaced=before.replaced + replaced + read.good - len(read.rows),
            refused=kept[:MOST_REFUSED_KEPT],
            refused_count=before.refused_count + len(read.refused),
            latest=read.refused,
        )

    async def _write(self, work: UnitOfWork, chunk: Chunk, columns: tuple[str, ...]) -> tuple[Read, int]:
        driver = await Driver.of(work.connection)
        operators: dict[str, int] = {row[0]: row[1] for row in await driver.fetch(_OPERATORS)}
        stems = Stems({stem: (least, most) for stem, least, most in await driver.fetch(_STEMS)})
        read = PortedLines(operators, stems, columns).read(chunk.first, chunk.lines)
        if not read.rows:
            return read, 0
        known = await driver.rows(_KNOWN.format(driver.among("text")), list(read.rows))
        await driver.many(_insertion(driver), [read.rows[digits] for digits in sorted(read.rows)])
        work.announce(_changes(read.rows))
        return read, len(known)


def _changes(numbers: Collection[str]) -> Changes:
    """Name the numbers, where they are few."""
    return Changes(ported=frozenset(numbers)) if len(numbers) <= NAMED_NUMBERS else Changes(numbering=True)


def _insertion(driver: Driver) -> str:
    """Write the statement for one row; what is there already and the same keeps its version."""
    differs = "IS NOT" if driver.sqlite else "IS DISTINCT FROM"
    places = ", ".join(driver.placeholder(number) for number in (1, 2, 3))
    return (
        f"INSERT INTO ported_number (digits, operator_id, routing_number, version) VALUES ({places}, 1) "  # noqa: S608
        "ON CONFLICT (digits) DO UPDATE SET operator_id = excluded.operator_id, "
        "routing_number = excluded.routing_number, version = ported_number.version + 1 "
        f"WHERE ported_number.operator_id {differs} excluded.operator_id "
        f"OR ported_number.routing_number {differs} excluded.routing_number"
    )


def _check(form: str) -> None:
    if form not in {JSONL, CSV}:
        raise Refused("form", f"must be {JSONL} or {CSV}")
