"""Parts of a subscription as resources of their own: private and public identities, the circuit-switched side.

A part has the version of its subscription. Each kind of part is one row that says how to find it, put it and take it
out; `Parts` makes a `Resource` of a row, so the handlers of whole records serve parts as well.
"""

import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Generic, TypeVar

from pydantic import BaseModel, Field

from hss.api.problems import CONTENDED, Problem
from hss.services.administration import (
    NotFound,
    Page,
    Refused,
    StillNeeded,
    Stored,
    Subscribers,
    Taken,
    VersionMismatch,
)
from schemas.documents import (
    CircuitSwitched,
    Document,
    PrivateIdentity,
    PublicIdentity,
    RegistrationSet,
    Subscriber,
)
from schemas.fields import ImpuText, NaiText, Name
from schemas.identities import Impu, Wildcard, is_wildcard
from schemas.states import RegistrationState

ATTEMPTS: Final = 5  # to write while others write the same subscription
PASSED: Final = ("operator", "state", "scheme")  # filters that the store applies to whole subscriptions
SUBSCRIPTIONS_PER_PAGE: Final = 1000  # looked through for one page of parts; a page may be shorter than its limit

Owner = Annotated[Name | None, Field(description="name of the subscription; needed to create")]


class Owned(Document):
    """What every part adds: whose it is."""

    subscription: Owner = None


class PrivateIdentityPart(PrivateIdentity, Owned):
    """A private identity, and whose it is."""


class PublicIdentityPart(PublicIdentity, Owned):
    """A public identity, whose it is, and its implicit registration set.

    Without `registered_with`, a known identity stays in its set, and a new one gets a set of its own.
    """

    registered_with: Annotated[
        list[ImpuText] | None, Field(description="the other identities of its implicit registration set")
    ] = None
    private_identities: Annotated[list[NaiText] | None, Field(description="those of its implicit registration set")] = (
        None
    )
    state: Annotated[
        RegistrationState | None,
        Field(description="set it by the path .../registration", json_schema_extra={"readOnly": True}),
    ] = None


class CircuitSwitchedPart(CircuitSwitched, Owned):
    """The circuit-switched side, and whose it is."""


V = TypeVar("V", bound=Owned)
B = TypeVar("B", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Generic[V]):
    """A kind of part: all of them in a subscriber, the keys of one, and how one is put and taken out."""

    every: Callable[[Subscriber], Sequence[V]]
    keys: Callable[[V], Sequence[str]]  # the first one is the natural key
    put: Callable[[Subscriber, str, V], Mapping[str, object]]  # which fields of the subscriber change
    remove: Callable[[Subscriber, str], Mapping[str, object]]

    def find(self, subscriber: Subscriber, key: str) -> V | None:
        """Find a part by any of its keys."""
        return next((part for part in self.every(subscriber) if key in self.keys(part)), None)


