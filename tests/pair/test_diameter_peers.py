"""Conversations of peers (RFC 6733 5, RFC 3539)."""

from dataclasses import replace
from typing import Any

import pytest

from hss.diameter import client
from hss.diameter.codec import Header, encoded
from hss.diameter.dictionary import base
from hss.diameter.errors import USER_UNKNOWN, Outcome
from hss.diameter.events import (
    Answered,
    BadLength,
    ConnectionDropped,
    MessageIgnored,
    PeerClosed,
    PeerOpened,
    PeerRefused,
    PeerRestarted,
    RequestFailed,
    RequestRefused,
    WatchdogChanged,
)
from hss.diameter.framing import Framing
from hss.diameter.link import Link, State, Surroundings
from hss.diameter.local import SecondConnection
from hss.diameter.peer import PeerMachine
from hss.diameter.watchdog import State as Watch
from schemas.numbers.diameter import BaseAvp, BaseCommand, DisconnectCause, Flag
from tests.pair.diameter_peers import End, Wire, asking, serving
from tests.unit.hss.diameter.samples import (
    BENCH,
    CLIENT,
    KAMAILIO,
    SCSCF,
    Everything,
    Known,
    local,
    read,
    settled,
    surroundings,
)

CE, DW, DP = BaseCommand.CAPABILITIES_EXCHANGE, BaseCommand.DEVICE_WATCHDOG, BaseCommand.DISCONNECT_PEER
HSS = Everything().filtered()
RESULT = base(BaseAvp.RESULT_CODE)


def kinds(messages: list[bytes]) -> list[tuple[int, bool]]:
    """Give command and whether it is a request."""
    return [(header.command, header.is_request) for header in map(Header.decode, messages)]


def question(public: str = "tel:+491715407090", **changes: Any) -> client.LocationInfoQuestion:
    given = {"public": public, "destination_realm": "ims.test", "session_id": "icscf.ims.test;1;1"}
    return client.LocationInfoQuestion(**(given | changes))


def ask(end: End, public: str = "tel:+491715407090", *, token: object = 7, timeout_s: float = 5.0) -> None:
    request = client.location_info_request(CLIENT, question(public), token=token)
    end.carry_out(end.machine.request(request, now=end.wire.now, timeout_s=timeout_s))


def open_pair(around: Surroundings | None = None, **link: Any) -> tuple[Wire, End, End]:
    wire = Wire()
    asker, server = wire.connect(asking(**link), serving(around or surroundings(HSS)))
    return wire, asker, server


def base_message(command: int, avps: bytes, *, request: bool = True, hop_by_hop: int = 1, flags: int = 0) -> bytes:
    bits = (Flag.REQUEST if request else 0) | flags
    return Header(flags=bits, command=command, application=0, hop_by_hop=hop_by_hop, end_to_end=1).encode(avps)


ORIGIN = encoded(base(BaseAvp.ORIGIN_HOST), "icscf.ims.test") + encoded(base(BaseAvp.ORIGIN_REALM), "ims.test")


# Capabilities


def test_two_peers_open_and_name_each_other() -> None:
    _, asker, server = open_pair()
    assert kinds(asker.said) == [(CE, True)]
    assert kinds(server.said) == [(CE, False)]
    assert [event.origin_host for event in asker.happened(PeerOpened)] == ["hss.ims.test"]
    assert [event.origin_host for event in server.happened(PeerOpened)] == ["icscf.ims.test"]
    assert (asker.machine.state, server.machine.state) == (State.OPEN, State.OPEN)


def test_the_table_shows_who_is_open() -> None:
    around = surroundings(HSS)
    wire, asker, _ = open_pair(around)
    view = next(iter(around.table))
    assert (len(around.table), view.origin_host, view.initiator, view.watchdog) == (
        1,
        "icscf.ims.test",
        False,
        Watch.OKAY,
    )
    asker.carry_out(asker.machine.shut_down(now=wire.now))
    wire.settle()
    assert (len(around.table), list(around.table)) == (0, [])


