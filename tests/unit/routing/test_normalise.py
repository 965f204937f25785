import pickle
from dataclasses import replace
from typing import Any

import pytest

from routing.normalise import (
    DEFAULT_PROFILE,
    Code,
    Kind,
    NumberError,
    Profile,
    Signals,
    Stems,
    Warned,
    country_code,
    normalise,
)
from routing.normalise.number import RULE_OF


def error_of(kind: str, value: object, profile: Profile = DEFAULT_PROFILE) -> NumberError:
    with pytest.raises(NumberError) as failed:
        normalise(kind, value, profile)
    return failed.value


PBX = replace(DEFAULT_PROFILE, ddi={"49721957829": (1, 4)})


@pytest.mark.parametrize(
    ("value", "e164", "rule"),
    [
        ("\t+49 171 5407090\u2009\r\n", "+491715407090", "RFC3966-5.1.1"),
        ("  +49 171\u00a05407090 ", "+491715407090", "RFC3966-5.1.1"),
        ("0721 957829\u20130", "+497219578290", "RFC8224-8.3"),
        ("001 202 555 0123", "+12025550123", "RFC3966-7.4"),
        ("9578290", "+497219578290", "RFC3398-12.1"),
        ("+7 495 1234567", "+74951234567", "RFC3966-5.1.1"),
        ("+1", "+1", "RFC3966-5.1.1"),
        ("+378 0549 882345", "+3780549882345", "RFC3966-5.1.1"),
    ],
)
def test_text_becomes_a_global_number(value: str, e164: str, rule: str) -> None:
    number = normalise(Kind.TEXT, value)
    assert (number.kind, number.e164, number.rule) == ("global", e164, rule)


@pytest.mark.parametrize("value", ["+49 (0) 721 1234", "0049(0)721/1234", "+49 (0)721-1234"])
def test_a_trunk_zero_in_parentheses_is_dropped_with_a_warning(value: str) -> None:
    number = normalise("text", value)
    assert (number.e164, number.warnings) == ("+497211234", (Warned.TRUNK_0_IN_PARENS,))


def test_parentheses_elsewhere_are_separators() -> None:
    assert normalise("text", "(0)721 1234").e164 == "+497211234"


@pytest.mark.parametrize(
    ("value", "code", "position"),
    [
        ("   ", Code.EMPTY, 0),
        ("+", Code.EMPTY, None),
        ("--", Code.EMPTY, None),
        ("+49 171 \u0661", Code.NON_ASCII, 8),
        ("  +49 171é", Code.NON_ASCII, 9),
        ("\u2003+49 171", Code.NON_ASCII, 0),
        (" +49 171\u2028", Code.NON_ASCII, 8),
        ("+49\u2003171", Code.NON_ASCII, 3),
        ("\u3000", Code.NON_ASCII, 0),
        ("\x1f+49 171", Code.SYNTAX, 0),
        ("0721 123p4", Code.POST_DIAL, 8),
        ("0721 123;4", Code.POST_DIAL, 8),
        ("0721 123 p", Code.ALPHA, 9),
        ("0800 FLOWERS", Code.ALPHA, 5),
        ("#31#0721", Code.SERVICE_CODE, 0),
        ("0721*1", Code.SYNTAX, 4),
        ("+49+1", Code.SYNTAX, 3),
        ("0721\t1", Code.SYNTAX, 4),
        ("+0171", Code.CC_ZERO, 1),
        ("+49 0721 123", Code.TRUNK_PREFIX, 4),
        ("01033 0721 123", Code.CARRIER_SELECT, 0),
        ("1" * 513, Code.SYNTAX, 512),
        ("+49 721-957829", Code.INCOMPLETE, 14),
        ("+49721", Code.INCOMPLETE, 6),
        ("+49 721 957829 12345", Code.DDI_TOO_LONG, 19),
        ("957829-12345", Code.DDI_TOO_LONG, 11),
        ("+" + "0" * 15, Code.DUMMY_MSISDN, 1),
    ],
)
def test_text_that_is_no_number_is_refused_with_code_and_position(value: str, code: Code, position: int | None) -> None:
    error = error_of("text", value, PBX)
    assert (error.code, error.position) == (code, position)
    assert error.rule == RULE_OF[code]
    assert error.why


