"""Registered contacts of a public identity, as a test bed sets them. The entity tag is that of the subscription."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final
from urllib.parse import quote

from aiohttp import web

from hss.api.bodies import JSON, Json, document, documents, json_body, validated, validated_list
from hss.api.conditions import entity_tag, expected_version, is_known
from hss.api.parts import public_identity_key
from hss.api.ports import SERVICES
from hss.api.problems import CONTENDED, EXISTS, INVALID, NOT_FOUND, Problem, field_problem
from hss.api.resources import ATTEMPTS, ROOT, parameters
from hss.services.administration import NotFound, Stored, VersionMismatch
from schemas.documents import Contact, Subscriber
from schemas.identities import IdentityError

PATH: Final = f"{ROOT}/contacts/{{identity}}"

Change = Callable[[Sequence[Contact]], Sequence[Contact]]


def routes() -> Iterator[web.RouteDef]:
    """Name the routes."""
    yield web.get(PATH, read)
    yield web.put(PATH, replace)
    yield web.post(PATH, add)
    yield web.delete(PATH, clear)
    yield web.delete(f"{PATH}/{{uri}}", remove)


async def read(request: web.Request) -> web.Response:
    """List the contacts of an identity."""
    parameters(request)
    uri = _identity(request)
    stored = await _owner(request, uri)
    if is_known(request, stored.version):
        return web.Response(status=304, headers={"ETag": entity_tag(stored.version)})
    return _listed(stored, uri)


async def replace(request: web.Request) -> web.Response:
    """Set all contacts of an identity; the body is a list."""
    uri = _identity(request)
    body = await json_body(request)
    if not isinstance(body, list):
        raise field_problem(INVALID, "", "must be a list of contacts")
    contacts = validated_list(Contact, [_with_identity(one, uri) for one in body])
    for at, contact in enumerate(contacts):
        _check(contact, uri, f"{at}.identity")
        if contact.uri in (other.uri for other in contacts[:at]):
            raise field_problem(INVALID, f"{at}.uri", "stands twice in the list", contact.uri)
    return _listed(await _change(request, uri, lambda _: contacts), uri)


async def add(request: web.Request) -> web.Response:
    """Add a contact; 409 where the identity has it already."""
    uri = _identity(request)
    contact = validated(Contact, _with_identity(await json_body(request), uri))
    _check(contact, uri, "identity")

    def change(contacts: Sequence[Contact]) -> Sequence[Contact]:
        if contact.uri in (one.uri for one in contacts):
            raise field_problem(EXISTS, "uri", "is a contact of this identity already", contact.uri)
        return [*contacts, contact]

    stored = await _change(request, uri, change)
    place = f"{ROOT}/contacts/{quote(uri, safe='')}/{quote(contact.uri, safe='')}"
    return document(contact, status=201, headers={"ETag": entity_tag(stored.version), "Location": place})


async def clear(request: web.Request) -> web.Response:
    """Remove all contacts of an identity."""
    await _change(request, _identity(request), lambda _: ())
    return web.Response(status=204)


async def remove(request: web.Request) -> web.Response:
    """Remove one contact."""
    uri, gone = _identity(request), request.match_info["uri"]

    def change(contacts: Sequence[Contact]) -> Sequence[Contact]:
        left = [one for one in contacts if one.uri != gone]
        if len(left) == len(contacts):
            raise NotFound(f"{uri} has no contact {gone}.")
        return left

    await _change(request, uri, change)
    return web.Response(status=204)


def _identity(request: web.Request) -> str:
    text = request.match_info["identity"]
    try:
        return public_identity_key(text)
    except IdentityError as error:
        raise Problem(NOT_FOUND, f"There is no public identity {text}.") from error


async def _owner(request: web.Request, uri: str) -> Stored[Subscriber]:
    """Find whose identity it is; raise `NotFound` also where only a wildcard stands for it."""
    stored = await request.app[SERVICES].subscribers.find(uri)
    if stored is None or uri not in (one.uri for group in stored.document.sets for one in group.identities):
        raise NotFound(f"There is no public identity {uri}.")
    return stored


async def _change(request: web.Request, uri: str, change: Change) -> Stored[Subscriber]:
    """Change the contacts of an identity, again where somebody else was faster and the caller named no version."""
    expected = await expected_version(request, lambda: _owner(request, uri))
    for _ in range(ATTEMPTS):
        stored = await _owner(request, uri)
        if expected is not None and expected != stored.version:
            raise VersionMismatch(current=stored.version)
        own = [one for one in stored.document.contacts if one.identity == uri]
        others = [one for one in stored.document.contacts if one.identity != uri]
        new = stored.document.model_copy(update={"contacts": [*others, *change(own)]})
        try:
            return await request.app[SERVICES].subscribers.put(stored.key, new, expected=stored.version)
        except VersionMismatch:
            continue
    raise Problem(CONTENDED, "Others kept changing the subscription; try again.")


def _with_identity(body: Json, uri: str) -> Json:
    return {"identity": uri, **body} if isinstance(body, dict) else body


def _check(contact: Contact, uri: str, field: str) -> None:
    if contact.identity != uri:
        raise field_problem(INVALID, field, f"must be the identity of the path, {uri}", contact.identity)


def _listed(stored: Stored[Subscriber], uri: str) -> web.Response:
    own = (contact for contact in stored.document.contacts if contact.identity == uri)
    headers = {"ETag": entity_tag(stored.version)}
    return web.Response(body=documents(own, following=None), headers=headers, content_type=JSON)
