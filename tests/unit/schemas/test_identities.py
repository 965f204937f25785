"""Identities and their canonical form (TS 23.003 13)."""

import pytest

from schemas.identities import (
    LONGEST_URI,
    IdentityError,
    Impi,
    Impu,
    Imsi,
    Msisdn,
    NotAnIdentity,
    Wildcard,
    conference_factory_of,
    home_domain,
    is_canonical,
    is_wildcard,
    private_identity_of,
    temporary_identity_of,
    visited_network,
)

HOME = frozenset({"ims.test"})
CANONICAL = {
    "SIP:Alice@IMS.Test:5060;transport=tcp": "sip:Alice@ims.test",
    "sip:%61lice@ims.test": "sip:alice@ims.test",
    "sips:alice@ims.test": "sips:alice@ims.test",
    "tel:+49-171-540(70)90": "tel:+491715407090",
    "TEL:+491715407090;rn=+49;npdi": "tel:+491715407090",
    "sip:+491715407090@ims.test;user=phone": "tel:+491715407090",
    "sip:%2B491715407090@ims.test;user=phone": "tel:+491715407090",
    "sips:+491715407090@ims.test;user=PHONE": "tel:+491715407090",
    "sip:+49-171-5407090;ext=7@ims.test;user=phone": "tel:+491715407090",
    "sip:+491715407090@ims.test": "sip:+491715407090@ims.test",
    "sip:+491715407090@else.test;user=phone": "sip:+491715407090@else.test",
    "sip:alice@ims.test;user=phone": "sip:alice@ims.test",
    "sip:7090;phone-context=ims.test@ims.test;user=phone": "tel:7090;phone-context=ims.test",
    "sip:7090@ims.test;user=phone": "sip:7090@ims.test",
    "tel:7090;phone-context=ims.test": "tel:7090;phone-context=ims.test",
    "tel:70-90;isub=1;phone-context=IMS.test.": "tel:7090;phone-context=ims.test",
    "tel:110;phone-context=+49": "tel:110;phone-context=+49",
    "tel:*21#;phone-context=+4-9": "tel:*21#;phone-context=+49",
    "tel:+123456789012345": "tel:+123456789012345",
    "sip:chatlist!1@ims.test": "sip:chatlist!1@ims.test",
    "sip:ims.test": "sip:ims.test",
    "sip:alice@ims.test.": "sip:alice@ims.test",
    "sip:alice:secret@ims.test": "sip:alice@ims.test",
    "sip:alice@ims.test?subject=x": "sip:alice@ims.test",
    "sip:alice@[2001:DB8::1]:5060": "sip:alice@[2001:db8::1]",
    "sip:a%40b%3b%25@ims.test": "sip:a%40b;%25@ims.test",
    "sip:*21#@ims.test": "sip:*21%23@ims.test",
    "sip:\u00e9@ims.test": "sip:%C3%A9@ims.test",
    "sip:%c3%a9@ims.test": "sip:%C3%A9@ims.test",
}
WRONG = {
    "": "not a URI",
    "alice": "not a URI",
    "sip:": "not a URI",
    "sip:@ims.test": "not a URI",
    "sip:a@b@c": "not a URI",
    "sip:a b@c": "has no ' '",
    "sip:a\x00b@c": "has no '",
    "sip:<a>@c": "has no '<'",
    "sip:a%4@ims.test": "two hexadecimal digits",
    "tel:110": "phone-context",
    "tel:1x0;phone-context=ims.test": "phone-context",
    "tel:110;phone-context=": "phone-context",
    "tel:110;phone-context=-": "phone-context",
    "tel:+": "phone-context",
}


@pytest.mark.parametrize(("text", "uri"), CANONICAL.items())
def test_every_form_of_a_public_identity_becomes_the_canonical_one(text: str, uri: str) -> None:
    assert Impu.parse(text, HOME).uri == uri


@pytest.mark.parametrize("uri", sorted(set(CANONICAL.values())))
def test_the_canonical_form_stays_as_it_is(uri: str) -> None:
    assert str(Impu.parse(uri, HOME)) == uri


@pytest.mark.parametrize(("text", "rule"), WRONG.items())
def test_text_that_is_no_uri_is_refused_with_the_rule(text: str, rule: str) -> None:
    with pytest.raises(IdentityError) as caught:
        Impu.parse(text, HOME)
    assert rule in str(caught.value)
    assert type(caught.value) is IdentityError


@pytest.mark.parametrize(
    "text", ["urn:service:sos", "http://ims.test", "tel:+1234567890123456", f"sip:{LONGEST_URI * 'a'}@ims.test"]
)
def test_a_uri_that_no_subscriber_can_have_is_told_apart(text: str) -> None:
    with pytest.raises(NotAnIdentity):
        Impu.parse(text, HOME)


def test_without_home_domains_every_domain_is_ours() -> None:
    assert Impu.parse("sip:+491715407090@else.test;user=phone").uri == "tel:+491715407090"


