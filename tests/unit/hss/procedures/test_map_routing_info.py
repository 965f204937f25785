"""The decision behind sendRoutingInfo alone; the table with all versions is tested between two machines."""

from dataclasses import replace

import pytest

from hss.procedures.map_refusals import (
    AbsentSubscriber,
    CallBarred,
    ForwardingViolation,
    SystemFailure,
    UnknownSubscriber,
)
from hss.procedures.map_routing_info import (
    ROAM,
    CalledParty,
    CallForwarding,
    Forward,
    IcscfChoice,
    IcscfRoute,
    OperatorFacts,
    RoutingInfoRequest,
    decide,
    unreachable,
)
from routing.selection import Member, Policy
from schemas.identities import Msisdn
from schemas.states import ForwardingCondition, IncomingBarring, TerminatingPreference

NUMBER = Msisdn("491715407090")
PARTY = CalledParty(msisdn=NUMBER)
ASKED = RoutingInfoRequest(msisdn=NUMBER)
ICSCF = IcscfChoice.static("icscf1.example")


def test_nobody_is_unknown() -> None:
    assert decide(ASKED, None) == UnknownSubscriber()
    assert decide(ASKED, replace(PARTY, operator=OperatorFacts(answers_routing_info=False))) == UnknownSubscriber()


@pytest.mark.parametrize(
    ("barring", "suppressed", "barred"),
    [
        (IncomingBarring.OPERATOR, False, True),
        (IncomingBarring.OPERATOR, True, True),
        (IncomingBarring.SERVICE, False, True),
        (IncomingBarring.SERVICE, True, False),
        (IncomingBarring.NONE, False, False),
    ],
)
def test_a_gateway_may_suppress_the_barring_of_a_service(
    barring: IncomingBarring, *, suppressed: bool, barred: bool
) -> None:
    decision = decide(replace(ASKED, suppresses_barring=suppressed), replace(PARTY, barring=barring))
    assert decision == (CallBarred(by=barring) if barred else AbsentSubscriber())


@pytest.mark.parametrize("preference", list(TerminatingPreference))
@pytest.mark.parametrize("in_ims", [False, True])
@pytest.mark.parametrize("in_vlr", [False, True])
def test_the_preference_decides_between_the_domains(
    preference: TerminatingPreference, *, in_ims: bool, in_vlr: bool
) -> None:
    party = replace(
        PARTY, preference=preference, reachable_in_ims=in_ims, vlr_number="4917" if in_vlr else None, icscf=ICSCF
    )
    decision = decide(ASKED, party)
    ims_first = preference is not TerminatingPreference.CS_FIRST
    if in_ims and (ims_first or not in_vlr):
        assert isinstance(decision, IcscfRoute)
    elif in_vlr and preference is not TerminatingPreference.IMS_ONLY:
        assert decision is ROAM
    else:
        assert decision == AbsentSubscriber()


def test_without_an_i_cscf_the_call_goes_to_the_vlr_or_has_failed() -> None:
    party = replace(PARTY, reachable_in_ims=True, preference=TerminatingPreference.IMS_FIRST)
    assert decide(ASKED, party) == SystemFailure()
    assert decide(ASKED, replace(party, vlr_number="4917")) is ROAM
    down = IcscfChoice(members=(Member(host="a.example", up=False),))
    assert decide(ASKED, replace(party, icscf=down)) == SystemFailure()
    assert decide(replace(ASKED, circuit_switched_leg=True), party) == AbsentSubscriber()


def test_a_forwarding_service_comes_before_the_voicebox() -> None:
    service = CallForwarding(condition=ForwardingCondition.NOT_REACHABLE, number="4930")
    party = replace(PARTY, voicebox="4917", forwardings=(service,))
    assert decide(ASKED, party) == Forward(number="4930", condition=ForwardingCondition.NOT_REACHABLE)
    inactive = replace(party, forwardings=(replace(service, active=False),))
    assert decide(ASKED, inactive) == Forward(
        number="4917", condition=ForwardingCondition.NOT_REACHABLE, to_voicebox=True
    )


def test_unconditional_forwarding_does_not_stop_the_circuit_switched_leg() -> None:
    service = CallForwarding(condition=ForwardingCondition.UNCONDITIONAL, number="4930")
    party = replace(PARTY, vlr_number="4917", forwardings=(service,))
    assert isinstance(decide(ASKED, party), Forward)
    assert decide(replace(ASKED, circuit_switched_leg=True), party) is ROAM


def test_a_number_that_is_too_long_for_the_gateway_is_a_violation() -> None:
    party = replace(PARTY, voicebox="4" * 17)
    assert decide(ASKED, party) == ForwardingViolation()
    assert isinstance(decide(replace(ASKED, takes_long_numbers=True), party), Forward)


def test_a_refusal_of_the_vlr_stands_where_nothing_is_forwarded() -> None:
    assert unreachable(ASKED, PARTY, SystemFailure()) == SystemFailure()


@pytest.mark.parametrize("policy", list(Policy))
def test_only_policies_without_turns_are_steady(policy: Policy) -> None:
    choice = IcscfChoice(members=(Member(host="a.example"),), policy=policy)
    assert choice.steady == (policy in {Policy.RENDEZVOUS, Policy.STATIC})