def test_a_profile_without_area_or_prefixes_guesses_nothing() -> None:
    profile = Profile(cc="39", ndc=None, trunk=None, intl=None)
    assert error_of("text", "0669812345", profile).code is Code.NO_AREA
    assert normalise("text", "+39 (0) 6", profile).e164 == "+396"
    assert normalise("text", "+390669812345", profile).e164 == "+390669812345"
    assert profile.carriers == ()


def test_the_strict_switch_makes_the_length_an_error() -> None:
    long_number = "+4972112345678901"
    assert normalise("text", long_number).warnings == (Warned.OVER_E164_15,)
    error = error_of("text", long_number, replace(DEFAULT_PROFILE, strict_e164=True))
    assert (error.code, error.position) == (Code.TOO_LONG, 16)


def test_a_profile_can_refuse_single_warnings() -> None:
    profile = replace(DEFAULT_PROFILE, refuse=frozenset({Warned.TRUNK_0_IN_PARENS}))
    assert error_of("text", "+49(0)721123", profile).code is Code.WARNING
    assert normalise("text", "+4972112345678901", profile).warnings == (Warned.OVER_E164_15,)


@pytest.mark.parametrize(
    "codes", [{"cc": ""}, {"cc": "4a"}, {"ndc": "x"}, {"trunk": "+"}, {"intl": "0 0"}, {"cc": "٤٩"}]
)
def test_a_profile_with_wrong_codes_is_refused(codes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="of profile"):
        Profile(**codes)


@pytest.mark.parametrize(("stem", "least", "most"), [("", 1, 2), ("4x", 1, 2), ("4", -1, 2), ("49", 3, 2), ("٤", 1, 1)])
def test_a_wrong_stem_is_refused(stem: str, least: int, most: int) -> None:
    with pytest.raises(ValueError, match="not a DDI stem"):
        Stems({stem: (least, most)})


def test_the_longest_stem_counts() -> None:
    stems = Stems({"4972195": (5, 8), "49721957829": (1, 4)})
    assert stems.of("497219578290") == "49721957829"
    assert stems.of("4972195999999") == "4972195"
    assert stems.of("4972199") is None
    assert stems.of("4930") is None
    assert Stems({"49721": (1, 2), "4930123": (1, 2)}).of("49301999") is None
    assert normalise("text", "+4972195781234", stems=stems).ddi_stem == "4972195"
    assert bool(stems)
    assert not Stems()