def test_kamailio_gets_a_vendor_specific_application() -> None:
    machine = serving(surroundings(HSS))
    machine.connected(now=0.0)
    answer = read(machine.receive(KAMAILIO["cer_icscf"], now=0.0).send[0])
    group = answer.value(base(BaseAvp.VENDOR_SPECIFIC_APPLICATION_ID))
    assert group.value(base(BaseAvp.VENDOR_ID)) == 10415
    assert group.value(base(BaseAvp.AUTH_APPLICATION_ID)) == 16777216
    assert answer.values(base(BaseAvp.HOST_IP_ADDRESS)) == ["127.0.0.1"]
    assert answer.values(base(BaseAvp.SUPPORTED_VENDOR_ID)) == [10415, 13019]


def test_every_address_of_the_connection_is_named() -> None:
    machine = serving(surroundings(HSS), host_addresses=("10.0.0.1", "2001:db8::1"))
    machine.connected(now=0.0)
    answer = read(machine.receive(KAMAILIO["cer_icscf"], now=0.0).send[0])
    assert answer.values(base(BaseAvp.HOST_IP_ADDRESS)) == ["10.0.0.1", "2001:db8::1"]


def test_our_own_vendor_is_not_among_the_supported_ones() -> None:
    machine = serving(surroundings(HSS, vendor_id=10415))
    machine.connected(now=0.0)
    answer = read(machine.receive(KAMAILIO["cer_icscf"], now=0.0).send[0])
    assert answer.values(base(BaseAvp.SUPPORTED_VENDOR_ID)) == [13019]


def test_capabilities_may_be_told_again() -> None:
    wire, asker, server = open_pair()
    wire.queue.append((asker, KAMAILIO["cer_icscf"]))
    wire.settle()
    assert kinds(server.said) == [(CE, False), (CE, False)]
    assert not server.closed


def test_they_may_not_be_told_again_under_another_name() -> None:
    wire, asker, server = open_pair()
    wire.queue.append((asker, KAMAILIO["cer_scscf"]))
    wire.settle()
    assert read(server.said[-1]).value(RESULT) == 3010
    assert server.closed


@pytest.mark.parametrize("link", [{"accept_unknown": True}, {}])
def test_an_unknown_peer_is_taken_where_the_link_or_the_configuration_says_so(link: dict[str, Any]) -> None:
    wire = Wire()
    around = surroundings(HSS, accept_unknown_peers=not link)
    stranger = replace(CLIENT, origin_host="stranger.test")
    asker, _ = wire.connect(asking(stranger), serving(around, **link))
    assert asker.machine.state is State.OPEN


def test_an_unknown_peer_is_refused_where_the_link_says_so() -> None:
    wire = Wire()
    stranger = replace(CLIENT, origin_host="stranger.test")
    around = surroundings(HSS, accept_unknown_peers=True)
    asker, server = wire.connect(asking(stranger), serving(around, accept_unknown=False))
    assert asker.happened(PeerRefused)[0].code == 3010
    assert asker.happened(PeerRefused)[0].why == "the peer refuses us: DIAMETER_UNKNOWN_PEER"
    assert server.happened(PeerRefused)[0].origin_host == "stranger.test"
    assert (asker.closed, server.closed, asker.happened(ConnectionDropped)) == (True, True, [])


def test_a_peer_that_is_not_admitted_is_refused_even_where_unknown_ones_are_taken() -> None:
    wire = Wire()
    around = replace(surroundings(HSS, accept_unknown_peers=True), peers=Known(barred=[CLIENT.origin_host]))
    asker, _ = wire.connect(asking(), serving(around))
    assert asker.happened(PeerRefused)[0].code == 3010


def test_a_cea_without_a_common_application_is_of_no_use() -> None:
    wire = Wire()
    asker, _ = wire.connect(asking(replace(CLIENT, applications=(4,))), serving(surroundings(HSS)))
    assert asker.happened(PeerRefused)[0].code == 5010
    machine = asking()
    machine.connected(now=0.0)
    avps = encoded(RESULT, 2001) + ORIGIN
    turn = machine.receive(base_message(CE, avps, request=False, hop_by_hop=0xFFFFFFFF), now=0.0)
    assert turn.close
    assert [type(event) for event in turn.events] == [PeerRefused]


