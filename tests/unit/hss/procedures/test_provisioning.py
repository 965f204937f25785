"""A whole subscriber from an IMSI or a number."""

import re
from typing import Any

import pytest

from hss.procedures.provisioning import NotDerivable, derive
from schemas.documents import Credentials, IcscfEntry, NewSubscriber, Operator, PublicIdentity, Subscriber
from schemas.states import AuthenticationScheme, OperatorType, RegistrationState, TerminatingPreference

MOBILE = Operator(
    name="t-mobile", type=OperatorType.MOBILE, home_domain="ims.example", mcc="262", mnc="01", country_code="49"
)
IMSI = "262011234567890"
DOMAIN = "ims.mnc001.mcc262.3gppnetwork.org"


def subscriber(operator: Operator = MOBILE, **fields: Any) -> Subscriber:
    return derive(NewSubscriber(operator=operator.name, **fields), operator)


def uris(whole: Subscriber) -> list[str]:
    return [identity.uri for group in whole.sets for identity in group.identities]


def test_an_imsi_gives_private_and_barred_temporary_identity() -> None:
    whole = subscriber(imsi=IMSI)
    assert whole.name == IMSI
    assert [private.nai for private in whole.private_identities] == [f"{IMSI}@{DOMAIN}"]
    assert whole.sets[0].identities == [PublicIdentity(uri=f"sip:{IMSI}@{DOMAIN}", barred=True)]
    assert whole.sets[0].private_identities == [f"{IMSI}@{DOMAIN}"]
    assert whole.circuit_switched is None


def test_the_operator_says_how_long_the_network_code_is() -> None:
    three = MOBILE.model_copy(update={"mnc": "410", "mcc": "310"})
    whole = subscriber(three, imsi="310410123456789")
    assert whole.private_identities[0].nai == "310410123456789@ims.mnc410.mcc310.3gppnetwork.org"


def test_a_network_code_has_two_digits_where_the_operator_does_not_say() -> None:
    silent = MOBILE.model_copy(update={"mnc": None, "mcc": None})
    assert subscriber(silent, imsi=IMSI).private_identities[0].nai == f"{IMSI}@{DOMAIN}"


def test_an_msisdn_gives_two_identities_and_a_circuit_switched_side() -> None:
    whole = subscriber(imsi=IMSI, msisdn="+49 171 5407090")
    assert uris(whole) == ["tel:+491715407090", "sip:+491715407090@ims.example", f"sip:{IMSI}@{DOMAIN}"]
    assert [identity.barred for identity in whole.sets[0].identities] == [False, False, True]
    assert whole.circuit_switched is not None
    assert (whole.circuit_switched.imsi, whole.circuit_switched.msisdns) == (IMSI, ["+491715407090"])
    assert whole.circuit_switched.icscf is None


def test_msisdn_and_fixed_number_share_one_set() -> None:
    whole = subscriber(imsi=IMSI, msisdn="+491715407090", number="+497219578290")
    assert len(whole.sets) == 1
    assert uris(whole)[2:4] == ["tel:+497219578290", "sip:+497219578290@ims.example"]
    assert whole.circuit_switched is not None
    assert whole.circuit_switched.msisdns == ["+491715407090"]


def test_the_same_number_twice_gives_its_identities_once() -> None:
    assert uris(subscriber(msisdn="+491715407090", number="491715407090")) == [
        "tel:+491715407090",
        "sip:+491715407090@ims.example",
    ]


def test_without_an_imsi_the_private_identity_is_the_number_in_the_home_domain() -> None:
    whole = subscriber(number="+497219578290")
    assert whole.name == "497219578290"
    assert whole.private_identities[0].nai == "497219578290@ims.example"
    assert whole.private_identities[0].imsi is None
    assert whole.circuit_switched is None


def test_the_name_is_the_one_that_is_given() -> None:
    assert subscriber(imsi=IMSI, name="alice").name == "alice"


