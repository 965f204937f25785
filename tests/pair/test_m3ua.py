"""An ASP and a signalling gateway: states, faults, traffic modes. The cases follow ETSI TS 102 381."""

from collections.abc import Callable
from typing import Any

import pytest

from hss.machine import Turn
from hss.sigtran.layer import Duty
from hss.sigtran.m3ua import asp as asp_module
from hss.sigtran.m3ua import messages
from hss.sigtran.m3ua.application_server import ServerConfig
from hss.sigtran.m3ua.asp import Asp, AspConfig
from hss.sigtran.m3ua.association import Pulse
from hss.sigtran.m3ua.events import (
    AspState,
    AssociationGivenUp,
    AsState,
    AsStateChanged,
    DestinationChanged,
    DestinationState,
    ErrorReceived,
    FaultAnswered,
    Notified,
    TransferDropped,
    UserUnavailable,
)
from hss.sigtran.m3ua.gateway import Gateway, GatewayConfig
from hss.sigtran.m3ua.links import Links
from hss.sigtran.m3ua.messages import Transfer
from hss.sigtran.m3ua.sgp import Sgp
from schemas.numbers.m3ua import ErrorCode, Kind, Status, Tag, TrafficMode
from tests.pair.sigtran_samples import Wire


class Echo:
    """A user that sends everything back."""

    def __init__(self) -> None:
        self.heard: list[Transfer] = []
        self.deadline: float | None = None
        self.silent = False

    def receive(self, primitive: Transfer, *, now: float) -> Duty[Transfer, Any]:
        del now
        self.heard.append(primitive)
        return Duty() if self.silent else Duty([primitive.back(b"back:" + primitive.data)])

    def resume(self, late: Transfer, *, now: float) -> Duty[Transfer, Any]:
        del now
        return Duty([late])

    def wake(self, *, now: float) -> Duty[Transfer, Any]:
        del now
        self.deadline = None
        return Duty([Transfer(opc=2, dpc=1, data=b"late")])


class Site:
    """A gateway with its shared parts, and what it pushes to each association."""

    def __init__(self, config: GatewayConfig | None = None, pulse: Pulse | None = None) -> None:
        self.user = Echo()
        self.gateway: Gateway[Any] = Gateway(config or GatewayConfig())
        self.links: Links[Any] = Links()
        self.pulse = pulse

    def accept(self) -> tuple[Sgp[Any], list[bytes]]:
        sgp: Sgp[Any] = Sgp(self.gateway, self.user, self.links, self.pulse)
        pushed: list[bytes] = []
        sgp.outlet = lambda turn: pushed.extend(turn.send)
        sgp.connected(now=0.0)
        return sgp, pushed


def told(octets: bytes) -> tuple[Any, ...]:
    """Read what matters of a message: its kind, and code, status or routing context."""
    kind = messages.read_kind(octets)
    parameters = messages.read_parameters(octets)
    if kind is Kind.ERR:
        return (kind, ErrorCode(messages.number_of(parameters, Tag.ERROR_CODE) or 0))
    if kind is Kind.NTFY:
        return (kind, Status(messages.number_of(parameters, Tag.STATUS) or 0))
    return (kind,)


def say(sgp: Sgp[Any], kind: int, *parameters: tuple[int, bytes], now: float = 0.0) -> list[tuple[Any, ...]]:
    return [told(octets) for octets in sgp.receive(messages.write(kind, parameters), now=now).send]


def context(number: int) -> tuple[int, bytes]:
    return (Tag.ROUTING_CONTEXT, messages.word(number))


def mode(number: int) -> tuple[int, bytes]:
    return (Tag.TRAFFIC_MODE, messages.word(number))


CONFIGURED = GatewayConfig(point_code=2, servers=(ServerConfig(routing_context=100),))


def active(site: Site, how: TrafficMode | None = None) -> tuple[Sgp[Any], list[bytes]]:
    sgp, pushed = site.accept()
    say(sgp, Kind.ASPUP)
    say(sgp, Kind.ASPAC, *([] if how is None else [mode(how)]), context(100))
    return sgp, pushed


def data(**options: Any) -> bytes:
    usual: dict[str, Any] = {"opc": 1, "dpc": 2, "data": b"hello", "routing_context": 100}
    return messages.write_transfer(Transfer(**usual | options))


UP_ACK = (Kind.ASPUP_ACK,)
INACTIVE = (Kind.NTFY, Status.AS_INACTIVE)
ACTIVE = (Kind.NTFY, Status.AS_ACTIVE)


def err(code: ErrorCode) -> tuple[Any, ...]:
    return (Kind.ERR, code)


