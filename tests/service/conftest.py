"""The whole program as a user starts it, on free loopback ports, with the sample data."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HSS = [sys.executable, "-c", "from hss.cli import main; main()"]
START_S = 30


@dataclass
class Service:
    """A running `hss serve`."""

    process: subprocess.Popen[str]
    database: Path
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

    def end(self) -> str:
        """End it as Ctrl-C does, and give what it printed."""
        self.process.send_signal(signal.SIGINT)
        rest, _ = self.process.communicate(timeout=START_S)
        return rest


def run(*arguments: str, stdin: str | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the command line."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("HSS_")} | more
    return subprocess.run(
        [*HSS, *arguments], capture_output=True, text=True, env=env, input=stdin, timeout=60, check=False
    )


def start(database: Path, *arguments: str) -> Service:
    """Start the service and read what it prints until it is ready."""
    command = [*HSS, "serve", "--database", str(database), "--log", "error"]
    listeners = ["--diameter-tcp", "127.0.0.1:0", "--diameter-sctp", "off", "--api", "127.0.0.1:0"]
    process = subprocess.Popen(
        [*command, *listeners, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    service = Service(process, database)
    assert process.stdout is not None
    for line in process.stdout:
        service.lines.append(line.rstrip("\n"))
        if line.startswith("Try"):
            return service
    raise AssertionError("\n".join(service.lines))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give a service with the sample data, shared by the tests of a module."""
    database = tmp_path_factory.mktemp("service") / "homeward.db"
    assert run("init", "--sample", "--database", str(database)).returncode == 0
    running = start(database)
    yield running
    if running.process.poll() is None:
        running.end()
