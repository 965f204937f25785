"""The other operations, and what goes wrong, between two nodes."""

from dataclasses import replace
from typing import Any

import pytest

from hss.procedures import map_refusals as refusals
from hss.procedures.map_routing_info import Unlucky
from hss.services.map import RoamingNumberRequest
from hss.sigtran import ber
from hss.sigtran.m3ua.events import AsState, AsStateChanged, TransferDropped
from hss.sigtran.map.call_handling import read_roaming_number_arg, write_roaming_number_res, write_routing_info_arg
from hss.sigtran.map.calls import Completed, Failed, Lost, Rejected
from hss.sigtran.map.dispatch import Entry, operations
from hss.sigtran.map.location import (
    ANY_TIME_INTERROGATION_ARG,
    ANY_TIME_INTERROGATION_RES,
    ROUTING_INFO_FOR_SM_ARG,
    ROUTING_INFO_FOR_SM_RES,
    AnyTimeInterrogationArg,
    LocationWithLmsi,
    RequestedInfo,
    RoutingInfoForSmArg,
    RoutingInfoForSmRes,
)
from hss.sigtran.map.machine import MapConfig, OperationServed
from hss.sigtran.map.numbers import Address
from hss.sigtran.map.roaming import read_roaming_number, roaming_number_call
from hss.sigtran.sccp.machine import SccpConfig
from hss.sigtran.stack import Node, NodeConfig
from hss.sigtran.tcap.machine import Expired, TcapConfig
from hss.sigtran.tcap.user import Ending
from schemas.identities import Imsi, Msisdn
from schemas.numbers.map import Context, MapError, Operation
from schemas.states import IncomingBarring
from tests.pair.sigtran_samples import CALLED, IMSI, IN_VLR, MOBILE, VLR, node_for, peers, question

SM = (Operation.SEND_ROUTING_INFO_FOR_SM, Context.SHORT_MSG_GATEWAY)
ATI = (Operation.ANY_TIME_INTERROGATION, Context.ANY_TIME_INFO_ENQUIRY)
SEND_IMSI = (Operation.SEND_IMSI, Context.IMSI_RETRIEVAL)
SRI = (Operation.SEND_ROUTING_INFO, Context.LOCATION_INFO_RETRIEVAL)


def sm(version: int, *, priority: bool = False) -> bytes:
    argument = RoutingInfoForSmArg(
        msisdn=Address(CALLED), priority=priority, service_centre=Address("491720000002"), gprs_support=version > 1
    )
    return ber.write(0x30, ROUTING_INFO_FOR_SM_ARG.write(argument))


def interrogation(subscriber: tuple[str, Any], *, location: bool = True, state: bool = True) -> bytes:
    argument = AnyTimeInterrogationArg(
        subscriber=subscriber,
        requested=RequestedInfo(location=location, state=state),
        gsm_scf_address=Address("491720000003"),
    )
    return ber.write(0x30, ANY_TIME_INTERROGATION_ARG.write(argument))


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_short_message_goes_to_the_serving_node(version: int) -> None:
    outcome = peers(node_for(IN_VLR)).call(*SM, sm, version=version)
    assert isinstance(outcome, Completed)
    answer = ROUTING_INFO_FOR_SM_RES.read(ber.only(outcome.parameters[0])[1])
    assert answer == RoutingInfoForSmRes(imsi=IMSI, location=LocationWithLmsi(node_number=Address(VLR)))


@pytest.mark.parametrize(
    ("party", "version", "code"),
    [
        (MOBILE, 3, MapError.ABSENT_SUBSCRIBER_SM),
        (MOBILE, 2, MapError.ABSENT_SUBSCRIBER_SM),
        (MOBILE, 1, MapError.ABSENT_SUBSCRIBER),
        (replace(IN_VLR, barring=IncomingBarring.OPERATOR), 3, MapError.CALL_BARRED),
        (replace(IN_VLR, imsi=None), 3, MapError.UNKNOWN_SUBSCRIBER),
    ],
)
def test_a_short_message_is_refused_in_the_words_of_the_version(party: Any, version: int, code: int) -> None:
    outcome = peers(node_for(party)).call(*SM, sm, version=version)
    assert isinstance(outcome, Failed)
    assert outcome.code == code


