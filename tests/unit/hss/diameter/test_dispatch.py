"""From requests to answers."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import pytest
from diameter.message import Message
from diameter.message.avp import Avp

from hss.diameter import client, cx
from hss.diameter.avps import Avps
from hss.diameter.codec import Header, encoded
from hss.diameter.dictionary import base, tgpp
from hss.diameter.dispatch import Caller, Dispatcher, Entry, Written
from hss.diameter.errors import SUCCESS, USER_UNKNOWN
from hss.procedures.cx import ServedIdentity
from hss.procedures.errors import UserUnknown
from hss.services.administration import Changes
from schemas.numbers.cx import CxCommand, TgppAvp, UserAuthorizationType
from schemas.numbers.diameter import Application, BaseAvp, Flag
from tests.unit.hss.diameter.samples import (
    BENCH,
    CLIENT,
    KAMAILIO,
    REGISTERED,
    SCSCF,
    Everything,
    caller,
    dispatcher,
    local,
    read,
    result,
    settled,
)

TEL = "tel:+491715407090"
PUBLIC_IDENTITY = tgpp(TgppAvp.PUBLIC_IDENTITY)


def lir(public: str = TEL, *, more: bytes = b"", number: int = 1, flags: int = 0xC0, **changes: Any) -> bytes:
    """Write an LIR; `more` stands before Public-Identity, which is the last AVP."""
    given = {"public": public, "destination_realm": "ims.test", "session_id": f"icscf.ims.test;1;{number}"}
    avps = client.location_info_request(CLIENT, client.LocationInfoQuestion(**(given | changes))).avps
    name = encoded(PUBLIC_IDENTITY, public)
    header = Header(flags=flags, command=302, application=16777216, hop_by_hop=number, end_to_end=number)
    return header.encode(avps.removesuffix(name) + more + name)


class Bench:
    """One dispatcher with one caller."""

    def __init__(self, everything: Everything | None = None, **changes: Any) -> None:
        self.hss = everything or Everything().filtered()
        self.dispatcher = dispatcher(self.hss, local(**changes))
        self.caller = caller()

    def __call__(self, message: bytes) -> bytes:
        return settled(self.dispatcher.answer(message, self.caller, now=0.0))

    def at_once(self, message: bytes) -> bytes:
        answer = self.dispatcher.answer(message, self.caller, now=0.0)
        assert isinstance(answer, bytes)
        return answer


def test_the_answer_is_the_expected_one_octet_by_octet() -> None:
    bench = Bench()
    assert bench(BENCH["lir"]) == BENCH["lia"]
    assert bench.at_once(BENCH["lir"]) == BENCH["lia"]


def test_the_third_answer_is_kept() -> None:
    bench = Bench()
    answers = [bench(BENCH["lir"]) for _ in range(4)]
    assert answers == 4 * [BENCH["lia"]]
    assert bench.dispatcher.kept_answers == 2
    assert [(tally.command, tally.outcome, tally.count) for tally in bench.dispatcher.tallies] == [("LIR", SUCCESS, 4)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lir_tel_registered", (2001, 0)),
        ("lir_sip_registered", (2001, 0)),
        ("lir_unknown_user", (5001, 10415)),
        ("lir_not_registered", (5003, 10415)),
    ],
)
def test_kamailio_gets_its_answers(name: str, expected: tuple[int, int]) -> None:
    bench = Bench()
    for _ in range(3):
        answer = bench(KAMAILIO[name])
        assert result(answer) == expected
        assert Header.decode(answer).hop_by_hop == Header.decode(KAMAILIO[name]).hop_by_hop


@pytest.mark.parametrize(
    ("public", "expected"),
    [
        ("sip:unreg@ims.test", (2003, 10415)),
        ("sip:broken@ims.test", (5012, 0)),
        ("sip:fault@ims.test", (5012, 0)),
        ("sip:service@ims.test", (2001, 0)),
        ("sip:chat7@ims.test", (2001, 0)),
        ("sip:+491715407090@IMS.test;user=phone", (2001, 0)),
        ("urn:service:sos", (5001, 10415)),
        ("not a uri", (5004, 0)),
    ],
)
def test_outcomes(public: str, expected: tuple[int, int]) -> None:
    bench = Bench(Everything())
    for _ in range(3):
        assert result(bench(lir(public))) == expected


def test_capabilities_are_written() -> None:
    group = read(Bench()(lir("sip:unreg@ims.test"))).value(tgpp(TgppAvp.SERVER_CAPABILITIES))
    assert group.values(tgpp(TgppAvp.MANDATORY_CAPABILITY)) == [1, 2]
    assert group.values(tgpp(TgppAvp.OPTIONAL_CAPABILITY)) == [3]
    assert group.values(tgpp(TgppAvp.SERVER_NAME)) == [SCSCF]


def test_a_service_is_named_with_its_wildcard_and_the_flag() -> None:
    avps = read(Bench()(lir("sip:chat7@ims.test")))
    assert avps.value(tgpp(TgppAvp.SERVER_NAME)) == "sip:as.ims.test:5065"
    assert avps.value(tgpp(TgppAvp.WILDCARDED_PUBLIC_IDENTITY)) == "sip:chat!.*!@ims.test"
    assert avps.value(tgpp(TgppAvp.LIA_FLAGS)) == 1


def test_who_calls_is_told_apart_from_who_is_called() -> None:
    assert result(Bench()(lir("sip:notreg@ims.test", originating=True))) == (2003, 10415)


def test_capabilities_may_be_asked_for() -> None:
    hss = Everything(restoration_supported=True)
    bench = Bench(hss)
    kind = UserAuthorizationType.REGISTRATION_AND_CAPABILITIES
    answer = read(bench(lir("sip:unreg@ims.test", authorization_type=kind)))
    assert tgpp(TgppAvp.SERVER_CAPABILITIES) in answer
    assert hss.store.noted == ["sip:unreg@ims.test"]


def test_where_nothing_is_asked_of_an_s_cscf_there_are_no_capabilities() -> None:
    """Kamailio drops a message that ends in an empty group."""
    answer = Bench()(lir("sip:notreg@ims.test", originating=True))
    assert tgpp(TgppAvp.SERVER_CAPABILITIES) not in read(answer)


# Kept answers


def test_a_change_is_in_the_next_answer() -> None:
    bench = Bench()
    for number in range(3):
        bench(lir(number=number))
    bench.hss.store.rows[TEL] = ServedIdentity(uri=TEL, state=REGISTERED, scscf_name="sip:other.test")
    bench.hss.service.apply(Changes(identities=frozenset({TEL})))
    for number in range(3, 6):
        assert read(bench(lir(number=number))).value(tgpp(TgppAvp.SERVER_NAME)) == "sip:other.test"
    assert bench.dispatcher.kept_answers == 2


def test_a_new_identity_is_in_the_next_answer() -> None:
    bench = Bench()
    for number in range(3):
        assert result(bench.at_once(lir("sip:new@ims.test", number=number))) == (5001, 10415)
    bench.hss.store.rows["sip:new@ims.test"] = ServedIdentity(uri="sip:new@ims.test")
    bench.hss.service.apply(Changes(identities=frozenset({"sip:new@ims.test"}), added=frozenset({"sip:new@ims.test"})))
    assert result(bench(lir("sip:new@ims.test"))) == (5003, 10415)


def test_answers_can_be_forgotten() -> None:
    bench = Bench()
    for _ in range(3):
        bench(lir())
        bench(lir("sip:nobody@ims.test"))
    bench.dispatcher.forget_answers()
    before = bench.dispatcher.kept_answers
    assert result(bench(lir())) == (2001, 0)
    assert result(bench(lir("sip:nobody@ims.test"))) == (5001, 10415)
    assert bench.dispatcher.kept_answers == before


def test_every_unknown_identity_is_counted() -> None:
    bench = Bench()
    for number in range(10):
        assert result(bench.at_once(lir(f"sip:nobody{number}@ims.test"))) == (5001, 10415)
    assert [tally.count for tally in bench.dispatcher.tallies if tally.outcome == USER_UNKNOWN] == [10]


def test_answers_that_many_share_are_in_memory_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hss.diameter.dispatch.MOST_BODIES", 1)
    bench = Bench()
    for public in (TEL, "sip:notreg@ims.test", "sip:b@ims.test"):
        for _ in range(3):
            bench(lir(public))
    assert bench.dispatcher.kept_answers == 3


@pytest.mark.parametrize("more", [b"", encoded(base(BaseAvp.DESTINATION_HOST), "HSS.ims.test")])
def test_an_answer_without_the_session_first_is_the_same(more: bytes) -> None:
    message = lir(more=more)
    avps = read(message)
    session = avps.octets(base(BaseAvp.SESSION_ID))
    moved = message[:20] + message[20:].removeprefix(session) + session
    bench = Bench()
    assert bench(moved) == bench(message) == bench(moved)


def test_an_answer_that_returns_what_relays_have_added_is_not_kept() -> None:
    """They add something else to each request."""
    members = encoded(base(BaseAvp.PROXY_HOST), "relay.test") + encoded(base(BaseAvp.PROXY_STATE), b"1")
    bench = Bench()
    for _ in range(4):
        bench(lir(more=encoded(base(BaseAvp.PROXY_INFO), members)))
    assert bench.dispatcher.kept_answers == 0


def test_somebody_unknown_whose_name_is_not_the_last_avp_is_refused_each_time_anew() -> None:
    bench = Bench()
    message = lir("sip:nobody@ims.test")
    name = encoded(PUBLIC_IDENTITY, "sip:nobody@ims.test")
    moved = Header.decode(message).encode(
        message[20:].removesuffix(name) + name + encoded(base(BaseAvp.USER_NAME), "x")
    )
    assert [result(bench(moved)) for _ in range(3)] == 3 * [(5001, 10415)]


def test_a_refusal_returns_session_and_proxies_wherever_they_stand() -> None:
    members = encoded(base(BaseAvp.PROXY_HOST), "relay.test") + encoded(base(BaseAvp.PROXY_STATE), b"1")
    proxies = encoded(base(BaseAvp.PROXY_INFO), members)
    session = encoded(base(BaseAvp.SESSION_ID), "a;1;2")
    message = Header.decode(lir()).encode(proxies + session + proxies + b"\0\0\xff\xff\x40\0\0\x08")
    answer = Bench()(message)
    assert result(answer) == (5001, 0)
    assert answer[20:].startswith(session)
    assert answer.endswith(2 * proxies)


def test_somebody_unknown_in_another_realm_is_refused_for_the_realm() -> None:
    bench = Bench()
    for _ in range(3):
        assert result(bench(lir("sip:nobody@ims.test"))) == (5001, 10415)
    assert result(bench(lir("sip:nobody@ims.test", destination_realm="imx.test"))) == (3003, 0)


# Headers and addresses


def test_without_the_p_bit_the_answer_has_none() -> None:
    answer = Bench()(lir(flags=Flag.REQUEST))
    assert (result(answer), answer[4]) == ((2001, 0), 0)


def test_strict_a_request_needs_the_p_bit() -> None:
    answer = Bench(strict=True)(lir(flags=Flag.REQUEST))
    assert (result(answer), answer[4]) == ((3008, 0), Flag.ERROR)


def test_strict_reserved_bits_of_a_header_or_an_avp_are_refused() -> None:
    bench = Bench(strict=True)
    assert result(bench(lir(flags=0xC1))) == (5013, 0)
    wrong = encoded(base(BaseAvp.USER_NAME), "x")
    wrong = wrong[:4] + b"\x41" + wrong[5:]
    assert result(bench(lir(more=wrong))) == (3009, 0)
    assert result(Bench()(lir(more=wrong))) == (2001, 0)


def test_an_application_that_was_not_agreed_on_is_refused() -> None:
    bench = Bench()
    bench.caller = Caller(frozenset())
    answer = bench(lir())
    assert (result(answer), answer[4] & Flag.ERROR) == ((3007, 0), Flag.ERROR)


def test_a_command_that_is_not_served_is_refused() -> None:
    assert result(Bench()(KAMAILIO["uar_register"])) == (3001, 0)


def test_a_t_flag_changes_nothing() -> None:
    bench = Bench()
    assert bench(lir(flags=0xD0)) == bench(lir()) == bench(lir(flags=0xD0))


def test_other_realms_are_served_as_long_as_they_are_ours() -> None:
    realms = {"other.test"}
    bench = Bench(other_realms=realms)
    assert result(bench(lir(destination_realm="OTHER.test"))) == (2001, 0)
    realms.clear()
    assert result(bench(lir(destination_realm="Other.test"))) == (3003, 0)


def test_a_realm_is_needed() -> None:
    message = lir()
    realm = encoded(base(BaseAvp.DESTINATION_REALM), "ims.test")
    without = message[20:].replace(realm, b"")
    answer = Bench()(Header.decode(message).encode(without))
    failed = read(answer).value(base(BaseAvp.FAILED_AVP))
    assert (result(answer), failed.hex()) == ((5005, 0), "0000011b40000008")


def vendor_specific(*members: bytes) -> bytes:
    vendor = encoded(base(BaseAvp.VENDOR_ID), 10415)
    return encoded(base(BaseAvp.VENDOR_SPECIFIC_APPLICATION_ID), vendor + b"".join(members))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([encoded(base(BaseAvp.AUTH_APPLICATION_ID), Application.SH)], (5004, 0)),
        ([encoded(base(BaseAvp.ACCT_APPLICATION_ID), Application.SH)], (5004, 0)),
        ([encoded(base(BaseAvp.ACCT_APPLICATION_ID), Application.CX)], (2001, 0)),
        ([], (2001, 0)),
    ],
)
def test_the_application_of_the_header_is_that_of_the_group(members: list[bytes], expected: tuple[int, int]) -> None:
    """Row A22."""
    message = lir()
    right = vendor_specific(encoded(base(BaseAvp.AUTH_APPLICATION_ID), Application.CX))
    changed = message[20:].replace(right, vendor_specific(*members))
    assert result(Bench()(Header.decode(message).encode(changed))) == expected


# Features


def features(bits: int, *, needed: bool, number: int = 1) -> bytes:
    members = encoded(base(BaseAvp.VENDOR_ID), 10415)
    members += encoded(tgpp(TgppAvp.FEATURE_LIST_ID), number) + encoded(tgpp(TgppAvp.FEATURE_LIST), bits)
    return encoded(tgpp(TgppAvp.SUPPORTED_FEATURES), members, mandatory=needed)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (features(0, needed=True), (2001, 0)),
        (features(4, needed=False), (2001, 0)),
        (features(4, needed=True), (5011, 10415)),
        (features(1, needed=True, number=2), (5011, 10415)),
    ],
)
def test_features_that_are_needed_have_to_be_there(more: bytes, expected: tuple[int, int]) -> None:
    bench = Bench()
    for _ in range(3):
        answer = bench(lir(more=more))
        assert result(answer) == expected
        raw, group = read(answer).first[tgpp(TgppAvp.SUPPORTED_FEATURES).key]
        assert (raw[4] & 0x40, group.value(tgpp(TgppAvp.FEATURE_LIST))) == (0, 0)


def test_features_that_are_supported_are_named() -> None:
    hss = Everything()
    supported = cx.Features(((10415, 1, 4),))
    both = Dispatcher(local(), cx.entries(hss.service, frozenset({"ims.test"}), supported))
    answer = settled(both.answer(lir(more=features(4, needed=True)), caller(), now=0.0))
    assert result(answer) == (2001, 0)


# Duplicates


class Counter:
    """A command that changes state."""

    def __init__(self, *, late: bool, fails: bool = False, hangs: bool = False) -> None:
        self.count = 0
        self.late, self.fails, self.hangs = late, fails, hangs

    def serve(self, request: object) -> int | Awaitable[int]:  # noqa: ARG002 - any request
        self.count += 1
        return self.later() if self.late else self.count

    async def later(self) -> int:
        await asyncio.sleep(0 if not self.hangs else 1000)
        if self.fails:
            raise UserUnknown
        return self.count

    def entries(self) -> list[Entry[Any, Any]]:
        return [
            Entry(
                application=Application.CX,
                command=CxCommand.LOCATION_INFO,
                read=lambda avps: avps.value(PUBLIC_IDENTITY),
                serve=self.serve,
                write=lambda number: Written(SUCCESS, encoded(tgpp(TgppAvp.SERVER_NAME), f"sip:{number}")),
                name=PUBLIC_IDENTITY,
                always=lambda avps: b"",  # noqa: ARG005 - any request
                changes_state=True,
            )
        ]


@pytest.mark.parametrize("late", [True, False])
def test_a_duplicate_gets_the_stored_answer_with_its_own_hop_by_hop(*, late: bool) -> None:
    """Row P14."""
    counter = Counter(late=late)
    table = Dispatcher(local(), counter.entries())
    first = settled(table.answer(lir(), caller(), now=0.0))
    again = bytearray(lir())
    again[12:16] = b"\x55\x55\x55\x55"
    second = settled(table.answer(bytes(again), caller(), now=239.0))
    assert counter.count == 1
    assert second == first[:12] + b"\x55\x55\x55\x55" + first[16:]
    third = settled(table.answer(lir(), caller(), now=241.0))
    assert (counter.count, third == first) == (2, False)


def test_another_host_or_another_identifier_is_no_duplicate() -> None:
    counter = Counter(late=False)
    table = Dispatcher(local(), counter.entries())
    other = lir()[20:].replace(b"icscf.ims.test", b"jcscf.ims.test")
    for message in (lir(), lir(number=2), Header.decode(lir()).encode(other)):
        table.answer(message, caller(), now=0.0)
    assert counter.count == 3


def test_a_duplicate_of_a_request_that_is_being_served_has_to_come_again() -> None:
    table = Dispatcher(local(), Counter(late=True).entries())
    first = table.answer(lir(), caller(), now=0.0)
    assert result(settled(table.answer(lir(), caller(), now=0.0))) == (3004, 0)
    assert result(settled(first)) == (2001, 0)


def test_a_late_refusal_is_an_answer_and_stored() -> None:
    counter = Counter(late=True, fails=True)
    table = Dispatcher(local(), counter.entries())
    for _ in range(2):
        assert result(settled(table.answer(lir(), caller(), now=0.0))) == (5001, 10415)
    assert counter.count == 1


def test_a_request_whose_service_was_stopped_may_come_again() -> None:
    counter = Counter(late=True, hangs=True)
    table = Dispatcher(local(), counter.entries())

    async def stopped() -> None:
        answer = table.answer(lir(), caller(), now=0.0)
        assert not isinstance(answer, bytes)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(answer, timeout=0.001)

    asyncio.run(stopped())
    counter.hangs = False
    assert result(settled(table.answer(lir(), caller(), now=0.0))) == (2001, 0)
    assert counter.count == 2


def test_an_entry_that_knows_nobody_keeps_nothing() -> None:
    entry = replace(Counter(late=False).entries()[0], changes_state=False)
    table = Dispatcher(local(), [entry])
    answers = [read(settled(table.answer(lir(), caller(), now=0.0))) for _ in range(3)]
    assert [avps.value(tgpp(TgppAvp.SERVER_NAME)) for avps in answers] == ["sip:1", "sip:2", "sip:3"]
    assert entry.is_unknown("x") is False


def test_a_reader_that_is_wrong_is_a_fault_of_ours() -> None:
    def wrong(avps: Avps) -> str:
        raise KeyError(avps)

    entry = replace(Counter(late=False).entries()[0], read=wrong, changes_state=False)
    assert result(settled(Dispatcher(local(), [entry]).answer(lir(), caller(), now=0.0))) == (5012, 0)


# An independent reader


@pytest.mark.parametrize("public", [TEL, "sip:unreg@ims.test", "sip:nobody@ims.test", "sip:chat1@ims.test", "no uri"])
def test_the_library_reads_our_answers(public: str) -> None:
    octets = Bench()(lir(public))
    answer = Message.from_bytes(octets, plain_msg=True)
    assert answer.header.is_request is False
    assert answer.header.length == len(octets)
    codes = [avp.code for avp in answer.avps]
    assert codes[:2] == [263, 260]
    assert all(avp.value is not None for avp in answer.avps)
    assert b"".join(avp.as_bytes() for avp in answer.avps) == octets[20:]


def test_the_library_writes_a_request_that_we_read() -> None:
    message = Message()
    message.header.command_code, message.header.application_id = 302, 16777216
    message.header.is_request = message.header.is_proxyable = True
    message.avps = [
        Avp.new(263, value="library.test;1;2"),
        Avp.new(260, value=[Avp.new(266, value=10415), Avp.new(258, value=16777216)]),
        Avp.new(277, value=1),
        Avp.new(264, value=b"library.test"),
        Avp.new(296, value=b"ims.test"),
        Avp.new(283, value=b"ims.test"),
        Avp.new(601, 10415, value=TEL),
    ]
    assert result(Bench()(message.as_bytes())) == (2001, 0)
