"""What the database has of the names and unique values of a batch."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from hss.store.bulk_driver import Driver
from hss.store.bulk_holdings import CIRCUIT_IMSI, IMSI, MSISDN, NAI, URI, Holding, Known

_OF_PRIVATE: Final = "private_identity x JOIN subscription s ON s.id = x.subscription_id"
_OF_PUBLIC: Final = (
    "public_identity x JOIN registration_set g ON g.id = x.set_id JOIN subscription s ON s.id = g.subscription_id"
)
_OF_CIRCUIT: Final = "circuit_switched x JOIN subscription s ON s.id = x.subscription_id"
_OF_MSISDN: Final = (
    "msisdn x JOIN circuit_switched c ON c.id = x.circuit_switched_id JOIN subscription s ON s.id = c.subscription_id"
)
# Where a unique value stands, and the way from there to its subscription.
_PLACES: Final[Mapping[str, tuple[str, str]]] = {
    NAI: ("x.nai", _OF_PRIVATE),
    IMSI: ("x.imsi", _OF_PRIVATE),
    URI: ("x.uri", _OF_PUBLIC),
    CIRCUIT_IMSI: ("x.imsi", _OF_CIRCUIT),
    MSISDN: ("x.digits", _OF_MSISDN),
}


async def known_of(driver: Driver, held: Sequence[Holding]) -> Known:
    """Ask whose the values and names of a batch are, and what the subscribers of those names have."""
    text, integer = driver.among("text"), driver.among("integer")
    names = sorted({holding.name for holding in held})
    found = await driver.rows(f"SELECT name, id, version FROM subscription WHERE name {text}", names)  # noqa: S608
    subscribers = {name: (identifier, version) for name, identifier, version in found}
    identifiers = [identifier for identifier, _ in subscribers.values()]
    wanted: dict[str, list[str]] = {kind: [] for kind in _PLACES}
    for kind, value in sorted({key for holding in held for key in holding.values()}):
        wanted[kind].append(value)
    known = Known(subscribers=subscribers, owners={}, held={name: set() for name in subscribers}, secrets={})
    for kind, (column, source) in _PLACES.items():
        query = f"SELECT {column}, s.name FROM {source} WHERE"  # noqa: S608
        for value, name in await driver.rows(f"{query} {column} {text}", wanted[kind]):
            known.owners[kind, value] = name
        for value, name in await driver.rows(f"{query} s.id {integer} AND {column} IS NOT NULL", identifiers):
            known.held[name].add((kind, value))
            known.owners[kind, value] = name
    await _add_secrets(driver, known, identifiers)
    return known


async def _add_secrets(driver: Driver, known: Known, identifiers: Collection[int]) -> None:
    among = driver.among("integer")
    secrets = f"SELECT s.name, x.nai, x.sealed, CAST(x.secret_names AS text) FROM {_OF_PRIVATE}"  # noqa: S608
    secrets += f" WHERE s.id {among} AND x.sealed IS NOT NULL"
    for name, nai, sealed, names in await driver.rows(secrets, identifiers):
        known.secrets.setdefault(name, {})[nai] = (sealed, names)
    wildcards = f"SELECT 1 FROM {_OF_PUBLIC} WHERE s.id {among} AND x.wildcard_prefix IS NOT NULL LIMIT 1"  # noqa: S608
    known.wildcards = bool(await driver.rows(wildcards, identifiers))
