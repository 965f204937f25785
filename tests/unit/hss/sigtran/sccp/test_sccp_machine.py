"""SCCP: routing, return, segmentation, management."""

from typing import Any

import pytest

from hss.machine import Event
from hss.sigtran.layer import Duty
from hss.sigtran.m3ua.messages import Transfer
from hss.sigtran.sccp.address import Address, read_address
from hss.sigtran.sccp.machine import Discarded, Notice, Returned, Sccp, SccpConfig, SubsystemNews, Translation
from hss.sigtran.sccp.management import StatusMessage
from hss.sigtran.sccp.messages import Message, Segmentation, Unitdata
from schemas.addresses import GlobalTitle
from schemas.numbers.sccp import Management, ReturnCause, Type
from schemas.octets import DecodeError

HLR = Address(subsystem=6, title=GlobalTitle(digits="491710000000")).encode()
GMSC = Address(subsystem=8, title=GlobalTitle(digits="491720000001")).encode()


class Echo:
    """A user that answers with what it was told to."""

    def __init__(self, answer: bytes | None = b"answer") -> None:
        self.heard: list[Unitdata] = []
        self.notices: list[Notice] = []
        self.answer = answer
        self.deadline: float | None = None
        self.at_once: bytes | None = None

    def answer_at_once(self, data: bytes, *, now: float) -> tuple[bytes, Event] | None:
        del now
        return None if self.at_once is None else (self.at_once + data, Event())

    def receive(self, primitive: Unitdata, *, now: float) -> Duty[Unitdata, Any]:
        del now
        self.heard.append(primitive)
        return Duty() if self.answer is None else Duty([primitive.back(self.answer)])

    def notice(self, notice: Notice, *, now: float) -> Duty[Unitdata, Any]:
        del now
        self.notices.append(notice)
        return Duty()

    def resume(self, late: Unitdata, *, now: float) -> Duty[Unitdata, Any]:
        del now
        return Duty([late])

    def wake(self, *, now: float) -> Duty[Unitdata, Any]:
        del now
        return Duty()


def arriving(octets: bytes, *, opc: int = 1) -> Transfer:
    return Transfer(opc=opc, dpc=2, data=octets, sls=5, routing_context=100)


def udt(called: bytes = HLR, data: bytes = b"question", code: int = 0, kind: Type = Type.UDT) -> bytes:
    return Message(type=kind, code=code, called=called, calling=GMSC, data=data).encode()


def machine(answer: bytes | None = b"answer", translator: Any = None, **options: Any) -> tuple[Sccp[Any], Echo]:
    user = Echo(answer)
    return Sccp(SccpConfig(**options), user, translator), user


@pytest.mark.parametrize("kind", [Type.UDT, Type.XUDT, Type.LUDT])
@pytest.mark.parametrize("code", [0, 1, 0x80, 0x81])
def test_each_kind_of_unitdata_is_delivered_and_answered(kind: Type, code: int) -> None:
    sccp, user = machine()
    (answer,) = sccp.receive(arriving(udt(kind=kind, code=code)), now=0.0).send
    assert user.heard[0].data == b"question"
    assert (answer.opc, answer.dpc, answer.sls, answer.routing_context) == (2, 1, 5, 100)
    message = Message.decode(answer.data)
    assert (message.type, message.called, message.calling, message.code) == (Type.UDT, GMSC, HLR, code & 1)


@pytest.mark.parametrize("order", ["CcD", "cCD", "DCc", "cDC"])
def test_the_parts_may_stand_in_any_order(order: str) -> None:
    parts = {"C": HLR, "c": GMSC, "D": b"question"}
    at = {}
    octets = b""
    for name in order:
        at[name] = len(octets)
        octets += bytes((len(parts[name]),)) + parts[name]
    head = bytes((Type.UDT, 0, 3 + at["C"], 2 + at["c"], 1 + at["D"]))
    sccp, user = machine()
    for _ in range(2):
        (answer,) = sccp.receive(arriving(head + octets), now=0.0).send
        assert Message.decode(answer.data).called == GMSC
    assert [each.data for each in user.heard] == [b"question", b"question"]


def test_a_ludt_may_hold_more_than_a_udt() -> None:
    sccp, user = machine()
    sccp.receive(arriving(udt(kind=Type.LUDT, data=bytes(3000))), now=0.0)
    assert len(user.heard[0].data) == 3000


def title(digits: str, **options: Any) -> bytes:
    return Address(subsystem=6, title=GlobalTitle(digits=digits, **options)).encode()


