"""Two kernels' worth of network on one kernel: here and a far namespace, joined by two paths that can be cut."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

FAR = "far"
# A path is given up after about half a second instead of half a minute.
QUICK = {"rto_initial": 60, "rto_min": 50, "rto_max": 200, "hb_interval": 100, "path_max_retrans": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoPaths:
    """`near[n]` and `far[n]` are the addresses of both ends of path n, 0 or 1."""

    near: tuple[str, str] = ("10.91.1.1", "10.91.2.1")
    far: tuple[str, str] = ("10.91.1.2", "10.91.2.2")

    def cut(self, path: int) -> None:
        """Take the far end's interface of a path down."""
        do("ip", "-n", FAR, "link", "set", f"far{path}", "down")

    def mend(self, path: int) -> None:
        """Bring it up again."""
        do("ip", "-n", FAR, "link", "set", f"far{path}", "up")

    def at_far(self, *command: str) -> tuple[str, ...]:
        """Give the command that runs `command` at the far end."""
        return ("ip", "netns", "exec", FAR, *command)


@contextmanager
def two_paths() -> Iterator[TwoPaths]:
    """Build the network; needs root. Associations give a path up quickly on it."""
    do("ip", "netns", "add", FAR)
    try:
        paths = TwoPaths()
        do("ip", "-n", FAR, "link", "set", "lo", "up")
        for number, (near, far) in enumerate(zip(paths.near, paths.far, strict=True)):
            do("ip", "link", "add", f"near{number}", "type", "veth", "peer", "name", f"far{number}", "netns", FAR)
            do("ip", "address", "add", f"{near}/24", "dev", f"near{number}")
            do("ip", "link", "set", f"near{number}", "up")
            do("ip", "-n", FAR, "address", "add", f"{far}/24", "dev", f"far{number}")
            do("ip", "-n", FAR, "link", "set", f"far{number}", "up")
        for prefix in ((), paths.at_far()):
            for name, value in QUICK.items():
                do(*prefix, "sysctl", "-q", "-w", f"net.sctp.{name}={value}")
        yield paths
    finally:
        do("ip", "netns", "delete", FAR)


@contextmanager
def silent_loopback() -> Iterator[None]:
    """Lose every packet of the loopback interface."""
    do("tc", "qdisc", "add", "dev", "lo", "root", "netem", "loss", "100%")
    try:
        yield
    finally:
        do("tc", "qdisc", "delete", "dev", "lo", "root")


def do(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - test commands
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"


def output_of(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 - test commands