@pytest.mark.parametrize(
    ("given", "scheme"),
    [
        ({}, AuthenticationScheme.AKA),
        ({"k": "0" * 32, "password": "geheim"}, AuthenticationScheme.AKA),
        ({"password": "geheim"}, AuthenticationScheme.SIP_DIGEST),
        ({"ha1": "0" * 32}, AuthenticationScheme.SIP_DIGEST),
        ({"ha1": "0" * 32, "scheme": "Digest-AKAv1-MD5"}, AuthenticationScheme.AKA),
        ({"scheme": "SIP Digest"}, AuthenticationScheme.SIP_DIGEST),
    ],
)
def test_the_scheme_follows_the_secrets_unless_it_is_given(given: dict[str, Any], scheme: AuthenticationScheme) -> None:
    assert subscriber(imsi=IMSI, **given).private_identities[0].scheme is scheme


def test_secrets_go_to_the_private_identity() -> None:
    private = subscriber(imsi=IMSI, k="A" * 32, opc="b" * 32, amf="B9B9", sqn=7).private_identities[0]
    assert private.credentials == Credentials(k="a" * 32, opc="b" * 32)
    assert (private.amf, private.sqn) == ("B9B9", 7)


def test_without_secrets_there_are_no_credentials() -> None:
    assert subscriber(imsi=IMSI).private_identities[0].credentials is None


def test_what_is_given_arrives() -> None:
    whole = subscriber(
        msisdn="+491715407090",
        service_profile="volte",
        vlr_number="+491710000001",
        msc_number="+491710000002",
        voicebox="+491715407099",
        preference="ims-first",
        icscf_host="icscf.ims.example",
        scscf="sip:scscf1.ims.example:6060",
        state="registered",
    )
    assert {identity.service_profile for identity in whole.sets[0].identities} == {"volte"}
    side = whole.circuit_switched
    assert side is not None
    assert (side.vlr_number, side.msc_number, side.voicebox) == ("+491710000001", "+491710000002", "+491715407099")
    assert side.preference is TerminatingPreference.IMS_FIRST
    assert side.icscf == IcscfEntry(host="icscf.ims.example")
    assert whole.scscf is not None
    assert whole.scscf.name == "sip:scscf1.ims.example:6060"
    assert whole.sets[0].state is RegistrationState.REGISTERED


def test_an_icscf_entry_may_be_a_pool() -> None:
    side = subscriber(msisdn="+491715407090", icscf_pool="south").circuit_switched
    assert side is not None
    assert side.icscf == IcscfEntry(pool="south")


@pytest.mark.parametrize(
    ("fields", "field", "rule"),
    [
        ({"op": "0" * 32, "opc": "0" * 32}, "opc", "op and opc exclude each other"),
        ({"ha1": "0" * 32, "password": "x"}, "password", "ha1 and password exclude each other"),
        ({"voicebox": "+491715407099"}, "voicebox", "needs an msisdn"),
        ({"vlr_number": "+491715407099"}, "vlr_number", "needs an msisdn"),
        ({"icscf_pool": "south"}, "icscf_pool", "needs an msisdn"),
        ({"preference": "ims-only"}, "preference", "needs an msisdn"),
    ],
)
def test_a_short_form_that_contradicts_itself_is_refused(fields: dict[str, Any], field: str, rule: str) -> None:
    with pytest.raises(NotDerivable, match=re.escape(rule)) as refused:
        subscriber(imsi=IMSI, **fields)
    assert refused.value.field == field


def test_what_is_derived_is_a_valid_document() -> None:
    whole = subscriber(imsi=IMSI, msisdn="+491715407090", number="+497219578290", k="0" * 32)
    assert Subscriber.model_validate(whole.model_dump()) == whole.model_copy(
        update={
            "private_identities": [
                private.model_copy(update={"credentials": None}) for private in whole.private_identities
            ]
        }
    )
