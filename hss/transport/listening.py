"""Accepts connections, on any kind of stream socket, for as long as it is told to.

Neither an error of `accept` nor one of a connection ends a listener: it waits a moment and goes on.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeAlias

from hss.machine import Event
from hss.transport.address import Address
from hss.transport.driver import Driver, Outfit
from hss.transport.events import AcceptFailed, HandshakeFailed, TooManyConnections

BACKLOG: Final = 1024
ACCEPTS_AT_ONCE: Final = 64  # then the other connections get their turn
RETRY_S: Final = (0.1, 5.0)  # first and longest wait after an error of accept; it doubles in between
RESET: Final = b"\1\0\0\0\0\0\0\0"  # struct linger: on, zero seconds
UNKNOWN: Final = ("?", 0)

Welcome: TypeAlias = Callable[[socket.socket], Awaitable[Driver]]


class Listener:
    """Sockets that listen, and the drivers of the connections that came in by them.

    `addresses` are given where a socket has several.
    """

    def __init__(
        self, sockets: Sequence[socket.socket], welcome: Welcome, outfit: Outfit, addresses: Sequence[Address] = ()
    ) -> None:
        self.addresses: Final = tuple(addresses or (address_of(each.getsockname()) for each in sockets))
        self.drivers: Final[set[Driver]] = set()
        self._sockets = list(sockets)
        self._welcome = welcome
        self._outfit = outfit
        self._coming = 0  # accepted, and not yet a driver
        self._retry_s = RETRY_S[0]
        self._retries: dict[int, asyncio.TimerHandle] = {}
        self._loop = asyncio.get_running_loop()
        for each in self._sockets:
            self._watch(each)

    @property
    def address(self) -> Address:
        """The first address it listens on, with the port that the kernel chose where 0 was asked for."""
        return self.addresses[0]

    def close(self) -> None:
        """Accept nothing more; the connections that stand are not touched."""
        for retry in self._retries.values():
            retry.cancel()
        while self._sockets:
            each = self._sockets.pop()
            self._loop.remove_reader(each)
            each.close()

    async def end(self, reason: str = "the service ends") -> None:
        """Close, end all connections gracefully, and return when they are gone."""
        self.close()
        drivers = list(self.drivers)
        for driver in drivers:
            driver.close(reason)
        for driver in drivers:
            await driver.closed

    def _watch(self, listening: socket.socket) -> None:
        self._loop.add_reader(listening, self._accept_some, listening)

    def _accept_some(self, listening: socket.socket) -> None:
        for _ in range(ACCEPTS_AT_ONCE):
            try:
                accepted, peer = listening.accept()
            except BlockingIOError:
                return
            except OSError as error:
                self._wait(listening, error)
                return
            self._retry_s = RETRY_S[0]
            self._take(accepted, peer)

    def _take(self, accepted: socket.socket, peer: Any) -> None:  # noqa: ANN401 - the address form of any family
        limit = self._outfit.limits.connections
        come_up = self._come_up(accepted, str(address_of(peer)))
        try:
            accepted.setblocking(False)
            if len(self.drivers) + self._coming >= limit:
                reset(accepted)
                self._observe(TooManyConnections(limit=limit, peer=str(address_of(peer))))
            else:
                self._outfit.tasks.create_task(come_up)
                self._coming += 1
                return
        except (OSError, RuntimeError):  # the connection died at once, or the task group is closing down
            reset(accepted)
        come_up.close()

    async def _come_up(self, accepted: socket.socket, peer: str) -> None:
        try:
            driver = await self._welcome(accepted)
        except Exception as error:  # noqa: BLE001 - whatever a connection dies of, the listener lives
            reset(accepted)
            self._observe(HandshakeFailed(peer=peer, reason=str(error) or type(error).__name__))
        else:
            self._keep(driver)
        finally:
            self._coming -= 1

    def _keep(self, driver: Driver) -> None:
        if not driver.closed.done():
            self.drivers.add(driver)
            driver.closed.add_done_callback(lambda _: self.drivers.discard(driver))

    def _wait(self, listening: socket.socket, error: OSError) -> None:
        self._loop.remove_reader(listening)
        self._retries[listening.fileno()] = self._loop.call_later(self._retry_s, partial(self._watch, listening))
        local = str(address_of(listening.getsockname()))
        self._observe(AcceptFailed(local=local, reason=str(error), retry_s=self._retry_s))
        self._retry_s = min(self._retry_s * 2, RETRY_S[1])

    def _observe(self, event: Event) -> None:
        try:
            self._outfit.observe(event, None)
        except Exception as error:  # noqa: BLE001 - an observer that fails must not end a listener
            self._loop.call_exception_handler({"message": "an observer raised", "exception": error})


def address_of(name: Any) -> Address:  # noqa: ANN401 - the address form of any family
    """Read what `getsockname`, `getpeername` and `accept` give; no address gives `?:0`."""
    host, port = (name or UNKNOWN)[:2]
    plain = str(host).partition("%")[0]  # a link-local address carries its interface
    return Address(plain.removeprefix("::ffff:") if "." in plain else plain, port)


def reset(connected: socket.socket) -> None:
    """Close a socket by TCP RST or SCTP ABORT."""
    with suppress(OSError):
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connected.close()
