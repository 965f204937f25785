"""The numbers that a command is given: arguments, and the lines of a file or a pipe, bounded and counted."""

from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

PIECE: Final = 500  # numbers that are asked for at once
PIECE_OCTETS: Final = 1 << 17  # and their octets, about
CHUNK: Final = 1 << 16  # octets of one read
LONGEST_LINE: Final = 4096  # octets; a called number has at most 1024 characters
_SHOWN: Final = 40  # octets of a line that is refused
_TOO_LONG: Final = f"a line has at most {LONGEST_LINE} octets"
_NOT_TEXT: Final = "not UTF-8"


@dataclass(frozen=True, slots=True)
class Asked:
    """A number that is asked for. `line` = where it stands, None for an argument; `rule` = why it is no query."""

    called: str
    line: int | None = None
    rule: str | None = None

    @property
    def place(self) -> str:
        """Name it in a message."""
        return self.called if self.line is None else f"line {self.line}: {self.called}"


def pieces(file: BinaryIO, advance: Callable[[int], None]) -> Iterator[list[Asked]]:
    """Give the numbers of a file as soon as they are there, some hundred at once; `advance` hears of the octets read.

    A blank line says nothing, and counts as a line.
    """
    number = 0
    for lines in _lines(file, advance):
        piece: list[Asked] = []
        octets = 0
        for line in lines:
            number += 1
            octets += len(line)
            asked = _asked(line.removeprefix(BOM_UTF8) if number == 1 else line, number)
            if asked is not None:
                piece.append(asked)
            if len(piece) == PIECE or octets > PIECE_OCTETS:
                yield piece
                piece, octets = [], 0
        if piece:
            yield piece


def _lines(file: BinaryIO, advance: Callable[[int], None]) -> Iterator[list[bytes]]:
    """Give the whole lines that have come, without waiting for more; of one that is too long the beginning."""
    read = getattr(file, "read1", file.read)
    kept = b""
    while data := read(CHUNK):
        advance(len(data))
        *whole, rest = data.split(b"\n")
        if whole:
            whole[0] = kept + whole[0]
            yield whole
            kept = b""
        kept = (kept + rest)[: LONGEST_LINE + 2]  # a carriage return may end it
    if kept:
        yield [kept]


def _asked(line: bytes, number: int) -> Asked | None:
    line = line.removesuffix(b"\r")
    if len(line) > LONGEST_LINE:
        return Asked(line[:_SHOWN].decode("utf-8", "ignore") + "...", number, _TOO_LONG)
    try:
        text = line.decode().strip()
    except UnicodeDecodeError:
        return Asked(line[:_SHOWN].decode("utf-8", "backslashreplace"), number, _NOT_TEXT)
    return Asked(text, number) if text else None
