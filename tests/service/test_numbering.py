"""The numbering plan by the command line: every group, against the running service and against a database."""

import csv
import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from hss.cli.bulk import HELD
from tests.service.conftest import Service, invoke, running
from tests.unit.hss.cli.test_routing_document import examples


@pytest.fixture(scope="module")
def own(sample: Callable[[], Path]) -> Iterator[Service]:
    """Give a service whose data the tests change."""
    with running(sample()) as found:
        yield found


def said(result: Result) -> str:
    """Give what a command that went well printed."""
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


def shown(result: Result) -> Any:
    return json.loads(said(result))


def refused(result: Result, words: str, status: int = 1) -> None:
    """Check that a command was refused in one line."""
    assert (result.exit_code, result.stdout) == (status, ""), result.output
    assert result.stderr == f"Error: {words}\n"


def test_the_examples_of_the_document_print_what_stands_there(sample: Callable[[], Path]) -> None:
    with running(sample()) as fresh:
        for command, output in examples(of_service=True):
            printed = said(fresh.invoke(*shlex.split(command)[1:]))
            assert printed.rstrip() == output.rstrip() or not output.strip()


def test_an_operator_is_added_shown_changed_and_deleted(own: Service) -> None:
    base = ("--type", "2", "--home-domain", "South.example", "--country-code", "49", "--area-code", "30")
    refused(
        own.invoke("operator", "add", "south", *base, "--icscf-pool", "nowhere"),
        "icscf.pool: there is no I-CSCF pool 'nowhere'",
    )
    further = ("--prefix", "+49-30-9", "--icscf-host", "i.south.example", "icscf.port:=5070", "trunk_prefix:=null")
    assert said(own.invoke("operator", "add", "south", *base, *further)).splitlines() == [
        "south (type 2, fixed)",
        "  domain    south.example",
        "  dialling  +49  area 30  international 00",
        "  prefix    +49309",
        "  I-CSCF    i.south.example:5070",
    ]
    refused(own.invoke("operator", "add", "south", *base), "name: the operator south exists already")
    refused(own.invoke("operator", "set", "south", "bogus=1"), "bogus: is not a field here")
    changed = own.invoke("operator", "set", "south", "mcc=262", "icscf.host:=null", "icscf.port:=null", "icscf.pool=fixed-icscfs", "--json")  # fmt: skip  # noqa: E501
    assert (shown(changed)["mcc"], shown(changed)["icscf"]["pool"]) == ("262", "fixed-icscfs")
    listed = said(own.invoke("operator", "list", "--type", "2")).splitlines()
    assert [line.split()[0] for line in listed] == ["fixed", "south"]
    refused(own.invoke("icscf-pool", "delete", "fixed-icscfs"), "name: operators depend on it: fixed and 1 more")
    assert shown(own.invoke("operator", "delete", "south", "--json")) == {"deleted": "south"}
    refused(own.invoke("operator", "show", "south"), "There is no operator south.")
    refused(own.invoke("operator", "delete", "fixed"), "name: subscribers depend on it: fixed-user")


def test_an_operator_with_many_numbers_shows_the_first(own: Service) -> None:
    base = ("--type", "2", "--home-domain", "many.example", "--country-code", "49")
    prefixes = [part for each in range(12) for part in ("--prefix", f"+4933{each:02}")]
    text = said(own.invoke("operator", "add", "many", *base, *prefixes))
    assert "  prefix    +493309\n  prefix    ... and 2 more\n" in text
    said(own.invoke("operator", "delete", "many"))


def test_what_else_leads_to_an_operator_is_shown(own: Service) -> None:
    base = ("--type", "2", "--home-domain", "codes.example", "--country-code", "49")
    codes = ('routing_numbers:=["D150"]', 'carriers:=["+4901"]', "home:=false", "default_route:=true")
    services = 'service_numbers:=[{"number": "113", "urn": "urn:service:sos.police"}]'
    assert said(own.invoke("operator", "add", "codes", *base, *codes, services)).splitlines() == [
        "codes (type 2, fixed, subscribers kept elsewhere, default route)",
        "  domain    codes.example",
        "  dialling  +49  trunk 0  international 00",
        "  routing   D150",
        "  carrier   +4901",
        "  service   113 in +49  urn:service:sos.police",
    ]
    exported = said(own.invoke("export", "--of", "operators"))
    said(own.invoke("operator", "delete", "codes"))
    said(own.invoke("import", "--of", "operators", "-", stdin=exported))
    assert said(own.invoke("export", "--of", "operators")) == exported
    said(own.invoke("operator", "delete", "codes"))


