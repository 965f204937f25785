"""The handlers of every resource in the catalogue: list, read, create, replace, patch, delete."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote, urlencode

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from hss.api.bodies import JSON, MERGE_PATCH, Json, document, documents, json_body, merged, validated
from hss.api.catalogue import Kind
from hss.api.conditions import entity_tag, expected_version, is_known
from hss.api.ports import SETTINGS
from hss.api.problems import (
    BAD_REQUEST,
    CONTENDED,
    EXISTS,
    INVALID,
    NOT_FOUND,
    FieldError,
    Problem,
    field_problem,
    invalid,
)
from hss.services.administration import NotFound, Refused, Resource, Stored, VersionMismatch
from schemas.documents import Document

ROOT: Final = "/api/v1"
ATTEMPTS: Final = 5  # to apply a patch without If-Match while others write

D = TypeVar("D", bound=Document)


class Endpoint(Generic[D]):
    """One kind of resource over HTTP."""

    def __init__(self, kind: Kind[D], resource: Resource[D]) -> None:
        self._kind = kind
        self._resource = resource
        self._parse = kind.parse or TypeAdapter(kind.model.model_fields[kind.key].rebuild_annotation()).validate_python
        self.path = f"{ROOT}/{kind.path}"

    def routes(self) -> Iterator[web.RouteDef]:
        """Name the routes."""
        one = f"{self.path}/{{key}}"
        yield web.get(self.path, self.list)
        yield web.post(self.path, self.create)
        yield web.get(one, self.read)
        yield web.put(one, self.replace)
        yield web.patch(one, self.patch)
        yield web.delete(one, self.delete)

    async def list(self, request: web.Request) -> web.Response:
        """List documents in the order of their keys."""
        after, limit, filters = self._asked(request)
        try:
            page = await self._resource.page(after=after, limit=limit, filters=filters)
        except Refused as error:  # of the query, for there is no document
            field = error.field if error.field in filters else "after"
            raise field_problem(BAD_REQUEST, field, error.rule) from error
        following = None
        if page.next_after is not None:
            query = urlencode({**filters, "limit": limit, "after": page.next_after})
            following = f"{self.path}?{query}"
        headers = {"Link": f'<{following}>; rel="next"'} if following else None
        body = documents((stored.document for stored in page.items), following=following)
        return web.Response(body=body, headers=headers, content_type=JSON)

    async def read(self, request: web.Request) -> web.Response:
        """Read one document; 304 where the caller has it already."""
        stored = await self._get(self._known_key(request))
        tag = {"ETag": entity_tag(stored.version)}
        if is_known(request, stored.version):
            return web.Response(status=304, headers=tag)
        return document(stored.document, headers=tag)

    async def create(self, request: web.Request) -> web.Response:
        """Create a record; refuse where there is one already."""
        new = validated(self._kind.model, await json_body(request))
        return self._written(await created(self._resource, self._kind, new))

    async def replace(self, request: web.Request) -> web.Response:
        """Create or replace a record under its key."""
        text = request.match_info["key"]
        key = self._writable_key(text)
        new = self._under(key, validated(self._kind.model, self._with_key(await json_body(request), text)))
        expected = await expected_version(request, lambda: self._resource.get(key))
        return self._written(await self._resource.put(key, new, expected=expected))

    async def patch(self, request: web.Request) -> web.Response:
        """Merge a patch into a record (RFC 7396); the result must be a complete document."""
        key = self._known_key(request)
        change = await json_body(request, MERGE_PATCH, JSON)
        if not isinstance(change, dict):
            raise field_problem(INVALID, "", "a merge patch of a document must be an object")
        expected = await expected_version(request, lambda: self._resource.get(key))
        for _ in range(1 if expected is not None else ATTEMPTS):
            stored = await self._get(key)
            if expected is not None and expected != stored.version:
                raise VersionMismatch(current=stored.version)
            new = self._under(key, validated(self._kind.model, self._patched(stored, change)))
            try:
                return self._written(await self._resource.put(stored.key, new, expected=stored.version))
            except VersionMismatch:
                if expected is not None:
                    raise
        raise Problem(CONTENDED, f"Others kept changing the {self._kind.one}; try again.")

    async def delete(self, request: web.Request) -> web.Response:
        """Delete a record."""
        key = self._known_key(request)
        expected = await expected_version(request, lambda: self._resource.get(key))
        await self._resource.delete(key, expected=expected)
        return web.Response(status=204)

    def _patched(self, stored: Stored[D], change: Mapping[str, Json]) -> Json:
        return merged(stored.document.model_dump(mode="json"), change)

    def _written(self, stored: Stored[D]) -> web.Response:
        return written(stored, self.path)

    async def _get(self, key: str) -> Stored[D]:
        stored = await self._resource.get(key)
        if stored is None:
            raise NotFound(f"There is no {self._kind.one} {key}.")
        return stored

    def _key_of(self, text: str) -> str:
        """Read a key of a path; raise `ValueError` where no record can have it."""
        return text if self._kind.keys else str(self._parse(text))

    def _known_key(self, request: web.Request) -> str:
        text = request.match_info["key"]
        try:
            return self._key_of(text)
        except ValueError as error:
            raise Problem(NOT_FOUND, f"There is no {self._kind.one} {text}.") from error

    def _writable_key(self, text: str) -> str:
        try:
            return self._key_of(text)
        except ValueError as error:
            found = FieldError(field=self._kind.key, rule=_first_rule(error), value=text[:200])
            raise Problem(INVALID, f"The key in the path: {found.rule}", errors=[found]) from error

    def _with_key(self, body: Json, text: str) -> Json:
        """Let the path say the key where the body does not."""
        if self._kind.keys or not isinstance(body, dict) or self._kind.key in body:
            return body
        return {**body, self._kind.key: self._parse(text)}

    def _under(self, key: str, new: D) -> D:
        """Refuse a document that says another key than the path."""
        if key not in self._kind.keys_of(new):
            raise field_problem(INVALID, self._kind.key, f"must be the key of the path, {key}; a key is not changed")
        return new

    def _asked(self, request: web.Request) -> tuple[str | None, int, dict[str, str]]:
        """Read the query: where to begin, how many, and the filters."""
        settings = request.app[SETTINGS]
        query = parameters(request, "after", "limit", *self._kind.filters)
        limit = whole_number(query, "limit", settings.page, 1, settings.page_most)
        filters = {name: query[name] for name in self._kind.filters if name in query}
        return query.get("after") or None, limit, filters


def _first_rule(error: ValueError) -> str:
    return invalid(error).errors[0].rule if isinstance(error, ValidationError) else str(error)


async def created(resource: Resource[D], kind: Kind[D], new: D) -> Stored[D]:
    """Create a record; raise a problem where there is one with its key."""
    key = kind.keys_of(new)[0]
    try:
        return await resource.put(key, new, expected=0)
    except VersionMismatch as error:
        raise field_problem(EXISTS, kind.key, f"the {kind.one} {key} exists already", key) from error


def written(stored: Stored[Any], path: str) -> web.Response:
    """Answer a write with the document as it is now stored."""
    headers = {"ETag": entity_tag(stored.version)}
    if stored.created:
        headers["Location"] = f"{path}/{quote(stored.key, safe='')}"
    return document(stored.document, status=201 if stored.created else 200, headers=headers)


def parameters(request: web.Request, *known: str) -> dict[str, str]:
    """Read the query; refuse a parameter that is unknown or comes twice, for it would be ignored in silence."""
    for name in request.query:
        if name not in known:
            others = f"there are: {', '.join(known)}" if known else "there are none"
            raise field_problem(BAD_REQUEST, name, f"is not a parameter here; {others}")
        if len(request.query.getall(name)) > 1:
            raise field_problem(BAD_REQUEST, name, "stands twice in the query")
        if "\0" in request.query[name]:
            raise field_problem(BAD_REQUEST, name, "must not hold U+0000")
    return dict(request.query)


def whole_number(query: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """Read a number of the query."""
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 18 and least <= int(text) <= most):
        raise field_problem(BAD_REQUEST, name, f"must be a whole number from {least} to {most}", text[:200])
    return int(text)
