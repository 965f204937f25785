from collections.abc import Callable
from dataclasses import replace

import pytest

from routing import Plan, Rows, State, Suppose, Tables, build, route
from routing.contacts import Contact, Identities, Registration
from routing.normalise import DEFAULT_PROFILE, Code, Kind, Signals
from routing.plan import Query
from routing.ports import Location, NoSubscribers, RoutingInfo, RoutingInfoResult
from routing.selection import Excluded, Member, Policy
from routing.tables import Operator, Pool
from routing.tables.rows import ELSEWHERE

MOBILE = "+49-171-540-7090"
FIXED = "+49-721-957829-0"
Ask = Callable[..., Plan]


def what(plan: Plan) -> list[str]:
    return [f"{step.step} {step.what}" for step in plan.trace]


def test_a_call_to_a_fixed_number_is_translated_by_the_mgcf(ask: Ask, hss) -> None:
    plan = ask(FIXED)
    assert plan.outcome.status == "routed"
    assert (plan.operator.key, plan.operator.match, plan.operator.matched) == ("festnetz", "ddi-stem", "49721957829")
    assert plan.operator.also_matched == ("4972",)
    assert plan.entry[1:] == ("MGCF", "translate-locally", False)
    assert plan.entry.node.host == "mgcf1.fest.example"
    assert (plan.tel_uri, plan.request_uri) == ("tel:+497219578290",) * 2
    assert plan.icscf.policy is Policy.RENDEZVOUS
    assert sorted(member.host for member in plan.icscf.ranking.order) == [f"icscf{at}.ims.example" for at in (1, 2, 3)]
    assert plan.location.scscf == "sip:scscf1.ims.example:6060"
    assert plan.identities.id == "irs-17"
    assert plan.fork.invites_per_pcscf == {"pcscf1.ims.example": 2, "pcscf2.ims.example": 1}
    assert hss.asked == ["tel:+497219578290", "tel:+497219578290"]


def test_a_call_to_a_mobile_number_goes_through_the_answer_of_the_hss(ask: Ask, hss) -> None:
    plan = ask(MOBILE, at=7.0, seed=3, turn=5)
    assert plan.entry[1:] == ("GMSC", "send-routing-info", True)
    assert hss.asked[0] == ("491715407090", 7.0, 3, 5, {})
    assert plan.outcome.status == "routed"
    assert plan.portability == (True, "local", False, None, None, True)


def test_the_trace_is_in_the_order_of_the_decision(ask: Ask) -> None:
    assert what(ask(FIXED)) == [
        "1 normalise",
        "2 ddi",
        "4 portability",
        "5 full-number",
        "6 longest-match",
        "8 entry",
        "9 icscf",
        "10 location",
        "10 fork",
    ]
    assert ask(FIXED, explain=False).trace == ()


@pytest.mark.parametrize(
    "called", [FIXED, MOBILE, "+4972112345", "+491715550001", "+1", "112", "+498", "x", "19222", "+491"]
)
def test_a_plan_without_trace_says_the_same(ask: Ask, called: str) -> None:
    loud, quiet = ask(called), ask(called, explain=False)
    if loud.operator is not None:
        loud = loud._replace(operator=loud.operator._replace(also_matched=quiet.operator.also_matched))
    assert loud._replace(trace=(), query=quiet.query, error=None) == quiet._replace(error=None)


@pytest.mark.parametrize(
    ("called", "kind"),
    [
        ("0721 957829-0", "text"),
        ("sip:+497219578290@x.example;user=phone", "uri"),
        (Signals(4, 1, "497219578290F"), "isup"),
        ("0410942791752809", "isup_octets"),
        (Signals(4, 1, "497219578290"), "gt"),
        ("0.9.2.8.7.5.9.1.2.7.9.4.e164.arpa", "enum"),
    ],
)
def test_every_kind_of_input_goes_the_same_way(ask: Ask, called: object, kind: str) -> None:
    plan = ask(called, kind=Kind(kind))
    assert plan[8:15] == ask(FIXED)[8:15]


