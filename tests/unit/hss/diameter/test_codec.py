"""Octets of messages and AVPs."""

import pytest

from hss.diameter.avps import Avps, Recent, padded
from hss.diameter.codec import DEEPEST, MOST_AVPS, Header, PlainText, Reader, encoded, end_of_session_id, example, scan
from hss.diameter.dictionary import AVPS, Type, base, grammar, tgpp
from hss.diameter.errors import (
    InvalidAvpLength,
    InvalidAvpValue,
    LocalError,
    MissingAvp,
    RemoteError,
    TooManyAvps,
    TooMuchWork,
    outcome_of,
)
from schemas.numbers.cx import TgppAvp
from schemas.numbers.diameter import BaseAvp
from tests.unit.hss.diameter.samples import BENCH, malformed

HEADER = Header(flags=0xC0, command=302, application=16777216, hop_by_hop=1, end_to_end=2)
LIR = Reader(
    grammar("!Session-Id Vendor-Specific-Application-Id Auth-Session-State Origin-Host Origin-Realm Public-Identity")
)
LOOSE = Reader(grammar(""))
VENDOR_SPECIFIC = base(BaseAvp.VENDOR_SPECIFIC_APPLICATION_ID)
USER_NAME = base(BaseAvp.USER_NAME)


def message(*avps: bytes) -> bytes:
    return HEADER.encode(b"".join(avps))


def read_one(avp: bytes) -> Avps:
    return LOOSE.read(message(avp))


def test_a_header_is_read_as_it_was_written() -> None:
    octets = HEADER.encode(b"1234")
    header = Header.decode(octets)
    assert (header.length, header.version, header.is_request) == (24, 1, True)
    assert header.encode(b"1234") == octets


def test_a_message_has_an_end() -> None:
    with pytest.raises(LocalError):
        HEADER.encode(bytes(1 << 24))


VALUES = {
    Type.OCTETS: b"\xff\x00",
    Type.TEXT: "\u00e9",
    Type.IDENTITY: "hss.ims.test",
    Type.URI: "aaa://ccf.ims.test",
    Type.UNSIGNED32: 0xFFFFFFFF,
    Type.UNSIGNED64: 0xFFFFFFFFFFFFFFFF,
    Type.TIME: 0xE0000000,
    Type.ANYTHING: b"\1\2\3",
}


@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: str(kind.value))
def test_every_type_is_read_as_it_was_written(kind: Type) -> None:
    for definition in AVPS.values():
        if definition.type is kind:
            assert read_one(encoded(definition, VALUES[kind])).value(definition) == VALUES[kind]


@pytest.mark.parametrize("address", ["127.0.0.1", "2001:db8::1"])
def test_an_address_is_read_as_it_was_written(address: str) -> None:
    definition = base(BaseAvp.HOST_IP_ADDRESS)
    assert read_one(encoded(definition, address)).value(definition) == address


def avp(code: int, payload: bytes, *, flags: int = 0x40, vendor: int | None = None) -> bytes:
    header = 8 if vendor is None else 12
    octets = code.to_bytes(4, "big") + flags.to_bytes(1, "big") + (header + len(payload)).to_bytes(3, "big")
    return padded(octets + (b"" if vendor is None else vendor.to_bytes(4, "big")) + payload)


def test_an_address_of_another_family_is_kept_as_it_is() -> None:
    assert read_one(avp(257, b"\0\x08491715407090")).value(base(BaseAvp.HOST_IP_ADDRESS)) == b"491715407090".hex()


