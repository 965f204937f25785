"""What runs while the service does: listeners, the sides of the protocols, work in the background."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from hss.app.knowledge import Knowledge
from hss.app.listeners import CannotListen, Opened, Plan, end_all, open_all
from hss.app.observe import Observer
from hss.app.opening import CannotStart
from hss.app.settings import Settings
from hss.services.watching import ListenerState

Say = Callable[[str], None]


class Side(Protocol):
    """A protocol in the running service."""

    async def end(self) -> None:
        """Say farewell where no listener does."""
        ...


class Running:
    """What is open and what goes on in the background."""

    def __init__(self, tasks: asyncio.TaskGroup, say: Say, title: str) -> None:
        self.tasks = tasks
        self.opened: list[Opened] = []
        self.sides: list[Side] = []
        self._say = say
        self._title = title
        self._background: list[asyncio.Task[None]] = []

    async def open(self, plans: Sequence[Plan]) -> None:
        """Open listeners and say so; raise `CannotStart`, with nothing left open, where one cannot be."""
        try:
            opened = await open_all(plans)
        except CannotListen as error:
            await self.end()
            raise CannotStart(str(error)) from error
        if not self.opened:
            self._say(self._title)
        self.opened += opened
        for line in _lines(opened):
            self._say(line)

    def keep(self, work: asyncio.Task[None]) -> None:
        """Note work that lasts as long as the service."""
        self._background.append(work)

    async def end(self) -> None:
        """End everything: peers are told, what is under way is answered."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(end_all(self.opened), *(side.end() for side in self.sides))


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """What every part of the service stands on."""

    settings: Settings
    knowledge: Knowledge
    observer: Observer
    running: Running


def _lines(opened: Sequence[Opened]) -> Iterator[str]:
    for one in opened:
        listens = one.report.state is ListenerState.LISTENING
        yield f"  {one.report.name:<15} {one.report.address if listens else f'off: {one.report.reason}'}"
