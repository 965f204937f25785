"""Migrations of the schema. The library that runs them is loaded only where there is something to do."""

from typing import Final

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from hss.store.errors import SchemaTooNew

REVISIONS: Final = ("0001", "0002")  # in their order; the last one is the schema of this program
HEAD: Final = REVISIONS[-1]
LOCK: Final = 0x484F4D45  # advisory lock of PostgreSQL: one process migrates, the others wait


async def migrate(engine: AsyncEngine, dialect: str) -> None:
    """Bring the schema to `HEAD`; raise `SchemaTooNew` where a later program has been here."""
    async with engine.begin() as connection:
        if await connection.run_sync(revision) == HEAD:
            return
    async with engine.execution_options(writes=True).begin() as connection:
        if dialect == "postgresql":
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        await connection.run_sync(upgrade)


def revision(connection: Connection) -> str | None:
    """Read the revision of the schema; None of an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found is not None and found not in REVISIONS:
        raise SchemaTooNew(f"the database has schema {found!r}, which is later than {HEAD!r}, the latest known here")
    return found


def upgrade(connection: Connection) -> None:
    """Run the migrations that the schema lacks."""
    present = revision(connection)
    if present != HEAD:
        from hss.store.migrations.runner import run  # noqa: PLC0415 - takes 0.4 s to import

        run(connection, present)
