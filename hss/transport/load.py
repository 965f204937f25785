"""A closed loop over one TCP connection: so many requests under way, each answer lets the next one go.

It knows no protocol: small functions say where a message ends, which request it answers, and what to send back where
it answers none.
"""

import socket
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Final

READ_OCTETS: Final = 1 << 18
HEADER_OCTETS: Final = 20  # enough for `length_of` and `tag_of` of every protocol here


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What one run measured."""

    answers: int
    seconds: float
    latencies_s: "array[float]"  # in the order of the requests

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds

    def percentile(self, share: float) -> float:
        """Latency that `share` (0 to 1) of the answers stay below, in seconds."""
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def closed_loop(
    connection: socket.socket,
    requests: Sequence[bytes],
    *,
    window: int,
    length_of: Callable[[bytes, int], int],
    tag_of: Callable[[bytes, int], int],
    aside: Callable[[bytes], bytes],
) -> Load:
    """Send all `requests`, at most `window` of them unanswered; `tag_of` an answer is the index of its request.

    `tag_of` is negative for a message that answers no request (a watchdog): `aside` gives what is sent back for it.
    Raises `ConnectionError` where the peer closes, `TimeoutError` where it is silent for the socket's time-out.
    """
    sent_at = array("d", bytes(8 * len(requests)))
    latencies = array("d", bytes(8 * len(requests)))
    total, sent, answered, kept = len(requests), 0, 0, b""
    began = perf_counter()
    room = window
    while answered < total:
        if room and sent < total:
            upto = min(sent + room, total)
            now = perf_counter()
            for index in range(sent, upto):
                sent_at[index] = now
            connection.sendall(b"".join(requests[sent:upto]))
            sent = upto
        data = connection.recv(READ_OCTETS)
        if not data:
            raise ConnectionError(f"the peer closed the connection after {answered} answers")
        now = perf_counter()
        kept += data
        at = room = 0
        while len(kept) - at >= HEADER_OCTETS:
            length = length_of(kept, at)
            if at + length > len(kept):
                break
            tag = tag_of(kept, at)
            if tag < 0:
                connection.sendall(aside(kept[at : at + length]))
            else:
                latencies[tag] = now - sent_at[tag]
                room += 1
            at += length
        answered += room
        kept = kept[at:]
    return Load(answers=total, seconds=perf_counter() - began, latencies_s=latencies)


def connected(host: str, port: int, *, timeout_s: float) -> socket.socket:
    """Open a blocking connection for `closed_loop`; raises `OSError`."""
    connection = socket.create_connection((host, port), timeout=timeout_s)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection
