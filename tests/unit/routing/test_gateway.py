from collections.abc import Callable
from dataclasses import replace

import pytest

from routing import Rows, State, Suppose, Tables, build
from routing.gateway import FromIam, GatewaySettings, calling_uri, route_iam
from routing.iam import MOST_PARAMETERS, Calling, decode_iam
from routing.normalise import DEFAULT_PROFILE, Profile, Signals
from routing.ports import RoutingInfo, RoutingInfoResult
from routing.selection import Member
from routing.tables import Operator, Pool
from schemas.octets import DecodeError

CALLED = "0410942791752809"  # international, +497219578290
SETTINGS = GatewaySettings(host="mgcf1.fest.example")
Send = Callable[..., FromIam]


def number(digits: str, noa: int = 4, second: int = 0x10) -> str:
    """Write an ISUP number parameter."""
    odd = len(digits) % 2
    nibbles = digits + "0" * odd
    swapped = "".join(nibbles[at + 1] + nibbles[at] for at in range(0, len(nibbles), 2))
    return f"{noa | odd << 7:02X}{second:02X}{swapped}"


def iam(called: str = CALLED, optional: str = "", *, translated: bool = False, circuit: str = "") -> bytes:
    """Write an IAM; `optional` = parameters with name and length, without the end."""
    length = len(called) // 2
    pointer = f"{length + 2:02X}" if optional else "00"
    forward = "6010" if translated else "6000"
    end = optional + "00" if optional else ""
    return bytes.fromhex(f"{circuit}0100{forward}0A00" + f"02{pointer}{length:02X}{called}{end}")


def parameter(name: int, value: str) -> str:
    return f"{name:02X}{len(value) // 2:02X}{value}"


def caller(second: int, digits: str = "4930123456", noa: int = 4) -> str:
    return parameter(0x0A, number(digits, noa, second))


@pytest.fixture
def send(hss, tables: Tables) -> Send:
    def sent(
        octets: bytes, settings: GatewaySettings = SETTINGS, *, into: Tables = tables, with_circuit: bool = False
    ) -> FromIam:
        return route_iam(octets, into, State(subscribers=hss), settings, with_circuit=with_circuit)

    return sent


def lines(found: FromIam) -> list[str]:
    assert found.invite is not None
    return found.invite.decode().split("\r\n")


def starting(found: FromIam, name: str) -> list[str]:
    return [line for line in lines(found) if line.startswith(name)]


def test_an_iam_becomes_an_invite_to_the_icscf(send: Send) -> None:
    found = send(iam(optional=caller(0x13)))
    assert lines(found)[0] == "INVITE tel:+497219578290 SIP/2.0"
    assert starting(found, "To:") == ["To: <tel:+497219578290>"]
    [sender] = starting(found, "From:")
    assert sender.startswith("From: <tel:+4930123456>;tag=")
    assert starting(found, "P-Asserted-Identity:") == ["P-Asserted-Identity: <tel:+4930123456>"]
    assert starting(found, "Privacy:") == []
    assert lines(found)[-3:] == ["Content-Length: 0", "", ""]
    assert found.next_hop is found.plan.icscf.ranking.chosen
    assert found.release_cause is None
    assert found == send(iam(optional=caller(0x13)))


def test_a_mobile_number_goes_through_the_answer_to_sendroutinginfo(send: Send, hss) -> None:
    found = send(iam(number("491715407090")))
    assert lines(found)[0] == "INVITE tel:+491715407090 SIP/2.0"
    assert hss.asked[0].msisdn == "491715407090"
    hss.info = RoutingInfo(RoutingInfoResult.UNKNOWN)
    refused = send(iam(number("491715407090")))
    assert (refused.invite, refused.next_hop, refused.release_cause) == (None, None, 1)


@pytest.mark.parametrize(
    ("second", "shown", "asserted", "privacy"),
    [
        (0x10, "<tel:+4930123456>", False, False),  # allowed, user provided, not verified
        (0x11, "<tel:+4930123456>", True, False),  # verified and passed
        (0x12, '"Anonymous" <sip:anonymous@anonymous.invalid>', False, False),  # verified and failed
        (0x17, '"Anonymous" <sip:anonymous@anonymous.invalid>', True, True),  # restricted, network provided
        (0x1B, '"Anonymous" <sip:anonymous@anonymous.invalid>', False, False),  # not available
    ],
)
def test_the_caller_is_shown_as_presentation_and_screening_allow(
    send: Send, second: int, shown: str, *, asserted: bool, privacy: bool
) -> None:
    found = send(iam(optional=caller(second)))
    assert starting(found, "From:")[0].startswith(f"From: {shown};tag=")
    assert bool(starting(found, "P-Asserted-Identity:")) is asserted
    assert bool(starting(found, "Privacy: id")) is privacy


