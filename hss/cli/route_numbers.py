"""`hss route NUMBER...`: route numbers, a few for a person or many in a batch."""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import click

from hss.cli.http import Api, api_option
from hss.cli.output import PartlyRefused, Refusal
from hss.cli.route_asking import Asking, alone_options, asking
from hss.cli.route_expect import Expectation, mismatches
from hss.cli.route_query import called_of, query_of, query_options

SHOWN: Final = 20  # of a batch: failed expectations that are printed


@click.command()
@click.argument("numbers", nargs=-1)
@query_options
@click.option("--file", "file", type=click.File("r"), help="One number per line (- for standard input).")
@click.option("--explain", is_flag=True, help="Show each step: its rule, and the candidates that lost.")
@click.option("--json", "as_json", is_flag=True, help="Print whole plans as JSON.")
@click.option("--ndjson", is_flag=True, help="Print one line of JSON per number.")
@click.option("--expect", multiple=True, metavar="KEY=VALUE", help="Fail unless a plan has this, as entry.node=mgcf1.")
@alone_options
@api_option
def numbers(
    api: Api,
    *,
    numbers: tuple[str, ...],
    file: Iterable[str] | None,
    explain: bool,
    as_json: bool,
    ndjson: bool,
    expect: tuple[str, ...],
    database: str | None,
    secrets_key_file: Path | None,
    sample: bool,
    **given: Any,  # noqa: ANN401 - the options of a query
) -> None:
    """Route NUMBERs, by a service that runs, or by --database or --sample alone.

    Exit status 1 where an expectation is not met, 4 where a line of a batch is no query.
    """
    expected = [Expectation.parse(text) for text in expect]
    if not numbers and file is None:
        raise click.UsageError("a number is needed, or --file")
    defaults = query_of(**given) | {"explain": explain or as_json or ndjson}
    with ExitStack() as stack:
        desk = stack.enter_context(asking(api, database, secrets_key_file, sample=sample))
        called = [called_of(number, given["kind"]) for number in numbers]
        if file is not None:
            _batch(desk, file, called, defaults, expected, as_json=as_json or ndjson)
            return
        plans = [desk.route(one, defaults, view="text") for one in called]
    failed = 0
    for number, plan in zip(numbers, plans, strict=True):
        _show(plan, explain=explain, as_json=as_json, ndjson=ndjson)
        failed += _told(number, mismatches(plan, expected))
    if failed:
        raise Refusal(f"{failed} of {len(plans)} numbers are not routed as expected")


def _show(plan: dict[str, Any], *, explain: bool, as_json: bool, ndjson: bool) -> None:
    lines, steps = plan.pop("lines", ()), plan.pop("trace_lines", ())
    if as_json or ndjson:
        click.echo(json.dumps(plan, indent=None if ndjson else 2))
        return
    click.echo("\n".join([*lines, *(["", *steps] if explain else []), ""]))


def _told(number: str, wrong: list[str]) -> bool:
    """Print what is not as expected."""
    for line in wrong:
        click.echo(f"{number}: {line}", err=True)
    return bool(wrong)


# --- A batch ---------------------------------------------------------------------------------------------------------


def _batch(
    desk: Asking,
    file: Iterable[str],
    first: list[Any],
    defaults: dict[str, Any],
    expected: list[Expectation],
    *,
    as_json: bool,
) -> None:
    """Route many numbers; counts by outcome come at the end, on standard error."""
    view = "plan" if as_json or expected else "brief"
    counts: Counter[str] = Counter()
    failed = 0
    for number, plan in desk.many(_numbers(file, first, defaults["kind"]), {**defaults, "explain": False}, view=view):
        counts[_outcome(plan)] += 1
        wrong = mismatches(plan, expected) if expected else []
        failed += bool(wrong)
        if wrong and failed <= SHOWN:
            _told(json.dumps(number) if not isinstance(number, str) else number, wrong)
        click.echo(json.dumps(plan) if as_json else _line(number, plan))
    for outcome, count in sorted(counts.items()):
        click.echo(f"{count:>9}  {outcome}", err=True)
    if failed:
        raise Refusal(f"{failed} of {counts.total()} numbers are not routed as expected")
    if counts["refused"]:
        raise PartlyRefused(f"{counts['refused']} lines are no queries; the others were routed")


def _numbers(file: Iterable[str], first: list[Any], kind: str) -> Iterator[Any]:
    """Give the numbers of the arguments, then those of the file; a bar shows how far, where that is a terminal."""
    yield from first
    name = getattr(file, "name", "-")
    size = Path(name).stat().st_size if name not in {"-", "<stdin>"} and Path(name).is_file() else 0
    with click.progressbar(length=size, label="Routing", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        for line in file:
            bar.update(len(line))
            if number := line.strip():
                yield called_of(number, kind)


def _outcome(plan: dict[str, Any]) -> str:
    if "error" in plan and "outcome" not in plan:
        return "refused"
    outcome = plan["outcome"]
    return str(outcome["status"] if isinstance(outcome, dict) else outcome)


def _line(number: Any, plan: dict[str, Any]) -> str:  # noqa: ANN401 - JSON
    """Write one number of a batch for a person."""
    shown = number if isinstance(number, str) else json.dumps(number)
    if "error" in plan and "outcome" not in plan:
        return f"{shown}  refused: {plan['error']['rule']}"
    outcome = plan["outcome"]
    if isinstance(outcome, dict):
        status, code, operator, uri = outcome["status"], outcome["code"], plan["operator"], plan["request_uri"]
        operator = operator and operator["name"]
    else:
        status, code, operator, uri = outcome, plan["code"], plan["operator"], plan["request_uri"]
    found = [status, code or "", operator or "-", uri or "-", _hosts(plan)]
    return f"{shown}  " + "  ".join(part for part in found if part)


def _hosts(plan: dict[str, Any]) -> str:
    icscf = plan["icscf"]
    if isinstance(icscf, dict):
        return str(icscf["chosen"] or "")
    return str(icscf or "").partition(" ")[0].partition(":")[0]