@pytest.mark.parametrize("config", [GatewayConfig(), CONFIGURED], ids=["any context", "configured"])
def test_the_life_of_an_asp(config: GatewayConfig) -> None:
    sgp, _ = Site(config).accept()
    assert say(sgp, Kind.ASPUP) == [UP_ACK, INACTIVE]
    assert say(sgp, Kind.ASPAC, context(100)) == [(Kind.ASPAC_ACK,), ACTIVE]
    assert say(sgp, Kind.ASPIA, context(100)) == [(Kind.ASPIA_ACK,), (Kind.NTFY, Status.AS_PENDING)]
    assert say(sgp, Kind.ASPDN) == [(Kind.ASPDN_ACK,)]
    assert sgp.state is AspState.DOWN


def test_asp_up_may_be_refused_by_management() -> None:
    site = Site(GatewayConfig(blocked=True))
    assert say(site.accept()[0], Kind.ASPUP) == [err(ErrorCode.MANAGEMENT_BLOCKING)]


def test_an_asp_identifier_may_be_required() -> None:
    site = Site(GatewayConfig(identifier_required=True))
    sgp, _ = site.accept()
    assert say(sgp, Kind.ASPUP) == [err(ErrorCode.ASP_IDENTIFIER_REQUIRED)]
    assert say(sgp, Kind.ASPUP, (Tag.ASP_IDENTIFIER, messages.word(7)))[0] == UP_ACK
    assert sgp.identifier == messages.word(7)


def test_a_second_asp_up_is_acknowledged() -> None:
    sgp, _ = Site().accept()
    say(sgp, Kind.ASPUP)
    assert say(sgp, Kind.ASPUP) == [UP_ACK, INACTIVE]


def test_asp_up_while_active_is_unexpected_and_makes_inactive() -> None:
    sgp, _ = active(Site(CONFIGURED))
    assert say(sgp, Kind.ASPUP) == [err(ErrorCode.UNEXPECTED_MESSAGE), UP_ACK, INACTIVE]
    assert sgp.state is AspState.INACTIVE


def test_repeated_requests_are_acknowledged_again() -> None:
    sgp, _ = Site(CONFIGURED).accept()
    assert say(sgp, Kind.ASPDN) == [(Kind.ASPDN_ACK,)]
    say(sgp, Kind.ASPUP)
    assert say(sgp, Kind.ASPIA) == [(Kind.ASPIA_ACK,)]
    say(sgp, Kind.ASPAC, context(100))
    assert say(sgp, Kind.ASPAC, context(100)) == [(Kind.ASPAC_ACK,)]


def test_the_acknowledgement_names_what_the_request_named() -> None:
    sgp, _ = Site(CONFIGURED).accept()
    say(sgp, Kind.ASPUP)
    request = messages.write(Kind.ASPAC, [mode(TrafficMode.LOADSHARE), context(100)])
    answer = sgp.receive(request, now=0.0).send[0]
    assert answer == messages.write(Kind.ASPAC_ACK, [mode(TrafficMode.LOADSHARE), context(100)])


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"\x02" + messages.write(Kind.ASPUP)[1:], ErrorCode.INVALID_VERSION),
        (messages.write(0x0901), ErrorCode.UNSUPPORTED_CLASS),
        (messages.write(0x0F01), ErrorCode.UNSUPPORTED_CLASS),
        (messages.write(0x0307), ErrorCode.UNSUPPORTED_TYPE),
        (messages.write(0x0405), ErrorCode.UNSUPPORTED_TYPE),
        (messages.write(0x0102), ErrorCode.UNSUPPORTED_TYPE),
        (messages.write(Kind.ASPUP_ACK), ErrorCode.UNEXPECTED_MESSAGE),
        (messages.write(Kind.NTFY), ErrorCode.UNEXPECTED_MESSAGE),
        (messages.write(Kind.ASPAC), ErrorCode.UNEXPECTED_MESSAGE),
        (messages.write(Kind.DAUD), ErrorCode.UNEXPECTED_MESSAGE),
        (messages.write(Kind.SCON), ErrorCode.UNEXPECTED_MESSAGE),
        (messages.write(Kind.ASPUP) + b"\0\0\0\0", ErrorCode.PROTOCOL_ERROR),
        (messages.write(Kind.ASPUP)[:7], ErrorCode.PROTOCOL_ERROR),
        (messages.write(Kind.ASPUP, [(4, b"")])[:-1] + b"\x09", ErrorCode.PARAMETER_FIELD_ERROR),
        (messages.write(Kind.ASPUP)[:7] + b"\x0a\0\0", ErrorCode.PARAMETER_FIELD_ERROR),
        (data()[:18] + b"\0\x20" + data()[20:], ErrorCode.PARAMETER_FIELD_ERROR),
        (data(), ErrorCode.UNEXPECTED_MESSAGE),
    ],
)
def test_each_wrong_thing_has_its_error(octets: bytes, code: ErrorCode) -> None:
    sgp, _ = Site(CONFIGURED).accept()
    turn = sgp.receive(octets, now=0.0)
    assert [told(each) for each in turn.send] == [err(code)]
    assert isinstance(turn.events[0], FaultAnswered)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ([mode(9), context(100)], ErrorCode.UNSUPPORTED_TRAFFIC_MODE),
        ([mode(TrafficMode.OVERRIDE), context(100)], ErrorCode.UNSUPPORTED_TRAFFIC_MODE),
        ([context(101)], ErrorCode.INVALID_ROUTING_CONTEXT),
        ([(int(Tag.ROUTING_CONTEXT), b"\0")], ErrorCode.PARAMETER_FIELD_ERROR),
        ([(int(Tag.TRAFFIC_MODE), b"\0")], ErrorCode.PARAMETER_FIELD_ERROR),
    ],
)
def test_each_wrong_asp_active_has_its_error(parameters: list[tuple[int, bytes]], code: ErrorCode) -> None:
    servers = (ServerConfig(routing_context=100, mode=TrafficMode.LOADSHARE),)
    sgp, _ = Site(GatewayConfig(servers=servers)).accept()
    say(sgp, Kind.ASPUP)
    assert say(sgp, Kind.ASPAC, *parameters) == [err(code)]


