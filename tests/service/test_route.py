"""Routing in the running service: by HTTP, ENUM, SIP and the shell, and after changes."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import dns.rcode
import pytest

from tests.service.conftest import Service, invoke, running

MOBILE, FIXED = "+491715407090", "+497219578290"
NDJSON = "application/x-ndjson"
ADDRESS = re.compile(r"(.+):(\d+)")


@pytest.fixture(scope="module")
def own(sample: Callable[[], Path]) -> Iterator[Service]:
    """Give a service whose data the tests change."""
    with running(sample()) as found:
        yield found


def place(service: Service, name: str) -> tuple[str, str]:
    found = ADDRESS.fullmatch(service.address(name))
    assert found
    return found[1], found[2]


def plan(service: Service, called: str, **more: Any) -> Any:
    status, found = service.call("POST", "route", body={"called": called, **more})
    assert status == 200, found
    return found


# --- HTTP ------------------------------------------------------------------------------------------------------------


def test_the_example_of_the_article_gets_three_branches_behind_two_pcscfs(service: Service) -> None:
    for number, operator, kind, function in ((MOBILE, "mobile", 1, "GMSC"), (FIXED, "fixed", 2, "MGCF")):
        found = plan(service, number)
        assert (found["operator"]["name"], found["operator"]["type"]) == (operator, kind)
        assert (found["entry"]["function"], found["entry"]["hss_query"]) == (function, kind == 1)
        assert found["fork"]["expect"]["invites_per_pcscf"] == {"pcscf1.ims.example": 2, "pcscf2.ims.example": 1}
        assert found["outcome"]["status"] == "routed"
        assert found["trace"]


def test_failures_can_be_supposed(service: Service) -> None:
    assert plan(service, FIXED, suppose={"nobody_registered": True})["outcome"]["sip"] == 480
    assert plan(service, MOBILE, suppose={"hss_unreachable": True})["outcome"]["sip"] == 503
    down = ["icscf1.ims.example", "icscf2.ims.example"]
    assert plan(service, MOBILE, suppose={"down": down})["outcome"]["status"] == "forwarded"


def test_a_stream_is_answered_line_by_line_while_it_comes(service: Service) -> None:
    connection = HTTPConnection(service.address("api"), timeout=30)
    connection.putrequest("POST", "/api/v1/route?view=brief&explain=false")
    connection.putheader("Content-Type", NDJSON)
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()

    def send(octets: bytes) -> None:
        connection.send(b"%x\r\n%s\r\n" % (len(octets), octets))

    send(json.dumps(MOBILE).encode() + b"\n")
    answer = connection.getresponse()
    first = json.loads(answer.readline())
    send(b'rubbish\n{"called": "+4972"}\n\n[]\n"+491')
    send(b'715407091"')
    connection.send(b"0\r\n\r\n")
    rest = [json.loads(line) for line in answer.read().splitlines()]
    connection.close()
    assert first["outcome"] == "routed"
    assert [one.get("outcome", "error") for one in rest] == ["error", "incomplete", "error", "circuit-switched"]


def test_a_wrong_query_is_a_problem_that_names_the_field(service: Service) -> None:
    status, problem = service.call("POST", "route", body={"called": "+49", "suppose": {"down": 7}})
    assert (status, problem["errors"][0]["field"]) == (422, "suppose.down")
    for path, wrong in (("route?view=all", "view"), ("route?explain=maybe", "explain"), ("route?bogus=1", "bogus")):
        status, problem = service.call("POST", path, body="+49")
        assert (status, problem["errors"][0]["field"]) == (400, wrong)
    assert service.call("POST", "route/diff", body={"old": 77, "new": 1, "queries": []})[0] == 404


def test_many_queries_of_one_document_are_answered_in_order(service: Service) -> None:
    numbers = [f"+4971157{at:03}" for at in range(200)]
    status, found = service.call("POST", "route?view=brief", body={"queries": numbers})
    assert status == 200
    assert [one["called"] for one in found["plans"]] == numbers


# --- ENUM and SIP by plain sockets; test_route_tools.py has dig and sipp ---------------------------------------------


def enum_name(number: str) -> str:
    return ".".join(reversed(number[1:])) + ".e164.arpa."


def naptr(service: Service, name: str, *, tcp: bool = False) -> dns.message.Message:
    host, port = place(service, "enum")
    ask = dns.query.tcp if tcp else dns.query.udp
    return ask(dns.message.make_query(name, "NAPTR"), host, port=int(port), timeout=20)


@pytest.mark.parametrize("tcp", [False, True])
def test_enum_gives_the_icscfs_in_order(service: Service, tcp: bool) -> None:
    answer = naptr(service, enum_name(FIXED), tcp=tcp)
    assert [record.to_text() for rrset in answer.answer for record in rrset] == [
        f'100 {10 * at} "u" "E2U+sip" "!^(.*)$!sip:\\\\1@icscf{at}.fixed.example;user=phone!" .' for at in (1, 2)
    ]


def test_octets_that_are_no_question_end_nothing(service: Service) -> None:
    host, port = place(service, "enum")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(20)
        for rubbish in (b"", b"x", b"\0" * 12, bytes(range(7, 207)), b"\xff" * 65_000):
            asking.sendto(rubbish, (host, int(port)))
        asking.sendto(b"\0\1\0\0\0\1\0\0\0\0\0\0\xff", (host, int(port)))
        while (answer := asking.recv(2000))[:2] != b"\0\1":
            continue
        assert answer[3] & 0x0F == dns.rcode.FORMERR
    assert naptr(service, enum_name(FIXED)).rcode() == dns.rcode.NOERROR


def invite(service: Service, uri: str) -> str:
    host, port = place(service, "sip")
    lines = (
        f"INVITE {uri} SIP/2.0", "Via: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK1", "From: <sip:a@b>;tag=1",
        f"To: <{uri}>", "Call-ID: 1", "CSeq: 1 INVITE", "Content-Length: 0", "", "",
    )  # fmt: skip
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(20)
        asking.sendto(b"no request at all", (host, int(port)))
        asking.sendto("\r\n".join(lines).encode(), (host, int(port)))
        return asking.recv(4000).decode()


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        (f"tel:{FIXED}", ["SIP/2.0 302 ", "icscf1.fixed.example;user=phone>;q=1.0, ", "icscf2.fixed.example"]),
        ("tel:+4972195782", ["SIP/2.0 484 ", 'Warning: 399 hss.ims.example "E_INCOMPLETE: ']),
        ("tel:+43123", ["SIP/2.0 404 "]),
        ("mailto:someone", ["SIP/2.0 416 "]),
        ("tel:+491715407093", ["SIP/2.0 480 "]),
    ],
)
def test_a_caller_is_redirected_or_told_why_not(service: Service, uri: str, words: list[str]) -> None:
    answer = invite(service, uri)
    assert all(word in answer for word in words), answer


# --- The shell -------------------------------------------------------------------------------------------------------


def test_the_shell_tells_the_way(service: Service) -> None:
    done = service.invoke("route", "--explain", "+49-721-957829-0")
    assert done.exit_code == 0, done.output
    assert "operator    fixed, type 2 (ddi-stem 49721957829)" in done.stdout
    assert "6 longest-match      497219578290 -> 49721957829" in done.stdout


def test_the_service_and_the_sample_data_alone_agree(service: Service) -> None:
    numbers = [*(f"+49171540709{at}" for at in range(10)), FIXED, "+491721234567", "+491715550100", "+4972", "112"]
    at = ("--at", "2026-11-21T12:00:00Z", "--ndjson")
    asked = [service.invoke("route", *at, *numbers), invoke("route", "--sample", *at, *numbers)]
    plans = [[json.loads(line) for line in done.stdout.splitlines()] for done in asked]
    for found in plans[0] + plans[1]:
        found["table"]["generation"] = 0
        if found["irs"]:
            found["irs"]["id"] = "any"
    assert plans[0] == plans[1]


def test_a_batch_counts_outcomes(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "numbers.txt"
    file.write_text(f"{MOBILE}\n\n0721 957829-0\n+4972\n12,34\n")
    done = service.invoke("route", "--file", str(file), "--seed", "3")
    assert done.exit_code == 0, done.output
    states = [re.split("  +", line)[1] for line in done.stdout.splitlines()]
    assert states == ["routed", "routed", "incomplete", "invalid"]
    assert re.findall(r"(\d+)  (\w+)", done.stderr) == [("1", "incomplete"), ("1", "invalid"), ("2", "routed")]


def test_an_expectation_that_is_not_met_is_status_1_and_a_difference(service: Service) -> None:
    expect = ("--expect", "operator.name=fixed", "--expect", "outcome.sip=null", "--expect", "fork.groups.length=1")
    assert service.invoke("route", *expect, FIXED).exit_code == 0
    done = service.invoke("route", *expect, MOBILE)
    assert done.exit_code == 1
    assert f'{MOBILE}: - operator.name=fixed\n{MOBILE}: + operator.name="mobile"\n' in done.stderr


# --- Changes ---------------------------------------------------------------------------------------------------------


def test_a_change_is_seen_by_the_next_question_at_every_door(own: Service) -> None:
    number = "+497219578291"
    before = own.call("GET", "route", "tables")[1]
    assert plan(own, number)["operator"]["name"] == "fixed"
    own.put("ported-numbers", number, number=number, routing_number="+4930999")
    after = own.call("GET", "route", "tables")[1]
    assert after["generation"] == before["generation"] + 1
    assert after["sha256"] != before["sha256"]
    found = plan(own, number)
    assert (found["portability"]["rn"], found["outcome"]["status"]) == ("+4930999", "handed-over")
    assert naptr(own, enum_name(number)).answer == []
    assert f"Contact: <tel:{number};npdi;rn=+4930999>" in invite(own, f"tel:{number}")
    done = own.invoke("route", "--ndjson", number)
    assert json.loads(done.stdout)["portability"]["rn"] == "+4930999"
    numbers = {"old": before["generation"], "new": after["generation"], "queries": [number, FIXED]}
    status, found = own.call("POST", "route", "diff", body=numbers)
    assert (status, found["compared"], [one["called"] for one in found["differences"]]) == (200, 2, [number])
    own.delete("ported-numbers", number)
    assert plan(own, number)["operator"]["name"] == "fixed"


def test_an_icscf_that_goes_down_is_no_longer_named(own: Service) -> None:
    first = plan(own, FIXED)["icscf"]["chosen"]
    members = [{"host": host, "state": "down" if host == first else "up"} for host in (first, "icscf2.fixed.example")]
    own.patch("icscf-pools", "fixed-icscfs", members=members)
    found = plan(own, FIXED)["icscf"]
    assert found["chosen"] == "icscf2.fixed.example"
    assert found["excluded"] == [{"node": first, "why": "admin-down"}]
    own.patch("icscf-pools", "mobile-icscfs", policy="round-robin")
    assert plan(own, MOBILE)["icscf"]["policy"] == "round-robin"


def test_a_user_who_leaves_is_no_longer_called(own: Service) -> None:
    assert plan(own, MOBILE)["outcome"]["status"] == "routed"
    own.put("public-identities", f"tel:{MOBILE}", "registration", state="not-registered")
    assert plan(own, MOBILE)["outcome"]["status"] == "forwarded"
    assert plan(own, FIXED)["location"]["result"] == 5003
    own.put("public-identities", f"tel:{MOBILE}", "registration", state="registered", scscf={"name": "sip:s2.example"})
    assert plan(own, MOBILE)["location"]["scscf"] == "sip:s2.example"


def test_ported_numbers_are_imported_checked_and_exported(own: Service, tmp_path: Path) -> None:
    file = tmp_path / "ported.csv"
    file.write_text(
        "number,operator,routing_number\n+4915110,fixed,\n+49 1511-1,,D42\n+49721957829,mobile,\nx,mobile,\n"
    )
    done = own.invoke("import", "--of", "ported-numbers", str(file))
    assert done.exit_code == 4, done.output
    assert done.stdout == "5 lines: 2 created, 0 replaced\n"
    assert "line 4, number: +49721957829 is the beginning of a DDI stem" in done.stderr
    assert plan(own, "+4915111")["portability"]["rn"] == "D42"
    assert plan(own, "+4915110")["operator"]["name"] == "fixed"
    done = own.invoke("export", "--of", "ported-numbers", "--form", "csv")
    assert {"+4915110,fixed,", "+4915111,,D42"} <= set(done.stdout.splitlines())
    status, problem = own.call(
        "PUT", "ported-numbers", "+4972195782", body={"number": "+4972195782", "operator": "mobile"}
    )
    assert (status, problem["errors"][0]["field"]) == (422, "number")
    own.put("number-blocks", "+49151100", stem="+49151100", operator="fixed", minimum=1, maximum=4)
    done = own.invoke("route", "check")
    assert done.exit_code == 1
    assert "number-in-stem           number 4915110 / stem 49151100 of fixed with 1 to 4 digits" in done.stdout
    own.delete("number-blocks", "+49151100")
    assert own.call("GET", "export?of=rubbish")[0] == 400


def test_figures_tell_of_routing(own: Service) -> None:
    naptr(own, enum_name(FIXED))
    connection = HTTPConnection(own.address("api"), timeout=30)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    assert re.search(r'homeward_routing_questions(_total)?\{door="enum"\} [1-9]', text)
    assert "homeward_routing_generation " in text


# --- What does not start ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["enum", "sip"])
def test_a_port_in_use_is_named(service: Service, tmp_path: Path, name: str) -> None:
    flags = ("--diameter-tcp", "--diameter-sctp", "--api", "--enum", "--sip", "--m3ua-tcp", "--m3ua-sctp")
    places = [part for flag in flags if flag != f"--{name}" for part in (flag, "off")]
    address = service.address(name)
    done = invoke("serve", "--database", str(tmp_path / "h.db"), *places, f"--{name}", address)
    assert done.exit_code == 2
    assert f"{name}: cannot listen on {address}" in done.stderr


def test_the_shell_asks_a_service_every_question(own: Service, tmp_path: Path) -> None:
    done = own.invoke("route", "simulate", "--device", "b1=200@3", FIXED)
    assert "The caller gets 200 after" in done.stdout
    assert own.invoke("route", "iam", "010060000A000200080410942791752809").exit_code == 0
    own.put("ported-numbers", "+497219578292", number="+497219578292", routing_number="+4930998")
    tables = json.loads(own.invoke("route", "tables", "--json").stdout)
    assert own.invoke("route", "tables").stdout.startswith(f"generation {tables['generation']}  ")
    numbers = tmp_path / "numbers.txt"
    numbers.write_text(f"+497219578292\n{FIXED}\n")
    old, new = str(tables["earlier"][-1]["generation"]), str(tables["generation"])
    done = own.invoke("route", "diff", old, new, str(numbers))
    assert done.exit_code == 1
    assert "  routing_number  - -> +4930998" in done.stdout
    assert "1 of 2 numbers is routed differently" in done.stderr
    assert own.invoke("route", "diff", new, new, str(numbers)).exit_code == 0
    assert own.invoke("route", "tables", "--keep").stdout.splitlines()[0].split()[3] == "kept,"
    assert " kept, " not in own.invoke("route", "tables", "--let-go", new).stdout
    assert own.invoke("route", "diff", "98", "99", str(numbers)).exit_code == 2


def test_the_shell_ends_a_wrong_question_to_a_service_as_wrong_usage(service: Service) -> None:
    for wrong in (
        ("--at", "noon", FIXED),
        ("--operator", "nobody", FIXED),
        ("--profile", "foo=1", FIXED),
        ("iam", "zz"),
    ):
        assert service.invoke("route", *wrong).exit_code == 2
    assert service.invoke("route", "--down", "nobody", FIXED).stderr.startswith("note: no node is called nobody; ")


def test_a_service_answers_every_line_of_a_file(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "numbers"
    file.write_bytes(b"\xef\xbb\xbf+43\n\xff\n\n+1\0\n" + b"1" * 2000 + b"\n" + b"1" * 100_000 + b"\n" + FIXED.encode())
    done = service.invoke("route", "--ndjson", "--file", str(file))
    assert done.exit_code == 4
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["outcome"]["status"] if "outcome" in one else one["error"]["line"] for one in found] == [
        *("unknown", 2, "invalid", 5, 6, "routed"),
    ]