def test_entry_nodes_are_added_changed_and_removed(own: Service) -> None:
    node = ("operator", "entry-node", "mobile", "gmsc2")
    refused(own.invoke(*node, "--state", "down"), "there is no entry node gmsc2 of mobile; --add adds it")
    added = shown(own.invoke(*node, "--add", "--kind", "gmsc", "--host", "g2.example", "--json"))
    assert [one["name"] for one in added["entry_nodes"]] == ["gmsc1", "gmsc2"]
    text = said(own.invoke(*node, "--state", "down", "--weight", "3"))
    assert "  entry     gmsc2         gmsc  g2.example                      down  priority 0  weight 3\n" in text
    assert "gmsc2" not in said(own.invoke(*node, "--remove"))


def test_a_member_of_a_pool_goes_down_by_one_command_and_calls_go_elsewhere(own: Service) -> None:
    pool, hosts = "fixed-icscfs", ("icscf1.fixed.example", "icscf2.fixed.example")

    def first() -> str:
        status, plan = own.call("POST", "route", body={"called": "+497219578290"})
        assert status == 200
        return str(plan["icscf"]["chosen"])

    assert first() == hosts[0]
    said(own.invoke("icscf-pool", "member", pool, hosts[0], "--state", "down"))
    assert first() == hosts[1]
    assert "priority-weight  1 of 2 up" in said(own.invoke("icscf-pool", "list", "--beginning", "fixed"))
    said(own.invoke("icscf-pool", "member", pool, hosts[0], "--state", "up"))
    assert first() == hosts[0]


def test_a_pool_and_its_members_are_kept(own: Service) -> None:
    made = ("icscf-pool", "add", "north", "--member", "I8.example", "--member", "i9.example:5070")
    assert said(own.invoke(*made)).splitlines() == [
        "north (rendezvous)",
        "  member    i8.example:5060                 up    udp   priority 0  weight 1",
        "  member    i9.example:5070                 up    udp   priority 0  weight 1",
    ]
    member = ("icscf-pool", "member", "north")
    refused(own.invoke(*member, "i7.example", "--remove"), "there is no member i7.example of north")
    found = shown(own.invoke(*member, "i8.example:5061", "--add", "--transport", "tcp", "--priority", "2", "--json"))
    assert found["members"][2] | {"transport": "tcp", "priority": 2, "port": 5061} == found["members"][2]
    refused(own.invoke(*member, "i8.example"), "more than one member i8.example of north; say its port, too")
    assert "i8.example:5061" not in said(own.invoke(*member, "i8.example:5061", "--remove"))
    assert said(own.invoke("icscf-pool", "set", "north", "policy=round-robin")).startswith("north (round-robin)")
    assert said(own.invoke("icscf-pool", "delete", "north")) == "Deleted north.\n"


def test_prefixes_are_given_to_operators(own: Service) -> None:
    assert said(own.invoke("prefix", "add", "+49-172", "--operator", "mobile")) == "+49172           mobile\n"
    refused(own.invoke("prefix", "add", "+49172", "--operator", "mobile"), "prefix: the prefix +49172 exists already")
    refused(own.invoke("prefix", "add", "+49172", "--operator", "fixed"), "prefix: +49172 belongs to operator 'mobile'")
    refused(own.invoke("prefix", "add", "+4", "--operator", "nobody"), "operator: there is no operator 'nobody'")
    assert own.call("POST", "route", body={"called": "+491725"})[1]["operator"]["name"] == "mobile"
    assert [
        one["prefix"] for one in shown(own.invoke("prefix", "list", "--operator", "mobile", "--json"))["items"]
    ] == [
        "+49171",
        "+49172",
    ]
    assert said(own.invoke("prefix", "delete", "+49172")) == "Deleted +49172.\n"
    refused(own.invoke("prefix", "delete", "+49172"), "there is no prefix +49172")
    refused(own.invoke("prefix", "show", "+49172"), "There is no prefix +49172.")


def test_number_blocks_are_given_to_operators_and_contradictions_are_listed(own: Service) -> None:
    add = ("number-block", "add")
    said(own.invoke(*add, "+4972190", "--operator", "fixed", "--minimum", "1", "--maximum", "4"))
    refused(
        own.invoke(*add, "+4972191", "--operator", "fixed", "--minimum", "5", "--maximum", "4"),
        "minimum must not be above maximum",
    )
    refused(own.invoke(*add, "+4972191", "--operator", "fixed", "--maximum", "15"), "maximum: must be at most 14")
    refused(
        own.invoke(*add, "+4972190", "--operator", "mobile", "--maximum", "4"),
        "stem: +4972190 belongs to operator 'fixed'",
    )
    said(own.invoke(*add, "+49721905", "--operator", "fixed", "--minimum", "1", "--maximum", "3"))
    check = own.invoke("route", "check")
    assert check.exit_code == 1
    assert "nested-stems" in check.stdout
    assert "stem 49721905 of fixed" in check.stdout
    assert "stem 4972190 of fixed" in check.stdout
    changed = said(own.invoke("number-block", "set", "+4972190", "minimum:=3", "maximum:=5"))
    assert changed == "+4972190         fixed                3 to 5 digits\n"
    listed = own.invoke("number-block", "list", "--beginning", "+4972190", "--limit", "1")
    assert (listed.stdout, listed.stderr) == (changed, "More: --after +4972190\n")
    for stem in ("+4972190", "+49721905"):
        said(own.invoke("number-block", "delete", stem))
    assert own.invoke("route", "check").exit_code == 0


