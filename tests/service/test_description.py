"""The description of the management API, as the whole service serves it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web

from hss.api.application import build_api
from hss.app import management
from hss.app.opening import opened_store
from hss.app.run import start
from hss.app.running import Running
from hss.app.settings import Settings
from tests.service.conftest import LISTENERS, Service
from tests.service.map_wire import Asp
from tests.service.wire import Peer

UNDESCRIBED = "/api/v1/openapi.json"  # the description itself


async def test_every_route_of_the_service_is_described_and_every_description_has_a_route(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[web.Application] = []

    def built(*arguments: Any, **more: Any) -> web.Application:
        served.append(build_api(*arguments, **more))
        return served[0]

    monkeypatch.setattr(management, "build_api", built)
    listeners = {flag.removeprefix("--").replace("-", "_"): value for flag, value in LISTENERS.items()}
    settings = Settings.model_validate({**listeners, "database": str(tmp_path / "homeward.db")})
    store = await opened_store(settings)
    async with asyncio.TaskGroup() as tasks:
        running = Running(tasks, lambda _: None, "")
        await start(settings, store, running)
        [address] = [one.report.address for one in running.opened if one.report.name == "api"]
        async with ClientSession() as session, session.get(address.replace("/api/docs", UNDESCRIBED)) as answer:
            document = await answer.json()
        await running.end()
    await store.close()
    described = {
        (path, method) for path, item in document["paths"].items() for method in item if method != "parameters"
    }
    [app] = served
    routes = {
        (route.resource.canonical, route.method.lower())
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    assert {one for one in routes if one[0].startswith("/api/v1/")} - {(UNDESCRIBED, "get")} == {
        one for one in described if one[0].startswith("/api/v1/")
    }
    assert described <= routes


def test_the_connections_are_as_described(service: Service) -> None:
    _, document = service.call("GET", UNDESCRIBED)
    schema = document["components"]["schemas"]["Connection"]
    answer = document["paths"]["/api/v1/connections"]["get"]["responses"]["200"]
    [example] = answer["content"]["application/json"]["example"]["items"]
    with Peer(service.address("diameter-tcp")) as peer, Asp(service.address("m3ua-tcp")).up(identifier=7):
        peer.open()
        status, found = service.call("GET", "connections")
    assert status == 200
    association, connection = found["items"]
    assert (association["name"], association["protocol"], connection["protocol"]) == ("asp-7", "m3ua", "diameter")
    assert example.keys() == connection.keys()
    assert association.keys() & connection.keys() == set(schema["required"])
    assert association.keys() | connection.keys() == schema["properties"].keys()
