"""A kernel without SCTP: off for a reason by default, an error where SCTP was asked for, and all else is served."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hss.transport.sctp import sctp_available
from tests.service import conftest
from tests.service.conftest import LISTENERS, run, running
from tests.service.wire import Peer, until

REASON = "the kernel has no SCTP (Protocol not supported)"
WITHOUT_SCTP = """
import errno, os, socket

class Socket(socket.socket):
    def __init__(self, family=-1, type=-1, proto=-1, fileno=None):
        if proto == socket.IPPROTO_SCTP:
            raise OSError(errno.EPROTONOSUPPORT, os.strerror(errno.EPROTONOSUPPORT))
        super().__init__(family, type, proto, fileno)

socket.socket = Socket
from hss.cli import main
main()
"""


@pytest.fixture(autouse=True)
def _without_sctp(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take SCTP from the program where the kernel has it."""
    if sctp_available() is None:
        monkeypatch.setattr(conftest, "HSS", [sys.executable, "-c", WITHOUT_SCTP])


def others() -> list[str]:
    """Give the flags of all listeners but that of Diameter over SCTP."""
    return [part for flag, value in LISTENERS.items() if flag != "--diameter-sctp" for part in (flag, value)]


@pytest.mark.parametrize(
    ("flags", "environment"),
    [(["--diameter-sctp", "127.0.0.1:0"], {}), ([], {"HSS_DIAMETER_SCTP": "127.0.0.1,127.0.0.2:0"})],
    ids=["flag", "environment"],
)
def test_what_was_asked_for_by_name_stops_the_start(
    flags: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    database = str(tmp_path / "homeward.db")
    done = run("serve", "--database", database, *others(), *flags, **environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"Error: diameter_sctp: {REASON}\n"


def test_what_was_not_asked_for_is_off_and_all_else_is_served(
    sample: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(LISTENERS, "--diameter-sctp")
    with running(sample(), "--log", "warning") as service:
        assert f"  diameter-sctp   off: {REASON}" in service.lines
        reports = {one["name"]: one for one in service.call("GET", "/readyz")[1]["listeners"]}
        assert (reports["diameter-sctp"]["state"], reports["diameter-sctp"]["reason"]) == ("off", REASON)
        with Peer(service.address("diameter-tcp")) as peer:
            assert peer.open().locate("tel:+491715407090").result == 2001
        service.put("diameter-peers", "far.ims.example", transport="sctp", addresses=["127.0.0.1"], connect=True)
        until(lambda: "connect failed origin_host=far.ims.example" in service.logged())
        assert service.call("GET", "/readyz")[0] == 200
        service.end()
        assert service.process.returncode == 0


def test_a_query_says_why_it_cannot_go_by_sctp() -> None:
    done = run("query", "lir", "tel:+491715407090", "--transport", "sctp")
    assert (done.returncode, done.stdout) == (3, "")
    assert REASON in done.stderr
