"""SCTP, the only door to pysctp: drives a machine over one association, one message each way per call.

One-to-one style sockets; several addresses on both ends; the association's streams are chosen per message.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from hss.transport.address import Address
from hss.transport.driver import Connection, Driver, Kind, Outfit
from hss.transport.events import AssociationChanged, AssociationState, ForeignPayload, MessageTooLong
from hss.transport.listening import BACKLOG, Listener, address_of, reset
from hss.transport.queueing import QueueingDriver
from hss.transport.sctp_structs import (
    OPTION_BINDX_ADD,
    OPTION_CONNECTX,
    SOL_SCTP,
    Ancillary,
    family_of,
    name_of,
    pack_addresses,
    ppid_of,
    read_notification,
    send_info,
)

try:
    import sctp as pysctp
except ImportError:  # not Linux
    pysctp = None

PPID_DIAMETER: Final = 46  # RFC 6733 2.1.1 (clear text)
PPID_M3UA: Final = 3  # RFC 4666 1.4.3
READS_AT_ONCE: Final = 64  # then the other connections get their turn
PIECE_OCTETS: Final = 65_536
ANCILLARY_OCTETS: Final = 128
MSG_EOR: Final = 0x80
MSG_NOTIFICATION: Final = 0x8000


def first_stream(message: bytes, streams: int) -> int:  # noqa: ARG001 - the form of `stream_of`
    """Send everything by stream 0."""
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SctpUse:
    """How a protocol uses SCTP.

    `stream_of` chooses the outgoing stream of a message, below the count of streams that the association has.
    """

    ppid: int
    streams: int = 16  # asked for, each way
    stream_of: Callable[[bytes, int], int] = first_stream
    unordered: bool = False


def sctp_available() -> str | None:
    """Say why SCTP cannot be used here; None where it can."""
    if pysctp is None:
        return "pysctp is not installed"
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP) as probe:
            probe.bind(("127.0.0.1", 0))
            probe.listen(1)
    except OSError as error:
        if error.errno == errno.ENOSYS:
            return "the kernel's SCTP cannot sign cookies (its modules md5 and hmac are missing)"
        return f"the kernel has no SCTP ({error.strerror})"
    return None


class SctpDriver(QueueingDriver):
    """Drives one machine over one association."""

    def __init__(self, outfit: Outfit, use: SctpUse, connected: socket.socket, *, inbound: bool) -> None:
        super().__init__(outfit)
        self._use = use
        self._socket = connected
        self._inbound = inbound
        self._pieces = bytearray()
        self._blocked = False
        self._gone = False
        self._foreign_seen = False
        self._send_info: dict[int, list[Ancillary]] = {}
        self._streams = 1

    def start(self) -> None:
        """Build the machine and let it speak; raise `OSError` where the association is gone already."""
        association = pysctp.sctpsocket_tcp(self._socket.family, self._socket)
        self._streams = max(1, association.get_status().outstrms)
        connection = _facts(association, inbound=self._inbound)
        self._loop.add_reader(self._socket, self._read_some)
        self._opened(connection)

    def _read_some(self) -> None:
        for _ in range(READS_AT_ONCE):
            if self._gone or self._reading_held:
                return
            try:
                octets, ancillary, flags, _ = self._socket.recvmsg(PIECE_OCTETS, ANCILLARY_OCTETS)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._leave(error)
                return
            if flags & MSG_NOTIFICATION:
                self._note(octets)
            elif octets:
                self._take(octets, ancillary, whole=bool(flags & MSG_EOR))
            else:
                self._leave(None)

    def _take(self, octets: bytes, ancillary: list[Ancillary], *, whole: bool) -> None:
        if not self._foreign_seen:
            self._look_at_payload(ancillary)
        if self._pieces or not whole:
            octets = self._collect(octets, whole=whole)
        if len(octets) > self._limits.message_octets:
            self._observe(MessageTooLong(limit=self._limits.message_octets))
            self.reset("a message was too long")
        elif octets:
            self.received(octets)

    def _collect(self, octets: bytes, *, whole: bool) -> bytes:
        """Keep a piece; give the message when it is whole, or already too long."""
        self._pieces += octets
        if not whole and len(self._pieces) <= self._limits.message_octets:
            return b""
        message = bytes(self._pieces)
        self._pieces.clear()
        return message

    def _look_at_payload(self, ancillary: list[Ancillary]) -> None:
        ppid = ppid_of(ancillary)
        if ppid is not None and ppid != self._use.ppid:
            self._foreign_seen = True
            self._observe(ForeignPayload(ppid=ppid))

    def _note(self, octets: bytes) -> None:
        event = read_notification(octets)
        if event is None:
            return
        if not self._ending:
            self._observe(event)
        if isinstance(event, AssociationChanged):
            self._follow(event.state)

    def _follow(self, state: AssociationState) -> None:
        if state is AssociationState.RESTARTED:
            self.reset("the peer started the association anew")  # its machine starts anew too: so must ours
        elif state is AssociationState.SHUT_DOWN:  # who began the shutdown is told so, but sees no end of stream
            self._leave(None)
        elif state is AssociationState.LOST:
            failed = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self._leave(OSError(failed, os.strerror(failed)) if failed else None)

    def _put(self, message: bytes) -> bool:
        if self._blocked:
            return False
        stream = self._use.stream_of(message, self._streams)
        info = self._send_info.get(stream)
        if info is None:
            info = send_info(stream=stream, ppid=self._use.ppid, unordered=self._use.unordered)
            self._send_info[stream] = info
        try:
            self._socket.sendmsg((message,), info)
        except (BlockingIOError, InterruptedError):
            self._blocked = True
            self._loop.add_writer(self._socket, self._unblocked)
            return False
        except OSError as error:
            self._leave(error)
        return True

    def _unblocked(self) -> None:
        self._blocked = False
        self._loop.remove_writer(self._socket)
        self._drain()

    def _hold_reading(self) -> None:
        self._loop.remove_reader(self._socket)

    def _go_on_reading(self) -> None:
        self._loop.add_reader(self._socket, self._read_some)

    def _shut(self) -> None:
        """Send SHUTDOWN; reading goes on, as what the peer still sends must be taken before the end."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            self._leave(error)
        else:
            self._loop.add_reader(self._socket, self._read_some)
            self._reading_held = False

    def _abort(self) -> None:
        if not self._gone:
            self._forget()
            reset(self._socket)
            self._loop.call_soon(self._lost, None)

    def _leave(self, error: OSError | None) -> None:
        """Tell the machine, after what is going on now, that the association is gone."""
        if not self._gone:
            self._forget()
            self._socket.close()
            self._loop.call_soon(self._lost, error)

    def _forget(self) -> None:
        self._gone = True
        self._queue.clear()
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)