def test_a_short_message_of_priority_is_tried_although_barred() -> None:
    node = node_for(replace(IN_VLR, barring=IncomingBarring.SERVICE))
    assert isinstance(peers(node).call(*SM, lambda version: sm(version, priority=True)), Completed)


async def test_any_time_interrogation_tells_location_and_state() -> None:
    pair = peers(node_for(IN_VLR))
    for subscriber in (("msisdn", Address(CALLED)), ("imsi", IMSI)):
        pair.call(*ATI, lambda _, who=subscriber: interrogation(who))  # type: ignore[misc]
        await pair.wire.finish()
        info = ANY_TIME_INTERROGATION_RES.read(ber.only(pair.outcomes[-1].parameters[0])[1]).info
        assert info.location is not None
        assert (info.location.vlr_number, info.location.msc_number) == (Address(VLR), Address(VLR))
        assert info.state == ("idle", True)


def test_any_time_interrogation_tells_only_what_was_asked() -> None:
    outcome = peers(node_for(IN_VLR)).call(*ATI, lambda _: interrogation(("msisdn", Address(CALLED)), location=False))
    info = ANY_TIME_INTERROGATION_RES.read(ber.only(outcome.parameters[0])[1]).info
    assert (info.location, info.state) == (None, ("idle", True))


def test_who_is_switched_off_is_not_reachable() -> None:
    outcome = peers(node_for(MOBILE)).call(*ATI, lambda _: interrogation(("msisdn", Address(CALLED))))
    assert ANY_TIME_INTERROGATION_RES.read(ber.only(outcome.parameters[0])[1]).info.state == ("not_reachable", 1)


@pytest.mark.parametrize(
    ("options", "subscriber", "code"),
    [
        ({"interrogation_allowed": False}, ("msisdn", Address(CALLED)), MapError.ATI_NOT_ALLOWED),
        ({}, ("msisdn", Address("4912345678", nature=2)), MapError.UNEXPECTED_DATA_VALUE),
    ],
)
def test_any_time_interrogation_may_be_refused(options: dict[str, Any], subscriber: Any, code: int) -> None:
    outcome = peers(node_for(IN_VLR, **options)).call(*ATI, lambda _: interrogation(subscriber))
    assert outcome.code == code


def test_any_time_interrogation_of_nobody_is_an_unknown_subscriber() -> None:
    assert peers(node_for()).call(*ATI, lambda _: interrogation(("msisdn", Address(CALLED)))).code == 1


@pytest.mark.parametrize(("party", "code"), [(IN_VLR, None), (replace(IN_VLR, imsi=None), 1)])
def test_send_imsi_tells_the_imsi(party: Any, code: int | None) -> None:
    outcome = peers(node_for(party)).call(*SEND_IMSI, lambda _: ber.write(4, Address(CALLED).encode()), version=2)
    if code is None:
        assert outcome.parameters == (bytes.fromhex("040862021132547698f0"),)
    else:
        assert outcome.code == code