def test_without_any_configured_server_asp_active_is_refused() -> None:
    sgp, _ = Site(GatewayConfig(servers=())).accept()
    say(sgp, Kind.ASPUP)
    assert say(sgp, Kind.ASPAC) == [err(ErrorCode.NO_CONFIGURED_AS)]


def test_where_any_context_is_taken_their_number_is_bounded() -> None:
    sgp, _ = Site().accept()
    say(sgp, Kind.ASPUP)
    for number in range(256):
        say(sgp, Kind.ASPAC, context(number))
    assert say(sgp, Kind.ASPAC, context(256)) == [err(ErrorCode.NO_CONFIGURED_AS)]


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (data(routing_context=101), ErrorCode.INVALID_ROUTING_CONTEXT),
        (data(network_appearance=9), ErrorCode.INVALID_NETWORK_APPEARANCE),
        (messages.write(Kind.DATA, [context(100)]), ErrorCode.MISSING_PARAMETER),
        (messages.write(Kind.DATA, [context(100), (Tag.PROTOCOL_DATA, b"short")]), ErrorCode.PARAMETER_FIELD_ERROR),
        (messages.write(Kind.DAUD), ErrorCode.MISSING_PARAMETER),
    ],
)
def test_each_wrong_thing_while_active_has_its_error(octets: bytes, code: ErrorCode) -> None:
    config = GatewayConfig(point_code=2, network_appearance=5, servers=(ServerConfig(routing_context=100),))
    sgp, _ = active(Site(config))
    assert [told(each) for each in sgp.receive(octets, now=0.0).send] == [err(code)]


def test_data_without_a_context_is_ambiguous_where_several_are_active() -> None:
    servers = (ServerConfig(routing_context=1), ServerConfig(routing_context=2))
    sgp, _ = Site(GatewayConfig(servers=servers)).accept()
    say(sgp, Kind.ASPUP)
    say(sgp, Kind.ASPAC)
    turn = sgp.receive(data(routing_context=None), now=0.0)
    assert [told(each) for each in turn.send] == [err(ErrorCode.MISSING_PARAMETER)]


def test_data_without_a_context_goes_to_the_only_server() -> None:
    site = Site(CONFIGURED)
    sgp, _ = active(site)
    turn = sgp.receive(data(routing_context=None), now=0.0)
    assert messages.read_transfer(messages.read_parameters(turn.send[0])).data == b"back:hello"


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 3, 2, 1, 0), (2, 0, 4, 1, 3)])
def test_the_parameters_of_data_may_stand_in_any_order_among_others(order: tuple[int, ...]) -> None:
    label = bytes.fromhex("00000001 00000002 03 02 00 07") + b"hello"
    parameters = [
        context(100),
        (int(Tag.PROTOCOL_DATA), label),
        (int(Tag.CORRELATION_ID), messages.word(9)),
        (int(Tag.NETWORK_APPEARANCE), messages.word(5)),
        (0x7777, b"nobody knows this one"),
    ]
    site = Site(GatewayConfig(point_code=2, network_appearance=5, servers=(ServerConfig(routing_context=100),)))
    sgp, _ = active(site)
    turn = sgp.receive(messages.write(Kind.DATA, [parameters[at] for at in order]), now=0.0)
    answer = messages.read_transfer(messages.read_parameters(turn.send[0]))
    assert (answer.data, answer.sls, answer.routing_context) == (b"back:hello", 7, 100)


