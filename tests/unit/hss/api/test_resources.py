import json
from typing import Any

import pytest


async def test_a_record_is_created_read_replaced_changed_and_deleted(api: Any, operator: dict[str, Any]) -> None:
    new = {**operator, "name": "second"}
    answer = await api.ask("POST", "operators", json=new)
    assert answer.status == 201
    assert answer.headers["Location"] == "/api/v1/operators/second"
    assert answer.headers["ETag"] == '"1"'
    answer = await api.ask("GET", "operators/second")
    assert (answer.status, answer.headers["ETag"], (await answer.json())["home_domain"]) == (200, '"1"', "ims.example")
    answer = await api.ask("PUT", "operators/second", json={**new, "home_domain": "b.example"})
    assert (answer.status, answer.headers["ETag"], (await answer.json())["home_domain"]) == (200, '"2"', "b.example")
    answer = await api.ask("PATCH", "operators/second", json={"area_code": "721", "mnc": None})
    body = await answer.json()
    assert (answer.status, answer.headers["ETag"]) == (200, '"3"')
    assert (body["area_code"], body["mnc"], body["home_domain"]) == ("721", None, "b.example")
    assert (await api.ask("DELETE", "operators/second")).status == 204
    await api.problem(await api.ask("GET", "operators/second"), 404, "not-found")
    await api.problem(await api.ask("DELETE", "operators/second"), 404, "not-found")
    await api.problem(await api.ask("PATCH", "operators/second", json={}), 404, "not-found")


async def test_put_creates_and_may_be_repeated(api: Any) -> None:
    pool = {"members": [{"host": "ICSCF1.ims.example"}]}
    answers = [await api.ask("PUT", "icscf-pools/south", json=pool) for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 200]
    assert answers[0].headers["Location"] == "/api/v1/icscf-pools/south"
    assert (await answers[1].json())["members"][0]["host"] == "icscf1.ims.example"


@pytest.mark.parametrize(
    ("path", "key", "document"),
    [
        ("icscf-pools", "a", {"name": "a"}),
        ("service-profiles", "a", {"name": "a"}),
        ("shared-filter-criteria-sets", "7", {"number": 7}),
        ("diameter-peers", "icscf.ims.example", {"origin_host": "ICSCF.ims.example"}),
        ("ported-numbers", "+491715407091", {"number": "+49 171 5407091", "operator": "mobile"}),
    ],
)
async def test_every_kind_has_its_key(api: Any, path: str, key: str, document: dict[str, Any]) -> None:
    created = await api.ask("POST", path, json=document)
    assert created.status == 201, await created.text()
    assert (await api.ask("GET", created.headers["Location"])).status == 200
    assert (await api.ask("GET", f"{path}/{key.upper()}" if "." in key else f"{path}/{key}")).status == 200
    assert len((await (await api.ask("GET", path)).json())["items"]) == 1
    await api.problem(await api.ask("POST", path, json=document), 409, "exists")
    assert (await api.ask("DELETE", f"{path}/{key}")).status == 204


async def test_a_key_is_not_changed(api: Any, operator: dict[str, Any]) -> None:
    for method in ("PUT", "PATCH"):
        answer = await api.ask(method, "operators/mobile", json={**operator, "name": "other"})
        problem = await api.problem(answer, 422, "invalid-document")
        assert problem["errors"][0]["field"] == "name"


async def test_a_key_that_no_record_can_have(api: Any) -> None:
    await api.problem(await api.ask("GET", "shared-filter-criteria-sets/seven"), 404, "not-found")
    await api.problem(await api.ask("GET", "ported-numbers/abc"), 404, "not-found")
    problem = await api.problem(await api.ask("PUT", "shared-filter-criteria-sets/x", json={}), 422, "invalid-document")
    assert problem["errors"] == [{"field": "number", "rule": "must be a whole number", "value": "x"}]
    problem = await api.problem(await api.ask("PUT", "public-identities/x", json={}), 422, "invalid-document")
    assert problem["errors"][0]["field"] == "uri"


