"""A million numbers in 12 megabytes: sorted keys, and beside each key what it stands for.

A key keeps the order of the digits as text, so that one bisection finds a number, and also tells whether a longer
number begins with given digits. Look-ups are made in arrays that nobody changes; a change makes a new pair of arrays.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import lt
from typing import Final, NamedTuple

LONGEST: Final = 15  # digits of an E.164 number (TS 23.003 §3.3)
_SCALE: Final[tuple[int, ...]] = tuple(10 ** (LONGEST - length) << 4 for length in range(LONGEST + 1))
_CHUNK: Final = 65536  # rows read at a time: the memory that a build needs beside its result


class Twice(NamedTuple):
    """A number that two rows claim: the value that was kept, and the one that was not."""

    digits: str
    kept: int
    dropped: int


def key_of(digits: str) -> int:
    """Make the sort key of up to 15 digits: filled up with zeros behind, then the length."""
    length = len(digits)
    return int(digits) * _SCALE[length] + length


def digits_of(key: int) -> str:
    """Read the digits back from a key."""
    return f"{key >> 4:015}"[: key & 15]


def is_number(digits: object) -> bool:
    """Tell whether this can stand in the table: 1 to 15 ASCII digits."""
    return isinstance(digits, str) and digits.isascii() and digits.isdecimal() and len(digits) <= LONGEST


class SortedNumbers:
    """Numbers and a small integer for each."""

    __slots__ = ("keys", "values")

    def __init__(self, keys: "array[int]", values: "array[int]") -> None:
        self.keys = keys
        self.values = values

    def __len__(self) -> int:
        """Count the numbers."""
        return len(self.keys)

    def find(self, digits: str) -> int | None:
        """Look a complete number up."""
        length = len(digits)
        if length > LONGEST:
            return None
        return self.at(int(digits) * _SCALE[length] + length)

    def at(self, key: int) -> int | None:
        """Look up what `key_of` made."""
        keys = self.keys
        at = bisect_left(keys, key)
        return self.values[at] if at < len(keys) and keys[at] == key else None

    def continues(self, digits: str) -> bool:
        """Tell whether a longer number begins with `digits`."""
        return next(self.below(digits), None) is not None

    def below(self, digits: str) -> Iterator[tuple[str, int]]:
        """List the longer numbers that begin with `digits`, in order."""
        if len(digits) >= LONGEST:
            return
        at, end = bisect_left(self.keys, key_of(digits) + 1), (int(digits) + 1) * _SCALE[len(digits)]
        while at < len(self.keys) and self.keys[at] < end:
            yield digits_of(self.keys[at]), self.values[at]
            at += 1

    def items(self) -> Iterator[tuple[str, int]]:
        """List all numbers in the order of their digits as text."""
        return zip(map(digits_of, self.keys), self.values, strict=True)

    def remapped(self, new_value: Sequence[int]) -> "SortedNumbers":
        """Give value `v` the new value `new_value[v]`."""
        return SortedNumbers(self.keys, array("I", map(new_value.__getitem__, self.values)))

    def changed(self, put: Iterable[tuple[str, int]], dropped: Iterable[str]) -> "SortedNumbers":
        """Copy with some numbers put (added or replaced) and some dropped; for changes far fewer than numbers."""
        keys, values = self.keys[:], self.values[:]
        for digits in dropped:
            key = key_of(digits)
            at = bisect_left(keys, key)
            if at < len(keys) and keys[at] == key:
                del keys[at], values[at]
        for digits, value in put:
            key = key_of(digits)
            at = bisect_left(keys, key)
            if at < len(keys) and keys[at] == key:
                values[at] = value
            else:
                keys.insert(at, key)
                values.insert(at, value)
        return SortedNumbers(keys, values)


def collect(rows: Iterable[tuple[str, int]]) -> tuple[SortedNumbers, list[Twice]]:
    """Build from rows in any order (ascending order is fastest); of two rows for one number the first is kept.

    Digits must satisfy `is_number`.
    """
    keys, values = array("Q"), array("I")
    source = iter(rows)
    while chunk := list(islice(source, _CHUNK)):
        digits = [row[0] for row in chunk]
        keys.extend([int(number) * _SCALE[length] + length for number, length in zip(digits, map(len, digits))])  # noqa: B905
        values.extend([row[1] for row in chunk])
    if all(map(lt, keys, islice(keys, 1, None))):
        return SortedNumbers(keys, values), []
    return _sorted(keys, values)


def _sorted(keys: "array[int]", values: "array[int]") -> tuple[SortedNumbers, list[Twice]]:
    order = sorted(range(len(keys)), key=keys.__getitem__)
    keys, values = array("Q", map(keys.__getitem__, order)), array("I", map(values.__getitem__, order))
    if all(map(lt, keys, islice(keys, 1, None))):
        return SortedNumbers(keys, values), []
    single_keys, single_values, twice = array("Q"), array("I"), []
    for key, value in zip(keys, values, strict=True):
        if single_keys and single_keys[-1] == key:
            twice.append(Twice(digits_of(key), single_values[-1], value))
        else:
            single_keys.append(key)
            single_values.append(value)
    return SortedNumbers(single_keys, single_values), twice
