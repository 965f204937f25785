"""Lines of files of ported numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hss.services.administration import Refused
from hss.services.ported_lines import COLUMNS, LONGEST, PortedLines, columns_of, csv_lines, json_lines
from routing.normalise import Stems

STEMS = Stems({"49721957829": (1, 4)})
OPERATORS = {"mobile": 1, "fixed": 2}
JSON = PortedLines(OPERATORS, STEMS)
CSV = PortedLines(OPERATORS, STEMS, COLUMNS)


def test_lines_of_json_are_documents() -> None:
    lines = [
        b'{"number": "+49 171-5407090", "operator": "fixed"}',
        b"",
        b'{"number": "491715407091", "operator": null, "routing_number": "D123"}\r',
    ]
    found = JSON.read(5, lines)
    assert found.rows == {
        "491715407090": ("491715407090", 2, None),
        "491715407091": ("491715407091", None, "D123"),
    }
    assert (found.good, found.refused) == (2, [])


def test_lines_of_csv_have_cells() -> None:
    found = CSV.read(1, [b"+491715407090,fixed,", b'"+491715407091", ,"+49D12"\r', b"  "])
    assert list(found.rows.values()) == [("491715407090", 2, None), ("491715407091", None, "+49D12")]


def test_of_two_lines_for_a_number_the_last_one_counts() -> None:
    found = CSV.read(1, [b"+491,mobile,", b"+491,fixed,"])
    assert found.rows == {"491": ("491", 2, None)}
    assert found.good == 2


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b"{", ""),
        (b"[]", ""),
        (b"[" * 100_000, ""),
        (b"\xff", ""),
        (b"{}", "number"),
        (b'{"number": 7}', "number"),
        (b'{"number": "+491", "bogus": 1}', "bogus"),
        (b'{"number": "+491"}', ""),
        (b'{"number": "abc", "operator": "mobile"}', "number"),
        (b'{"number": "+1234567890123456", "operator": "mobile"}', "number"),
        (b'{"number": "+491", "operator": "nobody"}', "operator"),
        (b'{"number": "+491", "routing_number": "XYZ"}', "routing_number"),
        (b'{"number": "+49721957829", "operator": "mobile"}', "number"),
        (b'{"number": "+4972", "operator": "mobile"}', "number"),
        (b'{"number": "+4972195782912345"[:0]}', ""),
        (b" " * LONGEST + b"{}", ""),
    ],
)
def test_a_wrong_line_is_named(line: bytes, field: str) -> None:
    found = JSON.read(7, [line, b'{"number": "+491", "operator": "mobile"}'])
    assert [(one.line, one.field) for one in found.refused] == [(7, field)]
    assert found.good == 1


def test_a_number_must_have_a_length_that_its_stem_takes() -> None:
    assert not JSON.read(1, [b'{"number": "+497219578291234", "operator": "mobile"}']).refused
    narrow = PortedLines(OPERATORS, Stems({"49721957829": (2, 3)}))
    for digits in ("497219578291", "497219578291234"):
        found = narrow.read(1, [f'{{"number": "+{digits}", "operator": "mobile"}}'.encode()])
        assert "takes 2 to 3 digits" in found.refused[0].rule
    whole = PortedLines(OPERATORS, Stems({"49721957829": (0, 1)}))
    lines = [f'{{"number": "+49721957829{more}", "operator": "mobile"}}'.encode() for more in ("", "1", "12")]
    assert [one.line for one in whole.read(1, lines).refused] == [3]


@pytest.mark.parametrize("line", [b"+491,mobile", b"+491,mobile,,", b'"+491,mobile,'])
def test_cells_must_fit_the_columns(line: bytes) -> None:
    assert [one.field for one in CSV.read(1, [line]).refused] == [""]


def test_the_first_line_names_the_columns() -> None:
    assert columns_of(b"routing_number, number\r\n") == ("routing_number", "number")


@pytest.mark.parametrize("line", [b"operator", b"number,name", b"number,number", b'"number'])
def test_wrong_columns_are_refused(line: bytes) -> None:
    with pytest.raises(Refused):
        columns_of(line)


rows = st.lists(
    st.tuples(
        st.from_regex(r"[1-9][0-9]{0,9}", fullmatch=True).filter(lambda digits: not digits.startswith("4972")),
        st.none() | st.sampled_from(sorted(OPERATORS)),
        st.from_regex(r"\+?[0-9A-F]{1,15}", fullmatch=True),
    ),
    unique_by=lambda row: row[0],
).filter(lambda found: not any("49721957829".startswith(row[0]) for row in found))


@given(rows)
def test_what_is_written_is_read_back(found: list[tuple[str, str | None, str | None]]) -> None:
    wanted = {digits: (digits, OPERATORS.get(owner or ""), code) for digits, owner, code in found}
    assert JSON.read(1, json_lines(found).split(b"\n")).rows == wanted
    assert CSV.read(1, csv_lines(found).split(b"\n")).rows == wanted


@given(st.binary(max_size=200))
def test_any_octets_are_read_or_refused(line: bytes) -> None:
    for lines in (JSON, CSV):
        found = lines.read(1, [line])
        assert found.good + len(found.refused) == (0 if not line or line.isspace() else 1)
