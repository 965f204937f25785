"""Answers kept for requests that may come again (RFC 6733 3, End-to-End Identifier)."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from hss.diameter.errors import TooBusy

KEEP_S: Final = 240.0  # RFC 6733 3: for at least so long an End-to-End Identifier is not used again
MOST: Final = 10_000


@dataclass(slots=True)
class _Answered:
    until: float
    answer: bytes = b""  # empty: still being worked out


class Duplicates:
    """Answers to requests that change state, by Origin-Host and End-to-End Identifier; the oldest ones go first."""

    def __init__(self, *, limit: int = MOST, keep_s: float = KEEP_S) -> None:
        self._limit = limit
        self._keep_s = keep_s
        self._answers: OrderedDict[tuple[str, int], _Answered] = OrderedDict()

    def __len__(self) -> int:
        """Count the requests that are remembered."""
        return len(self._answers)

    def start(self, key: tuple[str, int], *, now: float) -> bytes | None:
        """Give the answer that was given before, or None and take note of the request.

        Raises `TooBusy` where the first of the two is still being worked out.
        """
        self._let_old_ones_go(now)
        before = self._answers.get(key)
        if before is None:
            self._answers[key] = _Answered(until=now + self._keep_s)
            return None
        if not before.answer:
            raise TooBusy("the first request with this End-to-End Identifier is still being served")
        return before.answer

    def finish(self, key: tuple[str, int], answer: bytes) -> None:
        """Keep the answer; an empty one says that there is none."""
        if not answer:
            self._answers.pop(key, None)
        elif key in self._answers:
            self._answers[key].answer = answer

    def _let_old_ones_go(self, now: float) -> None:
        while self._answers:
            oldest = next(iter(self._answers.values()))
            if oldest.until > now and len(self._answers) < self._limit:
                return
            self._answers.popitem(last=False)