def test_where_any_context_is_taken_an_asp_may_go_active_without_naming_it() -> None:
    sgp, _ = Site().accept()
    say(sgp, Kind.ASPUP)
    say(sgp, Kind.ASPAC)
    turn = sgp.receive(data(), now=0.0)
    assert messages.read_transfer(messages.read_parameters(turn.send[0])).routing_context == 100


def test_an_error_is_never_answered() -> None:
    sgp, _ = Site().accept()
    turn = sgp.receive(messages.write(Kind.ERR, [(Tag.ERROR_CODE, messages.word(3))]), now=0.0)
    assert (turn.send, turn.events) == ([], [ErrorReceived(code=3)])
    turn = sgp.receive(messages.write(Kind.ERR)[:-1] + b"\x09", now=0.0)
    assert turn.send == []


@pytest.mark.parametrize("content", [None, b"", b"any data"])
def test_beat_comes_back_unchanged(content: bytes | None) -> None:
    sgp, _ = Site().accept()
    parameters = [] if content is None else [(int(Tag.HEARTBEAT_DATA), content)]
    turn = sgp.receive(messages.write(Kind.BEAT, parameters), now=0.0)
    assert turn.send == [messages.write(Kind.BEAT_ACK, parameters)]


def test_a_peer_that_answers_beat_lives_on_and_another_one_does_not() -> None:
    site = Site(GatewayConfig(asp_up_s=None), Pulse(every_s=30.0, answer_s=5.0))
    sgp, _ = site.accept()
    assert sgp.deadline == 30.0
    beat = sgp.wake(now=30.0).send[0]
    say(sgp, Kind.BEAT_ACK, (Tag.HEARTBEAT_DATA, b"another one"), now=31.0)
    assert sgp.deadline == 35.0
    sgp.receive(messages.write(Kind.BEAT_ACK, messages.read_parameters(beat).items()), now=31.0)
    assert sgp.deadline == 61.0
    assert sgp.wake(now=60.0).send == []
    sgp.wake(now=61.0)
    turn = sgp.wake(now=66.0)
    assert (turn.close, turn.reset) == (True, True)
    assert isinstance(turn.events[0], AssociationGivenUp)


def test_an_answer_to_beat_may_leave_the_data_out() -> None:
    sgp, _ = Site(GatewayConfig(asp_up_s=None), Pulse(every_s=30.0, answer_s=5.0)).accept()
    assert say(sgp, Kind.BEAT_ACK, now=1.0) == []
    sgp.wake(now=30.0)
    say(sgp, Kind.BEAT_ACK, now=31.0)
    assert sgp.deadline == 61.0


def test_an_association_without_asp_up_is_closed() -> None:
    sgp, _ = Site().accept()
    assert sgp.deadline == 30.0
    assert sgp.wake(now=30.0).close


def test_traffic_for_another_point_code_is_answered_by_duna() -> None:
    sgp, _ = active(Site(CONFIGURED))
    turn = sgp.receive(data(dpc=9), now=0.0)
    assert [told(each) for each in turn.send] == [(Kind.DUNA,)]
    assert isinstance(turn.events[0], TransferDropped)


def test_traffic_for_another_user_is_answered_by_dupu() -> None:
    site = Site(CONFIGURED)
    sgp, _ = active(site)
    octets = sgp.receive(data(service=5), now=0.0).send[0]
    assert told(octets) == (Kind.DUPU,)
    assert messages.read_parameters(octets)[Tag.USER_CAUSE] == bytes.fromhex("00010005")
    assert site.user.heard == []


def test_an_audit_is_answered_for_each_point_code() -> None:
    site = Site(CONFIGURED)
    sgp, _ = active(site)
    site.gateway.destinations |= {7: DestinationState.CONGESTED, 8: DestinationState.RESTRICTED}
    sgp.receive(data(opc=1), now=0.0)
    affected = (int(Tag.AFFECTED_POINT_CODE), messages.words([2, 1, 9, 7, 8]))
    turn = sgp.receive(messages.write(Kind.DAUD, [context(100), affected]), now=0.0)
    seen = {
        told(each)[0]: messages.numbers_of(messages.read_parameters(each), Tag.AFFECTED_POINT_CODE)
        for each in turn.send
    }
    assert seen == {Kind.DAVA: (2, 1), Kind.DUNA: (9,), Kind.SCON: (7,), Kind.DRST: (8,)}


