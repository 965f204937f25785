"""`hss route`: where a call to a number goes, and why; by a running service, or alone by a database or sample data."""

import importlib
from typing import Final

import click

NUMBERS: Final = "numbers"  # the command that runs where none is named

COMMANDS: Final = {  # where each lives
    NUMBERS: "hss.cli.route_numbers",
    "simulate": "hss.cli.route_calls",
    "iam": "hss.cli.route_calls",
    "diff": "hss.cli.route_tables",
    "check": "hss.cli.route_tables",
    "tables": "hss.cli.route_tables",
}

EXAMPLES: Final = """\b
Examples:
  hss route +49-721-957829-0
  hss route --explain --down icscf1.ims.example +491715407090
  hss route --expect operator.name=fixed --expect outcome.status=routed +497219578290
  hss route --file numbers.txt --ndjson
  hss route numbers --help    shows all options"""


class ByNumber(click.Group):
    """A group whose first argument may be a number; a command is imported when it is needed."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the name of the usual command in front where none is given."""
        if args and args[0] not in COMMANDS and args[0] not in ctx.help_option_names:
            args = [NUMBERS, *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(COMMANDS[cmd_name]), cmd_name)
        return command


@click.group(cls=ByNumber, subcommand_metavar="NUMBER... | COMMAND", epilog=EXAMPLES)
def route() -> None:
    """Tell where calls to numbers go, and why."""
