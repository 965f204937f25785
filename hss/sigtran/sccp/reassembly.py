"""Segments become messages again, bounded in number and time. Source: ITU-T Q.714."""

from dataclasses import dataclass

from hss.sigtran.sccp.messages import Message, Segmentation
from schemas.numbers.sccp import ReturnCause

Key = tuple[int, bytes, int]


class ReassemblyFailed(ValueError):
    """A segment does not fit; `cause` goes into the answer."""

    def __init__(self, cause: ReturnCause, why: str) -> None:
        super().__init__(why)
        self.cause = cause


@dataclass(slots=True)
class _Partial:
    remaining: int
    parts: list[bytes]
    until: float


class Reassembly:
    """Messages of which some segments have come; the oldest stands first."""

    def __init__(self, *, most: int, within_s: float) -> None:
        self._most = most
        self._within_s = within_s
        self._open: dict[Key, _Partial] = {}

    @property
    def deadline(self) -> float | None:
        """When the oldest unfinished message is given up."""
        return next(iter(self._open.values())).until if self._open else None

    def take(self, opc: int, message: Message, segment: Segmentation, *, now: float) -> bytes | None:
        """Take one segment and give the whole data with the last; raise `ReassemblyFailed` where it does not fit."""
        key = (opc, message.calling, segment.reference)
        if segment.first:
            self._begin(key, message, segment, now)
        else:
            self._continue(key, message, segment)
        if segment.remaining:
            return None
        return b"".join(self._open.pop(key).parts)

    def _begin(self, key: Key, message: Message, segment: Segmentation, now: float) -> None:
        if self._open.pop(key, None) is not None:
            raise ReassemblyFailed(ReturnCause.ERROR_IN_TRANSPORT, "two first segments")
        if len(self._open) >= self._most:
            raise ReassemblyFailed(ReturnCause.NO_REASSEMBLY, "too many unfinished messages")
        self._open[key] = _Partial(segment.remaining, [message.data], now + self._within_s)

    def _continue(self, key: Key, message: Message, segment: Segmentation) -> None:
        partial = self._open.get(key)
        if partial is None:
            raise ReassemblyFailed(ReturnCause.ERROR_IN_TRANSPORT, "a segment without the first")
        if segment.remaining != partial.remaining - 1:
            del self._open[key]
            raise ReassemblyFailed(ReturnCause.ERROR_IN_TRANSPORT, "a segment out of order")
        partial.remaining = segment.remaining
        partial.parts.append(message.data)

    def expire(self, *, now: float) -> int:
        """Drop what is too old; count it."""
        late = [key for key, partial in self._open.items() if partial.until <= now]
        for key in late:
            del self._open[key]
        return len(late)
