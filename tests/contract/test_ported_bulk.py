"""Import and export of ported numbers, in every database; and what the tables are built from."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hss.services.administration import BulkReport, Changes, Refused
from hss.services.routing_tables import ELSEWHERE, read_material
from hss.store import ported_bulk
from hss.store.engine import Store
from schemas.documents import NumberBlock, Operator, PortedNumber

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOBILE = Operator(name="mobile", type=1, home_domain="m.example", country_code="49", prefixes=["+49171"])
FIXED = Operator(
    name="fixed",
    type=2,
    home_domain="f.example",
    country_code="49",
    area_code="721",
    blocks=[NumberBlock(stem="+49721957829", minimum=1, maximum=4), NumberBlock(stem="+497215", maximum=3)],
)


async def furnish(store: Store) -> None:
    for operator in (MOBILE, FIXED):
        await store.operators.put(operator.name, operator)


async def pieces(*octets: bytes) -> AsyncIterator[bytes]:
    for piece in octets:
        yield piece


async def taken(store: Store, *octets: bytes, form: str = "jsonl", **more: Any) -> list[BulkReport]:
    return [report async for report in store.ported_bulk.take(pieces(*octets), form=form, **more)]


async def given(store: Store, form: str = "jsonl") -> bytes:
    return b"".join([piece async for piece in store.ported_bulk.give(form=form)])


def line(number: str, **more: str) -> bytes:
    return json.dumps({"number": number, **more}).encode() + b"\n"


async def test_an_import_is_like_a_put_of_each_line(store: Store) -> None:
    await furnish(store)
    await store.ported_numbers.put("+491", PortedNumber(number="+491", operator="mobile"))
    await store.ported_numbers.put("+492", PortedNumber(number="+492", operator="mobile"))
    last = (await taken(store, line("+491", operator="fixed"), line("+492", operator="mobile"), line("+493", routing_number="D1")))[-1]  # fmt: skip  # noqa: E501
    assert (last.line, last.created, last.replaced, last.refused_count) == (3, 1, 2, 0)
    stored = [await store.ported_numbers.get(f"+49{at}") for at in (1, 2, 3)]
    assert [one and (one.document.operator, one.document.routing_number, one.version) for one in stored] == [
        ("fixed", None, 2),
        ("mobile", None, 1),
        (None, "D1", 1),
    ]


async def test_batches_are_reported_and_a_refused_line_stops_no_other_one(store: Store) -> None:
    await furnish(store)
    lines = [line("+491", operator="mobile"), b"rubbish\n", line("+49721957829", operator="mobile"), b"\n", line("+494", operator="nobody"), line("+491", operator="fixed")]  # fmt: skip  # noqa: E501
    reports = await taken(store, b"".join(lines), batch=2)
    assert [report.line for report in reports] == [2, 4, 6]
    assert [(one.line, one.field) for report in reports for one in report.latest] == [
        (2, ""),
        (3, "number"),
        (5, "operator"),
    ]
    assert (reports[-1].created, reports[-1].replaced, reports[-1].refused_count) == (1, 1, 3)


async def test_an_import_goes_on_behind_a_line(store: Store) -> None:
    await furnish(store)
    table = b"number,operator\n+491,mobile\n+492,mobile\n"
    last = (await taken(store, table, form="csv", resume_behind=2))[-1]
    assert (last.line, last.created) == (3, 1)
    assert await store.ported_numbers.get("+491") is None
    last = (await taken(store, table, form="csv", resume_behind=9))[-1]
    assert (last.line, last.created) == (3, 0)


async def test_wrong_columns_and_forms_are_refused(store: Store) -> None:
    for octets, form in ((b"number,name\n", "csv"), (b"", "xml")):
        with pytest.raises(Refused):
            await taken(store, octets, form=form)
    with pytest.raises(Refused):
        await given(store, "xml")
    with pytest.raises(Refused):
        [piece async for piece in store.ported_bulk.give(form="jsonl", sealed=True)]


async def test_what_is_exported_is_imported_again(store: Store) -> None:
    await furnish(store)
    await taken(store, line("+492", operator="mobile"), line("+491", routing_number="+49D1", operator="fixed"))
    assert await given(store, "csv") == b"number,operator,routing_number\n+491,fixed,+49D1\n+492,mobile,\n"
    for form in ("jsonl", "csv"):
        before = await given(store, form)
        last = (await taken(store, before, form=form))[-1]
        assert (last.created, last.replaced) == (0, 2)
        assert await given(store, form) == before


async def test_each_batch_announces_its_numbers_or_that_numbering_changed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ported_bulk, "NAMED_NUMBERS", 2)
    await furnish(store)
    heard: list[Changes] = []
    store.on_change(heard.append)
    await taken(store, line("+491", operator="mobile"), b"rubbish\n", batch=1)
    lines = [line(f"+49{at}", operator="mobile") for at in range(1, 6)]
    await taken(store, *lines, batch=3)
    assert heard == [
        Changes(ported=frozenset({"491"})),
        Changes(numbering=True),
        Changes(ported=frozenset({"494", "495"})),
    ]


async def test_the_tables_hold_what_is_stored(store: Store) -> None:
    await furnish(store)
    await taken(store, line("+491711", operator="fixed"), line("+491712", routing_number="D1"))
    material = await read_material(store.numbering)
    assert material.count == 5  # known before anything is built: it decides where that is done
    generation = material.built(3)
    tables = generation.tables
    assert {digits: (one.operator, one.least, one.most) for digits, one in tables.ranges.items()} == {
        "49171": ("mobile", None, None),
        "49721957829": ("fixed", 1, 4),
        "497215": ("fixed", 0, 3),
    }
    assert (tables.porting("491711"), tables.porting("491712")) == ((None, "fixed"), ("D1", ELSEWHERE))
    assert {name: profile.ndc for name, profile in generation.profiles.items()} == {"mobile": None, "fixed": "721"}
    assert tables.conflicts == ()
