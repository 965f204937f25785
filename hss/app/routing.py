"""Number routing in the running service: its tables, and the listeners of ENUM and SIP redirect."""

import asyncio
import contextlib
import inspect
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
from hss.app.routing_results import result_of
from hss.app.settings import Settings
from hss.machine import Machine
from hss.services.administration import Changes
from hss.services.read_model import ReadModel
from hss.services.routing import RoutingService, Soon
from hss.services.routing_desk import RoutingDesk
from hss.services.routing_subscribers import Sources
from hss.services.routing_tables import concerns, read_material
from hss.services.watching import Sample
from hss.store.engine import Store
from hss.store.errors import StoreError
from hss.transport.address import Address
from hss.transport.datagram import DatagramEndpoint, listen_udp
from hss.transport.driver import Connection, Limits, Outfit
from hss.transport.listening import Listener
from hss.transport.stream import listen_tcp
from routing.enum_dns.answers import EnumSettings
from routing.normalise import Profile
from routing.redirect import RedirectSettings

FEW_ROWS: Final = 50_000  # tables of so many rows are built again before a change is acknowledged
PATIENCE_S: Final = 1.0  # that the start of the service waits for the first tables
AGAIN_S: Final = 5.0  # after a database that did not answer
MOST_LATE: Final = 1000  # datagrams whose answers wait for the database; more are dropped
PORT_ATTEMPTS: Final = 20  # for a free port that is free for UDP as well as TCP

A = TypeVar("A")


class Tables:
    """Keeps the tables true: builds a generation at the start, and again after each change that concerns them."""

    def __init__(self, store: Store, service: RoutingService) -> None:
        self._store = store
        self._service = service
        self._wanted = 1  # counts the changes that a generation has to know of
        self._done = 0
        self._turn = asyncio.Lock()
        self._work = asyncio.Event()
        self._first = asyncio.Event()
        self._work.set()
        store.on_settle(self.settle)

    async def settle(self, changes: Changes) -> None:
        """Build again because of a change: at once where that is quick, else in the background."""
        if not concerns(changes, self._service.current.tables):
            return
        self._wanted += 1
        if self._service.ready and self._service.current.read <= FEW_ROWS:
            with contextlib.suppress(StoreError, OSError):  # what was changed is committed: the tables follow later
                await self._catch_up(self._wanted)
        if self._done < self._wanted:
            self._work.set()

    async def wait(self) -> None:
        """Wait for the first tables, but not for long."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._first.wait()
        except TimeoutError:
            return

    async def keep(self) -> None:
        """Build in the background what is wanted; ends only when cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._work.wait()
            self._work.clear()
            began = loop.time()
            try:
                await self._catch_up(self._wanted)
            except (StoreError, OSError):
                await asyncio.sleep(AGAIN_S)
                self._work.set()
            else:  # during a long import one change follows the other: half of the time is left to everybody else
                await asyncio.sleep(loop.time() - began)

    async def _catch_up(self, wanted: int) -> None:
        async with self._turn:
            if self._done >= wanted:
                return
            wanted = self._wanted
            await self._build()
            self._done = wanted
            self._first.set()

    async def _build(self) -> None:
        material = await read_material(self._store.numbering)
        number = self._service.current.tables.generation + 1
        if material.count > FEW_ROWS:
            self._service.swap(await asyncio.to_thread(material.built, number))
        else:
            self._service.swap(material.built(number))


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
        self._answers = {"enum": 0, "sip": 0}
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
        for door, count in self._answers.items():
            yield Sample(name="homeward_routing_questions", value=count, labels={"door": door}, help="Questions asked")

    async def _listen_enum(self, text: str) -> Open:
        address = Address.parse(text)
        outfit = Outfit(
            build=self._dns_stream,
            tasks=self._tasks,
            observe=self._observer,
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
        self._answers["enum"] += 1
        return self.service.enum(message, at=_now(), tcp=True)

    def _enum(self, late: "Late", message: bytes, peer: Address) -> bytes | None:
        self._answers["enum"] += 1
        found = self.service.enum(message, at=_now())
        if found is None or isinstance(found, bytes):
            return found
        late.follow(found, lambda octets: (octets, peer))
        return None

    def _sip(self, late: "Late", datagram: bytes, peer: Address) -> None:
        self._answers["sip"] += 1
        found = self.service.redirect(datagram, source=(peer.host, peer.port), at=_now())
        if isinstance(found, Awaitable):
            late.follow(found, lambda reply: (reply.octets, Address(reply.host, reply.port)))
        elif found is not None:
            late.endpoint.send(found.octets, Address(found.host, found.port))


class Late:
    """Answers of one endpoint that wait for the database."""

    endpoint: DatagramEndpoint

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks
        self._open = 0

    def follow(self, work: Awaitable[A | None], addressed: Callable[[A], tuple[bytes, Address]]) -> None:
        """Send what `work` brings, if anything; drop it where too many answers wait."""
        if self._open >= MOST_LATE:
            if inspect.iscoroutine(work):
                work.close()
            return
        self._open += 1
        self._tasks.create_task(self._finish(work, addressed))

    async def _finish(self, work: Awaitable[A | None], addressed: Callable[[A], tuple[bytes, Address]]) -> None:
        try:
            found = await work
        except (StoreError, OSError):
            return  # as a network that lost the question: who asked asks again
        finally:
            self._open -= 1
        if found is not None:
            self.endpoint.send(*addressed(found))


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
