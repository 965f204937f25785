"""What other processes change, by LISTEN and NOTIFY of PostgreSQL.

Notifications that are sent while nobody listens are lost. So while the connection is down the link is `False`: readers
go to the database for everything. When it is up again they forget everything once, and then use what they keep.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from hss.services.administration import Changes
from hss.store.errors import StoreUnavailable
from hss.store.unit_of_work import ALL, CHANNEL, Writer, read

if TYPE_CHECKING:
    import asyncpg

RETRY_S: Final = 1.0
PROBE_S: Final = 10.0  # a connection that broke without a word is found out by a question
ANSWER_S: Final = 5.0
LinkListener = Callable[[bool], None]


class Link:
    """Whether what other processes change is heard of; always so where there is no other process."""

    def __init__(self) -> None:
        self.up = True
        self._listeners: list[LinkListener] = []

    def on_link(self, listener: LinkListener) -> None:
        """Call `listener` with False when the link goes down and with True when it is up again."""
        self._listeners.append(listener)

    def turn(self, *, up: bool) -> None:
        """Note a change and tell it."""
        if up is not self.up:
            self.up = up
            for listener in self._listeners:
                listener(up)


class Listening:
    """One connection that listens, opened again whenever it breaks."""

    def __init__(self, dsn: str, writer: Writer, link: Link) -> None:
        self._dsn = dsn
        self._writer = writer
        self._link = link
        self._broken = asyncio.Event()
        self._settling: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._connection: asyncpg.Connection | None = None

    async def start(self) -> None:
        """Listen; raise what the driver raises where the first attempt fails."""
        self._connection = await self._connected()
        self._task = asyncio.get_running_loop().create_task(self._keep())

    async def close(self) -> None:
        """Stop listening."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._connection is not None:
            self._connection.terminate()

    async def _connected(self) -> "asyncpg.Connection":
        import asyncpg  # noqa: PLC0415

        self._broken.clear()
        connection = await asyncpg.connect(self._dsn, timeout=ANSWER_S)
        connection.add_termination_listener(lambda _: self._broken.set())
        await connection.add_listener(CHANNEL, self._heard)
        return connection

    def _heard(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        sender, changes = read(str(payload))
        if sender != self._writer.sender:
            self._writer.tell(changes)
            self._settle(changes)

    async def _keep(self) -> None:
        while True:
            if not await self._alive():
                self._link.turn(up=False)
                self._writer.tell(ALL)
                await self._again()
                self._writer.tell(ALL)
                self._settle(ALL)
                self._link.turn(up=True)

    def _settle(self, changes: Changes) -> None:
        task = asyncio.get_running_loop().create_task(self._settled(changes))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)

    async def _settled(self, changes: Changes) -> None:
        """Let what follows from a change be read anew; a database that does not answer breaks the link as well."""
        with contextlib.suppress(StoreUnavailable):
            await self._writer.settle(changes)

    async def _alive(self) -> bool:
        """Wait, then tell whether the connection still is one."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._broken.wait(), PROBE_S)
            return False
        try:
            if self._connection is not None:
                await self._connection.execute("SELECT 1", timeout=ANSWER_S)
        except Exception:  # noqa: BLE001 - whatever it is, the connection is of no use
            return False
        return not self._broken.is_set()

    async def _again(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
        while True:
            try:
                self._connection = await self._connected()
            except Exception:  # noqa: BLE001 - the next attempt may do better
                await asyncio.sleep(RETRY_S)
            else:
                return
