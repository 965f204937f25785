"""From the rows of the database to one generation of the routing tables, and when that has to be done again."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from typing import Final, Protocol

from hss.services.administration import Changes
from routing.normalise import Profile
from routing.tables import EMPTY, Key, Operator, PortingForm, Rows, Tables, build
from routing.tables.rows import NumberRow, PortedRow, StemRow

ELSEWHERE: Final = "(another network)"  # no name of an operator: a routing number leads there that is none of ours


class NumberSource(Protocol):
    """What the tables are built from; operators are named by numbers of rows."""

    async def rows(self) -> Rows:
        """Read operators, prefixes, blocks and ported numbers."""
        ...

    def numbers(self) -> AsyncIterator[Sequence[NumberRow]]:
        """Give the complete numbers of all subscribers in pieces."""
        ...

    async def profiles(self) -> Mapping[str, Profile]:
        """Read how each operator's users dial."""
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


class NamedPortings:
    """Ported numbers with names of operators."""

    def __init__(self, rows: Rows, names: Mapping[Key, str], outline: Tables) -> None:
        self._rows = rows
        self._names = names
        self._outline = outline

    def __iter__(self) -> Iterator[PortedRow]:
        """Give digits, routing number and operator; a routing number that is none of ours leads elsewhere."""
        targets: dict[tuple[str | None, Key | None], str | None] = {}
        for digits, code, owner in self._rows.ported:
            asked = code, owner
            target = targets[asked] if asked in targets else targets.setdefault(asked, self._target(code, owner))
            yield digits, code, target

    def _target(self, code: str | None, owner: Key | None) -> str | None:
        if owner is not None:
            return self._names.get(owner, str(owner))
        return None if code and self._outline.by_routing_number(code.upper()) is not None else ELSEWHERE


async def read_material(source: NumberSource) -> Material:
    """Read everything for one generation.

    A subscriber's number belongs to the operator whose prefix or block covers it, unless it was ported: one customer
    may have a fixed and a mobile number. Only a number that nothing covers belongs to the operator of its subscription.
    """
    rows = await source.rows()
    names = {key: operator.name for key, operator in rows.operators.items()}
    operators: dict[Key, Operator] = {operator.name: operator for operator in rows.operators.values()}
    operators[ELSEWHERE] = Operator(name=ELSEWHERE, type=2, home=False, porting=PortingForm.RN)
    prefixes, stems, whole = _ranges(rows, names)
    outline = build(Rows(operators=operators, prefixes=prefixes, stems=stems))
    numbers = PackedNumbers(names)
    scanned = 0
    async for piece in source.numbers():
        scanned += len(piece)
        numbers.add([row for row in piece if outline.longest(row[0]) is None])
    ported = len(rows.ported) if isinstance(rows.ported, Sized) else 0
    named = Rows(
        operators=operators,
        numbers=(row for part in (whole, numbers) for row in part),
        ported=NamedPortings(rows, names, outline),
        prefixes=prefixes,
        stems=stems,
    )
    count = scanned + ported + len(prefixes) + len(stems) + len(whole)
    return Material(rows=named, profiles=await source.profiles(), count=count)


def _ranges(rows: Rows, names: Mapping[Key, str]) -> tuple[list[NumberRow], list[StemRow], list[NumberRow]]:
    """Sort prefixes, stems and single numbers: a block that needs no further digit is a prefix, or one number."""
    prefixes: list[NumberRow] = [(digits, names.get(owner, str(owner))) for digits, owner in rows.prefixes]
    stems: list[StemRow] = []
    whole: list[NumberRow] = []
    for stem, owner, least, most in rows.stems:
        name = names.get(owner, str(owner))
        if least:
            stems.append((stem, name, least, most))
        else:
            (prefixes if most else whole).append((stem, name))
    return prefixes, stems, whole


def concerns(changes: Changes, tables: Tables) -> bool:
    """Tell whether the tables have to be built again because of a change."""
    if changes.numbering or changes.everything:
        return True
    numbers = [uri[5:] for uri in changes.identities if uri.startswith("tel:+")]
    return any(digits.isdecimal() and tables.longest(digits) is None for digits in numbers)
