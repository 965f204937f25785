"""The transactions of a node by our ids, with their deadlines."""

import heapq
from typing import Final

from hss.sigtran.tcap.user import Dialogue

ID_OCTETS: Final = 4
MOST_ID: Final = 0xFFFFFFFF


class Transactions:
    """Dialogues by our transaction id; stale entries of the heap of deadlines are skipped."""

    def __init__(self, first_id: int) -> None:
        self.open: Final[dict[int, Dialogue]] = {}
        self._next_id = first_id & MOST_ID or 1
        self._due: list[tuple[float, int]] = []

    def enter(self, dialogue: Dialogue, until: float) -> None:
        """Give a dialogue an id where it has none, and a new deadline."""
        if dialogue.local is None:
            while self._next_id in self.open:
                self._next_id = self._next_id % MOST_ID + 1
            dialogue.local = self._next_id
            self.open[self._next_id] = dialogue
            self._next_id = self._next_id % MOST_ID + 1
        dialogue.until = until
        heapq.heappush(self._due, (until, dialogue.local))

    def remove(self, dialogue: Dialogue) -> None:
        """Close a dialogue, whether it is here or not."""
        dialogue.closed = True
        if dialogue.local is not None:
            self.open.pop(dialogue.local, None)

    def find(self, octets: bytes) -> Dialogue | None:
        """Find a dialogue by our id as a message has it."""
        return self.open.get(int.from_bytes(octets, "big")) if len(octets) == ID_OCTETS else None

    @property
    def deadline(self) -> float | None:
        """When the next dialogue has waited too long."""
        while self._due:
            until, number = self._due[0]
            dialogue = self.open.get(number)
            if dialogue is not None and dialogue.until == until:
                return until
            heapq.heappop(self._due)
        return None

    def expired(self, now: float) -> list[Dialogue]:
        """Take out the dialogues that have waited too long."""
        late: list[Dialogue] = []
        while (until := self.deadline) is not None and until <= now:
            late.append(self.open[heapq.heappop(self._due)[1]])
            self.remove(late[-1])
        return late
