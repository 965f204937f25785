"""`hss serve`: run the service in the foreground."""

import asyncio
from contextlib import suppress

import click

from hss.app.observe import log_to_stderr
from hss.app.run import serve as run_service
from hss.app.settings import Settings
from hss.cli.options import with_settings


@click.command()
@with_settings
def serve(settings: Settings) -> None:
    """Run the service in the foreground; Ctrl-C ends it.

    One line is printed for each thing that listens, or that is off and why.
    """
    log_to_stderr(settings.log)
    asyncio.run(run_service(settings, _say))


def _say(line: str) -> None:
    with suppress(BrokenPipeError):  # whoever read what the service prints is gone; the service is not
        click.echo(line)