@pytest.mark.parametrize(
    ("called", "outcome"),
    [
        ("+49-721-957829", ("incomplete", 484, 28, "E_INCOMPLETE")),
        ("+49-721-957829-12345", ("unknown", 404, 1, "E_DDI_TOO_LONG")),
        ("+49 0721", ("invalid", 404, 1, "E_TRUNK_PREFIX")),
        ("+1 202 555 0123", ("unknown", 404, 1, None)),
        ("+4917", ("incomplete", 484, 28, "E_INCOMPLETE")),
    ],
)
def test_what_is_wrong_and_what_is_unknown_differ(ask: Ask, called: str, outcome: tuple) -> None:
    plan = ask(called)
    assert plan.outcome[:4] == outcome
    assert plan.operator is None
    if plan.number is None:
        assert plan.trace[0].step == (2 if plan.error.code in {Code.INCOMPLETE, Code.DDI_TOO_LONG} else 1)


def test_a_ported_number_follows_its_routing_number_before_its_prefix(ask: Ask) -> None:
    plan = ask("+491715550001")
    assert (plan.operator.key, plan.operator.match) == ("fremd", "ported-number")
    assert plan.operator.also_matched == ("49171",)
    assert plan.portability == (True, "local", True, "D123", "+49", True)
    assert plan.request_uri == "tel:+491715550001;npdi;rn=D123;rn-context=+49"
    assert plan.tel_uri == "tel:+491715550001"
    assert plan.outcome.status == "handed-over"
    assert plan.trace[2].lost == (("prefix 49171 of mobil", "ported-number comes first"),)


def test_a_number_may_be_ported_to_an_operator_without_a_routing_number(ask: Ask) -> None:
    plan = ask("+491715550002")
    assert (plan.operator.key, plan.portability.rn, plan.outcome.status) == ("festnetz", None, "routed")


def test_a_global_routing_number_may_lie_in_the_range_of_an_operator(ask: Ask) -> None:
    plan = ask("+491715550004")
    assert (plan.operator.key, plan.request_uri) == ("fremd", "tel:+491715550004;npdi;rn=+49199")


@pytest.mark.parametrize(
    ("called", "rn"),
    [
        ("tel:+491715550003", "rn=D999;rn-context=+49"),
        ("tel:+491715550000;npdi;rn=D999;rn-context=+49", "rn=D999;rn-context=+49"),
        ("tel:+491715550000;npdi;rn=+33123", "rn=+33123"),
        ("tel:+491715550000;npdi;rn=D123;rn-context=+33", "rn=D123;rn-context=+33"),
    ],
)
def test_a_routing_number_that_nobody_has_leads_to_another_network(ask: Ask, called: str, rn: str) -> None:
    for explain in (True, False):
        plan = ask(called, kind=Kind.URI, explain=explain)
        assert (plan.operator.operator, plan.outcome.status) == (ELSEWHERE, "handed-over")
        assert plan.request_uri == f"{called[:17]};npdi;{rn}"


def test_contacts_that_only_the_s_cscf_knows_end_no_call(ask: Ask, hss) -> None:
    identities = Identities(id="irs-1", members=("tel:+497219578290",))
    hss.registration_of = Registration(identities=identities)
    plan = ask(FIXED)
    assert (plan.outcome.status, plan.fork, plan.identities) == ("routed", None, identities)
    assert plan.trace[-1].why == plan.outcome.why
    hss.registration_of = Registration(identities=identities, contacts=(Contact(uri="sip:a@b", expires_at=1.0),))
    assert ask(FIXED, at=2.0).outcome.sip == 480


def test_a_public_service_identity_needs_no_contact(ask: Ask, hss) -> None:
    hss.location_of = Location(2001, "sip:as1.ims.example", "distinct", direct_routing=True)
    hss.registration_of = None
    plan = ask(FIXED)
    assert (plan.outcome.status, plan.outcome.sip, plan.fork) == ("routed", None, None)
    down = ask(FIXED, suppose=Suppose(down=frozenset({"as1.ims.example"})))
    assert down.outcome.sip == 503


