"""How SQLite goes about the statements that calls wait for, in a database without statistics: by index alone."""

import sqlite3

import pytest
import sqlalchemy

from hss.store import calls, loaders, secrets, subscriber_reading, subscribers
from hss.store.prepared import Prepared
from hss.store.tables import METADATA

STATEMENTS = {
    "subscriber by name": subscriber_reading.NAMED,
    "page of subscribers": subscribers.PAGE,
    "subscriber by identity": subscribers.FIND,
    "served identity": loaders.SERVED,
    "piece of all identities": loaders.IDENTITIES,
    "reassignment": loaders.PENDING,
    "called party by number": calls.BY_MSISDN,
    "called party by IMSI": calls.BY_IMSI,
    "called party by IMSI of a private identity": calls.BY_PRIVATE_IMSI,
    "contacts": calls.CONTACTS,
    "secrets": secrets.SEALED,
}


@pytest.fixture(scope="module")
def empty() -> sqlite3.Connection:
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.StaticPool)
    METADATA.create_all(engine)
    connection = engine.raw_connection().driver_connection
    assert isinstance(connection, sqlite3.Connection)
    return connection


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_table_is_read_from_end_to_end(name: str, empty: sqlite3.Connection) -> None:
    statement: Prepared = STATEMENTS[name]
    text, parameters = statement.text("sqlite")
    steps = [row[3] for row in empty.execute("EXPLAIN QUERY PLAN " + text, [preset or 1 for _, preset in parameters])]
    scanned = {step.split()[1] for step in steps if step.startswith("SCAN")}
    assert scanned.isdisjoint(METADATA.tables)
    assert not any("AUTOMATIC" in step for step in steps)
