"""M3UA over SCTP: the whole program, two paths, osmo-stp between a Gateway-MSC and the HSS, and tshark as a judge."""

import json
import shutil
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.wireshark import captured
from tests.sctp.network import FAR, inside_far, two_paths
from tests.sctp.plain import CONNECTX, NODELAY, SOL_SCTP, sockaddr
from tests.sctp.wire import EVENTS, LONGEST, MESSAGE_INFO, PPID_AT, SNDINFO, SNDRCV, endpoint
from tests.service.conftest import (
    HSS,
    Service,
    clean_environment,
    running,
)
from tests.service.map_wire import PATIENCE_S, Asp, kind_of, message, tcap_of
from tests.service.test_map import asked
from tests.service.test_map_life import connections, with_id
from tests.service.test_map_malformed import SRI, code_of
from tests.service.wire import until

M3UA = 3  # payload protocol identifier
BOTH = "127.0.0.1,127.0.0.2:0"
CUSTOMER = "+491715407090"
STP_PORT = 12905


class SctpAsp(Asp):
    """One association by SCTP; it is checked that each message comes alone, marked as M3UA, on a stream that it may."""

    def __init__(self, address: str, *, local: tuple[str, ...] = ()) -> None:
        text, _, port = address.rpartition(":")
        self.socket = endpoint(*local)
        self.socket.setsockopt(SOL_SCTP, NODELAY, 1)
        self.socket.setsockopt(SOL_SCTP, EVENTS, MESSAGE_INFO)
        places = b"".join(sockaddr(place, int(port)) for place in text.split(","))
        self.socket.setsockopt(SOL_SCTP, CONNECTX, places)
        self.socket.settimeout(PATIENCE_S)
        self.told: list[bytes] = []
        self.streams: list[int] = []  # of the DATA that came

    def send(self, octets: bytes) -> None:
        stream = 1 if octets[2:3] == b"\1" else 0
        info = struct.pack("=HHIIi", stream, 0, socket.htonl(M3UA), 0, 0)
        assert self.socket.sendmsg([octets], [(SOL_SCTP, SNDINFO, info)]) == len(octets)

    def next(self) -> bytes:
        octets, ancillary, flags, _ = self.socket.recvmsg(LONGEST, 256)
        if not octets:
            raise EOFError
        [info] = [data for level, kind, data in ancillary if (level, kind) == (SOL_SCTP, SNDRCV)]
        assert int.from_bytes(info[PPID_AT : PPID_AT + 4], "big") == M3UA
        assert flags & socket.MSG_EOR
        assert len(octets) == int.from_bytes(octets[4:8], "big")
        (stream,) = struct.unpack("=H", info[:2])
        assert (stream > 0) == (octets[2] == 1)  # RFC 4666 1.4.7: DATA never on stream 0, all else there
        if stream:
            self.streams.append(stream)
        return octets

    def abort(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@pytest.fixture(scope="module")
def service(sample: Callable[[], Path]) -> Iterator[Service]:
    with running(sample(), "--m3ua-sctp", BOTH, "--log", "info") as found:
        yield found


@pytest.fixture
def asp(service: Service) -> Iterator[SctpAsp]:
    with SctpAsp(service.address("m3ua-sctp")) as made:
        yield made.up()


def still_serves(asp: Asp) -> bool:
    return tcap_of(asp.ask(SRI))[0] == 0x64


# --- One kernel ------------------------------------------------------------------------------------------------------


def test_questions_are_answered_on_the_stream_of_their_sls(asp: SctpAsp) -> None:
    label = bytes.fromhex("0000000100000002 03020000".replace(" ", ""))
    for sls in range(16):
        assert tcap_of(asp.ask(SRI.replace(label, label[:-1] + bytes((sls,)))))[0] == 0x64
    assert len(set(asp.streams)) > 1
    asp.lives()


def test_the_command_asks_by_sctp(service: Service) -> None:
    options = ("--transport", "sctp", "--peer", service.address("m3ua-sctp"))
    done = service.run("query", "sri", CUSTOMER, "--json", *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["icscf"] in {"icscf1.ims.example", "icscf2.ims.example"}
    assert asked(service, "+491715407096", status=1)["error"] == "absent-subscriber"  # by TCP, beside it


def test_associations_are_shown_with_their_transport(service: Service, asp: SctpAsp) -> None:
    place = "{}:{}".format(*asp.socket.getsockname())
    [shown] = [one for one in connections(service) if one["address"] == place]
    assert (shown["transport"], shown["state"], shown["routing_contexts"]) == ("sctp", "active", [100])


@pytest.mark.parametrize(
    "octets",
    [b"\1", b"\1\0\3", SRI[:100], SRI + SRI, SRI[:4] + bytes(4) + SRI[8:], b"\1" * 2000, b"\2" + SRI[1:]],
    ids=["one octet", "half a header", "cut", "two at once", "length 0", "ones", "version"],
)
def test_a_message_that_is_none_gets_an_err_and_harms_nothing(octets: bytes, asp: SctpAsp) -> None:
    code_of(asp.ask(octets))
    assert still_serves(asp)


def test_associations_that_are_aborted_harm_no_other(service: Service, asp: SctpAsp) -> None:
    for number in range(20):
        victim = SctpAsp(service.address("m3ua-sctp")).up()
        for turn in range(20):
            victim.send(with_id(number << 8 | turn))
        victim.abort()
        assert still_serves(asp)
    until(lambda: len(connections(service)) == 1)
    assert "Traceback" not in service.logged()


def test_a_thousand_questions_at_once_get_a_thousand_answers(asp: SctpAsp) -> None:
    for number in range(1000):
        asp.send(with_id(number))
    answers = [tcap_of(asp.receive()) for _ in range(1000)]
    found = [int.from_bytes(answer[answer.index(b"\x49\x04") + 2 :][:4], "big") for answer in answers]
    assert found == list(range(1000))  # one SLS, one order


# --- Two paths -------------------------------------------------------------------------------------------------------


class SteadyGmsc:
    """Asks every 20 ms, whatever becomes of the other questions."""

    pace_s = 0.02

    def __init__(self, asp: SctpAsp) -> None:
        self.asp = asp
        self.sent = 0
        self.answers = 0
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._send)
        self.thread.start()

    def _send(self) -> None:
        while not self.ending.wait(self.pace_s):
            self.asp.send(with_id(self.sent))
            self.sent += 1

    def take(self) -> bool:
        """Take the next answer; it has to be that of the next question."""
        assert b"\x49\x04" + self.answers.to_bytes(4, "big") in tcap_of(self.asp.receive())
        self.answers += 1
        return True

    def until_logged(self, service: Service, words: str) -> None:
        until(lambda: self.take() and words in service.logged())
        for _ in range(25):
            self.take()

    def end(self) -> None:
        self.ending.set()
        self.thread.join()
        while self.answers < self.sent:
            self.take()


def test_every_question_is_answered_while_paths_go_down_and_up(sample: Callable[[], Path]) -> None:
    with two_paths() as paths:
        place = f"{','.join(paths.near)}:0"
        with running(sample(), "--m3ua-sctp", place, "--log", "warning") as service:
            with inside_far():
                asp = SctpAsp(service.address("m3ua-sctp"), local=paths.far)
            with asp:
                caller = SteadyGmsc(asp.up())
                try:
                    for path, host in enumerate(paths.far):
                        paths.cut(path)
                        caller.until_logged(service, f"path changed host={host} state=unreachable")
                        paths.mend(path)
                        caller.until_logged(service, f"path changed host={host} state=available")
                finally:
                    caller.end()


# --- osmo-stp between a Gateway-MSC and the HSS ----------------------------------------------------------------------

STP = """
cs7 instance 0
 asp asp-hss 0 {port} m3ua
  remote-ip {hss}
  role sg
  sctp-role server
 asp asp-gmsc 0 {port} m3ua
  remote-ip {gmsc}
  role sg
  sctp-role server
 as as-hss m3ua
  asp asp-hss
  routing-key 7 0.0.2
  traffic-mode loadshare
 as as-gmsc m3ua
  asp asp-gmsc
  routing-key 8 0.0.1
  traffic-mode loadshare
 route-table system
  update route 0.0.2 7.255.7 linkset as-hss
  update route 0.0.1 7.255.7 linkset as-gmsc
 listen m3ua {port}
  accept-asp-connections pre-configured
"""


def program(name: str) -> str:
    found = shutil.which(name)
    assert found, f"{name} is missing (Debian: apt-get install osmo-stp iproute2)"
    return found


@contextmanager
def osmo_stp(folder: Path, *, hss: str, gmsc: str) -> Iterator[None]:
    """Run the signalling transfer point (Debian: osmo-stp) until the block ends."""
    configuration = folder / "osmo-stp.cfg"
    configuration.write_text(STP.format(port=STP_PORT, hss=hss, gmsc=gmsc))
    with (folder / "osmo-stp.log").open("a") as log:
        process = subprocess.Popen([program("osmo-stp"), "-c", str(configuration)], stdout=log, stderr=log, cwd=folder)
        try:
            yield
        finally:
            process.terminate()
            process.wait()


def asked_from_far(peer: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Ask from the far end of the network."""
    wanted = ("query", "sri", CUSTOMER, "--json", "--transport", "sctp", "--peer", peer, "--routing-context", "8")
    return subprocess.run(
        [program("ip"), "netns", "exec", FAR, *HSS, *wanted, *options],
        capture_output=True,
        text=True,
        env=clean_environment(),
        check=False,
    )


def test_a_gateway_msc_asks_through_osmo_stp_before_and_after_its_restart(
    sample: Callable[[], Path], tmp_path: Path
) -> None:
    with two_paths() as paths:
        here, there = paths.near[0], paths.far[0]
        connect = ("--m3ua-connect", f"sctp:{here}:{STP_PORT}", "--routing-contexts", "7", "--point-code", "0-0-2")
        with running(sample(), *connect, "--log", "info") as service:
            for turn in range(2):
                with osmo_stp(tmp_path, hss=here, gmsc=there):
                    until(lambda: [one["state"] for one in connections(service)] == ["active"])
                    for version in (3, 1):
                        done = asked_from_far(f"{here}:{STP_PORT}", "--version", str(version))
                        assert (done.returncode, done.stderr) == (0, ""), turn
                        answer = json.loads(done.stdout)
                        assert (answer["version"], answer["imsi"]) == (version, "262011234567890")
                    refused = asked_from_far(f"{here}:{STP_PORT}", "--forwarding-reason", "busy")
                    assert (refused.returncode, json.loads(refused.stdout)["error"]) == (1, "busy-subscriber")
                until(lambda: not connections(service))
            assert "machine failed" not in service.logged()


# --- tshark reads our real traffic -----------------------------------------------------------------------------------


class Sniffer:
    """Keeps the packets of an interface, in the form of libpcap."""

    def __init__(self, interface: str) -> None:
        self._raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self._raw.bind((interface, 3))
        self._raw.settimeout(0.2)
        self._ending = threading.Event()
        self.packets: list[bytes] = []
        self._thread = threading.Thread(target=self._keep)
        self._thread.start()

    def _keep(self) -> None:
        while True:
            try:
                packet, address = self._raw.recvfrom(70_000)
            except TimeoutError:
                if self._ending.is_set():
                    return
                continue
            if address[2] == socket.PACKET_OUTGOING and packet[23] == socket.IPPROTO_SCTP:
                self.packets.append(packet)

    def write(self, file: Path) -> None:
        """End, and write the capture."""
        self._ending.set()
        self._thread.join()
        self._raw.close()
        head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 70_000, 1)
        records = (struct.pack("<IIII", 0, 0, len(packet), len(packet)) + packet for packet in self.packets)
        file.write_bytes(head + b"".join(records))


def test_tshark_reads_every_packet_without_a_complaint(service: Service, tmp_path: Path) -> None:
    sniffer = Sniffer("lo")
    port = service.address("m3ua-sctp").rpartition(":")[2]
    for version in (1, 2, 3):
        for number in (CUSTOMER, "+491715407091", "+491715407092", "+491715407097", "+491719999999"):
            options = ("--transport", "sctp", "--peer", f"127.0.0.1:{port}", "--version", str(version))
            service.invoke("query", "sri", number, *options)
    with SctpAsp(f"127.0.0.1:{port}").up() as asp:
        asp.ask(message(0x0303))
        assert kind_of(asp.ask(message(0x0399))) == 0
    file = tmp_path / "traffic.pcap"
    sniffer.write(file)
    packets: list[Any] = captured(file, port=int(port))
    spoken = [packet.fields for packet in packets if "gsm_old.opCode" in str(packet.fields)]
    assert len(spoken) >= 15
    assert [complaint for packet in packets for complaint in packet.complaints] == []
    assert any("icscf" in name for packet in packets for name in packet.fields)