def test_strict_a_cer_needs_an_address() -> None:
    machine = serving(surroundings(HSS, strict=True))
    machine.connected(now=0.0)
    avps = ORIGIN + encoded(base(BaseAvp.VENDOR_ID), 0) + encoded(base(BaseAvp.PRODUCT_NAME), "x")
    turn = machine.receive(base_message(CE, avps), now=0.0)
    answer = read(turn.send[0])
    assert (answer.value(RESULT), answer.value(base(BaseAvp.FAILED_AVP)).hex()[:8]) == (5005, "00000101")
    assert turn.close


def test_a_cer_without_a_name_is_refused_without_a_name() -> None:
    machine = serving(surroundings(HSS))
    machine.connected(now=0.0)
    turn = machine.receive(base_message(CE, b""), now=0.0)
    assert [event.origin_host for event in turn.events if isinstance(event, PeerRefused)] == [""]


def test_a_connection_without_a_cer_ends_after_its_time() -> None:
    wire = Wire()
    server = End(serving(surroundings(HSS)), wire)
    wire.ends.append(server)
    server.carry_out(server.machine.connected(now=0.0))
    wire.wait(9.9)
    assert not server.closed
    wire.wait(0.2)
    assert server.closed
    assert server.happened(ConnectionDropped)


def test_a_cer_without_an_answer_ends_after_its_time() -> None:
    wire = Wire()
    asker, server = wire.connect(asking(), serving(surroundings(HSS)), settle=False)
    server.deaf = True
    wire.settle()
    wire.wait(10.0)
    assert asker.closed


@pytest.mark.parametrize(
    "message",
    [
        BENCH["lir"],
        base_message(DW, ORIGIN),
        base_message(CE, b"", request=False),
        KAMAILIO["cer_icscf"][:1].replace(b"\1", b"\2") + KAMAILIO["cer_icscf"][1:],
    ],
)
def test_anything_but_a_cer_ends_a_new_connection(message: bytes) -> None:
    machine = serving(surroundings(HSS))
    machine.connected(now=0.0)
    turn = machine.receive(message, now=0.0)
    assert (turn.close, turn.send) == (True, [])


@pytest.mark.parametrize("message", [base_message(DW, ORIGIN), base_message(DW, ORIGIN, request=False), BENCH["lir"]])
def test_anything_but_a_cea_ends_a_connection_that_we_make(message: bytes) -> None:
    machine = asking()
    machine.connected(now=0.0)
    assert machine.receive(message, now=0.0).close


def test_a_cer_with_the_p_bit_is_refused_and_a_right_one_may_follow() -> None:
    machine = serving(surroundings(HSS))
    machine.connected(now=0.0)
    wrong = KAMAILIO["cer_icscf"][:4] + b"\xc0" + KAMAILIO["cer_icscf"][5:]
    turn = machine.receive(wrong, now=0.0)
    assert (read(turn.send[0]).value(RESULT), turn.close) == (3008, False)
    assert machine.receive(KAMAILIO["cer_icscf"], now=0.0).events


# Second connections and election


def second(around: Surroundings, wire: Wire) -> tuple[End, End]:
    return wire.connect(asking(), serving(around))


def test_a_second_connection_is_refused_while_the_first_one_is_alive() -> None:
    around = surroundings(HSS)
    wire, first, _ = open_pair(around)
    asker, server = second(around, wire)
    assert (server.closed, server.said, asker.machine.state) == (True, [], State.CLOSED)
    assert first.machine.state is State.OPEN
    assert kinds(first.said) == [(CE, True), (DW, False)]


def test_a_second_connection_takes_over_where_the_first_one_is_dead() -> None:
    around = surroundings(HSS)
    wire, first, old = open_pair(around)
    first.deaf = True
    asker, _ = second(around, wire)
    assert asker.machine.state is State.WAIT_CEA
    wire.wait(1.9)
    assert not old.closed
    wire.wait(0.2)
    assert (old.closed, old.reset) == (True, True)
    assert asker.machine.state is State.OPEN
    assert len(around.table) == 1


