"""Diameter over TCP and TLS against the running service: what real clients send, and what nobody should send."""

import datetime as dt
import socket
import ssl
import struct
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.service.conftest import Service, running
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
from tests.service.wire import CAPABILITIES_WANTED, PATIENCE_S, TGPP, Answer, Peer, until


def certificate(directory: Path) -> tuple[Path, Path]:
    """Make a certificate that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hss.ims.example")])
    begin = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + dt.timedelta(days=10))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hss.ims.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = directory / "certificate.pem", directory / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return chain, secret


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, authority: tuple[Path, Path]) -> Iterator[Service]:
    """Give the HSS of the captured messages: TCP on IPv4, TLS on IPv6, any peer on loopback, second connections."""
    tls = ("--diameter-tls", "[::1]:0", "--tls-certificate", str(authority[0]), "--tls-key", str(authority[1]))
    database = tmp_path_factory.mktemp("service") / "homeward.db"
    with running(database, *NAMES, *tls, "--second-connection", "several", "--log", "info") as found:
        furnish(found)
        yield found


@pytest.fixture
def connected(service: Service) -> Iterator[Callable[[], Peer]]:
    """Give a function that connects without a capabilities exchange."""
    with many(lambda: Peer(service.address("diameter-tcp"), host=ICSCF)) as connect:
        yield connect


@pytest.fixture
def peer(connected: Callable[[], Peer]) -> Peer:
    return connected().open()


# --- What Kamailio sends ---------------------------------------------------------------------------------------------


def test_kamailio_s_messages_are_answered_as_it_needs_it(connected: Callable[[], Peer]) -> None:
    peer = connected()
    cea = peer.ask(KAMAILIO["cer_icscf"])
    assert cea.result == 2001
    assert cea.all(264)[0].value == b"hss.ims.test"
    assert cea.all(296)[0].value == b"ims.test"
    [group] = cea.all(260)
    assert {avp.code: avp.value for avp in group.value} == {266: TGPP, 258: 16777216}
    assert TGPP in [avp.value for avp in cea.all(265)]
    assert len(cea.all(257)) == 1
    assert peer.ask(KAMAILIO["dwr"]).result == 2001
    answers = {name: peer.ask(octets) for name, octets in KAMAILIO.items() if name.startswith("lir_")}
    assert {name: (answer.result, answer.server) for name, answer in answers.items()} == {
        "lir_sip_registered": (2001, SCSCF),
        "lir_tel_registered": (2001, SCSCF),
        "lir_unknown_user": (-5001, None),
        "lir_not_registered": (-5003, None),
    }
    for name, answer in answers.items():
        asked = Answer.read(KAMAILIO[name])
        assert answer.value(263) == asked.value(263)
        assert answer.avps[0].code == 263
        assert answer.header.is_proxyable
        assert (answer.value(264), answer.value(296), answer.value(277)) == (b"hss.ims.test", b"ims.test", 1)


def test_a_command_that_is_not_served_is_refused_with_its_application(peer: Peer) -> None:
    answer = peer.ask(KAMAILIO["uar_register"])
    assert (answer.result, answer.header.is_error, answer.header.application_id) == (3001, True, 16777216)


# --- The table of malformed input ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("P3", "P12", "P14")])
def test_malformed(name: str, service: Service, connected: Callable[[], Peer]) -> None:
    case = CASES[name]
    wanted = case["expect"]
    peer = connected()
    if case["state"] == "open":
        peer.open()
    octets = bytes.fromhex(case["hex"])
    peer.send(octets)
    if wanted["answer"]:
        answer = Answer.read(peer.receive())
        assert (answer.result, answer.header.is_error) == (wanted["result_code"], wanted["e_bit"])
        assert answer.failed_avp == (bytes.fromhex(wanted["failed_avp"]) if "failed_avp" in wanted else None)
        assert answer.octets[4] & 0xBF == 0x20 * wanted["e_bit"]
        assert answer.octets[5:20] == octets[5:20]
        sent = Answer.read(octets).all(263) if name not in ("F6", "A5", "A6", "A7", "A8", "A9", "A10", "A11") else None
        if sent is not None:
            assert [avp.as_bytes() for avp in answer.all(263)][:1] == [avp.as_bytes() for avp in sent][:1]
        if wanted["connection"] == "open" and case["state"] != "open":
            assert peer.watchdog().result == 2001
    if name == "F6":
        second = peer.receive()
        assert second[20:] == answer.octets[20:]
        assert second[12:20] == octets[-len(octets) // 2 :][12:20]
    if name == "A28":
        assert [avp.as_bytes() for avp in answer.all(284)] == [avp.as_bytes() for avp in Answer.read(octets).all(284)]
        assert answer.all(282) == []
    if wanted["connection"] == "open":
        assert peer.watchdog().result == 2001
        assert case["state"] != "open" or still_serves(peer)
    else:
        assert peer.end() == wanted["connection"]
    with Peer(service.address("diameter-tcp"), host="other.ims.test") as other:
        assert still_serves(other.open())


def test_a_farewell_is_answered_and_the_peer_closes(peer: Peer) -> None:
    assert peer.ask(bytes.fromhex(CASES["P12"]["hex"])).result == 2001
    peer.send(GOOD_LIR)  # nothing is answered any more
    peer.socket.shutdown(socket.SHUT_WR)
    assert peer.end() == "closed"


def test_a_repeated_request_has_the_same_answer_but_for_its_hop_by_hop_identifier(peer: Peer) -> None:
    first, again = peer.ask(GOOD_LIR), peer.ask(bytes.fromhex(CASES["P14"]["hex"]))
    assert again.octets[12:16] == bytes.fromhex("55555555")
    assert again.octets[:12] + again.octets[16:] == first.octets[:12] + first.octets[16:]


def test_a_session_id_of_ten_thousand_octets_comes_back(peer: Peer) -> None:
    long = bytes.fromhex("0000010740002718") + b"\0" * 10000
    octets = GOOD_LIR[:20] + long + GOOD_LIR[20 + 8 + 40 :]
    answer = peer.ask(octets[:1] + len(octets).to_bytes(3, "big") + octets[4:])
    assert answer.octets[20 : 20 + len(long)] == long
    assert answer.result == 2001


def test_an_lir_cut_at_any_octet_waits_and_is_dropped_with_its_connection(service: Service) -> None:
    for cut in (1, 3, 4, 19, 20, 100, len(GOOD_LIR) - 1):
        with Peer(service.address("diameter-tcp"), host=ICSCF) as peer:
            peer.open().send(GOOD_LIR + GOOD_LIR[:cut])
            peer.socket.shutdown(socket.SHUT_WR)
            assert Answer.read(peer.receive()).result == 2001
            assert peer.end() == "closed"


# --- How octets arrive -----------------------------------------------------------------------------------------------


def test_one_octet_at_a_time_is_answered_once(connected: Callable[[], Peer]) -> None:
    peer = connected()
    peer.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for octets in (KAMAILIO["cer_icscf"], GOOD_LIR):
        for octet in octets:
            peer.send(bytes([octet]))
        assert Answer.read(peer.receive()).result == 2001
    assert peer.watchdog().result == 2001


def test_a_thousand_requests_at_once_have_a_thousand_answers_in_order(peer: Peer) -> None:
    peer.send(b"".join(numbered(1000)))
    answers = [peer.receive() for _ in range(1000)]
    assert [struct.unpack(">I", answer[12:16])[0] for answer in answers] == list(range(1000))
    assert {answer[20:] for answer in answers} == {answers[0][20:]}
    assert still_serves(peer)


def test_a_thousand_requests_for_a_thousand_unknown_identities_have_an_answer_each(peer: Peer) -> None:
    requests = [peer.location_info(f"tel:+4930{number:06}") for number in range(1000)]
    peer.send(b"".join(requests))
    answers = [Answer.read(peer.receive()) for _ in requests]
    assert {answer.result for answer in answers} == {-5001}
    assert [answer.octets[12:20] for answer in answers] == [request[12:20] for request in requests]


def test_a_peer_that_does_not_read_is_held_back_and_harms_nobody(service: Service, peer: Peer) -> None:
    """Its requests stop being read; once it reads, every one that went out has its answer."""
    with Peer(service.address("diameter-tcp"), host="stalled.ims.test", receive_octets=65536) as stalled:
        octets = len(stalled.open().ask(GOOD_LIR).octets)
        stalled.socket.setblocking(False)
        chunk, sent, refused = b"".join(numbered(500)), 0, 0
        while refused < 20 and sent < 100_000_000:
            try:
                sent += stalled.socket.send(chunk[sent % len(chunk) :])
                refused = 0
            except BlockingIOError:
                refused += 1
                assert still_serves(peer)  # the service has gone round once more
        assert refused == 20, "the service reads without bound"
        stalled.socket.settimeout(PATIENCE_S)
        missing = sent // len(GOOD_LIR) * octets
        while missing:
            piece = stalled.socket.recv(1 << 20)
            assert piece, f"{missing} octets of answers are missing"
            missing -= len(piece)


def test_connections_that_come_and_go_leave_nothing(service: Service, peer: Peer) -> None:
    for _ in range(50):
        with Peer(service.address("diameter-tcp"), host="passing.ims.test") as passing:
            passing.send(GOOD_LIR[:10])
            passing.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert still_serves(peer)
    until(lambda: [one["name"] for one in service.call("GET", "connections")[1]["items"]] == [ICSCF])


# --- TLS, IPv6 -------------------------------------------------------------------------------------------------------


def test_tls_on_ipv6_serves_as_tcp_does(service: Service, authority: tuple[Path, Path]) -> None:
    context = ssl.create_default_context(cafile=str(authority[0]))
    address = service.address("diameter-tls")
    assert address.startswith("[::1]:")
    with Peer(address, host=ICSCF, context=context) as peer:
        cea = peer.capabilities()
        assert cea.value(257) == (2, "::1")
        assert still_serves(peer)
        peer.send(b"".join(numbered(300)))
        assert [struct.unpack(">I", peer.receive()[12:16])[0] for _ in range(300)] == list(range(300))


def test_clear_text_on_the_tls_port_is_closed_and_harms_nobody(service: Service, authority: tuple[Path, Path]) -> None:
    address = service.address("diameter-tls")
    with Peer(address, host=ICSCF) as plain:
        plain.send(KAMAILIO["cer_icscf"])
        assert plain.socket.recv(100)[:1] in (b"", b"\x15")  # an alert at most
    context = ssl.create_default_context(cafile=str(authority[0]))
    with Peer(address, host=ICSCF, context=context) as peer:
        assert still_serves(peer.open())


# --- Two connections, unknown peers ----------------------------------------------------------------------------------


def test_each_of_several_connections_of_a_host_gets_its_own_answers(connected: Callable[[], Peer]) -> None:
    one, two = connected().open(), connected().open()
    requests = numbered(4)
    one.send(requests[0] + requests[1])
    two.send(requests[2] + requests[3])
    assert [struct.unpack(">I", end.receive()[12:16])[0] for end in (two, two, one, one)] == [2, 3, 0, 1]


@pytest.fixture(scope="module")
def wary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Give an HSS on IPv6 that accepts known peers alone, probes old connections, restores, and is strict."""
    careful = ("--accept-unknown-peers", "never", "--strict", "true", "--ims-restoration", "true")
    listeners = ("--diameter-tcp", "[::1]:0", "--api", "[::1]:0")
    database = tmp_path_factory.mktemp("service") / "homeward.db"
    with running(database, *NAMES, *listeners, *careful) as found:
        furnish(found)
        found.put("diameter-peers", ICSCF)
        yield found