@pytest.mark.parametrize("scscf", [None, "sip:scscf1.ims.example"])
def test_services_for_the_unregistered_state_take_a_call_that_nobody_answers(ask: Ask, hss, scscf: str | None) -> None:
    hss.location_of = Location(2003, scscf, "distinct", unregistered=True)
    hss.registration_of = None
    plan = ask(FIXED)
    assert (plan.outcome.status, plan.outcome.sip, plan.fork) == ("unregistered-services", None, None)
    assert ask(FIXED, suppose=Suppose(scscf_unset=True)).outcome.sip == 480


def test_stems_of_the_dial_plan_count_beside_those_of_the_tables(ask: Ask) -> None:
    profile = replace(DEFAULT_PROFILE, ddi={"4930123": (1, 2)})
    assert ask("+4930123", profile=profile).outcome.sip == 484
    assert ask("+493012345", profile=profile).number.complete
    assert ask("+49721957829", profile=profile).outcome.sip == 484


def test_the_trace_counts_the_look_ups(ask: Ask) -> None:
    probes = {step.what: step.probes for step in ask("+4972155555").trace}
    # stems and prefixes are 11, 5, 4 and 3 digits long
    assert (probes["portability"], probes["full-number"], probes["longest-match"]) == (1, 1, 3)
    assert {step.what: step.probes for step in ask("+12025550123").trace}["longest-match"] == 4


def test_the_trace_says_what_the_hss_told_the_gateway(ask: Ask, hss) -> None:
    [step] = [step for step in ask(MOBILE).trace if step.what == "send-routing-info"]
    assert (step.given, step.rule, step.why) == ("491715407090", "icscf", "ims first")
    left_out = (Excluded(Member(host="icscf1.ims.example"), "admin-down"),)
    hss.info = RoutingInfo(RoutingInfoResult.FORWARDED, number="4930", why="voicebox", excluded=left_out)
    assert ask(MOBILE).trace[-1].lost == (("icscf1.ims.example", "admin-down"),)


def test_what_an_untrusted_peer_says_of_porting_stands_nowhere(ask: Ask) -> None:
    plan = ask("tel:+491715550001;npdi;rn=+49721;verstat=No", kind=Kind.URI, trusted=False)
    assert plan.number.tel_uri == "tel:+491715550001;verstat=No"


def test_the_beginning_of_a_known_number_is_an_error_too(ask: Ask) -> None:
    plan = ask("+4917")
    assert (plan.error.code, plan.outcome.code, plan.outcome.sip) == (Code.INCOMPLETE, "E_INCOMPLETE", 484)


def test_a_local_code_means_something_in_its_own_context_only(ask: Ask) -> None:
    plan = ask("tel:+498123;cic=5062;cic-context=+1", kind=Kind.URI)
    assert (plan.operator.key, plan.operator.match) == ("transit", "carrier")
    assert plan.request_uri == "tel:+498123;cic=5062;cic-context=+1"
    assert ask("tel:+498123;cic=5062;cic-context=+33", kind=Kind.URI).operator.key == "fremd"


def test_an_own_carrier_is_taken_off_and_the_routing_number_decides(ask: Ask, rows: Callable[..., Rows]) -> None:
    tables = build(rows(carriers=[("+4900", "mobil")]))
    plan = ask("tel:+498123;cic=+4900;npdi;rn=D123;rn-context=+49", kind=Kind.URI, into=tables)
    assert (plan.operator.key, plan.request_uri) == ("fremd", "tel:+498123;npdi;rn=D123;rn-context=+49")
    assert plan.trace[2].lost[0] == ("carrier +4900", "our own carrier")


def test_a_number_that_was_looked_up_is_not_looked_up_again(ask: Ask) -> None:
    plan = ask("tel:+491715550001;npdi", kind=Kind.URI)
    assert (plan.operator.key, plan.operator.match) == ("mobil", "prefix")
    assert plan.portability == (False, "request", False, None, None, True)
    assert plan.request_uri == "tel:+491715550001;npdi"
    assert ask("+491715550001", dipped=True).operator.key == "mobil"


def test_a_routing_number_in_the_request_decides_and_an_own_one_is_taken_off(ask: Ask) -> None:
    plan = ask("tel:+4930123;npdi;rn=D2;rn-context=+49;verstat=No", kind=Kind.URI)
    assert (plan.operator.key, plan.operator.match) == ("festnetz", "routing-number")
    assert plan.request_uri == "tel:+4930123;npdi;verstat=No"
    assert plan.tel_uri == "tel:+4930123"


