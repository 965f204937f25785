from collections.abc import Callable
from dataclasses import replace

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest

from routing import Rows, State, Tables, build
from routing.enum_dns.answers import EnumSettings, answer
from routing.enum_dns.naptr import naptr, sip_record
from routing.enum_dns.wire import framed, name_octets, split_stream
from routing.normalise import DEFAULT_PROFILE
from routing.ports import RoutingInfo, RoutingInfoResult
from routing.selection import Member
from routing.tables import Operator, Pool

FIXED = "0.9.2.8.7.5.9.1.2.7.9.4.e164.arpa."
SETTINGS = EnumSettings(ttl_s=5, name_server="ns1.ims.example", mailbox="noc.ims.example")
Dig = Callable[..., dns.message.Message]


@pytest.fixture
def dig(hss, tables: Tables) -> Dig:
    def asked(
        name: str,
        kind: str = "NAPTR",
        *,
        into: Tables = tables,
        settings: EnumSettings = SETTINGS,
        tcp: bool = False,
        **more: object,
    ) -> dns.message.Message:
        question = dns.message.make_query(name, kind, **more)
        octets = answer(question.to_wire(), into, State(subscribers=hss), settings, tcp=tcp)
        reply = dns.message.from_wire(octets)
        assert question.is_response(reply)
        assert reply.question[0].name.labels == question.question[0].name.labels  # also the case is kept
        return reply

    return asked


def texts(reply: dns.message.Message) -> list[str]:
    return [record.to_text() for rrset in reply.answer for record in rrset]


def negative(reply: dns.message.Message) -> bool:
    [soa] = reply.authority
    return not reply.answer and soa.rdtype == dns.rdatatype.SOA and soa.name == dns.name.from_text("e164.arpa.")


def test_a_complete_number_gets_its_icscfs_in_order(dig: Dig) -> None:
    reply = dig(FIXED)
    assert (reply.rcode(), reply.flags & dns.flags.AA) == (dns.rcode.NOERROR, dns.flags.AA)
    records = texts(reply)
    assert [record[:26] for record in records] == [f'100 {at}0 "u" "E2U+sip" "!^(.' for at in (1, 2, 3)]
    assert all(record.endswith(';user=phone!" .') for record in records)
    assert {record[record.index("@") + 1 :].split(";")[0] for record in records} == {
        f"icscf{at}.ims.example" for at in (1, 2, 3)
    }
    assert reply.answer[0].ttl == 5
    assert reply.answer[0].name == dns.name.from_text(FIXED)


def test_the_expression_gives_the_number_back(dig: Dig) -> None:
    record = dig(FIXED).answer[0][0]
    assert record.regexp.decode().startswith("!^(.*)$!sip:\\1@icscf")


def test_a_number_in_a_range_of_unknown_length_has_records(dig: Dig) -> None:
    assert len(texts(dig("0.9.0.7.0.4.5.1.7.1.9.4.e164.arpa"))) == 3


@pytest.mark.parametrize(
    "name", ["e164.arpa", "9.2.8.7.5.9.1.2.7.9.4.e164.arpa", "7.9.4.e164.arpa", "7.1.9.4.e164.arpa"]
)
def test_apex_and_beginnings_of_numbers_are_empty_names(dig: Dig, name: str) -> None:
    reply = dig(name)
    assert reply.rcode() == dns.rcode.NOERROR
    assert negative(reply)


def test_a_stem_that_needs_no_digit_has_records_and_names_below_it(dig: Dig, rows: Callable[..., Rows]) -> None:
    tables = build(rows(prefixes=[], stems=[("49721957829", "festnetz", 0, 1)]))
    counts = [len(texts(dig(f"{head}9.2.8.7.5.9.1.2.7.9.4.e164.arpa", into=tables))) for head in ("", "0.")]
    assert counts == [3, 3]
    assert dig("0.0.9.2.8.7.5.9.1.2.7.9.4.e164.arpa", into=tables).rcode() == dns.rcode.NXDOMAIN
    empty = dig("2.8.7.5.9.1.2.7.9.4.e164.arpa", into=tables)
    assert (empty.rcode(), negative(empty)) == (dns.rcode.NOERROR, True)


