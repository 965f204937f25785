"""Cx, from memory and from the database."""

import asyncio
from collections.abc import Awaitable

import pytest

from hss.procedures.cx import Capabilities, LocationInfoAnswer, LocationInfoRequest, ServedIdentity
from hss.procedures.errors import IdentityNotRegistered, UserUnknown
from hss.services.administration import Changes
from schemas.numbers.cx import UserAuthorizationType
from tests.unit.hss.diameter.samples import REGISTERED, SCSCF, Everything

FOUND = LocationInfoAnswer(server_name=SCSCF)
TEL, SIP = "tel:+491715407090", "sip:+491715407090@ims.test"


def asked(uri: str) -> LocationInfoRequest:
    return LocationInfoRequest(public=uri)


def answered(everything: Everything, uri: str) -> LocationInfoAnswer:
    """Ask, and wait where it takes its time."""
    answer = everything.service.locate(asked(uri))
    if isinstance(answer, LocationInfoAnswer):
        return answer

    async def wait(work: Awaitable[LocationInfoAnswer]) -> LocationInfoAnswer:
        return await work

    return asyncio.run(wait(answer))


def test_the_first_answer_comes_from_the_database_and_the_next_from_memory() -> None:
    hss = Everything()
    assert answered(hss, TEL) == FOUND
    assert hss.service.locate(asked(TEL)) == FOUND
    assert hss.store.asked == [TEL]


def test_absence_is_remembered() -> None:
    hss = Everything()
    for _ in range(2):
        with pytest.raises(UserUnknown):
            answered(hss, "sip:nobody@ims.test")
    assert hss.store.asked == ["sip:nobody@ims.test"]


def test_with_the_filter_an_unknown_identity_never_reaches_the_database() -> None:
    hss = Everything().filtered()
    with pytest.raises(UserUnknown):
        hss.service.locate(asked("sip:nobody@ims.test"))
    assert hss.store.asked == []
    assert hss.service.is_unknown("sip:nobody@ims.test")
    assert hss.service.is_unknown("sip:+49666@ims.test")
    assert not hss.service.is_unknown(TEL)
    assert not hss.service.is_unknown(SIP)
    assert not hss.service.is_unknown("sip:chat1@ims.test")


def test_what_is_in_memory_is_not_certainly_unknown() -> None:
    hss = Everything().filtered()
    hss.known.write("sip:new@ims.test", None)
    assert not hss.service.is_unknown("sip:new@ims.test")


def test_a_refusal_of_the_procedure_passes_through() -> None:
    with pytest.raises(IdentityNotRegistered):
        answered(Everything(), "sip:notreg@ims.test")


@pytest.mark.parametrize("filtered", [True, False])
def test_a_number_behind_a_sip_identity_of_ours_is_found(*, filtered: bool) -> None:
    hss = Everything().filtered() if filtered else Everything()
    assert answered(hss, SIP) == FOUND
    assert answered(hss, "sip:+49-171-5407090@ims.test") == FOUND
    assert hss.service.locate(asked(SIP)) == FOUND


@pytest.mark.parametrize("uri", ["sip:+491715407090@else.test", "sip:+@ims.test", "sip:+4917154070901234@ims.test"])
def test_it_is_not_where_the_domain_is_foreign_or_the_number_none(uri: str) -> None:
    with pytest.raises(UserUnknown):
        answered(Everything(), uri)


def test_it_is_not_where_the_switch_is_off() -> None:
    with pytest.raises(UserUnknown):
        answered(Everything(number_behind_sip=False), SIP)


def test_a_sip_identity_that_is_stored_goes_before_the_number_behind_it() -> None:
    other = ServedIdentity(uri=SIP, state=REGISTERED, scscf_name="sip:other")
    tel = ServedIdentity(uri=TEL, state=REGISTERED, scscf_name=SCSCF)
    assert answered(Everything([other, tel]), SIP).server_name == "sip:other"


@pytest.mark.parametrize("filtered", [True, False])
def test_a_wildcard_is_found_where_there_is_no_distinct_identity(*, filtered: bool) -> None:
    hss = Everything().filtered() if filtered else Everything()
    answer = answered(hss, "sip:chat42@ims.test")
    assert (answer.wildcard, answer.direct_routing) == ("sip:chat!.*!@ims.test", True)
    assert hss.service.locate(asked("sip:chat42@ims.test")) == answer
    assert answered(hss, "sip:chat43@ims.test") == answer
    assert hss.store.asked.count("sip:chat!.*!@ims.test") == 1
    assert hss.service.marks(asked("sip:chat42@ims.test")) == ()


def test_a_distinct_identity_goes_before_a_wildcard() -> None:
    hss = Everything()
    hss.store.rows["sip:chat42@ims.test"] = ServedIdentity(uri="sip:chat42@ims.test", state=REGISTERED, scscf_name="x")
    assert answered(hss, "sip:chat42@ims.test").server_name == "x"


