import asyncio
import json
from typing import Any

import pytest
from aiohttp import web
from pydantic import BaseModel, ValidationError

from hss.api.problems import KINDS, invalid, problem_of
from schemas.identities import Impu
from schemas.rules import RULES


def test_kinds_have_names_of_their_own() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "Line 1, column 1"),
        (b'{"name": "a",\n "type": }', "Line 2, column 10"),
        (b"\xff", "Octet 0"),
        (b'{"name": "a", "name": "b"}', "'name'"),
        (b'{"name": NaN}', "NaN"),
        (b'{"type": 9007199254740992}', "larger"),
        (b'{"type": ' + b"9" * 5000 + b"}", "larger"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, "recursion"),
    ],
)
async def test_a_body_that_is_not_json(api: Any, body: bytes, says: str) -> None:
    for method in ("PUT", "PATCH"):
        headers = {"Content-Type": "application/json"}
        answer = await api.ask(method, "operators/mobile", data=body, headers=headers)
        assert says in (await api.problem(answer, 400, "bad-json"))["detail"]


@pytest.mark.parametrize("body", [[], 1, "a", None, True])
async def test_a_body_that_is_no_object(api: Any, body: Any) -> None:
    for method in ("PUT", "PATCH", "POST"):
        place = "operators" if method == "POST" else "operators/mobile"
        headers = {"Content-Type": "application/json"}
        answer = await api.ask(method, place, data=json.dumps(body), headers=headers)
        problem = await api.problem(answer, 422, "invalid-document")
        assert problem["errors"][0]["field"] == ""


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"colour": "red"}, {"field": "colour", "rule": "is not a field here", "value": "red"}),
        ({"home_domain": None}, {"field": "home_domain", "rule": "is required"}),
        ({"home_domain": 7}, {"field": "home_domain", "rule": "must be text", "value": 7}),
        ({"type": "1"}, {"field": "type", "rule": "must be one of 1 or 2", "value": "1"}),
        ({"mcc": "1234"}, {"field": "mcc", "rule": "must match ^[0-9]{3}$", "value": "1234"}),
        ({"prefixes": "+49"}, {"field": "prefixes", "rule": "must be a list", "value": "+49"}),
        ({"prefixes": ["x\0"]}, {"field": "prefixes.0", "rule": "must not hold U+0000"}),
        ({"icscf": 7}, {"field": "icscf", "rule": "must be an object", "value": 7}),
        ({"icscf": {"host": "a", "port": 0}}, {"field": "icscf.port", "rule": "must be at least 1", "value": 0}),
        ({"icscf": {"host": "a", "port": 1.5}},
         {"field": "icscf.port", "rule": "must be a whole number", "value": 1.5}),
        ({"icscf": {"port": 1}}, {"field": "icscf", "rule": "an I-CSCF entry holds either host or pool"}),
        ({"answers_routing_info": "yes"},
         {"field": "answers_routing_info", "rule": "must be true or false", "value": "yes"}),
    ],
)  # fmt: skip
async def test_a_document_that_breaks_a_rule(
    api: Any, operator: dict[str, Any], change: dict[str, Any], error: dict[str, Any]
) -> None:
    document = {name: value for name, value in {**operator, **change}.items() if value is not None}
    for method, body in (("PUT", document), ("PATCH", change)):
        answer = await api.ask(method, "operators/mobile", json=body)
        problem = await api.problem(answer, 422, "invalid-document")
        assert problem["errors"] == [error]


async def test_a_long_value_is_cut_and_a_secret_one_is_not_repeated(api: Any) -> None:
    long = {"mcc": "1" * 5000}
    problem = await api.problem(await api.ask("PATCH", "operators/mobile", json=long), 422, "invalid-document")
    assert problem["errors"][0]["value"] == "1" * 200
    for credentials in ({"k": "s3cret"}, {"ha1": "s3cret"}, {"s3cret": 1}, {"k": "5" * 33}):
        body = {"subscription": "alice", "credentials": credentials}
        answer = await api.ask("PUT", "private-identities/x@ims.example", json=body)
        problem = await api.problem(answer, 422, "invalid-document")
        assert "value" not in problem["errors"][0]
    answer = await api.ask("POST", "subscribers", json={"operator": "mobile", "imsi": "1", "k": "s3cret"})
    assert "s3cret" not in await answer.text()


async def test_many_errors_are_told_together_but_not_without_end(api: Any) -> None:
    problem = await api.problem(await api.ask("POST", "operators", json={"type": 1}), 422, "invalid-document")
    assert [error["field"] for error in problem["errors"]] == ["name", "home_domain", "country_code"]
    answer = await api.ask("PATCH", "operators/mobile", json={"prefixes": [1] * 5000})
    assert len((await api.problem(answer, 422, "invalid-document"))["errors"]) == 100


