"""Figures of routing in the running service: `python -m benchmarks.routing_service [ported numbers]`.

The service runs by itself in a process of its own on free loopback ports; what is counted is its own CPU time, so that
the load generator beside it does not matter.
"""

import asyncio
import json
import os
import random
import re
import resource
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

SUBSCRIBERS = 5000
PORTED = 1_000_000
BATCH = 200_000
QUESTIONS = 60_000
OPEN_AT_ONCE = 64
HSS = [sys.executable, "-c", "from hss.cli import main; main()"]
FLAGS = ("--diameter-sctp", "off", "--log", "error")
PORTS = ("diameter-tcp", "m3ua-tcp", "api", "enum", "sip")


@dataclass(frozen=True)
class Running:
    """A service and where it listens."""

    pid: int
    places: dict[str, tuple[str, int]]

    def cpu_s(self) -> float:
        """Read the CPU time that the service has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mib(self) -> float:
        """Read the memory of the service."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def number(at: int) -> str:
    """Name a subscriber."""
    return f"+4917155{at:06}"


def furnish(folder: Path, ported: int) -> Path:
    """Make a database with subscribers and ported numbers."""
    database = folder / "homeward.db"
    run("init", "--sample", "--quiet", "--database", str(database))
    lines = folder / "subscribers.jsonl"
    lines.write_text("".join(json.dumps(person(at)) + "\n" for at in range(SUBSCRIBERS)))
    run("import", "--database", str(database), str(lines))
    with sqlite3.connect(database) as connection:
        connection.executemany(
            "INSERT INTO ported_number (digits, version, operator_id, routing_number) VALUES (?, 1, NULL, ?)",
            ((f"49151{at * 7:08}", f"D{at % 50:03}") for at in range(ported)),
        )
    return database


def person(at: int) -> dict[str, object]:
    """Describe a registered subscriber."""
    return {
        "operator": "mobile", "imsi": f"26201{at:010}", "msisdn": number(at), "state": "registered",
        "scscf": "sip:scscf1.ims.example", "preference": "ims-first",
    }  # fmt: skip


def run(*arguments: str) -> None:
    """Run a command."""
    subprocess.run([*HSS, *arguments], check=True, stdout=subprocess.DEVNULL)


@contextmanager
def running(database: Path) -> Iterator[Running]:
    """Start the service, and end it."""
    ports = [part for name in PORTS for part in (f"--{name}", "127.0.0.1:0")]
    command = [*HSS, "serve", "--database", str(database), *FLAGS, *ports]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        places = {}
        for line in process.stdout or ():
            if found := re.match(r"  (\S+) +(?:http://)?([0-9.]+):(\d+)", line):
                places[found[1]] = found[2], int(found[3])
            if line.startswith("Try"):
                break
        try:
            yield Running(process.pid, places)
        finally:
            process.terminate()


def wait_for_tables(service: Running) -> dict[str, object]:
    """Wait until the tables are there."""
    while True:
        connection = HTTPConnection(*service.places["api"])
        connection.request("GET", "/api/v1/route/tables")
        tables: dict[str, object] = json.loads(connection.getresponse().read())
        if tables["ready"]:
            return tables
        time.sleep(0.05)


def batch(service: Running, numbers: Sequence[str], view: str) -> int:
    """Send a stream of numbers and read the answers."""
    connection = HTTPConnection(*service.places["api"], timeout=600)
    body = "\n".join(map(json.dumps, numbers)).encode()
    target = f"/api/v1/route?view={view}&explain=false"
    answered = 0
    for at in range(0, len(body), 1 << 20):  # a generator that reads as it writes would need threads
        piece = body[at : at + (1 << 20)]
        connection.request("POST", target, piece, {"Content-Type": "application/x-ndjson"})
        answered += connection.getresponse().read().count(b"\n")
    return answered


class Asker(asyncio.DatagramProtocol):
    """Keeps some questions open at a server until all are answered."""

    def __init__(self, questions: Sequence[bytes]) -> None:
        self._left = iter(questions)
        self._missing = len(questions)
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.first = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = transport
        for _ in range(OPEN_AT_ONCE):
            self._ask()

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - the form of asyncio
        """Ask the next question."""
        self.first = self.first or data
        self._missing -= 1
        if self._missing <= 0 and not self.done.done():
            self.done.set_result(None)
        self._ask()

    def _ask(self) -> None:
        question = next(self._left, None)
        if question is not None:
            self._transport.sendto(question)  # type: ignore[attr-defined]


