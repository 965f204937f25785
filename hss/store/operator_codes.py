"""What leads to an operator beside its numbers: routing numbers, carriers, services, default route. Its dial plan."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import RowMapping, Table, delete, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from hss.services.administration import Taken
from hss.store import tables as t
from hss.store.resources import refuse_doubles
from schemas.documents import Operator

PLAIN: Final = (
    "home",
    "routing_number_length",
    "strict_e164",
    "default_route",
    "porting",
    "carrier_selection_prefixes",
)
_WITH_DEFAULT: Final = ("emergency_numbers", "short_codes", "phone_contexts")  # NULL in rows of earlier schemas
_CODES: Final[tuple[tuple[str, Table], ...]] = (("routing_numbers", t.routing_number), ("carriers", t.carrier))
_operator, _service = t.operator.c, t.service_number.c


def plan_of(row: RowMapping) -> dict[str, Any]:
    """Read the fields of a document that stand in the row of an operator."""
    return {name: row[name] for name in PLAIN} | {name: row[name] for name in _WITH_DEFAULT if row[name] is not None}


def plan_values(document: Operator) -> dict[str, Any]:
    """Write them."""
    return {name: getattr(document, name) for name in (*PLAIN, *_WITH_DEFAULT)}


async def codes_of(connection: AsyncConnection, operators: Sequence[int]) -> Mapping[int, dict[str, list[Any]]]:
    """Read routing numbers, carriers and services, by operator and by the names of the fields."""
    found: dict[int, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for field, table in _CODES:
        query = select(table.c.operator_id, table.c.code).where(table.c.operator_id.in_(operators))
        for owner, code in await connection.execute(query.order_by(table.c.code)):
            found[owner][field].append(code)
    services = select(t.service_number).where(_service.operator_id.in_(operators))
    for row in (await connection.execute(services.order_by(_service.digits, _service.context))).mappings():
        service = {"number": row["digits"], "phone_context": row["context"], "urn": row["urn"]}
        found[row["operator_id"]]["service_numbers"].append(service)
    return found


async def store_codes(connection: AsyncConnection, operator: int, document: Operator) -> None:
    """Write routing numbers, carriers and services; raise `Refused` or `Taken`."""
    for field, table in _CODES:
        codes: list[str] = getattr(document, field)
        refuse_doubles(codes, field + ".{}")
        await _refuse_taken_codes(connection, table, codes, field)
        if codes:
            await connection.execute(insert(table), [{"code": code, "operator_id": operator} for code in codes])
    services = [(one.number, one.phone_context or "") for one in document.service_numbers]
    refuse_doubles([f"{digits};phone-context={context}" for digits, context in services], "service_numbers.{}.number")
    await _refuse_taken_services(connection, services)
    if services:
        rows = [
            {"digits": digits, "context": context, "operator_id": operator, "urn": one.urn}
            for (digits, context), one in zip(services, document.service_numbers, strict=True)
        ]
        await connection.execute(insert(t.service_number), rows)


async def drop_codes(connection: AsyncConnection, operator: int) -> None:
    """Remove routing numbers, carriers and services."""
    for table in (t.routing_number, t.carrier, t.service_number):
        await connection.execute(delete(table).where(table.c.operator_id == operator))


async def refuse_second_default(connection: AsyncConnection, document: Operator) -> None:
    """Raise `Taken` where another operator has the default route already."""
    if not document.default_route:
        return
    query = select(_operator.name).where(_operator.default_route, _operator.name != document.name)
    owner = (await connection.execute(query)).scalar_one_or_none()
    if owner is not None:
        raise Taken("default_route", f"operator {owner!r} has the default route, and there is one alone")


async def _refuse_taken_codes(connection: AsyncConnection, table: Table, codes: Sequence[str], field: str) -> None:
    query = select(table.c.code, _operator.name).join_from(table, t.operator).where(table.c.code.in_(codes))
    for code, owner in await connection.execute(query):
        raise Taken(f"{field}.{codes.index(code)}", f"{code} belongs to operator {owner!r}")


async def _refuse_taken_services(connection: AsyncConnection, services: Sequence[tuple[str, str]]) -> None:
    query = (
        select(_service.digits, _service.context, _operator.name)
        .join_from(t.service_number, t.operator)
        .where(tuple_(_service.digits, _service.context).in_(services))
    )
    for digits, context, owner in await connection.execute(query):
        place = services.index((digits, context))
        raise Taken(f"service_numbers.{place}.number", f"{digits} of {context} is served by operator {owner!r}")
