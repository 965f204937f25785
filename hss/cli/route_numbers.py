"""`hss route NUMBER...`: route numbers, a few for a person or many in a batch."""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Final

import click

from hss.cli.http import Api, api_option
from hss.cli.output import PartlyRefused, Refusal, counted, printable
from hss.cli.route_asking import Answers, Asking, alone_options, asking
from hss.cli.route_expect import Expectation, mismatches
from hss.cli.route_lines import Asked, pieces
from hss.cli.route_nodes import SupposedDown
from hss.cli.route_query import called_of, hint_of, query_of, query_options
from hss.cli.route_writing import form_of, shortened

SHOWN: Final = 20  # of a batch: failed expectations that are printed


@click.command()
@click.argument("numbers", nargs=-1)
@query_options
@click.option("--file", "file", type=click.File("rb"), help="One number per line (- for standard input).")
@click.option("--explain", is_flag=True, help="Show each step: its rule, and the candidates that lost.")
@click.option("--json", "as_json", is_flag=True, help="Print whole plans as JSON; several as one list.")
@click.option("--ndjson", is_flag=True, help="Print one line of JSON per number.")
@click.option(
    "--expect",
    multiple=True,
    metavar="KEY=VALUE",
    help="Fail unless a plan has this, as entry.node=mgcf1.fixed.example.",
)
@alone_options
@api_option
def numbers(
    api: Api,
    *,
    numbers: tuple[str, ...],
    file: BinaryIO | None,
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

    NUMBER of kind isup is noa,npi,DIGITS and of kind gt nai,np,DIGITS, as 4,1,497219578290.

    Exit status 1 where an expectation is not met, or nothing was there to be tested; 4 where a line of a file is no
    query (too long, not UTF-8). A number that is wrong or unknown is answered, and is no failure by itself.
    """
    expected = [Expectation.parse(text) for text in expect]
    if not numbers and file is None:
        raise click.UsageError("a number is needed, or --file")
    traced = explain or as_json or ndjson or any(one.path.partition(".")[0] == "trace" for one in expected)
    defaults = query_of(**given) | {"explain": traced}
    asked = [Asked(called_of(number, given["kind"])) for number in numbers]
    batch = file is not None
    form = form_of(
        explain=explain,
        as_json=as_json,
        ndjson=ndjson,
        many=batch or len(numbers) > 1,
        batch=batch,
        looked_into=bool(expected),
    )
    report = Report(expected, given["kind"])
    with ExitStack() as stack:
        desk = stack.enter_context(asking(api, database, secrets_key_file, sample=sample))
        nodes = SupposedDown(desk, defaults)
        for answers in _answers(desk, asked, file, defaults, form.view):
            form.write(answers)
            report.take(answers)
            nodes.look(plan for _, plan in answers)
        form.end()
        nodes.end()
    report.end(batch=batch)


def _answers(
    desk: Asking, asked: list[Asked], file: BinaryIO | None, defaults: dict[str, Any], view: str
) -> Iterator[Answers]:
    """Route the arguments, then the file; a bar shows how far, where nothing else is printed to the terminal."""
    if file is None:
        yield [(one, desk.route(one.called, defaults, view=view)) for one in asked]
        return
    name = getattr(file, "name", "-")
    size = Path(name).stat().st_size if isinstance(name, str) and name != "-" and Path(name).is_file() else 0
    hidden = not size or not sys.stderr.isatty() or sys.stdout.isatty()
    with click.progressbar(length=size, label="Routing", file=sys.stderr, hidden=hidden) as bar:
        yield from desk.many(chain([asked] if asked else [], pieces(file, bar.update)), defaults, view=view)


class Report:
    """What came out of all numbers: counts, and what is not as expected."""

    def __init__(self, expected: list[Expectation], kind: str) -> None:
        self._expected = expected
        self._kind = kind
        self._counts: Counter[str] = Counter()
        self._failed = 0
        self._hint: str | None = None

    def take(self, answers: Answers) -> None:
        """Count, compare, and print what is not as expected."""
        for asked, plan in answers:
            self._counts[_outcome(plan)] += 1
            if self._hint is None and (plan.get("error") or plan.get("code")):
                self._hint = hint_of(asked.called, self._kind)
            wrong = mismatches(plan, self._expected)
            self._failed += bool(wrong)
            if wrong and "outcome" not in plan:
                wrong.append(f"  error.rule={json.dumps(plan['error']['rule'])}")
            if wrong and self._failed <= SHOWN:
                _tell(asked, wrong)

    def end(self, *, batch: bool) -> None:
        """Print the counts of a batch, and end with the exit status."""
        if self._hint is not None:
            click.echo(f"hint: {self._hint}", err=True)
        for outcome, count in sorted(self._counts.items()) if batch else ():
            click.echo(f"{count:>9}  {outcome}", err=True)
        total = self._counts.total()
        if not total and self._expected:
            raise Refusal("nothing was tested: there is no number")
        if self._failed:
            are = "is" if self._failed == 1 else "are"
            raise Refusal(f"{self._failed:,} of {counted(total, 'number')} {are} not routed as expected")
        if refused := self._counts["refused"]:
            raise PartlyRefused(
                f"{counted(refused, 'line is no query', 'lines are no queries')}; the others were routed"
            )


def _tell(asked: Asked, wrong: list[str]) -> None:
    place = printable(shortened(asked.place))
    for line in wrong:
        click.echo(f"{place}: {printable(line)}", err=True)


def _outcome(plan: Mapping[str, Any]) -> str:
    if "outcome" not in plan:
        return "refused"
    outcome = plan["outcome"]
    return str(outcome["status"] if isinstance(outcome, dict) else outcome)
