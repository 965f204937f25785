"""How connections end with the service: who was told has a moment to close, then we do, then by a reset."""

import asyncio
from collections.abc import Collection
from typing import Final

from hss.transport.driver import Driver

FAREWELL_S: Final = 1.0  # for the protocol's own goodbye
CLOSING_S: Final = 0.5  # for a connection to close after that
WHY: Final = "the service ends"


async def part(drivers: Collection[Driver]) -> None:
    """End connections whose peers were told; close what is open after `FAREWELL_S`, reset what does not close."""
    left = await _open_after(drivers, FAREWELL_S)
    for driver in left:
        driver.close(WHY)
    for driver in await _open_after(left, CLOSING_S):
        driver.reset(WHY)


async def close_all(drivers: Collection[Driver]) -> None:
    """Close connections at once; reset those that do not close."""
    for driver in drivers:
        driver.close(WHY)
    for driver in await _open_after(drivers, CLOSING_S):
        driver.reset(WHY)


async def _open_after(drivers: Collection[Driver], timeout_s: float) -> list[Driver]:
    """Wait until connections are gone; give those that are not after `timeout_s`."""
    if drivers:
        await asyncio.wait([driver.closed for driver in drivers], timeout=timeout_s)
    return [driver for driver in drivers if not driver.closed.done()]
