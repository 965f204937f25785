"""Whole subscribers into the database: the rows of a document, and what they may clash with."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Column, Select, Table, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hss.services.administration import Refused, Taken
from hss.store import tables as t
from hss.store.numbering import capability_values, digits_of, entry_values
from hss.store.sealing import Sealer
from schemas.documents import (
    WILDCARDED,
    CircuitSwitched,
    Credentials,
    PrivateIdentity,
    PublicIdentity,
    RegistrationSet,
    Subscriber,
)
from schemas.identities import Wildcard
from schemas.states import RegistrationState

Pairs = Mapping[str, set[str]]  # public identity -> private identities
_PLAIN: Final = ("name", "reassignment_pending", "access_charging_class", "devices", "forking", "ring_time_s")


@dataclass(slots=True, kw_only=True)
class Before:
    """What the database held of a subscription before the change."""

    identities: set[str] = field(default_factory=set)
    msisdns: set[str] = field(default_factory=set)
    wildcards: bool = False
    secrets: dict[str, tuple[bytes | None, list[str] | None]] = field(default_factory=dict)
    registered: dict[str, set[str]] = field(default_factory=dict)
    pending: dict[str, set[str]] = field(default_factory=dict)


def sets_of(identifier: int) -> Select[tuple[int]]:
    """Select the registration sets of a subscription."""
    return select(t.registration_set.c.id).where(t.registration_set.c.subscription_id == identifier)


async def before(connection: AsyncConnection, identifier: int) -> Before:
    """Read what a change keeps of the old state, and what it has to announce."""
    public, private, pair, circuit = t.public_identity, t.private_identity, t.registration, t.circuit_switched
    found = Before()
    own = select(public.c.uri, public.c.wildcard_prefix).where(public.c.set_id.in_(sets_of(identifier)))
    for uri, prefix in await connection.execute(own):
        found.identities.add(uri)
        found.wildcards |= prefix is not None
    numbers = select(t.msisdn.c.digits).join_from(t.msisdn, circuit).where(circuit.c.subscription_id == identifier)
    found.msisdns.update((await connection.execute(numbers)).scalars())
    secrets = select(private.c.nai, private.c.sealed, private.c.secret_names).where(
        private.c.subscription_id == identifier
    )
    found.secrets = {nai: (sealed, names) for nai, sealed, names in await connection.execute(secrets)}
    pairs = (
        select(public.c.uri, private.c.nai, pair.c.registered, pair.c.authentication_pending)
        .select_from(pair.join(private, pair.c.private_id == private.c.id))
        .join(public, public.c.set_id == pair.c.set_id)
        .where(pair.c.set_id.in_(sets_of(identifier)), pair.c.registered | pair.c.authentication_pending)
    )
    for uri, nai, registered, pending in await connection.execute(pairs):
        if registered:
            found.registered.setdefault(uri, set()).add(nai)
        if pending:
            found.pending.setdefault(uri, set()).add(nai)
    return found


def refuse_contradictions(document: Subscriber) -> None:
    """Raise `Refused` where parts of a document contradict each other."""
    _refuse_doubles(document)
    for index, group in enumerate(document.sets):
        if group.state is not RegistrationState.NOT_REGISTERED and document.scscf is None:
            raise Refused("scscf", f"a set that is {group.state.value} has an S-CSCF (TS 29.228 6.1.2)")
        if group.authentication_pending and not group.private_identities:
            raise Refused(
                f"sets.{index}.authentication_pending", "needs a private identity in the set (TS 29.228 6.3.1)"
            )


def _refuse_doubles(document: Subscriber) -> None:
    places: list[tuple[str, str | None]] = [
        (f"private_identities.{index}.imsi", private.imsi) for index, private in enumerate(document.private_identities)
    ]
    _refuse_twins(places)
    if document.circuit_switched:
        numbers = enumerate(document.circuit_switched.msisdns)
        _refuse_twins([(f"circuit_switched.msisdns.{index}", number) for index, number in numbers])
    contacts = enumerate(document.contacts)
    _refuse_twins([(f"contacts.{index}.uri", f"{each.uri} of {each.identity}") for index, each in contacts])
    for index, group in enumerate(document.sets):
        named = enumerate(group.private_identities)
        _refuse_twins([(f"sets.{index}.private_identities.{place}", nai) for place, nai in named])


def _refuse_twins(places: Iterable[tuple[str, str | None]]) -> None:
    seen = set()
    for path, value in places:
        if value is not None and value in seen:
            raise Refused(path, f"{value} stands there twice")
        seen.add(value)


async def refuse_taken(connection: AsyncConnection, document: Subscriber, identifier: int) -> None:
    """Raise `Taken` where an identity belongs to another subscription than `identifier`."""
    private, public, circuit = t.private_identity, t.public_identity, t.circuit_switched
    privates = list(enumerate(document.private_identities))
    cs = document.circuit_switched
    checks: list[tuple[Column[Any], Table, dict[str, str]]] = [
        (private.c.nai, private, {each.nai: f"private_identities.{index}.nai" for index, each in privates}),
        (
            private.c.imsi,
            private,
            {each.imsi: f"private_identities.{index}.imsi" for index, each in privates if each.imsi},
        ),
        (
            public.c.uri,
            t.registration_set,
            {
                each.uri: f"sets.{outer}.identities.{inner}.uri"
                for outer, group in enumerate(document.sets)
                for inner, each in enumerate(group.identities)
            },
        ),
        (circuit.c.imsi, circuit, {cs.imsi: "circuit_switched.imsi"} if cs and cs.imsi else {}),
        (
            t.msisdn.c.digits,
            circuit,
            {number[1:]: f"circuit_switched.msisdns.{index}" for index, number in enumerate(cs.msisdns)} if cs else {},
        ),
    ]
    for column, owner, places in checks:
        if places:
            await _refuse_taken(connection, column, owner, places, identifier)


async def _refuse_taken(
    connection: AsyncConnection, column: Column[Any], owner: Table, places: Mapping[str, str], identifier: int
) -> None:
    source = column.table if column.table is owner else column.table.join(owner)
    query = (
        select(column, t.subscription.c.name)
        .select_from(source.join(t.subscription, owner.c.subscription_id == t.subscription.c.id))
        .where(column.in_(list(places)), t.subscription.c.id != identifier)
    )
    for value, name in await connection.execute(query):
        raise Taken(places[value], f"{value} belongs to subscriber {name!r}")


def own_values(document: Subscriber, operator_id: int) -> dict[str, Any]:
    """Make the row of the subscription without its version."""
    scscf = document.scscf
    return (
        {name: getattr(document, name) for name in _PLAIN}
        | document.charging.model_dump()
        | capability_values(document.capabilities)
        | {
            "operator_id": operator_id,
            "scscf_name": scscf and scscf.name,
            "scscf_host": scscf and scscf.host,
            "scscf_realm": scscf and scscf.realm,
            "preferred_scscfs": document.preferred_scscfs or None,
        }
    )


def sealed_credentials(
    sealer: Sealer | None, nai: str, given: Credentials, path: str
) -> tuple[bytes | None, list[str]]:
    """Seal the secrets that are given; raise `Refused` where there is no key."""
    secrets = given.model_dump(exclude_none=True)
    if not secrets:
        return None, []
    if sealer is None:
        raise Refused(path, "cannot be stored: the configuration has no key to seal secrets with")
    return sealer.seal(json.dumps(secrets).encode(), nai), sorted(secrets)


class PartWriter:
    """Writes the parts of one subscription."""

    def __init__(self, connection: AsyncConnection, identifier: int, old: Before, sealer: Sealer | None) -> None:
        self._connection = connection
        self._identifier = identifier
        self._old = old
        self._sealer = sealer

    async def drop(self) -> None:
        """Remove all parts, those that others point at last."""
        sets = sets_of(self._identifier)
        public = select(t.public_identity.c.id).where(t.public_identity.c.set_id.in_(sets))
        circuit = select(t.circuit_switched.c.id).where(t.circuit_switched.c.subscription_id == self._identifier)
        for table, condition in (
            (t.contact, t.contact.c.public_id.in_(public)),
            (t.public_identity, t.public_identity.c.set_id.in_(sets)),
            (t.registration, t.registration.c.set_id.in_(sets)),
            (t.registration_set, t.registration_set.c.subscription_id == self._identifier),
            (t.private_identity, t.private_identity.c.subscription_id == self._identifier),
            (t.msisdn, t.msisdn.c.circuit_switched_id.in_(circuit)),
            (t.circuit_switched, t.circuit_switched.c.subscription_id == self._identifier),
        ):
            await self._connection.execute(delete(table).where(condition))

    async def write(self, document: Subscriber) -> None:
        """Add the rows of all parts; raise `Refused` for a reference to nothing."""
        privates = await self._privates(document.private_identities)
        profiles = await self._profiles(document.sets)
        sets = await self._insert(
            t.registration_set,
            [{"subscription_id": self._identifier, "state": group.state} for group in document.sets],
        )
        publics: dict[str, int] = {}
        pairs = []
        for group, set_id in zip(document.sets, sets, strict=True):
            rows = [_public(each, set_id, profiles) for each in group.identities]
            identifiers = await self._insert(t.public_identity, rows)
            publics |= zip((each.uri for each in group.identities), identifiers, strict=True)
            pairs += self._pairs(group, set_id, privates)
        if pairs:
            await self._connection.execute(insert(t.registration), pairs)
        if document.contacts:
            rows = [_contact(each.model_dump(), publics) for each in document.contacts]
            await self._connection.execute(insert(t.contact), rows)
        if document.circuit_switched:
            await self._circuit(document.circuit_switched)

    async def _insert(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[int]:
        if not rows:
            return []
        added = insert(table).returning(table.c.id, sort_by_parameter_order=True)
        return list((await self._connection.execute(added, rows)).scalars())

    async def _privates(self, privates: Sequence[PrivateIdentity]) -> dict[str, int]:
        rows = []
        for index, each in enumerate(privates):
            sealed, names = self._old.secrets.get(each.nai, (None, None))
            if each.credentials is not None:
                path = f"private_identities.{index}.credentials"
                sealed, names = sealed_credentials(self._sealer, each.nai, each.credentials, path)
            rows.append(
                each.model_dump(exclude={"has_credentials"})
                | {"subscription_id": self._identifier, "sealed": sealed, "secret_names": names or None}
            )
        identifiers = await self._insert(t.private_identity, rows)
        return dict(zip((each.nai for each in privates), identifiers, strict=True))

    async def _profiles(self, sets: Sequence[RegistrationSet]) -> dict[str, int]:
        profile = t.service_profile.c
        places = {
            each.service_profile: f"sets.{outer}.identities.{inner}.service_profile"
            for outer, group in enumerate(sets)
            for inner, each in enumerate(group.identities)
            if each.service_profile is not None
        }
        if not places:
            return {}
        query = select(profile.name, profile.id).where(profile.name.in_(places))
        query = query.with_for_update(read=True, key_share=True)
        found: dict[str, int] = {row[0]: row[1] for row in await self._connection.execute(query)}
        for name, path in places.items():
            if name not in found:
                raise Refused(path, f"there is no service profile {name!r}")
        return found

    def _pairs(self, group: RegistrationSet, set_id: int, privates: Mapping[str, int]) -> list[dict[str, Any]]:
        registered = _among(group, self._old.registered) if group.state is RegistrationState.REGISTERED else set()
        pending = _among(group, self._old.pending) if group.authentication_pending else set()
        return [
            {
                "set_id": set_id,
                "private_id": privates[nai],
                "registered": nai in registered,
                "authentication_pending": nai in pending,
            }
            for nai in group.private_identities
        ]

    async def _circuit(self, side: CircuitSwitched) -> None:
        row = {
            "subscription_id": self._identifier,
            "imsi": side.imsi,
            "vlr_number": digits_of(side.vlr_number),
            "msc_number": digits_of(side.msc_number),
            "voicebox": digits_of(side.voicebox),
            "preference": side.preference,
            "barring": side.barring,
            "forwardings": [each.model_dump(mode="json") for each in side.forwardings] or None,
        } | await entry_values(self._connection, side.icscf, "circuit_switched.icscf")
        (identifier,) = await self._insert(t.circuit_switched, [row])
        numbers = [
            {"digits": digits_of(number), "circuit_switched_id": identifier, "place": place}
            for place, number in enumerate(side.msisdns)
        ]
        await self._connection.execute(insert(t.msisdn), numbers)


def _among(group: RegistrationSet, old: Pairs) -> set[str]:
    """Choose the private identities of a set that a state holds for: those of before, or all where there are none."""
    kept = {nai for public in group.identities for nai in old.get(public.uri, ())}
    return kept & set(group.private_identities) or set(group.private_identities)


def _public(each: PublicIdentity, set_id: int, profiles: Mapping[str, int]) -> dict[str, Any]:
    row = each.model_dump(exclude={"service_profile"})
    return row | {
        "set_id": set_id,
        "service_profile_id": profiles.get(each.service_profile or ""),
        "wildcard_prefix": Wildcard.parse(each.uri).prefix if each.kind in WILDCARDED else None,
    }


def _contact(row: dict[str, Any], publics: Mapping[str, int]) -> dict[str, Any]:
    row["public_id"] = publics[row.pop("identity")]
    row["path"] = row["path"] or None
    return row
