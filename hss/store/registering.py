"""Registration by hand, as a test bed needs it (the states of TS 29.228; the S-CSCF as after the real procedures)."""

from typing import Any, Final

from sqlalchemy import RowMapping, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hss.services.administration import Changes, NotFound, Refused
from hss.store import tables as t
from hss.store.subscriber_writing import sets_of
from hss.store.unit_of_work import UnitOfWork
from schemas.documents import Registration, ServingCscf
from schemas.states import RegistrationState

PENDING: Final = "authentication-pending"


class Registering:
    """Sets the state of an implicit registration set.

    registered, unregistered   need an S-CSCF: the one given, else the one stored, else the first preferred one.
    not-registered             clears the S-CSCF where no other set of the subscription needs it, unless one is given.
    authentication-pending     a flag beside the state, which stays; needs a private identity in the set.

    Contacts stay, so that a set can be taken in and out of service.
    """

    async def set(self, work: UnitOfWork, owner: int, uri: str, wanted: Registration) -> str:
        """Set the state of the set of `uri` in the subscription `owner`; return the name of the subscriber."""
        own = await self._subscription(work.connection, owner)
        set_id = await self._set_of(work.connection, owner, uri)
        if wanted.state == PENDING:
            await self._pend(work.connection, set_id)
        else:
            await self._change(work.connection, set_id, RegistrationState(wanted.state))
        scscf = await self._scscf(work.connection, own, wanted)
        change = update(t.subscription).where(t.subscription.c.id == owner)
        await work.connection.execute(change.values(**scscf, version=own["version"] + 1))
        uris = select(t.public_identity.c.uri).where(t.public_identity.c.set_id.in_(sets_of(owner)))
        work.announce(
            Changes(
                identities=frozenset((await work.connection.execute(uris)).scalars()),
                msisdns=await self._msisdns(work.connection, owner),
            )
        )
        return str(own["name"])

    async def _subscription(self, connection: AsyncConnection, owner: int) -> RowMapping:
        query = select(t.subscription).where(t.subscription.c.id == owner).with_for_update()
        row = (await connection.execute(query)).mappings().one_or_none()
        if row is None:
            raise NotFound("the subscription is gone")
        return row

    async def _set_of(self, connection: AsyncConnection, owner: int, uri: str) -> int:
        query = select(t.public_identity.c.set_id).where(
            t.public_identity.c.uri == uri, t.public_identity.c.set_id.in_(sets_of(owner))
        )
        found: int | None = (await connection.execute(query)).scalar_one_or_none()
        if found is None:
            raise NotFound(f"there is no public identity {uri!r}")
        return found

    async def _pend(self, connection: AsyncConnection, set_id: int) -> None:
        flag = update(t.registration).where(t.registration.c.set_id == set_id).values(authentication_pending=True)
        if not (await connection.execute(flag)).rowcount:
            raise Refused("state", f"{PENDING} needs a private identity in the set")

    async def _change(self, connection: AsyncConnection, set_id: int, state: RegistrationState) -> None:
        registered = state is RegistrationState.REGISTERED
        await connection.execute(
            update(t.registration)
            .where(t.registration.c.set_id == set_id)
            .values(registered=registered, authentication_pending=False)
        )
        await connection.execute(
            update(t.registration_set).where(t.registration_set.c.id == set_id).values(state=state)
        )

    async def _scscf(self, connection: AsyncConnection, own: RowMapping, wanted: Registration) -> dict[str, Any]:
        if wanted.scscf is not None:
            return _columns(wanted.scscf)
        if wanted.state == "not-registered":
            return {} if await self._needed(connection, own["id"]) else _columns(None)
        if own["scscf_name"] is None and wanted.state != PENDING:
            if not own["preferred_scscfs"]:
                raise Refused("scscf", f"a set that is {wanted.state} has an S-CSCF, and none is stored or preferred")
            return _columns(ServingCscf(name=own["preferred_scscfs"][0]))
        return {}

    async def _needed(self, connection: AsyncConnection, owner: int) -> bool:
        """Tell whether some set of the subscription still needs its S-CSCF."""
        group, pair = t.registration_set, t.registration
        query = (
            select(group.c.id)
            .select_from(group.outerjoin(pair, pair.c.set_id == group.c.id))
            .where(
                group.c.subscription_id == owner,
                or_(group.c.state != RegistrationState.NOT_REGISTERED, pair.c.authentication_pending),
            )
            .limit(1)
        )
        return (await connection.execute(query)).first() is not None

    async def _msisdns(self, connection: AsyncConnection, owner: int) -> frozenset[str]:
        circuit = t.circuit_switched
        query = select(t.msisdn.c.digits).join_from(t.msisdn, circuit).where(circuit.c.subscription_id == owner)
        return frozenset((await connection.execute(query)).scalars())


def _columns(scscf: ServingCscf | None) -> dict[str, Any]:
    return {
        "scscf_name": scscf and scscf.name,
        "scscf_host": scscf and scscf.host,
        "scscf_realm": scscf and scscf.realm,
    }
