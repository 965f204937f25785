from collections.abc import Callable
from typing import Any

import pytest

NAI = "262011234567890@ims.mnc001.mcc262.3gppnetwork.org"


async def names(api: Any, place: str, key: str) -> list[str]:
    seen: list[str] = []
    while place:
        body = await (await api.ask("GET", place)).json()
        seen += [item[key] if isinstance(item[key], str) else item[key][0] for item in body["items"]]
        place = body["next"]
    return seen


async def test_a_part_has_the_entity_tag_of_its_subscription(api: Any) -> None:
    places = (
        "subscriptions/alice",
        f"private-identities/{NAI}",
        "public-identities/sip:alice@ims.example",
        "circuit-switched/+491715407090",
        "circuit-switched/491715407091",
        "circuit-switched/262011234567890",
        "contacts/sip:alice@ims.example",
        "public-identities/sip:alice@ims.example/registration",
        "lookup?identity=tel:%2B491715407090",
    )
    await api.ask("PATCH", "public-identities/sip:alice@ims.example", json={"display_name": "Alice"})
    for place in places:
        answer = await api.ask("GET", place)
        assert (answer.status, answer.headers["ETag"]) == (200, '"2"'), place
        answer = await api.ask("GET", place, headers={"If-None-Match": '"2"'})
        assert answer.status == 304, place


async def test_a_public_identity_is_found_in_any_form(api: Any) -> None:
    for form in ("tel:+49-171-540.7090", "sip:+491715407090@ims.example;user=phone", "tel%3A%2B491715407090"):
        answer = await api.ask("GET", f"public-identities/{form}")
        body = await answer.json()
        assert (answer.status, body["uri"], body["subscription"]) == (200, "tel:+491715407090", "alice")
        assert body["registered_with"] == ["sip:alice@ims.example"]
        assert body["private_identities"] == [NAI]
        assert body["state"] == "not-registered"


@pytest.mark.parametrize(
    "place",
    [
        "public-identities/sip:nobody@ims.example",
        "public-identities/alice",
        f"public-identities/{NAI}",
        "private-identities/nobody@ims.example",
        "circuit-switched/alice",
        "circuit-switched/+4930",
        "contacts/sip:nobody@ims.example",
        "contacts/nobody",
        "public-identities/sip:nobody@ims.example/registration",
        "public-identities/nobody/registration",
        "lookup?identity=nobody",
    ],
)
async def test_what_is_not_there(api: Any, place: str) -> None:
    await api.problem(await api.ask("GET", place), 404, "not-found")


async def test_an_identity_joins_and_leaves_an_implicit_registration_set(api: Any) -> None:
    place = "public-identities/sip:new@ims.example"
    answer = await api.ask("PUT", place, json={"subscription": "alice"})
    body = await answer.json()
    assert (answer.status, body["registered_with"]) == (201, [])
    assert body["private_identities"] == [NAI, "laptop@ims.example"]
    body = await (await api.ask("PATCH", place, json={"registered_with": ["tel:+491715407090"]})).json()
    assert body["registered_with"] == ["tel:+491715407090", "sip:alice@ims.example"]
    assert body["private_identities"] == [NAI]
    body = await (await api.ask("PUT", place, json={"display_name": "New"})).json()
    assert (body["display_name"], len(body["registered_with"])) == ("New", 2)
    body = await (await api.ask("PATCH", place, json={"registered_with": []})).json()
    assert body["registered_with"] == []
    body = await (await api.ask("PATCH", place, json={"private_identities": ["laptop@ims.example"]})).json()
    assert body["private_identities"] == ["laptop@ims.example"]
    answer = await api.ask("PATCH", place, json={"registered_with": ["sip:strange@ims.example"]})
    assert (await api.problem(answer, 422, "refused"))["errors"][0]["field"] == "registered_with"
    alice = await (await api.ask("GET", "subscriptions/alice")).json()
    assert [len(group["identities"]) for group in alice["sets"]] == [2, 1, 1]
    assert (await api.ask("DELETE", place)).status == 204
    alice = await (await api.ask("GET", "subscriptions/alice")).json()
    assert [len(group["identities"]) for group in alice["sets"]] == [2, 1]