def test_a_carrier_comes_before_the_routing_number(ask: Ask) -> None:
    plan = ask("tel:+18005550100;cic=+1-5062;npdi;rn=+49199", kind=Kind.URI)
    assert (plan.operator.key, plan.operator.match) == ("transit", "carrier")
    assert plan.entry.node is None
    assert plan.trace[2].lost == (("routing-number +49199 of fremd", "carrier comes first"),)
    assert ask("tel:+49171555;cic=+1-1", kind=Kind.URI).operator.key == "mobil"


def test_portability_of_an_untrusted_peer_is_ignored(ask: Ask) -> None:
    plan = ask("tel:+491715550001;npdi;rn=+49721;cic=+15062", kind=Kind.URI, trusted=False)
    assert (plan.operator.key, plan.portability.source) == ("fremd", "local")


def test_the_full_number_is_found_by_every_way_of_asking(ask: Ask) -> None:
    for called in ("tel:+4972112345", "tel:+4972112345;verstat=No", "tel:+4972112345;npdi"):
        for explain in (True, False):
            assert ask(called, kind=Kind.URI, explain=explain).operator.match == "full-number"
    assert ask("+49721123456789012", explain=False).operator.match == "prefix"


def test_the_full_number_comes_before_the_prefix(ask: Ask) -> None:
    plan = ask("+4972112345")
    assert (plan.operator.match, plan.operator.matched) == ("full-number", "4972112345")
    assert plan.trace[3].lost == (("prefix 4972 of festnetz", "full-number comes first"),)


def test_the_default_route_takes_what_nobody_has_but_no_beginning_of_a_number(
    ask: Ask, rows: Callable[..., Rows]
) -> None:
    tables = build(rows(default="transit"))
    plan = ask("+12025550123", into=tables)
    assert (plan.operator.key, plan.operator.match, plan.outcome.status) == ("transit", "default", "handed-over")
    assert plan.trace[-2].what == "default"
    assert ask("+4917", into=tables).outcome.sip == 484
    assert ask(FIXED, into=tables).trace[4].lost[-1] == ("default  of transit", "ddi-stem comes first")


def test_emergency_and_short_codes_are_services(ask: Ask) -> None:
    sos = ask("112")
    assert (sos.outcome.status, sos.request_uri, sos.operator) == ("service", "urn:service:sos", None)
    served = ask("19222")
    assert (served.request_uri, served.operator.key) == ("urn:service:sos.ambulance", "festnetz")
    assert served.entry.node.host == "mgcf1.fest.example"
    plain = ask("115")
    assert (plain.outcome.status, plain.request_uri) == ("service", "tel:115;phone-context=+49")
    assert ask("116117").outcome.sip == 404
    assert [step.step for step in plain.trace] == [1, 2, 3]


def test_a_service_may_be_served_by_an_operator_without_entry_node(ask: Ask, rows: Callable[..., Rows]) -> None:
    plan = ask("115", into=build(rows(services=[("115", "+49", None, "transit")])))
    assert (plan.operator.key, plan.entry) == ("transit", None)


def test_a_local_number_with_an_unknown_context_leads_nowhere(ask: Ask) -> None:
    plan = ask("tel:7042;phone-context=example.com", kind=Kind.URI)
    assert plan.outcome[:3] == ("unknown", 404, 1)
    assert plan.request_uri is None


def test_stems_of_the_profile_count_where_the_tables_have_none(ask: Ask) -> None:
    profile = replace(DEFAULT_PROFILE, ddi={"49721957829": (1, 4)})
    tables = build(Rows(operators={}))
    plan = ask(FIXED, into=tables, profile=profile)
    assert plan.trace[1].rule == "stem 49721957829 min 1 max 4"
    assert ask("+4972195", into=tables, profile=profile).outcome.sip == 484


