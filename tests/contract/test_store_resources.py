"""Operators, pools, service profiles, shared sets, peers and ported numbers, in every database."""

import asyncio

import pytest

from hss.services.administration import Changes, NotFound, Refused, StillNeeded, Taken, VersionMismatch
from hss.store.engine import Store
from schemas.documents import (
    DiameterPeer,
    IcscfPool,
    Operator,
    OwnedBlock,
    OwnedPrefix,
    PortedNumber,
    ServiceProfile,
    SharedFilterCriteriaSet,
    Subscriber,
)
from tests.contract.store_samples import ALICE, FIXED, MOBILE, POOL, SHARED, TELEPHONY, furnish, plain

pytestmark = pytest.mark.asyncio(loop_scope="session")
PEER = DiameterPeer.model_validate(
    {"origin_host": "icscf.ims.example", "realm": "ims.example", "addresses": ["192.0.2.1"], "connect": True}
)
PORTED = PortedNumber.model_validate({"number": "+491719999999", "operator": "fixed", "routing_number": "D123"})
KINDS = [
    ("icscf_pools", "south", POOL),
    ("operators", "mobile", MOBILE),
    ("operators", "fixed", FIXED),
    ("shared_filter_criteria_sets", "7", SHARED),
    ("service_profiles", "telephony", TELEPHONY),
    ("diameter_peers", "icscf.ims.example", PEER),
    ("ported_numbers", "+491719999999", PORTED),
    ("number_blocks", "+4972133", OwnedBlock(stem="+49 721 33", operator="fixed", maximum=4)),
    ("prefixes", "+49160", OwnedPrefix(prefix="49160", operator="mobile")),
]


def small(name: str, **more: object) -> Operator:
    body = {"name": name, "type": 1, "home_domain": "ims.example", "country_code": "49"}
    return Operator.model_validate(body | more)


@pytest.mark.parametrize(("kind", "key", "document"), KINDS)
async def test_what_is_written_is_read_back(store: Store, kind: str, key: str, document: object) -> None:
    await furnish(store)
    resource = getattr(store, kind)
    await resource.put(key, document)
    stored = await resource.get(key)
    assert stored.key == key
    got = stored.document.model_dump()
    if kind == "operators":
        got["prefixes"].sort(reverse=True)
    assert got == document.model_dump()


@pytest.mark.parametrize(("kind", "key", "document"), KINDS)
async def test_a_put_of_the_same_document_changes_nothing(store: Store, kind: str, key: str, document: object) -> None:
    await furnish(store)
    resource = getattr(store, kind)
    await resource.put(key, document)
    before = await resource.get(key)
    heard: list[Changes] = []
    store.on_change(heard.append)
    again = await resource.put(key, before.document)
    assert (again.version, again.created, heard) == (before.version, False, [])


async def test_versions_rise_and_are_demanded(store: Store) -> None:
    made = await store.operators.put("op", small("op"), expected=0)
    assert (made.version, made.created) == (1, True)
    with pytest.raises(VersionMismatch) as refusal:
        await store.operators.put("op", small("op", area_code="721"), expected=0)
    assert refusal.value.current == 1
    changed = await store.operators.put("op", small("op", area_code="721"), expected=1)
    assert (changed.version, changed.created, changed.document.area_code) == (2, False, "721")
    with pytest.raises(VersionMismatch):
        await store.operators.delete("op", expected=1)
    await store.operators.delete("op", expected=2)
    assert await store.operators.get("op") is None


async def test_a_version_of_nothing_is_a_mismatch(store: Store) -> None:
    with pytest.raises(VersionMismatch) as refusal:
        await store.operators.put("op", small("op"), expected=3)
    assert refusal.value.current is None


