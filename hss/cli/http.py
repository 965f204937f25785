"""The management API as the commands use it: one call, JSON in and out, and errors as exit statuses."""

import contextlib
import functools
import json
from collections.abc import Callable, Iterable, Iterator
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import click

from hss.cli.output import NoService, Refusal, WrongConfiguration

DEFAULT_API: Final = "127.0.0.1:8080"
TIMEOUT_S: Final = 30.0
PRECONDITION_FAILED: Final = 412
ATTEMPTS: Final = 5  # to change a document while others change it


class Overtaken(Refusal):
    """Somebody else changed the document in the meantime."""


class ServiceRefusal(Refusal):
    """A service refuses; `status` is that of HTTP."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Api:
    """A running service, by the address of its management API (`HOST:PORT`, or a http:// URL)."""

    def __init__(self, address: str, token: str | None) -> None:
        self.address = _place(address)
        self._token = token

    def get(self, *path: str, **query: str | int | None) -> Any:  # noqa: ANN401 - JSON
        """Read a document or a page."""
        return self._call("GET", path, query)

    def send(self, method: str, *path: str, body: Any = None, **query: str | int | None) -> Any:  # noqa: ANN401 - JSON
        """Change something; `body` is JSON."""
        octets = None if body is None else json.dumps(body).encode()
        return self._call(method, path, query, octets, _kind_of(method) if octets is not None else {})

    def revise(self, *path: str, change: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - JSON
        """Read a document, and patch it with what `change` makes of it; again where somebody else was faster."""
        left = ATTEMPTS
        while True:
            response = self._open("GET", path, {}, None, {})
            self._checked(response)
            patch = json.dumps(change(json.loads(response.read()))).encode()
            headers = _kind_of("PATCH") | {"If-Match": response.headers["ETag"]}
            try:
                return self._call("PATCH", path, {}, patch, headers)
            except Overtaken:
                left -= 1
                if not left:
                    raise

    def stream(
        self,
        method: str,
        *path: str,
        body: Iterable[bytes] | None = None,
        kind: str = "application/octet-stream",
        **query: str | int | None,
    ) -> Iterator[bytes]:
        """Send and read without holding either whole; yields lines."""
        response = self._open(method, path, query, body, {"Content-Type": kind} if body else {})
        self._checked(response)
        yield from response

    def _call(
        self,
        method: str,
        path: tuple[str, ...],
        query: dict[str, str | int | None],
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        response = self._open(method, path, query, body, headers or {})
        self._checked(response)
        text = response.read()
        return json.loads(text) if text else None

    def _open(
        self,
        method: str,
        path: tuple[str, ...],
        query: dict[str, str | int | None],
        body: bytes | Iterable[bytes] | None,
        headers: dict[str, str],
    ) -> HTTPResponse:
        given = {name: value for name, value in query.items() if value is not None}
        target = (
            "/api/v1/" + "/".join(quote(part, safe="") for part in path) + (f"?{urlencode(given)}" if given else "")
        )
        headers = {**headers, "Connection": "close"}  # so that reading the answer closes it
        if self._token:
            headers = {**headers, "Authorization": f"Bearer {self._token}"}
        connection = HTTPConnection(self.address, timeout=TIMEOUT_S)
        try:
            connection.request(method, target, body, headers, encode_chunked=not isinstance(body, bytes | None))
            return connection.getresponse()
        except (OSError, HTTPException) as error:
            connection.close()
            raise NoService(
                f"no service answers at {self.address} ({error}); start one with `hss serve`, or name it with --api"
            ) from error

    @staticmethod
    def _checked(response: HTTPResponse) -> None:
        if response.status < 400:
            return
        try:
            problem = json.loads(response.read())
        except ValueError:
            problem = {}
        faults = [": ".join(filter(None, (fault["field"], fault["rule"]))) for fault in problem.get("errors", [])]
        said = "; ".join(faults) or problem.get("detail") or problem.get("title") or response.reason
        if response.status == PRECONDITION_FAILED:
            raise Overtaken(said)
        raise ServiceRefusal(said, response.status)


def _kind_of(method: str) -> dict[str, str]:
    return {"Content-Type": "application/merge-patch+json" if method == "PATCH" else "application/json"}


def _place(address: str) -> str:
    """Read HOST:PORT of an address, with the brackets that an IPv6 host has."""
    with contextlib.suppress(ValueError):  # brackets without an end, or a port that is none
        parts = urlsplit(address if "://" in address else f"http://{address}")
        if parts.scheme == "http" and parts.hostname and parts.port != 0:
            return parts.netloc
    raise WrongConfiguration(f"--api {address}: must be HOST:PORT or http://HOST:PORT")


def api_option(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command `--api` and `--token`; it gets them as `api`."""

    @functools.wraps(command)
    def join(api: str, token: str | None, **given: Any) -> None:  # noqa: ANN401 - whatever the command takes
        command(api=Api(api, token), **given)

    named = click.option("--api", default=DEFAULT_API, envvar="HSS_API", show_default=True, help="The service to ask.")
    secret = click.option("--token", envvar="HSS_API_TOKEN", help="Token of a service that is not on loopback.")
    return named(secret(join))
