"""One change of the database: a transaction, what it changed, and the announcement of that behind the commit."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final, TypeVar

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hss.services.administration import Changes
from hss.store.database import POSTGRESQL, Database
from hss.store.errors import Clash, Overtaken, StoreUnavailable

R = TypeVar("R")
Listener = Callable[[Changes], None]
Settler = Callable[[Changes], Awaitable[None]]
ATTEMPTS: Final = 5  # of a change that others overtook
CHANNEL: Final = "homeward"
PAYLOAD_OCTETS: Final = 7999  # PostgreSQL manual, NOTIFY: shorter than 8000 bytes
ALL: Final = Changes(peers=True, wildcards=True, everything=True, numbering=True)
_SETS: Final = ("identities", "added", "msisdns", "ported")
_FLAGS: Final = ("peers", "wildcards", "everything", "numbering")


class UnitOfWork:
    """A transaction and what it changes so far."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.changes = Changes()

    def announce(self, changes: Changes) -> None:
        """Add to what the listeners hear after the commit."""
        self.changes = joined(self.changes, changes)


def joined(one: Changes, other: Changes) -> Changes:
    """Put two changes together."""
    return Changes(
        identities=one.identities | other.identities,
        added=one.added | other.added,
        msisdns=one.msisdns | other.msisdns,
        ported=one.ported | other.ported,
        peers=one.peers or other.peers,
        wildcards=one.wildcards or other.wildcards,
        everything=one.everything or other.everything,
        numbering=one.numbering or other.numbering,
    )


def written(changes: Changes, sender: str) -> str:
    """Write the payload of a notification: keys only; too many ported numbers are `numbering`, others `everything`."""
    unnamed = replace(changes, ported=frozenset(), numbering=changes.numbering or bool(changes.ported))
    texts = (_text(told, sender) for told in (changes, unnamed, ALL))
    return next(text for text in texts if len(text) <= PAYLOAD_OCTETS)  # ASCII: json.dumps escapes the rest


def _text(changes: Changes, sender: str) -> str:
    body: dict[str, object] = {"from": sender}
    body |= {name: True for name in _FLAGS if getattr(changes, name)}
    body |= {name: sorted(keys) for name in _SETS if (keys := getattr(changes, name))}
    return json.dumps(body, separators=(",", ":"))


def read(payload: str) -> tuple[str, Changes]:
    """Read a payload: who sent it, and what changed; whatever cannot be read means that everything may have."""
    try:
        body = json.loads(payload)
        sets: dict[str, Any] = {name: frozenset(map(str, body.get(name, ()))) for name in _SETS}
        flags: dict[str, Any] = {name: body.get(name) is True for name in _FLAGS}
        return str(body.get("from")), Changes(**sets, **flags)
    except (ValueError, TypeError, AttributeError):
        return "", ALL


class Writer:
    """Carries out changes, again where another one stood in the way, and tells the listeners."""

    def __init__(self, database: Database, sender: str) -> None:
        self._database = database
        self._listeners: list[Listener] = []
        self._settlers: list[Settler] = []
        self.sender = sender

    def on_change(self, listener: Listener) -> None:
        """Call `listener` after each commit, and with what other processes commit."""
        self._listeners.append(listener)

    def on_settle(self, settler: Settler) -> None:
        """Await `settler` after the listeners, before the change is acknowledged: for what has to be read anew."""
        self._settlers.append(settler)

    async def settle(self, changes: Changes) -> None:
        """Await the settlers."""
        for settler in self._settlers:
            await settler(changes)

    def tell(self, changes: Changes) -> None:
        """Call the listeners."""
        if changes != Changes():
            for listener in self._listeners:
                listener(changes)

    async def change(self, action: Callable[[UnitOfWork], Awaitable[R]]) -> R:
        """Run `action` in a transaction and commit it; it may run several times, but takes effect once."""
        trouble: Exception | None = None
        for _ in range(ATTEMPTS):
            try:
                result, changes = await self._once(action)
            except (Clash, Overtaken) as error:
                trouble = error
            else:
                self.tell(changes)
                await self.settle(changes)
                return result
        raise StoreUnavailable(f"others changed the same records at the same time: {trouble}") from trouble

    async def _once(self, action: Callable[[UnitOfWork], Awaitable[R]]) -> tuple[R, Changes]:
        async with self._database.write() as connection:
            work = UnitOfWork(connection)
            result = await action(work)
            if self._database.dialect == POSTGRESQL and work.changes != Changes():
                await connection.execute(select(func.pg_notify(CHANNEL, written(work.changes, self.sender))))
        return result, work.changes
