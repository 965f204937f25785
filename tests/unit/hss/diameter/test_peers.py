"""The table of connections."""

import pytest

from hss.diameter.peers import PeerTable
from tests.unit.hss.diameter.samples import accepted, surroundings


def test_one_connection_of_several_may_go() -> None:
    around = surroundings()
    table, one, other = PeerTable(), accepted(around), accepted(around)
    table.add("A.test", one)
    table.add("a.test", other)
    table.begin("B.test", one)
    assert (len(table), table.open_one("a.TEST"), table.connecting("b.test")) == (2, other, one)
    table.remove("a.test", other)
    table.remove("b.test", other)
    assert (len(table), table.open_one("a.test"), table.connecting("b.test")) == (1, one, one)
    table.remove("a.test", one)
    table.remove("b.test", one)
    assert (list(table), table.open_one("a.test"), table.connecting("b.test")) == ([], None, None)


def test_views_survive_a_connection_that_goes_meanwhile() -> None:
    around = surroundings()
    table, one, other = PeerTable(), accepted(around), accepted(around)
    for peer in (one, other):
        table.add("a.test", peer)
    views = iter(table)
    next(views)
    table.remove("a.test", one)
    assert len(list(views)) == 1


def test_the_memory_for_state_identifiers_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hss.diameter.peers.MOST_STATE_IDS", 2)
    table = PeerTable()
    assert [table.risen(host, 1) for host in ("a", "b", "c")] == [None, None, None]
    assert table.risen("a", 2) is None
    assert table.risen("c", 2) == 1
    assert table.risen("c", 1) is None
    assert table.risen("c", None) is None
