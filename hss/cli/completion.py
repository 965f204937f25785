"""`hss completion SHELL`."""

import click
from click.shell_completion import get_completion_class

from hss.cli import hss


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script: put `eval "$(hss completion bash)"` into ~/.bashrc."""
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - the choices are those that click has
    click.echo(kind(hss, {}, "hss", "_HSS_COMPLETE").source())
