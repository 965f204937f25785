"""Laws: any octets, any order of messages, any requests."""

import contextlib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hss.diameter.avps import Avps, Recent
from hss.diameter.codec import Header, Reader, encoded, end_of_session_id
from hss.diameter.dictionary import AVPS, AvpDefinition, Type, base, grammar, tgpp
from hss.diameter.errors import RemoteError
from hss.machine import Turn
from hss.procedures.cx import ServedIdentity
from hss.services.administration import Changes
from schemas.identities import IdentityError, Impu, is_canonical
from schemas.numbers.cx import TgppAvp
from schemas.numbers.diameter import BaseAvp
from schemas.states import RegistrationState
from tests.unit.hss.diameter.samples import (
    BENCH,
    KAMAILIO,
    Everything,
    accepted,
    caller,
    dispatcher,
    framed,
    settled,
    surroundings,
)

LIR = Reader(grammar("!Session-Id Vendor-Specific-Application-Id Origin-Host *Route-Record Public-Identity"))
HSS = Everything().filtered()

# Codec

VALUES: dict[Type, st.SearchStrategy[Any]] = {
    Type.OCTETS: st.binary(max_size=20),
    Type.TEXT: st.text(max_size=20),
    Type.IDENTITY: st.from_regex(r"[!-~]{1,20}", fullmatch=True),
    Type.URI: st.from_regex(r"aaas?://[a-z]{1,10}", fullmatch=True),
    Type.UNSIGNED32: st.integers(0, (1 << 32) - 1),
    Type.UNSIGNED64: st.integers(0, (1 << 64) - 1),
    Type.TIME: st.integers(0, (1 << 32) - 1),
    Type.ADDRESS: st.one_of(st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str)),
    Type.ANYTHING: st.binary(max_size=20),
}
PLAIN = [row for row in AVPS.values() if row.type not in (Type.GROUP, Type.ENUMERATED)]


@st.composite
def avps(draw: st.DrawFn) -> list[tuple[AvpDefinition, Any]]:
    rows = draw(st.lists(st.sampled_from(PLAIN), max_size=10))
    return [(row, draw(VALUES[row.type])) for row in rows]


@given(avps())
def test_what_was_written_is_read_back(written: list[tuple[AvpDefinition, Any]]) -> None:
    header = Header(flags=0x80, command=1, application=2, hop_by_hop=3, end_to_end=4)
    read = Reader(grammar("")).read(header.encode(b"".join(encoded(row, value) for row, value in written)))
    for row in {row.key: row for row, _ in written}.values():
        assert read.values(row) == [value for other, value in written if other is row]


def message(avps_: bytes) -> bytes:
    return Header(flags=0xC0, command=302, application=16777216, hop_by_hop=1, end_to_end=1).encode(avps_)


@given(st.binary(max_size=120))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    with contextlib.suppress(RemoteError):
        LIR.read(message(octets))


def read_by(reading: Any) -> object:
    try:
        read: Avps = reading()
    except RemoteError as error:
        return type(error), error.why, error.failed
    return dict(sorted(read.first.items())), read.others, read.count


NAMES = [
    encoded(base(BaseAvp.SESSION_ID), "a;1;2"),
    encoded(base(BaseAvp.ORIGIN_HOST), "icscf.ims.test"),
    encoded(base(BaseAvp.ROUTE_RECORD), "a.test"),
    encoded(base(BaseAvp.ROUTE_RECORD), "b.test"),
    encoded(base(BaseAvp.VENDOR_SPECIFIC_APPLICATION_ID), encoded(base(BaseAvp.VENDOR_ID), 10415)),
    encoded(tgpp(TgppAvp.PUBLIC_IDENTITY), "tel:+49171"),
    encoded(tgpp(TgppAvp.PUBLIC_IDENTITY), "tel:+49172"),
    b"\0\0\xff\xff\x00\0\0\x08",
    b"\0\0\xff\xff\x40\0\0\x08",
    b"\0\0\1\x15\x40\0\0\x0c\0\0\0\x07",
    b"\0\0\0\1\x40\0\0\x04",
    b"\0\0\2\x59\xc0\0\0\x08",
]


