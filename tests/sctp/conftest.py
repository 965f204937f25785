"""These tests need a kernel with SCTP. Where there is none they are not collected, and a line at the end says so."""

import pytest

from hss.transport.sctp import sctp_available
from tests.service.conftest import sample

__all__ = ["sample"]

MISSING = sctp_available()
collect_ignore_glob = ["test_*.py"] if MISSING else []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if MISSING:
        terminalreporter.write_line(f"tests/sctp did not run: {MISSING}; `make test-sctp` brings a kernel that has it")
