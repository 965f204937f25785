"""All figures of `make bench`: one table for a person, then the same as JSON.

Server on the first core, client on the second. Nothing is asserted: a figure is read beside the machine and the load
that stand above it. `--subscribers N` sizes the database, `--requests N` each run, `--json FILE` writes the JSON.
"""

import argparse
import asyncio
import json
import os
import platform
import resource
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Final

from benchmarks import sri
from benchmarks.freediameter import yardstick
from benchmarks.make_subscribers import HOME_DOMAIN, MCC, MNC, OPERATOR, msisdn, write
from benchmarks.serving import HSS, WINDOWS, Row, loaded, run, serving
from hss.app.opening import opened_store
from hss.app.settings import Settings
from schemas.documents import Operator
from schemas.states import OperatorType

HOT: Final = 100_000
LIBRARIES: Final = ("aiohttp", "sqlalchemy", "sqlmodel", "aiosqlite", "python-diameter", "pysctp", "click")


def main() -> None:
    """Run everything and print it."""
    wanted = _arguments()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # the client's core; servers are put on the other one
    rows: list[Row] = [_machine()]
    _tell(rows[0])
    with tempfile.TemporaryDirectory(prefix="homeward-bench-") as folder:
        for row in _all(Path(folder), wanted):
            rows.append(row)
            _tell(row)
    text = json.dumps(rows, indent=1)
    if wanted.json:
        wanted.json.write_text(text + "\n")
    else:
        print(text)


def _all(folder: Path, wanted: argparse.Namespace) -> Iterator[Row]:
    yield from _commands()
    database = folder / "homeward.db"
    yield _import(folder, database, wanted.subscribers)
    yield from _location_info(folder, database, wanted)
    yield from sri.figures(folder, wanted.requests)
    for row in yardstick.figures(folder, wanted.requests):
        yield loaded(row["what"], row["figures"]) if "figures" in row else row


def _commands() -> Iterator[Row]:
    """CPU of starting a command."""
    nobody = ("--peer", "127.0.0.1:1")
    for arguments in (
        ("--help",),
        ("query", "lir", "tel:+491715407090", *nobody),
        ("query", "sri", "+491715407090", *nobody),
    ):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        for _ in range(5):
            run(str(HSS), *arguments)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        yield {"what": "CPU of hss " + " ".join(arguments[:2]), "seconds": round(used / 5, 3)}


def _import(folder: Path, database: Path, subscribers: int) -> Row:
    """Import subscribers in the short form, straight into the file, on both cores."""
    lines = folder / "subscribers.jsonl"
    with lines.open("wb") as target:
        write(target, subscribers, "jsonl")
    asyncio.run(_operator(database))
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    began = time.perf_counter()
    done = run(str(HSS), "import", str(lines), "--database", str(database), "--json")
    seconds = time.perf_counter() - began
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    lines.unlink()
    taken = json.loads(done.stdout)
    return {"what": f"import of {subscribers:,}", "per_second": round(taken["created"] / seconds), **taken}


async def _operator(database: Path) -> None:
    store = await opened_store(Settings.model_validate({"database": str(database)}))
    operator = Operator(
        name=OPERATOR, type=OperatorType.MOBILE, home_domain=HOME_DOMAIN, mcc=MCC, mnc=MNC, country_code="49"
    )
    await store.operators.put(OPERATOR, operator)
    await store.close()


def _location_info(folder: Path, database: Path, wanted: argparse.Namespace) -> Iterator[Row]:
    """LIR: hot identities, identities that do not exist, memory and start of the service."""
    hot = folder / "hot.txt"
    step = max(1, wanted.subscribers // HOT)
    hot.write_text("\n".join(f"tel:{msisdn(number * step)}" for number in _shuffled(wanted.subscribers // step)))
    with serving(folder, database, "diameter-tcp") as (address, pid, started_s):
        yield {"what": f"start with {wanted.subscribers:,} subscribers", "seconds": round(started_s, 2)}
        common = ("--peer", address, "--pid", str(pid), "--json", "--timeout", "60", "--origin-realm", HOME_DOMAIN)
        count = len(hot.read_text().split())
        warm = ("--file", str(hot), "--window", "64", "--requests", str(2 * count))
        run(str(HSS), "bench", "lir", *warm, *common)
        for window in WINDOWS:
            less = wanted.requests // 10 if window == "1" else wanted.requests
            for what, which in (
                (f"LIR, {count:,} hot", ("--file", str(hot))),
                ("LIR, unknown", (f"sip:u{{}}@{HOME_DOMAIN}",)),
            ):
                more = ("--window", window, "--requests", str(less))
                done = run(str(HSS), "bench", "lir", *which, *more, *common)
                yield loaded(what, json.loads(done.stdout)[0])
        yield {"what": "resident memory", "MiB": round(_resident(pid) / 2**20)}


def _resident(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _machine() -> Row:
    cpu = next(
        line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line
    )
    libraries = {name: version(name) for name in LIBRARIES}
    load = [round(value, 2) for value in os.getloadavg()]
    return {
        "what": "machine",
        "homeward": version("homeward"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "cpu": cpu,
        "cores": os.cpu_count(),
        "load": load,
        **libraries,
    }


def _shuffled(count: int) -> Iterator[int]:
    """All numbers below `count` in an order that looks like chance and is always the same."""
    step = 7_919  # a prime that does not divide the usual counts
    return ((number * step) % count for number in range(count))


def _tell(row: Row) -> None:
    values = (f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}" for name, value in row.items())
    print(f"{row['what']:<36} {'  '.join(list(values)[1:])}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subscribers", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
