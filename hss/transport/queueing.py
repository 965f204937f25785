"""A driver that keeps itself what its transport does not take yet, message by message."""

from abc import abstractmethod
from collections import deque
from typing import Any

from hss.transport.driver import Driver, Outfit


class QueueingDriver(Driver):
    """Counts what waits for the peer, and holds back reading above the limit."""

    def __init__(self, outfit: Outfit, **more: Any) -> None:  # noqa: ANN401 - for the next class in line
        super().__init__(outfit, **more)
        self._queue: deque[bytes] = deque()
        self._queued_octets = 0
        self._leaving = False

    @abstractmethod
    def _put(self, message: bytes) -> bool:
        """Give a message to the transport; False where it takes none now and will call `_drain` when it does."""

    @abstractmethod
    def _shut(self) -> None:
        """Close gracefully: everything was put."""

    def _write(self, messages: list[bytes]) -> None:
        at = 0
        if not self._queue:
            while at < len(messages) and self._put(messages[at]):
                at += 1
        if at < len(messages):
            self._keep(messages[at:])

    def _keep(self, messages: list[bytes]) -> None:
        self._queue.extend(messages)
        self._queued_octets += sum(map(len, messages))
        if self._queued_octets > self._limits.unsent_octets and not self._writing_held:
            self._writing_paused()

    def _drain(self) -> None:
        while self._queue and self._put(self._queue[0]):
            self._queued_octets -= len(self._queue.popleft())
        if self._writing_held and self._queued_octets * 4 <= self._limits.unsent_octets:
            self._writing_resumed()
        if self._leaving and not self._queue:
            self._leaving = False
            self._shut()

    def _unsent(self) -> int:
        return self._queued_octets

    def _close(self) -> None:
        self._leaving = bool(self._queue)
        if not self._leaving:
            self._shut()
