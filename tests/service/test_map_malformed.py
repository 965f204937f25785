"""Whatever octets an ASP sends, at any layer: the answer that the layer names, or silence; the association lives."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.conftest import Service
from tests.service.map_wire import (
    ASPAC,
    ASPIA,
    ASPUP,
    ASPUP_ACK,
    DATA,
    DAUD,
    DAVA,
    ERR,
    Asp,
    kind_of,
    message,
    parameter,
    sccp_of,
    tcap_of,
    value_of,
    word,
)

OWN: dict[str, str] = json.loads((Path(__file__).parents[1] / "vectors" / "map" / "own_variants_m3ua.json").read_text())
SRI = bytes.fromhex(OWN["sri_v3"])
UDT, UDTS, XUDT = 0x09, 0x0A, 0x11
BEGIN, END, CONTINUE, ABORT = 0x62, 0x64, 0x65, 0x67
HLR = bytes.fromhex("1206001204947101000000")
GMSC = bytes.fromhex("1208001204947102000010")


@pytest.fixture
def asp(service: Service) -> Iterator[Asp]:
    """Give an active ASP; at the end it, and the service, still answer."""
    with Asp(service.address("m3ua-tcp")) as made:
        yield made.up()
        made.lives()
        assert tcap_of(made.ask(SRI))[0] == END


def code_of(answer: bytes) -> int:
    """Give the code of an ERR."""
    assert kind_of(answer) == ERR
    value = value_of(answer, 0x000C)
    assert value is not None
    return int.from_bytes(value, "big")


def data(sccp: bytes, context: int | None = 100, service: int = 3) -> bytes:
    """Wrap an SCCP message."""
    label = word(1) + word(2) + bytes((service, 2, 0, 0))
    named = b"" if context is None else parameter(0x0006, word(context))
    return message(DATA, named + parameter(0x0210, label + sccp))


def udt(tcap: bytes, called: bytes = HLR, kind: int = 0x00) -> bytes:
    """Wrap a TCAP message."""
    ends = 3 + len(called)
    head = bytes((UDT, kind, 3, ends, ends + len(GMSC), len(called)))
    return data(head + called + bytes((len(GMSC),)) + GMSC + bytes((len(tcap),)) + tcap)


def tlv(tag: int, content: bytes) -> bytes:
    assert len(content) < 256
    return bytes((tag, len(content))) + content if len(content) < 128 else bytes((tag, 0x81, len(content))) + content


def begin(components: bytes, context: str = "04000001000503") -> bytes:
    """Write a Begin with an application context."""
    asked = tlv(0x60, bytes.fromhex("80020780") + tlv(0xA1, tlv(0x06, bytes.fromhex(context))))
    portion = tlv(0x6B, tlv(0x28, bytes.fromhex("060700118605010101") + tlv(0xA0, asked)))
    return tlv(BEGIN, bytes.fromhex("480400000001") + portion + tlv(0x6C, components))


def invoke(argument: bytes, operation: int = 22) -> bytes:
    return tlv(0xA1, bytes.fromhex("020101") + bytes((2, 1, operation)) + argument)


def component_of(answer: bytes) -> bytes:
    """Take the first component out of an answer."""
    tcap = tcap_of(answer)
    at = 2 if tcap[1] < 128 else 3
    while tcap[at] != 0x6C:
        at += 2 + tcap[at + 1]
    return tcap[at + 2 :]


# --- M3UA (RFC 4666 3.8.1) -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        pytest.param("0200030300000008", 0x01, id="version"),
        pytest.param("0100050100000008", 0x03, id="class"),
        pytest.param("0100090100000008", 0x03, id="registration of routing keys"),
        pytest.param("0100030900000008", 0x04, id="type"),
        pytest.param("0100030400000008", 0x06, id="an acknowledgement of a gateway"),
        pytest.param("0100010100000008", 0x16, id="DATA without anything"),
        pytest.param("0100010100000010" + "0006000800000064", 0x16, id="DATA without Protocol Data"),
        pytest.param("010001010000000c" + "02100003", 0x12, id="a parameter shorter than its head"),
        pytest.param("010001010000000c" + "021000ff", 0x12, id="a parameter longer than the message"),
        pytest.param("010001010000000a" + "0210", 0x12, id="half a head"),
        pytest.param("0100040100000010" + "000b000800000009", 0x05, id="traffic mode"),
        pytest.param("0100020300000008", 0x16, id="DAUD without point code"),
    ],
)
def test_m3ua_errors(octets: str, code: int, asp: Asp) -> None:
    assert code_of(asp.ask(bytes.fromhex(octets))) == code


def test_data_for_a_routing_context_that_is_not_active_is_an_error(asp: Asp) -> None:
    answer = asp.ask(SRI.replace(bytes.fromhex("0006000800000064"), bytes.fromhex("0006000800000065")))
    assert (code_of(answer), value_of(answer, 0x0006)) == (0x19, word(101))


def test_an_err_is_never_answered(asp: Asp) -> None:
    asp.send(message(ERR, parameter(0x000C, word(1))))
    asp.send(b"\2" + message(ERR, parameter(0x000C, word(1)))[1:])
    asp.send(message(ERR))


@pytest.mark.parametrize("kind", [ASPAC, ASPIA, DATA, DAUD])
def test_what_may_not_come_before_asp_up(kind: int, service: Service) -> None:
    with Asp(service.address("m3ua-tcp")) as down:
        octets = SRI if kind == DATA else message(kind, parameter(0x0012, word(2)) if kind == DAUD else b"")
        assert code_of(down.ask(octets)) == 0x06
        down.up().lives()


@pytest.mark.parametrize("length", [0, 7, 65537, 0xFFFFFFFF])
def test_a_stream_that_cannot_be_read_on_is_closed_and_no_other(length: int, asp: Asp, service: Service) -> None:
    with Asp(service.address("m3ua-tcp")).up() as broken:
        broken.send(b"\1\0\3\3" + word(length) + bytes(20))
        assert broken.ended()
    asp.lives()


def test_a_service_other_than_sccp_is_reported_as_not_there(asp: Asp) -> None:
    answer = asp.ask(data(sccp_of(SRI), service=5))
    assert kind_of(answer) == 0x0205
    assert value_of(answer, 0x0204) == word(1 << 16 | 5)


def test_an_audit_is_answered(asp: Asp) -> None:
    answer = asp.ask(message(DAUD, parameter(0x0012, word(2))))
    assert (kind_of(answer), value_of(answer, 0x0012)) == (DAVA, word(2))


def test_a_stream_may_come_in_any_pieces(asp: Asp) -> None:
    for at in range(len(SRI)):
        asp.send(SRI[at : at + 1])
    assert tcap_of(asp.receive())[0] == END
    asp.send(SRI * 50)
    assert {tcap_of(asp.receive())[0] for _ in range(50)} == {END}


# --- SCCP (Q.714) ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("subsystem", [8, 254])
def test_what_cannot_be_delivered_comes_back_if_that_was_asked(subsystem: int, asp: Asp) -> None:
    called = HLR[:1] + bytes((subsystem,)) + HLR[2:]
    asp.send(udt(tcap_of(SRI), called, 0x00))
    answer = sccp_of(asp.ask(udt(tcap_of(SRI), called, 0x80)))
    assert (answer[0], answer[1], answer[6 : 6 + len(GMSC)]) == (UDTS, 4, GMSC)  # unequipped user


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x09",
        b"\x09\x00\x03\x0e\x19",
        b"\x09\x00\xff\xff\xff" + bytes(20),
        b"\x09\x00\x00\x00\x00",
        b"\x01\x02\x03\x04",
        b"\xff" * 40,
        b"\x11\x00\x00\x04\x04\x04\x00",
        b"\x0a\x01\x03\x04\x05\x00\x00\x00",
    ],
    ids=range(9),
)
def test_what_is_no_sccp_is_dropped(octets: bytes, asp: Asp) -> None:
    asp.send(data(octets))


def test_segments_that_never_become_whole_are_dropped(asp: Asp) -> None:
    piece = tcap_of(SRI)[:40]
    for reference in range(50):
        head = bytes((XUDT, 0x01, 15, 4, 14, 24, 24 + len(piece), len(HLR))) + HLR + bytes((len(GMSC),)) + GMSC
        segment = bytes((0x10, 4, 0x81)) + reference.to_bytes(3, "big") + b"\0"
        asp.send(data(head + bytes((len(piece),)) + piece + segment))


# --- TCAP (Q.774) ----------------------------------------------------------------------------------------------------


def test_tcap_of_an_unknown_type_is_aborted(asp: Asp) -> None:
    answer = tcap_of(asp.ask(udt(bytes.fromhex("6f06480400000001"))))
    assert (answer[0], answer[-3:]) == (ABORT, bytes.fromhex("4a0100"))


def test_a_continue_of_no_dialogue_is_aborted(asp: Asp) -> None:
    answer = tcap_of(asp.ask(udt(bytes.fromhex("650c480400000001490400000009"))))
    assert (answer[:8].hex(), answer[-3:].hex()) == ("6709490400000001", "4a0101")


def test_a_begin_that_is_cut_is_aborted(asp: Asp) -> None:
    answer = tcap_of(asp.ask(udt(bytes.fromhex("6210480400000001") + b"\x6c\x7f\xa1")))
    assert answer[0] == ABORT


@pytest.mark.parametrize("octets", ["", "62", "6200", "64064904000000ff", "6706490400000001", "ff" * 30, "6280" * 60])
def test_what_nobody_can_answer_is_dropped_or_aborted(octets: str, asp: Asp) -> None:
    asp.send(udt(bytes.fromhex(octets)))
    asp.send(message(ASPUP + 2))  # BEAT
    while kind_of(answer := asp.receive()) == DATA:
        assert tcap_of(answer)[0] == ABORT


# --- MAP (TS 29.002 15.1, 17.1.2) ------------------------------------------------------------------------------------

NUMBER = "800791947151040709"
ARGUMENT = bytes.fromhex("3015" + NUMBER + "830100860791947102000010")


@pytest.mark.parametrize(
    ("component", "answer"),
    [
        pytest.param(invoke(ARGUMENT, 99), "a406020101810101", id="unknown operation"),
        pytest.param(invoke(ARGUMENT, 45), "a406020101810101", id="operation of another context"),
        pytest.param(invoke(b"\x04\x00"), "a406020101810102", id="not a SEQUENCE"),
        pytest.param(invoke(b""), "a406020101810102", id="no argument"),
        pytest.param(invoke(bytes.fromhex("3003830100")), "a406020101810102", id="no MSISDN"),
        pytest.param(invoke(bytes.fromhex("3009" + NUMBER)), "a406020101810102", id="no interrogation type"),
        pytest.param(b"\xa5\x03\x02\x01\x01", "a4050500800100", id="unknown component"),
        pytest.param(b"\xa1\x03\x02\x05\x01", "a4050500800102", id="badly structured component"),
    ],
)
def test_rejects(component: bytes, answer: str, asp: Asp) -> None:
    assert component_of(asp.ask(udt(begin(component)))).hex() == answer


@pytest.mark.parametrize(
    ("msisdn", "error"),
    [
        ("8007a1947151040709", 36),  # national
        ("80079694715104 0709".replace(" ", ""), 36),  # E.212
        ("80079194715104c709", 36),  # a signal that is no digit
        ("800491889988", 1),  # a number of nobody
    ],
)
def test_numbers_that_are_not_e164_are_unexpected_values(msisdn: str, error: int, asp: Asp) -> None:
    argument = tlv(0x30, bytes.fromhex(msisdn + "830100860791947102000010"))
    component = component_of(asp.ask(udt(begin(invoke(argument)))))
    assert component[0] == 0xA3
    assert component[5:8] == bytes((2, 1, error))


@pytest.mark.parametrize("context", ["04000001000504", "0400000100 6303".replace(" ", ""), "2b06", "04000001000501"])
def test_a_context_that_is_not_served_is_refused_with_one_that_is(context: str, asp: Asp) -> None:
    answer = tcap_of(asp.ask(udt(begin(invoke(ARGUMENT), context))))
    assert answer[0] == ABORT
    assert bytes.fromhex("a203020101") in answer  # reject-permanent


# --- All at once -----------------------------------------------------------------------------------------------------


def test_a_question_that_is_cut_anywhere_or_changed_anywhere_stops_nothing(service: Service) -> None:
    chance = random.Random(2905)  # noqa: S311 - the same octets every time
    sccp = sccp_of(SRI)
    with Asp(service.address("m3ua-tcp")).up() as noisy:
        for at in range(len(sccp)):
            noisy.send(data(sccp[:at]))
            changed = bytearray(sccp)
            changed[at] = chance.randrange(256)
            noisy.send(data(bytes(changed)))
        for _ in range(300):
            noisy.send(data(chance.randbytes(chance.randrange(60))))
        noisy.send(SRI.replace(bytes.fromhex("480400000001"), bytes.fromhex("48040badcafe")))
        while bytes.fromhex("49040badcafe") not in noisy.receive():
            pass
    assert "machine failed" not in service.logged()


def test_any_message_with_a_good_length_is_answered_or_dropped(service: Service) -> None:
    chance = random.Random(4666)  # noqa: S311 - as above
    with Asp(service.address("m3ua-tcp")) as noisy:
        assert kind_of(noisy.ask(message(ASPUP))) == ASPUP_ACK
        for _ in range(500):
            kind = chance.choice([0x0000, 0x0001, 0x0101, 0x0201, 0x0203, 0x0204, 0x0303, 0x0401, 0x0403, 0x0901])
            noisy.send(message(kind, chance.randbytes(chance.randrange(40))))
        noisy.send(message(ASPUP))
        noisy.send(message(0x0303, parameter(0x0009, b"the last")))
        while value_of(answer := noisy.receive(), 0x0009) != b"the last":
            assert kind_of(answer) != 0x0102
    assert "machine failed" not in service.logged()
