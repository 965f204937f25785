"""A Gateway-MSC and the HSS on one wire: each row of the decision, in each version."""

from dataclasses import replace

import pytest

from hss.procedures.map_routing_info import (
    CalledParty,
    CallForwarding,
    IcscfChoice,
    OperatorFacts,
    RoutingInfoRequest,
    Unlucky,
)
from hss.services.map import RoamingNumberRequest
from hss.sigtran.client import Exchanged, GmscClient, GmscConfig, SriAnswered
from hss.sigtran.layers import layers_of
from hss.sigtran.m3ua.asp import AspConfig
from hss.sigtran.m3ua.events import AspState
from hss.sigtran.map.call_handling import read_routing_info_res
from hss.sigtran.map.dispatch import operations
from hss.sigtran.map.machine import ContextRefused, MapConfig, OperationServed, ServiceFailed
from hss.sigtran.map.numbers import Address as Number
from hss.sigtran.sccp.address import Address
from hss.sigtran.sccp.machine import SccpConfig
from hss.sigtran.stack import Node, NodeConfig
from routing.selection import Member, Policy
from schemas.addresses import GlobalTitle
from schemas.identities import Msisdn
from schemas.numbers.map import Context, ForwardingReason
from schemas.states import (
    ForwardingCondition,
    IcscfAnswer,
    IncomingBarring,
    OperatorType,
    TerminatingPreference,
)
from tests.pair.sigtran_samples import (
    CALLED,
    ICSCF,
    IMSI,
    IN_IMS,
    IN_VLR,
    MOBILE,
    OFF,
    VLR,
    VOICEBOX,
    ask,
    node_for,
    question,
    service_for,
)

VERSIONS = [1, 2, 3]
each_version = pytest.mark.parametrize("version", VERSIONS)


@each_version
def test_who_is_in_a_vlr_gets_a_roaming_number(version: int) -> None:
    answer, _ = ask(node_for(IN_VLR), question(version))
    assert answer is not None
    assert (answer.version, answer.imsi, answer.number, answer.icscf) == (version, IMSI, "491710100000", None)


@each_version
def test_an_unknown_number_is_an_unknown_subscriber(version: int) -> None:
    answer, _ = ask(node_for(), question(version))
    assert answer is not None
    assert (answer.error, answer.error_code, answer.error_parameter) == ("unknown-subscriber", 1, None)


@each_version
def test_who_is_to_be_called_through_ims_gets_an_imrn_and_in_version_3_the_name(version: int) -> None:
    answer, _ = ask(node_for(IN_IMS), question(version))
    assert answer is not None
    assert (answer.number, answer.icscf) == ("491799000000", ICSCF if version == 3 else None)


def test_ims_only_comes_before_a_vlr_entry() -> None:
    party = replace(IN_IMS, vlr_number="491720000009", preference=TerminatingPreference.IMS_ONLY)
    answer, _ = ask(node_for(party), question())
    assert answer is not None
    assert answer.icscf == ICSCF


def test_circuit_switched_first_comes_before_ims() -> None:
    party = replace(IN_IMS, vlr_number="491720000009", preference=TerminatingPreference.CS_FIRST)
    answer, _ = ask(node_for(party), question())
    assert answer is not None
    assert (answer.icscf, answer.number) == (None, "491710100000")


@pytest.mark.parametrize(
    ("mode", "number", "name"),
    [
        (IcscfAnswer.IMRN_AND_NAME, "491799000000", ICSCF),
        (IcscfAnswer.NAME, None, ICSCF),
        (IcscfAnswer.IMRN, "491799000000", None),
    ],
)
def test_the_operator_says_how_an_i_cscf_is_named(mode: IcscfAnswer, number: str | None, name: str | None) -> None:
    party = replace(IN_IMS, operator=OperatorFacts(icscf_answer=mode))
    answer, _ = ask(node_for(party), question())
    assert answer is not None
    assert (answer.number, answer.icscf, answer.imsi) == (number, name, IMSI)


@pytest.mark.parametrize("version", [1, 2])
def test_before_version_3_even_the_strict_mode_gives_a_number(version: int) -> None:
    party = replace(IN_IMS, operator=OperatorFacts(icscf_answer=IcscfAnswer.NAME))
    answer, _ = ask(node_for(party), question(version))
    assert answer is not None
    assert answer.number == "491799000000"


