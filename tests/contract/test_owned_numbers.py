"""Number blocks and prefixes by themselves, and import and export of the numbering plan, in every database."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hss.services.administration import BulkReport, Changes, NotFound, Refused, Taken, VersionMismatch
from hss.store import document_bulk, numbering, owned_numbers
from hss.store.engine import Store
from schemas.documents import Operator, OwnedBlock, OwnedPrefix
from tests.contract.store_samples import FIXED, MOBILE, POOL

pytestmark = pytest.mark.asyncio(loop_scope="session")
HELD = ("icscf-pools", "operators", "prefixes", "number-blocks")


async def furnish(store: Store) -> None:
    await store.icscf_pools.put("south", POOL)
    for operator in (MOBILE, FIXED):
        await store.operators.put(operator.name, operator)


def block(stem: str, operator: str = "fixed", minimum: int = 0, maximum: int = 3) -> OwnedBlock:
    return OwnedBlock(stem=stem, operator=operator, minimum=minimum, maximum=maximum)


async def pieces(*octets: bytes) -> AsyncIterator[bytes]:
    for piece in octets:
        yield piece


async def taken(store: Store, of: str, *lines: object, form: str = "jsonl", **more: Any) -> list[BulkReport]:
    octets = b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)
    return [report async for report in store.further_bulk[of].take(pieces(octets), form=form, **more)]


async def given(store: Store, of: str, form: str = "jsonl") -> bytes:
    return b"".join([piece async for piece in store.further_bulk[of].give(form=form)])


async def version(store: Store, operator: str) -> int:
    stored = await store.operators.get(operator)
    assert stored
    return stored.version


# --- One by one ------------------------------------------------------------------------------------------------------


async def test_a_block_is_part_of_its_operator_and_has_its_version(store: Store) -> None:
    await furnish(store)
    made = await store.number_blocks.put("+4972133", block("+4972133"), expected=0)
    assert (made.created, made.version, await version(store, "fixed")) == (True, 2, 2)
    operator = await store.operators.get("fixed")
    assert operator
    assert [one.stem for one in operator.document.blocks] == ["+4972133", "+49721957829"]
    changed = await store.number_blocks.put("+4972133", block("+4972133", minimum=1), expected=2)
    assert (changed.created, changed.version, changed.document.minimum) == (False, 3, 1)
    await store.number_blocks.delete("+4972133", expected=3)
    assert await store.number_blocks.get("+4972133") is None
    assert (await version(store, "fixed"), await version(store, "mobile")) == (4, 1)


async def test_who_replaces_an_operator_that_got_a_number_meanwhile_is_refused(store: Store) -> None:
    await furnish(store)
    seen = await store.operators.get("mobile")
    assert seen
    await store.prefixes.put("+49160", OwnedPrefix(prefix="+49160", operator="mobile"))
    with pytest.raises(VersionMismatch):
        await store.operators.put("mobile", seen.document, expected=seen.version)


async def test_the_document_of_an_operator_adds_amends_and_drops_its_numbers(store: Store) -> None:
    await furnish(store)
    for stem, most in (("+4972133", 3), ("+4972134", 3), ("+4972135", 3)):
        await store.number_blocks.put(stem, block(stem, maximum=most))
    body = FIXED.model_dump() | {"blocks": [{"stem": f"+497213{each}", "maximum": most} for each, most in ((6, 1), (5, 3), (4, 2))]}  # fmt: skip  # noqa: E501
    await store.operators.put("fixed", Operator.model_validate(body | {"prefixes": ["+4930"]}))
    page = await store.number_blocks.page(after=None, limit=10, filters={})
    assert [(one.key, one.document.maximum) for one in page.items] == [("+4972134", 2), ("+4972135", 3), ("+4972136", 1)]  # fmt: skip  # noqa: E501
    owned = await store.prefixes.page(after=None, limit=10, filters={"operator": "fixed"})
    assert [one.key for one in owned.items] == ["+4930"]


async def test_versions_are_demanded(store: Store) -> None:
    await furnish(store)
    with pytest.raises(VersionMismatch):
        await store.number_blocks.put("+49721957829", block("+49721957829"), expected=0)
    with pytest.raises(VersionMismatch):
        await store.number_blocks.put("+4972133", block("+4972133"), expected=1)
    with pytest.raises(VersionMismatch):
        await store.number_blocks.delete("+49721957829", expected=7)
    assert await version(store, "fixed") == 1


async def test_a_number_of_another_operator_is_not_taken_away(store: Store) -> None:
    await furnish(store)
    with pytest.raises(Taken, match=r"\+49721957829 belongs to operator 'fixed'") as refusal:
        await store.number_blocks.put("+49721957829", block("+49721957829", "mobile"), expected=0)
    assert refusal.value.field == "stem"
    with pytest.raises(Taken) as refusal:
        await store.prefixes.put("+49171", OwnedPrefix(prefix="+49171", operator="fixed"))
    assert refusal.value.field == "prefix"


async def test_numbers_are_paged_and_filtered(store: Store) -> None:
    await furnish(store)
    for stem in ("+4930", "+49722", "+49723"):
        await store.number_blocks.put(stem, block(stem, "mobile"))
    seen: list[list[str]] = []
    for filters in ({}, {"operator": "mobile"}, {"stem": "+4972"}, {"stem": "4972", "operator": "mobile"}, {"operator": "x"}):  # fmt: skip  # noqa: E501
        page = await store.number_blocks.page(after=None, limit=10, filters=filters)
        seen.append([one.key for one in page.items])
    assert seen == [
        ["+4930", "+49721957829", "+49722", "+49723"],
        ["+4930", "+49722", "+49723"],
        ["+49721957829", "+49722", "+49723"],
        ["+49722", "+49723"],
        [],
    ]
    page = await store.number_blocks.page(after="+4930", limit=1, filters={})
    assert ([one.key for one in page.items], page.next_after) == (["+49721957829"], "+49721957829")
    for resource in (store.number_blocks, store.prefixes):
        with pytest.raises(Refused):
            await resource.page(after=None, limit=1, filters={"colour": "blue"})
        with pytest.raises(Refused):
            await resource.get("alice")


async def test_a_change_of_a_number_is_one_of_numbering_alone(store: Store) -> None:
    await furnish(store)
    heard: list[Changes] = []
    store.on_change(heard.append)
    await store.prefixes.put("+49160", OwnedPrefix(prefix="+49160", operator="mobile"))
    await store.prefixes.put("+49160", OwnedPrefix(prefix="+49160", operator="mobile"))
    await store.prefixes.delete("+49160")
    with pytest.raises(NotFound):
        await store.prefixes.delete("+49160")
    assert heard == [Changes(numbering=True)] * 2


async def test_two_writers_of_one_operator_lose_nothing(store: Store) -> None:
    await furnish(store)
    stems = [f"+4972140{each}" for each in range(8)]
    await asyncio.gather(*(store.number_blocks.put(stem, block(stem), expected=0) for stem in stems))
    page = await store.number_blocks.page(after=None, limit=20, filters={"stem": "+4972140"})
    assert [one.key for one in page.items] == stems
    assert await version(store, "fixed") == 1 + len(stems)


async def test_of_two_operators_that_want_a_number_one_gets_it(store: Store) -> None:
    await furnish(store)
    writers = [store.prefixes.put("+4916", OwnedPrefix(prefix="+4916", operator=name)) for name in ("mobile", "fixed")]
    results = await asyncio.gather(*writers, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Stored", "Taken"]


# --- Files -----------------------------------------------------------------------------------------------------------


async def test_lines_of_blocks_are_taken_in_order_and_refused_ones_stop_no_other(store: Store) -> None:
    await furnish(store)
    table = (
        b"stem,operator,minimum,maximum\n+4930,mobile,1,4\n+49721957829,mobile,0,3\n+4930,fixed,0,3\n\n"
        b"+4931,nobody,0,3\n+4932,fixed,4,3\n+4930,mobile,2,4\nabc,fixed,0,3\n+49721957829,fixed,0,3\n"
    )
    reports = await taken(store, "number-blocks", table, form="csv", batch=4)
    refused = [(one.line, one.field, one.rule) for report in reports for one in report.latest]
    assert refused == [
        (3, "stem", "+49721957829 belongs to operator 'fixed'"),
        (4, "stem", "+4930 belongs to operator 'mobile'"),
        (6, "operator", "there is no operator 'nobody'"),
        (7, "", "minimum must not be above maximum"),
        (9, "stem", "an international number has at most 15 digits and nothing else: 'abc'"),
    ]
    assert [report.line for report in reports] == [4, 8, 10]
    assert (reports[-1].created, reports[-1].replaced, reports[-1].refused_count) == (1, 2, 5)
    stored = await store.number_blocks.get("+4930")
    assert stored
    assert stored.document == block("+4930", "mobile", 2, 4)
    assert (await version(store, "mobile"), await version(store, "fixed")) == (3, 1)


async def test_lines_of_prefixes_are_taken(store: Store) -> None:
    await furnish(store)
    last = (await taken(store, "prefixes", {"prefix": "+4916", "operator": "mobile"}, {"prefix": "+49171", "operator": "mobile"}, {"prefix": "+49170", "operator": "fixed"}))[-1]  # fmt: skip  # noqa: E501
    assert (last.created, last.replaced) == (1, 1)
    assert [(one.line, one.field) for one in last.refused] == [(3, "prefix")]


async def test_lines_of_operators_and_pools_are_put_and_a_missing_pool_is_named(store: Store) -> None:
    await furnish(store)
    new = {"name": "new", "type": 2, "home_domain": "n.example", "country_code": "49"}
    last = (
        await taken(
            store,
            "operators",
            new | {"icscf": {"pool": "north"}},
            new | {"name": "other", "prefixes": ["+49171"]},
            new | {"prefixes": ["+4930"]},
            new | {"prefixes": ["+4931"]},
            {"name": "x"},
        )
    )[-1]
    assert (last.created, last.replaced) == (1, 1)
    assert [(one.line, one.field, one.rule) for one in last.refused] == [
        (1, "icscf.pool", "there is no I-CSCF pool 'north'"),
        (2, "prefixes.0", "+49171 belongs to operator 'mobile'"),
        (5, "type", "is required (and 2 more)"),
    ]
    stored = await store.operators.get("new")
    assert stored
    assert (stored.document.prefixes, stored.version) == (["+4931"], 2)
    assert await store.operators.get("other") is None
    last = (await taken(store, "icscf-pools", {"name": "north", "members": [{"host": "i.example"}]}, {"name": "south", "policy": "bogus"}))[-1]  # fmt: skip  # noqa: E501
    assert (last.created, [one.field for one in last.refused]) == (1, ["policy"])


async def test_what_is_exported_makes_the_same_export_of_an_empty_database(store: Store) -> None:
    await furnish(store)
    await taken(store, "number-blocks", {"stem": "+4930", "operator": "mobile", "minimum": 1, "maximum": 4})
    files = {of: await given(store, of) for of in HELD}
    assert files["number-blocks"].startswith(b'{"stem":"+4930","operator":"mobile","minimum":1,"maximum":4}\n')
    assert await given(store, "prefixes", "csv") == b"prefix,operator\n+49170,mobile\n+49171,mobile\n"
    for operator in ("mobile", "fixed"):
        await store.operators.delete(operator)
    await store.icscf_pools.delete("south")
    for of in HELD:
        last = (await taken(store, of, files[of]))[-1]
        assert last.refused_count == 0
    assert {of: await given(store, of) for of in HELD} == files


async def test_an_import_of_the_same_changes_nothing(store: Store) -> None:
    await furnish(store)
    heard: list[Changes] = []
    store.on_change(heard.append)
    for of in HELD:
        last = (await taken(store, of, await given(store, of)))[-1]
        assert (last.created, last.refused_count) == (0, 0)
    assert (heard, await version(store, "fixed"), await version(store, "mobile")) == ([], 1, 1)


async def test_an_import_goes_on_behind_a_line(store: Store) -> None:
    await furnish(store)
    table = b"prefix,operator\n+4915,mobile\n+4916,mobile\n"
    last = (await taken(store, "prefixes", table, form="csv", resume_behind=2))[-1]
    assert (last.line, last.created) == (3, 1)
    assert await store.prefixes.get("+4915") is None
    assert (await taken(store, "prefixes", table, form="csv", resume_behind=9))[-1].line == 3


async def test_a_long_export_comes_in_pieces(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await furnish(store)
    monkeypatch.setattr(owned_numbers, "MOST_PARAMETERS", 3)
    monkeypatch.setattr(numbering, "MOST_PARAMETERS", 3)
    layout = document_bulk.Layout(model=OwnedBlock, columns=("stem", "operator", "minimum", "maximum"), page=2)
    bulk = document_bulk.DocumentBulk(store.number_blocks, store.writer, layout)
    lines = [{"stem": f"+493{each}", "operator": "fixed", "maximum": 2} for each in range(8)]
    assert (await taken(store, "number-blocks", *lines))[-1].created == 8
    assert len([piece async for piece in bulk.give(form="jsonl")]) == 5
    body = MOBILE.model_dump() | {"blocks": [{"stem": f"+493{each}", "maximum": 2} for each in (9, 91, 92, 7)]}
    with pytest.raises(Taken) as refusal:
        await store.operators.put("mobile", Operator.model_validate(body))
    assert refusal.value.field == "blocks.3.stem"


async def test_wrong_columns_and_forms_are_refused(store: Store) -> None:
    for of, octets, form, field in (
        ("prefixes", b"prefix,name\n", "csv", "name"),
        ("prefixes", b"prefix\n", "csv", "operator"),
        ("number-blocks", b"stem,operator\n", "csv", "maximum"),
        ("operators", b"name\n", "csv", "form"),
        ("icscf-pools", b"", "xml", "form"),
    ):
        with pytest.raises(Refused) as refusal:
            await taken(store, of, octets, form=form)
        assert refusal.value.field == field
    with pytest.raises(Refused):
        await given(store, "icscf-pools", "csv")
    with pytest.raises(Refused):
        [piece async for piece in store.further_bulk["operators"].give(form="jsonl", sealed=True)]
