"""Queries as JSON values: what may be asked, and which rule a wrong one breaks."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hss.services.routing_fields import FIELDS, LARGEST_SEED, LONGEST_CALLED, QueryRefused
from hss.services.routing_queries import reader
from routing import Query, Suppose
from routing.contacts import Fork
from routing.normalise import DEFAULT_PROFILE, Kind, Profile, Warned

PROFILES = {"berlin": Profile(name="berlin", ndc="30"), "rome": Profile(name="rome", cc="39", ndc=None, trunk=None)}
READER = reader(PROFILES, at=7.0)


def read(**body: object) -> Query:
    return READER.read({"called": "+491", **body})


def test_a_text_is_a_number_and_everything_else_is_the_default() -> None:
    assert READER.read("+491") == READER.read({"called": "+491"}) == Query(called="+491", at=7.0)


def test_every_field_finds_its_place() -> None:
    found = read(
        kind="uri",
        at="2026-11-21T18:00:00Z",
        seed=LARGEST_SEED,
        trusted=False,
        dipped=True,
        follow=False,
        explain=False,
        fork="groups",
        request_disposition="no-fork, sequential",
        suppose={"down": ["a"], "scscf_unset": True},
        operator="berlin",
        profile={
            "cc": "43",
            "ndc": None,
            "ddi": {"431": [1, 4]},
            "refuse": ["W_FILLER"],
            "contexts": {"+43": "opaque"},
        },
    )
    assert (found.kind, found.at, found.seed) == (
        Kind.URI,
        datetime(2026, 11, 21, 18, tzinfo=UTC).timestamp(),
        LARGEST_SEED,
    )
    assert (found.trusted, found.dipped, found.follow, found.explain) == (False, True, False, False)
    assert (found.mode, found.wishes.disposition) == (Fork.GROUPS, "no-fork, sequential")
    assert found.suppose == Suppose(down=frozenset({"a"}), scscf_unset=True)
    profile = found.profile
    assert (profile.name, profile.cc, profile.ndc, profile.ddi) == ("berlin", "43", None, {"431": (1, 4)})
    assert profile.refuse == frozenset({Warned.FILLER})


def test_what_is_null_is_as_if_it_were_not_there() -> None:
    assert read(**{name: None for name in FIELDS if name != "called"}) == Query(called="+491", at=7.0)


def test_an_operator_brings_its_dial_plan() -> None:
    assert read(operator="rome").profile == PROFILES["rome"]
    assert read().profile is DEFAULT_PROFILE


def test_a_dial_plan_has_the_name_that_a_plan_prints() -> None:
    assert read(profile="rome").profile == PROFILES["rome"]
    assert READER.defaults({"operator": "rome"}).read({"called": "1", "profile": "de-pstn"}).profile == DEFAULT_PROFILE


def test_numbers_of_the_telephone_network_have_fields() -> None:
    assert read(kind="isup", called={"noa": 4, "npi": 1, "digits": "49"}).called == {"noa": 4, "npi": 1, "digits": "49"}


@pytest.mark.parametrize(("kind", "names"), [("isup", ("noa", "npi")), ("gt", ("nai", "np"))])
def test_fields_of_the_telephone_network_may_be_written_as_text(kind: str, names: tuple[str, str]) -> None:
    wanted = {names[0]: 4, names[1]: 1, "digits": "49721F"}
    assert read(kind=kind, called="4,1,49721F").called == wanted
    assert READER.defaults({"kind": kind}).read("4,1,49721F").called == wanted
    assert READER.defaults({"kind": kind}).read({"called": "4,1"}).called == "4,1"
    assert READER.read("4,1,49").called == "4,1,49"


def test_defaults_count_where_a_query_says_nothing() -> None:
    common = READER.defaults({"kind": "enum", "seed": 5, "explain": False})
    assert common.read("1.e164.arpa") == Query(called="1.e164.arpa", kind=Kind.ENUM, seed=5, at=7.0, explain=False)
    assert common.read({"called": "x", "kind": "text"}).kind is Kind.TEXT


@pytest.mark.parametrize(("at", "wanted"), [(0, 0.0), (1.5, 1.5), ("1970-01-01T00:01", 60.0), ("1970-01-01", 0.0)])
def test_times_are_read(at: object, wanted: float) -> None:
    assert read(at=at).at == wanted


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (7, ""),
        ([], ""),
        ({}, "called"),
        ({"called": 7}, "called"),
        ({"called": "1" * (LONGEST_CALLED + 1)}, "called"),
        ("1" * (LONGEST_CALLED + 1), "called"),
        ({"kind": "fax"}, "kind"),
        ({"kind": []}, "kind"),
        ({"at": "noon"}, "at"),
        ({"at": True}, "at"),
        ({"at": -1}, "at"),
        ({"at": 1e300}, "at"),
        ({"at": float("nan")}, "at"),
        ({"at": "9999-12-31T23:59:59-23:59"}, "at"),
        ({"seed": "7"}, "seed"),
        ({"seed": LARGEST_SEED + 1}, "seed"),
        ({"seed": -1}, "seed"),
        ({"explain": 1}, "explain"),
        ({"fork": "both"}, "fork"),
        ({"request_disposition": "fork, no-fork"}, "request_disposition"),
        ({"request_disposition": 7}, "request_disposition"),
        ({"suppose": []}, "suppose"),
        ({"suppose": {"down": "a"}}, "suppose.down"),
        ({"suppose": {"down": [7]}}, "suppose.down"),
        ({"suppose": {"down": ["a"] * 1001}}, "suppose.down"),
        ({"suppose": {"up": True}}, "suppose.up"),
        ({"suppose": {"scscf_unset": 1}}, "suppose.scscf_unset"),
        ({"operator": "nobody"}, "operator"),
        ({"operator": []}, "operator"),
        ({"profile": []}, "profile"),
        ({"profile": "nobody"}, "profile"),
        ({"profile": "rome", "operator": "rome"}, "profile"),
        ({"profile": {"cc": 49}}, "profile.cc"),
        ({"profile": {"cc": None}}, "profile.cc"),
        ({"profile": {"cc": "x"}}, "profile"),
        ({"profile": {"bogus": 1}}, "profile.bogus"),
        ({"profile": {"ddi": []}}, "profile.ddi"),
        ({"profile": {"ddi": {"49": 1}}}, "profile.ddi.49"),
        ({"profile": {"ddi": {"49": [3, 1]}}}, "profile"),
        ({"profile": {"contexts": {"+49": "other"}}}, "profile.contexts"),
        ({"profile": {"contexts": {"+49": []}}}, "profile.contexts"),
        ({"profile": {"refuse": ["W_NOTHING"]}}, "profile.refuse"),
        ({"profile": {"short_codes": "110"}}, "profile.short_codes"),
        ({"bogus": 1}, "bogus"),
    ],
)
def test_what_is_wrong_is_named(body: Any, field: str) -> None:
    if isinstance(body, dict) and body and "called" not in body:
        body = {"called": "+491", **body}
    with pytest.raises(QueryRefused) as refused:
        READER.read(body)
    assert refused.value.field == field
    assert refused.value.rule


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
bodies = st.dictionaries(st.sampled_from([*FIELDS, "cc", "x"]), json_values, max_size=6)


@given(json_values | bodies | st.builds(lambda body, more: {**body, "profile": more}, bodies, bodies))
def test_any_value_is_a_query_or_refused_by_a_rule(body: Any) -> None:
    try:
        found = READER.read(body)
    except QueryRefused as refused:
        found = refused.rule
    assert found
    assert isinstance(found, Query | str)
