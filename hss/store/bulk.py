"""Import and export of whole subscribers: the port `Bulk` of one database."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Collection
from contextlib import aclosing
from typing import Any, Final, Protocol

from hss.services.administration import MOST_REFUSED_KEPT, BulkReport, Refused
from hss.store.bulk_cutting import Chunk, Cutter
from hss.store.bulk_giving import give
from hss.store.bulk_reading import CSV, JSONL
from hss.store.bulk_rows import Batch
from hss.store.bulk_workers import LONG, Readers
from hss.store.bulk_writing import BatchWriter, ReferencesChanged, Written, read_references
from hss.store.database import Database
from hss.store.sealing import Sealer
from hss.store.unit_of_work import Writer

MOST_LINES: Final = 50_000  # of a batch


class Opened(Protocol):
    """An open database, with what writes to it and what seals its secrets."""

    database: Database
    writer: Writer
    sealer: Sealer | None


class StoreBulk:
    """Imports and exports. A file of `long` lines and more is read by processes of their own."""

    def __init__(self, store: Opened, *, long: int = LONG) -> None:
        self._database = store.database
        self._writer = store.writer
        self._sealer = store.sealer
        self._long = long

    async def take(
        self, lines: AsyncIterator[bytes], *, form: str, batch: int = 5000, resume_behind: int = 0
    ) -> AsyncGenerator[BulkReport, None]:
        """Import a JSONL or CSV file; a report after each committed batch, and one at the end."""
        _check(form)
        cutter = Cutter(form, lines_each=min(max(batch, 1), MOST_LINES), behind=resume_behind)
        report = BulkReport()
        async with aclosing(cutter.chunks(lines)) as chunks, aclosing(self._batches(cutter, chunks)) as batches:
            async for made, written in batches:
                report = _next(report, made.last, written)
                yield report
        if report.line < cutter.seen or not cutter.seen:
            yield _next(report, cutter.seen, Written(created=0, replaced=0, refused=()))

    def give(self, *, form: str, sealed: bool = False) -> AsyncGenerator[bytes, None]:
        """Export all subscribers in the order of their names, in pieces of whole lines."""
        _check(form)
        return give(self._database, form=form, sealed=sealed)

    async def _batches(
        self, cutter: Cutter, chunks: AsyncGenerator[Chunk, None]
    ) -> AsyncGenerator[tuple[Batch, Written], None]:
        """Read some chunks ahead; write one after the other, and do not wait for the next while one is ready."""
        async with self._database.read() as connection:
            references = await read_references(connection)
        writer = BatchWriter(self._database, self._writer)
        ahead = _Ahead(chunks)
        readers: Readers | None = None
        reading: deque[tuple[Chunk, asyncio.Future[Batch]]] = deque()
        try:
            while True:
                waiting = {future for _, future in list(reading)[:1]}
                chunk = await ahead.take(waiting, more=len(reading) < (readers.ahead if readers else 1))
                if chunk is not None:
                    readers = readers or Readers(cutter.form, references, self._sealer, long=self._long)
                    reading.append((chunk, readers.start(chunk)))
                    continue
                if not reading or readers is None:
                    return
                made = await readers.result(reading[0][1])
                try:
                    written = await writer.write(made, references)
                except ReferencesChanged as changed:
                    readers.close()
                    references = changed.references
                    readers = Readers(cutter.form, references, self._sealer, long=self._long)
                    again = [chunk for chunk, _ in reading]
                    reading = deque((chunk, readers.start(chunk)) for chunk in again)
                    continue
                reading.popleft()
                yield made, written
        finally:
            await ahead.close()
            if readers:
                readers.close()
            await writer.finish()


class _Ahead:
    """Takes chunks from the source while earlier ones are worked on. An error of the source counts after them."""

    def __init__(self, chunks: AsyncGenerator[Chunk, None]) -> None:
        self._chunks = chunks
        self._coming: asyncio.Task[Chunk | None] | None = None
        self._ended = False

    async def take(self, waiting: Collection["asyncio.Future[Batch]"], *, more: bool) -> Chunk | None:
        """Give the next chunk; None where the source has ended, or where one of `waiting` is done before."""
        if self._coming is None and not self._ended and more:
            self._coming = asyncio.get_running_loop().create_task(self._next())  # held here until it is done
        if self._coming is None:
            return None
        either: set[asyncio.Future[Any]] = {self._coming, *waiting}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not self._coming.done() or (waiting and self._failed()):
            return None
        coming, self._coming = self._coming, None
        chunk = coming.result()
        self._ended = chunk is None
        return chunk

    async def close(self) -> None:
        """Leave the source alone."""
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.gather(self._coming, return_exceptions=True)

    def _failed(self) -> bool:
        return self._coming is not None and self._coming.done() and self._coming.exception() is not None

    async def _next(self) -> Chunk | None:
        return await anext(self._chunks, None)


def _check(form: str) -> None:
    if form not in {JSONL, CSV}:
        raise Refused("form", f"must be {JSONL} or {CSV}")


def _next(report: BulkReport, line: int, written: Written) -> BulkReport:
    refused = list(written.refused)
    return BulkReport(
        line=line,
        created=report.created + written.created,
        replaced=report.replaced + written.replaced,
        refused=(report.refused + refused)[:MOST_REFUSED_KEPT],
        refused_count=report.refused_count + len(refused),
        latest=refused,
    )
