import re
from dataclasses import replace

from hypothesis import assume, example, given
from hypothesis import strategies as st

from routing.normalise import DEFAULT_PROFILE, Kind, Number, NumberError, Profile, Signals, normalise

PROFILES = [
    DEFAULT_PROFILE,
    replace(DEFAULT_PROFILE, ddi={"49721957829": (1, 4)}, contexts={"+49": "national"}, lenient_npdi=True),
    Profile(cc="39", ndc=None, trunk=None, intl="00", strict_e164=True),
]
profiles = st.sampled_from(PROFILES)

# RFC 3966 §3, put into expressions rule by rule, with the two deliberate departures named beside them.
PHONEDIGIT = r"[0-9\-.()]"
PHONEDIGIT_HEX = r"(?:[0-9A-Fa-f*\-.()]|#|%23)"  # departure: # is written escaped
UNRESERVED = r"[A-Za-z0-9\-_.!~*'()]"
ESCAPED = r"%[0-9A-Fa-f]{2}"
PARAMCHAR = rf"(?:[\[\]/:&+$]|{UNRESERVED}|{ESCAPED})"
URIC = rf"(?:[;/?:@&=+$,]|{UNRESERVED}|{ESCAPED})"
DOMAINLABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
TOPLABEL = r"[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
DOMAINNAME = rf"(?:{DOMAINLABEL}\.)*{TOPLABEL}\.?"
GLOBAL_DIGITS = rf"\+{PHONEDIGIT}*[0-9]{PHONEDIGIT}*"
LOCAL_DIGITS = rf"{PHONEDIGIT_HEX}*(?:[0-9A-Fa-f*]|#|%23){PHONEDIGIT_HEX}*"
PARAMETER = rf";[A-Za-z0-9-]+(?:={PARAMCHAR}+)?"
CONTEXT = rf";phone-context=(?:{DOMAINNAME}|{GLOBAL_DIGITS})"
PAR = rf"(?:;isub=(?:(?!;){URIC})+|;ext={PHONEDIGIT}+|{PARAMETER})"  # departure: an isub holds no semicolon
TEL_URI = re.compile(rf"tel:(?:{GLOBAL_DIGITS}{PAR}*|{LOCAL_DIGITS}{PAR}*{CONTEXT}{PAR}*)\Z")

telephone_text = st.text("0123456789+-. ()/*#pPwW,;AaF\u00a0\u2013\u0661\uff0b", max_size=30)
uri_text = st.one_of(
    st.text(max_size=40),
    st.builds(
        "{}{}".format,
        st.sampled_from(["tel:", "TEL:", "sip:", "sips:"]),
        st.text("0123456789+-.()%23Baf*#;=@ ", max_size=30),
    ),
    st.builds(
        "tel:{}{}".format,
        st.text("0123456789+-.()AF*#", max_size=20),
        st.lists(
            st.sampled_from(
                [
                    ";npdi",
                    ";NPDI=yes",
                    ";rn=+1-2",
                    ";rn=D1",
                    ";rn-context=+49",
                    ";cic=+1",
                    ";cic-context=a.b",
                    ";ext=1-2",
                    ";isub=a/b",
                    ";phone-context=+49",
                    ";phone-context=Pbx.Example",
                    ";verstat=No",
                    ";x",
                    ";m-x",
                ]
            ),
            max_size=4,
        ).map("".join),
    ),
)


def read(kind: Kind, value: object, profile: Profile) -> Number | None:
    """Answer a number, or None where it is refused by name; anything else fails the test."""
    try:
        return normalise(kind, value, profile)
    except NumberError as error:
        judge(error, value)
        return None


def judge(error: NumberError, value: object) -> None:
    """What is true of every refusal."""
    length = len(value) if isinstance(value, str | bytes) else 64
    assert error.rule
    assert error.sip_status in {404, 416, 484}
    assert error.position is None or 0 <= error.position <= length


def holds(number: Number, profile: Profile) -> None:
    """What is true of every number that was accepted."""
    assert TEL_URI.match(number.tel_uri), number.tel_uri
    again = normalise(Kind.URI, number.tel_uri, profile)
    assert again.tel_uri == number.tel_uri
    assert (again.digits, again.cc, again.ddi_ext) == (number.digits, number.cc, number.ddi_ext)
    if number.e164 is not None:
        assert normalise(Kind.TEXT, number.e164, profile).e164 == number.e164
        if len(number.digits) < 100:
            assert number.enum is not None
            assert normalise(Kind.ENUM, number.enum, profile).e164 == number.e164


@given(st.one_of(telephone_text, st.text(max_size=30)), profiles)
def test_any_text_is_a_number_or_refused_by_name(value: str, profile: Profile) -> None:
    number = read(Kind.TEXT, value, profile)
    if number is not None and number.kind == "global":
        holds(number, profile)


@given(uri_text, profiles)
@example("tel:+1;isub=?", DEFAULT_PROFILE)
@example("sip:%2B49721@a;user=phone", DEFAULT_PROFILE)
def test_any_uri_is_a_number_or_refused_by_name(value: str, profile: Profile) -> None:
    number = read(Kind.URI, value, profile)
    if number is not None:
        holds(number, profile)


@given(st.integers(-1, 130), st.integers(0, 8), st.text("0123456789ABCDEFf", max_size=20), profiles)
def test_any_isup_fields_are_a_number_or_refused_by_name(noa: int, npi: int, digits: str, profile: Profile) -> None:
    number = read(Kind.ISUP, Signals(noa, npi, digits), profile)
    assert read(Kind.GT, {"nai": noa, "np": npi, "digits": digits}, profile) == number
    if number is not None and number.kind == "global":
        holds(number, profile)


@given(st.binary(max_size=20), profiles)
def test_any_octets_are_a_number_or_refused_by_name(octets: bytes, profile: Profile) -> None:
    number = read(Kind.ISUP_OCTETS, octets, profile)
    assert read(Kind.ISUP_OCTETS, octets.hex(), profile) == number


@given(
    st.one_of(st.text(max_size=40), st.text("0123456789.", max_size=40).map(lambda head: head + "e164.arpa")), profiles
)
def test_any_name_is_a_number_or_refused_by_name(value: str, profile: Profile) -> None:
    number = read(Kind.ENUM, value, profile)
    assert number is None or number.kind == "global"


@given(st.text("0123456789", min_size=1, max_size=15), st.data())
def test_separators_change_nothing(digits: str, data: st.DataObject) -> None:
    plain = read(Kind.TEXT, "+" + digits, DEFAULT_PROFILE)
    assume(plain is not None)
    separators = data.draw(
        st.lists(st.sampled_from(["", "-", ".", "(", ")"]), min_size=len(digits), max_size=len(digits))
    )
    spread = "".join(sign + separator for sign, separator in zip(digits, separators, strict=True))
    assert normalise(Kind.URI, "tel:+" + spread).e164 == "+" + digits


@given(st.text("tel:+0123456789-.()AaFgG*#;=%23npdirxsub ", max_size=30).map(lambda rest: "tel:" + rest))
def test_what_the_grammar_refuses_is_refused(value: str) -> None:
    if not TEL_URI.match("tel:" + value[4:]):
        assert read(Kind.URI, value, DEFAULT_PROFILE) is None
