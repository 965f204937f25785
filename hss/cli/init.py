"""`hss init`: create or upgrade the database."""

import asyncio
import json

import click

from hss.app.opening import opened_store
from hss.app.sample import load_sample
from hss.app.settings import Settings
from hss.cli.options import with_settings


@click.command()
@click.option("--sample", is_flag=True, help="Put sample data in; records that exist stay as they are.")
@click.option("--quiet", is_flag=True, help="Print nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@with_settings
def init(settings: Settings, *, sample: bool, quiet: bool, as_json: bool) -> None:
    """Create the database and the key for secrets, or bring the tables up to date."""
    created = asyncio.run(_init(settings, sample=sample))
    database = settings.shown_database
    if as_json:
        click.echo(json.dumps({"database": database, "created": created}))
    elif not quiet:
        click.echo(f"{database} is ready" + (f"; {created} sample records were put in." if sample else "."))


async def _init(settings: Settings, *, sample: bool) -> int:
    store = await opened_store(settings)
    try:
        return await load_sample(store) if sample else 0
    finally:
        await store.close()
