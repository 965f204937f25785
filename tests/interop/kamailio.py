"""A Kamailio of our own on a free port, and the SIP user agents around it: plain UDP sockets, driven step by step."""

import os
import re
import select
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import count
from pathlib import Path

from tests.service.conftest import Service

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"  # of a user who is not root
PATIENCE_S = 20
PROBE_S = 0.1
HERE = Path(__file__).parent

_NUMBERS = count(1)


@dataclass(frozen=True)
class Message:
    """A SIP message: its first line, and the values of its headers by name in lower case."""

    first: str
    headers: dict[str, list[str]]

    @classmethod
    def read(cls, octets: bytes) -> "Message":
        """Read what came in a datagram."""
        first, *lines = octets.decode().partition("\r\n\r\n")[0].split("\r\n")
        headers: dict[str, list[str]] = {}
        for name, _, value in (line.partition(":") for line in lines):
            headers.setdefault(name.lower(), []).append(value.strip())
        return cls(first, headers)

    @property
    def status(self) -> int:
        """The status code of a response."""
        return int(self.first.split()[1])

    def __getitem__(self, name: str) -> str:
        """Give the first value of a header."""
        return self.headers[name][0]

    @property
    def contacts(self) -> list[str]:
        """The contacts in order, each as it is written."""
        return re.findall(r"<[^>]*>[^,]*", ", ".join(self.headers.get("contact", [])))


class Agent:
    """A user agent: a UDP socket on loopback, and the request that it sent last."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(PATIENCE_S)
        self.port: int = self._socket.getsockname()[1]
        self._request = ""

    def patience(self, seconds: float) -> None:
        """Set how long to wait for a message."""
        self._socket.settimeout(seconds)

    def close(self) -> None:
        """End."""
        self._socket.close()

    def ask(self, port: int, uri: str, *extra: str, method: str = "INVITE") -> None:
        """Send a request without a body; `extra` = further header lines."""
        name = f"{os.getpid()}-{next(_NUMBERS)}"
        lines = (
            f"{method} {uri} SIP/2.0", f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{name}",
            "Max-Forwards: 70", "From: <sip:caller@example.com>;tag=1", f"To: <{uri}>", f"Call-ID: {name}",
            f"CSeq: 1 {method}", f"Contact: <sip:caller@127.0.0.1:{self.port}>", *extra, "Content-Length: 0", "", "",
        )  # fmt: skip
        self._request = "\r\n".join(lines)
        self._socket.sendto(self._request.encode(), ("127.0.0.1", port))

    def final(self) -> Message:
        """Wait for the final response; acknowledge one that refuses an INVITE (RFC 3261 §17.1.1.3)."""
        while (response := self._receive()).status < 200:
            continue
        if response.status >= 300 and self._request.startswith("INVITE "):
            acknowledgement = self._request.replace("INVITE", "ACK")
            self._send(re.sub(r"(?<=\r\nTo: ).*?(?=\r\n)", response["to"], acknowledgement))
        return response

    def serve(self, status: str) -> Message:
        """Wait for an INVITE and answer it; wait for the acknowledgement where it was refused."""
        invite = self._receive()
        assert invite.first.startswith("INVITE ")
        lines = [f"SIP/2.0 {status}", *(f"Via: {value}" for value in invite.headers["via"]), f"From: {invite['from']}"]
        lines += [f"To: {invite['to']};tag=2", f"Call-ID: {invite['call-id']}", f"CSeq: {invite['cseq']}"]
        self._send("\r\n".join([*lines, f"Contact: <sip:127.0.0.1:{self.port}>", "Content-Length: 0", "", ""]))
        if not status.startswith("2"):
            assert self._receive().first.startswith("ACK ")
        return invite

    def is_quiet(self) -> bool:
        """Tell whether nothing waits to be read."""
        return not select.select([self._socket], [], [], 0)[0]

    def _receive(self) -> Message:
        octets, self._peer = self._socket.recvfrom(65535)
        return Message.read(octets)

    def _send(self, text: str) -> None:
        self._socket.sendto(text.encode(), self._peer)


@dataclass(frozen=True)
class Kamailio:
    """A Kamailio that runs: its SIP port, and the file of what it says."""

    port: int
    log: Path


@contextmanager
def agents(number: int) -> Iterator[list[Agent]]:
    """Give user agents, and end them."""
    with ExitStack() as stack:
        yield [stack.enter_context(closing(Agent())) for _ in range(number)]


@contextmanager
def running_kamailio(folder: Path, configuration: str, **names: str) -> Iterator[Kamailio]:
    """Start Kamailio with a file of this folder, and end it; `names` = what its preprocessor puts in their place."""
    program = shutil.which("kamailio", path=PATH)
    assert program, "not installed: kamailio; on Debian: apt-get install kamailio"
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as place:
        place.bind(("127.0.0.1", 0))
        port = place.getsockname()[1]
    found = Kamailio(port, folder / "kamailio.log")
    defined = [part for name, text in names.items() for part in ("-A", f"{name}={text}")]
    places = ("-w", folder, "-Y", folder, "-l", f"udp:127.0.0.1:{port}")
    with found.log.open("wb") as log:
        process = subprocess.Popen(
            [program, "-f", HERE / configuration, *places, *defined, "-DD", "-E"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # its children have its process group, and end with it
        )
    try:
        _wait(found, process)
        yield found
    finally:
        _end(process)


def _wait(kamailio: Kamailio, process: subprocess.Popen[bytes]) -> None:
    for _ in range(int(PATIENCE_S / PROBE_S)):
        with suppress(TimeoutError, ConnectionError), closing(Agent()) as probe:
            probe.patience(PROBE_S)
            probe.ask(kamailio.port, "sip:127.0.0.1", method="OPTIONS")
            assert probe.final().status == 200
            return
        if process.poll() is not None:
            break
    raise AssertionError(kamailio.log.read_text(errors="replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)
    with suppress(ProcessLookupError):  # nothing of it is left, as it should be
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def questions(service: Service, door: str) -> int:
    """Count the questions that came in by a door of the service."""
    with closing(HTTPConnection(service.address("api"), timeout=PATIENCE_S)) as connection:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    return int(re.findall(rf'^homeward_routing_questions(?:_total)?{{door="{door}"}} (\d+)', text, re.MULTILINE)[0])
