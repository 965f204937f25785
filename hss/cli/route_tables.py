"""`hss route diff`, `check` and `tables`: the tables that route, and what changes between two generations of them."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from hss.cli.http import Api, api_option
from hss.cli.output import Refusal
from hss.cli.route_asking import alone_options, asking, compare_places


@click.command()
@click.argument("old")
@click.argument("new")
@click.argument("file", type=click.File("r"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--explain", is_flag=True, help="Show the steps of both ways.")
@api_option
def diff(api: Api, *, old: str, new: str, file: Iterable[str], as_json: bool, explain: bool) -> None:
    """Show which numbers of FILE two generations of the tables route differently.

    OLD and NEW are numbers of generations that the running service keeps (`hss route tables`), or databases, or
    `sample`. Exit status 1 where there is a difference.
    """
    called = [line.strip() for line in file if line.strip()]
    if old.isdecimal() and new.isdecimal():
        found: dict[str, Any] = {"compared": 0, "differences": []}
        for at in range(0, len(called), 1000):
            body = {"old": int(old), "new": int(new), "queries": called[at : at + 1000]}
            answer = api.send("POST", "route", "diff", body=body)
            found["compared"] += answer["compared"]
            found["differences"] += answer["differences"]
    else:
        found = compare_places(old, new, called)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        click.echo("\n".join(line for one in found["differences"] for line in _difference(one, explain=explain)))
    if found["differences"]:
        raise Refusal(f"{len(found['differences'])} of {found['compared']} numbers are routed differently")


def _difference(found: dict[str, Any], *, explain: bool) -> Iterator[str]:
    yield f"{found['called']}"
    for change in found["changes"]:
        yield f"  {change['what']:<15} {change['old'] or '-'} -> {change['new'] or '-'}"
    if explain:
        for which in ("old", "new"):
            yield f"  {which}"
            yield from (f"    {line}" for line in found[f"{which}_trace"])


@click.command()
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@alone_options
@api_option
def check(
    api: Api, *, limit: int, as_json: bool, database: str | None, secrets_key_file: Path | None, sample: bool
) -> None:
    """List overlaps and contradictions of the tables, with both sides; exit status 1 where there are any."""
    with asking(api, database, secrets_key_file, sample=sample) as desk:
        found = desk.tell("check", limit)
    conflicts = found["conflicts"]
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        for one in conflicts:
            against = f" / {one['other']}" if one["other"] else ""
            click.echo(f"{one['what']:<24} {one['row']}{against}: {one['why']}")
    if conflicts:
        raise Refusal(f"{'more than ' if found['more'] else ''}{len(conflicts)} contradictions")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@alone_options
@api_option
def tables(api: Api, *, as_json: bool, database: str | None, secrets_key_file: Path | None, sample: bool) -> None:
    """Show the generation of the tables in use, and the earlier ones that `hss route diff` can compare with it."""
    with asking(api, database, secrets_key_file, sample=sample) as desk:
        found = desk.tell("tables")
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    if not found["ready"]:
        click.echo("The tables are being built.")
        return
    for one in [found, *reversed(found["earlier"])]:
        parts = ("operators", "prefixes", "stems", "numbers", "ported", "conflicts")
        counts = ", ".join(f"{one[part]} {part}" for part in parts)
        click.echo(f"generation {one['generation']}  {one['sha256'][:16]}  {counts}")