def test_a_second_connection_takes_over_where_the_first_one_goes_meanwhile() -> None:
    around = surroundings(HSS)
    wire, first, old = open_pair(around)
    first.deaf = True
    asker, _ = second(around, wire)
    old.closed = True
    old.carry_out(old.machine.disconnected(now=wire.now))
    wire.settle()
    assert asker.machine.state is State.OPEN


def test_a_third_connection_is_refused_while_a_second_one_waits() -> None:
    around = surroundings(HSS)
    wire, first, _ = open_pair(around)
    first.deaf = True
    second(around, wire)
    third, _ = second(around, wire)
    assert third.machine.state is State.CLOSED


def test_what_becomes_of_the_first_is_no_matter_to_a_second_that_is_gone() -> None:
    around = surroundings(HSS)
    wire, first, old = open_pair(around)
    first.deaf = True
    asker, server = second(around, wire)
    asker.closed = True
    wire.settle()
    server.machine.take_over(now=wire.now)
    server.machine.stand_back(now=wire.now)
    server.machine.end("again", now=wire.now)
    assert (server.machine.state, old.machine.state) == (State.CLOSED, State.OPEN)


def test_a_request_of_a_second_connection_that_waits_ends_it() -> None:
    around = surroundings(HSS)
    wire, first, _ = open_pair(around)
    first.deaf = True
    asker, server = second(around, wire)
    wire.queue.append((asker, BENCH["lir"]))
    wire.settle()
    assert server.closed


def test_a_second_connection_replaces_the_first_where_it_may() -> None:
    around = surroundings(HSS, second_connection=SecondConnection.REPLACE)
    wire, first, _ = open_pair(around)
    asker, _ = second(around, wire)
    assert (first.machine.state, asker.machine.state, len(around.table)) == (State.CLOSED, State.OPEN, 1)


def test_several_connections_are_kept_where_they_may() -> None:
    around = surroundings(HSS, second_connection=SecondConnection.ALLOW)
    wire, first, _ = open_pair(around)
    asker, _ = second(around, wire)
    assert (first.machine.state, asker.machine.state, len(around.table)) == (State.OPEN, State.OPEN, 2)
    first.carry_out(first.machine.shut_down(now=wire.now))
    wire.settle()
    assert len(around.table) == 1


@pytest.mark.parametrize(("own", "accepted_is_kept"), [("zzz.ims.test", True), ("aaa.ims.test", False)])
def test_where_both_sides_connect_the_connection_of_the_greater_name_is_kept(
    own: str, *, accepted_is_kept: bool
) -> None:
    """RFC 6733 5.6.4: the winner closes the connection that it made."""
    around = surroundings(HSS, origin_host=own)
    made = PeerMachine(around, Link(hop_by_hop=1, expected_host="ICSCF.ims.test"))
    closed: list[bool] = []
    made.outlet = lambda turn: closed.append(turn.close)
    made.connected(now=0.0)
    accepted = serving(around)
    accepted.connected(now=0.0)
    turn = accepted.receive(KAMAILIO["cer_icscf"], now=0.0)
    assert (bool(turn.send), turn.close) == (accepted_is_kept, not accepted_is_kept)
    assert (closed, made.state) == (([True], State.CLOSED) if accepted_is_kept else ([], State.WAIT_CEA))


# Watchdog


def test_an_idle_connection_is_watched() -> None:
    wire, asker, server = open_pair()
    wire.wait(95.0)
    assert server.happened(WatchdogChanged)[-1].state is Watch.OKAY
    assert kinds(asker.said).count((DW, True)) + kinds(server.said).count((DW, True)) >= 3
    assert not server.closed
    assert not asker.closed


def test_a_peer_that_does_not_answer_the_watchdog_is_given_up() -> None:
    wire, asker, server = open_pair()
    asker.deaf = True
    states = []
    for _ in range(3):
        wire.wait(30.0)
        states.append((server.machine.view().watchdog, server.closed))
    assert states[:2] == [(Watch.OKAY, False), (Watch.SUSPECT, False)]
    assert server.closed
    assert server.happened(PeerClosed)[0].may_reconnect
    assert kinds(server.said).count((DW, True)) == 1


