"""Kamailio follows the SIP redirect server: the I-CSCFs are tried by their q, refusals reach the caller."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop.kamailio import Agent, Kamailio, agents, questions, running_kamailio
from tests.service.conftest import Service, running

FIXED, PORTED = "+497219578290", "+497219578291"
POOL = ("icscf-pools", "fixed-icscfs")


@pytest.fixture(scope="module")
def service(sample: Callable[[], Path]) -> Iterator[Service]:
    with running(sample()) as found:
        found.put("ported-numbers", PORTED, number=PORTED, routing_number="+4930999")
        yield found


@pytest.fixture(scope="module")
def kamailio(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kamailio]:
    """Give a Kamailio that asks the redirect server of the service."""
    redirect = f'"sip:{service.address("sip")}"'
    with running_kamailio(tmp_path_factory.mktemp("kamailio"), "redirect.cfg", REDIRECT=redirect) as found:
        yield found


@pytest.fixture
def icscfs(service: Service) -> Iterator[list[Agent]]:
    """Give three I-CSCFs, in their order."""
    with agents(3) as found:
        members = [{"host": "127.0.0.1", "port": one.port, "priority": at} for at, one in enumerate(found, 1)]
        service.patch(*POOL, members=members)
        yield found


def test_the_caller_of_a_proxy_that_does_not_follow_gets_the_contacts_by_q(
    kamailio: Kamailio, caller: Agent, icscfs: list[Agent]
) -> None:
    caller.ask(kamailio.port, f"tel:{FIXED}", "X-Follow: no")
    answer = caller.final()
    assert answer.status == 302
    q = ("1.0", "0.667", "0.333")
    assert [contact.strip() for contact in answer.contacts] == [
        f"<sip:{FIXED}@127.0.0.1:{icscf.port};user=phone>;q={one}" for icscf, one in zip(icscfs, q, strict=True)
    ]


@pytest.mark.parametrize("uri", [f"tel:{FIXED}", f"sip:{FIXED}@gateway.example;user=phone", "tel:+49-721-957829-0"])
def test_the_first_icscf_refuses_and_the_second_takes_the_call(
    service: Service, kamailio: Kamailio, caller: Agent, icscfs: list[Agent], uri: str
) -> None:
    before = questions(service, "sip")
    caller.ask(kamailio.port, uri)
    invites = [icscfs[0].serve("503 Service Unavailable"), icscfs[1].serve("200 OK")]
    assert [invite.first for invite in invites] == [
        f"INVITE sip:{FIXED}@127.0.0.1:{icscf.port};user=phone SIP/2.0" for icscf in icscfs[:2]
    ]
    assert {invite["to"] for invite in invites} == {f"<{uri}>"}
    answer = caller.final()
    assert (answer.status, answer.contacts) == (200, [f"<sip:127.0.0.1:{icscfs[1].port}>"])
    assert questions(service, "sip") == before + 2  # the INVITE and the ACK of its 302
    assert icscfs[2].is_quiet()


def test_a_silent_icscf_is_left_for_the_next_and_the_last_refusal_is_the_callers(
    kamailio: Kamailio, caller: Agent, icscfs: list[Agent]
) -> None:
    caller.ask(kamailio.port, f"tel:{FIXED}")
    assert icscfs[1].serve("500 Server Internal Error").first.startswith(f"INVITE sip:{FIXED}@")
    assert not icscfs[0].is_quiet()
    icscfs[2].serve("486 Busy Here")
    assert caller.final().status == 486


@pytest.mark.parametrize(
    ("uri", "status", "code"),
    [
        ("tel:+4972195782", 484, "E_INCOMPLETE"),
        ("tel:+49721957829", 484, "E_INCOMPLETE"),
        ("tel:+43123", 404, "UNKNOWN"),
        ("sip:+43123@gateway.example;user=phone", 404, "UNKNOWN"),
        ("tel:+491715407093", 480, "UNREGISTERED"),
    ],
)
def test_a_refusal_and_its_warning_reach_the_caller(
    kamailio: Kamailio, caller: Agent, uri: str, status: int, code: str
) -> None:
    for extra in ((), ("X-Follow: no",)):
        caller.ask(kamailio.port, uri, *extra)
        answer = caller.final()
        assert answer.status == status
        assert answer["warning"].startswith(f'399 hss.ims.example "{code}: ')


def test_a_number_of_another_network_is_named_with_its_routing_number(kamailio: Kamailio, caller: Agent) -> None:
    caller.ask(kamailio.port, f"tel:{PORTED}", "X-Follow: no")
    answer = caller.final()
    assert (answer.status, answer.contacts) == (302, [f"<tel:{PORTED};npdi;rn=+4930999>"])