def test_the_calling_number_follows_its_nature_of_address(send: Send) -> None:
    assert "<tel:+4930123456>" in starting(send(iam(optional=caller(0x11, "30123456", 3))), "P-Asserted")[0]
    assert "<tel:+49721123>" in starting(send(iam(optional=caller(0x11, "123", 1))), "P-Asserted")[0]
    assert starting(send(iam(optional=caller(0x11, "0", 3))), "P-Asserted") == []
    assert starting(send(iam()), "From:")[0].startswith('From: "Anonymous"')


def test_stems_do_not_judge_callers() -> None:
    profile = replace(DEFAULT_PROFILE, ddi={"49721957829": (1, 4)})
    assert calling_uri(Calling(Signals(4, 1, "49721957829"), 0, 3), profile) == "tel:+49721957829"
    assert calling_uri(None, profile) is None


def test_a_number_that_was_translated_is_not_looked_up_again(send: Send) -> None:
    ported = number("491715550001")
    assert send(iam(ported)).plan.operator.key == "fremd"
    found = send(iam(ported, translated=True))
    assert (found.plan.operator.key, found.plan.portability.dipped, found.plan.number.npdi) == ("mobil", False, True)


AMERICA = replace(SETTINGS, profile=Profile(cc="1", ndc="215", trunk="1", intl="011"))
DIALLED, LRN = "2155550123", "2155550199"


def generic(value: str, kind: int = 0xC0) -> str:
    """Write a generic number: its type, then a number like that of the caller."""
    return parameter(0xC0, f"{kind:02X}{value}")


@pytest.fixture
def america(rows: Callable[..., Rows]) -> Tables:
    return build(rows(prefixes=[("1215", "festnetz"), ("1303", "fremd")], routing_numbers=[], ported=[]))


def test_a_ported_number_goes_on_with_its_routing_number(send: Send, america: Tables) -> None:
    octets = iam(number(LRN, 3), generic(number(DIALLED, 3)) + caller(0x13), translated=True)
    found = send(octets, AMERICA, into=america)
    uri = "tel:+12155550123;npdi;rn=+12155550199"
    assert lines(found)[0] == f"INVITE {uri} SIP/2.0"
    assert starting(found, "To:") == [f"To: <{uri}>"]
    assert found.plan.request_uri == uri
    assert (found.plan.portability.dipped, found.plan.portability.rn) == (False, "+12155550199")
    assert found.plan.operator.match == "routing-number"
    assert found.iam.ported == bytes.fromhex(number(DIALLED, 3))


def test_the_routing_number_decides_where_a_ported_call_goes(send: Send, america: Tables) -> None:
    found = send(iam(number("3035550199", 3), generic(number(DIALLED, 3)), translated=True), AMERICA, into=america)
    assert (found.plan.operator.key, found.invite) == ("fremd", None)
    assert found.plan.request_uri == "tel:+12155550123;npdi;rn=+13035550199"


def test_a_local_routing_number_keeps_its_context(send: Send) -> None:
    found = send(iam(number("D212", 5), generic(number("497219578290")), translated=True))
    assert lines(found)[0] == "INVITE tel:+497219578290;npdi;rn=D212;rn-context=+49 SIP/2.0"


@pytest.mark.parametrize(
    ("optional", "translated"),
    [
        (generic(number(DIALLED, 3)), False),
        (generic(number(DIALLED, 3), 0x06), True),
        (generic(number(DIALLED, 3), 0x00), True),
        (parameter(0xC0, ""), True),
        ("", True),
    ],
)
def test_other_generic_numbers_leave_the_called_number_alone(
    send: Send, america: Tables, optional: str, *, translated: bool
) -> None:
    found = send(iam(number(LRN, 3), optional, translated=translated), AMERICA, into=america)
    assert lines(found)[0] == f"INVITE tel:+1{LRN}{';npdi' if translated else ''} SIP/2.0"
    assert found.iam.ported is None


