"""Associations that we open: to the STPs and gateways that are configured, again after a loss, ever more slowly."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hss.machine import Event, Machine
from hss.sigtran.m3ua.back_off import BackOff
from hss.sigtran.m3ua.events import AspState, AspStateChanged
from hss.transport.address import Address, joined, parse_addresses
from hss.transport.driver import Connection, Driver, Observe, Outfit
from hss.transport.sctp import SctpUse, connect_sctp
from hss.transport.stream import connect_tcp


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayUnreachable(Event):
    """A configured STP or gateway cannot be reached; it is tried again after `again_s`."""

    gateway: str
    reason: str
    again_s: float


@dataclass(frozen=True, slots=True)
class Target:
    """One configured STP or gateway."""

    transport: str  # tcp, sctp
    places: tuple[Address, ...]

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Read `tcp:HOST:PORT` or `sctp:IP[,IP...]:PORT`."""
        transport, _, place = text.partition(":")
        return cls(transport, (Address.parse(place),) if transport == "tcp" else parse_addresses(place))

    def __str__(self) -> str:
        """Write it for a person."""
        return f"{self.transport}:{joined(self.places)}"


class Uplink:
    """Keeps one association up. `build` makes the machine of a connection; it is the same one each time."""

    def __init__(
        self, target: Target, build: Callable[[Connection], Machine[Any]], outfit: Outfit, use: SctpUse
    ) -> None:
        self._target = target
        self._use = use
        self._observe: Observe = outfit.observe
        self._outfit = Outfit(
            build=build, tasks=outfit.tasks, observe=self._heard, limits=outfit.limits, attach=outfit.attach
        )
        self._back_off = BackOff()

    async def keep(self) -> None:
        """Connect again and again; ends only when cancelled."""
        while True:
            reason = "the association ended"
            try:
                driver = await self._connect()
                await asyncio.shield(driver.closed)
            except (OSError, ValueError) as error:
                reason = str(error) or type(error).__name__
            jitter = random.uniform(-1, 1)  # noqa: S311 - spreads attempts, guards nothing
            again_s = self._back_off.failed(jitter=jitter)
            event = GatewayUnreachable(gateway=str(self._target), reason=reason, again_s=round(again_s, 1))
            self._observe(event, None)
            await asyncio.sleep(again_s)

    async def _connect(self) -> Driver:
        if self._target.transport == "sctp":
            return await connect_sctp(self._target.places, self._outfit, self._use)
        return await connect_tcp(self._target.places[0], self._outfit)

    def _heard(self, event: Event, connection: Connection | None) -> None:
        if isinstance(event, AspStateChanged) and event.state is AspState.ACTIVE:
            self._back_off.succeeded()
        self._observe(event, connection)


async def keep_all(uplinks: Sequence[Uplink]) -> None:
    """Keep all of them up; ends only when cancelled."""
    await asyncio.gather(*(uplink.keep() for uplink in uplinks))
