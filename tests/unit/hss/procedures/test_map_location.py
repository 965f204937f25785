"""Where a mobile subscriber is: the decisions alone."""

from dataclasses import replace

from hss.procedures.map_location import InterrogationRequest, SubscriberState, identify, interrogate
from hss.procedures.map_refusals import DataMissing, InterrogationNotAllowed, UnknownSubscriber
from hss.procedures.map_routing_info import CalledParty
from schemas.identities import Imsi, Msisdn

PARTY = CalledParty(msisdn=Msisdn("491715407090"), imsi=Imsi("262011234567890"))
BY_NUMBER = InterrogationRequest(msisdn=PARTY.msisdn)


def test_an_interrogation_names_a_subscriber() -> None:
    assert interrogate(InterrogationRequest(), PARTY) == DataMissing()


def test_an_interrogation_that_asks_for_nothing_finds_nothing() -> None:
    assert interrogate(BY_NUMBER, PARTY) == SubscriberState()


def test_who_may_not_ask_learns_nothing_about_existence() -> None:
    assert interrogate(BY_NUMBER, None, allowed=False) == InterrogationNotAllowed()
    assert interrogate(BY_NUMBER, None) == UnknownSubscriber()


def test_only_who_has_an_imsi_is_identified() -> None:
    assert identify(PARTY) == PARTY.imsi
    assert identify(replace(PARTY, imsi=None)) == identify(None) == UnknownSubscriber()
