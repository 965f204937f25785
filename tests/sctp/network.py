"""Two kernels' worth of network on one kernel: here and a far namespace, joined by two paths that can be cut."""

import ctypes
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

FAR = "far"
# A path is given up after about half a second instead of half a minute.
QUICK = {
    "rto_initial": 60,
    "rto_min": 50,
    "rto_max": 200,
    "hb_interval": 100,
    "path_max_retrans": 2,
    "association_max_retrans": 6,
}


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


@contextmanager
def two_paths() -> Iterator[TwoPaths]:
    """Build the network; needs root. Associations give a path up quickly on it."""
    do("ip", "netns", "add", FAR)
    try:
        paths = TwoPaths()
        near, far = ["link set lo up"], ["link set lo up"]
        for number, (here, there) in enumerate(zip(paths.near, paths.far, strict=True)):
            near += [f"link add near{number} type veth peer name far{number} netns {FAR}"]
            near += [f"address add {here}/24 dev near{number}", f"link set near{number} up"]
            far += [f"address add {there}/24 dev far{number}", f"link set far{number} up"]
        do("ip", "-batch", "-", lines=near)
        do("ip", "-n", FAR, "-batch", "-", lines=far)
        be_quick()
        with inside_far():
            be_quick()
        yield paths
    finally:
        do("ip", "netns", "delete", FAR)


def be_quick() -> None:
    for name, value in QUICK.items():
        (Path("/proc/sys/net/sctp") / name).write_text(str(value))


@contextmanager
def inside_far() -> Iterator[None]:
    """Put the sockets that this thread makes at the far end; they stay there."""
    namespaces = Path("/proc/thread-self/ns/net"), Path("/run/netns") / FAR
    with namespaces[0].open() as here, namespaces[1].open() as there:
        enter(there.fileno())
        try:
            yield
        finally:
            enter(here.fileno())


def enter(namespace: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)  # `os.setns` needs Python 3.12
    assert libc.setns(namespace, 0) == 0, os.strerror(ctypes.get_errno())


@contextmanager
def silent_loopback() -> Iterator[None]:
    """Lose every packet of the loopback interface."""
    do("tc", "qdisc", "add", "dev", "lo", "root", "netem", "loss", "100%")
    try:
        yield
    finally:
        do("tc", "qdisc", "delete", "dev", "lo", "root")


def do(*command: str, lines: Sequence[str] = ()) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, input="\n".join(lines))
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
