"""The configuration comes from flag, environment, file and default, in this order, and wrong keys are named."""

import json

import pytest
from click.testing import CliRunner, Result

from hss.cli import hss


def run(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(hss, arguments, env=env or {}, auto_envvar_prefix="HSS")


def test_flag_beats_environment_beats_file_beats_default(tmp_path) -> None:
    file = tmp_path / "hss.toml"
    file.write_text('origin_host = "file.example"\norigin_realm = "file.example"\ndatabase = "file.db"\n')
    env = {"HSS_ORIGIN_HOST": "environment.example", "HSS_ORIGIN_REALM": "environment.example"}
    result = run("config", "show", "--json", "--config", str(file), "--origin-host", "flag.example", env=env)
    shown = json.loads(result.stdout)
    assert (shown["origin_host"], shown["origin_realm"], shown["database"]) == (
        "flag.example",
        "environment.example",
        "file.db",
    )
    assert shown["api"] == "127.0.0.1:8080"


@pytest.mark.parametrize(
    ("arguments", "env", "words"),
    [
        (["--diameter-tcp", "here"], {}, ["diameter_tcp", "--diameter-tcp", "HOST:PORT"]),
        ([], {"HSS_WATCHDOG_S": "1"}, ["watchdog_s", "HSS_WATCHDOG_S", "greater than or equal to 6"]),
        (["--origin-host", "not a host"], {}, ["origin_host", "host name"]),
        (["--accept-unknown-peers", "maybe"], {}, ["accept_unknown_peers", "'loopback', 'always' or 'never'"]),
        (
            ["--diameter-tls", "127.0.0.1:5658"],
            {},
            ["tls_certificate (default)", "tls_key", "where diameter_tls listens"],
        ),
        (["--config", "/nowhere/hss.toml"], {}, ["config file /nowhere/hss.toml"]),
    ],
)
def test_a_wrong_key_ends_with_status_2_and_one_line_that_names_it(arguments, env, words) -> None:
    result = run("config", "check", *arguments, env=env)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    for word in words:
        assert word in result.stderr


def test_an_unknown_key_of_the_file_is_refused(tmp_path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text("diameter_udp = 'x'\n")
    result = run("config", "check", "--config", str(file))
    assert result.exit_code == 2
    assert "diameter_udp" in result.stderr
    assert "there is no such key" in result.stderr


def test_what_show_prints_is_a_file_that_config_reads(tmp_path) -> None:
    file = tmp_path / "shown.toml"
    file.write_text(run("config", "show", "--origin-host", "other.example", "--strict", "true").stdout)
    again = json.loads(run("config", "show", "--json", "--config", str(file)).stdout)
    assert (again["origin_host"], again["strict"]) == ("other.example", True)


def test_the_token_is_not_shown() -> None:
    assert "hunter2" not in run("config", "show", "--api-token", "hunter2").stdout


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://hss:hidden@db/hss", "postgresql://hss:***@db/hss"),
        ("postgresql://hss:hid:d@hidden@db/hss", "postgresql://hss:***@db/hss"),
        ("postgresql://hss@db/hss?password=hidden&ssl=on", "postgresql://hss@db/hss?password=***&ssl=on"),
        ("postgresql://hss@db:5432/hss", "postgresql://hss@db:5432/hss"),
        ("var/homeward.db", "var/homeward.db"),
    ],
)
def test_the_password_of_the_database_is_not_printed(url, shown) -> None:
    result = run("config", "show", "--json", "--database", url)
    assert json.loads(result.stdout)["database"] == shown
    assert "hidden" not in run("config", "show", "--database", url).stdout


def test_a_database_that_cannot_be_opened_is_named_without_its_password(tmp_path) -> None:
    key = tmp_path / "key"
    result = run("init", "--database", "postgresql://hss:hidden@127.0.0.1:1/hss", "--secrets-key-file", str(key))
    assert result.exit_code == 2
    assert "hss:***@127.0.0.1:1/hss" in result.stderr
    assert "hidden" not in result.output + result.stderr


def test_check_says_so_in_json_too() -> None:
    assert json.loads(run("config", "check", "--json").stdout) == {"good": True}


def test_init_says_what_it_made_in_json(tmp_path) -> None:
    database = tmp_path / "new.db"
    made = [json.loads(run("init", "--sample", "--json", "--database", str(database)).stdout) for _ in range(2)]
    assert made[0]["database"] == str(database)
    assert made[0]["created"] > 0
    assert made[1] == {"database": str(database), "created": 0}


@pytest.mark.parametrize("command", [("query", "lir", "tel:+4999"), ("query", "sri", "+4999"), ("bench", "lir", "x")])
def test_a_peer_that_is_no_address_is_wrong_usage(command) -> None:
    result = run(*command, "--peer", "nonsense")
    assert result.exit_code == 2
    assert result.stderr == "Error: no port: 'nonsense'; write HOST:PORT, or [IPV6]:PORT\n"
