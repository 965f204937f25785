"""UDP: one datagram in, at most one out, by a function. For questions that need no state (ENUM, SIP redirect).

The socket is read here and not by a transport of asyncio, which takes one datagram per turn of the loop.
"""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from hss.transport.address import ANY_HOST, Address
from hss.transport.asker import ANCILLARY_OCTETS, Asker, ask_for_ways, asker_of
from hss.transport.driver import Observe
from hss.transport.events import DatagramFailed
from hss.transport.listening import address_of

LONGEST_OCTETS: Final = 65_507  # of an answer: what fits one datagram over IPv4
READ_OCTETS: Final = 65_535
AT_ONCE: Final = 32  # datagrams that are answered before everybody else has a turn

Answer: TypeAlias = Callable[[bytes, Asker], bytes | None]


class DatagramEndpoint:
    """Answers datagrams, each in the call that brings it; what goes wrong with one touches no other.

    Answers leave together when the datagrams that wait have been read, which wakes a peer once and not once for each.
    An answer that the socket does not take at once is dropped, as a network drops it.
    """

    def __init__(self, bound: socket.socket, answer: Answer, observe: Observe) -> None:
        self._loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self.address: Final = address_of(bound.getsockname())
        self._socket = bound
        self._answer = answer
        self._observe = observe
        self._has_all = ask_for_ways(bound)  # addresses of this host
        self._leaving: list[tuple[bytes, Asker]] = []
        self._reading = False
        self._loop.add_reader(bound, self._readable)

    def close(self) -> None:
        """Answer nothing more."""
        if not self.closed.done():
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self.closed.set_result(None)

    def send(self, answer: bytes, to: Asker) -> None:
        """Send an answer that came later, or that goes to another port than the question came from."""
        self._leaving.append((answer, to))
        if not self._reading:
            self._flush()

    def error_received(self, error: Exception) -> None:
        """Report what the network says of an earlier answer, as a port that nobody listens on."""
        self._report(error)

    def _readable(self) -> None:
        """Read what waits, answer it, send the answers: each of the three in one go."""
        came = list(self._waiting())
        self._reading = True
        for data, asker in came:
            if self.closed.done():
                break
            self._received(data, asker)
        self._reading = False
        self._flush()

    def _waiting(self) -> Iterator[tuple[bytes, Asker]]:
        for _ in range(AT_ONCE):
            try:
                yield self._read()
            except BlockingIOError:
                return
            except OSError as error:
                self.error_received(error)
                return

    def _read(self) -> tuple[bytes, Asker]:
        if not self._has_all:
            data, name = self._socket.recvfrom(READ_OCTETS)
            return data, asker_of(name, [])
        data, ancillary, _, name = self._socket.recvmsg(READ_OCTETS, ANCILLARY_OCTETS)
        return data, asker_of(name, ancillary)

    def _received(self, data: bytes, asker: Asker) -> None:
        try:
            answer = self._answer(data, asker)
        except Exception as error:  # noqa: BLE001 - no datagram ends the endpoint
            self._report(error)
        else:
            if answer is not None:
                self._leaving.append((answer, asker))

    def _flush(self) -> None:
        leaving, self._leaving = self._leaving, []
        for answer, asker in leaving if not self.closed.done() else ():
            try:
                self._send(answer, asker)
            except Exception as error:  # noqa: BLE001 - no datagram ends the endpoint
                self._report(error)

    def _send(self, answer: bytes, to: Asker) -> None:
        if not 0 < len(answer) <= LONGEST_OCTETS:
            raise ValueError(f"an answer of {len(answer)} octets does not fit a datagram")
        with contextlib.suppress(BlockingIOError):
            if to.way:
                self._socket.sendmsg([answer], to.way, 0, to.name)
            else:
                self._socket.sendto(answer, to.name)

    def _report(self, error: Exception) -> None:
        try:
            self._observe(DatagramFailed(error=error), None)
        except Exception as another:  # noqa: BLE001 - an observer that fails must not end the endpoint
            self._loop.call_exception_handler({"message": "an observer raised", "exception": another})


async def listen_udp(address: Address, answer: Answer, observe: Observe) -> DatagramEndpoint:
    """Answer datagrams that come to `address` (port 0: a free port; `*`: every address). Raises `OSError`."""
    bound = _bound_to_all(address.port) if address.host == ANY_HOST else await _bound(address)
    try:
        return DatagramEndpoint(bound, answer, observe)
    except BaseException:
        bound.close()
        raise


async def _bound(address: Address) -> socket.socket:
    found = await asyncio.get_running_loop().getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)
    family, _, _, _, name = found[0]
    return _opened(family, name)


def _bound_to_all(port: int) -> socket.socket:
    """Bind to all addresses of both families, or of IPv4 where the kernel has no IPv6."""
    try:
        return _opened(socket.AF_INET6, ("::", port), both=True)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise
        return _opened(socket.AF_INET, ("0.0.0.0", port))  # noqa: S104 - who writes `*` means it


def _opened(
    family: socket.AddressFamily,
    name: Any,  # noqa: ANN401 - the address form of any family
    *,
    both: bool = False,
) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_DGRAM)
    try:
        opened.setblocking(False)
        if family == socket.AF_INET6:
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, not both)
        opened.bind(name)
    except BaseException:
        opened.close()
        raise
    return opened
