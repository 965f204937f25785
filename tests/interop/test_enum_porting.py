"""Kamailio's enum module asks for number portability (RFC 4769): E2U+pstn:tel, alone and beside E2U+sip."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop.kamailio import Agent, Kamailio, running_kamailio
from tests.service.conftest import Service, running

FIXED = "+497219578290"
PORTED = {
    "+12155550123": {"routing_number": "+12155550199"},  # of nobody here
    "+497219578291": {"routing_number": "+4930999"},  # left the fixed operator
    "+493012345": {"operator": "fixed"},  # came to it
    "+4915111": {"routing_number": "D042"},  # a routing number of one country
}


@pytest.fixture(scope="module")
def service(resolver: str, sample: Callable[[], Path]) -> Iterator[Service]:
    """Give a service that is the name server of the machine and tells of porting."""
    with running(sample(), "--enum", resolver, "--enum-porting", "true") as found:
        for number, where in PORTED.items():
            found.put("ported-numbers", number, number=number, **where)
        yield found


@pytest.fixture(scope="module")
def kamailio(service: Service, resolver: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kamailio]:
    """Give a Kamailio that asks the service."""
    assert service.address("enum") == resolver
    with running_kamailio(tmp_path_factory.mktemp("kamailio"), "enum.cfg") as found:
        yield found


def uris(caller: Agent, kamailio: Kamailio, number: str, service: str) -> list[str]:
    """Give the Request-URI and the branches that became of a number, with q; nothing where it was left alone."""
    caller.ask(kamailio.port, f"tel:{number}", "X-Suffix: e164.arpa.", f"X-Service: {service}", method="MESSAGE")
    answer = caller.final()
    found = [contact.replace("<", "").replace(">", "") for contact in answer.contacts]
    assert answer["x-uri"] == (found[0].rpartition(";q=")[0] if found else f"tel:{number}")
    assert answer["x-code"] == ("1" if found else "-1")
    return found


def sip(number: str, *q: float) -> list[str]:
    return [f"sip:{number}@icscf{at}.fixed.example;user=phone;q={one}" for at, one in enumerate(q, 1)]


@pytest.mark.parametrize(
    ("number", "tel", "is_here"),
    [
        (FIXED, f"tel:{FIXED};npdi", True),
        ("+493012345", "tel:+493012345;npdi", True),
        ("+12155550123", "tel:+12155550123;npdi;rn=+12155550199", False),
        ("+497219578291", "tel:+497219578291;npdi;rn=+4930999", False),
        ("+4915111", "tel:+4915111;npdi;rn=D042;rn-context=+49", False),
    ],
)
def test_each_service_gets_its_records_and_both_get_porting_first(
    kamailio: Kamailio, caller: Agent, number: str, tel: str, is_here: bool
) -> None:
    assert uris(caller, kamailio, number, "+pstn:tel") == [f"{tel};q=0.99"]
    assert uris(caller, kamailio, number, "+sip") == (sip(number, 0.99, 0.98) if is_here else [])
    assert uris(caller, kamailio, number, "+sip+pstn:tel") == [
        f"{tel};q=0.99",
        *(sip(number, 0.98, 0.97) if is_here else []),
    ]


@pytest.mark.parametrize("number", ["+49721957829", "+1215555012", "+43123", "+491715407093"])
@pytest.mark.parametrize("service_wanted", ["+pstn:tel", "+sip", "+sip+pstn:tel"])
def test_what_has_no_place_has_no_porting_either(
    kamailio: Kamailio, caller: Agent, number: str, service_wanted: str
) -> None:
    assert uris(caller, kamailio, number, service_wanted) == []


def test_a_change_of_porting_is_seen_by_the_next_question(service: Service, kamailio: Kamailio, caller: Agent) -> None:
    number = "+497219578299"
    assert uris(caller, kamailio, number, "+sip+pstn:tel")[0] == f"tel:{number};npdi;q=0.99"
    service.put("ported-numbers", number, number=number, routing_number="+4940999")
    assert uris(caller, kamailio, number, "+sip+pstn:tel") == [f"tel:{number};npdi;rn=+4940999;q=0.99"]
    service.delete("ported-numbers", number)
    assert uris(caller, kamailio, number, "+sip") == sip(number, 0.99, 0.98)