async def test_creating_a_part_needs_a_subscription(api: Any) -> None:
    for body, rule in (({}, "is required to create"), ({"subscription": "bob"}, "there is no subscription bob")):
        answer = await api.ask("PUT", "public-identities/sip:new@ims.example", json=body)
        problem = await api.problem(answer, 422, "refused")
        assert problem["errors"] == [{"field": "subscription", "rule": rule}]


async def test_a_part_does_not_move_to_another_subscription(api: Any) -> None:
    await api.ask("PUT", "subscriptions/bob", json={"operator": "mobile"})
    body = {"subscription": "bob"}
    for place in ("public-identities/sip:alice@ims.example", f"private-identities/{NAI}"):
        await api.problem(await api.ask("PATCH", place, json=body), 409, "taken")
    answer = await api.ask("PUT", "circuit-switched/+4930", json={"subscription": "alice", "msisdns": ["+4930"]})
    await api.problem(answer, 409, "taken")


async def test_the_state_is_not_set_by_the_way(api: Any) -> None:
    answer = await api.ask("PATCH", "public-identities/sip:alice@ims.example", json={"state": "registered"})
    assert "registration" in (await api.problem(answer, 422, "refused"))["errors"][0]["rule"]


async def test_a_private_identity_that_a_set_names_is_needed(api: Any) -> None:
    answer = await api.ask("DELETE", f"private-identities/{NAI}")
    assert (await api.problem(answer, 409, "still-needed"))["errors"][0]["field"] == "sets.0.private_identities"
    assert (await api.ask("DELETE", "private-identities/laptop@ims.example")).status == 204


async def test_credentials_are_replaced_and_otherwise_kept(api: Any) -> None:
    place = f"private-identities/{NAI}"
    body = await (await api.ask("PATCH", place, json={"amf": "9000"})).json()
    assert (body["amf"], body["has_credentials"]) == ("9000", ["k", "opc"])
    body = await (await api.ask("PATCH", place, json={"credentials": {"k": "2" * 32}})).json()
    assert body["has_credentials"] == ["k"]
    answer = await api.ask("PUT", "private-identities/x@ims.example", json={"subscription": "alice"})
    assert (answer.status, (await answer.json())["has_credentials"]) == (201, [])


async def test_the_circuit_switched_side_is_changed_created_and_deleted(api: Any) -> None:
    place = "circuit-switched/491715407091"
    body = await (await api.ask("PATCH", place, json={"voicebox": "+49171999"})).json()
    assert (body["voicebox"], body["subscription"]) == ("+49171999", "alice")
    assert (await api.ask("DELETE", place)).status == 204
    await api.problem(await api.ask("DELETE", place), 404, "not-found")
    answer = await api.ask("PUT", place, json={"subscription": "alice", "msisdns": ["+491715407091"]})
    assert (answer.status, answer.headers["Location"]) == (201, "/api/v1/circuit-switched/%2B491715407091")
    answer = await api.ask("PUT", place, json={"msisdns": ["+4930"]})
    await api.problem(answer, 422, "invalid-document")


async def test_a_part_is_created_only_once_where_that_is_asked(api: Any) -> None:
    headers = {"If-None-Match": "*"}
    answer = await api.ask("PUT", "public-identities/sip:alice@ims.example", headers=headers, json={})
    await api.problem(answer, 412, "version-mismatch")
    new = {"uri": "sip:alice@ims.example", "subscription": "alice"}
    await api.problem(await api.ask("POST", "public-identities", json=new), 409, "exists")


