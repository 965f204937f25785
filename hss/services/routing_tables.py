"""From the rows of the database to one generation of the routing tables, and from single numbers to the next one."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, Protocol

from hss.services.administration import Changes
from hss.services.routing_codes import dialled_as_they_are, named_codes
from routing.normalise import Profile
from routing.tables import EMPTY, Key, Operator, Rows, Tables, build, changed
from routing.tables.rows import ELSEWHERE as ANOTHER_NETWORK
from routing.tables.rows import NumberRow, PortedRow
from routing.tables.sorted_numbers import is_number

ELSEWHERE: Final = ANOTHER_NETWORK.name  # no name of an operator: a routing number leads there that is none of ours


class NumberSource(Protocol):
    """What the tables are built from; operators are named by numbers of rows, for single numbers by their names."""

    async def rows(self) -> Rows:
        """Read operators, prefixes, blocks, ported numbers, codes and services."""
        ...

    def numbers(self) -> AsyncIterator[Sequence[NumberRow]]:
        """Give the complete numbers of all subscribers in pieces."""
        ...

    async def profiles(self) -> Mapping[str, Profile]:
        """Read how each operator's users dial."""
        ...

    async def ported_of(self, digits: Collection[str]) -> Sequence[PortedRow]:
        """Read those of some numbers that are ported."""
        ...

    async def numbers_of(self, digits: Collection[str]) -> Sequence[NumberRow]:
        """Read those of some complete numbers that subscribers have."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """The tables of one moment and the dial plans that go with them. `read` = rows that the database gave for it."""

    tables: Tables = EMPTY
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    read: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What was read for a generation that is still to be built; `count` = rows that the database gave for it."""

    rows: Rows
    profiles: Mapping[str, Profile]
    count: int

    def built(self, number: int) -> Generation:
        """Build the generation; at a million numbers this takes a second or two, in any thread."""
        return Generation(tables=build(self.rows, generation=number), profiles=self.profiles, read=self.count)


class PackedNumbers:
    """Many complete numbers in little memory: text, not tuples."""

    def __init__(self, names: Mapping[Key, str]) -> None:
        self._names = {str(key): name for key, name in names.items()}
        self._pieces: list[str] = []

    def add(self, rows: Sequence[NumberRow]) -> None:
        """Keep a piece."""
        if rows:
            self._pieces.append("\n".join([f"{digits} {owner}" for digits, owner in rows]))

    def __iter__(self) -> Iterator[NumberRow]:
        """Give digits and the name of the operator."""
        for piece in self._pieces:
            for line in piece.split("\n"):
                digits, _, owner = line.partition(" ")
                yield digits, self._names[owner]


class NamedPortings(dict[tuple[str | None, Key | None], tuple[str | None, str | None]]):
    """Ported numbers with names of operators, and what each routing number and row of an operator comes to."""

    def __init__(self, rows: Rows, names: Mapping[Key, str], outline: Tables) -> None:
        super().__init__()
        self._rows = rows
        self._names = names
        self._outline = outline

    def __missing__(self, asked: tuple[str | None, Key | None]) -> tuple[str | None, str | None]:
        """Name the operator; a routing number that is none of ours leads elsewhere."""
        code, owner = asked
        name = None if owner is None else self._names.get(owner, str(owner))
        named = self[asked] = code, _target(code, name, self._outline)
        return named

    def rows(self) -> Iterator[PortedRow]:
        """Give digits, routing number and operator."""
        for digits, code, owner in self._rows.ported:
            yield digits, *self[code, owner]


def _target(code: str | None, owner: Key | None, tables: Tables) -> str | None:
    """Say to which operator a number was ported; None: it follows from the routing number."""
    if owner is not None:
        return str(owner)
    return None if code and tables.by_routing_number(code.upper()) is not None else ELSEWHERE


async def _build_here(rows: Rows) -> Tables:
    return build(rows)


