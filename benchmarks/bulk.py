"""Import and export of N synthetic subscribers: how many a second, and at what cost.

python -m benchmarks.bulk 1000000 [--shuffled] [--form csv] [--database URL] [--json]
"""

import argparse
import asyncio
import json
import os
import resource
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from pathlib import Path
from secrets import token_bytes

from benchmarks.make_subscribers import HOME_DOMAIN, MCC, MNC, OPERATOR, write
from hss.services.bulk_lines import whole_lines
from hss.store.engine import Store, open_store
from schemas.documents import Operator
from schemas.states import OperatorType

PIECE_OCTETS = 1 << 18
KEY = bytes(range(32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What one pass cost."""

    name: str
    subscribers: int
    seconds: float
    own_cpu_s: float  # of this process
    children_cpu_s: float  # of the processes that read lines
    peak_mib: float  # resident memory of this process, at its highest so far

    @property
    def per_second(self) -> float:
        """Subscribers a second."""
        return self.subscribers / self.seconds


class Stopwatch:
    """Measures from its making on."""

    def __init__(self) -> None:
        self._start = (time.perf_counter(), _cpu(resource.RUSAGE_SELF), _cpu(resource.RUSAGE_CHILDREN))

    def stop(self, name: str, subscribers: int) -> Figure:
        """Give the figure."""
        start, own, children = self._start
        return Figure(
            name=name,
            subscribers=subscribers,
            seconds=time.perf_counter() - start,
            own_cpu_s=_cpu(resource.RUSAGE_SELF) - own,
            children_cpu_s=_cpu(resource.RUSAGE_CHILDREN) - children,
            peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        )


def _cpu(whose: int) -> float:
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime


async def pieces(path: Path) -> AsyncIterator[bytes]:
    """Read a file in pieces."""
    with path.open("rb") as source:
        while piece := source.read(PIECE_OCTETS):
            yield piece


async def take(store: Store, path: Path, form: str, batch: int, name: str) -> Figure:
    """Import a file."""
    watch = Stopwatch()
    report = None
    async for report in store.bulk.take(whole_lines(pieces(path)), form=form, batch=batch):
        if sys.stderr.isatty():
            print(f"\r{report.line} lines", end="", file=sys.stderr)
    assert report is not None
    assert not report.refused, report.refused[:3]
    return watch.stop(name, report.created + report.replaced)


async def give(store: Store, path: Path, form: str, count: int) -> Figure:
    """Export to a file."""
    watch = Stopwatch()
    with path.open("wb") as target:
        async for piece in store.bulk.give(form=form):
            target.write(piece)
    return watch.stop(f"export {form}", count)


async def measure(chosen: argparse.Namespace, folder: Path) -> list[Figure]:
    """Make the file, import it, export all."""
    source = folder / f"in.{chosen.form}"
    with source.open("wb") as target:
        write(target, chosen.count, chosen.form, shuffled=chosen.shuffled)
    store = await open_store(chosen.database or str(folder / "bench.db"), random_octets=token_bytes, key=KEY)
    try:
        await store.operators.put(
            OPERATOR,
            Operator(
                name=OPERATOR, type=OperatorType.MOBILE, home_domain=HOME_DOMAIN, mcc=MCC, mnc=MNC, country_code="49"
            ),
        )
        order = "shuffled" if chosen.shuffled else "in order"
        figures = [await take(store, source, chosen.form, chosen.batch, f"import {chosen.form}, {order}")]
        if chosen.again:
            figures.append(await take(store, source, chosen.form, chosen.batch, "the same again"))
        figures += [await give(store, folder / f"out.{form}", form, chosen.count) for form in ("jsonl", "csv")]
    finally:
        await store.close()
    return figures


def show(figures: list[Figure]) -> None:
    """Print a table."""
    print(f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores")
    print(f"{'':28}{'per second':>12}{'seconds':>10}{'CPU s / 1000':>14}{'of it children':>16}{'peak MiB':>10}")
    for each in figures:
        cpu = (each.own_cpu_s + each.children_cpu_s) / each.subscribers * 1000
        children = each.children_cpu_s / each.subscribers * 1000
        print(
            f"{each.name:28}{each.per_second:12.0f}{each.seconds:10.1f}{cpu:14.4f}{children:16.4f}{each.peak_mib:10.0f}"
        )


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int, nargs="?", default=100_000)
    parser.add_argument("--form", choices=["jsonl", "csv"], default="jsonl")
    parser.add_argument("--batch", type=int, default=5000)
    parser.add_argument("--shuffled", action="store_true", help="numbers not in order")
    parser.add_argument("--again", action="store_true", help="import a second time, which replaces all")
    parser.add_argument("--database", help="an empty database; default: a new SQLite file")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measure(chosen, Path(folder)))
    if chosen.json:
        print(json.dumps([asdict(figure) | {"per_second": figure.per_second} for figure in figures], indent=2))
    else:
        show(figures)


if __name__ == "__main__":
    main()