@pytest.mark.parametrize(
    "name",
    [
        "0.3.2.1.e164.arpa",
        "5.4.3.2.1." + FIXED[2:],
        "x.9.4.e164.arpa",
        "12.7.9.4.e164.arpa",
        "9.0.e164.arpa",
        r"\255.9.4.e164.arpa",
    ],
)
def test_what_nobody_has_does_not_exist(dig: Dig, name: str) -> None:
    reply = dig(name)
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert negative(reply)


@pytest.mark.parametrize("kind", ["A", "SOA", "NS", "TXT"])
def test_other_types_have_no_data(dig: Dig, kind: str) -> None:
    reply = dig(FIXED, kind)
    assert reply.rcode() == dns.rcode.NOERROR
    assert negative(reply)


def test_the_apex_has_an_soa_record(dig: Dig) -> None:
    reply = dig("E164.arpa", "SOA")
    assert (reply.rcode(), reply.authority) == (dns.rcode.NOERROR, [])
    assert reply.flags & dns.flags.AA
    assert texts(reply) == ["ns1.ims.example. noc.ims.example. 412 3600 600 86400 5"]
    assert reply.answer[0].name == dns.name.from_text("e164.arpa.")


def test_the_apex_names_its_server_where_that_has_a_name(dig: Dig) -> None:
    assert texts(dig("e164.arpa", "NS")) == ["ns1.ims.example."]
    assert [record.split()[0] for record in texts(dig("e164.arpa", "ANY"))] == ["ns1.ims.example."] * 2
    nameless = EnumSettings()
    assert negative(dig("e164.arpa", "NS", settings=nameless))
    assert len(texts(dig("e164.arpa", "ANY", settings=nameless))) == 1


@pytest.mark.parametrize("kind", ["AXFR", "IXFR"])
@pytest.mark.parametrize("name", ["e164.arpa", FIXED])
@pytest.mark.parametrize("tcp", [False, True])
def test_there_is_no_zone_to_transfer(dig: Dig, name: str, kind: str, tcp: bool) -> None:
    reply = dig(name, kind, tcp=tcp)
    assert (reply.rcode(), reply.answer, reply.authority) == (dns.rcode.REFUSED, [], [])


def test_any_gets_the_records_too(dig: Dig) -> None:
    assert len(texts(dig(FIXED, "ANY"))) == 3


def test_the_soa_says_how_long_absence_holds_and_which_tables_answered(dig: Dig) -> None:
    [soa] = dig("e164.arpa").authority[0]
    assert (soa.serial, soa.minimum, soa.mname.to_text()) == (412, 5, "ns1.ims.example.")


@pytest.mark.parametrize("name", ["example.com", "arpa", ".", "1.e164.org"])
def test_other_suffixes_are_refused(dig: Dig, name: str) -> None:
    reply = dig(name)
    assert (reply.rcode(), reply.flags & dns.flags.AA, reply.authority) == (dns.rcode.REFUSED, 0, [])


def test_other_classes_are_refused(dig: Dig) -> None:
    assert dig(FIXED, rdclass="CH").rcode() == dns.rcode.REFUSED


def test_case_does_not_matter_and_is_kept(dig: Dig) -> None:
    assert len(texts(dig("0.9.2.8.7.5.9.1.2.7.9.4.E164.aRpA"))) == 3


def test_portability_is_given_in_private_trees_only(dig: Dig) -> None:
    private = replace(SETTINGS, porting=True)
    assert texts(dig("1.0.0.0.5.5.5.1.7.1.9.4.e164.arpa", settings=private)) == [
        '100 10 "u" "E2U+pstn:tel" "!^.*$!tel:+491715550001;npdi;rn=D123;rn-context=+49!" .'
    ]
    assert texts(dig("4.0.0.0.5.5.5.1.7.1.9.4.e164.arpa", settings=private))[0].endswith(';npdi;rn=+49199!" .')
    assert texts(dig(FIXED, settings=private))[0].endswith('"!^.*$!tel:+497219578290;npdi!" .')
    assert texts(dig(FIXED, settings=private))[1].startswith('100 20 "u" "E2U+sip"')
    assert texts(dig("1.0.0.0.5.5.5.1.7.1.9.4.e164.arpa")) == []


