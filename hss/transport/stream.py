"""TCP and TLS: drives a machine over a stream of octets."""

import asyncio
import socket
import ssl
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar, Final, cast

from hss.transport.address import ANY_HOST, Address
from hss.transport.driver import Connection, Driver, Kind, Outfit
from hss.transport.listening import BACKLOG, RESET, Listener, address_of
from hss.transport.queueing import QueueingDriver

TLS_PIECE_OCTETS: Final = 65_536


class StreamDriver(Driver, asyncio.Protocol):
    """Drives one machine over one TCP or TLS connection; all messages of one turn leave in one write."""

    data_received = Driver.received  # the hot path: no call in between

    kind: ClassVar = Kind.TCP
    buffer_octets: ClassVar[int | None] = None  # of the transport's own buffer; None: all that may be unsent

    def __init__(self, outfit: Outfit, *, inbound: bool) -> None:
        super().__init__(outfit)
        self._inbound = inbound
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Build the machine and let it speak."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=self.buffer_octets or self._limits.unsent_octets)
        self._opened(self._facts(self._transport))

    def pause_writing(self) -> None:
        """Stop reading from a peer that does not read."""
        self._writing_paused()

    def resume_writing(self) -> None:
        """Read again."""
        self._writing_resumed()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the machine."""
        self._lost(exc)

    def _facts(self, transport: asyncio.Transport) -> Connection:
        peer = address_of(transport.get_extra_info("peername"))
        local = address_of(transport.get_extra_info("sockname"))
        return Connection(
            kind=self.kind,
            peer=peer,
            local=local,
            inbound=self._inbound,
            peer_hosts=(peer.host,),
            local_hosts=(local.host,),
            certificate_names=_names(transport.get_extra_info("peercert")),
        )

    def _write(self, messages: list[bytes]) -> None:
        self._transport.writelines(messages)

    def _unsent(self) -> int:
        return self._transport.get_write_buffer_size()

    def _hold_reading(self) -> None:
        self._transport.pause_reading()

    def _go_on_reading(self) -> None:
        self._transport.resume_reading()

    def _close(self) -> None:
        self._transport.close()

    def _abort(self) -> None:
        with suppress(OSError):  # it may be gone already
            self._transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._transport.abort()


class TlsDriver(QueueingDriver, StreamDriver):
    """Drives one machine over one TLS connection.

    asyncio's TLS counts what it handed to the socket's buffer as sent, so what waits is kept and counted here.
    """

    kind: ClassVar = Kind.TLS
    buffer_octets: ClassVar[int | None] = TLS_PIECE_OCTETS

    def __init__(self, outfit: Outfit, *, inbound: bool) -> None:
        super().__init__(outfit, inbound=inbound)
        self._blocked = False

    def pause_writing(self) -> None:
        """Keep what comes next."""
        self._blocked = True

    def resume_writing(self) -> None:
        """Give on what was kept."""
        self._blocked = False
        self._drain()

    def _write(self, messages: list[bytes]) -> None:
        joined = b"".join(messages)
        super()._write([joined[at : at + TLS_PIECE_OCTETS] for at in range(0, len(joined), TLS_PIECE_OCTETS)])

    def _put(self, message: bytes) -> bool:
        if not self._blocked:
            self._transport.write(message)
            return True
        return False

    def _shut(self) -> None:
        self._transport.close()


async def listen_tcp(address: Address, outfit: Outfit) -> Listener:
    """Listen in clear. Raises `OSError` where the address cannot be had; `*` is every interface, IPv4 and IPv6."""
    return Listener(await _bind(address), partial(_welcome, outfit, None), outfit)


async def listen_tls(address: Address, outfit: Outfit, context: ssl.SSLContext) -> Listener:
    """Listen with TLS from the first octet; `hss.transport.tls` makes contexts."""
    return Listener(await _bind(address), partial(_welcome, outfit, context), outfit)


async def connect_tcp(
    address: Address,
    outfit: Outfit,
    *,
    context: ssl.SSLContext | None = None,
    server_name: str | None = None,
    local: Address | None = None,
) -> StreamDriver:
    """Connect, with TLS where a `context` is given; the driver's machine was told `connected` when this returns.

    `server_name` is the name that the peer's certificate must have, by default the host of `address`.
    Raises `OSError` (`TimeoutError`, `ssl.SSLError` among them) where the peer is not reached within `handshake_s`.
    """
    kind = TlsDriver if context else StreamDriver
    async with asyncio.timeout(outfit.limits.handshake_s):
        _, driver = await asyncio.get_running_loop().create_connection(
            lambda: kind(outfit, inbound=False),
            address.host,
            address.port,
            ssl=context,
            server_hostname=(server_name or address.host) if context else None,
            local_addr=(local.host, local.port) if local else None,
        )
    return driver


async def _welcome(outfit: Outfit, context: ssl.SSLContext | None, accepted: socket.socket) -> Driver:
    kind = TlsDriver if context else StreamDriver
    _, driver = await asyncio.get_running_loop().connect_accepted_socket(
        lambda: kind(outfit, inbound=True),
        accepted,
        ssl=context,
        ssl_handshake_timeout=outfit.limits.handshake_s if context else None,
        ssl_shutdown_timeout=outfit.limits.close_s if context else None,
    )
    return driver


async def _bind(address: Address) -> list[socket.socket]:
    host = None if address.host == ANY_HOST else address.host
    found = await asyncio.get_running_loop().getaddrinfo(
        host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    sockets: list[socket.socket] = []
    port = address.port
    try:
        for family, _, _, _, name in dict.fromkeys(found):
            sockets.append(_listening(family, (name[0], port, *name[2:])))
            port = port or sockets[0].getsockname()[1]
    except BaseException:
        for each in sockets:
            each.close()
        raise
    return sockets


def _listening(family: int, name: tuple[Any, ...]) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setblocking(False)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(name)
        listening.listen(BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


NAME_KINDS: Final = frozenset({"DNS", "URI", "IP Address"})


def _names(certificate: dict[str, Any] | None) -> tuple[str, ...]:
    """Names of a checked certificate: its subject alternative names, or else its common name."""
    if not certificate:
        return ()
    named = tuple(value for kind, value in certificate.get("subjectAltName", ()) if kind in NAME_KINDS)
    subject = (pair for part in certificate.get("subject", ()) for pair in part)
    return named or tuple(value for kind, value in subject if kind == "commonName")
