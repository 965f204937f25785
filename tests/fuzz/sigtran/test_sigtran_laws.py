"""Laws of the SS7 stack: what is written is read back; any octets are read or refused; nothing escapes a machine."""

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hss.machine import Turn
from hss.procedures.map_routing_info import IcscfChoice
from hss.sigtran import ber
from hss.sigtran.client import GmscClient, GmscConfig
from hss.sigtran.layers import layers_of
from hss.sigtran.m3ua import messages
from hss.sigtran.m3ua.errors import M3uaFault
from hss.sigtran.m3ua.framing import Framing
from hss.sigtran.m3ua.messages import Transfer
from hss.sigtran.m3ua.streams import stream_of
from hss.sigtran.map.call_handling import (
    ROUTING_INFO_ARG,
    SendRoutingInfoArg,
    read_roaming_number_arg,
    read_roaming_number_res,
    read_routing_info_arg,
    read_routing_info_res,
)
from hss.sigtran.map.extension import IcscfRoutingInfo, read_icscf
from hss.sigtran.map.numbers import Address, read_address, read_tbcd, write_tbcd
from hss.sigtran.sccp.address import Address as SccpAddress
from hss.sigtran.sccp.messages import Message as SccpMessage
from hss.sigtran.sccp.messages import Segmentation
from hss.sigtran.tcap import dialogue as portions
from hss.sigtran.tcap.components import Invoke, Reject, Result, ReturnError, read_components
from hss.sigtran.tcap.messages import Message as TcapMessage
from routing.selection import Member
from schemas.addresses import GlobalTitle
from schemas.fields import MOST_ICSCF_OCTETS
from schemas.numbers.m3ua import Kind, Tag
from schemas.numbers.sccp import Type
from schemas.numbers.tcap import PAbortCause
from schemas.numbers.tcap import Tag as TcapTag
from schemas.octets import Cursor, DecodeError
from tests.pair.sigtran_samples import IN_IMS, IN_VLR, node_for, question

FOLDER = Path(__file__).parents[2] / "vectors" / "map"
FRAMES = [bytes.fromhex(each) for each in json.loads((FOLDER / "own_variants_m3ua.json").read_text()).values()]

bits_14 = st.integers(0, 0x3FFF)
byte = st.integers(0, 255)
word = st.integers(0, 0xFFFFFFFF)
invoke_ids = st.integers(-128, 127)
parameters = st.binary(max_size=300).map(lambda content: ber.write(0x30, content))


# Written and read back.


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers(number: int) -> None:
    assert ber.read_integer(ber.write_integer(number)) == number


@given(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 2**40), max_size=10))
def test_object_identifiers(first: int, second: int, rest: list[int]) -> None:
    dotted = ".".join(str(arc) for arc in [first, second, *rest])
    assert ber.read_oid(ber.write_oid(dotted)) == dotted


@given(st.sampled_from([0x04, 0x30, 0xA3, 0xBF22, 0x9F8101]), st.binary(max_size=70_000))
def test_elements(tag: int, content: bytes) -> None:
    assert ber.only(ber.write(tag, content)) == (tag, content)


@given(st.text("0123456789*#abc", max_size=30))
def test_digits(digits: str) -> None:
    assert read_tbcd(write_tbcd(digits)) == digits


@given(st.text("0123456789", min_size=1, max_size=38), st.integers(0, 7), st.integers(0, 15))
def test_address_strings(digits: str, nature: int, plan: int) -> None:
    assert read_address(Address(digits, nature, plan).encode()) == Address(digits, nature, plan)


@st.composite
def titles(draw: st.DrawFn) -> GlobalTitle:
    kind = draw(st.integers(1, 4))
    digits = draw(st.text("0123456789abcde", max_size=20))
    if kind == 2 and len(digits) % 2:
        digits += "0"  # this kind cannot say that the number of digits is odd
    return GlobalTitle(
        digits=digits,
        indicator=kind,
        plan=draw(st.integers(0, 15)) if kind in {3, 4} else 1,
        nature=draw(st.integers(0, 127)) if kind in {1, 4} else 4,
        translation_type=draw(byte) if kind > 1 else 0,
    )


addresses = st.builds(
    SccpAddress,
    subsystem=st.none() | byte,
    point_code=st.none() | bits_14,
    title=st.none() | titles(),
    on_subsystem=st.booleans(),
)


@given(addresses)
def test_sccp_addresses(address: SccpAddress) -> None:
    assert SccpAddress.decode(address.encode()) == address


