"""UDP: one datagram in, at most one out, by a function. For questions that need no state (ENUM, SIP redirect)."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeAlias, cast

from hss.transport.address import Address
from hss.transport.driver import Observe
from hss.transport.events import DatagramFailed
from hss.transport.listening import address_of

LONGEST_OCTETS: Final = 65_507  # of an answer: what fits one datagram over IPv4

Answer: TypeAlias = Callable[[bytes, Address], bytes | None]


class DatagramEndpoint(asyncio.DatagramProtocol):
    """Answers datagrams, each in the call that brings it; what goes wrong with one touches no other."""

    address: Address

    def __init__(self, answer: Answer, observe: Observe) -> None:
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._answer = answer
        self._observe = observe
        self._full = False  # of answers that the socket does not take: the next are dropped, as a network drops them
        self._transport: asyncio.DatagramTransport

    def close(self) -> None:
        """Answer nothing more."""
        self._transport.abort()

    def send(self, answer: bytes, to: Address) -> None:
        """Send an answer that came later, or that goes elsewhere than the question came from."""
        try:
            if not self._full and not self._transport.is_closing():
                self._send(answer, (to.host, to.port))
        except Exception as error:  # noqa: BLE001 - no datagram ends the endpoint
            self._report(error)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)
        self.address = address_of(transport.get_extra_info("sockname"))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the form of asyncio
        """Take note of the end."""
        self.closed.set_result(None)

    def datagram_received(self, data: bytes, addr: Any) -> None:  # noqa: ANN401 - the form of asyncio
        """Answer, or stay silent."""
        try:
            answer = self._answer(data, address_of(addr))
            if answer is not None and not self._full:
                self._send(answer, addr)
        except Exception as error:  # noqa: BLE001 - no datagram ends the endpoint
            self._report(error)

    def pause_writing(self) -> None:
        """Drop answers."""
        self._full = True

    def resume_writing(self) -> None:
        """Send answers again."""
        self._full = False

    def error_received(self, exc: Exception) -> None:
        """Report what the network says of an earlier answer, as a port that nobody listens on."""
        self._report(exc)

    def _send(self, answer: bytes, addr: Any) -> None:  # noqa: ANN401 - the form of asyncio
        if not 0 < len(answer) <= LONGEST_OCTETS:
            raise ValueError(f"an answer of {len(answer)} octets does not fit a datagram")
        self._transport.sendto(answer, addr)

    def _report(self, error: Exception) -> None:
        try:
            self._observe(DatagramFailed(error=error), None)
        except Exception as another:  # noqa: BLE001 - an observer that fails must not end the endpoint
            context = {"message": "an observer raised", "exception": another}
            asyncio.get_running_loop().call_exception_handler(context)


async def listen_udp(address: Address, answer: Answer, observe: Observe) -> DatagramEndpoint:
    """Answer datagrams that come to `address` (one host; port 0: a free port). Raises `OSError`."""
    _, endpoint = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: DatagramEndpoint(answer, observe), local_addr=(address.host, address.port)
    )
    return endpoint
