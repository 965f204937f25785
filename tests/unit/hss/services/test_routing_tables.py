"""From rows to tables: whose number it is, and when the tables are built again."""

from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hss.app.routing_alone import bundle_of
from hss.services.administration import Changes
from hss.services.routing_documents import Bundle
from hss.services.routing_tables import ELSEWHERE, Single, needs_build, read_amendment, read_material, single
from routing.tables import Tables, sorted_numbers
from tests.unit.hss.services.routing_world import World, now, operator, subscriber, world

MOBILE, FIXED = operator("m", 1, prefixes=["+49171"]), operator("f", 2, prefixes=["+49721"])


def test_a_number_belongs_to_the_operator_whose_range_covers_it() -> None:
    person = subscriber("a", "m", "tel:+49171111", "tel:+49721222", "tel:+4930333", "sip:a@m.example")
    tables = world(operators=[MOBILE, FIXED], subscriptions=[person]).service.current.tables
    assert list(tables.numbers.items()) == [("4930333", tables.keys.index("m"))]
    assert tables.conflicts == ()


def test_a_block_is_a_stem_also_where_it_needs_no_digit_or_takes_none() -> None:
    blocks = [
        {"stem": "+4972110", "minimum": 0, "maximum": 4},
        {"stem": "+4972111", "minimum": 0, "maximum": 0},
        {"stem": "+4972112", "minimum": 2, "maximum": 4},
    ]
    tables = world(operators=[operator("f", 2, blocks=blocks)]).service.current.tables
    assert {digits: entry[2:] for digits, entry in tables.ranges.items()} == {
        "4972110": (0, 4),
        "4972111": (0, 0),
        "4972112": (2, 4),
    }
    assert tables.conflicts == ()


def test_a_routing_number_that_is_nobodys_leads_to_another_network() -> None:
    ported = [
        {"number": "+4917112", "routing_number": "D123"},
        {"number": "+4917113", "routing_number": "+49721"},
        {"number": "+4917114", "operator": "f", "routing_number": "D123"},
    ]
    here = world(operators=[MOBILE, FIXED], ported_numbers=ported)
    tables = here.service.current.tables
    assert [tables.porting(f"491711{at}") for at in (2, 3, 4)] == [("D123", ELSEWHERE), ("+49721", None), ("D123", "f")]
    plan = now(here.desk.one({"called": "+4917112"}, "plan", at=0))
    assert plan["outcome"]["status"] == "handed-over"
    assert plan["request_uri"] == "tel:+4917112;npdi;rn=D123;rn-context=+49"
    assert now(here.desk.one({"called": "+4917113"}, "plan", at=0))["operator"]["name"] == "f"


def test_rows_are_counted() -> None:
    material = now(read_material(World().documents))
    generation = material.built(3)
    assert generation.read == material.count
    people = World().bundle.subscriptions
    uris = [public.uri for one in people for group in one.sets for public in group.identities]
    numbers = [uri for uri in uris if uri.startswith("tel:")]
    assert generation.read == len(numbers) + 1 + 1 + 2  # a prefix, a stem and two ported numbers
    assert generation.tables.generation == 3


def test_operators_are_named_and_their_users_dial_as_they_say() -> None:
    here = World().built()
    assert set(here.service.current.tables.operators) == {"mobile", "fixed", ELSEWHERE}
    profile = here.service.current.profiles["fixed"]
    assert (profile.cc, profile.ndc, profile.trunk, profile.intl) == ("49", "721", "0", "00")


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        (Changes(), False),
        (Changes(numbering=True), True),
        (Changes(everything=True), True),
        (Changes(peers=True, wildcards=True, ported=frozenset({"491"})), False),
        (Changes(identities=frozenset({"tel:+491715407090", "sip:x@y", "tel:+4917!.*!", "tel:+4930123"})), False),
        (Changes(identities=frozenset({"tel:+4917123456789012345"})), False),
        (Changes(identities=frozenset({"tel:+4930123456789012345"})), True),  # a conflict comes or goes
    ],
)
def test_everything_is_read_again_where_a_change_names_no_single_numbers(changes: Changes, wanted: bool) -> None:
    assert needs_build(changes, World().built().service.current.tables) is wanted


def test_a_change_names_its_numbers() -> None:
    named = {"tel:+491715407090", "sip:x@y", "tel:+4930!.*!", "tel:+4930123", "tel:110;phone-context=+49", "tel:+49٣"}
    numbers = single(Changes(identities=frozenset(named), ported=frozenset({"491"})))
    assert numbers == Single(ported=frozenset({"491"}), own=frozenset({"491715407090", "4930123"}))
    assert numbers.listed(World().built().service.current.tables).own == {"4930123"}


