"""Whole lines of a bulk file, cut into chunks that become one batch each."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from hss.store.bulk_reading import BYTE_ORDER_MARK, CSV, Form, columns_of

CHUNK_OCTETS: Final = 8 << 20  # a chunk ends here although it has fewer lines than wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some lines that follow each other."""

    first: int  # number of the first line, from 1
    lines: list[bytes]

    @property
    def last(self) -> int:
        """Number of the last line."""
        return self.first + len(self.lines) - 1


class Cutter:
    """Cuts one file. `form` is complete as soon as the first chunk is there; `seen` counts the lines.

    `columns` reads the first line of a CSV file.
    """

    def __init__(
        self,
        form: str,
        *,
        lines_each: int,
        behind: int,
        columns: Callable[[bytes], tuple[str, ...]] = columns_of,
    ) -> None:
        self.form = Form(name=form)
        self.seen = 0
        self._each = lines_each
        self._behind = behind
        self._columns = columns
        self._kept: list[bytes] = []
        self._octets = 0

    async def chunks(self, items: AsyncIterator[bytes]) -> AsyncGenerator[Chunk, None]:
        """Give the chunks; raise `Refused` where the columns of a CSV file are wrong."""
        async for item in items:
            self._take(item)
            while len(self._kept) >= self._each:
                yield self._chunk(self._each)
            if self._octets >= CHUNK_OCTETS and self._kept:
                yield self._chunk(len(self._kept))
        if self._kept:
            yield self._chunk(len(self._kept))

    def _take(self, item: bytes) -> None:
        lines = item.removesuffix(b"\n").split(b"\n")
        if self.seen == 0:
            lines[0] = lines[0].removeprefix(BYTE_ORDER_MARK)
        if self.form.name == CSV and not self.form.columns:
            self._take_header(lines)
        passed_over = max(0, min(len(lines), self._behind - self.seen))
        self.seen += len(lines)
        self._kept += lines[passed_over:]
        self._octets += len(item)

    def _take_header(self, lines: list[bytes]) -> None:
        for place, line in enumerate(lines):
            if line and not line.isspace():
                self.form = Form(name=CSV, columns=self._columns(line))
                lines[place] = b""
                return

    def _chunk(self, count: int) -> Chunk:
        chunk = Chunk(first=self.seen - len(self._kept) + 1, lines=self._kept[:count])
        self._kept = self._kept[count:]
        self._octets = 0
        return chunk
