"""Programs of others take part here: these tests run only when the command line names their folder.

ENUM by the system resolver needs a resolv.conf that names 127.0.0.1. Where it names another server, those tests are not
collected with the folder, and a line at the end says so; named themselves they fail, and ask nobody.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.kamailio import Agent, agents
from tests.service.conftest import sample

__all__ = ["sample"]

LEFT_OUT = pytest.StashKey[str]()


def wrong_resolver() -> str | None:
    """Say why ENUM cannot be asked by the system resolver here; None where it can."""
    settings = Path("/etc/resolv.conf")
    text = settings.read_text() if settings.exists() else ""
    servers = re.findall(r"^nameserver\s+(\S+)", text, re.MULTILINE)
    if servers == ["127.0.0.1"]:
        return None
    return f"the system resolver asks {' '.join(servers) or 'nobody'}, not 127.0.0.1"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    named = any("interop" in argument for argument in config.args)
    if not named:
        return collection_path.is_relative_to(Path(__file__).parent) or None
    if collection_path.match("interop/test_enum*.py") and (why := wrong_resolver()):
        if any((config.invocation_params.dir / argument).is_dir() for argument in config.args):
            config.stash[LEFT_OUT] = why
        return True
    return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if why := config.stash.get(LEFT_OUT, None):
        terminalreporter.write_line(
            f"tests/interop/test_enum*.py did not run: {why}; `make interop` runs them where it does"
        )


@pytest.fixture(scope="session")
def resolver() -> str:
    """Give the place that the system resolver asks; hold that it is ours before anything is asked."""
    assert not (why := wrong_resolver()), f"{why}: tools/resolver/run COMMAND runs a command where it does"
    return "127.0.0.1:53"


@pytest.fixture
def caller() -> Iterator[Agent]:
    """Give a user agent."""
    with agents(1) as found:
        yield found[0]
