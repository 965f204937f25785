"""What leads to operators beside numbers: routing numbers, carriers, services, the default route; by their names."""

from collections.abc import Mapping
from dataclasses import replace

from routing.normalise import Profile
from routing.tables import Key, Rows


def named_codes(rows: Rows, names: Mapping[Key, str]) -> Rows:
    """Give the codes, services and default route of `rows`, and nothing else, with the names of operators."""

    def named(owner: Key) -> str:
        return names.get(owner, str(owner))

    return Rows(
        operators={},
        routing_numbers=[(code, named(owner)) for code, owner in rows.routing_numbers],
        carriers=[(code, named(owner)) for code, owner in rows.carriers],
        services=[
            (digits, context, urn, None if owner is None else named(owner))
            for digits, context, urn, owner in rows.services
        ],
        default=None if rows.default is None else named(rows.default),
    )


def dialled_as_they_are(profiles: Mapping[str, Profile], codes: Rows) -> Mapping[str, Profile]:
    """Add the services of its country to the short codes of each dial plan: no area code belongs before them."""
    services: dict[str, set[str]] = {}
    for digits, context, _, _ in codes.services:
        services.setdefault(context, set()).add(digits)
    return {
        name: replace(profile, short_codes=profile.short_codes.union(services.get(profile.own_context(), ())))
        for name, profile in profiles.items()
    }