@pytest.mark.parametrize(
    "wrong",
    [
        avp(257, b"\0\1\x7f\0\0"),
        avp(257, b"\0\2\x7f\0\0\1"),
        avp(257, b"\0"),
        avp(264, b""),
        avp(264, b"a b"),
        avp(264, b"\xc3\xa9"),
        avp(1, b"\xff"),
        avp(277, b"\0\0\0\2"),
        avp(619, b"http://x", flags=0xC0, vendor=10415),
        avp(273, b"\0\0\0\3"),
    ],
    ids=lambda octets: octets.hex(),
)
def test_a_value_that_is_none_of_its_type_is_refused_with_the_avp(wrong: bytes) -> None:
    with pytest.raises(InvalidAvpValue) as caught:
        read_one(wrong)
    assert padded(caught.value.failed) == wrong


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (avp(258, b"\0\0"), "000001024000000c00000000"),
        (avp(96, b"\0\0\0\0"), "00000060400000100000000000000000"),
        (avp(661, b"\0", flags=0x80, vendor=10415), "0000029580000010000028af00000000"),
        (b"\0\0\2\x9a\x80\0\0\x08", "0000029a8000000c00000000"),
        (b"\0\0\1\1\x40\0\0\x09", "000001014000000e000000000000"),
        (b"\0\0\xff\xff\x00\0\0\x20", "0000ffff00000008"),
        (b"\0\0\0", "0000000000000008"),
    ],
)
def test_a_wrong_length_is_answered_by_the_smallest_avp(wrong: bytes, right: str) -> None:
    with pytest.raises(InvalidAvpLength) as caught:
        LOOSE.read(HEADER.encode(wrong))
    assert caught.value.failed.hex() == right


def test_a_value_of_another_size_is_named_with_both_sizes() -> None:
    with pytest.raises(InvalidAvpLength, match=r"Auth-Application-Id has 4 octets, not 2$"):
        LOOSE.read(HEADER.encode(avp(258, b"\0\0")))


def test_an_undefined_value_without_the_m_flag_is_ignored_where_the_avp_is_not_required() -> None:
    wrong = avp(277, b"\0\0\0\x07", flags=0)
    assert base(BaseAvp.AUTH_SESSION_STATE) not in LOOSE.read(message(wrong))
    with pytest.raises(InvalidAvpValue):
        Reader(grammar("Auth-Session-State")).read(message(wrong))


def test_a_member_that_is_missing_is_named_in_its_group() -> None:
    with pytest.raises(MissingAvp) as caught:
        read_one(encoded(VENDOR_SPECIFIC, b""))
    assert caught.value.failed.hex() == "00000104400000140000010a4000000c00000000"


def test_a_member_too_many_is_named_in_its_group() -> None:
    vendor = encoded(base(BaseAvp.VENDOR_ID), 1)
    with pytest.raises(TooManyAvps) as caught:
        read_one(encoded(VENDOR_SPECIFIC, vendor + vendor))
    assert caught.value.failed.hex() == "00000104400000140000010a4000000c00000001"


def test_groups_within_groups_are_read_down_to_a_bound() -> None:
    vendor = encoded(base(BaseAvp.VENDOR_ID), 1)
    group = vendor
    for _ in range(DEEPEST):
        group = vendor + encoded(VENDOR_SPECIFIC, group)
    read_one(group)
    with pytest.raises(TooMuchWork) as caught:
        read_one(vendor + encoded(VENDOR_SPECIFIC, group))
    assert outcome_of(caught.value).code == 5012


@pytest.mark.parametrize("code", [1, 0xFFFF])
def test_a_message_has_a_bound_of_avps_known_or_not(code: int) -> None:
    one = avp(code, b"x", flags=0)
    LOOSE.read(message(MOST_AVPS * one))
    with pytest.raises(TooMuchWork):
        LOOSE.read(message((MOST_AVPS + 1) * one))


def test_all_of_a_kind_are_given_in_their_order() -> None:
    avps = LOOSE.read(message(*(encoded(USER_NAME, name) for name in "abc"), encoded(base(BaseAvp.ORIGIN_REALM), "x")))
    assert avps.values(USER_NAME) == ["a", "b", "c"]
    assert avps.value(USER_NAME) == "a"
    assert avps.octets(USER_NAME) == b"".join(encoded(USER_NAME, name) for name in "abc")
    assert avps.values(base(BaseAvp.ORIGIN_HOST)) == []