def test_ported_numbers_are_kept_one_by_one(own: Service) -> None:
    assert said(own.invoke("ported-number", "add", "+4915110", "--operator", "fixed")) == "+4915110         fixed\n"
    text = said(own.invoke("ported-number", "add", "+4915111", "--routing-number", "D77"))
    assert text == "+4915111         -                    rn D77\n"
    refused(
        own.invoke("ported-number", "set", "+4915111", "routing_number:=null"),
        "a ported number needs operator or routing_number",
    )
    said(own.invoke("ported-number", "set", "+4915111", "operator=fixed", "routing_number:=null"))
    listed = said(own.invoke("ported-number", "list", "--beginning", "+49151", "--operator", "fixed"))
    assert [line.split() for line in listed.splitlines()] == [["+4915110", "fixed"], ["+4915111", "fixed"]]
    for number in ("+4915110", "+4915111"):
        said(own.invoke("ported-number", "delete", number))


def test_nobody_answers() -> None:
    result = invoke("number-block", "list", HSS_API="127.0.0.1:1")
    assert (result.exit_code, result.stderr.count("\n")) == (3, 1)


def test_files_of_blocks_name_each_refused_line(own: Service, tmp_path: Path) -> None:
    file = tmp_path / "blocks.csv"
    file.write_text(
        "stem,operator,minimum,maximum\n+49722,fixed,1,4\n+49723,nobody,0,3\n+49721957829,mobile,0,3\nx,fixed,0,3\n"
    )
    done = own.invoke("import", "--of", "number-blocks", str(file))
    assert (done.exit_code, done.stdout) == (4, "5 lines: 1 created, 0 replaced\n")
    assert done.stderr.splitlines()[:2] == [
        "line 3, operator: there is no operator 'nobody'",
        "line 4, stem: +49721957829 belongs to operator 'fixed'",
    ]
    given = said(own.invoke("export", "--of", "number-blocks", "--form", "csv"))
    assert next(csv.DictReader(given.splitlines()[0:2])) == {
        "stem": "+49721957829", "operator": "fixed", "minimum": "1", "maximum": "4",
    }  # fmt: skip
    plan = own.call("POST", "route", body={"called": "+49722123"})[1]
    assert plan["operator"]["name"] == "fixed"
    said(own.invoke("number-block", "delete", "+49722"))
    refused(own.invoke("export", "--of", "operators", "--form", "csv"), "form: must be jsonl: a row of csv does not hold an operator")  # fmt: skip  # noqa: E501


def test_the_numbering_plan_moves_to_another_database(own: Service, tmp_path: Path) -> None:
    database = str(tmp_path / "other.db")
    held = ("icscf-pools", "operators", "prefixes", "number-blocks", "ported-numbers")
    early = tmp_path / "operators.jsonl"
    early.write_text(said(own.invoke("export", "--of", "operators")))
    done = invoke("import", "--database", database, "--of", "operators", str(early))
    assert done.exit_code == 4
    assert "line 1, icscf.pool: there is no I-CSCF pool 'fixed-icscfs'" in done.stderr
    for of in held:
        given = said(own.invoke("export", "--of", of))
        assert given
        said(invoke("import", "--database", database, "--of", of, "-", stdin=given))
        assert said(invoke("export", "--database", database, "--of", of)) == given


def test_the_shell_the_service_and_its_description_name_the_same_files(own: Service) -> None:
    document = own.call("GET", "openapi.json")[1]
    for path, method in (("import", "post"), ("export", "get")):
        parameters = {one["name"]: one for one in document["paths"][f"/api/v1/{path}"][method]["parameters"]}
        assert parameters["of"]["schema"]["enum"] == list(HELD)
    assert own.call("GET", "export?of=rubbish")[1]["errors"][0]["rule"] == f"must be one of {', '.join(HELD)}"


def test_an_operator_of_many_blocks_fits_into_a_line(own: Service) -> None:
    blocks = [{"stem": f"+4941{each:06}", "minimum": 0, "maximum": 4} for each in range(20_000)]
    operator = {"name": "wide", "type": 2, "home_domain": "w.example", "country_code": "49", "blocks": blocks}
    line = json.dumps(operator)
    assert len(line) > 1 << 20
    assert said(own.invoke("import", "--of", "operators", "-", stdin=line)) == "1 lines: 1 created, 0 replaced\n"
    found = json.loads(said(own.invoke("operator", "show", "wide", "--json")))
    assert len(found["blocks"]) == len(blocks)
    said(own.invoke("operator", "delete", "wide"))