def test_port_and_alternatives_of_a_pool_travel_along() -> None:
    members = tuple(Member(host=f"icscf{n}.example", port=5066, weight=n) for n in (1, 2, 3))
    party = replace(IN_IMS, icscf=IcscfChoice(members=members, policy=Policy.STATIC))
    answer, _ = ask(node_for(party), question())
    assert answer is not None
    assert (answer.icscf, answer.icscf_port, answer.alternatives) == (
        "icscf1.example",
        5066,
        ("icscf2.example", "icscf3.example"),
    )


def test_a_pool_in_turn_names_another_member_each_time() -> None:
    members = tuple(Member(host=f"icscf{n}.example") for n in (1, 2, 3))
    party = replace(IN_IMS, icscf=IcscfChoice(members=members, policy=Policy.ROUND_ROBIN))
    node = node_for(party)
    names = [answer.icscf for answer, _ in (ask(node, question()) for _ in range(3)) if answer is not None]
    assert sorted(str(name) for name in names) == ["icscf1.example", "icscf2.example", "icscf3.example"]


def test_a_member_that_is_down_is_never_named() -> None:
    members = (Member(host="icscf1.example", up=False), Member(host="icscf2.example"))
    party = replace(IN_IMS, icscf=IcscfChoice(members=members))
    answer, _ = ask(node_for(party), question())
    assert answer is not None
    assert (answer.icscf, answer.alternatives) == ("icscf2.example", ())


def test_without_any_member_up_the_system_has_failed() -> None:
    party = replace(IN_IMS, icscf=IcscfChoice(members=(Member(host="icscf1.example", up=False),)))
    answer, _ = ask(node_for(party), question())
    assert answer is not None
    assert (answer.error, answer.error_detail) == ("system-failure", 1)


@pytest.mark.parametrize(
    "options", [{"suppress_t_csi": True}, {"forwarding_interrogation": True}], ids=["suppress-T-CSI", "forwarding"]
)
def test_the_circuit_switched_leg_never_comes_back_into_ims(options: dict[str, bool]) -> None:
    party = replace(IN_IMS, vlr_number="491720000009")
    answer, _ = ask(node_for(party), question(**options))
    assert answer is not None
    assert (answer.number, answer.icscf) == ("491710100000", None)


def test_the_circuit_switched_leg_of_who_is_in_ims_alone_is_absent() -> None:
    answer, _ = ask(node_for(IN_IMS), question(suppress_t_csi=True))
    assert answer is not None
    assert answer.error == "absent-subscriber"


@each_version
def test_who_is_switched_off_is_forwarded_to_the_voicebox(version: int) -> None:
    answer, _ = ask(node_for(OFF), question(version))
    assert answer is not None
    assert (answer.forwarded_to, answer.condition) == (VOICEBOX, ForwardingCondition.NOT_REACHABLE)


@each_version
def test_who_is_switched_off_without_a_voicebox_is_absent(version: int) -> None:
    answer, _ = ask(node_for(MOBILE), question(version))
    assert answer is not None
    assert (answer.error, answer.error_parameter) == ("absent-subscriber", "3000" if version == 3 else None)


@each_version
@pytest.mark.parametrize(("barring", "detail"), [(IncomingBarring.OPERATOR, 1), (IncomingBarring.SERVICE, 0)])
def test_barred_calls_are_barred_in_the_form_of_the_version(
    version: int, barring: IncomingBarring, detail: int
) -> None:
    answer, _ = ask(node_for(replace(IN_VLR, barring=barring)), question(version))
    assert answer is not None
    assert (answer.error, answer.error_detail) == ("call-barred", detail)
    form = f"0a010{detail}" if version < 3 else f"30030a010{detail}"
    assert answer.error_parameter == form


def forwarded(condition: ForwardingCondition, party: CalledParty = IN_VLR, number: str = "4930123456") -> CalledParty:
    return replace(party, forwardings=(CallForwarding(condition=condition, number=number),))


@each_version
def test_unconditional_forwarding_comes_before_a_roaming_number(version: int) -> None:
    answer, _ = ask(node_for(forwarded(ForwardingCondition.UNCONDITIONAL)), question(version))
    assert answer is not None
    assert (answer.forwarded_to, answer.condition) == ("4930123456", ForwardingCondition.UNCONDITIONAL)