@pytest.mark.parametrize(
    "called",
    [
        title("491710000000"),
        title("262011234567890", plan=6),
        title("491711234567890", plan=7),
        title("4917", indicator=1),
        title("4917", indicator=2),
        title("4917", indicator=3),
        Address(title=GlobalTitle(digits="4917")).encode(),
        Address(subsystem=6, on_subsystem=True).encode(),
        Address(subsystem=6, point_code=2, title=GlobalTitle(digits="99"), on_subsystem=True).encode(),
        bytes([title("4917")[0] | 0x80]) + title("4917")[1:],
    ],
)
def test_every_way_of_addressing_the_hlr_leads_to_it(called: bytes) -> None:
    sccp, user = machine()
    assert len(sccp.receive(arriving(udt(called)), now=0.0).send) == 1
    assert len(user.heard) == 1


@pytest.mark.parametrize(
    ("called", "options", "cause"),
    [
        (Address(subsystem=9, on_subsystem=True).encode(), {}, ReturnCause.UNEQUIPPED_USER),
        (b"\x40", {}, ReturnCause.UNEQUIPPED_USER),
        (title("4932"), {"titles": ("4917", "26201")}, ReturnCause.NO_TRANSLATION_FOR_ADDRESS),
        (title("4917", plan=3), {}, ReturnCause.NO_TRANSLATION_FOR_NATURE),
    ],
)
@pytest.mark.parametrize(("kind", "service"), [(Type.UDT, Type.UDTS), (Type.XUDT, Type.XUDTS), (Type.LUDT, Type.LUDTS)])
def test_what_cannot_be_delivered_comes_back_if_it_should(
    called: bytes, options: dict[str, Any], cause: ReturnCause, kind: Type, service: Type
) -> None:
    sccp, _ = machine(**options)
    assert sccp.receive(arriving(udt(called, kind=kind)), now=0.0).events == [Returned(cause=cause, told=False)]
    duty = sccp.receive(arriving(udt(called, kind=kind, code=0x80)), now=0.0)
    assert duty.events == [Returned(cause=cause, told=True)]
    message = Message.decode(duty.send[0].data)
    assert (message.type, message.code, message.called, message.calling) == (service, cause, GMSC, called)
    assert message.data == b"question"


@pytest.mark.parametrize("kind", [Type.UDTS, Type.XUDTS, Type.LUDTS])
def test_what_comes_back_is_told_to_the_user_and_never_returned_again(kind: Type) -> None:
    sccp, user = machine()
    octets = Message(type=kind, code=4, called=HLR, calling=GMSC, data=b"mine").encode()
    assert sccp.receive(arriving(octets), now=0.0).send == []
    assert user.notices == [Notice(cause=4, called=HLR, calling=GMSC, data=b"mine")]


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x09\x00\x03",
        b"\x99" + udt()[1:],
        udt()[:-1],
        b"\x09\x00\x00" + udt()[3:],
        b"\x11\x00\x0f\x04\x00",
        b"\x13\x00\x0f\x04\x00",
        b"\x13\x00\x0f" + bytes(8),
        b"\x13\x00\x0f\x07\x00\x06\x00\x05\x00\x00\x00\x09",
        udt(b""),
        udt(bytes(41)),
        udt(b"\x1a\x06\x01"),
        udt(b"\x2a\x06\x01"),
        udt(title("1" * 30) + bytes(6)),
    ],
)
def test_what_cannot_be_read_is_counted_and_dropped(octets: bytes) -> None:
    sccp, _ = machine()
    duty = sccp.receive(arriving(octets), now=0.0)
    assert duty.send == []
    assert isinstance(duty.events[0], Discarded)


# Segments.


def segment(remaining: int, *, first: bool = False, reference: int = 7, data: bytes = b"part") -> bytes:
    part = Segmentation(first=first, sequenced=False, remaining=remaining, reference=reference)
    return Message(type=Type.XUDT, code=0x81, called=HLR, calling=GMSC, data=data, segmentation=part).encode()


def test_segments_become_a_message_again() -> None:
    sccp, user = machine()
    for octets in (segment(2, first=True, data=b"a"), segment(1, data=b"b")):
        assert sccp.receive(arriving(octets), now=0.0).send == []
    assert sccp.deadline == 10.0
    sccp.receive(arriving(segment(0, data=b"c")), now=1.0)
    assert [(each.data, each.sequenced) for each in user.heard] == [(b"abc", False)]
    assert sccp.deadline is None


def test_a_lone_segment_is_a_message() -> None:
    sccp, user = machine()
    sccp.receive(arriving(segment(0, first=True)), now=0.0)
    assert user.heard[0].data == b"part"


def test_segments_of_several_messages_do_not_mix() -> None:
    sccp, user = machine()
    sccp.receive(arriving(segment(1, first=True, data=b"a")), now=0.0)
    sccp.receive(arriving(segment(1, first=True, data=b"x"), opc=3), now=0.0)
    sccp.receive(arriving(segment(1, first=True, reference=8, data=b"m")), now=0.0)
    sccp.receive(arriving(segment(0, data=b"b")), now=0.0)
    sccp.receive(arriving(segment(0, data=b"y"), opc=3), now=0.0)
    assert [each.data for each in user.heard] == [b"ab", b"xy"]


