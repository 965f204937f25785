"""What only SCTP has: several addresses, paths that fail, message edges, streams, payload identifiers."""

import asyncio

import pytest

from hss.machine import Turn
from hss.transport.address import Address
from hss.transport.driver import Connection, Kind, Limits
from hss.transport.events import (
    AssociationChanged,
    AssociationState,
    ConnectionClosed,
    ForeignPayload,
    MachineFailed,
    MessageTooLong,
    PathChanged,
    PathState,
)
from hss.transport.sctp import SctpUse, connect_sctp, listen_sctp, sctp_available
from tests.contract.transport_contract import Bench, Said, answered, bench, framed
from tests.sctp.capture import capture
from tests.sctp.network import TwoPaths, inside_far, silent_loopback, two_paths
from tests.sctp.plain import USE, PlainPeer, Sctp

LOOPBACKS = [Address("127.0.0.1", 0), Address("127.0.0.2", 0)]


def test_this_kernel_has_sctp() -> None:
    assert sctp_available() is None


async def test_answers_carry_the_payload_identifier_on_the_wire() -> None:
    async with bench(Sctp()) as it:
        with capture("lo") as wire:
            peer = await it.call()
            await peer.send(b"one", b"two")
            assert [await peer.receive(), await peer.receive()] == [b"one", b"two"]
            sent = await wire.data_of(it.listener.address.port, 2)
        assert [(chunk.ppid, chunk.stream, chunk.unordered) for chunk in sent] == [(46, 0, False)] * 2
        assert [chunk.body for chunk in sent] == [framed(b"one"), framed(b"two")]


async def test_a_stream_is_chosen_for_each_message_and_order_may_be_waived() -> None:
    use = SctpUse(ppid=3, streams=4, stream_of=lambda message, streams: message[-1] % streams, unordered=True)
    async with bench(Sctp()) as it:
        listener = await listen_sctp([Address("127.0.0.1", 0)], it.outfit, use)
        with capture("lo") as wire:
            peer = await Sctp().call(listener)
            for number in (1, 3, 6):
                await peer.send(bytes([number]))
            got = sorted([await peer.receive() for _ in range(3)])
            sent = await wire.data_of(listener.address.port, 3)
        assert got == [b"\1", b"\3", b"\6"]
        assert {(chunk.body[-1], chunk.stream) for chunk in sent} == {(1, 1), (3, 3), (6, 2)}
        assert {(chunk.ppid, chunk.unordered) for chunk in sent} == {(3, True)}
        peer.reset()
        await listener.end()


async def test_another_payload_identifier_is_told_once_and_taken() -> None:
    async with bench(Sctp()) as it:
        peer = await it.call()
        for _ in range(3):
            assert await answered(peer)
        assert it.all_of(ForeignPayload) == [ForeignPayload(ppid=0)]


async def test_our_own_payload_identifier_is_not_foreign() -> None:
    async with bench(Sctp()) as it:
        driver = await connect_sctp([it.listener.address], it.outfit, USE)
        driver.carry_out(Turn(send=[framed(b"say:hello")]))
        await it.until(lambda: "hello" in it.words())
        assert it.all_of(ForeignPayload) == []
        driver.reset()


async def test_a_message_longer_than_one_read_is_put_together() -> None:
    async with bench(Sctp(), Limits(message_octets=200_000)) as it:
        peer = await it.call()
        body = b"very long" + bytes(range(256)) * 480
        await peer.send(body)
        assert await peer.receive() == body


@pytest.mark.parametrize("octets", [10_000, 70_000, 120_000])
async def test_a_message_that_is_too_long_resets_its_association_only(octets: int) -> None:
    async with bench(Sctp(), Limits(message_octets=9_999)) as it:
        other, peer = await it.call(), await it.call()
        await peer.send(bytes(octets))
        with pytest.raises(ConnectionResetError):
            await peer.receive()
        assert it.all_of(MessageTooLong) == [MessageTooLong(limit=9_999)]
        assert await answered(other)


class Taking:
    """Takes what comes, and tells when the last has come."""

    deadline = None

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def receive(self, data: bytes, *, now: float) -> Turn[bytes]:  # noqa: ARG002
        self.taken.append(data)
        return Turn(events=[Said(words=data.decode())])

    def nothing(self, **_: object) -> Turn[bytes]:
        return Turn()

    connected = wake = resume = disconnected = nothing


async def test_the_edges_of_messages_are_kept() -> None:
    takers: list[Taking] = []

    def build(_: Connection) -> Taking:
        takers.append(Taking())
        return takers[-1]

    async with bench(Sctp(), build=build) as it:
        driver = await connect_sctp([it.listener.address], it.outfit, USE)
        messages = [b"a", b"bc", b"def" * 1000, b"last"]
        driver.carry_out(Turn(send=messages))
        await it.until(lambda: "last" in it.words())
        assert messages in [taker.taken for taker in takers]
        driver.reset()