@pytest.mark.parametrize("address", [Address("49*1"), Address("4917154070901234"), Address("491", plan=8)])
@pytest.mark.parametrize("operation", [SRI, SM, SEND_IMSI])
def test_what_is_no_e164_number_is_unexpected_data(address: Address, operation: tuple[Any, Any]) -> None:
    def write(version: int) -> bytes:
        del version
        if operation is SEND_IMSI:
            return ber.write(4, address.encode())
        other = b"\x81\x01\x00\x82" if operation is SM else b"\x83\x01\x00\x86"
        return ber.write(0x30, ber.write(0x80, address.encode()) + other + b"\x07\x91\x94\x71\x02\x00\x00\x10")

    outcome = peers(node_for(IN_VLR)).call(*operation, write, version=2 if operation is SEND_IMSI else 3)
    assert outcome.code == MapError.UNEXPECTED_DATA_VALUE


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"interrogation_type": 7}, MapError.UNEXPECTED_DATA_VALUE),
        ({"interrogation_type": 1, "forwarding_reason": 9}, MapError.UNEXPECTED_DATA_VALUE),
        ({"or_interrogation": True}, MapError.OR_NOT_ALLOWED),
    ],
)
def test_values_that_make_no_sense_are_refused(change: dict[str, Any], code: int) -> None:
    argument = replace(question().argument(), **change)
    outcome = peers(node_for(IN_VLR)).call(*SRI, lambda _: write_routing_info_arg(argument, 3))
    assert outcome.code == code


async def test_a_number_that_is_not_in_memory_is_loaded_for_any_operation() -> None:
    pair = peers(node_for(IN_VLR, remembered=False))
    pair.call(*SEND_IMSI, lambda _: ber.write(4, Address(CALLED).encode()), version=2)
    await pair.wire.finish()
    assert pair.outcomes[0].parameters == (bytes.fromhex("040862021132547698f0"),)


# What cannot be understood.


def test_an_unknown_operation_is_rejected_and_the_dialogue_goes_on() -> None:
    pair = peers(node_for(IN_VLR))
    outcome = pair.call(99, Context.LOCATION_INFO_RETRIEVAL, lambda _: b"\x05\x00")
    assert outcome == Rejected(kind=0x81, problem=1)
    assert pair.wire.heard(OperationServed) == [
        OperationServed(operation=-1, version=3, outcome="UNRECOGNIZED_OPERATION")
    ]
    assert (len(pair.left.tcap), len(pair.right.tcap)) == (0, 0)


@pytest.mark.parametrize("parameter", [b"", b"\x05\x00", b"\x30\x00", b"\x30\x03\x80\x01\x91"])
def test_a_mistyped_argument_is_rejected(parameter: bytes) -> None:
    outcome = peers(node_for(IN_VLR)).call(*SRI, lambda _: parameter)
    assert outcome == Rejected(kind=0x81, problem=2)


@pytest.mark.parametrize(
    "parameter",
    [
        "3016 a00a 820862021132547698f0 a102 8000 8304 91947101",  # a choice that there is not
        "3015 a008 8106 919471517045 a103 800105 8304 91947101",  # NULL with a content
        "3010 8006 919471517045 a100 8304 91947101",  # the choice without its explicit tag
    ],
)
def test_a_mistyped_interrogation_is_rejected(parameter: str) -> None:
    outcome = peers(node_for(IN_VLR)).call(*ATI, lambda _: bytes.fromhex(parameter))
    assert outcome == Rejected(kind=0x81, problem=2)


@pytest.mark.parametrize("version", [2, 3])
def test_an_unknown_context_is_refused(version: int) -> None:
    outcome = peers(node_for(IN_VLR)).call(22, 77, lambda _: b"", version=version, lowest=version)
    assert outcome.how is Ending.REFUSED


def test_an_operation_of_another_context_is_unknown_there() -> None:
    assert peers(node_for(IN_VLR)).call(22, Context.SHORT_MSG_GATEWAY, lambda _: b"") == Rejected(kind=0x81, problem=1)


@pytest.mark.parametrize("operation", [ATI[0], SEND_IMSI[0], 99])
def test_an_operation_that_version_1_does_not_have_is_rejected(operation: int) -> None:
    assert peers(node_for(IN_VLR)).call(operation, 5, lambda _: b"\x05\x00", version=1) == Rejected(
        kind=0x81, problem=1
    )


