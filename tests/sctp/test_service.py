"""The whole program over SCTP, as a user starts it."""

import signal
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sctp.network import inside_far, two_paths
from tests.sctp.wire import SctpPeer, addresses_in, listening
from tests.service.conftest import LISTENERS, Service, running
from tests.service.icscf import (
    CASES,
    GOOD_LIR,
    ICSCF,
    KAMAILIO,
    NAMES,
    SCSCF,
    furnish,
    many,
    numbered,
    still_serves,
)
from tests.service.wire import Answer, until

LONGEST_END_S = 30  # on a busy machine
BOTH = "127.0.0.1,127.0.0.2:0"
DISCONNECT = b"\0\x01\x1a"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give an HSS with two addresses that lets a host connect several times."""
    database = tmp_path_factory.mktemp("service") / "homeward.db"
    choices = ("--diameter-sctp", BOTH, "--second-connection", "several", "--log", "info")
    with running(database, *NAMES, *choices) as found:
        furnish(found)
        yield found


@pytest.fixture
def connected(service: Service) -> Iterator[Callable[[], SctpPeer]]:
    """Give a function that connects without a capabilities exchange."""
    with many(lambda: SctpPeer(service.address("diameter-sctp"), host=ICSCF)) as connect:
        yield connect


@pytest.fixture
def peer(connected: Callable[[], SctpPeer]) -> SctpPeer:
    return connected().open()


# --- What Kamailio sends ---------------------------------------------------------------------------------------------


def test_kamailio_s_messages_are_answered(connected: Callable[[], SctpPeer]) -> None:
    peer = connected()
    cea = peer.ask(KAMAILIO["cer_icscf"])
    assert cea.result == 2001
    assert addresses_in(cea) == {(1, "127.0.0.1"), (1, "127.0.0.2")}
    peer.answer_watchdog()  # right after the CEA, without being asked
    assert peer.ask(KAMAILIO["dwr"]).result == 2001
    answers = {name: peer.ask(octets) for name, octets in KAMAILIO.items() if name.startswith("lir_")}
    assert {name: (answer.result, answer.server) for name, answer in answers.items()} == {
        "lir_sip_registered": (2001, SCSCF),
        "lir_tel_registered": (2001, SCSCF),
        "lir_unknown_user": (-5001, None),
        "lir_not_registered": (-5003, None),
    }


def test_a_query_of_the_command_line_goes_by_sctp(service: Service) -> None:
    wanted = ("query", "lir", "tel:+491715407090", "--transport", "sctp", "--origin-realm", "ims.test")
    done = service.run(*wanted, "--peer", service.address("diameter-sctp"))
    assert (done.returncode, done.stderr) == (0, "")
    assert SCSCF in done.stdout
    assert "hss.ims.test" in done.stdout


def test_nobody_there_is_told_with_status_3(service: Service) -> None:
    place = service.address("diameter-tcp")  # nothing listens there by SCTP
    done = service.run("query", "lir", "tel:+491715407090", "--transport", "sctp", "--peer", place)
    assert (done.returncode, done.stdout) == (3, "")
    assert place in done.stderr
    assert "refused" in done.stderr


def test_peers_are_shown_with_their_transport(service: Service, peer: SctpPeer) -> None:
    place = "{}:{}".format(*peer.socket.getsockname())
    [line] = [line for line in service.run("peers").stdout.splitlines() if place in line]
    assert line.split() == [ICSCF, "diameter", "sctp", place, "okay"]


def test_a_thousand_requests_under_way_have_a_thousand_answers_in_order(peer: SctpPeer) -> None:
    for request in numbered(1000):
        peer.send(request)
    answers = [peer.receive() for _ in range(1000)]
    assert [struct.unpack(">I", answer[12:16])[0] for answer in answers] == list(range(1000))
    assert {answer[20:] for answer in answers} == {answers[0][20:]}


# --- Malformed input -------------------------------------------------------------------------------------------------


def with_length(octets: bytes, length: int) -> bytes:
    return octets[:1] + length.to_bytes(3, "big") + octets[4:]


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(with_length(GOOD_LIR, 0), id="F1, length 0"),
        pytest.param(with_length(GOOD_LIR[:20], 8), id="F2, length 8"),
        pytest.param(with_length(GOOD_LIR, 0xFFFFFC), id="F3, length above the limit"),
        pytest.param(with_length(GOOD_LIR + b"\0", len(GOOD_LIR) + 1), id="F4, length not a multiple of 4"),
        pytest.param(GOOD_LIR * 2, id="F6, two requests in one message"),
        pytest.param(GOOD_LIR[:100], id="F10, half a request"),
        pytest.param(with_length(GOOD_LIR, len(GOOD_LIR) - 4), id="F10, longer than its length"),
        pytest.param(with_length(GOOD_LIR, len(GOOD_LIR) + 4), id="F10, shorter than its length"),
    ],
)
def test_a_wrong_length_is_refused_and_the_association_stays(octets: bytes, peer: SctpPeer) -> None:
    answer = peer.ask(octets)
    assert (answer.result, answer.header.is_error) == (5015, False)
    assert answer.value(264) == b"hss.ims.test"
    assert still_serves(peer)


@pytest.mark.parametrize("octets", [GOOD_LIR[:19], bytes(70_000)], ids=["less than a header", "above the limit"])
def test_what_cannot_be_answered_resets_its_association_only(
    octets: bytes, peer: SctpPeer, connected: Callable[[], SctpPeer]
) -> None:
    other = connected().open()
    peer.send(octets)
    assert peer.end() == "reset"
    assert still_serves(other)


@pytest.mark.parametrize("octets", [GOOD_LIR, KAMAILIO["dwr"], KAMAILIO["cer_icscf"][:100]], ids=["LIR", "DWR", "cut"])
def test_what_comes_before_the_capabilities_exchange_ends_it(octets: bytes, connected: Callable[[], SctpPeer]) -> None:
    peer = connected()
    peer.send(octets)
    assert peer.end() == "closed"
    assert still_serves(connected().open())


@pytest.mark.parametrize("name", [name for name in CASES if name[0] in "HRA"])
def test_malformed_messages_are_answered_as_by_tcp(name: str, peer: SctpPeer) -> None:
    wanted = CASES[name]["expect"]
    peer.send(bytes.fromhex(CASES[name]["hex"]))
    if wanted["answer"]:
        answer = Answer.read(peer.receive())
        assert (answer.result, answer.header.is_error) == (wanted["result_code"], wanted["e_bit"])
        assert answer.failed_avp == (bytes.fromhex(wanted["failed_avp"]) if "failed_avp" in wanted else None)
    assert wanted["connection"] == "open"
    assert still_serves(peer)


# --- Several associations --------------------------------------------------------------------------------------------


def test_an_association_that_is_aborted_harms_no_other(service: Service, connected: Callable[[], SctpPeer]) -> None:
    other = connected().open()
    for _ in range(20):
        victim = SctpPeer(service.address("diameter-sctp"), host="victim.ims.test").open()
        for request in numbered(20):
            victim.send(request)
        victim.abort()
        assert still_serves(other)
    until(lambda: [one["name"] for one in service.call("GET", "connections")[1]["items"]] == [ICSCF])
    assert "Traceback" not in service.logged()


def test_each_of_several_associations_of_a_host_gets_its_own_answers(connected: Callable[[], SctpPeer]) -> None:
    one, two = connected().open(), connected().open()
    requests = numbered(4)
    for end, request in zip((one, two, one, two), requests, strict=True):
        end.send(request)
    assert [struct.unpack(">I", end.receive()[12:16])[0] for end in (two, two, one, one)] == [1, 3, 0, 2]


# --- Two paths -------------------------------------------------------------------------------------------------------


class SteadyCaller:
    """Sends an LIR every 20 ms, whatever becomes of the others, and keeps the answers."""

    pace_s = 0.02

    def __init__(self, peer: SctpPeer) -> None:
        self.peer = peer
        self.sent = 0
        self.answers: list[Answer] = []
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self._send)
        self.thread.start()

    def _send(self) -> None:
        while not self.ending.wait(self.pace_s):
            self.peer.send(GOOD_LIR[:12] + struct.pack(">I", self.sent) + GOOD_LIR[16:])
            self.sent += 1

    def take(self) -> bool:
        self.answers.append(Answer.read(self.peer.receive()))
        return True

    def until_logged(self, service: Service, words: str) -> None:
        """Take answers until a line is logged, and then so many more that they tell what holds afterwards."""
        until(lambda: self.take() and words in service.logged())
        for _ in range(25):
            self.take()

    def end(self) -> None:
        self.ending.set()
        self.thread.join()
        while len(self.answers) < self.sent:
            self.take()


def test_every_request_is_answered_while_paths_go_down_and_up(tmp_path: Path) -> None:
    choices = ("--accept-unknown-peers", "always", "--log", "warning")
    with two_paths() as paths:
        place = f"{','.join(paths.near)}:0"
        with running(tmp_path / "homeward.db", *NAMES, *choices, "--diameter-sctp", place) as service:
            furnish(service)
            with inside_far():
                peer = SctpPeer(service.address("diameter-sctp"), host=ICSCF, local=paths.far)
            with peer:
                cea = peer.capabilities()
                assert addresses_in(cea) == {(1, host) for host in paths.near}
                peer.answer_watchdog()
                caller = SteadyCaller(peer)
                try:
                    for path, host in enumerate(paths.far):
                        paths.cut(path)
                        caller.until_logged(service, f"path changed host={host} state=unreachable")
                        paths.mend(path)
                        caller.until_logged(service, f"path changed host={host} state=available")
                finally:
                    caller.end()
                assert {answer.result for answer in caller.answers} == {2001}
                numbers = [struct.unpack(">I", answer.octets[12:16])[0] for answer in caller.answers]
                assert numbers == list(range(caller.sent))


# --- IPv6, peers that we connect to, two associations ----------------------------------------------------------------


@pytest.fixture(scope="module")
def probing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give an HSS on IPv6 and IPv4 that probes the old association of a host when a new one comes."""
    database = tmp_path_factory.mktemp("service") / "homeward.db"
    with running(database, *NAMES, "--diameter-sctp", "[::1],127.0.0.1:0") as found:
        furnish(found)
        yield found


