"""How the service starts, what it keeps, and how it ends."""

import re
import signal
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPException
from itertools import chain
from pathlib import Path

import pytest

from tests.service.conftest import LISTENERS, Service, invoke, run, running
from tests.service.wire import PATIENCE_S, Answer, Peer, until

KEYS = ("465b5ce8b199b49faa5f0a2ee238a6bc", "cd63cb71954a9f4e48a5994e37a02baf")  # K, OPc of the sample data
PASSWORD = "an-unusual-password"  # noqa: S105 - invented
CUSTOMER = "tel:+491715407090"
SCSCF = "sip:scscf1.ims.example:6060"


def located(service: Service, uri: str) -> tuple[int, str | None]:
    with Peer(service.address("diameter-tcp")) as peer:
        answer = peer.open().locate(uri)
        return answer.result, answer.server


# --- What it keeps ---------------------------------------------------------------------------------------------------


def test_registration_state_and_all_that_was_acknowledged_survive_an_end_and_kill_9(sample: Callable[[], Path]) -> None:
    database, uri = sample(), "tel:+491715407093"
    with running(database) as service:
        registered = {"state": "registered", "scscf": {"name": "sip:new.ims.example"}}
        service.put("public-identities", uri, "registration", **registered)
        service.put("public-identities", CUSTOMER, "registration", state="not-registered")
        service.end()
        assert service.process.returncode == 0
    acknowledged: list[str] = []
    with running(database) as service:

        def write(writer: int) -> None:
            for number in range(10_000):
                name = f"{writer}-{number}"
                body = {"operator": "mobile", "name": name, "number": f"+4930{writer}{number:05}"}
                try:
                    status, _ = service.call("POST", "subscribers", body=body)
                except (OSError, HTTPException, ValueError):
                    return
                assert status == 201
                acknowledged.append(name)

        writers = [threading.Thread(target=write, args=(writer,)) for writer in range(3)]
        for writer in writers:
            writer.start()
        until(lambda: len(acknowledged) >= 100)
        service.process.kill()
        for writer in writers:
            writer.join()
    with running(database) as service:
        assert (located(service, uri), located(service, CUSTOMER)) == ((2001, "sip:new.ims.example"), (-5003, None))
        page = service.call("GET", "subscriptions?limit=1000")[1]
        assert page["next"] is None
        assert set(acknowledged) <= {item["name"] for item in page["items"]}
        for name in (acknowledged[0], acknowledged[-1]):
            writer, _, number = name.partition("-")
            assert located(service, f"tel:+4930{writer}{int(number):05}") == (-5003, None)
    assert sqlite3.connect(database).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_secrets_leave_neither_by_the_api_nor_by_a_log_nor_in_the_file(sample: Callable[[], Path]) -> None:
    database = sample()
    secrets = [*KEYS, PASSWORD, "0123456789abcdef0123456789abcdef"]
    said = []
    with running(database, "--log", "debug") as service:
        body = {"operator": "mobile", "number": "+491715550001", "password": PASSWORD, "scheme": "SIP Digest"}
        said.append(service.call("POST", "subscribers", body=body))
        refused = {**body, "number": "+491715550002", "k": "0123456789abcdef0123456789abcdef", "operator": "none"}
        said.append(service.call("POST", "subscribers", body=refused))
        said.append(service.call("POST", "subscribers", body={**refused, "op": "x" + KEYS[0], "opc": KEYS[1]}))
        paths = ("subscriptions", "private-identities", "public-identities", f"lookup?identity={CUSTOMER}")
        said += [service.call("GET", path) for path in paths]
        commands = [("export",), ("export", "--form", "csv"), ("subscriber", "show", CUSTOMER, "--json"), ("peers",)]
        said += [(done.exit_code, done.output) for done in (service.invoke(*one) for one in commands)]
        said.append(service.call("GET", "/healthz"))
        said.append((0, service.end() + service.logged()))
    assert [status for status, _ in said[:3]] == [201, 422, 422]
    for secret in secrets:
        for status, text in said:
            assert secret not in str(text).lower(), (status, secret)
        for file in database.parent.iterdir():
            octets = file.read_bytes().lower()
            assert secret.encode() not in octets, file
            if re.fullmatch("[0-9a-f]{32}", secret):
                assert bytes.fromhex(secret) not in octets, file


def test_only_its_owner_reads_the_key_and_without_it_nothing_starts(sample: Callable[[], Path]) -> None:
    database = sample()
    key = Path(f"{database}.key")
    assert key.stat().st_mode & 0o077 == 0
    for spoilt in ("not a key", "00" * 32):
        key.write_text(spoilt)
        refused(("serve", "--database", str(database)), "key")


# --- What does not start ---------------------------------------------------------------------------------------------


def refused(arguments: tuple[str, ...], *words: str, printed: tuple[str, ...] = ()) -> None:
    """Run a command that has to end with status 2 and one line that holds `words`.

    `printed` is how the lines begin that stand on standard output: nothing, unless something listened already.
    """
    usual = LISTENERS if arguments[0] == "serve" else {}
    listeners = [part for flag, value in usual.items() if flag not in arguments for part in (flag, value)]
    done = invoke(*arguments, *listeners)
    assert done.exit_code == 2, done.output
    assert done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(printed), done.stdout
    assert all(map(str.startswith, lines, printed)), done.stdout


def test_a_second_service_on_the_same_file_is_refused(service: Service) -> None:
    done = run("serve", "--database", str(service.database), *chain.from_iterable(LISTENERS.items()))
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert f"database {service.database}" in done.stderr
    assert located(service, CUSTOMER) == (2001, SCSCF)