async def test_a_part_is_written_again_where_somebody_else_was_faster(api: Any) -> None:
    calls = []

    def once() -> None:
        calls.append(1)
        if len(calls) == 1:
            stored = api.subscribers.kept["alice"]
            newer = stored.document.model_copy(update={"devices": 3})
            api.subscribers.kept["alice"] = type(stored)(key="alice", document=newer, version=stored.version + 1)

    api.subscribers.interfere = once
    answer = await api.ask("PUT", "public-identities/sip:new@ims.example", json={"subscription": "alice"})
    assert answer.status == 201
    calls.clear()
    assert (await api.ask("DELETE", "public-identities/sip:new@ims.example")).status == 204
    calls.clear()
    answer = await api.ask("POST", "contacts/sip:alice@ims.example", json={"uri": "sip:a@192.0.2.1"})
    assert answer.status == 201
    alice = await (await api.ask("GET", "subscriptions/alice")).json()
    assert (alice["devices"], len(alice["contacts"])) == (3, 1)


async def test_a_race_that_never_ends_is_given_up(api: Any) -> None:
    def always() -> None:
        stored = api.subscribers.kept["alice"]
        api.subscribers.kept["alice"] = type(stored)(key="alice", document=stored.document, version=stored.version + 1)

    api.subscribers.interfere = always
    requests = (
        ("PUT", "public-identities/sip:new@ims.example", {"subscription": "alice"}),
        ("DELETE", "public-identities/sip:alice@ims.example", None),
        ("POST", "contacts/sip:alice@ims.example", {"uri": "sip:a@192.0.2.1"}),
    )
    for method, place, body in requests:
        await api.problem(await api.ask(method, place, json=body), 409, "contended")


async def test_pages_of_parts_lose_nothing(api: Any) -> None:
    for number in range(12):
        uris = [f"sip:u{number:02}{letter}@ims.example" for letter in "cab"[: number % 4]]
        sets = [{"identities": [{"uri": uri} for uri in uris]}] if uris else []
        await api.ask("PUT", f"subscriptions/s{number:02}", json={"operator": "mobile", "sets": sets})
    expected = sorted(["tel:+491715407090", "sip:alice@ims.example", "sip:alice.work@ims.example"]) + [
        f"sip:u{number:02}{letter}@ims.example" for number in range(12) for letter in sorted("cab"[: number % 4])
    ]
    for limit in (1, 2, 3, 100):
        assert await names(api, f"public-identities?limit={limit}", "uri") == expected


async def test_pages_of_parts_go_on_behind_many_without_parts(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hss.api.parts.SUBSCRIPTIONS_PER_PAGE", 3)
    for number in range(8):
        await api.ask("PUT", f"subscriptions/n{number}", json={"operator": "mobile"})
    await api.ask("PUT", "circuit-switched/+4930", json={"subscription": "n7", "msisdns": ["+4930"]})
    assert await names(api, "circuit-switched?limit=5", "msisdns") == ["+491715407090", "+4930"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("public-identities?barred=true", ["sip:alice.work@ims.example"]),
        ("public-identities?kind=distinct-psi", []),
        ("public-identities?subscription=nobody", []),
        ("public-identities?subscription=alice&barred=true", ["sip:alice.work@ims.example"]),
        ("public-identities?operator=mobile&barred=true", ["sip:alice.work@ims.example"]),
        ("public-identities?state=registered", []),
        ("private-identities?imsi=262011234567890", [NAI]),
        ("private-identities?imsi=1234567", []),
        ("private-identities?scheme=SIP%20Digest", ["laptop@ims.example"]),
        ("circuit-switched?preference=cs-first", ["+491715407090"]),
        ("circuit-switched?preference=ims-only", []),
    ],
)
async def test_parts_are_filtered(api: Any, query: str, found: list[str]) -> None:
    key = {"public": "uri", "private": "nai", "circuit": "msisdns"}[query.partition("-")[0]]
    for suffix in ("", "&limit=1"):
        assert await names(api, query + suffix, key) == found


