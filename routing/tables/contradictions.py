"""The long check of a whole generation, for `hss route check`: every pair of rows that cannot both be right."""

from collections.abc import Iterator
from itertools import pairwise

from routing.tables.conflicts import Conflict, written
from routing.tables.generation import Tables
from routing.tables.rows import Key, Range


def contradictions(tables: Tables) -> Iterator[Conflict]:
    """List all contradictions, those that were found while building first. Walks over every number."""
    yield from tables.conflicts
    for entry in tables.ranges.values():
        if entry.least is not None:
            yield from _stem(tables, entry)
    yield from _numbers_in_numbers(tables)
    yield from _portings(tables)


def _stem(tables: Tables, stem: Range) -> Iterator[Conflict]:
    """Find numbers that the stem makes unreachable (RFC 3578 §3.1)."""
    for end in range(1, len(stem.digits) + bool(stem.least)):
        head = stem.digits[:end]
        if tables.full(head) is not None or tables.porting(head) is not None:
            yield Conflict("number-in-stem", f"number {head}", written(stem), "it is the beginning of longer numbers")
    lengths = range(len(stem.digits) + (stem.least or 0), len(stem.digits) + (stem.most or 0) + 1)
    for table, what in ((tables.numbers, "number"), (tables.ported, "ported number")):
        for digits, _ in table.below(stem.digits):
            if len(digits) not in lengths and tables.stems.of(digits) == stem.digits:
                yield Conflict(
                    "number-outside-stem", f"{what} {digits}", written(stem), "its length is not provisioned"
                )


def _numbers_in_numbers(tables: Tables) -> Iterator[Conflict]:
    """Find numbers that are the beginning of other numbers; in this order they stand side by side."""
    for (digits, value), (longer, other) in pairwise(tables.numbers.items()):
        if longer.startswith(digits):
            row, rival = f"number {longer} of {tables.keys[other]}", f"number {digits} of {tables.keys[value]}"
            yield Conflict("number-in-number", row, rival, "dialled digit by digit, the shorter one is reached first")


def _portings(tables: Tables) -> Iterator[Conflict]:
    """Find ported numbers that lead nowhere, or away from an operator that still lists them."""
    target: dict[int, Key | None] = {}
    in_use = {value for _, value in tables.ported.items()}
    for value, porting in sorted(((at, tables.portings[at]) for at in in_use), key=lambda one: repr(one[1])):
        operator = porting.operator
        if operator is None and porting.routing_number:
            operator = tables.by_routing_number(porting.routing_number)
        if operator is None:
            why = "no operator has this routing number"
            yield Conflict("routing-number-unknown", f"routing number {porting.routing_number}", "", why)
        target[value] = operator
    for digits, value in tables.ported.items():
        owner = tables.full(digits)
        if owner is not None and target[value] is not None and owner != target[value]:
            row, other = f"ported number {digits} to {target[value]}", f"number {digits} of {owner}"
            yield Conflict("ported-away", row, other, "one number, two operators; the ported number decides")
