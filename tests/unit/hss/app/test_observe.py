"""Events are counted, and logged as loud as the table says."""

import logging
from dataclasses import dataclass

import pytest

from hss.app.observe import Observer, described, shown, snake
from hss.machine import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SomethingOdd(Event):
    name: str
    octets: bytes = b"\x00\x01"


class Bare(Event):
    __slots__ = ()


def test_an_event_is_written_as_words() -> None:
    assert described(SomethingOdd(name="icscf")) == "something odd name=icscf octets=0001"
    assert described(Bare()) == "bare"
    assert snake("ConnectionOpened") == "connection_opened"


@pytest.mark.parametrize("text", ["two\nlines", "bell\a", "a b"])
def test_what_a_peer_chose_stays_one_printable_line(text) -> None:
    assert shown(text) == ascii(text)


def test_events_are_counted_and_only_named_ones_are_logged(caplog) -> None:
    observer = Observer({SomethingOdd: logging.WARNING})
    with caplog.at_level(logging.INFO, logger="hss"):
        observer(SomethingOdd(name="one"), None)
        observer(Bare(), None)
    assert [record.getMessage() for record in caplog.records] == ["listener: something odd name=one octets=0001"]
    assert {sample.labels["event"]: sample.value for sample in observer.samples()} == {"something_odd": 1, "bare": 1}
