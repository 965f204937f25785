"""The command line against the running service: what it prints, where, and how it ends."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.service.conftest import Service, invoke, run

NEW = ("--operator", "mobile", "--imsi", "262010000000001", "--msisdn", "+491715550001", "--k", "0" * 31 + "1")


def done(result: Result, status: int = 0, said: str | None = None) -> str:
    """Check how a command ended; give what it printed. A failure says one line."""
    assert result.exit_code == status, result.output
    if status and said is not None:
        assert result.stderr.strip().splitlines()[-1].startswith("Error: "), result.stderr
        assert said in result.stderr
    if not status:
        assert result.stderr == ""
    return result.stdout


def shown(result: Result) -> Any:
    return json.loads(done(result))


@pytest.fixture
def subscriber(service: Service) -> str:
    """Create a subscriber from an IMSI and a number."""
    service.call("DELETE", "subscriptions", "262010000000001")
    found = shown(service.invoke("subscriber", "add", *NEW, "--opc", "f" * 32, "--json"))
    assert isinstance(found["name"], str)
    return found["name"]


# --- Subscribers -----------------------------------------------------------------------------------------------------


def test_a_subscriber_is_added_shown_changed_and_deleted(service: Service, subscriber: str) -> None:
    text = done(service.invoke("subscriber", "show", "tel:+49-171-5550001"))
    for word in (subscriber, "262010000000001@ims.mnc001.mcc262.3gppnetwork.org", "k, opc", "tel:+491715550001"):
        assert word in text
    assert "0000000001" * 3 not in text
    changed = service.invoke(
        "subscriber",
        "set",
        subscriber,
        "circuit_switched.voicebox=+491719",
        "devices:=3",
        "forking=sequential",
        "--json",
    )
    found = shown(changed)
    assert (found["circuit_switched"]["voicebox"], found["devices"], found["forking"]) == ("+491719", 3, "sequential")
    gone = shown(service.invoke("subscriber", "set", subscriber, "circuit_switched.voicebox:=null", "--json"))
    assert gone["circuit_switched"]["voicebox"] is None
    assert json.loads(done(service.invoke("subscriber", "delete", "+491715550001", "--json"))) == {
        "deleted": subscriber
    }
    done(service.invoke("subscriber", "show", subscriber), 1, subscriber)


def test_every_form_of_an_identity_finds_the_subscriber(service: Service, subscriber: str) -> None:
    for identity in (
        subscriber,
        "262010000000001",
        "+491715550001",
        "491715550001",
        "tel:+491715550001",
        "TEL:+49(171)5550001",
        "sip:+491715550001@ims.example",
        "sip:+491715550001@ims.example;user=phone",
        "262010000000001@ims.mnc001.mcc262.3gppnetwork.org",
    ):
        assert shown(service.invoke("subscriber", "show", identity, "--json"))["name"] == subscriber, identity


def test_the_registration_state_is_set_by_hand(service: Service, subscriber: str) -> None:
    scscf = ("--scscf", "sip:scscf7.ims.example")
    done(service.invoke("subscriber", "set", subscriber, "--state", "registered", *scscf))
    found = shown(service.invoke("subscriber", "show", subscriber, "--json"))
    assert ({group["state"] for group in found["sets"]}, found["scscf"]["name"]) == ({"registered"}, scscf[1])


def test_the_list_goes_page_by_page(service: Service, subscriber: str) -> None:
    names: list[str] = []
    after: tuple[str, ...] = ()
    while True:
        page = shown(service.invoke("subscriber", "list", "--limit", "4", "--json", *after))
        names += [item["name"] for item in page["items"]]
        if not page.get("next"):
            break
        after = ("--after", names[-1])
    assert names == sorted(names)
    assert {subscriber, "customer", "fixed-user"} <= set(names)
    result = service.invoke("subscriber", "list", "--limit", "1")
    assert (result.exit_code, result.stdout.count("\n")) == (0, 1)
    assert result.stderr.startswith("More: --after ")
    only = shown(service.invoke("subscriber", "list", "--operator", "fixed", "--json"))
    assert [item["name"] for item in only["items"]] == ["fixed-user"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("subscriber", "show", "sip:nobody@ims.example"), "sip:nobody@ims.example", id="nobody"),
        pytest.param(("subscriber", "delete", "+4930"), "+4930", id="nobody to delete"),
        pytest.param(("subscriber", "add", "--operator", "none", "--number", "+4930"), "operator", id="no operator"),
        pytest.param(("subscriber", "add", "--operator", "mobile"), "imsi, msisdn or number", id="no number"),
        pytest.param(
            ("subscriber", "add", "--operator", "mobile", "--msisdn", "+491715407090"), "customer", id="number taken"
        ),
        pytest.param(("subscriber", "add", "--operator", "mobile", "--number", "12x"), "number", id="not a number"),
        pytest.param(("subscriber", "set", "customer", "devices=many"), "devices", id="not a whole number"),
        pytest.param(("subscriber", "set", "customer", "colour=red"), "colour", id="no such field"),
        pytest.param(("subscriber", "set", "customer", "devices.x=1"), "devices", id="no such path"),
        pytest.param(("subscriber", "set", "customer", "private_identities.nai=x"), "private_identities", id="a list"),
    ],
)
def test_a_refusal_ends_with_status_1_and_names_what_is_wrong(
    service: Service, arguments: tuple[str, ...], said: str
) -> None:
    result = service.invoke(*arguments)
    done(result, 1, said)
    assert (result.stdout, result.stderr.count("\n")) == ("", 1)


@pytest.mark.parametrize(
    "arguments",
    [
        ("subscriber", "set", "customer", "devices"),
        ("subscriber", "set", "customer", "=1"),
        ("subscriber", "set", "customer", "a=1", "a.b=2"),
        ("subscriber", "set", "customer", "devices:=three"),
        ("subscriber", "set", "customer", "--state", "asleep"),
        ("subscriber", "list", "--limit", "0"),
        ("import", "/nowhere/at/all.jsonl"),
        ("export", "--sealed"),
        ("serve", "--nonsense"),
        ("nonsense",),
    ],
)
def test_wrong_usage_ends_with_status_2(service: Service, arguments: tuple[str, ...]) -> None:
    result = service.invoke(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Error" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", [("peers",), ("subscriber", "list"), ("export",), ("import", "-")])
def test_without_a_service_the_status_is_3_and_one_line_says_what_to_do(command: tuple[str, ...]) -> None:
    result = invoke(*command, "--api", "127.0.0.1:1", stdin='{"operator": "mobile"}\n')
    done(result, 3, "hss serve")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("address", ["ftp://127.0.0.1", "127.0.0.1:port", "127.0.0.1:99999", "http://", "[::1"])
def test_a_wrong_address_of_the_service_ends_with_status_2_and_one_line(address: str) -> None:
    result = invoke("peers", "--api", address)
    done(result, 2, "--api")
    assert result.stderr.count("\n") == 1


# --- Import and export -----------------------------------------------------------------------------------------------

GOOD = [{"operator": "mobile", "name": f"bulk-{number}", "number": f"+49171777{number:04}"} for number in range(50)]
BAD = {3: '{"operator": "none", "name": "x", "number": "+4917178"}', 7: "no JSON", 11: '{"operator": "mobile"}'}
BAD_FIELDS = {3: "operator", 7: "", 11: ""}


def lines_with_faults() -> str:
    lines = [json.dumps(body) for body in GOOD]
    for number in sorted(BAD):
        lines.insert(number - 1, BAD[number])
    return "\n".join(lines)  # the last line has no end


Import = Callable[..., Result]


@pytest.fixture(params=["service", "database"])
def importing(request: pytest.FixtureRequest, sample: Callable[[], Path]) -> tuple[Import, Import]:
    """Give import and export, through a service and straight into a database."""
    if request.param == "service":
        service: Service = request.getfixturevalue("service")
        for body in GOOD:
            service.call("DELETE", "subscriptions", str(body["name"]))
        place = ("--api", service.address("api"))
    else:
        place = ("--database", str(sample()))

    def import_(*arguments: str, **more: Any) -> Result:
        return invoke("import", *arguments, *place, **more)

    def export(*arguments: str) -> Result:
        return invoke("export", *arguments, *place)

    return import_, export


def test_an_import_takes_the_good_lines_and_reports_the_others(
    importing: tuple[Import, Import], tmp_path: Path
) -> None:
    import_, export = importing
    file, report = tmp_path / "lines.jsonl", tmp_path / "report.jsonl"
    file.write_text(lines_with_faults())
    result = import_(str(file), "--report", str(report), "--json", "--batch", "10")
    assert result.exit_code == 4, result.output
    assert json.loads(result.stdout) == {"line": 53, "created": 50, "replaced": 0, "refused_count": 3}
    refused = [json.loads(line) for line in report.read_text().splitlines()]
    assert [one["line"] for one in refused] == sorted(BAD)
    for one in refused:
        assert (one["field"] or "") == BAD_FIELDS[one["line"]], one
        assert one["rule"]
    for number in BAD:
        assert f"line {number}" in result.stderr
    assert result.stderr.strip().splitlines()[-1] == "Error: 3 lines were refused; the others were taken"
    again = import_(str(file), "--json", "--resume-behind", "20")
    assert again.exit_code == 0
    assert json.loads(again.stdout) == {"line": 53, "created": 0, "replaced": 33, "refused_count": 0}
    names = [json.loads(line)["name"] for line in done(export()).splitlines()]
    assert names == sorted(names)
    assert {body["name"] for body in GOOD} <= set(names)


def test_what_is_exported_can_be_imported(importing: tuple[Import, Import], tmp_path: Path) -> None:
    import_, export = importing
    for form in ("jsonl", "csv"):
        file = tmp_path / f"all.{form}"
        done(export("-o", str(file)))
        assert "465b5ce8b199b49faa5f0a2ee238a6bc" not in file.read_text().lower()
        before = file.read_bytes()
        result = import_(str(file), "--json")
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout)["created"] == 0
        done(export("-o", str(file)))
        if form == "jsonl":
            assert file.read_bytes() == before


def test_an_export_that_fails_leaves_the_file_as_it_is(importing: tuple[Import, Import], tmp_path: Path) -> None:
    _, export = importing
    file = tmp_path / "kept"
    file.write_text("kept")
    refused = export("--of", "operators", "--form", "csv", "-o", str(file))
    assert (refused.exit_code, file.read_text()) == (1, "kept")
    nowhere = export("-o", str(tmp_path / "nowhere" / "x"))
    assert nowhere.exit_code == 2
    assert "No such file or directory" in nowhere.stderr


def test_csv_is_read_and_written(importing: tuple[Import, Import], tmp_path: Path) -> None:
    import_, export = importing
    file = tmp_path / "lines.csv"
    rows = [{"operator": "mobile", "name": "bulk-1", "number": "+491717770001"},
            {"operator": "mobile", "name": "bulk-2", "number": "none"}]  # fmt: skip
    with file.open("w", newline="") as target:
        writer = csv.DictWriter(target, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    result = import_(str(file), "--json")
    assert result.exit_code == 4, result.output
    assert json.loads(result.stdout) == {"line": 3, "created": 1, "replaced": 0, "refused_count": 1}
    assert "line 3, number" in result.stderr
    written = list(csv.DictReader(done(export("--form", "csv")).splitlines()))
    assert [row["number"] for row in written if row["name"] == "bulk-1"] == ["+491717770001"]


def test_columns_that_nobody_knows_are_refused_whatever_follows(
    importing: tuple[Import, Import], tmp_path: Path
) -> None:
    import_, _ = importing
    file = tmp_path / "lines.csv"
    file.write_text("operator,shoe_size\n" + "mobile,44\n" * 500_000)
    result = import_(str(file))
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert ("shoe_size" in result.stderr, result.stderr.count("\n")) == (True, 1)


def test_very_many_refused_lines_neither_stop_nor_slow_the_import(
    importing: tuple[Import, Import], tmp_path: Path
) -> None:
    import_, _ = importing
    file, report = tmp_path / "lines.jsonl", tmp_path / "report.jsonl"
    count = 40_000
    file.write_text(f'{{"operator": "mobile", "name": "{"x" * 100}", "number": "none"}}\n' * count)
    result = import_(str(file), "--json", "--report", str(report))
    assert result.exit_code == 4, result.output
    assert json.loads(result.stdout)["refused_count"] == count
    assert report.read_text().count("\n") == count


def test_an_empty_file_is_imported(importing: tuple[Import, Import], tmp_path: Path) -> None:
    import_, _ = importing
    file = tmp_path / "none.jsonl"
    file.write_text("")
    assert shown(import_(str(file), "--json")) == {"line": 0, "created": 0, "replaced": 0, "refused_count": 0}


def test_sealed_secrets_go_into_a_database_with_the_same_key_and_no_other(
    sample: Callable[[], Path], tmp_path: Path
) -> None:
    here, there = sample(), sample()
    file = tmp_path / "sealed.jsonl"
    done(invoke("export", "--database", str(here), "--sealed", "-o", str(file)))
    assert "465b5ce8b199b49faa5f0a2ee238a6bc" not in file.read_text().lower()
    assert shown(invoke("import", str(file), "--database", str(there), "--json"))["refused_count"] == 0


# --- Peers, configuration, completion, help --------------------------------------------------------------------------


def test_peers_shows_who_is_connected_and_who_is_not(service: Service) -> None:
    from tests.service.wire import Peer, until  # noqa: PLC0415 - python-diameter is slow to import

    assert "icscf1.ims.example" in done(service.invoke("peers"))
    with Peer(service.address("diameter-tcp"), host="icscf1.ims.example") as peer:
        peer.open()
        [one] = shown(service.invoke("peers", "--json"))["connections"]
        assert (one["name"], one["transport"], one["protocol"]) == ("icscf1.ims.example", "tcp", "diameter")
        assert done(service.invoke("peers")).count("icscf1.ims.example") == 1
    until(lambda: shown(service.invoke("peers", "--json"))["connections"] == [])
    assert "not connected" in done(service.invoke("peers"))


def test_every_key_of_the_configuration_that_is_wrong_is_named_with_its_source_and_rule() -> None:
    wrong = {
        "origin_host": "-",
        "origin_realm": "a b",
        "diameter_tcp": "127.0.0.1",
        "diameter_sctp": "name:3868",
        "diameter_tls": "[::1",
        "api": "127.0.0.1:65536",
        "accept_unknown_peers": "perhaps",
        "second_connection": "maybe",
        "strict": "perhaps",
        "sip_uri_is_number": "2",
        "ims_restoration": "ja",
        "watchdog_s": "5.9",
        "max_message_octets": "100",
        "max_connections": "0",
        "max_open_requests": "none",
        "cache_entries": "-1",
        "log": "loud",
    }
    for name, value in wrong.items():
        flag = "--" + name.replace("_", "-")
        for arguments, env, source in (
            ((flag, value), {}, f"from {flag}"),
            ((), {f"HSS_{name.upper()}": value}, f"from HSS_{name.upper()}"),
        ):
            result = invoke("config", "check", *arguments, **env)
            done(result, 2, f"{name} ({source})")
            assert result.stderr.count("\n") == 1


def test_every_key_can_be_given_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "all.toml"
    file.write_text(done(invoke("config", "show")))
    first = shown(invoke("config", "show", "--json"))
    assert shown(invoke("config", "show", "--json", "--config", str(file))) == first
    for name in first:
        file.write_text(f"{name} = [1]\n")
        done(invoke("config", "check", "--config", str(file)), 2, f"{name} (in {file})")


def test_the_token_is_not_shown() -> None:
    assert "hidden-token" not in done(invoke("config", "show", "--api-token", "hidden-token"))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_gives_a_script(shell: str) -> None:
    assert "_HSS_COMPLETE" in done(invoke("completion", shell))


def test_what_a_shell_asks_for_is_completed() -> None:
    result = run(_HSS_COMPLETE="bash_complete", COMP_WORDS="hss sub", COMP_CWORD="1")
    assert result.stdout.strip() == "plain,subscriber"


def test_help_of_every_command_names_its_options() -> None:
    text = done(invoke("--help"))
    assert "Exit statuses" in text
    for command in ("serve", "init", "import", "export", "peers", "config", "completion", "subscriber"):
        assert command in text
        assert "--help" in done(invoke(command, "--help"))


# --- Load ------------------------------------------------------------------------------------------------------------


def test_a_load_of_lirs_has_an_answer_for_each_and_figures_for_every_window(service: Service) -> None:
    where = ("--peer", service.address("diameter-tcp"), "--requests", "300")
    windows = ("--window", "7", "--window", "64", "--pid", str(service.process.pid))
    rows = shown(invoke("bench", "lir", "tel:+491715407090", "tel:+4917100{}", "--json", *windows, *where))
    assert [(row["window"], row["answers"]) for row in rows] == [(7, 300), (64, 300)]
    assert all(row["rate"] > 0 and row["p50_s"] <= row["p99_s"] and row["cpu_s"] >= 0 for row in rows)
    assert "window     9" in done(invoke("bench", "lir", "tel:+491715407090", "--window", "9", *where))
    done(invoke("bench", "lir"), 2, "an identity is needed")
    done(invoke("bench", "lir", "tel:+4999", "--peer", "127.0.0.1:1"), 3, "127.0.0.1:1")
