"""Figures of the routing core, in CPU seconds of one core: `python -m benchmarks.routing_core [numbers]`."""

import random
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from routing import Query, Rows, State, Tables, build, route
from routing.contacts import Contact, Identities, Registration
from routing.enum_dns.answers import EnumSettings, answer
from routing.ports import Location, RoutingInfo, RoutingInfoAsk, RoutingInfoResult
from routing.redirect import RedirectSettings, redirect
from routing.selection import Member, Policy, rank
from routing.tables import Key, Operator, Pool

T = TypeVar("T")

QUERIES = 100_000
SEED = 7
ICSCFS = tuple(Member(host=f"icscf{at}.ims.example", weight=weight) for at, weight in enumerate((10, 10, 20)))
POOL = Pool(name="main", members=ICSCFS)
OPERATORS: dict[Key, Operator] = {
    1: Operator(name="mobil", type=1, entries=(Member(host="gmsc1.mobil.example"),), pool=POOL),
    2: Operator(name="festnetz", type=2, entries=(Member(host="mgcf1.fest.example"),), pool=POOL),
}


def contact(user: str, at: int, pcscf: int) -> Contact:
    """Make one registered device."""
    path = (f"sip:pcscf{pcscf}.ims.example;lr",)
    return Contact(uri=f"sip:{user}@192.0.2.{at}:5060", path=path, instance=f"urn:uuid:{at}", device="phone")


class Everybody:
    """An HSS in which every number is registered with three devices behind two P-CSCFs."""

    def __init__(self) -> None:
        contacts = (contact("kunde", 1, 1), contact("kunde", 2, 1), contact("kunde", 3, 2))
        self._registration = Registration(identities=Identities(id="irs-1"), contacts=contacts)
        self._location = Location(2001, "sip:scscf1.ims.example:6060", "distinct")

    def routing_info(self, ask: RoutingInfoAsk) -> RoutingInfo:
        """Name the I-CSCF."""
        ranking = rank(ICSCFS, Policy.RENDEZVOUS, ask.msisdn, down=ask.down)
        return RoutingInfo(RoutingInfoResult.ICSCF, ranking, Policy.RENDEZVOUS)

    def location(self, public_identity: str) -> Location:  # noqa: ARG002 - the port asks for it
        """Name the S-CSCF."""
        return self._location

    def registration(self, public_identity: str) -> Registration | None:  # noqa: ARG002 - the port asks for it
        """List the devices."""
        return self._registration


def rows(count: int) -> Iterator[tuple[str, int]]:
    """Make complete numbers in ascending order, half of each operator."""
    for at in range(count // 2):
        yield f"49171{at:08}", 1
    for at in range(count // 2):
        yield f"49721{at:07}", 2


def tables_of(count: int) -> Tables:
    """Build the tables that are measured."""
    return build(
        Rows(
            operators=OPERATORS,
            numbers=rows(count),
            ported=((f"49171{at * 10:08}", "D123", 2) for at in range(count // 20)),
            prefixes=[("49171", 1), ("4972", 2), ("49", 2)],
            stems=[("49721957829", 2, 1, 4)],
        )
    )


def rate(work: Callable[[T], object], inputs: Sequence[T]) -> float:
    """Work through all inputs; answer how many per CPU second, the best of three."""
    best = 0.0
    for _ in range(3):
        start = time.process_time()
        for item in inputs:
            work(item)
        best = max(best, len(inputs) / (time.process_time() - start))
    return best


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    tables = tables_of(count)
    print(f"tables of {count:,} numbers: {time.process_time() - start:.2f} s")
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"memory: {grown:.0f} MiB")
    numbers = [f"+{digits}" for digits, _ in random.Random(SEED).sample(list(rows(count)), min(QUERIES, count))]  # noqa: S311
    state = State(subscribers=Everybody())
    explained = [Query(called=number) for number in numbers]
    plain = [Query(called=number, explain=False) for number in numbers]
    print(f"route with trace: {rate(lambda query: route(query, tables, state), explained):,.0f}/s")
    print(f"route without trace: {rate(lambda query: route(query, tables, state), plain):,.0f}/s")
    settings, redirecting = EnumSettings(), RedirectSettings()
    questions = [question(number) for number in numbers[: QUERIES // 4]]
    requests = [invite(number) for number in numbers[: QUERIES // 4]]
    source = ("192.0.2.1", 5060)
    print(f"ENUM answers: {rate(lambda octets: answer(octets, tables, state, settings), questions):,.0f}/s")
    redirects = rate(lambda octets: redirect(octets, tables, state, redirecting, source=source), requests)
    print(f"SIP redirects: {redirects:,.0f}/s")


def question(number: str) -> bytes:
    """Write a DNS question for the NAPTR records of a number."""
    labels = b"".join(b"\x01" + digit.encode() for digit in reversed(number[1:]))
    return b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0" + labels + b"\x04e164\x04arpa\0\0\x23\0\x01"


def invite(number: str) -> bytes:
    """Write an INVITE for a number."""
    lines = [
        f"INVITE sip:{number}@redirect.ims.example;user=phone SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK74bf9",
        "Max-Forwards: 70",
        "From: <sip:+4930123456@gw.example;user=phone>;tag=9fxced76sl",
        f"To: <sip:{number}@redirect.ims.example;user=phone>",
        "Call-ID: 3848276298220188511@gw.example",
        "CSeq: 1 INVITE",
        "Contact: <sip:gw.example>",
        "Content-Length: 0",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


if __name__ == "__main__":
    main()
