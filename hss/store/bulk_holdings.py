"""Which unique values the subscribers of a batch have, and whose they are already.

The lines of a batch are taken as if they were written one after the other: a line of a known name releases what the
subscriber had before, and a line that wants a value of somebody else is refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from hss.services.administration import RefusedLine
from hss.store.bulk_rows import Batch, Layout, Row

Key = tuple[str, str]  # kind, value
Secrets = tuple[bytes, Any]  # encrypted; their names as the column has them
NAI, IMSI, URI, CIRCUIT_IMSI, MSISDN = "nai", "imsi", "uri", "circuit_imsi", "msisdn"
KINDS: Final = (NAI, IMSI, URI, CIRCUIT_IMSI, MSISDN)


@dataclass(slots=True, kw_only=True)
class Holding:
    """The unique values of one subscriber."""

    name: str = ""
    privates: list[tuple[str, str | None]] = field(default_factory=list)  # private identity, IMSI
    publics: list[tuple[int, str]] = field(default_factory=list)  # set, URI
    circuit_imsi: str | None = None
    msisdns: list[str] = field(default_factory=list)

    def values(self) -> Iterator[Key]:
        """Give all values, in the order in which a clash is looked for."""
        yield from ((NAI, nai) for nai, _ in self.privates)
        yield from ((IMSI, imsi) for _, imsi in self.privates if imsi is not None)
        yield from ((URI, uri) for _, uri in self.publics)
        if self.circuit_imsi is not None:
            yield CIRCUIT_IMSI, self.circuit_imsi
        yield from ((MSISDN, digits) for digits in self.msisdns)

    def path(self, key: Key) -> str:
        """Name the field of the document where a value stands."""
        kind, value = key
        if kind == NAI:
            return f"private_identities.{[nai for nai, _ in self.privates].index(value)}.nai"
        if kind == IMSI:
            return f"private_identities.{[imsi for _, imsi in self.privates].index(value)}.imsi"
        if kind == CIRCUIT_IMSI:
            return "circuit_switched.imsi"
        if kind == MSISDN:
            return f"circuit_switched.msisdns.{self.msisdns.index(value)}"
        sets = list(dict.fromkeys(number for number, _ in self.publics))
        number = next(number for number, uri in self.publics if uri == value)
        place = [uri for other, uri in self.publics if other == number].index(value)
        return f"sets.{sets.index(number)}.identities.{place}.uri"

    def short_path(self, key: Key) -> str:
        """Name the field of the short form that a value was derived from."""
        kind, value = key
        imsi = self.privates[0][1]
        if kind in {IMSI, CIRCUIT_IMSI} or (imsi is not None and value.removeprefix("sip:").startswith(f"{imsi}@")):
            return "imsi"
        digits = value.partition("+")[2].partition("@")[0] if kind == URI else value.partition("@")[0]
        return "msisdn" if digits in self.msisdns else "number"


@dataclass(slots=True, kw_only=True)
class Known:
    """What the database has of the values and names of a batch."""

    subscribers: Mapping[str, tuple[int, int]]  # name -> identifier, version
    owners: dict[Key, str]  # value -> name of its subscriber
    held: dict[str, set[Key]]  # name -> all values, of the subscribers whose names the batch has
    secrets: dict[str, dict[str, Secrets]]  # name -> private identity -> secrets
    wildcards: bool = False  # one of those subscribers has a wildcarded identity


@dataclass(slots=True, kw_only=True)
class Sorted:
    """What of a batch is to be written."""

    kept: dict[str, int] = field(default_factory=dict)  # name -> entry
    writes: dict[str, int] = field(default_factory=dict)  # name -> lines that were good
    refused: list[RefusedLine] = field(default_factory=list)
    secrets: dict[int, Secrets] = field(default_factory=dict)  # private identity -> secrets that stay


def holdings(batch: Batch) -> list[Holding]:
    """Collect the unique values of each entry."""
    found = [Holding() for _ in batch.lines]
    for layout, rows in batch.layers():
        sets = dict(_cells(layout, rows, "registration_set", "id", "subscription_id"))
        circuits = dict(_cells(layout, rows, "circuit_switched", "id", "subscription_id"))
        for entry, name in _cells(layout, rows, "subscription", "id", "name"):
            found[entry].name = name
        for entry, nai, imsi in _cells(layout, rows, "private_identity", "subscription_id", "nai", "imsi"):
            found[entry].privates.append((nai, imsi))
        for group, uri in _cells(layout, rows, "public_identity", "set_id", "uri"):
            found[sets[group]].publics.append((group, uri))
        for entry, imsi in _cells(layout, rows, "circuit_switched", "subscription_id", "imsi"):
            found[entry].circuit_imsi = imsi
        for circuit, digits in _cells(layout, rows, "msisdn", "circuit_switched_id", "digits"):
            found[circuits[circuit]].msisdns.append(digits)
    return found


def _cells(layout: Layout, rows: Mapping[str, list[Row]], table: str, *columns: str) -> Iterator[tuple[Any, ...]]:
    places = [layout[table].index(column) for column in columns]
    for row in rows[table]:
        yield tuple(row[place] for place in places)


def sort_out(batch: Batch, held: list[Holding], known: Known) -> Sorted:
    """Take the entries one after the other; `known` becomes what the database will have."""
    done = Sorted()
    privates = _privates(batch)
    for entry, holding in enumerate(held):
        name, keys = holding.name, list(holding.values())
        clash = next((key for key in keys if known.owners.get(key, name) != name), None)
        if clash is not None:
            path = holding.short_path(clash) if batch.short[entry] else holding.path(clash)
            rule = f"{clash[1]} belongs to subscriber {known.owners[clash]!r}"
            done.refused.append(RefusedLine(line=batch.lines[entry], field=path, rule=rule))
            continue
        for key in known.held.get(name, ()):
            del known.owners[key]
        known.held[name] = set(keys)
        known.owners.update(dict.fromkeys(keys, name))
        done.kept[name] = entry
        done.writes[name] = done.writes.get(name, 0) + 1
        keeps = batch.keeps_secrets.get(entry, ())
        before, known.secrets[name] = known.secrets.get(name, {}), {}
        for number, nai, *given in privates[entry]:
            secrets = before.get(nai) if number in keeps else (given[0], given[1])
            if secrets is not None and secrets[0] is not None:
                known.secrets[name][nai] = secrets
                if number in keeps:
                    done.secrets[number] = secrets
    return done


def _privates(batch: Batch) -> list[list[tuple[int, str, Any, Any]]]:
    found: list[list[tuple[int, str, Any, Any]]] = [[] for _ in batch.lines]
    for layout, rows in batch.layers():
        columns = ("subscription_id", "id", "nai", "sealed", "secret_names")
        for entry, number, nai, sealed, names in _cells(layout, rows, "private_identity", *columns):
            found[entry].append((number, nai, sealed, names))
    return found
