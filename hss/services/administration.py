"""What the management plane needs of the database: ports, and the words that they speak.

A resource is a set of documents under a natural key. Reading gives a document and its version; writing may demand
the version that the writer has seen (If-Match). The store fulfils these ports and announces each committed change.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from schemas.documents import Document, Registration, Subscriber

D = TypeVar("D", bound=Document)
MOST_REFUSED_KEPT: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored(Generic[D]):
    """A document as the database has it."""

    key: str
    document: D
    version: int
    created: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[D]):
    """Some documents in the order of their keys; `after` of the next call is `next_after`, None at the end."""

    items: Sequence[Stored[D]]
    next_after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a committed transaction changed; readers forget these keys."""

    identities: frozenset[str] = frozenset()  # canonical public identities, gone ones included
    added: frozenset[str] = frozenset()  # the identities among them that are new
    msisdns: frozenset[str] = frozenset()  # digits
    ported: frozenset[str] = frozenset()  # digits of ported numbers, and of those that no longer are
    peers: bool = False
    wildcards: bool = False
    everything: bool = False  # an operator, pool, service profile or shared set: any answer may differ
    numbering: bool = False  # operators, prefixes, blocks, pools, or more ported numbers than can be named

    @property
    def called(self) -> frozenset[str]:
        """Digits under which a party may be called: MSISDNs, and the numbers of tel URIs."""
        return self.msisdns | {uri[5:] for uri in self.identities if uri.startswith("tel:+")}


class AdministrationError(Exception):
    """A change that is refused.

    AdministrationError
    + NotFound
    + VersionMismatch
    + Refused          a rule that the document breaks together with what is stored
      + Taken          a unique value belongs to another record
      + StillNeeded    something depends on the record
    """


class NotFound(AdministrationError):
    """There is no such record."""


class VersionMismatch(AdministrationError):
    """The record changed since the writer saw it."""

    def __init__(self, *, current: int | None) -> None:
        super().__init__("the record was changed by somebody else")
        self.current = current


class Refused(AdministrationError):
    """The document does not fit what is stored; `field` is its path, for example `sets.0.identities.1.uri`."""

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}")
        self.field = field
        self.rule = rule


class Taken(Refused):
    """A unique value belongs to another record."""


class StillNeeded(Refused):
    """Something depends on the record that is to be deleted."""


class Resource(Protocol[D]):
    """One kind of record under a natural key."""

    async def get(self, key: str) -> Stored[D] | None:
        """Read one document."""
        ...

    async def page(self, *, after: str | None, limit: int, filters: Mapping[str, str]) -> Page[D]:
        """Read up to `limit` documents behind the key `after`; a filter is a field name and its value."""
        ...

    async def put(self, key: str, document: D, *, expected: int | None = None) -> Stored[D]:
        """Create or replace; raise `Refused`, `Taken`, or `VersionMismatch` where `expected` is not the version.

        `expected` 0 demands that the record does not exist yet.
        """
        ...

    async def delete(self, key: str, *, expected: int | None = None) -> None:
        """Remove; raise `NotFound`, `StillNeeded` or `VersionMismatch`."""
        ...


class Subscribers(Resource[Subscriber], Protocol):
    """Subscriptions, with the look-ups that their identities allow."""

    async def find(self, identity: str) -> Stored[Subscriber] | None:
        """Find by any identity: name, IMSI, MSISDN, private or public identity in any form."""
        ...

    async def register(self, uri: str, registration: Registration) -> Stored[Subscriber]:
        """Set the state of the implicit registration set of a public identity by hand; raise `NotFound`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedLine:
    """A line of a bulk file that was not taken."""

    line: int  # from 1
    field: str  # path in the line's document, empty where the whole line is meant
    rule: str

    def __str__(self) -> str:
        """Write it for a person."""
        where = f"line {self.line}, {self.field}" if self.field else f"line {self.line}"
        return f"{where}: {self.rule}"


@dataclass(slots=True, kw_only=True)
class BulkReport:
    """How far a bulk import is, from its first line on; `line` is the place to resume behind.

    Whoever wants all refused lines collects `latest` of each report; `refused` keeps the first ones alone.
    """

    line: int = 0
    created: int = 0
    replaced: int = 0
    refused: list[RefusedLine] = field(default_factory=list)  # the first ones, at most MOST_REFUSED_KEPT
    refused_count: int = 0
    latest: list[RefusedLine] = field(default_factory=list)  # all that were refused since the report before


class Bulk(Protocol):
    """Import and export of whole subscribers."""

    def take(
        self, lines: AsyncIterator[bytes], *, form: str, batch: int = 5000, resume_behind: int = 0
    ) -> AsyncIterator[BulkReport]:
        """Import a JSONL or CSV file; a report after each committed batch of lines, the last one at the end.

        Each item of `lines` is one line or several, the end of the last one may be missing; `bulk_lines.whole_lines`
        makes such items of what a file or a socket gives. A line of JSONL is a `NewSubscriber` or a `Subscriber`; a CSV
        file (`form`: `jsonl` or `csv`) begins with the names of columns, fields of `NewSubscriber`.

        The import behaves like one `put` for each line, in order: a subscriber whose name is stored already is
        replaced. (Its version rises whether or not something changed, and a registered set is then registered by all
        its private identities.) A refused line stops no other one. Lines up to `resume_behind` are passed over;
        importing lines again does no harm.

        Raise `Refused` where `form` or the columns of a CSV file are not what they should be; `field` names the column.
        """
        ...

    def give(self, *, form: str, sealed: bool = False) -> AsyncIterator[bytes]:
        """Export all subscribers in the order of their names, in pieces of whole lines.

        JSONL has whole documents, CSV the short form (what does not fit into it is left out). Secrets never leave in
        clear. `sealed`: JSONL has them as they are stored, for a database that was given the same key.
        """
        ...
