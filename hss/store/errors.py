"""What can go wrong with the database.

StoreError
+ StoreUnavailable   the database does not answer, or broke off; trying again may help
+ StoreLocked        another process has the SQLite file
+ SchemaTooNew       a later version of this program wrote the database
+ WrongKey           the key of the configuration is not the one that sealed the secrets
+ BadUrl             the address names no database that this program knows

Drivers raise many kinds of errors; `translated` lets none of them out.
"""

import contextlib
import sqlite3
from collections.abc import Iterator

import sqlalchemy.exc


class StoreError(Exception):
    """The database cannot be used."""


class StoreUnavailable(StoreError):
    """The database does not answer, or broke off; trying again may help."""


class StoreLocked(StoreError):
    """Another process has the SQLite file; `pid` is its number, where it is known."""

    def __init__(self, path: str, pid: int | None) -> None:
        owner = "another process" if pid is None else f"process {pid}"
        super().__init__(f"{path} is in use by {owner}; only one process may open a SQLite database at a time")
        self.pid = pid


class SchemaTooNew(StoreError):
    """A later version of this program wrote the database."""


class WrongKey(StoreError):
    """The key of the configuration is not the one that sealed the secrets."""


class BadUrl(StoreError):
    """The address names no database that this program knows."""


class Clash(Exception):
    """A constraint of the database refused a row that a check had let pass: somebody else was faster."""


class Overtaken(Exception):
    """Another transaction stood in the way of this one; it can be tried again."""


_AGAIN = ("40001", "40P01")  # PostgreSQL: serialization_failure, deadlock_detected


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn the errors of SQLAlchemy and of the drivers into ours."""
    try:
        yield
    except sqlalchemy.exc.IntegrityError as error:
        raise Clash(str(error.orig)) from error
    except sqlalchemy.exc.DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) in _AGAIN:
            raise Overtaken(str(error.orig)) from error
        raise StoreUnavailable(f"the database failed: {error.orig}") from error
    except (sqlalchemy.exc.SQLAlchemyError, sqlite3.Error, OSError, TimeoutError) as error:
        raise StoreUnavailable(f"the database failed: {error}") from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] == "asyncpg":  # imported only where PostgreSQL is used
            raise StoreUnavailable(f"the database failed: {error}") from error
        raise
