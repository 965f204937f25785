"""One process at a time on a SQLite file.

The read model of a process learns of its own writes only, so a second writer would make it answer from the past.
The kernel gives the lock back when the process ends, however it ends; the file `<database>.lock` stays.
"""

import fcntl
import os
from pathlib import Path
from typing import Self

from hss.store.errors import StoreLocked, StoreUnavailable


class FileLock:
    """A lock on `<database>.lock`, which names the process that has it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    def take(cls, database: Path) -> Self:
        """Take the lock or raise `StoreLocked` at once."""
        path = database.with_name(database.name + ".lock")
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreUnavailable(f"cannot open {path}: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.pread(descriptor, 20, 0).strip()
            os.close(descriptor)
            raise StoreLocked(str(database), int(owner) if owner.isdigit() else None) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return cls(descriptor)

    def give_back(self) -> None:
        """Let others have the database."""
        os.close(self._descriptor)
