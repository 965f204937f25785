"""Number routing: where a call to a number goes, for every door that asks.

ENUM, the SIP redirect server, the management API, the command line and the gateway all come here, and here all of
them ask `routing.route` with the same tables and the same knowledge of subscribers.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

from hss.services.administration import Changes
from hss.services.routing_subscribers import Key, KnownSubscribers, NotLoaded, Sources
from hss.services.routing_tables import Generation
from routing.compare import Difference, compare
from routing.decision import route
from routing.enum_dns.answers import EnumSettings, answer
from routing.gateway import FromIam, GatewaySettings, route_iam
from routing.normalise import Profile
from routing.plan import Plan, Query
from routing.ports import State
from routing.redirect import RedirectSettings, redirect
from routing.selection import Policy
from routing.sip_message import Reply, Unanswered
from routing.tables import Tables

A = TypeVar("A")
Soon: TypeAlias = A | Awaitable[A]

MOST_KEPT: Final = 8  # generations, for comparing
MOST_PINNED: Final = 2  # of them on demand, until they are let go
MOST_KEPT_ROWS: Final = 200_000  # of all earlier generations together, beside what they share


class NotReady(Exception):
    """No generation of the tables is built yet."""


class UnknownGeneration(LookupError):
    """A generation that is no longer kept, or was never there."""


class TooManyKept(Exception):
    """No further generation can be kept on demand."""


class RoutingService:
    """Answers route queries from one generation of the tables: at once where the subscribers are known."""

    def __init__(
        self,
        sources: Sources,
        *,
        enum: EnumSettings | None = None,
        redirecting: RedirectSettings | None = None,
    ) -> None:
        self._sources = sources
        self._enum = enum or EnumSettings()
        self._redirecting = redirecting or RedirectSettings()
        self._known = KnownSubscribers(sources, {})
        self._turn = 0
        self._turns = False  # whether a pool wants to know whose turn it is
        self._state = State(subscribers=self._known)
        self._earlier: list[Generation] = []
        self._own_rows: list[int] = []  # of each earlier generation, what the next one does not share with it
        self._pinned: dict[int, Generation] = {}  # by number
        self.current = Generation()

    # What is known.

    @property
    def profile(self) -> Profile:
        """The dial plan of whoever names no other, with the domain below which ENUM answers."""
        return self._enum.profile

    @property
    def ready(self) -> bool:
        """Tell whether there are tables."""
        return self.current.tables.generation > 0

    def swap(self, new: Generation) -> bool:
        """Route by a new generation from now on; one with the same content as the last is dropped."""
        if self.ready and new.tables.sha256 == self.current.tables.sha256 and new.profiles == self.current.profiles:
            return False
        if self.ready:
            self._earlier.append(self.current)
            self._own_rows.append(_own_rows(self.current.tables, new.tables))
        while len(self._earlier) >= MOST_KEPT or sum(self._own_rows) > MOST_KEPT_ROWS:
            del self._earlier[0], self._own_rows[0]
        self._turns = any(operator.pool.policy is Policy.ROUND_ROBIN for operator in new.tables.operators.values())
        self.current = new
        return True

    def pin(self) -> Generation:
        """Keep the generation in use until it is let go; raise `TooManyKept` or `NotReady`."""
        number = self._tables().generation
        if number not in self._pinned and len(self._pinned) >= MOST_PINNED:
            numbers = " and ".join(map(str, self._pinned))
            raise TooManyKept(f"generations {numbers} are kept already; let one of them go first")
        return self._pinned.setdefault(number, self.current)

    def let_go(self, number: int) -> None:
        """Keep a generation no longer than any other; raise `UnknownGeneration`."""
        if self._pinned.pop(number, None) is None:
            numbers = ", ".join(map(str, self._pinned)) or "none"
            raise UnknownGeneration(f"generation {number} is not kept on demand; there are: {numbers}")

    @property
    def pinned(self) -> Collection[int]:
        """The numbers of the generations that are kept on demand."""
        return self._pinned.keys()

    def generation(self, number: int) -> Generation:
        """Find a generation that is kept; raise `UnknownGeneration`."""
        found = next((kept for kept in self.generations() if kept.tables.generation == number), None)
        if found is None:
            kept = ", ".join(str(one.tables.generation) for one in self.generations())
            raise UnknownGeneration(f"generation {number} is not kept; there are: {kept}")
        return found

    def generations(self) -> Sequence[Generation]:
        """List the generations that are kept, the one in use last."""
        latest = [*self._earlier, self.current]
        oldest = latest[0].tables.generation
        return [*(one for number, one in sorted(self._pinned.items()) if number < oldest), *latest]

    def apply(self, changes: Changes) -> None:
        """Forget what a committed transaction changed."""
        if changes.everything:
            self._sources.parties.clear()
            self._sources.registrations.clear()
        for digits in changes.called:
            self._sources.parties.forget(digits)
        for uri in changes.identities:
            self._sources.registrations.forget(uri)

    def link_turned(self, up: bool) -> None:
        """Keep nothing of subscribers while changes of other processes are not heard of."""
        for model in (self._sources.parties, self._sources.registrations):
            if up:
                model.go_on()
            else:
                model.pause()

    # The doors. `at` is in seconds since 1970.

    def route(self, query: Query) -> Soon[Plan]:
        """Find the way of one call."""
        tables = self._tables()
        return self._answered(lambda state: route(query, tables, state))

    def from_iam(self, octets: bytes, settings: GatewaySettings, *, with_circuit: bool = False) -> Soon[FromIam]:
        """Make a SIP INVITE of an ISUP IAM; raise `DecodeError`."""
        tables = self._tables()
        return self._answered(lambda state: route_iam(octets, tables, state, settings, with_circuit=with_circuit))

    def differences(self, old: Tables, new: Tables, queries: Iterable[Query]) -> Iterable[Soon[list[Difference]]]:
        """Compare two generations, query by query: nothing, or the one difference."""
        for query in queries:
            yield self._answered(partial(_compared, old, new, query))

    def enum(self, message: bytes, *, at: float, tcp: bool = False) -> Soon[bytes | None]:
        """Answer a DNS message; None: with silence, also while there are no tables."""
        if not self.ready:
            return None
        tables, settings = self.current.tables, self._enum
        self._next_turn()
        return self._answered(lambda state: answer(message, tables, state, settings, at=at, tcp=tcp))

    def redirect(self, datagram: bytes, *, source: tuple[str, int], at: float) -> Soon[Reply | Unanswered | None]:
        """Answer a SIP request; None: with silence, while there are no tables."""
        if not self.ready:
            return None
        tables, settings = self.current.tables, self._redirecting
        self._next_turn()
        return self._answered(lambda state: redirect(datagram, tables, state, settings, source=source, at=at))

    def _tables(self) -> Tables:
        if not self.ready:
            raise NotReady("the tables of number routing are being built; try again")
        return self.current.tables

    def _next_turn(self) -> None:
        """Count an answer that sends a real call somewhere; queries alone count nothing."""
        if self._turns:
            self._turn += 1
            self._state = State(subscribers=self._known, turn=self._turn)

    def _answered(self, work: Callable[[State], A]) -> Soon[A]:
        try:
            return work(self._state)
        except NotLoaded as missing:
            return self._load_and_answer(work, missing, self._state)

    async def _load_and_answer(self, work: Callable[[State], A], missing: NotLoaded, state: State) -> A:
        """Load what is missing, one after the other; what was loaded is kept for this answer whatever happens to it."""
        loaded: dict[Key, Any] = {}
        mine = State(subscribers=KnownSubscribers(self._sources, loaded), down=state.down, turn=state.turn)
        while True:
            loaded[missing.key] = await missing.load()
            try:
                return work(mine)
            except NotLoaded as another:
                missing = another


def _compared(old: Tables, new: Tables, query: Query, state: State) -> list[Difference]:
    return list(compare(old, new, [query], state))


def _own_rows(tables: Tables, later: Tables) -> int:
    ranges = 0 if tables.ranges is later.ranges else len(tables.ranges)
    return tables.numbers.unshared(later.numbers) + tables.ported.unshared(later.ported) + ranges


def summary(generation: Generation) -> Mapping[str, Any]:
    """Say what a generation holds."""
    tables = generation.tables
    stems = sum(entry.least is not None for entry in tables.ranges.values())
    return {
        "generation": tables.generation,
        "sha256": tables.sha256,
        "operators": sum(operator.home for operator in tables.operators.values()),
        "prefixes": len(tables.ranges) - stems,
        "stems": stems,
        "numbers": len(tables.numbers),
        "ported": len(tables.ported),
        "build_conflicts": len(tables.conflicts),
    }
