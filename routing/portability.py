"""To which operator a number belongs: carrier, porting, full number, longest stem or prefix, default, in this order.

Ported and unported numbers take the same way. The full number comes before the prefix, since a ported number keeps the
prefix of the operator that it left.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from routing.normalise import Code, NumberError, in_order, tel_uri
from routing.plan import Match, Outcome, Portability, Step
from routing.tables import Key, Operator, PortingForm
from routing.tables.rows import ELSEWHERE, Range
from routing.way import Way

UNKNOWN: Final = Outcome("unknown", 404, 1, why="nobody has this number")
INCOMPLETE: Final = Outcome("incomplete", 484, 28, Code.INCOMPLETE.value, "known numbers begin with it")

PORTING_PARAMETERS: Final = frozenset({"npdi", "rn", "rn-context", "cic", "cic-context"})
_NONE: Final = PortingForm.NONE
_RN: Final = PortingForm.RN
_NOT_PORTED: Final = Portability(dipped=True, source="local", ported=False, rn=None, rn_context=None, npdi=True)


class Candidate(NamedTuple):
    """An operator that a look-up names; `key` is None where the look-up led nowhere, and `why` then says so."""

    step: int
    match: str
    matched: str
    key: Key | None
    why: str = "leads to no operator"


def find_operator(way: Way) -> Outcome | None:
    """Find the operator of the number (steps 4 to 7); an outcome where nobody has it."""
    explain = way.query.explain
    if not explain and _plainly_listed(way):
        return None
    candidates = _ported(way)
    if explain or not candidates or candidates[-1].key is None:
        _listed(way, candidates)
    winner = next((candidate for candidate in candidates if candidate.key is not None), None)
    if explain:
        _explain(way, candidates, winner)
    if (winner is None or winner.step == _DEFAULT) and way.tables.begins_something(way.number.digits):
        # also with a default route: it is no shorter way to a longer number
        way.error = NumberError(Code.INCOMPLETE, INCOMPLETE.why or "")
        return INCOMPLETE
    if winner is None or winner.key is None:
        return UNKNOWN
    also = tuple([entry.matched for entry in candidates if entry.step == _LONGEST and entry is not winner])
    operator = ELSEWHERE if winner.key == ELSEWHERE.name else way.tables.operators[winner.key]
    way.match = Match(winner.key, operator, winner.match, winner.matched, also)
    way.request_uri = _request_uri(way, operator)
    return None


def _plainly_listed(way: Way) -> bool:
    """Take the short way of most numbers: somebody's, not ported, and nobody asks what else would have fitted."""
    number = way.number
    if number.parameters:
        return False
    found = way.tables.unported(number.digits)
    if found is None:
        return False
    key, entry = found
    match, matched = ("full-number", number.digits) if entry is None else (_kind(entry), entry.digits)
    operator = way.tables.operators[key]
    way.portability = _NOT_PORTED
    way.match = Match(key, operator, match, matched)
    way.request_uri = way.tel_uri if operator.porting is _NONE else _request_uri(way, operator)
    return True


def _kind(entry: Range) -> str:
    return "prefix" if entry.least is None else "ddi-stem"


def _ported(way: Way) -> list[Candidate]:
    """Look for carrier, routing number and porting; a number with `npdi` is not looked up again (RFC 4694 §5)."""
    number, tables = way.number, way.tables
    candidates = [] if number.cic is None else [_carrier(way, number.cic)]
    code = number.rn
    if number.npdi or code is not None:
        way.portability = Portability(False, "request", code is not None, code, number.rn_context, True)
        if code is not None:
            key = tables.by_routing_number(_in_context(way, code, number.rn_context))
            candidates.append(Candidate(_PORTING, "routing-number", code, ELSEWHERE.name if key is None else key))
        return candidates
    porting = tables.porting(number.digits)
    if porting is None:
        way.portability = _NOT_PORTED
        return candidates
    code, key = porting
    context = None if code is None or code[0] == "+" else way.query.profile.own_context()
    way.portability = Portability(True, "local", True, code, context, True)
    if key is None and code is not None:
        key = tables.by_routing_number(code)
    candidates.append(Candidate(_PORTING, "ported-number", number.digits, ELSEWHERE.name if key is None else key))
    return candidates


def _carrier(way: Way, code: str) -> Candidate:
    """Look for the carrier; an own one is taken off, and the number decides (RFC 4694 §5)."""
    key = way.tables.carriers.get(_in_context(way, code, way.number.cic_context))
    if key is not None and way.tables.operators[key].home:
        return Candidate(_PORTING, "carrier", code, None, _OWN)
    return Candidate(_PORTING, "carrier", code, key)


def _in_context(way: Way, code: str, context: str | None) -> str:
    """Write a local code so that the tables know it: one of our own country as it is, any other behind its context."""
    own = context is None or context == way.query.profile.own_context()
    return code if own or code[0] == "+" else f"{context}{code}"


