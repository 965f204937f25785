"""Number routing in the running service: its tables, and the listeners of ENUM and SIP redirect."""

import asyncio
import inspect
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, TypeVar

from aiohttp import web

from hss.api.routes import Routes
from hss.app.dns_stream import DnsStream
from hss.app.knowledge import Knowledge
from hss.app.listeners import Open, Plan
from hss.app.observe import Observer
from hss.app.routing_outcomes import DROPPED, Outcomes, unanswered
from hss.app.routing_results import result_of
from hss.app.routing_upkeep import Tables
from hss.app.settings import Settings
from hss.machine import Machine
from hss.services.read_model import ReadModel
from hss.services.routing import RoutingService, Soon
from hss.services.routing_desk import RoutingDesk
from hss.services.routing_subscribers import Sources
from hss.services.watching import Sample
from hss.store.engine import Store
from hss.store.errors import StoreError
from hss.transport.address import Address
from hss.transport.asker import Asker
from hss.transport.datagram import DatagramEndpoint, listen_udp
from hss.transport.driver import Connection, Limits, Outfit
from hss.transport.listening import Listener
from hss.transport.stream import listen_tcp
from routing.enum_dns.answers import EnumSettings
from routing.normalise import Profile
from routing.redirect import RedirectSettings
from routing.sip_message import Reply, Unanswered

MOST_LATE: Final = 1000  # datagrams whose answers wait for the database; more are dropped
PORT_ATTEMPTS: Final = 20  # for a free port that is free for UDP as well as TCP

_AT_ONCE: Final = (Reply, Unanswered)

A = TypeVar("A")