class Parts(Generic[V]):
    """All parts of a kind, as a `Resource`."""

    def __init__(self, subscribers: Subscribers, part: Part[V]) -> None:
        self._subscribers = subscribers
        self._part = part

    async def get(self, key: str) -> Stored[V] | None:
        """Read one part; the version is that of its subscription."""
        owner = await self._subscribers.find(key)
        found = None if owner is None else self._part.find(owner.document, key)
        if owner is None or found is None:
            return None
        return Stored(key=self._part.keys(found)[0], document=found, version=owner.version)

    async def page(self, *, after: str | None, limit: int, filters: Mapping[str, str]) -> Page[V]:
        """Read parts subscription by subscription; `after` is `subscription/key`, or `subscription` for behind it.

        A page may be shorter than `limit` although more follow, where the filters let few parts through.
        """
        items: list[Stored[V]] = []
        last, looked_through = "", 0
        async with contextlib.aclosing(self._owners(after or "", filters)) as owners:
            async for owner, behind in owners:
                for part in self._chosen(owner, behind, filters):
                    if len(items) == limit:
                        return Page(items=items, next_after=f"{last}/{items[-1].key}")
                    items.append(part)
                    last = owner.key
                looked_through += 1
                if looked_through == SUBSCRIPTIONS_PER_PAGE:
                    return Page(items=items, next_after=owner.key)
        return Page(items=items, next_after=None)

    async def _owners(
        self, after: str, filters: Mapping[str, str]
    ) -> AsyncGenerator[tuple[Stored[Subscriber], str], None]:
        """Go through subscriptions, each with the key of the part behind which to begin."""
        name, slash, key = after.partition("/")
        if "subscription" in filters or "imsi" in filters:
            owner = await self._only(filters)
            if owner is not None and after != owner.key:
                yield owner, key
            return
        if slash and (begun := await self._subscribers.get(name)) is not None:
            yield begun, key
        passed = {field: value for field, value in filters.items() if field in PASSED}
        next_after = name or None
        while True:
            page = await self._subscribers.page(after=next_after, limit=100, filters=passed)
            for owner in page.items:
                yield owner, ""
            if (next_after := page.next_after) is None:
                return

    async def _only(self, filters: Mapping[str, str]) -> Stored[Subscriber] | None:
        """Find the one subscription that the filters leave."""
        if (name := filters.get("subscription")) is not None:
            return await self._subscribers.get(name)
        return await self._subscribers.find(filters["imsi"])

    def _chosen(self, owner: Stored[Subscriber], behind: str, filters: Mapping[str, str]) -> list[Stored[V]]:
        """Choose the parts of one subscription that fit the filters, in the order of their keys."""
        wanted = {name: value for name, value in filters.items() if name not in ("subscription", "operator")}
        found = [
            Stored(key=self._part.keys(part)[0], document=part, version=owner.version)
            for part in self._part.every(owner.document)
            if all(_written(getattr(part, name)) == value for name, value in wanted.items())
        ]
        return sorted((one for one in found if one.key > behind), key=lambda one: one.key)

    async def put(self, key: str, document: V, *, expected: int | None = None) -> Stored[V]:
        """Create or replace a part; raise as `Resource.put` does."""
        for _ in range(ATTEMPTS):
            known = await self._owner_of(key, expected)
            owner = known or await self._named(document)
            if document.subscription not in (None, owner.key):
                raise Taken("subscription", f"it belongs to the subscription {owner.key}")
            changed = _changed(owner.document, self._part.put(owner.document, key, document))
            with contextlib.suppress(VersionMismatch):  # of ours: somebody was faster, look again
                stored = await self._subscribers.put(owner.key, changed, expected=owner.version)
                return self._after_put(stored, self._part.keys(document)[0], created=known is None)
        raise _contended()

    async def delete(self, key: str, *, expected: int | None = None) -> None:
        """Take a part out of its subscription; raise as `Resource.delete` does."""
        for _ in range(ATTEMPTS):
            owner = await self._owner_of(key, expected)
            if owner is None:
                raise NotFound(f"There is no {key}.")
            changed = _changed(owner.document, self._part.remove(owner.document, key))
            with contextlib.suppress(VersionMismatch):
                await self._subscribers.put(owner.key, changed, expected=owner.version)
                return
        raise _contended()

    async def _owner_of(self, key: str, expected: int | None) -> Stored[Subscriber] | None:
        """Find whose part `key` is; None: there is no such part. The version must be the expected one."""
        owner = await self._subscribers.find(key)
        if owner is not None and self._part.find(owner.document, key) is None:
            owner = None
        version = 0 if owner is None else owner.version
        if expected is not None and expected != version:
            raise VersionMismatch(current=version or None)
        return owner

    async def _named(self, document: V) -> Stored[Subscriber]:
        if document.subscription is None:
            raise Refused("subscription", "is required to create")
        owner = await self._subscribers.get(document.subscription)
        if owner is None:
            raise Refused("subscription", f"there is no subscription {document.subscription}")
        return owner

    def _after_put(self, owner: Stored[Subscriber], key: str, *, created: bool) -> Stored[V]:
        part = self._part.find(owner.document, key)
        if part is None:
            raise LookupError(key)
        return Stored(key=key, document=part, version=owner.version, created=created)


def _contended() -> Problem:
    return Problem(CONTENDED, "Others kept changing the subscription; try again.")


def _written(value: object) -> str:
    """Write a value as a filter has it."""
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _changed(subscriber: Subscriber, change: Mapping[str, object]) -> Subscriber:
    """Replace fields of a subscriber and check the rules that hold between its parts."""
    return Subscriber.model_validate({**dict(subscriber), **change})


def _plain(model: type[B], part: BaseModel) -> B:
    """Take what a part adds off again."""
    return model.model_validate({name: getattr(part, name) for name in model.model_fields})


# --- Private identities ----------------------------------------------------------------------------------------------


def _private(subscriber: Subscriber) -> list[PrivateIdentityPart]:
    return [
        PrivateIdentityPart.model_construct(**dict(one), subscription=subscriber.name)
        for one in subscriber.private_identities
    ]


def _put_private(subscriber: Subscriber, key: str, part: PrivateIdentityPart) -> Mapping[str, object]:
    plain = _plain(PrivateIdentity, part)
    others = subscriber.private_identities
    if key in (one.nai for one in others):
        return {"private_identities": [plain if one.nai == key else one for one in others]}
    return {"private_identities": [*others, plain]}


def _remove_private(subscriber: Subscriber, key: str) -> Mapping[str, object]:
    for at, group in enumerate(subscriber.sets):
        if key in group.private_identities:
            raise StillNeeded(f"sets.{at}.private_identities", f"the set of {group.identities[0].uri} names {key}")
    return {"private_identities": [one for one in subscriber.private_identities if one.nai != key]}


