"""Answers that come late, and what became of the questions."""

import asyncio
import logging

import pytest

from hss.app import routing
from hss.app.levels import LEVEL_OF
from hss.app.routing import Late
from hss.app.routing_outcomes import Outcomes, SipUnanswered, unanswered
from hss.store.errors import StoreUnavailable
from hss.transport.address import Address
from routing import Rows, State, build
from routing.enum_dns.answers import EnumSettings, answer
from routing.sip_message import Reply, Silence, Unanswered


async def test_late_answers_are_sent_when_they_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "MOST_LATE", 3)
    delivered: list[bytes | None] = []
    dropped: list[int] = []
    go_on = asyncio.Event()

    async def answer(found: bytes | None) -> bytes | None:
        await go_on.wait()
        if found == b"lost":
            raise StoreUnavailable("gone")
        return found

    async with asyncio.TaskGroup() as tasks:
        late = Late(tasks)
        for found in (b"first", None, b"lost", b"one too many"):
            late.follow(answer(found), delivered.append, lambda: dropped.append(1))
        assert (delivered, dropped) == ([], [1])
        go_on.set()
    assert (delivered, dropped) == ([b"first", None], [1, 1])


def test_outcomes_are_counted_by_their_names() -> None:
    outcomes = Outcomes()
    plain = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x04e164\x04arpa\0\0\x23\0\x01"
    odd = plain[:11] + b"\1" + plain[12:] + b"\0\0\x29\x10\0\0\1\0\0\0\0"  # version 1 of EDNS
    for question in (plain, plain, plain[:5] + b"\2" + plain[6:], odd, plain.replace(b"arpa", b"test"), b""):
        outcomes.answered_by_enum(answer(question, build(Rows(operators={})), State(), EnumSettings()))
    for found in (Reply(b"", "h", 1, 302), Unanswered(Silence.ACK, "an ACK"), None):
        outcomes.answered_by_sip(found)
    assert {tuple(sample.labels.values()): sample.value for sample in outcomes.samples()} == {
        ("enum", "NOERROR"): 2,
        ("enum", "FORMERR"): 1,
        ("enum", "BADVERS"): 1,
        ("enum", "REFUSED"): 1,
        ("enum", "silent"): 1,
        ("sip", "302"): 1,
        ("sip", "ack"): 1,
        ("sip", "silent"): 1,
    }


def test_only_what_nobody_can_read_is_told_of() -> None:
    peer = Address("192.0.2.1", 5060)
    found = unanswered(Unanswered(Silence.UNREADABLE, "no Via"), peer)
    assert found == SipUnanswered(peer=peer, why="no Via")
    assert LEVEL_OF[SipUnanswered] == logging.DEBUG
    for quiet in (None, Reply(b"", "h", 1, 302), Unanswered(Silence.ACK, ""), Unanswered(Silence.RESPONSE, "")):
        assert unanswered(quiet, peer) is None
