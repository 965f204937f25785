"""The routing service: at once from memory, else loaded; nothing lent, nothing written."""

import pytest

from hss.procedures import map_routing_info
from hss.procedures.errors import UserUnknown
from hss.procedures.map_refusals import BusySubscriber
from hss.procedures.map_routing_info import Forward, IcscfRoute, RoamingNumberWanted, RoutingInfoRequest
from hss.services import routing_subscribers
from hss.services.administration import Changes
from hss.services.routing import MOST_KEPT, MOST_KEPT_ROWS, NotReady, UnknownGeneration, summary
from hss.services.routing_subscribers import KnownSubscribers, told
from hss.services.routing_tables import Generation
from routing import Plan, Query, Rows, Suppose, build
from routing.enum_dns.answers import EnumSettings
from routing.ports import RoutingInfo, RoutingInfoResult
from routing.selection import SIP_PORT
from routing.tables import changed
from schemas.identities import Msisdn
from tests.unit.hss.services.routing_world import FIXED, MOBILE, NOON, World, now, operator, subscriber, world


def routed(here: World, called: str, **more: object) -> Plan:
    return now(here.service.route(Query(called=called, at=NOON, **more)))


def test_the_first_answer_is_loaded_and_the_next_one_is_there_at_once() -> None:
    here = World().built()
    first = routed(here, MOBILE)
    assert first.outcome.status == "routed"
    assert sorted(here.loads) == [f"identity tel:{MOBILE}", "party 491715407090", f"registration tel:{MOBILE}"]
    assert here.service.route(Query(called=MOBILE, at=NOON)) == first
    assert here.service.route(Query(called=MOBILE, at=NOON)) == first
    assert len(here.loads) == 3


def test_absence_is_remembered_too() -> None:
    here = World().built()
    assert routed(here, "+491719999999").outcome == routed(here, "+491719999999").outcome
    assert here.loads == ["party 491719999999"]


def test_without_tables_nobody_is_told_anything() -> None:
    here = World()
    with pytest.raises(NotReady):
        here.service.route(Query(called=MOBILE))
    assert here.service.enum(b"x" * 40, at=NOON) is None
    assert here.service.redirect(b"x" * 40, source=("192.0.2.1", 5060), at=NOON) is None
    assert not here.service.ready


@pytest.mark.parametrize("msisdn", [f"49171540709{at}" for at in range(10)])
@pytest.mark.parametrize("down", [(), ("ICSCF1.ims.example",), ("icscf1.ims.example", "icscf2.ims.example")])
def test_a_plan_says_what_send_routing_info_decides(msisdn: str, down: tuple[str, ...]) -> None:
    here = World().built()
    party = now(here.documents.by_msisdn(Msisdn(msisdn)))
    reasons = {host.lower(): "supposed-down" for host in down}
    decision = map_routing_info.decide(RoutingInfoRequest(msisdn=Msisdn(msisdn)), party, down=reasons)
    plan = routed(here, f"+{msisdn}", suppose=Suppose(down=frozenset(down)))
    match decision:
        case IcscfRoute():
            assert plan.icscf is not None
            assert plan.icscf.ranking.order == decision.order
            left_out = {entry.member for entry in plan.icscf.ranking.excluded}
            assert left_out | set(decision.order) == set(party.icscf.members)
        case Forward():
            assert (plan.outcome.status, plan.request_uri) == ("forwarded", f"tel:+{decision.number}")
        case RoamingNumberWanted():
            assert plan.outcome.status == "circuit-switched"
        case _:
            refused = {"UnknownSubscriber": 404, "AbsentSubscriber": 480, "SystemFailure": 503, "CallBarred": 403}
            assert plan.outcome.sip == refused[decision.name]


def test_the_sample_data_meets_every_kind_of_decision() -> None:
    here = World().built()
    statuses = {routed(here, f"+49171540709{at}").outcome.status for at in range(10)}
    assert {"routed", "circuit-switched", "forwarded", "unregistered", "unknown"} <= statuses


def test_no_icscf_that_works_is_no_way() -> None:
    lonely = subscriber("a", "m", "tel:+4917111", circuit_switched={"msisdns": ["+4917111"], "preference": "ims-only"})
    here = world(operators=[operator("m", 1, prefixes=["+49171"])], subscriptions=[lonely])
    assert routed(here, "+4917111").outcome.sip == 503
    host = {"host": "icscf.m.example"}
    here = world(operators=[operator("m", 1, prefixes=["+49171"], icscf=host)], subscriptions=[lonely])
    assert routed(here, "+4917111").outcome.status == "routed"
    plan = routed(here, "+4917111", suppose=Suppose(down=frozenset({"icscf.m.example"})))
    assert plan.outcome.sip == 503
    assert plan.icscf is not None
    assert [(entry.member.host, entry.why) for entry in plan.icscf.ranking.excluded] == [
        ("icscf.m.example", "supposed-down")
    ]


