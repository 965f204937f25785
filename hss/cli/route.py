"""`hss route`: where a call to a number goes, and why; by a running service, or alone by a database or sample data."""

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
from hss.cli.route_asking import Asking, alone_options, asking, compare_places
from hss.cli.route_expect import Expectation, mismatches

KINDS: Final = ("text", "uri", "isup", "isup_octets", "gt", "enum")
FORKS: Final = ("parallel", "sequential", "groups")
SUPPOSITIONS: Final = ("scscf-unset", "nobody-registered", "hss-unreachable")
NUMBERS: Final = "numbers"  # the command that runs where none is named
SHOWN: Final = 20  # of a batch: failed expectations that are printed

EXAMPLES: Final = """\b
Examples:
  hss route +49-721-957829-0
  hss route --explain --down icscf1.ims.example +491715407090
  hss route --expect operator.name=fixed --expect outcome.status=routed +497219578290
  hss route --file numbers.txt --ndjson
  hss route numbers --help    shows all options"""


class ByNumber(click.Group):
    """A group whose first argument may be a number."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the name of the usual command in front where none is given."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [NUMBERS, *args]
        return super().parse_args(ctx, args)


@click.group(cls=ByNumber, subcommand_metavar="NUMBER... | COMMAND", epilog=EXAMPLES)
def route() -> None:
    """Tell where calls to numbers go, and why."""


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


@route.command(name=NUMBERS)
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


# --- Other questions -------------------------------------------------------------------------------------------------


@route.command()
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


@route.command()
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


@route.command()
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


@route.command()
@click.argument("number")
@click.option("--device", multiple=True, metavar="BRANCH=EVENTS", help="As b1='180@1 200@12', b2=486@2, b3=silent.")
@click.option("--rung-out", type=click.IntRange(300, 699), help="What the caller gets when all ring out.")
@query_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@alone_options
@api_option
def simulate(
    api: Api,
    *,
    number: str,
    device: tuple[str, ...],
    rung_out: int | None,
    as_json: bool,
    database: str | None,
    secrets_key_file: Path | None,
    sample: bool,
    **given: Any,  # noqa: ANN401 - the options of a query
) -> None:
    """Play the forking plan of NUMBER against devices that behave as given; one that is not given is silent.

    An event is a status, or `error`, and the seconds after the INVITE. BRANCH is b1, b2 ..., or a contact.
    """
    body = query_of(**given) | {"called": called_of(number, given["kind"]), "devices": dict(map(_script, device))}
    if rung_out is not None:
        body["rung_out"] = rung_out
    with asking(api, database, secrets_key_file, sample=sample) as desk:
        found = desk.ask("simulate", body)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    click.echo("\n".join([*found["plan"]["lines"], "", *found["lines"]]))
    click.echo(f"The caller gets {found['status']} after {found['ended_s']:g} s.")


def _script(text: str) -> tuple[str, str]:
    branch, equals, events = text.rpartition("=")
    if not equals:
        raise click.UsageError(f"--device {text}: must be BRANCH=EVENTS")
    return branch, events


@route.command()
@click.argument("octets", metavar="HEX")
@click.option("--with-circuit", is_flag=True, help="HEX begins with the circuit identification code.")
@click.option("--isup-body", is_flag=True, help="Put the IAM into the body of the INVITE (RFC 3204).")
@click.option("--host", help="Name of the gateway that writes the INVITE.")
@click.option("--operator", help="Operator whose users dial.")
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of choices by chance.")
@click.option("--down", multiple=True, metavar="HOST", help="Suppose that a node is down.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@alone_options
@api_option
def iam(
    api: Api,
    *,
    octets: str,
    with_circuit: bool,
    isup_body: bool,
    host: str | None,
    operator: str | None,
    seed: int,
    down: tuple[str, ...],
    as_json: bool,
    database: str | None,
    secrets_key_file: Path | None,
    sample: bool,
) -> None:
    """Turn an ISUP IAM into the SIP INVITE that goes to the I-CSCF; exit status 1 where the call is released."""
    body: dict[str, Any] = {"iam": octets, "with_circuit": with_circuit, "isup_body": isup_body, "seed": seed}
    body |= {name: value for name, value in (("host", host), ("operator", operator)) if value is not None}
    if down:
        body["suppose"] = {"down": list(down)}
    with asking(api, database, secrets_key_file, sample=sample) as desk:
        found = desk.ask("iam", body)
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        click.echo("\n".join(found["plan"]["lines"]))
        if found["invite"] is not None:
            hop = found["next_hop"]
            invite = found["invite"].replace("\r\n", "\n")
            click.echo(f"\nto {hop['host']}:{hop['port']} by {hop['transport']}\n\n{invite}")
    if found["invite"] is None:
        cause = found["release_cause"]
        raise Refusal("no INVITE: " + (f"REL with cause {cause}" if cause else "the call does not go to an I-CSCF"))
