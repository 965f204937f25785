import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from routing import Plan, State, Suppose, build
from routing.compare import changed_facts, compare
from routing.contacts import Fork
from routing.describe import as_dict, fork_dict, lines, trace_lines
from routing.forking import plan_fork
from routing.normalise import Kind, Signals
from routing.plan import Query
from routing.ports import RoutingInfo, RoutingInfoResult
from routing.preferences import preferences

Ask = Callable[..., Plan]
FIXED = "+49-721-957829-0"
EVERY = [
    FIXED,
    "+491715407090",
    "+491715550001",
    "+18005550100",
    "112",
    "19222",
    "x",
    "+49 (0) 721 957829 0",
    "+4917",
    "+49-721-957829",
]


@pytest.mark.parametrize("called", EVERY)
def test_a_plan_can_be_told_in_every_form(ask: Ask, called: str) -> None:
    plan = ask(called)
    told = as_dict(plan)
    assert json.loads(json.dumps(told)) == told
    assert next(lines(plan)) == f"called      {called}"
    assert list(lines(plan))[-1].startswith(f"outcome     {plan.outcome.status}")
    assert len([line for line in trace_lines(plan) if not line.startswith("     lost")]) == len(plan.trace)


def test_the_plan_of_the_article_reads_as_it_should(ask: Ask) -> None:
    told = as_dict(ask(FIXED, seed=7, at=1795284000.0))
    assert told["query"] == {
        "called": FIXED,
        "kind": "text",
        "profile": "de-pstn",
        "at": "2026-11-21T18:00:00Z",
        "seed": 7,
        "fork": None,
        "request_disposition": None,
        "trusted": True,
        "dipped": False,
        "follow": True,
        "suppose": {"down": [], "scscf_unset": False, "nobody_registered": False, "hss_unreachable": False},
    }
    assert told["table"]["generation"] == 412
    assert told["number"]["complete"] is True
    assert told["number"]["ddi_ext"] == "0"
    assert told["operator"]["also_matched"] == ["4972"]
    assert told["entry"] == {
        "node": "mgcf1.fest.example",
        "function": "MGCF",
        "procedure": "translate-locally",
        "hss_query": False,
    }
    assert told["location"]["scscf"] == "sip:scscf1.ims.example:6060"
    assert told["irs"]["id"] == "irs-17"
    assert told["fork"]["expect"]["invites_per_pcscf"] == {"pcscf1.ims.example": 2, "pcscf2.ims.example": 1}
    assert told["fork"]["groups"][0]["branches"][0]["q"] == 1.0
    assert told["outcome"] == {"status": "routed", "sip": None, "isup_cause": None, "code": None, "why": None}
    assert told["trace"][0] == {
        "step": 1,
        "what": "normalise",
        "in": FIXED,
        "out": "+497219578290",
        "rule": "RFC3966-5.1.1",
    }
    assert told["trace"][4]["lost"] == [{"candidate": "prefix 4972 of festnetz", "why": "ddi-stem comes first"}]


def test_what_is_unknown_is_said_to_be_unknown(ask: Ask) -> None:
    told = as_dict(ask("+491715407090"))
    assert told["number"]["complete"] == "unknown"
    assert as_dict(ask("x"))["error"] == {
        "code": "E_ALPHA",
        "why": "a letter",
        "position": 0,
        "rule": "RFC3966-5.1.2",
        "sip_status": 404,
        "isup_cause": 1,
    }
    assert as_dict(ask("x"))["number"] is None


def test_every_kind_of_input_has_a_form_in_json(ask: Ask) -> None:
    def called(value: object, kind: Kind) -> object:
        return as_dict(ask(value, kind=kind))["query"]["called"]

    assert called(b"\x04\x10\x94", Kind.ISUP_OCTETS) == "04 10 94"
    assert called(Signals(4, 1, "49"), Kind.ISUP) == {"noa": 4, "npi": 1, "digits": "49"}
    assert called({"nai": 4, "np": 1, "digits": "49"}, Kind.GT) == {"nai": 4, "np": 1, "digits": "49"}
    assert called(5, Kind.TEXT) == "5"