def test_congestion_told_by_an_asp_is_taken() -> None:
    sgp, _ = active(Site(CONFIGURED))
    assert say(sgp, Kind.SCON) == []


def test_a_change_of_a_point_code_is_told_to_active_asps_only() -> None:
    site = Site(CONFIGURED)
    _, first = active(site)
    second, other = site.accept()
    say(second, Kind.ASPUP)
    first.clear()
    other.clear()
    site.gateway.set_destination(7, DestinationState.UNAVAILABLE)
    assert ([told(each) for each in first], other) == ([(Kind.DUNA,)], [])


# Several ASPs.


def test_override_makes_the_other_asp_step_back() -> None:
    site = Site(CONFIGURED)
    first, pushed = active(site, TrafficMode.OVERRIDE)
    pushed.clear()
    second, _ = site.accept()
    say(second, Kind.ASPUP)
    assert say(second, Kind.ASPAC, mode(1), context(100)) == [(Kind.ASPAC_ACK,), ACTIVE]
    assert [told(each) for each in pushed] == [(Kind.NTFY, Status.ALTERNATE_ASP_ACTIVE)]
    assert [told(each) for each in first.receive(data(), now=0.0).send] == [err(ErrorCode.UNEXPECTED_MESSAGE)]


def test_loadshare_answers_where_the_request_came_from() -> None:
    site = Site(CONFIGURED)
    first, _ = active(site, TrafficMode.LOADSHARE)
    second, pushed = active(site, TrafficMode.LOADSHARE)
    pushed.clear()
    assert len(first.receive(data(), now=0.0).send) == 1
    assert pushed == []
    assert len(second.receive(data(), now=0.0).send) == 1


def test_broadcast_answers_everywhere() -> None:
    site = Site(CONFIGURED)
    first, _ = active(site, TrafficMode.BROADCAST)
    _, pushed = active(site, TrafficMode.BROADCAST)
    pushed.clear()
    assert len(first.receive(data(), now=0.0).send) == 1
    assert [told(each) for each in pushed] == [(Kind.DATA,)]


def test_a_late_answer_goes_to_the_asp_that_is_active_now() -> None:
    site = Site(CONFIGURED)
    site.user.silent = True
    first, _ = active(site, TrafficMode.OVERRIDE)
    first.receive(data(), now=0.0)
    _, pushed = active(site, TrafficMode.OVERRIDE)
    pushed.clear()
    turn = first.resume(site.user.heard[0].back(b"late"), now=1.0)
    assert turn.send == []
    assert [told(each) for each in pushed] == [(Kind.DATA,)]


def test_while_the_server_is_pending_answers_wait() -> None:
    site = Site(CONFIGURED)
    site.user.silent = True
    sgp, _ = active(site)
    sgp.receive(data(), now=0.0)
    say(sgp, Kind.ASPIA)
    assert sgp.resume(site.user.heard[0].back(b"late"), now=0.5).send == []
    assert say(sgp, Kind.ASPAC, context(100), now=1.0) == [(Kind.ASPAC_ACK,), ACTIVE, (Kind.DATA,)]


def test_a_pending_server_becomes_inactive_and_loses_what_waited() -> None:
    site = Site(CONFIGURED)
    site.user.silent = True
    sgp, _ = active(site)
    sgp.receive(data(), now=0.0)
    say(sgp, Kind.ASPIA)
    sgp.resume(site.user.heard[0].back(b"late"), now=0.5)
    assert sgp.deadline == 2.0
    assert [told(each) for each in sgp.wake(now=2.0).send] == [INACTIVE]
    assert say(sgp, Kind.ASPAC, context(100), now=3.0) == [(Kind.ASPAC_ACK,), ACTIVE]
    assert site.gateway.servers[100].state is AsState.ACTIVE


def test_an_answer_that_nobody_can_take_is_dropped() -> None:
    site = Site(CONFIGURED)
    site.user.silent = True
    sgp, _ = active(site)
    sgp.receive(data(), now=0.0)
    say(sgp, Kind.ASPDN)
    sgp.wake(now=2.0)
    turn = sgp.resume(site.user.heard[0].back(b"late"), now=3.0)
    assert isinstance(turn.events[0], TransferDropped)


