"""Requests of our own that wait for their answers on one connection."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from math import inf
from typing import Final

from hss.diameter.avps import Avps
from hss.diameter.codec import Header, Reader
from hss.diameter.dictionary import COMMANDS, ERROR_ANSWER, base, grammar
from hss.diameter.errors import Outcome, RemoteError
from hss.diameter.events import Answered, RequestFailed
from hss.diameter.link import MOST_IDENTIFIERS, Request
from schemas.numbers.diameter import Application, BaseAvp, Flag

RESULT_CODE: Final = base(BaseAvp.RESULT_CODE)
EXPERIMENTAL_RESULT: Final = base(BaseAvp.EXPERIMENTAL_RESULT)
EXPERIMENTAL_RESULT_CODE: Final = base(BaseAvp.EXPERIMENTAL_RESULT_CODE)
VENDOR_ID: Final = base(BaseAvp.VENDOR_ID)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request of an application without an answer yet."""

    token: object
    sent: float
    until: float
    octets: bytes


class Pending:
    """Gives requests their identifiers, and finds the request to an answer."""

    def __init__(self, first_hop_by_hop: int, end_to_end: Iterator[int]) -> None:
        self._hop_by_hop = count(first_hop_by_hop)
        self._end_to_end = end_to_end
        self._base: dict[int, int] = {}  # identifier -> command
        self._waiting: dict[int, Waiting] = {}
        self.timeout = inf  # not later than the end of the first one

    def ask(self, command: int, avps: bytes) -> bytes:
        """Write a request of the base protocol."""
        number = next(self._hop_by_hop) % MOST_IDENTIFIERS
        self._base[number] = command
        header = Header(
            flags=Flag.REQUEST,
            command=command,
            application=Application.BASE,
            hop_by_hop=number,
            end_to_end=next(self._end_to_end),
        )
        return header.encode(avps)

    def is_asked(self, command: int) -> bool:
        """Tell whether a base request of this kind has no answer yet."""
        return command in self._base.values()

    def asked(self, hop_by_hop: int) -> int | None:
        """Tell which base request an answer is for."""
        return self._base.get(hop_by_hop)

    def answered(self, hop_by_hop: int) -> None:
        """Hear that a base request has its answer."""
        del self._base[hop_by_hop]

    def written(self, request: Request) -> bytes:
        """Write a request of an application; `send` gives it its Hop-by-Hop Identifier."""
        header = Header(
            flags=Flag.REQUEST | Flag.PROXIABLE,
            command=request.command,
            application=request.application,
            hop_by_hop=0,
            end_to_end=next(self._end_to_end),
        )
        return header.encode(request.avps)

    def send(self, octets: bytes, token: object, *, now: float, timeout_s: float) -> bytes:
        """Give a request its Hop-by-Hop Identifier and wait for the answer."""
        number = next(self._hop_by_hop) % MOST_IDENTIFIERS
        octets = octets[:12] + number.to_bytes(4, "big") + octets[16:]
        self._waiting[number] = Waiting(token, now, now + timeout_s, octets)
        self.timeout = min(self.timeout, now + timeout_s)
        return octets

    def take(self, hop_by_hop: int) -> Waiting | None:
        """Find the request of an application that an answer is for, and wait for it no longer."""
        return self._waiting.pop(hop_by_hop, None)

    def take_all(self) -> list[Waiting]:
        """Wait no longer for any application."""
        waiting = list(self._waiting.values())
        self._waiting.clear()
        self.timeout = inf
        return waiting

    def take_due(self, now: float) -> list[Waiting]:
        """Wait no longer for what has had its time."""
        due = {number: waiting for number, waiting in self._waiting.items() if waiting.until <= now}
        for number in due:
            del self._waiting[number]
        self.timeout = min((waiting.until for waiting in self._waiting.values()), default=inf)
        return list(due.values())


def report(waiting: Waiting, message: bytes, origin_host: str, *, now: float) -> Answered | RequestFailed:
    """Read the answer to a request of an application."""
    header = Header.decode(message)
    definition = COMMANDS.get((header.application, header.command))
    rules = ERROR_ANSWER if header.flags & Flag.ERROR or definition is None else definition.answer
    try:
        avps = Reader(grammar(rules), forgiving=True).read(message)
    except RemoteError as error:
        return failure(waiting, origin_host, f"the answer cannot be read: {error.why}")
    outcome = outcome_in(avps)
    if outcome is None:
        return failure(waiting, origin_host, "the answer has no result")
    return Answered(
        origin_host=origin_host,
        token=waiting.token,
        outcome=outcome,
        avps=avps,
        octets=message,
        elapsed_s=now - waiting.sent,
    )


def failure(waiting: Waiting, origin_host: str, why: str) -> RequestFailed:
    """Say that a request has no answer."""
    return RequestFailed(origin_host=origin_host, token=waiting.token, why=why, octets=waiting.octets)


def outcome_in(avps: Avps) -> Outcome | None:
    """Read the result of an answer; None: it has none."""
    group = avps.value(EXPERIMENTAL_RESULT)
    if group is not None:
        return Outcome(group.value(EXPERIMENTAL_RESULT_CODE), group.value(VENDOR_ID))
    code = avps.value(RESULT_CODE)
    return None if code is None else Outcome(code)
