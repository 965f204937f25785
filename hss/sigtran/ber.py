"""The part of BER that TCAP and MAP need. Source: ITU-T X.690.

Tags are whole numbers of their octets (0x30, 0xa3, 0xbf22). A receiver takes definite and indefinite lengths;
a sender writes definite lengths with the fewest octets (TS 29.002 §17.1.1).
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from schemas.octets import DecodeError

MOST_NESTING: Final = 32  # of indefinite lengths inside each other
MOST_LENGTH_OCTETS: Final = 4
OBJECT_IDENTIFIER: Final = 0x06


class Element(NamedTuple):
    """One tag, length and value inside `data`: where its content is, and where the next one begins."""

    tag: int
    start: int
    stop: int
    after: int


Span = tuple[int, int, int, int]  # an Element without its names: half the price on the hot path


def element(data: bytes, at: int, end: int) -> Element:
    """Read the element at `at`, which must end at or before `end`; raise `DecodeError` otherwise."""
    return Element._make(read(data, at, end))


def read(data: bytes, at: int, end: int, depth: int = 0) -> Span:
    """Read like `element`: tag, start and stop of the content, and where the next one begins."""
    if end - at < 2:
        raise DecodeError("element is cut short", at=at)
    tag = data[at]
    length = data[at + 1]
    if tag & 0x1F != 0x1F and length < 0x80:
        start = at + 2
        stop = start + length
        if stop > end:
            raise DecodeError("content is cut short", at=start)
        return tag, start, stop, stop
    return _read_long(data, at, end, depth)


def _read_long(data: bytes, at: int, end: int, depth: int) -> Span:
    tag, start = _read_tag(data, at, end)
    if start >= end:
        raise DecodeError("length is missing", at=start)
    first = data[start]
    start += 1
    if first == 0x80:
        return _read_indefinite(data, tag, start, end, depth)
    if first > 0x80:
        octets = first & 0x7F
        if octets > MOST_LENGTH_OCTETS or start + octets > end:
            raise DecodeError("length is too long", at=start)
        first = int.from_bytes(data[start : start + octets], "big")
        start += octets
    if start + first > end:
        raise DecodeError("content is cut short", at=start)
    return tag, start, start + first, start + first


def _read_tag(data: bytes, at: int, end: int) -> tuple[int, int]:
    tag = data[at]
    at += 1
    if tag & 0x1F == 0x1F:
        for _ in range(MOST_LENGTH_OCTETS):
            if at >= end:
                raise DecodeError("tag is cut short", at=at)
            octet = data[at]
            tag = tag << 8 | octet
            at += 1
            if octet < 0x80:
                return tag, at
        raise DecodeError("tag is too long", at=at)
    return tag, at


def _read_indefinite(data: bytes, tag: int, start: int, end: int, depth: int) -> Span:
    if depth >= MOST_NESTING:
        raise DecodeError("indefinite lengths nest too deep", at=start)
    at = start
    while True:
        if end - at < 2:
            raise DecodeError("end of contents is missing", at=at)
        if data[at] == 0 and data[at + 1] == 0:
            return tag, start, at, at + 2
        at = read(data, at, end, depth + 1)[3]


def last(data: bytes, at: int, tag: int) -> int:
    """Find where the content of the element at `at` begins, if it has `tag` and ends where `data` ends.

    0: it does not, or its length is written in an unusual way; `read` knows.
    """
    left = len(data) - at - 2
    if left < 0 or data[at] != tag:
        return 0
    length = data[at + 1]
    if length == left < 0x80:
        return at + 2
    return at + 3 if length == 0x81 and left and data[at + 2] == left - 1 else 0


def elements(data: bytes, at: int = 0, end: int | None = None) -> Iterator[Element]:
    """Read elements one after the other until `end`."""
    if end is None:
        end = len(data)
    while at < end:
        found = element(data, at, end)
        yield found
        at = found.after


def only(data: bytes) -> tuple[int, bytes]:
    """Read the one element that fills `data`: its tag and its content."""
    found = element(data, 0, len(data))
    if found.after != len(data):
        raise DecodeError("octets follow the element", at=found.after)
    return found.tag, data[found.start : found.stop]


def write(tag: int, content: bytes) -> bytes:
    """Write one element."""
    length = len(content)
    if tag < 0x100 and length < 0x80:
        return bytes((tag, length)) + content
    head = tag.to_bytes((tag.bit_length() + 7) // 8 or 1, "big")
    return head + _length(length) + content


def _length(length: int) -> bytes:
    if length < 0x80:
        return bytes((length,))
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


def read_integer(content: bytes, what: str = "INTEGER") -> int:
    """Read a two's complement number of 1 to 8 octets."""
    if not 1 <= len(content) <= 8:
        raise DecodeError(f"{what} has {len(content)} octets", at=0)
    return int.from_bytes(content, "big", signed=True)


def write_integer(number: int) -> bytes:
    """Write the content of an INTEGER with the fewest octets."""
    size = (number if number >= 0 else ~number).bit_length() // 8 + 1
    return number.to_bytes(size, "big", signed=True)


def write_oid(dotted: str) -> bytes:
    """Write the content of an OBJECT IDENTIFIER; raise `ValueError` where the text is none."""
    arcs = [int(arc) for arc in dotted.split(".")]
    if len(arcs) < 2 or arcs[0] > 2 or (arcs[0] < 2 and arcs[1] > 39) or min(arcs) < 0:
        raise ValueError(f"not an object identifier: {dotted!r}")
    return b"".join(_arc(arc) for arc in [arcs[0] * 40 + arcs[1], *arcs[2:]])


def _arc(arc: int) -> bytes:
    octets = [arc & 0x7F]
    while arc := arc >> 7:
        octets.append(0x80 | arc & 0x7F)
    return bytes(reversed(octets))


def read_oid(content: bytes) -> str:
    """Read the content of an OBJECT IDENTIFIER."""
    if not content or content[-1] & 0x80:
        raise DecodeError("OBJECT IDENTIFIER is cut short", at=len(content))
    arcs: list[int] = []
    arc = 0
    for octet in content:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    top = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in [top, arcs[0] - 40 * top, *arcs[1:]])
