"""Errors, extensions, sequences, answers as values."""

from typing import Any

import pytest

from hss.procedures import map_refusals as refusals
from hss.procedures.map_refusals import Absence, Failing, Refusal
from hss.sigtran import ber
from hss.sigtran.layers import layers_of
from hss.sigtran.m3ua import messages
from hss.sigtran.m3ua.messages import Transfer
from hss.sigtran.map.asn1 import OCTETS, Member, MissingMember, Sequence, content_of
from hss.sigtran.map.call_handling import (
    SendRoutingInfoRes,
    read_roaming_number_res,
    read_routing_info_arg,
    read_routing_info_res,
    write_routing_info_res,
)
from hss.sigtran.map.calls import Completed, Failed, Lost, Rejected
from hss.sigtran.map.contexts import read_context
from hss.sigtran.map.errors import FORM_OF, INSTEAD, read_detail, write_refusal
from hss.sigtran.map.extension import IcscfRoutingInfo, PrivateExtension, find_icscf, read_container, read_icscf
from hss.sigtran.map.gmsc import SriAnswer, detail_name, read_answer
from hss.sigtran.map.numbers import Address, read_address, read_imsi, read_tbcd, write_tbcd
from hss.sigtran.sccp.messages import Message, Segmentation
from hss.sigtran.tcap.user import Ending
from schemas.numbers.map import MapError
from schemas.numbers.sccp import Type
from schemas.octets import DecodeError
from schemas.states import IncomingBarring

EVERY_REFUSAL: list[Refusal] = [
    *(each() for each in FORM_OF if each is not refusals.CallBarred),
    *(refusals.CallBarred(by=by) for by in IncomingBarring),
    *(refusals.AbsentSubscriber(why=why) for why in Absence),
    *(refusals.SystemFailure(where=where) for where in Failing),
    refusals.UnknownSubscriber(ported_mismatch=True),
]


def test_every_refusal_has_an_error() -> None:
    # By name: a dataclass with slots is a second class, and the first one may still be there.
    assert {each.__name__ for each in Refusal.__subclasses__()} == {each.__name__ for each in FORM_OF}


def test_every_error_that_is_younger_than_version_1_has_a_substitute() -> None:
    assert {form.code for form in FORM_OF.values() if form.since > 1} == INSTEAD.keys()


@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_refusal_can_be_written_in_every_version(version: int) -> None:
    for refusal in EVERY_REFUSAL:
        code, parameter = write_refusal(refusal, version)
        assert FORM_OF[type(refusal)].since > version or code == FORM_OF[type(refusal)].code
        assert parameter == b"" or ber.only(parameter)[0] == (0x30 if version == 3 else 0x0A)


@pytest.mark.parametrize(
    ("refusal", "version", "written"),
    [
        (refusals.AbsentSubscriber(why=Absence.PURGED), 3, (27, "3003800100")),
        (refusals.AbsentSubscriber(why=Absence.NO_PAGE_RESPONSE), 3, (27, "3003800102")),
        (refusals.AbsentSubscriber(why=Absence.PURGED), 2, (27, "")),
        (refusals.SystemFailure(where=Failing.VLR), 2, (34, "0a0102")),
        (refusals.BusySubscriber(), 2, (27, "")),
        (refusals.OptimalRoutingNotAllowed(), 1, (21, "")),
        (refusals.AbsentForShortMessage(), 1, (27, "")),
    ],
)
def test_the_form_of_an_error_follows_the_version(refusal: Refusal, version: int, written: tuple[int, str]) -> None:
    code, parameter = write_refusal(refusal, version)
    assert (code, parameter.hex()) == written


@pytest.mark.parametrize(
    ("parameter", "detail"),
    [("", None), ("0a0101", 1), ("30030a0102", 2), ("3003800103", 3), ("3000", None), ("0401ff", None), ("30", None)],
)
def test_the_number_in_an_error_is_read_in_any_form(parameter: str, detail: int | None) -> None:
    assert read_detail(bytes.fromhex(parameter)) == detail


# Values and codecs.


@pytest.mark.parametrize("text", ["12x", "1+2", "12\u00b2", "d", "f", "é"])
def test_what_is_no_digit_is_not_written(text: str) -> None:
    with pytest.raises(ValueError, match=r"digits|hexadecimal"):
        write_tbcd(text)