def test_a_subsystem_that_is_not_there_sends_the_message_back() -> None:
    right = node_for(IN_VLR, config=NodeConfig(sccp=SccpConfig(subsystems=frozenset({7}))))
    assert peers(right).call(*SRI, question().write) == Lost(how=Ending.NOTICE, cause=4)


def test_a_title_that_is_not_ours_sends_the_message_back() -> None:
    right = node_for(IN_VLR, config=NodeConfig(sccp=SccpConfig(titles=("4932",))))
    assert peers(right).call(*SRI, question().write) == Lost(how=Ending.NOTICE, cause=1)


def test_who_asks_for_nothing_back_hears_nothing_until_the_time_is_over() -> None:
    right = node_for(IN_VLR, config=NodeConfig(sccp=SccpConfig(titles=("4932",))))
    pair = peers(right)
    assert pair.call(*SRI, question().write, return_on_error=False, within_s=15.0) is None
    pair.wire.wake(15.0)
    assert pair.outcomes == [Lost(how=Ending.EXPIRED)]
    assert pair.wire.heard(Expired) == [Expired(ours=True)]


def test_without_any_way_the_caller_hears_it_at_once() -> None:
    pair = peers(node_for(IN_VLR))
    pair.wire.left.disconnected(now=1.0)
    outcome = pair.call(*SRI, question().write)
    assert outcome == Lost(how=Ending.NOTICE, cause=5)
    assert pair.wire.heard(TransferDropped)
    assert len(pair.left.tcap) == 0


def test_without_a_translation_the_caller_hears_it_at_once() -> None:
    left = Node(NodeConfig(sccp=SccpConfig(subsystems=frozenset({8}))), {})
    assert peers(node_for(IN_VLR), left).call(*SRI, question().write) == Lost(how=Ending.NOTICE, cause=5)


def test_without_any_association_the_node_keeps_time_itself() -> None:
    pair = peers(node_for(IN_VLR, config=NodeConfig(sccp=SccpConfig(titles=("4932",)))))
    assert pair.right.deadline is None
    pair.call(*SRI, question().write, return_on_error=False, within_s=15.0)
    for node, end in ((pair.left, pair.wire.left), (pair.right, pair.wire.right)):
        end.disconnected(now=1.0)
        assert node.deadline is not None
    assert (pair.left.deadline, pair.right.deadline) == (15.0, 3.0)
    assert pair.left.wake(now=15.0) == [Expired(ours=True)]
    assert pair.outcomes == [Lost(how=Ending.EXPIRED)]
    assert pair.right.wake(now=2.9) == []
    assert pair.right.wake(now=3.0) == [AsStateChanged(routing_context=100, state=AsState.DOWN)]
    assert (pair.left.deadline, pair.right.deadline) == (None, None)


async def test_what_a_node_says_when_its_time_comes_finds_a_way_or_is_dropped() -> None:
    for lost in (False, True):
        pair = peers(Node(NodeConfig(tcap=TcapConfig(within_s=20.0)), operations(Slow())))
        pair.call(*SRI, question().write, within_s=60.0)
        if lost:
            pair.wire.right.disconnected(now=1.0)
        dropped = [event for event in pair.right.wake(now=20.0) if isinstance(event, TransferDropped)]
        assert (len(dropped), pair.outcomes) == ((1, []) if lost else (0, [Lost(how=Ending.U_ABORT)]))
        await pair.wire.finish()


def test_too_many_transactions_are_refused() -> None:
    right = node_for(IN_VLR, config=NodeConfig(tcap=TcapConfig(most_transactions=0)))
    assert peers(right).call(*SRI, question().write) == Lost(how=Ending.P_ABORT, cause=4)


class Slow:
    """A service that never answers."""

    def route_call(self, request: object, *, now: float) -> object:
        return self._never(request, now)

    async def _never(self, request: object, now: float) -> object:
        raise AssertionError(f"nobody awaits this: {request} at {now}")

    def standing(self, request: object) -> None:
        del request

    route_short_message = interrogate = identify = route_call


