"""Conditional requests (RFC 9110 13): the version of a record is its strong entity tag."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from hss.api.problems import BAD_REQUEST, Problem
from hss.services.administration import Stored, VersionMismatch

_TAG: Final = re.compile(r'(W/)?"([^"]*)"')
_TAGS: Final = re.compile(r'\s*(W/)?"[^"]*"(\s*,\s*(W/)?"[^"]*")*\s*')
_VERSION: Final = re.compile(r"[1-9][0-9]{0,17}")

Current = Callable[[], Awaitable[Stored[Any] | None]]


def entity_tag(version: int) -> str:
    """Write the entity tag of a version."""
    return f'"{version}"'


def is_known(request: web.Request, version: int) -> bool:
    """Tell whether the caller has this version already (If-None-Match; weak comparison, RFC 9110 13.1.2)."""
    header = _field(request, "If-None-Match")
    if header is None:
        return False
    return header.strip() == "*" or str(version) in (tag for _, tag in _tags("If-None-Match", header))


async def expected_version(request: web.Request, current: Current) -> int | None:
    """Read which version a writer demands: None any, 0 that there is no record.

    `current` reads the record; it is asked only where the header does not name exactly one version.
    Raise `VersionMismatch` where no version can fit.
    """
    match, none_match = _field(request, "If-Match"), _field(request, "If-None-Match")
    if none_match is not None:
        if match is not None or none_match.strip() != "*":
            raise Problem(BAD_REQUEST, "A writer sends either If-Match, or If-None-Match with *.")
        return 0
    return None if match is None else await _matching(match, current)


async def _matching(header: str, current: Current) -> int:
    if header.strip() == "*":
        wanted = None
    else:  # strong comparison: a weak tag matches nothing
        wanted = {int(tag) for weak, tag in _tags("If-Match", header) if not weak and _VERSION.fullmatch(tag)}
        if len(wanted) == 1:
            return wanted.pop()
    stored = await current()
    if stored is None or (wanted is not None and stored.version not in wanted):
        raise VersionMismatch(current=None if stored is None else stored.version)
    return stored.version


def _field(request: web.Request, name: str) -> str | None:
    values = request.headers.getall(name, ())
    return ", ".join(values) if values else None


def _tags(name: str, header: str) -> list[tuple[str, str]]:
    if not _TAGS.fullmatch(header):
        raise Problem(BAD_REQUEST, f"{name} holds entity tags in double quotes, or *.")
    return _TAG.findall(header)
