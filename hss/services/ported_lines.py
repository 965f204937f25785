"""Lines of a file of ported numbers: what they say, or which rule they break. Pure.

A line of JSONL is a document of a ported number; a CSV file begins with the names of its columns.
"""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hss.services.administration import Refused, RefusedLine
from routing.normalise import Stems
from schemas.identities import IdentityError, Msisdn

COLUMNS: Final = ("number", "operator", "routing_number")
LONGEST: Final = 1024  # octets of a line
_ROUTING_NUMBER: Final = re.compile(r"\+?[0-9A-Fa-f]{1,15}\Z")

Row = tuple[str, int | None, str | None]  # digits, operator, routing number


class Wrong(ValueError):
    """A line that breaks a rule."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


@dataclass(slots=True)
class Read:
    """What some lines say: the last row of each number, and the lines that are refused."""

    rows: dict[str, Row] = field(default_factory=dict)
    good: int = 0
    refused: list[RefusedLine] = field(default_factory=list)


class PortedLines:
    """Reads lines. `operators` maps names to rows; `stems` are the DDI stems that a number must not contradict."""

    def __init__(self, operators: Mapping[str, int], stems: Stems, columns: Sequence[str] = ()) -> None:
        self._operators = operators
        self._stems = stems
        self._columns = columns  # of CSV; none: JSONL

    def read(self, first: int, lines: Sequence[bytes]) -> Read:
        """Read lines; `first` is the number of the first one. Empty lines say nothing."""
        found = Read()
        for number, line in enumerate(lines, first):
            if not line or line.isspace():
                continue
            try:
                row = self._row(self._values(line))
            except Wrong as wrong:
                found.refused.append(RefusedLine(line=number, field=wrong.field, rule=wrong.rule))
            else:
                found.rows[row[0]] = row
                found.good += 1
        return found

    def _values(self, line: bytes) -> Mapping[str, Any]:
        text = text_of(line, LONGEST)
        return self._from_csv(text) if self._columns else _from_json(text)

    def _from_csv(self, text: str) -> Mapping[str, Any]:
        cells = cells_of(text)
        if len(cells) != len(self._columns):
            raise Wrong("", f"has {len(cells)} cells, and there are {len(self._columns)} columns")
        return {name: cell.strip() or None for name, cell in zip(self._columns, cells, strict=True)}

    def _row(self, values: Mapping[str, Any]) -> Row:
        number, operator, code = (_text(values, name) for name in COLUMNS)
        if number is None:
            raise Wrong("number", "is required")
        if operator is None and code is None:
            raise Wrong("", "a ported number needs operator or routing_number")
        owner = self._operators.get(operator) if operator is not None else None
        if operator is not None and owner is None:
            raise Wrong("operator", f"there is no operator {operator!r}")
        if code is not None and not _ROUTING_NUMBER.match(code):
            raise Wrong("routing_number", "must be 1 to 15 hexadecimal digits, with or without a plus sign")
        return self._digits(number), owner, code

    def _digits(self, number: str) -> str:
        try:
            digits = Msisdn.parse(number).digits
        except IdentityError as error:
            raise Wrong("number", str(error)) from error
        fault = stem_fault(digits, self._stems)
        if fault is not None:
            raise Wrong("number", fault)
        return digits


def stem_fault(digits: str, stems: Stems) -> str | None:
    """Say how a number contradicts a DDI stem; None where it does not."""
    if digits in stems.beginnings or stems.ranges.get(digits, (0, 0))[0]:
        return f"+{digits} is the beginning of a DDI stem: its numbers are longer"
    stem = stems.of(digits)
    if stem is None:
        return None
    (least, most), after = stems.ranges[stem], len(digits) - len(stem)
    return None if least <= after <= most else f"DDI stem +{stem} takes {least} to {most} digits, not {after}"


def _text(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise Wrong(name, "must be text")
    return value.strip()


def _from_json(text: str) -> Mapping[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Wrong("", f"is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise Wrong("", "must be an object")
    for name in values:
        if name not in COLUMNS:
            raise Wrong(name, "is not a field here")
    return values


def text_of(line: bytes, longest: int) -> str:
    """Decode a line of at most `longest` octets; raise `Wrong`."""
    if len(line) > longest:
        raise Wrong("", f"may have at most {longest} octets")
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise Wrong("", "is not UTF-8") from error


def cells_of(text: str) -> list[str]:
    """Cut a line of CSV into its cells; raise `Wrong`."""
    if '"' not in text:
        return text.rstrip("\r\n").split(",")
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error as error:
        raise Wrong("", f"is not CSV: {error}") from error


def columns_of(line: bytes, known: Sequence[str] = COLUMNS, required: Sequence[str] = ("number",)) -> tuple[str, ...]:
    """Read the first line of a CSV file; raise `Refused` for a column that is unknown, missing or there twice."""
    try:
        names = tuple(cell.strip() for cell in cells_of(line.decode("ascii", "replace")))
    except Wrong as error:
        raise Refused("", f"the first line {error.rule}") from error
    for name in names:
        if name not in known:
            raise Refused(name, f"is not a column; there are {', '.join(known)}")
    if len(set(names)) < len(names):
        raise Refused("", "a column is there twice")
    for name in required:
        if name not in names:
            raise Refused(name, "is required as a column")
    return names


def json_lines(rows: Sequence[tuple[str, str | None, str | None]]) -> bytes:
    """Write digits, name of the operator and routing number as documents."""
    encode = json.JSONEncoder(separators=(",", ":")).encode
    named = (dict(zip(COLUMNS, ("+" + digits, *rest), strict=True)) for digits, *rest in rows)
    return "".join([encode({name: value for name, value in one.items() if value}) + "\n" for one in named]).encode()


def csv_lines(rows: Sequence[tuple[str, str | None, str | None]]) -> bytes:
    """Write digits, name of the operator and routing number as lines of CSV."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerows(("+" + digits, operator or "", code or "") for digits, operator, code in rows)
    return target.getvalue().encode()
