"""Events are counted, and logged as loud as the table says."""

import logging
from dataclasses import dataclass

import pytest

from hss.app.observe import Observer, described, shown, snake
from hss.machine import Event
from hss.transport.address import Address
from hss.transport.driver import Connection, Kind
from hss.transport.events import ConnectionClosed, MachineFailed


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


def test_what_follows_an_ending_on_its_connection_is_counted_and_only_a_defect_is_logged(caplog) -> None:
    observer = Observer(
        {SomethingOdd: logging.WARNING, ConnectionClosed: logging.INFO, MachineFailed: logging.ERROR},
        endings={SomethingOdd},
    )
    one, other = (
        Connection(
            kind=Kind.TCP,
            peer=Address("192.0.2.1", port),
            local=Address("192.0.2.9", 3868),
            inbound=True,
            peer_hosts=(),
            local_hosts=(),
        )
        for port in (1, 2)
    )
    with caplog.at_level(logging.INFO, logger="hss"):
        for event in (SomethingOdd(name="a"), MachineFailed(error=ValueError()), ConnectionClosed(reason="over")):
            observer(event, one)
        for connection in (other, one):  # a later connection from the same place is another one
            observer(ConnectionClosed(reason="over"), connection)
    assert [record.getMessage() for record in caplog.records] == [
        "tcp 192.0.2.1:1: something odd name=a octets=0001",
        "tcp 192.0.2.1:1: machine failed",
        "tcp 192.0.2.1:2: connection closed reason=over",
        "tcp 192.0.2.1:1: connection closed reason=over",
    ]
    assert observer.counts["ConnectionClosed", "tcp"] == 3


def test_a_listener_whose_clients_come_and_go_is_quiet_but_not_about_defects(caplog) -> None:
    observer = Observer({SomethingOdd: logging.WARNING, ConnectionClosed: logging.INFO})
    with caplog.at_level(logging.DEBUG, logger="hss"):
        for event in (ConnectionClosed(reason="over"), SomethingOdd(name="a"), Bare()):
            observer.quietly(event, None)
    assert [(record.levelname, record.getMessage().split(" ", 1)[1]) for record in caplog.records] == [
        ("DEBUG", "connection closed reason=over"),
        ("WARNING", "something odd name=a octets=0001"),
    ]
    assert observer.counts.total() == 3