segments = st.builds(
    Segmentation,
    first=st.booleans(),
    sequenced=st.booleans(),
    remaining=st.integers(0, 15),
    reference=st.integers(0, 0xFFFFFF),
)


@given(
    st.sampled_from(list(Type)),
    byte,
    addresses,
    addresses,
    st.binary(max_size=255),
    st.integers(0, 15),
    st.none() | segments,
)
def test_sccp_messages(  # noqa: PLR0917 - hypothesis fills them
    kind: Type,
    code: int,
    called: SccpAddress,
    calling: SccpAddress,
    data: bytes,
    hops: int,
    segmentation: Segmentation | None,
) -> None:
    basic = kind in {Type.UDT, Type.UDTS}
    message = SccpMessage(
        type=kind,
        code=code,
        called=called.encode(),
        calling=calling.encode(),
        data=data,
        hops=15 if basic else hops,
        segmentation=None if basic else segmentation,
    )
    assert SccpMessage.decode(message.encode()) == message


ids = st.binary(min_size=1, max_size=4)


@given(ids, ids, st.binary(max_size=200))
def test_tcap_messages(originating: bytes, destination: bytes, components: bytes) -> None:
    message = TcapMessage(
        type=int(TcapTag.CONTINUE), originating=originating, destination=destination, components=components
    )
    assert TcapMessage.decode(message.encode()) == message


components = st.one_of(
    st.builds(
        Invoke,
        invoke_id=invoke_ids,
        operation=st.integers(-128, 70_000),
        parameter=parameters | st.just(b""),
        linked_id=st.none() | invoke_ids,
    ),
    st.builds(Result, invoke_id=invoke_ids, operation=byte, parameter=parameters, last=st.booleans()),
    st.builds(Result, invoke_id=invoke_ids),
    st.builds(ReturnError, invoke_id=invoke_ids, code=byte, parameter=parameters | st.just(b"")),
    st.builds(
        Reject,
        invoke_id=st.none() | invoke_ids,
        kind=st.sampled_from([0x80, 0x81, 0x82, 0x83]),
        problem=st.integers(0, 7),
    ),
)


@given(st.lists(components, max_size=4))
def test_components(several: list[Any]) -> None:
    octets = b"".join(component.encode() for component in several)
    assert read_components(octets, 0, len(octets)) == several


@given(st.text("abcdefghij.-", min_size=1, max_size=120), st.none() | st.integers(1, 65535))
def test_the_i_cscf_extension(name: str, port: int | None) -> None:
    info = IcscfRoutingInfo(name=name, port=port, alternatives=("b.example",) if len(name) < 100 else ())
    assert read_icscf(info.encode()) == info


@given(word, word, byte, st.none() | word, st.none() | word, st.binary(max_size=300))
def test_transfers(  # noqa: PLR0917 - hypothesis fills them
    opc: int, dpc: int, sls: int, context: int | None, appearance: int | None, data: bytes
) -> None:
    transfer = Transfer(opc=opc, dpc=dpc, sls=sls, routing_context=context, network_appearance=appearance, data=data)
    octets = messages.write_transfer(transfer)
    assert len(octets) % 4 == 0
    assert messages.read_kind(octets) is Kind.DATA
    assert messages.read_transfer(messages.read_parameters(octets)) == transfer
    assert stream_of(octets, 16) == 1 + sls % 15


# Tolerance.


def indefinite(octets: bytes) -> bytes:
    """Write every constructed element again with indefinite length."""
    out = b""
    for part in ber.elements(octets):
        content = octets[part.start : part.stop]
        if part.tag & 0x20:
            out += bytes((part.tag, 0x80)) + indefinite(content) + b"\0\0"
        else:
            out += ber.write(part.tag, content)
    return out


@given(
    st.randoms(use_true_random=False),
    st.lists(st.sampled_from([b"\x9e\x01\x00", b"\xbf\x22\x00", b"\xe0\x00"]), max_size=3),
)
def test_members_in_any_order_with_unknown_ones_between(random: Any, unknown: list[bytes]) -> None:
    argument = SendRoutingInfoArg(
        msisdn=Address("491715407090"),
        interrogation_type=0,
        gmsc_address=Address("491720000001"),
        call_reference=b"\1\2",
        suppress_mtss=b"\x06\xc0",
        camel_info=question(suppress_t_csi=True).argument().camel_info,
    )
    content = ROUTING_INFO_ARG.write(argument)
    parts = [content[at:after] for at, after in _edges(content)] + unknown
    random.shuffle(parts)
    assert read_routing_info_arg(ber.write(0x30, b"".join(parts)), 3) == argument