async def ask_all(place: tuple[str, int], questions: Sequence[bytes]) -> bytes:
    """Ask all questions; give the first answer."""
    asker = Asker(questions)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: asker, local_addr=("127.0.0.1", 0), remote_addr=place)
    async with asyncio.timeout(300):
        await asker.done
    transport.close()
    return asker.first


def dns_question(called: str, ident: int) -> bytes:
    """Ask for the NAPTR records of a number."""
    labels = [*reversed(called[1:]), "e164", "arpa"]
    name = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"
    return struct.pack(">HHHHHH", ident & 0xFFFF, 0x0100, 1, 0, 0, 0) + name + struct.pack(">HH", 35, 1)


def invite(called: str, ident: int) -> bytes:
    """Ask for the next hop of a call."""
    return (
        f"INVITE tel:{called} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK{ident}\r\nMax-Forwards: 70\r\n"
        f"From: <sip:load@example.com>;tag={ident}\r\nTo: <tel:{called}>\r\nCall-ID: {ident}@load\r\n"
        f"CSeq: 1 INVITE\r\nContact: <sip:load@127.0.0.1>\r\nContent-Length: 0\r\n\r\n"
    ).encode()


def measured(service: Running, what: str, count: int, work: Callable[[], object]) -> None:
    """Run and print: per second of the service's CPU, and of the clock."""
    work_cpu, clock = service.cpu_s(), time.perf_counter()
    work()
    cpu, taken = service.cpu_s() - work_cpu, time.perf_counter() - clock
    say(f"{what:<34} {count / cpu:>10,.0f}/s of CPU   {count / taken:>10,.0f}/s of the clock")


def say(text: str) -> None:
    """Print."""
    print(text, flush=True)


def shell(what: str, *arguments: str, **environment: str) -> None:
    """Print the CPU time of a command."""
    best = 9.0
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        env = os.environ | environment
        subprocess.run([*HSS, "route", *arguments], check=True, stdout=subprocess.DEVNULL, env=env)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    say(f"{what:<34} {best:>10.2f} s of CPU")


def main() -> None:
    """Measure and print."""
    ported = int(sys.argv[1]) if len(sys.argv) > 1 else PORTED
    draw = random.Random(7)  # noqa: S311 - a sample
    people = [number(at) for at in range(SUBSCRIBERS)]
    mixed = [
        draw.choice(people) if draw.random() < 0.5 else f"+49151{draw.randrange(ported) * 7:08}" for _ in range(BATCH)
    ]
    with tempfile.TemporaryDirectory() as folder:
        database = furnish(Path(folder), ported)
        with running(database) as service:
            clock = time.perf_counter()
            tables = wait_for_tables(service)
            waited = time.perf_counter() - clock
            say(
                f"tables of {tables['ported']:,} ported numbers: ready {waited:.2f} s after the start, "
                f"{service.cpu_s():.2f} s of CPU with the start, {service.rss_mib():.0f} MiB in all"
            )
            batch(service, people, "brief")
            measured(service, "batch by HTTP, brief", BATCH, lambda: batch(service, mixed, "brief"))
            measured(
                service, "batch by HTTP, whole plans", BATCH // 4, lambda: batch(service, mixed[: BATCH // 4], "plan")
            )
            asked = [draw.choice(mixed) for _ in range(QUESTIONS)]
            questions = [dns_question(called, at) for at, called in enumerate(asked)]
            measured(service, "ENUM by UDP", QUESTIONS, lambda: asyncio.run(ask_all(service.places["enum"], questions)))
            invites = [invite(called, at) for at, called in enumerate(asked)]
            measured(service, "SIP redirect", QUESTIONS, lambda: asyncio.run(ask_all(service.places["sip"], invites)))
            host, port = service.places["api"]
            shell("hss route, asks the service", people[0], HSS_API=f"{host}:{port}")
        shell("hss route --sample", "--sample", "+491715407090")


if __name__ == "__main__":
    main()