def test_the_number_of_records_is_a_setting(dig: Dig) -> None:
    assert len(texts(dig(FIXED, settings=replace(SETTINGS, most_records=1)))) == 1


def test_a_failure_behind_the_name_is_no_absence(dig: Dig, hss) -> None:
    mobile = "0.9.0.7.0.4.5.1.7.1.9.4.e164.arpa"
    hss.info = RoutingInfo(RoutingInfoResult.UNREACHABLE)
    reply = dig(mobile)
    assert (reply.rcode(), reply.authority) == (dns.rcode.SERVFAIL, [])
    hss.info = RoutingInfo(RoutingInfoResult.UNKNOWN)
    assert dig(mobile).rcode() == dns.rcode.NXDOMAIN
    hss.info = RoutingInfo(RoutingInfoResult.ABSENT)
    assert dig(mobile).rcode() == dns.rcode.NOERROR
    assert negative(dig(mobile))
    hss.info = RoutingInfo(RoutingInfoResult.ROAMING_NUMBER, number="491")
    assert negative(dig(mobile))


def big(rows: Callable[..., Rows]) -> Tables:
    members = tuple(Member(host=f"icscf{at}.a-rather-long-name.of.an.operator.example") for at in range(8))
    given = rows()
    given.operators["festnetz"] = Operator(name="festnetz", type=2, pool=Pool(name="big", members=members))
    return build(given)


def test_an_answer_that_is_too_long_says_so(dig: Dig, rows: Callable[..., Rows]) -> None:
    tables = big(rows)
    short = dig(FIXED, into=tables)
    assert short.flags & dns.flags.TC
    assert (short.answer, short.authority) == ([], [])
    assert len(texts(dig(FIXED, into=tables, tcp=True))) == 8
    with_edns = dig(FIXED, into=tables, use_edns=0, payload=4096)
    assert (len(texts(with_edns)), with_edns.payload) == (8, 1232)
    assert dig(FIXED, into=tables, use_edns=0, payload=100).flags & dns.flags.TC


def test_edns_is_answered_by_edns(dig: Dig) -> None:
    assert dig(FIXED).edns == -1
    reply = dig(FIXED, use_edns=0, options=[dns.edns.GenericOption(10, b"12345678")])
    assert (reply.edns, reply.payload, len(texts(reply))) == (0, 1232, 3)


def ask(message: bytes, tables: Tables) -> dns.message.Message | None:
    octets = answer(message, tables, State(), SETTINGS)
    return None if octets is None else dns.message.from_wire(octets)


def test_an_unknown_version_of_edns_is_named(tables: Tables) -> None:
    question = bytearray(dns.message.make_query(FIXED, "NAPTR", use_edns=0).to_wire())
    question[-5] = 1
    reply = ask(bytes(question), tables)
    assert reply.rcode() == dns.rcode.BADVERS
    assert reply.answer == []


def test_messages_that_must_not_be_answered_are_not(tables: Tables) -> None:
    question = dns.message.make_query(FIXED, "NAPTR")
    octets = question.to_wire()
    assert ask(b"", tables) is None
    assert ask(octets[:11], tables) is None
    assert ask(dns.message.make_response(question).to_wire(), tables) is None
    assert ask(octets[:2] + b"\x80" + octets[3:5] + b"\x02" + octets[6:], tables) is None


@pytest.mark.parametrize("tcp", [False, True])
@pytest.mark.parametrize("edns", [-1, 0])
@pytest.mark.parametrize("count", [b"\0\0", b"\0\2", b"\xff\xff"])
def test_a_query_without_exactly_one_question_gets_formerr_and_a_header(
    tables: Tables, count: bytes, edns: int, tcp: bool
) -> None:
    octets = dns.message.make_query(FIXED, "NAPTR", id=0x1234, use_edns=edns).to_wire()
    for question in (octets[:4] + count + octets[6:], octets[:4] + count + bytes(6)):
        assert answer(question, tables, State(), SETTINGS, tcp=tcp).hex() == "123481010000000000000000"