@pytest.mark.parametrize(
    ("value", "code", "position"),
    [
        ("+49721", Code.SCHEME, 0),
        ("fax:+49721", Code.SCHEME, 0),
        ("tel:" + "1" * 2048, Code.SYNTAX, 2048),
        ("tel:+49721@example.com", Code.SYNTAX, 10),
        ("tel: +49721", Code.SPACE, 4),
        ("tel:+49721\u0661", Code.NON_ASCII, 10),
        ("tel:%2B49721", Code.PCT_PLUS, 4),
        ("tel:+49%32", Code.SYNTAX, 7),
        ("tel:+49721;a_b=1", Code.SYNTAX, 11),
        ("tel:+49721;", Code.SYNTAX, 11),
        ("tel:+49721;a=1;A=2", Code.DUP_PARAM, 15),
        ("tel:+49721;a=", Code.SYNTAX, 11),
        ("tel:+49721;a=%zz", Code.SYNTAX, 11),
        ("tel:+49721;ext=x", Code.SYNTAX, 11),
        ("tel:+49721;isub=", Code.SYNTAX, 11),
        ("tel:+49721;rn=+D1", Code.SYNTAX, 11),
        ("tel:+49721;npdi=yes", Code.SYNTAX, 11),
        ("tel:+49721;m-x", Code.UNKNOWN_MANDATORY, None),
        ("tel:+49721;rn=D1;rn-context=+D", Code.SYNTAX, 17),
        ("tel:+49721;rn=D1;rn-context=1", Code.SYNTAX, 17),
        ("tel:1;phone-context=+", Code.SYNTAX, 6),
        ("tel:1;phone-context=49", Code.SYNTAX, 6),
        ("tel:+4A", Code.HEX_IN_GLOBAL, 6),
        ("tel:+4#", Code.HEX_IN_GLOBAL, 6),
        ("tel:+4A!", Code.SYNTAX, 6),
        ("tel:+4G", Code.ALPHA, 6),
        ("tel:--", Code.EMPTY, 4),
        ("tel:;phone-context=+49", Code.EMPTY, 4),
        ("tel:12g!;phone-context=+49", Code.ALPHA, 6),
        ("tel:12!;phone-context=+49", Code.SYNTAX, 6),
        ("tel:+49(0)721", Code.TRUNK_PREFIX, 8),
        ("tel:+49-721-957829-12345", Code.DDI_TOO_LONG, 23),
        ("sip:alice@example.com", Code.NOT_PHONE, 4),
        ("sip:example.com;user=phone", Code.NOT_PHONE, 4),
        ("sip:+49721@-;user=phone", Code.SYNTAX, 11),
        ("sip:+49 721@example.com;user=phone", Code.SPACE, 7),
        ("sip:+49-721-957829@example.com;user=phone", Code.INCOMPLETE, 18),
    ],
)
def test_a_wrong_uri_is_refused_with_code_and_position(value: str, code: Code, position: int | None) -> None:
    error = error_of("uri", value, PBX)
    assert (error.code, error.position) == (code, position)


@pytest.mark.parametrize(
    ("value", "canonical"),
    [
        ("tel:+49721;Isub=a%20b", "tel:+49721;isub=a%20b"),
        ("tel:+49721;rn=d12;rn-context=+4d", "tel:+49721;rn=D12;rn-context=+4D"),
        ("tel:+49721;cic=12;cic-context=Example.COM", "tel:+49721;cic=12;cic-context=example.com"),
        ("tel:#31*;phone-context=+49", "tel:%2331*;phone-context=+49"),
        ("sips:+49-721@[::1]:5061;user=PHONE", "tel:+49721"),
    ],
)
def test_a_uri_has_one_canonical_form(value: str, canonical: str) -> None:
    number = normalise("uri", value)
    assert number.tel_uri == canonical
    assert normalise("uri", canonical).tel_uri == canonical


def test_what_is_tolerated_in_a_uri_is_warned_of() -> None:
    lenient = replace(DEFAULT_PROFILE, lenient_npdi=True)
    number = normalise("uri", "tel:+49721;npdi=yes", lenient)
    assert (number.npdi, number.tel_uri, number.warnings) == (True, "tel:+49721;npdi", (Warned.NPDI_WITH_VALUE,))
    assert normalise("uri", "tel:+49721;phone-context=+49").warnings == (Warned.CONTEXT_ON_GLOBAL,)
    outside = normalise("uri", "sip:+49721@h.example;npdi;user=phone")
    assert (outside.npdi, outside.warnings) == (False, (Warned.NP_PARAM_OUTSIDE_USER,))
    assert normalise("uri", "sip:+49721@h.example;rn=1;user=phone?a=b").warnings == (Warned.NP_PARAM_OUTSIDE_USER,)