PRIVATE_IDENTITIES: Final = Part(
    every=_private, keys=lambda part: (part.nai,), put=_put_private, remove=_remove_private
)


# --- Public identities -----------------------------------------------------------------------------------------------


def _public(subscriber: Subscriber) -> list[PublicIdentityPart]:
    return [
        PublicIdentityPart.model_construct(
            **dict(one),
            subscription=subscriber.name,
            registered_with=[other.uri for other in group.identities if other is not one],
            private_identities=group.private_identities,
            state=group.state,
        )
        for group in subscriber.sets
        for one in group.identities
    ]


def _put_public(subscriber: Subscriber, key: str, part: PublicIdentityPart) -> Mapping[str, object]:
    home = _set_of(subscriber.sets, key)
    target = _target(subscriber.sets, home, part)
    if target is None:
        everyone = [private.nai for private in subscriber.private_identities]
        group = RegistrationSet(identities=[_plain(PublicIdentity, part)], private_identities=everyone)
    else:
        group = _with_identity(target, _plain(PublicIdentity, part))
    before = home or group  # what a reader saw; what he sends back unchanged is no wish
    if part.private_identities not in (None, before.private_identities):
        group = group.model_copy(update={"private_identities": part.private_identities})
    if part.state not in (None, before.state):
        raise Refused("state", f"is {before.state}; set it by PUT /api/v1/public-identities/{{uri}}/registration")
    sets = [group if one is target else _without(one, key) for one in subscriber.sets]
    return {"sets": [one for one in (*sets, *([group] if target is None else ())) if one.identities]}


def _set_of(sets: Sequence[RegistrationSet], uri: str) -> RegistrationSet | None:
    return next((group for group in sets if uri in (one.uri for one in group.identities)), None)


def _target(
    sets: Sequence[RegistrationSet], home: RegistrationSet | None, part: PublicIdentityPart
) -> RegistrationSet | None:
    """Find the set where an identity is to be; None: a new one."""
    if part.registered_with is None:
        return home
    others = set(part.registered_with) - {part.uri}
    if not others:
        return home if home is not None and len(home.identities) == 1 else None
    for group in sets:
        if others <= {one.uri for one in group.identities}:
            return group
    raise Refused("registered_with", "the identities named are not in one implicit registration set")


def _with_identity(group: RegistrationSet, identity: PublicIdentity) -> RegistrationSet:
    uris = [one.uri for one in group.identities]
    if identity.uri in uris:
        replaced = [identity if one.uri == identity.uri else one for one in group.identities]
        return group.model_copy(update={"identities": replaced})
    return group.model_copy(update={"identities": [*group.identities, identity]})


def _without(group: RegistrationSet, uri: str) -> RegistrationSet:
    return group.model_copy(update={"identities": [one for one in group.identities if one.uri != uri]})


def _remove_public(subscriber: Subscriber, key: str) -> Mapping[str, object]:
    left = [_without(group, key) for group in subscriber.sets]
    return {
        "sets": [group for group in left if group.identities],
        "contacts": [contact for contact in subscriber.contacts if contact.identity != key],
    }


def public_identity_key(text: str) -> str:
    """Read a public identity of a path: canonical, a wildcard as it is; raise `IdentityError`."""
    return Wildcard.parse(text).uri if is_wildcard(text) else Impu.parse(text).uri


PUBLIC_IDENTITIES: Final = Part(every=_public, keys=lambda part: (part.uri,), put=_put_public, remove=_remove_public)


# --- Circuit-switched side -------------------------------------------------------------------------------------------


def _circuit_switched(subscriber: Subscriber) -> list[CircuitSwitchedPart]:
    side = subscriber.circuit_switched
    return [] if side is None else [CircuitSwitchedPart.model_construct(**dict(side), subscription=subscriber.name)]


def circuit_switched_keys(part: CircuitSwitchedPart) -> list[str]:
    """Name what a circuit-switched side is found by: numbers with and without plus, and the IMSI."""
    digits = [number.removeprefix("+") for number in part.msisdns]
    return [*part.msisdns, *digits, *([part.imsi] if part.imsi else [])]


def _put_circuit_switched(subscriber: Subscriber, key: str, part: CircuitSwitchedPart) -> Mapping[str, object]:
    if any(key not in circuit_switched_keys(one) for one in _circuit_switched(subscriber)):
        raise Taken("subscription", f"{subscriber.name} has a circuit-switched side already")
    return {"circuit_switched": _plain(CircuitSwitched, part)}


CIRCUIT_SWITCHED: Final = Part(
    every=_circuit_switched,
    keys=circuit_switched_keys,
    put=_put_circuit_switched,
    remove=lambda _subscriber, _key: {"circuit_switched": None},
)
