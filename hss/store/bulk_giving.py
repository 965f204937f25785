"""Export: all subscribers in the order of their names, a window of them at a time."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from hss.services.administration import Refused
from hss.store.bulk_bodies import PARTS, SUBSCRIPTIONS, Body, Window
from hss.store.bulk_driver import Driver, Row
from hss.store.bulk_reading import JSONL
from hss.store.database import Database
from schemas.documents import Credentials, NewSubscriber

WINDOW: Final = 1000
COLUMNS: Final = tuple(name for name in NewSubscriber.model_fields if name not in Credentials.model_fields)
_OF_PRIVATE: Final = ("imsi", "scheme", "amf", "sqn")
_OF_CIRCUIT: Final = ("vlr_number", "msc_number", "voicebox", "preference")


async def give(database: Database, *, form: str, sealed: bool) -> AsyncGenerator[bytes, None]:
    """Give pieces of whole lines; each window is of one moment.

    Raise `Refused` where sealed secrets do not go with the form.
    """
    write: Callable[[Iterable[Body]], bytes] = json_lines
    if form != JSONL:
        if sealed:
            raise Refused("sealed", "goes with jsonl")
        write = csv_lines
        yield (",".join(COLUMNS) + "\n").encode()
    after = ""
    while True:
        async with database.read() as connection:
            subscriptions, parts = await _window(connection, after)
        if not subscriptions:
            return
        window = Window(subscriptions, parts, sealed=sealed)
        yield await asyncio.to_thread(lambda: write(window.bodies()))  # noqa: B023 - runs at once
        after = subscriptions[-1][2]


async def _window(connection: AsyncConnection, after: str) -> tuple[Sequence[Row], Mapping[str, Sequence[Row]]]:
    driver = await Driver.of(connection)
    places = driver.placeholder(1), driver.placeholder(2)
    found = {"subscription": await driver.fetch(SUBSCRIPTIONS.format(*places), after, WINDOW)}
    for name, part in PARTS.items():
        owners = [row[part.by_place] for row in found[part.of]]
        found[name] = await driver.rows(part.query.format(driver.among("integer")), owners) if owners else ()
    return found.pop("subscription"), found


def json_lines(bodies: Iterable[Body]) -> bytes:
    """Write whole documents."""
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    return "".join([encode(body) + "\n" for body in bodies]).encode()


def csv_lines(bodies: Iterable[Body]) -> bytes:
    """Write short forms; what they have no column for is left out, and whoever has neither IMSI nor number."""
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    for body in bodies:
        short = short_form(body)
        if not short.keys().isdisjoint(("imsi", "msisdn", "number")):
            writer.writerow([short.get(column, "") for column in COLUMNS])
    return target.getvalue().encode()


def short_form(body: Body) -> Body:
    """Find in a document what the short form has fields for."""
    private: Body = next(iter(body["private_identities"]), {})
    circuit = body.get("circuit_switched", {})
    group: Body = next(iter(body["sets"]), {"identities": []})
    numbers = [each["uri"][4:] for each in group["identities"] if each["uri"].startswith("tel:+")]
    msisdns = circuit.get("msisdns", [])
    profiles = (each["service_profile"] for each in group["identities"] if "service_profile" in each)
    found: dict[str, Any] = {
        "name": body["name"],
        "operator": body["operator"],
        "msisdn": next(iter(msisdns), None),
        "number": next((number for number in numbers if number not in msisdns), None),
        "service_profile": next(profiles, None),
        "icscf_host": circuit.get("icscf", {}).get("host"),
        "icscf_pool": circuit.get("icscf", {}).get("pool"),
        "scscf": body.get("scscf", {}).get("name"),
        "state": group.get("state"),
    }
    found |= {name: private.get(name) for name in _OF_PRIVATE} | {name: circuit.get(name) for name in _OF_CIRCUIT}
    return {name: value for name, value in found.items() if value is not None}
