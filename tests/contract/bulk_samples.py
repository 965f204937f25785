"""Bulk files for tests."""

import json
from collections.abc import AsyncIterator, Iterable

from sqlalchemy import delete

from hss.services.administration import BulkReport
from hss.store import tables as t
from hss.store.engine import Store

PARTS = (
    *(t.contact, t.public_identity, t.registration, t.registration_set, t.private_identity, t.msisdn),
    *(t.circuit_switched, t.subscription),
)


async def stream(items: Iterable[bytes]) -> AsyncIterator[bytes]:
    for item in items:
        yield item


def short(number: int, /, **more: object) -> dict[str, object]:
    return {"operator": "mobile", "imsi": f"26201{number:010d}", "msisdn": f"+49171{number:07d}"} | more


def jsonl(*bodies: object) -> bytes:
    return b"".join(json.dumps(body).encode() + b"\n" for body in bodies)


async def reports(
    store: Store, *items: bytes, form: str = "jsonl", batch: int = 5000, resume_behind: int = 0
) -> list[BulkReport]:
    taking = store.bulk.take(stream(items), form=form, batch=batch, resume_behind=resume_behind)
    return [report async for report in taking]


async def take(
    store: Store, *items: bytes, form: str = "jsonl", batch: int = 5000, resume_behind: int = 0
) -> BulkReport:
    return (await reports(store, *items, form=form, batch=batch, resume_behind=resume_behind))[-1]


async def given(store: Store, form: str = "jsonl", *, sealed: bool = False) -> bytes:
    return b"".join([piece async for piece in store.bulk.give(form=form, sealed=sealed)])


async def bodies(store: Store) -> dict[str, object]:
    return {body["name"]: body for body in map(json.loads, (await given(store)).splitlines())}


async def clear(store: Store) -> None:
    async with store.database.write() as connection:
        for table in PARTS:
            await connection.execute(delete(table))