@pytest.mark.parametrize(
    ("lrn", "dialled", "code"),
    [
        (number(LRN, 3), "", "E_SYNTAX"),
        (number(LRN, 3), number("0", 7), "E_NOA"),
        (number(LRN, 7), number(DIALLED, 3), "E_NOA"),
    ],
)
def test_a_ported_call_with_an_unreadable_number_is_released(
    send: Send, america: Tables, lrn: str, dialled: str, code: str
) -> None:
    found = send(iam(lrn, generic(dialled), translated=True), AMERICA, into=america)
    assert (found.invite, found.release_cause, found.plan.outcome.code) == (None, 1, code)


@pytest.mark.parametrize(
    ("transport", "via"), [("udp", "UDP"), ("tcp", "TCP"), ("tls", "TLS"), ("sctp", "SCTP"), ("TLS-SCTP", "TLS-SCTP")]
)
def test_the_via_names_the_transport_to_the_icscf(
    send: Send, rows: Callable[..., Rows], transport: str, via: str
) -> None:
    pool = Pool(name="p", members=(Member(host="icscf9.example", transport=transport),))
    operators = rows().operators | {"festnetz": Operator(name="festnetz", type=2, pool=pool)}
    found = send(iam(), into=build(replace(rows(), operators=operators)))
    assert starting(found, "Via:")[0].startswith(f"Via: SIP/2.0/{via} mgcf1.fest.example:5060;branch=z9hG4bK")
    assert found.next_hop.transport == transport


def test_the_isup_body_is_an_option(send: Send) -> None:
    octets = iam(optional=caller(0x13))
    found = send(octets, replace(SETTINGS, isup_body=True))
    head, _, body = found.invite.partition(b"\r\n\r\n")
    assert body == octets
    assert b"Content-Type: application/ISUP;version=itu-t92+;base=itu-t92+\r\n" in head
    assert head.endswith(b"Content-Disposition: signal;handling=optional\r\nContent-Length: %d" % len(octets))


def test_the_circuit_is_read_where_it_is_said_to_be_there(send: Send) -> None:
    found = send(iam(circuit="0510"), with_circuit=True)
    assert (found.iam.circuit, found.iam.octets) == (5, iam())
    assert (found.iam.category, found.iam.medium) == (10, 0)


def test_an_incomplete_number_is_released_with_cause_28(send: Send) -> None:
    assert send(iam(number("49721957829"))).release_cause == 28
    assert send(iam(), replace(SETTINGS, suppose=Suppose(hss_unreachable=True))).release_cause is None
    down = Suppose(down=frozenset(f"icscf{at}.ims.example" for at in (1, 2, 3)))
    assert send(iam(), replace(SETTINGS, suppose=down)).release_cause == 41


def test_a_call_for_another_operator_is_neither_invited_nor_released(send: Send, rows: Callable[..., Rows]) -> None:
    found = send(iam(number("498123")), into=build(rows()))
    assert (found.plan.outcome.status, found.invite, found.release_cause) == ("handed-over", None, None)


def test_other_parameters_are_kept() -> None:
    found = decode_iam(iam(optional=parameter(0x3D, "1F") + caller(0x13)))
    assert [name for name, _ in found.parameters] == [0x3D, 0x0A]
    assert found.calling == Calling(Signals(4, 1, "4930123456"), 0, 3)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x02" + iam()[1:],
        iam()[:-1],
        iam()[:6],
        iam() + b"\0" * 300,
        bytes.fromhex("0100600000000000"),
        iam(optional=caller(0x13))[:-1],
        iam(optional=parameter(0x0A, "84")),
        iam(optional=parameter(0x0A, "8413")),
        iam(optional="0100" * (MOST_PARAMETERS + 1)),
    ],
)
def test_what_is_no_iam_is_refused_with_the_place(octets: bytes) -> None:
    with pytest.raises(DecodeError) as failed:
        decode_iam(octets)
    assert 0 <= failed.value.at <= len(octets)


def test_every_cut_iam_is_refused() -> None:
    octets = iam(optional=caller(0x13))
    for end in range(len(octets)):
        with pytest.raises(DecodeError):
            decode_iam(octets[:end])
