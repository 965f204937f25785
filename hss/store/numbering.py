"""Operators, pools of I-CSCFs and ported numbers."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, RowMapping, Table, bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from hss.services.administration import Changes, Refused, Taken
from hss.services.ported_lines import stem_fault
from hss.store import tables as t
from hss.store.operator_codes import codes_of, drop_codes, plan_of, plan_values, refuse_second_default, store_codes
from hss.store.resources import Repository, prefix_of, reference, refuse_doubles, refuse_while
from routing.normalise import Stems
from schemas.documents import IcscfEntry, IcscfPool, Operator, PortedNumber, ServerCapabilities
from schemas.identities import IdentityError, Msisdn

_PLAIN = (
    "name", "type", "home_domain", "mcc", "mnc", "country_code", "area_code", "trunk_prefix", "international_prefix",
    "answers_routing_info", "icscf_answer", "extension_oid",
)  # fmt: skip
_NUMBERS = ("hlr_number", "imrn_prefix", "msrn_prefix")
MOST_PARAMETERS: Final = 10_000  # of one statement; SQLite and PostgreSQL take some 32,000


def digits_of(number: str | None) -> str | None:
    """Give a number as the tables have it."""
    return None if number is None else number.removeprefix("+")


def digits_key(number: str, field: str) -> str:
    """Read the digits of a key; raise `Refused` where it is no number."""
    try:
        return Msisdn.parse(number).digits
    except IdentityError as error:
        raise Refused(field, str(error)) from error


def number_of(digits: str | None) -> str | None:
    """Give a number as documents have it."""
    return None if digits is None else "+" + digits


def entry_of(row: RowMapping, pools: Mapping[int, str]) -> IcscfEntry | None:
    """Read an I-CSCF entry from the three columns that hold it."""
    if row["icscf_host"] is None and row["icscf_pool_id"] is None:
        return None
    return IcscfEntry(host=row["icscf_host"], port=row["icscf_port"], pool=pools.get(row["icscf_pool_id"]))


async def entry_values(connection: AsyncConnection, entry: IcscfEntry | None, field: str) -> dict[str, Any]:
    """Write an I-CSCF entry; raise `Refused` where its pool does not exist."""
    entry = entry or IcscfEntry.model_construct(host=None, port=None, pool=None)
    pool = await reference(connection, t.icscf_pool.c.name, entry.pool, field=f"{field}.pool", kind="I-CSCF pool")
    return {"icscf_host": entry.host, "icscf_port": entry.port, "icscf_pool_id": pool}


async def children(
    connection: AsyncConnection, table: Table, parent: Column[Any], of: Iterable[int], order: Sequence[Column[Any]]
) -> Mapping[int, list[RowMapping]]:
    """Read the rows of a part, by parent."""
    rows = (await connection.execute(select(table).where(parent.in_(list(of))).order_by(*order))).mappings()
    found: dict[int, list[RowMapping]] = defaultdict(list)
    for row in rows:
        found[row[parent.key]].append(row)
    return found


class Operators(Repository[Operator]):
    """IMS operators with their numbers and entry nodes."""

    kind = "operator"
    table = t.operator
    key_column = key_field = "name"

    def document_key(self, document: Operator) -> str:
        """Give the name."""
        return document.name

    def matches(self, name: str, value: str) -> ColumnElement[bool]:
        """Filter by the beginning of the name, the home domain or the type."""
        if name == "home_domain":
            return self.table.c.home_domain == value.lower()
        if name == "type":
            return self.table.c.type == (int(value) if value.isdecimal() else -1)
        return super().matches(name, value)

    async def load(self, connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[Operator]:
        """Join operators to their parts."""
        own = [row["id"] for row in rows]
        pools = await pool_names(connection)
        prefix, block, node = t.number_prefix.c, t.number_block.c, t.entry_node.c
        prefixes = await children(connection, t.number_prefix, prefix.operator_id, own, [prefix.digits])
        blocks = await children(connection, t.number_block, block.operator_id, own, [block.stem])
        nodes = await children(connection, t.entry_node, node.operator_id, own, [node.id])
        codes = await codes_of(connection, own)
        return [
            Operator.model_validate(
                {name: row[name] for name in _PLAIN}
                | plan_of(row)
                | codes[row["id"]]
                | {name: number_of(row[name]) for name in _NUMBERS}
                | {
                    "prefixes": ["+" + part["digits"] for part in prefixes.get(row["id"], ())],
                    "blocks": [_part(part) | {"stem": "+" + part["stem"]} for part in blocks.get(row["id"], ())],
                    "entry_nodes": [_part(part) for part in nodes.get(row["id"], ())],
                    "icscf": entry_of(row, pools),
                    "capabilities": capabilities_of(row),
                }
            )
            for row in rows
        ]

    async def values(self, connection: AsyncConnection, document: Operator) -> dict[str, Any]:
        """Make the row of an operator."""
        await refuse_second_default(connection, document)
        return (
            {name: getattr(document, name) for name in _PLAIN}
            | plan_values(document)
            | {"type": int(document.type)}
            | {name: digits_of(getattr(document, name)) for name in _NUMBERS}
            | capability_values(document.capabilities)
            | await entry_values(connection, document.icscf, "icscf")
        )

    async def store_parts(self, connection: AsyncConnection, identifier: int, document: Operator) -> None:
        """Replace entry nodes and codes; write the prefixes and blocks that differ, for there may be very many."""
        await drop_codes(connection, identifier)
        await store_codes(connection, identifier, document)
        prefixes = [{"digits": digits_of(number)} for number in document.prefixes]
        blocks = [block.model_dump() | {"stem": digits_of(block.stem)} for block in document.blocks]
        refuse_doubles(document.prefixes, "prefixes.{}")
        refuse_doubles([block.stem for block in document.blocks], "blocks.{}.stem")
        refuse_doubles([node.name for node in document.entry_nodes], "entry_nodes.{}.name")
        await _store_numbers(connection, identifier, t.number_prefix.c.digits, prefixes, "prefixes.{}")
        await _store_numbers(connection, identifier, t.number_block.c.stem, blocks, "blocks.{}.stem")
        await connection.execute(delete(t.entry_node).where(t.entry_node.c.operator_id == identifier))
        if document.entry_nodes:
            nodes = [{"operator_id": identifier} | node.model_dump() for node in document.entry_nodes]
            await connection.execute(insert(t.entry_node), nodes)

    async def drop_parts(self, connection: AsyncConnection, identifier: int) -> None:
        """Remove prefixes, blocks, entry nodes and codes."""
        await drop_codes(connection, identifier)
        for table in (t.number_prefix, t.number_block, t.entry_node):
            await connection.execute(delete(table).where(table.c.operator_id == identifier))

    async def refuse_needed(self, connection: AsyncConnection, identifier: int) -> None:
        """Refuse while subscribers or ported numbers belong to the operator."""
        own, ported = t.subscription.c, t.ported_number.c
        await refuse_while(connection, own.operator_id == identifier, shown=own.name, field="name", what="subscribers")
        await refuse_while(
            connection, ported.operator_id == identifier, shown=ported.digits, field="name", what="ported numbers"
        )


async def _store_numbers(
    connection: AsyncConnection, operator: int, key: Column[Any], rows: Sequence[Mapping[str, Any]], field: str
) -> None:
    """Make `rows` the prefixes or blocks of an operator; raise `Taken` where another one has a number."""
    query = select(key.table).where(key.table.c.operator_id == operator)
    before = {row[key.name]: _part(row) for row in (await connection.execute(query)).mappings()}
    now = {row[key.name]: row for row in rows}
    gone = [{"gone": number} for number, row in before.items() if now.get(number) != row]
    if gone:
        await connection.execute(delete(key.table).where(key == bindparam("gone")), gone)
    added = [{"operator_id": operator, **row} for number, row in now.items() if before.get(number) != row]
    await _refuse_taken(connection, key, [row[key.name] for row in added], list(now), field)
    if added:
        await connection.execute(insert(key.table), added)


def _part(row: RowMapping) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("id", "operator_id", "pool_id")}


def capabilities_of(row: RowMapping) -> ServerCapabilities:
    """Read the capabilities that a row asks of an S-CSCF."""
    return ServerCapabilities(
        mandatory=row["mandatory_capabilities"] or [],
        optional=row["optional_capabilities"] or [],
        names=row["capability_names"] or [],
    )


def capability_values(wanted: ServerCapabilities | None) -> dict[str, Any]:
    """Write capabilities. No list at all is not the same as lists of nothing: then the operator's apply."""
    return {
        "mandatory_capabilities": wanted.mandatory if wanted else None,
        "optional_capabilities": wanted.optional if wanted else None,
        "capability_names": wanted.names if wanted else None,
    }


