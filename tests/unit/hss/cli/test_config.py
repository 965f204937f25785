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
