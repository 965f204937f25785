"""Lines of a file of documents: what they say, or which rule they break. Pure.

A line of JSONL is a document; a CSV file, for documents without parts, begins with the names of its columns.
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from pydantic import ValidationError

from hss.services.administration import RefusedLine
from hss.services.bulk_lines import LONGEST_DOCUMENT
from hss.services.ported_lines import Wrong, cells_of, text_of
from schemas.documents import Document
from schemas.rules import rule_of

MOST_DIGITS: Final = 15  # of a cell that is read as a number

D = TypeVar("D", bound=Document)


@dataclass(slots=True)
class Documents(Generic[D]):
    """What some lines say: documents with the numbers of their lines, and the lines that are refused."""

    lines: list[tuple[int, D]] = field(default_factory=list)
    refused: list[RefusedLine] = field(default_factory=list)


class DocumentLines(Generic[D]):
    """Reads lines into documents of one model; with `columns` they are CSV."""

    def __init__(self, model: type[D], columns: Sequence[str] = ()) -> None:
        self._model = model
        self._columns = columns

    def read(self, first: int, lines: Iterable[bytes]) -> Documents[D]:
        """Read lines; `first` is the number of the first one. Empty lines say nothing."""
        found = Documents[D]()
        for number, line in enumerate(lines, first):
            if not line or line.isspace():
                continue
            try:
                found.lines.append((number, self._document(line)))
            except Wrong as wrong:
                found.refused.append(RefusedLine(line=number, field=wrong.field, rule=wrong.rule))
            except ValidationError as error:
                found.refused.append(_refusal(number, error))
        return found

    def _document(self, line: bytes) -> D:
        text = text_of(line, LONGEST_DOCUMENT)
        if self._columns:
            return self._model.model_validate(self._cells(text), strict=True)
        return self._model.model_validate_json(text, strict=True)

    def _cells(self, text: str) -> dict[str, object]:
        cells = cells_of(text)
        if len(cells) != len(self._columns):
            raise Wrong("", f"has {len(cells)} cells, and there are {len(self._columns)} columns")
        named = zip(self._columns, (cell.strip() for cell in cells), strict=True)
        return {name: self._value(name, cell) for name, cell in named if cell}

    def _value(self, name: str, cell: str) -> object:
        """Read a cell as the type of its field asks."""
        whole = self._model.model_fields[name].annotation is int and cell.isascii() and cell.isdecimal()
        return int(cell) if whole and len(cell) <= MOST_DIGITS else cell


def _refusal(line: int, error: ValidationError) -> RefusedLine:
    found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return RefusedLine(line=line, field="", rule=f"is not JSON: {found[0]['ctx']['error']}")
    place = ".".join(str(step) for step in found[0]["loc"])
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return RefusedLine(line=line, field=place, rule=rule_of(found[0]) + more)


def json_documents(documents: Iterable[Document], columns: Sequence[str] = ()) -> bytes:
    """Write documents as lines of JSON; those without parts have their fields in the order of `columns`."""
    if not columns:
        return "".join([document.model_dump_json() + "\n" for document in documents]).encode()
    encode = json.JSONEncoder(separators=(",", ":")).encode
    return "".join([encode({name: getattr(one, name) for name in columns}) + "\n" for one in documents]).encode()


def csv_documents(documents: Iterable[Document], columns: Sequence[str]) -> bytes:
    """Write documents as lines of CSV."""
    target = io.StringIO()
    rows: Iterable[list[Any]] = ([getattr(document, name) for name in columns] for document in documents)
    csv.writer(target, lineterminator="\n").writerows(rows)
    return target.getvalue().encode()
