"""One question of a Gateway-MSC to an HLR: bring up an ASP, ask, take the ASP down."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from hss.app.no_answer import NoAnswer, WrongTarget
from hss.machine import Event, Machine
from hss.sigtran.client import Exchanged, GmscClient, GmscConfig, SriAnswered
from hss.sigtran.m3ua.events import AssociationGivenUp, ErrorReceived, FaultAnswered
from hss.sigtran.m3ua.framing import BadLength, Framing
from hss.sigtran.map.gmsc import Question, SriAnswer
from hss.sigtran.map.machine import Late
from hss.sigtran.tcap.user import Ending
from hss.transport.address import Address, AddressError, parse_addresses
from hss.transport.driver import Connection, Driver, Kind, Outfit
from hss.transport.stream import connect_tcp
from schemas.numbers.m3ua import ErrorCode
from schemas.numbers.m3ua import Kind as Message

FAREWELL_S: Final = 1.0
GRACE_S: Final = 0.5  # the machine loses patience first, and says why
COMPLAINTS: Final = (AssociationGivenUp, BadLength, ErrorReceived, FaultAnswered)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapTarget:
    """Whom to ask, and how."""

    peer: str  # HOST:PORT; IP[,IP...]:PORT with SCTP
    transport: str  # tcp, sctp
    timeout_s: float


@dataclass(slots=True)
class Heard:
    """What came of a question: the answer, all messages in order, and how long the answer took."""

    answer: SriAnswer
    exchanged: list[Exchanged] = field(default_factory=list)
    elapsed_s: float = 0.0


def first_id() -> int:
    """Draw the first transaction id."""
    return secrets.randbits(32)


def ask_routing_info(target: MapTarget, config: GmscConfig, question: Question) -> Heard:
    """Send one sendRoutingInfo. Raises `NoAnswer` where nobody can be reached, or is silent."""
    return asyncio.run(_Asking(target, GmscClient(config, question)).answer())


class _Asking:
    """One association for one question."""

    def __init__(self, target: MapTarget, client: GmscClient) -> None:
        self._target = target
        self._client = client
        self._exchanged: list[Exchanged] = []
        self._complaints: list[Event] = []
        self._asked_at = self._answered_at = 0.0

    async def answer(self) -> Heard:
        """Connect, ask, and take leave."""
        loop = asyncio.get_running_loop()
        self._now: Callable[[], float] = loop.time
        self._answered: asyncio.Future[SriAnswer] = loop.create_future()
        driver = None
        try:
            async with asyncio.timeout(self._target.timeout_s + GRACE_S):
                driver = await self._connected()
                answer = await self._answered
        except TimeoutError as error:
            raise NoAnswer(f"{self._target.peer} did not answer within {self._target.timeout_s:g} s") from error
        except AddressError as error:
            raise WrongTarget(str(error)) from error
        except (OSError, ValueError) as error:
            raise NoAnswer(f"{self._target.peer}: {error}") from error
        finally:
            await self._leave(driver)
        if not answer.answered:
            raise NoAnswer(f"{self._target.peer}: {self._why(answer)}")
        return Heard(answer, self._exchanged, self._answered_at - self._asked_at)

    async def _leave(self, driver: Driver | None) -> None:
        """Wait for the end in good order behind an answer; without one, end at once."""
        if driver is None:
            return
        if self._answered.done() and not self._answered.cancelled() and self._answered.exception() is None:
            await asyncio.wait([driver.closed], timeout=FAREWELL_S)
        driver.reset()
        await driver.closed

    def _why(self, answer: SriAnswer) -> str:
        """Say why no answer came: by what M3UA complained of, else as the dialogue ended."""
        lost = "the association ended before the answer" if answer.failure == Ending.NOTICE.value else answer.failure
        return "; ".join(map(_said, self._complaints)) or lost or "no answer"

    async def _connected(self) -> Driver:
        # the loop itself holds tasks: a client has no late work
        outfit = Outfit(build=self._build, tasks=asyncio.get_running_loop(), observe=self._heard)
        if self._target.transport == Kind.SCTP.value:
            from hss.sigtran.m3ua.streams import stream_of  # noqa: PLC0415 - only where SCTP is wanted
            from hss.transport.sctp import PPID_M3UA, SctpUse, connect_sctp, sctp_available  # noqa: PLC0415

            if (obstacle := sctp_available()) is not None:
                raise NoAnswer(obstacle)
            use = SctpUse(ppid=PPID_M3UA, stream_of=stream_of)
            return await connect_sctp(parse_addresses(self._target.peer), outfit, use)
        return await connect_tcp(Address.parse(self._target.peer), outfit)

    def _build(self, connection: Connection) -> Machine[Late]:
        return self._client if connection.kind is Kind.SCTP else Framing(self._client)

    def _heard(self, event: Event, _: Connection | None) -> None:
        if isinstance(event, Exchanged):
            self._note(event)
        elif isinstance(event, COMPLAINTS):
            self._complaints.append(event)
            if isinstance(event, ErrorReceived) and not self._answered.done():  # what was refused comes to nothing
                self._answered.set_exception(NoAnswer(f"{self._target.peer}: {_said(event)}"))
        elif isinstance(event, SriAnswered) and not self._answered.done():
            self._answered.set_result(event.answer)

    def _note(self, event: Exchanged) -> None:
        """Keep a message; the time runs from the last DATA out to the last one in before the answer."""
        self._exchanged.append(event)
        if int.from_bytes(event.octets[2:4], "big") != Message.DATA or self._answered.done():
            return
        if event.sent:
            self._asked_at = self._now()
        else:
            self._answered_at = self._now()


def _said(complaint: Event) -> str:
    """Write a complaint of M3UA for a person."""
    if isinstance(complaint, ErrorReceived):
        names = {code.value: code.name.lower().replace("_", " ") for code in ErrorCode}
        return f"M3UA error {complaint.code}, {names.get(complaint.code, 'unknown')}"
    return str(getattr(complaint, "why", "what came back is not M3UA"))
