import sqlite3

import pytest
from sqlalchemy import bindparam, select

from hss.store import tables as t
from hss.store.prepared import JsonRow, Prepared

OWN = t.subscription.c


@pytest.fixture
def prepared() -> Prepared:
    row = JsonRow(OWN.name, OWN.preferred_scscfs)
    chosen = select(OWN.id, row).where(OWN.name == bindparam("name"), OWN.version > 3, OWN.name != bindparam("name"))
    return Prepared(chosen.limit(bindparam("limit")))


def test_values_stand_in_the_order_of_the_parameters(prepared: Prepared) -> None:
    given = {"name": "alice", "limit": 5}
    assert prepared.values("sqlite", given) == ["alice", 3, "alice", 5, 0]
    assert prepared.values("postgresql", given) == ["alice", 3, 5]


def test_a_statement_is_compiled_once(prepared: Prepared) -> None:
    assert prepared.text("sqlite") is prepared.text("sqlite")
    assert prepared.text("sqlite") != prepared.text("postgresql")


def test_json_of_the_database_stays_json_in_a_row() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE subscription (id, name, preferred_scscfs)")
    connection.execute("INSERT INTO subscription VALUES (1, '[\"a\"]', '[\"a\"]'), (2, NULL, NULL)")
    statement = Prepared(select(OWN.id, JsonRow(OWN.name, OWN.preferred_scscfs)).order_by(OWN.id))
    rows = connection.execute(statement.text("sqlite")[0]).fetchall()
    connection.close()
    assert rows == [(1, '["[\\"a\\"]",["a"]]'), (2, "[null,null]")]
