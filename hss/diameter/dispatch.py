"""From a request to its answer: one table says who reads, who serves, who writes.

An answer is a function of the octets behind Session-Id and of what the read model knows. So the answer to a request
that can be served at once is kept under these octets, for as long as the entries that it rests on are current.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, NamedTuple, TypeVar

from hss.diameter.answers import Answers, assemble, detail
from hss.diameter.avps import Avps, Recent
from hss.diameter.codec import SESSION_ID, Header, PlainText, Reader, end_of_session_id, example
from hss.diameter.dictionary import COMMANDS, AvpDefinition, base, grammar
from hss.diameter.duplicates import Duplicates
from hss.diameter.errors import (
    SUCCESS,
    USER_UNKNOWN,
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


def _maybe_known(text: str) -> bool:  # noqa: ARG001 - any text
    return False


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
    name: AvpDefinition  # the AVP that says whom the request is about
    always: Callable[[Avps], bytes]  # AVPs for the answer, whatever it is, by those of the request
    marks: Callable[[Q], Sequence[Slot[Any]]] = _unmarked  # what an answer just given rests on; nothing: do not keep it
    changes_state: bool = False  # a duplicate gets the stored answer
    is_unknown: Callable[[str], bool] = _maybe_known  # certainly nobody has the identity that the text names


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

    def start(self, command: int) -> Recent:
        """Begin to remember what requests of a command have in common."""
        return self.recent.setdefault(command, Recent())


class _Form(NamedTuple):
    """What all answers of a command with one outcome have in common."""

    head: bytes
    tally: Tally
    is_error: bool


class _Route:
    """An entry with what is made of it once."""

    def __init__(self, entry: Entry[Any, Any], *, strict: bool, kept_limit: int) -> None:
        definition = COMMANDS[entry.application, entry.command]
        flags = Flag.REQUEST | Flag.PROXIABLE
        self.entry: Final = entry
        self.command: Final = f"{definition.name}R"
        self.name: Final = PlainText(entry.name)
        self.reader: Final = Reader(grammar(definition.request), strict=strict)
        self.kept: Final[Bounded[bytes, Kept]] = Bounded(kept_limit)
        self.header: Final = (flags << 24 | entry.command).to_bytes(4, "big") + entry.application.to_bytes(4, "big")
        self.forms: Final[dict[Outcome, _Form]] = {}


class Asked(NamedTuple):
    """A request on its way."""

    message: bytes
    session_end: int  # of a plain Session-Id that comes first, else 0
    route: _Route
    recent: Recent


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
        self._epoch = 0  # of what was learned of refusals
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
        self._epoch += 1

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
        recent = caller.recent.get(route.entry.command) or caller.start(route.entry.command)
        if recent.refusal and self._is_refused_again(message, end, route, recent):
            return assemble(message, message[HEADER_OCTETS:end], recent.refusal)
        return self._work_out(Asked(message, end, route, recent), now)

    def _is_refused_again(self, message: bytes, end: int, route: _Route, recent: Recent) -> bool:
        """Tell whether a request differs from one that named somebody unknown by another unknown name only."""
        if not end or recent.epoch != self._epoch or not message.startswith(recent.octets, end):
            return False
        name = route.name.read(message, end + len(recent.octets))
        if not name or not route.entry.is_unknown(name):
            return False
        route.forms[USER_UNKNOWN].tally.count += 1
        return True

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
        recent = caller.recent.get(header.command) or caller.start(header.command)
        return self._work_out(Asked(message, end_of_session_id(message), route, recent), now)

    def _check_header(self, header: Header, caller: Caller) -> None:
        if header.flags & Flag.ERROR:
            raise InvalidHeaderBits("a request with the E bit")
        if header.application not in caller.applications:
            raise ApplicationUnsupported(f"application {header.application} was not agreed on")
        if self._local.strict and not header.flags & Flag.PROXIABLE:
            raise InvalidHeaderBits("a request of this application has the P bit")
        if self._local.strict and header.flags & Flag.RESERVED:
            raise ReservedHeaderBit("a reserved command flag is set")

    def _work_out(self, asked: Asked, now: float) -> bytes | Awaitable[bytes]:
        """Read a request and let it be served; one that changes state only where it was not answered before."""
        message, route = asked.message, asked.route
        try:
            if asked.session_end:
                avps = route.reader.read_again(message, asked.session_end, asked.recent)
            else:
                avps = route.reader.read(message)
            if not route.entry.changes_state:
                return self._serve(asked, avps)
            key = avps.value(ORIGIN_HOST).lower(), int.from_bytes(message[16:20], "big")
            before = self._duplicates.start(key, now=now)
        except Exception as error:  # noqa: BLE001 - every request gets an answer
            return self.refuse(message, error, route.command)
        if before is not None:
            return before[:12] + message[12:16] + before[16:]
        return self._store(key, self._serve(asked, avps))

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

    def _serve(self, asked: Asked, avps: Avps) -> bytes | Awaitable[bytes]:
        entry, request = asked.route.entry, None
        try:
            self._check_addressee(avps, entry.application)
            request = entry.read(avps)
            served = entry.serve(request)
            if isinstance(served, Awaitable):
                return self._serve_later(asked, avps, served)
            written = entry.write(served)
        except ProcedureError as error:
            written = Written(outcome_of(error))
        except Exception as error:  # noqa: BLE001 - every request gets an answer
            return self._respond(asked, avps, Written(outcome_of(error), detail(error)))
        marks = () if request is None or PROXY_INFO.key in avps.first else entry.marks(request)
        answer = self._respond(asked, avps, written, marks)
        if written.outcome is USER_UNKNOWN and asked.session_end:
            self._learn_refusal(asked, answer)
        return answer

    def _learn_refusal(self, asked: Asked, answer: bytes) -> None:
        """Remember how a request was refused whose last AVP named somebody unknown."""
        recent, end = asked.recent, asked.session_end
        if asked.route.name.read(asked.message, end + len(recent.octets)):
            recent.refusal, recent.epoch = answer[end:], self._epoch

    async def _serve_later(self, asked: Asked, avps: Avps, work: Awaitable[Any]) -> bytes:
        try:
            written = asked.route.entry.write(await work)
        except Exception as error:  # noqa: BLE001 - every request gets an answer
            written = Written(outcome_of(error), detail(error))
        return self._respond(asked, avps, written)

    def _respond(self, asked: Asked, avps: Avps, written: Written, marks: Sequence[Slot[Any]] = ()) -> bytes:
        """Write an answer, and keep it where it rests on something that can be watched."""
        outcome, route, end = written.outcome, asked.route, asked.session_end
        form = route.forms.get(outcome) or self._form(route, outcome)
        form.tally.count += 1
        octets = form.head + written.avps + route.entry.always(avps)
        if PROXY_INFO.key in avps.first:
            octets += avps.octets(PROXY_INFO)
        if marks and end and not outcome.is_protocol_error:
            route.kept.put(Kept(asked.message[end:], self._shared(octets), marks, form.tally))
        session = asked.message[HEADER_OCTETS:end] if end else avps.octets(SESSION_ID)
        return assemble(asked.message, session, octets, error=form.is_error)

    def _form(self, route: _Route, outcome: Outcome) -> _Form:
        head = self._answers.head(route.entry.application, outcome)
        form = _Form(head, self._tally(route.command, outcome), outcome.is_protocol_error)
        route.forms[outcome] = form
        return form

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
        named = group.value(AUTH_APPLICATION_ID)
        if named is None:
            named = group.value(ACCT_APPLICATION_ID)
        if named != application and named is not None:
            raise InvalidAvpValue("Vendor-Specific-Application-Id names another application", raw)