@pytest.mark.parametrize("octets", ["1f21", "ffff", "f1"])
def test_a_filler_stands_only_at_the_end(octets: str) -> None:
    if octets == "f1":
        assert read_tbcd(bytes.fromhex(octets)) == "1"
    else:
        with pytest.raises(DecodeError):
            read_tbcd(bytes.fromhex(octets))


@pytest.mark.parametrize("read", [read_address, read_imsi])
@pytest.mark.parametrize("octets", [b"", bytes(21)])
def test_numbers_have_bounds(read: Any, octets: bytes) -> None:
    with pytest.raises(DecodeError):
        read(octets)


def test_an_address_shows_its_plus_sign() -> None:
    assert (str(Address("4917")), str(Address("0171", nature=2))) == ("+4917", "0171")


def test_the_first_of_a_repeated_member_counts_and_a_missing_one_is_named() -> None:
    shape: Sequence[dict[str, bytes]] = Sequence(dict, Member("a", 0x80, OCTETS, mandatory=True))
    assert shape.read(bytes.fromhex("800101800102")) == {"a": b"\1"}
    with pytest.raises(MissingMember, match="a is missing"):
        shape.read(b"")


def test_a_parameter_may_have_a_long_length_and_must_have_its_tag() -> None:
    assert content_of(bytes.fromhex("30810105"), 0x30) == b"\5"
    for wrong in ("", "310105", "300205", "30010505"):
        with pytest.raises(DecodeError):
            content_of(bytes.fromhex(wrong), 0x30)


def test_a_result_before_version_3_has_an_imsi() -> None:
    with pytest.raises(ValueError, match="IMSI"):
        write_routing_info_res(SendRoutingInfoRes(), 2)
    for wrong in ("", "0400", "3000"):
        with pytest.raises(DecodeError):
            read_routing_info_res(bytes.fromhex(wrong))


def test_cug_data_travel_in_version_2_only() -> None:
    result = SendRoutingInfoRes(imsi="262011234567890", roaming_number=Address("4917"), cug_check_info=b"\4\1\1")
    assert read_routing_info_res(write_routing_info_res(result, 2)) == result
    assert read_routing_info_res(write_routing_info_res(result, 1)).cug_check_info is None
    bare = SendRoutingInfoRes(imsi="262011234567890")
    assert read_routing_info_res(write_routing_info_res(bare, 2)) == bare


def test_unknown_members_of_an_old_result_are_skipped() -> None:
    octets = bytes.fromhex("30 14 0408 62110000000000f0 800101 0402 9117 0401ff".replace(" ", ""))
    result = read_routing_info_res(octets)
    assert result == SendRoutingInfoRes(imsi="261100000000000", roaming_number=Address("71"))


@pytest.mark.parametrize("octets", ["", "0500", "30020500"])
def test_a_roaming_number_that_is_none_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        read_roaming_number_res(bytes.fromhex(octets))


def test_empty_arguments_are_refused() -> None:
    with pytest.raises(DecodeError):
        read_routing_info_arg(b"", 3)


@pytest.mark.parametrize("octets", ["0500", "30028101", "3003810105", "30038001ff", "0401ff"])
def test_an_extension_that_is_not_ours_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        read_icscf(bytes.fromhex(octets))


def test_our_extension_is_found_among_others() -> None:
    ours = PrivateExtension(oid=ber.write_oid("1.2.3"), body=IcscfRoutingInfo(name="a", port=1).encode())
    other = PrivateExtension(oid=ber.write_oid("1.2.4"))
    assert find_icscf([other, ours], "1.2.3") == IcscfRoutingInfo(name="a", port=1)
    assert find_icscf([other], "1.2.3") is None


@pytest.mark.parametrize("content", ["a0", "a0023000", "a003300105", "a004300205 00"])
def test_a_container_that_cannot_be_read_is_empty(content: str) -> None:
    assert read_container(bytes.fromhex(content)) == ()


def test_pcs_extensions_are_skipped() -> None:
    assert read_container(bytes.fromhex("a100")) == ()


@pytest.mark.parametrize("octets", ["", "0400000100", "04000001000503ff", "05000001000503", "040000010005ff"])
def test_what_is_no_map_context_is_none(octets: str) -> None:
    assert read_context(bytes.fromhex(octets)) is None


