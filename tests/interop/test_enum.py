"""Kamailio's enum module asks Homeward by the system resolver; `make interop` gives it one that asks 127.0.0.1."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop.kamailio import Agent, Kamailio, Message, questions, running_kamailio
from tests.service.conftest import Service, running

FIXED, MOBILE = "+497219578290", "+491715407090"
BOTH = [f"<sip:{FIXED}@icscf{at}.fixed.example;user=phone>;q={q}" for at, q in ((1, 0.99), (2, 0.98))]
E164_ARPA = "X-Suffix: e164.arpa."


@pytest.fixture(scope="module")
def service(resolver: str, sample: Callable[[], Path]) -> Iterator[Service]:
    """Give a service that is the name server of the machine."""
    with running(sample(), "--enum", resolver) as found:
        yield found


@pytest.fixture(scope="module")
def kamailio(service: Service, resolver: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kamailio]:
    """Give a Kamailio that asks the service."""
    assert service.address("enum") == resolver
    with running_kamailio(tmp_path_factory.mktemp("kamailio"), "enum.cfg") as found:
        yield found


def result(caller: Agent, kamailio: Kamailio, uri: str, *extra: str) -> Message:
    caller.ask(kamailio.port, uri, *extra, method="MESSAGE")
    return caller.final()


def is_left_alone(answer: Message, uri: str) -> bool:
    return (answer.status, answer["x-code"], answer["x-uri"], answer.contacts) == (404, "-1", uri, [])


@pytest.mark.parametrize(
    "uri", [f"tel:{FIXED}", f"sip:{FIXED}@gateway.example", f"sip:{FIXED}@gateway.example;user=phone"]
)
@pytest.mark.parametrize(
    "extra",
    [
        (),
        (E164_ARPA,),
        ("X-Suffix: E164.Arpa.",),
        (E164_ARPA, "X-Service: +sip"),
        (E164_ARPA, "X-Service: +SIP+voice:sip"),
    ],
)
def test_the_first_icscf_is_the_request_uri_and_the_others_are_branches(
    kamailio: Kamailio, caller: Agent, uri: str, extra: tuple[str, ...]
) -> None:
    answer = result(caller, kamailio, uri, *extra)
    assert (answer.status, answer["x-code"]) == (302, "1")
    assert answer["x-uri"] == f"sip:{FIXED}@icscf1.fixed.example;user=phone"
    assert answer.contacts == BOTH


def test_one_question_is_asked_for_one_number(service: Service, kamailio: Kamailio, caller: Agent) -> None:
    before = questions(service, "enum")
    assert result(caller, kamailio, f"tel:{FIXED}").contacts == BOTH
    assert questions(service, "enum") == before + 1


def test_a_mobile_number_leads_to_those_icscfs_of_its_operator_that_are_up(kamailio: Kamailio, caller: Agent) -> None:
    contacts = result(caller, kamailio, f"tel:{MOBILE}").contacts
    hosts = [contact.partition("@")[2].partition(";")[0] for contact in contacts]
    assert sorted(hosts) == ["icscf1.ims.example", "icscf2.ims.example"]


@pytest.mark.parametrize(
    ("number", "extra"),
    [
        ("+49721957829", ()),  # the stem alone
        ("+4972", ()),  # the beginning of a stem
        ("+4972195782912345", ()),  # longer than any extension
        ("+43123", ()),  # a country without tables
        ("+491715407093", ()),  # a number without a place to go to
        (FIXED, (E164_ARPA, "X-Service: voice")),
        (FIXED, (E164_ARPA, "X-Service: +pstn:tel")),  # given only with --enum-porting
        (FIXED, ("X-Suffix: e164.example.",)),
    ],
)
def test_without_a_record_the_request_uri_stays(
    service: Service, kamailio: Kamailio, caller: Agent, number: str, extra: tuple[str, ...]
) -> None:
    before = questions(service, "enum")
    for uri in (f"tel:{number}", f"sip:{number}@gateway.example"):
        assert is_left_alone(result(caller, kamailio, uri, *extra), uri)
    assert questions(service, "enum") >= before + 2


@pytest.mark.parametrize(
    "uri",
    [
        "tel:+49-721-957829-0",
        "sip:497219578290@gateway.example",
        "sip:0721957829@gateway.example",
        "sip:alice@ims.example",
    ],
)
def test_what_is_no_e164_number_is_not_asked(service: Service, kamailio: Kamailio, caller: Agent, uri: str) -> None:
    before, said = questions(service, "enum"), kamailio.log.read_text().count("is not an E164 number")
    assert is_left_alone(result(caller, kamailio, uri), uri)
    assert questions(service, "enum") == before
    assert kamailio.log.read_text().count("is not an E164 number") == said + 1


def test_port_and_transport_and_more_icscfs_than_a_datagram_holds(
    service: Service, kamailio: Kamailio, caller: Agent
) -> None:
    pool = service.call("GET", "icscf-pools", "fixed-icscfs")[1]
    many = [
        {"host": f"{'long-' * 10}{at}.fixed.example", "port": 5070 + at, "transport": "tcp", "priority": at}
        for at in range(8)
    ]
    service.patch("icscf-pools", "fixed-icscfs", members=many)
    before = questions(service, "enum")
    contacts = result(caller, kamailio, f"tel:{FIXED}").contacts
    assert questions(service, "enum") == before + 2  # by UDP, where the answer was too long, and by TCP
    service.patch("icscf-pools", "fixed-icscfs", members=pool["members"])
    assert contacts == [
        f"<sip:{FIXED}@{one['host']}:{one['port']};user=phone;transport=tcp>;q={1 - (at + 1) / 100:.3g}"
        for at, one in enumerate(many)
    ]
    assert result(caller, kamailio, f"tel:{FIXED}").contacts == BOTH
