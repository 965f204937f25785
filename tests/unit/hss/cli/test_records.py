"""What the groups for records have in common: parts of a record, and changes that others race with."""

import json
from collections.abc import Iterator
from typing import Any

import click
import pytest
from click.testing import CliRunner

from hss.cli import hss
from hss.cli.http import ATTEMPTS, Api, Overtaken
from hss.cli.icscf_pools import POOLS
from hss.cli.output import Refusal
from hss.cli.records import Part, change_part

GROUPS = ("operator", "icscf-pool", "prefix", "number-block", "ported-number")
POOL = {
    "name": "south",
    "policy": "rendezvous",
    "members": [{"host": host, "port": port, "state": "up"} for host, port in (("a", 1), ("b", 1), ("b", 2))],
}


def part(host: str, port: int | None = None, **given: Any) -> Part:
    identity = {"host": host} | ({} if port is None else {"port": port})
    return Part(listed="members", name=f"member {host}", identity=identity, given=given)


def hosts(patch: Any) -> list[tuple[str, int | None]]:
    return [(one["host"], one.get("port")) for one in patch["members"]]


def test_a_part_is_changed_where_it_stands() -> None:
    patch = part("b", 2, state="down", weight=None).changed(POOL, None)
    assert hosts(patch) == [("a", 1), ("b", 1), ("b", 2)]
    assert [one["state"] for one in patch["members"]] == ["up", "up", "down"]
    assert "weight" not in patch["members"][2]


def test_a_part_is_added_behind_the_others_and_removed_from_among_them() -> None:
    assert hosts(part("c", weight=3).changed(POOL, "add")) == [("a", 1), ("b", 1), ("b", 2), ("c", None)]
    assert hosts(part("b", 1).changed(POOL, "remove")) == [("a", 1), ("b", 2)]


@pytest.mark.parametrize(
    ("wanted", "way", "said"),
    [
        (part("c"), None, "there is no member c; --add adds it"),
        (part("c"), "remove", r"there is no member c\Z"),
        (part("b"), None, "more than one member b; say its port, too"),
        (part("a", 1), "add", "member a is there already"),
    ],
)
def test_a_part_that_is_missing_or_there_already_is_refused(wanted: Part, way: str | None, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        wanted.changed(POOL, way)


class Answer:
    """An answer of a service."""

    def __init__(self, status: int, body: Any, tag: str = "") -> None:
        self.status = status
        self.reason = ""
        self.headers = {"ETag": tag}
        self._octets = json.dumps(body).encode()

    def read(self) -> bytes:
        return self._octets

    def __iter__(self) -> Iterator[bytes]:
        return iter([self._octets])


class Raced(Api):
    """A service whose pool `others` change `overtaken` times before the caller's patch arrives."""

    def __init__(self, overtaken: int) -> None:
        super().__init__("127.0.0.1:1", None)
        self.pool: dict[str, Any] = POOL
        self.version = 1
        self.overtaken = overtaken

    def _open(self, method: str, *rest: Any) -> Any:
        *_, body, headers = rest
        if method == "GET":
            return Answer(200, self.pool, f'"{self.version}"')
        if self.overtaken:
            self.overtaken -= 1
            self.version += 1
            self.pool = self.pool | {"members": [*self.pool["members"], {"host": f"other{self.version}", "port": 1}]}
        if headers["If-Match"] != f'"{self.version}"':
            return Answer(412, {"title": "changed"})
        self.pool = self.pool | json.loads(body)
        return Answer(200, self.pool)


def test_a_change_is_made_again_where_somebody_else_was_faster_and_nothing_is_lost() -> None:
    api = Raced(overtaken=2)
    api.revise("icscf-pools", "south", change=lambda document: part("a", state="down").changed(document, None))
    assert [one["host"] for one in api.pool["members"]] == ["a", "b", "b", "other2", "other3"]
    assert api.pool["members"][0]["state"] == "down"


def test_a_change_that_others_keep_overtaking_is_given_up() -> None:
    api = Raced(overtaken=ATTEMPTS)
    with pytest.raises(Overtaken):
        api.revise("icscf-pools", "south", change=lambda document: document)


def test_what_is_removed_is_not_changed() -> None:
    with pytest.raises(click.UsageError):
        change_part(Raced(overtaken=0), POOLS, "south", part("a", state="up"), way="remove", as_json=False)


@pytest.mark.parametrize("group", GROUPS)
def test_every_command_of_a_group_explains_itself(group: str) -> None:
    listed = CliRunner().invoke(hss, [group, "--help"]).stdout
    names = [line.split()[0] for line in listed.partition("Commands:\n")[2].splitlines()]
    assert {"add", "delete", "list", "show"} <= set(names)
    for name in names:
        result = CliRunner().invoke(hss, [group, name, "--help"])
        assert (result.exit_code, "--json" in result.stdout) == (0, True), result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("operator", "add", "x", "--home-domain", "x.example", "--country-code", "49"),
        ("operator", "entry-node", "x", "m1", "--add"),
        ("icscf-pool", "member", "x", "host:port"),
        ("number-block", "add", "+49", "--operator", "x"),
        ("number-block", "set", "+49"),
        ("number-block", "set", "+49", "maximum"),
        ("ported-number", "add", "+49"),
        ("prefix", "set", "+49", "operator=x"),
        ("import", "--of", "rubbish", "-"),
    ],
)
def test_wrong_usage_asks_no_service(arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(hss, arguments)
    assert (result.exit_code, "Usage:" in result.stderr) == (2, True), result.output


@pytest.mark.parametrize(("typed", "offered"), [("number", "number-block"), ("icscf", "icscf-pool")])
def test_the_shell_completes_the_commands(typed: str, offered: str) -> None:
    words = {"_HSS_COMPLETE": "bash_complete", "COMP_WORDS": f"hss {typed}", "COMP_CWORD": "1"}
    assert f"plain,{offered}" in CliRunner().invoke(hss, prog_name="hss", env=words).stdout
    words |= {"COMP_WORDS": f"hss {offered} sh", "COMP_CWORD": "2"}
    assert "plain,show" in CliRunner().invoke(hss, prog_name="hss", env=words).stdout