def test_each_pending_server_has_its_own_time() -> None:
    servers = (ServerConfig(routing_context=1), ServerConfig(routing_context=2))
    sgp, _ = Site(GatewayConfig(servers=servers, asp_up_s=None)).accept()
    say(sgp, Kind.ASPUP)
    say(sgp, Kind.ASPAC)
    assert say(sgp, Kind.ASPIA, context(1), now=0.0)[0] == (Kind.ASPIA_ACK,)
    assert sgp.state is AspState.ACTIVE  # for the other one
    say(sgp, Kind.ASPIA, context(2), now=1.0)
    assert sgp.deadline == 2.0
    assert [told(each) for each in sgp.wake(now=2.0).send] == [INACTIVE]
    assert sgp.deadline == 3.0


def test_a_server_that_was_pending_without_any_association_is_so_no_more_when_one_comes() -> None:
    site = Site(CONFIGURED)
    sgp, _ = active(site)
    sgp.disconnected(now=1.0)
    assert site.gateway.servers[100].state is AsState.PENDING
    late: Sgp[Any] = Sgp(site.gateway, site.user, site.links)
    turn = late.connected(now=9.0)
    assert site.gateway.servers[100].state is AsState.DOWN
    assert turn.events == [AsStateChanged(routing_context=100, state=AsState.DOWN)]
    assert site.gateway.deadline is None


def test_the_end_of_an_association_that_never_stood_changes_nothing() -> None:
    site = Site(CONFIGURED)
    never: Sgp[Any] = Sgp(site.gateway, site.user, site.links)
    assert never.disconnected(now=1.0) == Turn()


def test_an_asp_that_is_not_active_names_no_routing_context() -> None:
    site = Site(CONFIGURED)
    sgp, _ = site.accept()
    assert sgp.label(Transfer(opc=2, dpc=1, data=b"x")).routing_context is None


def test_a_lost_asp_is_told_to_the_others() -> None:
    site = Site(CONFIGURED)
    first, _ = active(site, TrafficMode.LOADSHARE)
    _, pushed = active(site, TrafficMode.LOADSHARE)
    pushed.clear()
    first.disconnected(now=1.0)
    assert [told(each) for each in pushed] == [(Kind.NTFY, Status.ASP_FAILURE)]
    assert len(site.links) == 1


def test_too_few_active_asps_are_told() -> None:
    servers = (ServerConfig(routing_context=100, mode=TrafficMode.LOADSHARE, required=2),)
    site = Site(GatewayConfig(servers=servers))
    first, _ = active(site)
    active(site)
    assert say(first, Kind.ASPIA) == [(Kind.ASPIA_ACK,), (Kind.NTFY, Status.INSUFFICIENT_ASPS)]


def test_what_the_user_sends_when_its_time_comes_finds_a_way() -> None:
    site = Site(GatewayConfig(asp_up_s=None))
    sgp, _ = active(site)
    site.user.deadline = 5.0
    assert sgp.deadline == 5.0
    assert [told(each) for each in sgp.wake(now=5.0).send] == [(Kind.DATA,)]


def test_a_post_from_outside_goes_through_the_outlet() -> None:
    site = Site()
    assert not site.links.post(Transfer(opc=2, dpc=1, data=b"x"))
    sgp, pushed = active(site)
    assert site.links.post(Transfer(opc=2, dpc=1, data=b"x"))
    assert told(pushed[-1]) == (Kind.DATA,)
    sgp.outlet = None
    assert site.links.post(Transfer(opc=2, dpc=1, data=b"x"))


def test_between_ipsps_nobody_is_notified() -> None:
    sgp, _ = Site(GatewayConfig(notifies=False)).accept()
    assert say(sgp, Kind.ASPUP) == [UP_ACK]
    assert say(sgp, Kind.ASPAC) == [(Kind.ASPAC_ACK,)]


# The other end.


def both(config: AspConfig | None = None, gateway: GatewayConfig | None = None) -> Wire:
    asp: Asp[Any] = Asp(config or AspConfig(routing_contexts=(100,)), Echo(), Links())
    return Wire(asp, Site(gateway).accept()[0])


def test_an_asp_comes_up_and_goes_in_good_order() -> None:
    wire = both(AspConfig(identifier=3, routing_contexts=(100,), mode=TrafficMode.LOADSHARE))
    wire.connect()
    assert (wire.left.state, wire.right.state) == (AspState.ACTIVE, AspState.ACTIVE)
    wire.do("left", wire.left.stop(now=1.0))
    assert (wire.left.state, wire.right.state, wire.closed) == (AspState.DOWN, AspState.DOWN, {"left"})


