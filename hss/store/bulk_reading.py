"""Lines of bulk files: what they say, or which rule they break."""

import base64
import binascii
import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from hss.procedures.provisioning import NotDerivable, derive
from hss.services.administration import Refused, RefusedLine
from hss.services.bulk_lines import LONGEST_LINE
from hss.store.bulk_plain import PlainRows
from hss.store.bulk_rows import Batch, DocumentRows, References, Sealed
from hss.store.errors import WrongKey
from hss.store.sealing import Sealer
from hss.store.subscriber_writing import refuse_contradictions
from schemas.documents import NewSubscriber, Operator, Subscriber
from schemas.rules import rule_of
from schemas.states import OperatorType

JSONL: Final = "jsonl"
CSV: Final = "csv"
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
ONLY_WHOLE: Final = frozenset(Subscriber.model_fields) - frozenset(NewSubscriber.model_fields)
COLUMNS: Final = frozenset(NewSubscriber.model_fields)
NOT_TRIMMED: Final = frozenset({"password"})
# What a path in the derived document is called in the short form.
SHORT_NAMES: Final[Mapping[str, str]] = {
    "scscf": "scscf",
    "circuit_switched.icscf.pool": "icscf_pool",
    "sets.0.identities.0.service_profile": "service_profile",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How the lines of a file are to be read."""

    name: str
    columns: tuple[str, ...] = ()  # of CSV


class _Unreadable(Exception):
    """The line as a whole says nothing."""


class LineReader:
    """Reads the lines of one file."""

    def __init__(self, form: Form, references: References, sealer: Sealer | None) -> None:
        self._form = form
        self._references = references
        self._sealer = sealer
        self._plain = PlainRows(references, sealer)

    def read(self, first: int, lines: Sequence[bytes]) -> Batch:
        """Make a batch of lines; `first` is the number of the first one."""
        batch = Batch(last=first + len(lines) - 1)
        take = self._take_csv if self._form.name == CSV else self._take_json
        for number, line in enumerate(lines, first):
            if line and not line.isspace():
                try:
                    take(batch, number, line)
                except (_Unreadable, Refused, NotDerivable, ValidationError) as error:
                    batch.refused.append(_refusal(number, error))
        return batch

    def _take_json(self, batch: Batch, number: int, line: bytes) -> None:
        text = _text(line)
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            NewSubscriber.model_validate_json(text)  # says better what is wrong
            raise _Unreadable("is not JSON") from None
        if not isinstance(found, dict):
            raise _Unreadable("is not an object")
        if self._plain.take(batch, number, found):
            return
        if not ONLY_WHOLE.isdisjoint(found):
            sealed = self._unsealed(found)
            body = json.dumps(found) if sealed else text
            self._enter(batch, number, Subscriber.model_validate_json(body), sealed, short=False)
        else:
            self._derive(batch, number, NewSubscriber.model_validate_json(text))

    def _take_csv(self, batch: Batch, number: int, line: bytes) -> None:
        cells = cells_of(_text(line))
        if len(cells) != len(self._form.columns):
            raise _Unreadable(f"has {len(cells)} cells, the first line has {len(self._form.columns)}")
        given = zip(self._form.columns, cells, strict=True)
        fields = {
            name: cell if name in NOT_TRIMMED else cell.strip() for name, cell in given if cell and not cell.isspace()
        }
        if not self._plain.take(batch, number, fields):
            self._derive(batch, number, NewSubscriber.model_validate(fields))

    def _derive(self, batch: Batch, number: int, new: NewSubscriber) -> None:
        facts = self._references.operators.get(new.operator)
        if facts is None:
            raise Refused("operator", f"there is no operator {new.operator!r}")
        operator = Operator(
            name=new.operator,
            type=OperatorType.MOBILE,
            home_domain=facts.home_domain,
            mnc=facts.mnc,
            country_code="1",  # says nothing about identities that are derived
        )
        try:
            self._enter(batch, number, derive(new, operator), {}, short=True)
        except Refused as error:
            field = SHORT_NAMES.get(error.field, error.field.rpartition(".")[2])
            raise Refused(field, error.rule) from error

    def _enter(self, batch: Batch, number: int, document: Subscriber, sealed: Sealed, *, short: bool) -> None:
        refuse_contradictions(document)
        rows = DocumentRows(batch, self._references, self._sealer)
        rows.make(document, sealed)
        rows.enter(number, short=short)

    def _unsealed(self, found: dict[str, Any]) -> Sealed:
        """Take sealed secrets out of a document and prove that they open."""
        privates = found.get("private_identities")
        taken: dict[str, tuple[bytes, list[str]]] = {}
        for index, private in enumerate(privates if isinstance(privates, list) else ()):
            if isinstance(private, dict) and "sealed" in private:
                nai = str(private.get("nai"))
                taken[nai] = self._opened(private.pop("sealed"), nai, f"private_identities.{index}.sealed")
        return taken

    def _opened(self, sealed: object, nai: str, field: str) -> tuple[bytes, list[str]]:
        if self._sealer is None:
            raise Refused(field, "cannot be stored: the configuration has no key to seal secrets with")
        try:
            octets = base64.b64decode(str(sealed), validate=True)
            names = sorted(json.loads(self._sealer.open(octets, nai)))
        except (binascii.Error, ValueError, WrongKey):
            raise Refused(field, "does not open with the key of this database") from None
        return octets, names


def columns_of(line: bytes) -> tuple[str, ...]:
    """Read the first line of a CSV file; raise `Refused` for a column that is unknown, missing or there twice."""
    try:
        names = [cell.strip() for cell in cells_of(_text(line))]
    except _Unreadable as error:
        raise Refused("", f"the first line {error}") from error
    for place, name in enumerate(names):
        if name not in COLUMNS:
            raise Refused(name, f"is not a column; there are {', '.join(sorted(COLUMNS))}")
        if name in names[:place]:
            raise Refused(name, "is there twice")
    if "operator" not in names:
        raise Refused("operator", "is required as a column")
    return tuple(names)


def cells_of(text: str) -> list[str]:
    """Cut a line of CSV into its cells (RFC 4180, but that a cell cannot go on in the next line)."""
    if '"' not in text:
        return text.rstrip("\r\n").split(",")
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error as error:
        raise _Unreadable(f"is not CSV: {error}") from error


def _text(line: bytes) -> str:
    if len(line) > LONGEST_LINE:
        raise _Unreadable(f"is longer than {LONGEST_LINE} octets")
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise _Unreadable(f"is not UTF-8 at octet {error.start + 1}") from error


def _refusal(line: int, error: Exception) -> RefusedLine:
    if isinstance(error, ValidationError):
        found = error.errors(include_url=False, include_input=False)
        field = ".".join(str(step) for step in found[0]["loc"])
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        return RefusedLine(line=line, field=field, rule=rule_of(found[0]) + more)
    if isinstance(error, Refused | NotDerivable):
        return RefusedLine(line=line, field=error.field, rule=error.rule)
    return RefusedLine(line=line, field="", rule=str(error))