def test_known_contexts_decide_what_a_local_number_is() -> None:
    profile = replace(DEFAULT_PROFILE, contexts={"+49": "national", "pbx.example.com": "opaque"})
    assert normalise("uri", "tel:112;phone-context=+49", profile).service == "urn:service:sos"
    assert normalise("uri", "tel:A1;phone-context=+49", profile).route_status is None
    opaque = normalise("uri", "tel:7042;phone-context=pbx.example.com", profile)
    assert (opaque.kind, opaque.route_status, opaque.e164, opaque.enum) == ("local", None, None, None)
    assert error_of("uri", "tel:01033721;phone-context=+49", profile).position == 4
    resolved = normalise("uri", "tel:0721123;ext=5;phone-context=+49", profile)
    assert resolved.tel_uri == "tel:+49721123;ext=5"


@pytest.mark.parametrize(("written", "called"), [("Example.COM", "example.com"), ("+1-2", "+12"), ("+12", "+1-2")])
def test_a_context_of_the_profile_may_be_written_in_any_form(written: str, called: str) -> None:
    profile = replace(DEFAULT_PROFILE, contexts={written: "opaque"})
    assert normalise("uri", f"tel:7042;phone-context={called}", profile).route_status is None
    assert normalise("uri", f"tel:7042;phone-context={called}").route_status == 404


@pytest.mark.parametrize("contexts", [{"": "opaque"}, {"+": "opaque"}, {"+1": "opaque", "+-1": "national"}])
def test_a_profile_with_wrong_contexts_is_refused(contexts: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="phone-context"):
        replace(DEFAULT_PROFILE, contexts=contexts)


def test_a_short_code_of_another_country_stays_local_and_leads_nowhere() -> None:
    number = normalise("uri", "tel:112;phone-context=+33")
    assert (number.kind, number.route_status, number.service) == ("local", 404, "urn:service:sos")


@pytest.mark.parametrize(
    ("signals", "code"),
    [
        (Signals(4, 1, "49G"), Code.SYNTAX),
        (Signals(4, 1, "1" * 65), Code.SYNTAX),
        (Signals(4, 1, "49F1"), Code.ST_INSIDE),
        (Signals(4, 5, "49"), Code.NPI),
        (Signals(6, 1, "49"), Code.NOA),
        (Signals(8, 1, "D123"), Code.INCOMPLETE),
        (Signals(3, 1, "07211"), Code.TRUNK_PREFIX),
        (Signals(3, 1, "72A1"), Code.HEX_IN_GLOBAL),
        ({"noa": "4", "npi": 1, "digits": "49"}, Code.SYNTAX),
        ({"noa": True, "npi": 1, "digits": "49"}, Code.SYNTAX),
        ({"noa": 4, "npi": 1}, Code.SYNTAX),
        ("49", Code.SYNTAX),
    ],
)
def test_wrong_isup_fields_are_refused(signals: object, code: Code) -> None:
    assert error_of("isup", signals).code is code


def test_the_nature_of_address_says_what_the_signals_are() -> None:
    assert normalise("isup", Signals(3, 1, "7211234f")).e164 == "+497211234"
    assert normalise("isup", Signals(8, 1, "1234721123")).tel_uri == "tel:+49721123;npdi;rn=1234;rn-context=+49"
    assert normalise("isup", Signals(2, 1, "0721123")).warnings == (Warned.NOA_UNKNOWN,)
    short = normalise("isup", Signals(2, 1, "112F"))
    assert (short.tel_uri, short.st, short.warnings) == ("tel:112;phone-context=+49", True, (Warned.NOA_UNKNOWN,))
    assert normalise("isup", Signals(5, 1, "12F")).complete is True
    known = replace(DEFAULT_PROFILE, contexts={"+49": "opaque"})
    assert normalise("isup", Signals(5, 1, "12"), known).route_status is None
    assert normalise("gt", Signals(4, 1, "491715407090")).e164 == "+491715407090"


