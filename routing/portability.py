"""To which operator a number belongs: carrier, porting, full number, longest stem or prefix, default, in this order.

Ported and unported numbers take the same way. The full number comes before the prefix, since a ported number keeps the
prefix of the operator that it left.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from routing.normalise import Number, in_order, tel_uri
from routing.plan import Match, Outcome, Portability, Step
from routing.tables import Key, Operator, PortingForm, Range
from routing.way import Way

UNKNOWN: Final = Outcome("unknown", 404, 1, why="nobody has this number")
INCOMPLETE: Final = Outcome("incomplete", 484, 28, "E_INCOMPLETE", "known numbers begin with it")

_PORTING_PARAMETERS: Final = frozenset({"npdi", "rn", "rn-context", "cic", "cic-context"})
_NOT_PORTED: Final = Portability(dipped=True, source="local", ported=False, rn=None, rn_context=None, npdi=True)


class Candidate(NamedTuple):
    """An operator that a look-up names; `key` is None where the look-up led nowhere."""

    match: str
    matched: str
    key: Key | None
    also: tuple[str, ...] = ()


def find_operator(way: Way) -> Outcome | None:
    """Find the operator of the number; an outcome where nobody has it."""
    winner: Candidate | None = None
    explain = way.query.explain
    for step, what, rule, look_up in _LOOK_UPS:
        lost: list[tuple[str, str]] = []
        found: str | None = None
        for candidate in look_up(way):
            if candidate.key is None:
                lost.append((f"{candidate.match} {candidate.matched}", "leads to no operator"))
            elif winner is None:
                winner, found = candidate, candidate.matched
            else:
                lost.append((f"{candidate.match} {candidate.matched} of {candidate.key}", f"{winner.match} decides"))
        if explain:
            why = None if found or lost else "nothing there"
            way.trace.append(Step(step, what, way.number.digits, found, rule, why, None, tuple(lost)))
        elif winner is not None:
            break
    if (winner is None or winner.match == "default") and way.tables.begins_something(way.number.digits):
        return INCOMPLETE  # also with a default route: it is no shorter way to a longer number
    if winner is None or winner.key is None:
        return UNKNOWN
    _matched(way, winner, winner.key)
    return None


def _matched(way: Way, winner: Candidate, key: Key) -> None:
    operator = way.tables.operators[key]
    way.match = Match(key, operator, winner.match, winner.matched, winner.also)
    if way.portability is None:
        way.portability = _NOT_PORTED
    way.request_uri = _request_uri(way.number, operator, way.portability)


def _carrier(way: Way) -> Iterator[Candidate]:
    """Look the carrier up; it comes before the routing number (RFC 4694 §5)."""
    if (cic := way.number.cic) is not None:
        yield Candidate("carrier", cic, way.tables.carriers.get(cic))


def _dip(way: Way) -> Iterator[Candidate]:
    """Look the number up among the ported ones, unless somebody did before (`npdi`)."""
    number = way.number
    if number.npdi or number.rn is not None:
        code = number.rn
        way.portability = Portability(
            dipped=False, source="request", ported=code is not None, rn=code, rn_context=number.rn_context, npdi=True
        )
        if code is not None:
            yield Candidate("routing-number", code, way.tables.by_routing_number(code))
        return
    porting = way.tables.porting(number.digits)
    if porting is None:
        way.portability = _NOT_PORTED
        return
    code, key = porting
    context = None if code is None or code[0] == "+" else way.query.profile.own_context()
    way.portability = Portability(dipped=True, source="local", ported=True, rn=code, rn_context=context, npdi=True)
    if key is None and code is not None:
        key = way.tables.by_routing_number(code)
    yield Candidate("ported-number", number.digits, key)


def _full(way: Way) -> Iterator[Candidate]:
    key = way.tables.full(way.number.digits)
    if key is not None:
        yield Candidate("full-number", way.number.digits, key)


def _longest(way: Way) -> Iterator[Candidate]:
    tables, digits = way.tables, way.number.digits
    if not way.query.explain:
        entry = tables.longest(digits)
        if entry is not None:
            yield Candidate(_kind(entry), entry.digits, entry.operator)
        return
    entries = tables.matching(digits)
    if entries:
        first = entries[0]
        yield Candidate(_kind(first), first.digits, first.operator, tuple(entry.digits for entry in entries[1:]))
        for entry in entries[1:]:
            yield Candidate(_kind(entry), entry.digits, entry.operator)


def _kind(entry: Range) -> str:
    return "prefix" if entry.least is None else "ddi-stem"


def _default(way: Way) -> Iterator[Candidate]:
    default = way.tables.default
    if default is not None:
        yield Candidate("default", "", default)


_LOOK_UPS: Final[tuple[tuple[int, str, str, Callable[[Way], Iterator[Candidate]]], ...]] = (
    (4, "carrier", "RFC4694-5", _carrier),
    (4, "portability", "RFC4694-5", _dip),
    (5, "full-number", "complete numbers first", _full),
    (6, "longest-match", "longest stem or prefix", _longest),
    (7, "default", "default route", _default),
)


def _request_uri(number: Number, operator: Operator, portability: Portability) -> str:
    """Write the Request-URI as the operator wants it; an own routing number is taken off (RFC 4694 §5)."""
    if operator.porting is PortingForm.NONE and not number.parameters:
        return tel_uri(number.digits)
    kept = {name: value for name, value in number.parameters if name not in _PORTING_PARAMETERS}
    if operator.porting is not PortingForm.NONE:
        kept["npdi"] = None
    if operator.porting is PortingForm.RN and portability.rn is not None and not operator.home:
        kept["rn"] = portability.rn
        if portability.rn_context is not None:
            kept["rn-context"] = portability.rn_context
    return tel_uri(number.digits, in_order(kept))