@given(st.lists(st.lists(st.sampled_from(NAMES), max_size=7), min_size=1, max_size=5))
def test_what_was_read_before_changes_nothing(series: list[list[bytes]]) -> None:
    recent = Recent()
    for parts in series:
        octets = message(NAMES[0] + b"".join(parts))
        end = end_of_session_id(octets)
        assert read_by(lambda o=octets: LIR.read(o)) == read_by(lambda o=octets, e=end: LIR.read_again(o, e, recent))


# Machines


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=60), max_size=8), st.booleans())
def test_a_peer_machine_takes_any_octets(pieces: list[bytes], opened: bool) -> None:
    machine = framed(surroundings(HSS))
    machine.connected(now=0.0)
    if opened:
        machine.receive(KAMAILIO["cer_icscf"], now=0.0)
    for piece in pieces:
        turn = machine.receive(piece, now=1.0)
        if turn.close:
            break
    machine.disconnected(now=2.0)


WORDS = [*KAMAILIO.values(), *BENCH.values()]


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from(WORDS), st.integers(0, 255), st.integers(0, 255)), max_size=6))
def test_a_peer_machine_takes_messages_in_any_order_with_any_fault(words: list[tuple[bytes, int, int]]) -> None:
    machine = accepted(surroundings(HSS))
    machine.connected(now=0.0)
    for now, (word, place, octet) in enumerate(words):
        at = place % len(word)
        turn = machine.receive(word[:at] + bytes([octet]) + word[at + 1 :], now=float(now))
        for work in turn.later:
            turn.add(machine.resume(settled(work), now=float(now)))
        assert all(len(answer) % 4 == 0 for answer in turn.send)
        if turn.close:
            break


@settings(max_examples=50)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=30), st.lists(st.sampled_from(["lir", "dwr"]), max_size=5))
def test_a_stream_may_be_cut_anywhere(cuts: list[int], names: list[str]) -> None:
    stream = KAMAILIO["cer_icscf"] + b"".join({"lir": BENCH["lir"], "dwr": KAMAILIO["dwr"]}[name] for name in names)
    whole, cut = framed(surroundings(SERVED)), framed(surroundings(SERVED))
    whole.connected(now=0.0)
    cut.connected(now=0.0)
    expected = whole.receive(stream, now=0.0)
    got, at = Turn[bytes](), 0
    while at < len(stream):
        size = cuts[at % len(cuts)]
        got.add(cut.receive(stream[at : at + size], now=0.0))
        at += size
    assert (got.send, got.close) == (expected.send, expected.close)


SERVED = Everything().filtered()
SERVED.known.write(
    "sip:+491715400000@ims.test",
    ServedIdentity(uri="sip:+491715400000@ims.test", state=RegistrationState.REGISTERED, scscf_name="sip:s"),
)

# Kept answers

CHANGING = ["tel:+491715407090", "sip:new@ims.test", "sip:+491715407090@ims.test"]
PUBLICS = [*CHANGING, "sip:notreg@ims.test", "sip:nobody@ims.test", "sip:other@ims.test"]
PUBLICS += ["sip:chat1@ims.test", "SIP:new@IMS.test", "sip:+49666@ims.test", "urn:x", "no uri", ""]
EXTRAS = [
    b"",
    b"\0\0\xff\xff\x00\0\0\x08",
    b"\0\0\xff\xff\x40\0\0\x08",
    encoded(base(BaseAvp.DESTINATION_HOST), "hss.ims.test"),
    encoded(base(BaseAvp.DESTINATION_HOST), "other.ims.test"),
    encoded(base(BaseAvp.ROUTE_RECORD), "hss.ims.test"),
    encoded(tgpp(TgppAvp.ORIGINATING_REQUEST), 0),
]
PROXY = encoded(
    base(BaseAvp.PROXY_INFO),
    encoded(base(BaseAvp.PROXY_HOST), "p") + encoded(base(BaseAvp.PROXY_STATE), b"s"),
)
FEATURES = encoded(
    tgpp(TgppAvp.SUPPORTED_FEATURES),
    encoded(base(BaseAvp.VENDOR_ID), 10415)
    + encoded(tgpp(TgppAvp.FEATURE_LIST_ID), 1)
    + encoded(tgpp(TgppAvp.FEATURE_LIST), 0),
)
HEAD = BENCH["lir"][BENCH["lir"].index(b"\0\0\1\x08\x40") : BENCH["lir"].index(b"\0\0\2\x59")]


