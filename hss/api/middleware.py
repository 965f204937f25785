"""What every request passes, from the outside in: errors become problems, bounds, access."""

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from aiohttp import web

from hss.api import access
from hss.api.limits import RateLimit
from hss.api.ports import SERVICES, ApiSettings
from hss.api.problems import BUSY, TOO_MANY, Problem, problem_of
from hss.services.watching import Sample

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LEFT: Final = 499  # counted where the caller left before the answer; nobody sees it
_HEADERS: Final = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}


class Gate:
    """The middleware of the API, with its state: buckets, requests under way, and counts."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self._rate = RateLimit(per_s=settings.requests_per_s, burst=settings.burst, peers=settings.peers_counted)
        self._under_way = 0
        self._counted: Counter[tuple[str, str, int]] = Counter()

    @web.middleware
    async def serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Serve a request, and turn every error into a problem."""
        try:
            answer = await self._served(request, handler)
        except Exception as error:  # noqa: BLE001 - every request gets an answer
            answer = self._refused(request, error)
        self._counted[request.method, _route(request), answer.status] += 1
        return answer

    async def _served(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        peer = request.remote or ""
        wait_s = self._rate.wait_s(access.peer_key(peer), now=asyncio.get_running_loop().time())
        if wait_s:
            retry = {"Retry-After": str(math.ceil(wait_s))}
            raise Problem(TOO_MANY, f"This address may ask {self._settings.requests_per_s:g} times/s.", headers=retry)
        access.check(request.path, peer, request.headers, self._settings)
        if self._under_way >= self._settings.concurrency:
            raise Problem(BUSY, "Too many requests are under way.", headers={"Retry-After": "1"})
        self._under_way += 1
        try:
            return await handler(request)
        finally:
            self._under_way -= 1

    def _refused(self, request: web.Request, error: Exception) -> web.StreamResponse:
        if isinstance(error, ConnectionError) and has_left(request):
            return web.Response(status=LEFT)
        if isinstance(error, web.HTTPMethodNotAllowed) and request.method == "OPTIONS":
            allowed = ", ".join(sorted(error.allowed_methods | {"OPTIONS"}))
            return web.Response(status=204, headers={"Allow": allowed})
        return problem_of(error, unavailable=request.app[SERVICES].unavailable).answer(request.path)

    def samples(self) -> Iterator[Sample]:
        """Give the API's own figures."""
        for (method, route, status), count in self._counted.items():
            yield Sample(
                name="homeward_api_requests",
                value=count,
                labels={"method": method, "route": route, "status": str(status)},
                help="Requests to the management API.",
            )
        yield Sample(
            name="homeward_api_requests_under_way",
            value=self._under_way,
            kind="gauge",
            help="Requests to the management API that have no answer yet.",
        )


def has_left(request: web.Request) -> bool:
    """Tell whether the caller closed the connection."""
    return request.transport is None or request.transport.is_closing()


def _route(request: web.Request) -> str:
    """Name the route, not the path: the number of labels is bounded."""
    resource = request.match_info.route.resource
    return "none" if resource is None else resource.canonical


async def add_headers(_request: web.Request, answer: web.StreamResponse) -> None:
    """Add what every answer has."""
    for name, value in _HEADERS.items():
        answer.headers.setdefault(name, value)