@pytest.mark.parametrize(
    ("arrived", "cause"),
    [
        ([segment(0)], ReturnCause.ERROR_IN_TRANSPORT),
        ([segment(2, first=True), segment(0)], ReturnCause.ERROR_IN_TRANSPORT),
        ([segment(2, first=True), segment(2, first=True)], ReturnCause.ERROR_IN_TRANSPORT),
        ([segment(1, first=True), segment(1, first=True, reference=8)], ReturnCause.NO_REASSEMBLY),
    ],
)
def test_a_segment_that_does_not_fit_comes_back(arrived: list[bytes], cause: ReturnCause) -> None:
    sccp, user = machine(most_reassemblies=1)
    duties = [sccp.receive(arriving(octets), now=0.0) for octets in arrived]
    assert duties[-1].events == [Returned(cause=cause, told=True)]
    assert Message.decode(duties[-1].send[0].data).segmentation is not None
    assert user.heard == []


def test_an_unfinished_message_is_given_up() -> None:
    sccp, _ = machine()
    sccp.receive(arriving(segment(1, first=True)), now=0.0)
    duty = sccp.wake(now=10.0)
    assert [type(event) for event in duty.events] == [Discarded]
    assert sccp.deadline is None


@pytest.mark.parametrize(("length", "count"), [(255, 1), (256, 2), (3200, 16)])
def test_a_long_answer_is_cut(length: int, count: int) -> None:
    answer = bytes(n % 251 for n in range(length))
    sccp, _ = machine(answer)
    sent = sccp.receive(arriving(udt()), now=0.0).send
    assert len(sent) == count
    other, user = machine(None, subsystems=frozenset({8}))
    for transfer in sent:
        other.receive(transfer, now=0.0)
    assert [each.data for each in user.heard] == [answer]


def test_an_answer_of_more_than_16_segments_is_dropped() -> None:
    sccp, _ = machine(bytes(3201))
    duty = sccp.receive(arriving(udt()), now=0.0)
    assert duty.send == []
    assert isinstance(duty.events[0], Discarded)


def test_a_service_message_with_much_data_puts_its_options_first() -> None:
    part = Segmentation(first=True, sequenced=True, remaining=1, reference=1)
    message = Message(type=Type.XUDTS, code=8, called=HLR, calling=GMSC, data=bytes(255), segmentation=part)
    assert Message.decode(message.encode()) == message


def test_other_options_are_skipped_and_broken_ones_are_not() -> None:
    plain = Message(type=Type.XUDT, code=0, called=HLR, calling=GMSC, data=b"d").encode()
    pointer = 6 + plain[6]
    assert plain[6] == 0
    octets = bytearray(plain)
    octets[6] = len(plain) - 6
    assert pointer == 6
    assert Message.decode(bytes(octets) + b"\x12\x01\x05\x00").segmentation is None
    for options in (b"\x12", b"\x12\x09\x05", b"\x10\x01\x00\x00"):
        with pytest.raises(DecodeError):
            Message.decode(bytes(octets) + options)


# Relay and management.


class Titles:
    """A translation of two titles."""

    def translate(self, asked: GlobalTitle) -> Translation | None:
        return {"4932": Translation(point_code=9), "4999": Translation(point_code=2)}.get(asked.digits)


def relaying() -> Sccp[Any]:
    return machine(None, Titles(), titles=("4917",), point_code=2)[0]


def test_a_title_of_another_node_is_relayed() -> None:
    (onward,) = relaying().receive(arriving(udt(title("4932"))), now=0.0).send
    assert (onward.opc, onward.dpc, onward.via, onward.data) == (2, 9, None, udt(title("4932")))


def test_a_title_that_leads_back_here_is_no_translation() -> None:
    duty = relaying().receive(arriving(udt(title("4999"), code=0x80)), now=0.0)
    assert duty.events == [Returned(cause=ReturnCause.NO_TRANSLATION_FOR_ADDRESS, told=True)]


@pytest.mark.parametrize(("hops", "left"), [(15, 14), (2, 1), (1, None)])
def test_each_relay_costs_a_hop(hops: int, left: int | None) -> None:
    octets = Message(type=Type.XUDT, code=0, called=title("4932"), calling=GMSC, data=b"d", hops=hops).encode()
    duty = relaying().receive(arriving(octets), now=0.0)
    if left is None:
        assert duty.events == [Returned(cause=ReturnCause.HOP_COUNTER_VIOLATION, told=False)]
    else:
        assert Message.decode(duty.send[0].data).hops == left