@pytest.mark.parametrize(
    ("number", "most", "outcome"),
    [
        ("4972195782", 2, ("incomplete", 484)),
        ("49721957829", 2, ("routed", None)),
        ("4972195782990", 2, ("routed", None)),
        ("49721957829901", 2, ("unknown", 404)),
        ("4972195782", 0, ("incomplete", 484)),
        ("49721957829", 0, ("routed", None)),
        ("497219578299", 0, ("unknown", 404)),
    ],
)
def test_a_stem_that_needs_no_digit_is_a_number_itself(
    ask: Ask, rows: Callable[..., Rows], number: str, most: int, outcome: tuple[str, int | None]
) -> None:
    plan = ask("+" + number, into=build(rows(prefixes=[], stems=[("49721957829", "festnetz", 0, most)])))
    assert plan.outcome[:2] == outcome
    assert plan.outcome.code == (Code.DDI_TOO_LONG if outcome[1] == 404 else plan.error and Code.INCOMPLETE)
    if plan.operator is not None:
        assert (plan.operator.match, plan.number.complete) == ("ddi-stem", True)
        assert plan.number.ddi_ext == number[11:]


@pytest.mark.parametrize(
    ("info", "outcome", "request_uri"),
    [
        (
            RoutingInfo(RoutingInfoResult.ROAMING_NUMBER, number="491719990001"),
            ("circuit-switched", None, None),
            "tel:+491719990001",
        ),
        (
            RoutingInfo(RoutingInfoResult.FORWARDED, number="491713333", why="voicebox"),
            ("forwarded", None, None),
            "tel:+491713333",
        ),
        (RoutingInfo(RoutingInfoResult.ABSENT), ("unregistered", 480, 18), "tel:+491715407090"),
        (RoutingInfo(RoutingInfoResult.BARRED), ("barred", 403, 21), "tel:+491715407090"),
        (RoutingInfo(RoutingInfoResult.UNKNOWN), ("unknown", 404, 1), "tel:+491715407090"),
        (RoutingInfo(RoutingInfoResult.NOT_OFFERED), ("unavailable", 503, 41), "tel:+491715407090"),
        (RoutingInfo(RoutingInfoResult.UNREACHABLE), ("unavailable", 503, 41), "tel:+491715407090"),
    ],
)
def test_the_answer_to_the_gateway_may_end_the_way(
    ask: Ask, hss, info: RoutingInfo, outcome: tuple, request_uri: str
) -> None:
    hss.info = info
    plan = ask(MOBILE)
    assert plan.outcome[:3] == outcome
    assert plan.request_uri == request_uri
    assert plan.icscf is None
    assert plan.trace[-1].what == "send-routing-info"
    assert ask(MOBILE, explain=False).outcome == plan.outcome
    if info.why:
        assert plan.outcome.why == info.why


def test_the_pool_of_the_operator_serves_where_the_hss_names_no_order(ask: Ask, hss) -> None:
    hss.info = RoutingInfo(RoutingInfoResult.ICSCF)
    assert ask(MOBILE).icscf.ranking == ask(MOBILE, suppose=Suppose(down=frozenset())).icscf.ranking
    assert len(ask(MOBILE).icscf.ranking.order) == 3


@pytest.mark.parametrize("called", [FIXED, MOBILE])
def test_a_node_that_is_down_is_left_out_with_the_reason(ask: Ask, called: str) -> None:
    first, second, _ = ask(called).icscf.ranking.order
    plan = ask(called, suppose=Suppose(down=frozenset({first.host.upper()})))
    assert plan.icscf.ranking.chosen is second
    assert plan.icscf.ranking.excluded == ((first, "supposed-down"),)
    assert plan.trace[-3].lost[0] == (first.host, "supposed-down")
    probed = ask(called, down={first.host: "no answer to OPTIONS"})
    assert probed.icscf.ranking.excluded == ((first, "no answer to OPTIONS"),)


def test_nothing_is_left_where_every_icscf_is_down(ask: Ask) -> None:
    down = frozenset(f"icscf{at}.ims.example" for at in (1, 2, 3))
    plan = ask(FIXED, suppose=Suppose(down=down))
    assert plan.outcome[:3] == ("unavailable", 503, 41)
    assert plan.icscf.ranking.order == ()


