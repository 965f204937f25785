"""From a request to its answer: one table says who reads, who serves, who writes.

An answer is a function of the octets behind Session-Id and of what the read model knows. So the answer to a request
that can be served at once is kept under these octets, for as long as the entries that it rests on are current.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from hss.diameter.answers import Answers, assemble, detail
from hss.diameter.codec import SESSION_ID, Avps, Header, Reader, Recent, end_of_session_id, example
from hss.diameter.dictionary import COMMANDS, base, grammar
from hss.diameter.duplicates import Duplicates
from hss.diameter.errors import (
    SUCCESS,
    ApplicationUnsupported,
    CommandUnsupported,
    InvalidAvpValue,
    InvalidHeaderBits,
    LoopDetected,
    MissingAvp,
    Outcome,
    RealmNotServed,
    RemoteError,
    ReservedHeaderBit,
    UnableToDeliver,
    outcome_of,
)
from hss.diameter.local import Local
from hss.procedures.errors import ProcedureError
from hss.services.read_model import Bounded, Slot
from schemas.numbers.diameter import HEADER_OCTETS, BaseAvp, Flag

Q = TypeVar("Q")
A = TypeVar("A")

DESTINATION_REALM: Final = base(BaseAvp.DESTINATION_REALM)
DESTINATION_HOST: Final = base(BaseAvp.DESTINATION_HOST)
ORIGIN_HOST: Final = base(BaseAvp.ORIGIN_HOST)
ROUTE_RECORD: Final = base(BaseAvp.ROUTE_RECORD)
PROXY_INFO: Final = base(BaseAvp.PROXY_INFO)
VENDOR_SPECIFIC_APPLICATION_ID: Final = base(BaseAvp.VENDOR_SPECIFIC_APPLICATION_ID)
AUTH_APPLICATION_ID: Final = base(BaseAvp.AUTH_APPLICATION_ID)
ACCT_APPLICATION_ID: Final = base(BaseAvp.ACCT_APPLICATION_ID)


@dataclass(frozen=True, slots=True)
class Written:
    """What a writer makes of an answer."""

    outcome: Outcome = SUCCESS
    avps: bytes = b""


def _unmarked(request: Any) -> Sequence[Slot[Any]]:  # noqa: ANN401, ARG001 - any request
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Generic[Q, A]):
    """One command. None of the functions sees a header, a session or an awaitable of another."""

    application: int
    command: int
    read: Callable[[Avps], Q]
    serve: Callable[[Q], A | Awaitable[A]]
    write: Callable[[A], Written]
    always: Callable[[Avps], bytes]  # AVPs for the answer, whatever it is, by those of the request
    marks: Callable[[Q], Sequence[Slot[Any]]] = _unmarked  # what an answer just given rests on; nothing: do not keep it
    changes_state: bool = False  # a duplicate gets the stored answer


OTHER: Final = "other"  # in counts: a command that is not served
MOST_BODIES: Final = 10_000


class Kept(Slot[bytes]):
    """The answer to all requests with the same octets behind Session-Id, and what it rests on."""

    __slots__ = ("avps", "marks", "tally")

    def __init__(self, key: bytes, avps: bytes, marks: Sequence[Slot[Any]], tally: "Tally") -> None:
        super().__init__(key)
        self.avps: Final = avps
        self.marks: Final = marks
        self.tally: Final = tally


@dataclass(slots=True)
class Tally:
    """How many answers of a kind were given."""

    command: str
    outcome: Outcome
    count: int = 0


@dataclass(slots=True)
class Caller:
    """What the dispatcher has to know of the connection that a request came from."""

    applications: frozenset[int]  # that were advertised to this peer
    recent: dict[int, Recent] = field(default_factory=dict)  # by command


class _Route:
    """An entry with what is made of it once."""

    def __init__(self, entry: Entry[Any, Any], *, strict: bool, kept_limit: int) -> None:
        definition = COMMANDS[entry.application, entry.command]
        flags = Flag.REQUEST | Flag.PROXIABLE
        self.entry: Final = entry
        self.command: Final = f"{definition.name}R"
        self.reader: Final = Reader(grammar(definition.request), strict=strict)
        self.kept: Final[Bounded[bytes, Kept]] = Bounded(kept_limit)
        self.header: Final = (flags << 24 | entry.command).to_bytes(4, "big") + entry.application.to_bytes(4, "big")
        self.tallies: Final[dict[Outcome, Tally]] = {}


class Dispatcher:
    """Answers requests of applications; shared by all connections.

    `kept_limit` bounds the answers that are kept for each command. Where what `Local` or an entry rests on changes,
    other than by the marks, `forget_answers` has to be called.
    """

    def __init__(self, local: Local, entries: Iterable[Entry[Any, Any]], *, kept_limit: int = 200_000) -> None:
        self._local = local
        self._answers = Answers(local)
        self._duplicates = Duplicates()
        routes = [_Route(entry, strict=local.strict, kept_limit=kept_limit) for entry in entries]
        self._routes = {(route.entry.application, route.entry.command): route for route in routes}
        self._by_header = {route.header: route for route in routes}
        self._tallies: dict[tuple[str, Outcome], Tally] = {}
        self._bodies: dict[bytes, bytes] = {}  # answers that many identities share are in memory once
        self.kept_answers = 0  # how many answers were given without being worked out again

    @property
    def tallies(self) -> Iterable[Tally]:
        """Give what was answered so far, by command and outcome."""
        return self._tallies.values()

    def forget_answers(self) -> None:
        """Work all answers out anew from now on."""
        for route in self._routes.values():
            route.kept.clear()
        self._bodies.clear()

    def answer(self, message: bytes, caller: Caller, *, now: float) -> bytes | Awaitable[bytes]:
        """Answer a request of an application; nothing raises, and what is awaited does not raise either.

        `message` has the version and the length that its header says.
        """
        route = self._by_header.get(message[4:12])
        if route is None or route.entry.application not in caller.applications:
            return self._unusual(message, caller, now)
        end = end_of_session_id(message)
        kept = route.kept.find(message[end:]) if end else None
        if kept is not None:
            for mark in kept.marks:
                if not mark.current:
                    break
                mark.used = True
            else:
                kept.used = True
                kept.tally.count += 1
                self.kept_answers += 1
                return assemble(message, message[HEADER_OCTETS:end], kept.avps)
        return self._work_out(message, route, caller, now)

    def refuse(self, message: bytes, error: Exception, command: str) -> bytes:
        """Answer a request that cannot be read."""
        self._tally(command, outcome_of(error)).count += 1
        return self._answers.refusal(message, error)

    def _unusual(self, message: bytes, caller: Caller, now: float) -> bytes | Awaitable[bytes]:
        """Check a header that is not that of a well-formed request of a command that we serve."""
        header = Header.decode(message)
        route = self._routes.get((header.application, header.command))
        try:
            self._check_header(header, caller)
            if route is None:
                raise CommandUnsupported(f"application {header.application} has no command {header.command} here")
        except RemoteError as error:
            return self.refuse(message, error, route.command if route else OTHER)
        return self._work_out(message, route, caller, now)

    def _check_header(self, header: Header, caller: Caller) -> None:
        if header.flags & Flag.ERROR:
            raise InvalidHeaderBits("a request with the E bit")
        if header.application not in caller.applications:
            raise ApplicationUnsupported(f"application {header.application} was not agreed on")
        if self._local.strict and not header.flags & Flag.PROXIABLE:
            raise InvalidHeaderBits("a request of this application has the P bit")
        if self._local.strict and header.flags & Flag.RESERVED:
            raise ReservedHeaderBit("a reserved command flag is set")

    def _work_out(self, message: bytes, route: _Route, caller: Caller, now: float) -> bytes | Awaitable[bytes]:
        """Read a request and let it be served; one that changes state only where it was not answered before."""
        try:
            avps = route.reader.read(message, caller.recent.setdefault(route.entry.command, Recent()))
            if not route.entry.changes_state:
                return self._serve(message, route, avps)
            key = avps.value(ORIGIN_HOST).lower(), int.from_bytes(message[16:20], "big")
            before = self._duplicates.start(key, now=now)
        except Exception as error:  # noqa: BLE001 - every request gets an answer
            return self.refuse(message, error, route.command)
        if before is not None:
            return before[:12] + message[12:16] + before[16:]
        return self._store(key, self._serve(message, route, avps))

    def _store(self, key: tuple[str, int], answer: bytes | Awaitable[bytes]) -> bytes | Awaitable[bytes]:
        if isinstance(answer, Awaitable):
            return self._store_later(key, answer)
        self._duplicates.finish(key, answer)
        return answer

    async def _store_later(self, key: tuple[str, int], work: Awaitable[bytes]) -> bytes:
        answer = b""
        try:
            answer = await work
        finally:
            self._duplicates.finish(key, answer)
        return answer

    def _serve(self, message: bytes, route: _Route, avps: Avps) -> bytes | Awaitable[bytes]:
        entry, request = route.entry, None
        try:
            self._check_addressee(avps, entry.application)
            request = entry.read(avps)
            served = entry.serve(request)
            if isinstance(served, Awaitable):
                return self._serve_later(message, route, avps, served)
            written = entry.write(served)
        except ProcedureError as error:
            written = Written(outcome_of(error))
        except Exception as error:  # noqa: BLE001 - every request gets an answer
            return self._respond(message, route, avps, Written(outcome_of(error), detail(error)))
        marks = () if request is None or PROXY_INFO.key in avps.first else entry.marks(request)
        return self._respond(message, route, avps, written, marks)

    async def _serve_later(self, message: bytes, route: _Route, avps: Avps, work: Awaitable[Any]) -> bytes:
        try:
            written = route.entry.write(await work)
        except Exception as error:  # noqa: BLE001 - every request gets an answer
            written = Written(outcome_of(error), detail(error))
        return self._respond(message, route, avps, written)

    def _respond(
        self, message: bytes, route: _Route, avps: Avps, written: Written, marks: Sequence[Slot[Any]] = ()
    ) -> bytes:
        """Write an answer, and keep it where it rests on something that can be watched."""
        outcome = written.outcome
        octets = self._answers.head(route.entry.application, outcome) + written.avps + route.entry.always(avps)
        if PROXY_INFO.key in avps.first:
            octets += avps.octets(PROXY_INFO)
        tally = route.tallies.get(outcome)
        if tally is None:
            tally = route.tallies[outcome] = self._tally(route.command, outcome)
        tally.count += 1
        end = end_of_session_id(message)
        if marks and end and not outcome.is_protocol_error:
            route.kept.put(Kept(message[end:], self._shared(octets), marks, tally))
        session = message[HEADER_OCTETS:end] if end else avps.octets(SESSION_ID)
        return assemble(message, session, octets, error=outcome.is_protocol_error)

    def _shared(self, octets: bytes) -> bytes:
        if len(self._bodies) >= MOST_BODIES:
            self._bodies.clear()
        return self._bodies.setdefault(octets, octets)

    def _tally(self, command: str, outcome: Outcome) -> Tally:
        return self._tallies.setdefault((command, outcome), Tally(command, outcome))

    def _check_addressee(self, avps: Avps, application: int) -> None:
        """Check that a request is for us (RFC 6733 6.1.4), has not been here, and names its own application."""
        realm, host = avps.value(DESTINATION_REALM), avps.value(DESTINATION_HOST)
        if realm is None:
            if host is not None:
                raise UnableToDeliver("Destination-Host without Destination-Realm")
            raise MissingAvp("Destination-Realm is missing", example(DESTINATION_REALM))
        if realm != self._local.origin_realm and not self._local.serves_realm(realm):
            raise RealmNotServed(f"realm {realm} is not served here")
        if host is not None and not self._local.is_named(host):
            raise UnableToDeliver(f"host {host} is another one")
        if ROUTE_RECORD.key in avps.first and any(map(self._local.is_named, avps.values(ROUTE_RECORD))):
            raise LoopDetected("the request was here before")
        raw, group = avps.first[VENDOR_SPECIFIC_APPLICATION_ID.key]
        named = {group.value(AUTH_APPLICATION_ID), group.value(ACCT_APPLICATION_ID)} - {None}
        if named and application not in named:
            raise InvalidAvpValue("Vendor-Specific-Application-Id names another application", raw)