async def pool_names(connection: AsyncConnection) -> dict[int, str]:
    """Read the names of all pools."""
    rows = await connection.execute(select(t.icscf_pool.c.id, t.icscf_pool.c.name))
    return {row[0]: row[1] for row in rows}


async def _refuse_taken(
    connection: AsyncConnection, column: Column[Any], values: Sequence[str], listed: Sequence[str], field: str
) -> None:
    """Raise `Taken` where another operator has one of the values; `listed` says where it stands in the document."""
    query = select(column, t.operator.c.name).join_from(
        column.table, t.operator, column.table.c.operator_id == t.operator.c.id
    )
    for first in range(0, len(values), MOST_PARAMETERS):
        among = values[first : first + MOST_PARAMETERS]
        for value, owner in await connection.execute(query.where(column.in_(among))):
            raise Taken(field.format(listed.index(value)), f"+{value} belongs to operator {owner!r}")


class IcscfPools(Repository[IcscfPool]):
    """I-CSCFs that share the load."""

    kind = "I-CSCF pool"
    table = t.icscf_pool
    key_column = key_field = "name"

    def document_key(self, document: IcscfPool) -> str:
        """Give the name."""
        return document.name

    async def load(self, connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[IcscfPool]:
        """Join pools to their members."""
        own = [row["id"] for row in rows]
        members = await children(connection, t.icscf, t.icscf.c.pool_id, own, [t.icscf.c.id])
        return [
            IcscfPool.model_validate(
                {
                    "name": row["name"],
                    "policy": row["policy"],
                    "members": [_part(member) for member in members.get(row["id"], ())],
                }
            )
            for row in rows
        ]

    async def values(self, connection: AsyncConnection, document: IcscfPool) -> dict[str, Any]:  # noqa: ARG002
        """Make the row of a pool."""
        return {"name": document.name, "policy": document.policy}

    async def store_parts(self, connection: AsyncConnection, identifier: int, document: IcscfPool) -> None:
        """Replace the members."""
        await self.drop_parts(connection, identifier)
        if document.members:
            rows = [{"pool_id": identifier} | member.model_dump() for member in document.members]
            await connection.execute(insert(t.icscf), rows)

    async def drop_parts(self, connection: AsyncConnection, identifier: int) -> None:
        """Remove the members."""
        await connection.execute(delete(t.icscf).where(t.icscf.c.pool_id == identifier))

    async def refuse_needed(self, connection: AsyncConnection, identifier: int) -> None:
        """Refuse while an operator or a subscriber names the pool."""
        operator, held = t.operator.c, t.circuit_switched.c
        await refuse_while(
            connection, operator.icscf_pool_id == identifier, shown=operator.name, field="name", what="operators"
        )
        used = (held.icscf_pool_id == identifier) & (held.subscription_id == t.subscription.c.id)
        await refuse_while(connection, used, shown=t.subscription.c.name, field="name", what="subscribers")


async def _refuse_contradiction(connection: AsyncConnection, digits: str) -> None:
    """Refuse what an import refuses: the beginning of a DDI stem, and a number that a stem does not allow."""
    block = t.number_block.c
    stems = select(block.stem, block.minimum, block.maximum)
    heads = [digits[:end] for end in range(1, len(digits) + 1)]
    longer = stems.where(prefix_of(block.stem, digits)).limit(1)
    found = [*await connection.execute(stems.where(block.stem.in_(heads))), *await connection.execute(longer)]
    fault = stem_fault(digits, Stems({stem: (least, most) for stem, least, most in found}))
    if fault is not None:
        raise Refused("number", fault)


class PortedNumbers(Repository[PortedNumber]):
    """Numbers that left their range."""

    kind = "ported number"
    table = t.ported_number
    key_column = "digits"
    key_field = "number"

    def document_key(self, document: PortedNumber) -> str:
        """Give the number with its plus sign."""
        return document.number

    def column_key(self, key: str) -> str:
        """Give the digits."""
        return digits_key(key, "number")

    def row_key(self, value: str) -> str:
        """Put the plus sign back."""
        return "+" + value

    def changes_of(self, key: str) -> Changes:
        """Name the number."""
        return Changes(ported=frozenset({key}))

    def matches(self, name: str, value: str) -> ColumnElement[bool]:
        """Filter by the beginning of the number, or by operator."""
        if name == "operator":
            own = select(t.operator.c.id).where(t.operator.c.name == value).scalar_subquery()
            return self.table.c.operator_id == own
        if name == "number":
            return prefix_of(self.table.c.digits, value.strip().removeprefix("+"))
        return super().matches(name, value)

    async def load(self, connection: AsyncConnection, rows: Sequence[RowMapping]) -> list[PortedNumber]:
        """Put names in the place of identifiers."""
        own = {row["operator_id"] for row in rows}
        found = await connection.execute(select(t.operator.c.id, t.operator.c.name).where(t.operator.c.id.in_(own)))
        names: dict[int, str] = {row[0]: row[1] for row in found}
        return [
            PortedNumber(
                number="+" + row["digits"],
                operator=names.get(row["operator_id"]),
                routing_number=row["routing_number"],
            )
            for row in rows
        ]

    async def values(self, connection: AsyncConnection, document: PortedNumber) -> dict[str, Any]:
        """Make the row of a ported number; raise `Refused` where it contradicts a DDI stem."""
        await _refuse_contradiction(connection, document.number[1:])
        owner = await reference(connection, t.operator.c.name, document.operator, field="operator", kind="operator")
        return {
            "digits": digits_of(document.number), "operator_id": owner, "routing_number": document.routing_number,
        }  # fmt: skip
