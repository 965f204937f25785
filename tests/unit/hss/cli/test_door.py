"""The door lists every command, and every command can be opened."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from hss.cli import COMMANDS, hss


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name) -> None:
    result = CliRunner().invoke(hss, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage:" in result.stdout


def test_help_names_the_exit_statuses() -> None:
    assert "Exit statuses" in CliRunner().invoke(hss, ["--help"]).stdout


def test_help_imports_neither_the_service_nor_its_libraries() -> None:
    program = "import sys, hss.cli; hss.cli.hss(['--help'], standalone_mode=False); print(sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    for heavy in ("'aiohttp'", "'sqlalchemy'", "'pydantic'", "'asyncio'", "'diameter'"):
        assert heavy not in loaded


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_printed(shell) -> None:
    assert "_HSS_COMPLETE" in CliRunner().invoke(hss, ["completion", shell]).stdout
