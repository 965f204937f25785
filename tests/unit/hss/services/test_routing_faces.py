"""All doors ask one function: on random tables they say the same of every number."""

import json
import re
from typing import Any

import dns.flags
import dns.message
import dns.rdatatype
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from hss.app import routing_alone
from hss.cli import hss
from hss.services.routing import RoutingService
from routing import Query, route
from routing.enum_dns.answers import EnumSettings
from tests.unit.hss.services.routing_world import NOON, World, now, operator, subscriber, world

DIGITS = st.text("12", min_size=1, max_size=3)


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """Make operators with ranges over few digits, so that ranges, stems, numbers and portings meet."""
    taken: set[str] = set()

    def fresh(most: int) -> list[str]:
        found = [f"+4{tail}" for tail in draw(st.lists(DIGITS, max_size=most, unique=True))]
        new = [number for number in found if number not in taken]
        taken.update(new)
        return new

    hosts = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=3, unique=True)
    pools = []
    operators = []
    for name, kind in (("one", 1), ("two", 2), ("three", 2)):
        members = [
            {
                "host": f"{host}.{name}.example",
                "weight": draw(st.integers(0, 3)),
                "state": draw(st.sampled_from(["up", "down"])),
            }
            for host in draw(hosts)
        ]
        policy = draw(st.sampled_from(["rendezvous", "priority-weight"]))
        pools.append({"name": name, "policy": policy, "members": members})
        least = draw(st.integers(0, 2))
        blocks = [{"stem": stem, "minimum": least, "maximum": least + draw(st.integers(0, 2))} for stem in fresh(2)]
        node = {"name": "n", "kind": "gmsc" if kind == 1 else "mgcf", "host": f"entry.{name}.example"}
        operators.append(
            operator(name, kind, prefixes=fresh(3), blocks=blocks, icscf={"pool": name}, entry_nodes=[node])
        )
    targets = st.sampled_from(
        [{"operator": "two"}, {"operator": "one"}, {"routing_number": "D12"}, {"routing_number": "+41"}]
    )
    ported = [
        {"number": number, **draw(targets)} for number in {f"+4{tail}" for tail in draw(st.lists(DIGITS, max_size=4))}
    ]
    owned = sorted({f"+4{tail}" for tail in draw(st.lists(DIGITS, max_size=4))})
    people = [
        subscriber(
            f"p{number[1:]}",
            draw(st.sampled_from(["one", "two"])),
            f"tel:{number}",
            circuit_switched={"msisdns": [number], "preference": "ims-only"},
        )
        for number in owned
    ]
    return {"icscf_pools": pools, "operators": operators, "ported_numbers": ported, "subscriptions": people}


def enum_says(service: RoutingService, digits: str) -> tuple[str, list[str], list[str]]:
    """Ask by DNS: response code, hosts of E2U+sip in order, URIs of E2U+pstn:tel."""
    name = ".".join(reversed(digits)) + ".e164.arpa."
    answer = dns.message.from_wire(now(service.enum(dns.message.make_query(name, "NAPTR").to_wire(), at=NOON)) or b"")
    records = sorted(
        (record for rrset in answer.answer for record in rrset), key=lambda record: (record.order, record.preference)
    )
    regexps = [(record.service.decode(), record.regexp.decode()) for record in records]
    sip = [
        found[1] for service_, text in regexps if service_ == "E2U+sip" and (found := re.search(r"@([^;!:]+)", text))
    ]
    tel = [text.split("!")[2] for service_, text in regexps if service_ == "E2U+pstn:tel"]
    return dns.rcode.to_text(answer.rcode()), sip, tel


def sip_says(here: World, digits: str) -> tuple[int, list[str]]:
    """Ask by SIP: the status, and the contacts in the order of their q."""
    uri = f"tel:+{digits}"
    lines = (
        f"INVITE {uri} SIP/2.0", "Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1", "From: <sip:a@b>;tag=1", f"To: <{uri}>",
        "Call-ID: 1", "CSeq: 1 INVITE", "Content-Length: 0", "", "",
    )  # fmt: skip
    reply = now(here.service.redirect("\r\n".join(lines).encode(), source=("192.0.2.9", 5060), at=NOON))
    assert reply is not None
    text = reply.octets.decode()
    contacts = re.findall(r"<([^>]+)>(?:;q=([0-9.]+))?", "".join(re.findall(r"Contact: (.*)\r", text)))
    return int(text.split(" ")[1]), [uri for uri, _ in sorted(contacts, key=lambda one: -float(one[1] or 1))]


def shell_says(here: World, numbers: list[str]) -> list[dict[str, Any]]:
    """Ask by the command line, which is given this world as its sample data."""
    original = routing_alone.sample_bundle
    routing_alone.sample_bundle = lambda: here.bundle
    try:
        done = CliRunner().invoke(hss, ["route", "--sample", "--ndjson", "--at", "2026-11-21T12:00:00Z", *numbers])
    finally:
        routing_alone.sample_bundle = original
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


CODES = {404: "NXDOMAIN", 503: "SERVFAIL"}


@settings(max_examples=60, deadline=None)
@given(worlds(), st.lists(DIGITS, min_size=1, max_size=6, unique=True))
def test_every_door_says_what_route_says(values: dict[str, Any], tails: list[str]) -> None:
    here = world(**values)
    private = RoutingService(here.sources(), enum=EnumSettings(porting=True))
    private.swap(here.service.current)
    numbers = [f"+4{tail}" for tail in tails]
    for number, by_shell in zip(numbers, shell_says(here, numbers), strict=True):
        plan = now(here.service.route(Query(called=number, at=NOON)))
        by_http = now(here.desk.one({"called": number}, "plan", at=NOON))
        assert by_shell == json.loads(json.dumps(by_http))
        assert by_http["outcome"] == json.loads(json.dumps(plan.outcome._asdict()))
        hosts = [] if plan.icscf is None else [member.host for member in plan.icscf.ranking.order]
        status, contacts = sip_says(here, number[1:])
        assert status == (plan.outcome.sip or 302)
        if status == 302 and hosts:
            assert [uri.partition("@")[2].partition(";")[0] for uri in contacts] == hosts
        elif status == 302:
            assert len(contacts) == 1
        outcome = now(here.service.route(Query(called=number, at=NOON, follow=False))).outcome
        code, sip, tel = enum_says(private, number[1:])
        assert code == CODES.get(outcome.sip or 0, "NOERROR")
        assert sip == (hosts if outcome.sip is None else [])
        if outcome.sip is None:
            assert tel[0].startswith(f"tel:{number};npdi")
            assert ("rn=" in tel[0]) is (plan.portability is not None and plan.portability.rn is not None)


def test_the_library_says_the_same() -> None:
    here = World().built()
    query = Query(called="+497219578290", at=NOON, follow=False)
    assert route(query, here.service.current.tables) == now(here.service.route(query))
