"""How the users of operators dial, and which codes and services lead to operators, for the routing tables."""

import json
from typing import Any, Final

from sqlalchemy import select

from hss.store import tables as t
from hss.store.database import Database
from hss.store.prepared import Prepared, Row
from routing.normalise import Profile
from routing.tables import Rows

_operator, _service = t.operator.c, t.service_number.c

_PLAIN: Final = {  # by the names that they have in profiles
    "name": _operator.name,
    "cc": _operator.country_code,
    "ndc": _operator.area_code,
    "trunk": _operator.trunk_prefix,
    "intl": _operator.international_prefix,
    "rn_len": _operator.routing_number_length,
    "strict_e164": _operator.strict_e164,
}
_LISTS: Final = {
    "carrier_selection": (_operator.carrier_selection_prefixes, tuple),
    "emergency": (_operator.emergency_numbers, frozenset),
    "short_codes": (_operator.short_codes, frozenset),
    "contexts": (_operator.phone_contexts, dict),
}
DIAL_PLANS: Final = Prepared(select(*_PLAIN.values(), *(column for column, _ in _LISTS.values())))
ROUTING_NUMBERS: Final = Prepared(select(t.routing_number.c.code, t.routing_number.c.operator_id))
CARRIERS: Final = Prepared(select(t.carrier.c.code, t.carrier.c.operator_id))
SERVICES: Final = Prepared(select(_service.digits, _service.context, _service.urn, _service.operator_id))
DEFAULT: Final = Prepared(select(_operator.id).where(_operator.default_route))


async def read_profiles(database: Database) -> dict[str, Profile]:
    """Read the dial plans, by the names of operators."""
    profiles = map(_profile, await database.fetch_slowly(DIAL_PLANS))
    return {profile.name: profile for profile in profiles}


def _profile(row: Row) -> Profile:
    plain: dict[str, Any] = dict(zip(_PLAIN, row[: len(_PLAIN)], strict=True))
    plain["strict_e164"] = bool(plain["strict_e164"])
    texts = zip(_LISTS.items(), row[len(_PLAIN) :], strict=True)
    lists = {name: kind(json.loads(text)) for (name, (_, kind)), text in texts if text is not None}
    return Profile(**plain, **lists)


async def read_codes(database: Database) -> Rows:
    """Read what leads to operators beside their numbers, and nothing else."""
    fetch = database.fetch_slowly
    return Rows(
        operators={},
        routing_numbers=[(code, owner) for code, owner in await fetch(ROUTING_NUMBERS)],
        carriers=[(code, owner) for code, owner in await fetch(CARRIERS)],
        services=[(digits, context, urn, owner) for digits, context, urn, owner in await fetch(SERVICES)],
        default=next((row[0] for row in await fetch(DEFAULT)), None),
    )
