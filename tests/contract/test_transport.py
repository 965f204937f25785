"""TCP and TLS keep the contract of transports. SCTP does so in `tests/sctp`, on a kernel that has it."""

import asyncio
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hss.transport.address import Address
from hss.transport.driver import Driver, Outfit
from hss.transport.listening import RESET, Listener
from hss.transport.stream import connect_tcp, listen_tcp, listen_tls
from hss.transport.tls import client_context, server_context
from tests.contract.transport_contract import TransportContract, Wire, framed

LOOPBACK = Address("127.0.0.1", 0)


class StreamPeer:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.socket = writer.get_extra_info("socket")

    async def send(self, *messages: bytes) -> None:
        self.writer.writelines(framed(message) for message in messages)
        await self.writer.drain()

    async def receive(self) -> bytes:
        try:
            length = int.from_bytes(await self.reader.readexactly(4), "big")
            return await self.reader.readexactly(length - 4)
        except asyncio.IncompleteReadError:
            raise ConnectionAbortedError from None

    async def end_of_stream(self) -> None:
        assert await self.reader.read() == b""

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await self.writer.wait_closed()

    def reset(self) -> None:
        with suppress(OSError):  # gone already
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.writer.transport.abort()


class Tcp:
    flood = 400

    async def listen(self, outfit: Outfit) -> Listener:
        return await listen_tcp(LOOPBACK, outfit)

    async def connect(self, listener: Listener, outfit: Outfit) -> Driver:
        return await connect_tcp(listener.address, outfit)

    async def call(self, listener: Listener) -> StreamPeer:
        return StreamPeer(*await asyncio.open_connection("127.0.0.1", listener.address.port))


class Tls:
    flood = 400

    def __init__(self, papers: Path) -> None:
        self.server = server_context(papers / "cert.pem", papers / "key.pem", authority=papers / "cert.pem")
        self.client = client_context(
            authority=papers / "cert.pem", certificate=papers / "cert.pem", key=papers / "key.pem"
        )

    async def listen(self, outfit: Outfit) -> Listener:
        return await listen_tls(LOOPBACK, outfit, self.server)

    async def connect(self, listener: Listener, outfit: Outfit) -> Driver:
        return await connect_tcp(listener.address, outfit, context=self.client)

    async def call(self, listener: Listener) -> StreamPeer:
        return StreamPeer(*await asyncio.open_connection("127.0.0.1", listener.address.port, ssl=self.client))


def write_papers(folder: Path) -> Path:
    """Make a key and a certificate that vouches for itself, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hss.test")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("hss.test"), x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder


@pytest.fixture(scope="session")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_papers(tmp_path_factory.mktemp("papers"))


class TestTcp(TransportContract):
    @pytest.fixture
    def wire(self) -> Wire:
        return Tcp()


class TestTls(TransportContract):
    @pytest.fixture
    def wire(self, papers: Path) -> Wire:
        return Tls(papers)
