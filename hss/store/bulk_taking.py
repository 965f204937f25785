"""An import chunk by chunk: a report after each one that is committed, and one at the end."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeAlias

from hss.services.administration import BulkReport
from hss.store.bulk_cutting import Chunk, Cutter

# Commits a chunk, given the columns of its form and the report before it.
Taken: TypeAlias = Callable[[Chunk, tuple[str, ...], BulkReport], Awaitable[BulkReport]]


async def take_chunks(cutter: Cutter, lines: AsyncIterator[bytes], taken: Taken) -> AsyncGenerator[BulkReport, None]:
    """Cut `lines` into chunks and take them in order; the last report counts blank lines at the end too."""
    report = BulkReport()
    async with aclosing(cutter.chunks(lines)) as chunks:
        async for chunk in chunks:
            report = await taken(chunk, cutter.form.columns, report)
            yield report
    if report.line < cutter.seen or not cutter.seen:
        report.line, report.latest = cutter.seen, []
        yield report
