"""The description of the API, made when it is first asked for, and a page that shows it without the internet."""

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Final

from aiohttp import web

from hss import __version__
from hss.api.bodies import JSON
from hss.api.ports import SETTINGS

DOCUMENT: Final = "/api/v1/openapi.json"
PAGE: Final = "/api/docs"
_FILES: Final = {"docs.js": "text/javascript", "docs.css": "text/css"}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Documentation:
    """The routes of the description and of its page."""

    def __init__(self) -> None:
        self._made: bytes | None = None

    def routes(self) -> Iterator[web.RouteDef]:
        """Name the routes."""
        yield web.get(DOCUMENT, self.document)
        yield web.get(PAGE, self.page)
        yield web.get(f"{PAGE}/{{file}}", self.file)

    async def document(self, request: web.Request) -> web.Response:
        """Give the OpenAPI document."""
        if self._made is None:
            # imported here: schemas of all documents cost more than the start of the service may
            from hss.api.openapi import describe  # noqa: PLC0415

            settings = request.app[SETTINGS]
            served = {resource.canonical for resource in request.app.router.resources()}
            described = describe(__version__, page=settings.page, page_most=settings.page_most, served=served)
            self._made = json.dumps(described).encode()
        return web.Response(body=self._made, content_type=JSON)

    async def page(self, _request: web.Request) -> web.Response:
        """Give the page."""
        return _static("docs.html", "text/html")

    async def file(self, request: web.Request) -> web.Response:
        """Give a part of the page."""
        name = request.match_info["file"]
        if name not in _FILES:
            raise web.HTTPNotFound
        return _static(name, _FILES[name])


def _static(name: str, content_type: str) -> web.Response:
    body = files("hss.api").joinpath("static", name).read_bytes()
    return web.Response(
        body=body, content_type=content_type, charset="utf-8", headers={"Content-Security-Policy": _POLICY}
    )