def test_requests_of_our_own_fail_as_soon_as_a_peer_is_suspect() -> None:
    wire, asker, server = open_pair()
    server.deaf = True
    wire.wait(29.0)
    ask(asker, timeout_s=1000.0)
    wire.wait(31.0)
    assert asker.machine.view().watchdog is Watch.SUSPECT
    assert [event.token for event in asker.happened(RequestFailed)] == [7]


def test_any_message_makes_a_suspect_peer_trusted_again() -> None:
    wire, asker, server = open_pair()
    asker.deaf = True
    wire.wait(60.0)
    assert server.machine.view().watchdog is Watch.SUSPECT
    server.carry_out(server.machine.receive(BENCH["lir"], now=wire.now))
    assert server.machine.view().watchdog is Watch.OKAY
    assert server.said[-1] == BENCH["lia"]


def test_a_peer_that_we_found_again_has_to_answer_three_watchdogs() -> None:
    """RFC 3539: until then its messages are thrown away."""
    wire, asker, _ = open_pair(reconnected=True)
    assert asker.machine.view().watchdog is Watch.REOPEN
    asker.carry_out(asker.machine.receive(base_message(DW, ORIGIN), now=wire.now))
    assert kinds(asker.said).count((DW, False)) == 0
    wire.wait(70.0)
    assert asker.machine.view().watchdog is Watch.OKAY


def test_on_sctp_a_watchdog_request_follows_the_cea() -> None:
    wire = Wire()
    asker, server = wire.connect(asking(keeps_edges=True), serving(surroundings(HSS), keeps_edges=True))
    assert kinds(server.said) == [(CE, False), (DW, True)]
    assert kinds(asker.said) == [(CE, True), (DW, False)]


def test_a_dwr_with_a_fault_is_refused() -> None:
    _, _, server = open_pair()
    server.carry_out(server.machine.receive(base_message(DW, b""), now=1.0))
    assert read(server.said[-1]).value(RESULT) == 5005
    assert server.happened(RequestRefused)[0].command == "DWR"


def test_a_dwa_that_cannot_be_read_is_a_sign_of_life_all_the_same() -> None:
    wire, asker, server = open_pair()
    asker.deaf = True
    wire.wait(30.0)
    hop_by_hop = Header.decode(server.said[-1]).hop_by_hop
    turn = server.machine.receive(base_message(DW, b"", request=False, hop_by_hop=hop_by_hop), now=wire.now)
    assert turn.events == []
    wire.wait(59.0)
    assert server.machine.view().watchdog is Watch.OKAY


def test_a_peer_that_lost_its_state_is_told_of() -> None:
    wire, asker, server = open_pair()
    for state in (5, 9, 9):
        avps = ORIGIN + encoded(base(BaseAvp.ORIGIN_STATE_ID), state)
        wire.queue.append((asker, base_message(DW, avps)))
    wire.settle()
    assert [(event.before, event.after) for event in server.happened(PeerRestarted)] == [(5, 9)]


# Requests of our own


def test_a_question_is_answered() -> None:
    wire, asker, _ = open_pair()
    ask(asker)
    wire.settle()
    info = client.location_info(asker.happened(Answered)[0])
    assert (info.server_name, info.result, info.origin_host) == (SCSCF, "DIAMETER_SUCCESS", "hss.ims.test")


def test_a_refusal_is_an_answer() -> None:
    wire, asker, _ = open_pair()
    ask(asker, "sip:nobody@ims.test")
    wire.settle()
    info = client.location_info(asker.happened(Answered)[0])
    assert (info.outcome, info.result, info.server_name) == (USER_UNKNOWN, "DIAMETER_ERROR_USER_UNKNOWN", None)


def test_an_error_without_a_session_is_an_answer() -> None:
    wire, asker, _ = open_pair()
    request = client.location_info_request(CLIENT, question(destination_realm="else.test"))
    asker.carry_out(asker.machine.request(request, now=0.0, timeout_s=1.0))
    wire.settle()
    info = client.location_info(asker.happened(Answered)[0])
    assert (info.outcome, info.error_message) == (Outcome(3003), "realm else.test is not served here")


