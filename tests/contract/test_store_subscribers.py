"""Whole subscribers, in every database."""

import asyncio
from typing import Any

import pytest

from hss.services.administration import Changes, NotFound, Refused, Taken, VersionMismatch
from hss.store.engine import Store
from schemas.documents import IcscfPool, Registration, Subscriber
from tests.contract.store_samples import ALICE, IMSI, NAI, OPC, SERVICES, K, furnish, plain

pytestmark = pytest.mark.asyncio(loop_scope="session")
OPEN = {"private_identities": {"__all__": {"credentials", "has_credentials"}}}


def changed(document: Subscriber, **parts: object) -> Subscriber:
    return Subscriber.model_validate(document.model_dump() | parts)


def body(document: Subscriber) -> dict[str, Any]:
    made = document.model_dump(exclude=OPEN)
    for group in made["sets"]:
        group["private_identities"].sort()
    return made


@pytest.mark.parametrize("document", [ALICE, SERVICES, plain("bob", 1), Subscriber(name="none", operator="mobile")])
async def test_what_is_written_is_read_back(store: Store, document: Subscriber) -> None:
    await furnish(store)
    made = await store.subscribers.put(document.name, document, expected=0)
    stored = await store.subscribers.get(document.name)
    assert stored is not None
    assert (made.version, made.created, made.document) == (1, True, stored.document)
    assert body(stored.document) == body(document)


async def test_a_replaced_subscriber_has_nothing_of_the_old_one(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("alice", ALICE)
    await store.subscribers.put("alice", changed(plain("alice", 5), name="alice"), expected=1)
    stored = await store.subscribers.get("alice")
    assert stored is not None
    assert (stored.version, body(stored.document)) == (2, body(plain("alice", 5)))
    for gone in (IMSI, NAI, "tel:+491715407090", "sip:alice@ims.example", "+491715407001"):
        assert await store.subscribers.find(gone) is None


async def test_a_put_of_the_same_document_changes_nothing(store: Store) -> None:
    await furnish(store)
    made = await store.subscribers.put("alice", ALICE)
    heard: list[Changes] = []
    store.on_change(heard.append)
    again = await store.subscribers.put("alice", made.document)
    assert (again.version, again.created, heard) == (1, False, [])


async def test_versions_are_demanded(store: Store) -> None:
    await furnish(store)
    with pytest.raises(VersionMismatch):
        await store.subscribers.put("bob", plain("bob", 1), expected=1)
    await store.subscribers.put("bob", plain("bob", 1), expected=0)
    with pytest.raises(VersionMismatch) as refusal:
        await store.subscribers.put("bob", plain("bob", 2), expected=0)
    assert refusal.value.current == 1
    with pytest.raises(VersionMismatch):
        await store.subscribers.delete("bob", expected=7)


async def test_of_two_writers_with_one_version_one_wins(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("bob", plain("bob", 1))
    writers = [store.subscribers.put("bob", plain("bob", each), expected=1) for each in range(2, 6)]
    results = await asyncio.gather(*writers, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Stored"] + ["VersionMismatch"] * 3


async def test_of_two_creators_one_wins(store: Store) -> None:
    await furnish(store)
    writers = [store.subscribers.put("bob", plain("bob", each), expected=0) for each in range(4)]
    results = await asyncio.gather(*writers, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Stored"] + ["VersionMismatch"] * 3


async def test_of_two_who_want_one_number_one_gets_it(store: Store) -> None:
    await furnish(store)
    writers = [store.subscribers.put(name, plain(name, 1)) for name in ("bob", "carol", "dave")]
    results = await asyncio.gather(*writers, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Stored", "Taken", "Taken"]


async def test_the_key_is_the_name(store: Store) -> None:
    with pytest.raises(Refused) as refusal:
        await store.subscribers.put("bob", ALICE)
    assert refusal.value.field == "name"


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"sets": [{"identities": [{"uri": "sip:new@ims.example"}, {"uri": "TEL:+49-171-5407090"}]}]},
         "sets.0.identities.1.uri"),
        ({"sets": [{"identities": [{"uri": "sip:x!.*!@y.example", "kind": "wildcarded-psi"}]},
                   {"identities": [{"uri": "sip:alice@ims.example"}]}]}, "sets.1.identities.0.uri"),
        ({"private_identities": [{"nai": "new@ims.example"}, {"nai": NAI}]}, "private_identities.1.nai"),
        ({"private_identities": [{"nai": "new@ims.example", "imsi": IMSI}]}, "private_identities.0.imsi"),
        ({"circuit_switched": {"msisdns": ["+49"], "imsi": IMSI}}, "circuit_switched.imsi"),
        ({"circuit_switched": {"msisdns": ["+49", "+491715407001"]}}, "circuit_switched.msisdns.1"),
    ],
)  # fmt: skip
async def test_identities_belong_to_one_subscription(store: Store, more: dict[str, Any], field: str) -> None:
    await furnish(store)
    await store.subscribers.put("alice", ALICE)
    with pytest.raises(Taken) as refusal:
        await store.subscribers.put("bob", plain("bob", 1, **more))
    assert refusal.value.field == field
    assert "alice" in refusal.value.rule
    assert await store.subscribers.get("bob") is None


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"operator": "nobody"}, "operator"),
        ({"circuit_switched": {"msisdns": ["+49"], "icscf": {"pool": "nowhere"}}}, "circuit_switched.icscf.pool"),
        ({"sets": [{"identities": [{"uri": "tel:+49"}, {"uri": "tel:+48", "service_profile": "none"}]}]},
         "sets.0.identities.1.service_profile"),
        ({"sets": [{"identities": [{"uri": "tel:+49"}], "state": "registered"}]}, "scscf"),
        ({"sets": [{"identities": [{"uri": "tel:+49"}], "authentication_pending": True}]},
         "sets.0.authentication_pending"),
        ({"circuit_switched": {"msisdns": ["+49", "+49"]}}, "circuit_switched.msisdns.1"),
        ({"private_identities": [{"nai": "a@b", "imsi": IMSI}, {"nai": "c@d", "imsi": IMSI}]},
         "private_identities.1.imsi"),
        ({"private_identities": [{"nai": "a@b"}],
          "sets": [{"identities": [{"uri": "tel:+49"}], "private_identities": ["a@b", "a@b"]}]},
         "sets.0.private_identities.1"),
        ({"contacts": [{"identity": "tel:+491711", "uri": "sip:a@b"}] * 2}, "contacts.1.uri"),
    ],
)  # fmt: skip
async def test_what_does_not_fit_is_refused(store: Store, more: dict[str, Any], field: str) -> None:
    await furnish(store)
    with pytest.raises(Refused) as refusal:
        await store.subscribers.put("bob", plain("bob", 1, **more))
    assert (type(refusal.value), refusal.value.field) == (Refused, field)
    assert await store.subscribers.get("bob") is None


