"""Rows that contradict each other, with both sides."""

from collections.abc import Iterator
from typing import NamedTuple

from routing.tables.rows import Range


class Conflict(NamedTuple):
    """Two rows that cannot both be right; `other` is empty where a row is wrong by itself."""

    what: str
    row: str
    other: str
    why: str


def written(entry: Range) -> str:
    """Describe a prefix or stem for people."""
    if entry.least is None:
        return f"prefix {entry.digits} of {entry.operator}"
    return f"stem {entry.digits} of {entry.operator} with {entry.least} to {entry.most} digits"


def nested(stems: dict[str, Range]) -> Iterator[Conflict]:
    """Find stems inside stems whose numbers could be confused (RFC 3578 §3.1)."""
    for digits, inner in stems.items():
        for end in range(1, len(digits)):
            outer = stems.get(digits[:end])
            if outer is not None and _confused(outer, inner):
                why = "a number of the one can be a number, or the beginning of a number, of the other"
                yield Conflict("nested-stems", written(inner), written(outer), why)


def _confused(outer: Range, inner: Range) -> bool:
    outer_least, outer_most = _lengths(outer)
    inner_least, inner_most = _lengths(inner)
    return outer_least <= len(inner.digits) or (outer_least <= inner_most and inner_least <= outer_most)


def _lengths(stem: Range) -> tuple[int, int]:
    return len(stem.digits) + (stem.least or 0), len(stem.digits) + (stem.most or 0)
