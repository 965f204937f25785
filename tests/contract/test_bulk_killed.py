"""An import that is killed in the middle of its work."""

import json
import secrets
import signal
import subprocess
import sys
from pathlib import Path

from hss.store.engine import Store, open_store
from tests.contract.bulk_samples import given, jsonl, short, take
from tests.contract.store_samples import ALICE, K, furnish

IMPORTER = """
import asyncio, pathlib, secrets, sys
from hss.store.engine import open_store

async def lines(path):
    for line in pathlib.Path(path).read_bytes().splitlines()[:700]:
        yield line
    await asyncio.Event().wait()

async def run(database, path):
    store = await open_store(database, random_octets=secrets.token_bytes, key=bytes(range(32)))
    async for report in store.bulk.take(lines(path), form="jsonl", batch=20):
        print(report.line, flush=True)

asyncio.run(run(*sys.argv[1:]))
"""
BY_OTHERS = """
import asyncio, multiprocessing, secrets, sys
from hss.store.bulk import StoreBulk
from hss.store.engine import open_store

async def lines():
    yield b"x"
    yield b"y"
    await asyncio.Event().wait()

async def run(database):
    store = await open_store(database, random_octets=secrets.token_bytes)
    async for report in StoreBulk(store, long=1).take(lines(), form="jsonl", batch=1):
        print(*(child.pid for child in multiprocessing.active_children()), flush=True)

asyncio.run(run(sys.argv[1]))
"""
KEY = bytes(range(32))


async def furnished(path: Path) -> Store:
    store = await open_store(str(path), random_octets=secrets.token_bytes, key=KEY)
    await furnish(store)
    return store


def killed_import(database: Path, file: Path) -> int:
    """Kill an import at any moment behind line 400; return the last line that it told."""
    command = [sys.executable, "-c", IMPORTER, str(database), str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as importer:
        assert importer.stdout
        told = 0
        while told < 400:
            told = int(importer.stdout.readline())
        importer.send_signal(signal.SIGKILL)
        return max([told, *map(int, importer.stdout.read().split())])


async def test_an_import_that_was_killed_and_resumed_is_an_import(tmp_path: Path) -> None:
    file = tmp_path / "subscribers.jsonl"
    good = [short(number, k=K) for number in range(1000)]
    taken = {"operator": "mobile", "name": "late", "msisdn": "+491710000003"}
    alice = ALICE.model_dump(mode="json")
    file.write_bytes(jsonl(*good[:500], alice, "bad", taken, *good[480:]))

    once = await furnished(tmp_path / "once.db")
    await take(once, file.read_bytes(), batch=20)
    whole = await given(once)
    await once.close()

    await (await furnished(tmp_path / "killed.db")).close()
    told = killed_import(tmp_path / "killed.db", file)
    resumed = await open_store(str(tmp_path / "killed.db"), random_octets=secrets.token_bytes, key=KEY)
    names = {json.loads(line)["name"] for line in (await given(resumed)).splitlines()}
    assert {str(body["imsi"]) for body in good[: min(told, 500)]} <= names  # what was acknowledged is there
    assert 400 <= told <= 700
    await take(resumed, file.read_bytes(), batch=20, resume_behind=told)
    assert await given(resumed) == whole
    await resumed.close()


def test_a_process_that_reads_lines_ends_with_the_one_that_it_reads_for(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BY_OTHERS, str(tmp_path / "homeward.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as importer:
        assert importer.stdout
        (pid,) = map(int, importer.stdout.readline().split())
        assert Path(f"/proc/{pid}").exists()
        importer.send_signal(signal.SIGKILL)
        assert importer.stdout.read() is not None  # to the end: nobody has the pipe open any more
    assert not Path(f"/proc/{pid}/cmdline").exists() or not Path(f"/proc/{pid}/cmdline").read_bytes()