async def test_a_subscriber_may_keep_what_is_his(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("alice", ALICE)
    moved = ALICE.model_dump()
    moved["sets"][0]["identities"], moved["sets"][1]["identities"] = (
        moved["sets"][1]["identities"],
        moved["sets"][0]["identities"],
    )
    stored = await store.subscribers.put("alice", Subscriber.model_validate(moved))
    assert stored.document.sets[0].identities[0].uri == "sip:alice@ims.example"


async def test_secrets_are_kept_until_others_are_given(store: Store) -> None:
    await furnish(store)
    made = await store.subscribers.put("alice", ALICE)
    assert [each.has_credentials for each in made.document.private_identities] == [["k", "opc"], ["password"]]
    assert all(each.credentials is None for each in made.document.private_identities)
    kept = await store.subscribers.put("alice", changed(made.document, devices=1))
    assert kept.document.private_identities[0].has_credentials == ["k", "opc"]
    secrets = await store.secrets.of(NAI)
    assert secrets is not None
    assert (secrets.k, secrets.opc) == (K, OPC)
    other = kept.document.model_dump()
    other["private_identities"][0]["credentials"] = {"k": K, "op": OPC}
    other["private_identities"][1]["credentials"] = {}
    replaced = await store.subscribers.put("alice", Subscriber.model_validate(other))
    assert [each.has_credentials for each in replaced.document.private_identities] == [["k", "op"], []]
    secrets = await store.secrets.of(NAI)
    assert secrets is not None
    assert (secrets.op, secrets.opc) == (OPC, None)
    assert await store.secrets.of("alice-desk@ims.example") is None
    assert await store.secrets.of("nobody@ims.example") is None


async def test_no_secret_stands_in_the_database_as_it_is(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("alice", ALICE)
    async with store.database.read() as connection:
        rows = (await connection.exec_driver_sql("SELECT sealed FROM private_identity")).scalars().all()
    for secret in (K.encode(), bytes.fromhex(K), b"correct horse"):
        assert not any(secret in bytes(row) for row in rows)


@pytest.mark.parametrize(
    "asked",
    [
        "alice", IMSI, NAI, NAI.upper().replace("IMS.MNC", "ims.mnc"), "tel:+491715407090", "TEL:+49-171-540(70)90",
        "+49 171 5407001", "491715407001", "sip:+491715407090@ims.example;user=phone", "sip:+491715407090@ims.example",
        "SIP:alice@IMS.example:5060;transport=tcp", f"sip:{NAI}", "alice-desk@ims.example",
    ],
)  # fmt: skip
async def test_a_subscriber_is_found_by_any_identity(store: Store, asked: str) -> None:
    await furnish(store)
    await store.subscribers.put("alice", ALICE)
    await store.subscribers.put("bob", plain("bob", 1))
    found = await store.subscribers.find(asked)
    assert found is not None
    assert found.key == "alice"


async def test_what_nobody_has_is_not_found(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("alice", ALICE)
    for asked in ("", "bob", "+4915", "262019999999999", "sip:bob@ims.example", "http://alice", "tel:+4917154070901"):
        assert await store.subscribers.find(asked) is None


async def test_a_name_goes_before_a_number(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("491711", plain("491711", 2))
    await store.subscribers.put("bob", plain("bob", 1))
    for asked, name in (("491711", "491711"), ("+491711", "bob")):
        found = await store.subscribers.find(asked)
        assert found is not None
        assert found.key == name


async def test_a_distinct_identity_goes_before_a_wildcard(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("services", SERVICES)
    longer = {"sets": [{"identities": [{"uri": "sip:chatroom!.*!@fixed.example", "kind": "wildcarded-psi"}]}]}
    await store.subscribers.put("rooms", plain("rooms", 1, **longer))
    await store.subscribers.put("chat", plain("chat", 2, sets=[{"identities": [{"uri": "sip:chat7@fixed.example"}]}]))
    for asked, name in (
        ("sip:chat7@fixed.example", "chat"),
        ("sip:chat8@fixed.example", "services"),
        ("sip:chatroom8@fixed.example", "rooms"),
        ("sip:chatroom!.*!@fixed.example", "rooms"),
        ("sip:chatlist![0-9]+!@fixed.example", "services"),
    ):
        found = await store.subscribers.find(asked)
        assert found is not None
        assert found.key == name


async def test_pages_follow_the_order_of_names(store: Store) -> None:
    await furnish(store)
    names = ["bob", "Zoe", "al", "c-2", "c-10"]
    for number, name in enumerate(names):
        await store.subscribers.put(name, plain(name, number))
    seen, after = [], None
    while True:
        page = await store.subscribers.page(after=after, limit=2, filters={})
        seen += [(item.key, item.document.name) for item in page.items]
        if (after := page.next_after) is None:
            break
    assert seen == [(name, name) for name in sorted(names)]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"name": "al"}, ["alice"]),
        ({"operator": "fixed"}, ["services"]),
        ({"operator": "nobody"}, []),
        ({"state": "registered"}, ["alice"]),
        ({"scheme": "SIP Digest"}, ["alice"]),
        ({"scheme": "Digest-AKAv1-MD5", "operator": "fixed"}, []),
        ({"identity": "+49171"}, ["alice", "bob"]),
        ({"identity": "tel:+491711"}, ["bob"]),
        ({"identity": "26201"}, ["alice"]),
        ({"identity": "sip:chat"}, ["services"]),
        ({"identity": "alice-d"}, ["alice"]),
        ({"identity": "sip:chat", "name": "a"}, []),
    ],
)
async def test_pages_are_filtered(store: Store, filters: dict[str, str], names: list[str]) -> None:
    await furnish(store)
    for document in (ALICE, SERVICES, plain("bob", 1)):
        await store.subscribers.put(document.name, document)
    page = await store.subscribers.page(after=None, limit=10, filters=filters)
    assert [item.key for item in page.items] == names


async def test_an_unknown_filter_is_refused(store: Store) -> None:
    with pytest.raises(Refused):
        await store.subscribers.page(after=None, limit=10, filters={"colour": "blue"})


async def test_a_deleted_subscriber_leaves_nothing(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("alice", ALICE)
    heard: list[Changes] = []
    store.on_change(heard.append)
    await store.subscribers.delete("alice", expected=1)
    assert await store.subscribers.get("alice") is None
    with pytest.raises(NotFound):
        await store.subscribers.delete("alice")
    await store.operators.delete("mobile")
    (first, _) = heard
    identities = frozenset({"tel:+491715407090", f"sip:{NAI}", "sip:alice@ims.example"})
    assert first == Changes(identities=identities, msisdns=frozenset({"491715407090", "491715407001"}))


async def test_changes_name_what_came_and_what_went(store: Store) -> None:
    await furnish(store)
    heard: list[Changes] = []
    store.on_change(heard.append)
    await store.subscribers.put("bob", plain("bob", 1))
    await store.subscribers.put("bob", plain("bob", 2))
    await store.subscribers.put("services", SERVICES)
    await store.subscribers.delete("services")
    old, new = "tel:+491711", "tel:+491712"
    assert heard[0] == Changes(identities=frozenset({old}), added=frozenset({old}), msisdns=frozenset({"491711"}))
    assert heard[1] == Changes(
        identities=frozenset({old, new}), added=frozenset({new}), msisdns=frozenset({"491711", "491712"})
    )
    assert (heard[2].wildcards, heard[3].wildcards) == (True, True)


def by_hand(state: str, scscf: str | None = None) -> Registration:
    return Registration.model_validate({"state": state, "scscf": scscf and {"name": scscf}})


async def test_states_are_set_by_hand(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("bob", plain("bob", 1, preferred_scscfs=["sip:preferred.example"]))
    steps: list[tuple[str, str | None, str, str | None]] = [
        ("registered", None, "registered", "sip:preferred.example"),
        ("unregistered", "sip:s1.example", "unregistered", "sip:s1.example"),
        ("registered", None, "registered", "sip:s1.example"),
        ("not-registered", None, "not-registered", None),
        ("not-registered", "sip:s2.example", "not-registered", "sip:s2.example"),
        ("unregistered", None, "unregistered", "sip:s2.example"),
    ]
    for version, (wanted, given, state, scscf) in enumerate(steps, start=2):
        stored = await store.subscribers.register("sip:+491711@ims.example;user=phone", by_hand(wanted, given))
        held = stored.document.scscf
        assert (stored.document.sets[0].state, held and held.name, stored.version) == (state, scscf, version)


async def test_authentication_pending_is_a_flag_beside_the_state(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("alice", ALICE)
    pending = (await store.subscribers.register(f"sip:{NAI}", by_hand("authentication-pending"))).document
    assert (pending.sets[0].state, pending.sets[0].authentication_pending) == ("registered", True)
    assert (pending.scscf and pending.scscf.name) == "sip:scscf1.ims.example:6060"
    kept = (await store.subscribers.put("alice", changed(pending, devices=9))).document
    assert kept.sets[0].authentication_pending
    with pytest.raises(Refused) as refusal:
        await store.subscribers.register("sip:alice@ims.example", by_hand("authentication-pending"))
    assert refusal.value.field == "state"
    done = (await store.subscribers.register(f"sip:{NAI}", by_hand("registered"))).document
    assert not done.sets[0].authentication_pending


async def test_the_s_cscf_stays_while_another_set_needs_it(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("alice", ALICE)
    await store.subscribers.register("sip:alice@ims.example", by_hand("unregistered"))
    one = (await store.subscribers.register("tel:+491715407090", by_hand("not-registered"))).document
    assert one.scscf is not None
    none = (await store.subscribers.register("sip:alice@ims.example", by_hand("not-registered"))).document
    assert none.scscf is None
    assert len(none.contacts) == 2


async def test_a_registration_needs_an_s_cscf_and_an_identity(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("bob", plain("bob", 1))
    with pytest.raises(Refused) as refusal:
        await store.subscribers.register("tel:+491711", by_hand("registered"))
    assert refusal.value.field == "scscf"
    for nobody in ("tel:+491712", "bob", ""):
        with pytest.raises(NotFound):
            await store.subscribers.register(nobody, by_hand("not-registered"))


async def test_a_wildcard_is_registered_by_one_of_its_identities(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("services", SERVICES)
    heard: list[Changes] = []
    store.on_change(heard.append)
    stored = await store.subscribers.register("sip:chat99@fixed.example", by_hand("registered", "sip:s1.example"))
    assert [group.state for group in stored.document.sets] == ["not-registered", "registered", "not-registered"]
    assert "sip:chat!.*!@fixed.example" in heard[0].identities


async def test_a_pool_that_goes_is_seen_by_nobody_half(store: Store) -> None:
    await furnish(store)
    await store.icscf_pools.put("east", IcscfPool(name="east"))
    more = {"circuit_switched": {"msisdns": ["+491711"], "icscf": {"pool": "east"}}}
    results = await asyncio.gather(
        store.subscribers.put("bob", plain("bob", 1, **more)),
        store.icscf_pools.delete("east"),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Refused) for result in results) == 1