def test_an_answer_of_an_unknown_command_is_read_as_far_as_it_goes() -> None:
    wire, asker, _ = open_pair()
    request = client.location_info_request(CLIENT, question())
    asker.carry_out(asker.machine.request(replace(request, command=999), now=0.0, timeout_s=1.0))
    wire.settle()
    assert asker.happened(Answered)[0].outcome == Outcome(3001)


def test_a_request_without_an_answer_fails_in_time_and_a_late_answer_is_ignored() -> None:
    wire, asker, server = open_pair()
    server.deaf = True
    ask(asker, token=1, timeout_s=2.0)
    ask(asker, token=2, timeout_s=4.0)
    sent = asker.said[-2]
    wire.wait(3.0)
    assert [event.token for event in asker.happened(RequestFailed)] == [1]
    late = bytes([1]) + BENCH["lia"][1:12] + sent[12:20] + BENCH["lia"][20:]
    asker.carry_out(asker.machine.receive(late, now=wire.now))
    assert asker.happened(MessageIgnored)
    wire.wait(2.0)
    assert [event.token for event in asker.happened(RequestFailed)] == [1, 2]
    assert not asker.closed


@pytest.mark.parametrize(("avps", "why"), [(b"\0\0\1", "cannot be read"), (None, "no result")])
def test_an_answer_that_cannot_be_used_is_a_failure(avps: bytes | None, why: str) -> None:
    _, asker, server = open_pair()
    server.deaf = True
    ask(asker)
    sent = asker.said[-1]
    if avps is None:
        avps = BENCH["lia"][20:].replace(encoded(RESULT, 2001), b"")
    length = 20 + len(avps)
    message = (1 << 24 | length).to_bytes(4, "big") + BENCH["lia"][4:12] + sent[12:20] + avps
    turn = asker.machine.receive(message + bytes(-len(message) % 4), now=0.0) if length % 4 == 0 else None
    if turn is None:
        padded = avps + bytes(-len(avps) % 4)
        message = (1 << 24 | 20 + len(padded)).to_bytes(4, "big") + BENCH["lia"][4:12] + sent[12:20] + padded
        turn = asker.machine.receive(message, now=0.0)
    assert [why in event.why for event in turn.events if isinstance(event, RequestFailed)] == [True]


def test_a_request_fails_at_once_when_the_connection_goes_and_can_be_sent_again() -> None:
    wire, asker, server = open_pair()
    server.deaf = True
    ask(asker)
    asker.carry_out(asker.machine.disconnected(now=1.0))
    failed = asker.happened(RequestFailed)[0]
    other, _ = Wire().connect(asking(), serving(surroundings(HSS)))
    other.carry_out(other.machine.repeat(failed.octets, failed.token, now=0.0, timeout_s=1.0))
    other.wire.settle()
    again = other.said[-1]
    assert again[4] & Flag.RETRANSMITTED
    assert again[16:] == failed.octets[16:]
    assert other.happened(Answered)[0].token == 7
    assert wire.now == 0.0


def test_without_an_open_peer_a_request_fails_at_once() -> None:
    asker = End(asking(), Wire())
    ask(asker)
    assert asker.happened(RequestFailed)[0].why == "the peer is not open"


# Farewell


def test_we_say_goodbye_and_close_when_it_is_answered() -> None:
    wire, asker, server = open_pair()
    server.carry_out(server.machine.shut_down(now=wire.now))
    assert kinds(server.said)[-1] == (DP, True)
    assert read(server.said[-1]).value(base(BaseAvp.DISCONNECT_CAUSE)) == DisconnectCause.REBOOTING
    wire.settle()
    assert kinds(asker.said)[-1] == (DP, False)
    assert server.closed
    assert asker.happened(PeerClosed)[0].may_reconnect


@pytest.mark.parametrize(("cause", "again"), [(0, True), (1, False), (2, False)])
def test_a_peer_that_is_left_knows_whether_to_come_back(cause: int, *, again: bool) -> None:
    wire, asker, server = open_pair()
    server.carry_out(server.machine.shut_down(now=wire.now, cause=DisconnectCause(cause)))
    wire.settle()
    assert asker.happened(PeerClosed)[0].may_reconnect is again


