"""The door: `hss COMMAND`. Each command lives in a module that is imported only when it runs."""

import gc
import importlib
from typing import Final

import click

from hss import __version__

# Command: where it lives, and its line in `hss --help`.
COMMANDS: Final = {
    "serve": ("hss.cli.serve", "Run the service in the foreground."),
    "init": ("hss.cli.init", "Create or upgrade the database, with sample data if wanted."),
    "subscriber": ("hss.cli.subscriber", "Add, show, list, change and delete subscribers."),
    "operator": ("hss.cli.operators", "Add, show, change operators and their entry nodes."),
    "icscf-pool": ("hss.cli.icscf_pools", "Add, show, change pools of I-CSCFs and their members."),
    "prefix": ("hss.cli.numbers", "Add, list and delete prefixes of operators."),
    "number-block": ("hss.cli.numbers", "Add, list, change, delete number blocks and DDI stems."),
    "ported-number": ("hss.cli.numbers", "Add, list, change and delete ported numbers."),
    "import": ("hss.cli.bulk", "Import subscribers or numbers from JSONL or CSV."),
    "export": ("hss.cli.bulk", "Export subscribers or numbers as JSONL or CSV."),
    "query": ("hss.cli.query", "Send a real request and show the answer."),
    "route": ("hss.cli.route", "Tell where calls to numbers go, and why."),
    "imrn": ("hss.cli.imrn", "Show for whom an IMRN stands."),
    "peers": ("hss.cli.peers", "Show who is connected."),
    "config": ("hss.cli.config", "Check and show the configuration."),
    "bench": ("hss.cli.bench", "Load an HSS and measure it."),
    "completion": ("hss.cli.completion", "Print the completion script of a shell."),
}

EXIT_STATUSES: Final = """\b
Exit statuses:
  0  done; a query was answered with success
  1  the answer is a refusal, or an expectation is not met
  2  wrong usage or configuration
  3  no connection to the service, or no answer in time
  4  some input was refused, the rest was taken"""


class Commands(click.Group):
    """Commands by name; importing one is all the work that it costs."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; an error of the program that says its exit status ends it in one line."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            status = getattr(error, "exit_status", None)
            if status is None:
                raise
            click.echo(f"Error: {error}", err=True)
            ctx.exit(status)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands in their own order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        gc.disable()  # importing makes next to no garbage; looking for it takes a tenth of the time
        module = importlib.import_module(COMMANDS[cmd_name][0])
        gc.enable()
        command: click.Command = getattr(module, "import_" if cmd_name == "import" else cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(cls=Commands, epilog=EXIT_STATUSES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hss")
def hss() -> None:
    """Homeward: an HSS and routing control plane for IMS test beds."""


def main() -> None:
    """Run the command line."""
    hss(auto_envvar_prefix="HSS")