def _edges(content: bytes) -> list[tuple[int, int]]:
    found, at = [], 0
    for part in ber.elements(content):
        found.append((at, part.after))
        at = part.after
    return found


def stretched(octets: bytes) -> bytes:
    """Write every element again with a length in three octets."""
    out = b""
    for part in ber.elements(octets):
        content = octets[part.start : part.stop]
        content = stretched(content) if part.tag & 0x20 else content
        out += bytes((part.tag, 0x82)) + len(content).to_bytes(2, "big") + content
    return out


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("length", [1, 2, 3, 4])
@pytest.mark.parametrize("shape", [indefinite, stretched])
def test_unusual_lengths_and_ids_of_any_length_get_an_answer(
    version: int, length: int, shape: Callable[[bytes], bytes]
) -> None:
    sgp = ready()
    invoke = Invoke(invoke_id=-59, operation=22, parameter=question().write(version)).encode()
    context = bytes((4, 0, 0, 1, 0, 5, version))
    begin = TcapMessage(
        type=TcapTag.BEGIN,
        originating=b"\xfe" * length,
        portion=b"" if version == 1 else portions.request(context),
        components=invoke,
    )
    turn = sgp.receive(wrap(shape(begin.encode())), now=1.0)
    answer = TcapMessage.decode(SccpMessage.decode(unwrap(turn.send[0])).data)
    (component,) = read_components(answer.components, 0, len(answer.components))
    assert answer.destination == b"\xfe" * length
    assert isinstance(component, Result)
    assert component.invoke_id == -59


def test_several_questions_in_one_message_get_several_answers_in_one() -> None:
    invokes = b"".join(
        Invoke(invoke_id=number, operation=22, parameter=question().write(1)).encode() for number in (-128, 127)
    )
    begin = TcapMessage(type=TcapTag.BEGIN, originating=b"\1", components=invokes)
    turn = ready().receive(wrap(begin.encode()), now=1.0)
    answer = TcapMessage.decode(SccpMessage.decode(unwrap(turn.send[0])).data)
    results = read_components(answer.components, 0, len(answer.components))
    assert [(type(each), each.invoke_id) for each in results] == [(Result, -128), (Result, 127)]


@pytest.mark.parametrize("wrong", ["020105", "0a0101", "130491945555", "ff2100"])
def test_a_wrong_tag_in_an_optional_place_is_skipped(wrong: str) -> None:
    imsi = bytes.fromhex("890862021132547698f0")
    number = bytes.fromhex("040791947101001032")
    result = read_routing_info_res(ber.write(0xA3, imsi + bytes.fromhex(wrong) + number))
    assert (result.imsi, result.roaming_number) == ("262011234567890", Address("491710000123"))


def test_what_follows_a_message_is_ignored_and_a_length_beyond_its_end_is_answered() -> None:
    sgp = ready()
    whole = SccpMessage.decode(unwrap(FRAMES[0])).data
    assert sgp.receive(wrap(whole + b"\0\0\0"), now=1.0).events[-1].outcome == "result"
    longer = whole[:1] + bytes((whole[1] + 1,)) + whole[2:]
    turn = sgp.receive(wrap(longer), now=1.0)
    answer = TcapMessage.decode(SccpMessage.decode(unwrap(turn.send[0])).data)
    assert (answer.type, answer.cause) == (TcapTag.ABORT, PAbortCause.BADLY_FORMATTED)


# Any octets.

READERS: list[Callable[[bytes], object]] = [
    ber.only,
    lambda data: list(ber.elements(data)),
    ber.read_oid,
    SccpMessage.decode,
    SccpAddress.decode,
    TcapMessage.decode,
    portions.read_portion,
    lambda data: read_components(data, 0, len(data)),
    lambda data: read_routing_info_arg(data, 3),
    lambda data: read_routing_info_arg(data, 1),
    read_routing_info_res,
    read_roaming_number_arg,
    read_roaming_number_res,
    read_address,
    read_icscf,
    lambda data: Cursor(data).take(3, "three octets"),
]


@pytest.mark.parametrize("reader", range(len(READERS)))
@given(data=st.binary(max_size=80))
def test_any_octets_are_read_or_refused(reader: int, data: bytes) -> None:
    with contextlib.suppress(DecodeError):
        READERS[reader](data)


@given(st.binary(max_size=80))
def test_any_octets_are_m3ua_or_a_fault(data: bytes) -> None:
    stream_of(data)
    layers_of(data)
    with contextlib.suppress(M3uaFault):
        messages.read_kind(data)
        messages.read_parameters(data)


# Machines.


