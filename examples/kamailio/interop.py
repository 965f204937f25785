"""Calls through a real I-CSCF: sipp calls, Kamailio asks Homeward, and the INVITE arrives where the answer said.

Exit status: 0 every call went as it should, 1 one did not, 2 something that is needed is not installed.
"""

# ruff: noqa: T201 - prints for a person

import argparse
import json
import re
import signal
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Final, Never
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

from calls import AFTER_RESTART, CALLS, HSS_AWAY, Call, outcome
from programs import Failed, Programs, exchange_ports, find, free_ports, is_bound, missing_packages

HERE: Final = Path(__file__).resolve().parent
CONFIGURATION: Final = ("kamailio.cfg", "diameter.xml", "icscf.sql", "data.json", "caller.xml", "scscf.xml")

# The ports as the files name them; each run exchanges them for free ones.
DIAMETER: Final = 3868
API: Final = 18080
ICSCF: Final = 15060
NODES: Final = {"S-CSCF A": 15062, "S-CSCF B": 15063, "application server": 15064}

LIMIT_S: Final = 180  # for everything; 10 to 20 s are usual

READY: Final = re.compile(r"State: I_Open\b.*appid:vendorid: 16777216:10415\b", re.DOTALL)
EDGE: Final = re.compile(r"^-{20,}.*$", re.MULTILINE)


