"""What loads of every protocol share: a connection that is ready, the run in pieces, the figures."""

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic_ns
from typing import Any, Final

from hss.app.no_answer import NoAnswer, WrongTarget
from hss.machine import Machine, Turn
from hss.transport.address import Address, AddressError
from hss.transport.load import Load, closed_loop, connected

READ_OCTETS: Final = 65536
PIECE: Final = 50_000  # requests that are encoded at once, so that a long run needs little memory

Read = Callable[[bytes, int], int]  # of the octets from a place on


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How much to send, and to whom."""

    peer: str
    requests: int
    window: int
    timeout_s: float
    pid: int | None = None  # the server's process, to measure its CPU


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What one run gave. Times in seconds."""

    window: int
    answers: int
    rate: float
    p50_s: float
    p99_s: float
    cpu_s: float | None  # of the server, for one answer


class Ready:
    """A connection whose machine has come so far that it can ask; raises `EOFError` where the peer does not let it."""

    def __init__(self, connection: socket.socket, machine: Machine[Any], *, is_ready: Callable[[], bool]) -> None:
        self.connection = connection
        self._machine = machine
        self._send(machine.connected(now=_now()))
        while not is_ready():
            data = connection.recv(READ_OCTETS)
            turn = machine.receive(data, now=_now())
            if not data or turn.close:
                raise EOFError("the peer refused us: " + "; ".join(map(str, turn.events)))
            self._send(turn)

    def aside(self, message: bytes) -> bytes:
        """Answer a message that is no answer to a request of the run."""
        return b"".join(self._machine.receive(message, now=_now()).send)

    def _send(self, turn: Turn[Any]) -> None:
        self.connection.sendall(b"".join(turn.send))


@contextmanager
def connection_of(run: Run) -> Iterator[socket.socket]:
    """Give a connection to the peer; raises `WrongTarget`, and `NoAnswer` whenever the connection fails."""
    try:
        address = Address.parse(run.peer)
        with connected(address.host, address.port, timeout_s=run.timeout_s) as connection:
            yield connection
    except AddressError as error:
        raise WrongTarget(str(error)) from error
    except (OSError, EOFError) as error:
        raise NoAnswer(f"{run.peer}: {str(error) or type(error).__name__}") from error


def measured(run: Run, ready: Ready, write: Callable[[int], bytes], *, length_of: Read, number_of: Read) -> Figures:
    """Send what `write` gives for each number of a request, and time the answers.

    `number_of` an answer is the number of its request; negative for any other message.
    """
    loads: list[Load] = []
    cpu_s = 0.0
    for first in range(0, run.requests, PIECE):
        messages = [write(number) for number in range(first, min(first + PIECE, run.requests))]
        before = _cpu_of(run.pid)
        loads.append(
            closed_loop(
                ready.connection,
                messages,
                window=run.window,
                length_of=length_of,
                tag_of=lambda data, at, first=first: number_of(data, at) - first,  # type: ignore[misc]
                aside=ready.aside,
            )
        )
        cpu_s += _cpu_of(run.pid) - before
    return _figures(run.window, loads, cpu_s if run.pid else None)


def _figures(window: int, loads: Sequence[Load], cpu_s: float | None) -> Figures:
    ordered = sorted(latency for load in loads for latency in load.latencies_s)
    return Figures(
        window=window,
        answers=len(ordered),
        rate=len(ordered) / sum(load.seconds for load in loads),
        p50_s=ordered[len(ordered) // 2],
        p99_s=ordered[int(len(ordered) * 0.99)],
        cpu_s=None if cpu_s is None else cpu_s / len(ordered),
    )


def _cpu_of(pid: int | None) -> float:
    """CPU time that a process has used, in seconds; 0 without a process."""
    if pid is None:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _now() -> float:
    return monotonic_ns() / 1e9
