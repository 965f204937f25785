"""Bodies of many subscribers out of rows: each table is read once for all of them, and no row becomes an object.

A field that has its default is left out of its body, which means the same.
"""

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from schemas.documents import CircuitSwitched, Contact, PrivateIdentity, PublicIdentity, RegistrationSet, Subscriber

Body = dict[str, Any]
Rows = Sequence[Sequence[Any]]

_LISTS: Final = frozenset(
    {
        "preferred_scscfs", "mandatory_capabilities", "optional_capabilities", "capability_names", "has_credentials",
        "forwardings", "path",
    }
)  # fmt: skip
_NUMBERS: Final = frozenset({"vlr_number", "msc_number", "voicebox"})
_FLAGS: Final = frozenset({"reassignment_pending", "barred", "may_register", "psi_active"})
_UNLIKE: Final = _LISTS | _NUMBERS | _FLAGS  # fields whose value is not that of the column
_CAPABILITIES: Final = {
    "mandatory_capabilities": "mandatory",
    "optional_capabilities": "optional",
    "capability_names": "names",
}
_CHARGING: Final = {
    name: name for name in ("primary_collection", "secondary_collection", "primary_event", "secondary_event")
}
_SCSCF: Final = {"scscf_name": "name", "scscf_host": "host", "scscf_realm": "realm"}
_ICSCF: Final = {"icscf_host": "host", "icscf_port": "port", "icscf_pool": "pool"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A table, and how its rows are asked for: by the identifiers in column `by_place` of the rows of `of`."""

    of: str
    by_place: int
    query: str
    fields: tuple[str, ...]  # of the columns behind the first two, which are the owner and the identifier
    model: type[BaseModel]


SUBSCRIPTIONS: Final = """
SELECT s.id, o.name, s.name, s.reassignment_pending, CAST(s.preferred_scscfs AS text),
s.access_charging_class, s.devices, s.forking, s.ring_time_s, s.scscf_name, s.scscf_host, s.scscf_realm,
CAST(s.mandatory_capabilities AS text), CAST(s.optional_capabilities AS text), CAST(s.capability_names AS text),
s.primary_collection, s.secondary_collection, s.primary_event, s.secondary_event
FROM subscription s JOIN operator o ON o.id = s.operator_id WHERE s.name > {0} ORDER BY s.name LIMIT {1}
"""
_OWN: Final = (
    "name", "reassignment_pending", "preferred_scscfs", "access_charging_class", "devices", "forking",
    "ring_time_s", *_SCSCF, *_CAPABILITIES, *_CHARGING,
)  # fmt: skip
PARTS: Final[Mapping[str, Part]] = {
    "private": Part(
        of="subscription",
        by_place=0,
        query="SELECT subscription_id, id, nai, imsi, scheme, CAST(secret_names AS text), amf, sqn, sealed"
        " FROM private_identity WHERE subscription_id {0} ORDER BY id",
        fields=("nai", "imsi", "scheme", "has_credentials", "amf", "sqn", "sealed"),
        model=PrivateIdentity,
    ),
    "set": Part(
        of="subscription",
        by_place=0,
        query="SELECT subscription_id, id, state FROM registration_set WHERE subscription_id {0} ORDER BY id",
        fields=("state",),
        model=RegistrationSet,
    ),
    "pair": Part(
        of="set",
        by_place=1,
        query="SELECT set_id, private_id, authentication_pending FROM registration WHERE set_id {0}"
        " ORDER BY private_id",
        fields=(),
        model=RegistrationSet,
    ),
    "public": Part(
        of="set",
        by_place=1,
        query="SELECT x.set_id, x.id, x.uri, x.kind, x.barred, x.may_register, x.display_name, p.name, x.psi_active,"
        " x.application_server FROM public_identity x LEFT JOIN service_profile p ON p.id = x.service_profile_id"
        " WHERE x.set_id {0} ORDER BY x.id",
        fields=(
            "uri",
            "kind",
            "barred",
            "may_register",
            "display_name",
            "service_profile",
            "psi_active",
            "application_server",
        ),
        model=PublicIdentity,
    ),
    "circuit": Part(
        of="subscription",
        by_place=0,
        query="SELECT x.subscription_id, x.id, x.imsi, x.vlr_number, x.msc_number, x.voicebox, x.preference,"
        " CAST(x.forwardings AS text), x.barring, x.icscf_host, x.icscf_port, p.name"
        " FROM circuit_switched x LEFT JOIN icscf_pool p ON p.id = x.icscf_pool_id WHERE x.subscription_id {0}",
        fields=("imsi", "vlr_number", "msc_number", "voicebox", "preference", "forwardings", "barring", *_ICSCF),
        model=CircuitSwitched,
    ),
    "msisdn": Part(
        of="circuit",
        by_place=1,
        query="SELECT circuit_switched_id, place, digits FROM msisdn WHERE circuit_switched_id {0}"
        " ORDER BY circuit_switched_id, place",
        fields=(),
        model=CircuitSwitched,
    ),
    "contact": Part(
        of="public",
        by_place=1,
        query="SELECT public_id, id, uri, CAST(path AS text), q, expires_at, instance, device FROM contact"
        " WHERE public_id {0}",
        fields=("uri", "path", "q", "expires_at", "instance", "device"),
        model=Contact,
    ),
}


def _defaults(model: type[BaseModel], fields: Iterable[str]) -> tuple[Any, ...]:
    """Collect the defaults as columns have them: an empty list is no value."""
    found = model.model_fields
    values = (found[name].get_default(call_default_factory=True) if name in found else None for name in fields)
    return tuple(None if value == [] else value for value in values)


_DEFAULTS: Final = {name: _defaults(part.model, part.fields) for name, part in PARTS.items()}
_OWN_DEFAULTS: Final = _defaults(Subscriber, _OWN)


class Window:
    """The rows of some subscribers, by owner."""

    def __init__(self, subscriptions: Rows, parts: Mapping[str, Rows], *, sealed: bool) -> None:
        self._subscriptions = subscriptions
        self._sealed = sealed
        self._of: dict[str, dict[int, list[Sequence[Any]]]] = {}
        for name, rows in parts.items():
            owned = self._of[name] = defaultdict(list)
            for row in rows:
                owned[row[0]].append(row)

    def bodies(self) -> Iterable[Body]:
        """Make the bodies, in the order of the subscriptions."""
        return map(self._body, self._subscriptions)

    def _body(self, row: Sequence[Any]) -> Body:
        own = row[0]
        body = _fields(_OWN, _OWN_DEFAULTS, row) | {"operator": row[1]}
        _gather(body, "scscf", _SCSCF)
        _gather(body, "capabilities", _CAPABILITIES)
        _gather(body, "charging", _CHARGING)
        privates = self._rows("private", own)
        names = {private[1]: private[2] for private in privates}
        body["private_identities"] = [self._private(private) for private in privates]
        groups = self._rows("set", own)
        body["sets"] = [self._set(group, names) for group in groups]
        for circuit in self._rows("circuit", own):
            body["circuit_switched"] = self._circuit(circuit)
        if contacts := [each for group in groups for each in self._contacts(group[1])]:
            body["contacts"] = [contact for _, contact in sorted(contacts, key=lambda each: each[0])]
        return body

    def _rows(self, part: str, owner: int) -> Sequence[Sequence[Any]]:
        return self._of[part].get(owner, ())

    def _private(self, row: Sequence[Any]) -> Body:
        body = _fields(PARTS["private"].fields, _DEFAULTS["private"], row)
        sealed = body.pop("sealed", None)
        if sealed is not None and self._sealed:
            body["sealed"] = base64.b64encode(sealed).decode()
        return body

    def _set(self, row: Sequence[Any], privates: Mapping[int, str]) -> Body:
        body = _fields(PARTS["set"].fields, _DEFAULTS["set"], row)
        part = PARTS["public"].fields, _DEFAULTS["public"]
        body["identities"] = [_fields(*part, public) for public in self._rows("public", row[1])]
        if pairs := self._rows("pair", row[1]):
            body["private_identities"] = [privates[private] for _, private, _ in pairs]
            if any(pending for _, _, pending in pairs):
                body["authentication_pending"] = True
        return body

    def _circuit(self, row: Sequence[Any]) -> Body:
        body = _fields(PARTS["circuit"].fields, _DEFAULTS["circuit"], row)
        _gather(body, "icscf", _ICSCF)
        body["msisdns"] = [f"+{digits}" for _, _, digits in self._rows("msisdn", row[1])]
        return body

    def _contacts(self, group: int) -> Iterable[tuple[int, Body]]:
        if not self._of["contact"]:
            return
        part = PARTS["contact"].fields, _DEFAULTS["contact"]
        for public in self._rows("public", group):
            for contact in self._rows("contact", public[1]):
                yield contact[1], {"identity": public[2], **_fields(*part, contact)}


def _fields(names: Sequence[str], defaults: tuple[Any, ...], row: Sequence[Any]) -> Body:
    """Name the columns behind the first two, but those that say nothing beyond the default.

    In most rows only the first of them says something.
    """
    if row[3:] == defaults[1:] and row[2] is not None and names[0] not in _UNLIKE:
        return {names[0]: row[2]} if row[2] != defaults[0] else {}
    body = {
        name: value
        for name, value, default in zip(names, row[2:], defaults, strict=True)
        if value is not None and value != default
    }
    for name in body.keys() & _UNLIKE:
        if name in _LISTS:
            body[name] = json.loads(body[name])
        elif name in _NUMBERS:
            body[name] = f"+{body[name]}"
        else:
            body[name] = bool(body[name])
    return body


def _gather(body: Body, name: str, names: Mapping[str, str]) -> None:
    """Move fields into an object of their own."""
    if not names.keys().isdisjoint(body):
        body[name] = {field: body.pop(column) for column, field in names.items() if column in body}