async def test_a_body_of_another_type(api: Any) -> None:
    for method, named in (("PUT", "Accept"), ("PATCH", "Accept-Patch")):
        for sent in ("text/plain", "application/x-www-form-urlencoded"):
            answer = await api.ask(method, "operators/mobile", data=b"{}", headers={"Content-Type": sent})
            await api.problem(answer, 415, "wrong-content-type")
            assert "application/json" in answer.headers[named]
    answer = await api.ask("PUT", "operators/mobile", data=b"", skip_auto_headers=["Content-Type"])
    await api.problem(answer, 415, "wrong-content-type")


async def test_a_body_that_is_too_large(start: Any) -> None:
    api = await start(body_octets=1000)
    headers = {"Content-Type": "application/json"}
    answer = await api.ask("PUT", "operators/mobile", data=b" " * 2000, headers=headers)
    await api.problem(answer, 413, "too-large")


async def test_a_body_that_is_announced_too_large_is_not_waited_for(start: Any) -> None:
    api = await start(body_octets=1000, body_timeout_s=20)
    reader, writer = await asyncio.open_connection(api.client.server.host, api.client.server.port)
    writer.write(
        b"PUT /api/v1/operators/mobile HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 1001\r\n\r\n{"
    )
    answer = await reader.readuntil(b"}")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"urn:homeward:problem:too-large" in answer
    writer.close()
    await writer.wait_closed()


async def test_a_body_that_does_not_come(start: Any) -> None:
    api = await start(body_timeout_s=0.01)

    async def never() -> Any:
        yield b"{"
        await asyncio.Event().wait()

    answer = await api.ask("PUT", "operators/mobile", data=never(), headers={"Content-Type": "application/json"})
    await api.problem(answer, 408, "timed-out")


async def test_too_many_requests(start: Any) -> None:
    api = await start(requests_per_s=0.5, burst=2)
    answers = [await api.ask("GET", "operators") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    await api.problem(answers[2], 429, "too-many-requests")
    assert int(answers[2].headers["Retry-After"]) >= 1


async def test_too_many_requests_at_once(start: Any) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow(_request: web.Request) -> web.Response:
        entered.set()
        await leave.wait()
        return web.Response()

    api = await start(further=[web.get("/slow", slow)], concurrency=1)
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(api.ask("GET", "/slow"))
        await entered.wait()
        answer = await api.ask("GET", "operators")
        await api.problem(answer, 503, "busy")
        assert answer.headers["Retry-After"] == "1"
        leave.set()
    assert first.result().status == 200
    assert (await api.ask("GET", "operators")).status == 200


async def test_further_routes_are_inside_the_gate(start: Any) -> None:
    async def raises(_request: web.Request) -> web.Response:
        raise ValueError("the secret of the house")

    async def gone(_request: web.Request) -> web.Response:
        raise web.HTTPGone

    api = await start(further=[web.get("/raises", raises), web.get("/gone", gone)])
    problem = await api.problem(await api.ask("GET", "/raises"), 500, "internal")
    assert "secret" not in json.dumps(problem)
    await api.problem(await api.ask("GET", "/gone"), 410, "http")


def test_every_rule_can_be_written() -> None:
    context = dict.fromkeys(("pattern", "min_length", "max_length", "ge", "gt", "le", "lt", "expected", "error"), 1)
    for rule in RULES.values():
        assert "{" not in rule.format_map(context)


def test_text_that_pydantic_alone_refuses_is_not_json() -> None:
    class Model(BaseModel):
        a: str

    with pytest.raises(ValidationError) as caught:
        Model.model_validate_json('{"a": "\\ud800"}')
    assert invalid(caught.value).kind.name == "bad-json"
    assert problem_of(caught.value, unavailable=()).kind.status == 400


async def test_an_identity_of_a_further_route_is_refused_in_its_own_words(start: Any) -> None:
    async def asked(request: web.Request) -> web.Response:
        return web.Response(text=Impu.parse(request.query["identity"]).uri)

    api = await start(further=[web.get("/asked", asked)])
    problem = await api.problem(await api.ask("GET", "/asked?identity=nothing"), 400, "bad-request")
    assert "nothing" in problem["detail"]


def test_a_document_nested_too_deeply_is_not_json() -> None:
    assert problem_of(RecursionError(), unavailable=()).kind.name == "bad-json"