@pytest.mark.parametrize(
    ("condition", "reason", "error"),
    [
        (ForwardingCondition.NOT_REACHABLE, ForwardingReason.NOT_REACHABLE, "absent-subscriber"),
        (ForwardingCondition.BUSY, ForwardingReason.BUSY, "busy-subscriber"),
        (ForwardingCondition.NO_REPLY, ForwardingReason.NO_REPLY, "no-subscriber-reply"),
    ],
)
def test_a_forwarding_interrogation_gets_the_service_or_its_own_error(
    condition: ForwardingCondition, reason: ForwardingReason, error: str
) -> None:
    asked = question(forwarding_interrogation=True, forwarding_reason=reason)
    answer, _ = ask(node_for(forwarded(condition)), asked)
    assert answer is not None
    assert (answer.forwarded_to, answer.condition) == ("4930123456", condition)
    answer, _ = ask(node_for(IN_VLR), asked)
    assert answer is not None
    assert answer.error == error


def test_a_long_forwarded_to_number_goes_only_to_who_takes_it() -> None:
    party = forwarded(ForwardingCondition.UNCONDITIONAL, number="49301234567890123")
    answer, _ = ask(node_for(party), question())
    assert answer is not None
    assert answer.error == "forwarding-violation"
    answer, _ = ask(node_for(party), question(long_numbers=True))
    assert answer is not None
    assert answer.forwarded_to == "49301234567890123"


@pytest.mark.parametrize("answers", [False, True])
def test_a_type_2_number_is_answered_as_the_operator_says(*, answers: bool) -> None:
    operator = OperatorFacts(kind=OperatorType.FIXED, answers_routing_info=answers)
    answer, _ = ask(node_for(replace(IN_IMS, operator=operator)), question())
    assert answer is not None
    assert (answer.error, answer.icscf) == ((None, ICSCF) if answers else ("unknown-subscriber", None))


@pytest.mark.parametrize("version", [1, 2])
def test_without_an_imsi_the_old_versions_fail(version: int) -> None:
    answer, _ = ask(node_for(replace(IN_IMS, imsi=None)), question(version))
    assert answer is not None
    assert answer.error == "system-failure"


def test_without_an_imsi_version_3_names_the_i_cscf() -> None:
    answer, _ = ask(node_for(replace(IN_IMS, imsi=None)), question())
    assert answer is not None
    assert (answer.imsi, answer.icscf) == (None, ICSCF)


@pytest.mark.parametrize(("version", "icscf"), [(1, None), (2, ICSCF), (3, ICSCF)])
@pytest.mark.parametrize("answer_by", [IcscfAnswer.IMRN_AND_NAME, IcscfAnswer.NAME])
def test_version_2_names_the_i_cscf_where_the_private_tag_is_on(
    answer_by: IcscfAnswer, version: int, icscf: str | None
) -> None:
    config = NodeConfig(map=MapConfig(private_tag=True))
    party = replace(IN_IMS, operator=OperatorFacts(icscf_answer=answer_by))
    answer, _ = ask(node_for(party, config=config), question(version))
    assert answer is not None
    assert (answer.icscf, answer.number is not None) == (icscf, version < 3 or answer_by is not IcscfAnswer.NAME)


def test_the_private_tag_changes_nothing_else() -> None:
    config = NodeConfig(map=MapConfig(private_tag=True))
    refused = replace(question(2), msisdn=Msisdn("1" * 16))
    for asked in (question(2), refused):
        assert ask(node_for(IN_VLR, config=config), asked)[0] == ask(node_for(IN_VLR), asked)[0]
    answer, _ = ask(node_for(replace(IN_IMS, imsi=None), config=config), question(2))
    assert answer is not None
    assert answer.error == "system-failure"


@pytest.mark.parametrize("msc", [VLR, None])
def test_version_3_tells_the_msc_of_a_subscriber_who_roams(msc: str | None) -> None:
    _, wire = ask(node_for(replace(IN_VLR, msc_number=msc)), question())
    octets = next(each for side, each in wire.said if side == "right" and each[2] == 1)
    (result,) = [layer.octets for layer in layers_of(octets) if layer.layer == "MAP"]
    assert read_routing_info_res(result).vmsc_address == (None if msc is None else Number(msc))


@pytest.mark.parametrize("highest", [1, 2])
def test_a_gateway_falls_back_to_the_version_that_the_hss_has(highest: int) -> None:
    config = NodeConfig(map=MapConfig(highest={Context.LOCATION_INFO_RETRIEVAL: highest}))
    answer, wire = ask(node_for(IN_VLR, config=config), question())
    assert answer is not None
    assert (answer.version, answer.number) == (highest, "491710100000")
    assert bool(wire.heard(ContextRefused)) == (highest == 2)


