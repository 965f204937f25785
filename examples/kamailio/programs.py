"""The programs of the example: started on free loopback ports, each with a log of its own, and ended by process id."""

# ruff: noqa: S603 - every command line is written here or in interop.py; nothing comes from outside

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final, Self

PROGRAMS: Final = {"kamailio": "kamailio", "kamcmd": "kamailio", "sipp": "sip-tester"}
MODULES: Final = {
    "cdp": "kamailio-ims-modules",
    "cdp_avp": "kamailio-ims-modules",
    "ims_icscf": "kamailio-ims-modules",
    "db_sqlite": "kamailio-sqlite-modules",
}
MODULE_FOLDERS: Final = ("usr/lib/*/kamailio/modules", "usr/lib*/kamailio/modules", "usr/local/lib*/kamailio/modules")
PATH: Final = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"  # of a user who is not root

FIRST_PORT: Final = 20_000  # below the range that the kernel hands out to outgoing connections
PORT_RANGE: Final = 12_000


class Failed(Exception):
    """A program did not do what the example needs; the message says which."""


def find(program: str) -> str | None:
    """Return the path of a program."""
    return shutil.which(program, path=PATH)


def missing_packages() -> list[str]:
    """Return the Debian packages that are needed and not installed."""
    missing = {package for program, package in PROGRAMS.items() if find(program) is None}
    missing |= {package for module, package in MODULES.items() if not _has_module(module)}
    return sorted(missing)


def _has_module(name: str) -> bool:
    return any(next(Path("/").glob(f"{folder}/{name}.so"), None) for folder in MODULE_FOLDERS)


def free_ports(number: int) -> list[int]:
    """Return ports of 127.0.0.1 that nobody uses, neither for TCP nor for UDP."""
    candidates = (FIRST_PORT + (os.getpid() * 16 + step) % PORT_RANGE for step in count())
    ports: list[int] = []
    while len(ports) < number:
        port = next(candidates)
        if not is_bound(port, socket.SOCK_STREAM) and not is_bound(port, socket.SOCK_DGRAM):
            ports.append(port)
    return ports


def is_bound(port: int, kind: socket.SocketKind) -> bool:
    """Tell whether a program has a port of 127.0.0.1."""
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


class Programs:
    """What runs, in one folder; leaving the context ends everything that was started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._started: dict[str, None] = {}  # in the order of their start
        self._environment = {name: text for name, text in os.environ.items() if not name.startswith("HSS_")}
        self._environment |= {"PATH": PATH, "TERM": "dumb"}

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all programs, the last one first."""
        for name in reversed(list(self._running)):
            self.end(name)

    def start(self, name: str, *command: str | Path) -> None:
        """Start a program that stays; its output goes to NAME.log."""
        self._started[name] = None
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # its children have its process group, and end with it
            )

    def run(self, *command: str | Path, limit_s: float = 20) -> str:
        """Run a program to its end and return what it printed, whatever its exit status; bounded in time."""
        try:
            done = subprocess.run(
                command,
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired as expired:
            raise Failed(f"{command[0]} took more than {limit_s:g} s") from expired
        return (done.stdout + done.stderr).decode(errors="replace")

    def end(self, name: str, *, how: signal.Signals = signal.SIGTERM) -> None:
        """End a program: ask, wait 5 s, then end its process group."""
        program = self._running.pop(name)
        if program.poll() is None:
            program.send_signal(how)
            try:
                program.wait(5)
            except subprocess.TimeoutExpired:
                program.kill()
        with suppress(ProcessLookupError):  # nothing of it is left, as it should be
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()

    def wait(self, name: str, for_what: str, ready: Callable[[], bool], *, limit_s: float = 20) -> None:
        """Wait until `ready`; raise `Failed` when the program ends before, or when it takes too long."""
        for _ in range(int(limit_s * 10)):
            if self._running[name].poll() is not None:
                raise Failed(f"{name} ended with status {self._running[name].returncode}")
            if ready():
                return
            time.sleep(0.1)
        raise Failed(f"{name}: not {for_what} after {limit_s:g} s")

    def log(self, name: str) -> Path:
        """Where the output of a program goes."""
        return self.folder / f"{name}.log"

    def tails(self, lines: int = 20) -> str:
        """Return the end of every log."""
        return "\n".join(
            f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
            for log in (self.log(name) for name in self._started)
        )


def exchange_ports(text: str, ports: Mapping[int, int]) -> str:
    """Write the ports of this run in the place of those that the files name."""
    names = "|".join(str(port) for port in ports)
    return re.sub(rf"(?<=\D)(?:{names})(?=\D)", lambda found: str(ports[int(found[0])]), text)