def test_without_an_answer_to_our_goodbye_we_close_after_its_time() -> None:
    wire, asker, server = open_pair()
    asker.deaf = True
    server.carry_out(server.machine.shut_down(now=wire.now))
    wire.wait(4.9)
    assert not server.closed
    wire.wait(0.2)
    assert server.closed


def test_a_peer_that_said_goodbye_and_does_not_close_is_closed_after_its_time() -> None:
    machine = serving(surroundings(HSS))
    machine.connected(now=0.0)
    machine.receive(KAMAILIO["cer_icscf"], now=0.0)
    turn = machine.receive(base_message(DP, b""), now=1.0)  # the fault is forgiven
    assert (read(turn.send[0]).value(RESULT), turn.close, machine.deadline) == (2001, False, 6.0)
    assert [type(event) for event in machine.receive(BENCH["lir"], now=2.0).events] == [MessageIgnored]
    assert machine.wake(now=6.0).close


def test_both_may_say_goodbye_at_once() -> None:
    wire, asker, server = open_pair()
    for end in (asker, server):
        end.carry_out(end.machine.shut_down(now=wire.now))
    wire.settle()
    assert (asker.closed, server.closed) == (True, True)


def test_while_we_wait_for_the_farewell_the_watchdog_is_answered() -> None:
    wire, asker, server = open_pair()
    asker.deaf = True
    server.carry_out(server.machine.shut_down(now=wire.now))
    server.carry_out(server.machine.receive(base_message(DW, ORIGIN), now=wire.now))
    assert kinds(server.said)[-1] == (DW, False)


def test_open_requests_are_answered_before_we_say_goodbye() -> None:
    around = surroundings(Everything())
    machine = serving(around)
    machine.connected(now=0.0)
    machine.receive(KAMAILIO["cer_icscf"], now=0.0)
    (work,) = machine.receive(BENCH["lir"], now=0.0).later
    assert machine.view().open_requests == 1
    assert machine.shut_down(now=1.0).send == []
    settled(work)
    turn = machine.resume(BENCH["lia"], now=2.0)
    assert turn.send[0] == BENCH["lia"]
    assert kinds(turn.send)[1] == (DP, True)
    assert machine.resume(BENCH["lia"], now=3.0).send == []


def test_a_goodbye_does_not_wait_for_ever_for_open_requests() -> None:
    around = surroundings(Everything())
    machine = serving(around)
    machine.connected(now=0.0)
    machine.receive(KAMAILIO["cer_icscf"], now=0.0)
    (work,) = machine.receive(BENCH["lir"], now=0.0).later
    settled(work)
    machine.shut_down(now=1.0)
    assert machine.deadline == 6.0
    assert kinds(machine.wake(now=6.0).send) == [(DP, True)]


def test_a_connection_that_is_not_open_is_just_closed() -> None:
    machine = serving(surroundings(HSS))
    machine.connected(now=0.0)
    turn = machine.shut_down(now=0.0)
    assert (turn.close, turn.send) == (True, [])
    assert machine.disconnected(now=0.0).events == []
    assert machine.deadline is None


# Limits and messages that do not fit


def test_too_many_open_requests_are_refused() -> None:
    machine = serving(surroundings(Everything(), requests_open_limit=1))
    machine.connected(now=0.0)
    machine.receive(KAMAILIO["cer_icscf"], now=0.0)
    (work,) = machine.receive(BENCH["lir"], now=0.0).later
    settled(work)
    answer = machine.receive(BENCH["lir"], now=0.0).send[0]
    assert (read(answer).value(RESULT), answer[4] & Flag.ERROR) == (3004, Flag.ERROR)


def test_on_sctp_a_message_of_another_length_than_its_header_says_is_refused() -> None:
    _, _, server = open_pair()
    turn = server.machine.receive(BENCH["lir"] + bytes(4), now=0.0)
    assert (read(turn.send[0]).value(RESULT), turn.close) == (5015, False)
    turn = server.machine.receive(BENCH["lia"] + bytes(4), now=0.0)
    assert [type(event) for event in turn.events] == [MessageIgnored]


