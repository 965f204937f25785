"""Import and export straight into and out of a database, without a running service."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from hss.app.opening import opened_store
from hss.app.settings import Settings
from hss.services.administration import Bulk, BulkReport, Refused
from hss.services.bulk_lines import LONGEST_DOCUMENT, LONGEST_LINE, whole_lines

T = TypeVar("T")
SUBSCRIBERS: Final = "subscribers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A database and the file of its key, if that is not where it is by default."""

    database: str
    key_file: Path | None


class FileRefused(Exception):
    """The whole file is refused; the message names the column and the rule."""

    exit_status = 1


def import_into(
    place: Place, pieces: Iterator[bytes], *, of: str, form: str, batch: int, behind: int
) -> Iterator[dict[str, Any]]:
    """Import a file; give a report after each committed batch. Raises `CannotStart`, `FileRefused`."""
    with _bulk(place, of) as (runner, bulk):
        lines = whole_lines(_awaited(pieces), longest=LONGEST_LINE if of == SUBSCRIBERS else LONGEST_DOCUMENT)
        yield from map(_told, _stepped(runner, bulk.take(lines, form=form, batch=batch, resume_behind=behind)))


def export_from(place: Place, *, of: str, form: str, sealed: bool) -> Iterator[bytes]:
    """Export everything of a kind. Raises `CannotStart`."""
    with _bulk(place, of) as (runner, bulk):
        yield from _stepped(runner, bulk.give(form=form, sealed=sealed))


@contextmanager
def _bulk(place: Place, of: str) -> Iterator[tuple[asyncio.Runner, Bulk]]:
    settings = Settings.model_validate({"database": place.database, "secrets_key_file": place.key_file})
    try:
        with asyncio.Runner() as runner:
            store = runner.run(opened_store(settings))
            try:
                yield runner, store.bulk if of == SUBSCRIBERS else store.further_bulk[of]
            finally:
                runner.run(store.close())
    except Refused as error:
        raise FileRefused(str(error)) from error


def _told(report: BulkReport) -> dict[str, Any]:
    """Say what the management API says of a batch."""
    told = asdict(report)
    told["refused"] = told.pop("latest")
    return told


def _stepped(runner: asyncio.Runner, items: AsyncIterator[T]) -> Iterator[T]:
    """Give items to a caller that does not await."""

    async def following() -> T | None:
        return await anext(items, None)

    while (item := runner.run(following())) is not None:
        yield item


async def _awaited(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
