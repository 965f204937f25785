"""Service profiles, shared sets of filter criteria, and Diameter peers."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hss.services.administration import Changes, Refused, StillNeeded
from hss.store import tables as t
from hss.store.resources import Repository, refuse_while
from schemas.documents import DiameterPeer, InitialFilterCriteria, ServiceProfile, SharedFilterCriteriaSet


def serve_unregistered(criteria: Iterable[InitialFilterCriteria]) -> bool:
    """Tell whether some criterion applies to the unregistered part (TS 29.228 annex B: also one without a part)."""
    return any(criterion.profile_part in (None, "unregistered") for criterion in criteria)


def _listed(criteria: Iterable[InitialFilterCriteria]) -> list[dict[str, Any]] | None:
    return [criterion.model_dump(mode="json") for criterion in criteria] or None


class ServiceProfiles(Repository[ServiceProfile]):
    """Services of public identities."""

    kind = "service profile"
    table = t.service_profile
    key_column = key_field = "name"
    changes = Changes(everything=True)

    def document_key(self, document: ServiceProfile) -> str:
        """Give the name."""
        return document.name

    async def load(
        self,
        connection: AsyncConnection,  # noqa: ARG002
        rows: Sequence[RowMapping],
    ) -> list[ServiceProfile]:
        """Read the criteria."""
        return [
            ServiceProfile.model_validate(
                {
                    "name": row["name"],
                    "criteria": row["criteria"] or [],
                    "shared_sets": row["shared_sets"] or [],
                    "subscribed_media_profile": row["subscribed_media_profile"],
                    "service_ids": row["service_ids"] or [],
                }
            )
            for row in rows
        ]

    async def values(self, connection: AsyncConnection, document: ServiceProfile) -> dict[str, Any]:
        """Make the row of a profile; raise `Refused` where a shared set does not exist."""
        shared = t.shared_set.c
        query = (
            select(shared.number, shared.unregistered_services)
            .where(shared.number.in_(document.shared_sets))
            .with_for_update(read=True, key_share=True)
        )
        sets: dict[int, bool] = {row[0]: row[1] for row in await connection.execute(query)}
        for index, number in enumerate(document.shared_sets):
            if number not in sets:
                raise Refused(f"shared_sets.{index}", f"there is no shared set {number}")
        return {
            "name": document.name,
            "criteria": _listed(document.criteria),
            "shared_sets": document.shared_sets or None,
            "subscribed_media_profile": document.subscribed_media_profile,
            "service_ids": document.service_ids or None,
            "unregistered_services": any(sets.values()) or serve_unregistered(document.criteria),
        }

    async def refuse_needed(self, connection: AsyncConnection, identifier: int) -> None:
        """Refuse while a public identity has the profile."""
        public = t.public_identity.c
        used = public.service_profile_id == identifier
        await refuse_while(connection, used, shown=public.uri, field="name", what="public identities")


class SharedSets(Repository[SharedFilterCriteriaSet]):
    """Filter criteria that the S-CSCFs know under a number."""

    kind = "shared set"
    table = t.shared_set
    key_column = key_field = "number"
    changes = Changes(everything=True)

    def column_key(self, key: str) -> int:
        """Read the number."""
        if not (key.isascii() and key.isdecimal() and int(key) < 1 << 31):
            raise Refused("number", f"a shared set has a number below 2147483648, not {key!r}")
        return int(key)

    def document_key(self, document: SharedFilterCriteriaSet) -> str:
        """Give the number."""
        return str(document.number)

    def matches(self, name: str, value: str) -> ColumnElement[bool]:
        """Filter by the number itself."""
        return self.table.c.number == self.column_key(value) if name == "number" else super().matches(name, value)

    async def load(
        self,
        connection: AsyncConnection,  # noqa: ARG002
        rows: Sequence[RowMapping],
    ) -> list[SharedFilterCriteriaSet]:
        """Read the criteria."""
        return [
            SharedFilterCriteriaSet.model_validate({"number": row["number"], "criteria": row["criteria"] or []})
            for row in rows
        ]

    async def values(
        self,
        connection: AsyncConnection,  # noqa: ARG002
        document: SharedFilterCriteriaSet,
    ) -> dict[str, Any]:
        """Make the row of a set."""
        return {
            "number": document.number,
            "criteria": _listed(document.criteria),
            "unregistered_services": serve_unregistered(document.criteria),
        }

    async def store_parts(
        self, connection: AsyncConnection, identifier: int, document: SharedFilterCriteriaSet
    ) -> None:
        """Tell the profiles that name the set whether they serve the unregistered part now."""
        profile, shared = t.service_profile.c, t.shared_set.c
        sets = await connection.execute(select(shared.number).where(shared.unregistered_services))
        serving = set(sets.scalars()) - {identifier}
        if serve_unregistered(document.criteria):
            serving.add(identifier)
        for row in (await connection.execute(select(t.service_profile).with_for_update())).mappings().all():
            if identifier in (row["shared_sets"] or ()):
                own = [InitialFilterCriteria.model_validate(criterion) for criterion in row["criteria"] or ()]
                serves = serve_unregistered(own) or not serving.isdisjoint(row["shared_sets"])
                change = update(t.service_profile).where(profile.id == row["id"]).values(unregistered_services=serves)
                await connection.execute(change)

    async def refuse_needed(self, connection: AsyncConnection, identifier: int) -> None:
        """Refuse while a profile names the set."""
        query = select(t.service_profile.c.name, t.service_profile.c.shared_sets)
        if using := [name for name, sets in await connection.execute(query) if identifier in (sets or ())]:
            raise StillNeeded("number", f"service profiles depend on it: {', '.join(sorted(using)[:3])}")


class DiameterPeers(Repository[DiameterPeer]):
    """Diameter nodes that may connect, or that this node connects to."""

    kind = "Diameter peer"
    table = t.diameter_peer
    key_column = key_field = "origin_host"
    changes = Changes(peers=True)

    def column_key(self, key: str) -> str:
        """Compare host names in lower case."""
        return key.lower()

    def document_key(self, document: DiameterPeer) -> str:
        """Give the host."""
        return document.origin_host

    async def load(
        self,
        connection: AsyncConnection,  # noqa: ARG002
        rows: Sequence[RowMapping],
    ) -> list[DiameterPeer]:
        """Read peers."""
        return [peer_of(dict(row)) for row in rows]

    async def values(
        self,
        connection: AsyncConnection,  # noqa: ARG002
        document: DiameterPeer,
    ) -> dict[str, Any]:
        """Make the row of a peer."""
        return document.model_dump(mode="json") | {"addresses": document.addresses or None}


def peer_of(row: dict[str, Any]) -> DiameterPeer:
    """Make the document of a row."""
    return DiameterPeer.model_validate(
        {name: row[name] for name in DiameterPeer.model_fields} | {"addresses": row["addresses"] or []}
    )