def test_a_gateway_that_does_not_fall_back_says_what_the_hss_offers() -> None:
    config = NodeConfig(map=MapConfig(highest={Context.LOCATION_INFO_RETRIEVAL: 2}))
    answer, _ = ask(node_for(IN_VLR, config=config), question(fall_back=False))
    assert answer is not None
    assert answer.failure is not None
    assert "version 2" in answer.failure


def test_the_association_ends_in_good_order() -> None:
    _, wire = ask(node_for(IN_VLR), question())
    assert wire.closed == {"left"}
    assert wire.right.state is AspState.DOWN


def test_the_octets_of_each_layer_can_be_shown() -> None:
    _, wire = ask(node_for(IN_VLR), question())
    shown = [[layer.layer for layer in layers_of(each.octets)] for each in wire.heard(Exchanged)]
    assert shown.count(["M3UA", "SCCP", "TCAP", "MAP"]) == 2


@pytest.mark.parametrize("on_subsystem", [False, True])
def test_answers_go_back_to_the_calling_address_as_received(*, on_subsystem: bool) -> None:
    own = Address(subsystem=6, title=GlobalTitle(digits="491710000000"))
    node = node_for(IN_VLR, config=NodeConfig(sccp=SccpConfig(own=own)))
    answer, wire = ask(node, question(), GmscConfig(on_subsystem=on_subsystem))
    assert answer is not None
    assert answer.number
    octets = next(each for side, each in wire.said if side == "right" and each[2] == 1)
    calling = bytes.fromhex("430200" if on_subsystem else "12060012049471010000")
    assert calling in octets
    assert own.encode() in octets or on_subsystem


async def test_a_number_that_is_not_in_memory_is_loaded_once() -> None:
    service = service_for(IN_VLR, remembered=False)
    node = Node(NodeConfig(), operations(service))
    for _ in range(2):
        _, wire = ask(node, question())
        await wire.finish()
        assert wire.left.answer.number is not None
    assert service._parties.asked == 1  # type: ignore[attr-defined]  # noqa: SLF001


class RealVlr:
    """A VLR whose answer takes a while."""

    def __init__(self, given: str | Unlucky) -> None:
        self.given = given
        self.asked: list[RoamingNumberRequest] = []

    def provide(self, request: RoamingNumberRequest, party: CalledParty, *, now: float) -> object:
        del party, now
        self.asked.append(request)
        return self._give()

    async def _give(self) -> str | Unlucky:
        return self.given


@pytest.mark.parametrize(
    ("given", "number", "error"),
    [
        ("491720009999", "491720009999", None),
        (Unlucky.ABSENT, None, "absent-subscriber"),
        (Unlucky.NO_NUMBER, None, "system-failure"),
        (Unlucky.NO_ANSWER, None, "system-failure"),
        (Unlucky.NOT_SUPPORTED, None, "facility-not-supported"),
    ],
)
async def test_what_a_real_vlr_says_decides(given: str | Unlucky, number: str | None, error: str | None) -> None:
    vlr = RealVlr(given)
    _, wire = ask(node_for(IN_VLR, vlr=vlr), question())
    assert not wire.heard(SriAnswered)
    await wire.finish()
    assert (wire.left.answer.number, wire.left.answer.error) == (number, error)
    assert vlr.asked[0].vlr_number == IN_VLR.vlr_number


async def test_without_a_roaming_number_the_call_goes_to_the_voicebox() -> None:
    _, wire = ask(node_for(replace(IN_VLR, voicebox=VOICEBOX), vlr=RealVlr(Unlucky.ABSENT)), question())
    await wire.finish()
    assert wire.left.answer.forwarded_to == VOICEBOX


class Broken:
    """A service that raises."""

    def route_call(self, request: object, *, now: float) -> object:
        raise RuntimeError(f"out of order: {request} at {now}")

    def standing(self, request: object) -> None:
        raise RuntimeError(f"out of order: {request}")

    route_short_message = interrogate = identify = route_call


def test_a_service_that_raises_is_a_system_failure() -> None:
    answer, wire = ask(Node(NodeConfig(), operations(Broken())), question())
    assert answer is not None
    assert answer.error == "system-failure"
    assert wire.heard(ServiceFailed)


