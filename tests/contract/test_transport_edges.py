"""What only one kind of transport has to hold: listeners on several families, TLS papers, UDP."""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hss.machine import Event
from hss.transport import sctp
from hss.transport.address import Address
from hss.transport.datagram import listen_udp
from hss.transport.driver import Connection, Limits
from hss.transport.events import AcceptFailed, DatagramFailed, HandshakeFailed
from hss.transport.listening import Listener
from hss.transport.stream import connect_tcp, listen_tcp, listen_tls
from hss.transport.tls import TlsError, client_context, server_context
from tests.contract.test_transport import Tcp, Tls, write_papers
from tests.contract.transport_contract import Toy, answered, bench


def broken(_: Event, __: Connection | None) -> None:
    raise ZeroDivisionError


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_papers(tmp_path_factory.mktemp("edges"))


async def test_every_interface_is_ipv4_and_ipv6_by_one_port() -> None:
    async with bench(Tcp()) as it:
        listener = await listen_tcp(Address("*", 0), it.outfit)
        assert {address.host for address in listener.addresses} == {"0.0.0.0", "::"}  # noqa: S104
        assert len({address.port for address in listener.addresses}) == 1
        for host in ("127.0.0.1", "::1"):
            driver = await connect_tcp(Address(host, listener.address.port), it.outfit)
            assert driver.connection.peer == Address(host, listener.address.port)
            driver.reset()
        await listener.end()


async def test_a_port_in_use_is_an_error_of_the_start() -> None:
    async with bench(Tcp()) as it:
        with pytest.raises(OSError, match="in use") as caught:
            await listen_tcp(it.listener.address, it.outfit)
        assert caught.value.errno == errno.EADDRINUSE


async def test_a_peer_that_is_not_there_is_an_error_of_the_call() -> None:
    async with bench(Tcp()) as it:
        it.listener.close()
        with pytest.raises(ConnectionRefusedError):
            await connect_tcp(it.listener.address, it.outfit)


async def test_a_call_may_choose_its_own_address() -> None:
    async with bench(Tcp()) as it:
        driver = await connect_tcp(it.listener.address, it.outfit, local=Address("127.0.0.9", 0))
        assert driver.connection.local_hosts == ("127.0.0.9",)


class FailingSocket(socket.socket):
    """A listening socket whose next accepts fail."""

    failures: list[OSError]

    def accept(self) -> tuple[socket.socket, Any]:
        if self.failures:
            raise self.failures.pop()
        return super().accept()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOMEM, errno.ECONNABORTED, errno.EPROTO])
async def test_an_error_of_accept_is_told_and_the_listener_goes_on(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hss.transport.listening.RETRY_S", (0.001, 0.002))
    async with bench(Tcp()) as it:
        listening = FailingSocket()
        listening.setblocking(False)
        listening.failures = [OSError(number, "made up") for _ in range(3)]
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listener = Listener([listening], it.listener._welcome, it.outfit)  # noqa: SLF001
        peer = await Tcp().call(listener)
        assert await answered(peer)
        failed = await it.until_seen(AcceptFailed, 3)
        assert [event.retry_s for event in failed] == [0.001, 0.002, 0.002]
        assert failed[0].local == str(listener.address)
        peer.reset()
        await listener.end()


async def test_a_listener_may_close_while_it_waits_to_accept_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hss.transport.listening.RETRY_S", (0.01, 0.01))
    async with bench(Tcp()) as it:
        listening = FailingSocket()
        listening.setblocking(False)
        listening.failures = [OSError(errno.EMFILE, "made up")]
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listener = Listener([listening], it.listener._welcome, it.outfit)  # noqa: SLF001
        peer = await Tcp().call(listener)
        await it.until_seen(AcceptFailed)
        await listener.end()
        await asyncio.sleep(0.02)
        peer.reset()


async def test_an_observer_that_raises_at_the_listener_is_reported_to_the_loop() -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    async with bench(Tcp(), Limits(connections=0)) as it:
        listener = await listen_tcp(Address("127.0.0.1", 0), replace(it.outfit, observe=broken))
        for _ in range(2):
            with pytest.raises((ConnectionResetError, ConnectionAbortedError)):
                await (await Tcp().call(listener)).receive()
        assert len(told) == 2
        await listener.end()


async def test_octets_that_are_not_tls_are_told_and_closed(folder: Path) -> None:
    async with bench(Tls(folder)) as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.listener.address.port)
        writer.write(b"\1\0\0\x14" + bytes(16))
        (failed,) = await it.until_seen(HandshakeFailed)
        assert "127.0.0.1:" in failed.peer
        assert failed.reason
        await reader.read()
        writer.close()
        assert await answered(await it.call())


async def test_a_peer_that_does_not_shake_hands_is_closed_in_time(folder: Path) -> None:
    async with bench(Tls(folder), Limits(handshake_s=0.05)) as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", it.listener.address.port)
        await it.until_seen(HandshakeFailed)
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()