def test_people_are_told_what_went_wrong_and_what_was_left_out(ask: Ask, hss) -> None:
    told = "\n".join(lines(ask("x")))
    assert "error       E_ALPHA: a letter (RFC3966-5.1.2, at position 0)" in told
    assert "(RFC3966-3)" in "\n".join(lines(ask("+")))
    told = "\n".join(lines(ask("+49 (0) 721 957829 0", suppose=Suppose(down=frozenset({"icscf1.ims.example"})))))
    assert "warning     W_TRUNK_0_IN_PARENS" in told
    assert "  not       icscf1.ims.example: supposed-down" in told
    assert "ported      yes, routing number D123" in "\n".join(lines(ask("+491715550001")))
    assert "entry       none, MGCF" in "\n".join(lines(ask("tel:+1800;cic=+15062", kind=Kind.URI)))
    assert "S-CSCF      none (result 2001)" in "\n".join(lines(ask(FIXED, suppose=Suppose(scscf_unset=True))))
    nobody = Suppose(down=frozenset(f"icscf{at}.ims.example" for at in (1, 2, 3)))
    assert "I-CSCF      none" in "\n".join(lines(ask(FIXED, suppose=nobody)))
    assert as_dict(ask(FIXED, suppose=nobody))["icscf"]["excluded"][0] == {
        "node": "icscf1.ims.example",
        "why": "supposed-down",
    }
    hss.registration_of = replace(hss.registration_of, max_targets=1)
    assert "  not       sip:kunde@192.0.2.2:5060: limit" in "\n".join(lines(ask(FIXED)))


def test_an_order_without_a_policy_is_told_as_the_word_of_the_hss(ask: Ask, hss) -> None:
    ranking = ask(FIXED).icscf.ranking
    hss.info = RoutingInfo(RoutingInfoResult.ICSCF, ranking)
    plan = ask("+491715407090")
    assert "(as the HSS says)" in "\n".join(lines(plan))
    assert as_dict(plan)["icscf"]["policy"] is None


def test_a_forking_plan_tells_when_groups_start_and_end(hss) -> None:
    plan = plan_fork(replace(hss.registration_of, mode=Fork.SEQUENTIAL, ring_s=30), 0.0, preferences("no-cancel"))
    told = fork_dict(plan)
    assert [group["start"] for group in told["groups"]] == ["t0", "t0+30", "t0+60"]
    assert told["expect"]["ends_s"] == 90
    assert told["expect"]["on_2xx"] == "leave-others"
    assert told["request_disposition"] == "no-cancel"


def test_two_generations_are_compared_fact_by_fact(rows, hss) -> None:
    old = build(rows(), generation=1)
    new = build(rows(ported=[("4972112345", "D123", None)]), generation=2)
    state = State(subscribers=hss)
    queries = [Query(called=called) for called in ("+4972112345", FIXED, "+491715550001", "x")]
    first, second = compare(old, new, queries, state)
    assert (first.called, second.called) == ("+4972112345", "+491715550001")
    changes = {change.what: (change.old, change.new) for change in first.changes}
    assert changes["operator"] == ("festnetz", "fremd")
    assert changes["match"] == ("full-number 4972112345", "ported-number 4972112345")
    assert changes["outcome"] == ("routed", "handed-over")
    assert changes["routing_number"] == (None, "D123")
    assert "number" not in changes
    assert first.old.trace
    assert first.new.generation == 2


def test_another_state_is_a_difference_too(tables, hss) -> None:
    other = State(subscribers=hss, down={f"icscf{at}.ims.example": "x" for at in (1, 2, 3)})
    [found] = compare(tables, tables, [Query(called=FIXED)], State(subscribers=hss), other)
    assert {change.what for change in found.changes} == {"icscf", "scscf", "branches", "fork", "outcome"}
    assert list(changed_facts(found.old, found.old)) == []