def lone(config: AspConfig | None = None) -> Asp[Any]:
    asp: Asp[Any] = Asp(config or AspConfig(), Echo(), Links())
    assert [told(each) for each in asp.connected(now=0.0).send] == [(Kind.ASPUP,)]
    return asp


def hear(asp: Asp[Any], kind: int, *parameters: tuple[int, bytes], now: float = 0.0) -> Turn[Any]:
    return asp.receive(messages.write(kind, parameters), now=now)


def up(config: AspConfig | None = None) -> Asp[Any]:
    asp = lone(config)
    hear(asp, Kind.ASPUP_ACK)
    hear(asp, Kind.ASPAC_ACK)
    assert asp.state is AspState.ACTIVE
    return asp


def test_an_asp_repeats_what_is_not_answered_and_gives_up() -> None:
    asp = lone(AspConfig(answer_s=2.0, most_tries=3))
    assert [told(each) for each in asp.wake(now=2.0).send] == [(Kind.ASPUP,)]
    assert [told(each) for each in asp.wake(now=4.0).send] == [(Kind.ASPUP,)]
    assert asp.wake(now=6.0).close


def test_an_asp_that_is_refused_gives_up() -> None:
    wire = both(gateway=GatewayConfig(blocked=True))
    wire.connect()
    assert wire.closed == {"left"}


@pytest.mark.parametrize(
    ("kind", "asked"), [(Kind.ASPUP_ACK, Kind.ASPAC), (Kind.ASPDN_ACK, Kind.ASPUP), (Kind.ASPIA_ACK, None)]
)
def test_an_acknowledgement_that_nobody_asked_for_starts_again(kind: Kind, asked: Kind | None) -> None:
    asp = up()
    turn = hear(asp, kind)
    assert [told(each)[0] for each in turn.send] == ([] if asked is None else [asked])
    if asked is None:
        assert [told(each) for each in asp.wake(now=2.0).send] == [(Kind.ASPAC,)]


def test_an_asp_active_ack_while_down_is_unexpected() -> None:
    turn = hear(lone(), Kind.ASPAC_ACK)
    assert [told(each) for each in turn.send] == [err(ErrorCode.UNEXPECTED_MESSAGE)]


@pytest.mark.parametrize("kind", [Kind.ASPUP, Kind.ASPAC, Kind.DAUD])
def test_what_is_for_the_gateway_is_unexpected_at_an_asp(kind: Kind) -> None:
    assert [told(each) for each in hear(up(), kind).send] == [err(ErrorCode.UNEXPECTED_MESSAGE)]


def test_an_asp_steps_back_for_another_and_comes_again_when_that_is_gone() -> None:
    asp = up()
    turn = hear(asp, Kind.NTFY, (Tag.STATUS, messages.word(Status.ALTERNATE_ASP_ACTIVE)), context(100))
    assert Notified(status=Status.ALTERNATE_ASP_ACTIVE, routing_context=100) in turn.events
    assert asp.state is AspState.INACTIVE
    turn = hear(asp, Kind.NTFY, (Tag.STATUS, messages.word(Status.AS_PENDING)))
    assert [told(each) for each in turn.send] == [(Kind.ASPAC,)]


@pytest.mark.parametrize("kind", [Kind.DUNA, Kind.DAVA, Kind.SCON, Kind.DRST, Kind.DUPU, Kind.NTFY, Kind.BEAT])
def test_news_may_come_before_the_asp_is_active(kind: Kind) -> None:
    asp = lone()
    hear(asp, Kind.ASPUP_ACK)
    parameters = [(int(Tag.AFFECTED_POINT_CODE), messages.word(7)), (int(Tag.STATUS), messages.word(0x00010002))]
    turn = hear(asp, kind, *([] if kind is Kind.BEAT else parameters))
    assert [told(each) for each in turn.send] == ([(Kind.BEAT_ACK,)] if kind is Kind.BEAT else [])
    assert not any(isinstance(event, FaultAnswered) for event in turn.events)


def test_a_notify_without_status_is_a_fault_and_an_unknown_one_is_not() -> None:
    assert [told(each) for each in hear(up(), Kind.NTFY).send] == [err(ErrorCode.MISSING_PARAMETER)]
    assert hear(up(), Kind.NTFY, (Tag.STATUS, messages.word(99))).events == [Notified(status=99)]


