"""Dial plans, routing numbers, carriers, services and the default route of operators, in every database."""

import asyncio
from typing import Any

import pytest

from hss.services.administration import Refused, Taken
from hss.services.routing_documents import Bundle, Documents
from hss.services.routing_tables import ELSEWHERE, read_material
from hss.store.engine import Store
from schemas.documents import Operator, PortedNumber

pytestmark = pytest.mark.asyncio(loop_scope="session")

CODES: dict[str, Any] = {
    "routing_numbers": ["+49D15", "D150"],
    "carriers": ["+15062", "0121"],
    "service_numbers": [
        {"number": "110", "phone_context": "+49", "urn": "urn:service:sos.police"},
        {"number": "115", "phone_context": "+49", "urn": None},
        {"number": "115", "phone_context": "pbx.example", "urn": None},
    ],
}
SERVICES = [{"number": "116117"}, {"number": "*7", "phone_context": "b.example", "urn": "urn:service:counseling"}]
PLAN: dict[str, Any] = {
    "carrier_selection_prefixes": ["010", "1011"],
    "emergency_numbers": ["112"],
    "short_codes": [],
    "phone_contexts": {"+49": "national", "pbx.example": "opaque"},
    "routing_number_length": 5,
    "strict_e164": True,
    "home": False,
    "porting": "npdi",
    "default_route": True,
}


def operator(name: str, **more: object) -> Operator:
    body = {"name": name, "type": 2, "home_domain": f"{name}.example", "country_code": "49"}
    return Operator.model_validate(body | more)


async def test_codes_and_dial_plan_are_read_back(store: Store) -> None:
    document = operator("transit", **CODES, **PLAN)
    await store.operators.put("transit", document)
    await store.operators.put("other", operator("other"))
    stored = await store.operators.get("transit")
    assert stored is not None
    assert stored.document == document
    assert stored.document.model_dump(include={*CODES, *PLAN}) == CODES | PLAN
    assert (await store.operators.put("transit", stored.document)).version == stored.version


async def test_codes_that_are_left_out_are_gone(store: Store) -> None:
    await store.operators.put("a", operator("a", **CODES))
    await store.operators.put("a", operator("a"))
    await store.operators.put("b", operator("b", **CODES))
    await store.operators.delete("b")
    await store.operators.put("c", operator("c", **CODES))
    stored = await store.operators.get("a")
    assert stored is not None
    assert stored.document == operator("a")


@pytest.mark.parametrize(
    ("more", "field", "rule"),
    [
        ({"routing_numbers": ["D1", "d150"]}, "routing_numbers.1", "D150 belongs to operator 'transit'"),
        ({"carriers": ["+1-5062"]}, "carriers.0", "[+]15062 belongs to operator 'transit'"),
        (
            {"service_numbers": [{"number": "116117"}, {"number": "115"}]},
            "service_numbers.1.number",
            "115 of [+]49 is served by operator 'transit'",
        ),
        ({"default_route": True}, "default_route", "operator 'transit' has the default route"),
    ],
)
async def test_what_one_operator_has_no_other_can_have(
    store: Store, more: dict[str, object], field: str, rule: str
) -> None:
    await store.operators.put("transit", operator("transit", **CODES, default_route=True))
    with pytest.raises(Taken, match=rule) as refusal:
        await store.operators.put("a", operator("a", **more))
    assert refusal.value.field == field
    assert await store.operators.get("a") is None


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"routing_numbers": ["D150", "d150"]}, "routing_numbers.1"),
        ({"carriers": ["+15062", "+1-50-62"]}, "carriers.1"),
        (
            {"service_numbers": [{"number": "115"}, {"number": "115", "phone_context": "+49"}]},
            "service_numbers.1.number",
        ),
    ],
)
async def test_nothing_stands_there_twice(store: Store, more: dict[str, object], field: str) -> None:
    with pytest.raises(Refused, match="twice") as refusal:
        await store.operators.put("a", operator("a", **more))
    assert refusal.value.field == field


async def test_one_digit_string_may_be_another_service_elsewhere(store: Store) -> None:
    await store.operators.put("a", operator("a", service_numbers=[{"number": "115"}]))
    swiss = operator("b", service_numbers=[{"number": "115"}], country_code="41")
    stored = await store.operators.put("b", swiss)
    assert [one.phone_context for one in stored.document.service_numbers] == ["+41"]


async def test_the_default_route_moves_by_two_changes_and_two_at_once_do_not_get_it(store: Store) -> None:
    await store.operators.put("a", operator("a", default_route=True))
    await store.operators.put("a", operator("a"))
    wishes = [store.operators.put(name, operator(name, default_route=True)) for name in "bcd"]
    results = await asyncio.gather(*wishes, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Stored", "Taken", "Taken"]


async def test_tables_from_the_database_are_those_from_the_documents(store: Store) -> None:
    operators = [
        operator("transit", **CODES, **PLAN),
        operator("b", prefixes=["+4930"], trunk_prefix=None, carrier_selection_prefixes=[], service_numbers=SERVICES),
        operator("c", country_code="39", emergency_numbers=["113"], strict_e164=True),
    ]
    ported = [PortedNumber(number="+49301", routing_number="D150"), PortedNumber(number="+49302", routing_number="D9")]
    for each in operators:
        await store.operators.put(each.name, each)
    for one in ported:
        await store.ported_numbers.put(one.number, one)
    found, wanted = [
        (await read_material(source)).built(1)
        for source in (store.numbering, Documents(Bundle(operators=operators, ported_numbers=ported)))
    ]
    assert found.profiles == wanted.profiles
    assert found.tables.sha256 == wanted.tables.sha256
    tables = found.tables
    assert (tables.default, tables.carriers["+15062"], tables.services["116117", "+49"].operator) == (
        "transit",
        "transit",
        "b",
    )
    assert [tables.porting(one.number[1:]) for one in ported] == [("D150", None), ("D9", ELSEWHERE)]
    assert tables.conflicts == ()