async def test_only_the_version_that_was_seen_is_replaced(api: Any, operator: dict[str, Any]) -> None:
    for method in ("PUT", "PATCH", "DELETE"):
        options = {} if method == "DELETE" else {"json": operator}
        for wrong in ('"7"', '"7", "8"', 'W/"1"', '"abc"', '"0"'):
            answer = await api.ask(method, "operators/mobile", headers={"If-Match": wrong}, **options)
            await api.problem(answer, 412, "version-mismatch")
        answer = await api.ask(method, "operators/mobile", headers={"If-Match": "1"}, **options)
        await api.problem(answer, 400, "bad-request")
    answer = await api.ask("PUT", "operators/mobile", headers={"If-Match": '"7", "1"'}, json=operator)
    assert (answer.status, answer.headers["ETag"]) == (200, '"2"')
    assert (await api.ask("PATCH", "operators/mobile", headers={"If-Match": '"2"'}, json={})).status == 200
    assert (await api.ask("DELETE", "operators/mobile", headers={"If-Match": "*"})).status == 204
    answer = await api.ask("PUT", "operators/mobile", headers={"If-Match": "*"}, json=operator)
    await api.problem(answer, 412, "version-mismatch")


async def test_if_none_match_creates_only(api: Any, operator: dict[str, Any]) -> None:
    headers = {"If-None-Match": "*"}
    new = {**operator, "name": "second"}
    assert (await api.ask("PUT", "operators/second", headers=headers, json=new)).status == 201
    answer = await api.ask("PUT", "operators/second", headers=headers, json=new)
    await api.problem(answer, 412, "version-mismatch")
    for wrong in ({"If-None-Match": '"1"'}, {"If-None-Match": "*", "If-Match": "*"}):
        answer = await api.ask("PUT", "operators/second", headers=wrong, json=new)
        await api.problem(answer, 400, "bad-request")


async def test_a_reader_who_has_the_version_gets_304(api: Any) -> None:
    for tag in ('"1"', 'W/"1"', '"7", "1"', "*"):
        answer = await api.ask("GET", "operators/mobile", headers={"If-None-Match": tag})
        assert (answer.status, answer.headers["ETag"], await answer.read()) == (304, '"1"', b"")
    assert (await api.ask("GET", "operators/mobile", headers={"If-None-Match": '"2"'})).status == 200


async def test_a_patch_without_a_version_is_applied_to_what_somebody_else_wrote(api: Any) -> None:
    calls = []

    def somebody_else() -> None:
        calls.append(1)
        if len(calls) == 1:
            stored = api.operators.kept["mobile"]
            newer = stored.document.model_copy(update={"area_code": "30"})
            api.operators.kept["mobile"] = type(stored)(key="mobile", document=newer, version=stored.version + 1)

    api.operators.interfere = somebody_else
    answer = await api.ask("PATCH", "operators/mobile", json={"trunk_prefix": "9"})
    body = await answer.json()
    assert (answer.status, body["area_code"], body["trunk_prefix"]) == (200, "30", "9")


async def test_a_patch_that_is_no_object_is_refused_in_plain_words(api: Any) -> None:
    answer = await api.client.patch("/api/v1/operators/nobody", json=[1])
    problem = await answer.json()
    assert (answer.status, problem["detail"]) == (422, "a merge patch of a document must be an object")


async def test_a_patch_with_a_version_loses_a_race(api: Any) -> None:
    def somebody_else() -> None:
        stored = api.operators.kept["mobile"]
        api.operators.kept["mobile"] = type(stored)(key="mobile", document=stored.document, version=stored.version + 1)

    api.operators.interfere = somebody_else
    answer = await api.ask("PATCH", "operators/mobile", headers={"If-Match": '"1"'}, json={"trunk_prefix": "9"})
    await api.problem(answer, 412, "version-mismatch")
    answer = await api.ask("PATCH", "operators/mobile", json={"trunk_prefix": "9"})
    await api.problem(answer, 409, "contended")


async def test_pages_lose_nothing_and_end(api: Any) -> None:
    names = [f"n{number:02}" for number in range(25)]
    for name in names:
        assert (await api.ask("PUT", f"service-profiles/{name}", json={})).status == 201
    seen, place = [], "service-profiles?limit=7&name=n"
    while place:
        answer = await api.ask("GET", place)
        body = await answer.json()
        assert len(body["items"]) <= 7
        seen += [item["name"] for item in body["items"]]
        place = body["next"]
        assert answer.headers.get("Link") == (f'<{place}>; rel="next"' if place else None)
    assert seen == names