def test_ipv6_and_ipv4_are_served_by_one_listener(probing: Service) -> None:
    port = probing.address("diameter-sctp").removeprefix("[::1],127.0.0.1:")
    with SctpPeer(f"[::1]:{port}", host=ICSCF) as peer:
        assert (2, "::1") in addresses_in(peer.capabilities())
        peer.answer_watchdog()
        assert still_serves(peer)
    with SctpPeer(f"127.0.0.1:{port}", host="scscf.ims.test") as peer:
        assert (1, "127.0.0.1") in addresses_in(peer.capabilities())
        peer.answer_watchdog()
        assert still_serves(peer)


def test_a_query_goes_by_ipv6(probing: Service) -> None:
    wanted = ("query", "lir", "tel:+491715407090", "--transport", "sctp", "--origin-realm", "ims.test")
    done = probing.run(*wanted, "--peer", probing.address("diameter-sctp"))
    assert (done.returncode, done.stderr) == (0, "")
    assert SCSCF in done.stdout


def test_a_second_association_is_refused_while_the_first_one_answers(probing: Service) -> None:
    place = probing.address("diameter-sctp")
    with SctpPeer(place, host=ICSCF) as old, SctpPeer(place, host=ICSCF) as new:
        old.open()
        new.send(KAMAILIO["cer_icscf"])
        old.answer_watchdog()  # the probe
        assert new.end() == "closed"
        assert still_serves(old)