@pytest.mark.parametrize("version", [1, 3])
async def test_a_service_that_never_answers_ends_in_an_abort(version: int) -> None:
    pair = peers(Node(NodeConfig(tcap=TcapConfig(within_s=20.0)), operations(Slow())))
    pair.call(*SRI, question(version).write, version=version, within_s=60.0)
    assert len(pair.right.tcap) == 1
    pair.wire.wake(20.0)
    assert pair.outcomes == [Lost(how=Ending.U_ABORT)]
    assert len(pair.right.tcap) == 0
    await pair.wire.finish()  # what comes after the end is not sent
    assert len(pair.outcomes) == 1


# provideRoamingNumber: the HSS asks a real VLR.


class Vlr:
    """A VLR that gives a number, or refuses."""

    def __init__(self, given: str | refusals.Refusal, version: int = 3) -> None:
        self.given = given
        self.version = version
        self.asked: list[Any] = []

    def entries(self) -> dict[int, Entry]:
        return {
            Operation.PROVIDE_ROAMING_NUMBER: Entry(
                context=Context.ROAMING_NUMBER_ENQUIRY,
                read=lambda parameter, _: read_roaming_number_arg(parameter),
                serve=self.serve,
                write=lambda answer, version: write_roaming_number_res(Address(answer), version),
            )
        }

    def serve(self, request: Any, *, now: float) -> Any:
        del now
        self.asked.append(request)
        return self.given

    def node(self) -> Node:
        highest = {int(Context.ROAMING_NUMBER_ENQUIRY): self.version}
        config = NodeConfig(sccp=SccpConfig(subsystems=frozenset({7})), map=MapConfig(highest=highest))
        return Node(config, self.entries())


def hss() -> Node:
    return node_for(config=NodeConfig(sccp=SccpConfig(point_code=1, gateway=2)))


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_real_vlr_gives_a_roaming_number_in_its_own_version(version: int) -> None:
    vlr = Vlr("491720000777", version)
    pair = peers(vlr.node(), hss())
    given: list[Any] = []
    request = RoamingNumberRequest(imsi=Imsi(IMSI), msisdn=Msisdn(CALLED), vlr_number=VLR)
    pair.left.call(roaming_number_call(request, given.append, hlr_title="491710000000"), now=0.0)
    assert given == ["491720000777"]
    assert (vlr.asked[0].imsi, vlr.asked[0].msc_number) == (IMSI, Address(VLR))


@pytest.mark.parametrize(
    ("refusal", "why"),
    [
        (refusals.AbsentSubscriber(), Unlucky.ABSENT),
        (refusals.FacilityNotSupported(), Unlucky.NOT_SUPPORTED),
        (refusals.SystemFailure(), Unlucky.NO_ANSWER),
    ],
)
def test_a_vlr_without_a_number_says_why(refusal: refusals.Refusal, why: Unlucky) -> None:
    pair = peers(Vlr(refusal).node(), hss())
    given: list[Any] = []
    request = RoamingNumberRequest(imsi=Imsi(IMSI), msisdn=Msisdn(CALLED), vlr_number=VLR, msc_number=VLR)
    call = roaming_number_call(request, given.append, hlr_title="491710000000", gmsc_number="4917")
    pair.left.call(call, now=0.0)
    assert given == [why]


def test_only_a_number_that_can_be_read_is_one() -> None:
    assert read_roaming_number(Failed(version=3, code=39, parameter=b"")) is Unlucky.NO_NUMBER
    assert read_roaming_number(Completed(version=3, parameters=())) is Unlucky.NO_ANSWER
    assert read_roaming_number(Completed(version=3, parameters=(b"\x05\x00",))) is Unlucky.NO_ANSWER
    assert read_roaming_number(Lost(how=Ending.EXPIRED)) is Unlucky.NO_ANSWER
