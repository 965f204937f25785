"""What Cx needs of the database; the statements are compiled once."""

import json
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Final

from sqlalchemy import bindparam, func, select, update

from hss.procedures.cx import Capabilities, ServedIdentity
from hss.store import tables as t
from hss.store.database import Database
from hss.store.prepared import Prepared, Row
from hss.store.services import peer_of
from hss.store.unit_of_work import UnitOfWork, Writer
from schemas.documents import DiameterPeer
from schemas.states import IdentityKind, RegistrationState

PIECE: Final = 1000  # rows between two looks at the event loop

_public, _set, _own, _operator, _profile = (
    t.public_identity.c,
    t.registration_set.c,
    t.subscription.c,
    t.operator.c,
    t.service_profile.c,
)

SERVED: Final = Prepared(
    select(
        _public.kind,
        _public.psi_active,
        _public.application_server,
        _set.state,
        _profile.unregistered_services,
        _own.scscf_name,
        _own.mandatory_capabilities,
        _own.optional_capabilities,
        _own.capability_names,
        _operator.mandatory_capabilities.label("operator_mandatory"),
        _operator.optional_capabilities.label("operator_optional"),
        _operator.capability_names.label("operator_names"),
    )
    .select_from(t.public_identity)
    .join(t.registration_set, _public.set_id == _set.id)
    .join(t.subscription, _set.subscription_id == _own.id)
    .join(t.operator, _own.operator_id == _operator.id)
    .outerjoin(t.service_profile, _public.service_profile_id == _profile.id)
    .where(_public.uri == bindparam("uri"))
)
WILDCARDS: Final = Prepared(select(_public.uri).where(_public.wildcard_prefix.is_not(None)))
IDENTITIES: Final = Prepared(
    select(_public.id, _public.uri).where(_public.id > bindparam("behind")).order_by(_public.id).limit(PIECE)
)
HIGHEST: Final = Prepared(select(func.max(_public.id)))
PENDING: Final = Prepared(
    select(_own.id, _own.reassignment_pending)
    .select_from(t.public_identity)
    .join(t.registration_set, _public.set_id == _set.id)
    .join(t.subscription, _set.subscription_id == _own.id)
    .where(_public.uri == bindparam("uri"))
)
DOMAINS: Final = Prepared(select(_operator.home_domain).distinct())

_KINDS: Final = {kind.value: kind for kind in IdentityKind}
_STATES: Final = {state.value: state for state in RegistrationState}
_KNOWN: Final[dict[tuple[str | None, ...], Capabilities]] = {}
_MOST_KNOWN: Final = 4096


def served(uri: str, row: Row) -> ServedIdentity:
    """Make the value of a row of `SERVED`."""
    return ServedIdentity(
        uri=uri,
        kind=_KINDS[row[0]],
        psi_active=bool(row[1]),
        application_server=row[2],
        state=_STATES[row[3]],
        unregistered_services=bool(row[4]),
        scscf_name=row[5],
        capabilities=capabilities(*(row[9:12] if row[6] is row[7] is row[8] is None else row[6:9])),
    )


def capabilities(*texts: str | None) -> Capabilities:
    """Read the three lists as the driver gives them; few different ones stand in a database."""
    found = _KNOWN.get(texts)
    if found is None:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        mandatory, optional, names = (tuple(json.loads(text)) if text else () for text in texts)
        found = _KNOWN[texts] = Capabilities(mandatory, optional, names)
    return found


class CxLoader:
    """Fulfils `hss.services.cx.ServedIdentities`."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer

    async def by_uri(self, uri: str) -> ServedIdentity | None:
        """Find by exactly this text: a canonical identity, or a wildcard as it is stored."""
        rows = await self._database.fetch(SERVED, uri=uri)
        return served(uri, rows[0]) if rows else None

    async def wildcards(self) -> Collection[str]:
        """List the stored forms of all wildcarded identities."""
        return [row[0] for row in await self._database.fetch(WILDCARDS)]

    async def identities_at_most(self) -> int:
        """Give a number that the stored public identities do not exceed, at once."""
        return (await self._database.fetch(HIGHEST))[0][0] or 0

    async def all_identities(self) -> AsyncIterator[Sequence[str]]:
        """Give all stored public identities in pieces; what is added meanwhile may be missing."""
        behind = 0
        while rows := await self._database.fetch_slowly(IDENTITIES, behind=behind):
            behind = rows[-1][0]
            yield [row[1] for row in rows]

    async def note_reassignment(self, uri: str) -> None:
        """Note at the subscription of `uri` that another S-CSCF may take over (TS 23.380)."""
        rows = await self._database.fetch(PENDING, uri=uri)
        if rows and not rows[0][1]:
            await self._writer.change(lambda work: _note_reassignment(work, rows[0][0]))

    async def peers(self) -> Sequence[DiameterPeer]:
        """Read the Diameter nodes that may connect or are connected to."""
        async with self._database.read() as connection:
            rows = (
                await connection.execute(select(t.diameter_peer).order_by(t.diameter_peer.c.origin_host))
            ).mappings()
            return [peer_of(dict(row)) for row in rows]

    async def home_domains(self) -> frozenset[str]:
        """Read the domains that are our own."""
        return frozenset(row[0] for row in await self._database.fetch(DOMAINS))


async def _note_reassignment(work: UnitOfWork, owner: int) -> None:
    """Set the flag; nothing that readers keep depends on it, so nothing is announced."""
    change = update(t.subscription).where(_own.id == owner, ~_own.reassignment_pending)
    await work.connection.execute(change.values(reassignment_pending=True, version=_own.version + 1))