async def test_both_ends_know_all_addresses() -> None:
    async with bench(Sctp()) as it:
        listener = await listen_sctp(LOOPBACKS, it.outfit, USE)
        port = listener.address.port
        driver = await connect_sctp(
            [Address("127.0.0.1", port), Address("127.0.0.2", port)],
            it.outfit,
            USE,
            local=[Address("127.0.0.3", 0), Address("127.0.0.4", 0)],
        )
        assert driver.connection.kind is Kind.SCTP
        assert set(driver.connection.peer_hosts) == {"127.0.0.1", "127.0.0.2"}
        assert set(driver.connection.local_hosts) == {"127.0.0.3", "127.0.0.4"}
        await it.until(lambda: len(listener.drivers) == 1 and it.words().count("connected") == 2)
        (other,) = listener.drivers
        assert set(other.connection.peer_hosts) == {"127.0.0.3", "127.0.0.4"}
        assert set(other.connection.local_hosts) == {"127.0.0.1", "127.0.0.2"}
        driver.close()
        await driver.closed
        await listener.end()


async def test_ipv6_and_ipv4_are_addresses_of_one_end() -> None:
    async with bench(Sctp()) as it:
        listener = await listen_sctp([Address("::1", 0), Address("127.0.0.1", 0)], it.outfit, USE)
        for host in ("::1", "127.0.0.1"):
            driver = await connect_sctp([Address(host, listener.address.port)], it.outfit, USE)
            assert "127.0.0.1" in driver.connection.peer_hosts
            driver.reset()
            await driver.closed
        await listener.end()


async def far_peer(paths: TwoPaths, port: int) -> PlainPeer:
    with inside_far():
        peer = PlainPeer(local=paths.far)
    return await peer.connect(port, *paths.near)


async def exchange(peer: PlainPeer, count: int) -> None:
    for number in range(count):
        await peer.send(b"%d" % number)
        assert await peer.receive() == b"%d" % number
        await asyncio.sleep(0.01)


async def test_a_path_goes_down_and_up_while_traffic_goes_on() -> None:
    with two_paths() as paths:
        async with bench(Sctp()) as it:
            listener = await listen_sctp([Address(host, 0) for host in paths.near], it.outfit, USE)
            peer = await far_peer(paths, listener.address.port)
            await exchange(peer, 10)
            paths.cut(0)
            await exchange(peer, 50)
            await path_becomes(it, paths.far[0], PathState.UNREACHABLE)
            paths.mend(0)
            await path_becomes(it, paths.far[0], PathState.AVAILABLE)
            paths.cut(1)
            await exchange(peer, 50)
            assert it.all_of(MachineFailed) == []
            peer.reset()
            await listener.end()


async def path_becomes(it: Bench, host: str, state: PathState) -> None:
    await it.until(lambda: PathChanged(host=host, state=state) in it.all_of(PathChanged))


async def test_an_association_is_lost_when_all_paths_are_down() -> None:
    with two_paths() as paths:
        async with bench(Sctp()) as it:
            listener = await listen_sctp([Address(host, 0) for host in paths.near], it.outfit, USE)
            peer = await far_peer(paths, listener.address.port)
            await exchange(peer, 1)
            (driver,) = listener.drivers
            paths.cut(0)
            paths.cut(1)
            driver.carry_out(Turn(send=[framed(b"into the void")]))
            await it.until_seen(ConnectionClosed)
            assert it.all_of(ConnectionClosed)[0].reason != "the peer closed it"
            assert AssociationState.LOST in {event.state for event in it.all_of(AssociationChanged)}
            assert await answered(await it.call())
            peer.reset()
            await listener.end()


async def test_a_peer_that_starts_anew_gets_a_new_machine() -> None:
    async with bench(Sctp()) as it:
        first = PlainPeer(local=("127.0.0.5",))
        port = first.socket.getsockname()[1]
        await first.connect(it.listener.address.port, "127.0.0.1")
        assert await answered(first)
        with silent_loopback():
            first.reset()
        again = PlainPeer()
        again.socket.bind(("127.0.0.5", port))
        with pytest.raises(ConnectionResetError):
            await (await again.connect(it.listener.address.port, "127.0.0.1")).receive()
        await it.until_seen(ConnectionClosed)
        assert AssociationState.RESTARTED in {event.state for event in it.all_of(AssociationChanged)}
        again.reset()
        third = await it.call()
        assert await answered(third)
        assert len(it.toys) == 2


async def test_nobody_there_is_an_error_of_the_call() -> None:
    async with bench(Sctp(), Limits(handshake_s=0.2)) as it:
        it.listener.close()
        with pytest.raises(ConnectionRefusedError):
            await connect_sctp([it.listener.address], it.outfit, USE)
        with silent_loopback(), pytest.raises(TimeoutError):
            await connect_sctp([it.listener.address], it.outfit, USE)
        assert it.all_of(Said) == []


async def test_an_address_that_is_not_ours_is_an_error_of_the_start() -> None:
    async with bench(Sctp()) as it:
        with pytest.raises(OSError, match="assign"):
            await listen_sctp([Address("127.0.0.1", 0), Address("192.0.2.1", 0)], it.outfit, USE)
        with pytest.raises(OSError, match="in use"):
            await listen_sctp([it.listener.address], it.outfit, USE)
