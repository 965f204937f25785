"""Listeners: each is opened as the configuration says, or off for a reason that a person can read."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from hss.app.settings import OFF
from hss.services.watching import ListenerReport, ListenerState
from hss.transport.sctp import sctp_available

NOT_CONFIGURED: Final = "not configured"


class CannotListen(Exception):
    """A listener that the configuration asks for cannot be opened; the message names its key and the reason."""


class Open(Protocol):
    """What listens."""

    @property
    def shown(self) -> str:
        """Where it listens, for a person."""
        ...

    async def end(self) -> None:
        """Accept nothing more, and end what is open."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A listener as the configuration has it."""

    key: str  # of the configuration
    wanted: str | None  # an address, `off`, or None: `default` where that is possible
    default: str = OFF
    obstacle: str | None = None  # why it cannot be opened on this machine
    open: Callable[[str], Awaitable[Open]]

    @property
    def name(self) -> str:
        """The key as a flag has it."""
        return self.key.replace("_", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What became of a plan."""

    report: ListenerReport
    handle: Open | None = None


def sctp_plan(key: str, wanted: str | None, default: str, listen: Callable[[str], Awaitable[Open]]) -> Plan:
    """Plan a listener on SCTP: where this kernel has it, unless the configuration asks for it or turns it off."""
    return Plan(key=key, wanted=wanted, default=default, obstacle=sctp_available(), open=listen)


async def open_all(plans: Sequence[Plan]) -> list[Opened]:
    """Open what can be opened; raise `CannotListen`, and leave nothing open, where one that is asked for cannot."""
    opened: list[Opened] = []
    try:
        for plan in plans:
            opened.append(await _opened(plan))  # noqa: PERF401 - what is open must be known when one fails
    except CannotListen:
        await end_all(opened)
        raise
    return opened


async def end_all(opened: Sequence[Opened]) -> None:
    """End all listeners, at the same time."""
    await asyncio.gather(*(one.handle.end() for one in opened if one.handle is not None))


async def _opened(plan: Plan) -> Opened:
    wanted = plan.default if plan.wanted is None else plan.wanted
    if wanted == OFF:
        return _off(plan, NOT_CONFIGURED)
    if plan.obstacle is not None:
        if plan.wanted is None:
            return _off(plan, plan.obstacle)
        raise CannotListen(f"{plan.key}: {plan.obstacle}")
    try:
        handle = await plan.open(wanted)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotListen(f"{plan.key}: cannot listen on {wanted}: {reason}") from error
    report = ListenerReport(name=plan.name, address=handle.shown, state=ListenerState.LISTENING)
    return Opened(report=report, handle=handle)


def _off(plan: Plan, reason: str) -> Opened:
    return Opened(report=ListenerReport(name=plan.name, address="", state=ListenerState.OFF, reason=reason))
