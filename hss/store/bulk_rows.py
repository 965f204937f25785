"""Rows of many subscribers for one batch, with identifiers that are relative to the batch.

Which of its rows a subscriber has is told by its entry, the number of the subscriber in the batch. A layout names the
columns that rows of a table bring; the other columns get their defaults.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel

from hss.services.administration import Refused, RefusedLine
from hss.store.numbering import digits_of
from hss.store.sealing import Sealer
from hss.store.subscriber_writing import own_values, sealed_credentials
from schemas.documents import WILDCARDED, CircuitSwitched, PrivateIdentity, PublicIdentity, RegistrationSet, Subscriber
from schemas.identities import Wildcard
from schemas.states import RegistrationState
from schemas.subscriber import (
    CircuitSwitchedRow,
    ContactRow,
    MsisdnRow,
    PrivateIdentityRow,
    PublicIdentityRow,
    RegistrationRow,
    RegistrationSetRow,
    SubscriptionRow,
)

Layout = Mapping[str, tuple[str, ...]]
Row = tuple[Any, ...]
Sealed = Mapping[str, tuple[bytes, list[str]]]  # private identity -> its secrets, encrypted, and their names

# In the order of writing: what others point at comes first.
MODELS: Final[Mapping[str, type[BaseModel]]] = {
    "subscription": SubscriptionRow,
    "private_identity": PrivateIdentityRow,
    "registration_set": RegistrationSetRow,
    "registration": RegistrationRow,
    "public_identity": PublicIdentityRow,
    "circuit_switched": CircuitSwitchedRow,
    "msisdn": MsisdnRow,
    "contact": ContactRow,
}
NUMBERED: Final = tuple(name for name in MODELS if "id" in MODELS[name].model_fields)
RELATIVE: Final[Mapping[str, str]] = {  # column -> the table whose identifiers it holds
    "subscription_id": "subscription",
    "set_id": "registration_set",
    "private_id": "private_identity",
    "public_id": "public_identity",
    "circuit_switched_id": "circuit_switched",
}
WHOLE: Final[Layout] = {name: tuple(model.model_fields) for name, model in MODELS.items()}
PLAIN: Final[Layout] = {
    "subscription": ("id", "name", "operator_id"),
    "private_identity": ("id", "subscription_id", "nai", "imsi", "sealed", "secret_names", "amf", "sqn"),
    "registration_set": ("id", "subscription_id"),
    "registration": ("set_id", "private_id"),
    "public_identity": ("id", "set_id", "uri", "barred", "service_profile_id"),
    "circuit_switched": ("id", "subscription_id", "imsi", "vlr_number", "msc_number", "voicebox", "preference"),
    "msisdn": ("digits", "circuit_switched_id"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorFacts:
    """What rows and derived identities need of an operator."""

    id: int
    home_domain: str
    mnc: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """Records that subscribers name, as they were when the import began or last looked."""

    operators: Mapping[str, OperatorFacts]
    profiles: Mapping[str, int]
    pools: Mapping[str, int]


def _no_rows() -> dict[str, list[Row]]:
    return {name: [] for name in MODELS}


@dataclass(slots=True, kw_only=True)
class Batch:
    """What some lines of a bulk file become."""

    last: int  # line
    lines: list[int] = field(default_factory=list)  # of each entry
    short: bytearray = field(default_factory=bytearray)  # of each entry: 1 where the line is a short form
    keeps_secrets: dict[int, list[int]] = field(default_factory=dict)  # entry -> privates without new secrets
    plain: dict[str, list[Row]] = field(default_factory=_no_rows)
    whole: dict[str, list[Row]] = field(default_factory=_no_rows)
    used: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NUMBERED, 0))
    refused: list[RefusedLine] = field(default_factory=list)

    def layers(self) -> Iterable[tuple[Layout, Mapping[str, list[Row]]]]:
        """Give both kinds of rows with their layouts."""
        return (PLAIN, self.plain), (WHOLE, self.whole)

    def number(self, table: str) -> int:
        """Take the next relative identifier."""
        number = self.used[table]
        self.used[table] = number + 1
        return number

    def enter(self, line: int, *, short: bool) -> int:
        """Begin a subscriber; return its entry, which is the relative identifier of its subscription."""
        self.lines.append(line)
        self.short.append(short)
        return self.number("subscription")


class DocumentRows:
    """Makes the rows of one whole document for a batch, without putting them there."""

    def __init__(self, batch: Batch, references: References, sealer: Sealer | None) -> None:
        self._batch = batch
        self._references = references
        self._sealer = sealer
        self._entry = batch.used["subscription"]
        self._privates: dict[str, int] = {}
        self._publics: dict[str, int] = {}
        self.made = _no_rows()
        self.keeps_secrets: list[int] = []

    def make(self, document: Subscriber, sealed: Sealed) -> None:
        """Make all rows; raise `Refused` for references to nothing and for text that not every database holds.

        `sealed`: secrets by private identity that come encrypted already.
        """
        operator = self._references.operators.get(document.operator)
        if operator is None:
            raise Refused("operator", f"there is no operator {document.operator!r}")
        self._add("subscription", own_values(document, operator.id) | {"id": self._entry, "version": 1}, "")
        for index, private in enumerate(document.private_identities):
            self._private(private, sealed.get(private.nai), f"private_identities.{index}.")
        for index, group in enumerate(document.sets):
            self._set(group, f"sets.{index}.")
        for index, contact in enumerate(document.contacts):
            row = contact.model_dump(exclude={"identity"})
            place = {"id": self._batch.number("contact"), "public_id": self._publics[contact.identity]}
            self._add("contact", row | place | {"path": contact.path or None}, f"contacts.{index}.")
        if document.circuit_switched:
            self._circuit(document.circuit_switched)

    def enter(self, line: int, *, short: bool) -> None:
        """Put what was made into the batch."""
        entry = self._batch.enter(line, short=short)
        for table, rows in self.made.items():
            self._batch.whole[table] += rows
        if self.keeps_secrets:
            self._batch.keeps_secrets[entry] = self.keeps_secrets

    def _private(self, private: PrivateIdentity, given: tuple[bytes, list[str]] | None, path: str) -> None:
        number = self._privates[private.nai] = self._batch.number("private_identity")
        sealed, names = given or (None, [])
        if private.credentials is not None:
            sealed, names = sealed_credentials(self._sealer, private.nai, private.credentials, path + "credentials")
        elif given is None:
            self.keeps_secrets.append(number)
        row = private.model_dump(exclude={"has_credentials"})
        row |= {"id": number, "subscription_id": self._entry, "sealed": sealed, "secret_names": names or None}
        self._add("private_identity", row, path)

    def _set(self, group: RegistrationSet, path: str) -> None:
        number = self._batch.number("registration_set")
        self._add("registration_set", {"id": number, "subscription_id": self._entry, "state": group.state}, path)
        for nai in group.private_identities:
            row = {
                "set_id": number,
                "private_id": self._privates[nai],
                "registered": group.state is RegistrationState.REGISTERED,
                "authentication_pending": group.authentication_pending,
            }
            self._add("registration", row, path)
        for index, public in enumerate(group.identities):
            where = f"{path}identities.{index}."
            self._publics[public.uri] = self._batch.number("public_identity")
            row = self._public(public, where) | {"id": self._publics[public.uri], "set_id": number}
            self._add("public_identity", row, where)

    def _public(self, public: PublicIdentity, path: str) -> dict[str, Any]:
        row = public.model_dump(exclude={"service_profile"})
        profile = None
        if public.service_profile is not None:
            profile = self._references.profiles.get(public.service_profile)
            if profile is None:
                raise Refused(f"{path}service_profile", f"there is no service profile {public.service_profile!r}")
        prefix = Wildcard.parse(public.uri).prefix if public.kind in WILDCARDED else None
        return row | {"service_profile_id": profile, "wildcard_prefix": prefix}

    def _circuit(self, side: CircuitSwitched) -> None:
        number = self._batch.number("circuit_switched")
        entry = side.icscf
        row = side.model_dump(include={"imsi", "preference", "barring"}) | {
            "id": number,
            "subscription_id": self._entry,
            "vlr_number": digits_of(side.vlr_number),
            "msc_number": digits_of(side.msc_number),
            "voicebox": digits_of(side.voicebox),
            "icscf_host": entry and entry.host,
            "icscf_port": entry and entry.port,
            "icscf_pool_id": self._pool(entry.pool) if entry else None,
            "forwardings": [each.model_dump(mode="json") for each in side.forwardings] or None,
        }
        self._add("circuit_switched", row, "circuit_switched.")
        for place, msisdn in enumerate(side.msisdns):
            row = {"digits": digits_of(msisdn), "circuit_switched_id": number, "place": place}
            self._add("msisdn", row, "circuit_switched.msisdns.")

    def _pool(self, name: str | None) -> int | None:
        if name is None:
            return None
        if name not in self._references.pools:
            raise Refused("circuit_switched.icscf.pool", f"there is no I-CSCF pool {name!r}")
        return self._references.pools[name]

    def _add(self, table: str, row: Mapping[str, Any], path: str) -> None:
        self.made[table].append(tuple(_value(column, row[column], path) for column in WHOLE[table]))


def _value(column: str, value: object, path: str) -> object:
    """Give a value as the drivers take it; raise `Refused` where PostgreSQL could not hold it."""
    if isinstance(value, str):
        if "\0" in value:
            raise Refused(path + column, "must not hold the character U+0000")
        return str(value)
    if isinstance(value, list):
        return json.dumps(value)
    return value


def default_of(table: str, column: str) -> object:
    """Give the value of a column that a layout leaves out."""
    return MODELS[table].model_fields[column].get_default(call_default_factory=True)
