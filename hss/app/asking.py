"""One question to an HSS: connect, exchange capabilities, ask, say goodbye."""

import asyncio
import random
import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from hss.app.no_answer import NoAnswer, WrongTarget
from hss.diameter.client import (
    LocationInfo,
    LocationInfoQuestion,
    location_info,
    location_info_request,
    surroundings,
)
from hss.diameter.events import Answered, ConnectionDropped, PeerClosed, PeerOpened, PeerRefused, RequestFailed
from hss.diameter.framing import Framing
from hss.diameter.local import Local
from hss.diameter.peer import Link, PeerMachine, Request, end_to_end_identifiers
from hss.machine import Event, Machine
from hss.transport.address import Address, AddressError, parse_addresses
from hss.transport.driver import Connection, Driver, Kind, Outfit
from hss.transport.stream import connect_tcp

FAREWELL_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whom to ask, and as whom."""

    peer: str  # HOST:PORT; IP[,IP...]:PORT with SCTP
    transport: str  # tcp, sctp, tls
    origin_host: str
    origin_realm: str
    timeout_s: float
    tls_ca: Path | None = None  # None: any certificate of the peer will do

    def local(self, started: int) -> Local:
        """Describe ourselves."""
        return Local(
            origin_host=self.origin_host,
            origin_realm=self.origin_realm,
            host_addresses=("127.0.0.1",),
            origin_state_id=started,
            accept_unknown_peers=True,
        )


def ask_location_info(target: Target, question: Callable[[str], LocationInfoQuestion]) -> LocationInfo:
    """Send one LIR; `question` is given a Session-Id. Raises `NoAnswer`."""
    started = int(datetime.now(UTC).timestamp())
    local = target.local(started)
    session_id = f"{target.origin_host};{started};{secrets.randbits(32)}"
    request = location_info_request(local, question(session_id))
    return location_info(asyncio.run(_Asking(target, local, request, started).answer()))


class _Asking:
    """A connection for one request: the request goes out when the peer is open."""

    def __init__(self, target: Target, local: Local, request: Request, started: int) -> None:
        self._target = target
        self._request = request
        self._limit = local.max_message_octets
        around = surroundings(
            local,
            jitter=lambda: random.uniform(-2, 2),  # noqa: S311 - spreads timers, guards nothing
            end_to_end=end_to_end_identifiers(started, secrets.randbits(20)),
        )
        by_messages = target.transport == Kind.SCTP.value
        self._peer = PeerMachine(
            around, Link(hop_by_hop=secrets.randbits(32), expected_host="", keeps_edges=by_messages)
        )

    async def answer(self) -> Answered:
        """Connect, ask, and take leave."""
        self._answered: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._target.timeout_s):
                driver = await self._connected()
                answered = await self._answered
        except TimeoutError as error:
            raise NoAnswer(f"{self._target.peer} did not answer within {self._target.timeout_s:g} s") from error
        except AddressError as error:
            raise WrongTarget(str(error)) from error
        except (OSError, ValueError) as error:
            raise NoAnswer(f"{self._target.peer}: {error}") from error
        driver.carry_out(self._peer.shut_down(now=driver.now()))
        await asyncio.wait([driver.closed], timeout=FAREWELL_S)
        return answered

    async def _connected(self) -> Driver:
        # the loop itself holds tasks: a client has no late work
        outfit = Outfit(build=self._build, tasks=asyncio.get_running_loop(), observe=self._heard, attach=self._attach)
        if self._target.transport == Kind.SCTP.value:
            from hss.transport.sctp import PPID_DIAMETER, SctpUse, connect_sctp, sctp_available  # noqa: PLC0415

            if (obstacle := sctp_available()) is not None:
                raise NoAnswer(obstacle)
            return await connect_sctp(parse_addresses(self._target.peer), outfit, SctpUse(ppid=PPID_DIAMETER))
        return await connect_tcp(Address.parse(self._target.peer), outfit, context=self._context())

    def _context(self) -> ssl.SSLContext | None:
        if self._target.transport != Kind.TLS.value:
            return None
        from hss.transport.tls import client_context  # noqa: PLC0415

        return client_context(authority=self._target.tls_ca, check=self._target.tls_ca is not None)

    def _build(self, connection: Connection) -> Machine[bytes]:
        return self._peer if connection.kind is Kind.SCTP else Framing(self._peer, limit=self._limit)

    def _attach(self, driver: Driver) -> None:
        self._driver = driver
        self._peer.outlet = driver.carry_out

    def _heard(self, event: Event, _: Connection | None) -> None:
        if self._answered.done():
            return
        match event:
            case PeerOpened():
                turn = self._peer.request(self._request, now=self._driver.now(), timeout_s=self._target.timeout_s)
                self._driver.carry_out(turn)
            case Answered():
                self._answered.set_result(event)
            case PeerRefused() | ConnectionDropped() | PeerClosed() | RequestFailed():
                self._answered.set_exception(NoAnswer(f"{self._target.peer}: {event.why}"))
            case _:
                pass