def test_every_answer_is_reported_with_its_outcome() -> None:
    _, wire = ask(node_for(), question())
    assert wire.heard(OperationServed) == [OperationServed(operation=22, version=3, outcome="UnknownSubscriber")]


def test_a_gateway_loses_patience() -> None:
    client = GmscClient(GmscConfig(within_s=4.0), question())
    client.connected(now=0.0)
    assert client.deadline == 2.0
    client.wake(now=2.0)
    turn = client.wake(now=4.0)
    assert client.answer is not None
    assert client.answer.failure == "no answer in time"
    assert turn.close


def test_a_lost_association_is_reported() -> None:
    client = GmscClient(GmscConfig(asp=AspConfig()), question())
    client.connected(now=0.0)
    client.disconnected(now=1.0)
    assert client.answer is not None
    assert client.answer.failure is not None


def test_imrns_lead_back_to_the_called_number() -> None:
    service = service_for(IN_IMS)
    first = service.route_call(RoutingInfoRequest(msisdn=Msisdn(CALLED)), now=0.0)
    second = service.route_call(RoutingInfoRequest(msisdn=Msisdn(CALLED)), now=1.0)
    assert first.imrn != second.imrn  # type: ignore[union-attr]
    loan = service.resolve_imrn(first.imrn, now=59.0)  # type: ignore[union-attr, arg-type]
    assert loan is not None
    assert loan.owner == CALLED
    assert service.resolve_imrn(first.imrn, now=60.0) is None  # type: ignore[union-attr, arg-type]
    assert [each.number for each in service.standing_imrns(now=60.0)] == [second.imrn]  # type: ignore[union-attr]


async def test_a_database_that_fails_is_a_system_failure_and_asked_again() -> None:
    service = service_for(IN_VLR, remembered=False)
    database = service._parties  # noqa: SLF001
    node = Node(NodeConfig(), operations(service))
    database.by_msisdn, working = _failing, database.by_msisdn  # type: ignore[method-assign]
    _, wire = ask(node, question())
    await wire.finish()
    assert wire.left.answer.error == "system-failure"
    assert wire.heard(ServiceFailed)
    database.by_msisdn = working  # type: ignore[method-assign]
    _, wire = ask(node, question())
    await wire.finish()
    assert wire.left.answer.number is not None


async def _failing(msisdn: Msisdn) -> CalledParty | None:
    raise OSError(f"no database for {msisdn}")


async def test_two_loads_of_one_number_at_once_both_answer() -> None:
    node = Node(NodeConfig(), operations(service_for(IN_VLR, remembered=False)))
    wires = [ask(node, question())[1] for _ in range(2)]
    for wire in wires:
        await wire.finish()
    assert all(wire.left.answer.number is not None for wire in wires)


async def test_a_real_vlr_after_a_load_is_awaited_too() -> None:
    _, wire = ask(node_for(IN_VLR, remembered=False, vlr=RealVlr("491720009999")), question())
    await wire.finish()
    assert wire.left.answer.number == "491720009999"


def test_without_an_imsi_no_vlr_can_be_asked() -> None:
    answer, _ = ask(node_for(replace(IN_VLR, imsi=None)), question())
    assert answer is not None
    assert answer.error == "system-failure"


def test_when_all_numbers_are_lent_the_system_has_failed() -> None:
    long = replace(IN_IMS, operator=OperatorFacts(imrn_prefix="4917", msrn_prefix="4918"))
    service = service_for(long, replace(long, msisdn=Msisdn("4999"), vlr_number="49", icscf=None))
    for _ in range(100_000):
        service._imrns.lend("4917", "x", now=0.0)  # noqa: SLF001
    answer, _ = ask(Node(NodeConfig(), operations(service)), question())
    assert answer is not None
    assert answer.error == "system-failure"


def test_a_steady_choice_stays_until_the_party_changes() -> None:
    service = service_for(IN_IMS)
    request = RoutingInfoRequest(msisdn=Msisdn(CALLED))
    standing = service.standing(request)
    assert standing is not None
    assert standing.mark.current
    service._known.write(CALLED, replace(IN_IMS, icscf=IcscfChoice.static("other.example")))  # noqa: SLF001
    assert not standing.mark.current
    answer = service.route_call(request, now=0.0)
    assert answer.icscf[0].host == "other.example"  # type: ignore[union-attr]