def test_an_entry_node_that_is_down_ends_the_way(ask: Ask) -> None:
    plan = ask(FIXED, suppose=Suppose(down=frozenset({"mgcf1.fest.example"})))
    assert plan.outcome[:3] == ("unavailable", 503, 41)
    assert plan.trace[-1].lost == (("mgcf1.fest.example", "supposed-down"),)


@pytest.mark.parametrize("called", [FIXED, MOBILE])
def test_an_hss_that_cannot_be_reached_is_a_failure_for_both_types(ask: Ask, hss, called: str) -> None:
    plan = ask(called, suppose=Suppose(hss_unreachable=True))
    assert plan.outcome[:3] == ("unavailable", 503, 41)
    assert hss.asked == []


@pytest.mark.parametrize(
    ("location", "outcome"),
    [
        (Location(5001), ("unknown", 404)),
        (Location(5003), ("unregistered", 480)),
        (Location(3002), ("unavailable", 503)),
        (Location(2003), ("unregistered", 480)),
    ],
)
def test_the_answer_to_lir_may_end_the_way(ask: Ask, hss, location: Location, outcome: tuple) -> None:
    hss.location_of = location
    assert ask(FIXED).outcome[:2] == outcome


def test_failures_of_the_s_cscf_can_be_supposed(ask: Ask) -> None:
    assert ask(FIXED, suppose=Suppose(scscf_unset=True)).outcome.sip == 480
    assert ask(FIXED, suppose=Suppose(down=frozenset({"scscf1.ims.example"}))).outcome.sip == 503
    assert ask(FIXED, suppose=Suppose(down=frozenset({"other"}))).outcome.status == "routed"


def test_nobody_registered_is_480_and_not_unknown(ask: Ask, hss) -> None:
    plan = ask(FIXED, suppose=Suppose(nobody_registered=True))
    assert plan.outcome[:3] == ("unregistered", 480, 18)
    assert plan.trace[-1].why == "nobody is registered"
    hss.registration_of = None
    assert ask(FIXED).outcome.sip == 480
    assert ask(FIXED, explain=False).outcome.sip == 480


def test_a_barred_identity_is_not_routed(ask: Ask, hss) -> None:
    registration = hss.registration_of
    hss.registration_of = replace(
        registration, identities=replace(registration.identities, barred=("tel:+497219578290",))
    )
    assert ask(FIXED).outcome[:3] == ("barred", 404, 1)


def test_enum_only_goes_as_far_as_the_icscf(ask: Ask, hss) -> None:
    plan = ask(FIXED, follow=False)
    assert (plan.outcome.status, plan.location, plan.fork) == ("routed", None, None)
    assert hss.asked == []


def test_without_an_hss_nobody_is_known(tables: Tables) -> None:
    assert route(Query(called=FIXED), tables).outcome.sip == 404
    assert route(Query(called=MOBILE), tables, State(subscribers=NoSubscribers())).outcome.sip == 404
    assert NoSubscribers().registration("tel:+1") is None


def test_the_round_of_a_pool_is_the_turn_of_the_state(ask: Ask, rows: Callable[..., Rows]) -> None:
    given = rows()
    pool = Pool(name="round", members=given.operators["festnetz"].pool.members, policy=Policy.ROUND_ROBIN)
    given.operators["festnetz"] = Operator(name="festnetz", type=2, pool=pool)
    tables = build(given)
    chosen = [ask(FIXED, into=tables, turn=turn).icscf.ranking.chosen.host for turn in range(4)]
    assert chosen == ["icscf1.ims.example", "icscf2.ims.example", "icscf3.ims.example", "icscf1.ims.example"]


@pytest.mark.parametrize("at", [-1.0, 1e12, float("nan"), float("inf")])
def test_a_time_that_no_calendar_has_is_refused(at: float) -> None:
    with pytest.raises(ValueError, match="seconds since 1970"):
        Query(called=FIXED, at=at)


def test_octets_are_shown_in_hexadecimal(ask: Ask) -> None:
    assert ask(b"\x04\x10\x94", kind=Kind.ISUP_OCTETS).trace[0].given == "04 10 94"


def test_the_same_query_on_the_same_generation_gives_the_same_plan(ask: Ask) -> None:
    assert ask(FIXED, seed=7, at=1.0) == ask(FIXED, seed=7, at=1.0)
