"""The decision: any called number to operator, entry node, I-CSCF, S-CSCF and forking plan, with every reason.

`route` is one pure function; ENUM, the SIP redirect server, HTTP and the command line all call it, and so agree.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from routing.entering import choose_icscf, enter, serve
from routing.following import fork_contacts, locate
from routing.normalise import Code, Number, NumberError, Profile, Stems, in_order, normalise
from routing.plan import Outcome, Plan, Query, Step
from routing.portability import PORTING_PARAMETERS, find_operator
from routing.ports import State
from routing.tables import Tables
from routing.way import Way

ROUTED: Final = Outcome("routed")
SERVICE: Final = Outcome("service")
UNKNOWN_CONTEXT: Final = Outcome("unknown", 404, 1, why="a local number, and its context leads nowhere")

_EMPTY_STATE: Final = State()


def route(query: Query, tables: Tables, state: State = _EMPTY_STATE) -> Plan:
    """Follow a called number to its end. Never raises for what was called: that is an outcome."""
    way = Way(query, tables, state)
    for step in _STEPS:
        outcome = step(way)
        if outcome is not None:
            return way.plan(outcome)
    return way.plan(ROUTED)


def _normalise(way: Way) -> Outcome | None:
    """Read the number, and see by the stems whether it is complete (steps 1 and 2)."""
    query = way.query
    profile = query.profile
    stems = _stems(way.tables.stems, profile.stems)
    try:
        number = normalise(query.kind, query.called, profile, stems)
    except NumberError as error:
        way.error = error
        if query.explain:
            step, what = (2, "ddi") if error.code in {Code.INCOMPLETE, Code.DDI_TOO_LONG} else (1, "normalise")
            way.trace.append(Step(step, what, query.shown, error.code, error.rule, error.why))
        return _refused(error)
    if query.dipped:
        number = number._replace(npdi=True, parameters=in_order(dict(number.parameters) | {"npdi": None}))
    way.number = number if query.trusted or not number.parameters else _distrusted(number)
    if query.explain:
        _explain_number(way, number, profile)
    if number.cc is not None:
        way.tel_uri = "tel:+" + number.digits
        return None
    return _local(way, number)


def _stems(listed: Stems, own: Stems) -> Stems:
    if not own:
        return listed
    return _merged(listed, own) if listed else own


@lru_cache(maxsize=16)
def _merged(listed: Stems, own: Stems) -> Stems:
    return Stems({**listed.ranges, **own.ranges})


def _refused(error: NumberError) -> Outcome:
    if error.code is Code.INCOMPLETE:
        status = "incomplete"
    else:
        status = "unknown" if error.code is Code.DDI_TOO_LONG else "invalid"
    return Outcome(status, error.sip_status, error.isup_cause, error.code, error.why)


def _distrusted(number: Number) -> Number:
    """Ignore what an untrusted peer says of portability (RFC 4694 §5)."""
    kept = tuple([entry for entry in number.parameters if entry[0] not in PORTING_PARAMETERS])
    return number._replace(parameters=kept, npdi=False, rn=None, rn_context=None, cic=None, cic_context=None)


def _explain_number(way: Way, number: Number, profile: Profile) -> None:
    found = number.e164 or number.tel_uri
    why = ", ".join(number.warnings) or None
    way.trace.append(Step(1, "normalise", way.query.shown, found, number.rule, why))
    if number.ddi_stem is None:
        way.trace.append(
            Step(2, "ddi", number.digits, None, "no stem", "only a stem can say that a number is complete")
        )
        return
    stem = number.ddi_stem
    least, most = _stems(way.tables.stems, profile.stems).ranges[stem]
    why = f"{len(number.ddi_ext or '')} digits after the stem"
    way.trace.append(Step(2, "ddi", number.digits, stem, f"stem {stem} min {least} max {most}", why))


def _local(way: Way, number: Number) -> Outcome:
    """Step 3: emergency numbers, short codes and numbers of private plans never become global."""
    way.tel_uri = number.tel_uri
    service = way.tables.services.get((number.digits, number.phone_context or ""))
    urn = (service.urn if service else None) or number.service
    known = service is not None or (number.service is not None and number.route_status is None)
    outcome = SERVICE if known else UNKNOWN_CONTEXT
    if known:
        way.request_uri = urn or way.tel_uri
    if way.query.explain:
        way.trace.append(Step(3, "service", number.tel_uri, way.request_uri, "RFC3966-5.1", outcome.why))
    if service is not None and service.operator is not None:
        serve(way, service.operator)
    return outcome


# The order of the decision. The first step with an outcome ends it.
_STEPS: Final[tuple[Callable[[Way], Outcome | None], ...]] = (
    _normalise,
    find_operator,
    enter,
    choose_icscf,
    locate,
    fork_contacts,
)