async def test_a_page_goes_on_where_its_subscription_is_gone(api: Any) -> None:
    await api.ask("PUT", "subscriptions/bob", json={"operator": "mobile"})
    await api.ask("PUT", "public-identities/sip:bob@ims.example", json={"subscription": "bob"})
    body = await (await api.ask("GET", "public-identities?limit=1")).json()
    assert (await api.ask("DELETE", "subscriptions/alice")).status == 204
    assert await names(api, body["next"], "uri") == ["sip:bob@ims.example"]


async def test_a_part_is_created_where_a_wildcard_of_another_stands_for_it(api: Any) -> None:
    await api.ask("PUT", "subscriptions/sip:new@ims.example", json={"operator": "mobile"})  # is found by this text
    answer = await api.ask("GET", "public-identities/sip:new@ims.example/registration")
    await api.problem(answer, 404, "not-found")
    answer = await api.ask("PUT", "public-identities/sip:new@ims.example", json={"subscription": "alice"})
    assert (answer.status, (await answer.json())["subscription"]) == (201, "alice")


async def test_a_page_ends_where_the_only_subscription_ends(api: Any) -> None:
    place = "public-identities?subscription=alice&after=alice"
    assert (await (await api.ask("GET", place)).json()) == {"items": [], "next": None}


async def test_contacts_are_listed_replaced_added_and_removed(api: Any) -> None:
    place = "contacts/sip:alice@ims.example"
    first = {"uri": "sip:alice@192.0.2.1:5060;transport=tcp", "path": ["sip:pcscf1.ims.example;lr"], "q": 1}
    answer = await api.ask("PUT", place, json=[first, {"uri": "sip:alice@192.0.2.2", "q": 0.5}])
    assert (answer.status, answer.headers["ETag"]) == (200, '"2"')
    answer = await api.ask("POST", place, json={"uri": "sip:alice@192.0.2.3"})
    assert answer.status == 201
    assert answer.headers["Location"] == "/api/v1/contacts/sip%3Aalice%40ims.example/sip%3Aalice%40192.0.2.3"
    await api.problem(await api.ask("POST", place, json={"uri": "sip:alice@192.0.2.3"}), 409, "exists")
    assert (await api.ask("POST", "contacts/tel:+491715407090", json={"uri": "sip:x@192.0.2.9"})).status == 201
    assert (await api.ask("DELETE", answer.headers["Location"])).status == 204
    await api.problem(await api.ask("DELETE", answer.headers["Location"]), 404, "not-found")
    body = await (await api.ask("GET", place)).json()
    assert [item["uri"] for item in body["items"]] == [first["uri"], "sip:alice@192.0.2.2"]
    assert (await api.ask("DELETE", place)).status == 204
    alice = await (await api.ask("GET", "subscriptions/alice")).json()
    assert [contact["uri"] for contact in alice["contacts"]] == ["sip:x@192.0.2.9"]
    assert (await api.ask("DELETE", "public-identities/tel:+491715407090")).status == 204
    assert (await (await api.ask("GET", "subscriptions/alice")).json())["contacts"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"uri": "sip:a@192.0.2.1"}, ""),
        ([{"uri": "sip:a@192.0.2.1"}, {"uri": "sip:a@192.0.2.1"}], "1.uri"),
        ([{"uri": "sip:a@192.0.2.1", "identity": "sip:other@ims.example"}], "0.identity"),
        ([{"uri": "http://a"}], "0.uri"),
        (["sip:a@192.0.2.1"], "0"),
    ],
)
async def test_contacts_that_break_a_rule(api: Any, body: Any, field: str) -> None:
    answer = await api.ask("PUT", "contacts/sip:alice@ims.example", json=body)
    assert (await api.problem(answer, 422, "invalid-document"))["errors"][0]["field"] == field


async def test_contacts_have_versions(api: Any) -> None:
    headers = {"If-Match": '"7"'}
    answer = await api.ask("PUT", "contacts/sip:alice@ims.example", json=[], headers=headers)
    await api.problem(answer, 412, "version-mismatch")
    headers = {"If-Match": '"1", "7"'}
    assert (await api.ask("PUT", "contacts/sip:alice@ims.example", json=[], headers=headers)).status == 200


