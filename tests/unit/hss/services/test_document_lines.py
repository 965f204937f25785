"""Lines of files of documents."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hss.services.document_lines import DocumentLines, csv_documents, json_documents
from schemas.documents import IcscfPool, Operator, OwnedBlock, OwnedPrefix

COLUMNS = ("stem", "operator", "minimum", "maximum")
JSON = DocumentLines(OwnedBlock)
CSV = DocumentLines(OwnedBlock, COLUMNS)
BLOCK = OwnedBlock(stem="+49721", operator="fixed", minimum=1, maximum=4)


def test_lines_of_json_are_documents() -> None:
    found = JSON.read(5, [b'{"stem": "49-721", "operator": "fixed", "minimum": 1, "maximum": 4}\r', b" ", b""])
    assert (found.lines, found.refused) == ([(5, BLOCK)], [])


def test_lines_of_csv_have_cells_and_an_empty_one_is_not_given() -> None:
    found = CSV.read(2, [b"+49721,fixed,1,4", b'"+4972 2", fixed ,,3\r'])
    assert found.lines == [(2, BLOCK), (3, OwnedBlock(stem="+49722", operator="fixed", maximum=3))]


@pytest.mark.parametrize(
    ("line", "field", "rule"),
    [
        (b"{", "", "is not JSON"),
        (b"[]", "", "must be an object"),
        (b"\xff", "", "is not UTF-8"),
        (b"{}", "stem", r"is required \(and 2 more\)"),
        (b'{"stem": "+1", "operator": "x", "maximum": "4"}', "maximum", "must be a whole number"),
        (b'{"stem": "+1", "operator": "x", "maximum": 4, "bogus": 1}', "bogus", "is not a field here"),
        (b'{"stem": "abc", "operator": "x", "maximum": 4}', "stem", "at most 15 digits"),
        (b'{"stem": "+1", "operator": "x", "minimum": 5, "maximum": 4}', "", "minimum must not be above maximum"),
        (b'{"stem": "+123456789012", "operator": "x", "maximum": 4}', "", "exceed the 15 digits"),
        (b'{"stem": "+1", "operator": "x", "maximum": 15}', "maximum", "must be at most 14"),
    ],
)
def test_a_line_of_json_is_refused_by_field_and_rule(line: bytes, field: str, rule: str) -> None:
    (refused,) = JSON.read(7, [line]).refused
    assert (refused.line, refused.field) == (7, field)
    assert re.search(rule, refused.rule), refused.rule


@pytest.mark.parametrize(
    ("line", "field", "rule"),
    [
        (b"+49721,fixed,1", "", "has 3 cells, and there are 4 columns"),
        (b'"+49721,fixed,1,4', "", "is not CSV"),
        (b"+49721,fixed,one,4", "minimum", "must be a whole number"),
        (b"+49721,fixed,1,4.0", "maximum", "must be a whole number"),
        (b"+49721,fixed,1," + b"9" * 30, "maximum", "must be a whole number"),
        (b"+49721,,1,4", "operator", "is required"),
        (b"+49721,fixed,5,4", "", "minimum must not be above maximum"),
    ],
)
def test_a_line_of_csv_is_refused_by_field_and_rule(line: bytes, field: str, rule: str) -> None:
    (refused,) = CSV.read(7, [line]).refused
    assert (refused.line, refused.field) == (7, field)
    assert re.search(rule, refused.rule), refused.rule


def test_a_line_beyond_the_bound_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hss.services.document_lines.LONGEST_DOCUMENT", 10)
    assert JSON.read(1, [b'{"stem": "+49721"}']).refused[0].rule == "may have at most 10 octets"


def test_documents_with_parts_are_read_whole() -> None:
    member = {"host": "i1.example", "transport": "tcp", "state": "down"}
    line = json.dumps({"name": "south", "policy": "round-robin", "members": [member]}).encode()
    ((_, pool),) = DocumentLines(IcscfPool).read(1, [line]).lines
    assert json_documents([pool]) == pool.model_dump_json().encode() + b"\n"
    (refused,) = DocumentLines(IcscfPool).read(1, [b'{"name": "x", "members": [{"host": "a", "port": 0}]}']).refused
    assert (refused.field, refused.rule) == ("members.0.port", "must be at least 1")


blocks = st.builds(
    OwnedBlock,
    stem=st.integers(1, 9_999_999).map(lambda number: f"+{number}"),
    operator=st.from_regex(r"[A-Za-z0-9+][A-Za-z0-9._:@+-]{0,20}", fullmatch=True),
    minimum=st.integers(0, 3),
    maximum=st.integers(3, 8),
)


@given(st.lists(blocks))
def test_what_is_written_is_read_back(wanted: list[OwnedBlock]) -> None:
    for octets, reader in ((json_documents(wanted, COLUMNS), JSON), (csv_documents(wanted, COLUMNS), CSV)):
        found = reader.read(1, octets.split(b"\n"))
        assert ([document for _, document in found.lines], found.refused) == (wanted, [])


def test_fields_are_written_in_the_order_of_the_columns() -> None:
    assert json_documents([BLOCK], COLUMNS) == b'{"stem":"+49721","operator":"fixed","minimum":1,"maximum":4}\n'
    assert csv_documents([BLOCK], COLUMNS) == b"+49721,fixed,1,4\n"


@given(st.binary(max_size=200))
def test_any_octets_are_a_document_or_a_refusal(octets: bytes) -> None:
    line = octets.replace(b"\n", b"")
    for model, columns in ((Operator, ()), (OwnedPrefix, ("prefix", "operator"))):
        found = DocumentLines(model, columns).read(1, [line])
        assert len(found.lines) + len(found.refused) == (0 if line.isspace() or not line else 1)
