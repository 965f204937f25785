import sqlite3

import pytest
import sqlalchemy.exc
from asyncpg.exceptions import PostgresError

from hss.store.errors import Clash, Overtaken, StoreLocked, StoreUnavailable, translated


class Refusal(Exception):
    sqlstate = "40P01"


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        (sqlalchemy.exc.IntegrityError("INSERT", {}, sqlite3.IntegrityError("UNIQUE")), Clash),
        (sqlalchemy.exc.DBAPIError("UPDATE", {}, Refusal("deadlock")), Overtaken),
        (sqlalchemy.exc.OperationalError("SELECT", {}, sqlite3.OperationalError("disk I/O error")), StoreUnavailable),
        (sqlalchemy.exc.TimeoutError("pool"), StoreUnavailable),
        (sqlite3.DatabaseError("malformed"), StoreUnavailable),
        (ConnectionResetError(), StoreUnavailable),
        (TimeoutError(), StoreUnavailable),
        (PostgresError("gone"), StoreUnavailable),
    ],
)
def test_errors_of_drivers_become_ours(foreign: Exception, ours: type[Exception]) -> None:
    with pytest.raises(ours), translated():
        raise foreign


@pytest.mark.parametrize("error", [KeyError("x"), StoreLocked("x", None), StoreUnavailable("x")])
def test_other_errors_pass(error: Exception) -> None:
    with pytest.raises(type(error)) as passed, translated():
        raise error
    assert passed.value is error


@pytest.mark.parametrize(("pid", "owner"), [(17, "process 17"), (None, "another process")])
def test_a_lock_names_its_owner(pid: int | None, owner: str) -> None:
    assert owner in str(StoreLocked("homeward.db", pid))
