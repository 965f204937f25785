"""What holds on every transport that keeps a connection. A subclass names its wires.

The toy machine speaks messages of a length (4 octets, itself included) and a command, so that the same octets
do on a stream and where message edges are kept.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import pytest

from hss.machine import Event, Machine, Turn
from hss.transport.driver import Connection, Driver, Limits, Outfit
from hss.transport.events import ConnectionClosed, ConnectionOpened, MachineFailed, PeerStalled, TooManyConnections
from hss.transport.listening import Listener

PATIENCE_S = 10.0  # only a failing test waits so long


def framed(body: bytes) -> bytes:
    return (len(body) + 4).to_bytes(4, "big") + body


@dataclass(frozen=True, slots=True, kw_only=True)
class Said(Event):
    words: str


class Toy:
    """Echoes, and does on command what a machine can ask for."""

    def __init__(self, gates: dict[bytes, "asyncio.Future[bytes]"]) -> None:
        self.deadline: float | None = None
        self.gates = gates
        self.kept = b""
        self.gone = False
        self.resumed: list[bytes] = []

    def connected(self, *, now: float) -> Turn[bytes]:  # noqa: ARG002
        return Turn(events=[Said(words="connected")])

    def receive(self, data: bytes, *, now: float) -> Turn[bytes]:
        self.kept += data
        turn: Turn[bytes] = Turn()
        while len(self.kept) >= 4 and len(self.kept) >= (length := int.from_bytes(self.kept[:4], "big")):
            body, self.kept = self.kept[4:length], self.kept[length:]
            turn.add(self.obey(body, now))
        return turn

    def obey(self, body: bytes, now: float) -> Turn[bytes]:  # noqa: PLR0911 - a table
        verb, _, rest = body.partition(b":")
        match verb:
            case b"later":
                return Turn(later=[self.gates[rest]], events=[Said(words=f"took {rest.decode()}")])
            case b"sleep":
                self.deadline = now + float(rest)
            case b"say":
                return Turn(events=[Said(words=rest.decode())])
            case b"big":
                return Turn(send=[framed(bytes(60_000))] * int(rest))
            case b"raise":
                raise ZeroDivisionError
            case b"close":
                return Turn(send=[framed(b"bye")], close=True)
            case b"reset":
                return Turn(send=[framed(b"x")] * int(rest or b"0"), close=True, reset=True)
            case _:
                return Turn(send=[framed(body)])
        return Turn()

    def resume(self, late: bytes, *, now: float) -> Turn[bytes]:  # noqa: ARG002
        self.resumed.append(late)
        return Turn(send=[framed(late)], events=[Said(words=f"late {late.decode()}")])

    def wake(self, *, now: float) -> Turn[bytes]:
        assert self.deadline is not None
        assert now >= self.deadline
        self.deadline = None
        return Turn(send=[framed(b"woke")])

    def disconnected(self, *, now: float) -> Turn[bytes]:  # noqa: ARG002
        self.gone = True
        return Turn(send=[framed(b"into the void")], events=[Said(words="disconnected")])


class Peer(Protocol):
    """The far end: plain sockets, none of the code under test."""

    async def send(self, *messages: bytes) -> None: ...

    async def receive(self) -> bytes: ...

    async def end_of_stream(self) -> None: ...

    async def close(self) -> None: ...

    def reset(self) -> None: ...


class Wire(Protocol):
    """One transport: how to listen with it, and how a peer calls."""

    flood: int  # messages of 60,000 octets that surely fill the buffers of two kernels

    async def listen(self, outfit: Outfit) -> Listener: ...

    async def connect(self, listener: Listener, outfit: Outfit) -> Driver: ...

    async def call(self, listener: Listener) -> Peer: ...


@dataclass
class Bench:
    """A listener with toy machines behind it, and what was observed."""

    wire: Wire
    outfit: Outfit
    listener: Listener
    toys: list[Toy]
    gates: dict[bytes, "asyncio.Future[bytes]"]
    seen: list[tuple[Event, Connection | None]]
    changed: asyncio.Event
    peers: list[Peer] = field(default_factory=list)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for what an observed event brings about."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                self.changed.clear()
                await self.changed.wait()

    async def until_seen(self, kind: type[Event], count: int = 1) -> list[Any]:
        await self.until(lambda: len(self.all_of(kind)) >= count)
        return self.all_of(kind)

    def all_of(self, kind: type[Event]) -> list[Any]:
        return [event for event, _ in self.seen if isinstance(event, kind)]

    def words(self) -> list[str]:
        return [event.words for event in self.all_of(Said)]

    async def call(self) -> Peer:
        self.peers.append(await self.wire.call(self.listener))
        return self.peers[-1]

    def gate(self, name: bytes) -> "asyncio.Future[bytes]":
        return self.gates.setdefault(name, asyncio.get_running_loop().create_future())


@asynccontextmanager
async def bench(
    wire: Wire, limits: Limits | None = None, build: Callable[[Connection], Machine[Any]] | None = None
) -> AsyncIterator[Bench]:
    toys: list[Toy] = []
    gates: dict[bytes, asyncio.Future[bytes]] = {}
    seen: list[tuple[Event, Connection | None]] = []
    changed = asyncio.Event()

    def toy(_: Connection) -> Toy:
        toys.append(Toy(gates))
        return toys[-1]

    def observe(event: Event, connection: Connection | None) -> None:
        seen.append((event, connection))
        changed.set()

    async with asyncio.timeout(PATIENCE_S * 2), asyncio.TaskGroup() as tasks:
        outfit = Outfit(build=build or toy, tasks=tasks, observe=observe, limits=limits or Limits())
        listener = await wire.listen(outfit)
        it = Bench(wire, outfit, listener, toys, gates, seen, changed)
        try:
            yield it
        finally:
            for peer in it.peers:
                peer.reset()
            for gate in gates.values():
                gate.cancel()
            await listener.end()


async def answered(peer: Peer) -> bool:
    await peer.send(b"still there")
    return await peer.receive() == b"still there"


async def received_for_ever(peer: Peer) -> None:
    while True:
        await peer.receive()


class TransportContract:
    """Subclass with a fixture `wire`."""

    async def test_a_message_is_answered(self, wire: Wire) -> None:
        async with bench(wire) as it:
            peer = await it.call()
            await peer.send(b"hello")
            assert await peer.receive() == b"hello"

    async def test_a_burst_is_answered_in_order(self, wire: Wire) -> None:
        async with bench(wire) as it:
            peer = await it.call()
            burst = [b"%d" % number for number in range(2000)]
            sending = asyncio.ensure_future(peer.send(*burst))  # noqa: TID251
            assert [await peer.receive() for _ in burst] == burst
            await sending

    async def test_long_messages_arrive_whole_both_ways(self, wire: Wire) -> None:
        async with bench(wire) as it:
            peer = await it.call()
            for octets in (1_400, 20_000, 60_000):
                body = b"long" + bytes(range(256)) * (octets // 256)
                await peer.send(body)
                assert await peer.receive() == body

    async def test_the_machine_is_built_for_its_connection(self, wire: Wire) -> None:
        built: list[Connection] = []

        def build(connection: Connection) -> Toy:
            built.append(connection)
            return Toy({})

        async with bench(wire, build=build) as it:
            await it.call()
            await it.until_seen(Said)
            (connection,) = built
            assert connection.inbound
            assert connection.local == it.listener.address
            assert "127.0.0.1" in connection.peer_hosts
            assert "127.0.0.1" in connection.local_hosts
            assert connection.peer.port != 0

    async def test_life_and_death_are_observed_in_order(self, wire: Wire) -> None:
        async with bench(wire) as it:
            peer = await it.call()
            await it.until_seen(Said)
            await peer.close()
            await it.until_seen(ConnectionClosed)
            kinds = [
                type(event) for event, _ in it.seen if isinstance(event, ConnectionOpened | Said | ConnectionClosed)
            ]
            assert kinds == [ConnectionOpened, Said, Said, ConnectionClosed]
            assert it.words() == ["connected", "disconnected"]
            assert len({connection for _, connection in it.seen}) == 1

    async def test_a_close_is_graceful(self, wire: Wire) -> None:
        async with bench(wire) as it:
            peer = await it.call()
            await peer.send(b"close")
            assert await peer.receive() == b"bye"
            await peer.end_of_stream()
            await it.until_seen(ConnectionClosed)
            assert it.toys[0].gone

    @pytest.mark.parametrize("sent", [b"reset", b"reset:3"])
    async def test_a_reset_is_a_reset(self, wire: Wire, sent: bytes) -> None:
        async with bench(wire) as it:
            peer = await it.call()
            await peer.send(sent)
            with pytest.raises(ConnectionResetError):
                await received_for_ever(peer)
            await it.until_seen(ConnectionClosed)

    async def test_a_deadline_wakes_the_machine(self, wire: Wire) -> None:
        async with bench(wire) as it:
            peer = await it.call()
            await peer.send(b"sleep:0.02")
            assert await peer.receive() == b"woke"

    async def test_a_deadline_that_comes_nearer_is_kept(self, wire: Wire) -> None:
        async with bench(wire) as it:
            peer = await it.call()
            await peer.send(b"sleep:3600", b"ordered")
            assert await peer.receive() == b"ordered"
            await peer.send(b"sleep:0.02")
            assert await peer.receive() == b"woke"

    async def test_a_deadline_that_moves_away_is_not_too_early(self, wire: Wire) -> None:
        async with bench(wire) as it:  # the toy asserts that it is not woken before its deadline
            peer = await it.call()
            await peer.send(b"sleep:0.02")
            await peer.send(b"sleep:0.08")
            assert await peer.receive() == b"woke"
            assert it.all_of(MachineFailed) == []

    async def test_late_work_is_answered_when_it_is_done(self, wire: Wire) -> None:
        async with bench(wire) as it:
            slow, quick = it.gate(b"slow"), it.gate(b"quick")
            peer = await it.call()
            await peer.send(b"later:slow", b"later:quick", b"now")
            assert await peer.receive() == b"now"
            quick.set_result(b"quick is done")
            assert await peer.receive() == b"quick is done"
            slow.set_result(b"slow is done")
            assert await peer.receive() == b"slow is done"

    async def test_late_work_that_ends_after_the_connection_still_reaches_the_machine(self, wire: Wire) -> None:
        async with bench(wire) as it:
            gate = it.gate(b"write")
            peer = await it.call()
            await peer.send(b"later:write", b"now")
            assert await peer.receive() == b"now"
            await peer.close()
            await it.until_seen(ConnectionClosed)
            gate.set_result(b"stored")
            await it.until(lambda: "late stored" in it.words())
            assert it.toys[0].resumed == [b"stored"]

    async def test_reading_stops_at_the_bound_of_open_requests(self, wire: Wire) -> None:
        async with bench(wire, Limits(open_requests=4)) as it:
            gate = it.gate(b"g")
            peer = await it.call()
            await peer.send(*[b"later:g"] * 4)
            await it.until(lambda: it.words().count("took g") == 4)
            await peer.send(b"say:read too early")
            other = await it.call()
            for _ in range(20):
                assert await answered(other)
            assert "read too early" not in it.words()
            gate.set_result(b"done")
            assert [await peer.receive() for _ in range(4)] == [b"done"] * 4
            await it.until(lambda: "read too early" in it.words())

    async def test_a_machine_that_raises_ends_its_own_connection_only(self, wire: Wire) -> None:
        async with bench(wire) as it:
            other, peer = await it.call(), await it.call()
            await peer.send(b"raise")
            with pytest.raises(ConnectionResetError):
                await peer.receive()
            (failed,) = await it.until_seen(MachineFailed)
            assert isinstance(failed.error, ZeroDivisionError)
            assert await answered(other)
            third = await it.call()
            assert await answered(third)

    async def test_late_work_that_raises_ends_its_own_connection_only(self, wire: Wire) -> None:
        async with bench(wire) as it:
            gate = it.gate(b"g")
            other, peer = await it.call(), await it.call()
            await peer.send(b"later:g", b"now")
            assert await peer.receive() == b"now"
            gate.set_exception(ZeroDivisionError())
            with pytest.raises(ConnectionResetError):
                await peer.receive()
            assert await answered(other)
            await it.until_seen(ConnectionClosed)
            assert len(it.all_of(MachineFailed)) == 1

    async def test_a_machine_that_cannot_be_built_does_not_end_the_listener(self, wire: Wire) -> None:
        broken = [True]

        def build(_: Connection) -> Toy:
            if broken.pop() if broken else False:
                raise ZeroDivisionError
            return Toy({})

        async with bench(wire, build=build) as it:
            with pytest.raises(ConnectionResetError):
                await (await it.call()).receive()
            assert isinstance((await it.until_seen(MachineFailed))[0].error, ZeroDivisionError)
            second = await it.call()
            assert await answered(second)

    async def test_a_peer_that_resets_is_gone_and_others_stay(self, wire: Wire) -> None:
        async with bench(wire) as it:
            other, peer = await it.call(), await it.call()
            assert await answered(peer)
            peer.reset()
            (closed,) = await it.until_seen(ConnectionClosed)
            assert closed.reason
            assert await answered(other)
            assert [toy.gone for toy in it.toys].count(True) == 1

    async def test_a_peer_that_does_not_read_is_not_read_from_and_then_reset(self, wire: Wire) -> None:
        async with bench(wire, Limits(unsent_octets=100_000, stall_s=0.1)) as it:
            peer, other = await it.call(), await it.call()
            await peer.send(b"big:%d" % wire.flood)
            (stalled,) = await it.until_seen(PeerStalled)
            assert stalled.unsent_octets > 100_000
            (closed,) = await it.until_seen(ConnectionClosed)
            assert closed.reason == "the peer does not read"
            assert await answered(other)

    async def test_a_peer_that_reads_late_gets_everything(self, wire: Wire) -> None:
        async with bench(wire, Limits(unsent_octets=100_000)) as it:
            peer = await it.call()
            await peer.send(b"big:%d" % wire.flood)
            await peer.send(b"after that")
            for _ in range(wire.flood):
                assert await peer.receive() == bytes(60_000)
            assert await peer.receive() == b"after that"
            assert it.all_of(PeerStalled) == []

    async def test_a_farewell_that_is_not_taken_ends_in_a_reset(self, wire: Wire) -> None:
        async with bench(wire, Limits(close_s=0.05, unsent_octets=100_000_000)) as it:
            peer = await it.call()
            await peer.send(b"big:%d" % wire.flood, b"close")
            await it.until_seen(ConnectionClosed)
            assert it.toys[0].gone

    async def test_connections_are_bounded(self, wire: Wire) -> None:
        async with bench(wire, Limits(connections=2)) as it:
            first, second = await it.call(), await it.call()
            assert await answered(first)
            assert await answered(second)
            with pytest.raises((ConnectionResetError, ConnectionAbortedError)):
                await (await it.call()).receive()
            assert (await it.until_seen(TooManyConnections))[0].limit == 2
            await first.close()
            await it.until_seen(ConnectionClosed)
            third = await it.call()
            assert await answered(third)

    async def test_a_listener_that_ends_ends_its_connections(self, wire: Wire) -> None:
        async with bench(wire) as it:
            peer = await it.call()
            assert await answered(peer)
            ending = asyncio.ensure_future(it.listener.end())  # noqa: TID251
            await peer.end_of_stream()
            await peer.close()
            await ending
            assert it.all_of(ConnectionClosed)[0].reason == "the service ends"
            with pytest.raises(OSError):  # noqa: PT011 - each transport has its own
                await it.call()

    async def test_our_own_call_speaks_to_our_own_listener(self, wire: Wire) -> None:
        async with bench(wire) as it:
            mine = Toy(it.gates)
            drivers: list[Driver] = []
            outfit = replace(it.outfit, build=lambda _: mine, attach=drivers.append)
            driver = await wire.connect(it.listener, outfit)
            assert drivers == [driver]
            assert not driver.connection.inbound
            assert driver.connection.peer == it.listener.address
            driver.carry_out(Turn(send=[framed(b"say:hello from the caller")]))
            await it.until(lambda: "hello from the caller" in it.words())
            driver.carry_out(Turn(send=[framed(b"close")]))
            await driver.closed
            assert mine.gone

    async def test_a_turn_after_the_end_is_dropped(self, wire: Wire) -> None:
        async with bench(wire) as it:
            driver = await wire.connect(it.listener, it.outfit)
            driver.close()
            await driver.closed
            driver.carry_out(Turn(send=[framed(b"late")], close=True))
            driver.close()
            driver.reset()

    async def test_an_observer_that_raises_ends_one_connection_only(self, wire: Wire) -> None:
        async with bench(wire) as it:
            broken: list[int] = []

            def observe(event: Event, connection: Connection | None) -> None:
                it.outfit.observe(event, connection)
                if isinstance(event, Said) and event.words == "boom":
                    broken.append(1)
                    raise ZeroDivisionError

            listener = await wire.listen(replace(it.outfit, observe=observe))
            other, peer = await wire.call(listener), await wire.call(listener)
            await peer.send(b"say:boom")
            with pytest.raises(ConnectionResetError):
                await peer.receive()
            assert await answered(other)
            await other.close()
            await peer.close()
            await listener.end()
