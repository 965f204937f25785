"""Roaming numbers of a real VLR: provideRoamingNumber over the same stack that serves."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from hss.procedures.map_routing_info import CalledParty, Unlucky
from hss.services.map import RoamingNumberRequest
from hss.sigtran.map.calls import Call
from hss.sigtran.map.roaming import roaming_number_call

WITHIN_S: Final = 15.0  # TS 29.002 17.1.2, timer m: 15 to 30 s
GRACE_S: Final = 1.0  # for a node that nobody wakes, as it has no association left


class RealVlr:
    """Fulfils `RoamingNumbers`. `invoke` begins a dialogue at a time of the loop's clock."""

    def __init__(self, hlr_number: str, invoke: Callable[[Call, float], None]) -> None:
        self._hlr_number = hlr_number
        self._invoke = invoke

    def provide(
        self, request: RoamingNumberRequest, party: CalledParty, *, now: float
    ) -> str | Unlucky | Awaitable[str | Unlucky]:
        """Ask the VLR where the subscriber is."""
        del party
        loop = asyncio.get_running_loop()
        given: asyncio.Future[str | Unlucky] = loop.create_future()

        def done(outcome: str | Unlucky) -> None:
            if not given.done():
                given.set_result(outcome)

        self._invoke(roaming_number_call(request, done, hlr_title=self._hlr_number, within_s=WITHIN_S), now)
        patience = loop.call_later(WITHIN_S + GRACE_S, done, Unlucky.NO_ANSWER)
        given.add_done_callback(lambda _: patience.cancel())
        return given