def test_init_and_direct_import_on_a_file_in_use_are_refused(service: Service, tmp_path: Path) -> None:
    refused(("init", "--database", str(service.database)), "in use")
    lines = tmp_path / "lines.jsonl"
    lines.write_text("")
    refused(("import", str(lines), "--database", str(service.database)), "in use")


@pytest.mark.parametrize("flag", ["--diameter-tcp", "--api"])
def test_a_port_in_use_is_named(service: Service, tmp_path: Path, flag: str) -> None:
    address = service.address(flag[2:])
    key = flag[2:].replace("-", "_")
    first = ("Homeward", *(f"  diameter-{kind}" for kind in ("tcp", "sctp", "tls")))  # they listen before the rest
    printed = first if flag == "--api" else ()
    database = str(tmp_path / "other.db")
    refused(("serve", "--database", database, flag, address), key, address, "in use", printed=printed)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(("--database", "/nowhere/at/all.db"), ["database", "/nowhere/at/all.db"], id="no directory"),
        pytest.param(("--diameter-tls", "127.0.0.1:0"), ["diameter_tls", "tls_certificate"], id="no certificate"),
        pytest.param(("--diameter-tcp", "192.0.2.1:0"), ["diameter_tcp", "192.0.2.1:0"], id="not our address"),
        pytest.param(("--diameter-tcp", "no.such.host.invalid:0"), ["diameter_tcp", "invalid"], id="no such host"),
        pytest.param(
            ("--database", "postgresql://nobody@127.0.0.1:1/none"), ["database", "postgresql://"], id="no PostgreSQL"
        ),
    ],
)
def test_what_the_configuration_names_and_cannot_be_used(
    arguments: tuple[str, ...], words: list[str], tmp_path: Path
) -> None:
    database = () if "--database" in arguments else ("--database", str(tmp_path / "homeward.db"))
    key = ("--secrets-key-file", str(tmp_path / "homeward.key"))
    refused(("serve", *database, *key, *arguments), *words)


def test_files_of_tls_that_are_none_are_named(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("nothing")
    for certificate in (wrong, tmp_path / "missing.pem"):
        arguments = ("--tls-certificate", str(certificate), "--tls-key", str(wrong), "--diameter-tls", "127.0.0.1:0")
        refused(("serve", "--database", str(tmp_path / "homeward.db"), *arguments), "diameter_tls", str(certificate))


def test_a_file_that_is_no_database_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Dear diary, " * 1000)
    refused(("serve", "--database", str(file)), str(file))
    assert file.read_text() == "Dear diary, " * 1000


# --- How it ends -----------------------------------------------------------------------------------------------------


def test_ctrl_c_ends_it_with_a_farewell_to_its_peers(sample: Callable[[], Path]) -> None:
    with running(sample()) as service:
        address = service.address("diameter-tcp")
        with Peer(address) as peer, Peer(address, host="silent.ims.example") as silent, Peer(address) as nobody:
            peer.open()
            silent.open()
            service.process.send_signal(signal.SIGINT)
            answer_farewell(peer)
            assert Answer.read(silent.receive()).header.command_code == 282
            assert nobody.end() in ("closed", "reset")
            place, _, port = address.rpartition(":")
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection((place, int(port)), timeout=PATIENCE_S)
            rest, _ = service.process.communicate(timeout=PATIENCE_S)  # the silent peer never answers
        assert service.process.returncode == 0
        assert rest.endswith("Ending: peers are told, what is under way is answered.\n")
        assert service.logged() == ""
        assert not Path(f"{service.database}-wal").exists()


def answer_farewell(peer: Peer) -> None:
    request = Answer.read(peer.receive())
    assert (request.header.is_request, request.header.command_code) == (True, 282)
    assert (request.value(264), request.value(273)) == (b"hss.ims.example", 0)
    peer.send(peer.answer(request.octets))
    assert peer.end() == "closed"


def test_sigterm_ends_it_once_although_peers_do_not_read_and_it_comes_twice(sample: Callable[[], Path]) -> None:
    """One peer is connected to by the service itself, another address of a peer does not answer at all."""
    with socket.create_server(("127.0.0.1", 0)) as listening, deaf_address() as deaf, running(sample()) as service:
        place = {"addresses": ["127.0.0.1"], "connect": True}
        service.put("diameter-peers", "deaf.ims.example", **place, port=deaf)
        service.put("diameter-peers", "scscf1.ims.example", **place, port=listening.getsockname()[1])
        with Peer.accepted(listening, host="scscf1.ims.example") as peer:
            assert peer.take_capabilities().value(264) == b"hss.ims.example"
            assert peer.locate(CUSTOMER, realm="ims.example").server == SCSCF
            with Peer(service.address("diameter-tcp"), receive_octets=4096) as stalled:
                fill(stalled.open())
                for _ in range(2):
                    service.process.send_signal(signal.SIGTERM)
                answer_farewell(peer)
                service.process.communicate(timeout=PATIENCE_S)
            assert (service.process.returncode, service.logged()) == (0, "")


def fill(peer: Peer) -> None:
    """Ask without reading until nothing more is taken."""
    octets = peer.location_info(CUSTOMER) * 500
    peer.socket.settimeout(0.5)
    with suppress(TimeoutError):
        while True:
            peer.send(octets)


@contextmanager
def deaf_address() -> Iterator[int]:
    """Give a port that takes no connection and refuses none."""
    with socket.socket() as listening, ExitStack() as stack:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]