def test_a_network_specific_short_code_is_what_its_canonical_form_is() -> None:
    for code, service in (("112", "urn:service:sos"), ("115", None)):
        number = normalise("isup", Signals(5, 1, code))
        assert (number.tel_uri, number.service) == (f"tel:{code};phone-context=+49", service)
        assert (number.complete, number.route_status) == (True, None)
        again = normalise("uri", number.tel_uri)
        assert (again.service, again.complete, again.route_status) == (service, True, None)
    assert normalise("isup", Signals(5, 1, "112F")).st is True


def test_the_position_in_isup_digits_is_that_of_the_signal() -> None:
    assert error_of("isup", Signals(4, 1, "4972195B8290")).position == 7
    assert error_of("isup", Signals(4, 1, "49721957829F"), PBX).position == 11
    assert error_of("isup", Signals(3, 1, "07211")).position == 0
    assert error_of("isup", Signals(1, 1, "1"), replace(DEFAULT_PROFILE, ndc="0721")).position == 0


@pytest.mark.parametrize("value", ["0", "zz", b"", b"\x84", b"\x04" * 256, "84 10"])
def test_wrong_octets_are_refused(value: str | bytes) -> None:
    assert error_of("isup_octets", value).code in {Code.SYNTAX, Code.PARITY}


def test_the_position_in_octets_is_that_of_the_octet() -> None:
    assert error_of("isup_octets", "04 10 94 B7 91").position == 3
    assert error_of("isup_octets", "04 20 94").position is None


def test_octets_may_come_as_octets() -> None:
    assert normalise("isup_octets", bytes.fromhex("0410942791752809")).e164 == "+497219578290"


@pytest.mark.parametrize(
    ("name", "code", "position"),
    [
        ("1.2.3", Code.NOT_ENUM, None),
        ("x.9.4.e164.arpa", Code.NOT_ENUM, 0),
        ("1..9.4.e164.arpa", Code.NOT_ENUM, 2),
        ("1.2.37.e164.arpa", Code.NOT_ENUM, 4),
        ("e164.arpa.", Code.EMPTY, None),
        ("1.0.e164.arpa", Code.CC_ZERO, 2),
        ("1." * 130 + "e164.arpa", Code.NOT_ENUM, 255),
        ("9.2.8.7.5.9.1.2.7.9.4.e164.arpa", Code.INCOMPLETE, 0),
    ],
)
def test_a_name_that_is_no_number_is_refused(name: str, code: Code, position: int | None) -> None:
    error = error_of("enum", name, PBX)
    assert (error.code, error.position) == (code, position)


def test_the_suffix_of_names_is_a_setting() -> None:
    profile = replace(DEFAULT_PROFILE, enum_suffix=".E164.Private.")
    number = normalise("enum", "1.9.4.e164.PRIVATE.", profile)
    assert (number.e164, number.enum) == ("+491", "1.9.4.e164.private")
    assert normalise("text", "+491", profile) == number._replace(rule="RFC3966-5.1.1")


@pytest.mark.parametrize(("kind", "value"), [("text", b"1"), ("uri", None), ("enum", 1), ("isup_octets", 5), ("gt", 5)])
def test_a_value_of_another_type_is_refused(kind: str, value: object) -> None:
    assert error_of(kind, value).code is Code.SYNTAX


def test_an_unknown_kind_is_a_bug_of_the_caller() -> None:
    with pytest.raises(ValueError, match="is not a valid Kind"):
        normalise("smell", "x")


def test_country_codes_are_cut_by_length() -> None:
    assert [country_code(digits) for digits in ("12025550123", "49721", "352123", "7495", "888", "4")] == [
        "1",
        "49",
        "352",
        "7",
        "888",
        "4",
    ]


def test_every_code_has_a_rule_and_an_error_survives_a_pickle() -> None:
    assert set(RULE_OF) == set(Code)
    error = error_of("text", "+49 0721")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own octets
    assert (again.code, again.why, again.position) == (error.code, error.why, error.position)
