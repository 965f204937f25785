"""For those who watch the service: is it alive, is it ready, and its figures in the Prometheus form."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Final

from aiohttp import web

from hss.api.ports import SERVICES
from hss.services.watching import Counters

HEALTH: Final = "/healthz"
READY: Final = "/readyz"
METRICS: Final = "/metrics"


class Watching:
    """The three routes."""

    def __init__(self, *sources: Counters) -> None:
        self._sources = sources

    def routes(self) -> Iterator[web.RouteDef]:
        """Name the routes."""
        yield web.get(HEALTH, self.alive)
        yield web.get(READY, self.ready)
        yield web.get(METRICS, self.metrics)

    async def alive(self, _request: web.Request) -> web.Response:
        """Say that the process serves requests."""
        return web.json_response({"status": "alive"})

    async def ready(self, request: web.Request) -> web.Response:
        """Say whether the service can do its work, and what is missing."""
        readiness = await request.app[SERVICES].health.readiness()
        body = {"status": "ready" if readiness.ready else "not-ready", **asdict(readiness)}
        return web.json_response(body, status=200 if readiness.ready else 503)

    async def metrics(self, request: web.Request) -> web.Response:
        """Give all figures, in the form that the caller accepts."""
        # imported here: the library costs more than the start of the service may
        from hss.api.figures import exposed  # noqa: PLC0415

        body, content_type = exposed(self._sources, request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})