def _listed(way: Way, candidates: list[Candidate]) -> None:
    """Look for the full number, ranges and the default; only as far as needed where nobody asks for losers."""
    tables, digits, explain = way.tables, way.number.digits, way.query.explain
    key = tables.full(digits)
    if key is not None:
        candidates.append(Candidate(_FULL, "full-number", digits, key))
        if not explain:
            return
    candidates += [Candidate(_LONGEST, _kind(entry), entry.digits, entry.operator) for entry in tables.matching(digits)]
    if tables.default is not None:
        candidates.append(Candidate(_DEFAULT, "default", "", tables.default))


def _explain(way: Way, candidates: list[Candidate], winner: Candidate | None) -> None:
    """Write the steps up to the one that decided; the candidates that lost stand there."""
    digits, trace, lengths = way.number.digits, way.trace, way.tables.lengths
    last, found, why = _DEFAULT, None, _NOTHING
    if winner is not None:
        last, found, why = winner.step, winner.matched, winner.match
    lost = _losers(candidates, winner)
    for step in range(_PORTING, last):
        what, rule = _WHAT[step]
        # one look-up for a complete number, one for each length of prefix that was tried
        probes = len(lengths) if step == _LONGEST else 1
        trace.append(Step(step, what, digits, None, rule, _NOTHING, probes, lost.get(step, ())))
    what, rule = _WHAT[last]
    tried = lengths.index(len(found)) + 1 if found and last == _LONGEST else _PROBES.get(last)
    trace.append(Step(last, what, digits, found, rule, why, tried, lost.get(last, ())))


def _losers(candidates: list[Candidate], winner: Candidate | None) -> dict[int, tuple[tuple[str, str], ...]]:
    """Say by step who was not taken: who leads nowhere stands at the own step, all others where they were beaten."""
    lost: dict[int, tuple[tuple[str, str], ...]] = {}
    for entry in candidates:
        if entry.key is None:
            lost[entry.step] = (*lost.get(entry.step, ()), (f"{entry.match} {entry.matched}", entry.why))
        elif winner is not None and entry is not winner:
            text, why = f"{entry.match} {entry.matched} of {entry.key}", _COMES_FIRST[winner.match]
            lost[winner.step] = (*lost.get(winner.step, ()), (text, why))
    return lost


_PORTING: Final = 4
_FULL: Final = 5
_LONGEST: Final = 6
_DEFAULT: Final = 7
_PROBES: Final = {_PORTING: 1, _FULL: 1}
_NOTHING: Final = "nothing there"
_OWN: Final = "our own carrier"
_COMES_FIRST: Final = {
    match: f"{match} comes first"
    for match in ("carrier", "routing-number", "ported-number", "full-number", "ddi-stem", "prefix", "default")
}
_WHAT: Final[dict[int, tuple[str, str]]] = {
    _PORTING: ("portability", "RFC4694-5"),
    _FULL: ("full-number", "complete numbers first"),
    _LONGEST: ("longest-match", "longest stem or prefix"),
    _DEFAULT: ("default", "default route"),
}


def ported_uri(digits: str, portability: Portability | None) -> str:
    """Write a global number with what is known of its porting; after a look-up always `npdi` (RFC 4694 §4)."""
    if portability is None:
        return f"tel:+{digits};npdi"
    return f"tel:+{digits}{_porting_parameters(portability.rn, portability.rn_context)}"


@lru_cache(maxsize=4096)
def _porting_parameters(rn: str | None, context: str | None) -> str:
    if rn is None:
        return ";npdi"
    return f";npdi;rn={rn}" if context is None else f";npdi;rn={rn};rn-context={context}"


def _request_uri(way: Way, operator: Operator) -> str:
    """Write the Request-URI as the operator wants it (RFC 4694 §5).

    An own routing number or carrier is taken off; `npdi` stays, so that nobody looks the number up again.
    """
    number, portability = way.number, way.portability
    if not number.parameters and (operator.porting is _NONE or (operator.porting is _RN and not operator.home)):
        return "tel:+" + number.digits if operator.porting is _NONE else ported_uri(number.digits, portability)
    kept = {name: value for name, value in number.parameters if name not in PORTING_PARAMETERS}
    if operator.porting is not _NONE or number.npdi:
        kept["npdi"] = None
    if number.cic is not None and not operator.home and _carrier(way, number.cic).why is not _OWN:
        kept["cic"] = number.cic
        if number.cic_context is not None:
            kept["cic-context"] = number.cic_context
    if operator.porting is _RN and portability.rn is not None and not operator.home:
        kept["rn"] = portability.rn
        if portability.rn_context is not None:
            kept["rn-context"] = portability.rn_context
    return tel_uri(number.digits, in_order(kept))
