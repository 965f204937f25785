"""Runs migrations in the transaction of a connection."""

from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection


def run(connection: Connection, present: str | None) -> None:
    """Take the schema from the revision `present` to the last one."""
    config = Config()
    config.set_main_option("script_location", "hss.store:migrations")
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    context = MigrationContext.configure(connection)
    missing = list(scripts.iterate_revisions("head", present or "base"))
    with Operations.context(context):
        for script in reversed(missing):
            script.module.upgrade()
            context.stamp(scripts, script.revision)
