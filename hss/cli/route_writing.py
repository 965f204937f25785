"""How the plans of `hss route` are printed: whole ones for a person, a line each, or JSON."""

import json
from typing import Any, Final, Protocol

import click

from hss.cli.output import printable
from hss.cli.route_asking import Answers
from hss.cli.route_lines import Asked

Json = dict[str, Any]

COLUMNS: Final = "{:<20} {:<16} {:<14} {:<10} {:<24} {}"  # number, outcome, error, operator, next hop, request
NOTHING: Final = "-"


class Form(Protocol):
    """A form of output. `view` = the form of plans that it needs."""

    view: str

    def write(self, answers: Answers) -> None:
        """Print some more."""
        ...

    def end(self) -> None:
        """Print what comes behind the last one."""
        ...


class Ndjson:
    """A line of JSON for each number."""

    view = "plan"

    def write(self, answers: Answers) -> None:
        """Print lines."""
        click.echo("\n".join([json.dumps(plan) for _, plan in answers]))

    def end(self) -> None:
        """There is nothing behind the last line."""


class JsonList:
    """One list of JSON."""

    view = "plan"

    def __init__(self) -> None:
        self._before = "["

    def write(self, answers: Answers) -> None:
        """Print some more members."""
        for _, plan in answers:
            text = json.dumps(plan, indent=2).replace("\n", "\n  ")
            click.echo(f"{self._before}\n  {text}", nl=False)
            self._before = ","

    def end(self) -> None:
        """Close the list; it may have no member."""
        click.echo("[]" if self._before == "[" else "\n]")


class JsonAlone:
    """One plan."""

    view = "plan"

    def write(self, answers: Answers) -> None:
        """Print it."""
        for _, plan in answers:
            click.echo(json.dumps(plan, indent=2))

    def end(self) -> None:
        """There is nothing behind it."""


class Whole:
    """The way of each call for a person, with the steps if wanted."""

    view = "text"

    def __init__(self, *, explain: bool) -> None:
        self._explain = explain
        self._first = True

    def write(self, answers: Answers) -> None:
        """Print plans with an empty line between them."""
        for asked, plan in answers:
            if not self._first:
                click.echo()
            self._first = False
            lines = plan["lines"] if "outcome" in plan else [refused_line(asked, plan)]
            steps = ["", *plan.get("trace_lines", ())] if self._explain and "outcome" in plan else ()
            click.echo("\n".join(map(printable, (*lines, *steps))))

    def end(self) -> None:
        """There is nothing behind the last plan."""


class Brief:
    """A line with columns for each number of a batch. `view` is that of whole plans where somebody looks into them."""

    def __init__(self, *, view: str) -> None:
        self.view = view

    def write(self, answers: Answers) -> None:
        """Print lines."""
        click.echo("\n".join([printable(_line(asked, plan)) for asked, plan in answers]))

    def end(self) -> None:
        """There is nothing behind the last line."""


def form_of(*, explain: bool, as_json: bool, ndjson: bool, many: bool, batch: bool, looked_into: bool) -> Form:
    """Choose a form. `many` = there may be more than one number; `looked_into` = expectations need whole plans."""
    if ndjson:
        return Ndjson()
    if as_json:
        return JsonList() if many else JsonAlone()
    if batch and not explain:
        return Brief(view="plan" if looked_into else "brief")
    return Whole(explain=explain)


def refused_line(asked: Asked, plan: Json) -> str:
    """Write a line for what is no query."""
    place = "" if asked.line is None else f"line {asked.line}: "
    return COLUMNS.format(shortened(asked.called), "refused", NOTHING, NOTHING, NOTHING, place + plan["error"]["rule"])


def shortened(called: str) -> str:
    """Write the beginning of a number that may be anything."""
    return called if len(called) <= 60 else called[:57] + "..."


def _line(asked: Asked, plan: Json) -> str:
    if "outcome" not in plan:
        return refused_line(asked, plan)
    outcome, operator, icscf = plan["outcome"], plan["operator"], plan["icscf"]
    if isinstance(outcome, dict):
        status, code, operator = outcome["status"], outcome["code"], operator and operator["name"]
        hop = icscf and icscf["chosen"]
    else:
        status, code, hop = outcome, plan["code"], icscf and icscf.partition(" ")[0].partition(":")[0]
    found = (shortened(asked.called), status, code, operator, hop, plan["request_uri"])
    return COLUMNS.format(*(part or NOTHING for part in found))
