"""ENUM below a domain of one's own, what is no good question by ENUM and SIP, and what is told of it."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import dns.message
import dns.query
import dns.rcode
import pytest

from tests.service.conftest import Service, running
from tests.service.test_route import FIXED, place

SUFFIX = "ims.test"
NAME = ".".join(reversed(FIXED[1:])) + "." + SUFFIX
OPTIONS = (
    "OPTIONS sip:h SIP/2.0",
    "Via: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK1",
    "From: <sip:a@b>;tag=1",
    "To: <sip:h>",
    "Call-ID: 1",
    "CSeq: 1 OPTIONS",
)


@pytest.fixture
def talkative(sample: Callable[[], Path]) -> Iterator[Service]:
    with running(sample(), "--enum-suffix", SUFFIX, "--log", "debug") as found:
        yield found


def figures(service: Service) -> dict[tuple[str, str], int]:
    connection = HTTPConnection(service.address("api"), timeout=30)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    found = re.findall(
        r'^homeward_routing_answers(?:_total)?\{door="(\w+)",outcome="(\w+)"\} (\d+)', text, re.MULTILINE
    )
    return {(door, outcome): int(count) for door, outcome, count in found}


def sip(service: Service, *datagrams: str | bytes) -> str:
    """Send datagrams, and give the first answer."""
    host, port = place(service, "sip")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(20)
        for one in datagrams:
            asking.sendto(one.encode() if isinstance(one, str) else one, (host, int(port)))
        return asking.recv(4000).decode()


def lines(*which: str) -> str:
    return "\r\n".join([*which, "", ""])


def test_what_is_no_good_question_is_refused_counted_and_told(talkative: Service) -> None:
    host, port = place(talkative, "enum")
    question = dns.message.make_query(NAME, "NAPTR", id=7)
    assert len(dns.query.udp(question, host, port=int(port), timeout=20).answer[0]) == 2
    done = talkative.invoke("route", "--kind", "enum", "--ndjson", NAME)
    plan = json.loads(done.stdout)
    assert (plan["outcome"]["status"], plan["number"]["enum"]) == ("routed", NAME)

    two = question.to_wire()[:5] + b"\2" + question.to_wire()[6:]
    with socket.create_connection((host, int(port)), timeout=20) as stream:
        stream.sendall(len(two).to_bytes(2, "big") + two)
        stream.shutdown(socket.SHUT_WR)
        refusal = stream.makefile("rb").read()
    assert refusal.hex() == "000c000781010000000000000000"

    bad = lines(*OPTIONS[:-1])
    assert sip(talkative, bad).startswith("SIP/2.0 400 Missing CSeq\r\n")
    unreadable = (lines(OPTIONS[0], *OPTIONS[2:]), "\n".join([*OPTIONS, "", ""]), lines("SIP/2.0 200 OK", OPTIONS[1]))
    assert sip(talkative, *unreadable, lines(*OPTIONS)).startswith("SIP/2.0 200 OK\r\n")
    assert figures(talkative) == {
        ("enum", "NOERROR"): 1,
        ("enum", "FORMERR"): 1,
        ("sip", "400"): 1,
        ("sip", "200"): 1,
        ("sip", "unreadable"): 2,
        ("sip", "response"): 1,
    }

    talkative.end()
    logged = talkative.logged()
    assert re.findall(r"(\w+) hss listener: sip unanswered peer=127\.0\.0\.1:\d+ why='(.*?)'", logged) == [
        ("DEBUG", "no Via"),
        ("DEBUG", "no request line"),
    ]
    assert set(re.findall(r"(\w+) hss tcp \S+ connection closed", logged)) == {"DEBUG"}
