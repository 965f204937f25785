import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web

from hss.api.middleware import has_left

NDJSON = {"Content-Type": "application/x-ndjson"}


async def lines_of(answer: Any) -> list[dict[str, Any]]:
    assert answer.status == 200, await answer.text()
    assert answer.content_type == "application/x-ndjson"
    return [json.loads(line) for line in (await answer.text()).splitlines()]


async def test_an_import_tells_each_batch_and_every_refused_line_once(api: Any) -> None:
    body = b"a\nbad\nc\nd\nbad"
    answer = await api.ask("POST", "import?form=jsonl&batch=2&resume_behind=7", data=body, headers=NDJSON)
    told = await lines_of(answer)
    assert [one["line"] for one in told] == [2, 4, 5, 5]
    assert [one["line"] for report in told for one in report["refused"]] == [2]
    assert told[-1] == {"line": 5, "created": 3, "replaced": 0, "refused_count": 2, "refused": [], "done": True}
    assert api.bulk.asked == {"form": "jsonl", "batch": 2, "resume_behind": 7}
    assert api.bulk.lines == [b"a", b"bad", b"c", b"d", b"bad"]


async def test_an_import_answers_while_the_file_still_comes(api: Any) -> None:
    told = asyncio.Event()

    async def file() -> AsyncIterator[bytes]:
        yield b"a\nb\n"
        await told.wait()
        yield b"c\n"

    answer = await api.ask("POST", "import?batch=2", data=file(), headers=NDJSON)
    assert json.loads(await answer.content.readline())["line"] == 2
    told.set()
    assert json.loads((await answer.text()).splitlines()[-1])["done"]


async def test_an_empty_import_is_done(api: Any) -> None:
    told = await lines_of(await api.ask("POST", "import", data=b"", headers=NDJSON))
    assert told[-1] == {"line": 0, "created": 0, "replaced": 0, "refused_count": 0, "refused": [], "done": True}


async def test_a_failure_after_the_first_batch_is_the_last_line(api: Any) -> None:
    told = await lines_of(await api.ask("POST", "import?batch=1", data=b"a\nbreak\nc\n", headers=NDJSON))
    assert told[0]["created"] == 1
    assert (told[-1]["status"], told[-1]["type"]) == (500, "urn:homeward:problem:internal")
    assert "secret" not in json.dumps(told)


async def test_a_failure_before_the_first_batch_has_its_own_status(api: Any) -> None:
    answer = await api.ask("POST", "import", data=b"break\n", headers=NDJSON)
    await api.problem(answer, 500, "internal")


async def test_a_line_without_an_end_is_cut(start: Any) -> None:
    api = await start(line_octets=100)
    await api.ask("POST", "import", data=b"a\n" + b"x" * 5000 + b"\nb\n", headers=NDJSON)
    assert [len(line) for line in api.bulk.lines] == [1, 101, 1]


async def test_an_import_that_stops_coming_ends(start: Any) -> None:
    api = await start(body_timeout_s=0.01)

    async def never() -> AsyncIterator[bytes]:
        yield b"a\n"
        await asyncio.Event().wait()

    answer = await api.ask("POST", "import?batch=1", data=never(), headers=NDJSON)
    assert (await lines_of(answer))[-1]["status"] == 408


async def test_what_an_import_does_not_understand(api: Any) -> None:
    for query in ("form=xml", "batch=0", "resume_behind=-1", "colour=red"):
        answer = await api.ask("POST", f"import?{query}", data=b"", headers=NDJSON)
        await api.problem(answer, 400, "bad-request")
    answer = await api.ask("POST", "import?form=csv", data=b"", headers=NDJSON)
    await api.problem(answer, 415, "wrong-content-type")
    answer = await api.ask("POST", "import?form=csv", data=b"", headers={"Content-Type": "text/csv; charset=utf-8"})
    assert answer.status == 200


async def test_only_so_many_at_once(start: Any) -> None:
    api = await start(bulk_concurrency=1)
    first = await api.ask("POST", "import?batch=1", data=b"a\nwait\n", headers=NDJSON)
    await first.content.readline()
    await api.problem(await api.ask("GET", "export"), 503, "busy")
    api.bulk.go_on.set()
    await first.read()
    assert (await api.ask("GET", "export")).status == 200


async def test_an_export_is_a_file(api: Any) -> None:
    for form, media in (("jsonl", "application/x-ndjson"), ("csv", "text/csv")):
        answer = await api.ask("GET", f"export?form={form}")
        assert (answer.status, answer.content_type) == (200, media)
        assert answer.headers["Content-Disposition"] == f'attachment; filename="subscribers.{form}"'
        assert await answer.text() == f"{form} False\nalice\n"
    await api.problem(await api.ask("GET", "export?form=xml"), 400, "bad-request")
    assert (await api.ask("HEAD", "export")).status == 405


async def leave_in_the_middle(api: Any, head: bytes, answered: bytes) -> None:
    server = api.client.server
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(head.replace(b"\n", b"\r\n"))
    await reader.readuntil(answered)
    writer.close()
    await writer.wait_closed()


async def test_an_import_ends_when_the_caller_leaves(api: Any, caplog: pytest.LogCaptureFixture) -> None:
    head = (
        b"POST /api/v1/import?batch=1 HTTP/1.1\nHost: localhost\nContent-Type: application/x-ndjson\n"
        b"Content-Length: 100\n\na\n"
    )
    await leave_in_the_middle(api, head, b'"line": 1')
    async with asyncio.timeout(5):
        await api.bulk.over.wait()
    assert (await api.ask("POST", "import", data=b"c", headers=NDJSON)).status == 200
    assert not caplog.records


async def test_a_caller_who_leaves_in_the_middle_of_a_body_is_counted(
    start: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    left = asyncio.Event()

    def noticed(request: web.Request) -> bool:
        left.set()
        return has_left(request)

    monkeypatch.setattr("hss.api.middleware.has_left", noticed)
    api = await start()
    head = (
        b"PUT /api/v1/operators/mobile HTTP/1.1\nHost: localhost\nContent-Type: application/json\n"
        b"Content-Length: 100\nExpect: 100-continue\n\n{"
    )
    await leave_in_the_middle(api, head, b"100 Continue")
    async with asyncio.timeout(5):
        await left.wait()
    assert 'status="499"' in await (await api.ask("GET", "/metrics")).text()
    assert not caplog.records


async def test_two_imports_that_were_left_leave_their_places_free(start: Any) -> None:
    api = await start(bulk_concurrency=1)
    for _ in range(3):
        answer = await api.ask("POST", "import?batch=1", data=b"a\nbreak\n", headers=NDJSON)
        assert (await lines_of(answer))[-1]["status"] == 500
        assert (await api.ask("GET", "export?form=csv")).status == 200
