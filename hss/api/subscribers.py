"""What a test bed does with subscribers by hand: create from a number, look up, set the registration state."""

from collections.abc import Iterator
from typing import Final, Literal
from urllib.parse import quote

from aiohttp import web

from hss.api.bodies import document, json_body, validated
from hss.api.catalogue import SUBSCRIPTIONS
from hss.api.conditions import entity_tag, expected_version, is_known
from hss.api.parts import public_identity_key
from hss.api.ports import SERVICES
from hss.api.problems import BAD_REQUEST, NOT_FOUND, Problem, field_problem
from hss.api.resources import ROOT, created, parameters, written
from hss.procedures.provisioning import derive
from hss.services.administration import NotFound, Refused, Stored, VersionMismatch
from schemas.documents import NewSubscriber, Registration, RegistrationSet, Subscriber
from schemas.identities import IdentityError

REGISTRATION: Final = f"{ROOT}/public-identities/{{key}}/registration"
LOOKUP: Final = f"{ROOT}/lookup"
NEW: Final = f"{ROOT}/subscribers"

State = Literal["not-registered", "registered", "unregistered", "authentication-pending"]


def routes() -> Iterator[web.RouteDef]:
    """Name the routes."""
    yield web.post(NEW, create)
    yield web.get(LOOKUP, look_up)
    yield web.get(REGISTRATION, read_registration)
    yield web.put(REGISTRATION, register)


async def create(request: web.Request) -> web.Response:
    """Create a whole subscriber from an IMSI or a number (TS 23.003 13)."""
    new = validated(NewSubscriber, await json_body(request))
    services = request.app[SERVICES]
    operator = await services.operators.get(new.operator)
    if operator is None:
        raise Refused("operator", f"there is no operator {new.operator}")
    subscriber = derive(new, operator.document)
    return written(await created(services.subscribers, SUBSCRIPTIONS, subscriber), f"{ROOT}/{SUBSCRIPTIONS.path}")


async def look_up(request: web.Request) -> web.Response:
    """Find a subscriber by any identity in any form."""
    identity = parameters(request, "identity").get("identity", "").strip()
    if not identity:
        raise field_problem(BAD_REQUEST, "identity", "is required: a name, a number, an IMSI or an identity")
    stored = await request.app[SERVICES].subscribers.find(identity)
    if stored is None:
        raise NotFound(f"Nobody has {identity}.")
    place = f"{ROOT}/{SUBSCRIPTIONS.path}/{quote(stored.key, safe='')}"
    headers = {"ETag": entity_tag(stored.version), "Content-Location": place}
    if is_known(request, stored.version):
        return web.Response(status=304, headers=headers)
    return document(stored.document, headers=headers)


async def read_registration(request: web.Request) -> web.Response:
    """Read the state of an identity's implicit registration set and its S-CSCF."""
    parameters(request)
    stored, group = await _registered(request)
    if is_known(request, stored.version):
        return web.Response(status=304, headers={"ETag": entity_tag(stored.version)})
    return _shown(stored, group)


async def register(request: web.Request) -> web.Response:
    """Set the state of an identity's implicit registration set and the S-CSCF by hand."""
    wish = validated(Registration, await json_body(request))
    stored, group = await _registered(request)
    uri = group.identities[0].uri
    expected = await expected_version(request, lambda: request.app[SERVICES].subscribers.find(uri))
    if expected not in (None, stored.version):
        raise VersionMismatch(current=stored.version)
    changed = await request.app[SERVICES].subscribers.register(_uri(request), wish)
    return _shown(changed, _group(changed, _uri(request)))


def _uri(request: web.Request) -> str:
    text = request.match_info["key"]
    try:
        return public_identity_key(text)
    except IdentityError as error:
        raise Problem(NOT_FOUND, f"There is no public identity {text}.") from error


async def _registered(request: web.Request) -> tuple[Stored[Subscriber], RegistrationSet]:
    uri = _uri(request)
    stored = await request.app[SERVICES].subscribers.find(uri)
    if stored is None:
        raise NotFound(f"There is no public identity {uri}.")
    return stored, _group(stored, uri)


def _group(stored: Stored[Subscriber], uri: str) -> RegistrationSet:
    for group in stored.document.sets:
        if uri in (one.uri for one in group.identities):
            return group
    raise NotFound(f"There is no public identity {uri}.")


def _shown(stored: Stored[Subscriber], group: RegistrationSet) -> web.Response:
    state: State = "authentication-pending" if group.authentication_pending else group.state.value
    registration = Registration(state=state, scscf=stored.document.scscf)
    return document(registration, headers={"ETag": entity_tag(stored.version)})
