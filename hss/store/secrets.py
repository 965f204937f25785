"""The secrets of private identities, for those who compute with them; they go nowhere else."""

import json
from typing import Final

from sqlalchemy import bindparam, select

from hss.store import tables as t
from hss.store.database import Database
from hss.store.errors import WrongKey
from hss.store.prepared import Prepared
from hss.store.sealing import Sealer
from schemas.documents import Credentials

SEALED: Final = Prepared(select(t.private_identity.c.sealed).where(t.private_identity.c.nai == bindparam("nai")))


class Secrets:
    """Opens what is sealed."""

    def __init__(self, database: Database, sealer: Sealer | None) -> None:
        self._database = database
        self._sealer = sealer

    async def of(self, nai: str) -> Credentials | None:
        """Read the secrets of a private identity; None where it has none; raise `WrongKey` without the key."""
        rows = await self._database.fetch(SEALED, nai=nai)
        if not rows or rows[0][0] is None:
            return None
        if self._sealer is None:
            raise WrongKey("the configuration has no key to open secrets with")
        return Credentials.model_validate(json.loads(self._sealer.open(rows[0][0], nai)))
