"""Questions about routing as JSON: IAM, simulation, comparison, contradictions."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hss.services.routing import MOST_KEPT, NotReady, TooManyKept, UnknownGeneration
from hss.services.routing_desk import MOST_QUERIES, ladder_line
from hss.services.routing_fields import QueryRefused
from hss.services.routing_queries import brief
from routing.normalise import Profile
from routing.simulation import Line
from tests.unit.hss.services.routing_world import FIXED, MOBILE, NOON, World, now, operator, world

FIXED_OCTETS = "0410942791752809"


def iam(called: str) -> str:
    """Write an IAM with the octets of a called party number, and nothing optional."""
    octets = bytes.fromhex(called)
    return (bytes.fromhex("010060000A000200") + bytes([len(octets)]) + octets).hex()


def collected(items: AsyncIterator[Any]) -> list[Any]:
    async def all_of() -> list[Any]:
        return [item async for item in items]

    return now(all_of())


@pytest.fixture(scope="module")
def here() -> World:
    return World().built()


def test_a_call_from_the_telephone_network_becomes_an_invite(here: World) -> None:
    found = now(here.desk.from_iam({"iam": iam(FIXED_OCTETS), "host": "mgcf1.fixed.example"}, at=NOON))
    assert found["plan"]["tel_uri"] == f"tel:{FIXED}"
    assert found["invite"].startswith(
        f"INVITE tel:{FIXED} SIP/2.0\r\nVia: SIP/2.0/UDP mgcf1.fixed.example:5060;branch="
    )
    assert found["next_hop"] == {"host": "icscf1.fixed.example", "port": 5060, "transport": "udp"}
    assert found["release_cause"] is None
    assert json.dumps(found)


def test_a_call_that_ends_is_released(here: World) -> None:
    found = now(here.desk.from_iam({"iam": iam("0410949999")}, at=NOON))
    assert (found["invite"], found["release_cause"]) == (None, 1)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "iam"),
        ({"iam": "xyz"}, "iam"),
        ({"iam": "0100"}, "iam"),
        ({"iam": "01", "with_circuit": 1}, "with_circuit"),
        ({"iam": "01", "isup_body": "yes"}, "isup_body"),
        ({"iam": "01", "host": ""}, "host"),
        ({"iam": "01", "host": "a\r\nb"}, "host"),
        ({"iam": "01", "port": 0}, "port"),
        ({"iam": "01", "operator": "nobody"}, "operator"),
        ({"iam": "01", "bogus": 1}, "bogus"),
        ({"iam": "01", "called": "1"}, "called"),
        ({"iam": "01", "fork": "parallel"}, "fork"),
    ],
)
def test_a_wrong_iam_is_named(here: World, body: dict[str, Any], field: str) -> None:
    with pytest.raises(QueryRefused) as refused:
        now(here.desk.from_iam(body, at=NOON))
    assert refused.value.field == field


def test_devices_are_played(here: World) -> None:
    body = {"called": FIXED, "fork": "sequential", "devices": {"b1": "180@1", "b2": "error@2", "b3": "200@3"}}
    found = now(here.desk.simulate(body, at=NOON))
    assert found["status"] == 200
    assert [line["at_s"] for line in found["ladder"] if line["what"] == "INVITE"] == [0, 30, 32]
    assert found["lines"][0] == "     0.0 s  b1      INVITE"
    assert (found["answered_s"], found["ended_s"]) == (35, 35)
    assert ladder_line(Line(1.5, "forward", None, 486, "the best response")) == (
        "     1.5 s  caller  forward 486  (the best response)"
    )


def test_when_all_ring_out_the_caller_gets_what_is_wanted(here: World) -> None:
    body = {"called": FIXED, "fork": "sequential", "rung_out": 487}
    assert now(here.desk.simulate(body, at=NOON))["status"] == 487


def test_the_fields_that_there_are_differ_by_question(here: World) -> None:
    query = "called, kind, at, seed, trusted, dipped, follow, explain, fork, request_disposition, suppose"
    plan = "operator, profile"
    asked = {
        f"iam, with_circuit, isup_body, host, port, at, seed, suppose, {plan}": here.desk.from_iam(
            {"iam": "01", "x": 1}, at=NOON
        ),
        f"devices, rung_out, recurse, {query}, {plan}": here.desk.simulate({"called": "1", "x": 1}, at=NOON),
        f"{query}, {plan}": here.desk.one({"called": "1", "x": 1}, "plan", at=NOON),
    }
    for there_are, question in asked.items():
        with pytest.raises(QueryRefused, match=f"there are: {there_are}$"):
            now(question)
    with pytest.raises(QueryRefused, match="there are: queries, kind, at"):
        collected(here.desk.several({"queries": [], "called": "1"}, "plan", at=NOON))
    with pytest.raises(QueryRefused, match="there are: old, new, queries, kind, at"):
        collected(here.desk.differences({"old": 1, "new": 1, "queries": [], "x": 1}, at=NOON))


@pytest.mark.parametrize(
    ("query", "status", "why"),
    [
        ({"called": "+12025550123"}, 404, "nobody has this number"),
        ({"called": "+49721957829" + "12345"}, 404, "stem 49721957829 takes 4 digits at most"),
        ({"called": "+49721957829"}, 484, "stem 49721957829 needs 1 digits, 0 are there"),
        (
            {"called": FIXED, "suppose": {"down": [f"icscf{at}.fixed.example" for at in (1, 2)]}},
            503,
            "no I-CSCF can be used",
        ),
        ({"called": FIXED, "suppose": {"hss_unreachable": True}}, 503, "the HSS cannot be reached"),
        ({"called": FIXED, "suppose": {"nobody_registered": True}}, 480, "nobody is registered"),
    ],
)
def test_a_call_that_ends_before_the_fork_keeps_its_own_status(
    here: World, query: dict[str, Any], status: int, why: str
) -> None:
    found = now(here.desk.simulate({**query, "devices": {"b1": "200@1"}, "rung_out": 480}, at=NOON))
    assert (found["status"], found["plan"]["outcome"]["sip"]) == (status, status)
    assert found["lines"] == [f"     0.0 s  caller  response {status}  ({why})"]
    assert (found["answered_s"], found["ended_s"]) == (0, 0)


@pytest.mark.parametrize(
    ("query", "outcome"),
    [
        ({"called": "112"}, "service"),
        ({"called": "+491715407092"}, "forwarded"),
        ({"called": FIXED, "follow": False}, "routed"),
    ],
)
def test_a_call_that_goes_on_elsewhere_cannot_be_played(here: World, query: dict[str, Any], outcome: str) -> None:
    with pytest.raises(QueryRefused, match=f"the outcome is `{outcome}`.*: no SIP status") as refused:
        now(here.desk.simulate(query, at=NOON))
    assert refused.value.field == "called"


@pytest.mark.parametrize("switch", [{"recurse": True}, {"request_disposition": "recurse"}])
def test_the_targets_of_a_3xx_are_called_where_that_is_wanted(here: World, switch: dict[str, Any]) -> None:
    new = "sip:new@192.0.2.9;transport=tcp"
    devices = {
        "b1": f"302@1={new}",
        new: "180@1 200@2",
        "b2": "486@1",
        "b3": "486@1",
    }
    body = {"called": FIXED, "fork": "parallel", "devices": devices}
    found = now(here.desk.simulate({**body, **switch}, at=NOON))
    assert (found["status"], found["answered_s"]) == (200, 3)
    assert [line["branch"] for line in found["ladder"] if line["what"] == "INVITE"] == ["b1", "b2", "b3", "b4"]
    assert now(here.desk.simulate(body, at=NOON))["status"] == 302


def test_a_device_that_the_call_does_not_have_is_refused(here: World) -> None:
    for name in ("b9", "sip:nobody@192.0.2.77"):
        with pytest.raises(
            QueryRefused, match=r"is no branch or contact of this call; there are: b1 \(sip:"
        ) as refused:
            now(here.desk.simulate({"called": FIXED, "devices": {name: "200@1"}}, at=NOON))
        assert refused.value.field == f"devices.{name}"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"called": "1", "devices": []}, "devices"),
        ({"called": "1", "devices": {"b1": "200@1=sip:a@h"}}, "devices.b1"),
        ({"called": "1", "devices": {"b1": "302@1="}}, "devices.b1"),
        ({"called": "1", "devices": {"b1": "302@1=tel:+49"}}, "devices.b1"),
        ({"called": "1", "devices": {"b1": "302@1=sip:a@h,"}}, "devices.b1"),
        ({"called": "1", "devices": {"b1": '302@1=sip:"a"@h'}}, "devices.b1"),
        ({"called": "1", "devices": {"b1": "302@1=sip:a@"}}, "devices.b1"),
        ({"called": "1", "recurse": 1}, "recurse"),
        ({"called": "1", "devices": {"b1": 7}}, "devices.b1"),
        ({"called": "1", "devices": {"b1": "180@x"}}, "devices.b1"),
        ({"called": "1", "devices": {"b1": "99@1"}}, "devices.b1"),
        ({"called": "1", "devices": {"b1": "180@-1"}}, "devices.b1"),
        ({"called": "1", "devices": {"b1": "180@nan"}}, "devices.b1"),
        ({"called": "1", "devices": {"b1": "180@1 " * 10_001}}, "devices"),
        ({"called": "1", "rung_out": 200}, "rung_out"),
        ({"devices": {}}, "called"),
    ],
)
def test_wrong_devices_are_named(here: World, body: dict[str, Any], field: str) -> None:
    with pytest.raises(QueryRefused) as refused:
        now(here.desk.simulate(body, at=NOON))
    assert refused.value.field == field


def test_a_silent_device_says_nothing(here: World) -> None:
    loud = now(here.desk.simulate({"called": FIXED, "devices": {"b1": "silent"}}, at=NOON))
    assert loud["ladder"] == now(here.desk.simulate({"called": FIXED}, at=NOON))["ladder"]


def test_several_queries_share_what_stands_beside_them(here: World) -> None:
    body = {"queries": [MOBILE, {"called": FIXED, "explain": True}, 7, {"bogus": 1}], "explain": False}
    found = collected(here.desk.several(body, "plan", at=NOON))
    assert [len(one["trace"]) > 0 for one in found[:2]] == [False, True]
    assert [one["error"]["field"] for one in found[2:]] == ["", "bogus"]
    for wrong in ({}, {"queries": "x"}, {"queries": ["1"] * (MOST_QUERIES + 1)}, {"queries": [], "bogus": 1}):
        with pytest.raises(QueryRefused):
            collected(here.desk.several(wrong, "plan", at=NOON))


def test_queries_know_the_domain_below_which_the_service_answers_enum() -> None:
    here = World(profile=Profile(enum_suffix="ims.test")).built()
    for defaults in ({}, {"operator": "fixed"}, {"kind": "enum"}):
        queries = here.desk.reader(at=NOON, defaults=defaults)
        name = "0.9.2.8.7.5.9.1.2.7.9.4.ims.test"
        plan = now(here.desk.answer(queries, {"called": name, "kind": "enum"}, "plan"))
        assert (plan["outcome"]["status"], plan["number"]["enum"]) == ("routed", name)
    found = now(here.desk.from_iam({"iam": iam(FIXED_OCTETS)}, at=NOON))
    assert found["plan"]["number"]["enum"] == name
    private = {"called": name.replace("ims.test", "e164.arpa"), "kind": "enum"}
    assert now(here.desk.one(private, "brief", at=NOON))["code"] == "E_NOT_ENUM"
    private["profile"] = {"enum_suffix": "e164.arpa"}
    assert now(here.desk.one(private, "brief", at=NOON))["outcome"] == "routed"


def test_views_show_more_or_less(here: World) -> None:
    plan, text, short = (now(here.desk.one({"called": MOBILE}, view, at=NOON)) for view in ("plan", "text", "brief"))
    assert {name: value for name, value in text.items() if name in plan} == plan
    assert text["lines"][0] == f"called      {MOBILE}"
    assert (short["outcome"], short["operator"], short["sip"]) == ("routed", "mobile", None)
    query = here.desk.reader(at=NOON, defaults={}).read({"called": MOBILE})
    assert short == brief(now(here.desk.plan_of(query)))


def test_two_generations_are_compared() -> None:
    here = World().built()
    here.change(ported_numbers=()).built()
    body = {"old": 1, "new": 2, "queries": ["+491721234567", FIXED], "seed": 3}
    found = collected(here.desk.differences(body, at=NOON))
    assert found[1] is None
    assert found[0]["called"] == "+491721234567"
    assert {change["what"] for change in found[0]["changes"]} >= {"operator", "match"}
    assert found[0]["old_trace"]
    assert [one["generation"] for one in here.desk.tables()["earlier"]] == [1]
    with pytest.raises(UnknownGeneration):
        collected(here.desk.differences({**body, "old": 9}, at=NOON))
    with pytest.raises(QueryRefused):
        collected(here.desk.differences({**body, "new": "2"}, at=NOON))


def test_a_generation_is_kept_on_demand_however_many_follow() -> None:
    here = World().built()
    ported = here.bundle.ported_numbers
    assert here.desk.keep()["generation"] == 1
    for size in range(1, 12):
        here.change(ported_numbers=ported[: size % 2]).built()
    generations = [one["generation"] for one in here.desk.tables()["earlier"]]
    assert generations == [1, *range(12 - MOST_KEPT + 1, 12)]
    assert [one["generation"] for one in here.desk.tables()["earlier"] if one["kept"]] == [1]
    assert here.service.generation(1).tables.generation == 1
    here.desk.keep()
    here.desk.keep()  # the same one once more
    here.change(ported_numbers=ported).built()
    with pytest.raises(TooManyKept, match="generations 1 and 12 are kept already"):
        here.desk.keep()
    here.service.let_go(1)
    with pytest.raises(UnknownGeneration):
        here.service.generation(1)
    with pytest.raises(UnknownGeneration, match="not kept on demand; there are: 12"):
        here.service.let_go(1)
    assert here.desk.keep()["generation"] == 13
    with pytest.raises(NotReady):
        World().desk.keep()


def test_contradictions_come_with_both_sides() -> None:
    here = world(
        operators=[
            operator("f", 2, blocks=[{"stem": "+4972112", "minimum": 1, "maximum": 3}]),
            operator("g", 2, blocks=[{"stem": "+49721125", "minimum": 1, "maximum": 3}]),
        ],
        ported_numbers=[{"number": "+4972112", "operator": "g"}],
    )
    found = here.desk.check(10)
    assert {one["what"] for one in found["conflicts"]} == {"nested-stems", "number-in-stem"}
    assert all(one["row"] and one["other"] for one in found["conflicts"])
    assert here.desk.check(1)["more"]


def test_the_nodes_of_all_operators_are_listed_once(here: World) -> None:
    assert here.desk.tables()["nodes"] == [
        "gmsc1.ims.example",
        "icscf1.fixed.example",
        "icscf1.ims.example",
        "icscf2.fixed.example",
        "icscf2.ims.example",
        "icscf3.ims.example",
        "mgcf1.fixed.example",
    ]


def test_before_the_tables_nothing_is_answered() -> None:
    here = World()
    with pytest.raises(NotReady):
        now(here.desk.one({"called": MOBILE}, "plan", at=NOON))
    assert here.desk.tables()["ready"] is False
