"""Figures of MAP sendRoutingInfo over M3UA on TCP: who is in a VLR, who is called through IMS, who is unknown.

Roaming numbers are lent for half a second only, as a pool has 100,000 of them.
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.make_subscribers import HOME_DOMAIN, MCC, MNC, OPERATOR, imsi
from benchmarks.serving import HSS, WINDOWS, Row, loaded, run, serving
from hss.app.opening import opened_store
from hss.app.settings import Settings
from schemas.documents import Icscf, IcscfEntry, IcscfPool, Operator
from schemas.states import OperatorType

SUBSCRIBERS: Final = 10_000  # of each sort
VLR: Final = "+491720000001"
SORTS: Final = {"MSRN": 0, "I-CSCF": 1, "unknown": 2}  # and the digit that their numbers have


def figures(folder: Path, requests: int) -> Iterator[Row]:
    """Load a service of its own with each sort of number, at each window."""
    database = folder / "calls.db"
    asyncio.run(_furnish(database))
    lines = folder / "calls.jsonl"
    lines.write_text("".join(json.dumps(one) + "\n" for one in _subscribers()))
    run(str(HSS), "import", str(lines), "--database", str(database))
    with serving(folder, database, "m3ua-tcp", "--roaming-number-s", "0.5") as (address, pid, _):
        common = ("--peer", address, "--pid", str(pid), "--json", "--timeout", "60", "--routing-context", "100")
        for what in SORTS:
            file = folder / f"{what}.txt"
            file.write_text("\n".join(_number(what, number) for number in range(SUBSCRIBERS)))
            warm = ("--window", "64", "--requests", str(2 * SUBSCRIBERS))
            run(str(HSS), "bench", "sri", "--file", str(file), *warm, *common)
            for window in WINDOWS:
                less = requests // 10 if window == "1" else requests
                more = ("--window", window, "--requests", str(less))
                done = run(str(HSS), "bench", "sri", "--file", str(file), *more, *common)
                (found,) = json.loads(done.stdout)
                expected = "errors" if what == "unknown" else "results"
                assert found[expected] == less, found
                yield loaded(f"SRI, {what}", found)


async def _furnish(database: Path) -> None:
    store = await opened_store(Settings.model_validate({"database": str(database)}))
    members = [Icscf(host=f"icscf{number}.{HOME_DOMAIN}") for number in (1, 2, 3)]
    await store.icscf_pools.put("pool", IcscfPool(name="pool", members=members))
    operator = Operator(
        name=OPERATOR,
        type=OperatorType.MOBILE,
        home_domain=HOME_DOMAIN,
        mcc=MCC,
        mnc=MNC,
        country_code="49",
        icscf=IcscfEntry(pool="pool"),
        hlr_number="+491710000000",
    )
    await store.operators.put(OPERATOR, operator)
    await store.close()


def _number(what: str, number: int) -> str:
    return f"+491512{SORTS[what]}{number:06d}"


def _subscribers() -> Iterator[Row]:
    for number in range(SUBSCRIBERS):
        here = {"operator": OPERATOR, "imsi": imsi(number), "msisdn": _number("MSRN", number)}
        yield here | {"vlr_number": VLR}
        there = {"operator": OPERATOR, "imsi": imsi(SUBSCRIBERS + number), "msisdn": _number("I-CSCF", number)}
        served = {"preference": "ims-first", "state": "registered", "scscf": f"sip:scscf1.{HOME_DOMAIN}"}
        yield there | served