def test_parts_of_a_public_identity() -> None:
    tel, sip = Impu.parse("tel:+491715407090"), Impu.parse("sip:alice@ims.test")
    assert (tel.e164, tel.domain) == ("491715407090", None)
    assert (sip.e164, sip.domain) == (None, "ims.test")
    assert Impu.parse("sip:ims.test").domain == "ims.test"


@pytest.mark.parametrize("text", ["262011234567890", "123456"])
def test_an_imsi_has_6_to_15_digits(text: str) -> None:
    assert str(Imsi.parse(text)) == text


@pytest.mark.parametrize("text", ["12345", "1234567890123456", "+262011234567", "26201a", 6 * "\u0662"])
def test_anything_else_is_no_imsi(text: str) -> None:
    with pytest.raises(IdentityError):
        Imsi.parse(text)


@pytest.mark.parametrize("text", ["491715407090", "+49 171 5407090", "+49-171/540.70(90)", " 491715407090 "])
def test_an_msisdn_is_digits_whatever_stands_between_them(text: str) -> None:
    assert str(Msisdn.parse(text)) == "491715407090"


@pytest.mark.parametrize("text", ["", "+", "1234567890123456", "49x", "++49"])
def test_anything_else_is_no_msisdn(text: str) -> None:
    with pytest.raises(IdentityError):
        Msisdn.parse(text)


def test_the_realm_of_a_private_identity_is_in_lower_case() -> None:
    assert str(Impi.parse("Alice@IMS.test")) == "Alice@ims.test"


@pytest.mark.parametrize("text", ["", "alice", "@ims.test", "alice@", "a@b@c", "a b@c", f"{LONGEST_URI * 'a'}@b"])
def test_anything_else_is_no_private_identity(text: str) -> None:
    with pytest.raises(IdentityError):
        Impi.parse(text)


def test_identities_are_derived_from_an_imsi() -> None:
    """TS 23.003 13: the example has MCC 234 and MNC 15."""
    imsi = Imsi.parse("234150999999999")
    assert home_domain(imsi, 2) == "ims.mnc015.mcc234.3gppnetwork.org"
    assert home_domain(imsi, 3) == "ims.mnc150.mcc234.3gppnetwork.org"
    assert private_identity_of(imsi, 2).nai == "234150999999999@ims.mnc015.mcc234.3gppnetwork.org"
    assert temporary_identity_of(imsi, 2).uri == "sip:234150999999999@ims.mnc015.mcc234.3gppnetwork.org"
    assert conference_factory_of(imsi, 2).uri == "sip:mmtel@conf-factory.ims.mnc015.mcc234.3gppnetwork.org"


def test_the_quotes_of_a_header_are_no_part_of_a_visited_network() -> None:
    assert visited_network('"IMS.test"') == visited_network("ims.test") == "ims.test"


@pytest.mark.parametrize(
    ("wildcard", "uri", "matches"),
    [
        ("sip:chatlist!.*!@ims.test", "sip:chatlist42@ims.test", True),
        ("sip:chatlist!.*!@ims.test", "sip:chatlist!1@ims.test", True),
        ("sip:chatlist!.*!@IMS.test", "sip:chatlist@ims.test", True),
        ("SIP:chatlist!.*!@ims.test:5060;user=phone", "sip:chatlist42@ims.test", True),
        ("sip:chatlist!.*!@ims.test", "sip:chat@ims.test", False),
        ("sip:chatlist!.*!@ims.test", "sip:chatlist42@else.test", False),
        ("sip:ab!.*!ba@ims.test", "sip:aba@ims.test", False),
        ("tel:+49-721-957829!.*!", "tel:+497219578290", True),
        ("tel:+49721957829!.{1,3}!", "tel:+49721957829", False),
        ("tel:7!.*!;phone-context=IMS.test", "tel:7090;phone-context=ims.test", True),
        ("sip:a!b!c!@ims.test", "sip:ab!c@ims.test", True),
    ],
)
def test_a_wildcard_stands_for_many(wildcard: str, uri: str, *, matches: bool) -> None:
    assert Wildcard.parse(wildcard).matches(uri) is matches
    assert Wildcard.parse(wildcard).uri == wildcard


@pytest.mark.parametrize(
    "text",
    [
        "sip:chat@ims.test",
        "sip:chat!@ims.test",
        "sip:chat!(!@ims.test",
        "sip:chat@!.*!.test",
        "chat!.*!",
        f"sip:!{LONGEST_URI * 'a'}!@ims.test",
    ],
)
def test_anything_else_is_no_wildcard(text: str) -> None:
    with pytest.raises(IdentityError):
        Wildcard.parse(text)


def test_two_delimiters_make_a_wildcard() -> None:
    assert is_wildcard("sip:a!.*!@ims.test")
    assert not is_wildcard("sip:a!1@ims.test")


def test_what_is_canonical_is_known_at_a_glance() -> None:
    assert is_canonical("tel:+491715407090")
    assert is_canonical("sip:+49171;x=y@ims.test")
    assert not is_canonical("sip:a%20b@ims.test")
    assert not is_canonical("sip:alice@IMS.test")
