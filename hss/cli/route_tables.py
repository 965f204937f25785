"""`hss route diff`, `check` and `tables`: the tables that route, and what changes between two generations of them."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import click

from hss.cli.http import Api, api_option
from hss.cli.output import PartlyRefused, Refusal, counted, printable
from hss.cli.route_asking import Comparing, alone_options, asking, comparing
from hss.cli.route_lines import Asked, pieces
from hss.cli.route_query import query_of, query_options


@click.command()
@click.argument("old")
@click.argument("new")
@click.argument("file", type=click.File("rb"))
@query_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--explain", is_flag=True, help="Show the steps of both ways.")
@api_option
def diff(
    api: Api,
    *,
    old: str,
    new: str,
    file: BinaryIO,
    as_json: bool,
    explain: bool,
    **given: Any,  # noqa: ANN401 - the options of a query
) -> None:
    """Show which numbers of FILE two generations of the tables route differently.

    OLD and NEW are numbers of generations that the running service keeps (`hss route tables`), or databases, or
    `sample`. Exit status 1 where there is a difference, else 4 where a line is no query.
    """
    with comparing(api, old, new, query_of(**given)) as compare:
        found = _compared(compare, pieces(file, lambda _: None))
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        for one in found["differences"]:
            click.echo("\n".join(map(printable, _difference(one, explain=explain))))
        for one in found["refused"]:
            click.echo(printable(f"line {one['line']}: {one['rule']}"), err=True)
    _end(found, quiet=as_json)


def _compared(compare: Comparing, asked: Iterable[list[Asked]]) -> dict[str, Any]:
    """Compare piece by piece; what is no query is named by its line."""
    found: dict[str, Any] = {"compared": 0, "differences": [], "refused": []}
    for piece in asked:
        good = [one for one in piece if one.rule is None]
        found["refused"] += [{"line": one.line, "field": "called", "rule": one.rule} for one in piece if one.rule]
        answer = compare([one.called for one in good])
        found["compared"] += answer["compared"]
        found["differences"] += answer["differences"]
        for wrong in answer["refused"]:
            found["refused"].append({"line": good[wrong["query"] - 1].line, **wrong})
            del found["refused"][-1]["query"]
    found["refused"].sort(key=lambda one: one["line"])
    return found


def _end(found: dict[str, Any], *, quiet: bool) -> None:
    differing, compared, refused = len(found["differences"]), found["compared"], len(found["refused"])
    if differing:
        raise Refusal(
            f"{differing:,} of {counted(compared, 'number')} {'is' if differing == 1 else 'are'} routed differently"
        )
    if not quiet:
        click.echo(f"{counted(compared, 'number')} compared, none differs")
    if refused:
        raise PartlyRefused(f"{counted(refused, 'line is no query', 'lines are no queries')}; the others were compared")


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
            click.echo(printable(f"{one['what']:<24} {one['row']}{against}: {one['why']}"))
        if not conflicts:
            click.echo(f"generation {found['generation']}: no contradiction")
    if conflicts:
        raise Refusal(f"{'more than ' if found['more'] else ''}{counted(len(conflicts), 'contradiction')}")


@click.command()
@click.option("--keep", is_flag=True, help="Keep the generation in use, to compare others with it.")
@click.option("--let-go", type=int, metavar="GENERATION", help="Keep a generation no longer.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@alone_options
@api_option
def tables(
    api: Api,
    *,
    keep: bool,
    let_go: int | None,
    as_json: bool,
    database: str | None,
    secrets_key_file: Path | None,
    sample: bool,
) -> None:
    """Show the generation of the tables in use, and the earlier ones that `hss route diff` can compare with it.

    The service keeps some generations (8 at most, fewer of large tables), and up to 2 that --keep asks for, until it
    ends.
    """
    if (keep or let_go is not None) and (sample or database is not None):
        raise click.UsageError(
            "--keep and --let-go go to a running service: --sample and --database have one generation"
        )
    if keep:
        api.send("POST", "route", "tables", "keep")
    if let_go is not None:
        api.send("DELETE", "route", "tables", str(let_go))
    with asking(api, database, secrets_key_file, sample=sample) as desk:
        found = desk.tell("tables")
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    if not found["ready"]:
        click.echo("The tables are being built.")
        return
    for one in [found, *reversed(found["earlier"])]:
        click.echo(f"generation {one['generation']}  {one['sha256'][:16]}  {', '.join(_counts(one))}")


def _counts(one: dict[str, Any]) -> Iterator[str]:
    if one["kept"]:
        yield "kept"
    for part in ("operators", "prefixes", "stems", "numbers"):
        yield counted(one[part], part.removesuffix("es" if part == "prefixes" else "s"), part)
    yield f"{one['ported']:,} ported"
    if one["build_conflicts"]:  # `hss route check` finds more: it looks at every number
        yield f"{counted(one['build_conflicts'], 'contradiction')} seen while building"