async def test_a_client_without_a_certificate_is_refused_where_one_is_wanted(folder: Path) -> None:
    async with bench(Tls(folder)) as it:
        context = client_context(authority=folder / "cert.pem")
        with suppress(ssl.SSLError):  # TLS 1.3 tells the client after its handshake
            driver = await connect_tcp(it.listener.address, it.outfit, context=context)
            await driver.closed
        (failed,) = await it.until_seen(HandshakeFailed)
        assert "certificate" in failed.reason


async def test_a_server_whose_certificate_is_not_trusted_is_refused(folder: Path, tmp_path: Path) -> None:
    other = write_papers(tmp_path)
    async with bench(Tls(folder)) as it:
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect_tcp(it.listener.address, it.outfit, context=client_context(authority=other / "cert.pem"))


async def test_the_names_of_a_checked_certificate_are_told_to_the_machine(folder: Path) -> None:
    seen: list[Connection] = []

    def build(connection: Connection) -> Toy:
        seen.append(connection)
        return Toy({})

    async with bench(Tls(folder), build=build) as it:
        assert await answered(await it.call())
        assert seen[0].certificate_names == ("hss.test", "127.0.0.1")


async def test_a_certificate_may_go_unchecked_on_a_test_bed(folder: Path) -> None:
    async with bench(Tls(folder)) as it:
        listener = await listen_tls(
            Address("127.0.0.1", 0), it.outfit, server_context(folder / "cert.pem", folder / "key.pem")
        )
        driver = await connect_tcp(listener.address, it.outfit, context=client_context(check=False))
        assert driver.connection.certificate_names == ()
        driver.close()
        await driver.closed
        await listener.end()


def test_papers_that_cannot_be_used_are_named(folder: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing.pem"
    other = write_papers(tmp_path)
    locked = tmp_path / "locked.pem"
    locked.write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    junk = tmp_path / "junk.pem"
    junk.write_text("no certificate")
    with pytest.raises(TlsError, match=r"cannot read .*missing\.pem: No such file"):
        server_context(missing, folder / "key.pem")
    with pytest.raises(TlsError, match=r"cert\.pem and key .*key\.pem cannot be used together"):
        server_context(folder / "cert.pem", other / "key.pem")
    with pytest.raises(TlsError, match="pass phrase"):
        server_context(folder / "cert.pem", locked)
    with pytest.raises(TlsError, match=r"junk\.pem holds no certificate"):
        server_context(folder / "cert.pem", folder / "key.pem", authority=junk)


async def test_sctp_is_refused_with_the_reason_where_pysctp_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sctp, "pysctp", None)
    assert sctp.sctp_available() == "pysctp is not installed"
    async with bench(Tcp()) as it:
        with pytest.raises(OSError, match="pysctp is not installed"):
            await sctp.listen_sctp([Address("127.0.0.1", 0)], it.outfit, sctp.SctpUse(ppid=sctp.PPID_DIAMETER))


@pytest.mark.parametrize(
    ("number", "reason"),
    [(errno.EPROTONOSUPPORT, "the kernel has no SCTP (Protocol not supported)"), (errno.ENOSYS, "md5 and hmac")],
)
def test_a_kernel_without_sctp_is_told_by_its_reason(number: int, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket, "socket", refuse)
    assert reason in (sctp.sctp_available() or "")


def echo(data: bytes, source: Address) -> bytes | None:
    match data:
        case b"silence":
            return None
        case b"raise":
            raise ZeroDivisionError
        case b"huge":
            return bytes(70_000)
        case _:
            return data + str(source.port).encode()


@contextmanager
def udp_client(address: Address) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET6 if ":" in address.host else socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setblocking(False)
        client.connect((address.host, address.port))
        yield client


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_datagram_is_answered_whatever_came_before(host: str) -> None:
    seen: list[Event] = []
    endpoint = await listen_udp(Address(host, 0), echo, lambda event, _: seen.append(event))
    with udp_client(endpoint.address) as client:
        for data in (b"silence", b"raise", b"huge", b"", b"x"):
            client.send(data)
        loop = asyncio.get_running_loop()
        port = str(client.getsockname()[1]).encode()
        assert await loop.sock_recv(client, 100) == port
        assert await loop.sock_recv(client, 100) == b"x" + port
    assert [type(event) for event in seen] == [DatagramFailed, DatagramFailed]
    endpoint.close()
    await endpoint.closed


async def test_an_answer_that_nobody_takes_ends_nothing() -> None:
    seen: list[Event] = []
    endpoint = await listen_udp(Address("127.0.0.1", 0), echo, lambda event, _: seen.append(event))
    endpoint.error_received(ConnectionRefusedError())
    with udp_client(endpoint.address) as client:
        client.send(b"x")
        assert await asyncio.get_running_loop().sock_recv(client, 100)
    assert [type(event) for event in seen] == [DatagramFailed]
    endpoint.close()
    await endpoint.closed


async def test_an_observer_of_datagrams_that_raises_is_reported_to_the_loop() -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    endpoint = await listen_udp(Address("127.0.0.1", 0), echo, broken)
    with udp_client(endpoint.address) as client:
        client.send(b"raise")
        client.send(b"x")
        assert await asyncio.get_running_loop().sock_recv(client, 100)
    assert len(told) == 1
    endpoint.close()
    await endpoint.closed
