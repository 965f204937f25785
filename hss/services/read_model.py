"""What is kept in memory of the database: bounded, and never older than the last write.

Absence is knowledge too: `Found(None)` says that the database does not have a key. A load that a change overtook is
dropped: `start` gives a ticket, `fill` needs it, `write`, `forget` and `clear` void it.
What is computed from an entry may be kept outside, together with the entry, for as long as the entry is `current`.
"""

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

LONGEST_SWEEP: Final = 64  # entries that one insertion looks at, so that it never takes long

K = TypeVar("K")
V = TypeVar("V")


class Slot(Generic[K]):
    """A place in bounded memory.

    `current` ends with a change, or when the slot is given up. `used` is set by who reads it and asks for a second
    chance.
    """

    __slots__ = ("current", "key", "used")

    def __init__(self, key: K) -> None:
        self.key: Final = key
        self.current = True
        self.used = False


P = TypeVar("P", bound=Slot[Any])


class Bounded(Generic[K, P]):
    """At most `limit` slots by their keys; a new one takes the place of one that was not used for a while (clock)."""

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError(f"at least one entry has to be kept, not {limit}")
        self.limit: Final = limit
        self._slots: dict[K, P] = {}
        self._ring: list[P] = []
        self._hand = 0
        self.find: Callable[[K], P | None] = self._slots.get  # bound once: it stands on the hot path

    def __len__(self) -> int:
        """Count the slots that can be found."""
        return len(self._slots)

    def put(self, slot: P) -> None:
        """Keep a slot, in place of the one with its key."""
        self.drop(slot.key)
        if len(self._ring) < self.limit:
            self._ring.append(slot)
        else:
            self._ring[self._free_place()] = slot
        self._slots[slot.key] = slot

    def drop(self, key: K) -> None:
        """Let the slot of `key` go, where there is one."""
        slot = self._slots.pop(key, None)
        if slot is not None:
            slot.current = slot.used = False

    def clear(self) -> None:
        """Let all slots go."""
        for slot in self._slots.values():
            slot.current = False
        self._slots.clear()
        self._ring.clear()
        self._hand = 0

    def _free_place(self) -> int:
        """Turn the hand to a slot that is gone, or that was not used since the hand came by; let it go."""
        for _ in range(LONGEST_SWEEP):
            slot = self._ring[self._hand]
            if not slot.used:
                break
            slot.used = False
            self._hand = (self._hand + 1) % self.limit
        place = self._hand
        self._hand = (place + 1) % self.limit
        if self._ring[place].current:
            self.drop(self._ring[place].key)
        return place


class Found(Slot[K], Generic[K, V]):
    """What the database has under a key; None: nothing."""

    __slots__ = ("value",)

    def __init__(self, key: K, value: V | None) -> None:
        super().__init__(key)
        self.value: Final = value


class ReadModel(Generic[K, V]):
    """A bounded copy of what the database has, by key."""

    def __init__(self, limit: int) -> None:
        self._kept: Bounded[K, Found[K, V]] = Bounded(limit)
        self._loads: dict[K, object] = {}
        self._paused = False
        self.hits = 0
        self.misses = 0
        self.absent = 0  # of the hits: those that know that there is nothing

    def __len__(self) -> int:
        """Count the keys that are known."""
        return len(self._kept)

    def find(self, key: K) -> Found[K, V] | None:
        """Tell what is known of `key`; None: nothing, ask the database."""
        found = self._kept.find(key)
        if found is None:
            self.misses += 1
            return None
        found.used = True
        self.hits += 1
        if found.value is None:
            self.absent += 1
        return found

    def peek(self, key: K) -> Found[K, V] | None:
        """Look without counting."""
        return self._kept.find(key)

    def start(self, key: K) -> object:
        """Begin a load; the ticket is void as soon as `key` changes."""
        ticket = self._loads[key] = object()
        return ticket

    def fill(self, key: K, value: V | None, ticket: object) -> None:
        """Keep what a load brought, unless `key` changed after the load began."""
        if self._loads.get(key) is ticket:
            self.write(key, value)

    def abandon(self, key: K, ticket: object) -> None:
        """End a load that failed."""
        if self._loads.get(key) is ticket:
            del self._loads[key]

    def write(self, key: K, value: V | None) -> Found[K, V]:
        """Keep what is true from now on."""
        self._loads.pop(key, None)
        found = Found(key, value)
        if self._paused:
            found.current = False
        else:
            self._kept.put(found)
        return found

    def forget(self, key: K) -> None:
        """Hear that `key` changed: the next one to ask loads it."""
        self._loads.pop(key, None)
        self._kept.drop(key)

    def clear(self) -> None:
        """Hear that anything may have changed."""
        self._loads.clear()
        self._kept.clear()

    def pause(self) -> None:
        """Hear that changes are not heard of for a while: keep nothing until `go_on`."""
        self._paused = True
        self.clear()

    def go_on(self) -> None:
        """Keep again what is loaded from now on."""
        self.clear()
        self._paused = False