@pytest.mark.parametrize("dotted", ["1", "3.1", "0.40", "1.-1", "a.b"])
def test_what_is_no_object_identifier_is_not_written(dotted: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - int() has a message of its own
        ber.write_oid(dotted)


@pytest.mark.parametrize(
    "octets",
    [
        *(
            "-",
            "30",
            "3002",
            "1f",
            "1f01",
            "1f8181818101",
            "3081",
            "3082ff",
            "3085",
            "308501",
            "3080",
            "308000",
            "9f81",
        ),
        *("3003040200", "30000000"),
    ],
)
def test_elements_that_are_not_whole_are_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        read_all(bytes.fromhex(octets.replace("-", "")))


def read_all(octets: bytes) -> None:
    """Read an element and those inside."""
    for _ in ber.elements(ber.only(octets)[1]):
        pass


def test_indefinite_lengths_nest_only_so_deep() -> None:
    with pytest.raises(DecodeError, match="deep"):
        ber.only(bytes.fromhex("3080" * 40 + "0000" * 40))


def test_integers_have_bounds() -> None:
    for octets in (b"", bytes(9)):
        with pytest.raises(DecodeError):
            ber.read_integer(octets)
    assert ber.write(0, b"") == b"\0\0"


# Answers.


@pytest.mark.parametrize(
    ("outcome", "answer"),
    [
        (Lost(how=Ending.EXPIRED), SriAnswer(failure="no answer in time", answered=False)),
        (Lost(how=Ending.NOTICE, cause=4), SriAnswer(failure="returned by the network (cause 4)")),
        (Lost(how=Ending.REFUSED, offered=2), SriAnswer(failure="refused; the peer offers version 2")),
        (Rejected(kind=0x81, problem=1), SriAnswer(failure="rejected: problem 1 of kind 0x81")),
        (Failed(version=3, code=999, parameter=b""), SriAnswer(version=3, error="unknown-error", error_code=999)),
        (Completed(version=3, parameters=()), SriAnswer(version=3, failure="the result is empty")),
        (Failed(version=3, code=None, parameter=b""), SriAnswer(version=3, error="unknown-error")),
    ],
)
def test_an_outcome_becomes_an_answer(outcome: Any, answer: SriAnswer) -> None:
    assert read_answer(outcome) == answer


def test_a_result_that_cannot_be_read_is_a_failure() -> None:
    answer = read_answer(Completed(version=3, parameters=(b"\5\0",)))
    assert answer.failure is not None
    assert answer.failure.startswith("the result cannot be read")


def test_a_forwarding_without_options_has_no_condition() -> None:
    answer = read_answer(Completed(version=3, parameters=(bytes.fromhex("a30530038501 91"),)))
    assert (answer.forwarded_to, answer.condition) == ("", None)
    answer = read_answer(Completed(version=3, parameters=(bytes.fromhex("a302 3000"),)))
    assert (answer.forwarded_to, answer.condition) == (None, None)


def test_every_known_error_has_a_name() -> None:
    for error in MapError:
        answer = read_answer(Failed(version=3, code=error, parameter=b""))
        assert answer.error == error.name.lower().replace("_", "-")


def test_the_layers_of_a_segment_end_with_sccp() -> None:
    part = Segmentation(first=True, sequenced=True, remaining=1, reference=1)
    xudt = Message(type=Type.XUDT, code=0, called=b"\x42\6", calling=b"\x42\x08", data=b"d", segmentation=part).encode()
    octets = messages.write_transfer(Transfer(opc=1, dpc=2, data=xudt))
    assert [layer.layer for layer in layers_of(octets)] == ["M3UA", "SCCP"]
    assert layers_of(b"nonsense") == []


@pytest.mark.parametrize(
    ("error", "detail", "name"),
    [
        (1, 2, "npdb mismatch"),
        (13, 1, "operator barring"),
        (27, 0, "imsi detach"),
        (34, 1, "hlr"),
        (34, 99, "99"),
        (44, 5, "5"),
        (None, 5, "5"),
        (1, None, None),
    ],
)
def test_the_number_in_an_error_has_a_name(error: int | None, detail: int | None, name: str | None) -> None:
    assert detail_name(SriAnswer(error_code=error, error_detail=detail)) == name
