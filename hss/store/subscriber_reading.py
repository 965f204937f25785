"""Whole subscribers out of the database: all parts in one statement, so all are of the same moment.

Each row of the result is one row of a table: the subscription, the number of the part, the columns as JSON.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, FromClause, Select, bindparam, literal_column, select, union_all

from hss.store import tables as t
from hss.store.prepared import JsonRow, Prepared, Row

Parts = Mapping[int, Sequence[Sequence[Any]]]

SUBSCRIPTION, PRIVATE, SET, PAIR, PUBLIC, CIRCUIT, MSISDN, CONTACT = range(8)
_OWN: Final = (
    "name", "version", "scscf_name", "scscf_host", "scscf_realm", "reassignment_pending", "preferred_scscfs",
    "mandatory_capabilities", "optional_capabilities", "capability_names", "primary_collection",
    "secondary_collection", "primary_event", "secondary_event", "access_charging_class", "devices", "forking",
    "ring_time_s",
)  # fmt: skip
_PRIVATE: Final = ("id", "nai", "imsi", "scheme", "secret_names", "amf", "sqn")
_PUBLIC: Final = (
    "id", "set_id", "uri", "kind", "barred", "may_register", "display_name", "psi_active", "application_server",
)  # fmt: skip
_CIRCUIT: Final = (
    "imsi", "vlr_number", "msc_number", "voicebox", "icscf_host", "icscf_port", "preference", "forwardings", "barring",
)  # fmt: skip
_CONTACT: Final = ("id", "uri", "path", "q", "expires_at", "instance", "device")
_CHARGING: Final = ("primary_collection", "secondary_collection", "primary_event", "secondary_event")
_PLAIN: Final = ("name", "access_charging_class", "devices", "forking", "ring_time_s")
_NUMBERS: Final = ("vlr_number", "msc_number", "voicebox")


def _part(
    number: int, source: FromClause, columns: Iterable[ColumnElement[Any]], owner: ColumnElement[int], chosen: CTE
) -> Select[Any]:
    # Not a join: SQLite, which has no statistics of a new database, would begin a join at the wrong end.
    row: Select[Any] = select(owner.label("owner")).add_columns(
        literal_column(str(number)).label("part"), JsonRow(*columns).label("row")
    )
    return row.select_from(source).where(owner.in_(select(chosen.c.id)))


def subscribers_of(choice: Select[Any]) -> Prepared:
    """Prepare the reading of the subscriptions whose identifiers `choice` selects."""
    chosen = choice.cte("chosen").prefix_with("MATERIALIZED")
    own, private, group, pair = t.subscription, t.private_identity, t.registration_set, t.registration
    public, circuit, number, contact = t.public_identity, t.circuit_switched, t.msisdn, t.contact
    pools, profiles = t.icscf_pool, t.service_profile
    return Prepared(
        union_all(
            _part(
                SUBSCRIPTION,
                own.join(t.operator, own.c.operator_id == t.operator.c.id),
                [*(own.c[name] for name in _OWN), t.operator.c.name],
                own.c.id,
                chosen,
            ),
            _part(PRIVATE, private, (private.c[name] for name in _PRIVATE), private.c.subscription_id, chosen),
            _part(SET, group, (group.c.id, group.c.state), group.c.subscription_id, chosen),
            _part(
                PAIR,
                pair.join(group, pair.c.set_id == group.c.id).join(private, pair.c.private_id == private.c.id),
                (private.c.id, pair.c.set_id, private.c.nai, pair.c.registered, pair.c.authentication_pending),
                group.c.subscription_id,
                chosen,
            ),
            _part(
                PUBLIC,
                public.join(group, public.c.set_id == group.c.id).outerjoin(
                    profiles, public.c.service_profile_id == profiles.c.id
                ),
                [*(public.c[name] for name in _PUBLIC), profiles.c.name],
                group.c.subscription_id,
                chosen,
            ),
            _part(
                CIRCUIT,
                circuit.outerjoin(pools, circuit.c.icscf_pool_id == pools.c.id),
                [*(circuit.c[name] for name in _CIRCUIT), pools.c.name],
                circuit.c.subscription_id,
                chosen,
            ),
            _part(
                MSISDN,
                number.join(circuit, number.c.circuit_switched_id == circuit.c.id),
                (number.c.place, number.c.digits),
                circuit.c.subscription_id,
                chosen,
            ),
            _part(
                CONTACT,
                contact.join(public, contact.c.public_id == public.c.id).join(group, public.c.set_id == group.c.id),
                [*(contact.c[name] for name in _CONTACT), public.c.uri],
                group.c.subscription_id,
                chosen,
            ),
        )
    )


ONE: Final = subscribers_of(select(t.subscription.c.id).where(t.subscription.c.id == bindparam("id")))
NAMED: Final = subscribers_of(select(t.subscription.c.id).where(t.subscription.c.name == bindparam("name")))


def assembled(rows: Sequence[Row]) -> list[tuple[dict[str, Any], int]]:
    """Make the bodies of subscribers, in the order of their names, each with its version."""
    found: dict[int, dict[int, list[list[Any]]]] = defaultdict(lambda: defaultdict(list))
    for identifier, part, row in rows:
        found[identifier][part].append(json.loads(row))
    bodies = [_subscriber(parts) for parts in found.values()]
    return sorted(bodies, key=lambda body: str(body[0]["name"]))


def _subscriber(parts: dict[int, list[list[Any]]]) -> tuple[dict[str, Any], int]:
    for number in (PRIVATE, SET, PAIR, PUBLIC, MSISDN, CONTACT):
        parts[number].sort(key=lambda row: int(row[0]))  # identifiers rise in the order of writing
    (row,) = parts[SUBSCRIPTION]
    own = dict(zip(_OWN, row, strict=False))
    body = {name: own[name] for name in _PLAIN} | {
        "operator": row[-1],
        "private_identities": [_private(each) for each in parts[PRIVATE]],
        "sets": [_set(each, parts) for each in parts[SET]],
        "circuit_switched": _circuit(parts[CIRCUIT][0], parts[MSISDN]) if parts[CIRCUIT] else None,
        "scscf": _scscf(own),
        "reassignment_pending": bool(own["reassignment_pending"]),
        "preferred_scscfs": own["preferred_scscfs"] or [],
        "capabilities": _capabilities(own),
        "charging": {name: own[name] for name in _CHARGING},
        "contacts": [_contact(each) for each in parts[CONTACT]],
    }
    return body, own["version"]


def _private(row: Sequence[Any]) -> dict[str, Any]:
    body = dict(zip(_PRIVATE[1:], row[1:], strict=True))
    return body | {"has_credentials": body.pop("secret_names") or []}


def _set(row: Sequence[Any], parts: Parts) -> dict[str, Any]:
    identifier, state = row
    pairs = [pair for pair in parts[PAIR] if pair[1] == identifier]
    return {
        "identities": [_public(each) for each in parts[PUBLIC] if each[1] == identifier],
        "private_identities": [nai for _, _, nai, _, _ in pairs],
        "state": state,
        "authentication_pending": any(pending for *_, pending in pairs),
    }


def _public(row: Sequence[Any]) -> dict[str, Any]:
    body = dict(zip(_PUBLIC[2:], row[2:], strict=False))
    for name in ("barred", "may_register", "psi_active"):
        body[name] = bool(body[name])
    return body | {"service_profile": row[-1]}


def _circuit(row: Sequence[Any], msisdns: Sequence[Sequence[Any]]) -> dict[str, Any]:
    body = dict(zip(_CIRCUIT, row, strict=False))
    host, port, pool = body.pop("icscf_host"), body.pop("icscf_port"), row[-1]
    for name in _NUMBERS:
        body[name] = body[name] and "+" + body[name]
    return body | {
        "msisdns": ["+" + digits for _, digits in msisdns],
        "icscf": {"host": host, "port": port, "pool": pool} if host or pool else None,
        "forwardings": body["forwardings"] or [],
    }


def _scscf(own: Mapping[str, Any]) -> dict[str, Any] | None:
    if own["scscf_name"] is None:
        return None
    return {"name": own["scscf_name"], "host": own["scscf_host"], "realm": own["scscf_realm"]}


def _capabilities(own: Mapping[str, Any]) -> dict[str, Any] | None:
    found = own["mandatory_capabilities"], own["optional_capabilities"], own["capability_names"]
    if found == (None, None, None):
        return None
    mandatory, optional, names = found
    return {"mandatory": mandatory or [], "optional": optional or [], "names": names or []}


def _contact(row: Sequence[Any]) -> dict[str, Any]:
    body = dict(zip(_CONTACT[1:], row[1:], strict=False))
    return body | {"path": body["path"] or [], "identity": row[-1]}
