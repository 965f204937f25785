"""The description of routing says everything that can be asked and is answered, and nothing else."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hss.api.openapi.routing_plan import BRIEF, PLAN_PARTS
from hss.api.openapi.routing_query import (
    PROFILE_MEANING,
    QUERY_FIELDS,
    SUPPOSITION_MEANING,
)
from hss.api.routes import Routes
from hss.services.routing_fields import FIELDS, PROFILE, SUPPOSITIONS
from tests.unit.hss.services.routing_world import FIXED, MOBILE, World

CASES = json.loads((Path(__file__).parents[3] / "vectors" / "numbers.json").read_text())
DOCUMENT = {"Content-Type": "application/json"}
QUERIES: list[Any] = [
    {"called": MOBILE, "suppose": {"down": ["icscf1.ims.example"], "nobody_registered": True}},
    {"called": FIXED, "fork": "sequential", "request_disposition": "no-cancel", "at": 0},
    {"called": FIXED, "suppose": {"hss_unreachable": True, "scscf_unset": True}},
    {"called": "+491715407092"},
    {"called": "+491721234567"},
    {"called": "+491715550100"},
    {"called": "112"},
    {"called": "4,1,497219578290", "kind": "isup"},
    {"called": {"nai": 4, "np": 1, "digits": "497219578290F"}, "kind": "gt", "operator": "fixed"},
    {"called": "04 10 94 27 91 75 28 09", "kind": "isup_octets", "profile": "de-pstn", "seed": 7},
    {"called": f"tel:{FIXED};rn=+49D150;npdi", "kind": "uri", "profile": {"ndc": None, "ddi": {"49": [1, 2]}}},
]


@pytest.fixture
async def api(start: Any) -> Any:
    return await start(Routes(World().built().desk).routes())


@pytest.fixture
async def judge(api: Any) -> Any:
    document = await (await api.ask("GET", "/api/v1/openapi.json")).json()

    def errors(name: str, value: object) -> list[str]:
        root = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        return [f"{list(one.path)}: {one.message[:200]}" for one in Draft202012Validator(root).iter_errors(value)]

    return errors


def walk(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for inner in schema.values():
            yield from walk(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from walk(inner)


def test_every_field_of_a_query_is_described() -> None:
    assert list(QUERY_FIELDS) == list(FIELDS)
    assert list(PROFILE_MEANING) == list(PROFILE)
    assert list(SUPPOSITION_MEANING) == ["down", *SUPPOSITIONS]


async def test_a_query_that_is_described_is_answered_by_what_is_described(api: Any, judge: Any) -> None:
    for query in QUERIES:
        assert judge("RouteQuery", query) == []
        for view, name in (("plan", "RoutePlan"), ("text", "RoutePlan"), ("brief", "RouteBrief")):
            answer = await api.ask("POST", f"route?view={view}", json=query)
            found = await answer.json()
            assert answer.status == 200, found
            assert judge(name, found) == [], query
            assert set(PLAN_PARTS if name == "RoutePlan" else BRIEF) <= set(found)


async def test_plans_of_all_forms_of_numbers_are_described(api: Any, judge: Any) -> None:
    queries = [{"called": one["input"], "kind": one["kind"]} for one in CASES["cases"] if one["kind"] != "isup_octets"]
    found = await (await api.ask("POST", "route", json={"queries": queries})).json()
    assert judge("RouteAnswers", found) == []
    assert len(found["plans"]) == len(queries) > 60


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("RouteQuery", {"called": "1", "bogus": 1}),
        ("RouteQuery", {}),
        ("RouteQuery", {"called": "1", "seed": -1}),
        ("RouteQuery", {"called": "1", "kind": "fax"}),
        ("RouteQuery", {"called": "1", "suppose": {"up": True}}),
        ("RouteQuery", {"called": "1", "profile": {"cc": None}}),
        ("RouteQueries", {"queries": ["1"], "called": "1"}),
        ("RouteIam", {"iam": "01", "fork": "parallel"}),
        ("RouteSimulation", {"called": "1", "devices": {"b1": 7}}),
    ],
)
async def test_what_is_refused_is_not_described(judge: Any, name: str, wrong: object) -> None:
    assert judge(name, wrong)


async def test_the_other_answers_are_described(api: Any, judge: Any) -> None:
    asked: list[tuple[str, str, Any, str, str]] = [
        ("POST", "route/iam", {"iam": "010060000A000200080410942791752809"}, "RouteIam", "RouteInvite"),
        ("POST", "route/iam", {"iam": "010060000A000200080410949999990000"}, "RouteIam", "RouteInvite"),
        (
            *("POST", "route/simulate"),
            {"called": FIXED, "devices": {"b1": "180@1 200@12", "b2": "error@1"}},
            *("RouteSimulation", "RouteLadder"),
        ),
        ("POST", "route/diff", {"old": 1, "new": 1, "queries": ["1", {"x": 1}]}, "RouteComparison", "RouteDifferences"),
        ("GET", "route/tables", None, "", "RouteTables"),
        ("POST", "route/tables/keep", None, "", "RouteGeneration"),
        ("GET", "route/check", None, "", "RouteContradictions"),
    ]
    for method, path, body, question, name in asked:
        answer = await api.ask(method, path, json=body) if body is not None else await api.ask(method, path)
        found = await answer.json()
        assert answer.status == 200, found
        assert judge(name, found) == [], path
        if question and path != "route/diff":
            assert judge(question, body) == []
    data = b'7\n"+49"\n'
    answer = await api.ask("POST", "route", data=data, headers={"Content-Type": "application/x-ndjson"})
    for line in (await answer.text()).splitlines():
        assert judge("RouteAnswer", json.loads(line)) == []


async def test_objects_are_closed_and_parts_have_a_meaning(api: Any) -> None:
    document = await (await api.ask("GET", "/api/v1/openapi.json")).json()
    schemas = {name: one for name, one in document["components"]["schemas"].items() if name.startswith("Route")}
    for name, schema in schemas.items():
        for part in walk(schema):
            if "properties" in part and isinstance(part.get("type"), str | list) and "additionalProperties" in part:
                assert part["additionalProperties"] is False, name
                assert part["description"], name
