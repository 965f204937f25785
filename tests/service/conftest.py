"""The whole program as a user starts it, on free loopback ports, with the sample data."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner, Result

from hss.app.settings import Settings
from hss.cli import hss
from tests.contract.conftest import BINARIES, cluster

__all__ = ["cluster"]

HSS = [sys.executable, "-c", "import sys; sys.argv[0] = 'hss'; from hss.cli import main; main()"]
START_S = 60
LISTENERS = {
    f"--{name.replace('_', '-')}": "off"
    for name, one in Settings.model_fields.items()
    if name.endswith("_sctp") or re.fullmatch(r"[0-9.]+:[0-9]+", str(one.default))
} | {
    "--diameter-tcp": "127.0.0.1:0",
    "--m3ua-tcp": "127.0.0.1:0",
    "--m3ua-sctp": "off",
    "--api": "127.0.0.1:0",
    "--enum": "127.0.0.1:0",
    "--sip": "127.0.0.1:0",
    "--log": "error",
}
collect_ignore = [] if BINARIES else ["test_cluster.py"]
if not (shutil.which("dig") and shutil.which("sipp")):
    collect_ignore.append("test_route_tools.py")


@dataclass
class Service:
    """A running `hss serve`."""

    process: subprocess.Popen[str]
    database: Path | str
    errors: IO[str]
    lines: list[str] = field(default_factory=list)

    def address(self, name: str) -> str:
        """Say where a listener is, by the name that the service prints."""
        for line in self.lines:
            found = re.match(rf"  {name} +(?:http://)?(\S+?)(?:/api/docs)?$", line)
            if found:
                return found[1]
        raise LookupError(name)

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the command line against the service."""
        return run(*arguments, HSS_API=self.address("api"), **more)

    def invoke(self, *arguments: str, **more: str) -> Result:
        """Run a command of the command line against the service, in this process."""
        return invoke(*arguments, HSS_API=self.address("api"), **more)

    def call(self, method: str, *path: str, body: Any = None, kind: str = "application/json") -> tuple[int, Any]:
        """Call the management API, by the parts of a path or a whole one; give the status and the document."""
        connection = HTTPConnection(self.address("api"), timeout=START_S)
        whole = path[0].startswith("/")
        target = path[0] if whole else "/api/v1/" + "/".join(quote(part, safe="?=&") for part in path)
        text = None if body is None else json.dumps(body)
        try:
            connection.request(method, target, text, {"Content-Type": kind} if text else {})
            answer = connection.getresponse()
            octets = answer.read()
        finally:
            connection.close()
        return answer.status, json.loads(octets) if octets else None

    def put(self, *path: str, **body: Any) -> Any:
        """Create or replace a record."""
        status, document = self.call("PUT", *path, body=body)
        assert status in (200, 201), document
        return document

    def patch(self, *path: str, **change: Any) -> Any:
        """Change a record."""
        status, document = self.call("PATCH", *path, body=change, kind="application/merge-patch+json")
        assert status == 200, document
        return document

    def delete(self, *path: str) -> None:
        """Delete a record."""
        status, document = self.call("DELETE", *path)
        assert status == 204, document

    def logged(self) -> str:
        """Read what was printed to standard error so far."""
        self.errors.flush()
        with Path(self.errors.name).open() as again:
            return again.read()

    def end(self, number: int = signal.SIGINT) -> str:
        """End it as Ctrl-C does, and give what it printed."""
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=START_S)
        return rest

    def release(self) -> None:
        """End it whatever state it is in."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self.errors.close()


def clean_environment(**more: str) -> dict[str, str]:
    """Give the environment without settings of whoever runs the tests."""
    return {name: value for name, value in os.environ.items() if not name.startswith("HSS_")} | more


def invoke(*arguments: str, stdin: str | None = None, **more: str) -> Result:
    """Run a command in this process, which is quicker; one that should not go on for ever is ended."""
    environment: dict[str, str | None] = dict.fromkeys(name for name in os.environ if name.startswith("HSS_"))
    impatience = threading.Timer(START_S, os.kill, (os.getpid(), signal.SIGINT))
    impatience.start()
    try:
        return CliRunner().invoke(hss, arguments, input=stdin, env=environment | more, auto_envvar_prefix="HSS")
    finally:
        impatience.cancel()


def run(*arguments: str, stdin: str | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the command line."""
    env = clean_environment(**more)
    return subprocess.run(
        [*HSS, *arguments], capture_output=True, text=True, env=env, input=stdin, timeout=START_S, check=False
    )


def start(database: Path | str, *arguments: str) -> Service:
    """Start the service and read what it prints until it is ready; `arguments` go before the usual ones."""
    usual = [part for flag, value in LISTENERS.items() if flag not in arguments for part in (flag, value)]
    errors = tempfile.NamedTemporaryFile("w+", prefix="homeward-", suffix=".log")  # noqa: SIM115 - `release` closes it
    process = subprocess.Popen(
        [*HSS, "serve", "--database", str(database), *usual, *arguments],
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        env=clean_environment(),
    )
    service = Service(process, database, errors)
    impatience = threading.Timer(START_S, process.kill)
    impatience.start()
    assert process.stdout is not None
    try:
        for line in process.stdout:
            service.lines.append(line.rstrip("\n"))
            if line.startswith("Try"):
                return service
    finally:
        impatience.cancel()
    said = "\n".join([*service.lines, service.logged()])
    service.release()
    raise AssertionError(said)


@contextmanager
def running(database: Path | str, *arguments: str) -> Iterator[Service]:
    """Start the service, and end it whatever happens."""
    service = start(database, *arguments)
    try:
        yield service
    finally:
        service.release()


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Give a function that makes a new database with the sample data."""
    original = tmp_path_factory.mktemp("sample") / "homeward.db"
    assert run("init", "--sample", "--database", str(original)).returncode == 0

    def copied() -> Path:
        return Path(shutil.copytree(original.parent, tmp_path_factory.mktemp("service") / "data")) / original.name

    return copied


@pytest.fixture(scope="module")
def service(sample: Callable[[], Path]) -> Iterator[Service]:
    """Give a service with the sample data, shared by the tests of a module."""
    with running(sample()) as found:
        yield found
