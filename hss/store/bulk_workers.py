"""Who reads the lines: this process at first, other processes once a file turns out to be long."""

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Final

from hss.store.bulk_cutting import Chunk
from hss.store.bulk_reading import Form, LineReader
from hss.store.bulk_rows import Batch, References
from hss.store.errors import StoreUnavailable
from hss.store.sealing import Sealer

LONG: Final = 20_000  # lines, from which on starting processes costs less than it saves
MOST_WORKERS: Final = 4

_readers: list[LineReader] = []  # of a worker process: the one that its pool gave it


class Readers:
    """Reads chunks for one import. `form` is known from the first chunk on."""

    def __init__(self, form: Form, references: References, sealer: Sealer | None, *, long: int = LONG) -> None:
        self._make = (form, references, sealer)
        self._inline = LineReader(*self._make)
        self._long = long
        self._pool: ProcessPoolExecutor | None = None
        self.ahead = 1  # how many chunks are worth reading at once

    def start(self, chunk: Chunk) -> "asyncio.Future[Batch]":
        """Begin to read a chunk."""
        loop = asyncio.get_running_loop()
        if self._pool is None and chunk.last >= self._long:
            workers = min(MOST_WORKERS, max(1, (os.cpu_count() or 1) - 1))
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=self._make)
            self.ahead = workers + 2
        if self._pool is None:
            return loop.run_in_executor(None, self._inline.read, chunk.first, chunk.lines)
        return loop.run_in_executor(self._pool, _read, chunk.first, chunk.lines)

    async def result(self, reading: "asyncio.Future[Batch]") -> Batch:
        """Wait for a chunk; raise `StoreUnavailable` where a process died of it."""
        try:
            return await reading
        except BrokenProcessPool as error:
            raise StoreUnavailable("a process that reads the lines of the import came to its end") from error

    def close(self) -> None:
        """Let the processes go."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


def _begin(form: Form, references: References, sealer: Sealer | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started the import ends it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _readers.append(LineReader(form, references, sealer))


def _end_with_parent() -> None:
    """End when the parent ends, also where it is killed and cannot say so."""
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(0)


def _read(first: int, lines: Sequence[bytes]) -> Batch:
    return _readers[0].read(first, lines)
