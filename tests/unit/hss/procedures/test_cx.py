"""TS 29.228 6.1.4.1, row by row."""

from typing import Any

import pytest

from hss.procedures.cx import (
    Capabilities,
    LocationInfoAnswer,
    LocationInfoRequest,
    ServedIdentity,
    locate,
)
from hss.procedures.errors import IdentityNotRegistered, RegistrationBroken, UserUnknown
from schemas.numbers.cx import UserAuthorizationType
from schemas.states import IdentityKind, RegistrationState

URI, SCSCF, SERVER = "sip:alice@ims.test", "sip:scscf.ims.test", "sip:as.ims.test"
WANTED = Capabilities(mandatory=(1,))
ASKED = LocationInfoRequest(public=URI)
ORIGINATING = LocationInfoRequest(public=URI, originating=True)
CAPABILITIES = LocationInfoRequest(public=URI, authorization_type=UserAuthorizationType.REGISTRATION_AND_CAPABILITIES)
REGISTERED, UNREGISTERED = RegistrationState.REGISTERED, RegistrationState.UNREGISTERED


def identity(**changes: Any) -> ServedIdentity:
    return ServedIdentity(**({"uri": URI, "capabilities": WANTED} | changes))


def test_nobody_is_unknown() -> None:
    with pytest.raises(UserUnknown):
        locate(ASKED, None)


@pytest.mark.parametrize("kind", [IdentityKind.DISTINCT_PSI, IdentityKind.WILDCARDED_PSI])
def test_an_inactive_service_is_unknown(kind: IdentityKind) -> None:
    with pytest.raises(UserUnknown):
        locate(ASKED, identity(kind=kind, psi_active=False, application_server=SERVER))


def test_the_activation_of_a_user_plays_no_part() -> None:
    known = identity(psi_active=False, state=REGISTERED, scscf_name=SCSCF)
    assert locate(ASKED, known) == LocationInfoAnswer(server_name=SCSCF)


def test_a_call_to_a_service_goes_to_its_application_server() -> None:
    known = identity(kind=IdentityKind.DISTINCT_PSI, application_server=SERVER, state=REGISTERED, scscf_name=SCSCF)
    assert locate(ASKED, known) == LocationInfoAnswer(server_name=SERVER, direct_routing=True)


def test_a_call_from_a_service_goes_to_its_s_cscf() -> None:
    known = identity(kind=IdentityKind.DISTINCT_PSI, application_server=SERVER, state=REGISTERED, scscf_name=SCSCF)
    assert locate(ORIGINATING, known) == LocationInfoAnswer(server_name=SCSCF)


def test_a_service_without_an_application_server_is_like_a_user() -> None:
    known = identity(kind=IdentityKind.DISTINCT_PSI, state=UNREGISTERED, scscf_name=SCSCF)
    assert locate(ASKED, known) == LocationInfoAnswer(server_name=SCSCF, unregistered=True)


def test_the_application_server_of_a_user_plays_no_part() -> None:
    known = identity(application_server=SERVER, state=REGISTERED, scscf_name=SCSCF)
    assert locate(ASKED, known) == LocationInfoAnswer(server_name=SCSCF)


@pytest.mark.parametrize("kind", [IdentityKind.WILDCARDED_PSI, IdentityKind.WILDCARDED_USER])
def test_a_wildcard_is_named_in_its_stored_form(kind: IdentityKind) -> None:
    known = identity(uri="sip:a!.*!@ims.test", kind=kind, state=REGISTERED, scscf_name=SCSCF)
    assert locate(ASKED, known) == LocationInfoAnswer(server_name=SCSCF, wildcard="sip:a!.*!@ims.test")


def test_a_wildcarded_service_is_named_with_its_application_server() -> None:
    known = identity(uri="sip:a!.*!@ims.test", kind=IdentityKind.WILDCARDED_PSI, application_server=SERVER)
    answer = LocationInfoAnswer(server_name=SERVER, direct_routing=True, wildcard="sip:a!.*!@ims.test")
    assert locate(ASKED, known) == answer


def test_with_restoration_capabilities_are_given_to_who_asks_for_them() -> None:
    known = identity(state=REGISTERED, scscf_name=SCSCF)
    answer = LocationInfoAnswer(capabilities=WANTED, reassignment_pending=True)
    assert locate(CAPABILITIES, known, restoration_supported=True) == answer
    assert locate(ASKED, known, restoration_supported=True) == LocationInfoAnswer(server_name=SCSCF)


def test_without_restoration_the_wish_for_capabilities_is_ignored() -> None:
    assert locate(CAPABILITIES, identity(state=REGISTERED, scscf_name=SCSCF)) == LocationInfoAnswer(server_name=SCSCF)


@pytest.mark.parametrize("request_", [ASKED, ORIGINATING])
@pytest.mark.parametrize("state", [REGISTERED, UNREGISTERED])
@pytest.mark.parametrize("services", [True, False])
def test_who_is_on_an_s_cscf_is_found_there(
    request_: LocationInfoRequest, state: RegistrationState, *, services: bool
) -> None:
    known = identity(state=state, scscf_name=SCSCF, unregistered_services=services)
    assert locate(request_, known) == LocationInfoAnswer(server_name=SCSCF, unregistered=state is UNREGISTERED)


@pytest.mark.parametrize(("request_", "services"), [(ASKED, True), (ORIGINATING, False), (ORIGINATING, True)])
def test_who_is_not_registered_but_has_services_is_found_where_the_subscription_is(
    request_: LocationInfoRequest, *, services: bool
) -> None:
    known = identity(unregistered_services=services, scscf_name=SCSCF)
    assert locate(request_, known) == LocationInfoAnswer(server_name=SCSCF, unregistered=True)


@pytest.mark.parametrize(("request_", "services"), [(ASKED, True), (ORIGINATING, False)])
def test_without_an_s_cscf_one_has_to_be_chosen(request_: LocationInfoRequest, *, services: bool) -> None:
    answer = LocationInfoAnswer(capabilities=WANTED, unregistered_service=True, unregistered=True)
    assert locate(request_, identity(unregistered_services=services)) == answer


@pytest.mark.parametrize("scscf", [SCSCF, None])
def test_who_is_not_registered_and_has_no_services_is_refused(scscf: str | None) -> None:
    with pytest.raises(IdentityNotRegistered):
        locate(ASKED, identity(scscf_name=scscf))


@pytest.mark.parametrize("state", [REGISTERED, UNREGISTERED])
def test_a_registration_without_an_s_cscf_is_a_fault_of_ours(state: RegistrationState) -> None:
    with pytest.raises(RegistrationBroken):
        locate(ASKED, identity(state=state))


def test_capabilities_of_the_subscription_go_before_the_default() -> None:
    default = Capabilities(names=(SCSCF,))
    known = identity(unregistered_services=True)
    assert locate(ASKED, known, default_capabilities=default).capabilities == WANTED
    bare = identity(unregistered_services=True, capabilities=Capabilities())
    assert locate(ASKED, bare, default_capabilities=default).capabilities == default


@pytest.mark.parametrize("empty", [Capabilities(), Capabilities((), (), ())])
def test_capabilities_may_ask_for_nothing(empty: Capabilities) -> None:
    assert not empty
    assert locate(ASKED, identity(unregistered_services=True, capabilities=empty)).capabilities == empty