def connect_to(service: Service, host: str, *places: str, port: int) -> None:
    service.put("diameter-peers", host, transport="sctp", addresses=list(places), port=port, connect=True)


def test_a_configured_peer_is_connected_to_by_all_its_addresses(probing: Service) -> None:
    host, places = "scscf.ims.test", ("127.0.0.1", "127.0.0.2")
    with listening(*places) as listener:
        connect_to(probing, host, *places, port=listener.getsockname()[1])
        with SctpPeer.accepted(listener, host=host) as peer:
            cer = peer.accept(addresses=places)
            assert cer.value(264) == b"hss.ims.test"
            assert (1, "127.0.0.1") in addresses_in(cer)
            assert still_serves(peer)
            [shown] = [one for one in probing.call("GET", "connections")[1]["items"] if one["name"] == host]
            assert (shown["transport"], shown["initiated"], shown["state"]) == ("sctp", True, "okay")
            probing.delete("diameter-peers", host)


@pytest.mark.parametrize("host", ["a.ims.test", "z.ims.test"])
def test_of_two_associations_at_once_that_of_the_greater_name_stays(probing: Service, host: str) -> None:
    """RFC 6733 5.6.4; ours is hss.ims.test."""
    with listening("127.0.0.1") as listener:
        connect_to(probing, host, "127.0.0.1", port=listener.getsockname()[1])
        with (
            SctpPeer.accepted(listener, host=host) as ours,
            SctpPeer(probing.address("diameter-sctp"), host=host) as theirs,
        ):
            if host < "hss.ims.test":
                theirs.open()
                ours.receive()  # the CER
                assert ours.end() == "reset"
                assert still_serves(theirs)
            else:
                theirs.send(theirs.request(257, 0, Answer.read(KAMAILIO["cer_icscf"]).avps[2:]))
                assert theirs.end() == "closed"
                ours.accept()
                assert still_serves(ours)
            probing.delete("diameter-peers", host)


# --- Start and end ---------------------------------------------------------------------------------------------------


def test_it_listens_unasked_and_says_farewell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(LISTENERS, "--diameter-sctp")
    with running(tmp_path / "homeward.db", *NAMES) as service, listening("127.0.0.1") as listener:
        address = service.address("diameter-sctp")
        assert address == "127.0.0.1:3868"
        furnish(service)
        connect_to(service, "scscf.ims.test", "127.0.0.1", port=listener.getsockname()[1])
        with (
            SctpPeer.accepted(listener, host="scscf.ims.test") as called,
            SctpPeer(address, host=ICSCF) as peer,
            SctpPeer(address, host="silent.ims.test") as silent,
            SctpPeer(address) as nobody,
        ):
            called.accept()
            peer.open()
            silent.open()
            assert still_serves(peer)
            assert still_serves(called)
            service.process.send_signal(signal.SIGINT)
            for one in (peer, called):
                request = one.receive()
                assert (request[4], request[5:8]) == (0x80, DISCONNECT)
                assert Answer.read(request).value(273) == 0
                one.send(one.answer(request))
                assert one.end() == "closed"
            assert silent.receive()[5:8] == DISCONNECT
            assert silent.end() in ("closed", "reset")
            assert nobody.end() in ("closed", "reset")
            service.process.communicate(timeout=LONGEST_END_S)
        assert service.process.returncode == 0
        assert service.logged() == ""