@pytest.mark.parametrize(("barring", "outcome"), [("operator", ("barred", 403)), ("none", ("routed", None))])
def test_barring_ends_the_call(barring: str, outcome: tuple[str, int | None]) -> None:
    side = {"msisdns": ["+4917111"], "preference": "ims-only", "barring": barring}
    entry = {"host": "icscf.m.example"}
    here = world(
        operators=[operator("m", 1, prefixes=["+49171"], icscf=entry)],
        subscriptions=[subscriber("a", "m", "tel:+4917111", circuit_switched=side)],
    )
    plan = routed(here, "+4917111")
    assert (plan.outcome.status, plan.outcome.sip) == outcome


def test_a_forwarding_is_named() -> None:
    side = {"msisdns": ["+4917111"], "forwardings": [{"condition": "unconditional", "number": "+4930123"}]}
    here = world(
        operators=[operator("m", 1, prefixes=["+49171"])],
        subscriptions=[subscriber("a", "m", "tel:+4917111", circuit_switched=side)],
    )
    plan = routed(here, "+4917111")
    assert (plan.outcome.status, plan.outcome.why) == ("forwarded", "call forwarding unconditional")


def test_the_location_is_that_of_lir() -> None:
    here = World().built()
    location = routed(here, FIXED).location
    assert location is not None
    assert (location.result, location.scscf, location.matched_as) == (2001, "sip:scscf1.ims.example:6060", "distinct")
    unknown = routed(here, "+4972195782999").location
    assert unknown is not None
    assert (unknown.result, unknown.why) == (5001, "UserUnknown")


def test_services_without_a_registration_leave_the_choice_to_the_icscf() -> None:
    here = World().built()
    plan = routed(here, "+491715407094")
    assert plan.location is not None
    assert (plan.location.result, plan.location.scscf) == (2003, None)
    assert (plan.outcome.status, plan.outcome.sip, plan.fork) == ("unregistered-services", None, None)


def test_a_wildcarded_identity_brings_its_own_contacts() -> None:
    wild = {"kind": "wildcarded-user", "uri": "tel:+4972112!.*!"}
    person = {
        "name": "pbx",
        "operator": "f",
        "sets": [{"identities": [wild], "state": "registered"}],
        "scscf": {"name": "sip:scscf.f.example"},
        "contacts": [],
    }
    entry = {"host": "icscf.f.example"}
    block = {"stem": "+4972112", "minimum": 1, "maximum": 3}
    here = world(operators=[operator("f", 2, blocks=[block], icscf=entry)], subscriptions=[person])
    plan = routed(here, "+49721125")
    assert plan.location is not None
    assert plan.location.matched_as == "wildcarded"
    assert plan.identities is not None
    assert plan.identities.members == ("tel:+4972112!.*!",)
    assert (plan.outcome.status, plan.outcome.why) == ("routed", "registered; only the S-CSCF knows the contacts")
    assert routed(here, "+49721125") == plan


def test_a_psi_is_reached_by_its_application_server() -> None:
    service = {"kind": "distinct-psi", "uri": "tel:+49721120", "application_server": "sip:as.f.example"}
    person = {"name": "psi", "operator": "f", "sets": [{"identities": [service]}]}
    entry = {"host": "icscf.f.example"}
    here = world(operators=[operator("f", 2, prefixes=["+49721"], icscf=entry)], subscriptions=[person])
    plan = routed(here, "+49721120")
    assert (plan.outcome.status, plan.outcome.sip, plan.fork) == ("routed", None, None)
    location = plan.location
    assert location is not None
    assert (location.scscf, location.why) == ("sip:as.f.example", "the application server of a public service identity")


def test_a_change_is_seen_by_the_next_query() -> None:
    here = World().built()
    before = routed(here, MOBILE)
    people = [one for one in here.bundle.subscriptions if one.name != "customer"]
    here.change(subscriptions=people)
    uris = frozenset({f"tel:{MOBILE}", f"tel:{FIXED}"})
    changes = Changes(identities=uris, msisdns=frozenset({MOBILE[1:]}))
    assert routed(here, MOBILE) == before
    here.service.apply(changes)
    here.cx.apply(changes)
    assert routed(here, MOBILE).outcome.status == "unknown"
    here.change(subscriptions=sample_people())
    here.service.apply(Changes(everything=True))
    here.cx.apply(Changes(everything=True))
    assert routed(here, MOBILE).outcome == before.outcome


def sample_people() -> object:
    return World().bundle.subscriptions


def test_while_changes_go_unheard_everything_is_asked_anew() -> None:
    here = World().built()
    here.service.link_turned(up=False)
    assert routed(here, MOBILE).outcome.status == "routed"
    assert routed(here, MOBILE).outcome.status == "routed"
    assert here.loads.count("party 491715407090") == 2
    here.service.link_turned(up=True)
    for _ in range(3):
        routed(here, MOBILE)
    assert here.loads.count("party 491715407090") == 3


def test_a_load_that_fails_leaves_nothing_behind() -> None:
    here = World().built()

    async def broken(_: object) -> None:
        raise OSError("the database does not answer")

    here.by_msisdn = broken  # type: ignore[method-assign]
    for _ in range(2):
        with pytest.raises(OSError, match="does not answer"):
            routed(here, MOBILE)
    del here.by_msisdn
    assert routed(here, MOBILE).outcome.status == "routed"