async def test_of_two_writers_with_one_version_one_wins(store: Store) -> None:
    await store.operators.put("op", small("op"))
    writers = [store.operators.put("op", small("op", area_code=str(each)), expected=1) for each in range(1, 5)]
    results = await asyncio.gather(*writers, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Stored"] + ["VersionMismatch"] * 3


async def test_of_two_creators_one_wins(store: Store) -> None:
    writers = [store.operators.put("op", small("op", area_code=str(each)), expected=0) for each in range(1, 5)]
    results = await asyncio.gather(*writers, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Stored"] + ["VersionMismatch"] * 3


async def test_deleting_nothing_is_not_found(store: Store) -> None:
    for resource in (store.operators, store.icscf_pools, store.service_profiles, store.diameter_peers):
        with pytest.raises(NotFound):
            await resource.delete("nothing")
    with pytest.raises(NotFound):
        await store.shared_filter_criteria_sets.delete("9")
    for numbers in (store.ported_numbers, store.number_blocks, store.prefixes):
        with pytest.raises(NotFound):
            await numbers.delete("+49")


async def test_the_key_is_that_of_the_document(store: Store) -> None:
    with pytest.raises(Refused) as refusal:
        await store.operators.put("other", small("op"))
    assert refusal.value.field == "name"


async def test_pages_follow_the_order_of_keys(store: Store) -> None:
    names = ["B", "a", "c-1", "c-2", "d", "Z"]
    for name in names:
        await store.operators.put(name, small(name))
    seen, after = [], None
    while True:
        page = await store.operators.page(after=after, limit=2, filters={})
        seen += [item.key for item in page.items]
        if (after := page.next_after) is None:
            break
    assert seen == sorted(names)  # by octets, in every database


async def test_pages_are_filtered(store: Store) -> None:
    await furnish(store)
    for filters, names in (
        ({"name": "mo"}, ["mobile"]),
        ({"home_domain": "FIXED.example"}, ["fixed"]),
        ({"type": "1"}, ["mobile"]),
        ({"type": "one"}, []),
    ):
        page = await store.operators.page(after=None, limit=10, filters=filters)
        assert [item.key for item in page.items] == names
    with pytest.raises(Refused):
        await store.operators.page(after=None, limit=10, filters={"colour": "blue"})


async def test_ported_numbers_are_filtered(store: Store) -> None:
    await furnish(store)
    await store.ported_numbers.put(PORTED.number, PORTED)
    away = PortedNumber(number="+491721", routing_number="D9")
    await store.ported_numbers.put(away.number, away)
    for filters, keys in (
        ({"operator": "fixed"}, ["+491719999999"]),
        ({"number": "+49172"}, ["+491721"]),
        ({}, ["+491719999999", "+491721"]),
    ):
        page = await store.ported_numbers.page(after=None, limit=10, filters=filters)
        assert [item.key for item in page.items] == keys
    page = await store.ported_numbers.page(after="+491719999999", limit=10, filters={})
    assert [item.key for item in page.items] == ["+491721"]
    with pytest.raises(Refused):
        await store.ported_numbers.page(after=None, limit=10, filters={"colour": "blue"})


async def test_a_ported_number_is_found_in_any_form(store: Store) -> None:
    await furnish(store)
    await store.ported_numbers.put("49-171-9999999", PORTED)
    assert (await store.ported_numbers.get("491719999999")) is not None
    with pytest.raises(Refused):
        await store.ported_numbers.get("alice")


@pytest.mark.parametrize("number", ["+49721957829", "+4972", "+49", "+497219578291234"])
async def test_a_ported_number_that_contradicts_a_stem_is_refused(store: Store, number: str) -> None:
    await furnish(store)
    block = {"stem": "+49721957829", "minimum": 1, "maximum": 3}
    await store.operators.put("fixed", Operator.model_validate(FIXED.model_dump() | {"blocks": [block]}))
    ported = PortedNumber.model_validate({"number": number, "operator": "mobile"})
    with pytest.raises(Refused, match="DDI stem") as refused:
        await store.ported_numbers.put(number, ported)
    assert refused.value.field == "number"
    assert await store.ported_numbers.get(number) is None
    within = PortedNumber.model_validate({"number": "+4972195782912", "operator": "mobile"})
    assert (await store.ported_numbers.put(within.number, within)).created


async def test_a_stem_that_needs_no_digit_may_be_ported_itself(store: Store) -> None:
    await furnish(store)
    for number in ("+4972195782", "+497219578291234"):
        with pytest.raises(Refused, match="DDI stem"):
            await store.ported_numbers.put(number, PortedNumber(number=number, operator="mobile"))
    whole = PortedNumber(number="+49721957829", operator="mobile")
    assert (await store.ported_numbers.put(whole.number, whole)).created


async def test_a_peer_is_found_whatever_the_case(store: Store) -> None:
    await store.diameter_peers.put("ICSCF.ims.example", PEER)
    assert await store.diameter_peers.get("icscf.IMS.example") is not None


async def test_shared_sets_page_by_number(store: Store) -> None:
    for number in (7, 10, 9):
        document = SharedFilterCriteriaSet(number=number)
        await store.shared_filter_criteria_sets.put(str(number), document)
    page = await store.shared_filter_criteria_sets.page(after="7", limit=10, filters={})
    assert [item.key for item in page.items] == ["9", "10"]
    page = await store.shared_filter_criteria_sets.page(after=None, limit=10, filters={"number": "10"})
    assert [item.key for item in page.items] == ["10"]
    for wrong in ("seven", "99999999999999"):
        with pytest.raises(Refused):
            await store.shared_filter_criteria_sets.get(wrong)
    with pytest.raises(Refused):
        await store.shared_filter_criteria_sets.page(after=None, limit=10, filters={"colour": "blue"})


@pytest.mark.parametrize(
    ("kind", "document", "field"),
    [
        ("operators", small("op", icscf={"pool": "nowhere"}), "icscf.pool"),
        ("operators", small("op", prefixes=["+49171", "+49171"]), "prefixes.1"),
        (
            "operators",
            small("op", blocks=[{"stem": "+49721", "maximum": 2}, {"stem": "+49721", "maximum": 3}]),
            "blocks.1.stem",
        ),
        ("service_profiles", ServiceProfile(name="op", shared_sets=[7, 8]), "shared_sets.1"),
        ("ported_numbers", PortedNumber(number="+49", operator="nobody"), "operator"),
        ("number_blocks", OwnedBlock(stem="+49", operator="nobody", maximum=3), "operator"),
        ("prefixes", OwnedPrefix(prefix="+49", operator="nobody"), "operator"),
    ],
)
async def test_a_document_that_does_not_fit_is_refused(store: Store, kind: str, document: Operator, field: str) -> None:
    await store.shared_filter_criteria_sets.put("7", SHARED)
    with pytest.raises(Refused) as refusal:
        await getattr(store, kind).put(getattr(document, "name", "+49"), document)
    assert refusal.value.field == field


async def test_a_prefix_belongs_to_one_operator(store: Store) -> None:
    await furnish(store)
    for more, field in (
        ({"prefixes": ["+4915", "+49170"]}, "prefixes.1"),
        ({"blocks": [{"stem": "+49721957829", "maximum": 1}]}, "blocks.0.stem"),
    ):
        with pytest.raises(Taken) as refusal:
            await store.operators.put("op", small("op", **more))
        assert refusal.value.field == field
    assert await store.operators.get("op") is None


async def test_what_others_need_is_not_deleted(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("alice", ALICE)
    await store.ported_numbers.put(PORTED.number, PORTED)
    for resource, key in (
        (store.icscf_pools, "south"),
        (store.operators, "mobile"),
        (store.operators, "fixed"),
        (store.service_profiles, "telephony"),
        (store.shared_filter_criteria_sets, "7"),
    ):
        with pytest.raises(StillNeeded):
            await resource.delete(key)
    with_pool = plain("bob", 1, circuit_switched={"msisdns": ["+491711"], "icscf": {"pool": "east"}})
    await store.icscf_pools.put("east", IcscfPool(name="east"))
    await store.subscribers.put("bob", with_pool)
    await store.subscribers.put("carol", with_pool_of("carol", 2))
    with pytest.raises(StillNeeded, match=r"bob and 1 more"):
        await store.icscf_pools.delete("east")


def with_pool_of(name: str, number: int) -> Subscriber:
    return plain(name, number, circuit_switched={"msisdns": [f"+49171{number}"], "icscf": {"pool": "east"}})


async def test_everything_can_be_deleted_in_turn(store: Store) -> None:
    await furnish(store)
    await store.diameter_peers.put("icscf.ims.example", PEER)
    for resource, key in (
        (store.operators, "mobile"),
        (store.operators, "fixed"),
        (store.icscf_pools, "south"),
        (store.service_profiles, "telephony"),
        (store.shared_filter_criteria_sets, "7"),
        (store.diameter_peers, "icscf.ims.example"),
    ):
        await resource.delete(key)
        assert await resource.get(key) is None


async def test_changes_are_announced_after_the_commit(store: Store) -> None:
    heard: list[Changes] = []
    store.on_change(heard.append)
    await furnish(store)
    await store.diameter_peers.put("icscf.ims.example", PEER)
    await store.ported_numbers.put(PORTED.number, PORTED)
    numbering = Changes(everything=True, numbering=True)
    services = Changes(everything=True)
    assert heard == [numbering] * 3 + [services] * 2 + [
        Changes(peers=True),
        Changes(ported=frozenset({PORTED.number[1:]})),
    ]


async def test_a_refused_change_is_not_announced(store: Store) -> None:
    heard: list[Changes] = []
    store.on_change(heard.append)
    with pytest.raises(Refused):
        await store.operators.put("op", small("op", icscf={"pool": "nowhere"}))
    assert heard == []


async def test_a_profile_hears_whether_its_shared_set_serves_the_unregistered(store: Store) -> None:
    await furnish(store)
    await store.subscribers.put("alice", ALICE)
    before = await store.cx.by_uri("tel:+491715407090")
    both = SharedFilterCriteriaSet.model_validate(
        {"number": 7, "criteria": [{"priority": 1, "application_server": {"server_name": "sip:as.example"}}]}
    )
    await store.shared_filter_criteria_sets.put("7", both)
    after = await store.cx.by_uri("tel:+491715407090")
    await store.shared_filter_criteria_sets.put("7", SHARED)
    back = await store.cx.by_uri("tel:+491715407090")
    assert [each and each.unregistered_services for each in (before, after, back)] == [False, True, False]
