"""The Diameter side: its table of commands, its listeners, the peers that it connects to."""

import asyncio
import random
import secrets
import ssl
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from hss.app.connecting import Connecting
from hss.app.farewell import part
from hss.app.knowledge import Knowledge
from hss.app.listeners import Open, Plan, sctp_plan
from hss.app.observe import Observer
from hss.app.settings import Settings
from hss.diameter import cx
from hss.diameter.dispatch import Dispatcher
from hss.diameter.framing import Framing
from hss.diameter.local import Local, SecondConnection
from hss.diameter.peer import Link, PeerMachine, State, Surroundings, end_to_end_identifiers
from hss.diameter.peers import PeerTable
from hss.machine import Machine
from hss.services.watching import Sample
from hss.transport.address import Address, joined, parse_addresses
from hss.transport.driver import Connection, Driver, Kind, Limits, Outfit
from hss.transport.listening import Listener
from hss.transport.sctp import PPID_DIAMETER, SctpUse, listen_sctp
from hss.transport.stream import listen_tcp, listen_tls
from hss.transport.tls import client_context, server_context
from schemas.hosts import is_loopback
from schemas.numbers.diameter import DisconnectCause

SECOND_CONNECTION: Final = {
    "probe": SecondConnection.ASK,
    "replace": SecondConnection.REPLACE,
    "several": SecondConnection.ALLOW,
}
DEFAULT_SCTP: Final = "127.0.0.1:3868"
JITTER_S: Final = 2.0  # RFC 3539 3.4.1


class DiameterSide:
    """Everything that is Diameter in the running service."""

    def __init__(self, settings: Settings, knowledge: Knowledge, tasks: asyncio.TaskGroup, observer: Observer) -> None:
        self._settings = settings
        self._knowledge = knowledge
        self._observer = observer
        self._drivers: set[Driver] = set()
        started = int(datetime.now(UTC).timestamp())
        local = _local(settings, knowledge, started)
        entries = cx.entries(knowledge.cx, knowledge.home)
        self.dispatcher: Final = Dispatcher(local, entries, kept_limit=settings.cache_entries)
        knowledge.on_domains(self.dispatcher.forget_answers)
        knowledge.on_peers(self._end_unwanted)
        self.table: Final = PeerTable()
        self._around = Surroundings(
            local=local,
            dispatcher=self.dispatcher,
            peers=knowledge,
            table=self.table,
            jitter=lambda: random.uniform(-JITTER_S, JITTER_S),  # noqa: S311 - spreads timers, guards nothing
            end_to_end=end_to_end_identifiers(started, secrets.randbits(20)),
        )
        limits = Limits(
            connections=settings.max_connections,
            open_requests=settings.max_open_requests,
            message_octets=settings.max_message_octets,
        )
        self._outfit = Outfit(build=self._accepted, tasks=tasks, observe=observer, attach=self._attach, limits=limits)

    def plans(self) -> Sequence[Plan]:
        """Plan the three listeners."""
        given = self._settings
        return (
            Plan(key="diameter_tcp", wanted=given.diameter_tcp, open=self._listen_tcp),
            sctp_plan("diameter_sctp", given.diameter_sctp, DEFAULT_SCTP, self._listen_sctp),
            Plan(key="diameter_tls", wanted=given.diameter_tls, open=self._listen_tls),
        )

    def connections(self) -> Iterable[Mapping[str, Any]]:
        """Describe the peers that are open."""
        return [_described(driver) for driver in self._drivers if peer_of(driver).state is State.OPEN]

    def samples(self) -> Iterable[Sample]:
        """Give the figures of Diameter."""
        yield Sample(name="homeward_diameter_peers", value=len(self.table), kind="gauge", help="Open connections")
        for tally in self.dispatcher.tallies:
            kind = "experimental" if tally.outcome.vendor else "base"
            labels = {"command": tally.command, "result": str(int(tally.outcome.code)), "kind": kind}
            yield Sample(name="homeward_diameter_answers", value=tally.count, labels=labels, help="Answers given")

    async def keep_connected(self) -> None:
        """Connect to the peers that are configured so; ends only when cancelled."""
        connecting = Connecting(self.table, self._outfit, self._initiated, self._client_context)
        await connecting.keep(lambda: list(self._knowledge.peers.values()))

    def _client_context(self) -> ssl.SSLContext:
        """Show our own certificate where there is one; believe the authority that is configured, else the system's."""
        given = self._settings
        return client_context(authority=given.tls_ca, certificate=given.tls_certificate, key=given.tls_key)

    async def end(self) -> None:
        """Say farewell to the peers that we connected to; listeners do so to the others."""
        await say_farewell([driver for driver in self._drivers if not driver.connection.inbound])

    def _accepted(self, connection: Connection) -> Machine[bytes]:
        return self._machine(connection, None)

    def _initiated(self, connection: Connection, expected_host: str) -> Machine[bytes]:
        return self._machine(connection, expected_host)

    def _machine(self, connection: Connection, expected_host: str | None) -> Machine[bytes]:
        by_messages = connection.kind is Kind.SCTP
        link = Link(
            hop_by_hop=secrets.randbits(32),
            host_addresses=connection.local_hosts,
            keeps_edges=by_messages,
            expected_host=expected_host,
            accept_unknown=self._accepts_unknown(connection),
        )
        peer = PeerMachine(self._around, link)
        return peer if by_messages else Framing(peer, limit=self._settings.max_message_octets)

    def _end_unwanted(self) -> None:
        """Say farewell to open peers that may not be connected any more."""
        for driver in list(self._drivers):
            peer = peer_of(driver)
            if peer.state is State.OPEN and not self._admits(peer.origin_host, driver.connection):
                turn = peer.shut_down(now=driver.now(), cause=DisconnectCause.DO_NOT_WANT_TO_TALK_TO_YOU)
                driver.carry_out(turn)

    def _admits(self, origin_host: str, connection: Connection) -> bool:
        if not connection.inbound:
            return self._knowledge.calls(origin_host)
        admitted = self._knowledge.admits(origin_host)
        return self._accepts_unknown(connection) if admitted is None else admitted

    def _accepts_unknown(self, connection: Connection) -> bool:
        rule = self._settings.accept_unknown_peers
        return rule == "always" or (rule == "loopback" and is_loopback(connection.peer.host))

    def _attach(self, driver: Driver) -> None:
        peer_of(driver).outlet = driver.carry_out
        self._drivers.add(driver)
        driver.closed.add_done_callback(lambda _: self._drivers.discard(driver))

    async def _listen_tcp(self, text: str) -> Open:
        return DiameterListener(await listen_tcp(Address.parse(text), self._outfit))

    async def _listen_sctp(self, text: str) -> Open:
        use = SctpUse(ppid=PPID_DIAMETER)
        return DiameterListener(await listen_sctp(parse_addresses(text), self._outfit, use))

    async def _listen_tls(self, text: str) -> Open:
        given = self._settings
        if given.tls_certificate is None or given.tls_key is None:
            raise ValueError("tls_certificate and tls_key are needed")
        context = server_context(given.tls_certificate, given.tls_key, authority=given.tls_ca)
        return DiameterListener(await listen_tls(Address.parse(text), self._outfit, context))


