"""The listener of the API takes so many connections and no silent ones, whatever their callers do."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from hss.app.http_listener import HttpListener, listen_http
from hss.transport.address import Address

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def hello(_: web.Request) -> web.Response:
    return web.Response(text="hello")


@asynccontextmanager
async def listening(*, most: int = 9, idle_s: float = 60.0) -> AsyncIterator[HttpListener]:
    app = web.Application()
    app.router.add_get("/", hello)
    listener = await listen_http(app, Address("127.0.0.1", 0), most=most, idle_s=idle_s)
    try:
        yield listener
    finally:
        await listener.end()


async def asked(listener: HttpListener, octets: bytes) -> bytes:
    """Send `octets`, and hear what comes until the other side ends or has said hello."""
    reader, writer = await asyncio.open_connection(listener.address.host, listener.address.port)
    writer.write(octets)
    try:
        return await reader.readuntil(b"hello")
    except asyncio.IncompleteReadError as error:
        return error.partial
    finally:
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("first", [b"", b"GET / HT", REQUEST + b"GET /"])
def test_a_connection_without_a_whole_request_header_is_closed(first: bytes) -> None:
    async def run() -> bytes:
        async with listening(idle_s=0.05) as listener, asyncio.timeout(20):
            reader, writer = await asyncio.open_connection(listener.address.host, listener.address.port)
            writer.write(first)
            heard = await reader.read()
            writer.close()
            await writer.wait_closed()
            return heard

    assert asyncio.run(run()).endswith(b"hello" if REQUEST in first else b"")


def test_a_connection_over_the_limit_hears_so_and_one_that_ends_makes_room() -> None:
    async def run() -> tuple[bytes, bytes]:
        async with listening(most=1) as listener, asyncio.timeout(20):
            _, writer = await asyncio.open_connection(listener.address.host, listener.address.port)
            refused = await asked(listener, REQUEST)
            writer.close()
            await writer.wait_closed()
            while b" 503 " in (served := await asked(listener, REQUEST)):
                pass  # the end of a connection takes the other side a moment
            return refused, served

    refused, served = asyncio.run(run())
    assert refused.startswith(b"HTTP/1.1 503 ")
    assert served.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "octets",
    [
        b"\x16\x03\x01\x00\r\n\r\n",
        b"GET / HTTP/3.7\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    ],
)
def test_what_is_no_request_is_answered_by_a_problem_and_not_logged(
    octets: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> bytes:
        async with listening() as listener, asyncio.timeout(20):
            return await asked(listener, octets)

    head, _, body = asyncio.run(run()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 400 ")
    assert b"Content-Type: application/problem+json" in head
    problem = json.loads(body)
    assert (problem["type"], problem["status"]) == ("urn:homeward:problem:bad-request", 400)
    assert problem["detail"].isprintable()
    assert problem["detail"][-1] != ":"
    assert caplog.records == []


def test_an_address_that_is_taken_leaves_nothing_open() -> None:
    async def run() -> None:
        async with listening() as listener:
            with pytest.raises(OSError, match="address already in use"):
                await listen_http(web.Application(), listener.address, most=1)

    asyncio.run(run())