@pytest.mark.parametrize("kind", [Kind.DUNA, Kind.SCON, Kind.DRST])
def test_an_asp_audits_what_is_not_available(kind: Kind) -> None:
    asp = up()
    turn = hear(asp, kind, (Tag.AFFECTED_POINT_CODE, messages.word(7)))
    assert isinstance(turn.events[0], DestinationChanged)
    assert asp.reaches(7) == (kind is not Kind.DUNA)
    assert asp.deadline == 5.0
    assert [told(each) for each in asp.wake(now=5.0).send] == [(Kind.DAUD,)]
    assert asp.deadline == 10.0
    hear(asp, Kind.DAVA, (Tag.AFFECTED_POINT_CODE, messages.word(7)))
    assert asp.reaches(7)
    assert Wire(asp, asp).left.deadline is None


def test_an_asp_bounds_the_point_codes_that_it_audits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asp_module, "MOST_DESTINATIONS", 1)
    asp = up()
    hear(asp, Kind.DUNA, (Tag.AFFECTED_POINT_CODE, messages.words([7, 8])))
    hear(asp, Kind.DUNA, (Tag.AFFECTED_POINT_CODE, messages.word(9)), now=1.0)
    assert asp.destinations == {7: DestinationState.UNAVAILABLE}
    assert asp.deadline == 5.0


def test_an_error_that_is_no_refusal_is_only_reported() -> None:
    turn = hear(up(), Kind.ERR, (Tag.ERROR_CODE, messages.word(ErrorCode.PROTOCOL_ERROR)))
    assert (turn.events, turn.close) == ([ErrorReceived(code=7)], False)


def test_an_asp_sends_what_names_its_context_and_appearance_as_it_is() -> None:
    named = Transfer(opc=1, dpc=2, data=b"x", routing_context=7, network_appearance=9)
    transfer = up(AspConfig(routing_contexts=(100,), network_appearance=5)).label(named)
    assert (transfer.routing_context, transfer.network_appearance) == (7, 9)


def test_an_asp_hears_that_a_user_is_not_there() -> None:
    turn = hear(up(), Kind.DUPU, (Tag.AFFECTED_POINT_CODE, messages.word(7)))
    assert turn.events == [UserUnavailable(point_code=7)]


@pytest.mark.parametrize(
    ("make", "octets", "code"),
    [
        (lone, data(), ErrorCode.UNEXPECTED_MESSAGE),
        (lambda: up(AspConfig(routing_contexts=(5,))), data(), ErrorCode.INVALID_ROUTING_CONTEXT),
        (lambda: up(AspConfig(network_appearance=5)), data(network_appearance=6), ErrorCode.INVALID_NETWORK_APPEARANCE),
    ],
)
def test_an_asp_refuses_wrong_traffic(make: Callable[[], Asp[Any]], octets: bytes, code: ErrorCode) -> None:
    assert [told(each) for each in make().receive(octets, now=0.0).send] == [err(code)]


def test_an_asp_answers_with_its_routing_context_and_network_appearance() -> None:
    asp = up(AspConfig(routing_contexts=(100,), network_appearance=5))
    octets = asp.receive(data(routing_context=None), now=0.0).send[0]
    transfer = messages.read_transfer(messages.read_parameters(octets))
    assert (transfer.routing_context, transfer.network_appearance) == (100, 5)


def test_a_stop_before_the_asp_is_up_closes_at_once() -> None:
    assert lone().stop(now=1.0).close


def test_a_stop_that_is_not_answered_closes_all_the_same() -> None:
    asp = up()
    assert [told(each) for each in asp.stop(now=1.0).send] == [(Kind.ASPIA,)]
    assert asp.wake(now=2.0).close


def test_a_stop_while_inactive_asks_to_go_down() -> None:
    asp = lone()
    hear(asp, Kind.ASPUP_ACK)
    assert [told(each) for each in asp.stop(now=1.0).send] == [(Kind.ASPDN,)]
    assert [told(each) for each in hear(asp, Kind.ASPUP_ACK).send] == []
    hear(asp, Kind.ASPAC_ACK)
    assert asp.state is AspState.INACTIVE
    assert hear(asp, Kind.ASPDN_ACK).close


def test_an_asp_serves_one_connection_after_the_other() -> None:
    asp = up()
    asp.disconnected(now=1.0)
    assert (asp.state, asp.deadline) == (AspState.DOWN, None)
    assert [told(each) for each in asp.connected(now=2.0).send] == [(Kind.ASPUP,)]


def test_the_first_of_a_repeated_parameter_counts() -> None:
    octets = messages.write(Kind.ASPAC, [context(1), context(2)])
    assert messages.numbers_of(messages.read_parameters(octets), Tag.ROUTING_CONTEXT) == (1,)
