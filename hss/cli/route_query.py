"""A query of `hss route`: its options, and what a service is asked by them."""

import json
from typing import Any, Final

import click

KINDS: Final = ("text", "uri", "isup", "isup_octets", "gt", "enum")
FORKS: Final = ("parallel", "sequential", "groups")
SUPPOSITIONS: Final = ("scscf-unset", "nobody-registered", "hss-unreachable")


def query_options(command: Any) -> Any:  # noqa: ANN401 - what click decorates
    """Give a command the options of a query; it gets them as keywords that `query_of` understands."""
    for option in reversed(
        (
            click.option("--kind", type=click.Choice(KINDS), default="text", show_default=True, help="Form of NUMBER."),
            click.option("--operator", help="Operator whose users dial: its country, area and prefixes count."),
            click.option("--profile", multiple=True, metavar="KEY=VALUE", help="Field of the dial plan, as ndc=30."),
            click.option("--at", help="Time of the call, as 2026-11-21T18:00:00Z. Default: now."),
            click.option("--seed", type=int, default=0, show_default=True, help="Seed of choices by chance."),
            click.option("--down", multiple=True, metavar="HOST", help="Suppose that a node is down."),
            click.option("--suppose", multiple=True, type=click.Choice(SUPPOSITIONS), help="Suppose a failure."),
            click.option("--fork", type=click.Choice(FORKS), help="Forking, in place of the user's own choice."),
            click.option("--request-disposition", metavar="WORDS", help='As in the SIP header, "no-fork".'),
        )
    ):
        command = option(command)
    return command


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
    supposed: dict[str, Any] = {word.replace("-", "_"): True for word in suppose}
    if down:
        supposed["down"] = list(down)
    if supposed:
        body["suppose"] = supposed
    if profile:
        body["profile"] = dict(map(_field, profile))
    return body


def _field(text: str) -> tuple[str, Any]:
    """Read KEY=VALUE of a dial plan; what is JSON other than a number is taken as that, everything else as text."""
    name, equals, value = text.partition("=")
    if not equals:
        raise click.UsageError(f"--profile {text}: must be KEY=VALUE")
    if name != "rn_len" and value.isdecimal():
        return name, value
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def called_of(number: str, kind: str) -> Any:  # noqa: ANN401 - JSON
    """Read a number: for isup and gt it has three fields, `noa,npi,digits` or `nai,np,digits`."""
    if kind not in {"isup", "gt"}:
        return number
    nature, plan = ("noa", "npi") if kind == "isup" else ("nai", "np")
    parts = number.split(",")
    if len(parts) != 3 or not (parts[0].isdecimal() and parts[1].isdecimal()):
        raise click.UsageError(f"{number}: a number of kind {kind} is {nature},{plan},DIGITS, as 4,1,497219578290")
    return {nature: int(parts[0]), plan: int(parts[1]), "digits": parts[2]}
