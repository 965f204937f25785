"""Open the database as the configuration says."""

import secrets

from hss.app.secret_key import KeyUnusable, read_key
from hss.app.settings import Settings
from hss.store.engine import Store, open_store
from hss.store.errors import StoreError


class CannotStart(Exception):
    """Something that the configuration names cannot be used; the message names the key and the rule."""

    exit_status = 2


async def opened_store(settings: Settings) -> Store:
    """Open the database, with the key for secrets; raise `CannotStart`."""
    try:
        key = read_key(settings.key_file)
        return await open_store(settings.database, key=key, random_octets=secrets.token_bytes)
    except KeyUnusable as error:
        raise CannotStart(str(error)) from error
    except StoreError as error:
        raise CannotStart(f"database {settings.shown_database}: {error}") from error