def test_an_unknown_peer_is_refused_until_the_api_knows_it(wary: Service) -> None:
    address = wary.address("diameter-tcp")
    assert str(ip_address(address.rpartition(":")[0].strip("[]"))) == "::1"

    def asked() -> tuple[int, bool]:
        with Peer(address, host="stranger.test") as peer:
            cea = peer.ask(bytes.fromhex(CASES["P3"]["hex"]))
            if cea.result != 2001:
                assert peer.end() == "closed"
            return cea.result, cea.header.is_error

    assert asked() == (3010, True)
    wary.put("diameter-peers", "stranger.test")
    assert asked() == (2001, False)
    wary.patch("diameter-peers", "stranger.test", state="down")
    assert asked() == (3010, True)
    wary.patch("diameter-peers", "stranger.test", state="up")
    assert asked() == (2001, False)
    wary.delete("diameter-peers", "stranger.test")
    assert asked() == (3010, True)


@pytest.mark.parametrize("way", ["set down", "deleted"])
def test_a_peer_that_may_not_be_connected_any_more_is_told(wary: Service, way: str) -> None:
    wary.put("diameter-peers", "leaver.test")
    with Peer(wary.address("diameter-tcp"), host="leaver.test") as peer:
        peer.open()
        if way == "deleted":
            wary.delete("diameter-peers", "leaver.test")
        else:
            wary.patch("diameter-peers", "leaver.test", state="down")
        farewell = peer.receive()
        assert int.from_bytes(farewell[5:8], "big") == 282
        assert Answer.read(farewell).value(273) == 2


