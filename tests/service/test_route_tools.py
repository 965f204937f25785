"""ENUM by dig and SIP redirect by sipp, as people use them; collected where both are installed."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.service.conftest import Service
from tests.service.test_route import FIXED, place

# --- ENUM ------------------------------------------------------------------------------------------------------------


def dig(service: Service, name: str, *options: str, record_type: str = "NAPTR") -> str:
    host, port = place(service, "enum")
    command = ["dig", f"@{host}", "-p", port, "+tries=2", "+time=5", *options, name, record_type]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout


def dig_flags(text: str) -> set[str]:
    found = re.search(r"^;; flags: ([a-z ]*);", text, re.MULTILINE)
    assert found, text
    return set(found[1].split())


def records(text: str, record_type: str = "NAPTR") -> list[tuple[str, str, str]]:
    """Give owner, TTL and data of the records of a type, in order."""
    return re.findall(rf"^([^;\s]\S*)\s+(\d+)\s+IN\s+{record_type}\s+(.*)$", text, re.MULTILINE)


def enum_name(number: str) -> str:
    return ".".join(reversed(number[1:])) + ".e164.arpa"


@pytest.mark.parametrize("options", [(), ("+tcp",), ("+noedns",), ("+tcp", "+noedns")])
def test_dig_gets_the_icscfs_in_order(service: Service, options: tuple[str, ...]) -> None:
    text = dig(service, enum_name(FIXED), *options)
    assert "status: NOERROR" in text
    assert re.search(r"flags: [a-z ]*\baa\b", text)
    hosts = [f"icscf{at}.fixed.example" for at in (1, 2)]
    lines = [
        f'100 {10 * at} "u" "E2U+sip" "!^(.*)$!sip:\\\\1@{host};user=phone!" .' for at, host in enumerate(hosts, 1)
    ]
    assert re.findall(r"\sNAPTR\s(100 .*)", text) == lines
    assert ("OPT PSEUDOSECTION" in text) is ("+noedns" not in options)


@pytest.mark.parametrize(
    ("name", "status", "soa"),
    [
        (enum_name(FIXED).upper(), "NOERROR", False),
        (enum_name("+49721957829"), "NOERROR", True),
        (enum_name("+4972"), "NOERROR", True),
        ("e164.arpa", "NOERROR", True),
        (enum_name("+4972195782912345"), "NXDOMAIN", True),
        (enum_name("+43123"), "NXDOMAIN", True),
        ("x.9.4.e164.arpa", "NXDOMAIN", True),
        ("12.9.4.e164.arpa", "NXDOMAIN", True),
        ("1.9.4.e164.example", "REFUSED", False),
    ],
)
def test_dig_gets_the_status_of_every_name(service: Service, name: str, status: str, soa: bool) -> None:
    text = dig(service, name)
    assert f"status: {status}" in text
    assert ("aa" in dig_flags(text)) is (status != "REFUSED")
    assert records(text) == [] or not soa
    serial = service.call("GET", "route", "tables")[1]["generation"]
    times = f"{serial} 3600 600 86400 0"
    assert records(text, "SOA") == [("e164.arpa.", "0", f"ns.invalid. hostmaster.invalid. {times}")] * soa


def test_dig_finds_the_soa_in_the_answer_at_the_apex_and_no_name_of_a_server(service: Service) -> None:
    for record_type, section in (("SOA", "ANSWER"), ("NS", "AUTHORITY")):
        text = dig(service, "e164.arpa", record_type=record_type)
        assert {"aa"} <= dig_flags(text)
        assert [owner for owner, _, _ in records(text, "SOA")] == ["e164.arpa."]
        assert re.search(rf";; {section} SECTION:\ne164\.arpa\.\s+0\s+IN\s+SOA\s", text), text


def test_dig_finds_the_case_of_its_question_in_the_answer_and_no_time_to_keep_it(service: Service) -> None:
    name = enum_name(FIXED).replace("e164.arpa", "e164.ARPA")
    assert [(owner, ttl) for owner, ttl, _ in records(dig(service, name))] == [(f"{name}.", "0")] * 2


@pytest.mark.parametrize(
    ("record_type", "number", "status", "answers"),
    [
        ("ANY", FIXED, "NOERROR", 2),
        ("A", FIXED, "NOERROR", 0),
        ("TXT", FIXED, "NOERROR", 0),
        ("SOA", "+49721957829", "NOERROR", 0),
        ("TYPE65300", FIXED, "NOERROR", 0),
        ("A", "+43123", "NXDOMAIN", 0),
        ("ANY", "+43123", "NXDOMAIN", 0),
    ],
)
def test_dig_gets_records_by_naptr_and_any_alone(
    service: Service, record_type: str, number: str, status: str, answers: int
) -> None:
    text = dig(service, enum_name(number), "+notcp", record_type=record_type)
    assert f"status: {status}" in text
    assert (len(records(text)), len(records(text, "SOA"))) == (answers, 0 if answers else 1)


@pytest.mark.parametrize(
    ("options", "status"),
    [
        (("+edns=1", "+noednsnegotiation"), "BADVERS"),
        (("+opcode=STATUS",), "NOTIMP"),
        (("+opcode=UPDATE",), "NOTIMP"),
        (("-c", "CH"), "REFUSED"),
    ],
)
def test_dig_gets_the_status_of_what_is_no_question_about_a_number(
    service: Service, options: tuple[str, ...], status: str
) -> None:
    text = dig(service, enum_name(FIXED), *options)
    assert f"status: {status}" in text
    assert records(text) == []


def test_dig_gets_by_tcp_what_no_datagram_holds(service: Service) -> None:
    hosts = [f"{'long-' * 8}{at}.fixed.example" for at in range(8)]
    pool = service.call("GET", "icscf-pools", "fixed-icscfs")[1]
    service.patch("icscf-pools", "fixed-icscfs", members=[{"host": h, "priority": at} for at, h in enumerate(hosts)])
    asked = {
        options: dig(service, enum_name(FIXED), *options)
        for options in [("+ignore", "+noedns"), ("+ignore", "+bufsize=512"), ("+ignore", "+bufsize=1232"), ("+noedns",)]
    }
    service.patch("icscf-pools", "fixed-icscfs", members=pool["members"])
    for options in [("+ignore", "+noedns"), ("+ignore", "+bufsize=512")]:
        assert {"aa", "tc"} <= dig_flags(asked[options])
        assert records(asked[options]) == []
    for options in [("+ignore", "+bufsize=1232"), ("+noedns",)]:
        assert "tc" not in dig_flags(asked[options])
        assert re.findall(r"@(.*?);", asked[options]) == hosts
    assert "(TCP)" in asked["+noedns",]


# --- SIP -------------------------------------------------------------------------------------------------------------

SCENARIO = """<?xml version="1.0" encoding="ISO-8859-1"?>
<scenario name="redirected">
  <send><![CDATA[
    INVITE {uri} SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    Max-Forwards: 70
    From: <sip:caller@example.com>;tag=[pid]SIPpTag00[call_number]
    To: <{uri}>
    Call-ID: [call_id]
    CSeq: 1 INVITE
    Contact: <sip:caller@[local_ip]:[local_port]>
    Content-Length: 0
  ]]></send>
  <recv response="{status}">
    <action><ereg regexp="{contact}" search_in="msg" check_it="true" assign_to="1"/></action>
  </recv>
  <send><![CDATA[
    ACK {uri} SIP/2.0
    Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
    Max-Forwards: 70
    From: <sip:caller@example.com>;tag=[pid]SIPpTag00[call_number]
    To: <{uri}>[peer_tag_param]
    Call-ID: [call_id]
    CSeq: 1 ACK
    Content-Length: 0
  ]]></send>
  <Reference variables="1"/>