REALM = encoded(base(BaseAvp.DESTINATION_REALM), "ims.test")
HEADS = [HEAD, HEAD, HEAD.replace(REALM, encoded(base(BaseAvp.DESTINATION_REALM), "imx.test"))]


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    name = encoded(tgpp(TgppAvp.PUBLIC_IDENTITY), draw(st.one_of(st.sampled_from(CHANGING), st.sampled_from(PUBLICS))))
    session = encoded(base(BaseAvp.SESSION_ID), draw(st.sampled_from(["a;1;2", "b;1;3", "\u00e9"])))
    extra = draw(st.one_of(st.just(b""), st.sampled_from([*EXTRAS, PROXY, FEATURES])))
    head = draw(st.sampled_from(HEADS)) + extra
    order = draw(st.one_of(st.just(session + head + name), st.permutations([session, head, name]).map(b"".join)))
    flags = draw(st.one_of(st.just(0xC0), st.sampled_from([0x80, 0xD0, 0xE0, 0xC1])))
    header = Header(flags=flags, command=302, application=16777216, hop_by_hop=draw(st.integers(0, 9)), end_to_end=1)
    return header.encode(order)


changes = st.sampled_from([*CHANGING, "clear"])


def change(hss: Everything, uri: str) -> None:
    """Create an identity, or change the one that there is."""
    if uri == "clear":
        hss.service.apply(Changes(everything=True))
        return
    before = hss.store.rows.get(uri)
    name = f"sip:scscf{len(before.scscf_name or '') if before else 0}"
    hss.store.rows[uri] = ServedIdentity(uri=uri, state=RegistrationState.REGISTERED, scscf_name=name)
    added = frozenset() if before else frozenset({uri})
    hss.service.apply(Changes(identities=frozenset({uri}), added=added))


@settings(max_examples=200, deadline=None)
@given(
    st.lists(requests(), min_size=1, max_size=4),
    st.lists(st.one_of(st.integers(0, 3), changes), min_size=3, max_size=20),
)
def test_a_remembered_answer_is_the_fresh_one(pool: list[bytes], steps: list[int | str]) -> None:
    """Whatever was asked and changed before: the answer is that of a dispatcher that has never seen a request."""
    hss = Everything().filtered()
    remembering, its_caller = dispatcher(hss), caller()
    for step in steps:
        if isinstance(step, str):
            change(hss, step)
            continue
        request = pool[step % len(pool)]
        fresh = Everything(list(hss.store.rows.values()))
        expected = settled(dispatcher(fresh).answer(request, caller(), now=0.0))
        for _ in range(2):
            assert settled(remembering.answer(request, its_caller, now=0.0)) == expected


# Identities


@given(st.text(max_size=40))
def test_a_canonical_form_is_its_own_canonical_form(text: str) -> None:
    with contextlib.suppress(IdentityError):
        once = Impu.parse(text).uri
        assert Impu.parse(once).uri == once


@given(st.from_regex(r"(?i)(sips?|tel):[+a-z0-9%@;=.!:()?-]{0,30}", fullmatch=True))
def test_so_it_is_for_text_that_looks_like_a_uri(text: str) -> None:
    with contextlib.suppress(IdentityError):
        once = Impu.parse(text, frozenset({"a"})).uri
        assert Impu.parse(once, frozenset({"a"})).uri == once


@given(st.from_regex(r"(sips?|tel):[+a-zA-Z0-9%@;=.!-]{1,30}", fullmatch=True))
def test_the_short_way_is_right(text: str) -> None:
    if is_canonical(text):
        upper = text.replace("sip", "SIP", 1).replace("tel", "TEL", 1)
        assert Impu.parse(upper).uri == text
