"""Route queries over HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from hss.api.routes import AT_ONCE, LINE_OCTETS, STREAMS, Routes
from hss.services.routing_desk import RoutingDesk
from hss.services.routing_fields import LARGEST_SEED
from tests.unit.hss.services.routing_world import FIXED, MOBILE, World

DOCUMENT = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture(scope="module")
def world() -> World:
    return World().built()


@pytest.fixture
async def api(start: Any, world: World) -> Any:
    return await start(Routes(world.desk).routes())


async def lines(answer: Any) -> list[dict[str, Any]]:
    assert answer.status == 200, await answer.text()
    assert answer.content_type == "application/x-ndjson"
    return [json.loads(line) for line in (await answer.text()).splitlines()]


async def test_a_number_a_query_and_several_of_them_are_answered(api: Any) -> None:
    for body in (FIXED, {"called": FIXED}):
        answer = await api.ask("POST", "route", json=body)
        assert (await answer.json())["operator"]["name"] == "fixed"
    answer = await api.ask("POST", "route?explain=false", json={"queries": [FIXED, 7], "seed": 3})
    plan, wrong = (await answer.json())["plans"]
    assert (plan["query"]["seed"], plan["trace"], wrong["error"]["field"]) == (3, [], "")


@pytest.mark.parametrize("view", ["plan", "text", "brief"])
async def test_a_view_is_chosen(api: Any, view: str) -> None:
    found = await (await api.ask("POST", f"route?view={view}", json=MOBILE)).json()
    assert ("trace" in found, "lines" in found, isinstance(found["outcome"], str)) == (
        view != "brief",
        view == "text",
        view == "brief",
    )


async def test_a_stream_is_answered_while_it_comes(api: Any) -> None:
    answered = asyncio.Event()

    async def numbers() -> AsyncIterator[bytes]:
        yield json.dumps(MOBILE).encode() + b"\n"
        await answered.wait()
        yield b'{"called": "+49'
        yield b'72"}\r\n \n' + b"x" * (LINE_OCTETS + 1) + b"\n" + b"[" * 20_000 + b'\n"+43"'

    answer = await api.ask("POST", "route?view=brief&seed=7", data=numbers(), headers=NDJSON)
    assert json.loads(await answer.content.readline())["outcome"] == "routed"
    answered.set()
    rest = [json.loads(line) for line in (await answer.content.read()).splitlines()]
    assert [one.get("outcome") for one in rest] == ["incomplete", None, None, "unknown"]
    assert [(one["error"]["line"], one["error"]["rule"].partition(" ")[0]) for one in rest[1:3]] == [
        (4, "a"),
        (5, "not"),
    ]


async def test_a_refused_line_is_found_by_its_number(api: Any) -> None:
    lines_in = ["", '"+43"', " \t", "{}", *['"+43"'] * AT_ONCE, "7", '{"called":"1","seed":99999999999999999999}']
    found = await lines(await api.ask("POST", "route", data="\n".join(lines_in).encode(), headers=NDJSON))
    refused = [(one["error"]["line"], one["error"]["field"]) for one in found if "outcome" not in one]
    assert refused == [(4, "called"), (AT_ONCE + 5, ""), (AT_ONCE + 6, "seed")]
    assert len(found) == len(lines_in) - 2


async def test_a_wrong_query_of_a_document_is_answered_in_its_place(api: Any) -> None:
    huge = '{"kind": "isup", "called": {"noa": 1e999, "npi": -1e999, "digits": "4"}}'
    wrong = '{"called": "1", "seed": 99999999999999999999}, {"operator": "\\u0000", "called": "1"}'
    queries = f'["+43", {huge}, "1\\u0000", {wrong}]'
    answer = await api.ask("POST", "route?view=brief", data=f'{{"queries": {queries}}}', headers=DOCUMENT)
    assert answer.status == 200, await answer.text()
    plans = (await answer.json())["plans"]
    assert "Infinity" not in await answer.text()
    assert [one.get("outcome") for one in plans] == ["unknown", "invalid", "invalid", None, None]
    assert [one["error"]["field"] for one in plans[3:]] == ["seed", "operator"]


async def test_where_no_parameter_is_known_none_is_promised(api: Any) -> None:
    answer = await api.ask("GET", "route/tables?x=1")
    assert (await answer.json())["detail"] == "x: is not a parameter here; there are none"


async def test_a_long_stream_is_answered_whole_and_in_order(api: Any) -> None:
    numbers = [f"+4930{at}" for at in range(3 * AT_ONCE + 1)]
    data = "\n".join(map(json.dumps, numbers)).encode()
    found = await lines(await api.ask("POST", "route?view=brief", data=data, headers=NDJSON))
    assert [one["called"] for one in found] == numbers


async def test_streams_are_bounded(start: Any, world: World) -> None:
    api = await start(Routes(world.desk).routes())
    go_on = asyncio.Event()

    async def waiting() -> AsyncIterator[bytes]:
        yield b'"+43"\n'
        await go_on.wait()

    running = [await api.ask("POST", "route", data=waiting(), headers=NDJSON) for _ in range(STREAMS)]
    refused = await api.ask("POST", "route", data=b'"+43"\n', headers=NDJSON)
    await api.problem(refused, 503, "busy")
    go_on.set()
    for answer in running:
        assert len(await lines(answer)) == 1
    assert len(await lines(await api.ask("POST", "route", data=b'"+43"\n', headers=NDJSON))) == 1


async def test_a_database_that_is_lost_ends_a_stream_with_a_problem(start: Any) -> None:
    broken = World().built()

    async def lost(_: object) -> None:
        raise OSError("gone")

    broken.by_msisdn = lost  # type: ignore[method-assign]
    api = await start(Routes(broken.desk).routes())
    found = await lines(await api.ask("POST", "route", data=f'"{MOBILE}"\n'.encode(), headers=NDJSON))
    assert found[-1]["type"] == "urn:homeward:problem:unavailable"
    await api.problem(await api.ask("POST", "route", json=MOBILE), 503, "unavailable")


@pytest.mark.parametrize(
    ("path", "body", "status", "kind"),
    [
        ("route", {}, 422, "invalid-document"),
        ("route", {"queries": 7}, 422, "invalid-document"),
        ("route?view=all", FIXED, 400, "bad-request"),
        ("route?explain=perhaps", FIXED, 400, "bad-request"),
        ("route?seed=x", FIXED, 400, "bad-request"),
        (f"route?seed={LARGEST_SEED + 1}", FIXED, 400, "bad-request"),
        ("route", {"called": FIXED, "seed": LARGEST_SEED + 1}, 422, "invalid-document"),
        ("route?operator=nobody", FIXED, 422, "invalid-document"),
        ("route?bogus=1", FIXED, 400, "bad-request"),
        ("route/iam", [], 422, "invalid-document"),
        ("route/iam", {"iam": "x"}, 422, "invalid-document"),
        ("route/iam?x=1", {}, 400, "bad-request"),
        ("route/simulate", {"called": FIXED, "devices": 1}, 422, "invalid-document"),
        ("route/diff", {"old": 9, "new": 1, "queries": []}, 404, "not-found"),
    ],
)
async def test_a_wrong_question_is_a_problem(api: Any, path: str, body: Any, status: int, kind: str) -> None:
    await api.problem(await api.ask("POST", path, json=body), status, kind)


async def test_the_other_questions_are_answered(api: Any) -> None:
    found = await (await api.ask("POST", "route/iam", json={"iam": "010060000A000200080410942791752809"})).json()
    assert found["invite"].startswith("INVITE tel:+497219578290 ")
    found = await (await api.ask("POST", "route/simulate", json={"called": FIXED, "devices": {"b1": "200@1"}})).json()
    assert found["status"] == 200
    body = {"old": 1, "new": 1, "queries": [FIXED] * (AT_ONCE + 1)}
    found = await (await api.ask("POST", "route/diff", json=body)).json()
    assert found == {"compared": AT_ONCE + 1, "differences": [], "refused": []}
    body = {"old": 1, "new": 1, "queries": [FIXED, {"called": 7}, FIXED]}
    found = await (await api.ask("POST", "route/diff", json=body)).json()
    rule = "must be text, or an object for the kinds isup and gt"
    assert found == {
        "compared": 2,
        "differences": [],
        "refused": [{"query": 2, "field": "called", "rule": rule}],
    }
    assert (await (await api.ask("GET", "route/tables")).json())["generation"] == 1
    assert (await (await api.ask("GET", "route/check?limit=1")).json())["conflicts"] == []


async def test_a_generation_is_kept_and_let_go(start: Any) -> None:
    here = World().built()
    api = await start(Routes(here.desk).routes())
    for number in (1, 2):
        kept = await (await api.ask("POST", "route/tables/keep")).json()
        assert (kept["generation"], kept["kept"]) == (number, True)
        here.change(ported_numbers=here.bundle.ported_numbers[:-1]).built()
    await api.problem(await api.ask("POST", "route/tables/keep"), 409, "still-needed")
    assert (await api.ask("DELETE", "route/tables/1")).status == 204
    for wrong in ("1", "x", "9" * 30):
        await api.problem(await api.ask("DELETE", f"route/tables/{wrong}"), 404, "not-found")
    assert (await api.ask("POST", "route/tables/keep")).status == 200


async def test_before_the_tables_are_built_the_service_is_unavailable(start: Any) -> None:
    api = await start(Routes(RoutingDesk(World().service)).routes())
    for path, body in (("route", FIXED), ("route/simulate", {"called": FIXED})):
        await api.problem(await api.ask("POST", path, json=body), 503, "unavailable")
    await api.problem(await api.ask("GET", "route/check"), 503, "unavailable")
    assert (await (await api.ask("GET", "route/tables")).json())["ready"] is False


async def test_the_description_has_every_route(api: Any, world: World) -> None:
    found = await (await api.ask("GET", "/api/v1/openapi.json")).json()
    OpenAPIV31SpecValidator(found).validate()
    described = {path for path in found["paths"] if path.startswith("/api/v1/route")}
    assert described == {route.path for route in Routes(world.desk).routes()}
    for path in described:
        for method, operation in found["paths"][path].items():
            for media, content in operation.get("requestBody", {}).get("content", {}).items():
                if "example" in content:
                    answer = await api.ask(method.upper(), path, data=json.dumps(content["example"]), headers={"Content-Type": media})  # fmt: skip  # noqa: E501
                    assert answer.status == 200, (path, await answer.text())
