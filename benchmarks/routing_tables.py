"""What the upkeep of the routing tables costs: `python -m benchmarks.routing_tables [ported numbers]`.

A SQLite file with so many ported numbers; printed are the time to build the tables from it, the time of one change of a
number until it is acknowledged, and for both the longest time for which the event loop answered nobody.
"""

import asyncio
import gc
import resource
import secrets
import sqlite3
import sys
import tempfile
import time
from collections.abc import Awaitable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from hss.app.routing_upkeep import Tables
from hss.services.routing import RoutingService
from hss.services.routing_subscribers import Sources
from hss.services.routing_tables import Single, read_amendment
from hss.store.engine import Store, open_store
from schemas.documents import Operator, PortedNumber

TICK_S = 0.0005
CHANGES = 50
OPERATORS = [
    Operator(name=name, type=2, home_domain=f"{name}.example", country_code="49", prefixes=[prefix])
    for name, prefix in (("one", "+49171"), ("two", "+49721"))
]


class Watch:
    """Looks how long the event loop leaves others waiting."""

    def __init__(self) -> None:
        self.longest_s = 0.0

    async def run(self) -> None:
        """Tick."""
        last = time.perf_counter()
        while True:
            await asyncio.sleep(TICK_S)
            now = time.perf_counter()
            self.longest_s = max(self.longest_s, now - last - TICK_S)
            last = now


async def watched(work: Awaitable[Any]) -> tuple[float, float]:
    """Answer how long `work` took, and the longest silence meanwhile, in seconds."""
    watch = Watch()
    ticking = asyncio.get_running_loop().create_task(watch.run())
    await asyncio.sleep(0.01)
    watch.longest_s, start = 0.0, time.perf_counter()
    await work
    taken = time.perf_counter() - start
    ticking.cancel()
    return taken, watch.longest_s


def fill(path: Path, count: int) -> None:
    """Write ported numbers, as an import would."""
    with sqlite3.connect(path) as connection:
        connection.executemany(
            "INSERT INTO ported_number (digits, operator_id, routing_number, version) VALUES (?, ?, ?, 1)",
            ((f"49171{at:08}", None if at % 3 else 1, f"D{at % 200:03}") for at in range(count)),
        )
    connection.close()


async def furnished(path: Path, count: int) -> Store:
    """Open a store with operators and ported numbers."""
    store = await open_store(str(path), random_octets=secrets.token_bytes)
    for operator in OPERATORS:
        await store.operators.put(operator.name, operator)
    await asyncio.to_thread(fill, path, count)
    return store


async def measure(path: Path, count: int) -> None:
    """Measure and print."""
    store = await furnished(path, count)
    service = RoutingService(cast("Sources", None))
    tables = Tables(store, service)
    gc.collect()
    before = resident_mib()
    keeping = asyncio.get_running_loop().create_task(tables.keep())
    start = time.process_time()
    taken, silent = await watched(built(service))
    cpu = time.process_time() - start
    print(f"{count:,} ported numbers: built in {taken:.2f} s, {cpu:.2f} s of CPU")
    print(f"loop silent meanwhile: {silent * 1000:.1f} ms at most")
    gc.collect()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory: {resident_mib() - before:.0f} MiB, {peak - before:.0f} MiB while building")
    keeping.cancel()
    times = [await watched(change(store, at)) for at in range(CHANGES)]
    for what, figures in zip(("acknowledged after", "loop silent"), zip(*times, strict=True), strict=True):
        ordered = sorted(figures)
        print(f"one change: {what} {ordered[CHANGES // 2] * 1000:.1f} ms, at most {ordered[-1] * 1000:.1f} ms")
    print(f"of which the tables: {await computing(store, service) * 1000:.2f} ms of CPU")
    await store.close()


async def computing(store: Store, service: RoutingService) -> float:
    """Answer the CPU time that the event loop needs to put one number into the tables: the mean of many."""
    taken = 0.0
    for at in range(CHANGES):
        number = f"49171{at * 7919 + 1:08}"
        amendment = await read_amendment(store.numbering, Single(ported=frozenset({number})), service.current)
        start = time.thread_time()
        service.swap(replace(amendment, ported=[(number, f"D8{at % 5}", "two")]).made(at))
        taken += time.thread_time() - start
    return taken / CHANGES


async def built(service: RoutingService) -> None:
    """Wait for the first tables."""
    while not service.ready:  # noqa: ASYNC110 - this watches from outside, as a caller would
        await asyncio.sleep(0.01)


async def change(store: Store, at: int) -> None:
    """Port a number, new ones and those that were ported before."""
    number = f"+49171{at * 7919:08}" if at % 2 else f"+49172{at:08}"
    await store.ported_numbers.put(number, PortedNumber(number=number, operator="two", routing_number=f"D9{at % 5}"))


def resident_mib() -> float:
    """Read how much memory this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def main() -> None:
    """Measure in a directory that is gone afterwards."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder) / "hss.db", count))


if __name__ == "__main__":
    main()