def test_on_sctp_a_length_that_is_not_a_multiple_of_four_is_refused() -> None:
    _, _, server = open_pair()
    lir = BENCH["lir"] + b"\0"
    turn = server.machine.receive(lir[:1] + len(lir).to_bytes(3, "big") + lir[4:], now=0.0)
    assert (read(turn.send[0]).value(RESULT), turn.close) == (5015, False)


def test_before_a_cer_it_ends_the_connection() -> None:
    machine = serving(surroundings(HSS))
    machine.connected(now=0.0)
    assert machine.receive(KAMAILIO["cer_icscf"] + bytes(4), now=0.0).close


def test_a_message_without_a_header_resets_the_connection() -> None:
    _, _, server = open_pair()
    turn = server.machine.receive(bytes(19), now=0.0)
    assert (turn.close, turn.reset) == (True, True)
    bad = BadLength(origin_host="icscf.ims.test", octets=19, rule="a header alone has 20 octets", first=bytes(19))
    assert turn.events == [
        bad,
        PeerClosed(origin_host="icscf.ims.test", why="a bad message length", may_reconnect=True),
    ]
    assert server.machine.disconnected(now=0.0).events == []


def test_a_stream_that_is_lost_before_a_cer_says_so_once() -> None:
    framing = Framing(serving(surroundings(HSS)), limit=100)
    framing.connected(now=0.0)
    turn = framing.receive(b"GET / HTTP/1.1\r\n\r\n", now=0.0)
    assert (turn.close, turn.reset) == (True, True)
    assert [type(event) for event in turn.events] == [BadLength, ConnectionDropped]
    assert framing.disconnected(now=0.0).events == []


def test_a_base_command_that_does_not_exist_is_refused() -> None:
    _, _, server = open_pair()
    turn = server.machine.receive(base_message(302, ORIGIN), now=0.0)
    assert read(turn.send[0]).value(RESULT) == 3001


@pytest.mark.parametrize("application", [0, 16777216])
def test_strict_reserved_bits_are_refused(application: int) -> None:
    _, _, server = open_pair(surroundings(HSS, strict=True))
    message = base_message(DW, ORIGIN, flags=1) if not application else BENCH["lir"][:4] + b"\xc1" + BENCH["lir"][5:]
    assert read(server.machine.receive(message, now=0.0).send[0]).value(RESULT) == 5013


def test_a_base_request_with_the_e_bit_is_refused() -> None:
    _, _, server = open_pair()
    turn = server.machine.receive(base_message(DW, ORIGIN, flags=Flag.ERROR), now=0.0)
    assert read(turn.send[0]).value(RESULT) == 3008


def test_a_challenged_peer_is_asked_only_once() -> None:
    around = surroundings(HSS)
    wire, first, old = open_pair(around)
    first.deaf = True
    wire.wait(30.0)
    second(around, wire)
    assert kinds(old.said).count((DW, True)) == 1


def test_an_answer_of_another_version_is_ignored() -> None:
    _, _, server = open_pair()
    turn = server.machine.receive(b"\2" + BENCH["lia"][1:], now=0.0)
    assert [type(event) for event in turn.events] == [MessageIgnored]


def test_nothing_from_outside_is_lost_in_silence() -> None:
    machine = serving(surroundings(HSS))
    machine.connected(now=0.0)
    with pytest.raises(Exception, match="nothing carries out"):
        machine.end("x", now=0.0)


def test_the_server_names_itself_as_it_is() -> None:
    _, asker, _ = open_pair(surroundings(HSS, product_name="Other"))
    assert asker.machine.view().product_name == "Other"
    assert local().product_name == "Homeward"


def test_a_peer_with_our_own_name_is_refused() -> None:
    wire = Wire()
    twin = replace(CLIENT, origin_host="HSS.ims.test")
    asker, _ = wire.connect(asking(twin), serving(surroundings(HSS, accept_unknown_peers=True)))
    assert asker.happened(PeerRefused)[0].code == 3010
