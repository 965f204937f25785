"""The MAP side: one node of the SS7 network, its listeners, the gateways that it connects to, its figures."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from hss.api.map import MapRoutes
from hss.app.farewell import FAREWELL_S, close_all, part
from hss.app.knowledge import Knowledge
from hss.app.listeners import Open, Plan, sctp_plan
from hss.app.m3ua_connecting import Target, Uplink, keep_all
from hss.app.map_results import error_of
from hss.app.observe import Observer, snake
from hss.app.roaming import RealVlr
from hss.app.settings import Settings
from hss.app.sigtran_config import asp_config, check_real_vlr, most_transactions, node_config
from hss.machine import Event, Machine, Turn
from hss.services.lent_numbers import SERIAL_DIGITS
from hss.services.map import (
    DEFAULT_IMRN_PREFIX,
    DEFAULT_MSRN_PREFIX,
    EmulatedVlr,
    MapService,
    NumberPools,
    RoamingNumbers,
)
from hss.services.watching import Sample
from hss.sigtran.m3ua import messages
from hss.sigtran.m3ua.asp import Asp
from hss.sigtran.m3ua.events import AspState
from hss.sigtran.m3ua.framing import Framing
from hss.sigtran.m3ua.sgp import Sgp
from hss.sigtran.m3ua.streams import stream_of
from hss.sigtran.map.calls import Call
from hss.sigtran.map.dispatch import operations
from hss.sigtran.map.machine import Late, OperationServed
from hss.sigtran.stack import Node
from hss.transport.address import Address, joined, parse_addresses
from hss.transport.driver import Connection, Driver, Kind, Limits, Outfit
from hss.transport.listening import Listener
from hss.transport.sctp import PPID_M3UA, SctpUse, listen_sctp
from hss.transport.stream import listen_tcp
from schemas.numbers.m3ua import Kind as M3uaKind
from schemas.numbers.map import Operation

DEFAULT_SCTP: Final = "127.0.0.1:2905"
LOOK_S: Final = 0.02
MOST_TALLIES: Final = 1000  # peers may name any operation
SCTP: Final = SctpUse(ppid=PPID_M3UA, stream_of=stream_of)
OPERATIONS: Final = {operation.value: operation.name.lower() for operation in Operation}


@dataclass(slots=True)
class Tally:
    """How often an operation was answered in one way."""

    served: OperationServed
    count: int = 0


class MapSide:
    """Everything that is MAP in the running service."""

    def __init__(
        self,
        settings: Settings,
        knowledge: Knowledge,
        tasks: asyncio.TaskGroup,
        observer: Observer,
        own_number: str | None,
    ) -> None:
        check_real_vlr(settings, own_number)
        self._settings = settings
        self._observer = observer
        self._tallies: dict[int, Tally] = {}  # by the identity of the event: the same outcome is the same event
        self._folded: Counter[tuple[str, str, str]] = Counter()  # by name, version and outcome
        self._since: dict[Driver, float] = {}
        self.service: Final = MapService(
            knowledge.store.calls,
            knowledge.parties,
            self._vlr(own_number),
            self._pools(DEFAULT_IMRN_PREFIX),
            interrogation_allowed=settings.any_time_interrogation,
        )
        self.node: Final = Node(node_config(settings, own_number), operations(self.service))
        # TCAP bounds what waits: an association that is not read any more could not bring a VLR's answers either
        limits = Limits(connections=settings.max_connections, open_requests=2 * most_transactions(settings))
        self._outfit = Outfit(
            build=self._accepted, tasks=tasks, observe=self._observe, attach=self._attach, limits=limits
        )

    def _pools(self, prefix: str) -> NumberPools:
        """Make pools that begin anywhere: what was lent before a restart does not come again at once."""
        first = secrets.randbelow(10**SERIAL_DIGITS)
        return NumberPools(prefix, lifetime_s=self._settings.roaming_number_s, first=first)

    def _vlr(self, own_number: str | None) -> RoamingNumbers:
        if self._settings.vlr == "real" and own_number is not None:
            return RealVlr(own_number, self._invoke)
        return EmulatedVlr(self._pools(DEFAULT_MSRN_PREFIX))

    def _invoke(self, call: Call, now: float) -> None:
        for event in self.node.call(call, now=now):
            self._observe(event, None)

    # What it offers.

    def plans(self) -> Sequence[Plan]:
        """Plan the two listeners."""
        given = self._settings
        return (
            Plan(key="m3ua_tcp", wanted=given.m3ua_tcp, open=self._listen_tcp),
            sctp_plan("m3ua_sctp", given.m3ua_sctp, DEFAULT_SCTP, self._listen_sctp),
        )

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Add the same questions as JSON to the management API."""
        return MapRoutes(self.service, error_of).routes()

    def samples(self) -> Iterable[Sample]:
        """Give the figures of MAP."""
        states = Counter(association_of(driver).state for driver in self._since)
        for state in AspState:
            labels = {"state": state.value}
            yield Sample(
                name="homeward_m3ua_associations", value=states[state], labels=labels, kind="gauge", help="Associations"
            )
        for (operation, version, outcome), count in self._operations().items():
            labels = {"operation": operation, "version": version, "outcome": outcome}
            yield Sample(name="homeward_map_operations", value=count, labels=labels, help="Operations answered")

    def _operations(self) -> Counter[tuple[str, str, str]]:
        counts = self._folded.copy()
        for tally in self._tallies.values():
            served = tally.served
            name = OPERATIONS.get(served.operation, "other")
            outcome = served.outcome.lower() if served.outcome.isupper() else snake(served.outcome)
            counts[name, str(served.version), outcome] += tally.count
        return counts

    def connections(self) -> Iterable[Mapping[str, Any]]:
        """Describe the associations."""
        return [self._described(driver, since) for driver, since in self._since.items()]

    async def keep_connected(self) -> None:
        """Connect to the gateways that are configured; ends only when cancelled."""
        targets = [Target.parse(text) for text in (self._settings.m3ua_connect or "").split()]
        await keep_all([self._uplink(target) for target in targets])

    async def end(self) -> None:
        """Leave the gateways that we connected to in good order; listeners do so with the others."""
        drivers = [driver for driver in self._since if not driver.connection.inbound]
        await _quiet(drivers)
        for driver in drivers:
            association = association_of(driver)
            if isinstance(association, Asp):
                driver.carry_out(association.stop(now=driver.now()))
        await part(drivers)

    # Associations.

    def _uplink(self, target: Target) -> Uplink:
        asp = self.node.connecting(asp_config(self._settings))
        return Uplink(target, lambda connection: _on(connection, asp), self._outfit, SCTP)

    def _accepted(self, connection: Connection) -> Machine[Late]:
        return _on(connection, self.node.accepted())

    def _attach(self, driver: Driver) -> None:
        association_of(driver).outlet = driver.carry_out
        self._since[driver] = driver.now()
        driver.closed.add_done_callback(lambda _: self._since.pop(driver, None))

    def _observe(self, event: Event, connection: Connection | None) -> None:
        if type(event) is not OperationServed:
            self._observer(event, connection)
            return
        tally = self._tallies.get(id(event))
        if tally is None:
            if len(self._tallies) >= MOST_TALLIES:
                self._folded = self._operations()
                self._tallies.clear()
            tally = self._tallies[id(event)] = Tally(event)
        tally.count += 1

    def _described(self, driver: Driver, since: float) -> Mapping[str, Any]:
        association = association_of(driver)
        if isinstance(association, Sgp):
            identifier = association.identifier
            name = "" if identifier is None else f"asp-{int.from_bytes(identifier, 'big')}"
            contexts = [server.routing_context for server in association.joined]
        else:
            name, contexts = "", list(self._settings.contexts)
        return {
            "name": name,
            "protocol": "m3ua",
            "transport": driver.connection.kind.value,
            "address": str(driver.connection.peer),
            "state": association.state.value,
            "initiated": not driver.connection.inbound,
            "routing_contexts": [context for context in contexts if context is not None],
            "open_requests": driver.open_requests,
            "connected_s": round(driver.now() - since, 1),
        }

    async def _listen_tcp(self, text: str) -> Open:
        return M3uaListener(await listen_tcp(Address.parse(text), self._outfit), self.node)

    async def _listen_sctp(self, text: str) -> Open:
        return M3uaListener(await listen_sctp(parse_addresses(text), self._outfit, SCTP), self.node)


