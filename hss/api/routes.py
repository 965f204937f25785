"""Route queries over HTTP: where a call to a number goes, one number or a stream of them.

A batch is NDJSON both ways: each line that comes is answered by one line, in order, as long as the caller sends. A line
that is no query is answered by an object with `error`, and stops no other line.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeVar

import orjson
from aiohttp import web

from hss.api.bodies import JSON, json_body
from hss.api.bulk import NDJSON, body_pieces
from hss.api.middleware import has_left
from hss.api.ports import SERVICES
from hss.api.problems import (
    BAD_REQUEST,
    BUSY,
    INVALID,
    NOT_FOUND,
    STILL_NEEDED,
    UNAVAILABLE,
    Problem,
    field_problem,
    problem_of,
)
from hss.api.resources import ROOT, parameters, whole_number
from hss.services.bulk_lines import whole_lines
from hss.services.routing import NotReady, TooManyKept, UnknownGeneration
from hss.services.routing_desk import Json, RoutingDesk, comparison, refusal
from hss.services.routing_fields import LARGEST_SEED, QueryRefused
from hss.services.routing_queries import VIEWS, Reader, shown

ROUTE: Final = f"{ROOT}/route"
LINE_OCTETS: Final = 65_536
AT_ONCE: Final = 32  # queries that are answered before everybody else has a turn
MOST_CONFLICTS: Final = 1000
STREAMS: Final = 8  # at once
FLAGS: Final = ("explain", "follow", "trusted", "dipped")
DEFAULTS: Final = ("kind", "operator", "at", "seed", "fork", *FLAGS)
_TOO_LONG: Final = f"a line has at most {LINE_OCTETS} octets"

T = TypeVar("T")


class Routes:
    """The routes of number routing; streams share a bound on how many of them run at once."""

    def __init__(self, desk: RoutingDesk) -> None:
        self._desk = desk
        self._free = STREAMS

    def routes(self) -> Iterator[web.RouteDef]:
        """Name the routes."""
        yield web.post(ROUTE, self.route)
        yield web.post(f"{ROUTE}/iam", self.from_iam)
        yield web.post(f"{ROUTE}/simulate", self.simulate)
        yield web.post(f"{ROUTE}/diff", self.differences)
        yield web.get(f"{ROUTE}/tables", self.tables)
        yield web.post(f"{ROUTE}/tables/keep", self.keep)
        yield web.delete(f"{ROUTE}/tables/{{generation}}", self.let_go)
        yield web.get(f"{ROUTE}/check", self.check)

    async def route(self, request: web.Request) -> web.StreamResponse:
        """Route one number, several in one document, or a stream of them."""
        query = parameters(request, "view", *DEFAULTS)
        view = query.pop("view", VIEWS[0])
        if view not in VIEWS:
            raise field_problem(BAD_REQUEST, "view", f"must be one of {', '.join(VIEWS)}", view[:200])
        with _refusing():
            queries = self._desk.reader(at=_now(), defaults=_defaults(query))
            self._demand_tables()
            if request.content_type == NDJSON:
                return await self._stream(request, queries, view)
            body = await json_body(request, JSON, NDJSON, judged=False)
            if isinstance(body, dict) and "queries" in body:
                plans = self._desk.several({**_defaults(query), **body}, view, at=_now())
                return web.json_response({"plans": [one async for one in _fairly(plans)]})
            return web.json_response(shown(await self._desk.plan(queries, body), view))

    async def from_iam(self, request: web.Request) -> web.Response:
        """Turn an ISUP IAM into the SIP INVITE that a gateway would send."""
        return web.json_response(await self._asked(request, self._desk.from_iam))

    async def simulate(self, request: web.Request) -> web.Response:
        """Play the forking plan of a number against devices that behave as described."""
        return web.json_response(await self._asked(request, self._desk.simulate))

    async def differences(self, request: web.Request) -> web.Response:
        """Show which numbers two generations route differently, and why."""
        parameters(request)
        with _refusing():
            compared = self._desk.differences(await _document(request), at=_now())
            found = [one async for one in _fairly(compared)]
        return web.json_response(comparison(found))

    async def tables(self, request: web.Request) -> web.Response:
        """Say which generation is in use, and which earlier ones can be compared with it."""
        parameters(request)
        return web.json_response(self._desk.tables())

    async def keep(self, request: web.Request) -> web.Response:
        """Keep the generation in use until it is let go, however many follow; there is no body."""
        parameters(request)
        with _refusing():
            return web.json_response(self._desk.keep())

    async def let_go(self, request: web.Request) -> web.Response:
        """Keep a generation no longer than any other."""
        parameters(request)
        text = request.match_info["generation"]
        with _refusing():
            self._desk.service.let_go(int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0)
        return web.Response(status=204)

    async def check(self, request: web.Request) -> web.Response:
        """List rows that contradict each other, with both sides; at a million numbers this takes some seconds."""
        limit = whole_number(parameters(request, "limit"), "limit", 100, 1, MOST_CONFLICTS)
        self._demand_tables()
        return web.json_response(await asyncio.to_thread(self._desk.check, limit))

    async def _asked(self, request: web.Request, ask: "Ask") -> Json:
        parameters(request)
        with _refusing():
            return await ask(await _document(request), at=_now())

    def _demand_tables(self) -> None:
        if not self._desk.service.ready:
            raise _not_ready()

    # A stream.

    async def _stream(self, request: web.Request, queries: Reader, view: str) -> web.StreamResponse:
        if self._free <= 0:
            raise Problem(BUSY, "Other batches are running.", headers={"Retry-After": "5"})
        self._free -= 1
        try:
            answer = web.StreamResponse()
            answer.content_type = NDJSON
            await answer.prepare(request)
            await self._answer_lines(request, answer, queries, view)
            return answer
        finally:
            self._free += 1

    async def _answer_lines(self, request: web.Request, answer: web.StreamResponse, queries: Reader, view: str) -> None:
        """Answer line by line; an error of the whole stream is its last line, for the status is sent."""
        number = 1
        try:
            async for piece in whole_lines(body_pieces(request), longest=LINE_OCTETS):
                lines = piece.removesuffix(b"\n").split(b"\n")
                for at in range(0, len(lines), AT_ONCE):
                    some = enumerate(lines[at : at + AT_ONCE], number + at)
                    await answer.write(b"".join([await self._line(line, queries, view, at=one) for one, line in some]))
                    await asyncio.sleep(0)
                number += len(lines)
        except Exception as error:  # noqa: BLE001 - the status is sent: the last line tells what happened
            if has_left(request):
                return
            problem = problem_of(error, unavailable=request.app[SERVICES].unavailable)
            await answer.write(json.dumps(problem.as_json(request.path)).encode() + b"\n")
        await answer.write_eof()

    async def _line(self, line: bytes, queries: Reader, view: str, *, at: int) -> bytes:
        """Answer a line by a line, an error with its number; an empty line by nothing."""
        if not line or line.isspace():
            return b""
        try:
            found: Json = shown(await self._desk.plan(queries, _query(line)), view)
        except QueryRefused as error:
            found = refusal(error, line=at)
        return orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE)


def _query(line: bytes) -> object:
    """Read the JSON of a line; raise `QueryRefused`."""
    if len(line) > LINE_OCTETS:
        raise QueryRefused("", _TOO_LONG)
    try:
        return orjson.loads(line)
    except ValueError as error:
        raise QueryRefused("", f"not JSON: {error}") from error


class Ask(Protocol):
    """A question of the desk."""

    async def __call__(self, body: Json, /, *, at: float) -> Json:
        """Answer a document."""
        ...


async def _fairly(items: AsyncIterator[T]) -> AsyncIterator[T]:
    """Let everybody else have a turn between the items."""
    at = 0
    async for item in items:
        at += 1
        if not at % AT_ONCE:
            await asyncio.sleep(0)
        yield item


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """Turn what is wrong with a question into a problem."""
    try:
        yield
    except QueryRefused as error:
        raise field_problem(INVALID, error.field, error.rule) from error
    except UnknownGeneration as error:
        raise Problem(NOT_FOUND, f"{error}") from error
    except TooManyKept as error:
        raise Problem(STILL_NEEDED, f"{error}") from error
    except NotReady as error:
        raise _not_ready() from error


def _not_ready() -> Problem:
    return Problem(UNAVAILABLE, "The tables of number routing are being built.", headers={"Retry-After": "1"})


async def _document(request: web.Request) -> dict[str, Any]:
    body = await json_body(request)
    if not isinstance(body, dict):
        raise field_problem(INVALID, "", "must be an object")
    return body


def _defaults(query: Mapping[str, str]) -> dict[str, Any]:
    """Read what the parameters of the path say of all queries; text becomes what JSON would have."""
    found: dict[str, Any] = dict(query)
    for name in FLAGS:
        if name in found:
            if found[name] not in {"true", "false"}:
                raise field_problem(BAD_REQUEST, name, "must be true or false", found[name][:200])
            found[name] = found[name] == "true"
    if "seed" in found:
        found["seed"] = whole_number(query, "seed", 0, 0, LARGEST_SEED)
    return found


def _now() -> float:
    return datetime.now(UTC).timestamp()
