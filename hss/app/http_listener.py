"""A listener for HTTP: so many connections at once, none that is silent for long, and problems for what is no HTTP."""

import asyncio
from typing import Final, cast

from aiohttp import web

from hss.api.problems import BAD_REQUEST, Problem
from hss.transport.address import ANY_HOST, Address

IDLE_S: Final = 60.0  # without a whole request header
SHUTDOWN_S: Final = 5.0
LEAVE_S: Final = 1.0
FULL: Final = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class _Full(asyncio.Protocol):
    """A connection over the limit: it hears so, has a moment to read it, and ends."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        stream = cast("asyncio.Transport", transport)
        stream.write(FULL)
        stream.write_eof()  # not closed at once: the reset that follows unread octets would overtake the answer
        asyncio.get_running_loop().call_later(LEAVE_S, stream.abort)


class _Handler(web.RequestHandler):
    """A connection: what cannot be read as a request is answered by a problem, too."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Say what is wrong with a request that no middleware sees, and close; it is the caller's fault: not logged."""
        if status != BAD_REQUEST.status:
            return super().handle_error(request, status, exc, message)
        why = (message or "").partition("\n")[0].rstrip(" :")  # then come the octets
        answer = Problem(BAD_REQUEST, why or BAD_REQUEST.title).answer(request.path)
        answer.force_close()
        return answer


class HttpListener:
    """The listener of an application, and the server behind it."""

    def __init__(self, runner: web.AppRunner, server: asyncio.Server, note: str) -> None:
        self._runner = runner
        self._server = server
        self._note = note

    @property
    def address(self) -> Address:
        """Where it listens."""
        host, port = self._server.sockets[0].getsockname()[:2]
        return Address(host, port)

    @property
    def shown(self) -> str:
        """The address of its description."""
        return f"http://{self.address}/api/docs{self._note}"

    async def end(self) -> None:
        """Accept nothing more, answer what is under way and close."""
        self._server.close()
        await self._runner.cleanup()


async def listen_http(
    app: web.Application, address: Address, *, most: int, idle_s: float = IDLE_S, note: str = ""
) -> HttpListener:
    """Serve `app`: to `most` connections at once, each closed where no whole request header comes for `idle_s` seconds.

    Raises OSError where the address cannot be had.
    """
    runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    server = cast("web.Server", runner.server)  # it is there after setup
    loop = asyncio.get_running_loop()

    def accept() -> asyncio.Protocol:
        if len(server.connections) >= most:
            return _Full()
        return _Handler(server, loop=loop, keepalive_timeout=idle_s)

    host = None if address.host == ANY_HOST else address.host
    try:
        listening = await loop.create_server(accept, host, address.port, backlog=128)
    except BaseException:
        await runner.cleanup()
        raise
    return HttpListener(runner, listening, note)