class M3uaListener:
    """A listener whose ASPs are told before their associations end."""

    def __init__(self, listener: Listener, node: Node) -> None:
        self._listener = listener
        self._node = node

    @property
    def shown(self) -> str:
        """All addresses."""
        return joined(self._listener.addresses)

    async def end(self) -> None:
        """Accept nothing more, answer what is under way, take all ASPs down, and end what is still open."""
        self._listener.close()
        self._node.gateway.blocked = True  # an ASP that is taken down comes up again at once (RFC 4666 4.3.4.2)
        drivers = list(self._listener.drivers)
        await _quiet(drivers)
        for driver in drivers:
            if association_of(driver).state is not AspState.DOWN:
                driver.carry_out(Turn(send=[messages.write(M3uaKind.ASPDN_ACK)]))
        await close_all(drivers)
        await self._listener.end()


def _on(connection: Connection, association: Sgp[Late] | Asp[Late]) -> Machine[Late]:
    return association if connection.kind is Kind.SCTP else Framing(association)


def association_of(driver: Driver) -> Sgp[Late] | Asp[Late]:
    """Find the M3UA machine of a connection."""
    machine = driver.machine.inner if isinstance(driver.machine, Framing) else driver.machine
    assert isinstance(machine, Sgp | Asp)  # noqa: S101 - `_on` wraps no other
    return machine


async def _quiet(drivers: Sequence[Driver]) -> None:
    """Wait, but not for long, until nothing is under way."""
    loop = asyncio.get_running_loop()
    until = loop.time() + FAREWELL_S
    while any(driver.open_requests for driver in drivers) and loop.time() < until:  # noqa: ASYNC110 - no event
        await asyncio.sleep(LOOK_S)
