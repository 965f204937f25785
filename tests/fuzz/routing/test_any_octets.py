import contextlib

from hypothesis import example, given
from hypothesis import strategies as st

from routing import Query, Rows, State, Tables, build, route
from routing.contacts import Contact, Fork, Identities, Registration
from routing.devices import DeviceEvent
from routing.enum_dns.answers import EnumSettings, answer
from routing.forking import host_of, plan_fork
from routing.gateway import GatewaySettings, route_iam
from routing.iam import decode_iam
from routing.normalise import Kind
from routing.preferences import preferences
from routing.redirect import RedirectSettings, redirect
from routing.selection import Member
from routing.simulation import T1_S, simulate
from routing.sip_message import Reply
from routing.tables import Operator, Pool
from schemas.octets import DecodeError

OPERATORS = {
    "a": Operator(
        name="a", type=2, pool=Pool(name="p", members=(Member(host="i1.example"), Member(host="i2.example")))
    ),
    "b": Operator(name="b", type=2, home=False),
}
TABLES = build(
    Rows(operators=OPERATORS, numbers=[("49721123", "a")], prefixes=[("4930", "b")], stems=[("49721957829", "a", 1, 4)])
)
QUESTION = (
    b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"
    b"\x013\x012\x011\x011\x012\x017\x019\x014\x04e164\x04arpa\x00\x00\x23\x00\x01"
)
REQUEST = (
    b"INVITE sip:+49721123@h;user=phone SIP/2.0\r\nVia: SIP/2.0/UDP h;rport;branch=z9hG4bK1\r\n"
    b"From: <sip:a@h>;tag=1\r\n"
    b"To: <sip:b@h>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n"
)
IAM = bytes.fromhex("01006000" + "0A00" + "020A" + "08" + "0410942791752809" + "0A" + "06" + "041394032143" + "00")
PORTED = bytes.fromhex("01006010" + "0A00" + "020A" + "08" + "0410942791752809" + "C0" + "07" + "C0041094271921" + "00")