def test_a_fault_of_the_database_is_not_remembered() -> None:
    hss = Everything()
    for _ in range(2):
        with pytest.raises(ConnectionError):
            answered(hss, "sip:fault@ims.test")
    assert hss.store.asked == 2 * ["sip:fault@ims.test"]
    assert hss.known.peek("sip:fault@ims.test") is None


def test_a_load_in_the_middle_of_which_others_have_loaded_asks_only_once() -> None:
    """Two requests for numbers behind SIP identities wait for the same number."""
    hss = Everything()

    async def both() -> list[LocationInfoAnswer]:
        works = [hss.service.locate(asked(uri)) for uri in (SIP, "sip:+49171.5407090@ims.test")]
        return [await work for work in works if not isinstance(work, LocationInfoAnswer)]

    assert asyncio.run(both()) == [FOUND, FOUND]
    assert hss.store.asked.count(TEL) == 1


def test_a_wish_for_reassignment_is_noted_before_the_answer() -> None:
    hss = Everything(restoration_supported=True)
    request = LocationInfoRequest(public=TEL, authorization_type=UserAuthorizationType.REGISTRATION_AND_CAPABILITIES)

    async def ask() -> LocationInfoAnswer:
        answer = hss.service.locate(request)
        assert not isinstance(answer, LocationInfoAnswer)
        return await answer

    for times in (1, 2):
        assert asyncio.run(ask()).reassignment_pending
        assert hss.store.noted == times * [TEL]


def test_default_capabilities_reach_the_procedure() -> None:
    hss = Everything([ServedIdentity(uri=TEL, unregistered_services=True)], default_capabilities=Capabilities((1,)))
    assert answered(hss, TEL).capabilities == Capabilities((1,))


def test_an_answer_rests_on_its_identity() -> None:
    hss = Everything()
    answered(hss, TEL)
    assert hss.service.marks(asked(TEL)) == (hss.known.peek(TEL),)
    with pytest.raises(IdentityNotRegistered):
        answered(hss, "sip:notreg@ims.test")
    assert len(hss.service.marks(asked("sip:notreg@ims.test"))) == 1


@pytest.mark.parametrize("filtered", [True, False])
def test_an_answer_by_a_number_rests_on_the_absence_of_the_sip_identity_too(*, filtered: bool) -> None:
    hss = Everything().filtered() if filtered else Everything()
    answered(hss, SIP)
    marks = hss.service.marks(asked(SIP))
    assert [(mark.key, mark.value is None, mark.current) for mark in marks] == [(SIP, True, True), (TEL, False, True)]
    hss.service.apply(Changes(identities=frozenset({SIP}), added=frozenset({SIP})))
    assert [mark.current for mark in marks] == [False, True]


def test_what_nobody_has_rests_on_nothing() -> None:
    hss = Everything().filtered()
    assert hss.service.marks(asked("sip:nobody@ims.test")) == ()
    assert hss.service.marks(asked("sip:+49666@ims.test")) == ()


def test_a_wildcard_over_a_number_keeps_its_answers_out() -> None:
    hss = Everything([ServedIdentity(uri=TEL, state=REGISTERED, scscf_name=SCSCF)])
    answered(hss, TEL)
    hss.store.rows["sip:+49!.*!@ims.test"] = ServedIdentity(uri="sip:+49!.*!@ims.test")
    asyncio.run(hss.service.load_wildcards())
    answered(hss, TEL)
    assert hss.service.marks(asked(SIP)) == ()


def test_a_change_is_seen_by_the_next_request() -> None:
    hss = Everything().filtered()
    assert answered(hss, TEL) == FOUND
    hss.store.rows[TEL] = ServedIdentity(uri=TEL, state=REGISTERED, scscf_name="sip:other")
    hss.service.apply(Changes(identities=frozenset({TEL})))
    assert answered(hss, TEL).server_name == "sip:other"


def test_a_new_identity_is_seen_by_the_next_request() -> None:
    hss = Everything().filtered()
    new = "sip:new@ims.test"
    with pytest.raises(UserUnknown):
        answered(hss, new)
    hss.store.rows[new] = ServedIdentity(uri=new, state=REGISTERED, scscf_name=SCSCF)
    hss.service.apply(Changes(identities=frozenset({new}), added=frozenset({new})))
    assert answered(hss, new) == FOUND


@pytest.mark.parametrize("changes", [Changes(everything=True), Changes(wildcards=True), Changes(numbering=True)])
def test_a_change_of_everything_forgets_everything(changes: Changes) -> None:
    hss = Everything()
    answered(hss, TEL)
    hss.service.apply(changes)
    assert len(hss.known) == 0
