"""Import and export of the documents of one kind of record: the port `Bulk` for operators, pools, blocks, prefixes."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from hss.services.administration import MOST_REFUSED_KEPT, BulkReport, Refused, RefusedLine
from hss.services.document_lines import DocumentLines, Documents, csv_documents, json_documents
from hss.services.ported_lines import columns_of
from hss.store.bulk_cutting import Chunk, Cutter
from hss.store.bulk_reading import CSV, JSONL
from hss.store.bulk_taking import take_chunks
from hss.store.ported_bulk import MOST_LINES
from hss.store.resources import Repository
from hss.store.unit_of_work import UnitOfWork, Writer
from schemas.documents import Document

D = TypeVar("D", bound=Document)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout(Generic[D]):
    """How the lines of a kind look. `columns`: of CSV, for documents without parts; `required`: those among them."""

    model: type[D]
    columns: Sequence[str] = ()
    required: Sequence[str] = ()
    page: int = 1000  # documents that are read at once


class DocumentBulk(Generic[D]):
    """Imports and exports. An import is like one `put` for each line, in order."""

    def __init__(self, repository: Repository[D], writer: Writer, layout: Layout[D]) -> None:
        self._repository = repository
        self._writer = writer
        self._layout = layout

    def take(
        self, lines: AsyncIterator[bytes], *, form: str, batch: int = 5000, resume_behind: int = 0
    ) -> AsyncGenerator[BulkReport, None]:
        """Import a JSONL or CSV file; a report after each committed batch, and one at the end."""
        self._check(form)
        size = min(max(batch, 1), MOST_LINES)
        columns = partial(columns_of, known=self._layout.columns, required=self._layout.required)
        cutter = Cutter(form, lines_each=size, behind=resume_behind, columns=columns)
        return take_chunks(cutter, lines, self._taken)

    async def give(self, *, form: str, sealed: bool = False) -> AsyncGenerator[bytes, None]:
        """Export all documents in the order of their keys, in pieces of whole lines."""
        self._check(form)
        if sealed:
            raise Refused("sealed", "goes with subscribers: nothing else has secrets")
        columns = self._layout.columns
        if form == CSV:
            yield (",".join(columns) + "\n").encode()
        after: str | None = None
        while True:
            page = await self._repository.page(after=after, limit=self._layout.page, filters={})
            documents = [stored.document for stored in page.items]
            yield csv_documents(documents, columns) if form == CSV else json_documents(documents, columns)
            after = page.next_after
            if after is None:
                return

    async def _taken(self, chunk: Chunk, columns: tuple[str, ...], before: BulkReport) -> BulkReport:
        reader = DocumentLines(self._layout.model, columns)
        read = await asyncio.to_thread(reader.read, chunk.first, chunk.lines)  # an operator may have a long line
        created, refused = await self._writer.change(lambda work: self._write(work, read))
        latest = sorted([*read.refused, *refused], key=lambda one: one.line)
        good = len(read.lines) - len(refused)
        return BulkReport(
            line=chunk.last,
            created=before.created + created,
            replaced=before.replaced + good - created,
            refused=(before.refused + latest)[:MOST_REFUSED_KEPT],
            refused_count=before.refused_count + len(latest),
            latest=latest,
        )

    async def _write(self, work: UnitOfWork, read: Documents[D]) -> tuple[int, list[RefusedLine]]:
        return await self._repository.put_lines(work, read.lines)

    def _check(self, form: str) -> None:
        if form not in {JSONL, CSV}:
            raise Refused("form", f"must be {JSONL} or {CSV}")
        if form == CSV and not self._layout.columns:
            raise Refused("form", f"must be {JSONL}: a row of {CSV} does not hold an {self._repository.kind}")
