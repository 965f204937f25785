"""The quick way and the general way give the same answers, whatever is asked and whatever changes meanwhile."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hss.procedures.map_routing_info import CalledParty, CallForwarding, IcscfChoice, OperatorFacts
from hss.services.map import EmulatedVlr, MapService, NumberPools
from hss.services.read_model import ReadModel
from hss.sigtran import ber
from hss.sigtran.m3ua import messages
from hss.sigtran.m3ua.messages import Transfer
from hss.sigtran.map.call_handling import CamelInfo, SendRoutingInfoArg, write_routing_info_arg
from hss.sigtran.map.dispatch import operations
from hss.sigtran.map.machine import MapConfig, OperationServed
from hss.sigtran.map.numbers import Address
from hss.sigtran.sccp.address import Address as SccpAddress
from hss.sigtran.sccp.machine import SccpConfig
from hss.sigtran.sccp.messages import Message as SccpMessage
from hss.sigtran.stack import Node, NodeConfig
from hss.sigtran.tcap.components import Invoke
from hss.sigtran.tcap.dialogue import Pdu, Portion
from hss.sigtran.tcap.messages import Message as TcapMessage
from hss.sigtran.tcap.messages import read_usual_begin, write_end
from routing.selection import Member, Policy
from schemas.addresses import GlobalTitle
from schemas.identities import Msisdn
from schemas.numbers.m3ua import Kind, Tag
from schemas.numbers.map import Context
from schemas.numbers.sccp import Type
from schemas.numbers.tcap import Tag as TcapTag
from schemas.octets import DecodeError
from schemas.states import ForwardingCondition, IcscfAnswer, IncomingBarring
from tests.pair.sigtran_samples import IN_IMS, IN_VLR, MOBILE, OFF, Database

NUMBERS = ("491715407090", "49171540709")
POOL = tuple(Member(host=f"icscf{n}.ims.mnc001.mcc262.3gppnetwork.org", port=5060 + n) for n in range(3))
LONG = [IcscfChoice.static("x" * length) for length in (*range(136, 143), 200)]
FORWARDED = tuple(CallForwarding(condition=each, number="4930123456") for each in ForwardingCondition)
PARTIES: list[CalledParty | None] = [
    None,
    MOBILE,
    IN_VLR,
    replace(IN_VLR, imsi=None),
    replace(IN_VLR, operator=OperatorFacts(msrn_prefix="491712345")),
    IN_IMS,
    replace(IN_IMS, imsi=None),
    replace(IN_IMS, operator=OperatorFacts(icscf_answer=IcscfAnswer.NAME)),
    replace(IN_IMS, operator=OperatorFacts(icscf_answer=IcscfAnswer.IMRN, imrn_prefix="4917999999")),
    replace(IN_IMS, operator=OperatorFacts(extension_oid="not an object identifier")),
    replace(IN_IMS, operator=OperatorFacts(imrn_prefix="much too long to be a prefix")),
    replace(IN_IMS, operator=OperatorFacts(answers_routing_info=False)),
    *(replace(IN_IMS, icscf=IcscfChoice(members=POOL, policy=policy)) for policy in Policy),
    *(replace(IN_IMS, icscf=icscf) for icscf in LONG),
    replace(IN_IMS, icscf=None),
    OFF,
    replace(OFF, imsi=None),
    replace(OFF, voicebox="4" * 17),
    replace(IN_VLR, forwardings=FORWARDED),
    replace(IN_VLR, barring=IncomingBarring.SERVICE),
    replace(IN_VLR, barring=IncomingBarring.OPERATOR),
]


@dataclass
class Site:
    """A node with one active ASP, and what it knows."""

    known: ReadModel[str, CalledParty]
    service: MapService
    node: Node
    sgp: Any

    def hear(self, octets: bytes, now: float) -> tuple[list[bytes], list[str]]:
        turn = self.sgp.receive(octets, now=now)
        for work in turn.later:
            try:
                work.send(None)  # the database of this test answers at once
            except StopIteration as done:
                turn.add(self.sgp.resume(done.value, now=now))
        return turn.send, [repr(event) for event in turn.events]


def site(config: NodeConfig, *, prompt: bool = True) -> Site:
    known: ReadModel[str, CalledParty] = ReadModel(100)
    service = MapService(Database(), known, EmulatedVlr(NumberPools("4917101")), NumberPools("4917990"))
    node = Node(config, operations(service))
    if not prompt:
        node.tcap.answer_at_once = lambda data, *, now: None  # type: ignore[method-assign]  # noqa: ARG005
    sgp = node.accepted()
    sgp.connected(now=0.0)
    sgp.receive(messages.write(Kind.ASPUP), now=0.0)
    sgp.receive(messages.write(Kind.ASPAC, [(Tag.ROUTING_CONTEXT, messages.word(100))]), now=0.0)
    return Site(known, service, node, sgp)


# What a Gateway-MSC may send.

flags = st.booleans()
addresses = st.sampled_from(
    [Address(number) for number in NUMBERS] * 4 + [Address("0171", nature=2), Address("49*1"), Address("4" * 16)]
)
camel_infos = st.builds(
    CamelInfo,
    phases=st.none() | st.just(b"\x04\xf0"),
    suppress_t_csi=flags,
    offered_csis=st.none() | st.just(b"\x00"),
)
arguments = st.builds(
    SendRoutingInfoArg,
    msisdn=addresses,
    interrogation_type=st.sampled_from([0, 0, 0, 1, 2]),
    or_interrogation=st.sampled_from([False, False, False, True]),
    gmsc_address=st.just(Address("491720000001")),
    call_reference=st.none() | st.binary(min_size=1, max_size=8),
    forwarding_reason=st.none() | st.integers(0, 3),
    network_signal_info=st.none() | st.binary(max_size=60),
    camel_info=st.none() | camel_infos,
    suppression_of_announcement=flags,
    long_ftn_supported=flags,
    suppress_incoming_call_barring=flags,
    call_priority=st.none() | st.integers(0, 9),
)


def as_is(octets: bytes) -> bytes:
    return octets


def indefinite(octets: bytes) -> bytes:
    """Write the outermost element with indefinite length, if it is constructed."""
    tag, content = ber.only(octets)
    return bytes((tag, 0x80)) + content + b"\0\0" if tag & 0x20 else octets


def stretched(octets: bytes) -> bytes:
    """Write the length of the outermost element in more octets than it needs."""
    tag, content = ber.only(octets)
    return bytes((tag, 0x82)) + len(content).to_bytes(2, "big") + content


def other_protocol(octets: bytes) -> bytes:
    """Offer another version of the dialogue protocol only."""
    return octets.replace(bytes.fromhex("80020780"), bytes.fromhex("80020740"))


SHAPES = (as_is, indefinite, stretched)
PLACES = [
    *("member", "order", "repeated", "missing", "parameter", "linked", "operation", "context", "version", "dialogue"),
    *("portion", "invoke", "two", "message", "type", "begin", "behind", "unit", "called", "calling", "octet"),
]


@dataclass
class Drawn:
    """Draws what a frame is made of: in just one place, or none, something unusual."""

    draw: st.DrawFn
    unusual: str | None

    def one(self, place: str, usual: Any, *others: Any) -> Any:
        return self.draw(st.sampled_from(others)) if place == self.unusual else usual

    def number(self, first: int, last: int) -> int:
        return self.draw(st.integers(first, last))


def parameter(drawn: Drawn, version: int) -> bytes:
    """Write an argument; perhaps in another order, with unknown or repeated members, or without one."""
    _, content = ber.only(write_routing_info_arg(drawn.draw(arguments), version))
    members: list[bytes] = []
    at = 0
    for part in ber.elements(content):
        members.append(drawn.one("member", as_is, *SHAPES)(content[at : part.after]))
        at = part.after
    members += drawn.one("repeated", [], [b"\x9e\x00"], [b"\xbf\x22\x00"], members, [b"\x83\x01\x01"])
    if drawn.unusual == "order":
        members = drawn.draw(st.permutations(members))
    if drawn.unusual == "missing":
        del members[drawn.number(0, len(members) - 1)]
    return bytes(drawn.one("parameter", as_is, *SHAPES)(ber.write(0x30, b"".join(members))))


def begin(drawn: Drawn) -> bytes:
    version = drawn.number(1, 3)
    invoke = Invoke(
        invoke_id=drawn.number(-128, 127),
        operation=drawn.one("operation", 22, 45, 99, -3),
        parameter=parameter(drawn, version),
        linked_id=drawn.one("linked", None, 1),
    )
    portion = Portion(
        pdu=drawn.one("dialogue", Pdu.AARQ, Pdu.AARE, Pdu.ABRT),
        context=bytes((4, 0, 0, 1, 0, drawn.one("context", 5, 20, 77), drawn.one("version", version, 1, 2, 4))),
        accepted=True,
        user_information=drawn.draw(st.sampled_from([b"", b"\x05\x00"])),
    )
    components = drawn.one("invoke", as_is, *SHAPES)(invoke.encode()) * drawn.one("two", 1, 2)
    octets = TcapMessage(
        type=drawn.one("type", int(TcapTag.BEGIN), int(TcapTag.CONTINUE), int(TcapTag.UNIDIRECTIONAL)),
        originating=drawn.draw(st.binary(min_size=1, max_size=drawn.one("begin", 4, 5))),
        portion=drawn.one("portion", as_is, other_protocol, *SHAPES)(portion.encode()) if version > 1 else b"",
        components=components,
    ).encode()
    return bytes(drawn.one("message", as_is, *SHAPES)(octets)) + bytes(drawn.one("behind", b"", b"\0"))


def title(digits: str, subsystem: int) -> bytes:
    return SccpAddress(subsystem=subsystem, title=GlobalTitle(digits=digits)).encode()


@st.composite
def begins(draw: st.DrawFn) -> bytes:
    return begin(Drawn(draw, draw(st.sampled_from([None, *PLACES]))))


@st.composite
def frames(draw: st.DrawFn) -> bytes:
    """Wrap a Begin; perhaps change an octet of the whole."""
    drawn = Drawn(draw, draw(st.sampled_from([None, *PLACES])))
    message = SccpMessage(
        type=drawn.one("unit", Type.UDT, Type.XUDT, Type.LUDT),
        code=draw(st.sampled_from([0, 0, 0, 0x80, 1, 0x81])),
        called=drawn.one("called", title("491710000000", 6), title("4932", 6), bytes.fromhex("4206"), b"\x42\x09"),
        calling=drawn.one("calling", title("491720000001", 8), title("49172000001", 8), b"\x43\1\0\x08", b""),
        data=begin(drawn)[:255],
    )
    octets = messages.write_transfer(
        Transfer(opc=1, dpc=2, data=message.encode(), sls=drawn.number(0, 15), routing_context=100)
    )
    if drawn.unusual == "octet":
        at = drawn.number(0, len(octets) - 1)
        octets = octets[:at] + bytes((drawn.number(0, 255),)) + octets[at + 1 :]
    return octets


changes = st.tuples(st.sampled_from(NUMBERS), st.sampled_from(PARTIES))
steps = st.lists(frames() | frames() | frames() | changes | st.sampled_from(NUMBERS), max_size=10)
configs = st.sampled_from(
    [
        NodeConfig(),
        NodeConfig(map=MapConfig(private_tag=True)),
        NodeConfig(map=MapConfig(highest={Context.LOCATION_INFO_RETRIEVAL: 2}, most_prompt=1)),
        NodeConfig(sccp=SccpConfig(own=SccpAddress(subsystem=6, title=GlobalTitle(digits="4917")), titles=("4917",))),
    ]
)


@settings(max_examples=300, deadline=None)
@given(configs, changes, steps)
def test_both_ways_give_the_same_answers(
    config: NodeConfig,
    change: tuple[str, CalledParty | None],
    steps: list[bytes | str | tuple[str, CalledParty | None]],
) -> None:
    quick, general = site(config), site(config, prompt=False)
    heard = [step for step in steps if isinstance(step, bytes)]
    for now, step in enumerate([change, *steps, *heard]):  # the second time by what was remembered the first time
        if isinstance(step, bytes):
            assert quick.hear(step, float(now)) == general.hear(step, float(now))
            continue
        for each in (quick, general):
            if isinstance(step, str):
                each.known.forget(step)
            else:
                each.known.write(step[0], step[1] and replace(step[1], msisdn=Msisdn(step[0])))
        for octets in (usual(1), usual(2), usual(3)) * 2:
            assert quick.hear(octets, float(now)) == general.hear(octets, float(now))
    assert quick.service.standing_imrns(now=0.0) == general.service.standing_imrns(now=0.0)


def usual(version: int, transaction: bytes = b"\xfe\xdc", portion: bytes | None = None) -> bytes:
    argument = SendRoutingInfoArg(
        msisdn=Address(NUMBERS[0]), interrogation_type=0, gmsc_address=Address("491720000001"), call_reference=b"\1\2"
    )
    invoke = Invoke(invoke_id=-59, operation=22, parameter=write_routing_info_arg(argument, version))
    if portion is None:
        portion = AARQ[version].encode() if version > 1 else b""
    begin = TcapMessage(type=TcapTag.BEGIN, originating=transaction, portion=portion, components=invoke.encode())
    udt = SccpMessage(
        type=Type.UDT, code=0, called=title("491710000000", 6), calling=title("491720000001", 8), data=begin.encode()
    )
    return messages.write_transfer(Transfer(opc=1, dpc=2, data=udt.encode(), routing_context=100))


AARQ = {
    version: Portion(pdu=Pdu.AARQ, context=bytes((4, 0, 0, 1, 0, 5, version)), accepted=True) for version in (1, 2, 3)
}


@pytest.mark.parametrize("octets", range(130, 145))
@pytest.mark.parametrize("transaction", [b"\1", b"\1\2\3\4"])
def test_an_answer_of_any_length_is_the_same_on_both_ways(octets: int, transaction: bytes) -> None:
    quick, general = site(NodeConfig()), site(NodeConfig(), prompt=False)
    for each in (quick, general):
        each.known.write(NUMBERS[0], replace(IN_IMS, icscf=IcscfChoice.static("x" * octets)))
        each.hear(usual(3), 0.0)
    for _ in range(2):
        assert quick.hear(usual(3, transaction), 1.0) == general.hear(usual(3, transaction), 1.0)


@pytest.mark.parametrize(
    "portion",
    [
        AARQ[1].encode(),
        other_protocol(AARQ[3].encode()),
        replace(AARQ[3], pdu=Pdu.AARE).encode(),
        replace(AARQ[3], pdu=Pdu.ABRT).encode(),
        replace(AARQ[3], context=b"").encode(),
        replace(AARQ[3], user_information=bytes(100)).encode(),
        indefinite(AARQ[3].encode()),
        b"\x6b\x00",
        b"\x6b\x80",
        b"\x6b",
    ],
)
def test_a_dialogue_portion_of_another_kind_is_answered_the_same_on_both_ways(portion: bytes) -> None:
    quick, general = site(NodeConfig()), site(NodeConfig(), prompt=False)
    for each in (quick, general):
        each.known.write(NUMBERS[0], IN_IMS)
        each.hear(usual(3), 0.0)
    for _ in range(2):
        assert quick.hear(usual(3, portion=portion), 1.0) == general.hear(usual(3, portion=portion), 1.0)


STANDING = [
    *(None, MOBILE, IN_VLR, IN_IMS, OFF),
    replace(IN_IMS, icscf=IcscfChoice(members=POOL)),
    replace(IN_VLR, forwardings=FORWARDED),
    replace(IN_VLR, barring=IncomingBarring.SERVICE),
]
NOT_STANDING = [
    replace(IN_IMS, icscf=LONG[-1]),  # the answer goes out in segments
    replace(IN_VLR, imsi=None),
    replace(IN_IMS, icscf=IcscfChoice(members=POOL, policy=Policy.ROUND_ROBIN)),
    replace(IN_IMS, operator=OperatorFacts(imrn_prefix="much too long to be a prefix")),
]


def goes_the_general_way(here: Site) -> bool:
    """Tell which way a usual question goes."""
    seen: list[object] = []
    begin = here.node.map.begin

    def watched(*args: Any, **named: Any) -> Any:
        seen.append(args)
        return begin(*args, **named)

    here.node.map.begin = watched  # type: ignore[method-assign]
    assert here.hear(usual(3), 1.0)[0]
    return bool(seen)


@pytest.mark.parametrize("party", [*STANDING, *NOT_STANDING])
def test_the_quick_way_is_taken_where_the_answer_stands(party: CalledParty | None) -> None:
    here = site(NodeConfig())
    here.known.write(NUMBERS[0], party)
    assert goes_the_general_way(here)  # the way back is learned
    for _ in range(2):
        assert goes_the_general_way(here) == (party in NOT_STANDING)


def test_when_all_numbers_are_lent_both_ways_say_so() -> None:
    quick, general = site(NodeConfig()), site(NodeConfig(), prompt=False)
    for each in (quick, general):
        each.known.write(NUMBERS[0], IN_IMS)
        for _ in range(99_998):
            each.service._imrns.lend(None, "x", now=0.0)  # noqa: SLF001
    answers = [(quick.hear(usual(3), 1.0), general.hear(usual(3), 1.0)) for _ in range(4)]
    assert all(one == other for one, other in answers)
    failed = repr(OperationServed(operation=22, version=3, outcome="SystemFailure"))
    assert [events for (_, events), _ in answers].count([failed]) == 2


# The short cuts of the codecs.

elements = st.builds(
    lambda tag, content, shape: shape(ber.write(tag, content)),
    st.sampled_from([0x30, 0x62, 0xA1]),
    st.binary(max_size=300),
    st.sampled_from(SHAPES),
)


@given(elements | st.binary(max_size=10), st.binary(max_size=2), st.integers(0, 3))
def test_an_element_that_fills_the_rest_is_found_where_it_is(element: bytes, more: bytes, at: int) -> None:
    data = b"\0" * at + element + more
    start = ber.last(data, at, 0x30)
    try:
        tag, begin, stop, after = ber.read(data, at, len(data))
    except DecodeError:
        assert start == 0
        return
    if start:
        assert (tag, begin, stop, after) == (0x30, start, len(data), len(data))
    elif tag == 0x30 and after == len(data):
        assert data[at + 1] > 0x80 or stop < after  # a long or an indefinite length


@given(begins(), st.none() | st.tuples(st.integers(0, 200), st.integers(0, 255)))
def test_a_usual_begin_is_read_as_any_begin(octets: bytes, change: tuple[int, int] | None) -> None:
    if change is not None and change[0] < len(octets):
        octets = octets[: change[0]] + bytes((change[1],)) + octets[change[0] + 1 :]
    usually = read_usual_begin(octets)
    if usually is not None:
        message = TcapMessage.decode(octets)
        assert usually == (message.originating, message.portion, message.components)
        assert (message.type, message.cause) == (TcapTag.BEGIN, None)


@pytest.mark.parametrize("length", range(12))
def test_a_begin_cut_short_is_none(length: int) -> None:
    assert read_usual_begin(bytes.fromhex("62104804000000016c08a106020101020116")[:length]) is None


@given(st.binary(min_size=1, max_size=4), st.binary(max_size=60), st.binary(min_size=1, max_size=300))
def test_an_end_is_written_as_any_message(destination: bytes, portion: bytes, components: bytes) -> None:
    message = TcapMessage(type=TcapTag.END, destination=destination, portion=portion, components=components)
    assert write_end(destination, portion, components) == message.encode()


words = st.integers(0, 0xFFFFFFFF)


@given(
    st.builds(
        Transfer,
        opc=words,
        dpc=words,
        data=st.binary(max_size=20),
        sls=st.integers(0, 255),
        routing_context=st.none() | words,
        network_appearance=st.none() | words,
    ),
    st.none() | st.tuples(st.integers(0, 60), st.integers(0, 255)),
    st.integers(-9, 9),
)
def test_usual_data_is_read_as_any_data(transfer: Transfer, change: tuple[int, int] | None, cut: int) -> None:
    octets = messages.write_transfer(transfer)
    if change is None and cut == 0:
        usual = messages.read_usual_data(octets)
        assert usual == (transfer if transfer.network_appearance is None else None)
    elif change is not None and change[0] < len(octets):
        octets = octets[: change[0]] + bytes((change[1],)) + octets[change[0] + 1 :]
    octets = octets[:cut] if cut < 0 else octets + bytes(cut)
    read = messages.read_usual_data(octets)
    if read is not None:
        assert messages.read_kind(octets) is Kind.DATA
        assert messages.read_transfer(messages.read_parameters(octets)) == read