class Laboratory:
    """Homeward, Kamailio and the S-CSCFs, running."""

    def __init__(self, programs: Programs, hss: str) -> None:
        self._programs = programs
        self._hss = hss
        files = (DIAMETER, API, ICSCF, *NODES.values())
        self._ports = dict(zip(files, free_ports(len(files)), strict=True))
        self._calls = 0
        self._http = build_opener(ProxyHandler({}))

    def __str__(self) -> str:
        """Say where everything is, and how to call."""
        folder, icscf = self._programs.folder, f"127.0.0.1:{self._ports[ICSCF]}"
        return "\n".join(
            (
                f"HSS                 Diameter 127.0.0.1:{self._ports[DIAMETER]}, API http://127.0.0.1:{self._ports[API]}",
                f"I-CSCF              sip:{icscf}",
                *(f"{node:18}  sip:127.0.0.1:{self._ports[port]}" for node, port in NODES.items()),
                f"Logs and traces     {folder}",
                f"kamcmd -s unix:{folder}/kamailio.ctl cdp.list_peers",
                f"sipp {icscf} -sf {folder}/caller.xml -i 127.0.0.1 -m 1 -key called tel:+491715407090",
            )
        )

    def start(self) -> None:
        """Start everything, and return when calls can be made."""
        folder = self._programs.folder
        for name in CONFIGURATION:
            (folder / name).write_text(exchange_ports((HERE / name).read_text(), self._ports))
        with closing(sqlite3.connect(folder / "icscf.db")) as database:
            database.executescript((folder / "icscf.sql").read_text())
        self.start_hss()
        self._provision(json.loads((folder / "data.json").read_text()))
        self._start_nodes()
        self._programs.start("kamailio", "kamailio", "-f", "kamailio.cfg", "-w", ".", "-Y", ".", "-DD", "-E")
        self.wait_for_peer()

    def start_hss(self) -> None:
        """Start `hss serve`, and return when it says that it is ready."""
        self._programs.start(
            "hss",
            self._hss,
            "serve",
            "--database=hss.db",
            f"--diameter-tcp=127.0.0.1:{self._ports[DIAMETER]}",
            "--diameter-sctp=off",
            "--m3ua-tcp=off",
            "--m3ua-sctp=off",
            "--enum=off",
            "--sip=off",
            f"--api=127.0.0.1:{self._ports[API]}",
            "--origin-host=hss.ims.test",
            "--origin-realm=ims.test",
        )
        self._programs.wait("hss", "ready", self._is_hss_ready)

    def kill_hss(self) -> None:
        """Kill Homeward as hard as can be, and return when Kamailio knows that it is gone."""
        self._programs.end("hss", how=signal.SIGKILL)
        self._programs.wait("kamailio", "aware of the lost HSS", lambda: not self._is_peer_open())

    def wait_for_peer(self) -> None:
        """Wait until Kamailio has the HSS as an open peer for the application Cx of 3GPP."""
        self._programs.wait("kamailio", "connected to the HSS for 16777216:10415", self._is_peer_open, limit_s=30)

    def call(self, call: Call) -> str:
        """Make a call and return what became of it."""
        if call.before is not None:
            self._register(*call.before)
        self._calls += 1
        call_id = f"call-{self._calls}"
        trace = self._programs.folder / f"{call_id}.log"
        self._programs.run(
            *("sipp", f"127.0.0.1:{self._ports[ICSCF]}", "-sf", "caller.xml", "-i", "127.0.0.1", "-m", "1"),
            *("-key", "called", call.called, "-cid_str", call_id, "-nostdin", "-timeout", "12s"),
            *("-trace_msg", "-message_file", trace.name),
        )
        places = (node for node in NODES if _invites(self._trace_of(node), call_id))
        return outcome(_final_status(trace), " and ".join(places))

    def _start_nodes(self) -> None:
        for node, port in NODES.items():
            self._programs.start(
                node,
                *("sipp", "-sf", "scscf.xml", "-i", "127.0.0.1", "-p", str(self._ports[port]), "-nostdin"),
                *("-trace_msg", "-message_file", self._trace_of(node).name),
            )
            self._programs.wait(node, "listening", partial(is_bound, self._ports[port], socket.SOCK_DGRAM))

    def _trace_of(self, node: str) -> Path:
        return self._programs.folder / f"{node}.messages"

    def _is_hss_ready(self) -> bool:
        try:
            with self._http.open(f"http://127.0.0.1:{self._ports[API]}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def _is_peer_open(self) -> bool:
        return READY.search(self._programs.run("kamcmd", "-s", "unix:./kamailio.ctl", "cdp.list_peers")) is not None

    def _provision(self, data: dict[str, list[dict[str, object]]]) -> None:
        for collection, documents in data.items():
            for document in documents:
                self._put(f"{collection}/{quote(str(document['name']), safe='')}", document)

    def _register(self, identity: str, state: str, node: str) -> None:
        scscf = {"name": f"sip:127.0.0.1:{self._ports[NODES[node]]}"} if node else None
        self._put(f"public-identities/{quote(identity, safe='')}/registration", {"state": state, "scscf": scscf})

    def _put(self, path: str, document: object) -> None:
        request = Request(
            f"http://127.0.0.1:{self._ports[API]}/api/v1/{path}",
            method="PUT",
            data=json.dumps(document).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            self._http.open(request, timeout=10).close()
        except URLError as error:
            reason = error.read().decode(errors="replace") if hasattr(error, "read") else ""
            raise Failed(f"PUT {path}: {error}\n{reason}") from error


def _received(trace: Path) -> Iterator[str]:
    """Yield the messages that a sipp received, from its trace."""
    for entry in EDGE.split(trace.read_text(errors="replace")) if trace.exists() else ():
        head, _, message = entry.strip().partition("\n")
        if " received" in head:
            yield message.strip()


def _final_status(trace: Path) -> int | None:
    statuses = (
        re.match(r"SIP/2\.0 ([2-6]\d\d) (?s:.*)^CSeq: 1 INVITE", text, re.MULTILINE) for text in _received(trace)
    )
    return next((int(status[1]) for status in statuses if status), None)


def _invites(trace: Path, call_id: str) -> bool:
    return any(re.match(rf"INVITE (?s:.*)^Call-ID: {call_id}\s*$", text, re.MULTILINE) for text in _received(trace))


def _calls(laboratory: Laboratory) -> bool:
    """Make all calls, print a line for each, and tell whether all went as expected."""
    width = max(len(call.what) for call in (*CALLS, *AFTER_RESTART))
    print(f"{'':{width}}  {'called':37}  {'expected':26}  observed")
    verdicts = [_judge(laboratory, call, width) for call in _in_order(laboratory)]
    return all(verdicts)


def _in_order(laboratory: Laboratory) -> Iterator[Call]:
    yield from CALLS
    laboratory.kill_hss()
    yield HSS_AWAY
    laboratory.start_hss()
    laboratory.wait_for_peer()
    yield from AFTER_RESTART


def _judge(laboratory: Laboratory, call: Call, width: int) -> bool:
    observed = laboratory.call(call)
    ok = observed == call.expected
    print(f"{call.what:{width}}  {call.called:37}  {call.expected:26}  {observed}{'' if ok else '  WRONG'}", flush=True)
    return ok


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = Path(sys.executable).with_name("hss")
    parser.add_argument("--hss", default=str(beside) if beside.exists() else find("hss"), help="the hss command")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="work in this new folder and keep it")
    parser.add_argument("--stay", action="store_true", help="make no calls: leave everything running, and say where")
    return parser.parse_args()


def _work(folder: Path, arguments: argparse.Namespace) -> int:
    with Programs(folder) as programs:
        laboratory = Laboratory(programs, arguments.hss)
        try:
            laboratory.start()
            if arguments.stay:
                return _stay(laboratory)
            if _calls(laboratory):
                print("All calls went as they should.")
                return 0
            print("Not all calls went as they should.")
        except Failed as failure:
            print(failure)
        print(f"The ends of the logs:\n{programs.tails()}")
        return 1


def _stay(laboratory: Laboratory) -> int:
    print(f"{laboratory}\nCtrl-C ends it.", flush=True)
    signal.alarm(0)
    with suppress(KeyboardInterrupt):
        signal.pause()
    return 0


def _out_of_time(*_: object) -> Never:
    raise Failed(f"not done after {LIMIT_S} s")


def main() -> int:
    """Run the example; return the exit status."""
    arguments = _arguments()
    if packages := missing_packages():
        print(f"not installed: {', '.join(packages)}\n  apt-get install {' '.join(packages)}", file=sys.stderr)
        return 2
    if arguments.hss is None:
        print("not found: the command hss; `make run` at the top of the project sets it up", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGALRM, _out_of_time)
    signal.alarm(LIMIT_S)
    if arguments.keep:
        if arguments.keep.exists():
            print(f"exists already: {arguments.keep}", file=sys.stderr)
            return 1
        arguments.keep.mkdir(parents=True)
        return _work(arguments.keep.resolve(), arguments)
    with tempfile.TemporaryDirectory(prefix="kamailio-") as folder:
        return _work(Path(folder), arguments)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