@st.composite
def spoilt(draw: st.DrawFn, octets: bytes) -> bytes:
    """A message with some octets changed, cut, or repeated."""
    changed = bytearray(octets)
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(changed)))
        changed[at : at + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(changed)


@given(st.one_of(st.binary(max_size=80), spoilt(QUESTION)), st.booleans())
@example(octets=QUESTION, tcp=False)
def test_any_octets_get_a_bounded_dns_answer_or_none(octets: bytes, tcp: bool) -> None:
    reply = answer(octets, TABLES, State(), EnumSettings(), tcp=tcp)
    if reply is not None:
        assert reply[:2] == octets[:2]
        assert reply[2] & 0x80
        assert len(reply) <= 1232


@given(st.one_of(st.binary(max_size=200), spoilt(REQUEST)))
@example(REQUEST)
def test_any_datagram_gets_a_bounded_sip_answer_or_none(octets: bytes) -> None:
    reply = redirect(octets, TABLES, State(), RedirectSettings(), source=("192.0.2.1", 5060))
    if isinstance(reply, Reply):
        head, end, body = reply.octets.partition(b"\r\n\r\n")
        assert (end, body) == (b"\r\n\r\n", b"")
        assert head.startswith(b"SIP/2.0 ")
        assert len(reply.octets) <= len(octets) + 600
        assert not any(line[:1] in {b"", b" "} for line in head.split(b"\r\n"))


@given(st.one_of(st.binary(max_size=60), spoilt(IAM), spoilt(PORTED)), st.booleans())
@example(octets=IAM, with_circuit=False)
@example(octets=PORTED, with_circuit=False)
def test_any_octets_are_an_iam_or_refused(octets: bytes, with_circuit: bool) -> None:
    with contextlib.suppress(DecodeError):
        decode_iam(octets, with_circuit=with_circuit)
        assert route_iam(octets, TABLES, State(), GatewaySettings(), with_circuit=with_circuit).plan is not None


@given(st.text(max_size=60))
def test_any_uri_has_some_host(uri: str) -> None:
    assert isinstance(host_of(uri), str)


@given(st.text(max_size=30))
def test_any_disposition_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        preferences(text)


events = st.lists(
    st.builds(DeviceEvent, st.floats(0, 300), st.one_of(st.none(), st.integers(100, 699)), st.just(("sip:new@h",))),
    max_size=4,
)


@given(
    st.lists(
        st.builds(Contact, uri=st.sampled_from(["sip:a@h", "sip:b@h", "sip:c@h"]), q=st.integers(0, 1000)), max_size=4
    ),
    st.sampled_from(Fork),
    st.one_of(st.none(), st.integers(1, 60)),
    st.dictionaries(st.sampled_from(["b1", "b2", "b3", "sip:new@h"]), events),
    st.booleans(),
)
def test_every_simulation_ends_and_accounts_for_every_branch(
    contacts: list[Contact], mode: Fork, ring_s: int | None, devices: dict[str, list[DeviceEvent]], recurse: bool
) -> None:
    registration = Registration(identities=Identities(id="x"), contacts=tuple(contacts), mode=mode, ring_s=ring_s)
    plan = plan_fork(registration, 0.0, recurse=recurse)
    there = {branch.id for branch in plan.branches}
    moves = any(event.contacts for name, script in devices.items() if name in there for event in script)
    scripts = {name: script for name, script in devices.items() if name in there or (name == "sip:new@h" and moves)}
    played = simulate(plan, scripts)
    times = [line.at_s for line in played.lines]
    assert times == sorted(times)
    assert 200 <= played.status <= 699
    invited = [line.branch for line in played.lines if line.what == "INVITE"]
    assert len(invited) == len(set(invited))
    cancelled = [line.branch for line in played.lines if line.what == "CANCEL"]
    assert len(cancelled) == len(set(cancelled))
    spoken = {line.branch for line in played.lines if line.what == "response"}
    assert set(cancelled) <= spoken  # only who spoke can be cancelled
    assert 0 <= played.answered_s <= played.ended_s == times[-1]
    for at, line in enumerate(played.lines):
        if line.what == "CANCEL":
            of_it = [later for later in played.lines[at + 1 :] if later.branch == line.branch]
            assert of_it
            assert of_it[-1].at_s <= line.at_s + T1_S + 1e-6


digits = st.text("49721", min_size=1, max_size=6)


@st.composite
def worlds(draw: st.DrawFn) -> Tables:
    keys = st.sampled_from("ab")
    return build(
        Rows(
            operators=OPERATORS,
            numbers=draw(st.dictionaries(digits, keys)).items(),
            prefixes=draw(st.dictionaries(digits, keys)).items(),
            ported=[(number, None, key) for number, key in draw(st.dictionaries(digits, keys)).items()],
            default=draw(st.sampled_from([None, "b"])),
        )
    )


@given(worlds(), digits)
def test_enum_and_redirect_agree_with_route(tables: Tables, number: str) -> None:
    plan = route(Query(called=f"+{number}", follow=False), tables)
    name = ".".join(reversed(number)) + ".e164.arpa"
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = QUESTION[:12] + labels + b"\0\x00\x23\x00\x01"
    reply = answer(question, tables, State(), EnumSettings())
    assert reply is not None
    assert (reply[3] & 0x0F == 3) is (plan.outcome.sip == 404)
    assert (reply[7] > 0) is (plan.outcome.status == "routed")
    enum_plan = route(Query(called=name, kind=Kind.ENUM, follow=False), tables)
    assert enum_plan[8:15] == plan[8:15]
    moved = redirect(
        REQUEST.replace(b"49721123", number.encode()), tables, State(), RedirectSettings(), source=("h", 1)
    )
    assert isinstance(moved, Reply)
    status = moved.status
    full = route(Query(called=f"+{number}"), tables)
    assert status == (full.outcome.sip or 302)
