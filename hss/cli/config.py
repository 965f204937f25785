"""`hss config check` and `hss config show`."""

import json

import click

from hss.app.settings import Settings
from hss.cli.options import with_settings


@click.group()
def config() -> None:
    """Check and show the configuration."""


@config.command()
@with_settings
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(settings: Settings, *, as_json: bool) -> None:  # noqa: ARG001 - reading them is the check
    """Say whether the configuration can be used; exit status 2 where not."""
    click.echo(json.dumps({"good": True}) if as_json else "The configuration is good.")


@config.command()
@with_settings
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(settings: Settings, *, as_json: bool) -> None:
    """Print every key with its value, as a TOML file that `--config` reads."""
    values = settings.model_dump(mode="json") | {"database": settings.shown_database}
    if values["api_token"] is not None:
        values["api_token"] = "(set)"  # noqa: S105 - a mark, not a token
    if as_json:
        click.echo(json.dumps(values, indent=2))
        return
    for name, value in values.items():
        click.echo(f"# {name} is not set" if value is None else f"{name} = {json.dumps(value)}")