def ready() -> Any:
    sgp = node_for(IN_VLR).accepted()
    sgp.connected(now=0.0)
    sgp.receive(messages.write(Kind.ASPUP), now=0.0)
    sgp.receive(messages.write(Kind.ASPAC, [(Tag.ROUTING_CONTEXT, messages.word(100))]), now=0.0)
    return sgp


def wrap(tcap: bytes, called: str = "12060012049471010000 00") -> bytes:
    udt = SccpMessage(
        type=Type.UDT,
        code=0x80,
        called=bytes.fromhex(called),
        calling=bytes.fromhex("12080012049471020000 10"),
        data=tcap,
    )
    return messages.write_transfer(Transfer(opc=1, dpc=2, data=udt.encode(), routing_context=100))


def unwrap(octets: bytes) -> bytes:
    return messages.read_transfer(messages.read_parameters(octets)).data


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """Change, cut or stretch some octets of a message, or of what it carries, with the lengths outside right."""
    frame = bytearray(draw(st.sampled_from(FRAMES)))
    inner = draw(st.booleans())
    octets = bytearray(SccpMessage.decode(unwrap(bytes(frame))).data) if inner else frame
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(octets) - 1))
        how = draw(st.integers(0, 2))
        if how == 0:
            octets[at] = draw(byte)
        elif how == 1 and len(octets) > 1:
            del octets[at]
        else:
            octets.insert(at, draw(byte))
    return wrap(bytes(octets[:255])) if inner else bytes(octets)


@settings(max_examples=400)
@given(st.lists(mutated(), min_size=1, max_size=5))
def test_no_message_breaks_an_association(several: list[bytes]) -> None:
    sgp = ready()
    for octets in several:
        turn = sgp.receive(octets, now=1.0)
        assert not turn.close
        for work in turn.later:
            with contextlib.suppress(StopIteration):
                work.send(None)  # the database of this test answers at once
    sgp.wake(now=100.0)
    if sgp.state == "active":
        answer = sgp.receive(FRAMES[0], now=101.0)
        assert len(answer.send) == 1


@pytest.mark.parametrize("frame", FRAMES[:3])
def test_a_message_cut_anywhere_gets_an_answer_of_its_layer_or_is_counted(frame: bytes) -> None:
    sgp = ready()
    tcap = SccpMessage.decode(unwrap(frame)).data
    for length in range(len(tcap)):
        turn = sgp.receive(wrap(tcap[:length]), now=1.0)
        assert turn.send or turn.events
    for length in range(len(frame)):
        turn = sgp.receive(frame[:length], now=1.0)
        assert turn.send or turn.events


@given(st.lists(st.integers(1, 60), max_size=40))
def test_the_stream_may_be_cut_anywhere(cuts: list[int]) -> None:
    whole, pieces = ready_framed(), ready_framed()
    stream = b"".join(FRAMES[:3]) * 2
    expected = [SccpMessage.decode(unwrap(each)).called for each in whole.receive(stream, now=1.0).send]
    seen: Turn[Any] = Turn()
    for size in [*cuts, len(stream)]:
        seen.add(pieces.receive(stream[:size], now=1.0))
        stream = stream[size:]
    assert [SccpMessage.decode(unwrap(each)).called for each in seen.send] == expected
    assert len(expected) == 6


def ready_framed() -> Framing[Any]:
    return Framing(ready())


@given(st.lists(mutated(), max_size=5))
def test_no_answer_breaks_a_client(several: list[bytes]) -> None:
    client = GmscClient(GmscConfig(), question())
    client.connected(now=0.0)
    client.receive(messages.write(Kind.ASPUP_ACK), now=0.0)
    client.receive(messages.write(Kind.ASPAC_ACK), now=0.0)
    for octets in several:
        client.receive(octets, now=1.0)
    client.wake(now=100.0)
    assert client.answer is not None


def test_a_pool_of_names_that_fills_an_answer_still_fits_one_unitdata() -> None:
    long = ".".join(["x" * 45] * 3)
    assert len(long) <= MOST_ICSCF_OCTETS
    members = tuple(Member(host=f"{n}{long[1:]}") for n in range(4))
    sgp = node_for(replace(IN_IMS, icscf=IcscfChoice(members=members))).accepted()
    sgp.connected(now=0.0)
    sgp.receive(messages.write(Kind.ASPUP), now=0.0)
    sgp.receive(messages.write(Kind.ASPAC, [(Tag.ROUTING_CONTEXT, messages.word(100))]), now=0.0)
    turn = sgp.receive(FRAMES[0], now=1.0)
    assert [SccpMessage.decode(unwrap(each)).type for each in turn.send] == [Type.UDT]