</scenario>
"""
FIRST_THEN_SECOND = r"icscf1[.]fixed[.]example;user=phone>;q=1[.]0, .*icscf2[.]fixed[.]example;user=phone>;q=0[.]5"


@pytest.mark.parametrize(
    ("uri", "status", "contact"),
    [
        (f"tel:{FIXED}", 302, FIRST_THEN_SECOND),
        (f"sip:{FIXED}@gateway.example;user=phone", 302, FIRST_THEN_SECOND),
        ("tel:+4972195782", 484, 'Warning: 399 hss[.]ims[.]example "E_INCOMPLETE: '),
        ("tel:+43123", 404, 'Warning: 399 .* "UNKNOWN: nobody has this number"'),
        ("mailto:someone", 416, '"E_SCHEME: '),
        ("tel:+491715407093", 480, "Warning: 399"),
    ],
)
def test_sipp_is_sent_to_the_icscfs(service: Service, tmp_path: Path, uri: str, status: int, contact: str) -> None:
    file = tmp_path / "scenario.xml"
    file.write_text(
        SCENARIO.format(uri=uri, status=status, contact=contact.replace('"', "&quot;").replace(">", "&gt;"))
    )
    target = service.address("sip")
    command = ["sipp", target, "-sf", str(file), "-m", "5", "-r", "50", "-i", "127.0.0.1", "-timeout", "20", "-nostdin"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
