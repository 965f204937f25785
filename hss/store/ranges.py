"""What the tables of number routing are built from; operators are named by the numbers of their rows."""

from array import array
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import bindparam, select

from hss.store import tables as t
from hss.store.calls import SIP_PORT, member_of
from hss.store.database import Database
from hss.store.dial_plans import read_codes, read_profiles
from hss.store.prepared import Prepared, Row
from routing.normalise import Profile
from routing.selection import Member, Policy
from routing.tables import Operator, Pool, PortingForm, Rows
from routing.tables.rows import NumberRow, PortedRow

PIECE: Final = 2000  # rows between two looks at the event loop

_operator, _node, _member, _ported = t.operator.c, t.entry_node.c, t.icscf.c, t.ported_number.c
_public = t.public_identity.c

OPERATORS: Final = Prepared(
    select(_operator.id, _operator.name, _operator.type, _operator.icscf_host, _operator.icscf_port,
           _operator.icscf_pool_id, _operator.home, _operator.porting)
)  # fmt: skip
NODES: Final = Prepared(
    select(_node.operator_id, _node.host, _node.priority, _node.weight, _node.state).order_by(_node.id)
)
POOLS: Final = Prepared(select(t.icscf_pool.c.id, t.icscf_pool.c.name, t.icscf_pool.c.policy))
MEMBERS: Final = Prepared(
    select(_member.pool_id, _member.host, _member.port, _member.transport, _member.priority, _member.weight,
           _member.state).order_by(_member.id)
)  # fmt: skip
PREFIXES: Final = Prepared(select(t.number_prefix.c.digits, t.number_prefix.c.operator_id))
BLOCKS: Final = Prepared(
    select(t.number_block.c.stem, t.number_block.c.operator_id, t.number_block.c.minimum, t.number_block.c.maximum)
)
PORTED: Final = Prepared(
    select(_ported.digits, _ported.routing_number, _ported.operator_id)
    .where(_ported.digits > bindparam("behind"))
    .order_by(_ported.digits)
    .limit(PIECE)
)
NUMBERS: Final = Prepared(
    select(_public.id, _public.uri, t.subscription.c.operator_id)
    .join_from(t.public_identity, t.registration_set)
    .join(t.subscription)
    .where(_public.id > bindparam("behind"))
    .order_by(_public.id)
    .limit(PIECE)
)


class PackedPortings:
    """Many ported numbers in little memory: a million of them are some 20 megabytes of text and small integers."""

    def __init__(self) -> None:
        self._pieces: list[tuple[str, array[int]]] = []
        self._places: dict[tuple[str | None, int | None], int] = {}  # of routing numbers and operators
        self._count = 0

    def __len__(self) -> int:
        """Count them."""
        return self._count

    def add(self, rows: Sequence[Row]) -> None:
        """Keep a piece."""
        self._count += len(rows)
        place = self._places.setdefault
        places = array("I", [place((number, owner), len(self._places)) for _, number, owner in rows])
        self._pieces.append(("\n".join([row[0] for row in rows]), places))

    def __iter__(self) -> Iterator[PortedRow]:
        """Give digits, routing number and operator."""
        targets = list(self._places)
        for digits, places in self._pieces:
            for number, place in zip(digits.split("\n"), places, strict=True):
                yield number, *targets[place]


class NumberingLoader:
    """Loads the rows of one generation of the routing tables."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rows(self) -> Rows:
        """Read all operators, prefixes, blocks, ported numbers, codes and services."""
        portings = PackedPortings()
        async for piece in self.portings():
            portings.add(piece)
        fetch = self._database.fetch_slowly
        return replace(
            await read_codes(self._database),
            operators=await self._operators(),
            prefixes=[(digits, owner) for digits, owner in await fetch(PREFIXES)],
            stems=[(stem, owner, least, most) for stem, owner, least, most in await fetch(BLOCKS)],
            ported=portings,
        )

    async def portings(self) -> AsyncIterator[Sequence[Row]]:
        """Give the ported numbers in pieces: digits, routing number, operator."""
        behind = ""
        while rows := await self._database.fetch_slowly(PORTED, behind=behind):
            behind = rows[-1][0]
            yield rows

    async def numbers(self) -> AsyncIterator[Sequence[NumberRow]]:
        """Give the complete numbers of all subscribers in pieces: the digits of their tel URIs, and the operator."""
        behind = 0
        while rows := await self._database.fetch_slowly(NUMBERS, behind=behind):
            behind = rows[-1][0]
            yield [(uri[5:], owner) for _, uri, owner in rows if uri.startswith("tel:+") and uri[5:].isdecimal()]

    async def ported_of(self, digits: Collection[str]) -> Sequence[PortedRow]:
        """Read some ported numbers, with the names of operators."""
        query = (
            select(_ported.digits, _ported.routing_number, _operator.name)
            .join_from(t.ported_number, t.operator, isouter=True)
            .where(_ported.digits.in_(digits))
        )
        async with self._database.read() as connection:
            return [(number, code, owner) for number, code, owner in await connection.execute(query)]

    async def numbers_of(self, digits: Collection[str]) -> Sequence[NumberRow]:
        """Read some complete numbers of subscribers, with the names of operators."""
        query = (
            select(_public.uri, _operator.name)
            .join_from(t.public_identity, t.registration_set)
            .join(t.subscription)
            .join(t.operator)
            .where(_public.uri.in_([f"tel:+{number}" for number in digits]))
        )
        async with self._database.read() as connection:
            return [(uri[5:], owner) for uri, owner in await connection.execute(query)]

    async def profiles(self) -> dict[str, Profile]:
        """Read how the users of each operator dial."""
        return await read_profiles(self._database)

    async def _operators(self) -> dict[int | str, Operator]:
        fetch = self._database.fetch_slowly
        pools = await self._pools()
        nodes: dict[int, list[Member]] = {}
        for owner, host, priority, weight, state in await fetch(NODES):
            nodes.setdefault(owner, []).append(member_of((host, SIP_PORT, "udp", priority, weight, state)))
        return {
            identifier: Operator(
                name=name,
                type=1 if kind == 1 else 2,
                entries=tuple(nodes.get(identifier, ())),
                pool=_entry(host, port, pools.get(pool)),
                home=bool(home),
                porting=PortingForm(porting),
            )
            for identifier, name, kind, host, port, pool, home, porting in await fetch(OPERATORS)
        }

    async def _pools(self) -> Mapping[int, Pool]:
        members: dict[int, list[Member]] = {}
        for owner, *row in await self._database.fetch_slowly(MEMBERS):
            members.setdefault(owner, []).append(member_of(row))
        return {
            identifier: Pool(name=name, members=tuple(members.get(identifier, ())), policy=Policy(policy))
            for identifier, name, policy in await self._database.fetch_slowly(POOLS)
        }


def _entry(host: str | None, port: int | None, pool: Pool | None) -> Pool:
    if host is not None:
        return Pool(name=host, members=(Member(host=host, port=port or SIP_PORT),), policy=Policy.STATIC)
    return pool or Pool(name="none")
