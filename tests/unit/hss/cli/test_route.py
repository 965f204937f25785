"""`hss route` without a service, and what it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hss.cli import hss
from hss.cli.route import COMMANDS
from hss.cli.route_expect import Expectation, at, mismatches

MOBILE, FIXED = "+491715407090", "+497219578290"
PLAN = {"a": {"b": [1, {"c": "x"}]}, "none": None, "yes": True, "text": "484", "list": ["p"]}


def route(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(hss, ["route", *arguments], input=stdin, env={"HSS_API": "127.0.0.1:1"})


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("a.b.0=1", True),
        ("a.b.1.c=x", True),
        ("a.b.length=2", True),
        ("a.b.2=1", False),
        ("a.b.x=1", False),
        ("a.b.0.c=1", False),
        ("none=null", True),
        ("yes=true", True),
        ("yes=yes", False),
        ("text=484", True),
        ("text=a=b", False),
        ('list=["p"]', True),
        ("missing=null", False),
    ],
)
def test_expectations_are_compared_with_what_stands_there(text: str, met: bool) -> None:
    expected = [Expectation.parse(text)]
    assert (mismatches(PLAN, expected) == []) is met


def test_what_is_wrong_is_shown_as_a_difference() -> None:
    wrong = mismatches(PLAN, [Expectation.parse("a.b.0=2"), Expectation.parse("x.y=1"), Expectation.parse("yes=true")])
    assert wrong == ["- a.b.0=2", "+ a.b.0=1", "- x.y=1", "+ x.y=nothing"]
    assert at(PLAN, "a.b.1.c") == "x"


def test_numbers_may_stand_where_a_command_could() -> None:
    assert "outcome     routed" in route("--sample", MOBILE).stdout
    assert "outcome     routed" in route(MOBILE, "--sample").stdout
    assert "outcome     routed" in route("numbers", MOBILE, "--sample").stdout
    assert "Examples:" in route("--help").stdout


def test_a_plan_is_printed_in_every_form() -> None:
    assert json.loads(route("--sample", "--json", FIXED).stdout)["operator"]["name"] == "fixed"
    lines = route("--sample", "--ndjson", FIXED, "+43").stdout.splitlines()
    assert [json.loads(line)["outcome"]["status"] for line in lines] == ["routed", "unknown"]
    assert "longest-match" in route("--sample", "--explain", FIXED).stdout
    assert "longest-match" not in route("--sample", FIXED).stdout


@pytest.mark.parametrize(
    ("arguments", "path", "value"),
    [
        (("--kind", "uri", f"tel:{FIXED}"), "number.e164", FIXED),
        (("--kind", "enum", "0.9.2.8.7.5.9.1.2.7.9.4.e164.arpa"), "number.e164", FIXED),
        (("--kind", "isup", "4,1,497219578290"), "number.e164", FIXED),
        (("--kind", "gt", "4,1,497219578290"), "number.e164", FIXED),
        (("--kind", "isup_octets", "0410942791752809"), "number.e164", FIXED),
        (("--operator", "fixed", "9578290"), "number.e164", FIXED),
        (("--profile", "ndc=30", "--profile", "strict_e164=true", "123456"), "number.e164", "+4930123456"),
        (("--profile", "ndc=null", "123456"), "error.code", "E_NO_AREA"),
        (("--profile", "rn_len=3", FIXED), "number.e164", FIXED),
        (("--down", "icscf1.fixed.example", FIXED), "icscf.chosen", "icscf2.fixed.example"),
        (("--suppose", "nobody-registered", FIXED), "outcome.sip", "480"),
        (("--fork", "sequential", FIXED), "fork.groups.length", "3"),
        (("--request-disposition", "no-fork", FIXED), "fork.expect.invites", "1"),
        (("--at", "2026-11-21T18:00:00Z", FIXED), "query.at", "2026-11-21T18:00:00Z"),
        (("--seed", "7", FIXED), "query.seed", "7"),
        (("--suppose", "icscf1.fixed.example=down", FIXED), "icscf.chosen", "icscf2.fixed.example"),
        (("--profile", "de-pstn", FIXED), "query.profile", "de-pstn"),
        (("--profile", "mobile", FIXED), "query.profile", "mobile"),
        (("--kind", "text", "flowers"), "error.code", "E_ALPHA"),
        ((FIXED,), "fork.expect.invites_per_pcscf.pcscf1.ims.example", "2"),
        ((FIXED,), "trace.0.what", "normalise"),
        ((FIXED,), "entry.node", "mgcf1.fixed.example"),
    ],
)
def test_options_reach_the_query(arguments: tuple[str, ...], path: str, value: str) -> None:
    done = route("--sample", "--expect", f"{path}={value}", *arguments)
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        ((), 2, "Usage"),
        (("--sample",), 2, "a number is needed"),
        (("--sample", "--expect", "x", MOBILE), 2, "KEY=VALUE"),
        (("--sample", "--profile", "x", "--profile", "ndc=30", MOBILE), 2, "KEY=VALUE"),
        (("--sample", "--profile", "nobody", MOBILE), 2, "there is no profile 'nobody'; there are: de-pstn, "),
        (("--sample", "--profile", "foo=1", MOBILE), 2, "profile.foo: is not a field here"),
        (("--sample", "--request-disposition", "bogus", MOBILE), 2, "request_disposition: "),
        (("--sample", "--seed", "-1", MOBILE), 2, "--seed"),
        (("--sample", "--suppose", "rain", MOBILE), 2, "neither NODE=down nor one of"),
        (("--sample", "--suppose", "=down", MOBILE), 2, "neither NODE=down nor one of"),
        (("--sample", "--suppose", "a=up", MOBILE), 2, "neither NODE=down nor one of"),
        (("--sample", "1" * 2000), 2, "called: may have at most"),
        (("--sample", "check"), 2, "check is a command: options stand behind it"),
        (("--json", "check"), 2, "check is a command"),
        (("--api", "127.0.0.1:1", "tables"), 2, "tables is a command"),
        (("--explain", "simulate", MOBILE), 2, "simulate is a command"),
        (("chekc",), 2, "chekc: no such command; there are: simulate, iam, diff, check, tables"),
        (("--sample", "check-all"), 2, "check-all: no such command"),
        (("--sample", "+49", "chekc"), 2, "For numbers without digits, say --kind text"),
        (("simulate", "--sample", "check"), 2, "check is a command"),
        (("tables", "--sample", "--keep"), 2, "go to a running service"),
        (("tables", "--sample", "--let-go", "1"), 2, "go to a running service"),
        (("--sample", "--database", "x.db", MOBILE), 2, "exclude each other"),
        (("--sample", "--kind", "isup", MOBILE), 2, "noa,npi,DIGITS"),
        (("--sample", "--operator", "nobody", MOBILE), 2, "there is no operator"),
        (("--sample", "--at", "noon", MOBILE), 2, "must be a time"),
        (("--database", "/no/such.db", MOBILE), 2, "database /no/such.db: there is no such file"),
        ((MOBILE,), 3, "no service answers"),
        (("simulate", "--sample", "--device", "b1", FIXED), 2, "BRANCH=EVENTS"),
        (("simulate", "--sample", "--device", "b1=x", FIXED), 2, "devices.b1: must be text like"),
        (("simulate", "--sample", "--device", "b1=302@x=sip:a@h", FIXED), 2, "devices.b1: must be text like"),
        (("simulate", "--sample", "--device", "sip:a@h;x=y=9@z", FIXED), 2, "devices.sip:a@h;x=y: must be text like"),
        (("simulate", "--sample", "--device", "b1=180@1", "--device", "b1=200@2", FIXED), 2, "b1 is given twice"),
        (
            ("simulate", "--sample", "--device", "b9=200@1", FIXED),
            2,
            "devices.b9: is no branch or contact of this call",
        ),
        (("simulate", "--sample", "112"), 2, "the outcome is `service`: no SIP status ends the call here"),
        (("iam", "--sample", "xyz"), 2, "iam: must be the octets"),
        (("iam", "--sample", "010060000A000200080410949999990000"), 1, "REL with cause 1"),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments: tuple[str, ...], status: int, word: str) -> None:
    done = route(*arguments)
    assert done.exit_code == status, done.output
    assert word in done.output


def test_a_batch_comes_from_standard_input_behind_the_arguments(tmp_path: Path) -> None:
    done = route("--sample", "--file", "-", MOBILE, stdin=f"{FIXED}\n+43\n")
    assert [line.split() for line in done.stdout.splitlines()] == [
        [MOBILE, "routed", "-", "mobile", "icscf2.ims.example", f"tel:{MOBILE}"],
        [FIXED, "routed", "-", "fixed", "icscf1.fixed.example", f"tel:{FIXED}"],
        ["+43", "unknown", "-", "-", "-", "-"],
    ]
    assert (
        len({line.find(word) for line, word in zip(done.stdout.splitlines(), ("mobile", "fixed"), strict=False)}) == 1
    )
    file = tmp_path / "numbers"
    file.write_text("4,1,497219578290\n4,1,4972\n")
    done = route("--sample", "--kind", "isup", "--file", str(file), "--expect", "outcome.status=routed", "--ndjson")
    assert done.exit_code == 1
    assert [json.loads(line)["outcome"]["status"] for line in done.stdout.splitlines()] == ["routed", "incomplete"]
    assert '+ outcome.status="incomplete"' in done.stderr
    done = route("--sample", "--file", str(file), "--expect", "outcome.status=invalid")
    assert "invalid          E_POST_DIAL    -          -" in done.stdout


def test_a_line_that_is_too_long_stops_no_other_one() -> None:
    done = route("--sample", "--file", "-", stdin=f"{'1' * 2000}\n{FIXED}\n")
    assert done.exit_code == 4
    assert "line 1: may have at most" in done.stdout
    assert "1  refused" in done.stderr
    assert "Error: 1 line is no query; the others were routed" in done.stderr


def test_a_call_is_played() -> None:
    done = route("simulate", "--sample", "--device", "b1=180@1 200@12", "--device", "b2=180@2", FIXED)
    assert "12.0 s  b2      CANCEL  (another branch answered)" in done.stdout
    assert done.stdout.endswith("The caller gets 200 after 12 s.\n")
    found = json.loads(
        route("simulate", "--sample", "--json", "--rung-out", "480", "--fork", "sequential", FIXED).stdout
    )
    assert found["status"] == 480
    assert found["answered_s"] == found["ended_s"] == 92
    done = route("simulate", "--sample", "+12025550123")
    assert done.stdout.endswith("caller  response 404  (nobody has this number)\nThe caller gets 404 after 0 s.\n")


@pytest.mark.parametrize("wish", [("--recurse",), ("--request-disposition", "recurse")])
def test_the_contacts_of_a_3xx_are_called(wish: tuple[str, ...]) -> None:
    new = "sip:new@192.0.2.9;transport=tcp"
    devices = (f"b1=302@1={new}", "b2=486@2", "sip:customer@198.51.100.5:5060=180@1 486@2", f"{new}=180@1 486@3")
    given = [word for device in devices for word in ("--device", device)]
    assert "The caller gets 486 after 4 s." in route("simulate", "--sample", *wish, *given, FIXED).stdout
    assert "The caller gets 302 after 2 s." in route("simulate", "--sample", *given, FIXED).stdout


def test_an_iam_becomes_an_invite() -> None:
    octets = "010060000A000200080410942791752809"
    done = route("iam", "--sample", "--host", "mgcf1.example", "--down", "icscf1.fixed.example", octets)
    assert done.exit_code == 0, done.output
    assert "to icscf2.fixed.example:5060 by udp\n\nINVITE tel:+497219578290 SIP/2.0\n" in done.stdout
    found = json.loads(route("iam", "--sample", "--json", "--isup-body", "--operator", "fixed", octets).stdout)
    assert found["invite_octets"].endswith(octets.lower())
    done = route("iam", "--sample", "--isup-body", octets)
    assert done.stdout.endswith("Content-Length: 17\n\n01 00 60 00 0a 00 02 00 08 04 10 94 27 91 75 28\n09\n")


def test_an_iam_that_needs_no_invite_is_no_failure() -> None:
    done = route("iam", "--sample", "010060000A000200080410947151040729")
    assert done.exit_code == 0, done.output
    assert "outcome     forwarded: voicebox\n\nno INVITE: the call does not go to an I-CSCF\n" in done.stdout


def test_a_node_that_nobody_has_is_named() -> None:
    done = route("--sample", "--down", "nonexistent", "--suppose", "MGCF1.fixed.example=down", FIXED)
    assert done.exit_code == 0
    assert done.stderr.startswith("note: no node is called nonexistent; there are: gmsc1.ims.example, ")
    assert done.stderr.count("note:") == 1
    assert route("--sample", "--down", "SCSCF1.ims.example", FIXED).stderr == ""
    assert route("--sample", "--down", "nobody", FIXED).stderr.startswith("note: no node is called nobody; ")
    brief = ("--down", "scscf1.ims.example", "--down", "cscf1.ims.example", "--file", "-")
    assert route("--sample", *brief, stdin=FIXED).stderr.startswith("note: no node is called cscf1.ims.example; ")
    for command in (("simulate", FIXED), ("iam", "010060000A000200080410942791752809")):
        done = route(command[0], "--sample", "--down", "nonexistent", *command[1:])
        assert "note: no node is called nonexistent" in done.stderr


def test_a_uri_gets_a_hint() -> None:
    for uri in (f"tel:{FIXED}", "SIP:+497219578290@example.com;user=phone"):
        done = route("--sample", uri)
        assert done.exit_code == 0
        assert "begins a URI: --kind uri reads it" in done.stderr
    assert "hint" not in route("--sample", "--kind", "uri", f"tel:{FIXED}").stderr
    assert route("--sample", "--file", "-", stdin="tel:1\n" * 3).stderr.count("hint") == 1


def test_nothing_from_a_number_reaches_the_terminal_as_it_is() -> None:
    for arguments in (("+49\x1b[31m1",), ("--file", "-"), ("--explain", "+49\x1b]0;x\x07")):
        done = route("--sample", *arguments, stdin="+49\x1b[31m\n")
        assert "\x1b" not in done.output
        assert "\\x1b" in done.stdout


def test_plans_are_parted_by_an_empty_line_and_end_without_one() -> None:
    text = route("--sample", "+43", "+44").stdout
    assert text.count("\n\n") == 1
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    done = route(command, "--help")
    assert done.exit_code == 0, done.output
    assert "Usage:" in done.stdout


def test_one_is_no_plural() -> None:
    text = route("--sample", "--explain", "--request-disposition", "no-fork", FIXED).stdout
    assert ", 1 INVITE\n" in text
    assert "1 INVITE in 1 group [" in text
    assert "3 INVITEs in 1 group" in route("--sample", "--explain", FIXED).stdout


def test_several_plans_are_one_document() -> None:
    assert [one["query"]["called"] for one in json.loads(route("--sample", "--json", "+43", "+44").stdout)] == [
        "+43",
        "+44",
    ]


def test_tables_and_contradictions_are_shown() -> None:
    assert route("tables", "--sample").stdout.startswith("generation 1  ")
    assert json.loads(route("tables", "--sample", "--json").stdout)["operators"] == 2
    assert (route("check", "--sample").exit_code, route("check", "--sample").stdout) == (
        0,
        "generation 1: no contradiction\n",
    )
    assert json.loads(route("check", "--sample", "--json").stdout)["conflicts"] == []


def test_two_databases_are_compared(tmp_path: Path) -> None:
    database = str(tmp_path / "homeward.db")
    run = CliRunner()
    assert run.invoke(hss, ["init", "--database", database]).exit_code == 0
    numbers = tmp_path / "numbers.txt"
    numbers.write_text(f"{FIXED}\n+12015550123\n")
    done = route("diff", "sample", database, str(numbers), "--explain")
    assert done.exit_code == 1, done.output
    assert f"{FIXED}\n" in done.stdout
    assert "  operator        fixed -> -" in done.stdout
    assert "1 of 2 numbers is routed differently" in done.stderr
    done = route("diff", "sample", "sample", str(numbers), "--json")
    assert json.loads(done.stdout) == {"compared": 2, "differences": [], "refused": []}
    done = route("diff", "sample", "sample", str(numbers))
    assert (done.exit_code, done.stdout) == (0, "2 numbers compared, none differs\n")


def test_a_comparison_names_lines_that_are_no_queries_and_goes_on(tmp_path: Path) -> None:
    numbers = tmp_path / "numbers.txt"
    numbers.write_bytes(b"+43\n\n" + b"1" * 2000 + b"\n\xff\n+49\n")
    done = route("diff", "sample", "sample", str(numbers))
    assert (done.exit_code, done.stdout) == (4, "2 numbers compared, none differs\n")
    assert "line 3: may have at most" in done.stderr
    assert "line 4: not UTF-8" in done.stderr


def test_a_comparison_takes_the_options_of_a_query(tmp_path: Path) -> None:
    numbers = tmp_path / "numbers.txt"
    numbers.write_text(f"tel:{FIXED}\n")
    done = route("diff", "--kind", "uri", "--seed", "7", "sample", "sample", str(numbers))
    assert done.stdout == "1 number compared, none differs\n"
    assert route("diff", "--operator", "nobody", "sample", "sample", str(numbers)).exit_code == 2


@pytest.mark.parametrize("places", [("sample", "2"), ("1", "/no/such.db")])
def test_what_can_be_compared_is_said(tmp_path: Path, places: tuple[str, str]) -> None:
    (tmp_path / "numbers").touch()
    done = route("diff", *places, str(tmp_path / "numbers"))
    assert done.exit_code == 2
    assert "OLD and NEW are both numbers of generations" in done.stderr


def test_a_service_is_asked_without_anything_heavy() -> None:
    program = (
        "import sys; from hss.cli import hss\nhss(['route', '--api', '127.0.0.1:1', '+49'], standalone_mode=False)"
    )
    quiet = f"import atexit, sys; atexit.register(lambda: print(sorted(sys.modules)))\n{program}"
    loaded = subprocess.run([sys.executable, "-c", quiet], capture_output=True, text=True, check=False).stdout
    assert "hss.cli.route" in loaded
    for heavy in ("'aiohttp'", "'sqlalchemy'", "'pydantic'", "'asyncio'", "'routing'"):
        assert heavy not in loaded