MANAGEMENT = Address(subsystem=1, point_code=2, on_subsystem=True).encode()


def news(kind: int, subsystem: int = 6) -> bytes:
    return udt(MANAGEMENT, StatusMessage(format=kind, subsystem=subsystem, point_code=2).encode())


def test_a_test_of_our_subsystem_is_answered() -> None:
    sccp, _ = machine(point_code=2)
    (answer,) = sccp.receive(arriving(news(Management.SST)), now=0.0).send
    message = Message.decode(answer.data)
    assert StatusMessage.decode(message.data) == StatusMessage(format=Management.SSA, subsystem=6, point_code=2)
    assert read_address(message.called) == Address(subsystem=1, point_code=1, on_subsystem=True)
    assert answer.dpc == 1


def test_a_test_of_another_subsystem_is_not() -> None:
    assert machine()[0].receive(arriving(news(Management.SST, 9)), now=0.0).send == []


@pytest.mark.parametrize("kind", [Management.SSA, Management.SSP, 77])
def test_other_news_are_reported(kind: int) -> None:
    duty = machine()[0].receive(arriving(news(kind)), now=0.0)
    assert duty.events == [SubsystemNews(news=kind, subsystem=6, point_code=2)]


def test_management_that_is_cut_short_is_dropped() -> None:
    duty = machine()[0].receive(arriving(udt(MANAGEMENT, b"\3\6")), now=0.0)
    assert isinstance(duty.events[0], Discarded)


# What the user begins.


def test_what_the_user_begins_goes_by_point_code_translation_or_gateway() -> None:
    sccp, _ = machine(None, Titles(), gateway=77, point_code=2)
    by_code = Address(subsystem=7, point_code=5, on_subsystem=True).encode()
    for called, to in ((by_code, 5), (title("4932"), 9), (title("4917"), 77)):
        unit = Unitdata(called=called, calling=HLR, data=b"d", return_on_error=True)
        (transfer,) = sccp.send(Duty([unit])).send
        assert (transfer.opc, transfer.dpc, Message.decode(transfer.data).code) == (2, to, 0x80)


def test_without_a_translation_it_is_dropped() -> None:
    duty = machine(None)[0].send(Duty([Unitdata(called=title("4917"), calling=HLR, data=b"d")]))
    assert (duty.send, [type(event) for event in duty.events]) == ([], [Discarded])


def test_late_answers_take_the_same_way() -> None:
    sccp, user = machine(None)
    sccp.receive(arriving(udt()), now=0.0)
    (transfer,) = sccp.resume(user.heard[0].back(b"late"), now=1.0).send
    assert transfer.dpc == 1


# What is answered at once.


@pytest.mark.parametrize("code", [0, 1, 0x80, 0x81])
@pytest.mark.parametrize("own", [None, Address(subsystem=6, title=GlobalTitle(digits="4917"))])
def test_what_is_answered_at_once_looks_like_any_answer(code: int, own: Address | None) -> None:
    sccp, user = machine(b"at once question", own=own)
    first = sccp.receive(arriving(udt(code=code)), now=0.0)
    user.at_once = b"at once "
    second = sccp.receive(arriving(udt(code=code)), now=0.0)
    assert (len(user.heard), second.send) == (1, first.send)
    assert len(second.events) == 1


@pytest.mark.parametrize("cut", [slice(0, -1), slice(0, -9), slice(0, 4), slice(0, 31)])
def test_a_message_that_is_cut_is_not_answered_at_once(cut: slice) -> None:
    sccp, user = machine()
    sccp.receive(arriving(udt()), now=0.0)
    user.at_once = b"at once "
    duty = sccp.receive(arriving(udt()[cut]), now=0.0)
    assert duty.send == []
    assert isinstance(duty.events[0], Discarded)


def inside(calling: bytes) -> bytes:
    """Write a UDT whose addresses stand where its user data should end."""
    called = bytes((len(HLR),)) + HLR
    parts = called + bytes((len(calling),)) + calling
    return bytes((Type.UDT, 0, 4, 3 + len(called), 1, len(parts))) + parts


def test_addresses_that_stand_inside_the_user_data_are_not_remembered() -> None:
    sccp, user = machine()
    other = Address(subsystem=8, title=GlobalTitle(digits="491720000002")).encode()
    sccp.receive(arriving(inside(GMSC)), now=0.0)
    user.at_once = b""
    (answer,) = sccp.receive(arriving(inside(other)), now=0.0).send
    assert Message.decode(answer.data).called == other


def test_the_ways_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hss.sigtran.sccp.machine.MOST_WAYS", 2)
    sccp, _ = machine()
    for number in range(5):
        sccp.receive(arriving(udt(title(f"4917{number}"))), now=0.0)
        assert len(sccp._ways) <= 2  # noqa: SLF001