def test_little_memory_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing_subscribers, "MOST_DECIDED", 1)
    here = World().built()
    first, other = routed(here, MOBILE), routed(here, "+491715407095")
    for _ in range(3):
        assert (routed(here, MOBILE), routed(here, "+491715407095")) == (first, other)


def test_who_is_unknown_has_no_contacts() -> None:
    here = World().built()
    known = KnownSubscribers(here.sources(), {("location", "tel:+491"): UserUnknown("tel:+491")})
    here.registrations.write("tel:+491", None)
    assert known.registration("tel:+491") is None


def test_an_answer_that_ends_no_call_names_itself() -> None:
    assert told(BusySubscriber(), None, {}) == RoutingInfo(
        RoutingInfoResult.NOT_OFFERED, why="the HSS answers BusySubscriber"
    )


# --- Generations -----------------------------------------------------------------------------------------------------


def test_the_same_rows_make_no_new_generation() -> None:
    here = World().built().built()
    assert here.service.current.tables.generation == 1
    here.change(ported_numbers=()).built()
    assert here.service.current.tables.generation == 2
    assert here.service.generation(1).tables.porting("491721234567") is not None
    assert [one.tables.generation for one in here.service.generations()] == [1, 2]
    with pytest.raises(UnknownGeneration, match="there are: 1, 2"):
        here.service.generation(7)


def test_few_generations_are_kept_and_of_large_ones_fewer() -> None:
    service = World().service
    for number in range(1, 20):
        rows = Rows(operators={}, services=[(f"{number}", "", "urn:x", None)])
        service.swap(Generation(tables=build(rows, generation=number)))
    assert [one.tables.generation for one in service.generations()] == list(range(20 - MOST_KEPT, 20))
    here = World().built()
    large = Rows(
        operators=here.service.current.tables.operators,
        numbers=((f"{4_900_000_000 + at}", "fixed") for at in range(MOST_KEPT_ROWS + 1)),
    )
    here.service.swap(Generation(tables=build(large, generation=2)))
    here.service.swap(Generation(tables=build(Rows(operators={}), generation=3)))
    assert [one.tables.generation for one in here.service.generations()] == [3]


def test_generations_that_share_their_numbers_are_kept_however_many_these_are() -> None:
    here = World().built()
    large = Rows(
        operators=here.service.current.tables.operators,
        numbers=((f"{4_900_000_000 + at}", "fixed") for at in range(MOST_KEPT_ROWS + 1)),
    )
    tables = build(large, generation=2)
    here.service.swap(Generation(tables=tables))
    for number in range(3, 6):
        tables = changed(tables, generation=number, ported=[(f"49{number}", None, "fixed")])
        here.service.swap(Generation(tables=tables))
    assert [one.tables.generation for one in here.service.generations()] == [1, 2, 3, 4, 5]


def test_a_summary_counts_what_a_generation_holds() -> None:
    found = summary(World().built().service.current)
    assert {name: found[name] for name in ("generation", "operators", "prefixes", "stems", "ported", "numbers")} == {
        "generation": 1,
        "operators": 2,
        "prefixes": 1,
        "stems": 1,
        "ported": 2,
        "numbers": 0,
    }


# --- Whose turn it is ------------------------------------------------------------------------------------------------

QUESTION = bytes.fromhex("000101000001000000000000") + b"".join(
    bytes([len(label)]) + label for label in b"1.1.1.2.7.9.4.e164.arpa".split(b".")
) + b"\0\0\x23\0\x01"  # fmt: skip


def round_robin() -> World:
    members = [{"host": f"icscf{at}.f.example"} for at in range(3)]
    pool = {"name": "turns", "policy": "round-robin", "members": members}
    return world(icscf_pools=[pool], operators=[operator("f", 2, prefixes=["+49721"], icscf={"pool": "turns"})])


def test_queries_do_not_take_a_turn_and_real_calls_do() -> None:
    here = round_robin()
    firsts = [routed(here, "+49721111").icscf for _ in range(3)]
    assert len({found.ranking.chosen for found in firsts if found}) == 1
    answers = [now(here.service.enum(QUESTION, at=NOON)) for _ in range(3)]
    assert all(answers)
    assert len(set(answers)) == 3
    asked = routed(here, "+49721111").icscf
    assert asked is not None
    assert asked.ranking.chosen is not None
    assert asked.ranking.chosen.port == SIP_PORT


def test_enum_gives_porting_only_where_it_is_wanted() -> None:
    here = World().built()
    name = b".".join([*[bytes([digit]) for digit in b"491715550100"[::-1]], b"e164", b"arpa"])
    question = QUESTION[:12] + b"".join(bytes([len(one)]) + one for one in name.split(b".")) + b"\0\0\x23\0\x01"
    assert b"npdi" not in (now(here.service.enum(question, at=NOON)) or b"")
    private = type(here.service)(here.sources(), enum=EnumSettings(porting=True))
    private.swap(here.service.current)
    assert b"tel:+491715550100;npdi;rn=+49D150" in (now(private.enum(question, at=NOON)) or b"")
