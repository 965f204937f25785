"""Who is connected, whatever the protocol; `hss peers` shows it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

from aiohttp import web

from hss.api.resources import ROOT

CONNECTIONS: Final = f"{ROOT}/connections"

Connections: TypeAlias = Callable[[], Iterable[Mapping[str, Any]]]


def connections_route(*sides: Connections) -> web.RouteDef:
    """Show the connections of all sides; each has name, protocol, transport, address, state and what is its own."""

    async def show(request: web.Request) -> web.Response:  # noqa: ARG001 - the form of a handler
        items = [one for side in sides for one in side()]
        return web.json_response({"items": sorted(items, key=lambda item: (item["name"], item["address"]))})

    return web.get(CONNECTIONS, show)