def test_another_opcode_is_not_implemented(tables: Tables) -> None:
    question = dns.message.make_query(FIXED, "NAPTR")
    question.set_opcode(dns.opcode.NOTIFY)
    reply = ask(question.to_wire(), tables)
    assert (reply.rcode(), reply.opcode(), reply.id) == (dns.rcode.NOTIMP, dns.opcode.NOTIFY, question.id)


OPT = b"\0\x00\x29\x10\x00\0\0\0\0\0\0"
HEAD = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00"
TAIL = b"\x019\x04e164\x04arpa\x00\x00\x23\x00\x01"


@pytest.mark.parametrize(
    "message",
    [
        HEAD + b"\0" + b"\x019\x04e1",
        HEAD + b"\0" + b"\xc0\x0c\x00\x23\x00\x01",
        HEAD + b"\0" + (b"\x3f" + b"a" * 63) * 4 + b"\0\x00\x23\x00\x01",
        HEAD + b"\0" + TAIL + b"x",
        HEAD + b"\1" + TAIL,
        HEAD + b"\2" + TAIL + OPT + OPT,
        HEAD + b"\1" + TAIL + b"\x01a" + OPT,
        HEAD + b"\x09" + TAIL + OPT * 9,
        HEAD + b"\1" + TAIL + OPT[:-2] + b"\x00\x09",
    ],
)
def test_a_malformed_question_gets_formerr_and_no_more_than_a_header(message: bytes, tables: Tables) -> None:
    octets = answer(message, tables, State(), SETTINGS)
    assert octets.hex() == "123481010000000000000000"


def test_records_that_are_not_opt_are_passed_over(tables: Tables) -> None:
    other = b"\0\x00\x01\x00\x01\0\0\0\0\0\x04abcd"
    assert ask(HEAD + b"\1" + TAIL + other, tables).rcode() == dns.rcode.NXDOMAIN
    assert ask(HEAD + b"\2" + TAIL + other + OPT, tables).edns == 0


def test_a_stream_is_cut_into_messages() -> None:
    stream = framed(b"one") + framed(b"") + framed(b"three")
    assert split_stream(stream) == ([b"one", b"", b"three"], b"")
    assert split_stream(stream[:-1]) == ([b"one", b""], b"\0\x05thre")
    assert split_stream(b"\0") == ([], b"\0")


@pytest.mark.parametrize("name", ["a..b", "x" * 64, ".".join(["x" * 60] * 5)])
def test_a_name_that_no_message_can_hold_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not a domain name"):
        name_octets(name)


def test_the_root_is_a_name() -> None:
    assert name_octets(".") == b"\0"


def test_records_name_port_and_transport_where_they_are_unusual() -> None:
    data = sip_record(10, Member(host="h.example", port=5070, transport="tcp"))
    assert b"sip:\\1@h.example:5070;user=phone;transport=tcp!" in data
    assert naptr(10, "E2U+sip", "!" * 256) is None


def test_a_record_that_does_not_fit_is_left_out(dig: Dig, rows: Callable[..., Rows]) -> None:
    given = rows()
    members = (Member(host="x" * 250), Member(host="short"))
    given.operators["festnetz"] = Operator(name="festnetz", type=2, pool=Pool(name="odd", members=members))
    assert len(texts(dig(FIXED, into=build(given)))) == 1


def test_another_suffix_may_be_served(dig: Dig) -> None:
    private = replace(SETTINGS, profile=replace(DEFAULT_PROFILE, enum_suffix="e164.private.example"))
    assert len(texts(dig(FIXED.replace("e164.arpa", "e164.private.example"), settings=private))) == 3
    assert dig(FIXED, settings=private).rcode() == dns.rcode.REFUSED