class RoutingSide:
    """Everything that is number routing in the running service."""

    def __init__(
        self, settings: Settings, store: Store, knowledge: Knowledge, tasks: asyncio.TaskGroup, observer: Observer
    ) -> None:
        self._settings = settings
        self._tasks = tasks
        self._observer = observer
        profile = Profile(enum_suffix=settings.enum_suffix)
        self.service: Final = RoutingService(
            Sources(
                cx=knowledge.cx,
                calls=store.calls,
                parties=knowledge.parties,
                registrations=ReadModel(settings.cache_entries),
                result_of=result_of,
            ),
            enum=EnumSettings(profile=profile, porting=settings.enum_porting),
            redirecting=RedirectSettings(profile=profile, host=settings.origin_host),
        )
        self.tables: Final = Tables(store, self.service)
        self._questions = {"enum": 0, "sip": 0}
        self._outcomes = Outcomes()
        store.on_change(self.service.apply)
        store.on_link(self.service.link_turned)

    def plans(self) -> Sequence[Plan]:
        """Plan the listeners of ENUM and SIP."""
        given = self._settings
        return (
            Plan(key="enum", wanted=given.enum, open=self._listen_enum),
            Plan(key="sip", wanted=given.sip, open=self._listen_sip),
        )

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Add route queries to the management API."""
        return Routes(RoutingDesk(self.service)).routes()

    def samples(self) -> Iterable[Sample]:
        """Give the figures of routing."""
        tables = self.service.current.tables
        figures = {"generation": tables.generation, "numbers": len(tables.numbers), "ported": len(tables.ported)}
        for what, value in figures.items():
            yield Sample(name=f"homeward_routing_{what}", value=value, kind="gauge", help=f"Routing tables: {what}")
        for door, count in self._questions.items():
            yield Sample(name="homeward_routing_questions", value=count, labels={"door": door}, help="Questions asked")
        yield from self._outcomes.samples()

    async def _listen_enum(self, text: str) -> Open:
        address = Address.parse(text)
        outfit = Outfit(
            build=self._dns_stream,
            tasks=self._tasks,
            observe=self._observer.quietly,  # a client of DNS comes and goes with each question
            limits=Limits(connections=self._settings.max_connections),
        )
        for attempt in range(PORT_ATTEMPTS):
            stream = await listen_tcp(address, outfit)
            late = Late(self._tasks)
            try:
                late.endpoint = await listen_udp(
                    Address(address.host, stream.address.port),
                    partial(self._enum, late),
                    self._observer,
                )
            except OSError:
                await stream.end()
                if address.port or attempt == PORT_ATTEMPTS - 1:
                    raise
            else:
                return Doors(late.endpoint, stream)
        raise AssertionError  # the last attempt returns or raises

    async def _listen_sip(self, text: str) -> Open:
        late = Late(self._tasks)
        late.endpoint = await listen_udp(Address.parse(text), partial(self._sip, late), self._observer)
        return Doors(late.endpoint)

    def _dns_stream(self, connection: Connection) -> Machine[Any]:  # noqa: ARG002 - all are served alike
        return DnsStream(self._ask_enum_by_tcp)

    def _ask_enum_by_tcp(self, message: bytes) -> Soon[bytes | None]:
        self._questions["enum"] += 1
        found = self.service.enum(message, at=_now(), tcp=True)
        if found is None or isinstance(found, bytes):
            self._outcomes.answered_by_enum(found)
            return found
        return self._counted(found)

    async def _counted(self, work: Awaitable[bytes | None]) -> bytes | None:
        """Wait for an answer by TCP; None where the database cannot be asked: who asked asks again."""
        try:
            found = await work
        except (StoreError, OSError):
            self._outcomes.enum[DROPPED] += 1
            return None
        self._outcomes.answered_by_enum(found)
        return found

    def _enum(self, late: "Late", message: bytes, peer: Asker) -> bytes | None:
        self._questions["enum"] += 1
        found = self.service.enum(message, at=_now())
        if found is None or isinstance(found, bytes):
            self._outcomes.answered_by_enum(found)
            return found
        late.follow(found, partial(self._send_enum, late.endpoint, peer), partial(self._dropped, self._outcomes.enum))
        return None

    def _send_enum(self, endpoint: DatagramEndpoint, peer: Asker, octets: bytes | None) -> None:
        self._outcomes.answered_by_enum(octets)
        if octets is not None:
            endpoint.send(octets, peer)

    def _sip(self, late: "Late", datagram: bytes, peer: Asker) -> None:
        self._questions["sip"] += 1
        found = self.service.redirect(datagram, source=(peer.host, peer.port), at=_now())
        if found is None or isinstance(found, _AT_ONCE):
            self._send_sip(late.endpoint, peer, found)
        else:
            send = partial(self._send_sip, late.endpoint, peer)
            late.follow(found, send, partial(self._dropped, self._outcomes.sip))

    def _send_sip(self, endpoint: DatagramEndpoint, peer: Asker, found: Reply | Unanswered | None) -> None:
        self._outcomes.answered_by_sip(found)
        if isinstance(found, Reply):
            endpoint.send(found.octets, peer.at(found.port))
        elif (event := unanswered(found, peer)) is not None:
            self._observer(event, None)

    @staticmethod
    def _dropped(counts: Counter[int | str]) -> None:
        counts[DROPPED] += 1


class Late:
    """Answers of one endpoint that wait for the database."""

    endpoint: DatagramEndpoint

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._open = 0

    def follow(self, work: Awaitable[A], deliver: Callable[[A], None], drop: Callable[[], None]) -> None:
        """Deliver what `work` brings; drop it where it fails, or where too many answers wait."""
        if self._open >= MOST_LATE:
            if inspect.iscoroutine(work):
                work.close()
            drop()
            return
        self._open += 1
        self._tasks.create_task(self._finish(work, deliver, drop))

    async def _finish(self, work: Awaitable[A], deliver: Callable[[A], None], drop: Callable[[], None]) -> None:
        try:
            found = await work
        except (StoreError, OSError):
            drop()  # as a network that lost the question: who asked asks again
            return
        finally:
            self._open -= 1
        deliver(found)


class Doors:
    """The open sockets of one listener."""

    def __init__(self, endpoint: DatagramEndpoint, stream: Listener | None = None) -> None:
        self._endpoint = endpoint
        self._stream = stream

    @property
    def shown(self) -> str:
        """The address."""
        return f"{self._endpoint.address}"

    async def end(self) -> None:
        """Answer nothing more."""
        self._endpoint.close()
        await self._endpoint.closed
        if self._stream is not None:
            await self._stream.end()


def _now() -> float:
    return datetime.now(UTC).timestamp()
