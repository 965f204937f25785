"""From rows to tables: whose number it is, and when the tables are built again."""

import pytest

from hss.services.administration import Changes
from hss.services.routing_tables import ELSEWHERE, concerns, read_material
from tests.unit.hss.services.routing_world import World, now, operator, subscriber, world

MOBILE, FIXED = operator("m", 1, prefixes=["+49171"]), operator("f", 2, prefixes=["+49721"])


def test_a_number_belongs_to_the_operator_whose_range_covers_it() -> None:
    person = subscriber("a", "m", "tel:+49171111", "tel:+49721222", "tel:+4930333", "sip:a@m.example")
    tables = world(operators=[MOBILE, FIXED], subscriptions=[person]).service.current.tables
    assert list(tables.numbers.items()) == [("4930333", tables.keys.index("m"))]
    assert tables.conflicts == ()


def test_a_block_that_needs_no_digit_is_a_prefix_and_one_that_takes_none_a_number() -> None:
    blocks = [
        {"stem": "+4972110", "minimum": 0, "maximum": 4},
        {"stem": "+4972111", "minimum": 0, "maximum": 0},
        {"stem": "+4972112", "minimum": 2, "maximum": 4},
    ]
    tables = world(operators=[operator("f", 2, blocks=blocks)]).service.current.tables
    assert {digits: entry.least for digits, entry in tables.ranges.items()} == {"4972110": None, "4972112": 2}
    assert tables.full("4972111") == "f"
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
        (Changes(peers=True, wildcards=True), False),
        (Changes(identities=frozenset({"tel:+491715407090", "sip:x@y", "tel:+4917!.*!"})), False),
        (Changes(identities=frozenset({"tel:+4930123"})), True),
    ],
)
def test_the_tables_are_built_again_where_a_change_concerns_them(changes: Changes, wanted: bool) -> None:
    assert concerns(changes, World().built().service.current.tables) is wanted
