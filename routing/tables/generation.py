"""One generation of the tables: immutable, numbered, with a hash of its content; replaced by one swap of a pointer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from routing.normalise import Stems
from routing.tables.conflicts import Conflict
from routing.tables.rows import Key, Operator, Ported, Range, Service
from routing.tables.sorted_numbers import LONGEST, SortedNumbers, key_of

_NO_STEMS: Final = Stems()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tables:
    """What is known of numbers at one moment. Values of `numbers` and `ported` are places in `keys` and `portings`.

    `portings` may have some that no number has any more. `frame` is the hash of all but the numbers: it is made where
    it is not given, and only a copy with the same frame may give it.
    """

    generation: int
    operators: Mapping[Key, Operator]
    keys: tuple[Key, ...]
    numbers: SortedNumbers
    portings: tuple[Ported, ...]
    ported: SortedNumbers
    ranges: Mapping[str, Range]  # prefixes and stems by digits
    lengths: tuple[int, ...]  # of the ranges, longest first
    beginnings: frozenset[str]  # of the ranges, without the ranges themselves
    stems: Stems = _NO_STEMS
    routing_numbers: Mapping[str, Key] = field(default_factory=dict)
    carriers: Mapping[str, Key] = field(default_factory=dict)
    services: Mapping[tuple[str, str], Service] = field(default_factory=dict)
    default: Key | None = None
    conflicts: tuple[Conflict, ...] = ()  # found while building; `contradictions` finds more
    frame: bytes = b""
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        """Hash the content: the same rows give the same hash, in whatever order and by whatever steps they came."""
        if not self.frame:
            object.__setattr__(self, "frame", self._frame())
        content = self.frame + self.numbers.digest(self.keys) + self.ported.digest(self.portings)
        object.__setattr__(self, "sha256", sha256(content).hexdigest())

    def _frame(self) -> bytes:
        digest = sha256()
        for part in (self.operators, self.ranges, self.routing_numbers, self.carriers, self.services):
            digest.update(repr(sorted(part.items(), key=repr)).encode())
        digest.update(repr(self.default).encode())
        return digest.digest()

    def full(self, digits: str) -> Key | None:
        """Find the operator of a complete number."""
        place = self.numbers.find(digits)
        return None if place is None else self.keys[place]

    def porting(self, digits: str) -> Ported | None:
        """Find where a complete number was ported to."""
        place = self.ported.find(digits)
        return None if place is None else self.portings[place]

    def unported(self, digits: str) -> tuple[Key, Range | None] | None:
        """Find whose number this is, unless it was ported; with the range, unless the complete number is listed."""
        if len(digits) > LONGEST:
            return None
        key = key_of(digits)
        if self.ported.at(key) is not None:
            return None
        if (place := self.numbers.at(key)) is not None:
            return self.keys[place], None
        entry = self.longest(digits)
        return None if entry is None else (entry.operator, entry)

    def longest(self, digits: str) -> Range | None:
        """Find the longest stem or prefix with which `digits` begin."""
        ranges = self.ranges
        for length in self.lengths:
            # a number shorter than the prefix is cut to itself, and itself is no range unless it is the prefix
            if (found := ranges.get(digits[:length])) is not None:
                return found
        return None

    def matching(self, digits: str) -> list[Range]:
        """List every stem and prefix with which `digits` begin, longest first."""
        ranges, size = self.ranges, len(digits)
        return [ranges[head] for length in self.lengths if length <= size and (head := digits[:length]) in ranges]

    def by_routing_number(self, code: str) -> Key | None:
        """Find the operator of a routing number: the whole code, else its longest beginning, else its range."""
        for end in range(len(code), 0, -1):
            if (found := self.routing_numbers.get(code[:end])) is not None:
                return found
        if code[:1] == "+" and code[1:].isdecimal():
            entry = self.longest(code[1:])
            return None if entry is None else entry.operator
        return None

    def begins_something(self, digits: str) -> bool:
        """Tell whether a known number, prefix or stem is longer than `digits` and begins with them."""
        return digits in self.beginnings or self.numbers.continues(digits) or self.ported.continues(digits)
