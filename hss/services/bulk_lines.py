"""Cut a stream into whole lines in bounded memory."""

from collections.abc import AsyncIterator
from typing import Final

LONGEST_LINE: Final = 1 << 20  # octets
LONGEST_DOCUMENT: Final = 1 << 24  # octets of an operator, which may have 100,000 number blocks and more


async def whole_lines(pieces: AsyncIterator[bytes], *, longest: int = LONGEST_LINE) -> AsyncIterator[bytes]:
    """Give items of one or more whole lines, with their ends, of a stream that is cut anywhere.

    Of a line longer than `longest` octets come the first `longest` + 1 and its end, so that the reader can refuse it
    and goes on counting lines. The last line may have no end.
    """
    kept: list[bytes] = []
    octets = 0
    async for piece in pieces:
        end = piece.rfind(b"\n") + 1
        if end:
            yield _bounded(b"".join((*kept, piece[:end])), longest)
            kept, octets = [], 0
        rest = piece[end : end + longest + 1 - octets]
        if rest:
            kept.append(rest)
            octets += len(rest)
    if kept:
        yield b"".join(kept)


def _bounded(item: bytes, longest: int) -> bytes:
    """Shorten the lines of an item that are too long."""
    if len(item) <= longest + 1:
        return item
    return b"\n".join(line[: longest + 1] for line in item.split(b"\n"))
