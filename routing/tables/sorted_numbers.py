"""A million numbers in 12 megabytes: sorted keys, and beside each key what it stands for, in leaves of some thousands.

A key keeps the order of the digits as text, so that one bisection finds the leaf and another one the number, and both
tell whether a longer number begins with given digits. Nobody changes a leaf: a change of a few numbers makes a few new
leaves and shares all others with the table before it. At ten million it costs little more than at a thousand.

The keys alone decide where leaves begin. So the same numbers make the same leaves, in whatever order and by whatever
steps they came, and a hash over the hashes of the leaves says what the table holds.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from heapq import merge
from itertools import islice, pairwise
from operator import itemgetter, lt
from typing import Final, NamedTuple, TypeAlias

LONGEST: Final = 15  # digits of an E.164 number (TS 23.003 §3.3)
_SCALE: Final[tuple[int, ...]] = tuple(10 ** (LONGEST - length) << 4 for length in range(LONGEST + 1))
_LEAF: Final = 2039  # a key that this prime divides begins a leaf: so many numbers are in one, on average
_RUN: Final = 8192  # rows read at a time, and sorted without letting other threads work
_TOKEN_OCTETS: Final = 16
_MOST_TOKENS: Final = 10_000  # that are remembered: the operators and routing numbers of a country

Run: TypeAlias = "tuple[array[int], array[int]]"  # keys and values


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


class Leaf:
    """Some numbers that stand side by side."""

    __slots__ = ("hashed", "keys", "values")

    def __init__(self, keys: "array[int]", values: "array[int]") -> None:
        self.keys = keys
        self.values = values
        self.hashed = b""  # until it is asked for

    def digest(self, token_of: Callable[[int], bytes]) -> bytes:
        """Hash the numbers and what their values mean; that is done once, since the meanings never change."""
        if not self.hashed:
            content = sha256(self.keys)
            content.update(b"".join(map(token_of, self.values)))
            self.hashed = content.digest()
        return self.hashed

    def joined(self, other: "Leaf") -> "Leaf":
        """Put the numbers of `other` behind the own ones."""
        return Leaf(self.keys + other.keys, self.values + other.values)

    def changed(self, wanted: Mapping[int, int | None]) -> "Leaf":
        """Copy with the value of some keys set, or the key dropped where it is None."""
        keys, values = self.keys[:], self.values[:]
        for key, value in wanted.items():
            at = bisect_left(keys, key)
            there = at < len(keys) and keys[at] == key
            if value is None:
                del keys[at : at + there], values[at : at + there]
            elif there:
                values[at] = value
            else:
                keys.insert(at, key)
                values.insert(at, value)
        return Leaf(keys, values)


class SortedNumbers:
    """Numbers and a small integer for each. The first leaf has what stands before the first key that begins a leaf."""

    __slots__ = ("_count", "_digest", "_starts", "leaves")

    def __init__(self, leaves: Sequence[Leaf], count: int, starts: Sequence[int] | None = None) -> None:
        self.leaves = leaves
        self._starts = [leaf.keys[0] for leaf in islice(leaves, 1, None)] if starts is None else starts
        self._count = count
        self._digest = b""

    def __len__(self) -> int:
        """Count the numbers."""
        return self._count

    def find(self, digits: str) -> int | None:
        """Look a complete number up."""
        length = len(digits)
        if length > LONGEST:
            return None
        return self.at(int(digits) * _SCALE[length] + length)

    def at(self, key: int) -> int | None:
        """Look up what `key_of` made."""
        leaf = self.leaves[bisect_right(self._starts, key)]
        keys = leaf.keys
        at = bisect_left(keys, key)
        return leaf.values[at] if at < len(keys) and keys[at] == key else None

    def continues(self, digits: str) -> bool:
        """Tell whether a longer number begins with `digits`."""
        return next(self.below(digits), None) is not None

    def below(self, digits: str) -> Iterator[tuple[str, int]]:
        """List the longer numbers that begin with `digits`, in order."""
        if len(digits) >= LONGEST:
            return
        start, end = key_of(digits) + 1, (int(digits) + 1) * _SCALE[len(digits)]
        for leaf in islice(self.leaves, bisect_right(self._starts, start), None):
            for at in range(bisect_left(leaf.keys, start), len(leaf.keys)):
                if leaf.keys[at] >= end:
                    return
                yield digits_of(leaf.keys[at]), leaf.values[at]

    def items(self) -> Iterator[tuple[str, int]]:
        """List all numbers in the order of their digits as text."""
        for leaf in self.leaves:
            yield from zip(map(digits_of, leaf.keys), leaf.values, strict=True)

    def digest(self, meanings: Sequence[Hashable]) -> bytes:
        """Hash the numbers and what they stand for; value `v` means `meanings[v]`, now and in every copy."""
        if not self._digest:
            token_of = _Tokens(meanings).__getitem__
            self._digest = sha256(b"".join([leaf.hashed or leaf.digest(token_of) for leaf in self.leaves])).digest()
        return self._digest

    def unshared(self, other: "SortedNumbers") -> int:
        """Count the numbers in leaves that `other` has not got: what the memory would be freed of with this table."""
        if self is other:
            return 0
        return sum(len(leaf.keys) for leaf in set(self.leaves).difference(other.leaves))

    def changed(self, put: Iterable[tuple[str, int]], dropped: Iterable[str]) -> "SortedNumbers":
        """Copy with some numbers put (added or replaced) and some dropped; for changes far fewer than numbers."""
        wanted: dict[int, int | None] = {key_of(digits): None for digits in dropped}
        wanted |= {key_of(digits): value for digits, value in put}
        touched: dict[int, dict[int, int | None]] = {}
        count = self._count
        for key, value in wanted.items():
            known = self.at(key)
            if known != value:
                touched.setdefault(bisect_right(self._starts, key), {})[key] = value
                count += (known is None) - (value is None)
        return self._with(touched, count) if touched else self

    def _with(self, touched: Mapping[int, Mapping[int, int | None]], count: int) -> "SortedNumbers":
        """Change some leaves, from the last one on: what is behind the place that is changed is done."""
        leaves = list(self.leaves)
        starts: Sequence[int] | None = self._starts
        for at in sorted(touched, reverse=True):
            leaves[at] = leaves[at].changed(touched[at])
            if all(key % _LEAF for key in touched[at]):
                continue
            starts = None
            head, *rest = _cut(leaves[at].keys, leaves[at].values)
            if at == 0:
                leaves[:1] = [head, *rest]
            elif head.keys:  # the key that began this leaf is gone
                leaves[at - 1 : at + 1] = [leaves[at - 1].joined(head), *rest]
            else:
                leaves[at : at + 1] = rest
        return SortedNumbers(leaves, count, starts)


class _Tokens(dict[int, bytes]):
    """A short hash of what each value means, made where it is first needed."""

    def __init__(self, meanings: Sequence[Hashable]) -> None:
        super().__init__()
        self._meanings = meanings

    def __missing__(self, value: int) -> bytes:
        """Hash one."""
        token = self[value] = _token(self._meanings[value])
        return token


@lru_cache(_MOST_TOKENS, typed=True)
def _token(meaning: Hashable) -> bytes:
    return sha256(repr(meaning).encode()).digest()[:_TOKEN_OCTETS]


def collect(rows: Iterable[tuple[str, int]]) -> tuple[SortedNumbers, list[Twice]]:
    """Build from rows in any order (ascending order is fastest); of two rows for one number the first is kept.

    Digits must satisfy `is_number`.
    """
    twice: list[Twice] = []
    runs = list(_runs(iter(rows)))
    ascending = all(one[0][-1] < other[0][0] for one, other in pairwise(runs)) and all(map(_ascends, runs))
    return _gathered(_emptied(runs) if ascending else _merged(runs, twice)), twice


def _runs(rows: Iterator[tuple[str, int]]) -> Iterator[Run]:
    """Read the rows into sorted pieces; rows with the same key keep their order."""
    while chunk := list(islice(rows, _RUN)):
        digits = [row[0] for row in chunk]
        keys = array("Q", [int(number) * _SCALE[len(number)] + len(number) for number in digits])
        run = keys, array("I", [row[1] for row in chunk])
        yield run if _ascends(run) else _sorted(*run)


def _ascends(run: Run) -> bool:
    return all(map(lt, run[0], islice(run[0], 1, None)))


def _sorted(keys: "array[int]", values: "array[int]") -> Run:
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return array("Q", map(keys.__getitem__, order)), array("I", map(values.__getitem__, order))


def _emptied(runs: list[Run]) -> Iterator[Run]:
    """Give one after the other, and keep none: the memory is needed for the leaves."""
    runs.reverse()
    while runs:
        yield runs.pop()


def _merged(runs: Iterable[Run], twice: list[Twice]) -> Iterator[Run]:
    """Merge sorted pieces; a key that comes again is noted in `twice`."""
    keys, values = array("Q"), array("I")
    last, kept = -1, 0
    for key, value in merge(*(zip(*run, strict=True) for run in runs), key=itemgetter(0)):
        if key == last:
            twice.append(Twice(digits_of(key), kept, value))
            continue
        if len(keys) >= _RUN:
            yield keys, values
            keys, values = array("Q"), array("I")
        last, kept = key, value
        keys.append(key)
        values.append(value)
    yield keys, values


def _gathered(runs: Iterable[Run]) -> SortedNumbers:
    """Cut ascending pieces into leaves."""
    leaves, count = [Leaf(array("Q"), array("I"))], 0
    for keys, values in runs:
        head, *rest = _cut(keys, values)
        if head.keys:
            leaves[-1] = leaves[-1].joined(head)
        leaves += rest
        count += len(keys)
    return SortedNumbers(leaves, count)


def _cut(keys: "array[int]", values: "array[int]") -> list[Leaf]:
    """Cut before each key that begins a leaf; the first one has what stands before them, and may be empty."""
    edges = [0, *[at for at, key in enumerate(keys) if not key % _LEAF], len(keys)]
    return [Leaf(keys[start:end], values[start:end]) for start, end in pairwise(edges)]