async def read_material(
    source: NumberSource, *, build_ranges: Callable[[Rows], Awaitable[Tables]] = _build_here
) -> Material:
    """Read everything for one generation; `build_ranges` may build the tables of many ranges beside those who wait.

    A subscriber's number belongs to the operator whose prefix or block covers it, unless it was ported: one customer
    may have a fixed and a mobile number. Only a number that nothing covers belongs to the operator of its subscription.
    """
    rows = await source.rows()
    names = {key: operator.name for key, operator in rows.operators.items()}
    operators: dict[Key, Operator] = {operator.name: operator for operator in rows.operators.values()}
    operators[ELSEWHERE] = ANOTHER_NETWORK
    prefixes = [(digits, names.get(owner, str(owner))) for digits, owner in rows.prefixes]
    stems = [(stem, names.get(owner, str(owner)), least, most) for stem, owner, least, most in rows.stems]
    codes = named_codes(rows, names)
    outline = await build_ranges(replace(codes, operators=operators, prefixes=prefixes, stems=stems))
    numbers = PackedNumbers(names)
    scanned = 0
    async for piece in source.numbers():
        scanned += len(piece)
        numbers.add([row for row in piece if outline.longest(row[0]) is None])
    ported = len(rows.ported) if isinstance(rows.ported, Sized) else 0
    named = replace(
        codes,
        operators=operators,
        numbers=numbers,
        ported=NamedPortings(rows, names, outline).rows(),
        prefixes=prefixes,
        stems=stems,
    )
    count = scanned + ported + len(prefixes) + len(stems)
    return Material(rows=named, profiles=dialled_as_they_are(await source.profiles(), codes), count=count)


class Single(NamedTuple):
    """Numbers that a change names one by one: ported ones, and complete numbers of subscribers."""

    ported: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()

    def joined(self, other: "Single") -> "Single":
        """Put the numbers of two changes together."""
        return Single(self.ported | other.ported, self.own | other.own)

    def listed(self, tables: Tables) -> "Single":
        """Keep what can be in the tables: of the subscribers' numbers those that no range covers."""
        return Single(self.ported, frozenset(digits for digits in self.own if tables.longest(digits) is None))


def single(changes: Changes) -> Single:
    """Name the numbers that may have changed; what can stand in no table is left out."""
    own = frozenset(uri[5:] for uri in changes.identities if uri.startswith("tel:+"))
    return Single(*(frozenset(filter(is_number, digits)) for digits in (changes.ported, own)))


def needs_build(changes: Changes, tables: Tables) -> bool:
    """Tell whether a change is of more than single numbers, so that everything has to be read again."""
    if changes.numbering or changes.everything:
        return True
    too_long = (uri[5:] for uri in changes.identities if uri.startswith("tel:+") and uri[5:].isdecimal())
    return any(not is_number(digits) and tables.longest(digits) is None for digits in too_long)


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What single numbers are now. `strange` = some stay as they were: the tables do not know their operators yet."""

    base: Generation
    asked: Single
    numbers: Mapping[str, Key]
    ported: Sequence[PortedRow]
    strange: bool

    def made(self, number: int) -> Generation:
        """Make the next generation: quick for a few numbers, in any thread."""
        old = self.base.tables
        new = changed(
            old,
            generation=number,
            put=self.numbers.items(),
            dropped=self.asked.own,
            ported=self.ported,
            returned=self.asked.ported,
        )
        grown = len(new.numbers) - len(old.numbers) + len(new.ported) - len(old.ported)
        return Generation(tables=new, profiles=self.base.profiles, read=self.base.read + grown)


async def read_amendment(source: NumberSource, asked: Single, base: Generation) -> Amendment:
    """Read what some numbers are now, by the rules of `read_material`."""
    tables = base.tables
    asked = asked.listed(tables)
    numbers = dict(await source.numbers_of(asked.own)) if asked.own else {}
    rows = await source.ported_of(asked.ported) if asked.ported else ()
    ported = [(digits, code, _target(code, owner, tables)) for digits, code, owner in rows]
    strange = Single(
        frozenset(digits for digits, _, owner in ported if not _knows(tables, owner)),
        frozenset(digits for digits, owner in numbers.items() if not _knows(tables, owner)),
    )
    return Amendment(
        base=base,
        asked=Single(asked.ported - strange.ported, asked.own - strange.own),
        numbers={digits: owner for digits, owner in numbers.items() if digits not in strange.own},
        ported=[row for row in ported if row[0] not in strange.ported],
        strange=any(strange),
    )


def _knows(tables: Tables, owner: Key | None) -> bool:
    return owner is None or owner in tables.operators
