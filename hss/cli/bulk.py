"""`hss import` and `hss export`: through a running service, or with `--database` straight into the file."""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import IO, Any, Final

import click

from hss.cli.http import Api, api_option
from hss.cli.output import PartlyRefused, Refusal

PIECE_OCTETS: Final = 1 << 18
# What a file can hold; what is behind another may name it.
HELD: Final = ("subscribers", "icscf-pools", "operators", "prefixes", "number-blocks", "ported-numbers")
SHOWN: Final = 20  # refused lines that are printed; --report has all of them

of_option = click.option(
    "--of", type=click.Choice(HELD), default=HELD[0], show_default=True, help="What the file holds."
)
form_option = click.option(
    "--form", type=click.Choice(["jsonl", "csv"]), help="Form of the file. Default: by the file's name, else jsonl."
)
database_option = click.option("--database", help="Work on this database itself; no service may have it open.")
key_option = click.option("--secrets-key-file", type=click.Path(path_type=Path), help="Key of --database.")


@click.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True))
@of_option
@form_option
@click.option("--resume-behind", type=click.IntRange(0), default=0, help="Pass over the lines up to this one.")
@click.option("--batch", type=click.IntRange(1, 10_000), default=5000, show_default=True, help="Lines per commit.")
@click.option("--report", type=click.Path(path_type=Path), help="Write the refused lines to this file, as JSON lines.")
@click.option("--json", "as_json", is_flag=True, help="Print the last report as JSON.")
@database_option
@key_option
@api_option
def import_(
    api: Api,
    *,
    file: Path,
    of: str,
    form: str | None,
    resume_behind: int,
    batch: int,
    report: Path | None,
    as_json: bool,
    database: str | None,
    secrets_key_file: Path | None,
) -> None:
    """Import subscribers, or what --of names, from FILE (- for standard input); a refused line stops no other one.

    A line of JSONL is a document of the management API. CSV has the names of its columns in its first line: prefixes
    `prefix,operator`, number-blocks `stem,operator,minimum,maximum`, ported-numbers `number,operator,routing_number`;
    operators and icscf-pools do not fit into CSV. What a line names must exist: pools before operators, operators
    before numbers.

    Exit status 4 where lines were refused. After an interruption, --resume-behind with the line of the last report.
    """
    form = form or _form_of(file)
    with ExitStack() as stack:
        source = stack.enter_context(click.open_file(str(file), "rb"))
        pieces = _counted(source, 0 if str(file) == "-" else file.stat().st_size)
        if database is None:
            kind = "text/csv" if form == "csv" else "application/x-ndjson"
            lines = api.stream(
                "POST", "import", body=pieces, kind=kind, of=of, form=form, batch=batch, resume_behind=resume_behind
            )
            reports: Iterable[dict[str, Any]] = map(json.loads, lines)
        else:
            from hss.app.bulk import Place, import_into  # noqa: PLC0415 - the database is wanted here only

            place = Place(database=database, key_file=secrets_key_file)
            reports = import_into(place, pieces, of=of, form=form, batch=batch, behind=resume_behind)
        last = _followed(reports, report)
    _conclude(last, as_json=as_json)


@click.command()
@of_option
@form_option
@click.option("--output", "-o", default="-", help="File to write. Default: standard output.")
@click.option("--sealed", is_flag=True, help="With secrets, sealed by the key of the database (needs --database).")
@database_option
@key_option
@api_option
def export(
    api: Api,
    *,
    of: str,
    form: str | None,
    output: str,
    sealed: bool,
    database: str | None,
    secrets_key_file: Path | None,
) -> None:
    """Export all subscribers in the order of their names, or all of what --of names; secrets stay behind.

    CSV of subscribers is for the short form: what it has no column for is left out, and so is whoever has neither IMSI
    nor number. Operators and icscf-pools do not fit into CSV.
    """
    if sealed and database is None:
        raise click.UsageError("--sealed goes with --database: secrets never leave through the API")
    form = form or _form_of(Path(output))
    if database is None:
        pieces: Iterable[bytes] = api.stream("GET", "export", of=of, form=form)
    else:
        from hss.app.bulk import Place, export_from  # noqa: PLC0415 - the database is wanted here only

        pieces = export_from(Place(database=database, key_file=secrets_key_file), of=of, form=form, sealed=sealed)
    _write(output, iter(pieces))


def _write(output: str, pieces: Iterator[bytes]) -> None:
    """Write a file; one that is there stays as it is until there is something to write."""
    first = next(pieces, b"")
    try:
        target = click.open_file(output, "wb")
    except OSError as error:
        raise click.BadParameter(f"{output}: {error.strerror}", param_hint="--output") from error
    with target:
        for piece in chain((first,), pieces):
            target.write(piece)


def _counted(source: IO[bytes], octets: int) -> Iterator[bytes]:
    """Read in pieces; a bar on standard error shows how far, where that is a terminal."""
    with click.progressbar(length=octets, label="Importing", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        while piece := source.read(PIECE_OCTETS):
            yield piece
            bar.update(len(piece))


def _form_of(file: Path) -> str:
    return "csv" if file.suffix.lower() == ".csv" else "jsonl"


def _followed(reports: Iterable[dict[str, Any]], path: Path | None) -> dict[str, Any]:
    """Print the first refused lines as they come, write all of them to `path`, give back the last report."""
    last: dict[str, Any] = {"line": 0, "created": 0, "replaced": 0, "refused_count": 0, "refused": []}
    shown = 0
    with ExitStack() as stack:
        log = stack.enter_context(path.open("w")) if path else None
        for last in reports:
            if "title" in last:
                raise Refusal(f"{last.get('detail') or last['title']} Resume behind the last line reported.")
            for refused in last["refused"]:
                if log:
                    log.write(json.dumps(refused) + "\n")
                if shown < SHOWN:
                    click.echo(f"line {refused['line']}, {refused['field'] or 'whole'}: {refused['rule']}", err=True)
                shown += 1
    return last


def _conclude(last: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({name: last[name] for name in ("line", "created", "replaced", "refused_count")}))
    else:
        click.echo(f"{last['line']} lines: {last['created']} created, {last['replaced']} replaced")
    if last["refused_count"]:
        lines = "1 line was" if last["refused_count"] == 1 else f"{last['refused_count']} lines were"
        raise PartlyRefused(f"{lines} refused; the others were taken")