async def test_the_registration_state_is_set_by_hand(api: Any) -> None:
    place = "public-identities/sip:alice@ims.example/registration"
    scscf = {"name": "sip:scscf1.ims.example:6060", "host": "scscf1.ims.example", "realm": None}
    answer = await api.ask("PUT", place, json={"state": "registered", "scscf": scscf})
    assert (answer.status, answer.headers["ETag"]) == (200, '"2"')
    assert await answer.json() == {"state": "registered", "scscf": scscf}
    assert (await (await api.ask("GET", "public-identities/tel:+491715407090")).json())["state"] == "registered"
    assert (await (await api.ask("GET", "public-identities/sip:alice.work@ims.example")).json())[
        "state"
    ] == "not-registered"
    answer = await api.ask("PUT", place, json={"state": "authentication-pending"}, headers={"If-Match": '"2"'})
    assert (await answer.json())["state"] == "authentication-pending"
    answer = await api.ask("PUT", place, json={"state": "registered"}, headers={"If-Match": '"2"'})
    await api.problem(answer, 412, "version-mismatch")
    answer = await api.ask("PUT", place, json={"state": "asleep"})
    assert (await api.problem(answer, 422, "invalid-document"))["errors"][0]["field"] == "state"


async def test_a_whole_subscriber_is_made_of_a_number(api: Any) -> None:
    new = {"operator": "mobile", "imsi": "262019876543210", "msisdn": "+49 171 9876543"}
    answer = await api.ask("POST", "subscribers", json=new)
    body = await answer.json()
    assert answer.status == 201
    assert answer.headers["ETag"] == '"1"'
    assert (await api.ask("GET", answer.headers["Location"])).status == 200
    assert body["private_identities"][0]["nai"] == "262019876543210@ims.mnc001.mcc262.3gppnetwork.org"
    assert body["circuit_switched"]["msisdns"] == ["+491719876543"]
    await api.problem(await api.ask("POST", "subscribers", json=new), 409, "exists")


async def test_a_whole_subscriber_needs_an_operator_and_what_the_derivation_needs(api: Any) -> None:
    answer = await api.ask("POST", "subscribers", json={"operator": "other", "imsi": "262019876543210"})
    assert (await api.problem(answer, 422, "refused"))["errors"][0]["field"] == "operator"
    answer = await api.ask("POST", "subscribers", json={"operator": "mobile", "number": "+4930", "vlr_number": "+4917"})
    assert (await api.problem(answer, 422, "refused"))["errors"][0]["field"]


async def test_a_look_up_names_where_the_subscription_is(api: Any) -> None:
    for identity in ("alice", "262011234567890", "%2B491715407091", NAI, "sip:alice@ims.example"):
        answer = await api.ask("GET", f"lookup?identity={identity}")
        assert answer.headers["Content-Location"] == "/api/v1/subscriptions/alice"
    problem = await api.problem(await api.ask("GET", "lookup"), 400, "bad-request")
    assert problem["errors"][0]["field"] == "identity"


async def test_identities_with_every_character_survive_the_path(start: Callable[..., Any], operator: Any) -> None:
    api = await start()
    await api.ask("POST", "operators", json=operator)
    uris = ["sip:a/b@ims.example", "sip:a%25b@ims.example", "sip:hotel!.*!@ims.example", "sip:a?b@ims.example"]
    for number, uri in enumerate(uris):
        kind = "wildcarded-psi" if "!" in uri else "distinct-user"
        sets = [{"identities": [{"uri": uri, "kind": kind}]}]
        answer = await api.ask("PUT", f"subscriptions/s{number}", json={"operator": "mobile", "sets": sets})
        assert answer.status == 201, await answer.text()
        stored = (await answer.json())["sets"][0]["identities"][0]["uri"]
        place = f"public-identities/{stored.replace('%', '%25').replace('/', '%2F').replace('?', '%3F')}"
        answer = await api.ask("GET", place)
        assert (answer.status, (await answer.json())["uri"]) == (200, stored)