class DiameterListener:
    """A listener whose peers are told before their connections end."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    @property
    def shown(self) -> str:
        """All addresses."""
        return joined(self._listener.addresses)

    async def end(self) -> None:
        """Accept nothing more, say farewell to all peers, and end what is still open then."""
        self._listener.close()
        await say_farewell(list(self._listener.drivers))
        await self._listener.end()


async def say_farewell(drivers: Collection[Driver]) -> None:
    """Tell peers that we leave, and end their connections."""
    for driver in drivers:
        driver.carry_out(peer_of(driver).shut_down(now=driver.now()))
    await part(drivers)


def peer_of(driver: Driver) -> PeerMachine:
    """Find the peer machine of a connection."""
    machine = driver.machine.inner if isinstance(driver.machine, Framing) else driver.machine
    assert isinstance(machine, PeerMachine)  # noqa: S101 - `_machine` makes no other
    return machine


def _local(settings: Settings, knowledge: Knowledge, started: int) -> Local:
    return Local(
        origin_host=settings.origin_host,
        origin_realm=settings.origin_realm,
        host_addresses=("127.0.0.1",),  # of a connection that does not know its own
        origin_state_id=started,
        other_realms=knowledge.home,
        strict=settings.strict,
        second_connection=SECOND_CONNECTION[settings.second_connection],
        max_message_octets=settings.max_message_octets,
        requests_open_limit=settings.max_open_requests,
        twinit_s=settings.watchdog_s,
    )


def _described(driver: Driver) -> Mapping[str, Any]:
    view = peer_of(driver).view()
    return {
        "name": view.origin_host,
        "protocol": "diameter",
        "transport": driver.connection.kind.value,
        "address": str(driver.connection.peer),
        "state": view.watchdog.value,
        "realm": view.origin_realm,
        "product": view.product_name,
        "applications": sorted(view.applications),
        "initiated": view.initiator,
        "open_requests": view.open_requests,
        "connected_s": round(driver.now() - view.since, 1),
    }
