"""Build a generation from rows, or from the one before it and a few changes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from routing.normalise import Stems
from routing.tables.conflicts import Conflict, nested, written
from routing.tables.generation import Tables
from routing.tables.rows import Key, NumberRow, Operator, Ported, PortedRow, Range, Rows, Service
from routing.tables.sorted_numbers import SortedNumbers, collect, is_number

MOST_CONFLICTS: Final = 10_000  # kept of one build; a file of rubbish does not fill the memory

_WHY_BAD: Final = "not 1 to 15 decimal digits"
_WHY_UNKNOWN: Final = "no such operator"
_WHY_TWICE: Final = "one number, two targets; the first is kept"


def build(rows: Rows, *, generation: int = 1) -> Tables:
    """Build the tables. Rows that cannot stand are left out and named in `conflicts`; of two rivals the first is kept.

    Rows in ascending order of digits are built fastest; a million take about a second.
    """
    found: list[Conflict] = []
    keys = _operator_keys(rows.operators)
    numbers = _numbers(rows.numbers, keys, found)
    portings, ported = _ported(rows.ported, rows.operators, found)
    ranges = _ranges(rows, found)
    lengths = tuple(sorted({len(digits) for digits in ranges}, reverse=True))
    return Tables(
        generation=generation,
        operators=dict(rows.operators),
        keys=keys,
        numbers=numbers,
        portings=portings,
        ported=ported,
        ranges=ranges,
        lengths=lengths,
        beginnings=frozenset(digits[:end] for digits in ranges for end in range(1, len(digits))),
        stems=Stems({stem: (least, most or 0) for stem, _, least, most in ranges.values() if least is not None}),
        routing_numbers=_targets("routing number", rows.routing_numbers, rows.operators, found),
        carriers=_targets("carrier", rows.carriers, rows.operators, found),
        services=_services(rows, found),
        default=_default(rows, found),
        conflicts=tuple(found),
    )


def changed(
    tables: Tables,
    *,
    generation: int,
    put: Iterable[NumberRow] = (),
    dropped: Iterable[str] = (),
    ported: Iterable[PortedRow] = (),
    returned: Iterable[str] = (),
) -> Tables:
    """Copy `tables` with some complete and ported numbers put, dropped or returned; everything else is shared.

    Costs less than a millisecond for one number among ten million. Raises ValueError where a row cannot stand.
    """
    found: list[Conflict] = []
    new_numbers = list(_known(put, tables.keys, found))
    met: dict[Ported, int] = {}
    new_ported = list(_portings(ported, tables.operators, met, found))
    gone = [digits for digits in (*dropped, *returned) if not is_number(digits)]
    if found or gone:
        raise ValueError(f"cannot stand in the tables: {found or gone}")
    portings = tables.portings + tuple(porting for porting in met if porting not in tables.portings)
    place = [portings.index(porting) for porting in met]
    return replace(
        tables,
        generation=generation,
        numbers=tables.numbers.changed(new_numbers, dropped),
        portings=portings,
        ported=tables.ported.changed(((digits, place[at]) for digits, at in new_ported), returned),
    )


def _operator_keys(operators: Mapping[Key, Operator]) -> tuple[Key, ...]:
    return tuple(sorted(operators, key=str))


def _note(found: list[Conflict], what: str, row: str, other: str, why: str) -> None:
    if len(found) < MOST_CONFLICTS:
        found.append(Conflict(what, row, other, why))


def _numbers(rows: Iterable[NumberRow], keys: tuple[Key, ...], found: list[Conflict]) -> SortedNumbers:
    numbers, twice = collect(_known(rows, keys, found))
    for digits, kept, dropped in twice:
        if kept != dropped:
            row, other = (f"number {digits} of {keys[value]}" for value in (dropped, kept))
            _note(found, "number-twice", row, other, _WHY_TWICE)
    return numbers


def _known(rows: Iterable[NumberRow], keys: tuple[Key, ...], found: list[Conflict]) -> Iterator[tuple[str, int]]:
    place = {key: at for at, key in enumerate(keys)}
    for digits, operator in rows:
        value = place.get(operator)
        if value is not None and is_number(digits):
            yield digits, value
        else:
            why = _WHY_BAD if value is not None else _WHY_UNKNOWN
            _note(found, "number-refused", f"number {digits} of {operator}", "", why)


def _ported(
    rows: Iterable[PortedRow], operators: Mapping[Key, Operator], found: list[Conflict]
) -> tuple[tuple[Ported, ...], SortedNumbers]:
    seen: dict[Ported, int] = {}
    numbers, twice = collect(_portings(rows, operators, seen, found))
    met = tuple(seen)
    for digits, kept, dropped in twice:
        if kept != dropped:
            row, other = (f"ported number {digits} to {_target(met[value])}" for value in (dropped, kept))
            _note(found, "ported-twice", row, other, _WHY_TWICE)
    return met, numbers


def _target(porting: Ported) -> str:
    return f"{porting.routing_number or 'no routing number'}, {porting.operator or 'no operator'}"


def _portings(
    rows: Iterable[PortedRow], operators: Mapping[Key, Operator], met: dict[Ported, int], found: list[Conflict]
) -> Iterator[tuple[str, int]]:
    """Give digits and the place of the porting in `met`; new ones are added there."""
    places: dict[tuple[str | None, Key | None], int | None] = {}
    for digits, routing_number, operator in rows:
        asked = routing_number, operator
        if asked not in places:
            stands = operator in operators if operator is not None else bool(routing_number)
            porting = Ported(routing_number.upper() if routing_number else None, operator)
            places[asked] = met.setdefault(porting, len(met)) if stands else None
        place = places[asked]
        if place is not None and is_number(digits):
            yield digits, place
        else:
            why = _WHY_UNKNOWN if is_number(digits) else _WHY_BAD
            _note(found, "ported-refused", f"ported number {digits} to {routing_number}, {operator}", "", why)


def _ranges(rows: Rows, found: list[Conflict]) -> dict[str, Range]:
    ranges: dict[str, Range] = {}
    entries = [Range(digits, operator) for digits, operator in rows.prefixes]
    for entry in entries + [Range(*row) for row in rows.stems]:
        rival = ranges.get(entry.digits)
        if why := _why_not(entry, rows.operators):
            _note(found, "range-refused", written(entry), "", why)
        elif rival is None:
            ranges[entry.digits] = entry
        elif rival != entry:
            _note(found, "range-twice", written(entry), written(rival), "one beginning, two targets; the first is kept")
    for conflict in nested({digits: entry for digits, entry in ranges.items() if entry.least is not None}):
        _note(found, *conflict)
    return ranges


def _why_not(entry: Range, operators: Mapping[Key, Operator]) -> str | None:
    if not is_number(entry.digits):
        return _WHY_BAD
    if entry.operator not in operators:
        return _WHY_UNKNOWN
    if entry.least is not None and not 0 <= entry.least <= (entry.most or 0):
        return "the least digits are not negative, and not more than the most"
    return None


def _targets(
    what: str, rows: Iterable[tuple[str, Key]], operators: Mapping[Key, Operator], found: list[Conflict]
) -> dict[str, Key]:
    targets: dict[str, Key] = {}
    for code, operator in rows:
        rival = targets.setdefault(code.upper(), operator) if operator in operators else None
        if rival is None:
            _note(found, "code-refused", f"{what} {code} of {operator}", "", _WHY_UNKNOWN)
        elif rival != operator:
            _note(found, "code-twice", f"{what} {code} of {operator}", f"{what} {code} of {rival}", _WHY_TWICE)
    return targets


def _services(rows: Rows, found: list[Conflict]) -> dict[tuple[str, str], Service]:
    services: dict[tuple[str, str], Service] = {}
    for digits, context, urn, operator in rows.services:
        if operator is not None and operator not in rows.operators:
            _note(found, "service-refused", f"service {digits} of {operator}", "", _WHY_UNKNOWN)
            continue
        kept = services.setdefault((digits.upper(), context.lower()), Service(urn, operator))
        if kept != (urn, operator):
            row, other = f"service {digits} of {operator}", f"service {digits} of {kept.operator}"
            _note(found, "service-twice", row, other, _WHY_TWICE)
    return services


def _default(rows: Rows, found: list[Conflict]) -> Key | None:
    if rows.default is None or rows.default in rows.operators:
        return rows.default
    _note(found, "default-refused", f"default route to {rows.default}", "", _WHY_UNKNOWN)
    return None


EMPTY: Final = build(Rows(operators={}), generation=0)
