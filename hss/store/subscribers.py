"""Subscriptions: whole subscribers under their names, found by any identity, registered by hand."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    RowMapping,
    Select,
    bindparam,
    delete,
    insert,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from hss.services.administration import Changes, NotFound, Page, Refused, Stored
from hss.store import tables as t
from hss.store.database import Database
from hss.store.prepared import Prepared
from hss.store.registering import Registering
from hss.store.resources import check_version, prefix_of, reference
from hss.store.sealing import Sealer
from hss.store.subscriber_reading import NAMED, assembled, subscribers_of
from hss.store.subscriber_writing import Before, PartWriter, before, own_values, refuse_contradictions, refuse_taken
from hss.store.unit_of_work import UnitOfWork, Writer
from schemas.documents import WILDCARDED, Registration, Subscriber
from schemas.identities import IdentityError, Impi, Impu, Msisdn, Wildcard, is_wildcard

_OWN: Final = t.subscription.c
_FILTERS: Final = ("name", "operator", "state", "scheme", "identity")


def _owners(column: Column[Any], *joins: Any) -> Select[Any]:  # noqa: ANN401 - tables
    source: Any = column.table
    for table in joins:
        source = source.join(table)
    return select((joins[-1] if joins else column.table).c.subscription_id).select_from(source)


_BY_NAI: Final = _owners(t.private_identity.c.nai)
_BY_URI: Final = _owners(t.public_identity.c.uri, t.registration_set)
_BY_CIRCUIT: Final = _owners(t.circuit_switched.c.imsi)
_BY_MSISDN: Final = _owners(t.msisdn.c.digits, t.circuit_switched)


def _finding() -> Prepared:
    """Prepare the look-up by any identity; the first rank that has a row is meant."""
    given = bindparam
    ways = [
        select(_OWN.id.label("owner")).where(_OWN.name == given("name")),
        _BY_NAI.where(t.private_identity.c.nai == given("nai")),
        _BY_URI.where(t.public_identity.c.uri == given("uri")),
        _BY_URI.where(t.public_identity.c.uri == given("number_uri")),
        _BY_NAI.where(t.private_identity.c.imsi == given("imsi")),
        _BY_CIRCUIT.where(t.circuit_switched.c.imsi == given("imsi")),
        _BY_MSISDN.where(t.msisdn.c.digits == given("msisdn")),
    ]
    ranked = [way.add_columns(literal_column(str(rank)).label("rank")) for rank, way in enumerate(ways)]
    return Prepared(union_all(*ranked).order_by("rank").limit(1))


FIND: Final = _finding()
_WILDCARDS: Final = Prepared(
    select(t.public_identity.c.uri, t.registration_set.c.subscription_id)
    .join_from(t.public_identity, t.registration_set)
    .where(t.public_identity.c.wildcard_prefix.is_not(None))
)
_BY_ID: Final = subscribers_of(select(_OWN.id).where(_OWN.id == bindparam("id")))


def _as_uri(text: str) -> str | None:
    try:
        return Impu.parse(text).uri
    except IdentityError:
        return None


def _as_number(text: str) -> str | None:
    try:
        return Msisdn.parse(text).digits
    except IdentityError:
        return None


def _as_nai(text: str) -> str | None:
    try:
        return Impi.parse(text).nai
    except IdentityError:
        return None


def readings(text: str) -> dict[str, str | None]:
    """Read a text in every way that an identity can be meant."""
    text = text.strip()
    number = _as_number(text)
    uri = text if is_wildcard(text) else _as_uri(text)
    if uri and uri.startswith("sip:+"):  # a number that lost its user=phone
        number = _as_number(uri[5:].partition("@")[0])
    return {
        "name": text,
        "nai": None if uri else _as_nai(text),
        "uri": uri,
        "number_uri": f"tel:+{number}" if number else None,
        "imsi": text if text.isascii() and text.isdecimal() else None,
        "msisdn": number,
    }


class SubscriberRepository:
    """All subscriptions. A subscription with all its parts changes as one and has one version."""

    def __init__(self, database: Database, writer: Writer, sealer: Sealer | None) -> None:
        self._database = database
        self._writer = writer
        self._sealer = sealer
        self._registering = Registering()

    async def get(self, key: str) -> Stored[Subscriber] | None:
        """Read one subscriber by name."""
        return await self._read(NAMED, name=key)

    async def find(self, identity: str) -> Stored[Subscriber] | None:
        """Find by name, IMSI, MSISDN, private or public identity, in this order and in any form.

        A distinct identity goes before a wildcard; of several wildcards the one with the longest fixed part is meant.
        """
        asked = readings(identity)
        rows = await self._database.fetch(FIND, **asked)
        owner = rows[0][0] if rows else await self._wildcard_owner(asked["uri"])
        return None if owner is None else await self._read(_BY_ID, id=owner)

    async def page(self, *, after: str | None, limit: int, filters: Mapping[str, str]) -> Page[Subscriber]:
        """Read up to `limit` subscribers behind the name `after`.

        Filters: `name` and `identity` (their beginnings), `operator`, `state`, `scheme`.
        """
        chosen = select(_OWN.id).order_by(_OWN.name).limit(bindparam("limit")).where(_OWN.name > bindparam("after"))
        for name, value in filters.items():
            chosen = chosen.where(_matches(name, value))
        reading = PAGE if not filters else subscribers_of(chosen)
        rows = await self._database.fetch_slowly(reading, after=after or "", limit=limit + 1)
        items = [_stored(body, version) for body, version in assembled(rows)]
        return Page(items=items[:limit], next_after=items[limit - 1].key if len(items) > limit else None)

    async def put(self, key: str, document: Subscriber, *, expected: int | None = None) -> Stored[Subscriber]:
        """Create or replace; raise `Refused`, `Taken` or `VersionMismatch`.

        Secrets that the document does not give stay; `credentials` that are given replace all secrets of a private
        identity. A document that changes nothing leaves the version as it is.
        """
        if document.name != key:
            raise Refused("name", f"must be the key of the record, which is {key!r}")
        refuse_contradictions(document)
        created, version = await self._writer.change(lambda work: self._put(work, document, expected))
        stored = await self.get(key)
        if stored is None or stored.version != version:  # somebody was faster still
            stored = Stored(key=key, document=document, version=version)
        return Stored(key=key, document=stored.document, version=version, created=created)

    async def delete(self, key: str, *, expected: int | None = None) -> None:
        """Remove with all parts; raise `NotFound` or `VersionMismatch`."""
        await self._writer.change(lambda work: self._delete(work, key, expected))

    async def register(self, uri: str, registration: Registration) -> Stored[Subscriber]:
        """Set the state of the implicit registration set of a public identity by hand; see `Registering`."""
        asked = readings(uri)["uri"]
        rows = await self._database.fetch(FIND, **(dict.fromkeys(readings("")) | {"uri": asked}))
        owner = rows[0][0] if rows and asked else await self._wildcard_owner(asked)
        if owner is None or asked is None:
            raise NotFound(f"there is no public identity {uri!r}")
        meant = asked if rows else await self._wildcard(asked)
        name = await self._writer.change(lambda work: self._registering.set(work, owner, meant, registration))
        stored = await self.get(name)
        if stored is None:
            raise NotFound(f"there is no public identity {uri!r}")
        return stored

    async def _wildcard(self, uri: str | None) -> str:
        return (await self._best_wildcard(uri))[0]

    async def _wildcard_owner(self, uri: str | None) -> int | None:
        return (await self._best_wildcard(uri))[1]

    async def _best_wildcard(self, uri: str | None) -> tuple[str, int | None]:
        if uri is None:
            return "", None
        found = [(Wildcard.parse(text), owner) for text, owner in await self._database.fetch(_WILDCARDS)]
        matching = [(len(wildcard.prefix), wildcard.uri, owner) for wildcard, owner in found if wildcard.matches(uri)]
        return max(matching)[1:] if matching else ("", None)

    async def _read(self, reading: Prepared, **values: object) -> Stored[Subscriber] | None:
        rows = await self._database.fetch(reading, **values)
        return _stored(*assembled(rows)[0]) if rows else None

    async def _put(self, work: UnitOfWork, document: Subscriber, expected: int | None) -> tuple[bool, int]:
        row = await self._locked(work.connection, document.name)
        check_version(expected, row["version"] if row else None)
        if row and await self._unchanged(document):
            return False, row["version"]
        version = row["version"] + 1 if row else 1
        operator = await reference(
            work.connection, t.operator.c.name, document.operator, field="operator", kind="operator"
        )
        values = own_values(document, operator or 0) | {"version": version}
        old = Before()
        if row:
            old = await before(work.connection, row["id"])
        await refuse_taken(work.connection, document, row["id"] if row else 0)
        if row:
            await work.connection.execute(update(t.subscription).where(_OWN.id == row["id"]).values(**values))
            identifier = row["id"]
        else:
            added = insert(t.subscription).values(**values).returning(_OWN.id)
            identifier = (await work.connection.execute(added)).scalar_one()
        parts = PartWriter(work.connection, identifier, old, self._sealer)
        if row:
            await parts.drop()
        await parts.write(document)
        work.announce(changes_between(old, document))
        return row is None, version

    async def _unchanged(self, document: Subscriber) -> bool:
        if any(private.credentials is not None for private in document.private_identities):
            return False
        stored = await self.get(document.name)
        return stored is not None and _comparable(stored.document) == _comparable(document)

    async def _delete(self, work: UnitOfWork, key: str, expected: int | None) -> None:
        row = await self._locked(work.connection, key)
        if row is None:
            raise NotFound(f"there is no subscriber {key!r}")
        check_version(expected, row["version"])
        old = await before(work.connection, row["id"])
        await PartWriter(work.connection, row["id"], old, None).drop()
        await work.connection.execute(delete(t.subscription).where(_OWN.id == row["id"]))
        work.announce(changes_between(old, None))

    async def _locked(self, connection: AsyncConnection, name: str) -> RowMapping | None:
        query = select(_OWN.id, _OWN.version).where(_OWN.name == name).with_for_update()
        return (await connection.execute(query)).mappings().one_or_none()


def changes_between(old: Before, document: Subscriber | None) -> Changes:
    """Tell what readers forget when `document` takes the place of `old`."""
    publics = [public for group in document.sets for public in group.identities] if document else []
    new = {public.uri for public in publics}
    side = document.circuit_switched if document else None
    numbers = {number[1:] for number in side.msisdns} if side else set()
    return Changes(
        identities=frozenset(old.identities | new),
        added=frozenset(new - old.identities),
        msisdns=frozenset(old.msisdns | numbers),
        wildcards=old.wildcards or any(public.kind in WILDCARDED for public in publics),
    )


def _stored(body: dict[str, Any], version: int) -> Stored[Subscriber]:
    return Stored(key=body["name"], document=Subscriber.model_validate(body), version=version)


def _comparable(document: Subscriber) -> dict[str, Any]:
    body = document.model_dump(exclude={"private_identities": {"__all__": {"has_credentials"}}})
    for group in body["sets"]:
        group["private_identities"].sort()
    return body


def _page_of(after: object) -> Select[Any]:
    return select(_OWN.id).where(_OWN.name > after).order_by(_OWN.name).limit(bindparam("limit"))


PAGE: Final = subscribers_of(_page_of(bindparam("after")))


def _matches(name: str, value: str) -> ColumnElement[bool]:
    if name == "name":
        return prefix_of(_OWN.name, value)
    if name == "operator":
        return _OWN.operator_id == select(t.operator.c.id).where(t.operator.c.name == value).scalar_subquery()
    if name == "state":
        return _OWN.id.in_(
            select(t.registration_set.c.subscription_id).where(literal_column("registration_set.state") == value)
        )
    if name == "scheme":
        return _OWN.id.in_(_BY_NAI.where(literal_column("private_identity.scheme") == value))
    if name == "identity":
        return _OWN.id.in_(_beginning(value))
    raise Refused(name, f"is no filter of subscribers; there are {', '.join(_FILTERS)}")


def _beginning(value: str) -> Any:  # noqa: ANN401 - a union
    digits = value.removeprefix("tel:").removeprefix("+")
    ways: Sequence[tuple[Select[Any], Column[Any], str]] = (
        (_BY_NAI, t.private_identity.c.nai, value),
        (_BY_NAI, t.private_identity.c.imsi, value),
        (_BY_CIRCUIT, t.circuit_switched.c.imsi, value),
        (_BY_URI, t.public_identity.c.uri, value),
        (_BY_URI, t.public_identity.c.uri, f"tel:+{digits}"),
        (_BY_MSISDN, t.msisdn.c.digits, digits),
    )
    return union_all(*(way.where(prefix_of(column, text)) for way, column, text in ways))
