"""Load an HSS with LIRs over one TCP connection, and measure it from outside."""

import os
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic_ns
from typing import Final

from hss.app.no_answer import NoAnswer, WrongTarget
from hss.diameter.client import LocationInfoTemplate, surroundings
from hss.diameter.framing import Framing
from hss.diameter.local import Local
from hss.diameter.peer import Link, PeerMachine, State, end_to_end_identifiers
from hss.machine import Turn
from hss.transport.address import Address, AddressError
from hss.transport.load import Load, closed_loop, connected

READ_OCTETS: Final = 65536
PIECE: Final = 50_000  # requests that are encoded at once, so that a long run needs little memory
REQUEST_FLAG: Final = 0x80
SESSION_DIGITS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What to send to whom."""

    peer: str
    origin_host: str
    origin_realm: str
    destination_realm: str
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


def load_location_info(run: Run, identity: Callable[[int], str]) -> Figures:
    """Send `run.requests` LIRs; `identity` gives the public identity of each. Raises `NoAnswer`."""
    started = int(datetime.now(UTC).timestamp())
    local = Local(
        origin_host=run.origin_host,
        origin_realm=run.origin_realm,
        host_addresses=("127.0.0.1",),
        origin_state_id=started,
        accept_unknown_peers=True,
        twinit_s=3600.0,
    )
    prefix = f"{run.origin_host};{started}{secrets.randbelow(1000):03}"
    template = LocationInfoTemplate(local, destination_realm=run.destination_realm, session_prefix=prefix)
    try:
        address = Address.parse(run.peer)
        with connected(address.host, address.port, timeout_s=run.timeout_s) as connection:
            opened = _Opened(connection, local, started)
            return _measured(run, opened, template, identity)
    except AddressError as error:
        raise WrongTarget(str(error)) from error
    except (OSError, EOFError) as error:
        raise NoAnswer(f"{run.peer}: {str(error) or type(error).__name__}") from error


class _Opened:
    """A connection whose peer is open."""

    def __init__(self, connection: socket.socket, local: Local, started: int) -> None:
        around = surroundings(
            local, jitter=lambda: 0.0, end_to_end=end_to_end_identifiers(started, secrets.randbits(20))
        )
        peer = PeerMachine(around, Link(hop_by_hop=0, expected_host=""))
        self.connection = connection
        self._machine = Framing(peer, limit=local.max_message_octets)
        self._send(self._machine.connected(now=_now()))
        while peer.state is not State.OPEN:
            data = connection.recv(READ_OCTETS)
            turn = self._machine.receive(data, now=_now())
            if not data or turn.close:
                raise EOFError("the peer refused us: " + "; ".join(map(str, turn.events)))
            self._send(turn)

    def aside(self, message: bytes) -> bytes:
        """Answer a request of the peer."""
        return b"".join(self._machine.receive(message, now=_now()).send)

    def _send(self, turn: Turn[bytes]) -> None:
        self.connection.sendall(b"".join(turn.send))


def _measured(run: Run, opened: _Opened, template: LocationInfoTemplate, identity: Callable[[int], str]) -> Figures:
    loads: list[Load] = []
    cpu_s = 0.0
    for first in range(0, run.requests, PIECE):
        numbers = range(first, min(first + PIECE, run.requests))
        messages = [template.write(identity(number), number) for number in numbers]
        before = cpu_of(run.pid)
        loads.append(
            closed_loop(
                opened.connection,
                messages,
                window=run.window,
                length_of=_length,
                tag_of=lambda data, at, first=first: _tag(data, at, first),  # type: ignore[misc]
                aside=opened.aside,
            )
        )
        cpu_s += cpu_of(run.pid) - before
    return figures_of(run.window, loads, cpu_s if run.pid else None)


def figures_of(window: int, loads: Sequence[Load], cpu_s: float | None) -> Figures:
    """Join the pieces of one run; `cpu_s` is the server's for all of them."""
    ordered = sorted(latency for load in loads for latency in load.latencies_s)
    return Figures(
        window=window,
        answers=len(ordered),
        rate=len(ordered) / sum(load.seconds for load in loads),
        p50_s=ordered[len(ordered) // 2],
        p99_s=ordered[int(len(ordered) * 0.99)],
        cpu_s=None if cpu_s is None else cpu_s / len(ordered),
    )


def cpu_of(pid: int | None) -> float:
    """CPU time that a process has used, in seconds; 0 without a process."""
    if pid is None:
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _length(data: bytes, at: int) -> int:
    return int.from_bytes(data[at + 1 : at + 4], "big")


def _tag(data: bytes, at: int, first: int) -> int:
    return -1 if data[at + 4] & REQUEST_FLAG else int.from_bytes(data[at + 12 : at + 16], "big") - first


def _now() -> float:
    return monotonic_ns() / 1e9
