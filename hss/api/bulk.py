"""Import and export of whole subscribers, or of another resource that `of` names, streamed both ways.

An import answers with one JSON object per line: how far it is after each committed batch, with the refused lines that
are new in it; the last one has `done`, or is a problem. What was committed before a problem stays; `line` of the last
report is where to resume.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import asdict
from typing import Final, TypeVar

from aiohttp import web

from hss.api.bodies import demand_type
from hss.api.middleware import has_left
from hss.api.ports import SERVICES, SETTINGS, ApiSettings
from hss.api.problems import (
    BAD_REQUEST,
    BUSY,
    TIMED_OUT,
    Problem,
    field_problem,
    problem_of,
)
from hss.api.resources import ROOT, parameters, whole_number
from hss.services.administration import Bulk as BulkPort
from hss.services.administration import BulkReport
from hss.services.bulk_lines import LONGEST_DOCUMENT, whole_lines

SUBSCRIBERS: Final = "subscribers"
OPERATORS: Final = "operators"  # each is one line, with all its prefixes and number blocks
# What a file can hold; what is behind another may name it. The API serves those that it was given.
HELD: Final = (SUBSCRIBERS, "icscf-pools", OPERATORS, "prefixes", "number-blocks", "ported-numbers")
IMPORT: Final = f"{ROOT}/import"
EXPORT: Final = f"{ROOT}/export"
NDJSON: Final = "application/x-ndjson"
TYPES: Final[dict[str, tuple[str, ...]]] = {
    "jsonl": (NDJSON, "application/jsonl", "application/octet-stream"),
    "csv": ("text/csv",),
}
BATCH: Final = 5000
BATCH_MOST: Final = 50_000

T = TypeVar("T")


class Bulk:
    """The two routes; they share a bound on how many of them run at once."""

    def __init__(self, settings: ApiSettings) -> None:
        self._free = settings.bulk_concurrency

    def routes(self) -> Iterator[web.RouteDef]:
        """Name the routes."""
        yield web.post(IMPORT, self.take)
        yield web.get(EXPORT, self.give, allow_head=False)

    @contextlib.contextmanager
    def _slot(self) -> Iterator[None]:
        if self._free <= 0:
            raise Problem(BUSY, "Other imports or exports are running.", headers={"Retry-After": "5"})
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Import subscribers, or what `of` names."""
        query = parameters(request, "of", "form", "batch", "resume_behind")
        form = _form(query)
        batch = whole_number(query, "batch", BATCH, 1, BATCH_MOST)
        behind = whole_number(query, "resume_behind", 0, 0, 1 << 53)
        demand_type(request, *TYPES[form])
        with self._slot():
            lines = whole_lines(body_pieces(request), longest=_longest_line(request, query))
            reports = _bulk_of(request, query).take(lines, form=form, batch=batch, resume_behind=behind)
            async with _closing(reports):
                return await _report(request, reports)

    async def give(self, request: web.Request) -> web.StreamResponse:
        """Export subscribers without secrets, or what `of` names."""
        query = parameters(request, "of", "form")
        form = _form(query)
        with self._slot():
            pieces = _bulk_of(request, query).give(form=form)
            async with _closing(pieces):
                return await _file(request, pieces, f"{query.get('of', SUBSCRIBERS)}.{form}", form)


@contextlib.asynccontextmanager
async def _closing(items: AsyncIterator[T]) -> AsyncIterator[None]:
    """Let go of what a generator holds, also where the caller left before its end."""
    try:
        yield
    finally:
        if isinstance(items, AsyncGenerator):
            await items.aclose()


async def _file(request: web.Request, pieces: AsyncIterator[bytes], name: str, form: str) -> web.StreamResponse:
    """Answer with a file. What fails before its first piece has a status of its own."""
    first = await anext(pieces, b"")
    answer = web.StreamResponse(headers={"Content-Disposition": f'attachment; filename="{name}"'})
    answer.content_type = TYPES[form][0]
    await answer.prepare(request)
    await answer.write(first)
    async for piece in pieces:
        await answer.write(piece)
    await answer.write_eof()
    return answer


def _bulk_of(request: web.Request, query: dict[str, str]) -> BulkPort:
    services = request.app[SERVICES]
    kinds = {SUBSCRIBERS: services.bulk, **services.further_bulk}
    name = query.get("of", SUBSCRIBERS)
    if name not in kinds:
        raise field_problem(BAD_REQUEST, "of", f"must be one of {', '.join(kinds)}", name[:200])
    return kinds[name]


def _longest_line(request: web.Request, query: dict[str, str]) -> int:
    bound = request.app[SETTINGS].line_octets
    return max(bound, LONGEST_DOCUMENT) if query.get("of") == OPERATORS else bound


def _form(query: dict[str, str]) -> str:
    form = query.get("form", "jsonl")
    if form not in TYPES:
        raise field_problem(BAD_REQUEST, "form", f"must be one of {', '.join(TYPES)}", form[:200])
    return form


async def _report(request: web.Request, reports: AsyncIterator[BulkReport]) -> web.StreamResponse:
    """Answer with the reports. What fails before the first one has a status of its own."""
    report = await anext(reports, BulkReport())
    answer = web.StreamResponse()
    answer.content_type = NDJSON
    await answer.prepare(request)
    await _write(answer, _progress(report))
    try:
        async for report in reports:
            await _write(answer, _progress(report))
        await _write(answer, {**_progress(report), "refused": [], "done": True})
    except Exception as error:  # noqa: BLE001 - the status is sent: the last line tells what happened
        if has_left(request):
            return answer
        problem = problem_of(error, unavailable=request.app[SERVICES].unavailable)
        await _write(answer, problem.as_json(request.path))
    await answer.write_eof()
    return answer


def _progress(report: BulkReport) -> dict[str, object]:
    return {
        "line": report.line,
        "created": report.created,
        "replaced": report.replaced,
        "refused_count": report.refused_count,
        "refused": [asdict(line) for line in report.latest],
    }


async def _write(answer: web.StreamResponse, value: dict[str, object]) -> None:
    await answer.write(json.dumps(value).encode() + b"\n")


async def body_pieces(request: web.Request) -> AsyncIterator[bytes]:
    """Give the body as it arrives."""
    while piece := await _piece(request, request.app[SETTINGS].body_timeout_s):
        yield piece


async def _piece(request: web.Request, timeout_s: float) -> bytes:
    try:
        async with asyncio.timeout(timeout_s):
            return await request.content.readany()
    except TimeoutError as error:
        raise Problem(TIMED_OUT, "The body did not arrive in time.") from error