def test_who_must_be_forgiving_ignores_what_it_does_not_know() -> None:
    unknown = avp(0xFFFF, b"")
    with pytest.raises(RemoteError):
        LOOSE.read(message(unknown))
    assert Reader(grammar(""), forgiving=True).read(message(unknown)).first == {}


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        (base(BaseAvp.VENDOR_ID), -1),
        (base(BaseAvp.VENDOR_ID), 1 << 32),
        (base(BaseAvp.USER_NAME), 1),
        (base(BaseAvp.HOST_IP_ADDRESS), "x"),
    ],
)
def test_what_cannot_be_written_is_an_error_of_ours(definition: object, value: object) -> None:
    with pytest.raises(LocalError):
        encoded(definition, value)  # type: ignore[arg-type]


def test_the_m_flag_may_differ_from_the_table() -> None:
    definition = tgpp(TgppAvp.SUPPORTED_FEATURES)
    assert encoded(definition, b"")[4] == 0x80
    assert encoded(definition, b"", mandatory=True)[4] == 0xC0


def test_an_example_of_every_avp_has_its_smallest_payload() -> None:
    for definition in AVPS.values():
        octets = example(definition)
        assert int.from_bytes(octets[5:8], "big") == len(octets)
        assert bool(octets[4] & 0x40) is definition.mandatory


def session_and(*rest: bytes, session: str = "a;1;2") -> bytes:
    return message(encoded(base(BaseAvp.SESSION_ID), session), *rest)


@pytest.mark.parametrize(
    "octets",
    [
        message(),
        message(encoded(USER_NAME, "a")),
        session_and(session="\u00e9"),
        session_and()[:24] + b"\0" + session_and()[25:],
        session_and()[:25] + b"\0\0\7" + session_and()[28:],
        session_and()[:25] + b"\0\0\x20" + session_and()[28:],
    ],
)
def test_a_session_that_is_not_plain_and_first_has_no_end(octets: bytes) -> None:
    assert end_of_session_id(octets) == 0


def test_a_plain_session_that_comes_first_has_an_end() -> None:
    assert end_of_session_id(session_and()) == 36
    assert end_of_session_id(session_and(encoded(USER_NAME, "a"))) == 36


@pytest.mark.parametrize("case", [c for c in malformed() if c["id"][0] in "ARH"], ids=lambda case: str(case["id"]))
def test_what_was_read_before_changes_nothing(case: dict[str, str]) -> None:
    """A message is read alike by itself, after itself, and after a good one."""
    octets = bytes.fromhex(case["hex"])
    good = BENCH["lir"]
    end = end_of_session_id(octets)
    if not end:
        return

    def read(recent: Recent | None) -> object:
        try:
            avps = LIR.read(octets) if recent is None else LIR.read_again(octets, end, recent)
        except RemoteError as error:
            return type(error), error.why, error.failed
        return dict(sorted(avps.first.items())), avps.others, avps.count

    after_good = Recent()
    LIR.read_again(good, end_of_session_id(good), after_good)
    itself = Recent()
    assert read(None) == read(itself) == read(itself) == read(after_good)


def test_plain_text_is_read_only_where_it_is_the_last_avp_with_vendor_and_m_flag() -> None:
    definition = tgpp(TgppAvp.PUBLIC_IDENTITY)
    plain = PlainText(definition)
    name = encoded(definition, "tel:+49171")
    octets = message(encoded(USER_NAME, "a"), name)
    at = len(octets) - len(name)
    assert plain.read(octets, at) == "tel:+49171"
    for wrong in (
        octets + encoded(USER_NAME, "a"),
        octets[: at + 4] + b"\x80" + octets[at + 5 :],
        octets[: at + 8] + bytes(4) + octets[at + 12 :],
        octets[: at + 7] + b"\x05" + octets[at + 8 :],
        octets[: at + 12] + b"\xff" + octets[at + 13 :],
        octets[:at],
    ):
        assert plain.read(wrong, at) == ""


def test_scanning_stops_where_lengths_make_no_sense() -> None:
    one, two = encoded(USER_NAME, "a"), encoded(USER_NAME, "b")
    assert [octets for _, octets in scan(message(one, two, b"\0\0\0\1\0\0\0\1"))] == [one[:9], two[:9]]