HEADS = ("49171", "4917", "4972110", "4972111", "4930", "4931")
CODES = (None, "D123", "d124", "+49721", "+4999")
ranges = {
    "m": {"prefixes": ["+49171"], "blocks": [{"stem": "+4931", "minimum": 0, "maximum": 2}]},
    "f": {"prefixes": ["+497211"], "blocks": [{"stem": "+4972110", "minimum": 1, "maximum": 2}]},
    "g": {"routing_numbers": ["D12"]},
}
OPERATORS = [operator(name, kind, **ranges[name]) for name, kind in (("m", 1), ("f", 2), ("g", 2))]
digits = st.builds("".join, st.tuples(st.sampled_from(HEADS), st.text("012", max_size=2)))
porting = st.tuples(st.sampled_from((None, "m", "f", "g")), st.sampled_from(CODES)).filter(any)
portings = st.dictionaries(digits, porting, max_size=8)
owners = st.dictionaries(digits, st.sampled_from("mfg"), max_size=8)


def documents(ported: dict[str, Any], owned: dict[str, str]) -> Bundle:
    people = [subscriber(f"s{number}", owner, f"tel:+{number}") for number, owner in owned.items()]
    numbers = [{"number": f"+{at}", "operator": to, "routing_number": code} for at, (to, code) in ported.items()]
    return bundle_of({"operators": OPERATORS, "subscriptions": people, "ported-numbers": numbers})


def content(tables: Tables) -> Any:
    listed = {number: tables.full(number) for number, _ in tables.numbers.items()}
    away = {number: tables.porting(number) for number, _ in tables.ported.items()}
    return listed, away, tables.ranges, tables.conflicts, len(tables.numbers), len(tables.ported), tables.sha256


@settings(max_examples=60, deadline=None)
@given(portings, owners, st.lists(st.tuples(portings, owners), min_size=1, max_size=3))
def test_numbers_put_in_one_by_one_give_what_a_new_build_gives(
    ported: dict[str, Any], owned: dict[str, str], steps: list[tuple[dict[str, Any], dict[str, str]]]
) -> None:
    with patch.object(sorted_numbers, "_LEAF", 3):
        kept = World(documents(ported, owned)).built().service.current
        for at, (new_ported, new_owned) in enumerate(steps, 2):
            asked = Single(frozenset(ported) | frozenset(new_ported), frozenset(owned) | frozenset(new_owned))
            ported, owned = new_ported, new_owned
            amended, built = (World(documents(ported, owned)) for _ in range(2))
            kept = now(read_amendment(amended.documents, asked, kept)).made(at)
            amended.service.swap(kept)
            built.service.swap(now(read_material(built.documents)).built(at))
            assert content(kept.tables) == content(built.service.current.tables)
            for number in (*asked.ported, *asked.own):
                plans = [now(here.desk.one({"called": f"+{number}"}, "plan", at=0)) for here in (amended, built)]
                assert plans[0] == plans[1]


def test_a_number_of_an_operator_that_is_not_in_the_tables_yet_stays_as_it_was() -> None:
    old = World(documents({"491": ("m", None), "492": ("m", None)}, {"4955": "m", "4956": "m"})).built().service.current
    people = [subscriber("a", "h", "tel:+4955"), subscriber("b", "f", "tel:+4956")]
    numbers = [{"number": "+491", "operator": "h"}, {"number": "+492", "operator": "f"}]
    newer = {"operators": [*OPERATORS, operator("h", 2)], "subscriptions": people, "ported-numbers": numbers}
    asked = Single(frozenset({"491", "492"}), frozenset({"4955", "4956"}))
    amendment = now(read_amendment(World(bundle_of(newer)).documents, asked, old))
    assert amendment.strange
    tables = amendment.made(2).tables
    assert [tables.porting(number) for number in ("491", "492")] == [(None, "m"), (None, "f")]
    assert [tables.full(number) for number in ("4955", "4956")] == ["m", "f"]


def test_rows_are_counted_on() -> None:
    old = World(documents({"491": ("m", None)}, {})).built().service.current
    source = World(documents({}, {"4955": "m", "49171": "m"})).documents
    asked = Single(frozenset({"491"}), frozenset({"4955", "49171"}))
    assert now(read_amendment(source, asked, old)).made(2).read == old.read - 1 + 1
    assert now(read_amendment(source, Single(), old)).made(2).tables.sha256 == old.tables.sha256
