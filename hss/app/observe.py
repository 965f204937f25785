"""What happened: machines and drivers say it as events; here they are counted and logged. One table says how loud."""

import logging
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from enum import Enum
from typing import Final

from hss.machine import Event
from hss.services.watching import Sample
from hss.transport.driver import Connection
from hss.transport.events import ConnectionClosed

LOG: Final = logging.getLogger("hss")
_WORDS: Final = re.compile(r"(?<!^)(?=[A-Z])")


class Observer:
    """Counts and logs events; a type that `levels` does not name is counted alone.

    One of `endings` says why its connection ends: what follows there is counted, and logged for debugging alone.
    """

    def __init__(self, levels: Mapping[type[Event], int], *, endings: Collection[type[Event]] = ()) -> None:
        self._levels: Final = dict(levels)
        self._endings = endings
        self._ended: set[Connection] = set()  # whose end is logged, and not yet there
        self.counts: Final[Counter[tuple[str, str]]] = Counter()

    def add(self, levels: Mapping[type[Event], int]) -> None:
        """Learn how loud further types are."""
        self._levels.update(levels)

    def quietly(self, event: Event, connection: Connection | None) -> None:
        """Take an event of a connection whose coming and going is no news: what is not a warning is for debugging."""
        self(event, connection, below=logging.WARNING)

    def __call__(self, event: Event, connection: Connection | None, *, below: int = logging.NOTSET) -> None:
        """Take an event of a connection, or of a listener; what is less loud than `below` is for debugging."""
        self.counts[type(event).__name__, connection.kind.value if connection else ""] += 1
        level = self._levels.get(type(event), logging.NOTSET)
        if level < below or (connection in self._ended and level < logging.ERROR):
            level = min(level, logging.DEBUG)
        if level and LOG.isEnabledFor(level):
            LOG.log(level, "%s: %s", connection or "listener", described(event), exc_info=getattr(event, "error", None))
        if connection is not None:
            self._follow(event, connection)

    def _follow(self, event: Event, connection: Connection) -> None:
        if type(event) in self._endings:
            self._ended.add(connection)
        elif isinstance(event, ConnectionClosed):
            self._ended.discard(connection)

    def samples(self) -> Iterable[Sample]:
        """Give the counts to those who watch."""
        for (name, transport), count in self.counts.items():
            labels = {"event": snake(name), "transport": transport}
            yield Sample(name="homeward_events", value=count, labels=labels, help="Events by name and transport")


def described(event: Event) -> str:
    """Write an event for a person: its name as words, then what it carries."""
    names = [name for name in getattr(event, "__dataclass_fields__", ()) if name != "error"]
    parts = [f"{name}={shown(getattr(event, name))}" for name in names]
    return " ".join([snake(type(event).__name__).replace("_", " "), *parts])


def shown(value: object) -> str:
    """Write a value in one line without control characters; a peer may have chosen it."""
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, frozenset | tuple):
        return ",".join(sorted(map(shown, value)))
    text = value.hex() if isinstance(value, bytes) else str(value)
    return ascii(text)[:200] if not text.isprintable() or " " in text else text[:200]


def snake(name: str) -> str:
    """Turn `ConnectionOpened` into `connection_opened`."""
    return _WORDS.sub("_", name).lower()


def log_to_stderr(level: str) -> None:
    """Log to standard error, one line for each record."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s %(message)s", level=level.upper())
    for quiet in ("aiohttp.access", "asyncio", "alembic", "aiosqlite"):
        logging.getLogger(quiet).setLevel(logging.WARNING)
