"""`hss route --file`: every line is answered, whatever stands in it."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hss.cli import hss
from hss.cli.route_lines import CHUNK, LONGEST_LINE, PIECE, Asked, pieces
from hss.cli.route_query import SEEDS
from hss.services.routing_fields import LARGEST_SEED, LONGEST_CALLED

FIXED = "+497219578290"


def batch(file: bytes, *arguments: str) -> Result:
    return CliRunner().invoke(hss, ["route", "--sample", "--file", "-", *arguments], input=file)


def numbers(data: bytes) -> list[Asked]:
    return [one for piece in pieces(io.BytesIO(data), lambda _: None) for one in piece]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", []),
        (b"\n \n\t\r\n", []),
        (b"1", [Asked("1", 1)]),
        (b"1\r\n\n 2 \n", [Asked("1", 1), Asked("2", 3)]),
        (b"\xef\xbb\xbf+49\n", [Asked("+49", 1)]),
        (b"a\0b\n1\n", [Asked("a\0b", 1), Asked("1", 2)]),
        (b"\xff1\n2\n", [Asked("\\xff1", 1, "not UTF-8"), Asked("2", 2)]),
        (b"1" * LONGEST_LINE + b"\r\n2", [Asked("1" * LONGEST_LINE, 1), Asked("2", 2)]),
    ],
)
def test_lines_are_read_and_counted(data: bytes, found: list[Asked]) -> None:
    assert numbers(data) == found


@pytest.mark.parametrize("octets", [LONGEST_LINE + 1, CHUNK + 7, 5 * CHUNK])
def test_of_a_line_that_is_too_long_the_beginning_is_named(octets: int) -> None:
    long, after = numbers(b"1" * octets + b"\n2\n")
    assert (long.called, long.line, after) == ("1" * 40 + "...", 1, Asked("2", 2))
    assert long.rule == f"a line has at most {LONGEST_LINE} octets"


def test_many_lines_come_in_pieces_and_none_is_lost() -> None:
    data = b"".join(b"%d\n" % at for at in range(30_000))
    found = list(pieces(io.BytesIO(data), lambda _: None))
    assert [one.called for piece in found for one in piece] == [str(at) for at in range(30_000)]
    assert max(map(len, found)) == PIECE


def test_lines_are_handed_on_while_more_are_awaited() -> None:
    came = iter([b"1\n2", b"\n", b""])

    class Pipe(io.BytesIO):
        def read1(self, _: int | None = -1, /) -> bytes:
            return next(came)

    found = pieces(Pipe(), lambda _: None)
    assert next(found) == [Asked("1", 1)]
    assert next(found) == [Asked("2", 2)]
    assert next(found, None) is None


def test_a_pipe_is_answered_line_by_line() -> None:
    program = "from hss.cli import hss; hss(['route', '--sample', '--file', '-', '--ndjson'])"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as running:
        assert running.stdin
        assert running.stdout
        for number in ("+43", FIXED):
            running.stdin.write(f"{number}\n".encode())
            running.stdin.flush()
            assert json.loads(running.stdout.readline())["query"]["called"] == number


def test_bad_lines_stop_no_other_one() -> None:
    done = batch(b"\xef\xbb\xbf+43\n\xff\xfe\n\n+1\0\n" + b"1" * 100_000 + b"\n" + FIXED.encode(), "--ndjson")
    assert done.exit_code == 4
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["outcome"]["status"] if "outcome" in one else one["error"]["line"] for one in found] == [
        "unknown",
        2,
        "invalid",
        5,
        "routed",
    ]
    done = batch(b"\xff\n" + b"1" * 100_000)
    assert len(done.stdout) < 400
    assert "line 2: a line has at most" in done.stdout


def test_a_malformed_line_of_signals_is_an_answer() -> None:
    done = batch(b"4,1,497219578290\n4,x\n4,1,43\n", "--kind", "isup")
    assert done.exit_code == 0, done.output
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["routed", "invalid", "unknown"]


def test_a_batch_is_explained() -> None:
    done = batch(b"+43\n" + FIXED.encode(), "--explain")
    assert done.stdout.count(" normalise ") == 2
    assert "outcome     routed\n\n 1 normalise" in done.stdout
    done = batch(b"\xff\n+43\n", "--explain")
    assert "line 1: not UTF-8\n\ncalled      +43\n" in done.stdout


def test_a_batch_has_the_trace_that_a_single_number_has() -> None:
    single = CliRunner().invoke(hss, ["route", "--sample", "--ndjson", "--at", "0", FIXED]).stdout
    assert batch(FIXED.encode(), "--ndjson", "--at", "0").stdout == single
    assert batch(FIXED.encode(), "--expect", "trace.0.what=normalise").exit_code == 0


@pytest.mark.parametrize("lines", [[], ["+43"], ["+43", FIXED]])
def test_a_batch_as_json_is_one_list(lines: list[str]) -> None:
    done = batch("\n".join(lines).encode(), "--json")
    assert [one["query"]["called"] for one in json.loads(done.stdout)] == lines


def test_where_nothing_is_tested_no_test_passes(tmp_path: Path) -> None:
    done = batch(b"\n", "--expect", "outcome.status=routed")
    assert done.exit_code == 1
    assert "nothing was tested" in done.stderr
    empty = tmp_path / "empty"
    empty.touch()
    assert CliRunner().invoke(hss, ["route", "--sample", "--file", str(empty)]).exit_code == 0


def test_a_failed_expectation_names_the_line() -> None:
    done = batch(b"+43\n\n" + FIXED.encode(), "--expect", "outcome.status=routed")
    assert done.exit_code == 1
    assert 'line 1: +43: + outcome.status="unknown"' in done.stderr
    assert "Error: 1 of 2 numbers is not routed as expected" in done.stderr


def test_an_expectation_of_what_is_no_query_says_the_rule() -> None:
    done = batch(b"\xff\n", "--expect", "outcome.status=routed")
    assert done.exit_code == 1
    assert 'line 1: \\xff:   error.rule="not UTF-8"' in done.stderr
    assert batch(b"\xff\n", "--expect", "error.rule=not UTF-8").exit_code == 4


def test_wrong_numbers_are_answers_and_no_failures() -> None:
    done = batch(b"+49x\n" * 8 + f"{FIXED}\n".encode() * 8)
    assert done.exit_code == 0
    assert "        8  invalid\n        8  routed\n" in done.stderr


def test_bounds_are_those_of_the_service() -> None:
    assert (SEEDS.min, SEEDS.max) == (0, LARGEST_SEED)
    assert LONGEST_LINE >= 4 * LONGEST_CALLED