@pytest.mark.parametrize("change", [{"connect": False}, {"state": "down"}, None], ids=["not wanted", "down", "deleted"])
def test_a_connection_of_our_own_ends_with_the_wish_for_it(service: Service, change: dict[str, Any] | None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        place = {"addresses": ["127.0.0.1"], "port": listening.getsockname()[1]}
        name = f"called{place['port']}.ims.example"  # who was called is not called again at once
        service.put("diameter-peers", name, connect=True, **place)
        with Peer.accepted(listening, host=name) as peer:
            peer.take_capabilities()
            assert peer.watchdog().result == 2001
            if change is None:
                service.delete("diameter-peers", name)
            else:
                service.patch("diameter-peers", name, **change)
            farewell = Answer.read(peer.receive())
            assert (farewell.header.command_code, farewell.value(273)) == (282, 2)


def test_a_second_connection_is_refused_while_the_first_one_answers(wary: Service) -> None:
    with Peer(wary.address("diameter-tcp"), host=ICSCF) as old, Peer(wary.address("diameter-tcp"), host=ICSCF) as new:
        old.open()
        new.send(KAMAILIO["cer_icscf"])
        probe = Answer.read(old.receive())
        assert (probe.header.is_request, probe.header.command_code) == (True, 280)
        old.send(old.answer(probe.octets))
        assert new.end() == "closed"
        assert still_serves(old)


def test_a_second_connection_takes_over_where_the_first_one_is_dead(wary: Service) -> None:
    with Peer(wary.address("diameter-tcp"), host=ICSCF) as old, Peer(wary.address("diameter-tcp"), host=ICSCF) as new:
        old.open()
        assert new.open().watchdog().result == 2001
        assert still_serves(new)
        assert old.receive()[4:8] == bytes.fromhex("80000118")  # the probe
        assert old.end() in ("closed", "reset")


@pytest.mark.parametrize(
    ("name", "result", "stays"), [("H3", 5013, True), ("P4", 5005, False)], ids=["reserved bit", "no Host-IP-Address"]
)
def test_what_is_forgiven_is_refused_where_strict_is_set(wary: Service, name: str, result: int, stays: bool) -> None:
    with Peer(wary.address("diameter-tcp"), host=ICSCF) as peer:
        if CASES[name]["state"] == "open":
            peer.open()
        assert peer.ask(bytes.fromhex(CASES[name]["hex"])).result == result
        assert still_serves(peer) if stays else peer.end() == "closed"


def test_a_request_without_the_proxiable_bit_is_served_unless_strict(service: Service, wary: Service) -> None:
    octets = GOOD_LIR[:4] + b"\x80" + GOOD_LIR[5:]
    for one, result, flags in ((service, 2001, 0x00), (wary, 3008, 0x20)):
        with Peer(one.address("diameter-tcp"), host=ICSCF) as peer:
            answer = peer.open().ask(octets)
            assert (answer.result, answer.octets[4]) == (result, flags)


def test_with_restoration_whoever_wants_capabilities_gets_them_and_the_subscription_waits_for_a_new_s_cscf(
    wary: Service,
) -> None:
    def pending() -> bool:
        return bool(wary.call("GET", "subscriptions", "alice")[1]["reassignment_pending"])

    wary.patch("operators", "test", capabilities={"mandatory": [3]})
    with Peer(wary.address("diameter-tcp"), host=ICSCF) as peer:
        peer.open()
        assert (peer.locate("tel:+491715407090").server, pending()) == (SCSCF, False)
        for _ in range(2):
            answer = peer.locate("tel:+491715407090", CAPABILITIES_WANTED)
            assert (answer.result, answer.server, answer.capabilities) == (2001, None, {604: [3]})
            assert pending()
            assert peer.locate("tel:+491715407090").server == SCSCF


@pytest.mark.parametrize("name", ["", ICSCF])
def test_a_bad_length_is_one_line_of_the_log_with_peer_rule_and_octets(service: Service, name: str) -> None:
    with Peer(service.address("diameter-tcp"), host=ICSCF) as peer:
        host, port = peer.socket.getsockname()
        if name:
            peer.open()
        peer.send(b"\1\0\0\x16" + bytes(18))
        assert peer.end() == "reset"
    head = f"tcp {host}:{port}: "
    until(lambda: f"{head}bad length" in service.logged())
    with Peer(service.address("diameter-tcp"), host=ICSCF) as other:
        assert still_serves(other.open())
    told = [line.partition(head)[2] for line in service.logged().splitlines() if head in line]
    assert [line for line in told if not line.startswith(("peer opened", "watchdog"))] == [
        f"bad length origin_host={name} octets=22 rule='a multiple of 4' first=01000016{'00' * 12}"
    ]


def test_a_fault_is_a_line_of_the_log_without_control_characters(service: Service) -> None:
    for listener, octets, words in (
        ("diameter-tcp", b"GET / HTTP/1.1\r\n\r\n", "bad length"),
        ("diameter-tcp", KAMAILIO["cer_icscf"].replace(ICSCF.encode(), b"icscf\n.ims.tst"), "icscf"),
        ("diameter-tls", KAMAILIO["cer_icscf"], "handshake failed"),
    ):
        with Peer(service.address(listener), host=ICSCF) as peer:
            peer.send(octets)
            until(lambda words=words: words in service.logged())
    log = service.logged()
    assert "Traceback" not in log
    assert all(line.isprintable() for line in log.splitlines())
    with Peer(service.address("diameter-tcp"), host=ICSCF) as peer:
        assert still_serves(peer.open())