async def listen_sctp(addresses: Sequence[Address], outfit: Outfit, use: SctpUse) -> Listener:
    """Listen on all `addresses` as one multi-homed end; they share one port (0: a free one).

    Raises `OSError` where the kernel has no SCTP or an address cannot be had.
    """
    listening = _socket(addresses, use)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(listening, addresses)
        listening.listen(BACKLOG)
    except BaseException:
        listening.close()
        raise
    port = listening.getsockname()[1]
    bound = [Address(address.host, port) for address in addresses]
    return Listener([listening], partial(_welcome, outfit, use), outfit, bound)


async def connect_sctp(
    addresses: Sequence[Address], outfit: Outfit, use: SctpUse, *, local: Sequence[Address] = ()
) -> SctpDriver:
    """Connect to one peer by all its `addresses`, from all the `local` ones (none: as the kernel likes).

    The driver's machine was told `connected` when this returns.
    Raises `OSError` (`TimeoutError` among them) where the association does not come up within `handshake_s`.
    """
    connecting = _socket([*addresses, *local], use)
    try:
        if local:
            _bind(connecting, local)
        async with asyncio.timeout(outfit.limits.handshake_s):
            await _connect(connecting, addresses)
        driver = SctpDriver(outfit, use, connecting, inbound=False)
        driver.start()
    except BaseException:
        reset(connecting)
        raise
    return driver


def _socket(addresses: Sequence[Address], use: SctpUse) -> socket.socket:
    """Make a socket whose settings the associations of its listener inherit."""
    if pysctp is None:
        raise OSError(errno.EPROTONOSUPPORT, "pysctp is not installed")
    made = socket.socket(family_of(addresses), socket.SOCK_STREAM, socket.IPPROTO_SCTP)
    made.setblocking(False)
    _prepare(made)
    start = pysctp.sctpsocket_tcp(made.family, made).initparams
    start.autoflush = False
    start.num_ostreams = start.max_instreams = use.streams
    start.flush()
    return made


def _prepare(made: socket.socket) -> None:
    """Send at once, and hear of messages' identifiers, of the association and of its paths."""
    association = pysctp.sctpsocket_tcp(made.family, made)
    association.nodelay = True
    events = association.events
    events.autoflush = False
    events.data_io = events.association = events.address = 1
    events.flush()


def _bind(made: socket.socket, addresses: Sequence[Address]) -> None:
    made.bind(name_of(addresses[0]))
    port = made.getsockname()[1]
    rest = [Address(address.host, port) for address in addresses[1:]]
    if rest:
        made.setsockopt(SOL_SCTP, OPTION_BINDX_ADD, pack_addresses(rest))


async def _connect(connecting: socket.socket, addresses: Sequence[Address]) -> None:
    loop = asyncio.get_running_loop()
    with suppress(BlockingIOError):
        connecting.setsockopt(SOL_SCTP, OPTION_CONNECTX, pack_addresses(addresses))
    writable: asyncio.Future[None] = loop.create_future()
    loop.add_writer(connecting, partial(_mark, writable))
    try:
        await writable
    finally:
        loop.remove_writer(connecting)
    failed = connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if failed:
        raise OSError(failed, os.strerror(failed))


def _mark(writable: "asyncio.Future[None]") -> None:
    if not writable.done():
        writable.set_result(None)


async def _welcome(outfit: Outfit, use: SctpUse, accepted: socket.socket) -> Driver:
    _prepare(accepted)
    driver = SctpDriver(outfit, use, accepted, inbound=True)
    driver.start()
    return driver


def _facts(association: Any, *, inbound: bool) -> Connection:  # noqa: ANN401 - pysctp has no types
    peers = [address_of(name) for name in association.getpaddrs()]
    ours = [address_of(name) for name in association.getladdrs()]
    return Connection(
        kind=Kind.SCTP,
        peer=peers[0],
        local=ours[0],
        inbound=inbound,
        peer_hosts=tuple(address.host for address in peers),
        local_hosts=tuple(address.host for address in ours),
    )
