"""The management API over a real database."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from hss.api.application import build_api
from hss.api.ports import ApiSettings, Services
from hss.services.watching import Readiness, Sample
from hss.store.bulk import StoreBulk
from hss.store.engine import open_store
from hss.store.errors import StoreUnavailable

OPERATOR = {
    "name": "mobile",
    "type": 1,
    "home_domain": "ims.example",
    "mcc": "262",
    "mnc": "01",
    "country_code": "49",
    "icscf": {"host": "icscf.ims.example"},
}
KEY = "465b5ce8b199b49faa5f0a2ee238a6bc"
NEW = {
    "operator": "mobile",
    "name": "alice",
    "imsi": "262011234567890",
    "msisdn": "+491715407090",
    "k": KEY,
    "opc": "cd63cb71954a9f4e48a5994e37a02baf",
}
NAI = "262011234567890@ims.mnc001.mcc262.3gppnetwork.org"


class Nobody:
    """Health and figures that nobody has."""

    async def readiness(self) -> Readiness:
        return Readiness(store_reachable=True)

    def samples(self) -> Iterable[Sample]:
        return ()


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[TestClient[Any, Any]]:
    """A client of the API, with an operator and a subscriber in the database."""
    store = await open_store(
        str(tmp_path / "hss.db"), key=bytes(range(32)), random_octets=lambda octets: b"\7" * octets
    )
    services = Services(
        operators=store.operators,
        icscf_pools=store.icscf_pools,
        service_profiles=store.service_profiles,
        shared_filter_criteria_sets=store.shared_filter_criteria_sets,
        subscribers=store.subscribers,
        diameter_peers=store.diameter_peers,
        number_blocks=store.number_blocks,
        prefixes=store.prefixes,
        ported_numbers=store.ported_numbers,
        bulk=StoreBulk(store),
        health=Nobody(),
        counters=Nobody(),
        unavailable=(StoreUnavailable,),
    )
    made = TestClient(TestServer(build_api(services, ApiSettings(requests_per_s=1e6, burst=10**6))))
    await made.start_server()
    assert (await made.post("/api/v1/operators", json=OPERATOR)).status == 201
    assert (await made.post("/api/v1/subscribers", json=NEW)).status == 201
    yield made
    await made.close()
    await store.close()


async def test_every_kind_is_stored_listed_and_deleted(client: TestClient[Any, Any]) -> None:
    records: list[tuple[str, str, dict[str, Any]]] = [
        ("icscf-pools", "south", {"members": [{"host": "icscf1.ims.example"}]}),
        ("shared-filter-criteria-sets", "7", {}),
        ("service-profiles", "telephony", {"shared_sets": [7]}),
        ("diameter-peers", "icscf.ims.example", {}),
        ("ported-numbers", "+491715407099", {"operator": "mobile"}),
    ]
    for path, key, body in records:
        answer = await client.put(f"/api/v1/{path}/{key}", json=body)
        assert (answer.status, answer.headers["ETag"]) == (201, '"1"'), await answer.text()
        assert (await client.get(answer.headers["Location"])).status == 200
        assert len((await (await client.get(f"/api/v1/{path}")).json())["items"]) == 1
        answer = await client.put(f"/api/v1/{path}/{key}", json=body, headers={"If-None-Match": "*"})
        assert answer.status == 412
    for path, key, _ in reversed(records):
        assert (await client.delete(f"/api/v1/{path}/{key}")).status == 204


async def test_what_is_needed_is_not_deleted(client: TestClient[Any, Any]) -> None:
    answer = await client.delete("/api/v1/operators/mobile")
    body = await answer.json()
    assert (answer.status, body["type"]) == (409, "urn:homeward:problem:still-needed")
    assert "alice" in body["errors"][0]["rule"]


async def test_a_reference_to_nothing_and_a_value_of_another_are_refused(client: TestClient[Any, Any]) -> None:
    answer = await client.put("/api/v1/subscriptions/bob", json={"operator": "none"})
    assert (answer.status, (await answer.json())["errors"][0]["field"]) == (422, "operator")
    sets = [{"identities": [{"uri": "tel:+491715407090"}]}]
    answer = await client.put("/api/v1/subscriptions/bob", json={"operator": "mobile", "sets": sets})
    body = await answer.json()
    assert (answer.status, body["errors"][0]["field"]) == (409, "sets.0.identities.0.uri")
    assert "alice" in body["errors"][0]["rule"]


async def test_every_filter_of_the_description_is_known_to_the_store(client: TestClient[Any, Any]) -> None:
    description = await (await client.get("/api/v1/openapi.json")).json()
    filters = [
        (path, parameter.get("name", "after"))
        for path, item in description["paths"].items()
        if "post" in item and "{" not in path
        for parameter in item.get("get", {}).get("parameters", [])
    ]
    assert len(filters) > 30
    for path, name in filters:
        for value in ("1", "mobile", "%F0%9F%98%80"):
            answer = await client.get(f"{path}?{name}={value}")
            if answer.status != 200:
                problem = await answer.json()
                assert (answer.status, problem["errors"][0]["field"]) == (400, name), (path, problem)
                assert "is no filter" not in problem["errors"][0]["rule"]


async def test_secrets_never_leave(client: TestClient[Any, Any]) -> None:
    places = (
        "subscriptions/alice",
        "subscriptions",
        "private-identities",
        f"private-identities/{NAI}",
        "lookup?identity=alice",
        "export?form=jsonl",
        "export?form=csv",
    )
    for place in places:
        answer = await client.get(f"/api/v1/{place}")
        assert answer.status == 200
        assert KEY not in (await answer.text()).lower()
    answer = await client.patch(f"/api/v1/private-identities/{NAI}", json={"amf": "9000"})
    assert (await answer.json())["has_credentials"] == ["k", "opc"]
    answer = await client.patch(f"/api/v1/private-identities/{NAI}", json={"credentials": {}})
    assert (await answer.json())["has_credentials"] == []


async def test_everybody_s_patch_arrives(client: TestClient[Any, Any]) -> None:
    async def add(number: int) -> int:
        while True:
            answer = await client.post(
                "/api/v1/contacts/tel:%2B491715407090", json={"uri": f"sip:alice@192.0.2.{number}"}
            )
            if answer.status != 409:
                return answer.status

    statuses = await asyncio.gather(*(add(number) for number in range(20)))
    assert statuses == [201] * 20
    body = await (await client.get("/api/v1/contacts/tel:%2B491715407090")).json()
    assert len(body["items"]) == 20


async def test_of_many_writers_with_the_same_version_one_wins(client: TestClient[Any, Any]) -> None:
    async def patch(number: int) -> int:
        headers = {"If-Match": '"1"'}
        return (await client.patch("/api/v1/subscriptions/alice", json={"devices": number}, headers=headers)).status

    statuses = await asyncio.gather(*(patch(number) for number in range(10)))
    assert sorted(statuses) == [200] + [412] * 9


async def test_pages_lose_nothing(client: TestClient[Any, Any]) -> None:
    lines = b"".join(
        json.dumps({"operator": "mobile", "imsi": f"2620199{number:08}", "msisdn": f"+49170{number:07}"}).encode()
        + b"\n"
        for number in range(230)
    )
    answer = await client.post("/api/v1/import?batch=50", data=lines, headers={"Content-Type": "application/x-ndjson"})
    told = [json.loads(line) for line in (await answer.text()).splitlines()]
    assert (told[-1]["created"], told[-1]["refused_count"]) == (230, 0)
    for kind, key, expected in (
        ("subscriptions", "name", 231),
        ("private-identities", "nai", 231),
        ("circuit-switched", "imsi", 231),
    ):
        seen, place = [], f"/api/v1/{kind}?limit=37"
        while place:
            body = await (await client.get(place)).json()
            seen += [item[key] for item in body["items"]]
            place = body["next"]
        assert (len(seen), len(set(seen))) == (expected, expected), kind
    exported = await (await client.get("/api/v1/export")).text()
    assert len(exported.splitlines()) == 231


async def test_the_registration_state_is_set_by_hand(client: TestClient[Any, Any]) -> None:
    place = "/api/v1/public-identities/tel:+491715407090/registration"
    answer = await client.put(place, json={"state": "registered"})
    assert (answer.status, (await answer.json())["errors"][0]["field"]) == (422, "scscf")
    scscf = {"name": "sip:scscf1.ims.example:6060", "host": "scscf1.ims.example"}
    answer = await client.put(place, json={"state": "registered", "scscf": scscf})
    assert (answer.status, (await answer.json())["state"]) == (200, "registered")
    body = await (await client.get("/api/v1/public-identities?state=registered")).json()
    assert "tel:+491715407090" in [item["uri"] for item in body["items"]]
    answer = await client.put(place, json={"state": "not-registered"})
    assert await answer.json() == {"state": "not-registered", "scscf": None}


async def test_a_subscriber_is_found_in_every_form(client: TestClient[Any, Any]) -> None:
    forms = ("alice", "262011234567890", "+49 171 540-7090", "491715407090", "tel:+49-171-540-7090", NAI)
    for form in (*forms, "sip:+491715407090@ims.example;user=phone"):
        answer = await client.get("/api/v1/lookup", params={"identity": form})
        assert (answer.status, (await answer.json())["name"]) == (200, "alice"), form
    for form in ("bob", "tel:+49", "sip:", "\udcff".encode("utf-8", "replace").decode(), "x" * 5000):
        assert (await client.get("/api/v1/lookup", params={"identity": form})).status == 404, form
