"""A query of `hss route`: its options, and what a service is asked by them."""

import json
import re
from typing import Any, Final

import click
from click.core import ParameterSource

from hss.cli.route import COMMANDS, NUMBERS

KINDS: Final = ("text", "uri", "isup", "isup_octets", "gt", "enum")
FORKS: Final = ("parallel", "sequential", "groups")
SUPPOSITIONS: Final = ("scscf-unset", "nobody-registered", "hss-unreachable")
SEEDS: Final = click.IntRange(0, (1 << 53) - 1)
_SIGNALS: Final = {"isup": "noa,npi,DIGITS", "gt": "nai,np,DIGITS"}
_URI: Final = re.compile(r"(tel|sips?):", re.IGNORECASE)


class Supposition(click.ParamType[str]):
    """A failure by name, or NODE=down."""

    name = "failure"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Refuse what is neither."""
        node, _, state = value.rpartition("=")
        if value not in SUPPOSITIONS and (state != "down" or not node):
            self.fail(f"{value!r} is neither NODE=down nor one of {', '.join(SUPPOSITIONS)}", param, ctx)
        return value


def query_options(command: Any) -> Any:  # noqa: ANN401 - what click decorates
    """Give a command the options of a query; it gets them as keywords that `query_of` understands."""
    for option in reversed(
        (
            click.option("--kind", type=click.Choice(KINDS), default="text", show_default=True, help="Form of NUMBER."),
            click.option("--operator", help="Operator whose users dial: its country, area and prefixes count."),
            click.option(
                "--profile",
                multiple=True,
                metavar="NAME|KEY=VALUE",
                help="Dial plan, as de-pstn, or a field of it, as ndc=30.",
            ),
            click.option("--at", help="Time of the call, as 2026-11-21T18:00:00Z. Default: now."),
            seed_option,
            down_option,
            click.option(
                "--suppose",
                multiple=True,
                type=Supposition(),
                metavar=f"[NODE=down|{'|'.join(SUPPOSITIONS)}]",
                help="Suppose a failure.",
            ),
            click.option("--fork", type=click.Choice(FORKS), help="Forking, in place of the user's own choice."),
            click.option("--request-disposition", metavar="WORDS", help='As in the SIP header, "no-fork".'),
        )
    ):
        command = option(command)
    return command


seed_option: Final = click.option("--seed", type=SEEDS, default=0, show_default=True, help="Seed of choices by chance.")
down_option: Final = click.option(
    "--down", multiple=True, metavar="HOST", help="Suppose that an entry node, I-CSCF or S-CSCF is down."
)


def query_of(
    *,
    kind: str,
    operator: str | None,
    profile: tuple[str, ...],
    at: str | None,
    seed: int,
    down: tuple[str, ...],
    suppose: tuple[str, ...],
    fork: str | None,
    request_disposition: str | None,
) -> dict[str, Any]:
    """Make the query that counts for all numbers."""
    body: dict[str, Any] = {"kind": kind, "seed": seed}
    said = {"operator": operator, "at": at, "fork": fork, "request_disposition": request_disposition}
    body |= {name: value for name, value in said.items() if value is not None}
    supposed: dict[str, Any] = {word.replace("-", "_"): True for word in suppose if word in SUPPOSITIONS}
    nodes = [*down, *(word.rpartition("=")[0] for word in suppose if word not in SUPPOSITIONS)]
    if nodes:
        supposed["down"] = nodes
    if supposed:
        body["suppose"] = supposed
    if profile:
        body["profile"] = _profile(profile)
    return body


def _profile(given: tuple[str, ...]) -> Any:  # noqa: ANN401 - JSON
    """Read the name of a dial plan, or fields of one."""
    if len(given) == 1 and "=" not in given[0]:
        return given[0]
    for text in given:
        if "=" not in text:
            raise click.UsageError(f"--profile {text}: a name goes alone; --operator goes with fields, as KEY=VALUE")
    return dict(map(_field, given))


def _field(text: str) -> tuple[str, Any]:
    """Read KEY=VALUE of a dial plan; what is JSON other than a number is taken as that, everything else as text."""
    name, _, value = text.partition("=")
    if name != "rn_len" and value.isdecimal():
        return name, value
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def called_of(number: str, kind: str) -> str:
    """Take a number of the command line; refuse what can only be a mistake.

    For isup and gt it has three fields. A word without a digit is no number unless --kind says what it is.
    """
    if kind in _SIGNALS:
        parts = number.split(",")
        if len(parts) != 3 or not (parts[0].isdecimal() and parts[1].isdecimal()):
            raise click.UsageError(f"{number}: a number of kind {kind} is {_SIGNALS[kind]}, as 4,1,497219578290")
    elif click.get_current_context().get_parameter_source("kind") is ParameterSource.DEFAULT:
        _demand_number(number)
    return number


def _demand_number(word: str) -> None:
    others = [name for name in COMMANDS if name != NUMBERS]
    if word in COMMANDS:
        raise click.UsageError(f"{word} is a command: options stand behind it, as in `hss route {word} --sample`")
    if any(map(str.isalpha, word)) and not any(map(str.isdigit, word)) and not _URI.match(word):
        raise click.UsageError(
            f"{word}: no such command; there are: {', '.join(others)}. For numbers without digits, say --kind text."
        )


def hint_of(called: str, kind: str) -> str | None:
    """Say what may help with a number that is refused."""
    uri = _URI.match(called) if kind == "text" else None
    return None if uri is None else f"{uri[0]} begins a URI: --kind uri reads it"