async def test_a_list_is_filtered(api: Any) -> None:
    body = await (await api.ask("GET", "operators?name=mob")).json()
    assert [item["name"] for item in body["items"]] == ["mobile"]
    assert (await (await api.ask("GET", "operators?name=x")).json()) == {"items": [], "next": None}


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "limit=-1", "limit=1&limit=2", "colour=red", "name=%00"]
)
async def test_a_query_that_is_not_understood(api: Any, query: str) -> None:
    problem = await api.problem(await api.ask("GET", f"operators?{query}"), 400, "bad-request")
    assert problem["errors"][0]["field"] == query.partition("=")[0]


async def test_a_place_to_begin_that_the_store_refuses(api: Any) -> None:
    for query, field in (("after=refused", "after"), ("after=refused&number=7", "number")):
        answer = await api.ask("GET", f"shared-filter-criteria-sets?{query}")
        problem = await api.problem(answer, 400, "bad-request")
        assert problem["errors"][0]["field"] == field


async def test_a_connection_that_the_store_lost_is_not_the_caller_s(api: Any) -> None:
    api.operators.broken = ConnectionResetError("the database is gone")
    await api.problem(await api.ask("GET", "operators/mobile"), 503, "unavailable")


async def test_the_store_refuses(api: Any, operator: dict[str, Any]) -> None:
    answer = await api.ask("PUT", "ported-numbers/+4930", json={"operator": "nobody"})
    problem = await api.problem(answer, 422, "refused")
    assert problem["errors"] == [{"field": "operator", "rule": "there is no operator 'nobody'"}]
    answer = await api.ask("PUT", "operators/mobile", json={**operator, "home_domain": "taken.example"})
    await api.problem(answer, 409, "taken")
    api.operators.needed.add("mobile")
    problem = await api.problem(await api.ask("DELETE", "operators/mobile"), 409, "still-needed")
    assert "alice" in problem["errors"][0]["rule"]


async def test_head_and_options(api: Any) -> None:
    answer = await api.ask("HEAD", "operators/mobile")
    assert (answer.status, answer.headers["ETag"], await answer.read()) == (200, '"1"', b"")
    answer = await api.ask("OPTIONS", "operators/mobile")
    assert (answer.status, answer.headers["Allow"]) == (204, "DELETE, GET, HEAD, OPTIONS, PATCH, PUT")
    answer = await api.ask("POST", "operators/mobile", json={})
    await api.problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
    await api.problem(await api.ask("GET", "nothing"), 404, "not-found")


async def test_secrets_are_written_and_never_shown(api: Any, alice: dict[str, Any]) -> None:
    answers = [
        await api.ask("GET", "subscriptions/alice"),
        await api.ask("GET", "subscriptions"),
        await api.ask("PUT", "subscriptions/alice", json=alice),
        await api.ask("GET", "lookup?identity=alice"),
        await api.ask("GET", "private-identities"),
    ]
    for answer in answers:
        text = await answer.text()
        assert answer.status == 200
        assert "0" * 32 not in text
        assert '"credentials"' not in text
        assert '"has_credentials":["k","opc"]' in text


async def test_what_was_read_may_be_written_back(api: Any) -> None:
    for place in ("operators/mobile", "subscriptions/alice", "public-identities/tel:+491715407090"):
        body = await (await api.ask("GET", place)).json()
        answer = await api.ask("PUT", place, json=body)
        assert (answer.status, await answer.json()) == (200, body)


async def test_the_store_is_away(api: Any) -> None:
    api.operators.broken = TimeoutError("no answer")
    answer = await api.ask("GET", "operators/mobile")
    await api.problem(answer, 503, "unavailable")
    assert answer.headers["Retry-After"] == "1"


async def test_an_unexpected_error_tells_nothing_but_its_name_in_the_log(
    api: Any, caplog: pytest.LogCaptureFixture
) -> None:
    api.operators.broken = RuntimeError("the secret of the house")
    answer = await api.ask("GET", "operators/mobile")
    problem = await api.problem(answer, 500, "internal")
    assert "secret" not in json.dumps(problem)
    reference = problem["detail"].rpartition(" ")[2].rstrip(".")
    assert any(reference in record.message and record.exc_info for record in caplog.records)
