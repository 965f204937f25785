"""A database of an earlier schema is brought up to date, and what is in it goes on as before."""

import secrets

import pytest
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from hss.store.database import address_of
from hss.store.engine import open_store
from hss.store.migrations import HEAD, REVISIONS, revision
from schemas.documents import Operator, PortedNumber
from tests.contract.test_store_opening import differences

OPERATOR = """
    INSERT INTO operator (name, version, type, home_domain, country_code, trunk_prefix, international_prefix,
        answers_routing_info, icscf_answer, extension_oid)
    VALUES ('old', 7, 2, 'old.example', '49', '0', '00', false, 'name', '1.3.6.1.4.1.32473.1.1')
"""
PORTED = "INSERT INTO ported_number (digits, version, operator_id) SELECT '49301', 1, id FROM operator"


def schema_of(connection: Connection, last: str) -> None:
    """Make the schema of an earlier program."""
    config = Config()
    config.set_main_option("script_location", "hss.store:migrations")
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    context = MigrationContext.configure(connection)
    with Operations.context(context):
        for script in reversed(list(scripts.iterate_revisions(last, "base"))):
            script.module.upgrade()
            context.stamp(scripts, script.revision)


@pytest.mark.parametrize("last", REVISIONS[:-1])
async def test_an_earlier_schema_is_brought_up_to_date(url: str, last: str) -> None:
    engine = create_async_engine(address_of(url).url)
    async with engine.begin() as connection:
        await connection.run_sync(schema_of, last)
        await connection.execute(text(OPERATOR))
        await connection.execute(text(PORTED))
    await engine.dispose()
    store = await open_store(url, random_octets=secrets.token_bytes)
    async with store.database.read() as connection:
        assert await connection.run_sync(revision) == HEAD
        assert await connection.run_sync(differences) == []
    stored = await store.operators.get("old")
    ported = await store.ported_numbers.get("+49301")
    assert stored is not None
    assert ported is not None
    body = {"name": "old", "type": 2, "home_domain": "old.example", "country_code": "49", "icscf_answer": "name"}
    assert (stored.version, stored.document) == (7, Operator.model_validate(body))
    assert ported.document == PortedNumber(number="+49301", operator="old")
    changed = stored.document.model_copy(update={"default_route": True, "emergency_numbers": []})
    assert (await store.operators.put("old", changed)).document == changed
    await store.close()
