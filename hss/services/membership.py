"""Which identities may exist at all, in about 2 octets each: an unknown one is refused without the database.

The filter is a blocked Bloom filter: an identity sets `BITS_SET` bits of one 64-bit word. It may say "maybe" of an
identity that does not exist (about one in a hundred), never "no" of one that does. Nothing is ever taken out.
"""

from array import array
from collections.abc import Iterable
from typing import Final

from schemas.identities import Wildcard

BITS_SET: Final = 4
BITS_EACH: Final = 16  # of the filter, for one identity
SMALLEST: Final = 65_536  # identities
_PATTERN_BITS: Final = 12  # of the hash value, to choose the bits within a word


def _patterns() -> list[int]:
    """Make one word with `BITS_SET` bits for each value of the pattern bits of a hash value."""
    state = 1
    patterns: list[int] = []
    while len(patterns) < 1 << _PATTERN_BITS:
        word = 0
        while word.bit_count() < BITS_SET:
            state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)  # a linear congruence
            word |= 1 << (state >> 58)
        patterns.append(word)
    return patterns


PATTERNS: Final = _patterns()


class _Layer:
    """A filter of fixed size."""

    __slots__ = ("capacity", "count", "size", "words")

    def __init__(self, capacity: int) -> None:
        self.capacity: Final = capacity
        self.size: Final = capacity * BITS_EACH // 64
        self.words: Final = array("Q", bytes(8 * self.size))
        self.count = 0

    def add(self, value: int) -> None:
        """Note a hash value."""
        self.words[(value >> _PATTERN_BITS) % self.size] |= PATTERNS[value & 0xFFF]
        self.count += 1


class Membership:
    """Says of an identity that it does not exist, or that it may.

    Until `finish` it says "maybe" of every identity. The building goes in steps, so that others can work meanwhile:
    `begin`, then `add_all` as often as needed, then `finish`; `add` may come at any time. Building again while the
    filter is in use leaves the old one in place until `finish`.
    """

    def __init__(self) -> None:
        self._layers: list[_Layer] = []
        self._building: list[_Layer] = [_Layer(SMALLEST)]

    @property
    def ready(self) -> bool:
        """Tell whether all identities are in."""
        return bool(self._layers)

    @property
    def octets(self) -> int:
        """Count the memory that the filter takes."""
        return sum(8 * layer.size for layer in (*self._layers, *self._building))

    @property
    def identities(self) -> int:
        """Count the identities that were added to the filter in use."""
        return sum(layer.count for layer in self._layers)

    def begin(self, expected: int) -> None:
        """Start to build a filter for `expected` identities and a quarter more."""
        self._building = [_Layer(max(SMALLEST, expected + expected // 4))]

    def add_all(self, uris: Iterable[str]) -> None:
        """Put identities into the filter under construction, or into the one in use where none is."""
        layers = self._building or self._layers
        for uri in uris:
            _put(layers, hash(uri))

    def finish(self) -> None:
        """Use what was built."""
        if self._building:
            self._layers, self._building = self._building, []

    def forget(self) -> None:
        """Hear that new identities may have been missed: say "maybe" until the filter is built again."""
        self._layers, self._building = [], [_Layer(SMALLEST)]

    def add(self, uri: str) -> None:
        """Hear of a new identity."""
        value = hash(uri)
        for layers in (self._layers, self._building):
            if layers:
                _put(layers, value)

    def may_have(self, uri: str) -> bool:
        """Tell whether `uri` may exist; False: it does not."""
        value = hash(uri)
        pattern, place = PATTERNS[value & 0xFFF], value >> _PATTERN_BITS
        for layer in self._layers:
            if layer.words[place % layer.size] & pattern == pattern:
                return True
        return not self._layers


def _put(layers: list[_Layer], value: int) -> None:
    """Add to the newest layer; one that is full is followed by one of twice its size."""
    if layers[-1].count >= layers[-1].capacity:
        layers.append(_Layer(2 * layers[-1].capacity))
    layers[-1].add(value)


class WildcardIndex:
    """Wildcarded identities by their fixed prefix; of several that match, the one with the longest fixed part wins."""

    def __init__(self, uris: Iterable[str] = ()) -> None:
        self._by_prefix: dict[str, list[Wildcard]] = {}
        self._lengths: tuple[int, ...] = ()
        self.replace(uris)

    def __len__(self) -> int:
        """Count the wildcards."""
        return sum(map(len, self._by_prefix.values()))

    def replace(self, uris: Iterable[str]) -> None:
        """Take the stored forms of all wildcards; raise `IdentityError` where one is none."""
        by_prefix: dict[str, list[Wildcard]] = {}
        for wildcard in map(Wildcard.parse, uris):
            by_prefix.setdefault(wildcard.prefix, []).append(wildcard)
        self._by_prefix = by_prefix
        self._lengths = tuple(sorted({len(prefix) for prefix in by_prefix}))

    def find(self, uri: str) -> str | None:
        """Find the stored form that stands for the canonical `uri`; None: there is none."""
        matching = [
            wildcard
            for length in self._lengths
            for wildcard in self._by_prefix.get(uri[:length], ())
            if wildcard.matches(uri)
        ]
        return max(matching, key=_rank).uri if matching else None


def _rank(wildcard: Wildcard) -> tuple[int, str]:
    return len(wildcard.prefix) + len(wildcard.suffix), wildcard.uri
